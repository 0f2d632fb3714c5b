//! The index against a scan of everything that is stored, in plain code.

use std::ops::{ControlFlow, RangeInclusive};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roaring::RoaringBitmap;

use super::condition::{Condition, Document, Field, TextMatch};
use super::*;
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, OccurrenceId, TargetId};
use crate::model::occurrence::{Cause, Exception, HttpContext, Occurrence, Stack};
use crate::model::series::Buckets;
use crate::model::severity::Severity;
use crate::model::time::{Millis, TimeRange, Timestamp};

const DAY: u32 = 20_777;
const DAY_MS: i64 = 86_400_000;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

/// Few words, so that they meet: with parts, digits, other scripts, and beginnings of each other.
const WORDS: [&str; 26] = [
    "time",
    "timeout",
    "Timeout",
    "getUser",
    "getUserName",
    "user",
    "User",
    "HikariPool",
    "pool",
    "1",
    "12",
    "v2",
    "HTTPServer",
    "NullPointerException",
    "pointerNull",
    "null",
    "bar",
    "foo",
    "Größe",
    "ошибка",
    "接続",
    "3f2a9cde",
    "userUser",
    "a",
    "🔥",
    "Straße",
];
const GLUE: [&str; 9] = [" ", " ", " ", ".", "-", "_", "/", ": ", ""];

fn text(random: &mut Random, words: usize) -> String {
    let mut text = String::new();
    for _ in 0..random.below(words + 1) {
        text.push_str(random.of(&WORDS));
        text.push_str(random.of(&GLUE));
    }
    text
}

fn stack(random: &mut Random) -> Option<Arc<Stack>> {
    let mut seeded = Random(random.below(6) as u64);
    let frames = seeded.below(5);
    (!random.chance(4)).then(|| Arc::new(Stack { frames: (0..frames).map(|_| text(&mut seeded, 4)).collect() }))
}

fn occurrence(random: &mut Random, day: u32) -> Occurrence {
    let begin = i64::from(day) * DAY_MS;
    let timestamp = match random.below(12) {
        0 => None,
        1 => Some(begin - 3 * DAY_MS),
        2 => Some(i64::MIN),
        3 => Some(begin + 1000 * random.below(4) as i64),
        _ => Some(begin + random.below(DAY_MS as usize) as i64),
    };
    let causes = if random.chance(3) { random.below(3) } else { 0 };
    let cause = |random: &mut Random| Cause { class: text(random, 2), message: text(random, 3), stack: stack(random) };
    let headers = (!random.chance(3)).then(|| {
        let mut header = || (text(random, 2).replace(' ', "-"), text(random, 3));
        (0..3).map(|_| header()).collect()
    });
    let http = (!random.chance(3)).then(|| HttpContext {
        method: random.of(&["GET", "POST", ""]).to_owned(),
        url: text(random, 5),
        headers,
        body: None,
    });
    Occurrence {
        uuid: String::new(),
        timestamp: timestamp.map(Timestamp),
        severity: Severity::Error,
        exception: Exception {
            class: if random.chance(8) { String::new() } else { text(random, 3) },
            message: text(random, 8),
            stack: stack(random),
            causes: (0..causes).map(|_| cause(random)).collect(),
        },
        http,
    }
}

fn field(random: &mut Random) -> Field {
    match random.below(14) {
        0 => Field::Class,
        1 => Field::Message,
        2 => Field::Cause,
        3 => Field::Stack,
        4 => Field::Url,
        5 => Field::Header,
        6 | 7 => Field::NamedHeader(text(random, 2)),
        8 => Field::Method,
        _ => Field::Any,
    }
}

fn wanted(random: &mut Random) -> TextMatch {
    let mut words = text(random, 3);
    match random.below(6) {
        0 | 1 => TextMatch::words(&words),
        2 | 3 => TextMatch::phrase(&words),
        4 => {
            let cut = random.below(words.chars().count() + 1);
            TextMatch::prefix(&words.chars().take(cut).collect::<String>())
        }
        _ => {
            for _ in 0..=random.below(2) {
                let at = random.below(words.chars().count() + 1);
                let byte = words.char_indices().nth(at).map_or(words.len(), |(byte, _)| byte);
                words.insert_str(byte, random.of(&["*", "*", ".*.", "post*"]));
            }
            TextMatch::wildcard(&words)
        }
    }
}

