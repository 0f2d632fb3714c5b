//! A query with its names looked up: negations pushed down to the terms, and each term a set, or a look at each aggregate.

use roaring::RoaringBitmap;

use super::super::group;
use super::super::matcher::{Comparison, Has, Is, Node, Predicate, Property, Query, Seen, Term};
use super::super::pattern::Pattern;
use super::super::{Context, Error, suggestion};
use super::{annotation_names, service_names, target_label_names};
use crate::model::aggregate::Aggregate;
use crate::model::aggregate_set::AggregateSet;
use crate::model::series::Buckets;
use crate::model::severity::Severity;
use crate::model::time::{TimeRange, Timestamp};
use crate::model::triage::State;
use crate::search::condition::{self, Condition, Document, TextMatch};
use crate::store::{Sets, Split};

/// A condition in which only terms are negated.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    /// Aggregates of these services.
    Services(RoaringBitmap),
    /// These aggregates, all of one service where that is known.
    Aggregates { set: RoaringBitmap, service: Option<u32> },
    /// Aggregates that look so.
    Look(Look, bool),
    /// At the targets of [`Planned::targets`] with this index.
    Target(usize),
    /// All of them.
    All(Vec<Self>),
    /// At least one of them.
    Any(Vec<Self>),
}

/// A planned query.
pub(super) struct Planned {
    pub(super) plan: Plan,
    /// The sets of targets that the plan speaks of.
    pub(super) targets: Vec<RoaringBitmap>,
    /// Counts of the range by aggregate, where the plan compares them.
    pub(super) counts: Vec<u64>,
}

/// Names of services and labels, and ids, that a query may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Those that there are; others are mistakes.
    Known,
    /// Any: what is not known (yet) is nowhere.
    Any,
}

/// What is looked up in each aggregate.
#[derive(Debug, Clone)]
pub(super) enum Look {
    Key(Pattern),
    /// A text of the aggregate's own record: class, message and key.
    Text(Condition),
    Seen(Seen, Comparison, Timestamp),
    Count(Comparison, u64),
}

impl Planned {
    pub(super) fn new(context: &Context<'_>, query: &Query, range: TimeRange) -> Result<Self, Error> {
        Self::with_names(Names::Known, context, query, range)
    }

    pub(super) fn with_names(
        names: Names,
        context: &Context<'_>,
        query: &Query,
        range: TimeRange,
    ) -> Result<Self, Error> {
        let mut planner = Planner { context, names, targets: Vec::new() };
        let plan = planner.node(&query.root, false)?;
        let counted = query.terms().iter().any(|term| matches!(term.predicate, Predicate::Count(..)));
        let counts = if counted { counts(context, range)? } else { Vec::new() };
        Ok(Self { plan, targets: planner.targets, counts })
    }
}

impl Planned {
    /// Selects only aggregates of these.
    pub(super) fn narrow(&mut self, within: &AggregateSet) {
        let within = Plan::Aggregates { set: within.0.clone(), service: None };
        let plan = std::mem::replace(&mut self.plan, Plan::Any(Vec::new()));
        self.plan = Plan::All(vec![within, plan]);
    }

    /// Selects also these aggregates, for which text was found in samples, where the rest of the plan holds.
    pub(super) fn add_sampled(&mut self, sampled: &AggregateSet) {
        let rest = self.plan.without_text();
        let sampled = Plan::Aggregates { set: sampled.0.clone(), service: None };
        let plan = std::mem::replace(&mut self.plan, Plan::Any(Vec::new()));
        self.plan = Plan::Any(vec![plan, Plan::All(vec![sampled, rest])]);
    }
}

impl Plan {
    /// What is left when every condition on text holds.
    fn without_text(&self) -> Self {
        match self {
            Self::Look(Look::Text(_), _) => Self::All(Vec::new()),
            Self::All(plans) => Self::All(plans.iter().map(Self::without_text).collect()),
            Self::Any(plans) => Self::Any(plans.iter().map(Self::without_text).collect()),
            other => other.clone(),
        }
    }

    /// Whether each aggregate has to be looked at.
    pub(super) fn looks(&self) -> bool {
        match self {
            Self::Look(..) => true,
            Self::Services(_) | Self::Aggregates { .. } | Self::Target(_) => false,
            Self::All(plans) | Self::Any(plans) => plans.iter().any(Self::looks),
        }
    }
}

