//! Blocks: some dozens of occurrences of one commit, encoded and compressed together.
//!
//! ```text
//! version, checksum (see envelope.rs; seeded with commit and first index)
//! varint  occurrences
//! varint  uuids, then 16 bytes each: those written canonically, outside of what is compressed because they do not
//! varint  length of the fields
//! varint  length of fields and texts, then both compressed by zstd
//! ```
//! Fields are numbers, one occurrence after the other; texts are all strings one after the other, whose lengths stand
//! in the fields. Classes, methods, header names and header values recur, so a block numbers them as they come and
//! refers back. docs/storage-format.md has the fields in order.

use std::ops::ControlFlow;

use xxhash_rust::xxh3::xxh3_64;
use zstd::bulk::Compressor;

use super::{NewOccurrence, envelope};
use crate::model::id::{AggregateId, StackId, TargetId};
use crate::model::occurrence::{Cause, Exception, HttpContext, Occurrence};
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::store::codec::{Corrupt, varint};

const READING: &str = "occurrence";
/// Level 1 compresses blocks of this size as well as level 3 does, in half the time.
const COMPRESSION_LEVEL: i32 = 1;
/// Recent strings that the encoder remembers; a power of two. What it forgets it writes again.
const RECENT: usize = 256;

const SEVERITY: u64 = 0b11;
const TIMESTAMP: u64 = 1 << 2;
const STACK: u64 = 1 << 3;
const HTTP: u64 = 1 << 4;
const HEADERS: u64 = 1 << 5;
const CAUSES: u64 = 1 << 6;
const UUID_TEXT: u64 = 1 << 7;
const UUID_EMPTY: u64 = 1 << 8;
const BODY: u64 = 1 << 9;
const FLAGS: u64 = (1 << 10) - 1;

/// One decoded occurrence, whose stacks are still ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its aggregate.
    pub aggregate: AggregateId,
    /// Where it was scraped.
    pub target: TargetId,
    /// The exception's stack.
    pub stack: Option<StackId>,
    /// The stacks of its causes, one for each.
    pub cause_stacks: Vec<Option<StackId>>,
    /// All the rest; its stacks are `None`.
    pub occurrence: Occurrence,
}

/// Encodes blocks; keeps its buffers from one to the next.
pub struct Encoder {
    compressor: Compressor<'static>,
    fields: Vec<u8>,
    texts: Vec<u8>,
    uuids: Vec<u8>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}

impl Encoder {
    /// An encoder with empty buffers.
    ///
    /// # Errors
    /// When there is no memory for the compressor.
    pub fn new() -> std::io::Result<Self> {
        let compressor = Compressor::new(COMPRESSION_LEVEL)?;
        Ok(Self { compressor, fields: Vec::new(), texts: Vec::new(), uuids: Vec::new() })
    }

