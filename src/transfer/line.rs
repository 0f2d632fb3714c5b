//! The lines of our own format: JSON objects, one a line. docs/import-export.md describes each field.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use super::moment::Moment;
use crate::model::label::Labels;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::model::triage::{Standing, State, Until};
use crate::model::version;
use crate::redact::{Hits, Redactor};

/// What the header's `format` says.
pub(super) const FORMAT: &str = "hydrophone deltas";

/// What the header's `format` says of a file of occurrences.
pub(super) const OCCURRENCES: &str = "hydrophone occurrences";

/// What the header's `format` says of a file of activity.
pub(super) const ACTIVITY: &str = "hydrophone activity";

/// What the header's `version` says.
pub(super) const VERSION: u32 = 1;

/// Every kind of line but counts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Record {
    Header(Header),
    Service(Service),
    Target(Target),
    Aggregate(Aggregate),
    Process(Process),
    Coverage(Coverage),
    Occurrence(Box<Occurrence>),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub(super) service: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    pub(super) service: String,
    pub(super) labels: Pairs,
    #[serde(default)]
    pub(super) address: String,
    #[serde(default)]
    pub(super) url: String,
    #[serde(default)]
    pub(super) lives: Vec<(Moment, Option<Moment>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) up: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_scrape: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_success: Option<Moment>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) interval_ms: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) duration_ms: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) body_bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_error: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Aggregate {
    pub(super) service: String,
    pub(super) key: String,
    #[serde(default)]
    pub(super) class: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) message: String,
    #[serde(default, with = "severity")]
    pub(super) severity: Severity,
    pub(super) first_seen: Moment,
    pub(super) last_seen: Moment,
    /// Counts that no line of the file has any more.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) earlier: u64,
    #[serde(default, with = "state")]
    pub(super) state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) state_since: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) regressed_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) escalated_at: Option<Moment>,
    /// Resolved, and open again with a later version than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) resolved_in: Option<Release>,
    /// Muted, but not for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) muted_until: Option<MutedUntil>,
    /// Those that people gave it.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub(super) labels: Pairs,
    /// Those that people took away, whatever the rules say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) labels_removed: Vec<String>,
    /// Those that rules give it.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub(super) labels_by_rule: Pairs,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) assignee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) revision: u64,
}

/// The version in which something was resolved.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    pub(super) label: String,
    pub(super) version: String,
    pub(super) appeared_at: Moment,
}

impl From<&version::Release> for Release {
    fn from(release: &version::Release) -> Self {
        let version::Release { label, version, appeared_at } = release.clone();
        Self { label, version, appeared_at: Moment(appeared_at) }
    }
}

impl From<&Release> for version::Release {
    fn from(line: &Release) -> Self {
        let Release { label, version, appeared_at } = line.clone();
        Self { label, version, appeared_at: appeared_at.0 }
    }
}

/// The version that a state was resolved in, and when a mute ends.
pub(super) fn conditions(standing: &Standing) -> (Option<Release>, Option<MutedUntil>) {
    match standing {
        Standing::Resolved(Some(release)) => (Some(Release::from(release)), None),
        Standing::Muted(until) => (None, MutedUntil::of(*until)),
        Standing::Open | Standing::Resolved(None) => (None, None),
    }
}

impl MutedUntil {
    /// `None` is for good.
    fn of(until: Until) -> Option<Self> {
        match until {
            Until::Forever => None,
            Until::Time(time) => Some(Self::Time(Moment(time))),
            Until::Total(total) => Some(Self::Total(total)),
            Until::Escalation => Some(Self::Escalation),
        }
    }
}

impl From<MutedUntil> for Until {
    fn from(line: MutedUntil) -> Self {
        match line {
            MutedUntil::Time(time) => Self::Time(time.0),
            MutedUntil::Total(total) => Self::Total(total),
            MutedUntil::Escalation => Self::Escalation,
        }
    }
}

/// When a mute ends.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MutedUntil {
    Time(Moment),
    Total(u64),
    Escalation,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Process {
    pub(super) service: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) uuid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
    /// Those of its target.
    pub(super) labels: Pairs,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_success: Option<Moment>,
    pub(super) baselines: Vec<Baseline>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    pub(super) key: String,
    pub(super) total: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<Moment>,
    /// 16 hexadecimal digits each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) samples: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Coverage {
    pub(super) service: String,
    pub(super) labels: Pairs,
    /// Begin of the window that the numbers are of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) t: Option<Moment>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) good: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) bad: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) duration_ms: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) duration_max_ms: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) body_bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// From, to, and whether it was up.
    pub(super) runs: Vec<(Moment, Moment, bool)>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Occurrence {
    pub(super) service: String,
    pub(super) key: String,
    /// Those of its target.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub(super) labels: Pairs,
    /// When it came: `2026-11-20`, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) day: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) uuid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) timestamp: Option<Moment>,
    #[serde(default, with = "severity")]
    pub(super) severity: Severity,
    #[serde(default)]
    pub(super) class: String,
    #[serde(default)]
    pub(super) message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stack: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) causes: Vec<Cause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) http: Option<Http>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cause {
    #[serde(default)]
    pub(super) class: String,
    #[serde(default)]
    pub(super) message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stack: Option<Vec<String>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    #[serde(default)]
    pub(super) method: String,
    #[serde(default)]
    pub(super) url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) headers: Option<Vec<(String, String)>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<String>,
}