fn condition(random: &mut Random, depth: usize) -> Condition {
    let several = |random: &mut Random| (0..random.below(4)).map(|_| condition(random, depth - 1)).collect();
    match if depth == 0 { random.below(12) } else { random.below(20) } {
        0 => Condition::All,
        1 => {
            let one_in = 1 + random.below(4);
            let ids = (0..8).filter(|_| random.chance(one_in)).map(AggregateId);
            Condition::Aggregates(AggregateSet::from_iter(ids.collect::<Vec<_>>()))
        }
        2 => Condition::Targets((0..3).filter(|_| random.chance(2)).collect::<RoaringBitmap>()),
        3 => Condition::Has(field(random)),
        4..12 => Condition::Text(field(random), wanted(random)),
        12..15 => Condition::And(several(random)),
        15..18 => Condition::Or(several(random)),
        _ => Condition::Not(Box::new(condition(random, depth - 1))),
    }
}

type Stored = (OccurrenceId, AggregateId, TargetId, Occurrence);

/// What is stored, in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<Stored>>>, Arc<Mutex<std::collections::BTreeMap<u32, u32>>>);

impl Memory {
    fn commit(&self, random: &mut Random, commit: u64, day: u32) {
        let mut stored = self.0.lock().unwrap();
        for index in 0..random.below(12) as u32 {
            let id = OccurrenceId { commit, index, day };
            let (aggregate, target) = (AggregateId(random.below(8) as u32), TargetId(random.below(3) as u32));
            stored.push((id, aggregate, target, occurrence(random, day)));
        }
    }

    fn all(&self) -> Vec<Stored> {
        self.0.lock().unwrap().clone()
    }

    /// Removes about half of what a day has.
    fn thin(&self, random: &mut Random, day: u32) {
        self.0.lock().unwrap().retain(|(id, ..)| id.day != day || random.chance(2));
        *self.1.lock().unwrap().entry(day).or_default() += 1;
    }

    /// Forgets days before this one, and their directories.
    fn retain(&self, directory: &Path, first: u32) {
        self.0.lock().unwrap().retain(|(id, ..)| id.day >= first);
        let gone = directory.join(name::name_of(first - 1));
        let _ = std::fs::remove_dir_all(gone);
    }
}

impl Memory {
    fn generation(&self, day: u32) -> u32 {
        self.1.lock().unwrap().get(&day).copied().unwrap_or(0)
    }
}

impl Source for Memory {
    fn days(&self) -> Result<Vec<Pending>, SourceError> {
        let mut days = std::collections::BTreeMap::new();
        for (id, ..) in self.0.lock().unwrap().iter() {
            days.insert(id.day, id.commit);
        }
        Ok(days.into_iter().map(|(day, commit)| Pending { day, generation: self.generation(day), commit }).collect())
    }

    fn bytes(&self, day: u32, after: u64) -> Result<u64, SourceError> {
        Ok(self.0.lock().unwrap().iter().filter(|(id, ..)| id.day == day && id.commit > after).count() as u64 * 100)
    }

    fn read(&self, day: u32, commits: RangeInclusive<u64>, visit: &mut Visit<'_>) -> Result<(), SourceError> {
        for (id, aggregate, target, occurrence) in self.all() {
            if id.day == day
                && commits.contains(&id.commit)
                && visit(id, aggregate, target, &occurrence) == ControlFlow::Break(())
            {
                break;
            }
        }
        Ok(())
    }

    fn wait(&self, _: u64, _: Duration) -> u64 {
        self.0.lock().unwrap().len() as u64
    }
}

/// The answers of a scan.
fn scan(stored: &[Stored], condition: &Condition, range: TimeRange) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for (id, aggregate, target, occurrence) in stored {
        let time = schema::time_of(id.day, occurrence.timestamp);
        if range.contains(time) && condition.holds(&Document::occurrence(*aggregate, *target, occurrence)) {
            found.push(Found { id: *id, time, aggregate: *aggregate, target: *target });
        }
    }
    found.sort_by_key(|found| std::cmp::Reverse(found.position()));
    found
}

fn pages(snapshot: &Snapshot, condition: &Condition, range: TimeRange, limit: usize) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    loop {
        let after = all.last().map(Found::position);
        let page = snapshot.newest(condition, range, after, limit).unwrap();
        assert!(page.len() <= limit);
        let last = page.len() < limit;
        all.extend(page);
        if last {
            return all;
        }
    }
}

