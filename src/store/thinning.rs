//! Relief: when occurrences take more room than they may, days are thinned.
//!
//! What is removed must not depend on who makes the most noise. So a day is not dropped because it is old: first the days keep
//! only the newest 20 occurrences of each aggregate, the oldest day first, then 5, then 1, counted over all days. An error
//! that happened once last month is still there then, when one that happens all the time has lost all but its newest. Only when
//! the newest of each aggregate are too much the oldest days go whole.

use std::sync::PoisonError;

use super::census::{Census, Next};
use super::occurrence::Rewritten;
use super::{DATABASE, Error, Store};

/// What relieves the disk: made beside commits ([`Store::prepare_relief`]), put into effect by the one writer
/// ([`Store::relieve`]).
#[derive(Debug)]
pub struct Relief(Step);

impl Relief {
    /// Whether a whole day goes.
    #[must_use]
    pub fn drops_a_day(&self) -> bool {
        matches!(self.0, Step::Drop { .. })
    }
}

#[derive(Debug)]
enum Step {
    Thin { rewritten: Box<Rewritten>, keep_max: u32 },
    Drop { day: u32 },
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relieved {
    /// Occurrences of a day that had newer ones of the same aggregate beside them.
    Thinned {
        /// Which day.
        day: u32,
        /// How many.
        removed: u64,
    },
    /// A whole day.
    Dropped {
        /// Which.
        day: u32,
    },
    /// Nothing: the day has changed meanwhile.
    Nothing,
}

/// A day's file of occurrences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Days since 1970-01-01 UTC.
    pub day: u32,
    /// How often it was rewritten. Whoever has derived something from the file has to derive it anew when this is another.
    pub generation: u32,
    /// The last commit that brought any.
    pub commit: u64,
    /// Bytes of its occurrences.
    pub bytes: u64,
    /// Occurrences that were removed from it.
    pub removed: u64,
}

impl Store {
    /// Finds out what to remove so that occurrences take at most `bytes_max`, one day at a time; `None` when there is nothing to
    /// do. Reads and writes a whole day, which takes a second for a million occurrences, but nobody waits for it. `census` is what
    /// it goes by: taken where there is none, and to be given to the next call, because taking it reads all references.
    ///
    /// # Errors
    /// When something can not be read or written; nothing has changed then.
    pub fn prepare_relief(&self, bytes_max: u64, census: &mut Option<Census>) -> Result<Option<Relief>, Error> {
        if self.partitions()?.iter().map(|day| day.bytes).sum::<u64>() <= bytes_max {
            *census = None;
            return Ok(None);
        }
        if let Some(known) = census.as_mut().filter(|known| known.is_for(bytes_max))
            && let Some(relief) = self.next_relief(known)?
        {
            return Ok(Some(relief));
        }
        let relief = self.next_relief(census.insert(Census::take(self, bytes_max)?))?;
        if relief.is_none() {
            *census = None;
        }
        Ok(relief)
    }

    fn next_relief(&self, census: &mut Census) -> Result<Option<Relief>, Error> {
        // Not that of the census, which takes a while: pages that a transaction may read can not be used again.
        let transaction = self.read()?;
        Ok(match census.next(&self.partitions.all(&transaction)?) {
            Some(Next::Thin { day, keep_max }) => {
                let rewritten = self.partitions.rewrite(&transaction, day, &|of, id| census.keeps(of, id, keep_max))?;
                Some(Relief(Step::Thin { rewritten: Box::new(rewritten), keep_max }))
            }
            Some(Next::Drop { day }) => Some(Relief(Step::Drop { day })),
            None => None,
        })
    }

    /// Puts a relief into effect. The old file is removed by the next [`Store::retain`] or relief, when nobody reads it any more.
    ///
    /// # Errors
    /// When the transaction fails: the store takes no more writes then.
    pub fn relieve(&self, relief: Relief) -> Result<Relieved, Error> {
        self.check()?;
        self.apply_relief(relief).map_err(|error| self.poison(error))
    }

    /// Removes what was written for a relief that is not needed any more.
    ///
    /// # Errors
    /// When it can not be removed.
    pub fn discard(&self, relief: &Relief) -> Result<(), Error> {
        match &relief.0 {
            Step::Thin { rewritten, .. } => Ok(self.partitions.discard(&self.read()?, rewritten)?),
            Step::Drop { .. } => Ok(()),
        }
    }

    fn apply_relief(&self, Relief(step): Relief) -> Result<Relieved, Error> {
        self.sweep()?;
        let transaction = self.begin_to_remove()?;
        let relieved = match &step {
            Step::Thin { rewritten, keep_max } => {
                if !self.partitions.replace(&transaction, rewritten, *keep_max)? {
                    drop(transaction);
                    self.partitions.discard(&self.read()?, rewritten)?;
                    return Ok(Relieved::Nothing);
                }
                Relieved::Thinned { day: rewritten.day(), removed: rewritten.removed() }
            }
            Step::Drop { day } => {
                self.partitions.forget_before(&transaction, day + 1)?;
                Relieved::Dropped { day: *day }
            }
        };
        let used = self.partitions.stacks_in_use(&transaction)?;
        self.stacks.lock().unwrap_or_else(PoisonError::into_inner).retain(
            &transaction,
            &used,
            &self.path.join(DATABASE),
        )?;
        transaction.commit().map_err(Error::database("commit what was thinned"))?;
        if let Step::Drop { day } = step {
            self.partitions.drop_before(day + 1)?;
        }
        self.changes.notify();
        Ok(relieved)
    }

    /// Removes files of occurrences that were replaced.
    pub(super) fn sweep(&self) -> Result<(), Error> {
        Ok(self.partitions.sweep(&self.read()?, false)?)
    }
}
