//! Imports of small files, judged by a plain list; and exports, which an import has to reproduce.

mod triage;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::{Format, Mapping, Options, Outcome, Phase, export, import};
use crate::demo::Fleet;
use crate::ingest::{Added, Batch};
use crate::model::aggregate_set::AggregateSet;
use crate::model::exposition::{ExposedAggregate, Exposition};
use crate::model::id::AggregateId;
use crate::model::label::Labels;
use crate::model::scrape::{Event, Scrape};
use crate::model::series::{Buckets, Count};
use crate::model::severity::Severity;
use crate::model::target::Target;
use crate::model::time::{Millis, TimeRange, Timestamp};
use crate::model::triage::Turn;
use crate::redact::{Hits, Redactor};
use crate::store::{Edit, Scan, Split, Store, View};

/// 2026-11-20T10:00:00Z: a window begins.
const NOW: Timestamp = Timestamp(1_795_168_800_000);
const DAY: i64 = 86_400;

fn redactor() -> Arc<Redactor> {
    Arc::new(Redactor::new(&crate::config::Redaction::default()))
}

/// A data directory, and files beside it.
struct Place {
    directory: TempDir,
    store: Option<Store>,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut place = Self { directory, store: None };
        place.reopen();
        place
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(Store::open(&self.directory.path().join("data")).unwrap());
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        crate::fs::rewrite_atomic(&path, text.as_bytes()).unwrap();
        path
    }

    fn import(&self, path: &Path, format: Format) -> Outcome {
        let options = Options { format, skip_bad: false, as_new: false, now: NOW, redactor: redactor() };
        import(self.store(), path, &options, &mut |_| ())
    }

    /// Imports counters that are scraped once a minute.
    fn counters(&self, name: &str, text: &str) -> Outcome {
        self.import(&self.file(name, text), openmetrics())
    }

    fn deltas(&self, name: &str, lines: &str) -> Outcome {
        let text = format!("{{\"kind\":\"header\",\"format\":\"hydrophone deltas\",\"version\":1}}\n{lines}");
        self.import(&self.file(name, &text), Format::Deltas)
    }

    fn export(&self) -> String {
        let mut out = Vec::new();
        export(self.store(), &mut out, Path::new("export")).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Counts by key in buckets of `step` seconds that begin `start` seconds before [`NOW`]; estimated ones apart.
    fn counted(&self, start: i64, step: i64, len: usize) -> BTreeMap<String, Vec<(u64, u64)>> {
        let buckets = Buckets { start: Timestamp(NOW.0 - start * 1000), step: Millis::from_seconds(step), len };
        let view = self.store().view().unwrap();
        let mut counted: BTreeMap<String, Vec<(u64, u64)>> = BTreeMap::new();
        let scan = Scan { aggregates: None, targets: None, split: Split::Aggregate, buckets };
        view.scan(&scan, &mut |hit| {
            let name = name(&view, hit.aggregate);
            let place = &mut counted.entry(name).or_insert_with(|| vec![(0, 0); len])[hit.bucket];
            place.0 += hit.count.total;
            place.1 += hit.count.estimated;
        })
        .unwrap();
        counted
    }

    /// All there is, by key: ever, in the year before now, and how much of that is estimated.
    fn totals(&self) -> BTreeMap<String, (u64, u64)> {
        let counted = self.counted(365 * DAY, 366 * DAY, 1);
        let view = self.store().view().unwrap();
        let aggregates = view.aggregates().iter();
        aggregates
            .map(|one| name(&view, one.id))
            .zip(view.aggregates())
            .map(|(name, one)| {
                let counted = counted.get(&name).map_or(0, |counts| counts[0].0);
                (name, (one.total, counted))
            })
            .collect()
    }
}

/// An aggregate's key, after its service where that is not `shop`.
fn name(view: &View<'_>, id: AggregateId) -> String {
    let aggregate = &view.aggregates()[id.0 as usize];
    match view.services()[aggregate.service.0 as usize].name.as_str() {
        "shop" => aggregate.key.clone(),
        service => format!("{service} {}", aggregate.key),
    }
}

fn openmetrics() -> Format {
    Format::OpenMetrics(Box::new(Mapping { interval: Some(Millis::from_seconds(60)), ..Mapping::default() }))
}

/// A line of a counter: minutes before now.
fn sample(labels: &str, value: impl std::fmt::Display, minutes_ago: i64) -> String {
    let at = NOW.0 / 1000 - minutes_ago * 60;
    format!("periskop_error_occurrences{{service_name=\"shop\",{labels}}} {value} {at}\n")
}

fn key(name: &str) -> String {
    format!("aggregation_key=\"{name}\",severity=\"error\",instance=\"p:80\",job=\"periskop\"")
}

fn series(name: &str, values: impl IntoIterator<Item = (i64, u64)>) -> String {
    values.into_iter().map(|(minutes_ago, value)| sample(&key(name), value, minutes_ago)).collect()
}

fn eof(text: String) -> String {
    text + "# EOF\n"
}

#[test]
fn counters_become_deltas_at_their_samples() {
    let place = Place::new();
    let a = series("A@1", [(600, 5), (599, 5), (598, 7), (597, 7), (596, 17)]);
    let other = "# TYPE other counter\nother_total 5 1795168800\n";
    let outcome = place.counters("a", &eof(format!("{other}{a}")));
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    let tally = outcome.tally;
    assert_eq!((tally.lines, tally.samples, tally.other, tally.deltas, tally.count), (8, 5, 1, 2, 12));
    // Nobody knows when it came to 5.
    assert_eq!((tally.before, tally.complete), (5, true));
    assert_eq!(place.totals()["A@1"], (12, 12));
    let counts = &place.counted(600 * 60, 60, 5)["A@1"];
    assert_eq!(counts, &[(0, 0), (0, 0), (2, 0), (0, 0), (10, 0)]);
    let view = place.store().view().unwrap();
    let target = &view.targets()[0];
    assert_eq!(target.labels, Labels::from_pairs([("instance", "p:80")]));
    let life = target.lives[0];
    assert_eq!((NOW.since(life.from), NOW.since(life.to.unwrap())), (minutes(600), minutes(596)));
    let whole = Buckets::whole(TimeRange { start: life.from, end: life.to.unwrap() });
    let coverage = view.coverage(None, &whole).unwrap();
    assert_eq!((coverage[0].watched, coverage[0].expected), (minutes(4), minutes(4)));
}

