//! What the indexes' directories are called: `2026-11-20/index`, and `2026-11-20/index.2` when the day has been rewritten twice.

use crate::model::time::Timestamp;

const NAME: &str = "index";

/// The directory of a day, as the occurrences' partitions are named.
pub(super) fn name_of(day: u32) -> String {
    let text = Timestamp(i64::from(day) * 86_400_000).to_string();
    text.split_once('T').map_or(text.clone(), |(date, _)| date.to_owned())
}

/// The index of a day of which occurrences were removed so often: `index`, `index.1`, ….
pub(super) fn index_name(generation: u32) -> String {
    if generation == 0 { NAME.to_owned() } else { format!("{NAME}.{generation}") }
}

/// The generation of an index of this name.
pub(super) fn generation_of(name: &str) -> Option<u32> {
    let generation = match name.strip_prefix(NAME)? {
        "" => 0,
        rest => rest.strip_prefix('.')?.parse().ok()?,
    };
    (index_name(generation) == name).then_some(generation)
}

/// Whether a directory of this name is a day's index.
#[must_use]
pub fn is_index(name: &str) -> bool {
    generation_of(name).is_some()
}
