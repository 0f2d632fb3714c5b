//! Stack traces: each distinct one is read once per exposition.
//!
//! Nearly all of an exposition's bytes are stacks, and nearly all samples of an aggregate have the same one. So a stack
//! is first compared, as raw bytes, with the one seen last at the same depth of the cause chain; that the bytes of a
//! complete array or string stand here means that it ends here too (see memo.rs). Only another one is scanned, and only
//! one that the exposition has not shown yet becomes strings.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::memo::HashItself;
use super::scanner::Raw;
use super::{ALLOCATION_BYTES, Error, Reader};
use crate::config::Limits;
use crate::model::occurrence::{CUT, Stack};

/// Depths of the cause chain whose last stack is remembered; deeper ones share the last place.
const DEPTHS: usize = 4;

/// The stacks of one exposition.
#[derive(Debug, Default)]
pub(super) struct Stacks<'a> {
    recent: [Option<Known<'a>>; DEPTHS],
    all: HashMap<u64, Known<'a>, BuildHasherDefault<HashItself>>,
    /// Frames of the stack that is being read; kept for its memory.
    frames: Vec<Raw<'a>>,
}

#[derive(Debug, Clone)]
struct Known<'a> {
    raw: &'a [u8],
    stack: Arc<Stack>,
    cut: bool,
}

impl<'a> Reader<'a> {
    /// Reads a stack trace, or null, at `depth` of the cause chain; false when it is neither.
    pub(super) fn stack(&mut self, depth: usize, into: &mut Option<Arc<Stack>>) -> Result<bool, Error> {
        *into = None;
        if self.scanner.take_null()? {
            return Ok(true);
        }
        let place = depth.min(DEPTHS - 1);
        if let Some(Some(known)) = self.stacks.recent.get(place)
            && self.scanner.next_are(known.raw)
        {
            self.scanner.advance(known.raw.len());
            self.dropped.truncated += u64::from(known.cut);
            *into = Some(Arc::clone(&known.stack));
            return Ok(true);
        }
        let Some(known) = self.other_stack()? else { return Ok(false) };
        self.dropped.truncated += u64::from(known.cut);
        *into = Some(Arc::clone(&known.stack));
        if let Some(recent) = self.stacks.recent.get_mut(place) {
            *recent = Some(known);
        }
        Ok(true)
    }

    fn other_stack(&mut self) -> Result<Option<Known<'a>>, Error> {
        let _ = self.scanner.peek();
        let start = self.scanner.at();
        self.stacks.frames.clear();
        let mut cut = false;
        match self.scanner.peek() {
            Some(b'[') => {
                self.scanner.advance(1);
                match self.frames()? {
                    Some(more) => cut = more,
                    None => return Ok(None),
                }
            }
            Some(b'"') => {
                let raw = self.scanner.string()?;
                self.stacks.frames.push(raw);
            }
            _ => return self.scanner.skip_value().map(|()| None),
        }
        let raw = self.scanner.since(start);
        let hash = xxh3_64(raw);
        if let Some(known) = self.stacks.all.get(&hash).filter(|known| known.raw == raw) {
            return Ok(Some(known.clone()));
        }
        let lines = raw.first() == Some(&b'"');
        let (mut stack, cut) = build(&self.stacks.frames, cut, lines, self.limits);
        if cut {
            stack.frames.push(CUT.to_owned());
        }
        self.redactor.frames(&mut stack.frames, &mut self.redacted);
        let bytes: usize = stack.frames.iter().map(|frame| size_of::<String>() + ALLOCATION_BYTES + frame.len()).sum();
        let known = Known { raw, stack: Arc::new(stack), cut };
        self.kept_bytes += bytes + size_of::<Known<'_>>() * 2 + ALLOCATION_BYTES;
        self.stacks.all.insert(hash, known.clone());
        Ok(Some(known))
    }

    /// Finds the frames of an array whose bracket was taken. `None` when there is something else than strings in it;
    /// otherwise whether there were more frames than the limit allows.
    fn frames(&mut self) -> Result<Option<bool>, Error> {
        let (mut first, mut strings, mut more) = (true, true, false);
        while self.scanner.next_element(&mut first)? {
            if self.scanner.peek() == Some(b'"') {
                let frame = self.scanner.string()?;
                if self.stacks.frames.len() < self.limits.stack_frames_max {
                    self.stacks.frames.push(frame);
                } else {
                    more = true;
                }
            } else if !self.scanner.take_null()? {
                strings = false;
                self.scanner.skip_value()?;
            }
        }
        Ok(strings.then_some(more))
    }
}

/// Makes strings of the frames, or of the lines of one string, within the limits; and says whether anything was cut.
fn build(raw: &[Raw<'_>], mut cut: bool, lines: bool, limits: &Limits) -> (Stack, bool) {
    let mut room = limits.stack_bytes_max;
    if lines {
        let Some((text, short)) = raw.first().map(|raw| raw.decode(room)) else { return (Stack::default(), cut) };
        let mut lines = text.lines().map(str::to_owned);
        let frames: Vec<String> = lines.by_ref().take(limits.stack_frames_max).collect();
        cut |= short || lines.next().is_some();
        return (Stack { frames }, cut);
    }
    let mut frames = Vec::with_capacity(raw.len());
    for frame in raw {
        let (frame, short) = frame.decode(room);
        room -= frame.len();
        // What did not fit at all is no frame.
        if !(short && frame.is_empty()) {
            frames.push(frame);
        }
        if short {
            cut = true;
            break;
        }
    }
    (Stack { frames }, cut)
}