fn minutes(minutes: i64) -> Millis {
    Millis::from_seconds(minutes * 60)
}

#[test]
fn a_lower_counter_began_anew_and_a_gap_is_spread() {
    let place = Place::new();
    let a = series("Reset@1", [(600, 50), (599, 60), (598, 4), (597, 5)]);
    let b = series("Gap@2", [(600, 10), (599, 11), (479, 131), (478, 131)]);
    let outcome = place.counters("a", &eof(a + &b));
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert_eq!(place.counted(600 * 60, 60, 4)["Reset@1"], [(0, 0), (10, 0), (4, 0), (1, 0)]);
    // 120 within two hours: one a minute, by estimate.
    let gap = &place.counted(600 * 60, 60, 122)["Gap@2"];
    assert_eq!((gap[1], gap[2], gap[60]), ((1, 0), (1, 1), (1, 1)));
    assert_eq!(gap.iter().map(|(count, _)| count).sum::<u64>(), 121);
    assert_eq!(gap.iter().map(|(_, estimated)| estimated).sum::<u64>(), 120);
    // Nobody was there.
    let buckets = Buckets { start: Timestamp(NOW.0 - 600 * 60_000), step: minutes(60), len: 2 };
    let coverage = place.store().view().unwrap().coverage(None, &buckets).unwrap();
    assert!(coverage[0].watched < minutes(5) && coverage[0].expected == minutes(60), "{coverage:?}");
}

#[test]
fn what_a_series_begins_with_is_counted_where_its_begin_was_watched() {
    let place = Place::new();
    // It is there all the time, so that the scrapes are known.
    let all =
        series("Old@1", (300..=600).rev().filter(|minute| !(400..450).contains(minute)).map(|minute| (minute, 9)));
    let born = series("Born@2", [(500, 3), (499, 3)]);
    let after_gap = series("Gap@3", [(399, 40), (398, 40)]);
    let created_at = NOW.0 / 1000 - 700 * 60;
    let created = series("Created@4", [(600, 70)])
        + &format!("periskop_error_occurrences_created{{service_name=\"shop\",{}}} {created_at}\n", key("Created@4"));
    let outcome = place.counters("a", &eof(all + &born + &after_gap + &created));
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert_eq!(outcome.tally.before, 9, "only what was there when the file begins is left out");
    assert_eq!(place.counted(500 * 60, 60, 1)["Born@2"], [(3, 0)]);
    // The last scrape before was 51 minutes earlier.
    let gap = &place.counted(450 * 60, 60, 52)["Gap@3"];
    assert_eq!(gap.iter().map(|(count, _)| count).sum::<u64>(), 40);
    assert!(gap[20].1 > 0 && gap[20].0 < 3, "{gap:?}");
    let created = &place.counted(700 * 60, 60, 101)["Created@4"];
    assert_eq!(created.iter().map(|(count, estimated)| (count + estimated) / 2).sum::<u64>(), 70);
    assert_eq!(place.totals()["Old@1"], (0, 0));

    let place = Place::new();
    let mapping = Mapping { count_first: true, interval: Some(minutes(1)), ..Mapping::default() };
    place
        .import(&place.file("a", &eof(series("Old@1", [(600, 9), (599, 10)]))), Format::OpenMetrics(Box::new(mapping)));
    assert_eq!(place.counted(600 * 60, 60, 2)["Old@1"], [(9, 0), (1, 0)]);
}

#[test]
fn files_continue_overlap_and_fit_in_beneath() {
    let values: Vec<(i64, u64)> = (0..=300).rev().map(|minute| (minute + 400, (300 - minute as u64) * 2)).collect();
    let part = |from: usize, to: usize| eof(series("A@1", values[from..to].iter().copied()));
    let whole = Place::new();
    whole.counters("a", &part(0, 301));
    let expect = whole.counted(800 * 60, 60, 500);
    assert_eq!(whole.totals()["A@1"], (600, 600));
    for parts in [
        vec![(0, 100), (100, 301)],
        vec![(0, 150), (100, 301)],
        vec![(0, 150), (100, 120), (0, 301)],
        vec![(100, 301), (0, 100)],
        vec![(100, 200), (0, 301)],
        vec![(100, 200), (50, 150), (0, 301), (200, 301)],
    ] {
        let place = Place::new();
        for (index, (from, to)) in parts.iter().enumerate() {
            let outcome = place.counters(&index.to_string(), &part(*from, *to));
            assert!(outcome.stopped.is_none(), "{parts:?}: {:?}", outcome.stopped);
        }
        assert_eq!(place.totals()["A@1"], (600, 600), "{parts:?}");
        assert_eq!(place.counted(800 * 60, 60, 500), expect, "{parts:?}");
        // Whatever their order, once is enough.
        for (index, (from, to)) in parts.iter().enumerate() {
            let again = place.counters(&format!("again{index}"), &part(*from, *to));
            assert_eq!((again.tally.lines, again.lines_before), (0, *to as u64 - *from as u64 + 1), "{parts:?}");
        }
        assert_eq!(place.totals()["A@1"], (600, 600), "{parts:?}");
    }
}

#[test]
fn the_order_of_lines_and_the_notation_of_labels_do_not_matter() {
    let mut lines: Vec<(i64, String)> = Vec::new();
    for (index, name) in ["A@1", "B@2", "C@3"].iter().enumerate() {
        lines.extend((0..200).map(|n| (600 - n, sample(&key(name), n as u64 / (index as u64 + 1), 600 - n))));
    }
    let by_series = eof(lines.iter().map(|(_, line)| line.as_str()).collect());
    lines.sort_by_key(|(minutes_ago, _)| std::cmp::Reverse(*minutes_ago));
    let by_time = eof(lines.iter().map(|(_, line)| line.as_str()).collect());
    let (one, other) = (Place::new(), Place::new());
    one.counters("a", &by_series);
    let swapped =
        by_time.replace("aggregation_key=\"B@2\",severity=\"error\"", "severity=\"error\",aggregation_key=\"B@2\"");
    let outcome = other.counters("a", &swapped);
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert_eq!(one.counted(700 * 60, 60, 400), other.counted(700 * 60, 60, 400));
    assert_eq!(one.totals()["B@2"], (99, 99));
    // The interval can be found out either way.
    for text in [by_series, by_time] {
        let place = Place::new();
        let path = place.file("a", &text);
        let outcome = place.import(&path, Format::OpenMetrics(Box::default()));
        assert_eq!(outcome.interval, Some(minutes(1)));
    }
}

