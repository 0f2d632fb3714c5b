//! Looking through indexes while nobody uses them.

use std::io;
use std::path::{Path, PathBuf};

use super::copy::entries;
use super::day::Day;
use super::error::Error;
use super::name::generation_of;
use super::schema;
use crate::model::time::Timestamp;
use crate::quiet::quietly;

/// A day's index that was looked through.
#[derive(Debug)]
pub struct Checked {
    /// Days since 1970.
    pub day: u32,
    /// Which of the day's files of occurrences it is of.
    pub generation: u32,
    /// Where it is.
    pub path: PathBuf,
    /// Up to which commit it goes and how many occurrences it has, or why it is of no use.
    pub state: Result<(u64, u64), String>,
}

/// Looks through the indexes of all days, oldest first: all checksums, and whether they fit together.
///
/// # Errors
/// When a directory can not be read.
pub fn check(directory: &Path) -> io::Result<Vec<Checked>> {
    let (_, fields) = schema::schema();
    let mut all = Vec::new();
    for (date, _) in entries(directory)? {
        let Some(time) = Timestamp::parse_rfc3339(&format!("{date}T00:00:00Z")) else { continue };
        let day = time.day();
        for (name, is_file) in entries(&directory.join(&date))? {
            let Some(generation) = generation_of(&name) else { continue };
            let path = directory.join(&date).join(name);
            let opened = quietly(|| Day::open(&path, day, fields).map(|index| (index.commit(), index.occurrences())));
            let state = match opened.unwrap_or_else(|_| Err(Error::unusable(&path, "opening it failed"))) {
                Ok(state) => Ok(state),
                Err(_) if !is_file && is_bare(&path)? => Ok((0, 0)),
                Err(error) => Err(error.to_string()),
            };
            all.push(Checked { day, generation, path, state });
        }
    }
    Ok(all)
}

/// Whether an index is not even begun: the process ended between its directory and the first that an index has. Nothing else makes
/// one that says nothing and holds nothing.
fn is_bare(path: &Path) -> io::Result<bool> {
    Ok(entries(path)?.iter().all(|(name, _)| name.starts_with('.')))
}
