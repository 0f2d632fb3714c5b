//! Occurrences through real files: what is written comes back, whatever happens in between.

use std::collections::HashMap;
use std::path::Path;

use proptest::prelude::*;

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

fn ids(day: u32, commit: u64, indices: std::ops::Range<u32>) -> Vec<OccurrenceId> {
    indices.map(|index| OccurrenceId { commit, index, day }).collect()
}

/// Reads the occurrences with these ids, all of which must be readable.
fn read(partitions: &Partitions, ids: &[OccurrenceId]) -> Vec<Option<Occurrence>> {
    let found = partitions.read(ids, &mut no_stack).unwrap();
    found
        .into_iter()
        .zip(ids)
        .map(|(found, id)| {
            found.unwrap().map(|stored| {
                assert_eq!((stored.id, stored.aggregate, stored.target), (*id, AggregateId(7), TargetId(3)));
                stored.occurrence
            })
        })
        .collect()
}

fn all_of(partitions: &Partitions, day: u32) -> Vec<(u64, u32)> {
    let mut seen = Vec::new();
    let mut visit = |found: Result<StoredOccurrence, Damaged>| {
        let id = found.unwrap().id;
        seen.push((id.commit, id.index));
        ControlFlow::Continue(())
    };
    partitions.read_all(day, 0..=u64::MAX, &mut no_stack, &mut visit).unwrap();
    seen
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
    let directory = tempfile::tempdir().unwrap();
    let partitions = Partitions::open(directory.path(), 0).unwrap();
    partitions.write(DAY, 1, &new).unwrap();
    assert_eq!(partitions.stacks().unwrap().len(), 2);
    drop(partitions);
    let partitions = Partitions::open(directory.path(), 1).unwrap();
    let mut lookup = |wanted: StackId| {
        let (stack, _) = stacks.iter().find(|(_, id)| **id == wanted).unwrap();
        Ok(Arc::clone(stack))
    };
    let found = partitions.read(&ids(DAY, 1, 0..7), &mut lookup).unwrap();
    for ((found, occurrence), new) in found.into_iter().zip(&occurrences).zip(&new) {
        let found = found.unwrap().unwrap();
        assert_eq!(&found.occurrence, occurrence);
        assert_eq!((found.aggregate, found.target), (new.aggregate, new.target));
    }
    assert_eq!(partitions.stacks().unwrap().len(), 2);
}

#[test]
fn ids_are_answered_in_any_order_and_unknown_ones_with_none() {
    let directory = tempfile::tempdir().unwrap();
    let partitions = Partitions::open(directory.path(), 0).unwrap();
    let occurrences = samples(0..1000);
    partitions.write(DAY, 5, &news(&occurrences)).unwrap();
    partitions.write(DAY + 1, 6, &news(&occurrences[..3])).unwrap();
    let at = |day, commit, index| OccurrenceId { commit, index, day };
    let asked = [at(DAY + 1, 6, 2), at(DAY, 5, 999), at(DAY, 5, 0), at(DAY, 5, 500), at(DAY, 5, 1), at(DAY, 5, 500)];
    let expect = [2, 999, 0, 500, 1, 500].map(|index: usize| Some(occurrences[index].clone()));
    assert_eq!(read(&partitions, &asked), expect);
    let unknown =
        [at(DAY, 5, 1000), at(DAY, 4, 0), at(DAY, 6, 0), at(DAY + 1, 6, 3), at(0, 5, 0), at(DAY, 5, u32::MAX)];
    assert_eq!(read(&partitions, &unknown), [const { None }; 6]);
    assert_eq!(read(&partitions, &ids(DAY, 5, 0..1000)), some(&occurrences));
    assert_eq!(all_of(&partitions, DAY), (0..1000).map(|index| (5, index)).collect::<Vec<_>>());
    assert_eq!(partitions.days(), [DAY, DAY + 1]);
    assert!(partitions.bytes().unwrap() > 50_000);
}

