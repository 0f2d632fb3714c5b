//! A store from pieces.

use std::path::Path;

use super::piece::Content;
use super::{Error, Manifest, Piece, Sink};
use crate::store::Fresh;

/// Rows that are written together: what tells of them takes memory, too.
const ROWS_MAX: usize = 4096;

/// Writes a store that takes its place when all pieces were there.
#[derive(Debug)]
pub struct Restoring {
    fresh: Option<Fresh>,
    without_index: bool,
}

impl Restoring {
    /// Begins to restore to the data directory at `path`. With `force` it replaces what is there, and `without_index` leaves the
    /// search index out.
    ///
    /// # Errors
    /// When there is data already, a server uses it, or nothing can be written.
    pub fn begin(path: &Path, force: bool, without_index: bool) -> Result<Self, Error> {
        Ok(Self { fresh: Some(Fresh::create(path, force)?), without_index })
    }
}

impl Sink for Restoring {
    fn piece(&mut self, piece: &Piece<'_>) -> Result<(), Error> {
        let Some(fresh) = &mut self.fresh else { return Err(Error::Stopped) };
        match piece.content()? {
            Content::Rows(table) => {
                let mut rows = piece.rows().peekable();
                while rows.peek().is_some() {
                    let some: Vec<_> = rows.by_ref().take(ROWS_MAX).collect::<Result<_, _>>()?;
                    fresh.append(&table, &some)?;
                }
            }
            Content::File(..) if self.without_index && piece.name.starts_with("index/") => {}
            Content::File(path, offset) => fresh.write(&path, offset, piece.bytes)?,
        }
        Ok(())
    }

    fn finish(&mut self, manifest: &Manifest) -> Result<(), Error> {
        match self.fresh.take() {
            Some(fresh) => Ok(fresh.finish(manifest.store_format)?),
            None => Err(Error::Stopped),
        }
    }
}
