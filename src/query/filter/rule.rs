//! Queries of label rules: for which aggregates they hold, whenever that is asked.
//!
//! A rule is asked again and again, by nobody at no time. So it may only speak of what an aggregate is, and what it speaks of may
//! be missing: a service that is configured tomorrow, a label of targets that come back.

use super::super::matcher::{Has, Node, Predicate, Property, Query, Term};
use super::super::{Context, Error};
use super::choice::Evaluator;
use super::plan::{Names, Planned};
use super::{Targets, selection};
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, TargetId};
use crate::model::time::TimeRange;
use crate::search::ALWAYS;

/// What a rule may ask for, for people.
const ASKED: &str = "service, severity, class, key, aggregate, target.NAME, and the texts of samples";

/// A query that may stand in a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleQuery(Query);

impl RuleQuery {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the position of what is wrong, or of what a rule may not ask for: state, labels and what else
    /// people decide, times and counts.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let query = Query::parse(text)?;
        match query.terms().into_iter().find(|term| !is_lasting(term)) {
            None => Ok(Self(query)),
            Some(term) => Err(Error::Invalid {
                param: "q",
                position: Some(term.position),
                message: format!(
                    "{} can not stand in a rule, because what it holds for changes with time or by what people decide; \
                     a rule may ask for {ASKED}",
                    Node::Term(term.clone())
                ),
            }),
        }
    }

    /// Whether the index of samples is asked.
    #[must_use]
    pub fn is_textual(&self) -> bool {
        self.0.is_textual()
    }

    /// Whether it speaks of targets, so that [`RuleQuery::matching`] needs to know what they expose.
    #[must_use]
    pub fn speaks_of_targets(&self) -> bool {
        let of_target = |term: &&Term| {
            matches!(term.predicate, Predicate::Property(Property::Target(_), _) | Predicate::Has(Has::Target(_)))
        };
        self.0.terms().iter().any(of_target)
    }

    /// The aggregates for which it holds, of those `within` if that is said. Where it speaks of targets, one of those that
    /// `exposed` pairs with the aggregate has to be so. Names that are not known are nowhere.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Search`] when these can not be read.
    pub fn matching(
        &self,
        context: &Context<'_>,
        exposed: &[(AggregateId, TargetId)],
        within: Option<&AggregateSet>,
    ) -> Result<AggregateSet, Error> {
        // No term counts, so the range does not matter.
        let range = TimeRange { start: context.now, end: context.now };
        let mut planned = Planned::with_names(Names::Any, context, &self.0, range)?;
        if let Some(within) = within {
            planned.narrow(within);
        }
        if self.is_textual() {
            let condition = Evaluator::new(context, &planned.counts).condition(&planned.plan, &planned.targets);
            planned.add_sampled(&context.index.aggregates(&condition, ALWAYS)?);
        }
        let selection = selection::select(context, planned);
        let chosen = selection.aggregate_set(context);
        let pairs = exposed.iter().filter(|(aggregate, _)| chosen.contains(*aggregate));
        Ok(match &selection.targets {
            Targets::All => chosen,
            Targets::Only(targets) => {
                pairs.filter(|(_, target)| targets.contains(target.0)).map(|(aggregate, _)| *aggregate).collect()
            }
            Targets::Pairs(kinds) => {
                let mut holds: AggregateSet = pairs
                    .filter(|(aggregate, target)| kinds.contains(*aggregate, *target))
                    .map(|(aggregate, _)| *aggregate)
                    .collect();
                // What holds at any target also holds for what no target exposes now.
                holds.0 |= kinds.everywhere();
                holds
            }
        })
    }
}

impl std::fmt::Display for RuleQuery {
    /// The canonical form.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a term holds for an aggregate as long as it is what it is.
fn is_lasting(term: &Term) -> bool {
    match &term.predicate {
        Predicate::Property(property, _) => matches!(
            property,
            Property::Service | Property::Severity | Property::Class | Property::Key | Property::Target(_)
        ),
        Predicate::Has(has) => matches!(has, Has::Target(_) | Has::Text(_)),
        Predicate::Aggregate(_) | Predicate::Text(..) => true,
        _ => false,
    }
}
