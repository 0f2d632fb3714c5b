//! When backups are made by themselves, and where they go.

use std::path::PathBuf;

use super::Error;
use super::reader::Field;
use crate::model::time::Millis;

/// The section `backup`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The directory of backups. What they have in common is in it once.
    pub directory: PathBuf,
    /// Time from one backup to the next.
    ///
    /// A day: what is lost with a disk is at most a day of counts, and a backup costs what a day brought.
    pub interval: Millis,
    /// How many of them are kept.
    ///
    /// 14: two weeks to find out that something went wrong.
    pub keep: usize,
    /// Bytes that are read in a second.
    ///
    /// 32 MiB: a gigabyte takes half a minute, and scraping does not notice.
    pub rate: u64,
    /// Whether the search index is copied, too. It is made anew without.
    pub with_index: bool,
}

/// Bytes in a second that leave disk and cores to scraping.
pub const RATE: u64 = 32 << 20;

/// Reads the section `backup`.
pub(super) fn read(field: &Field<'_>) -> Result<Backup, Error> {
    let section = field.section(&[&["directory", "interval", "keep", "rate", "with_index"]])?;
    Ok(Backup {
        directory: section.require("directory", |field| field.name().and_then(|_| field.relative_path()))?,
        interval: section.read("interval", Millis::from_seconds(86_400), Field::duration)?,
        keep: section.read("keep", 14, Field::count)?,
        rate: section.read("rate", RATE, Field::size)?,
        with_index: section.read("with_index", false, Field::flag)?,
    })
}