impl Look {
    pub(super) fn holds(&self, aggregate: &Aggregate, counts: &[u64]) -> bool {
        match self {
            Self::Key(pattern) => pattern.matches(&aggregate.key),
            Self::Text(condition) => condition.holds(&Document::record(aggregate)),
            Self::Seen(Seen::First, comparison, time) => comparison.holds(&aggregate.first_seen, time),
            Self::Seen(Seen::Last, comparison, time) => comparison.holds(&aggregate.last_seen, time),
            Self::Count(comparison, number) => {
                comparison.holds(&counts.get(aggregate.id.0 as usize).copied().unwrap_or(0), number)
            }
        }
    }
}

/// How often each aggregate happened in the range, at all targets.
fn counts(context: &Context<'_>, range: TimeRange) -> Result<Vec<u64>, Error> {
    let mut counts = vec![0_u64; context.view.aggregates().len()];
    let everything = super::Selection::default();
    group::scan(context, &everything, Split::Aggregate, Buckets::whole(range), &mut |hit| {
        if let Some(count) = counts.get_mut(hit.aggregate.0 as usize) {
            *count = count.saturating_add(hit.count.total);
        }
    })?;
    Ok(counts)
}

struct Planner<'a> {
    context: &'a Context<'a>,
    names: Names,
    targets: Vec<RoaringBitmap>,
}

impl Planner<'_> {
    fn node(&mut self, node: &Node, negated: bool) -> Result<Plan, Error> {
        let mut each =
            |nodes: &[Node]| nodes.iter().map(|node| self.node(node, negated)).collect::<Result<Vec<Plan>, Error>>();
        Ok(match node {
            Node::Term(term) => self.term(term, negated)?,
            Node::Not(node) => self.node(node, !negated)?,
            Node::And(nodes) if negated => Plan::Any(each(nodes)?),
            Node::Or(nodes) if negated => Plan::All(each(nodes)?),
            Node::And(nodes) => Plan::All(each(nodes)?),
            Node::Or(nodes) => Plan::Any(each(nodes)?),
        })
    }

    fn term(&mut self, term: &Term, negated: bool) -> Result<Plan, Error> {
        let view = self.context.view;
        let set = |set: &AggregateSet| Plan::Aggregates {
            set: if negated { &view.sets().all().0 - &set.0 } else { set.0.clone() },
            service: None,
        };
        Ok(match &term.predicate {
            Predicate::Property(Property::Service, pattern) => self.services(term, pattern, negated)?,
            Predicate::Property(Property::Target(name), pattern) => self.target(term, name, pattern, negated)?,
            Predicate::Property(Property::Severity, pattern) => {
                let matching = Severity::ALL.into_iter().filter(|severity| pattern.matches(severity.name()));
                set(&union(matching.map(|severity| view.sets().severity(severity))))
            }
            Predicate::Property(Property::State, pattern) => {
                let matching = State::ALL.into_iter().filter(|state| pattern.matches(state.name()));
                set(&union(matching.map(|state| view.sets().state(state))))
            }
            Predicate::Property(Property::Class, pattern) => {
                let matches = TextMatch::wildcard(&pattern.to_text());
                Plan::Look(Look::Text(Condition::Text(condition::Field::Class, matches)), negated)
            }
            Predicate::Property(Property::Key, pattern) => Plan::Look(Look::Key(pattern.clone()), negated),
            Predicate::Property(Property::Label(name), pattern) => {
                self.known_annotation(term, name)?;
                set(&labelled(view.sets(), name, pattern))
            }
            Predicate::Property(Property::Assignee, pattern) => {
                let pattern = self.person(term, pattern)?;
                set(&having(view.sets().assignees(), view.sets().assigned(), view.sets().all(), &pattern))
            }
            Predicate::Property(Property::Note, pattern) => set(&annotated(self.context, pattern)),
            Predicate::Aggregate(id) => match view.aggregates().get(id.0 as usize) {
                Some(aggregate) if !negated => {
                    Plan::Aggregates { set: RoaringBitmap::from([id.0]), service: Some(aggregate.service.0) }
                }
                Some(_) => set(&[*id].into_iter().collect()),
                None if self.names == Names::Any => set(&AggregateSet::new()),
                None => return Err(unknown(term, format!("there is no aggregate {id}"))),
            },
            Predicate::Is(Is::State(state)) => set(view.sets().state(*state)),
            Predicate::Is(Is::Regressed) => set(view.sets().regressed()),
            Predicate::Is(Is::Escalating) => set(&self.context.escalating()),
            Predicate::Is(Is::New) => {
                let since = self.context.new_since();
                Plan::Look(Look::Seen(Seen::First, Comparison::More, since), negated)
            }
            Predicate::Has(Has::Label(name)) => {
                self.known_annotation(term, name)?;
                set(&labelled(view.sets(), name, &Pattern::parse("*")))
            }
            Predicate::Has(Has::AnyLabel) => set(view.sets().labelled()),
            Predicate::Has(Has::Assignee) => set(view.sets().assigned()),
            Predicate::Has(Has::Note) => set(view.sets().noted()),
            Predicate::Has(Has::Target(name)) => self.target(term, name, &Pattern::parse("*"), negated)?,
            Predicate::Has(Has::Text(field)) => Plan::Look(Look::Text(Condition::Has(field.searched())), negated),
            Predicate::Seen(seen, comparison, moment) => {
                Plan::Look(Look::Seen(*seen, *comparison, moment.at(self.context.now)), negated)
            }
            Predicate::Count(comparison, number) => Plan::Look(Look::Count(*comparison, *number), negated),
            Predicate::Text(field, text) => {
                Plan::Look(Look::Text(Condition::Text(field.searched(), text.matches())), negated)
            }
        })
    }

    fn services(&self, term: &Term, pattern: &Pattern, negated: bool) -> Result<Plan, Error> {
        if let (Names::Known, Some(name)) = (self.names, pattern.exact()) {
            let known = service_names(self.context);
            if !known.contains(name) {
                let known = suggestion::known(name, known);
                return Err(unknown(term, format!("there is no service {name:?}{known}")));
            }
        }
        let ids = self.context.view.services().iter().filter(|service| pattern.matches(&service.name) != negated);
        Ok(Plan::Services(ids.map(|service| service.id.0).collect()))
    }

    fn target(&mut self, term: &Term, name: &str, pattern: &Pattern, negated: bool) -> Result<Plan, Error> {
        let known = target_label_names(self.context);
        if self.names == Names::Known && !known.contains(name) {
            let known = suggestion::known(name, known);
            return Err(unknown(term, format!("no target has a label {name:?}{known}")));
        }
        let targets = self.context.view.targets().iter();
        let matching = targets.filter(|target| pattern.matches_label(target.labels.get(name)) != negated);
        self.targets.push(matching.map(|target| target.id.0).collect());
        Ok(Plan::Target(self.targets.len() - 1))
    }

    /// A person, of whom `me` is the one who asks.
    fn person(&self, term: &Term, pattern: &Pattern) -> Result<Pattern, Error> {
        match (pattern.exact(), self.context.me) {
            (Some("me"), "") => {
                let message = "assignee:me is whoever asks, and this request does not say who that is: give a name in the \
                               header X-Hydrophone-User, or write assignee:NAME";
                Err(unknown(term, message.to_owned()))
            }
            (Some("me"), me) => Ok(Pattern::exactly(me)),
            _ => Ok(pattern.clone()),
        }
    }

    fn known_annotation(&self, term: &Term, name: &str) -> Result<(), Error> {
        let known = annotation_names(self.context);
        if self.names == Names::Any || known.contains(name) {
            return Ok(());
        }
        let known = suggestion::known(name, known);
        Err(unknown(term, format!("no error has a label {name:?}{known}")))
    }
}

