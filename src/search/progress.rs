//! How far the index is behind what is stored.

/// How much of what is stored is indexed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// All partitions were looked at: until then it is not known how much is missing.
    pub started: bool,
    /// Days whose index is being made anew, or catches up with what came while nobody indexed.
    pub rebuilding: usize,
    /// Occurrences that can be found.
    pub occurrences: u64,
    /// Partitions that can be searched.
    pub partitions: usize,
    /// Bytes of stored occurrences.
    pub bytes: u64,
    /// How many of them are not indexed yet. What came in the last second or two is among them.
    pub bytes_left: u64,
}

impl Progress {
    /// Whether everything can be found but what came in the last second or two.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.started && self.rebuilding == 0
    }

    /// How much is indexed, from 0 to 1.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        match self.bytes {
            0 if self.started => 1.0,
            0 => 0.0,
            bytes => 1.0 - (self.bytes_left.min(bytes) as f64 / bytes as f64),
        }
    }
}