fn compare(snapshot: &Snapshot, stored: &[Stored], random: &mut Random, questions: usize) {
    for _ in 0..questions {
        let depth = random.below(3);
        let condition = condition(random, depth);
        let begin = i64::from(DAY) * DAY_MS;
        let range = match random.below(3) {
            0 => {
                let start = begin + random.below(3 * DAY_MS as usize) as i64;
                TimeRange { start: Timestamp(start), end: Timestamp(start + random.below(DAY_MS as usize) as i64) }
            }
            _ => ALWAYS,
        };
        let expect = scan(stored, &condition, range);
        assert_eq!(snapshot.count(&condition, range).unwrap(), expect.len() as u64, "{condition:?} {range:?}");
        let limit = 1 + random.below(40);
        assert_eq!(pages(snapshot, &condition, range, limit), expect, "{condition:?} {range:?}");
        let aggregates: AggregateSet = expect.iter().map(|found| found.aggregate).collect();
        assert_eq!(snapshot.aggregates(&condition, range).unwrap(), aggregates, "{condition:?}");
        let buckets = Buckets { start: Timestamp(begin), step: Millis(DAY_MS / 3), len: 7 };
        let tally = tally(&scan(stored, &condition, buckets.range()), &buckets);
        assert_eq!(snapshot.tally(&condition, &buckets, true).unwrap(), tally, "{condition:?}");
    }
}

/// What there is to say about all that a scan found in some buckets.
fn tally(found: &[Found], buckets: &Buckets) -> Tally {
    let mut tally = Tally { over_time: vec![0; buckets.len], ..Tally::default() };
    let (mut by_aggregate, mut by_target) = (std::collections::BTreeMap::new(), std::collections::BTreeMap::new());
    for (found, bucket) in found.iter().filter_map(|found| Some((found, buckets.index(found.time)?))) {
        tally.total += 1;
        tally.over_time[bucket] += 1;
        *by_aggregate.entry(found.aggregate).or_insert(0) += 1;
        *by_target.entry(found.target).or_insert(0) += 1;
    }
    tally.aggregates = by_aggregate.into_iter().collect();
    tally.targets = by_target.into_iter().collect();
    tally
}

fn follower(directory: &Path, memory: &Memory) -> (Arc<Index>, Follower<Memory>) {
    let index = Arc::new(Index::new(directory));
    let mut follower = Follower::new(Arc::clone(&index), memory.clone(), Metrics::default()).unwrap();
    follower.slice_occurrences = 50;
    (index, follower)
}

/// `SEARCH_ROUNDS` makes it as long as one likes.
#[test]
fn every_answer_is_that_of_a_scan() {
    let rounds: u64 = std::env::var("SEARCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3);
    for seed in 0..rounds {
        let random = &mut Random(seed);
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory::default();
        let (mut index, mut follower) = self::follower(directory.path(), &memory);
        let (mut commit, mut day) = (0, DAY);
        for _ in 0..6 {
            for _ in 0..random.below(12) {
                commit += 1;
                // Now and then the clock goes back to yesterday.
                let yesterday = u32::from(random.chance(6));
                memory.commit(random, commit, day - yesterday);
            }
            match random.below(6) {
                0 => (index, follower) = self::follower(directory.path(), &memory),
                1 => follower.settle_all().unwrap(),
                2 => day += 1,
                3 if day > DAY + 1 => memory.retain(directory.path(), day - 1),
                4 => {
                    let yesterday = u32::from(random.chance(2) && day > DAY);
                    memory.thin(random, day - yesterday);
                }
                _ => {}
            }
            follower.catch_up().unwrap();
            let snapshot = index.snapshot();
            assert!(snapshot.progress.is_complete() && snapshot.progress.bytes_left == 0, "{:?}", snapshot.progress);
            compare(&snapshot, &memory.all(), random, 60);
        }
    }
}

/// Windows are full, half full and nearly empty, and buckets end within them.
#[test]
fn a_day_of_several_windows_is_counted_as_a_scan_counts_it() {
    let random = &mut Random(11);
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::default();
    for commit in 1..=500 {
        memory.commit(random, commit, DAY + u32::from(commit == 500));
    }
    let (index, mut follower) = self::follower(directory.path(), &memory);
    follower.slice_occurrences = usize::MAX;
    follower.settle_all().unwrap();
    let (stored, snapshot) = (memory.all(), index.snapshot());
    assert!(stored.len() > 2 * bits::WINDOW as usize);
    let any = |text: TextMatch| Condition::Text(Field::Any, text);
    let not = |condition: Condition| Condition::Not(Box::new(condition));
    let aggregates = |ids: &[u32]| Condition::Aggregates(ids.iter().copied().map(AggregateId).collect());
    let conditions = [
        Condition::All,
        not(any(TextMatch::words("接続"))),
        any(TextMatch::words("user")),
        any(TextMatch::phrase("getUser timeout")),
        any(TextMatch::prefix("t")),
        aggregates(&[0, 1, 2, 3, 4, 5, 6]),
        aggregates(&[3]),
        Condition::And(vec![aggregates(&[1, 2]), any(TextMatch::words("pool")), not(any(TextMatch::words("null")))]),
    ];
    let begin = i64::from(DAY) * DAY_MS;
    let spans = [(0, DAY_MS, 1), (-DAY_MS, DAY_MS / 3, 9), (DAY_MS / 7, DAY_MS / 1000, 300), (0, 1000, 20_000)];
    for condition in conditions {
        let found = scan(&stored, &condition, ALWAYS);
        for (start, step, len) in spans {
            let buckets = Buckets { start: Timestamp(begin + start), step: Millis(step), len };
            let mut expect = tally(&found, &buckets);
            assert_eq!(snapshot.tally(&condition, &buckets, true).unwrap(), expect, "{condition:?} {buckets:?}");
            expect.targets.clear();
            assert_eq!(snapshot.tally(&condition, &buckets, false).unwrap(), expect, "{condition:?} {buckets:?}");
        }
    }
}

/// Three days in a directory, indexed.
fn three_days(random: &mut Random, directory: &Path) -> Memory {
    let memory = Memory::default();
    for commit in 1..=24 {
        memory.commit(random, commit, DAY + commit as u32 / 9);
    }
    let (_, mut follower) = self::follower(directory, &memory);
    follower.settle_all().unwrap();
    memory
}

fn index_files(directory: &Path, day: u32) -> Vec<std::path::PathBuf> {
    let index = directory.join(name::name_of(day)).join("index");
    let mut files: Vec<_> = std::fs::read_dir(index).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.metadata().unwrap().len() > 0);
    files.sort();
    files
}

