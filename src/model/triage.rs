//! Triage: what people, rules and time make of an aggregate, and the pure rules by which that changes.
//!
//! Counts never stand here, and nothing here changes a count.

use std::collections::BTreeSet;

use super::annotation::{Annotations, Choice, Worn};
use super::label::Labels;
use super::time::Timestamp;
use super::version::Release;

/// Open, resolved or muted: the word of [`Standing`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It needs attention.
    #[default]
    Open,
    /// Somebody dealt with it; it reopens when it happens again.
    Resolved,
    /// Nobody wants to hear of it for now.
    Muted,
}

/// A state with its conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Standing {
    /// It needs attention.
    #[default]
    Open,
    /// It reopens when it happens again: anywhere, or in a later version than this.
    Resolved(Option<Release>),
    /// Quiet until then.
    Muted(Until),
}

/// When a mute ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Until {
    /// When somebody ends it.
    #[default]
    Forever,
    /// At this time.
    Time(Timestamp),
    /// When it happened so often in all.
    Total(u64),
    /// When it happens much more often than it used to.
    Escalation,
}

/// The standing, and how it came about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Open, resolved or muted.
    pub standing: Standing,
    /// Since when; `None` if it never changed.
    pub since: Option<Timestamp>,
    /// It is open because it happened again after it was resolved: when that was.
    pub regressed_at: Option<Timestamp>,
    /// It is open because it happened too often for a mute: when that was.
    pub escalated_at: Option<Timestamp>,
}

/// All that triage says of an aggregate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Triage {
    /// Open, resolved or muted.
    pub status: Status,
    /// Annotation labels.
    pub labels: Annotations,
    /// Who cares for it.
    pub assignee: Option<String>,
    /// What people wrote about it.
    pub note: Option<String>,
    /// How often any of this changed.
    pub revision: u64,
}

/// What is asked to change. What is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The state.
    pub state: Option<Turn>,
    /// Labels that somebody chooses.
    pub labels: Vec<(String, LabelChange)>,
    /// The assignee, or nobody.
    pub assignee: Option<Option<String>>,
    /// The note, or none.
    pub note: Option<Option<String>>,
}

/// A change of state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// To open.
    Open,
    /// To resolved.
    Resolve,
    /// To resolved, in the version that targets name in this label.
    ResolveIn {
        /// The target label.
        label: String,
        /// The version; the latest of the service by default.
        version: Option<String>,
    },
    /// To muted.
    Mute(Period),
}

/// How long to mute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// For good.
    Forever,
    /// Until then.
    Until(Timestamp),
    /// Until it happened so many times more.
    More(u64),
    /// Until it escalates.
    Escalation,
}

/// What somebody does with a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelChange {
    /// Gives it a value.
    Set(String),
    /// Takes it away, whatever the rules say.
    Remove,
    /// Leaves it to the rules again.
    Follow,
}

/// One thing that changed, as activity tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The state or its conditions.
    Status {
        /// Before.
        from: Status,
        /// After.
        to: Status,
    },
    /// A label.
    Label {
        /// Its name.
        name: String,
        /// Before.
        from: Worn,
        /// After.
        to: Worn,
    },
    /// The assignee.
    Assignee {
        /// Before.
        from: Option<String>,
        /// After.
        to: Option<String>,
    },
    /// The note.
    Note {
        /// Before.
        from: Option<String>,
        /// After.
        to: Option<String>,
    },
}

/// Why a standing ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was resolved and happened again.
    Regressed,
    /// It was muted until it happened so often, and did.
    Counted,
}

impl State {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Open, Self::Resolved, Self::Muted];

    /// `open`, `resolved` or `muted`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Muted => "muted",
        }
    }

    /// The state of exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Turn> for Change {
    fn from(turn: Turn) -> Self {
        Self { state: Some(turn), ..Self::default() }
    }
}

impl From<State> for Turn {
    /// Without conditions.
    fn from(state: State) -> Self {
        match state {
            State::Open => Self::Open,
            State::Resolved => Self::Resolve,
            State::Muted => Self::Mute(Period::Forever),
        }
    }
}

impl Standing {
    /// Its word.
    #[must_use]
    pub fn state(&self) -> State {
        match self {
            Self::Open => State::Open,
            Self::Resolved(_) => State::Resolved,
            Self::Muted(_) => State::Muted,
        }
    }
}

impl Status {
    /// A status that was set at `at`.
    #[must_use]
    pub fn set(standing: Standing, at: Timestamp) -> Self {
        Self { standing, since: Some(at), regressed_at: None, escalated_at: None }
    }

    /// Open, because it happened again after it was resolved.
    #[must_use]
    pub fn regressed(at: Timestamp) -> Self {
        Self { regressed_at: Some(at), ..Self::set(Standing::Open, at) }
    }

    /// Open, because it happened too often for a mute.
    #[must_use]
    pub fn escalated(at: Timestamp) -> Self {
        Self { escalated_at: Some(at), ..Self::set(Standing::Open, at) }
    }

    /// Whether it is open because it happened again after it was resolved.
    #[must_use]
    pub fn is_regressed(&self) -> bool {
        self.standing == Standing::Open && self.regressed_at.is_some()
    }

