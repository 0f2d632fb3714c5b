//! The wire format: from the bytes of a body to an [`Exposition`].
//!
//! docs/exposition-format.md says field by field what is accepted. This is the hot path: a fleet of 200 targets with
//! 1,000 aggregates each sends three gigabytes a cycle. So the body is read in place, by a scanner of our own; a stack
//! becomes strings once however many samples repeat it; and what a target's [`Memo`] knows already is not even scanned.

mod aggregate;
mod memo;
mod number;
mod occurrence;
mod scanner;
mod stack;
#[cfg(test)]
mod tests;
mod text;

pub use memo::{Memo, MemoUpdate};

use xxhash_rust::xxh3::xxh3_64;

use crate::config::Limits;
use crate::key;
use crate::model::exposition::{Dropped, Exposition};
use crate::redact::{Hits, MARK, Redactor};
use aggregate::Aggregates;
use scanner::{Raw, Scanner};
use stack::Stacks;

/// Memory that what is read may hold beyond as much as the body has. Many tiny texts take more room as strings than they
/// had as JSON, and a body made of nothing else must not fill the memory; but one whose samples have no stacks, and so
/// nothing that is shared, must not lose any in everyday sizes. When it is used up, further samples are dropped.
const KEPT_BYTES_MAX: usize = 32 << 20;
/// What an allocation costs beyond its bytes, roughly.
const ALLOCATION_BYTES: usize = 16;
/// Bytes of a `target_uuid` that are kept as they are. A uuid has 36; of a longer one the rest is replaced by its hash,
/// because two processes must never be taken for one.
const TARGET_UUID_BYTES_MAX: usize = 256;

/// A body that is no exposition. Nothing of it may be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {offset}")]
pub struct Error {
    /// What is wrong there.
    pub problem: &'static str,
    /// Offset of the byte at which it was noticed.
    pub offset: usize,
}

/// A body that was read.
#[derive(Debug)]
pub struct Parsed {
    /// What it says.
    pub exposition: Exposition,
    /// What to commit to the memo once the exposition was handed on.
    pub update: MemoUpdate,
    /// The secrets that were hidden in it.
    pub redacted: Hits,
}

/// Reads a body and hides what `redactor` says in all of its texts. `memo` is what is known of the same target's last
/// exposition that was handed on; [`Memo::default`] knows nothing.
///
/// # Errors
/// When the body is not one whole JSON object, or its `aggregated_errors` or `target_uuid` are of the wrong type. Anything
/// else that is wrong costs only the aggregate or the occurrence in which it stands, and is counted as dropped.
pub fn parse(body: &[u8], limits: &Limits, redactor: &Redactor, memo: &Memo) -> Result<Parsed, Error> {
    let memo = memo.usable(limits, redactor);
    if memo.is_some()
        && let Some(parsed) = Reader::new(body, limits, redactor).exposition(memo)?
    {
        return Ok(parsed);
    }
    let parsed = Reader::new(body, limits, redactor).exposition(None)?;
    parsed.ok_or(Error { problem: "the body contradicts itself", offset: 0 })
}

/// Reads one body once.
struct Reader<'a> {
    scanner: Scanner<'a>,
    limits: &'a Limits,
    redactor: &'a Redactor,
    dropped: Dropped,
    redacted: Hits,
    stacks: Stacks<'a>,
    /// Estimate of the memory that what was read so far holds.
    kept_bytes: usize,
    kept_bytes_max: usize,
    /// A sample of the aggregate that is being read was dropped because of `kept_bytes_max`.
    starved: bool,
    /// How many samples the aggregate before had: a good guess for the next one.
    samples_before: usize,
}

impl<'a> Reader<'a> {
    fn new(body: &'a [u8], limits: &'a Limits, redactor: &'a Redactor) -> Self {
        Self {
            scanner: Scanner::new(body),
            limits,
            redactor,
            dropped: Dropped::default(),
            redacted: Hits::default(),
            stacks: Stacks::default(),
            kept_bytes: 0,
            kept_bytes_max: body.len().saturating_add(KEPT_BYTES_MAX),
            starved: false,
            samples_before: 0,
        }
    }

    /// Reads the body. `None` when the memo turns out to be of no use: the process is another one (its `target_uuid`
    /// comes last), or an aggregate that was skipped is needed. Never `None` without a memo.
    fn exposition(mut self, memo: Option<&Memo>) -> Result<Option<Parsed>, Error> {
        if !self.scanner.take(b'{') {
            return Err(self.scanner.error("the body is not a JSON object"));
        }
        let mut aggregates = Aggregates::new(memo, self.limits.exposed_aggregates_max);
        let (mut target_uuid, mut first) = (None, true);
        while let Some(key) = self.scanner.next_key(&mut first)? {
            match &*key.name() {
                b"target_uuid" => target_uuid = self.target_uuid()?,
                b"aggregated_errors" => {
                    // Of a key that stands twice the last one counts, as in every JSON library.
                    aggregates = Aggregates::new(memo, self.limits.exposed_aggregates_max);
                    self.dropped = Dropped::default();
                    self.aggregates(&mut aggregates)?;
                }
                _ => self.scanner.skip_value()?,
            }
        }
        if self.scanner.peek().is_some() {
            return Err(self.scanner.error("there is something after the end of the object"));
        }
        if memo.is_some_and(|memo| aggregates.again || !memo.is_of(target_uuid.as_deref())) {
            return Ok(None);
        }
        let Aggregates { entries, list, unchanged, first, .. } = aggregates;
        let read_again = list.iter().map(|aggregate| (xxh3_64(aggregate.key.as_bytes()), aggregate.total_count));
        let counts = read_again.filter(|(id, _)| !entries.contains_key(id)).collect();
        let known = (entries, counts);
        let update = MemoUpdate(Memo::of((self.limits, self.redactor), target_uuid.as_deref(), known, first));
        let exposition = Exposition {
            target_uuid,
            aggregates: list,
            unchanged,
            complete: memo.is_none(),
            aggregates_max: Some(self.limits.aggregates_max as u64),
            keys: self.keys(),
            dropped: self.dropped,
        };
        Ok(Some(Parsed { exposition, update, redacted: self.redacted }))
    }

    /// A number for all that says under which key something is counted.
    fn keys(&self) -> u64 {
        let rules = [
            self.redactor.rules(),
            key::fingerprint(&self.limits.key_rules),
            // What is new beyond it stands under one key.
            self.limits.aggregates_max as u64,
        ];
        xxh3_64(&rules.map(u64::to_le_bytes).concat())
    }

    /// The process's id; a number is taken as it is written, null and an empty string are none.
    fn target_uuid(&mut self) -> Result<Option<String>, Error> {
        let raw = match self.scanner.peek() {
            Some(b'"') => self.scanner.string()?,
            Some(b'-' | b'0'..=b'9') => Raw { bytes: self.scanner.number()?, escaped: false },
            _ if self.scanner.take_null()? => return Ok(None),
            _ => return Err(self.scanner.error("target_uuid is not a string")),
        };
        let (mut uuid, cut) = raw.decode(TARGET_UUID_BYTES_MAX);
        if cut {
            uuid = format!("{uuid}~{:016x}", xxh3_64(raw.bytes));
        }
        if self.redactor.text(&mut uuid, &mut self.redacted) {
            // Two processes must never be taken for one, whatever is hidden of their names.
            uuid = format!("{MARK}~{:016x}", xxh3_64(raw.bytes));
        }
        Ok((!uuid.is_empty()).then_some(uuid))
    }
}