    /// The block of `occurrences`, the first of which has index `first` in `commit`.
    ///
    /// # Errors
    /// When there is no memory to compress it.
    pub fn encode(&mut self, commit: u64, first: u32, occurrences: &[NewOccurrence<'_>]) -> std::io::Result<Vec<u8>> {
        let mut block = Vec::new();
        envelope::begin(&mut block);
        self.append(occurrences, &mut block)?;
        envelope::seal(&mut block, seed(commit, first));
        Ok(block)
    }

    /// Appends occurrences to a block that was begun.
    pub(super) fn append(&mut self, occurrences: &[NewOccurrence<'_>], block: &mut Vec<u8>) -> std::io::Result<()> {
        self.fields.clear();
        self.texts.clear();
        self.uuids.clear();
        let mut writer = Writer {
            fields: &mut self.fields,
            texts: &mut self.texts,
            uuids: &mut self.uuids,
            recent: [None; RECENT],
            strings: 0,
            last: Last::default(),
        };
        for occurrence in occurrences {
            writer.occurrence(occurrence);
        }
        block.reserve(64 + self.uuids.len() + self.texts.len() / 2);
        varint::write_u64(block, occurrences.len() as u64);
        varint::write_u64(block, (self.uuids.len() / 16) as u64);
        block.extend_from_slice(&self.uuids);
        varint::write_u64(block, self.fields.len() as u64);
        self.fields.extend_from_slice(&self.texts);
        envelope::compress(&mut self.compressor, &self.fields, block)
    }
}

/// How many bytes an occurrence has that no other shares, roughly: what its share of a block depends on.
pub(super) fn own_bytes(new: &NewOccurrence<'_>) -> usize {
    let occurrence = new.occurrence;
    let causes = occurrence.exception.causes.iter().map(|cause| cause.message.len() + 8).sum::<usize>();
    let http = occurrence.http.as_ref().map_or(0, |http| {
        let headers = http.headers.iter().flatten().map(|(_, value)| value.len()).sum::<usize>();
        http.url.len() + headers + http.body.as_ref().map_or(0, String::len)
    });
    occurrence.exception.message.len() + occurrence.uuid.len() + causes + http + 16
}

/// What [`Encoder::append`] wrote, decompressed.
pub(super) struct Unfolded {
    count: u32,
    uuids: Vec<u8>,
    fields: Vec<u8>,
    texts: String,
}

impl Unfolded {
    pub(super) fn new(mut input: &[u8]) -> Result<Self, Corrupt> {
        let count = varint::read_u32(&mut input)?;
        let uuids = varint::read_u64(&mut input)?;
        let uuids = varint::take(&mut input, uuids.saturating_mul(16))?.to_vec();
        let length = varint::read_u64(&mut input)?;
        let mut fields = envelope::decompress(input)?;
        let mut rest = fields.as_slice();
        let length = varint::take(&mut rest, length)?.len();
        let texts = String::from_utf8(fields.split_off(length));
        let texts = texts.map_err(|_| Corrupt::new(READING, "text is not UTF-8"))?;
        Ok(Self { count, uuids, fields, texts })
    }

    /// Bytes that it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.uuids.len() + self.fields.capacity() + self.texts.len()
    }

    /// Decodes those occurrences whose place is wanted, in ascending order, until `visit` breaks: what stands behind is not looked
    /// at then.
    ///
    /// # Errors
    /// When it is not what was written. Occurrences before the damage may have been visited already.
    pub(super) fn records(
        &self,
        mut wanted: impl FnMut(u32) -> bool,
        mut visit: impl FnMut(u32, Record) -> ControlFlow<()>,
    ) -> Result<(), Corrupt> {
        let Self { count, uuids, fields, texts } = self;
        let (strings, last) = (Vec::new(), Last::default());
        let mut reader = Reader { fields, texts, uuids, strings, last, keep: false };
        for place in 0..*count {
            reader.keep = wanted(place);
            let record = reader.record()?;
            if reader.keep && visit(place, record).is_break() {
                return Ok(());
            }
        }
        if reader.fields.is_empty() && reader.texts.is_empty() && reader.uuids.is_empty() {
            Ok(())
        } else {
            Err(Corrupt::new(READING, "more bytes than occurrences"))
        }
    }
}

/// What a block's checksum is seeded with.
pub(super) fn seed(commit: u64, first: u32) -> u64 {
    commit.rotate_left(32) ^ u64::from(first)
}

/// What numbers are relative to.
#[derive(Default, Clone, Copy)]
struct Last {
    aggregate: u32,
    target: u32,
    stack: u32,
    timestamp: i64,
}

struct Writer<'a> {
    fields: &'a mut Vec<u8>,
    texts: &'a mut Vec<u8>,
    uuids: &'a mut Vec<u8>,
    recent: [Option<(&'a str, u32)>; RECENT],
    strings: u32,
    last: Last,
}

impl<'a> Writer<'a> {
    fn occurrence(&mut self, new: &NewOccurrence<'a>) {
        let Occurrence { uuid, timestamp, severity, exception, http } = new.occurrence;
        let canonical = uuid_bytes(uuid);
        let mut flags = severity_code(*severity);
        let mut set = |condition: bool, flag: u64| flags |= if condition { flag } else { 0 };
        set(timestamp.is_some(), TIMESTAMP);
        set(new.stack.is_some(), STACK);
        set(!exception.causes.is_empty(), CAUSES);
        set(http.is_some(), HTTP);
        set(http.as_ref().is_some_and(|http| http.headers.is_some()), HEADERS);
        set(http.as_ref().is_some_and(|http| http.body.is_some()), BODY);
        set(uuid.is_empty(), UUID_EMPTY);
        set(canonical.is_none() && !uuid.is_empty(), UUID_TEXT);
        self.number(flags);
        self.relative(new.aggregate.0, |last| &mut last.aggregate);
        self.relative(new.target.0, |last| &mut last.target);
        match canonical {
            Some(bytes) => self.uuids.extend_from_slice(&bytes),
            None if uuid.is_empty() => {}
            None => self.text(uuid),
        }
        if let Some(Timestamp(millis)) = *timestamp {
            varint::write_i64(self.fields, millis.wrapping_sub(self.last.timestamp));
            self.last.timestamp = millis;
        }
        self.string(&exception.class);
        self.text(&exception.message);
        if let Some(stack) = new.stack {
            self.relative(stack.0, |last| &mut last.stack);
        }
        if !exception.causes.is_empty() {
            self.number(exception.causes.len() as u64);
            let mut stacks = new.cause_stacks.iter();
            for cause in &exception.causes {
                self.string(&cause.class);
                self.text(&cause.message);
                let stack = stacks.next().copied().flatten();
                self.number(u64::from(stack.is_some()));
                if let Some(stack) = stack {
                    self.relative(stack.0, |last| &mut last.stack);
                }
            }
        }
        if let Some(http) = http {
            self.http(http);
        }
    }

    fn http(&mut self, http: &'a HttpContext) {
        self.string(&http.method);
        self.text(&http.url);
        if let Some(headers) = &http.headers {
            self.number(headers.len() as u64);
            for (name, value) in headers {
                self.string(name);
                self.string(value);
            }
        }
        if let Some(body) = &http.body {
            self.text(body);
        }
    }

    fn number(&mut self, value: u64) {
        varint::write_u64(self.fields, value);
    }

    fn relative(&mut self, value: u32, last: impl FnOnce(&mut Last) -> &mut u32) {
        let last = last(&mut self.last);
        varint::write_i64(self.fields, i64::from(value) - i64::from(*last));
        *last = value;
    }

    /// A string that is not expected to come again.
    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.texts.extend_from_slice(text.as_bytes());
    }

    /// A string that may come again: its number plus 1, or 0 and the string.
    fn string(&mut self, text: &'a str) {
        let slot = self.recent.get_mut(xxh3_64(text.as_bytes()) as usize % RECENT);
        match slot {
            Some(Some((have, number))) if *have == text => {
                let number = u64::from(*number) + 1;
                self.number(number);
            }
            slot => {
                if let Some(slot) = slot {
                    *slot = Some((text, self.strings));
                }
                self.strings += 1;
                self.number(0);
                self.text(text);
            }
        }
    }
}

struct Reader<'a> {
    fields: &'a [u8],
    texts: &'a str,
    uuids: &'a [u8],
    strings: Vec<&'a str>,
    last: Last,
    /// Whether anybody wants the present occurrence; if not its strings are passed over.
    keep: bool,
}

