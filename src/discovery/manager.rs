//! Runs the mechanisms of all services, relabels what they find, and publishes the lists.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::mechanism::{self, Found, Start, follow};
use super::metrics::{MechanismLabels, Metrics};
use super::target::{self, Group};
use crate::clock::Clock;
use crate::config::{Config, Mechanism, Service};
use crate::model::target::ServiceTargets;
use crate::model::time::{Millis, Timestamp};

/// Targets of all services, in the order of the configuration.
pub type Targets = Arc<Vec<Arc<ServiceTargets>>>;

/// Changes within this time are published together: a start or a rolling deploy is one new list, not fifty, and nobody sees
/// the difference.
const GATHER: Millis = Millis(200);

/// How long a reload waits for the first look of what it changed. Until then the service keeps the targets that it had, so that
/// editing one mechanism does not interrupt the scraping of those that stay.
const PATIENCE: Millis = Millis::from_seconds(5);

/// Finds that wait for the manager. Mechanisms are slow and the manager is not; when it is, they wait.
const QUEUE_MAX: usize = 64;

/// Keeps the targets of all services up to date.
#[derive(Debug)]
pub struct Manager {
    clock: Clock,
    metrics: Metrics,
}

impl Manager {
    /// A manager that has not begun.
    #[must_use]
    pub fn new(clock: Clock, metrics: Metrics) -> Self {
        Self { clock, metrics }
    }

    /// Runs until `stop`. Each configuration that comes is taken up whole: mechanisms that did not change go on with their lists,
    /// changed relabel rules work on the lists that there are.
    pub async fn run(
        self,
        mut config: watch::Receiver<Arc<Config>>,
        out: watch::Sender<Targets>,
        stop: CancellationToken,
    ) {
        let (sender, mut found) = mpsc::channel(QUEUE_MAX);
        let mut state = State {
            clock: self.clock,
            metrics: self.metrics,
            tasks: JoinSet::new(),
            sender,
            services: Vec::new(),
            providers_made: 0,
            dirty: BTreeSet::new(),
            due: None,
        };
        let first = config.borrow_and_update().clone();
        state.configure(&first);
        let mut configurable = true;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                // The state holds a sender, so the queue does not end.
                Some((provider, found)) = found.recv() => state.take(provider, found),
                Some(ended) = state.tasks.join_next() => report(ended),
                changed = config.changed(), if configurable => {
                    // When nobody can configure us any more, the last configuration stays in force.
                    configurable = changed.is_ok();
                    let config = config.borrow_and_update().clone();
                    state.configure(&config);
                }
                () = until(&state.clock, state.due) => state.publish(&out),
            }
        }
    }
}

/// A mechanism ends when a reload removes it, or by a mistake of ours: its last list stays then, and somebody should know.
fn report(ended: Result<(), JoinError>) {
    if let Some(error) = ended.err().filter(|error| !error.is_cancelled()) {
        error!("a discovery mechanism has ended and its targets will not change until it is configured anew: {error}");
    }
}

/// Waits until `due`, however the clock is set meanwhile; for ever when nothing is.
async fn until(clock: &Clock, due: Option<Timestamp>) {
    match due {
        // Nothing is put off for longer.
        Some(due) => clock.sleep(due.since(clock.now()).clamp(Millis(0), PATIENCE)).await,
        None => std::future::pending().await,
    }
}

struct State {
    clock: Clock,
    metrics: Metrics,
    /// Ends its tasks when it is dropped: no look outlives the manager.
    tasks: JoinSet<()>,
    sender: mpsc::Sender<(u64, Found)>,
    services: Vec<Running>,
    /// How many providers there have ever been; gives each its number.
    providers_made: u64,
    /// Services whose list is to be made anew.
    dirty: BTreeSet<String>,
    /// When the next publication is due.
    due: Option<Timestamp>,
}

/// A service and what was found for it.
struct Running {
    service: Arc<Service>,
    providers: Vec<Provider>,
    targets: Arc<ServiceTargets>,
    /// Until when `targets` stays while mechanisms have not looked for the first time.
    patient_until: Timestamp,
    /// What was logged last about targets that are unfit.
    problems: Vec<String>,
}

/// A mechanism at work.
struct Provider {
    number: u64,
    mechanism: Mechanism,
    /// Its last list; `None` until the first comes.
    groups: Option<Vec<Group>>,
    /// Whether its first look has ended, well or not.
    looked: bool,
    problems: Vec<String>,
    task: Option<AbortHandle>,
}