#[test]
fn a_bad_line_stops_and_what_stands_before_it_is_taken() {
    let good = series("A@1", [(600, 1), (599, 3)]);
    let rest = series("A@1", [(598, 6)]) + "# EOF\n";
    for (bad, right, says) in [
        (sample(&key("A@1"), 4, 599), String::new(), "is not after"),
        (sample(&key("A@1"), "4.5", 598), String::new(), "\"4.5\" is no count"),
        (sample(&key("A@1"), 4, -90), String::new(), "in the future"),
        (sample("severity=\"error\"", 4, 598), String::new(), "aggregation_key"),
        ("periskop_error_occurrences{service_name=\"shop\" 5 6\n".to_owned(), String::new(), "closing brace"),
        ("periskop_error_occurrences{service_name=\"shop\"} 5\n".to_owned(), String::new(), "without a timestamp"),
        ("periskop_error_occurrences{service_name=shop} 5 1795132800\n".to_owned(), String::new(), "labels"),
    ] {
        let mut place = Place::new();
        let outcome = place.counters("a", &format!("{good}{bad}{rest}"));
        let stopped = outcome.stopped.unwrap().to_string();
        assert!(stopped.contains("a:3: ") && stopped.contains(says), "{stopped}");
        assert_eq!((outcome.tally.lines, place.totals()["A@1"]), (2, (2, 2)), "{bad}");
        place.reopen();
        // Put right, it goes on there.
        let outcome = place.counters("a", &format!("{good}{right}{rest}"));
        assert!(outcome.stopped.is_none(), "{bad}: {:?}", outcome.stopped);
        assert_eq!((outcome.lines_before, place.totals()["A@1"]), (2, (5, 5)), "{bad}");
        // Or it is left out.
        let place = Place::new();
        let options = Options { format: openmetrics(), skip_bad: true, as_new: false, now: NOW, redactor: redactor() };
        let outcome = import(place.store(), &place.file("a", &format!("{good}{bad}{rest}")), &options, &mut |_| ());
        assert!(outcome.stopped.is_none(), "{bad}: {:?}", outcome.stopped);
        assert_eq!((outcome.tally.bad, outcome.skipped.len(), place.totals()["A@1"]), (1, 1, (5, 5)), "{bad}");
    }
}

#[test]
fn a_file_that_is_cut_off_is_taken_up_to_there_and_goes_on_when_it_is_whole() {
    let whole = eof(series("A@1", (500..600).rev().map(|minute| (minute, 1000 - minute as u64))));
    let place = Place::new();
    let cut = whole.len() - 50;
    let outcome = place.counters("a", &whole[..cut]);
    let stopped = outcome.stopped.unwrap().to_string();
    assert!(stopped.contains("a:100: the file ends in the middle"), "{stopped}");
    assert_eq!(place.totals()["A@1"], (98, 98));
    let outcome = place.counters("a", &whole);
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert_eq!((outcome.lines_before, place.totals()["A@1"]), (99, (99, 99)));
    // And it may grow.
    let grown = whole + &eof(series("A@1", [(499, 600)]));
    let outcome = place.counters("a", &grown);
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert_eq!((outcome.tally.lines, place.totals()["A@1"]), (2, (199, 199)));
}

