//! What is hidden before anything is stored.

use super::Error;
use super::pattern::Pattern;
use super::reader::Field;

/// The section `redaction`. What is hidden without saying anything stands in [`crate::redact`].
#[derive(Debug, Clone, PartialEq)]
pub struct Redaction {
    /// Whether anything is hidden at all; it is by default, because samples hold whatever people sent.
    pub enabled: bool,
    /// Whether numbers that are card numbers by their length, first digits and check digit are hidden.
    pub card_numbers: bool,
    /// Names of headers whose values are hidden, beside the ones that are known.
    pub headers: Vec<String>,
    /// Names of fields whose values are hidden, beside the ones that are known.
    pub fields: Vec<String>,
    /// Names of headers and fields that are not hidden, though they are known or listed.
    pub keep: Vec<String>,
    /// What else is hidden, wherever it stands.
    pub patterns: Vec<Pattern>,
}

impl Default for Redaction {
    fn default() -> Self {
        let none = Vec::new;
        Self { enabled: true, card_numbers: true, headers: none(), fields: none(), keep: none(), patterns: Vec::new() }
    }
}

/// Names in a list: each costs a little for every name that is looked at.
const NAMES_MAX: usize = 1000;

/// Patterns: each reads every text once.
const PATTERNS_MAX: usize = 50;

/// Reads the section `redaction`.
pub(super) fn read(field: &Field<'_>) -> Result<Redaction, Error> {
    let section = field.section(&[&["enabled", "card_numbers", "headers", "fields", "keep", "patterns"]])?;
    let default = Redaction::default();
    let names = |key: &str| section.read(key, Vec::new(), read_names);
    Ok(Redaction {
        enabled: section.read("enabled", default.enabled, Field::flag)?,
        card_numbers: section.read("card_numbers", default.card_numbers, Field::flag)?,
        headers: names("headers")?,
        fields: names("fields")?,
        keep: names("keep")?,
        patterns: section.read("patterns", Vec::new(), read_patterns)?,
    })
}

fn read_names(field: &Field<'_>) -> Result<Vec<String>, Error> {
    let names = field.list()?;
    if names.len() > NAMES_MAX {
        return Err(field.error(format!("has {} names, more than {NAMES_MAX}", names.len())));
    }
    let name = |field: &Field<'_>| {
        let name = field.name()?;
        let inner = name.strip_prefix('*').unwrap_or(&name);
        let inner = inner.strip_suffix('*').unwrap_or(inner);
        let known = |c: char| c.is_ascii_alphanumeric() || "_-. ".contains(c);
        if inner.chars().all(known) && inner.chars().any(|c| c.is_ascii_alphanumeric()) {
            Ok(name)
        } else {
            Err(field.error(format!(
                "{name:?} is no name: letters, digits, '_', '-' and '.', and maybe a '*' at its begin and its end"
            )))
        }
    };
    names.iter().map(name).collect()
}

fn read_patterns(field: &Field<'_>) -> Result<Vec<Pattern>, Error> {
    let patterns = field.list()?;
    if patterns.len() > PATTERNS_MAX {
        return Err(field.error(format!("has {} patterns, more than {PATTERNS_MAX}", patterns.len())));
    }
    let pattern = |field: &Field<'_>| {
        let pattern = Pattern::anywhere(field.name()?).map_err(|reason| field.error(reason))?;
        if pattern.regex().is_match("") {
            return Err(field.error("finds something in an empty text, and so everywhere"));
        }
        Ok(pattern)
    };
    patterns.iter().map(pattern).collect()
}
