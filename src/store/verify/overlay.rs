//! A disk on which nothing changes: what is written to a database stands in memory only. So a damaged directory can be opened,
//! which writes, without harm.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::disk::{Disk, File, Real};

/// What is kept of a file once a byte of it is written.
const BLOCK: u64 = 4096;

/// The machine's disk, which stays as it is.
#[derive(Debug)]
pub(in crate::store) struct Overlay;

/// A file, and what would have been written to it.
#[derive(Debug)]
struct Written {
    file: std::fs::File,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    length: u64,
    /// How much of the file counts: what was cut off once is zeros.
    read_to: u64,
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl Disk for Overlay {
    fn create_file(&self, path: &Path) -> io::Result<Box<dyn File>> {
        Ok(Box::new(Written::new(path)?))
    }

    fn open_file(&self, path: &Path) -> io::Result<Box<dyn File>> {
        Real.open_file(path)
    }

    fn allocated_bytes(&self, path: &Path) -> io::Result<u64> {
        Real.allocated_bytes(path)
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(u64::MAX)
    }

    fn create_directory(&self, _: &Path) -> io::Result<()> {
        Err(unchanging())
    }

    fn entries(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        Real.entries(directory)
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove_file(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn hides_damage(&self) -> bool {
        false
    }
}

fn unchanging() -> io::Error {
    io::Error::other("nothing is written while everything is looked through")
}

impl Written {
    fn new(path: &Path) -> io::Result<Self> {
        let file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        let state = State { length, read_to: length, blocks: BTreeMap::new() };
        Ok(Self { file, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A block as it would be.
    fn block(&self, state: &State, number: u64) -> io::Result<Vec<u8>> {
        if let Some(block) = state.blocks.get(&number) {
            return Ok(block.clone());
        }
        let mut block = vec![0; BLOCK as usize];
        let begin = number * BLOCK;
        let there = state.read_to.saturating_sub(begin).min(BLOCK) as usize;
        if let Some(there) = block.get_mut(..there) {
            self.file.read_exact_at(there, begin)?;
        }
        Ok(block)
    }

    /// Calls `visit` with each block that holds some of these bytes: its number, and where in it and in them they lie.
    fn each(
        offset: u64,
        length: usize,
        mut visit: impl FnMut(u64, std::ops::Range<usize>, std::ops::Range<usize>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut done = 0;
        while done < length {
            let at = offset + done as u64;
            let within = (at % BLOCK) as usize;
            let some = (BLOCK as usize - within).min(length - done);
            visit(at / BLOCK, within..within + some, done..done + some)?;
            done += some;
        }
        Ok(())
    }
}

impl File for Written {
    fn length(&self) -> io::Result<u64> {
        Ok(self.state().length)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > state.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Self::each(offset, out.len(), |number, within, of| {
            let block = self.block(&state, number)?;
            if let (Some(to), Some(from)) = (out.get_mut(of), block.get(within)) {
                to.copy_from_slice(from);
            }
            Ok(())
        })
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut state = self.state();
        if length < state.length {
            let last = length / BLOCK;
            if !length.is_multiple_of(BLOCK) {
                let mut block = self.block(&state, last)?;
                block.truncate((length % BLOCK) as usize);
                block.resize(BLOCK as usize, 0);
                state.blocks.insert(last, block);
            }
            state.blocks.split_off(&length.div_ceil(BLOCK));
            state.read_to = state.read_to.min(length);
        }
        state.length = length;
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let end = offset.saturating_add(bytes.len() as u64);
        state.length = state.length.max(end);
        Self::each(offset, bytes.len(), |number, within, of| {
            let mut block = self.block(&state, number)?;
            if let (Some(to), Some(from)) = (block.get_mut(within), bytes.get(of)) {
                to.copy_from_slice(from);
            }
            state.blocks.insert(number, block);
            Ok(())
        })
    }
}
