//! Label rules: read from the configuration, and evaluated to what they change.
//!
//! Rules are read from the top, and of those that give the same label the last one that holds counts; so general rules stand
//! first. As long as the rules stay the same a label that was given stays, also when the sample that gave it is forgotten; only
//! a rule further down, or another value of the same target label, takes its place. So it does not matter in which order
//! samples come, or how far the index is behind them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use xxhash_rust::xxh3::xxh3_64;

use crate::config::{self, LabelRule};
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, TargetId};
use crate::model::label::Labels;
use crate::query::filter::rule::RuleQuery;
use crate::query::{self, Context};

/// The rules of a configuration, ready to be evaluated.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    fingerprint: u64,
}

#[derive(Debug, Clone)]
struct Rule {
    query: RuleQuery,
    labels: Labels,
    target_labels: Labels,
}

/// Labels that differ from what the rules say: all of them as they are to be, and of which aggregates.
pub(super) type Differing = Vec<(Labels, AggregateSet)>;

/// Which aggregates are looked at, and whether what they were given before counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reach {
    /// These.
    Some(AggregateSet),
    /// All of them.
    All,
    /// All of them, and nothing that was given before counts.
    Anew,
}

/// What some aggregates are given for one label.
struct Gift {
    value: String,
    /// The rule that gives it.
    rule: usize,
    aggregates: AggregateSet,
}

