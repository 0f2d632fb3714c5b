//! A place where processes of one service run, one after the other: a replica with its address.

use std::sync::Arc;

use super::process::Process;
use super::rng::{Rng, mix};
use super::service::{Hosting, SERVICES, Service, zone};
use crate::model::label::Labels;
use crate::model::target::Target;
use crate::model::time::Millis;

/// Where every client exposes its exceptions.
pub(crate) const PATH: &str = "/-/exceptions";

/// One replica of one service.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) service: usize,
    pub(crate) replica: usize,
    /// `host:port` at which its processes answer.
    pub(crate) address: String,
    pub(crate) state: State,
    /// What discovery says of it; `None` between two pods.
    pub(crate) target: Option<Arc<Target>>,
    /// Number of the process that runs or ran last.
    pub(crate) lives: u64,
}

/// Whether a process runs in a slot.
#[derive(Debug)]
pub(crate) enum State {
    /// Between two releases: not discovered.
    Empty,
    /// Discovered, but nobody answers.
    Down,
    /// As down, for ever.
    Dead,
    /// A process answers.
    Up(Process),
}

impl Slot {
    /// The slot's service.
    pub(crate) fn plan(&self) -> Option<&'static Service> {
        SERVICES.get(self.service)
    }

    /// The running process.
    pub(crate) fn process(&mut self) -> Option<&mut Process> {
        match &mut self.state {
            State::Up(process) => Some(process),
            _ => None,
        }
    }

    /// Describes the slot as discovery would: `release` is what runs in it, `interval` how often it is scraped.
    pub(crate) fn discover(&mut self, seed: u64, release: u32, interval: Millis) {
        let Some(service) = self.plan() else { return };
        let instance = match service.hosting {
            Hosting::Hosts => format!("{}-{:02}.eu.acme.internal", service.name, self.replica + 1),
            Hosting::Pods => {
                // As Kubernetes names pods: the release's hash, then the pod's own.
                let set = mix(u64::from(release) ^ (self.service as u64) << 32 ^ seed);
                let mut pod = Rng::of(&[seed, 0x0d, self.service as u64, self.replica as u64, self.lives]);
                format!("{}-{:09x}-{}", service.name, set >> 28, pod_name(&mut pod))
            }
        };
        let labels = Labels::from_pairs([
            ("instance", instance),
            ("team", service.team.to_owned()),
            ("version", version(service, release)),
            ("zone", zone(self.replica).to_owned()),
        ]);
        self.set_target(service, labels, interval);
    }

    /// The same target, at the slot's present address or with another interval.
    pub(crate) fn rediscover(&mut self, interval: Millis) {
        if let (Some(service), Some(labels)) = (self.plan(), self.target.as_ref().map(|target| target.labels.clone())) {
            self.set_target(service, labels, interval);
        }
    }

    fn set_target(&mut self, service: &Service, labels: Labels, interval: Millis) {
        let mut discovered_labels = labels.clone();
        discovered_labels.set("__address__", self.address.clone());
        discovered_labels.set("__metrics_path__", PATH);
        discovered_labels.set("__scheme__", "http");
        discovered_labels.set("job", service.name);
        self.target = Some(Arc::new(Target {
            service: service.name.to_owned(),
            labels,
            discovered_labels,
            address: self.address.clone(),
            url: format!("http://{}{PATH}", self.address),
            scrape_interval: interval,
            scrape_timeout: interval.min(Millis::from_seconds(10)),
        }));
    }
}

/// The version that people see: three releases make a minor one.
fn version(service: &Service, release: u32) -> String {
    format!("{}.{}.{}", service.major, 8 + release / 3, release % 3)
}

fn pod_name(rng: &mut Rng) -> String {
    const LETTERS: [char; 16] = ['2', '4', '5', '6', '7', '8', '9', 'b', 'c', 'd', 'g', 'k', 'm', 'q', 'x', 'z'];
    (0..5).filter_map(|_| rng.pick(&LETTERS)).collect()
}
