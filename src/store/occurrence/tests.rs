//! Occurrences through real files: what is written comes back, whatever happens in between.

use std::collections::HashMap;
use std::ops::ControlFlow;

use proptest::prelude::*;
use redb::ReadableDatabase;

use super::*;
use crate::model::occurrence::{Cause, Exception, HttpContext};
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::store::codec::Corrupt;

const DAY: u32 = 20_777;

/// The block of one occurrence (see `stored_blocks_are_read_for_ever`) as format version 1 has it, commit 300, first 64.
const GOLDEN: &str = "\
    011750eab28fafbf8b01012c0a8a99dc147d5445c3b49d035665b223ff0128b52ffd20ff3d0700924e3632706b739cabaafe\
    aaaaaae2e5f8cbb64c112db2a73e8e9a260ba361351206860691a8bba93529b2c5540404212074bcfd2d0318b5180fa3fe72\
    ba55abfcda735251a5ba447156d5c323f16814220b8545da78bb984370438c9a048650e549cbf20d1af1585f504fd67642a2\
    4c115ede5bb7de447b5ee58bcfd4ec7b0cf57f93c1385450d3242509e784dff6cde88c17fe52aefaf2678932c5276b7bd982\
    32648dac6f0646fd6bcf0df397f6e51908f6742d6b0bb5552fb93574d12971024ee20a9c812370118488731cc771ce003c70\
    9b0f108f908e00008e0310062c19af0e98300929";

/// A sample as a Java client sends it; `seed` varies what varies.
fn sample(seed: u64) -> Occurrence {
    let random = xxhash_rust::xxh3::xxh3_128(&seed.to_le_bytes());
    let hex = format!("{random:032x}");
    let kind = seed / 10 % 100;
    Occurrence {
        uuid: format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]),
        timestamp: Some(Timestamp(1_795_132_800_000 + seed.cast_signed() * 137)),
        severity: Severity::ALL[(kind % 3) as usize],
        exception: Exception {
            class: format!("com.example.service{kind}.TimeoutException"),
            message: format!("query {kind} of user-{} timed out, request {}", random % 100_000, &hex[..8]),
            stack: None,
            causes: Vec::new(),
        },
        http: kind.is_multiple_of(2).then(|| HttpContext {
            method: "GET".to_owned(),
            url: format!("http://svc-1.example/api/v2/list/{}", random % 1_000_000),
            headers: Some(vec![
                ("User-Agent".to_owned(), "Mozilla/5.0 (X11; Linux x86_64)".to_owned()),
                ("X-Request-Id".to_owned(), hex[..16].to_owned()),
                ("Accept".to_owned(), "application/json".to_owned()),
            ]),
            body: None,
        }),
    }
}

fn samples(seeds: std::ops::Range<u64>) -> Vec<Occurrence> {
    seeds.map(sample).collect()
}

/// The occurrences as new ones of aggregate 7 at target 3, the stacks of which are not stored.
fn news(occurrences: &[Occurrence]) -> Vec<NewOccurrence<'_>> {
    occurrences
        .iter()
        .map(|occurrence| NewOccurrence {
            aggregate: AggregateId(7),
            target: TargetId(3),
            stack: None,
            cause_stacks: Vec::new(),
            occurrence,
        })
        .collect()
}

