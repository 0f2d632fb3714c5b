//! Copies of a store: made while it is written, restored elsewhere, looked through.
//!
//! A backup is a set of pieces and a manifest that names them. A piece is some rows of one table, or a part of a day's file of
//! occurrences; where pieces are cut depends on keys alone, so what did not change is the same piece again. Pieces come from a
//! snapshot of a store, from an archive or from a directory, and go into an archive, into a directory or into a new
//! store ([`Sink`]). docs/storage-format.md has the bytes.
//!
//! | file | what |
//! | --- | --- |
//! | piece | names of pieces, and rows as bytes |
//! | manifest | what a backup says of itself |
//! | taking | the pieces of a running or a resting store |
//! | archive, tar | one stream or file |
//! | directory | many backups that share what they have in common |
//! | restoring | a store from pieces |
//! | verifying | looking through a store and its search index |
//! | pace | how fast |
//! | monitor | how backups of a running server went |

mod archive;
mod directory;
mod error;
mod manifest;
mod monitor;
mod pace;
mod piece;
mod restoring;
mod taking;
mod tar;
mod verifying;

pub use archive::{Archive, is_archive, read as read_archive};
pub use directory::{Directory, Stored};
pub use error::Error;
pub use manifest::{FORMAT, Manifest, Named};
pub use monitor::{Last, Monitor, Occupied, Outcome, Running};
pub use pace::{Pace, Stop};
pub use piece::Piece;
pub use restoring::Restoring;
pub use taking::{Options, take};
pub use verifying::{inspect, verify};

/// Takes the pieces of a backup, and at last its manifest.
pub trait Sink {
    /// Takes a piece. They come in the order of the manifest.
    ///
    /// # Errors
    /// When it can not be written, or is none of ours.
    fn piece(&mut self, piece: &Piece<'_>) -> Result<(), Error>;

    /// Everything was there, and is what the manifest says.
    ///
    /// # Errors
    /// When it can not be made durable.
    fn finish(&mut self, manifest: &Manifest) -> Result<(), Error>;
}

/// Takes nothing: for who only wants to know whether a backup is whole.
#[derive(Debug, Default)]
pub struct Nowhere;

impl Sink for Nowhere {
    fn piece(&mut self, piece: &Piece<'_>) -> Result<(), Error> {
        piece.check()
    }

    fn finish(&mut self, _: &Manifest) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
