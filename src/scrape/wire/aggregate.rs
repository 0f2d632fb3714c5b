//! The list of aggregates: what the memo knows is skipped, the rest is read.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use super::memo::{Entries, Entry, HashItself, Memo};
use super::number;
use super::{ALLOCATION_BYTES, Error, Reader};
use crate::key;
use crate::model::exposition::{ExposedAggregate, key_hash};
use crate::model::occurrence::Occurrence;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;

/// What has been read of the list.
#[derive(Debug)]
pub(super) struct Aggregates<'m> {
    old: Option<&'m Memo>,
    /// What may be skipped next time.
    pub(super) entries: Entries,
    /// Where in `list` the aggregate with this hash of its key stands.
    positions: HashMap<u64, usize, BuildHasherDefault<HashItself>>,
    /// Of aggregates whose keys were changed, because secrets stood in them or by rules: the keys they had, as hashes, and the
    /// count of each.
    rewritten: HashMap<u64, Vec<(u64, u64)>, BuildHasherDefault<HashItself>>,
    /// The aggregates that were read.
    pub(super) list: Vec<ExposedAggregate>,
    /// How many were skipped because nothing in them changed.
    pub(super) unchanged: usize,
    /// How many more there may be that the memo does not know. What it knows has its place already: otherwise a client
    /// that exposes too many of them in random order would have another choice of them taken each time.
    room: usize,
    /// The aggregate that should come next if they come in the order of the last exposition.
    expected: Option<u64>,
    /// The aggregate that came last, and the one that came first.
    last: Option<u64>,
    pub(super) first: Option<u64>,
    /// The memo can not be used for this exposition after all.
    pub(super) again: bool,
}

/// One aggregate while it is being read.
#[derive(Debug)]
struct Draft {
    start: usize,
    key: Option<String>,
    /// The key that was there, as a hash, where it was changed.
    rewritten: Option<u64>,
    count: Option<u64>,
    /// A count was there and was none.
    count_bad: bool,
    severity: Severity,
    created_at: Option<Timestamp>,
    samples: Samples,
    /// Where the samples stand.
    samples_at: Option<Range<usize>>,
}

#[derive(Debug)]
enum Samples {
    /// None, or none that will be needed.
    Nothing,
    /// As in the last exposition.
    Same,
    /// Not read yet, because the key that says whether they changed has not come yet.
    Later,
    /// Read.
    Read(Vec<Occurrence>),
}

impl<'m> Aggregates<'m> {
    pub(super) fn new(old: Option<&'m Memo>, aggregates_max: usize) -> Self {
        let known = old.map_or(0, Memo::len);
        Self {
            old,
            entries: Entries::with_capacity_and_hasher(known, BuildHasherDefault::default()),
            positions: HashMap::default(),
            rewritten: HashMap::default(),
            list: Vec::new(),
            unchanged: 0,
            room: aggregates_max.saturating_sub(known),
            expected: old.and_then(Memo::first),
            last: None,
            first: None,
            again: false,
        }
    }

    fn known(&self, id: u64) -> Option<&'m Entry> {
        self.old.and_then(|memo| memo.get(id))
    }

    fn has(&self, id: u64) -> bool {
        self.entries.contains_key(&id) || self.positions.contains_key(&id)
    }

    /// Notes an aggregate that is as in the last exposition.
    fn skip(&mut self, id: u64, entry: Entry) {
        // The same key a second time: what the first one said is needed to join them.
        self.again |= self.has(id);
        self.unchanged += 1;
        self.enter(id, entry);
    }

    /// Makes an aggregate known to the next exposition's reader, after the one before it.
    fn enter(&mut self, id: u64, mut entry: Entry) {
        self.expected = self.known(id).and_then(|known| known.next);
        entry.next = None;
        self.entries.insert(id, entry);
        match self.last.and_then(|last| self.entries.get_mut(&last)) {
            Some(last) => last.next = Some(id),
            None => self.first = Some(id),
        }
        self.last = Some(id);
    }
}

