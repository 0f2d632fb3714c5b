//! Groups of counts: what they are grouped by, which group a count belongs to, and counting by groups.

use std::collections::BTreeMap;
use std::fmt;

use super::filter::{self, Selection, Targets};
use super::{Context, Error, suggestion};
use crate::model::id::{AggregateId, ServiceId};
use crate::model::label::Labels;
use crate::model::series::{Buckets, Count};
use crate::model::severity::Severity;
use crate::model::triage::State;
use crate::store::{Hit, Scan, Split};

/// What counts are grouped by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum By {
    /// By nothing: one group of all.
    #[default]
    Nothing,
    /// By service.
    Service,
    /// By the aggregate's severity as last exposed.
    Severity,
    /// By the aggregate's state now.
    State,
    /// Each aggregate for itself.
    Aggregate,
    /// By a label of the target at which it was counted.
    Target(String),
    /// By an annotation label of the aggregate.
    Label(String),
}

impl By {
    /// Reads the parameter `by`; empty or not given is by nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `by` with what there is to group by.
    pub fn parse(text: Option<&str>) -> Result<Self, Error> {
        let text = text.unwrap_or("");
        Ok(match text {
            "" => Self::Nothing,
            "service" => Self::Service,
            "severity" | "level" => Self::Severity,
            "state" => Self::State,
            "aggregate" => Self::Aggregate,
            _ => match text.split_once('.') {
                Some(("target", name)) if !name.is_empty() => Self::Target(name.to_owned()),
                Some(("label", name)) if !name.is_empty() => Self::Label(name.to_owned()),
                _ => {
                    let known = ["service", "severity", "state", "aggregate", "target.NAME", "label.NAME"];
                    let known = suggestion::known(text, known);
                    return Err(Error::invalid("by", format!("there is nothing like {text:?} to group by{known}")));
                }
            },
        })
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Service => f.write_str("service"),
            Self::Severity => f.write_str("severity"),
            Self::State => f.write_str("state"),
            Self::Aggregate => f.write_str("aggregate"),
            Self::Target(name) => write!(f, "target.{name}"),
            Self::Label(name) => write!(f, "label.{name}"),
        }
    }
}

/// The groups of one answer, numbered from 0, and the group of each count. Every count has exactly one.
pub(super) struct Grouping<'a> {
    context: Context<'a>,
    of: Of,
    names: Names<'a>,
    len: usize,
}

/// How a hit's group is found.
enum Of {
    One,
    Service,
    /// By aggregate id.
    Aggregate(Vec<u32>),
    /// By target id; a target that is not known is in group 0, that of no value.
    Target(Vec<u32>),
}

/// What a group is called.
enum Names<'a> {
    Nothing,
    Services,
    Aggregates(Vec<AggregateId>),
    Values(String, Vec<&'a str>),
}

