//! What becomes of errors by itself.

use super::Error;
use super::reader::Field;
use crate::model::time::Millis;

/// The section `triage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Triage {
    /// An error is new for so long after it was first seen.
    ///
    /// 24 hours: what came since somebody looked yesterday.
    pub new_for: Millis,
    /// An open error that did not happen for so long is resolved; `None` leaves it open.
    ///
    /// Not by default: that nobody looked at an error is no reason to say that it was dealt with.
    pub resolve_after: Option<Millis>,
}

impl Default for Triage {
    fn default() -> Self {
        Self { new_for: Millis::from_seconds(86_400), resolve_after: None }
    }
}

/// Reads the section `triage`.
pub(super) fn read(field: &Field<'_>) -> Result<Triage, Error> {
    let section = field.section(&[&["new_for", "resolve_after"]])?;
    let default = Triage::default();
    Ok(Triage {
        new_for: section.read("new_for", default.new_for, Field::duration)?,
        resolve_after: section.read("resolve_after", None, |field| field.duration().map(Some))?,
    })
}
