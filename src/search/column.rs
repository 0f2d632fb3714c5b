//! Columns: a number of each document, found by document.
//!
//! On disk they are packed, which takes some nanoseconds to undo for each number. Whoever asks for many gets them unpacked,
//! and that is kept, as long as all that are kept are not too large together.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tantivy::columnar::ColumnValues;

use super::bits::WINDOW;

/// Bytes of all numbers that are kept unpacked. A million occurrences take 6 MB, as long as there are not too many aggregates.
const UNPACKED_BYTES_MAX: usize = 24 << 20;

/// How many there are.
static UNPACKED_BYTES: AtomicUsize = AtomicUsize::new(0);

/// A column of a segment.
pub(super) struct Column {
    packed: Arc<dyn ColumnValues<u64>>,
    /// `None` where there was no room.
    unpacked: OnceLock<Option<Unpacked>>,
}

/// The numbers of documents that follow each other.
pub(super) enum Numbers<'a> {
    Short(&'a [u16]),
    Long(&'a [u32]),
    Wide(&'a [u64]),
}

struct Unpacked {
    numbers: Width,
    /// Of [`UNPACKED_BYTES_MAX`].
    bytes: usize,
}

enum Width {
    Short(Vec<u16>),
    Long(Vec<u32>),
}

impl Column {
    pub(super) fn new(packed: Arc<dyn ColumnValues<u64>>) -> Arc<Self> {
        Arc::new(Self { packed, unpacked: OnceLock::new() })
    }

    /// The number of a document.
    pub(super) fn get(&self, document: u32) -> u64 {
        let unpacked = self.unpacked.get().and_then(Option::as_ref);
        let number = unpacked.and_then(|unpacked| match &unpacked.numbers {
            Width::Short(all) => all.get(document as usize).map(|number| u64::from(*number)),
            Width::Long(all) => all.get(document as usize).map(|number| u64::from(*number)),
        });
        number.unwrap_or_else(|| self.packed.get_val(document))
    }

    /// The numbers of the window that begins at `base`; `read` is for whatever has to be unpacked.
    pub(super) fn window<'a>(&'a self, base: u32, read: &'a mut Vec<u64>) -> Numbers<'a> {
        let end = base.saturating_add(WINDOW).min(self.packed.num_vals());
        let range = base as usize..end as usize;
        match self.unpacked.get_or_init(|| Unpacked::new(&*self.packed)) {
            Some(Unpacked { numbers: Width::Short(all), .. }) => Numbers::Short(all.get(range).unwrap_or_default()),
            Some(Unpacked { numbers: Width::Long(all), .. }) => Numbers::Long(all.get(range).unwrap_or_default()),
            None => {
                read.resize(range.len(), 0);
                self.packed.get_range(u64::from(base), read);
                Numbers::Wide(read)
            }
        }
    }
}

impl Unpacked {
    fn new(packed: &dyn ColumnValues<u64>) -> Option<Self> {
        let (count, largest) = (packed.num_vals(), packed.max_value());
        let size = match (u16::try_from(largest), u32::try_from(largest)) {
            (Ok(_), _) => 2,
            (_, Ok(_)) => 4,
            _ => return None,
        };
        let bytes = count as usize * size;
        let grown = |taken: usize| taken.checked_add(bytes).filter(|sum| *sum <= UNPACKED_BYTES_MAX);
        UNPACKED_BYTES.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).ok()?;
        // From here on dropping it gives the room back.
        let mut unpacked = Self { numbers: Width::Short(Vec::new()), bytes };
        let mut all = vec![0; count as usize];
        packed.get_range(0, &mut all);
        unpacked.numbers = match size {
            2 => Width::Short(all.into_iter().map(|number| number as u16).collect()),
            _ => Width::Long(all.into_iter().map(|number| number as u32).collect()),
        };
        Some(unpacked)
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        UNPACKED_BYTES.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Packed(Vec<u64>);

    impl ColumnValues<u64> for Packed {
        fn get_val(&self, document: u32) -> u64 {
            self.0[document as usize]
        }

        fn min_value(&self) -> u64 {
            0
        }

        fn max_value(&self) -> u64 {
            self.0.iter().copied().max().unwrap_or(0)
        }

        fn num_vals(&self) -> u32 {
            self.0.len() as u32
        }
    }

    fn check(values: &[u64], expect: &str) {
        let column = Column::new(Arc::new(Packed(values.to_vec())));
        let mut read = Vec::new();
        for base in (0..values.len()).step_by(WINDOW as usize) {
            let (width, numbers): (_, Vec<u64>) = match column.window(base as u32, &mut read) {
                Numbers::Short(numbers) => ("short", numbers.iter().map(|number| u64::from(*number)).collect()),
                Numbers::Long(numbers) => ("long", numbers.iter().map(|number| u64::from(*number)).collect()),
                Numbers::Wide(numbers) => ("wide", numbers.to_vec()),
            };
            assert_eq!(width, expect);
            assert_eq!(numbers, values[base..values.len().min(base + WINDOW as usize)]);
        }
        for (document, value) in (0..).zip(values) {
            assert_eq!(column.get(document), *value);
        }
    }

    #[test]
    fn numbers_are_the_same_unpacked_and_where_there_is_no_room() {
        let values =
            |largest: u64| (0..2500).map(|at| (at * 7919) % (largest + 1)).chain([largest]).collect::<Vec<u64>>();
        check(&values(65_535), "short");
        check(&values(65_536), "long");
        check(&values(1 << 32), "wide");
        let before = UNPACKED_BYTES.fetch_add(UNPACKED_BYTES_MAX, Ordering::Relaxed);
        check(&values(10), "wide");
        UNPACKED_BYTES.fetch_sub(UNPACKED_BYTES_MAX, Ordering::Relaxed);
        assert!(before < UNPACKED_BYTES_MAX);
    }
}
