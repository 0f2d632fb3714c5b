//! The log: one row for each scrape of each commit, holding all that a restart needs.
//!
//! State in memory changes in one way only: by applying such a row, right after it was committed or while it is replayed
//! at start. So a restart can not arrive anywhere else than the running process did. Format: docs/storage-format.md.

use super::change::{AggregateChange, Baseline, Outcome, ScrapeChange};
use super::codec::Corrupt;
use super::coverage::TargetWindow;
use super::row::{Reader, Writer, unexpected};
use super::window::{Slot, WINDOW_SECONDS, Window};
use crate::model::id::{AggregateId, InstanceId};
use crate::model::occurrence::SampleId;
use crate::model::scrape::FailureKind;
use crate::model::severity::Severity;
use crate::model::time::{Millis, Timestamp};

/// A scrape as the log holds it; its target stands in the row's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) at: Timestamp,
    pub(super) interval: Millis,
    pub(super) duration: Millis,
    pub(super) body_bytes: u64,
    pub(super) outcome: EntryOutcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EntryOutcome {
    /// Discovery no longer lists the target.
    Gone,
    /// An import brought what the target counted in a window that is not sealed. All but the points and the coverage is
    /// in other rows already.
    Imported {
        /// Aggregates ascending.
        counts: Vec<(AggregateId, Vec<(Slot, u64)>)>,
        watched: Option<TargetWindow>,
    },
    Down {
        kind: u8,
        message: String,
    },
    Up {
        instance: InstanceId,
        keys: u64,
        watched_from: Option<Timestamp>,
        /// The partition of the commit's occurrences.
        day: u32,
        /// Index of the first new occurrence among the commit's.
        first_occurrence: u32,
        moves: Vec<Move>,
    },
}

/// How one aggregate moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) aggregate: AggregateId,
    /// The whole delta; what `points` do not hold stands in the spans table.
    pub(super) delta: u64,
    pub(super) points: Vec<(Slot, u64)>,
    pub(super) total: u64,
    pub(super) created_at: Option<Timestamp>,
    /// `None`: as before.
    pub(super) samples: Option<Vec<SampleId>>,
    pub(super) severity: Severity,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Option<Timestamp>,
    /// How many new occurrences the move brought.
    pub(super) occurrences: u32,
}

/// What rows are written against: the baseline before the move, so that only the difference is stored.
pub(super) trait Baselines {
    /// The baseline of an aggregate at an instance.
    fn baseline(&self, instance: InstanceId, aggregate: AggregateId) -> Option<&Baseline>;

    /// The fingerprint of the rules under which an instance's aggregates have their keys.
    fn keys(&self, instance: InstanceId) -> u64;
}

const GONE: u8 = 0;
const DOWN: u8 = 1;
const UP: u8 = 2;
const IMPORTED: u8 = 3;

// Flags of a move: what is written after its delta.
const TOTAL: u8 = 1; // the total, because it is not the old total and the delta
const CREATED: u8 = 2; // created_at, because it is not the old one
const SAMPLES: u8 = 4; // which samples stayed and which are new
const POINTS: u8 = 8; // points, because they are not just the delta at the scrape's slot
const SEEN: u8 = 16; // first and last seen, because they are not the scrape's time
const SEVERITY: u8 = 32 | 64; // 0 info, 1 warning, 2 error

impl Entry {
    /// The entry for a change, whose occurrences are in partition `day` from `first_occurrence` on; `points` says which of
    /// a change's points go to the head.
    pub(super) fn new(
        change: &ScrapeChange,
        (day, first_occurrence): (u32, u32),
        points: impl Fn(&AggregateChange) -> Vec<(Slot, u64)>,
    ) -> Self {
        let outcome = match &change.outcome {
            Outcome::Down { kind, message } => EntryOutcome::Down { kind: kind_code(*kind), message: message.clone() },
            Outcome::Up { instance, keys, watched_from, changes } => EntryOutcome::Up {
                instance: *instance,
                keys: *keys,
                watched_from: *watched_from,
                day,
                first_occurrence,
                moves: changes.iter().map(|change| Move::new(change, points(change))).collect(),
            },
        };
        Self {
            at: change.at,
            interval: change.interval,
            duration: change.duration,
            body_bytes: change.body_bytes,
            outcome,
        }
    }

