//! Who a file speaks of: its services, targets and aggregates in the order in which they come, and what it says of them.
//!
//! Counts name them by their numbers here; merging gives them their ids in the store.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rustc_hash::FxHasher;
use serde::{Deserialize, Serialize};

use super::line;
use super::line::Pairs;
use crate::model::label::Labels;
use crate::model::severity::Severity;

type Map = HashMap<String, u32, BuildHasherDefault<FxHasher>>;

/// In the place of a target where it is not known.
pub(super) const NO_TARGET: u32 = u32::MAX;

/// Everybody a file has spoken of so far.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Names {
    pub(super) services: Vec<String>,
    pub(super) targets: Vec<Target>,
    pub(super) aggregates: Vec<Aggregate>,
    /// Bytes of all of it, about: what bounds it.
    pub(super) bytes: usize,
    #[serde(skip)]
    service_ids: Map,
    #[serde(skip)]
    target_ids: Map,
    #[serde(skip)]
    aggregate_ids: Map,
}

/// A target.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Target {
    pub(super) service: u32,
    pub(super) labels: Pairs,
    /// What a line of its own says of it.
    pub(super) record: Option<line::Target>,
    /// When it was first and last seen, in milliseconds.
    pub(super) seen: Option<(i64, i64)>,
    /// How often it was looked at, in milliseconds; 0 where that is not known.
    pub(super) interval_ms: i64,
}

/// An aggregate.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Aggregate {
    pub(super) service: u32,
    pub(super) key: String,
    /// What a line of its own says of it.
    pub(super) record: Option<line::Aggregate>,
    /// What the lines of its counts say of it.
    pub(super) hints: Hints,
}

/// What lines of counts say of an aggregate.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Hints {
    /// The first and the last count, in milliseconds.
    pub(super) seen: Option<(i64, i64)>,
    /// The severity of the latest line that names one, and its time.
    #[serde(with = "latest")]
    pub(super) severity: Option<(i64, Severity)>,
    pub(super) class: Option<String>,
    pub(super) message: Option<String>,
}

impl Hints {
    /// It happened at `time`.
    pub(super) fn see(&mut self, time: i64) {
        self.seen = Some(widened(self.seen, time, time));
    }

    /// Takes over what another part of the file says.
    pub(super) fn join(&mut self, other: Self) {
        if let Some((first, last)) = other.seen {
            self.seen = Some(widened(self.seen, first, last));
        }
        if let Some((at, severity)) = other.severity
            && self.severity.is_none_or(|(known, _)| at >= known)
        {
            self.severity = Some((at, severity));
        }
        self.class = other.class.or_else(|| self.class.take());
        self.message = other.message.or_else(|| self.message.take());
    }
}

/// `seen` with `[first, last]` in it.
pub(super) fn widened(seen: Option<(i64, i64)>, first: i64, last: i64) -> (i64, i64) {
    seen.map_or((first, last), |(from, to)| (from.min(first), to.max(last)))
}

impl Names {
    /// Makes the look-ups anew after reading.
    pub(super) fn restore(&mut self) {
        let number = |index: usize| index as u32;
        self.service_ids =
            self.services.iter().enumerate().map(|(index, name)| (name.clone(), number(index))).collect();
        let targets = self.targets.iter().enumerate();
        self.target_ids =
            targets.map(|(index, target)| (target_key(target.service, &target.labels.0), number(index))).collect();
        let aggregates = self.aggregates.iter().enumerate();
        self.aggregate_ids =
            aggregates.map(|(index, one)| (aggregate_key(one.service, &one.key), number(index))).collect();
    }

    /// The service of this name.
    pub(super) fn service(&mut self, name: &str) -> u32 {
        if let Some(id) = self.service_ids.get(name) {
            return *id;
        }
        let id = self.services.len() as u32;
        self.bytes += name.len() * 2 + 64;
        self.services.push(name.to_owned());
        self.service_ids.insert(name.to_owned(), id);
        id
    }

    /// The target with these labels; [`NO_TARGET`] where there are none.
    pub(super) fn target(&mut self, service: u32, labels: Labels) -> u32 {
        if labels.is_empty() {
            return NO_TARGET;
        }
        let key = target_key(service, &labels);
        if let Some(id) = self.target_ids.get(&key) {
            return *id;
        }
        let id = self.targets.len() as u32;
        self.bytes += key.len() * 2 + 200;
        self.targets.push(Target { service, labels: Pairs(labels), record: None, seen: None, interval_ms: 0 });
        self.target_ids.insert(key, id);
        id
    }

    /// The aggregate with this key.
    pub(super) fn aggregate(&mut self, service: u32, key: &str) -> u32 {
        let name = aggregate_key(service, key);
        if let Some(id) = self.aggregate_ids.get(&name) {
            return *id;
        }
        let id = self.aggregates.len() as u32;
        self.bytes += key.len() * 2 + 200;
        self.aggregates.push(Aggregate { service, key: key.to_owned(), ..Aggregate::default() });
        self.aggregate_ids.insert(name, id);
        id
    }

    /// What is noted of an aggregate.
    pub(super) fn aggregate_mut(&mut self, id: u32) -> Option<&mut Aggregate> {
        self.aggregates.get_mut(id as usize)
    }

    /// A target was seen in `[first, last]`.
    pub(super) fn see_target(&mut self, id: u32, first: i64, last: i64) {
        if let Some(target) = self.targets.get_mut(id as usize) {
            target.seen = Some(widened(target.seen, first, last));
        }
    }
}

fn target_key(service: u32, labels: &Labels) -> String {
    let mut key = service.to_string();
    for (name, value) in labels.iter() {
        key.push('\0');
        key.push_str(name);
        key.push('\0');
        key.push_str(value);
    }
    key
}

fn aggregate_key(service: u32, key: &str) -> String {
    format!("{service}\0{key}")
}

mod latest {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Severity;

    #[expect(clippy::ref_option, reason = "serde hands references")]
    pub(super) fn serialize<S: Serializer>(value: &Option<(i64, Severity)>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|(at, severity)| (at, severity.name())).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<(i64, Severity)>, D::Error> {
        let value = Option::<(i64, String)>::deserialize(deserializer)?;
        Ok(value.map(|(at, name)| (at, Severity::from_wire(&name))))
    }
}
