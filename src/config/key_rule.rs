//! What is taken out of aggregation keys before anything is counted under them.

use super::Error;
use super::pattern::Pattern;
use super::reader::Field;

/// An entry of `key_rules`. A key goes through all rules, in the order of the file; what they mean stands in [`crate::key`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRule {
    /// Parts of a known shape are replaced by what they are.
    Strip(Vec<KeyPart>),
    /// What a pattern finds anywhere in a key is replaced; the text may refer to groups, as in relabelling.
    Replace {
        /// What to find.
        regex: Pattern,
        /// What to put in its place.
        replacement: String,
    },
}

/// A part of a key that is known by its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPart {
    /// What stands behind the last `@`, where it is a hash.
    Hash,
    /// UUIDs.
    Uuids,
    /// Hexadecimal numbers that stand alone: eight digits and more, or `0x` before them.
    Hex,
    /// Decimal numbers.
    Numbers,
}

impl KeyPart {
    /// All of them, the strongest first.
    pub const ALL: [Self; 4] = [Self::Hash, Self::Uuids, Self::Hex, Self::Numbers];

    /// As in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Uuids => "uuids",
            Self::Hex => "hex",
            Self::Numbers => "numbers",
        }
    }
}

/// Rules of a service: each key that moved goes through all of them.
const RULES_MAX: usize = 50;

/// Reads the list `key_rules`.
pub(super) fn read(field: &Field<'_>) -> Result<Vec<KeyRule>, Error> {
    let rules = field.list()?;
    if rules.len() > RULES_MAX {
        return Err(field.error(format!("has {} rules, more than {RULES_MAX}", rules.len())));
    }
    rules.iter().map(read_rule).collect()
}

fn read_rule(field: &Field<'_>) -> Result<KeyRule, Error> {
    let section = field.section(&[&["strip", "regex", "replacement"]])?;
    match (section.get("strip"), section.get("regex"), section.get("replacement")) {
        (Some(strip), None, None) => {
            let names = KeyPart::ALL.map(|part| (part.name(), part));
            let parts = strip.list()?.iter().map(|part| part.word(&names)).collect::<Result<Vec<KeyPart>, Error>>()?;
            if parts.is_empty() {
                return Err(strip.error("names nothing: it takes some of hash, uuids, hex and numbers"));
            }
            Ok(KeyRule::Strip(parts))
        }
        (None, Some(regex), Some(replacement)) => {
            let pattern = Pattern::anywhere(regex.name()?).map_err(|reason| regex.error(reason))?;
            if pattern.regex().is_match("") {
                return Err(regex.error("finds something in an empty text, and so everywhere"));
            }
            Ok(KeyRule::Replace { regex: pattern, replacement: replacement.string()? })
        }
        (None, Some(_), None) => Err(field.error("has a regex and no replacement")),
        (None, None, Some(_)) => Err(field.error("has a replacement and no regex")),
        (None, None, None) => Err(field.error("says nothing: it takes strip, or regex and replacement")),
        (Some(strip), _, _) => Err(strip.error("stands alone: regex and replacement are a rule of their own")),
    }
}
