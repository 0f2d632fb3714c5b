//! How bad an error is, in Periskop's three words.

use std::fmt;

/// Severity of an aggregate or an occurrence. What a client leaves empty or misspells counts as an error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warning,
    /// Something failed.
    #[default]
    Error,
}

impl Severity {
    /// All severities, least first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    /// Reads a client's word, whatever its case; anything unknown is an error, as in Periskop.
    #[must_use]
    pub fn from_wire(word: &str) -> Self {
        Self::from_name(&word.to_ascii_lowercase()).unwrap_or_default()
    }

    /// The severity of exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }

    /// `info`, `warning` or `error`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