impl Rules {
    /// Reads the queries of the configured rules.
    ///
    /// # Errors
    /// The first thing that is wrong with one, with its place in the file and in the query.
    pub fn read(configured: &[LabelRule]) -> Result<Self, config::Error> {
        let mut rules = Vec::with_capacity(configured.len());
        let mut said = String::new();
        for rule in configured {
            let query = RuleQuery::parse(&rule.query).map_err(|error| rule.error(words(&error)))?;
            // Writing to a string can not fail.
            let _ = writeln!(said, "{query}\n{:?}\n{:?}", rule.labels, rule.target_labels);
            rules.push(Rule { query, labels: rule.labels.clone(), target_labels: rule.target_labels.clone() });
        }
        Ok(Self { rules, fingerprint: xxh3_64(said.as_bytes()) })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What tells these rules from others: equal for rules that say the same.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Whether any asks for texts of samples.
    pub(super) fn are_textual(&self) -> bool {
        self.rules.iter().any(|rule| rule.query.is_textual())
    }

    /// What is to be changed so that all that is `reached` is as the rules say. What was given before stays where no rule says
    /// better, unless everything is computed anew.
    ///
    /// # Errors
    /// When the store or the index can not be read.
    pub(super) fn differing(&self, context: &Context<'_>, reach: &Reach) -> Result<Differing, query::Error> {
        let anew = *reach == Reach::Anew;
        let within = if let Reach::Some(within) = reach { Some(within) } else { None };
        let gifts = self.gifts(context, within)?;
        let mut changed: BTreeMap<AggregateId, Labels> = BTreeMap::new();
        let aggregates = context.view.aggregates();
        let ruled = |id: AggregateId| aggregates.get(id.0 as usize).map(|aggregate| aggregate.triage.labels.ruled());
        for (name, gifts) in &gifts {
            for gift in gifts {
                for id in gift.aggregates.iter() {
                    let Some(ruled) = ruled(id) else { continue };
                    let had = changed.get(&id).unwrap_or(ruled).get(name);
                    let keeps = had.is_some_and(|had| {
                        had == gift.value || (!anew && self.rank(name, had).is_some_and(|rank| rank > gift.rule))
                    });
                    if !keeps {
                        changed.entry(id).or_insert_with(|| ruled.clone()).set(*name, gift.value.as_str());
                    }
                }
            }
        }
        if anew {
            take_away(context, &gifts, &mut changed);
        }
        let mut differing: BTreeMap<Labels, AggregateSet> = BTreeMap::new();
        for (id, labels) in changed {
            differing.entry(labels).or_default().insert(id);
        }
        Ok(differing.into_iter().collect())
    }

    /// By label: what each aggregate is given, each aggregate once.
    fn gifts(
        &self,
        context: &Context<'_>,
        within: Option<&AggregateSet>,
    ) -> Result<BTreeMap<&str, Vec<Gift>>, query::Error> {
        let of_targets = |rule: &Rule| rule.query.speaks_of_targets() || !rule.target_labels.is_empty();
        let exposed: Vec<(AggregateId, TargetId)> = if self.rules.iter().any(of_targets) {
            let reached = |id| within.is_none_or(|within| within.contains(id));
            context.view.exposed().filter(|(aggregate, _)| reached(*aggregate)).collect()
        } else {
            Vec::new()
        };
        let mut carried: BTreeMap<&str, BTreeMap<String, AggregateSet>> = BTreeMap::new();
        let mut given: BTreeMap<&str, AggregateSet> = BTreeMap::new();
        let mut gifts: BTreeMap<&str, Vec<Gift>> = BTreeMap::new();
        // From the bottom: what a later rule gives is not given again.
        for (index, rule) in self.rules.iter().enumerate().rev() {
            let matching = rule.query.matching(context, &exposed, within)?;
            let mut give = |name, value: &str, mut aggregates: AggregateSet| {
                let given: &mut AggregateSet = given.entry(name).or_default();
                aggregates.0 -= &given.0;
                given.0 |= &aggregates.0;
                if !aggregates.is_empty() {
                    gifts.entry(name).or_default().push(Gift { value: value.to_owned(), rule: index, aggregates });
                }
            };
            for (name, value) in rule.labels.iter() {
                give(name, value, matching.clone());
            }
            for (name, target_label) in rule.target_labels.iter() {
                let values = carried.entry(target_label).or_insert_with(|| carry(context, &exposed, target_label));
                for (value, aggregates) in values {
                    give(name, value, AggregateSet(&aggregates.0 & &matching.0));
                }
            }
        }
        Ok(gifts)
    }

    /// The last rule that may have given this value; `None` when none of these rules can have.
    fn rank(&self, name: &str, value: &str) -> Option<usize> {
        let carries = |rule: &Rule| rule.target_labels.get(name).is_some();
        let gave = self.rules.iter().rposition(|rule| rule.labels.get(name) == Some(value));
        gave.or_else(|| self.rules.iter().rposition(carries))
    }
}

/// Removes what nothing gives from what the rules gave before.
fn take_away(context: &Context<'_>, gifts: &BTreeMap<&str, Vec<Gift>>, changed: &mut BTreeMap<AggregateId, Labels>) {
    let given: BTreeMap<&str, AggregateSet> = gifts
        .iter()
        .map(|(name, gifts)| {
            let mut all = AggregateSet::new();
            for gift in gifts {
                all.0 |= &gift.aggregates.0;
            }
            (*name, all)
        })
        .collect();
    for aggregate in context.view.aggregates() {
        for (name, _) in aggregate.triage.labels.ruled().iter() {
            if !given.get(name).is_some_and(|given| given.contains(aggregate.id)) {
                let labels = changed.entry(aggregate.id).or_insert_with(|| aggregate.triage.labels.ruled().clone());
                labels.remove(name);
            }
        }
    }
}

/// The aggregates by the value that the youngest of their targets with this label has for it. Targets' ids ascend in the order
/// in which they were first seen.
fn carry(context: &Context<'_>, exposed: &[(AggregateId, TargetId)], label: &str) -> BTreeMap<String, AggregateSet> {
    let targets = context.view.targets();
    let value_of = |target: TargetId| {
        let value = targets.get(target.0 as usize)?.labels.get(label)?;
        (value.len() <= config::label_rule::VALUE_BYTES_MAX && !value.chars().any(char::is_control)).then_some(value)
    };
    let mut youngest: BTreeMap<AggregateId, TargetId> = BTreeMap::new();
    for (aggregate, target) in exposed.iter().filter(|(_, target)| value_of(*target).is_some()) {
        let known = youngest.entry(*aggregate).or_insert(*target);
        *known = (*known).max(*target);
    }
    let mut values: BTreeMap<String, AggregateSet> = BTreeMap::new();
    for (aggregate, target) in youngest {
        if let Some(value) = value_of(target) {
            values.entry(value.to_owned()).or_default().insert(aggregate);
        }
    }
    values
}

fn words(error: &query::Error) -> String {
    match error {
        query::Error::Invalid { position: Some(position), message, .. } => {
            format!("at character {position}: {message}")
        }
        other => other.to_string(),
    }
}