    /// The time of an encoded entry, without reading the rest.
    pub(super) fn peek_at(bytes: &[u8]) -> Result<Timestamp, Corrupt> {
        Reader(bytes).time(Timestamp(0))
    }

    /// The process that answered the scrape of an encoded entry, without reading the rest.
    pub(super) fn peek_instance(bytes: &[u8]) -> Result<Option<InstanceId>, Corrupt> {
        let mut row = Reader(bytes);
        Self::decode_head(&mut row)?;
        Ok(if row.byte()? == UP { Some(InstanceId(row.small()?)) } else { None })
    }

    /// The bytes of the row.
    pub(super) fn encode(&self, baselines: &impl Baselines) -> Vec<u8> {
        let mut out = Writer::default();
        out.time(self.at, Timestamp(0));
        out.signed(self.interval.0);
        out.signed(self.duration.0);
        out.unsigned(self.body_bytes);
        match &self.outcome {
            EntryOutcome::Gone => out.byte(GONE),
            EntryOutcome::Imported { counts, watched } => self.encode_imported(&mut out, counts, watched.as_ref()),
            EntryOutcome::Down { kind, message } => {
                out.byte(DOWN);
                out.byte(*kind);
                out.text(message);
            }
            EntryOutcome::Up { instance, keys, watched_from, day, first_occurrence, moves } => {
                out.byte(UP);
                out.unsigned(u64::from(instance.0));
                let rekeyed = *keys != baselines.keys(*instance);
                out.byte(u8::from(rekeyed));
                if rekeyed {
                    out.0.extend_from_slice(&keys.to_le_bytes());
                }
                // 0 is "not watched"; the distance is never negative for a watched stretch.
                let watched = watched_from.map_or(0, |from| (self.at.0 - from.0).max(0) as u64 + 1);
                out.unsigned(watched);
                out.signed(i64::from(*day) - i64::from(self.at.day()));
                out.unsigned(u64::from(*first_occurrence));
                out.unsigned(moves.len() as u64);
                let mut previous = 0;
                for change in moves {
                    out.unsigned(u64::from(change.aggregate.0.wrapping_sub(previous)));
                    previous = change.aggregate.0;
                    self.encode_move(&mut out, change, baselines.baseline(*instance, change.aggregate));
                }
            }
        }
        out.0
    }

    fn encode_imported(
        &self,
        out: &mut Writer,
        counts: &[(AggregateId, Vec<(Slot, u64)>)],
        watched: Option<&TargetWindow>,
    ) {
        out.byte(IMPORTED);
        out.unsigned(counts.len() as u64);
        let mut previous = 0;
        for (aggregate, points) in counts {
            out.unsigned(u64::from(aggregate.0.wrapping_sub(previous)));
            previous = aggregate.0;
            out.unsigned(points.len() as u64);
            for (slot, count) in points {
                out.unsigned(u64::from(slot.offset));
                out.unsigned(*count);
            }
        }
        out.byte(u8::from(watched.is_some()));
        if let Some(watched) = watched {
            watched.encode(Window::of(self.at), out);
        }
    }

    fn decode_imported(&self, row: &mut Reader<'_>) -> Result<EntryOutcome, Corrupt> {
        let window = Window::of(self.at);
        let mut counts = Vec::new();
        let mut previous = 0u32;
        for _ in 0..row.length()? {
            previous = previous.wrapping_add(row.small()?);
            let mut points = Vec::new();
            for _ in 0..row.length()? {
                let offset = row.small()?;
                if offset >= WINDOW_SECONDS {
                    return Err(unexpected("a second of the window"));
                }
                points.push((Slot { window, offset }, row.unsigned()?));
            }
            counts.push((AggregateId(previous), points));
        }
        let watched = if row.byte()? == 0 { None } else { Some(TargetWindow::decode(window, row)?) };
        Ok(EntryOutcome::Imported { counts, watched })
    }

