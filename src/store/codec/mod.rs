//! How numbers become bytes on disk: integers of variable length, and the Rice-coded chunks of a series.
//!
//! Everything here is pure and takes any bytes: what was not written by the encoder is [`Corrupt`], never a panic and
//! never an endless loop. docs/storage-format.md describes each format byte by byte.

pub mod rice;
pub mod varint;

/// Bytes that no encoder of ours wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reading}: {problem}")]
pub struct Corrupt {
    /// What was being read, for example `chunk`.
    pub reading: &'static str,
    /// What is wrong with it, for example `ended early`.
    pub problem: &'static str,
}

impl Corrupt {
    /// While reading `reading`, `problem` was found.
    #[must_use]
    pub const fn new(reading: &'static str, problem: &'static str) -> Self {
        Self { reading, problem }
    }

    /// The same problem, seen from the larger thing that was being read.
    #[must_use]
    pub const fn while_reading(self, reading: &'static str) -> Self {
        Self { reading, ..self }
    }
}
