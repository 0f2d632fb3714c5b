//! Labels that rules give.

use std::collections::BTreeSet;

use super::Error;
use super::reader::Field;
use super::tree::Place;
use crate::model::label::Labels;

/// An entry of `label_rules`: errors for which a query holds are given labels.
///
/// The query is a text here: what it says is read where queries are known, which needs [`LabelRule::error`].
#[derive(Debug, Clone)]
pub struct LabelRule {
    /// The query.
    pub query: String,
    /// Annotation labels.
    pub labels: Labels,
    /// Annotation labels whose value is that of a target label: pairs of the two names.
    pub target_labels: Labels,
    file: String,
    place: Place,
    path: String,
}

/// Rules: each is evaluated again and again.
const RULES_MAX: usize = 1000;

/// Different labels that all rules name: an error has 64 at most, and people need some for themselves.
pub(super) const NAMES_MAX: usize = 32;

/// Bytes of a label's name, as for labels that people give.
const NAME_BYTES_MAX: usize = 100;

/// Bytes of a label's value, as for labels that people give.
pub const VALUE_BYTES_MAX: usize = 1000;

impl LabelRule {
    /// What is wrong with the query, with its place in the file.
    #[must_use]
    pub fn error(&self, what: impl std::fmt::Display) -> Error {
        Error {
            file: self.file.clone(),
            line: self.place.line,
            column: self.place.column,
            path: self.path.clone(),
            what: what.to_string(),
        }
    }
}

impl PartialEq for LabelRule {
    /// Rules that say the same are equal wherever they stand.
    fn eq(&self, other: &Self) -> bool {
        (&self.query, &self.labels, &self.target_labels) == (&other.query, &other.labels, &other.target_labels)
    }
}

/// Reads the list `label_rules`.
pub(super) fn read(field: &Field<'_>) -> Result<Vec<LabelRule>, Error> {
    let fields = field.list()?;
    if fields.len() > RULES_MAX {
        return Err(field.error(format!("has {} rules, more than {RULES_MAX}", fields.len())));
    }
    let rules = fields.iter().map(read_rule).collect::<Result<Vec<LabelRule>, Error>>()?;
    let all = rules.iter().flat_map(|rule| rule.labels.iter().chain(rule.target_labels.iter()));
    let names = all.map(|(name, _)| name).collect::<BTreeSet<&str>>().len();
    if names > NAMES_MAX {
        return Err(field.error(format!("name {names} different labels in all, more than {NAMES_MAX}")));
    }
    Ok(rules)
}

fn read_rule(field: &Field<'_>) -> Result<LabelRule, Error> {
    let section = field.section(&[&["query", "labels", "target_labels"]])?;
    let at = section.require("query", |field| Ok(field.clone()))?;
    let rule = LabelRule {
        query: at.string()?,
        labels: section.read("labels", Labels::default(), read_labels)?,
        target_labels: section.read("target_labels", Labels::default(), read_target_labels)?,
        file: at.source.name.to_owned(),
        place: at.place(),
        path: at.path().to_owned(),
    };
    let twice = rule.labels.iter().find(|(name, _)| rule.target_labels.get(name).is_some());
    if let Some((name, _)) = twice {
        return Err(field.error(format!("gives label {name:?} twice, in labels and in target_labels")));
    }
    if rule.labels.is_empty() && rule.target_labels.is_empty() {
        return Err(field.error("gives no labels: it needs labels or target_labels"));
    }
    Ok(rule)
}

fn read_labels(field: &Field<'_>) -> Result<Labels, Error> {
    let labels = read_names(field)?;
    for (_, value) in field.entries()? {
        let text = value.text()?;
        if text.is_empty() {
            return Err(value.error("must not be empty: a rule can not take a label away"));
        }
        if text.len() > VALUE_BYTES_MAX {
            return Err(value.error(format!("has {} bytes, more than {VALUE_BYTES_MAX}", text.len())));
        }
        if text.chars().any(char::is_control) {
            return Err(value.error("must not have control characters"));
        }
    }
    Ok(labels)
}

fn read_target_labels(field: &Field<'_>) -> Result<Labels, Error> {
    let labels = read_names(field)?;
    for (_, value) in field.entries()? {
        value.name()?;
    }
    Ok(labels)
}

/// Labels with names that a query can say.
fn read_names(field: &Field<'_>) -> Result<Labels, Error> {
    let known = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    for (key, value) in field.entries()? {
        let name = &key.name;
        if name.is_empty() || !name.chars().all(known) {
            return Err(value.error(format!("{name:?} is no name of a label: letters, digits, '_', '.', '-' and '/'")));
        }
        if name.starts_with("__") {
            return Err(value.error("names that begin with __ are reserved"));
        }
        if name.len() > NAME_BYTES_MAX {
            return Err(value.error(format!("the name has {} bytes, more than {NAME_BYTES_MAX}", name.len())));
        }
    }
    field.labels()
}