impl Reader<'_> {
    fn record(&mut self) -> Result<Record, Corrupt> {
        let flags = self.number()?;
        if flags & !FLAGS != 0 {
            return Err(Corrupt::new(READING, "unknown flag"));
        }
        let has = |flag: u64| flags & flag != 0;
        let severity = severity_of(flags & SEVERITY)?;
        let aggregate = AggregateId(self.relative(|last| &mut last.aggregate)?);
        let target = TargetId(self.relative(|last| &mut last.target)?);
        let uuid = match (has(UUID_EMPTY), has(UUID_TEXT)) {
            (false, false) => self.uuid()?,
            (true, false) => String::new(),
            (false, true) => self.text()?,
            (true, true) => return Err(Corrupt::new(READING, "impossible uuid")),
        };
        let timestamp = if has(TIMESTAMP) { Some(self.timestamp()?) } else { None };
        let class = self.string()?;
        let message = self.text()?;
        let stack = if has(STACK) { Some(self.stack()?) } else { None };
        let (mut causes, mut cause_stacks) = (Vec::new(), Vec::new());
        if has(CAUSES) {
            for _ in 0..self.number()? {
                let (class, message) = (self.string()?, self.text()?);
                let stack = match self.number()? {
                    0 => None,
                    1 => Some(self.stack()?),
                    _ => return Err(Corrupt::new(READING, "impossible cause")),
                };
                if self.keep {
                    causes.push(Cause { class, message, stack: None });
                    cause_stacks.push(stack);
                }
            }
        }
        let http = if has(HTTP) { Some(self.http(has(HEADERS), has(BODY))?) } else { None };
        let exception = Exception { class, message, stack: None, causes };
        let occurrence = Occurrence { uuid, timestamp, severity, exception, http };
        Ok(Record { aggregate, target, stack, cause_stacks, occurrence })
    }

    fn http(&mut self, has_headers: bool, has_body: bool) -> Result<HttpContext, Corrupt> {
        let (method, url) = (self.string()?, self.text()?);
        let mut headers = has_headers.then(Vec::new);
        if let Some(headers) = &mut headers {
            for _ in 0..self.number()? {
                let (name, value) = (self.string()?, self.string()?);
                if self.keep {
                    headers.push((name, value));
                }
            }
        }
        let body = if has_body { Some(self.text()?) } else { None };
        Ok(HttpContext { method, url, headers, body })
    }

    fn number(&mut self) -> Result<u64, Corrupt> {
        varint::read_u64(&mut self.fields).map_err(|corrupt| corrupt.while_reading(READING))
    }

    fn relative(&mut self, last: impl FnOnce(&mut Last) -> &mut u32) -> Result<u32, Corrupt> {
        let difference = varint::unzigzag(self.number()?);
        let last = last(&mut self.last);
        let value = i64::from(*last).checked_add(difference).and_then(|value| u32::try_from(value).ok());
        *last = value.ok_or(Corrupt::new(READING, "id of more than 32 bits"))?;
        Ok(*last)
    }

    fn stack(&mut self) -> Result<StackId, Corrupt> {
        self.relative(|last| &mut last.stack).map(StackId)
    }

    fn timestamp(&mut self) -> Result<Timestamp, Corrupt> {
        self.last.timestamp = self.last.timestamp.wrapping_add(varint::unzigzag(self.number()?));
        Ok(Timestamp(self.last.timestamp))
    }

    fn text(&mut self) -> Result<String, Corrupt> {
        let text = self.take()?;
        Ok(self.owned(text))
    }

    fn string(&mut self) -> Result<String, Corrupt> {
        let text = match self.number()?.checked_sub(1) {
            None => {
                let text = self.take()?;
                self.strings.push(text);
                text
            }
            Some(number) => {
                let text = usize::try_from(number).ok().and_then(|number| self.strings.get(number));
                text.copied().ok_or(Corrupt::new(READING, "refers to a string that is not there"))?
            }
        };
        Ok(self.owned(text))
    }

    fn owned(&self, text: &str) -> String {
        if self.keep { text.to_owned() } else { String::new() }
    }
}

