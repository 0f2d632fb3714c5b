//! What a query selects: services, aggregates and targets as sets.
//!
//! A count is of an aggregate at a target, so a query holds for pairs of the two. Terms on aggregates (services among
//! them) and terms on targets may be mixed as one likes: targets for which the same terms hold are alike, and for each
//! such kind of targets the query is one of aggregates only. What is selected is the union of these products, counted in
//! one scan. A count whose target is not known any more is selected where the query holds whatever the target.
//!
//! | file | what |
//! | --- | --- |
//! | plan | the query with its names looked up |
//! | choice | sets of services and aggregates, and how the plan is evaluated to them |
//! | selection | what is counted, by kinds of targets |
//! | rule | queries of label rules: which errors they hold for, whenever that is asked |

mod choice;
mod plan;
pub mod rule;
mod selection;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use selection::{Pairs, Selection, Targets};

use super::matcher::Query;
use super::{Context, Error};
use crate::model::id::TargetId;
use crate::model::label::Labels;
use crate::model::time::TimeRange;
use crate::search::ALWAYS;
use crate::search::condition::Condition;

/// What `query` selects; `count:` is of `range`.
///
/// A query with text selects the aggregates that have a sample for which the whole of it holds, and those whose own record
/// (class, message and key) satisfies it; what is counted are all events of these, at the targets that the query names.
///
/// # Errors
/// [`Error::Invalid`] for `q` with the position of a service, an aggregate or a label that is not known. An unknown name
/// is a mistake and not an empty answer: "no errors" has to be true when it is said. [`Error::Store`] when the store can
/// not be read.
pub fn select(context: &Context<'_>, query: &Query, range: TimeRange) -> Result<Selection, Error> {
    let mut planned = plan::Planned::new(context, query, range)?;
    if query.is_textual() {
        let condition = choice::Evaluator::new(context, &planned.counts).condition(&planned.plan, &planned.targets);
        let sampled = context.index.aggregates(&condition, ALWAYS)?;
        planned.add_sampled(&sampled);
    }
    Ok(selection::select(context, planned))
}

/// What `query` asks of a sample: that it is of an error, and was taken at a target, for which the query holds, and has the
/// texts.
///
/// # Errors
/// As [`select`].
pub fn condition(context: &Context<'_>, query: &Query, range: TimeRange) -> Result<Condition, Error> {
    let planned = plan::Planned::new(context, query, range)?;
    Ok(choice::Evaluator::new(context, &planned.counts).condition(&planned.plan, &planned.targets))
}

/// Names of the labels that targets have.
pub(super) fn target_label_names<'a>(context: &Context<'a>) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    for target in context.view.targets() {
        names.extend(target.labels.iter().map(|(name, _)| name));
    }
    names
}

/// Names of the annotation labels that aggregates have.
pub(super) fn annotation_names<'a>(context: &Context<'a>) -> BTreeSet<&'a str> {
    context.view.sets().labels().map(|(name, _)| name).collect()
}

/// Names of all services, configured or stored.
pub(super) fn service_names<'a>(context: &Context<'a>) -> BTreeSet<&'a str> {
    let stored = context.view.services().iter().map(|service| service.name.as_str());
    stored.chain(context.discovered.iter().map(|service| service.service.as_str())).collect()
}

/// The labels of a target; none for a target that is not known.
pub(super) fn target_labels<'a>(context: &Context<'a>, target: TargetId) -> Option<&'a Labels> {
    context.view.targets().get(target.0 as usize).map(|target| &target.labels)
}
