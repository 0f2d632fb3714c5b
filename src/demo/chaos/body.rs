//! Bodies of the fleet that misbehaves.

use super::target::{Counted, Target, Uuid};
use crate::demo::json;
use crate::demo::rng::Rng;
use crate::model::time::{Millis, Timestamp};

/// What a body that must not be believed adds to each count.
pub(super) const POISON: u64 = 1_000_000;

/// Aggregation key of an aggregate.
pub(super) fn key(aggregate: usize) -> String {
    format!("com.acme.ChaosException{aggregate}@{aggregate:08x}")
}

/// The target's exposition with `more` added to each count. `seed` decides the order of things.
pub(super) fn exposition(target: &Target, seed: u64, more: u64) -> Vec<u8> {
    let mut rng = Rng::of(&[seed]);
    let mut thrown: Vec<(usize, &Counted)> =
        target.life.counts.iter().enumerate().filter(|(_, counted)| counted.count > 0).collect();
    if !thrown.is_empty() {
        let by = rng.below(thrown.len() as u64) as usize;
        thrown.rotate_left(by);
    }
    let mut out = String::from("{\"aggregated_errors\":");
    json::list(&mut out, thrown, |out, (aggregate, counted)| {
        let severity = ["error", "warning", "info", ""].get(aggregate % 4).copied().unwrap_or_default();
        json::put(
            out,
            format_args!(
                "{{\"aggregation_key\":\"{}\",\"total_count\":{},\"severity\":\"{severity}\",\"latest_errors\":",
                key(aggregate),
                counted.count + more
            ),
        );
        samples(out, target, aggregate, counted, &mut rng);
        if let Some(created) = counted.created {
            json::put(out, format_args!(",\"created_at\":\"{created}\""));
        }
        out.push('}');
    });
    match &target.life.uuid {
        Uuid::Known(uuid) => json::put(&mut out, format_args!(",\"target_uuid\":\"{uuid}\"}}")),
        Uuid::Null => out.push_str(",\"target_uuid\":null}"),
        Uuid::Missing => out.push('}'),
    }
    out.into_bytes()
}

/// A few samples whose uuids repeat, one of them listed twice.
fn samples(out: &mut String, target: &Target, aggregate: usize, counted: &Counted, rng: &mut Rng) {
    // A sample keeps its time however often it is exposed.
    let born = counted.created.unwrap_or(Timestamp(0));
    let mut numbers: Vec<u64> = (counted.count.saturating_sub(5)..counted.count).collect();
    numbers.extend(numbers.first().copied());
    if !numbers.is_empty() {
        let by = rng.below(numbers.len() as u64) as usize;
        numbers.rotate_left(by);
    }
    json::list(out, numbers, |out, number| {
        // Three uuids for everything that the target ever throws.
        let uuid = Rng::of(&[u64::from(target.address.port()), number % 3]).uuid(4);
        let at = born.plus(Millis(i64::try_from(number).unwrap_or(0) * 7));
        json::put(
            out,
            format_args!(
                "{{\"error\":{{\"class\":\"com.acme.ChaosException{aggregate}\",\"message\":\"life {}, number {number}\",\"stacktrace\":[\"com.acme.Chaos.throw(Chaos.scala:{aggregate})\"],\"cause\":null}},\"uuid\":\"{uuid}\",\"timestamp\":\"{at}\",\"severity\":\"error\",\"http_context\":null}}",
                target.life.number
            ),
        );
    });
}

/// Something that is no exposition.
pub(super) fn junk(seed: u64) -> Vec<u8> {
    match seed % 7 {
        0 => b"<html><head><title>502 Bad Gateway</title></head><body></body></html>".to_vec(),
        1 => (0..512).map(|at| (seed >> (at % 56)) as u8).collect(),
        2 => b"[1,2,3]".to_vec(),
        3 => b"{\"aggregated_errors\":\"none\"}".to_vec(),
        4 => Vec::new(),
        5 => b"{\"aggregated_errors\":[{\"aggregation_key\":\"com.acme.ChaosException0@00000000\",\"total_count\":-5}]}garbage".to_vec(),
        _ => vec![b'['; 100_000],
    }
}