impl<'a> Grouping<'a> {
    /// The groups of `by` in what `selection` selects.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `by` when nothing has the label to group by.
    pub(super) fn new(context: &Context<'a>, by: &By, selection: &Selection) -> Result<Self, Error> {
        let aggregates = context.view.aggregates();
        let by_value = |value: fn(&'a crate::model::aggregate::Aggregate) -> &'a str| {
            let (of, values) = number(aggregates.iter().map(value));
            (Of::Aggregate(of), values)
        };
        let (of, names) = match by {
            By::Nothing => (Of::One, Names::Nothing),
            By::Service => (Of::Service, Names::Services),
            By::Aggregate => by_aggregate(context, selection),
            By::Severity => {
                let (of, values) = by_value(|aggregate| Severity::name(aggregate.severity));
                (of, Names::Values(by.to_string(), values))
            }
            By::State => {
                let (of, values) = by_value(|aggregate| State::name(aggregate.state()));
                (of, Names::Values(by.to_string(), values))
            }
            By::Label(name) => {
                let known = filter::annotation_names(context);
                check_known("error", name, &known)?;
                let (of, values) =
                    number(aggregates.iter().map(|aggregate| aggregate.triage.labels.get(name).unwrap_or("")));
                (Of::Aggregate(of), Names::Values(by.to_string(), values))
            }
            By::Target(name) => {
                let known = filter::target_label_names(context);
                check_known("target", name, &known)?;
                let targets = context.view.targets();
                let (of, values) = number(targets.iter().map(|target| target.labels.get(name).unwrap_or("")));
                (Of::Target(of), Names::Values(by.to_string(), values))
            }
        };
        let len = match &names {
            Names::Nothing => 1,
            Names::Services => context.view.services().len(),
            Names::Aggregates(ids) => ids.len(),
            Names::Values(_, values) => values.len(),
        };
        Ok(Self { context: *context, of, names, len })
    }

    /// How many groups there may be; most may have counted nothing.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The coarsest split that tells these groups apart.
    pub(super) fn split(&self) -> Split {
        match self.of {
            Of::Target(_) => Split::Target,
            Of::One | Of::Service => Split::Service,
            Of::Aggregate(_) => Split::Aggregate,
        }
    }

    /// The group a hit belongs to.
    pub(super) fn of(&self, hit: &Hit) -> usize {
        let look = |groups: &[u32], id: u32| groups.get(id as usize).map_or(0, |group| *group as usize);
        match &self.of {
            Of::One => 0,
            Of::Service => hit.service.0 as usize,
            Of::Aggregate(groups) => look(groups, hit.aggregate.0),
            Of::Target(groups) => look(groups, hit.target.0),
        }
    }

    /// What the group is called: no labels for the group of what lacks the value.
    pub(super) fn labels(&self, group: usize) -> Labels {
        match &self.names {
            Names::Nothing => Labels::default(),
            Names::Services => Labels::from_pairs([("service", service_name(&self.context, ServiceId(group as u32)))]),
            Names::Aggregates(ids) => ids.get(group).map_or_else(Labels::default, |id| self.aggregate_labels(*id)),
            Names::Values(by, values) => Labels::from_pairs([(by.as_str(), values.get(group).copied().unwrap_or(""))]),
        }
    }

    fn aggregate_labels(&self, id: AggregateId) -> Labels {
        let Some(aggregate) = self.context.view.aggregates().get(id.0 as usize) else { return Labels::default() };
        Labels::from_pairs([
            ("aggregate", id.to_string().as_str()),
            ("service", service_name(&self.context, aggregate.service)),
            ("class", aggregate.class.as_str()),
            ("message", aggregate.message.as_str()),
        ])
    }
}

/// The service's name; empty for an id that is not known.
#[must_use]
pub fn service_name<'a>(context: &Context<'a>, service: ServiceId) -> &'a str {
    context.view.services().get(service.0 as usize).map_or("", |service| service.name.as_str())
}

/// Counts what is selected, hit by hit.
///
/// # Errors
/// [`Error::Store`] when the store can not be read.
pub(super) fn scan(
    context: &Context<'_>,
    selection: &Selection,
    split: Split,
    buckets: Buckets,
    sink: &mut dyn FnMut(Hit),
) -> Result<(), Error> {
    if split == Split::Service && selection.is_whole_services() {
        // Totals of services are series of their own: reading all and keeping some is cheaper than adding up aggregates.
        let request = Scan { aggregates: None, targets: None, split, buckets };
        let mut keep = |hit: Hit| {
            if selection.has_service(hit.service) {
                sink(hit);
            }
        };
        return Ok(context.view.scan(&request, &mut keep)?);
    }
    let of_services = match (&selection.aggregates, &selection.services) {
        (None, Some(_)) => Some(selection.aggregate_set(context)),
        _ => None,
    };
    let aggregates = selection.aggregates.as_ref().or(of_services.as_ref());
    let targets = match &selection.targets {
        Targets::All => None,
        Targets::Only(targets) => Some(targets),
        Targets::Pairs(pairs) => {
            let request = Scan { aggregates, targets: None, split: Split::Target, buckets };
            let mut keep = |hit: Hit| {
                if pairs.contains(hit.aggregate, hit.target) {
                    sink(hit);
                }
            };
            return Ok(context.view.scan(&request, &mut keep)?);
        }
    };
    let request = Scan { aggregates, targets, split, buckets };
    Ok(context.view.scan(&request, sink)?)
}

