//! Views: the built-in ones and those that people saved.

use super::matcher::Query;
use super::{Context, filter};
use crate::model::time::{TimeRange, Timestamp};
use crate::model::view::SavedView;

/// The built-in views: names and queries, in the order in which one asks.
const BUILTIN: [(&str, &str); 8] = [
    ("open", "is:open"),
    ("new", "is:open is:new"),
    ("regressed", "is:regressed"),
    ("escalating", "is:escalating"),
    ("muted", "is:muted"),
    ("resolved", "is:resolved"),
    ("mine", "is:open assignee:me"),
    ("unlabelled", "is:open -has:label"),
];

/// A view and what it selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The view.
    pub view: SavedView,
    /// It is always there.
    pub builtin: bool,
    /// How many errors its query selects now; `None` when it can not be answered.
    pub errors: Option<u64>,
}

/// All views: the built-in ones, then the saved ones by name.
#[must_use]
pub fn all(context: &Context<'_>) -> Vec<Shown> {
    let builtin = BUILTIN.iter().map(|(name, query)| builtin(context, name, query));
    let saved = context.view.saved_views().map(|view| shown(context, view.clone(), false));
    builtin.chain(saved).collect()
}

/// The view of this name.
#[must_use]
pub fn find(context: &Context<'_>, name: &str) -> Option<Shown> {
    if let Some((name, query)) = BUILTIN.iter().find(|(builtin, _)| *builtin == name) {
        return Some(builtin(context, name, query));
    }
    let saved = context.view.saved_views().find(|view| view.name == name)?;
    Some(shown(context, saved.clone(), false))
}

/// Whether a view of this name is always there.
#[must_use]
pub fn is_builtin(name: &str) -> bool {
    BUILTIN.iter().any(|(builtin, _)| *builtin == name)
}

fn builtin(context: &Context<'_>, name: &str, query: &str) -> Shown {
    let view = SavedView {
        name: name.to_owned(),
        query: query.to_owned(),
        start: String::new(),
        end: String::new(),
        sort: String::new(),
        saved_by: String::new(),
        saved_at: Timestamp(0),
    };
    shown(context, view, true)
}

fn shown(context: &Context<'_>, view: SavedView, builtin: bool) -> Shown {
    // A label that its query names may be gone, and `me` be nobody: that is no reason to show no views.
    let errors = count(context, &view.query).ok();
    Shown { view, builtin, errors }
}

fn count(context: &Context<'_>, query: &str) -> Result<u64, super::Error> {
    let query = Query::parse(query)?;
    let day =
        TimeRange { start: context.now.minus(crate::model::time::Millis::from_seconds(86_400)), end: context.now };
    Ok(filter::select(context, &query, day)?.aggregate_set(context).len())
}
