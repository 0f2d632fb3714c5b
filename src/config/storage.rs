//! How long things are kept.

use super::Error;
use super::reader::Field;
use crate::model::time::Millis;

/// The section `storage`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Storage {
    /// How long things are kept.
    pub retention: Retention,
}

/// Ages and sizes at which things are removed, whichever comes first. Neither `targets` nor `occurrences` is above `time`, and `rollups`
/// is not below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Counts by the second.
    ///
    /// 90 days: a quarter, enough to compare releases; a fleet with 500 changed aggregates every 15 s needs about 2 MB a day.
    pub time: Millis,
    /// Counts by the hour and the day, and coverage.
    ///
    /// As long as `time` unless something longer is said: they are a tenth of it, so years of them fit where months of counts do.
    pub rollups: Millis,
    /// The breakdown of the counts by target.
    ///
    /// 30 days: it is the larger part of the counts, and instances of last month are seldom asked for.
    pub targets: Millis,
    /// Occurrences: messages, stacks, requests.
    ///
    /// 30 days: they are by far the most bytes, and hold what people may have to forget.
    pub occurrences: Millis,
    /// Activity: who changed which state or label, and when.
    ///
    /// Ten years: it is the work of people, and small.
    pub activity: Millis,
    /// Bytes that occurrences may take before days are thinned.
    ///
    /// 20 GiB: some hundred million occurrences, and no surprise on a disk that was made for this.
    pub occurrence_bytes: u64,
    /// Bytes that counts by the second may take.
    pub count_bytes: Option<u64>,
    /// Bytes that counts by the hour and the day, and coverage, may take.
    pub rollup_bytes: Option<u64>,
    /// Bytes that activity may take.
    pub activity_bytes: Option<u64>,
    /// Bytes that the whole data directory may take.
    ///
    /// No limit of its own: what is right depends on the disk, and ages bound what a fleet writes.
    pub bytes: Option<u64>,
}

/// The last day of counts always stays, and a fleet of any size has more of it than that.
const BYTES_MIN: u64 = 1 << 20;

impl Default for Retention {
    fn default() -> Self {
        let days = |days: i64| Millis::from_seconds(days * 86_400);
        Self {
            time: days(90),
            rollups: days(90),
            targets: days(30),
            occurrences: days(30),
            activity: days(3650),
            occurrence_bytes: 20 << 30,
            count_bytes: None,
            rollup_bytes: None,
            activity_bytes: None,
            bytes: None,
        }
    }
}

/// Reads the section `storage`.
pub(super) fn read(field: &Field<'_>) -> Result<Storage, Error> {
    let section = field.section(&[&["retention"]])?;
    Ok(Storage { retention: section.read("retention", Retention::default(), read_retention)? })
}

fn read_retention(field: &Field<'_>) -> Result<Retention, Error> {
    let section = field.section(&[
        &["time", "rollups", "targets", "occurrences", "activity"],
        &["size", "counts_size", "rollups_size", "occurrences_size", "activity_size"],
    ])?;
    let default = Retention::default();
    let time = section.read("time", default.time, Field::duration)?;
    let part = |key: &str, default: Millis| {
        section.read(key, default.min(time), |field| match field.duration()? {
            length if length > time => {
                Err(field.error(format!("{length} is longer than retention.time, which is {time}")))
            }
            length => Ok(length),
        })
    };
    let size = |key: &str| {
        section.read(key, None, |field| match field.size()? {
            bytes if bytes < BYTES_MIN => Err(field.error("less than 1MiB can not be kept")),
            bytes => Ok(Some(bytes)),
        })
    };
    Ok(Retention {
        time,
        rollups: section.read("rollups", time, |field| match field.duration()? {
            length if length < time => {
                Err(field.error(format!("{length} is shorter than retention.time, which is {time}")))
            }
            length => Ok(length),
        })?,
        targets: part("targets", default.targets)?,
        occurrences: part("occurrences", default.occurrences)?,
        activity: section.read("activity", default.activity, Field::duration)?,
        occurrence_bytes: section.read("occurrences_size", default.occurrence_bytes, Field::size)?,
        count_bytes: size("counts_size")?,
        rollup_bytes: size("rollups_size")?,
        activity_bytes: size("activity_size")?,
        bytes: size("size")?,
    })
}