/// Counts by group and bucket: the count of `group` in `bucket` stands at `group * buckets.len + bucket`.
///
/// # Errors
/// [`Error::Store`] when the store can not be read.
pub(super) fn tally(
    context: &Context<'_>,
    selection: &Selection,
    grouping: &Grouping<'_>,
    buckets: Buckets,
) -> Result<Vec<Count>, Error> {
    let mut cells = vec![Count::default(); grouping.len().saturating_mul(buckets.len)];
    scan(context, selection, grouping.split(), buckets, &mut |hit| {
        if let Some(cell) = cells.get_mut(grouping.of(&hit) * buckets.len + hit.bucket) {
            cell.add(hit.count);
        }
    })?;
    Ok(cells)
}

/// Groups with a count, most frequent first; of equally frequent ones the lower number first, so that the order stands
/// still when the page is refreshed.
pub(super) fn rank(totals: &[Count]) -> Vec<usize> {
    let counted = totals.iter().enumerate().filter(|(_, count)| count.total > 0);
    let mut groups: Vec<(u64, usize)> = counted.map(|(group, count)| (count.total, group)).collect();
    groups.sort_unstable_by_key(|(total, group)| (std::cmp::Reverse(*total), *group));
    groups.into_iter().map(|(_, group)| group).collect()
}

fn by_aggregate<'a>(context: &Context<'a>, selection: &Selection) -> (Of, Names<'a>) {
    let ids: Vec<AggregateId> = selection.aggregate_set(context).iter().collect();
    let mut groups = vec![0; context.view.aggregates().len()];
    for (group, id) in ids.iter().enumerate() {
        if let Some(place) = groups.get_mut(id.0 as usize) {
            *place = group as u32;
        }
    }
    (Of::Aggregate(groups), Names::Aggregates(ids))
}

/// Numbers the values in their order, the empty value always as 0, and gives each item its value's number.
fn number<'a>(values: impl Iterator<Item = &'a str> + Clone) -> (Vec<u32>, Vec<&'a str>) {
    let mut numbers = BTreeMap::from([("", 0)]);
    for value in values.clone() {
        numbers.entry(value).or_insert(0);
    }
    for (place, number) in numbers.values_mut().enumerate() {
        *number = place as u32;
    }
    (values.map(|value| numbers.get(value).copied().unwrap_or(0)).collect(), numbers.into_keys().collect())
}

fn check_known(what: &str, name: &str, known: &std::collections::BTreeSet<&str>) -> Result<(), Error> {
    if known.contains(name) {
        return Ok(());
    }
    let known = suggestion::known(name, known.iter().copied());
    Err(Error::invalid("by", format!("no {what} has a label {name:?}{known}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_to_group_by_is_read_and_shown_alike() {
        for text in ["", "service", "severity", "state", "aggregate", "target.instance", "label.team"] {
            assert_eq!(By::parse(Some(text)).unwrap().to_string(), text);
        }
        assert_eq!(By::parse(None).unwrap(), By::Nothing);
        assert_eq!(By::parse(Some("level")).unwrap(), By::Severity);
        for text in ["servce", "target.", "label.", "instance", "target"] {
            let error = By::parse(Some(text)).unwrap_err();
            assert!(matches!(error, Error::Invalid { param: "by", .. }), "{text}");
            assert!(error.to_string().contains("known: service, severity"), "{error}");
        }
    }

    #[test]
    fn values_are_numbered_in_their_order_and_the_empty_one_is_zero() {
        let (of, values) = number(["b", "a", "", "b"].into_iter());
        assert_eq!((of, values), (vec![2, 1, 0, 2], vec!["", "a", "b"]));
        assert_eq!(number(["x"].into_iter()), (vec![1], vec!["", "x"]));
    }

    #[test]
    fn groups_are_ranked_by_count_and_equal_ones_stand_still() {
        let count = |total| Count { total, estimated: 0 };
        assert_eq!(rank(&[count(1), count(0), count(5), count(1)]), [2, 0, 3]);
    }
}