impl<'a> Reader<'a> {
    /// The next text, as long as the next field says.
    fn take(&mut self) -> Result<&'a str, Corrupt> {
        let length = usize::try_from(self.number()?).ok();
        let split = length.and_then(|length| self.texts.split_at_checked(length));
        let (text, rest) = split.ok_or(Corrupt::new(READING, "text ended early"))?;
        self.texts = rest;
        Ok(text)
    }

    fn uuid(&mut self) -> Result<String, Corrupt> {
        let bytes = varint::take(&mut self.uuids, 16)?;
        let mut text = String::new();
        if self.keep {
            text.reserve_exact(36);
            for (place, byte) in bytes.iter().enumerate() {
                if matches!(place, 4 | 6 | 8 | 10) {
                    text.push('-');
                }
                for digit in [byte >> 4, byte & 15] {
                    text.push(char::from(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }));
                }
            }
        }
        Ok(text)
    }
}

/// The 16 bytes of a uuid in its canonical form: lower case, hyphens after 8, 12, 16 and 20 digits.
fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    /// Where the bytes' first digits stand.
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let at = |place: usize| text.get(place).copied().unwrap_or_default();
    let digit = |place: usize| DIGITS.get(usize::from(at(place))).copied().unwrap_or(NO_DIGIT);
    // Judged once at the end, so that the loop has no branches: this is done for every occurrence.
    let (mut bytes, mut all) = ([0u8; 16], 0);
    for (byte, place) in bytes.iter_mut().zip(PLACES) {
        let (high, low) = (digit(place), digit(place + 1));
        all |= high | low;
        *byte = high << 4 | low;
    }
    let hyphens = [8, 13, 18, 23].iter().all(|place| at(*place) == b'-');
    (all & NO_DIGIT == 0 && hyphens).then_some(bytes)
}

/// A bit that no digit has.
const NO_DIGIT: u8 = 0x80;

/// The values of lower-case hexadecimal digits by their ASCII codes.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let (mut rest, mut value): (&[u8], u8) = (b"0123456789abcdef", 0);
    while let [digit, after @ ..] = rest {
        if let Some((slot, _)) = digits.split_at_mut(*digit as usize).1.split_first_mut() {
            *slot = value;
        }
        value += 1;
        rest = after;
    }
    digits
};

fn severity_code(severity: Severity) -> u64 {
    match severity {
        Severity::Info => 0,
        Severity::Warning => 1,
        Severity::Error => 2,
    }
}

fn severity_of(code: u64) -> Result<Severity, Corrupt> {
    match code {
        0 => Ok(Severity::Info),
        1 => Ok(Severity::Warning),
        2 => Ok(Severity::Error),
        _ => Err(Corrupt::new(READING, "unknown severity")),
    }
}