    fn encode_move(&self, out: &mut Writer, change: &Move, before: Option<&Baseline>) {
        let unknown = Baseline::default();
        let before = before.unwrap_or(&unknown);
        let slot = Slot::of(self.at, self.interval);
        let simple = if change.delta == 0 { change.points.is_empty() } else { change.points == [(slot, change.delta)] };
        let seen = change.first_seen == self.at && change.last_seen == (change.delta > 0).then_some(self.at);
        let mut flags = (change.severity as u8) << 5;
        if change.total != before.total.wrapping_add(change.delta) {
            flags |= TOTAL;
        }
        if change.created_at != before.created_at {
            flags |= CREATED;
        }
        if change.samples.as_ref().is_some_and(|samples| *samples != before.samples) {
            flags |= SAMPLES;
        }
        if !simple {
            flags |= POINTS;
        }
        if !seen {
            flags |= SEEN;
        }
        out.byte(flags);
        out.unsigned(change.delta);
        out.unsigned(u64::from(change.occurrences));
        if flags & TOTAL != 0 {
            out.unsigned(change.total);
        }
        if flags & CREATED != 0 {
            out.byte(u8::from(change.created_at.is_some()));
            out.time(change.created_at.unwrap_or(self.at), self.at);
        }
        if flags & SAMPLES != 0 {
            encode_samples(out, &before.samples, change.samples.as_deref().unwrap_or_default());
        }
        if flags & POINTS != 0 {
            out.unsigned(change.points.len() as u64);
            for (at, count) in &change.points {
                out.signed((slot.time().0 - at.time().0) / 1000);
                out.unsigned(*count);
            }
        }
        if flags & SEEN != 0 {
            out.time(change.first_seen, self.at);
            out.byte(u8::from(change.last_seen.is_some()));
            out.time(change.last_seen.unwrap_or(self.at), self.at);
        }
    }

    /// Reads a row back; `baselines` must be as they were when it was written.
    pub(super) fn decode(bytes: &[u8], baselines: &impl Baselines) -> Result<Self, Corrupt> {
        let mut row = Reader(bytes);
        let mut entry = Self::decode_head(&mut row)?;
        entry.outcome = match row.byte()? {
            GONE => EntryOutcome::Gone,
            DOWN => EntryOutcome::Down { kind: row.byte()?, message: row.text()?.to_owned() },
            UP => entry.decode_up(&mut row, baselines)?,
            IMPORTED => entry.decode_imported(&mut row)?,
            _ => return Err(unexpected("an outcome of a scrape")),
        };
        if row.is_empty() { Ok(entry) } else { Err(unexpected("the end of a log row")) }
    }

    /// All but the outcome.
    fn decode_head(row: &mut Reader<'_>) -> Result<Self, Corrupt> {
        Ok(Self {
            at: row.time(Timestamp(0))?,
            interval: Millis(row.signed()?),
            duration: Millis(row.signed()?),
            body_bytes: row.unsigned()?,
            outcome: EntryOutcome::Gone,
        })
    }

    fn decode_up(&self, row: &mut Reader<'_>, baselines: &impl Baselines) -> Result<EntryOutcome, Corrupt> {
        let instance = InstanceId(row.small()?);
        let keys = if row.byte()? == 0 {
            baselines.keys(instance)
        } else {
            u64::from_le_bytes(row.take(8)?.try_into().map_err(|_| unexpected("the rules of the keys"))?)
        };
        let watched = row.unsigned()?;
        let watched_from = (watched > 0).then(|| Timestamp(self.at.0.wrapping_sub(watched as i64 - 1)));
        let day = i64::from(self.at.day()).wrapping_add(row.signed()?);
        let day = u32::try_from(day).map_err(|_| unexpected("the day of a partition"))?;
        let first_occurrence = row.small()?;
        let length = row.length()?;
        let mut moves = Vec::with_capacity(length);
        let mut previous = 0u32;
        for _ in 0..length {
            previous = previous.wrapping_add(row.small()?);
            let aggregate = AggregateId(previous);
            moves.push(self.decode_move(row, aggregate, baselines.baseline(instance, aggregate))?);
        }
        Ok(EntryOutcome::Up { instance, keys, watched_from, day, first_occurrence, moves })
    }

