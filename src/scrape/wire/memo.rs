//! What is remembered of a target's last exposition, so that what has not changed is not read again.
//!
//! Why comparing hashes is enough: a JSON object or array ends where its outermost bracket closes, and where that is
//! depends on its own bytes alone. When the bytes from an opening bracket are those of a value that was once scanned to be
//! complete after `len` bytes, scanning them again would end after the same `len` bytes with the same content. The bytes
//! are compared by xxh3-64 of exactly those lengths; two of one target's versions of one error are mistaken for each other
//! with a chance of 2^-64, and a target that forges such a pair deceives nobody but itself.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::scanner::Scanner;
use crate::config::Limits;
use crate::redact::Redactor;

/// The last exposition of one target that was handed on, as hashes. About 60 bytes an aggregate.
///
/// There is no hash of the whole body: a body that is byte for byte as before is found out by its aggregates' hashes at
/// the same cost, and a busy target's megabytes would be hashed twice.
///
/// Belongs to one target; [`parse`](super::parse) reads it, and [`Memo::commit`] moves it on once what was parsed has been
/// handed on. It takes no part where the exposition has another `target_uuid`, or the limits or the rules of redaction are others.
#[derive(Debug, Clone, Default)]
pub struct Memo {
    limits: Option<Limits>,
    /// The rules of redaction: under other ones keys may be others.
    rules: u64,
    target_uuid: Option<String>,
    entries: Entries,
    /// The counts of aggregates that are read each time, by the hashes of their keys.
    counts: Counts,
    /// The aggregate that came first, by the hash of its key.
    first: Option<u64>,
}

/// Counts by the hash of a key.
pub(super) type Counts = HashMap<u64, u64, BuildHasherDefault<HashItself>>;

/// What a [`Memo`] becomes when the exposition it came with has been handed on.
#[derive(Debug)]
#[must_use = "without it the next exposition is read as if this one had not been"]
pub struct MemoUpdate(pub(super) Memo);

/// Aggregates by the hash of their key.
pub(super) type Entries = HashMap<u64, Entry, BuildHasherDefault<HashItself>>;

/// One aggregate's bytes: what stands before its samples and after them, hashed together, and its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    head_hash: u64,
    samples_hash: u64,
    before_len: u32,
    samples_len: u32,
    after_len: u32,
    /// Its count.
    pub(super) count: u64,
    /// The aggregate that came after it, by the hash of its key.
    pub(super) next: Option<u64>,
}

/// For keys that are hashes already.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct HashItself(u64);

impl Memo {
    /// Takes over what the exposition of this update said. To be called once that has been handed on, and not before: an
    /// exposition that is lost on its way must be read in full again.
    pub fn commit(&mut self, update: MemoUpdate) {
        *self = update.0;
    }

    /// This memo, if it is one of an exposition read within the same limits and by the same rules.
    pub(super) fn usable(&self, limits: &Limits, redactor: &Redactor) -> Option<&Self> {
        (self.limits.as_ref() == Some(limits) && self.rules == redactor.rules()).then_some(self)
    }

    pub(super) fn is_of(&self, target_uuid: Option<&str>) -> bool {
        self.target_uuid.as_deref() == target_uuid
    }

    pub(super) fn get(&self, id: u64) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// The count of an aggregate in the last exposition.
    pub(super) fn count(&self, id: u64) -> Option<u64> {
        self.get(id).map(|entry| entry.count).or_else(|| self.counts.get(&id).copied())
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn first(&self) -> Option<u64> {
        self.first
    }

    /// The memo of an exposition that was read just now.
    pub(super) fn of(
        (limits, redactor): (&Limits, &Redactor),
        target_uuid: Option<&str>,
        (entries, counts): (Entries, Counts),
        first: Option<u64>,
    ) -> Self {
        let rules = redactor.rules();
        Self {
            limits: Some(limits.clone()),
            rules,
            target_uuid: target_uuid.map(str::to_owned),
            entries,
            counts,
            first,
        }
    }
}

impl Entry {
    /// Of an object at `object` whose samples stand at `samples`; an empty range at the object's end where it has none.
    /// `None` for one beyond 4 GiB, which is then read each time.
    pub(super) fn of(scanner: &Scanner<'_>, object: Range<usize>, samples: Range<usize>, count: u64) -> Option<Self> {
        let (before_len, after_len) = (samples.start - object.start, object.end - samples.end);
        let before = scanner.slice(object.start, before_len)?;
        let after = scanner.slice(samples.end, after_len)?;
        Some(Self {
            head_hash: head_hash(before, after),
            samples_hash: xxh3_64(scanner.slice(samples.start, samples.len())?),
            before_len: u32::try_from(before_len).ok()?,
            samples_len: u32::try_from(samples.len()).ok()?,
            after_len: u32::try_from(after_len).ok()?,
            count,
            next: None,
        })
    }

    /// The length of the object at `start`, if it is this one.
    pub(super) fn matches(&self, scanner: &Scanner<'_>, start: usize) -> Option<usize> {
        let (before_len, after_len) = (self.before_len as usize, self.after_len as usize);
        let samples = start.checked_add(before_len)?;
        let after = samples.checked_add(self.samples_len as usize)?;
        // The short head first: it holds the count, which is what changes.
        let same = self.head_hash == head_hash(scanner.slice(start, before_len)?, scanner.slice(after, after_len)?);
        (same && self.same_samples(scanner, samples)).then_some(after + after_len - start)
    }

    /// Whether this aggregate's samples stand at `start`; never where it had none, whose bytes would stand anywhere.
    pub(super) fn samples_match(&self, scanner: &Scanner<'_>, start: usize) -> bool {
        self.samples_len > 0 && self.same_samples(scanner, start)
    }

    fn same_samples(&self, scanner: &Scanner<'_>, start: usize) -> bool {
        scanner.slice(start, self.samples_len()).is_some_and(|bytes| xxh3_64(bytes) == self.samples_hash)
    }

    /// Bytes of the samples.
    pub(super) fn samples_len(&self) -> usize {
        self.samples_len as usize
    }
}

fn head_hash(before: &[u8], after: &[u8]) -> u64 {
    xxh3_64_with_seed(after, xxh3_64(before))
}

impl Hasher for HashItself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only u64 keys are used; this keeps others right if not fast.
        self.0 ^= xxh3_64(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
