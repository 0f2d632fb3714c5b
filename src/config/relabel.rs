//! The keys of relabelling. What the rules do is `discovery::relabel`'s matter.

use super::Error;
use super::pattern::Pattern;
use super::reader::Field;

/// One rule of `relabel_configs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Relabel {
    /// Labels whose values are joined to the rule's input.
    pub source_labels: Vec<String>,
    /// What they are joined with, `;` by default.
    pub separator: String,
    /// What the input (or, for the label actions, a label's name) must match, `(.*)` by default.
    pub regex: Pattern,
    /// Divisor of `hashmod`; 0 for the others.
    pub modulus: u64,
    /// The label that is written.
    pub target_label: String,
    /// What is written, `$1` by default.
    pub replacement: String,
    /// What the rule does.
    pub action: RelabelAction,
}

/// What a rule does. Names and semantics are Prometheus's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum RelabelAction {
    /// Writes the replacement when the input matches.
    #[default]
    Replace,
    /// Writes the input in lower case.
    Lowercase,
    /// Writes the input in upper case.
    Uppercase,
    /// Drops targets whose input does not match.
    Keep,
    /// Drops targets whose input matches.
    Drop,
    /// Drops targets whose input differs from the target label's value.
    KeepEqual,
    /// Drops targets whose input equals the target label's value.
    DropEqual,
    /// Writes a hash of the input modulo the modulus.
    HashMod,
    /// Copies labels whose name matches to the name that the replacement gives.
    LabelMap,
    /// Removes labels whose name matches.
    LabelDrop,
    /// Removes labels whose name does not match.
    LabelKeep,
}

/// The names of the actions, as they are written.
pub(super) const ACTIONS: [(&str, RelabelAction); 11] = [
    ("replace", RelabelAction::Replace),
    ("lowercase", RelabelAction::Lowercase),
    ("uppercase", RelabelAction::Uppercase),
    ("keep", RelabelAction::Keep),
    ("drop", RelabelAction::Drop),
    ("keepequal", RelabelAction::KeepEqual),
    ("dropequal", RelabelAction::DropEqual),
    ("hashmod", RelabelAction::HashMod),
    ("labelmap", RelabelAction::LabelMap),
    ("labeldrop", RelabelAction::LabelDrop),
    ("labelkeep", RelabelAction::LabelKeep),
];

const KEYS: &[&str] = &["source_labels", "separator", "regex", "modulus", "target_label", "replacement", "action"];

pub(super) const SEPARATOR_DEFAULT: &str = ";";
pub(super) const REGEX_DEFAULT: &str = "(.*)";
pub(super) const REPLACEMENT_DEFAULT: &str = "$1";

impl RelabelAction {
    /// The action as it is written in a file.
    #[must_use]
    pub fn name(self) -> &'static str {
        ACTIONS.iter().find(|(_, action)| *action == self).map_or("replace", |(name, _)| name)
    }
}

/// Reads `relabel_configs`.
pub(super) fn read(field: &Field<'_>) -> Result<Vec<Relabel>, Error> {
    field.list()?.iter().map(read_rule).collect()
}

fn read_rule(field: &Field<'_>) -> Result<Relabel, Error> {
    let section = field.section(&[KEYS])?;
    let pattern = |field: &Field<'_>| {
        let text = if field.is_null() { "" } else { field.text()? };
        Pattern::new(text).map_err(|what| field.error(format!("{text:?} is no regular expression: {what}")))
    };
    let default = Pattern::new(REGEX_DEFAULT).map_err(|what| field.error(what))?;
    let rule = Relabel {
        source_labels: section.read("source_labels", Vec::new(), Field::texts)?,
        separator: section.read("separator", SEPARATOR_DEFAULT.to_owned(), Field::string)?,
        regex: section.given("regex").map_or(Ok(default), |field| pattern(&field))?,
        modulus: section.read("modulus", 0, Field::number)?,
        target_label: section.read("target_label", String::new(), Field::string)?,
        replacement: section.read("replacement", REPLACEMENT_DEFAULT.to_owned(), Field::string)?,
        action: section.read("action", RelabelAction::Replace, |field| field.word(&ACTIONS))?,
    };
    match objection(&rule, section.given("regex").is_some(), section.given("source_labels").is_some()) {
        Some(what) => Err(section.error(what)),
        None => Ok(rule),
    }
}

/// What Prometheus would refuse about a rule: keys that its action needs or has no use for.
fn objection(rule: &Relabel, regex_given: bool, sources_given: bool) -> Option<String> {
    use RelabelAction as A;
    let action = rule.action.name();
    let writes =
        matches!(rule.action, A::Replace | A::HashMod | A::Lowercase | A::Uppercase | A::KeepEqual | A::DropEqual);
    if rule.action == A::HashMod && rule.modulus == 0 {
        return Some("action hashmod requires a modulus above 0".to_owned());
    }
    if writes && rule.target_label.is_empty() {
        return Some(format!("action {action} requires target_label"));
    }
    let plain = rule.modulus == 0 && rule.separator == SEPARATOR_DEFAULT && rule.replacement == REPLACEMENT_DEFAULT;
    match rule.action {
        A::KeepEqual | A::DropEqual if regex_given || !plain => {
            Some(format!("action {action} takes source_labels and target_label and nothing else"))
        }
        A::Lowercase | A::Uppercase if rule.replacement != REPLACEMENT_DEFAULT => {
            Some(format!("action {action} takes no replacement"))
        }
        A::LabelMap if rule.replacement.is_empty() => {
            Some("action labelmap requires a replacement that is not empty".to_owned())
        }
        A::LabelDrop | A::LabelKeep if sources_given || !rule.target_label.is_empty() || !plain => {
            Some(format!("action {action} takes regex and nothing else"))
        }
        _ => None,
    }
}