fn no_stack(stack: StackId) -> Result<Arc<Stack>, Error> {
    Err(Error::Damaged(Damaged::Stack { stack, source: Corrupt::new("stack", "not there") }))
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of a lookup")]
fn any_stack(_: StackId) -> Result<Arc<Stack>, Error> {
    Ok(Arc::default())
}

fn decode(
    bytes: &[u8],
    commit: u64,
    first: u32,
    mut wanted: impl FnMut(u32) -> bool,
    mut visit: impl FnMut(u32, block::Record),
) -> Result<(), Corrupt> {
    let block = sparse::Unfolded::new(bytes, (commit, first))?;
    block.records(
        |_, index| wanted(index - first),
        |_, index, record| {
            visit(index - first, record);
            ControlFlow::Continue(())
        },
    )
}

fn ids(day: u32, commit: u64, indices: std::ops::Range<u32>) -> Vec<OccurrenceId> {
    indices.map(|index| OccurrenceId { commit, index, day }).collect()
}

/// A main database and the partitions beside it.
struct Data {
    main: redb::Database,
    partitions: Partitions,
    directory: tempfile::TempDir,
}

impl Data {
    fn new() -> Self {
        let data = Self::open(tempfile::tempdir().unwrap());
        let transaction = data.main.begin_write().unwrap();
        crate::store::raw::create(&transaction).unwrap();
        transaction.commit().unwrap();
        data
    }

    fn open(directory: tempfile::TempDir) -> Self {
        let main = redb::Database::create(directory.path().join("main.redb")).unwrap();
        Self { main, partitions: Partitions::new(&directory.path().join("occurrences")), directory }
    }

    /// As after a crash: whatever was not committed is unknown.
    fn reopen(self) -> Self {
        let Self { directory, main, partitions } = self;
        drop((main, partitions));
        Self::open(directory)
    }

    fn file(&self, day: u32) -> std::path::PathBuf {
        let name = Timestamp(i64::from(day) * 86_400_000).to_string();
        self.directory.path().join("occurrences").join(&name[..10]).join("bodies.log")
    }

    fn write(&self, day: u32, commit: u64, new: &[NewOccurrence<'_>]) {
        let transaction = self.main.begin_write().unwrap();
        self.partitions.write(&transaction, (day, commit), new).unwrap();
        transaction.commit().unwrap();
    }

    /// A commit of which the main database never hears.
    fn attempt(&self, day: u32, commit: u64, new: &[NewOccurrence<'_>]) {
        let transaction = self.main.begin_write().unwrap();
        self.partitions.write(&transaction, (day, commit), new).unwrap();
        transaction.abort().unwrap();
    }

    fn forget_before(&self, day: u32) -> Option<Vec<u32>> {
        let transaction = self.main.begin_write().unwrap();
        let used = self.partitions.forget_before(&transaction, day).unwrap();
        transaction.commit().unwrap();
        used.map(|used| used.iter().collect())
    }

    fn snapshot(&self) -> redb::ReadTransaction {
        self.main.begin_read().unwrap()
    }

    fn found(&self, ids: &[OccurrenceId]) -> Vec<Found> {
        self.partitions.read(&self.snapshot(), ids, &mut no_stack).unwrap()
    }

    /// Reads the occurrences with these ids, all of which must be readable.
    fn read(&self, ids: &[OccurrenceId]) -> Vec<Option<Occurrence>> {
        let found = self.found(ids).into_iter().zip(ids);
        let read = found.map(|(found, id)| {
            found.unwrap().map(|stored| {
                assert_eq!((stored.id, stored.aggregate, stored.target), (*id, AggregateId(7), TargetId(3)));
                stored.occurrence
            })
        });
        read.collect()
    }

    fn all_of(&self, day: u32) -> Vec<(u64, u32)> {
        let mut seen = Vec::new();
        let mut visit = |found: Result<StoredOccurrence, Damaged>| {
            let id = found.unwrap().id;
            seen.push((id.commit, id.index));
            ControlFlow::Continue(())
        };
        self.partitions.read_all(&self.snapshot(), (day, 0..=u64::MAX), &mut any_stack, &mut visit).unwrap();
        seen
    }

    fn days(&self) -> Vec<u32> {
        self.partitions.days(&self.snapshot()).unwrap()
    }

    fn stacks(&self, day: u32) -> Vec<u32> {
        let transaction = self.main.begin_write().unwrap();
        let stacks = index::Rows::of(&transaction).unwrap().stacks(day..=day).unwrap();
        stacks.iter().collect()
    }
}

fn some(occurrences: &[Occurrence]) -> Vec<Option<Occurrence>> {
    occurrences.iter().cloned().map(Some).collect()
}

#[test]
fn every_field_comes_back_with_all_that_may_be_missing() {
    let stack = |frame: &str| Some(Arc::new(Stack { frames: vec![frame.to_owned(), String::new()] }));
    let exception = |message: String| Exception { class: String::new(), message, stack: None, causes: Vec::new() };
    let causes = vec![
        Cause { class: "A".to_owned(), message: "a".to_owned(), stack: stack("cause") },
        Cause { class: "A".to_owned(), message: String::new(), stack: None },
        Cause { class: String::new(), message: "ä\u{0}\u{10ffff}".to_owned(), stack: stack("top") },
    ];
    let http = |headers, body| Some(HttpContext { method: "POST".to_owned(), url: String::new(), headers, body });
    let plain = |uuid: &str, timestamp, http| Occurrence {
        uuid: uuid.to_owned(),
        timestamp,
        severity: Severity::Info,
        exception: exception("m".repeat(100_000)),
        http,
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut occurrences = vec![
        plain("", None, None),
        plain("not a uuid", Some(Timestamp(i64::MIN)), http(None, None)),
        plain("0123456789abcdef0123456789abcdef0123", Some(Timestamp(i64::MAX)), http(Some(Vec::new()), None)),
        plain("01234567-89AB-cdef-0123-456789abcdef", Some(Timestamp(-1)), http(None, Some(String::new()))),
        plain("01234567-89ab-cdef-0123-456789abcdef", Some(Timestamp(0)), http(Some(vec![pair("", "")]), None)),
        sample(0),
        plain(
            "01234567-89ab-cdef-0123+456789abcdef",
            None,
            http(Some(vec![pair("A", "b"), pair("A", "b")]), Some("{}".to_owned())),
        ),
    ];
    occurrences[5].exception.causes = causes;
    occurrences[5].exception.stack = stack("top");
    let mut stacks: HashMap<Arc<Stack>, StackId> = HashMap::new();
    let mut id = |stack: &Option<Arc<Stack>>| {
        let stack = stack.as_ref()?;
        let next = StackId(u32::MAX - stacks.len() as u32);
        Some(*stacks.entry(Arc::clone(stack)).or_insert(next))
    };
    let new: Vec<_> = occurrences
        .iter()
        .zip([0, u32::MAX, 5, 5, 6, 7, 8])
        .map(|(occurrence, aggregate)| NewOccurrence {
            aggregate: AggregateId(aggregate),
            target: TargetId(u32::MAX - aggregate),
            stack: id(&occurrence.exception.stack),
            cause_stacks: occurrence.exception.causes.iter().map(|cause| id(&cause.stack)).collect(),
            occurrence,
        })
        .collect();
    let data = Data::new();
    data.write(DAY, 1, &new);
    assert_eq!(data.stacks(DAY), [u32::MAX - 1, u32::MAX]);
    let data = data.reopen();
    let mut lookup = |wanted: StackId| {
        let (stack, _) = stacks.iter().find(|(_, id)| **id == wanted).unwrap();
        Ok(Arc::clone(stack))
    };
    let found = data.partitions.read(&data.snapshot(), &ids(DAY, 1, 0..7), &mut lookup).unwrap();
    for ((found, occurrence), new) in found.into_iter().zip(&occurrences).zip(&new) {
        let found = found.unwrap().unwrap();
        assert_eq!(&found.occurrence, occurrence);
        assert_eq!((found.aggregate, found.target), (new.aggregate, new.target));
    }
}

#[test]
fn ids_are_answered_in_any_order_and_unknown_ones_with_none() {
    let data = Data::new();
    let occurrences = samples(0..1000);
    data.write(DAY, 5, &news(&occurrences));
    data.write(DAY + 1, 6, &news(&occurrences[..3]));
    let at = |day, commit, index| OccurrenceId { commit, index, day };
    let asked = [at(DAY + 1, 6, 2), at(DAY, 5, 999), at(DAY, 5, 0), at(DAY, 5, 500), at(DAY, 5, 1), at(DAY, 5, 500)];
    let expect = [2, 999, 0, 500, 1, 500].map(|index: usize| Some(occurrences[index].clone()));
    assert_eq!(data.read(&asked), expect);
    let unknown =
        [at(DAY, 5, 1000), at(DAY, 4, 0), at(DAY, 6, 0), at(DAY + 1, 6, 3), at(0, 5, 0), at(DAY, 5, u32::MAX)];
    assert_eq!(data.read(&unknown), [const { None }; 6]);
    assert_eq!(data.read(&ids(DAY, 5, 0..1000)), some(&occurrences));
    assert_eq!(data.all_of(DAY), (0..1000).map(|index| (5, index)).collect::<Vec<_>>());
    assert_eq!(data.days(), [DAY, DAY + 1]);
    assert!(data.partitions.bytes().unwrap() > 30_000);
    let transaction = data.main.begin_write().unwrap();
    let impossible = data.partitions.write(&transaction, (u32::MAX, 7), &news(&occurrences));
    assert!(matches!(impossible, Err(Error::Day(u32::MAX))));
}

#[test]
fn a_commit_that_never_happened_is_never_seen_and_written_over() {
    let mut data = Data::new();
    let (occurrences, others) = (samples(0..300), samples(300..340));
    data.write(DAY, 1, &news(&occurrences));
    data.write(DAY, 2, &news(&occurrences[..100]));
    let valid = std::fs::metadata(data.file(DAY)).unwrap().len();
    for crash in [false, true, false] {
        // The crash comes between the partition's sync and the commit of the main database.
        data.attempt(DAY, 3, &news(&occurrences));
        assert!(std::fs::metadata(data.file(DAY)).unwrap().len() > valid);
        if crash {
            data = data.reopen();
        }
        assert_eq!(data.read(&ids(DAY, 3, 0..1)), [None]);
        assert_eq!(data.all_of(DAY).len(), 400);
    }
    data.write(DAY, 3, &news(&others));
    data.write(DAY, 4, &news(&occurrences[..7]));
    assert_eq!(data.read(&ids(DAY, 1, 0..300)), some(&occurrences));
    assert_eq!(data.read(&ids(DAY, 3, 0..40)), some(&others));
    assert_eq!(data.read(&ids(DAY, 4, 0..7)), some(&occurrences[..7]));
    assert_eq!(data.all_of(DAY).len(), 447);
    // Nothing of the attempts is left: they were longer.
    let place = index::Index::of(&data.snapshot()).unwrap().find(ids(DAY, 4, 6..7)[0]).unwrap().unwrap();
    assert_eq!(std::fs::metadata(data.file(DAY)).unwrap().len(), place.offset + u64::from(place.length));
}

#[test]
fn a_second_attempt_at_a_commit_is_the_only_one_even_on_another_day() {
    let data = Data::new();
    let occurrences = samples(0..300);
    let mut new = news(&occurrences);
    for new in &mut new {
        new.stack = Some(StackId(9));
    }
    data.write(DAY, 1, &news(&occurrences)[..5]);
    data.attempt(DAY + 1, 2, &new);
    assert_eq!(data.days(), [DAY]);
    for count in [300, 100] {
        data.attempt(DAY, 2, &new[..count]);
        assert_eq!(data.stacks(DAY), [0; 0]);
    }
    data.write(DAY, 2, &new[..200]);
    assert_eq!(data.stacks(DAY), [9], "the first attempt's stacks are in nobody's rows");
    data.write(DAY, 3, &new[..20]);
    data.attempt(DAY, 4, &new);
    data.write(DAY + 1, 4, &new[..7]);
    assert_eq!((data.stacks(DAY), data.stacks(DAY + 1)), (vec![9], vec![9]));
    assert_eq!([DAY, DAY + 1].map(|day| data.all_of(day).len()), [225, 7]);
}

#[test]
fn an_older_main_database_put_back_goes_on_where_it_ended() {
    let mut data = Data::new();
    let (occurrences, others) = (samples(0..300), samples(300..700));
    let main = data.directory.path().join("main.redb");
    for commit in 1..=6 {
        if commit == 4 {
            data = data.reopen();
            std::fs::copy(&main, main.with_extension("old")).unwrap();
        }
        data.write(DAY + commit as u32 / 2, commit, &news(&occurrences));
    }
    let Data { directory, main: database, partitions } = data;
    drop((database, partitions));
    std::fs::rename(main.with_extension("old"), &main).unwrap();
    let data = Data::open(directory);
    assert_eq!(data.days(), [DAY, DAY + 1]);
    assert_eq!(data.all_of(DAY + 1).len(), 600);
    data.write(DAY + 2, 4, &news(&others));
    data.write(DAY + 1, 5, &news(&others));
    assert_eq!(data.read(&ids(DAY + 2, 4, 0..400)), some(&others));
    assert_eq!(data.read(&ids(DAY + 1, 5, 0..400)), some(&others));
    assert_eq!(data.read(&ids(DAY + 1, 3, 0..300)), some(&occurrences));
}

#[test]
fn a_clock_that_steps_back_and_forth_goes_on_in_each_day() {
    let data = Data::new();
    let occurrences = samples(0..50);
    for (commit, day) in (1..).zip([DAY, DAY + 2, DAY + 2, DAY, DAY, DAY + 2]) {
        data.write(day, commit, &news(&occurrences[..commit as usize]));
    }
    for (commit, day) in (1..).zip([DAY, DAY + 2, DAY + 2, DAY, DAY, DAY + 2]) {
        assert_eq!(data.read(&ids(day, commit, 0..commit as u32)), some(&occurrences[..commit as usize]));
    }
    assert_eq!([DAY, DAY + 2].map(|day| data.all_of(day).len()), [10, 11]);
}

#[test]
fn retention_forgets_whole_days_and_a_snapshot_from_before_finds_nothing_any_more() {
    let mut data = Data::new();
    let occurrences = samples(0..3);
    for (commit, day) in (1..).zip(DAY..DAY + 5) {
        let mut new = news(&occurrences);
        new[0].stack = Some(StackId(day - DAY));
        new[1].cause_stacks = vec![Some(StackId(9)), None];
        data.write(day, commit, &new);
    }
    let before = data.snapshot();
    assert_eq!(data.forget_before(DAY), None);
    assert_eq!(data.forget_before(DAY + 2), Some(vec![2, 3, 4, 9]));
    assert_eq!(data.days(), [DAY + 2, DAY + 3, DAY + 4]);
    assert_eq!(data.read(&ids(DAY, 1, 2..3)), [None]);
    let old = data.partitions.read(&before, &ids(DAY, 1, 2..3), &mut no_stack).unwrap();
    assert!(matches!(&old[..], [Ok(Some(_))]), "its file is still there");
    // The process ended before the files were removed; the next time they are.
    data = {
        drop(before);
        data.reopen()
    };
    let before = data.snapshot();
    assert_eq!(data.forget_before(DAY + 3), Some(vec![3, 4, 9]));
    data.partitions.drop_before(DAY + 3).unwrap();
    assert_eq!(data.partitions.read(&before, &ids(DAY + 2, 3, 2..3), &mut no_stack).unwrap(), [Ok(None)]);
    let mut names: Vec<_> = std::fs::read_dir(data.directory.path().join("occurrences")).unwrap().collect();
    names.sort_by_key(|name| name.as_ref().unwrap().file_name());
    let names: Vec<_> = names.into_iter().map(|name| name.unwrap().file_name()).collect();
    assert_eq!(names, ["2026-11-23", "2026-11-24"]);
    // Even the day that is being written to, when the clock has gone wrong.
    data.write(DAY + 4, 6, &news(&occurrences));
    assert_eq!(data.forget_before(DAY + 9), Some(vec![]));
    data.partitions.drop_before(DAY + 9).unwrap();
    data.write(DAY + 4, 7, &news(&occurrences));
    assert_eq!(data.all_of(DAY + 4), [(7, 0), (7, 1), (7, 2)]);
}

#[test]
fn a_damaged_block_is_named_exactly_and_hides_no_other() {
    let data = Data::new();
    let occurrences = samples(0..1500);
    data.write(DAY, 1, &news(&occurrences));
    let file = data.file(DAY);
    let place = index::Index::of(&data.snapshot()).unwrap().find(ids(DAY, 1, 700..701)[0]).unwrap().unwrap();
    let sound = std::fs::read(&file).unwrap();
    let damage = |bytes: &[u8]| {
        #[expect(clippy::disallowed_methods, reason = "the damage need not survive a crash")]
        std::fs::write(&file, bytes).unwrap();
        let fresh = Partitions::new(&data.directory.path().join("occurrences"));
        let found = fresh.read(&data.snapshot(), &ids(DAY, 1, 0..1500), &mut no_stack).unwrap();
        let bad: Vec<usize> = found.iter().enumerate().filter(|(_, found)| found.is_err()).map(|(at, _)| at).collect();
        for (index, found) in found.iter().enumerate().filter(|(_, found)| found.is_ok()) {
            assert_eq!(found.as_ref().unwrap().as_ref().unwrap().occurrence, occurrences[index]);
        }
        let first = bad[0];
        let error = found[first].as_ref().unwrap_err();
        let text = format!("{}: block of commit 1 from occurrence {first} on is damaged", file.display());
        assert_eq!(error.to_string(), text);
        let (mut good, mut damaged) = (0, 0);
        let mut visit = |found: Result<StoredOccurrence, Damaged>| {
            *if found.is_ok() { &mut good } else { &mut damaged } += 1;
            ControlFlow::Continue(())
        };
        data.partitions.read_all(&data.snapshot(), (DAY, 0..=1), &mut no_stack, &mut visit).unwrap();
        assert_eq!(good, 1500 - bad.len());
        (bad, damaged, std::error::Error::source(error).unwrap().to_string())
    };
    let mut bytes = sound.clone();
    bytes[place.offset as usize + 300] ^= 0x10;
    let (bad, damaged, why) = damage(&bytes);
    assert!(bad.contains(&700) && bad[0] == place.first as usize && bad.len() <= 256, "{bad:?}");
    assert_eq!((damaged, why.as_str()), (1, "value: checksum does not match"));
    let (bad, damaged, why) = damage(&sound[..sound.len() - 1]);
    assert!(bad.contains(&1499) && bad.len() <= 256, "{bad:?}");
    assert_eq!((damaged, why.as_str()), (1, "block: beyond the end of the file"));
}

#[test]
fn what_was_read_lately_is_not_read_again_and_what_replaces_it_is() {
    let data = Data::new();
    let occurrences = samples(0..100);
    data.write(DAY, 1, &news(&occurrences));
    let ids = ids(DAY, 1, 0..100);
    assert_eq!(data.read(&ids[..1]), some(&occurrences[..1]));
    let bytes = vec![0; std::fs::read(data.file(DAY)).unwrap().len()];
    #[expect(clippy::disallowed_methods, reason = "the damage need not survive a crash")]
    std::fs::write(data.file(DAY), bytes).unwrap();
    assert_eq!(data.read(&ids), some(&occurrences), "all of a block");
    // The same day and index, of a later commit.
    assert!(data.forget_before(DAY + 1).is_some());
    let others = samples(100..200);
    data.write(DAY, 2, &news(&others));
    assert_eq!(data.read(&self::ids(DAY, 2, 0..100)), some(&others));
    assert!(data.read(&ids).iter().all(Option::is_none));
}

#[test]
fn many_days_are_read_with_few_files_open_while_another_is_written() {
    let data = Data::new();
    let occurrences = samples(0..20);
    for (commit, day) in (1..).zip(DAY..DAY + 30) {
        data.write(day, commit, &news(&occurrences));
    }
    let every: Vec<_> = (1..).zip(DAY..DAY + 30).flat_map(|(commit, day)| ids(day, commit, 0..20)).collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..3 {
                    assert!(data.read(&every).chunks(20).all(|found| found == some(&occurrences)));
                    // Whatever is there of the day that is written to is whole.
                    assert!(data.all_of(DAY + 30).len().is_multiple_of(20));
                }
            });
        }
        for commit in 31..60 {
            data.write(DAY + 30, commit, &news(&occurrences));
        }
    });
    assert_eq!(data.all_of(DAY + 30).len(), 29 * 20);
    let open = std::fs::read_dir("/proc/self/fd").unwrap().filter(|entry| {
        let target = entry.as_ref().unwrap().path().read_link().unwrap_or_default();
        target.starts_with(data.directory.path().join("occurrences"))
    });
    assert_eq!(open.count(), 1, "the one that is written to");
}

