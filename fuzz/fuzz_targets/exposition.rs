//! Any two bodies, one after the other, as if one target had sent them: nothing panics, and what a memo leaves out is
//! exactly what did not change.
#![no_main]

use hydrophone::config::{Limits, Redaction};
use hydrophone::redact::Redactor;
use hydrophone::scrape::wire::{Memo, parse};
use libfuzzer_sys::fuzz_target;

// The first byte chooses the limits, and 0xff, which is in no valid JSON, stands between the bodies.
fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    let limits = match choice % 3 {
        0 => Limits::default(),
        1 => Limits {
            message_bytes_max: 3,
            stack_bytes_max: 5,
            stack_frames_max: 2,
            cause_depth_max: 1,
            ..Limits::default()
        },
        _ => Limits {
            occurrences_per_aggregate_max: 1,
            headers_max: 1,
            header_bytes_max: 4,
            key_bytes_max: 6,
            ..Limits::default()
        },
    };
    let mut bodies = rest.splitn(2, |byte| *byte == 0xff);
    let (first, second) = (bodies.next().unwrap_or_default(), bodies.next().unwrap_or_default());
    let redactor = Redactor::new(&Redaction::default());
    let mut memo = Memo::default();
    if let Ok(parsed) = parse(first, &limits, &redactor, &memo) {
        memo.commit(parsed.update);
        let again = parse(first, &limits, &redactor, &memo).expect("what was read once can be read again").exposition;
        assert!(
            again
                .aggregates
                .iter()
                .all(|aggregate| aggregate.occurrences.as_ref().is_none_or(|list| list.len() < 1 << 20))
        );
    }
    let plain = parse(second, &limits, &redactor, &Memo::default());
    let known = parse(second, &limits, &redactor, &memo);
    let (Ok(plain), Ok(known)) = (&plain, &known) else {
        assert_eq!(plain.is_ok(), known.is_ok());
        return;
    };
    let (plain, known) = (&plain.exposition, &known.exposition);
    assert_eq!(plain.target_uuid, known.target_uuid);
    assert_eq!(plain.aggregates.len(), known.aggregates.len() + known.unchanged);
    assert_eq!(plain.dropped.aggregates, known.dropped.aggregates);
    for aggregate in &known.aggregates {
        let same = plain.aggregates.iter().find(|other| other.key == aggregate.key).expect("it is there");
        assert_eq!(
            (same.total_count, same.severity, same.created_at),
            (aggregate.total_count, aggregate.severity, aggregate.created_at)
        );
        assert!(aggregate.occurrences.is_none() || aggregate.occurrences == same.occurrences);
    }
});