impl Record {
    /// Hides the secrets in it.
    pub(super) fn hide(&mut self, redactor: &Redactor) -> Hits {
        let mut hits = Hits::default();
        match self {
            Self::Aggregate(line) => {
                redactor.text(&mut line.key, &mut hits);
                redactor.text(&mut line.message, &mut hits);
                if let Some(class) = &mut line.class {
                    redactor.text(class, &mut hits);
                }
            }
            Self::Process(line) => {
                for baseline in &mut line.baselines {
                    redactor.text(&mut baseline.key, &mut hits);
                }
            }
            Self::Occurrence(line) => line.hide(redactor, &mut hits),
            Self::Header(_) | Self::Service(_) | Self::Target(_) | Self::Coverage(_) => {}
        }
        hits
    }
}

impl Occurrence {
    /// The day on which it lies: that on which it came where the line says so, or on which it happened.
    pub(super) fn partition(&self) -> Option<u32> {
        let day = self.day.as_deref().and_then(super::merge::day_number);
        day.or(self.timestamp.map(|at| at.0).filter(|at| at.0 >= 0).map(Timestamp::day))
    }

    fn hide(&mut self, redactor: &Redactor, hits: &mut Hits) {
        for text in [&mut self.key, &mut self.uuid, &mut self.class, &mut self.message] {
            redactor.text(text, hits);
        }
        redactor.frames(self.stack.as_deref_mut().unwrap_or_default(), hits);
        for cause in &mut self.causes {
            redactor.text(&mut cause.class, hits);
            redactor.text(&mut cause.message, hits);
            redactor.frames(cause.stack.as_deref_mut().unwrap_or_default(), hits);
        }
        let Some(http) = &mut self.http else { return };
        for text in [&mut http.method, &mut http.url].into_iter().chain(&mut http.body) {
            redactor.text(text, hits);
        }
        for header in http.headers.iter_mut().flatten() {
            redactor.header(header, hits);
        }
    }
}

/// A line of counts, as it is read. There are a hundred million of them, so it borrows what it can.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counts<'a> {
    #[serde(borrow)]
    pub(super) service: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) key: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) labels: BorrowedPairs<'a>,
    pub(super) severity: Option<Cow<'a, str>>,
    pub(super) class: Option<String>,
    pub(super) message: Option<String>,
    pub(super) t: Option<Moment>,
    pub(super) from: Option<Moment>,
    pub(super) to: Option<Moment>,
    pub(super) count: Option<u64>,
    pub(super) points: Option<Vec<(Moment, u64)>>,
}

/// A line of counts, as it is written.
#[derive(Debug, Serialize)]
pub(super) struct CountsOut<'a> {
    pub(super) service: &'a str,
    pub(super) key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) labels: Option<&'a Pairs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) count: Option<u64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) points: &'a [(i64, u64)],
}

/// Labels as an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pairs(pub(super) Labels);

impl Pairs {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = BorrowedPairs::deserialize(deserializer)?;
        Ok(Self(Labels::from_pairs(pairs.0)))
    }
}

/// Labels as they stand in a line.
#[derive(Debug, Default)]
pub(super) struct BorrowedPairs<'a>(pub(super) Vec<(Cow<'a, str>, Cow<'a, str>)>);

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for BorrowedPairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = BorrowedPairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of labels")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BorrowedPairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Text(name), Text(value))) = map.next_entry()? {
                    pairs.push((name, value));
                }
                Ok(BorrowedPairs(pairs))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}

mod severity {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use super::Severity;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
    pub(super) fn serialize<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(severity.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
        let name = String::deserialize(deserializer)?;
        Severity::from_name(&name).ok_or_else(|| Error::custom(super::unknown_severity(&name)))
    }
}

mod state {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use super::State;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
    pub(super) fn serialize<S: Serializer>(state: &State, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(state.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<State, D::Error> {
        let name = String::deserialize(deserializer)?;
        State::from_name(&name).ok_or_else(|| Error::custom(format!("state {name:?} is none of open, resolved, muted")))
    }
}

/// What is said of a word that is no severity.
pub(super) fn unknown_severity(name: &str) -> String {
    format!("severity {name:?} is none of info, warning, error")
}