impl Reader<'_> {
    /// Reads the value of `aggregated_errors`.
    pub(super) fn aggregates(&mut self, into: &mut Aggregates<'_>) -> Result<(), Error> {
        if self.scanner.take_null()? {
            return Ok(());
        }
        if !self.scanner.take(b'[') {
            return Err(self.scanner.error("aggregated_errors is not an array"));
        }
        let mut first = true;
        while self.scanner.next_element(&mut first)? {
            if self.scanner.peek() != Some(b'{') {
                self.dropped.aggregates += 1;
                self.scanner.skip_value()?;
            } else if !self.skip_unchanged(into) {
                self.aggregate(into)?;
            }
        }
        Ok(())
    }

    /// Goes over an object that is, byte for byte, one that the memo knows: the one of its key, if it begins with its key,
    /// and otherwise the one that came here in the last exposition.
    fn skip_unchanged(&mut self, into: &mut Aggregates<'_>) -> bool {
        if into.old.is_none() {
            return false;
        }
        let start = self.scanner.at();
        // A key with escapes, or broken, hashes to something else and takes the long way.
        let Some(id) = self.leading_key().map(xxh3_64).or(into.expected) else { return false };
        let Some(entry) = into.known(id) else { return false };
        let Some(len) = entry.matches(&self.scanner, start) else { return false };
        into.skip(id, *entry);
        self.scanner.go(start + len);
        true
    }

    /// The aggregation key, as raw bytes, of an object that begins with it.
    fn leading_key(&self) -> Option<&[u8]> {
        let mut ahead = self.scanner.clone();
        ahead.advance(1);
        let field = ahead.next_key(&mut true).ok()??;
        if field.bytes != b"aggregation_key" || ahead.peek() != Some(b'"') {
            return None;
        }
        Some(ahead.string().ok()?.bytes)
    }

    /// Reads one object.
    fn aggregate(&mut self, into: &mut Aggregates<'_>) -> Result<(), Error> {
        let dropped_before = self.dropped;
        self.starved = false;
        let mut draft = Draft {
            start: self.scanner.at(),
            key: None,
            rewritten: None,
            count: None,
            count_bad: false,
            severity: Severity::default(),
            created_at: None,
            samples: Samples::Nothing,
            samples_at: None,
        };
        self.scanner.advance(1);
        let mut first = true;
        while let Some(field) = self.scanner.next_key(&mut first)? {
            match &*field.name() {
                b"aggregation_key" => {
                    // A second key could belong to other samples than the first one was compared with.
                    into.again |= draft.key.is_some() && into.old.is_some();
                    draft.key = self.aggregation_key()?;
                    draft.rewritten = draft.key.as_mut().and_then(|key| self.rewrite(key));
                }
                b"total_count" => {
                    draft.count = self.count()?;
                    draft.count_bad = draft.count.is_none();
                }
                // The count is sound even where these are not, and counts are what matters.
                b"severity" => drop(self.severity(&mut draft.severity)?),
                b"created_at" => drop(self.time(&mut draft.created_at)?),
                b"latest_errors" => self.samples(into, &mut draft)?,
                _ => self.scanner.skip_value()?,
            }
        }
        if !self.finish(into, draft)? {
            self.dropped = dropped_before;
            self.dropped.aggregates += 1;
        }
        Ok(())
    }

    /// A usable key. An empty one names nothing, and a shortened one could be another error's.
    fn aggregation_key(&mut self) -> Result<Option<String>, Error> {
        if self.scanner.peek() != Some(b'"') {
            return self.scanner.skip_value().map(|()| None);
        }
        let (key, cut) = self.scanner.string()?.decode(self.limits.key_bytes_max);
        Ok((!cut && !key.is_empty()).then_some(key))
    }

    /// Hides secrets in a key, and makes of it what the rules say. The hash of what it was, where that changed it.
    fn rewrite(&mut self, key: &mut String) -> Option<u64> {
        let was = key_hash(key);
        let hidden = self.redactor.text(key, &mut self.redacted);
        // In this order: what the rules leave of a secret might not be known as one.
        let ruled = key::apply(&self.limits.key_rules, key);
        (hidden || ruled).then_some(was)
    }

    fn count(&mut self) -> Result<Option<u64>, Error> {
        match self.scanner.peek() {
            Some(b'-' | b'0'..=b'9') => Ok(number::count(self.scanner.number()?)),
            _ => self.scanner.skip_value().map(|()| None),
        }
    }

    /// Reads the samples, unless they are known or will not be needed.
    fn samples(&mut self, into: &Aggregates<'_>, draft: &mut Draft) -> Result<(), Error> {
        let array = self.scanner.peek() == Some(b'[');
        let start = self.scanner.at();
        let known = draft.key.as_ref().map(|key| {
            let id = xxh3_64(key.as_bytes());
            (into.known(id), into.known(id).is_some() || into.has(id) || into.room > 0)
        });
        draft.samples = match known {
            // Only a bracket's end is given by what is before it.
            Some((Some(entry), _)) if array && entry.samples_match(&self.scanner, start) => {
                self.scanner.advance(entry.samples_len());
                Samples::Same
            }
            Some((_, taken)) if !taken || draft.count_bad => {
                self.scanner.skip_value()?;
                Samples::Nothing
            }
            None if into.old.is_some() => {
                self.scanner.skip_value()?;
                Samples::Later
            }
            _ => Samples::Read(self.occurrences()?),
        };
        draft.samples_at = Some(start..self.scanner.at());
        Ok(())
    }

    /// Takes an aggregate in; false when it can not be taken.
    fn finish(&mut self, into: &mut Aggregates<'_>, draft: Draft) -> Result<bool, Error> {
        let (Some(key), Some(count)) = (draft.key, draft.count) else { return Ok(false) };
        let end = self.scanner.at();
        let id = xxh3_64(key.as_bytes());
        let known = into.known(id);
        if known.is_none() && into.room == 0 && !into.has(id) {
            return Ok(false);
        }
        let samples_at = draft.samples_at.unwrap_or(end..end);
        let occurrences = match (draft.samples, known) {
            (Samples::Same | Samples::Later | Samples::Nothing, Some(entry))
                if entry.matches(&self.scanner, draft.start) == Some(end - draft.start) =>
            {
                into.skip(id, *entry);
                return Ok(true);
            }
            (Samples::Same, _) => None,
            (Samples::Later, Some(entry))
                if entry.samples_len() == samples_at.len() && entry.samples_match(&self.scanner, samples_at.start) =>
            {
                None
            }
            (Samples::Later, _) => {
                self.scanner.go(samples_at.start);
                let occurrences = self.occurrences()?;
                self.scanner.go(end);
                Some(occurrences)
            }
            (Samples::Read(occurrences), _) => Some(occurrences),
            (Samples::Nothing, _) => Some(Vec::new()),
        };
        let (severity, created_at) = (draft.severity, draft.created_at);
        let aggregate = ExposedAggregate {
            key,
            total_count: count,
            severity,
            created_at,
            occurrences,
            last_count: into.old.and_then(|memo| memo.count(id)),
            exposed_keys: draft.rewritten.into_iter().collect(),
        };
        if into.has(id) {
            self.join(into, id, aggregate, draft.rewritten);
            return Ok(true);
        }
        if known.is_none() {
            into.room -= 1;
        }
        self.kept_bytes +=
            aggregate.key.len() + size_of::<ExposedAggregate>() + size_of::<Entry>() + ALLOCATION_BYTES * 2;
        into.positions.insert(id, into.list.len());
        into.list.push(aggregate);
        if let Some(was) = draft.rewritten {
            into.rewritten.insert(id, vec![(was, count)]);
        }
        // One that was kept short of memory is read again next time, and so is one whose key may be that of several: their
        // counts are added up, for which all of them are needed.
        if !self.starved
            && draft.rewritten.is_none()
            && let Some(entry) = Entry::of(&self.scanner, draft.start..end, samples_at, count)
        {
            into.enter(id, entry);
        }
        Ok(true)
    }

    /// Joins an aggregate with one of the same key. Counts only grow, so the larger one is the later one, and it is the
    /// one to believe; adding them up would count twice what a client merely writes twice. But keys that were
    /// changed to be equal count apart: their counts are added up. The samples of both happened.
    fn join(&mut self, into: &mut Aggregates<'_>, id: u64, other: ExposedAggregate, rewritten: Option<u64>) {
        let Some(first) = into.positions.get(&id).and_then(|at| into.list.get_mut(*at)) else {
            into.again = true; // The first one was skipped.
            return;
        };
        if first.key != other.key {
            into.list.push(other); // Two keys with one hash; neither may be skipped under it.
            into.entries.remove(&id);
            return;
        }
        let (ExposedAggregate { occurrences: Some(have), .. }, Some(mut more)) = (&mut *first, other.occurrences)
        else {
            into.again = true; // The samples of one of them were skipped.
            return;
        };
        let mut all = std::mem::take(have);
        all.append(&mut more);
        while all.len() > self.limits.occurrences_per_aggregate_max {
            self.drop_oldest(&mut all);
        }
        *have = all;
        let keys = into.rewritten.entry(id);
        if rewritten.is_some() || matches!(keys, std::collections::hash_map::Entry::Occupied(_)) {
            // A key that came hidden already, from another server, counts as one of its own.
            let keys = keys.or_insert_with(|| vec![(id, first.total_count)]);
            let was = rewritten.unwrap_or(id);
            match keys.iter_mut().find(|(key, _)| *key == was) {
                Some((_, count)) => *count = other.total_count.max(*count),
                None => keys.push((was, other.total_count)),
            }
            first.exposed_keys = keys.iter().map(|(key, _)| *key).collect();
            first.total_count = keys.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count));
            first.severity = first.severity.max(other.severity);
            first.created_at = first.created_at.into_iter().chain(other.created_at).min();
        } else if other.total_count > first.total_count {
            first.total_count = other.total_count;
            first.severity = other.severity;
            first.created_at = other.created_at;
        }
        into.entries.remove(&id);
    }
}