#[test]
fn blocks_are_some_kilobytes() {
    let data = Data::new();
    let occurrences = samples(0..20_000);
    data.write(DAY, 1, &news(&occurrences));
    let snapshot = data.snapshot();
    let index = index::Index::of(&snapshot).unwrap();
    let places: Vec<_> = index.blocks(DAY, 0..=1).unwrap().map(Result::unwrap).collect();
    let bytes: usize = places.iter().map(|place| place.length as usize).sum();
    assert_eq!(std::fs::metadata(data.file(DAY)).unwrap().len() as usize, bytes);
    assert!((4096..12_288).contains(&(bytes / places.len())), "{bytes} bytes in {} blocks", places.len());
    assert_eq!(data.read(&ids(DAY, 1, 0..20_000)), some(&occurrences));
}

#[test]
fn stored_blocks_are_read_for_ever() {
    let bytes = |at: usize| u8::from_str_radix(&GOLDEN[at * 2..at * 2 + 2], 16).unwrap();
    let block: Vec<u8> = (0..GOLDEN.len() / 2).map(bytes).collect();
    let mut records = Vec::new();
    decode(&block, 300, 64, |_| true, |place, record| records.push((place, record))).unwrap();
    let mut occurrence = sample(0);
    occurrence.exception.causes.push(Cause { class: "A".to_owned(), message: "b".to_owned(), stack: None });
    let ids = (AggregateId(1), TargetId(2), Some(StackId(4)), vec![Some(StackId(3))]);
    let (aggregate, target, stack, cause_stacks) = ids;
    assert_eq!(records, [(0, block::Record { aggregate, target, stack, cause_stacks, occurrence })]);
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]{0,2}", ".{0,20}", Just("User-Agent".to_owned())]
}

