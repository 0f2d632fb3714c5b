//! Processes whose last counts are on disk only.

use std::sync::Arc;

use crate::ingest::{Added, Batch};
use crate::model::exposition::{ExposedAggregate, Exposition};
use crate::model::label::Labels;
use crate::model::occurrence::{Exception, Occurrence};
use crate::model::scrape::Scrape;
use crate::model::severity::Severity;
use crate::model::target::Target;
use crate::model::time::{Millis, Timestamp};
use crate::store::{Error, Store, table};

pub(super) const BEGIN: Timestamp = Timestamp(20_710 * 86_400_000);

/// A process shows one error that happened `total_count` times, and when it did so last.
pub(super) fn scrape(store: &Store, at: Timestamp, total_count: u64) -> Result<(), Error> {
    let target = Target {
        service: "shop".to_owned(),
        labels: Labels::from_pairs([("instance", "a:80")]),
        discovered_labels: Labels::default(),
        url: "http://a:80/".to_owned(),
        address: "a:80".to_owned(),
        scrape_interval: Millis::from_seconds(10),
        scrape_timeout: Millis::from_seconds(10),
    };
    let exception = Exception { class: "Timeout".to_owned(), ..Exception::default() };
    let occurrence = Occurrence {
        uuid: format!("sample-{total_count}"),
        timestamp: Some(at),
        severity: Severity::Error,
        exception,
        http: None,
    };
    let aggregate = ExposedAggregate {
        key: "Timeout@1".to_owned(),
        total_count,
        occurrences: Some(vec![occurrence]),
        ..ExposedAggregate::default()
    };
    let exposition =
        Exposition { target_uuid: Some("p".to_owned()), aggregates: vec![aggregate], ..Exposition::default() };
    let scrape = Scrape { target: Arc::new(target), at, duration: Millis(1), body_bytes: 1, outcome: Ok(exposition) };
    let mut batch = Batch::new(store.draft());
    assert!(matches!(batch.add(scrape), Added::Yes(_)));
    store.commit(batch.into_draft().finish()).map(drop)
}

#[test]
fn a_process_whose_last_counts_are_lost_is_not_counted_from_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("data")).unwrap();
    let later = BEGIN.plus(Millis::from_seconds(3600));
    scrape(&store, BEGIN, 5).unwrap();
    assert_eq!(store.rest(later).unwrap(), 1);

    // What a damaged page does.
    let transaction = store.begin().unwrap();
    transaction.open_table(table::INSTANCES).unwrap().remove(0).unwrap();
    transaction.commit().unwrap();

    let error = scrape(&store, later, 6).unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    assert!(store.is_poisoned());
    let view = store.view().unwrap();
    assert_eq!(view.aggregates()[0].total, 5);
}
