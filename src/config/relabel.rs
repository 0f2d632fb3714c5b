//! The keys of relabelling. What the rules do is `discovery::relabel`'s matter.

use std::fmt;

use regex::Regex;

/// A regular expression that must match a whole value, as Prometheus anchors it. Equal when its text is equal.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles `text`. As in Prometheus 3 it is anchored at both ends and `.` matches line feeds too.
    ///
    /// # Errors
    /// When `text` is no regular expression, or one that would need too much memory.
    pub fn new(text: impl Into<String>) -> Result<Self, regex::Error> {
        let text = text.into();
        // Compiled alone first, so that an error shows the text as the user wrote it, and so that `a)(b` does not slip
        // through the brackets that are put around it.
        Regex::new(&text)?;
        let regex = Regex::new(&format!("^(?s:{text})$"))?;
        Ok(Self { text, regex })
    }

    /// As written in the file.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The anchored expression.
    #[must_use]
    pub fn regex(&self) -> &Regex {
        &self.regex
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.text)
    }
}

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