fn occurrence() -> impl Strategy<Value = Occurrence> {
    let uuid = prop_oneof![text(), "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"];
    let timestamp = prop::option::of(any::<i64>().prop_map(Timestamp));
    let causes = prop::collection::vec((text(), text()), 0..3);
    let headers = prop::option::of(prop::collection::vec((text(), text()), 0..3));
    let http = prop::option::of((text(), text(), headers, prop::option::of(text())));
    (uuid, timestamp, 0usize..3, text(), text(), causes, http).prop_map(
        |(uuid, timestamp, severity, class, message, causes, http)| {
            let causes = causes.into_iter().map(|(class, message)| Cause { class, message, stack: None }).collect();
            let http = http.map(|(method, url, headers, body)| HttpContext { method, url, headers, body });
            let exception = Exception { class, message, stack: None, causes };
            Occurrence { uuid, timestamp, severity: Severity::ALL[severity], exception, http }
        },
    )
}

proptest! {
    #[test]
    fn blocks_come_back_whole_or_in_part(
        all in prop::collection::vec((occurrence(), any::<u32>(), any::<u32>(), any::<Option<u32>>(), any::<bool>()), 0..12),
        commit: u64,
        first: u32,
    ) {
        let new: Vec<_> = all.iter().map(|(occurrence, aggregate, target, stack, _)| NewOccurrence {
            aggregate: AggregateId(*aggregate),
            target: TargetId(*target),
            stack: stack.map(StackId),
            cause_stacks: occurrence.exception.causes.iter().map(|_| stack.map(|stack| StackId(stack ^ 1))).collect(),
            occurrence,
        }).collect();
        let encoded = block::Encoder::new().unwrap().encode(commit, first, &new).unwrap();
        let mut records = HashMap::new();
        let wanted = |place: u32| all[place as usize].4;
        decode(&encoded, commit, first, wanted, |place, record| { records.insert(place, record); }).unwrap();
        for (place, new) in (0..).zip(&new) {
            let expect = wanted(place).then(|| block::Record {
                aggregate: new.aggregate,
                target: new.target,
                stack: new.stack,
                cause_stacks: new.cause_stacks.clone(),
                occurrence: new.occurrence.clone(),
            });
            prop_assert_eq!(records.remove(&place), expect);
        }
        prop_assert!(decode(&encoded, commit ^ 1, first, |_| true, |_, _| ()).is_err());
    }

    #[test]
    fn any_bytes_under_a_right_checksum_never_panic(
        body in prop::collection::vec(any::<u8>(), 0..100),
        fields in prop::collection::vec(0u8..12, 0..60),
        count in 0u8..6,
    ) {
        let mut sealed = Vec::new();
        envelope::begin(&mut sealed);
        sealed.extend_from_slice(&body);
        envelope::seal(&mut sealed, 0);
        let _ = decode(&sealed, 0, 0, |_| true, |_, _| ());
        // And with a sound frame around unsound fields.
        envelope::begin(&mut sealed);
        sealed.extend_from_slice(&[count, 1]);
        sealed.extend_from_slice(&[7; 16]);
        sealed.push(fields.len() as u8);
        let raw: Vec<u8> = fields.iter().copied().chain(*b"some text to take from").collect();
        envelope::compress(&mut zstd::bulk::Compressor::new(1).unwrap(), &raw, &mut sealed).unwrap();
        envelope::seal(&mut sealed, 0);
        let mut visited = 0;
        let _ = decode(&sealed, 0, 0, |_| true, |_, _| visited += 1);
        prop_assert!(visited <= count);
    }
}