    fn decode_move(
        &self,
        row: &mut Reader<'_>,
        aggregate: AggregateId,
        before: Option<&Baseline>,
    ) -> Result<Move, Corrupt> {
        let unknown = Baseline::default();
        let before = before.unwrap_or(&unknown);
        let slot = Slot::of(self.at, self.interval);
        let flags = row.byte()?;
        let delta = row.unsigned()?;
        let occurrences = row.small()?;
        let total = if flags & TOTAL != 0 { row.unsigned()? } else { before.total.wrapping_add(delta) };
        let created_at = if flags & CREATED != 0 {
            let known = row.byte()? != 0;
            let time = row.time(self.at)?;
            known.then_some(time)
        } else {
            before.created_at
        };
        let samples = if flags & SAMPLES != 0 { Some(decode_samples(row, &before.samples)?) } else { None };
        let mut points = Vec::new();
        if flags & POINTS != 0 {
            for _ in 0..row.length()? {
                let back = row.signed()?.checked_mul(1000).ok_or_else(|| unexpected("the time of a point"))?;
                let time = Timestamp(slot.time().0.wrapping_sub(back));
                points.push((Slot::of(time, Millis(1000)), row.unsigned()?));
            }
        } else if delta > 0 {
            points.push((slot, delta));
        }
        let (first_seen, last_seen) = if flags & SEEN != 0 {
            let first = row.time(self.at)?;
            let known = row.byte()? != 0;
            let last = row.time(self.at)?;
            (first, known.then_some(last))
        } else {
            (self.at, (delta > 0).then_some(self.at))
        };
        let severity = match (flags & SEVERITY) >> 5 {
            0 => Severity::Info,
            1 => Severity::Warning,
            _ => Severity::Error,
        };
        Ok(Move { aggregate, delta, points, total, created_at, samples, severity, first_seen, last_seen, occurrences })
    }
}

impl Move {
    fn new(change: &AggregateChange, points: Vec<(Slot, u64)>) -> Self {
        Self {
            aggregate: change.aggregate,
            delta: change.placement.count(),
            points,
            total: change.baseline.total,
            created_at: change.baseline.created_at,
            samples: Some(change.baseline.samples.clone()),
            severity: change.severity,
            first_seen: change.first_seen,
            last_seen: change.last_seen,
            occurrences: change.occurrences.len() as u32,
        }
    }
}

/// Which of the old samples stayed, as a bit each, and the new ones in full.
fn encode_samples(out: &mut Writer, before: &[SampleId], now: &[SampleId]) {
    out.unsigned(before.len() as u64);
    let mut bits = vec![0u8; before.len().div_ceil(8)];
    for (index, sample) in before.iter().enumerate() {
        if let (true, Some(byte)) = (now.binary_search(sample).is_ok(), bits.get_mut(index / 8)) {
            *byte |= 1 << (index % 8);
        }
    }
    out.0.extend_from_slice(&bits);
    let added: Vec<&SampleId> = now.iter().filter(|sample| before.binary_search(sample).is_err()).collect();
    out.unsigned(added.len() as u64);
    for sample in added {
        out.0.extend_from_slice(&sample.0.to_le_bytes());
    }
}

/// An entry that is older than the baseline's row is read against another list than it was written for; what comes out
/// is not used then ([`super::live::AsOf`]), but the rest of the row must still be found.
fn decode_samples(row: &mut Reader<'_>, before: &[SampleId]) -> Result<Vec<SampleId>, Corrupt> {
    let length = usize::try_from(row.unsigned()?).map_err(|_| unexpected("how many samples there were"))?;
    let bits = row.take(length.div_ceil(8))?;
    let stayed = |index: usize| bits.get(index / 8).is_some_and(|byte| byte & (1 << (index % 8)) != 0);
    let mut samples: Vec<SampleId> =
        before.iter().enumerate().filter(|(index, _)| stayed(*index)).map(|(_, sample)| *sample).collect();
    for _ in 0..row.length()? {
        let bytes = row.take(8)?.try_into().map_err(|_| unexpected("a sample"))?;
        samples.push(SampleId(u64::from_le_bytes(bytes)));
    }
    samples.sort_unstable();
    Ok(samples)
}

pub(super) fn kind_code(kind: FailureKind) -> u8 {
    match kind {
        FailureKind::Connect => 0,
        FailureKind::Timeout => 1,
        FailureKind::Status => 2,
        FailureKind::TooLarge => 3,
        FailureKind::Malformed => 4,
        FailureKind::Body => 5,
    }
}