#[test]
fn what_a_commit_that_never_happened_wrote_is_gone_after_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let occurrences = samples(0..300);
    let partitions = Partitions::open(directory.path(), 0).unwrap();
    for commit in 1..=3 {
        partitions.write(DAY, commit, &news(&occurrences)).unwrap();
    }
    // The crash comes between the partition's commit and that of the main database.
    drop(partitions);
    let partitions = Partitions::open(directory.path(), 2).unwrap();
    assert_eq!(all_of(&partitions, DAY).len(), 600);
    assert_eq!(read(&partitions, &ids(DAY, 3, 0..1)), [None]);
    partitions.write(DAY, 3, &news(&occurrences[..10])).unwrap();
    assert_eq!(read(&partitions, &ids(DAY, 2, 0..300)), some(&occurrences));
    assert_eq!(all_of(&partitions, DAY).len(), 610);
}

#[test]
fn a_second_attempt_at_a_commit_replaces_the_first_even_on_another_day() {
    let directory = tempfile::tempdir().unwrap();
    let occurrences = samples(0..300);
    let mut new = news(&occurrences);
    for new in &mut new {
        new.stack = Some(StackId(9));
    }
    let partitions = Partitions::open(directory.path(), 0).unwrap();
    partitions.write(DAY, 1, &news(&occurrences)[..5]).unwrap();
    for count in [300, 100, 200] {
        partitions.write(DAY, 2, &new[..count]).unwrap();
        assert_eq!(partitions.stacks().unwrap().iter().collect::<Vec<_>>(), [9], "a second attempt uses stacks too");
    }
    partitions.write(DAY, 2, &news(&occurrences)[..200]).unwrap();
    assert!(partitions.stacks().unwrap().is_empty());
    assert_eq!(all_of(&partitions, DAY).len(), 205);
    partitions.write(DAY + 1, 2, &news(&occurrences)[..7]).unwrap();
    assert_eq!(all_of(&partitions, DAY).len(), 5);
    assert_eq!(all_of(&partitions, DAY + 1).len(), 7);
    partitions.write(DAY + 1, 2, &[]).unwrap();
    assert_eq!(all_of(&partitions, DAY + 1).len(), 0);
}

#[test]
fn an_older_main_database_put_back_removes_from_all_partitions() {
    let directory = tempfile::tempdir().unwrap();
    let occurrences = samples(0..3);
    let partitions = Partitions::open(directory.path(), 0).unwrap();
    for commit in 1..=6 {
        partitions.write(DAY + commit as u32 / 2, commit, &news(&occurrences)).unwrap();
    }
    drop(partitions);
    let partitions = Partitions::open(directory.path(), 3).unwrap();
    let left: Vec<usize> = partitions.days().iter().map(|day| all_of(&partitions, *day).len()).collect();
    assert_eq!(left, [3, 6, 0, 0]);
    drop(partitions);
    // A copy without the marker is looked through as a whole.
    std::fs::remove_file(directory.path().join("writing")).unwrap();
    let partitions = Partitions::open(directory.path(), 1).unwrap();
    let left: Vec<usize> = partitions.days().iter().map(|day| all_of(&partitions, *day).len()).collect();
    assert_eq!(left, [3, 0, 0, 0]);
}

#[test]
fn a_clock_that_stepped_back_leaves_nothing_behind_either() {
    let directory = tempfile::tempdir().unwrap();
    let occurrences = samples(0..3);
    let partitions = Partitions::open(directory.path(), 0).unwrap();
    for (commit, day) in (1..).zip([DAY, DAY + 2, DAY + 2, DAY, DAY]) {
        partitions.write(day, commit, &news(&occurrences)).unwrap();
    }
    drop(partitions);
    let partitions = Partitions::open(directory.path(), 4).unwrap();
    assert_eq!([DAY, DAY + 2].map(|day| all_of(&partitions, day).len()), [6, 6]);
    // The process ended right after the marker: it names a day where nothing is beyond the last commit, and since when.
    drop(partitions);
    #[expect(clippy::disallowed_methods, reason = "nothing crashes here")]
    std::fs::write(directory.path().join("writing"), "2026-11-20 5\n").unwrap();
    let partitions = Partitions::open(directory.path(), 2).unwrap();
    assert_eq!([DAY, DAY + 2].map(|day| all_of(&partitions, day).len()), [3, 3]);
}

