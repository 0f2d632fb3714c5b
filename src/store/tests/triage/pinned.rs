//! Promises of triage, one by one.

use std::sync::Arc;

use crate::ingest::{Added, Batch};
use crate::model::activity::Reason;
use crate::model::aggregate::Aggregate;
use crate::model::aggregate_set::AggregateSet;
use crate::model::exposition::{ExposedAggregate, Exposition};
use crate::model::id::AggregateId;
use crate::model::label::Labels;
use crate::model::scrape::Scrape;
use crate::model::severity::Severity;
use crate::model::target::Target;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::{Change, Difference, LabelChange, Period, Standing, State, Turn};
use crate::model::view::SavedView;
use crate::store::{Committed, Edit, Edited, LABELS_MAX, Refusal, Store, Task, VIEWS_MAX};

const BEGIN: i64 = 1_790_000_000_000;
const ONLY: AggregateId = AggregateId(0);

/// A store into which one error of one service is scraped, at any number of addresses.
struct Shop {
    directory: tempfile::TempDir,
    store: Option<Store>,
    now: i64,
}

/// An address with its version, and what its process counted.
type Counted = (&'static str, &'static str, u64);

impl Shop {
    fn new() -> Self {
        let mut shop = Self { directory: tempfile::tempdir().unwrap(), store: None, now: BEGIN };
        shop.reopen();
        shop
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(Store::open(self.directory.path()).unwrap());
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    /// One commit of these scrapes, ten seconds later.
    fn scrape(&mut self, counted: &[Counted]) -> Committed {
        self.now += 10_000;
        self.scrape_at(self.now, counted)
    }

    fn scrape_at(&self, at: i64, counted: &[Counted]) -> Committed {
        let mut batch = Batch::new(self.store().draft());
        for (address, version, total_count) in counted {
            let mut labels = Labels::from_pairs([("instance", *address)]);
            labels.set("version", *version);
            let interval = Millis::from_seconds(10);
            let target = Target {
                service: "shop".to_owned(),
                labels,
                discovered_labels: Labels::default(),
                address: (*address).to_owned(),
                url: String::new(),
                scrape_interval: interval,
                scrape_timeout: interval,
            };
            let aggregate = ExposedAggregate {
                key: "Gone@1".to_owned(),
                total_count: *total_count,
                severity: Severity::Error,
                created_at: None,
                occurrences: None,
                ..ExposedAggregate::default()
            };
            let exposition = Exposition {
                target_uuid: Some(format!("{address} {version}")),
                aggregates: vec![aggregate],
                ..Exposition::default()
            };
            let at = Timestamp(at);
            let scrape =
                Scrape { target: Arc::new(target), at, duration: Millis(1), body_bytes: 1, outcome: Ok(exposition) };
            assert!(matches!(batch.add(scrape), Added::Yes(_)));
        }
        self.store().commit(batch.into_draft().finish()).unwrap()
    }

    fn edit(&self, task: Task) -> Result<Edited, Refusal> {
        let (at, actor) = (Timestamp(self.now), Some("ada".to_owned()));
        let mut draft = self.store().draft();
        draft.edit(Edit { at, actor, reason: Reason::Edit, task });
        let commit = draft.finish();
        self.store().commit(commit).unwrap().edited.remove(0)
    }

    fn turn(&self, turn: Turn) {
        assert_eq!(self.edit(change(turn)).unwrap().changed, 1);
    }

    fn error(&self) -> Aggregate {
        self.store().view().unwrap().aggregates()[0].clone()
    }

    fn state(&self) -> State {
        let error = self.error();
        let view = self.store().view().unwrap();
        let by_sets = State::ALL.into_iter().filter(|state| view.sets().state(*state).contains(ONLY));
        assert_eq!(by_sets.collect::<Vec<_>>(), [error.state()]);
        assert_eq!(view.sets().regressed().contains(ONLY), error.triage.status.is_regressed());
        error.state()
    }

    /// The newest activity: why, the details, and how many there are.
    fn activity(&self) -> (Reason, String, usize) {
        let activities = self.store().view().unwrap().activities_of(ONLY, None, 100).unwrap();
        let newest = &activities[0];
        (newest.activity.reason, newest.change.detail.clone(), activities.len())
    }
}

fn change(change: impl Into<Change>) -> Task {
    Task::Change { aggregates: [ONLY].into_iter().collect(), change: change.into(), revision: None }
}

fn resolve_in(version: Option<&str>) -> Turn {
    Turn::ResolveIn { label: "version".to_owned(), version: version.map(str::to_owned) }
}

fn label(name: &str, label: LabelChange) -> Change {
    Change { labels: vec![(name.to_owned(), label)], ..Change::default() }
}

#[test]
fn a_resolved_error_stays_resolved_until_it_happens_again() {
    let mut shop = Shop::new();
    shop.scrape(&[("a:1", "", 7)]);
    shop.turn(Turn::Resolve);
    for number in 0..1000 {
        assert_eq!(shop.scrape(&[("a:1", "", 7)]).reopened, []);
        if number == 500 {
            shop.store().seal(Timestamp(shop.now + 86_400_000)).unwrap();
            shop.reopen();
        }
    }
    assert_eq!((shop.state(), shop.error().triage.revision, shop.activity().2), (State::Resolved, 1, 1));
    assert_eq!(shop.scrape(&[("a:1", "", 8)]).reopened, [ONLY]);
    for _ in 0..2 {
        let status = shop.error().triage.status;
        assert_eq!((shop.state(), status.regressed_at), (State::Open, Some(Timestamp(shop.now))));
        assert_eq!(shop.activity(), (Reason::Regression, "happened at a:1".to_owned(), 2));
        shop.reopen();
    }
    // Once is enough.
    assert_eq!(shop.scrape(&[("a:1", "", 9)]).reopened, []);
    assert_eq!(shop.activity().2, 2);
}

#[test]
fn resolved_in_a_version_it_reopens_only_with_a_later_one() {
    let mut shop = Shop::new();
    shop.scrape(&[("a:1", "1.9.0", 5), ("b:1", "1.10.0", 5), ("c:1", "", 5)]);
    shop.turn(resolve_in(None));
    // Old processes and those of the version itself go on for a while, and so does one that does not say what it is.
    shop.scrape(&[("a:1", "1.9.0", 6), ("b:1", "1.10.0", 6), ("c:1", "", 6)]);
    shop.reopen();
    shop.scrape(&[("a:1", "1.9.0", 7), ("d:1", "1.10.0-rc.1", 3)]);
    assert_eq!(shop.state(), State::Resolved);
    // A rolling deploy: its first process is scraped for the first time, beside the old ones.
    let committed = shop.scrape(&[("a:1", "1.9.0", 8), ("a:1", "1.11.0", 1)]);
    assert_eq!((committed.reopened.as_slice(), shop.state()), ([ONLY].as_slice(), State::Open));
    let detail = "happened at a:1 in version 1.11.0, which is later than 1.10.0".to_owned();
    assert_eq!(shop.activity(), (Reason::Regression, detail, 2));
    // In one that nobody runs yet.
    shop.turn(resolve_in(Some("2.0.0")));
    shop.scrape(&[("a:1", "1.11.0", 2), ("b:1", "2.0.0", 1)]);
    assert_eq!(shop.state(), State::Resolved);
    shop.scrape(&[("b:1", "2.0.1", 1)]);
    assert_eq!(shop.state(), State::Open);
}

#[test]
fn what_is_no_semantic_version_is_later_when_it_appeared_later() {
    let mut shop = Shop::new();
    shop.scrape(&[("a:1", "ffff", 5)]);
    shop.scrape(&[("b:1", "eeee", 5)]);
    shop.turn(resolve_in(Some("eeee")));
    shop.scrape(&[("a:1", "ffff", 6), ("c:1", "ffff", 6)]);
    assert_eq!(shop.state(), State::Resolved);
    shop.scrape(&[("a:1", "aaaa", 1)]);
    assert_eq!(shop.state(), State::Open);
    // The latest is the one that appeared last, whatever it is called.
    shop.turn(resolve_in(None));
    let Standing::Resolved(Some(release)) = shop.error().triage.status.standing else { panic!("not in a version") };
    assert_eq!((release.version.as_str(), release.appeared_at), ("aaaa", Timestamp(shop.now)));
}

#[test]
fn a_count_that_could_be_seen_before_the_resolution_does_not_reopen() {
    let mut shop = Shop::new();
    shop.scrape(&[("a:1", "", 5)]);
    shop.now += 20_000;
    shop.turn(Turn::Resolve);
    // Scrapes that had begun before, or in the same moment.
    shop.scrape_at(shop.now - 5000, &[("a:1", "", 6)]);
    shop.scrape_at(shop.now, &[("b:1", "", 6)]);
    assert_eq!((shop.state(), shop.error().total), (State::Resolved, 12));
    shop.scrape_at(shop.now + 1, &[("b:1", "", 7)]);
    assert_eq!(shop.state(), State::Open);
}

#[test]
fn a_clock_that_was_set_back_does_not_keep_an_error_resolved() {
    let mut shop = Shop::new();
    shop.scrape(&[("a:1", "", 5)]);
    // Somebody resolves it while the clock is a year ahead.
    shop.now += 365 * 86_400_000;
    shop.turn(Turn::Resolve);
    shop.now -= 365 * 86_400_000;
    assert_eq!(shop.scrape(&[("a:1", "", 5)]).reopened, []);
    assert_eq!(shop.scrape(&[("a:1", "", 6)]).reopened, [ONLY]);
    assert_eq!(shop.error().triage.status.regressed_at, Some(Timestamp(shop.now)));
}

#[test]
fn a_mute_until_so_many_more_ends_with_exactly_that_one() {
    for (counts, ends) in [([3, 3, 3], false), ([3, 3, 4], true), ([4, 3, 3], true), ([3, 3, 9], true)] {
        let mut shop = Shop::new();
        shop.scrape(&[("a:1", "", 2), ("b:1", "", 2), ("c:1", "", 2)]);
        shop.turn(Turn::Mute(Period::More(4)));
        let [a, b, c] = counts;
        shop.scrape(&[("a:1", "", a), ("b:1", "", b), ("c:1", "", c)]);
        assert_eq!(shop.state() == State::Open, ends, "{counts:?}");
        if ends {
            assert!(!shop.error().triage.status.is_regressed());
            let detail = format!("happened {} times in all", a + b + c);
            assert_eq!(shop.activity(), (Reason::MuteCount, detail, 2));
        } else {
            shop.reopen();
            shop.scrape(&[("a:1", "", 4)]);
            assert_eq!(shop.activity(), (Reason::MuteCount, "happened 10 times in all".to_owned(), 2));
        }
        shop.scrape(&[("a:1", "", 50)]);
        assert_eq!(shop.activity().2, 2, "it ends once");
    }
}

#[test]
fn an_activity_is_taken_back_as_far_as_nothing_changed_since() {
    let mut shop = Shop::new();
    shop.scrape(&[("a:1", "", 2)]);
    let both = Change {
        state: Some(Turn::Mute(Period::Forever)),
        // A label may be named twice; undone, it is as it was before the first.
        labels: ["payments", "search"].map(|team| ("team".to_owned(), LabelChange::Set(team.to_owned()))).into(),
        assignee: Some(Some("ada".to_owned())),
        note: Some(Some("known".to_owned())),
    };
    let done = shop.edit(change(both)).unwrap().activity.unwrap();
    shop.edit(change(Change { assignee: Some(Some("bob".to_owned())), ..Change::default() })).unwrap();
    let undone = shop.edit(Task::Undo { activity: done }).unwrap();
    let triage = shop.error().triage;
    assert_eq!((shop.state(), triage.labels.labels().len(), triage.note), (State::Open, 0, None));
    assert_eq!(triage.assignee.as_deref(), Some("bob"), "somebody else was chosen since");
    // And that is taken back in its turn.
    shop.edit(Task::Undo { activity: undone.activity.unwrap() }).unwrap();
    let triage = shop.error().triage;
    assert_eq!((shop.state(), triage.labels.get("team"), triage.revision), (State::Muted, Some("search"), 4));
    assert_eq!(shop.edit(Task::Undo { activity: done + 1 }).unwrap().changed, 1);
    assert_eq!(shop.edit(Task::Undo { activity: done + 1 }), Ok(Edited::default()), "nothing is left to take back");
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let mut shop = Shop::new();
    shop.scrape(&[("a:1", "", 2)]);
    shop.turn(Turn::Resolve);
    let before = shop.error();
    let both = |change: Change, revision| Task::Change {
        aggregates: [ONLY, AggregateId(7)].into_iter().collect(),
        change,
        revision,
    };
    let no_version = Refusal::NoVersion { service: "shop".to_owned(), label: "version".to_owned() };
    for (task, refusal) in [
        (both(Turn::Open.into(), None), Refusal::NoAggregate(AggregateId(7))),
        (both(Turn::Open.into(), Some(9)), Refusal::Revision { aggregate: ONLY, revision: 1 }),
        (change(resolve_in(None)), no_version),
        (Task::Undo { activity: 2 }, Refusal::NoActivity(2)),
        (Task::Undo { activity: 0 }, Refusal::NoActivity(0)),
        (Task::RemoveView("mine".to_owned()), Refusal::NoView("mine".to_owned())),
    ] {
        let commit = shop.store().view().unwrap().statistics().commit;
        assert_eq!(shop.edit(task), Err(refusal));
        assert_eq!(shop.store().view().unwrap().statistics().commit, commit);
        assert_eq!(shop.error(), before);
    }
    shop.reopen();
    assert_eq!((shop.error(), shop.activity().2), (before, 1));
    assert_eq!(shop.edit(change(Turn::Open)).unwrap().activity, Some(2), "no number is left out");
}

#[test]
fn an_error_has_so_many_labels_and_no_more() {
    let mut shop = Shop::new();
    shop.scrape(&[("a:1", "", 2)]);
    let set = |from: usize, to: usize| Change {
        labels: (from..to).map(|number| (format!("l{number}"), LabelChange::Set("x".to_owned()))).collect(),
        ..Change::default()
    };
    let too_many = Err(Refusal::TooManyLabels { aggregate: ONLY, count: LABELS_MAX + 1 });
    assert_eq!(shop.edit(change(set(0, LABELS_MAX + 1))), too_many);
    shop.edit(change(set(0, LABELS_MAX))).unwrap();
    // That a label should not be there is remembered, too.
    assert_eq!(shop.edit(change(label("another", LabelChange::Remove))), too_many);
    let removed = shop.edit(change(label("l0", LabelChange::Follow))).unwrap();
    shop.edit(change(label("another", LabelChange::Set("y".to_owned())))).unwrap();
    assert_eq!(shop.edit(Task::Undo { activity: removed.activity.unwrap() }), too_many);
    assert_eq!(shop.error().triage.labels.labels().len(), LABELS_MAX);
    // Rules may give more than people; then people can still take some away.
    let ruled = Labels::from_pairs((0..9).map(|number| (format!("r{number}"), "z")));
    let all: AggregateSet = [ONLY].into_iter().collect();
    shop.edit(Task::Rule { labels: vec![(ruled, all)], rules: 1 }).unwrap();
    assert_eq!(shop.error().triage.labels.labels().len(), LABELS_MAX + 9);
    shop.edit(change(label("l5", LabelChange::Follow))).unwrap();
    let more = shop.edit(change(label("l5", LabelChange::Set("x".to_owned()))));
    assert_eq!(more, Err(Refusal::TooManyLabels { aggregate: ONLY, count: LABELS_MAX + 9 }));
}

#[test]
fn a_removed_label_says_so_and_an_empty_value_is_none() {
    let mut shop = Shop::new();
    shop.scrape(&[("a:1", "", 2)]);
    shop.edit(change(label("team", LabelChange::Set(String::new())))).unwrap();
    shop.reopen();
    let labels = shop.error().triage.labels;
    assert_eq!((labels.labels().len(), labels.chosen().len()), (0, 1));
    let view = shop.store().view().unwrap();
    assert!(view.sets().labelled().is_empty() && view.sets().labels().len() == 0);
    let change = view.activity_change(1, ONLY).unwrap().unwrap();
    let [Difference::Label { name, from, to }] = change.differences.as_slice() else { panic!("{change:?}") };
    assert_eq!((name.as_str(), from.value(), to.value(), from == to), ("team", None, None, false));
}

#[test]
fn there_are_so_many_saved_views_and_no_more() {
    let shop = Shop::new();
    let view = |number: usize| SavedView {
        name: format!("view {number}"),
        query: "is:open".to_owned(),
        start: String::new(),
        end: String::new(),
        sort: String::new(),
        saved_by: String::new(),
        saved_at: Timestamp(BEGIN),
    };
    let mut draft = shop.store().draft();
    for number in 0..=VIEWS_MAX {
        let (at, actor) = (Timestamp(BEGIN), Some(String::new()));
        draft.edit(Edit { at, actor, reason: Reason::Edit, task: Task::SaveView(view(number)) });
    }
    let commit = draft.finish();
    let edited = shop.store().commit(commit).unwrap().edited;
    assert_eq!(edited.iter().filter(|edited| **edited == Err(Refusal::TooManyViews)).count(), 1);
    assert_eq!(shop.edit(Task::SaveView(view(VIEWS_MAX))), Err(Refusal::TooManyViews));
    // One that is there may be saved anew, and one may take the place of another.
    shop.edit(Task::SaveView(view(3))).unwrap();
    shop.edit(Task::RemoveView("view 3".to_owned())).unwrap();
    shop.edit(Task::SaveView(view(VIEWS_MAX))).unwrap();
    assert_eq!(shop.store().view().unwrap().saved_views().count(), VIEWS_MAX);
}