    /// Whether a count that was seen at `at`, after which it happened `total` times in all, ends the standing.
    ///
    /// `is_later` says whether the count is of a later version than the one it was resolved in.
    #[must_use]
    pub fn ended_by(&self, at: Timestamp, total: u64, is_later: impl FnOnce(&Release) -> bool) -> Option<End> {
        match &self.standing {
            // A count that ends when it was resolved is one that whoever resolved it could see.
            Standing::Resolved(_) if self.since.is_some_and(|since| at <= since) => None,
            Standing::Resolved(release) => release.as_ref().is_none_or(is_later).then_some(End::Regressed),
            Standing::Muted(Until::Total(limit)) => (total >= *limit).then_some(End::Counted),
            Standing::Open | Standing::Muted(_) => None,
        }
    }
}

impl Triage {
    /// Applies what somebody asks; says what changed. `standing` is what the change of state asks for, for this aggregate.
    pub fn apply(&mut self, change: &Change, standing: Option<Standing>, at: Timestamp) -> Vec<Difference> {
        let mut differences = Vec::new();
        if let Some(standing) = standing {
            // Asking for what is there already changes nothing, except that opening it accepts a regression.
            let is_there = self.status.standing == standing
                && (standing != Standing::Open
                    || (self.status.regressed_at.is_none() && self.status.escalated_at.is_none()));
            if !is_there {
                differences.extend(self.turn(Status::set(standing, at)));
            }
        }
        for (name, change) in &change.labels {
            let choice = match change {
                LabelChange::Set(value) => Some(Choice::Value(value.clone())),
                LabelChange::Remove => Some(Choice::Nothing),
                LabelChange::Follow => None,
            };
            differences.extend(self.choose(name, choice));
        }
        if let Some(assignee) = &change.assignee {
            differences.extend(self.assign(assignee.clone()));
        }
        if let Some(note) = &change.note {
            differences.extend(self.write(note.clone()));
        }
        self.revision += u64::from(!differences.is_empty());
        differences
    }

    /// Another status, by itself; says what changed.
    pub fn end(&mut self, status: Status) -> Vec<Difference> {
        self.revision += 1;
        self.turn(status).into_iter().collect()
    }

    /// The labels that the rules give; says what changed.
    pub fn rule(&mut self, ruled: &Labels) -> Vec<Difference> {
        let differences: Vec<Difference> =
            self.labels.rule(ruled).into_iter().map(|(name, from, to)| Difference::Label { name, from, to }).collect();
        self.revision += u64::from(!differences.is_empty());
        differences
    }

    /// Takes back what still stands as it was changed to; says what changed by that. What was changed again since stays.
    pub fn undo(&mut self, differences: &[Difference]) -> Vec<Difference> {
        let mut undone = Vec::new();
        // What changed last first: a label may have changed more than once.
        for difference in differences.iter().rev() {
            undone.extend(match difference {
                Difference::Status { from, to } if self.status == *to => self.turn(from.clone()),
                Difference::Label { name, from, to } if self.labels.worn(name).chosen == to.chosen => {
                    self.choose(name, from.chosen.clone())
                }
                Difference::Assignee { from, to } if self.assignee == *to => self.assign(from.clone()),
                Difference::Note { from, to } if self.note == *to => self.write(from.clone()),
                _ => None,
            });
        }
        self.revision += u64::from(!undone.is_empty());
        undone
    }

    /// What makes `to` of it, revisions aside.
    #[must_use]
    pub fn differences(&self, to: &Self) -> Vec<Difference> {
        let mut changed = self.clone();
        let mut differences: Vec<Difference> = changed.turn(to.status.clone()).into_iter().collect();
        let [mine, others] = [&self.labels, &to.labels].map(|labels| {
            let chosen = labels.chosen().iter().map(|(name, _)| name.as_str());
            chosen.chain(labels.ruled().iter().map(|(name, _)| name)).collect::<BTreeSet<&str>>()
        });
        for name in mine.union(&others) {
            let (from, to) = (self.labels.worn(name), to.labels.worn(name));
            if from != to {
                differences.push(Difference::Label { name: (*name).to_owned(), from, to });
            }
        }
        differences.extend(changed.assign(to.assignee.clone()));
        differences.extend(changed.write(to.note.clone()));
        differences
    }

    fn turn(&mut self, status: Status) -> Option<Difference> {
        let from = std::mem::replace(&mut self.status, status);
        (from != self.status).then(|| Difference::Status { from, to: self.status.clone() })
    }

    fn choose(&mut self, name: &str, choice: Option<Choice>) -> Option<Difference> {
        let from = self.labels.worn(name);
        self.labels.choose(name, choice);
        let to = self.labels.worn(name);
        (from != to).then(|| Difference::Label { name: name.to_owned(), from, to })
    }

    fn assign(&mut self, assignee: Option<String>) -> Option<Difference> {
        let from = std::mem::replace(&mut self.assignee, assignee);
        (from != self.assignee).then(|| Difference::Assignee { from, to: self.assignee.clone() })
    }

    fn write(&mut self, note: Option<String>) -> Option<Difference> {
        let from = std::mem::replace(&mut self.note, note);
        (from != self.note).then(|| Difference::Note { from, to: self.note.clone() })
    }
}
