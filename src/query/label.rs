//! What there is to filter and group by: labels of targets and annotation labels, and their values.

use std::collections::BTreeSet;

use super::group::By;
use super::{Context, Error, filter, suggestion};
use crate::store::LabelSets;

/// Most values in one answer: a list to choose from, not an export.
pub const VALUES_MAX: usize = 10_000;

/// All dimensions, `label.…` and `target.…`, sorted.
#[must_use]
pub fn names(context: &Context<'_>) -> Vec<String> {
    let annotations = filter::annotation_names(context).into_iter().map(|name| format!("label.{name}"));
    annotations.chain(filter::target_label_names(context).into_iter().map(|name| format!("target.{name}"))).collect()
}

/// The values of one dimension, sorted, at most [`VALUES_MAX`], and whether there are more.
///
/// # Errors
/// [`Error::NotFound`] when there is no such dimension.
pub fn values(context: &Context<'_>, name: &str) -> Result<(Vec<String>, bool), Error> {
    let mut values: BTreeSet<&str> = match By::parse(Some(name)) {
        Ok(By::Target(label)) => context.view.targets().iter().filter_map(|target| target.labels.get(&label)).collect(),
        Ok(By::Label(label)) => {
            let label = context.view.sets().label(&label);
            label.into_iter().flat_map(LabelSets::values).map(|(value, _)| value).collect()
        }
        _ => BTreeSet::new(),
    };
    if values.is_empty() {
        let names = names(context);
        let known = suggestion::known(name, names.iter().map(String::as_str));
        return Err(Error::NotFound { what: "label", name: format!("{name:?}{known}") });
    }
    let more = values.len() > VALUES_MAX;
    while values.len() > VALUES_MAX {
        values.pop_last();
    }
    Ok((values.into_iter().map(str::to_owned).collect(), more))
}