#[test]
fn old_partitions_are_dropped_whole_even_if_interrupted() {
    let directory = tempfile::tempdir().unwrap();
    let occurrences = samples(0..3);
    let partitions = Partitions::open(directory.path(), 0).unwrap();
    for (commit, day) in (1..).zip(DAY..DAY + 5) {
        partitions.write(day, commit, &news(&occurrences)).unwrap();
    }
    assert_eq!(partitions.drop_before(DAY + 2).unwrap(), 2);
    assert_eq!(partitions.drop_before(DAY + 2).unwrap(), 0);
    assert_eq!(partitions.days(), [DAY + 2, DAY + 3, DAY + 4]);
    assert_eq!(read(&partitions, &ids(DAY, 1, 0..1)), [None]);
    assert_eq!(read(&partitions, &ids(DAY + 2, 3, 0..3)), some(&occurrences));
    let names = |path: &Path| {
        let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = entries.collect();
        names.sort();
        names
    };
    assert_eq!(names(directory.path()), ["2026-11-22", "2026-11-23", "2026-11-24", "writing"]);
    drop(partitions);
    // The process ended after the rename; another in the middle of making a partition.
    std::fs::rename(directory.path().join("2026-11-22"), directory.path().join("2026-11-22.dropping")).unwrap();
    std::fs::create_dir(directory.path().join("2026-11-25.creating")).unwrap();
    let partitions = Partitions::open(directory.path(), 5).unwrap();
    assert_eq!(partitions.days(), [DAY + 3, DAY + 4]);
    assert_eq!(names(directory.path()), ["2026-11-23", "2026-11-24", "writing"]);
    // Even the one that is being written to, when the clock has gone wrong.
    assert_eq!(partitions.drop_before(DAY + 9).unwrap(), 2);
    partitions.write(DAY + 9, 6, &news(&occurrences)).unwrap();
    assert_eq!(read(&partitions, &ids(DAY + 9, 6, 0..3)), some(&occurrences));
}

#[test]
fn a_damaged_block_is_named_exactly_and_hides_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let occurrences = samples(0..1500);
    let partitions = Partitions::open(directory.path(), 0).unwrap();
    partitions.write(DAY, 1, &news(&occurrences)).unwrap();
    let partition = partitions.partition(DAY).unwrap();
    let file = partition.file().to_owned();
    let block = partition.snapshot().unwrap().unwrap().block(1, 700).unwrap().unwrap();
    drop((partition, partitions));
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(block.bytes.len()).position(|window| window == block.bytes).unwrap();
    bytes[at + 300] ^= 0x10;
    #[expect(clippy::disallowed_methods, reason = "the damage need not survive a crash")]
    std::fs::write(&file, &bytes).unwrap();

    let partitions = Partitions::open(directory.path(), 1).unwrap();
    let found = partitions.read(&ids(DAY, 1, 0..1500), &mut no_stack).unwrap();
    let bad: Vec<usize> = found.iter().enumerate().filter(|(_, found)| found.is_err()).map(|(at, _)| at).collect();
    let first = block.first as usize;
    assert!(bad.contains(&700) && bad[0] == first && bad.len() < 400, "{bad:?}");
    for (index, found) in found.iter().enumerate().filter(|(_, found)| found.is_ok()) {
        assert_eq!(found.as_ref().unwrap().as_ref().unwrap().occurrence, occurrences[index]);
    }
    let error = found[700].as_ref().unwrap_err();
    let text = format!("{}: block of commit 1 from occurrence {first} on is damaged", file.display());
    assert_eq!(error.to_string(), text);
    let source = std::error::Error::source(error).unwrap();
    assert_eq!(source.to_string(), "value: checksum does not match");
    let (mut good, mut damaged) = (0, 0);
    let mut visit = |found: Result<StoredOccurrence, Damaged>| {
        *if found.is_ok() { &mut good } else { &mut damaged } += 1;
        ControlFlow::Continue(())
    };
    partitions.read_all(DAY, 0..=1, &mut no_stack, &mut visit).unwrap();
    assert_eq!((good, damaged), (1500 - bad.len(), 1));
}