#[test]
fn lines_of_deltas_that_are_wrong_are_named() {
    let good = r#"{"service":"shop","key":"A@1","t":1795100000,"count":2}"#;
    for (bad, says) in [
        (r#"{"service":"shop","key":"A@1","t":1795100000,"count":0}"#, "a count of 0"),
        (r#"{"service":"shop","key":"A@1","t":1795100000,"count":-1}"#, "invalid value"),
        (r#"{"service":"shop","key":"A@1","t":1795100000}"#, "neither t and count"),
        (r#"{"service":"shop","key":"A@1","points":[]}"#, "neither t and count"),
        (r#"{"service":"shop","key":"A@1","points":[[1795100000,1],[1895100000,1]]}"#, "in the future"),
        (r#"{"service":"shop","key":"A@1","from":1795100000,"to":1795090000,"count":1}"#, "ends before it begins"),
        (r#"{"service":"shop","key":"A@1","t":1795100000,"count":1,"color":"red"}"#, "unknown field `color`"),
        (
            r#"{"service":"shop","key":"A@1","t":1795100000,"count":1,"severity":"fatal"}"#,
            "none of info, warning, error",
        ),
        (r#"{"service":"shop","key":"","t":1795100000,"count":1}"#, "empty service or key"),
        (r#"{"service":"shop","key":"A@1","t":1795100000,"cou"#, "EOF while parsing"),
        (r#"{"kind":"wish"}"#, "unknown variant `wish`"),
        (
            r#"{"kind":"aggregate","service":"shop","key":"A@1","first_seen":1,"last_seen":2,"state":"gone"}"#,
            "none of open",
        ),
        (r#"{"kind":"process","service":"shop","labels":{},"baselines":[]}"#, "either a uuid or an address"),
        (
            r#"{"kind":"process","service":"shop","uuid":"u","labels":{},"baselines":[{"key":"A","total":1,"samples":["x"]}]}"#,
            "hexadecimal",
        ),
        (r#"{"kind":"occurrence","service":"shop","key":"A@1","day":"yesterday"}"#, "is no day"),
        (r#"{"kind":"coverage","service":"shop","labels":{"a":"b"},"runs":[[5,3,true]]}"#, "no run"),
        (r#"{"kind":"header","format":"hydrophone deltas","version":1}"#, "second header"),
        ("nonsense", "expected"),
    ] {
        let place = Place::new();
        let outcome = place.deltas("a", &format!("{good}\n{bad}\n{good}\n"));
        let stopped = outcome.stopped.unwrap().to_string();
        assert!(stopped.contains("a:3: ") && stopped.contains(says), "{bad}: {stopped}");
        assert_eq!(place.totals()["A@1"], (2, 2), "{bad}");
        let outcome = place.deltas("a", &format!("{good}\n{good}\n"));
        assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
        assert_eq!(place.totals()["A@1"], (4, 4), "{bad}");
    }
    let place = Place::new();
    for text in ["{\"service\":\"x\"}\n", "{\"kind\":\"header\",\"format\":\"hydrophone deltas\",\"version\":2}\n", "x"]
    {
        let stopped = place.import(&place.file("b", text), Format::Deltas).stopped.unwrap().to_string();
        assert!(stopped.contains("b:1: "), "{stopped}");
    }
}

#[test]
fn deltas_mean_what_they_say() {
    let place = Place::new();
    let at = NOW.0 / 1000 - 7200;
    let lines = format!(
        r#"{{"service":"shop","key":"A@1","labels":{{"instance":"a","zone":"n"}},"severity":"warning","message":"no","t":{at},"count":3}}
{{"points":[[{at},1],[{},2]],"key":"A@1","service":"shop","labels":{{"zone":"n","instance":"a"}}}}

{{"service":"shop","key":"A@1","from":{at},"to":{},"count":60}}
{{"service":"shop","key":"B\u0040\"2","t":"2026-11-20T08:00:00.5Z","count":4294967300}}
{{"kind":"coverage","service":"shop","labels":{{"instance":"a","zone":"n"}},"runs":[[{},{at},true]]}}
"#,
        at + 1,
        at + 3600,
        at - 8000
    );
    let outcome = place.deltas("a", &lines);
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert_eq!((outcome.tally.lines, outcome.tally.deltas), (7, 5));
    let counted = place.counted(7200, 1, 3);
    assert_eq!(counted["A@1"], [(4, 0), (2, 0), (0, 0)]);
    assert_eq!(counted["B@\"2"][0], (4_294_967_300, 0));
    assert_eq!(place.totals()["A@1"], (66, 66));
    let view = place.store().view().unwrap();
    let a = &view.aggregates()[0];
    assert_eq!((a.severity, a.message.as_str(), a.class.as_str()), (Severity::Warning, "no", "A"));
    assert_eq!((a.first_seen, a.last_seen), (Timestamp::from_seconds(at), Timestamp::from_seconds(at + 3600)));
    assert_eq!((view.targets().len(), view.targets()[0].lives.len()), (1, 1));
    let whole = Buckets::whole(TimeRange { start: Timestamp(0), end: NOW });
    assert_eq!(view.coverage(None, &whole).unwrap()[0].watched, Millis::from_seconds(8000));
}

#[test]
fn another_file_with_the_same_begin_is_added_only_on_demand() {
    let place = Place::new();
    let line = |count: u64| format!("{{\"service\":\"shop\",\"key\":\"A@1\",\"t\":1795100000,\"count\":{count}}}\n");
    let begin: String = (1..2000).map(line).collect();
    place.deltas("a", &(begin.clone() + &line(7)));
    let first = std::fs::read_to_string(place.directory.path().join("a")).unwrap();
    let path = place.file("b", &format!("{}8}}\n", first.strip_suffix("7}\n").unwrap()));
    let stopped = place.import(&path, Format::Deltas).stopped.unwrap().to_string();
    assert!(stopped.contains("begins like a file of which 2001 lines were imported"), "{stopped}");
    let options = Options { format: Format::Deltas, skip_bad: false, as_new: true, now: NOW, redactor: redactor() };
    let outcome = import(place.store(), &path, &options, &mut |_| ());
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    let once = 1999 * 1000 + 7;
    assert_eq!(place.totals()["A@1"].0, 2 * once + 1);
}

/// A store that a misbehaving fleet was scraped into for a day: restarts, failures, gaps, samples, states.
fn lived() -> Place {
    let place = Place::new();
    let store = place.store();
    let mut fleet = Fleet::aged(7, Timestamp(NOW.0 + 3_700_000), Millis::from_seconds(DAY));
    let redactor = redactor();
    let mut batch = Batch::new(store.draft());
    let (from, to) = (Timestamp(NOW.0 - DAY * 600), Timestamp(NOW.0 + 3_700_000));
    for event in fleet.history(from, to, Millis::from_seconds(600)) {
        match event {
            Event::Scraped(mut scrape) => {
                if let Ok(exposition) = &mut scrape.outcome {
                    // As scraping would have.
                    redactor.exposition(exposition, &mut Hits::default());
                }
                while let Added::NextBatch(again) = batch.add(scrape) {
                    let commit = batch.into_draft().finish();
                    store.commit(commit).unwrap();
                    if again.at.0 % 7_200_000 < 600_000 {
                        store.seal(again.at).unwrap();
                    }
                    batch = Batch::new(store.draft());
                    scrape = *again;
                }
            }
            Event::Gone { target, at } => {
                let commit = batch.into_draft().finish();
                store.commit(commit).unwrap();
                let mut draft = store.draft();
                if let Some(id) = draft.find_target(&target) {
                    draft.gone(id, at);
                }
                let commit = draft.finish();
                store.commit(commit).unwrap();
                batch = Batch::new(store.draft());
            }
        }
    }
    let commit = batch.into_draft().finish();
    store.commit(commit).unwrap();
    let some = store.view().unwrap().aggregates().iter().step_by(5).map(|aggregate| aggregate.id).collect();
    let mut draft = store.draft();
    draft.edit(Edit::change(some, Turn::Resolve, Timestamp(NOW.0 + 3_700_001)));
    let commit = draft.finish();
    store.commit(commit).unwrap();
    place
}

/// An import in the middle of the fleet's last window, so that some of it is sealed and some is not.
fn later() -> Options {
    Options {
        format: Format::Deltas,
        skip_bad: false,
        as_new: false,
        now: Timestamp(NOW.0 + 3_800_000),
        redactor: redactor(),
    }
}

#[test]
fn an_export_is_imported_as_the_same_store() {
    let original = lived();
    let exported = original.export();
    for kind in ["target", "aggregate", "process", "coverage", "occurrence"] {
        assert!(exported.contains(&format!("{{\"kind\":\"{kind}\"")), "{kind}");
    }
    assert!(exported.contains("\"from\"") && exported.contains("\"state\":\"resolved\""));
    let copy = Place::new();
    let path = copy.file("a", &exported);
    let outcome = import(copy.store(), &path, &later(), &mut |_| ());
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert!(copy.export() == exported, "another export");
    // It answers the same, too, and goes on answering so.
    for (step, len) in [(1800, 80), (86_400, 5), (61, 600)] {
        assert_eq!(copy.counted(DAY, step, len), original.counted(DAY, step, len), "{step}");
    }
    let coverage = |place: &Place| {
        let buckets = Buckets { start: Timestamp(NOW.0 - DAY * 1000), step: minutes(7), len: 220 };
        place.store().view().unwrap().coverage(None, &buckets).unwrap()
    };
    assert_eq!(coverage(&copy), coverage(&original));
    let mut copy = copy;
    copy.reopen();
    assert!(copy.export() == exported, "another export after opening again");
    copy.store().seal(Timestamp(NOW.0 + DAY * 1000)).unwrap();
    original.store().seal(Timestamp(NOW.0 + DAY * 1000)).unwrap();
    assert!(copy.export() == original.export(), "another export after sealing");
    assert_eq!(copy.counted(DAY, 86_400, 5), original.counted(DAY, 86_400, 5));
    // The same processes go on counting from where they were.
    let outcome = import(copy.store(), &path, &later(), &mut |_| ());
    assert_eq!(outcome.tally.lines, 0);
}

#[test]
fn an_import_that_is_killed_at_any_step_goes_on_to_the_same_result() {
    let exported = lived().export();
    let mut steps = 0;
    for killed in 0.. {
        let mut place = Place::new();
        let path = place.file("a", &exported);
        let mut step = 0;
        let run = catch_unwind(AssertUnwindSafe(|| {
            import(place.store(), &path, &later(), &mut |progress| {
                step += 1;
                assert!(step <= killed || progress.phase == Phase::Checking, "killed");
            })
        }));
        // Twice, the second time a step further.
        let again = catch_unwind(AssertUnwindSafe(|| {
            place.reopen();
            let mut step = 0;
            import(place.store(), &path, &later(), &mut |_| {
                step += 1;
                assert!(step <= 1, "killed");
            })
        }));
        place.reopen();
        let outcome = import(place.store(), &path, &later(), &mut |_| ());
        assert!(outcome.stopped.is_none(), "killed at {killed}: {:?}", outcome.stopped);
        assert!(place.export() == exported, "killed at step {killed}");
        assert!(!super::is_unfinished(place.store().path()).unwrap());
        steps = killed;
        if run.is_ok() {
            assert!(again.is_ok());
            break;
        }
    }
    assert!(steps >= 6, "only {steps} steps");
}

#[test]
fn scraping_goes_on_where_an_import_with_processes_ends() {
    let place = Place::new();
    let of = |uuid: &str, name: &str| format!("{},target=\"{uuid}\"", key(name));
    let mut text = String::new();
    for minute in (1..=120).rev() {
        text += &sample(&of("uuid-1", "A@1"), 1000 + (120 - minute), minute);
    }
    for minute in (1..=120).rev() {
        text += &sample(&of("uuid-2", "A@1"), 500, minute);
    }
    let outcome = place.counters("a", &eof(text));
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert_eq!(place.totals()["A@1"], (119, 119));
    // Processes a month old: their first scrape is no spike, and counts only what is new.
    for (uuid, total) in [("uuid-1", 1122), ("uuid-2", 500), ("uuid-3", 4)] {
        let mut batch = Batch::new(place.store().draft());
        let exposed = ExposedAggregate {
            key: "A@1".to_owned(),
            total_count: total,
            severity: Severity::Error,
            created_at: Some(NOW.minus(Millis::from_seconds(if total > 4 { 30 * DAY } else { 5 }))),
            occurrences: None,
            ..ExposedAggregate::default()
        };
        let exposition =
            Exposition { target_uuid: Some(uuid.to_owned()), aggregates: vec![exposed], ..Exposition::default() };
        let target = Arc::new(Target {
            service: "shop".to_owned(),
            labels: Labels::from_pairs([("instance", uuid)]),
            discovered_labels: Labels::default(),
            address: uuid.to_owned(),
            url: String::new(),
            scrape_interval: minutes(1),
            scrape_timeout: minutes(1),
        });
        let scrape = Scrape { target, at: NOW, duration: Millis(1), body_bytes: 1, outcome: Ok(exposition) };
        assert!(matches!(batch.add(scrape), Added::Yes(_)));
        let commit = batch.into_draft().finish();
        place.store().commit(commit).unwrap();
    }
    assert_eq!(place.totals()["A@1"], (119 + 3 + 4, 119 + 3 + 4));
    let counts = &place.counted(121 * 60, 60, 122)["A@1"];
    assert_eq!(counts[3..120], [(1, 0); 117]);
    assert_eq!(counts[121], (7, 0), "{:?}", &counts[118..]);
}

#[test]
fn an_import_adds_to_what_is_there_below_and_between() {
    let history = lived();
    let before = history.counted(3 * DAY, 1800, 200);
    let whole = history.totals();
    let known: Vec<(String, String)> = {
        let view = history.store().view().unwrap();
        let aggregates = view.aggregates().iter().step_by(3);
        let service = |one: &crate::model::aggregate::Aggregate| view.services()[one.service.0 as usize].name.clone();
        aggregates.map(|one| (service(one), one.key.clone())).collect()
    };
    let mut lines = String::new();
    let mut added: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (index, (service, key)) in known.iter().enumerate() {
        let name = format!("{service} {key}");
        for n in 0..40 {
            let ago = n * 6000 + index as i64 * 7 + 60;
            let at = NOW.0 / 1000 - ago;
            let label = if n % 3 == 0 { String::new() } else { format!("\"labels\":{{\"instance\":\"i{}\"}},", n % 2) };
            let (service, text) = (serde_json::to_string(service).unwrap(), serde_json::to_string(key).unwrap());
            let count = n + 1;
            writeln!(lines, "{{\"service\":{service},\"key\":{text},{label}\"t\":{at},\"count\":{count}}}").unwrap();
            let bucket = (3 * DAY - ago) / 1800;
            added.entry(name.clone()).or_insert_with(|| vec![0; 200])[bucket as usize] += n as u64 + 1;
        }
    }
    let text = format!("{{\"kind\":\"header\",\"format\":\"hydrophone deltas\",\"version\":1}}\n{lines}");
    let outcome = import(history.store(), &history.file("a", &text), &later(), &mut |_| ());
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    let after = history.counted(3 * DAY, 1800, 200);
    for (key, counts) in &after {
        let nothing = vec![(0, 0); 200];
        let before = before.get(key).unwrap_or(&nothing);
        let added = added.get(key).cloned().unwrap_or_else(|| vec![0; 200]);
        let expect: Vec<(u64, u64)> = before.iter().zip(added).map(|(old, new)| (old.0 + new, old.1)).collect();
        assert_eq!(counts, &expect, "{key}");
    }
    for (key, (total, _)) in history.totals() {
        let added: u64 = added.get(&key).map_or(0, |counts| counts.iter().sum());
        assert_eq!(total, whole[&key].0 + added, "{key}");
    }
    // Days, hours, points and services agree.
    for step in [86_400, 3600, 1800, 1] {
        let len = usize::try_from(4 * DAY / step).unwrap();
        let sums: BTreeMap<String, u64> = history
            .counted(3 * DAY, step, len)
            .into_iter()
            .map(|(key, counts)| (key, counts.iter().map(|(count, _)| count).sum()))
            .collect();
        let expect: BTreeMap<String, u64> =
            after.iter().map(|(key, counts)| (key.clone(), counts.iter().map(|(count, _)| count).sum())).collect();
        assert_eq!(sums, expect, "{step}");
    }
}

/// One delta of a plain list.
#[derive(Debug, Clone)]
struct Plain {
    service: usize,
    key: usize,
    instance: usize,
    /// Milliseconds before [`NOW`].
    ago: i64,
    /// Length of the gap it lies in, in milliseconds; 0 where its second is known.
    gap: i64,
    count: u64,
}

impl Plain {
    fn line(&self) -> String {
        let label = if self.instance == 0 {
            String::new()
        } else {
            format!("\"labels\":{{\"instance\":\"i{}\"}},", self.instance)
        };
        let to = NOW.0 - self.ago;
        let time = if self.gap == 0 {
            format!("\"t\":{}", to / 1000)
        } else {
            format!("\"from\":{},\"to\":{}", (to - self.gap) as f64 / 1000.0, to as f64 / 1000.0)
        };
        format!(
            "{{\"service\":\"s{}\",\"key\":\"k{}\",{label}{time},\"count\":{}}}\n",
            self.service, self.key, self.count
        )
    }

    /// How much of it lies in `[start, end)`.
    fn within(&self, start: i64, end: i64) -> u64 {
        let to = NOW.0 - self.ago;
        if self.gap == 0 {
            let at = to / 1000 * 1000;
            return if (start..end).contains(&at) { self.count } else { 0 };
        }
        let until = |time: i64| {
            let passed = (time - (to - self.gap + 1)).clamp(0, self.gap);
            (u128::from(self.count) * passed as u128 / self.gap as u128) as u64
        };
        until(end) - until(start)
    }
}

fn plain() -> impl Strategy<Value = Plain> {
    let gap = prop_oneof![6 => Just(0), 1 => 1i64..40 * 3_600_000];
    let count = prop_oneof![8 => 1u64..50, 1 => 1u64..10_000_000_000];
    // Some aggregates that happen often, and enough others for filters of many.
    let key = prop_oneof![1 => 0..3usize, 1 => 0..50usize];
    (0..2usize, key, 0..3usize, 0..5 * DAY * 1000, gap, count)
        .prop_map(|(service, key, instance, ago, gap, count)| Plain { service, key, instance, ago, gap, count })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Whatever is imported in whatever parts, sealed or not, at any step and alignment: to the unit.
    #[test]
    fn imported_deltas_agree_with_a_plain_list(
        parts in prop::collection::vec(prop::collection::vec(plain(), 1..60), 1..4),
        now in 0..6 * DAY * 1000, start in 0..6 * DAY * 1000, step in prop::sample::select(vec![1i64, 900, 1000, 61_000, 1_800_000, 3_600_000, 86_400_000, 604_800_000]),
        aligned in any::<bool>(), zone in -14i64..15,
        few in prop::collection::btree_set(0..100u32, 0..70), targets in prop::collection::btree_set(0..6u32, 0..5),
    ) {
        let mut place = Place::new();
        for (index, part) in parts.iter().enumerate() {
            let lines: String = part.iter().map(Plain::line).collect();
            let text = format!("{{\"kind\":\"header\",\"format\":\"hydrophone deltas\",\"version\":1}}\n{lines}");
            let path = place.file(&index.to_string(), &text);
            // The clock of each import decides what is sealed; nothing is in the future of the first.
            let now = Timestamp(NOW.0 + if index == 0 { 0 } else { now });
            let options = Options { format: Format::Deltas, skip_bad: false, as_new: true, now, redactor: redactor() };
            let outcome = import(place.store(), &path, &options, &mut |_| ());
            prop_assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
        }
        if aligned {
            place.reopen();
        }
        let all: Vec<&Plain> = parts.iter().flatten().collect();
        let offset = zone * 3_600_000;
        let begin = NOW.0 - start;
        let begin = if aligned { (begin + offset).div_euclid(step) * step - offset } else { begin };
        let buckets = Buckets { start: Timestamp(begin), step: Millis(step), len: 150 };
        let view = place.store().view().unwrap();
        let mut by_target: BTreeMap<(u32, u32, usize), u64> = BTreeMap::new();
        for split in [Split::Service, Split::Aggregate, Split::Target] {
            let mut counted: BTreeMap<(u32, u32, u32, usize), Count> = BTreeMap::new();
            view.scan(&Scan { aggregates: None, targets: None, split, buckets }, &mut |hit| {
                counted.entry((hit.service.0, hit.aggregate.0, hit.target.0, hit.bucket)).or_default().add(hit.count);
            }).unwrap();
            for bucket in 0..buckets.len {
                let (from, to) = (buckets.edge(bucket).0, buckets.edge(bucket + 1).0);
                let expect: u64 = all.iter().map(|delta| delta.within(from, to)).sum();
                let got: u64 = counted.iter().filter(|(key, _)| key.3 == bucket).map(|(_, count)| count.total).sum();
                prop_assert_eq!(got, expect, "{:?} bucket {}", split, bucket);
            }
            let set: AggregateSet = few.iter().map(|id| AggregateId(*id)).collect();
            let mut filtered: BTreeMap<(u32, u32, u32, usize), Count> = BTreeMap::new();
            view.scan(&Scan { aggregates: Some(&set), targets: None, split, buckets }, &mut |hit| {
                filtered.entry((hit.service.0, hit.aggregate.0, hit.target.0, hit.bucket)).or_default().add(hit.count);
            }).unwrap();
            if split != Split::Service {
                let expect: BTreeMap<_, _> =
                    counted.iter().filter(|(key, _)| few.contains(&key.1)).map(|(key, count)| (*key, *count)).collect();
                prop_assert_eq!(&filtered, &expect, "{:?}", split);
            }
            if split == Split::Target {
                let bits = targets.iter().copied().collect();
                let mut at: BTreeMap<(u32, u32, u32, usize), Count> = BTreeMap::new();
                view.scan(&Scan { aggregates: Some(&set), targets: Some(&bits), split, buckets }, &mut |hit| {
                    at.entry((hit.service.0, hit.aggregate.0, hit.target.0, hit.bucket)).or_default().add(hit.count);
                }).unwrap();
                filtered.retain(|key, _| targets.contains(&key.2));
                prop_assert_eq!(&at, &filtered, "at targets");
                for ((_, aggregate, target, bucket), count) in counted {
                    *by_target.entry((aggregate, target, bucket)).or_default() += count.total;
                }
            }
        }
        for ((aggregate, target, bucket), got) in by_target {
            let record = &view.aggregates()[aggregate as usize];
            let service = &view.services()[record.service.0 as usize].name;
            let instance = view.targets().get(target as usize).and_then(|target| target.labels.get("instance"));
            let (from, to) = (buckets.edge(bucket).0, buckets.edge(bucket + 1).0);
            let same = |delta: &&&Plain| {
                let label = format!("i{}", delta.instance);
                *service == format!("s{}", delta.service) && record.key == format!("k{}", delta.key)
                    && instance == Some(label.as_str()).filter(|_| delta.instance > 0)
            };
            let expect: u64 = all.iter().filter(same).map(|delta| delta.within(from, to)).sum();
            prop_assert_eq!(got, expect, "{} {:?} bucket {}", record.key, instance, bucket);
        }
        // And the copy of it is the same.
        let exported = { drop(view); place.export() };
        let copy = Place::new();
        let path = copy.file("copy", &exported);
        let options = Options { format: Format::Deltas, skip_bad: false, as_new: false, now: Timestamp(NOW.0 + now), redactor: redactor() };
        let outcome = import(copy.store(), &path, &options, &mut |_| ());
        prop_assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
        prop_assert_eq!(copy.export(), exported);
    }
}

/// A sample as a line; without a day it lies on that of its time, which is `second` seconds before [`NOW`].
fn sampled(uuid: &str, second: i64, message: &str) -> String {
    let at = NOW.seconds() - second;
    format!(
        r#"{{"service":"shop","key":"E@1","labels":{{"instance":"a:80"}},"uuid":"{uuid}","timestamp":{at},"class":"E","message":"{message}","stack":["at f"]}}"#
    )
}

impl Place {
    fn occurrences(&self, name: &str, lines: &[String]) -> Outcome {
        self.import(&self.file(name, &(lines.join("\n") + "\n")), Format::Occurrences)
    }

    /// Uuid and message of all samples with the days on which they lie, in the order in which they are exported.
    fn samples(&self) -> Vec<(u32, String, String)> {
        let mut samples = Vec::new();
        let store = self.store();
        let mut take = |stored: crate::store::StoredOccurrence| {
            samples.push((stored.id.day, stored.occurrence.uuid, stored.occurrence.exception.message));
            std::ops::ControlFlow::Continue(())
        };
        store.view().unwrap().each_sample(&mut take).unwrap();
        samples
    }
}

#[test]
fn occurrences_lie_on_the_day_of_their_time_in_whatever_order_they_come() {
    let place = Place::new();
    // Days in turns: each is written as one all the same.
    let lines: Vec<String> = (0..9000).map(|n| sampled(&format!("s{n}"), n % 3 * DAY + n, "m")).collect();
    let outcome = place.occurrences("a", &lines);
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert_eq!((outcome.tally.occurrences, outcome.tally.stored, outcome.tally.deltas), (9000, 0, 0));
    let samples = place.samples();
    assert_eq!(samples.len(), 9000);
    for (day, uuid, _) in &samples {
        let n: i64 = uuid.trim_start_matches('s').parse().unwrap();
        assert_eq!(i64::from(*day), (NOW.seconds() - n % 3 * DAY - n).div_euclid(DAY), "{uuid}");
    }
    let view = place.store().view().unwrap();
    let aggregate = &view.aggregates()[0];
    assert_eq!((aggregate.total, aggregate.last_seen, aggregate.message.as_str()), (0, NOW, "m"));
    assert_eq!(aggregate.first_seen.seconds(), NOW.seconds() - 2 * DAY - 8999);
    assert!(view.statistics().commit < 20, "a transaction a day or so, not one a line");
    assert_eq!(view.occurrences(aggregate.id, None, 10).unwrap().len(), 10);
}

#[test]
fn an_occurrence_is_imported_once_whichever_file_it_comes_in() {
    let place = Place::new();
    let lines: Vec<String> = (0..100).map(|n| sampled(&format!("s{n}"), n * 1000, "m")).collect();
    place.occurrences("a", &lines);
    let before = place.samples();
    // The same file, a longer one, one that overlaps, one with other days for the same samples.
    assert_eq!(place.occurrences("b", &lines).tally.lines, 0);
    let mut more = lines.clone();
    more.extend((50..120).map(|n| sampled(&format!("s{n}"), n * 1000, "m")));
    let outcome = place.occurrences("c", &more);
    assert_eq!((outcome.lines_before, outcome.tally.lines, outcome.tally.stored), (100, 70, 50));
    let shuffled: Vec<String> = lines.iter().rev().cloned().collect();
    assert_eq!(place.occurrences("d", &shuffled).tally.stored, 100);
    let next_day = |n: i64| {
        let line = sampled(&format!("s{n}"), n * 1000, "m");
        line.replacen('{', r#"{"day":"2026-11-21","#, 1)
    };
    assert_eq!(place.occurrences("e", &[next_day(3)]).tally.stored, 1);
    assert_eq!(place.samples().len(), before.len() + 20);
    // The same uuid for another exception, and none at all at another target, are others.
    let others = [
        sampled("s1", 1000, "other"),
        sampled("", 5, "m"),
        sampled("", 5, "m"),
        sampled("", 5, "m").replace("a:80", "b:80"),
    ];
    let outcome = place.occurrences("f", &others);
    assert_eq!((outcome.tally.occurrences, outcome.tally.stored), (4, 1));
    assert_eq!(place.samples().len(), before.len() + 23);
}

#[test]
fn exported_occurrences_are_imported_as_they_were() {
    let original = lived();
    let export = |place: &Place| {
        let mut out = Vec::new();
        super::export_occurrences(place.store(), &mut out, Path::new("export")).unwrap();
        String::from_utf8(out).unwrap()
    };
    let exported = export(&original);
    assert!(
        exported.lines().count() > 100 && exported.starts_with(r#"{"kind":"header","format":"hydrophone occurrences""#)
    );
    let copy = Place::new();
    let path = copy.file("a", &exported);
    let outcome = import(copy.store(), &path, &Options { format: Format::Occurrences, ..later() }, &mut |_| ());
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert!(export(&copy) == exported, "another export");
    // Into the store that they come from: nothing new.
    let outcome = import(original.store(), &path, &Options { format: Format::Occurrences, ..later() }, &mut |_| ());
    assert_eq!(outcome.tally.stored, outcome.tally.occurrences);
    assert!(export(&original) == exported);
    // Killed at any step it ends the same.
    for killed in 0.. {
        let mut place = Place::new();
        let mut step = 0;
        let options = Options { format: Format::Occurrences, ..later() };
        let run = catch_unwind(AssertUnwindSafe(|| {
            import(place.store(), &path, &options, &mut |progress| {
                step += 1;
                assert!(step <= killed || progress.phase == Phase::Checking, "killed");
            })
        }));
        place.reopen();
        let outcome = import(place.store(), &path, &options, &mut |_| ());
        assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
        assert!(export(&place) == exported, "killed at step {killed}");
        if run.is_ok() {
            assert!(killed > 3);
            break;
        }
    }
}

#[test]
fn a_line_that_is_no_occurrence_is_named() {
    let good = sampled("a", 1, "m");
    for (line, problem) in [
        (r#"{"service":"s","key":"k","t":1,"count":2}"#, "unknown field"),
        (r#"{"kind":"service","service":"s"}"#, "import deltas reads all kinds"),
        (r#"{"kind":"header","format":"hydrophone deltas","version":1}"#, "no occurrence"),
        (r#"{"service":"s","key":"k"}"#, "neither a timestamp nor a day"),
        (r#"{"service":"s","key":"k","timestamp":-5}"#, "neither a timestamp nor a day"),
        (r#"{"service":"s","key":"k","timestamp":9999999999}"#, "is in the future"),
        (r#"{"service":"s","key":"k","day":"yesterday"}"#, "is no day like 2026-11-20"),
        (r#"{"service":"","key":"k","timestamp":5}"#, "an empty service or key"),
        ("nonsense", "at column 2"),
    ] {
        let place = Place::new();
        let outcome = place.occurrences("a", &[good.clone(), line.to_owned(), good.clone()]);
        let error = outcome.stopped.unwrap().to_string();
        assert!(error.contains("a:2: ") && error.contains(problem), "{line}: {error}");
        assert_eq!(place.samples().len(), 1, "what stands before it was taken: {line}");
    }
    let place = Place::new();
    let outcome = place.occurrences("a", &[r#"{"kind":"header","format":"hydrophone deltas","version":1}"#.to_owned()]);
    assert!(outcome.stopped.unwrap().to_string().contains("this is a file of \"hydrophone deltas\""));
}

/// The files in a directory, and in those in it, that hold this text.
fn files_with(directory: &Path, text: &str) -> Vec<PathBuf> {
    let (mut directories, mut found) = (vec![directory.to_owned()], Vec::new());
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if memchr::memmem::find(&std::fs::read(&path).unwrap(), text.as_bytes()).is_some() {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn secrets_are_hidden_before_an_import_lays_anything_down() {
    let secret = "zqsecretzq";
    let line = |key: &str| {
        format!(
            r#"{{"service":"s","key":"{key} token={secret}","timestamp":{},"class":"C token={secret}","message":"m token={secret}","stack":["f token={secret}"],"causes":[{{"class":"C","message":"password={secret}"}}],"http":{{"method":"GET","url":"https://u:{secret}@h/","headers":[["Cookie","{secret}"]],"body":"password={secret}"}}}}"#,
            NOW.seconds()
        )
    };
    let baseline = |total: u64, name: &str| format!(r#"{{"key":"K token={secret}{name}","total":{total}}}"#);
    let deltas = [
        format!(
            r#"{{"service":"s","key":"K token={secret}1","t":{},"count":3,"message":"m token={secret}"}}"#,
            NOW.seconds() - 9
        ),
        format!(r#"{{"service":"s","key":"K token={secret}2","t":{},"count":4}}"#, NOW.seconds() - 8),
        format!(
            r#"{{"kind":"aggregate","service":"s","key":"L token={secret}","first_seen":1,"last_seen":2,"message":"m token={secret}"}}"#
        ),
        format!(
            r#"{{"kind":"process","service":"s","uuid":"p","labels":{{"instance":"a"}},"baselines":[{},{}]}}"#,
            baseline(5, "1"),
            baseline(6, "2")
        ),
        line("O").replacen('{', r#"{"kind":"occurrence","#, 1),
    ];
    let counters = format!(
        "m_total{{service_name=\"s\",aggregation_key=\"M token={secret}\"}} 1 {0}\nm_total{{service_name=\"s\",aggregation_key=\"M token={secret}\"}} 3 {1}\n# EOF\n",
        NOW.seconds() - 120,
        NOW.seconds() - 60
    );
    let place = Place::new();
    let data = place.directory.path().join("data");
    let mut seen = Vec::new();
    // At every step of it, whatever lies there.
    let mut look = |_| seen.extend(files_with(&data, secret));
    let header = "{\"kind\":\"header\",\"format\":\"hydrophone deltas\",\"version\":1}\n";
    let files = [
        (Format::Deltas, format!("{header}{}\n", deltas.join("\n"))),
        (Format::Occurrences, line("P") + "\n"),
        (
            Format::OpenMetrics(Box::new(Mapping {
                metric: "m".to_owned(),
                interval: Some(minutes(1)),
                ..Mapping::default()
            })),
            counters,
        ),
    ];
    for (number, (format, text)) in files.into_iter().enumerate() {
        let path = place.file(&format!("file-{number}"), &text);
        let options = Options { format, ..later() };
        let outcome = import(place.store(), &path, &options, &mut look);
        assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
        assert!(outcome.tally.redacted > 0, "{number}");
    }
    look(super::Progress { phase: Phase::Merging, done: 0, total: 0, deltas: 0 });
    assert!(seen.is_empty(), "{seen:?}");
    let exported = place.export();
    assert!(!exported.contains(secret), "{exported}");
    // Keys that became equal are one: their counts and baselines are added up.
    assert!(exported.contains(r#""baselines":[{"key":"K token=[redacted]","total":11}]"#), "{exported}");
    let counted = place.counted(3600, 7200, 1);
    assert_eq!(counted["s K token=[redacted]"].iter().map(|(count, _)| count).sum::<u64>(), 7);
}
