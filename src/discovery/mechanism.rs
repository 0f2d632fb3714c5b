//! What all discovery mechanisms have in common, and the list of them.

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::target::Group;
use super::{dns, file, http};
use crate::clock::Clock;
use crate::config::Mechanism;
use crate::model::time::Millis;

/// A mechanism that looks for targets again and again.
pub(super) trait Discover: Send {
    /// Looks once. May take as long as it needs, and may wait for a change instead of asking anew.
    fn look(&mut self) -> BoxFuture<'_, Found>;

    /// Time from the end of one look to the next.
    fn interval(&self) -> Millis;
}

/// What one look found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// All targets of the mechanism; `None` keeps the last list.
    pub(super) groups: Option<Vec<Group>>,
    /// What failed, in sentences. A part that failed keeps its part of the last list.
    pub(super) problems: Vec<String>,
}

impl Found {
    /// A look that failed as a whole.
    pub(super) fn failed(problem: String) -> Self {
        Self { groups: None, problems: vec![problem] }
    }
}

/// A mechanism that is ready to run.
pub(super) enum Start {
    /// Its list is known and stays.
    Fixed(Vec<Group>),
    /// It has to look.
    Looking(Box<dyn Discover>),
}

/// Makes a mechanism ready. This is the list of all that there are.
pub(super) fn start(mechanism: &Mechanism, clock: &Clock) -> Start {
    match mechanism {
        Mechanism::Static(groups) => Start::Fixed(groups.iter().cloned().map(Group::from).collect()),
        Mechanism::File(settings) => Start::Looking(Box::new(file::Files::new(settings.clone(), clock.clone()))),
        Mechanism::Http(settings) => Start::Looking(Box::new(http::Directory::new(settings.as_ref().clone()))),
        Mechanism::Dns(settings) => Start::Looking(Box::new(dns::Names::new(settings.clone()))),
    }
}

/// The mechanism's name in metrics and logs, as in Prometheus.
pub(super) fn name(mechanism: &Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Static(_) => "static",
        Mechanism::File(_) => "file",
        Mechanism::Http(_) => "http",
        Mechanism::Dns(_) => "dns",
    }
}

/// Looks for ever and sends what is found under `provider`. Ends when nobody listens any more.
pub(super) async fn follow(
    mut mechanism: Box<dyn Discover>,
    provider: u64,
    clock: Clock,
    out: mpsc::Sender<(u64, Found)>,
) {
    loop {
        let found = mechanism.look().await;
        if out.send((provider, found)).await.is_err() {
            return;
        }
        clock.sleep(mechanism.interval()).await;
    }
}