#[test]
fn many_days_are_read_with_few_files_open_while_another_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let occurrences = samples(0..20);
    let partitions = Partitions::open(directory.path(), 0).unwrap();
    for (commit, day) in (1..).zip(DAY..DAY + 30) {
        partitions.write(day, commit, &news(&occurrences)).unwrap();
    }
    let every: Vec<_> = (1..).zip(DAY..DAY + 30).flat_map(|(commit, day)| ids(day, commit, 0..20)).collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..3 {
                    let found = read(&partitions, &every);
                    assert!(found.chunks(20).all(|found| found == some(&occurrences)));
                }
            });
        }
        for commit in 31..60 {
            partitions.write(DAY + 30, commit, &news(&occurrences)).unwrap();
        }
    });
    assert_eq!(all_of(&partitions, DAY + 30).len(), 29 * 20);
    read(&partitions, &every);
    let open = std::fs::read_dir("/proc/self/fd").unwrap().filter(|entry| {
        let target = entry.as_ref().unwrap().path().read_link().unwrap_or_default();
        target.starts_with(directory.path())
    });
    assert!(open.count() <= 10);
    assert!(matches!(partitions.write(u32::MAX, 60, &news(&occurrences)), Err(Error::Day(u32::MAX))));
}

#[test]
fn blocks_fill_their_pages() {
    let directory = tempfile::tempdir().unwrap();
    let occurrences = samples(0..20_000);
    let partitions = Partitions::open(directory.path(), 0).unwrap();
    partitions.write(DAY, 1, &news(&occurrences)).unwrap();
    let partition = partitions.partition(DAY).unwrap();
    let snapshot = partition.snapshot().unwrap().unwrap();
    let lengths: Vec<usize> = snapshot.blocks(0..=1).unwrap().map(|block| block.unwrap().bytes.len()).collect();
    let bytes: usize = lengths.iter().sum();
    let pages: usize = lengths.iter().map(|length| (length + 40).next_power_of_two().max(4096)).sum();
    assert!(bytes * 10 > pages * 8, "{bytes} bytes in {pages}");
    assert_eq!(read(&partitions, &ids(DAY, 1, 0..20_000)), some(&occurrences));
}

#[test]
fn stored_blocks_are_read_for_ever() {
    let bytes = |at: usize| u8::from_str_radix(&GOLDEN[at * 2..at * 2 + 2], 16).unwrap();
    let block: Vec<u8> = (0..GOLDEN.len() / 2).map(bytes).collect();
    let mut records = Vec::new();
    block::decode(&block, 300, 64, |_| true, |place, record| records.push((place, record))).unwrap();
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
        block::decode(&encoded, commit, first, wanted, |place, record| { records.insert(place, record); }).unwrap();
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
        prop_assert_eq!(block::count(&encoded), Ok(new.len() as u32));
        prop_assert!(block::decode(&encoded, commit ^ 1, first, |_| true, |_, _| ()).is_err());
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
        let _ = block::decode(&sealed, 0, 0, |_| true, |_, _| ());
        // And with a sound frame around unsound fields.
        envelope::begin(&mut sealed);
        sealed.extend_from_slice(&[count, 1]);
        sealed.extend_from_slice(&[7; 16]);
        sealed.push(fields.len() as u8);
        let raw: Vec<u8> = fields.iter().copied().chain(*b"some text to take from").collect();
        envelope::compress(&mut zstd::bulk::Compressor::new(1).unwrap(), &raw, &mut sealed).unwrap();
        envelope::seal(&mut sealed, 0);
        let mut visited = 0;
        let _ = block::decode(&sealed, 0, 0, |_| true, |_, _| visited += 1);
        prop_assert!(visited <= count);
    }
}
