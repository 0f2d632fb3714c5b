//! What looking after errors costs: limits of all errors of a busy week at once, and again when they are known; one error
//! explained; label rules over all of them.
//!
//! `cargo bench --bench engine [-- AGGREGATES]`; 10,000 by default. Not criterion: the first look is the figure.

use hydrophone::clock::Clock;
use hydrophone::model::aggregate::Aggregate;
use hydrophone::model::id::{AggregateId, ServiceId};
use hydrophone::model::label::Labels;
use hydrophone::model::severity::Severity;
use hydrophone::model::target::Target;
use hydrophone::model::time::{Millis, Timestamp};
use hydrophone::model::triage::Triage;
use hydrophone::query::Context;
use hydrophone::query::escalation::{Escalations, Watch, explain};
use hydrophone::query::filter::rule::RuleQuery;
use hydrophone::search::Index;
use hydrophone::store::{AggregateChange, Baseline, Draft, InstanceKey, Outcome, Placement, ScrapeChange, Store};

const HOUR: i64 = 3_600_000;

/// 2026-11-20T10:00:00Z.
const NOW: i64 = 1_795_168_800_000;

const SERVICES: u32 = 10;

/// Nine days, so that all errors are older than a week.
const HOURS: i64 = 9 * 24;

fn main() {
    let aggregates: u32 = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    for hour in (0..HOURS).rev() {
        let mut draft = store.draft();
        for service in 0..SERVICES {
            scrape(&mut draft, service, aggregates / SERVICES, Timestamp(NOW - hour * HOUR + 60_000));
        }
        store.commit(draft.finish()).unwrap();
        store.seal(Timestamp(NOW - hour * HOUR)).unwrap();
    }
    let before = peak();
    let now = Timestamp(NOW + 120_000);
    let clock = Clock::system();
    let mut watch = Watch::default();
    let timed = |what: &str, work: &mut dyn FnMut() -> String| {
        let watch = clock.stopwatch();
        let result = work();
        println!("{what:<42} {:>9.2} ms   {result}", watch.seconds() * 1000.0);
    };
    println!("{aggregates} errors, {HOURS} hours, all of them in each hour");
    for what in ["first look: all limits", "second look: limits are known"] {
        timed(what, &mut || format!("{} over", watch.look(&store, now).unwrap().over.len()));
    }
    println!("{:<42} {:>9.1} MB", "more memory at its peak", peak() - before);
    let view = store.view().unwrap();
    let index = Index::new(directory.path()).snapshot();
    let context = Context {
        view: &view,
        index: &index,
        now,
        discovered: &[],
        me: "",
        new_for: Millis(0),
        escalations: &Escalations::default(),
    };
    timed("one error explained", &mut || explain(&context, AggregateId(aggregates / 2)).unwrap().why);
    let exposed: Vec<_> = view.exposed().collect();
    for (what, rule) in [
        ("20 rules: service and class", "service:service-3 class:*Error7*"),
        ("20 rules: target label", "target.zone:zone-1 severity:error"),
        ("20 rules: text", "\"connection refused\" -key:*99*"),
    ] {
        let rule = RuleQuery::parse(rule).unwrap();
        timed(what, &mut || {
            let matching = (0..20).map(|_| rule.matching(&context, &exposed, None).unwrap().len());
            format!("{} matches", matching.sum::<u64>())
        });
    }
}

/// All errors of a service happen once more, some of them more often.
fn scrape(draft: &mut Draft<'_>, service: u32, aggregates: u32, at: Timestamp) {
    let target = Target {
        service: format!("service-{service}"),
        labels: Labels::from_pairs([
            ("instance", format!("host-{service}")),
            ("zone", format!("zone-{}", service % 3)),
        ]),
        discovered_labels: Labels::default(),
        address: format!("host-{service}:80"),
        url: format!("http://host-{service}:80/"),
        scrape_interval: Millis(HOUR / 2),
        scrape_timeout: Millis(1000),
    };
    let id = draft.service(&target.service);
    let known = draft.target(id, &target);
    let instance = draft.instance(id, InstanceKey::Uuid(format!("process-{service}")), known);
    let changes = (0..aggregates).map(|number| change(draft, id, number, at)).collect();
    draft.scraped(ScrapeChange {
        target: known,
        at,
        interval: Millis(HOUR / 2),
        duration: Millis(20),
        body_bytes: 1000,
        outcome: Outcome::Up { instance, keys: 0, watched_from: None, changes },
    });
}

fn change(draft: &mut Draft<'_>, service: ServiceId, number: u32, at: Timestamp) -> AggregateChange {
    let key = format!("com.example.shop.Error{number}@{:x}", number.wrapping_mul(0x9e37_79b9));
    let aggregate = draft.find_aggregate(service, &key).unwrap_or_else(|| {
        draft.add_aggregate(Aggregate {
            id: AggregateId(0),
            service,
            key: key.clone(),
            class: format!("com.example.shop.Error{number}"),
            message: format!("it went wrong with order {number}: connection reset"),
            severity: Severity::Error,
            first_seen: at,
            last_seen: at,
            total: 0,
            triage: Triage::default(),
        })
    });
    let count = 1 + u64::from(number % 7) * (at.0 / HOUR % 5) as u64;
    AggregateChange {
        aggregate,
        baseline: Baseline { total: at.0 as u64, created_at: None, samples: Vec::new() },
        placement: Placement { points: vec![(at, count)], span: None },
        severity: Severity::Error,
        first_seen: at,
        last_seen: Some(at),
        occurrences: Vec::new(),
    }
}

/// Megabytes that the process had in memory at most.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().unwrap_or("0").parse::<f64>().unwrap_or(0.0) / 1024.0
}