/// The aggregates whose annotation label has such a value.
fn labelled(sets: &Sets, name: &str, pattern: &Pattern) -> AggregateSet {
    let Some(label) = sets.label(name) else { return AggregateSet::new() };
    having(label.values(), label.all(), sets.all(), pattern)
}

/// The aggregates whose note is such a text.
fn annotated(context: &Context<'_>, pattern: &Pattern) -> AggregateSet {
    let (all, with_note) = (context.view.sets().all(), context.view.sets().noted());
    let such = with_note.iter().filter(|id| {
        let aggregate = context.view.aggregates().get(id.0 as usize);
        pattern.matches_label(aggregate.and_then(|aggregate| aggregate.triage.note.as_deref()))
    });
    let mut set: AggregateSet = such.collect();
    if pattern.matches_label(None) {
        set.0 |= &all.0 - &with_note.0;
    }
    set
}

/// The union of the sets whose value matches, with those that have none where that matches.
fn having<'a>(
    values: impl Iterator<Item = (&'a str, &'a AggregateSet)>,
    having_any: &AggregateSet,
    all: &AggregateSet,
    pattern: &Pattern,
) -> AggregateSet {
    let mut set = union(values.filter(|(value, _)| pattern.matches_label(Some(value))).map(|(_, set)| set));
    if pattern.matches_label(None) {
        set.0 |= &all.0 - &having_any.0;
    }
    set
}

fn union<'a>(sets: impl Iterator<Item = &'a AggregateSet>) -> AggregateSet {
    let mut union = AggregateSet::new();
    for set in sets {
        union.0 |= &set.0;
    }
    union
}

fn unknown(term: &Term, message: String) -> Error {
    Error::Invalid { param: "q", position: Some(term.position), message }
}
