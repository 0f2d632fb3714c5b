//! Starts, changes and stops the loops of targets as discovery and the configuration say.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::body::Bodies;
use super::client::Client;
use super::metrics::Metrics;
use super::parser::Parsers;
use super::target_loop::{Order, Plan, Shared, TargetLoop};
use crate::clock::Clock;
use crate::config::{Config, HttpClient, Redaction, Service};
use crate::model::label::Labels;
use crate::model::scrape::Event;
use crate::model::target::{ServiceTargets, Target};
use crate::model::url::hide_secrets;
use crate::redact::Redactor;
use crate::telemetry::Registry;

/// What tells one loop from another: a change of anything else changes the loop's plan, not the loop.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Identity {
    service: String,
    labels: Labels,
    url: String,
}

/// Runs all loops.
#[derive(Debug)]
pub struct Manager {
    clock: Clock,
    metrics: Arc<Metrics>,
}

/// The loops that run.
struct Loops {
    shared: Arc<Shared>,
    orders: HashMap<Identity, watch::Sender<Order>>,
    tasks: JoinSet<()>,
    identities: HashMap<Id, Identity>,
    clients: Vec<Arc<Client>>,
    /// What all loops hide, and what was configured for that.
    redactor: (Redaction, Arc<Redactor>),
}

impl Manager {
    /// Registers the metrics of scraping.
    #[must_use]
    pub fn new(clock: Clock, registry: &mut Registry) -> Self {
        Self { clock, metrics: Arc::new(Metrics::new(registry)) }
    }

    /// Scrapes what `targets` lists, each service in the way `settings` says, and sends what comes of it to `out`, until
    /// `shutdown`. Returns when the last scrape in flight has ended, which takes at most its timeout.
    ///
    /// A loop whose target and settings stay the same is not disturbed by a change elsewhere. Everything runs within this
    /// future: dropping it ends all.
    pub async fn run(
        self,
        mut settings: watch::Receiver<Arc<Config>>,
        mut targets: watch::Receiver<Arc<Vec<Arc<ServiceTargets>>>>,
        out: mpsc::Sender<Event>,
        shutdown: CancellationToken,
    ) {
        let shared = Shared {
            clock: self.clock,
            out,
            bodies: Bodies::new(Arc::clone(&self.metrics)),
            parsers: Parsers::new(),
            metrics: self.metrics,
            shutdown: shutdown.clone(),
        };
        let mut loops = Loops {
            shared: Arc::new(shared),
            orders: HashMap::new(),
            tasks: JoinSet::new(),
            identities: HashMap::new(),
            clients: Vec::new(),
            redactor: (Redaction::default(), Arc::new(Redactor::new(&Redaction::default()))),
        };
        loop {
            let config = Arc::clone(&settings.borrow_and_update());
            let lists = Arc::clone(&targets.borrow_and_update());
            loops.apply(&config, &lists);
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                () = changed(&mut settings) => {}
                () = changed(&mut targets) => {}
                Some(ended) = loops.tasks.join_next_with_id() => loops.ended(ended),
            }
        }
        while loops.tasks.join_next().await.is_some() {}
        loops.shared.metrics.targets.set(0);
    }
}

/// Waits for a new value; for ever when nobody can send one any more.
async fn changed<T>(receiver: &mut watch::Receiver<T>) {
    if receiver.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

impl Loops {
    /// Makes what runs be what is listed.
    fn apply(&mut self, config: &Config, lists: &[Arc<ServiceTargets>]) {
        self.clients.retain(|client| Arc::strong_count(client) > 1);
        if self.redactor.0 != config.redaction {
            self.redactor = (config.redaction.clone(), Arc::new(Redactor::new(&config.redaction)));
        }
        let mut wanted: HashMap<Identity, (&Arc<Service>, &Arc<Target>)> = HashMap::new();
        for list in lists {
            // The configuration and the lists change one after the other: a list without its service waits or goes.
            let Some(service) = config.services.iter().find(|service| service.name == list.service) else { continue };
            for target in &list.active {
                wanted.entry(Identity::of(target)).or_insert((service, target));
            }
        }
        let known: HashSet<(&str, &Labels)> =
            wanted.keys().map(|identity| (identity.service.as_str(), &identity.labels)).collect();
        for (identity, orders) in &self.orders {
            if !wanted.contains_key(identity) {
                let announce = !known.contains(&(identity.service.as_str(), &identity.labels));
                // The loop's task holds the other end until it is taken out of the map.
                orders.send_replace(Order::Stop { announce });
            }
        }
        self.shared.metrics.targets.set(i64::try_from(wanted.len()).unwrap_or(i64::MAX));
        for (identity, (service, target)) in wanted {
            self.want(identity, service, target);
        }
    }

    /// Makes one loop follow this target and service.
    fn want(&mut self, identity: Identity, service: &Arc<Service>, target: &Arc<Target>) {
        let running = self.orders.get(&identity);
        if let Some(orders) = running
            && let Order::Run(plan) = &*orders.borrow()
            && plan.target == *target
            && plan.service.scrape == service.scrape
            && Arc::ptr_eq(&plan.redactor, &self.redactor.1)
        {
            return;
        }
        let client = self.client(&service.scrape.http);
        let redactor = Arc::clone(&self.redactor.1);
        let order = Order::Run(Plan { target: Arc::clone(target), service: Arc::clone(service), client, redactor });
        if let Some(orders) = self.orders.get(&identity) {
            // Also to one that is about to stop: it goes on, or is started again when it has ended.
            orders.send_replace(order);
            return;
        }
        let orders = watch::Sender::new(order);
        self.start(&identity, &orders);
        self.orders.insert(identity, orders);
    }

    fn start(&mut self, identity: &Identity, orders: &watch::Sender<Order>) {
        let target_loop = TargetLoop::new(Arc::clone(&self.shared), orders.subscribe());
        let handle = self.tasks.spawn(target_loop.run());
        self.identities.insert(handle.id(), identity.clone());
    }

    /// The client of a configuration, the same one for equal configurations.
    fn client(&mut self, config: &HttpClient) -> Arc<Client> {
        if !Client::can_be_shared(config) {
            return Arc::new(Client::new(config.clone()));
        }
        if let Some(client) = self.clients.iter().find(|client| client.config() == config) {
            return Arc::clone(client);
        }
        let client = Arc::new(Client::new(config.clone()));
        self.clients.push(Arc::clone(&client));
        client
    }

    /// A loop has ended: because it was told to, or by a fault of ours. Whoever is wanted again is started again.
    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        let Some(identity) = self.identities.remove(&id) else { return };
        if let Err(error) = ended {
            tracing::error!(service = identity.service, url = hide_secrets(&identity.url), %error, "the loop of a target failed");
        }
        let Some(orders) = self.orders.remove(&identity) else { return };
        // One that nobody takes scrapes from any more does not come back.
        let wanted = matches!(&*orders.borrow(), Order::Run(_)) && !self.shared.out.is_closed();
        if wanted {
            self.start(&identity, &orders);
            self.orders.insert(identity, orders);
        }
    }
}

impl Identity {
    fn of(target: &Target) -> Self {
        Self { service: target.service.clone(), labels: target.labels.clone(), url: target.url.clone() }
    }
}