fn write(path: &Path, bytes: &[u8]) {
    crate::fs::rewrite_atomic(path, bytes).unwrap();
}

/// Opens what was damaged and compares every answer; how many occurrences were indexed for that.
fn recovered(directory: &Path, memory: &Memory, random: &mut Random) -> u64 {
    let (index, mut follower) = self::follower(directory, memory);
    follower.catch_up().unwrap();
    compare(&index.snapshot(), &memory.all(), random, 8);
    follower.metrics.indexed.get()
}

#[test]
fn a_damaged_index_is_made_anew() {
    let random = &mut Random(7);
    let directory = tempfile::tempdir().unwrap();
    let memory = three_days(random, directory.path());
    let of_day = memory.all().iter().filter(|(id, ..)| id.day == DAY + 1).count() as u64;
    assert_eq!(recovered(directory.path(), &memory, random), 0, "sound, so nothing is indexed again");
    let kinds = index_files(directory.path(), DAY + 1).len();
    assert!(kinds >= 8, "meta.json, .managed.json and a segment");
    let mut rebuilt = 0;
    for file in 0..kinds {
        for damage in 0..5 {
            let path = index_files(directory.path(), DAY + 1)[file].clone();
            let mut bytes = std::fs::read(&path).unwrap();
            match damage {
                0 => std::fs::remove_file(&path).unwrap(),
                1 => write(&path, &bytes[..bytes.len() / 2]),
                2 => write(&path, b""),
                _ => {
                    let at = random.below(bytes.len());
                    bytes[at] ^= 1 << random.below(8);
                    write(&path, &bytes);
                }
            }
            let indexed = recovered(directory.path(), &memory, random);
            assert!(indexed == 0 || indexed == of_day, "the other days are left alone");
            rebuilt += u64::from(indexed > 0);
            // A segment's file is covered by its checksum to the last byte.
            let of_segment = path.extension().is_none_or(|extension| extension != "json");
            assert!(indexed > 0 || !of_segment, "{damage} of {}", path.display());
        }
    }
    assert!(rebuilt > 20);
    let index = directory.path().join(name::name_of(DAY)).join("index");
    std::fs::remove_dir_all(&index).unwrap();
    assert!(recovered(directory.path(), &memory, random) > 0);
    std::fs::remove_dir_all(&index).unwrap();
    write(&index, b"a file in its place");
    write(&index.with_file_name("index.discarded"), b"and here");
    assert!(recovered(directory.path(), &memory, random) > 0);
}

/// Gives what is stored until somebody who was to index it breaks off.
struct Cut(Memory);

impl Source for Cut {
    fn days(&self) -> Result<Vec<Pending>, SourceError> {
        self.0.days()
    }