impl Running {
    fn is_waiting(&self, now: Timestamp) -> bool {
        now < self.patient_until && self.providers.iter().any(|provider| !provider.looked)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl State {
    /// Takes a configuration up.
    fn configure(&mut self, config: &Config) {
        let mut last: BTreeMap<String, Running> =
            self.services.drain(..).map(|running| (running.service.name.clone(), running)).collect();
        let now = self.clock.now();
        for service in &config.services {
            let running = last.remove(&service.name);
            let (mut providers, targets, patient_until, problems) = match running {
                Some(running) if running.service == *service => {
                    self.services.push(running);
                    continue;
                }
                Some(running) => (running.providers, running.targets, now.plus(PATIENCE), running.problems),
                None => {
                    let targets = ServiceTargets { service: service.name.clone(), ..ServiceTargets::default() };
                    (Vec::new(), Arc::new(targets), now, Vec::new())
                }
            };
            let providers = service
                .mechanisms
                .iter()
                .map(|mechanism| match providers.iter().position(|provider| provider.mechanism == *mechanism) {
                    Some(at) => providers.swap_remove(at),
                    None => self.provider(mechanism),
                })
                .collect();
            self.services.push(Running { service: Arc::clone(service), providers, targets, patient_until, problems });
            self.dirty.insert(service.name.clone());
        }
        for gone in last.keys() {
            self.metrics.forget(gone);
        }
        // Even when no list changes: services may have come, gone, or changed places.
        self.publish_by(now.plus(GATHER));
    }

    /// Sees to it that a publication comes at `due` at the latest.
    fn publish_by(&mut self, due: Timestamp) {
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    fn provider(&mut self, mechanism: &Mechanism) -> Provider {
        self.providers_made += 1;
        let number = self.providers_made;
        let (groups, task) = match mechanism::start(mechanism, &self.clock) {
            Start::Fixed(groups) => (Some(groups), None),
            Start::Looking(looking) => {
                let work = follow(looking, number, self.clock.clone(), self.sender.clone());
                (None, Some(self.tasks.spawn(work)))
            }
        };
        let looked = groups.is_some();
        Provider { number, mechanism: mechanism.clone(), groups, looked, problems: Vec::new(), task }
    }

    /// Takes a mechanism's find in.
    fn take(&mut self, number: u64, found: Found) {
        // A provider that a reload removed may still have sent something.
        let Some((running, at)) = self.services.iter_mut().find_map(|running| {
            let at = running.providers.iter().position(|provider| provider.number == number)?;
            Some((running, at))
        }) else {
            return;
        };
        let Some(provider) = running.providers.get_mut(at) else { return };
        let (service, mechanism) = (&running.service.name, mechanism::name(&provider.mechanism));
        if !found.problems.is_empty() {
            let labels = MechanismLabels { service: service.clone(), mechanism };
            self.metrics.failures.get_or_create(&labels).inc();
        }
        if found.problems != provider.problems {
            for problem in &found.problems {
                warn!(%service, mechanism, "targets can not be discovered: {problem}");
            }
            if found.problems.is_empty() {
                info!(%service, mechanism, "targets can be discovered again");
            }
            provider.problems = found.problems;
        }
        let first = !std::mem::replace(&mut provider.looked, true);
        let new = found.groups.is_some() && found.groups != provider.groups;
        if new {
            provider.groups = found.groups;
        }
        if new || first {
            self.dirty.insert(service.clone());
            self.publish_by(self.clock.now().plus(GATHER));
        }
    }

    /// Makes the lists that changed anew and publishes all.
    fn publish(&mut self, out: &watch::Sender<Targets>) {
        self.due = None;
        let now = self.clock.now();
        let dirty = std::mem::take(&mut self.dirty);
        for running in self.services.iter_mut().filter(|running| dirty.contains(&running.service.name)) {
            if running.is_waiting(now) {
                self.dirty.insert(running.service.name.clone());
                self.due = Some(self.due.map_or(running.patient_until, |due| due.min(running.patient_until)));
                continue;
            }
            let groups = running.providers.iter().filter_map(|provider| provider.groups.as_ref()).flatten();
            let (targets, problems) = target::build(&running.service, groups);
            let service = &running.service.name;
            self.metrics.show_targets(service, targets.active.len(), targets.dropped_total);
            if problems != running.problems {
                log_problems(service, &problems);
                running.problems = problems;
            }
            if *running.targets != targets {
                running.targets = Arc::new(targets);
            }
        }
        let all: Vec<_> = self.services.iter().map(|running| Arc::clone(&running.targets)).collect();
        let sent = out.send_if_modified(|last| {
            let changed = **last != all;
            if changed {
                *last = Arc::new(all);
            }
            changed
        });
        if sent {
            self.metrics.updates.inc();
        }
    }
}

/// A mistake in a rule makes every target of a service unfit: some lines say that as well as ten thousand.
fn log_problems(service: &str, problems: &[String]) {
    const LINES_MAX: usize = 5;
    for problem in problems.iter().take(LINES_MAX) {
        warn!(%service, "{problem}");
    }
    if let Some(more) = problems.len().checked_sub(LINES_MAX).filter(|more| *more > 0) {
        warn!(%service, "{more} more targets can not be scraped");
    }
}

/// What one look for a service's targets found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The targets, relabelled.
    pub targets: ServiceTargets,
    /// What failed, in sentences: mechanisms first, then targets that are unfit.
    pub problems: Vec<String>,
}

/// Looks once with every mechanism of `service`, for at most `timeout` each, to show what a configuration would yield.
pub async fn resolve_once(service: &Service, clock: &Clock, timeout: Millis) -> Resolved {
    let looks = service.mechanisms.iter().map(async |mechanism| match mechanism::start(mechanism, clock) {
        Start::Fixed(groups) => Found { groups: Some(groups), problems: Vec::new() },
        Start::Looking(mut looking) => tokio::select! {
            found = looking.look() => found,
            () = clock.sleep(timeout) => {
                Found::failed(format!("{} discovery did not finish in {timeout}", mechanism::name(mechanism)))
            }
        },
    });
    let found = futures_util::future::join_all(looks).await;
    let mut problems: Vec<String> = found.iter().flat_map(|found| found.problems.iter().cloned()).collect();
    let (targets, unfit) = target::build(service, found.iter().filter_map(|found| found.groups.as_ref()).flatten());
    problems.extend(unfit);
    Resolved { targets, problems }
}

#[cfg(test)]
mod tests;