    fn bytes(&self, day: u32, after: u64) -> Result<u64, SourceError> {
        self.0.bytes(day, after)
    }

    fn read(&self, day: u32, commits: RangeInclusive<u64>, visit: &mut Visit<'_>) -> Result<(), SourceError> {
        self.0.read(day, commits, visit)?;
        Err("it breaks off".into())
    }

    fn wait(&self, after: u64, limit: Duration) -> u64 {
        self.0.wait(after, limit)
    }
}

#[test]
fn an_index_that_is_begun_and_no_more_is_sound_and_gone_on_with() {
    let random = &mut Random(17);
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::default();
    (1..=9).for_each(|commit| memory.commit(random, commit, DAY));
    let index = directory.path().join(name::name_of(DAY)).join("index");
    let states = || check(directory.path()).unwrap().into_iter().map(|day| day.state).collect::<Vec<_>>();
    // Each is as far as one gets before the process ends.
    std::fs::create_dir_all(&index).unwrap();
    assert_eq!(states(), [Ok((0, 0))]);
    let mut follower =
        Follower::new(Arc::new(Index::new(directory.path())), Cut(memory.clone()), Metrics::default()).unwrap();
    assert!(follower.settle_all().is_err());
    drop(follower);
    assert!(index_files(directory.path(), DAY).iter().any(|path| path.ends_with("meta.json")));
    assert_eq!(states(), [Ok((0, 0))]);
    assert_eq!(recovered(directory.path(), &memory, random), memory.all().len() as u64);
    let whole = states();
    assert_eq!(whole, [Ok((9, memory.all().len() as u64))]);
    // But neither a file in its place nor one whose first file is gone.
    std::fs::remove_file(index.join("meta.json")).unwrap();
    assert!(states()[0].is_err());
    std::fs::remove_dir_all(&index).unwrap();
    write(&index, b"");
    assert!(states()[0].is_err());
}

#[test]
fn an_index_of_another_version_or_of_another_past_is_made_anew() {
    let random = &mut Random(8);
    let directory = tempfile::tempdir().unwrap();
    let memory = three_days(random, directory.path());
    let meta = directory.path().join(name::name_of(DAY)).join("index/meta.json");
    let text = std::fs::read_to_string(&meta).unwrap();
    let older = text.replace(&format!("\"payload\": \"{} ", schema::VERSION), "\"payload\": \"0.9 ");
    assert!(older != text);
    write(&meta, older.as_bytes());
    let of_day = |day: u32| memory.all().iter().filter(|(id, ..)| id.day == day).count() as u64;
    assert_eq!(recovered(directory.path(), &memory, random), of_day(DAY));
    // As after a backup was put back: the last two commits never were, and others came in their place.
    let last = memory.all().last().unwrap().0.commit;
    memory.0.lock().unwrap().retain(|(id, ..)| id.commit < last - 1);
    assert_eq!(recovered(directory.path(), &memory, random), of_day(DAY + 2));
    memory.commit(random, last - 1, DAY + 2);
    recovered(directory.path(), &memory, random);
}

#[test]
fn readers_see_whole_commits_while_the_follower_writes_and_merges() {
    let random = &mut Random(9);
    let directory = tempfile::tempdir().unwrap();
    let memory = three_days(random, directory.path());
    let (index, follower) = self::follower(directory.path(), &memory);
    let stop = Stop::default();
    std::thread::scope(|scope| {
        let stopping = stop.clone();
        let following = scope.spawn(move || follower.run(&stopping));
        let mut commit = 100;
        let mut largest = 0;
        while commit < 130 || index.snapshot().count(&Condition::All, ALWAYS).unwrap() < memory.all().len() as u64 {
            if commit < 130 {
                memory.commit(random, commit, DAY + 2 + (commit as u32 - 100) / 20);
                commit += 1;
            }
            let snapshot = index.snapshot();
            let found = snapshot.newest(&Condition::All, ALWAYS, None, usize::MAX).unwrap();
            // Of each day the commits up to one, whole.
            let mut last = std::collections::BTreeMap::new();
            for found in &found {
                let commit = last.entry(found.id.day).or_insert(found.id.commit);
                *commit = found.id.commit.max(*commit);
            }
            let visible = |id: &OccurrenceId| last.get(&id.day).is_some_and(|commit| id.commit <= *commit);
            let mut stored = memory.all();
            stored.retain(|(id, ..)| visible(id));
            compare(&snapshot, &stored, random, 2);
            assert!(found.len() >= largest, "what was found once is found again");
            largest = found.len();
        }
        stop.stop();
        following.join().unwrap();
    });
}
