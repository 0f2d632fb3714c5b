//! Coverage on its way into the spool.

use serde::{Deserialize, Serialize};

use super::Error;
use super::round::Sink;
use super::spool::Stream;
use crate::model::time::{Millis, Timestamp};
use crate::store::window_of;

/// Coverage as it lies in the spool: of one target in one window. Times are in milliseconds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) target: u32,
    pub(super) window: i64,
    pub(super) good: u32,
    pub(super) bad: u32,
    pub(super) duration_ms: u64,
    pub(super) duration_max_ms: u64,
    pub(super) body_bytes: u64,
    pub(super) error: Option<String>,
    pub(super) runs: Vec<(i64, i64, bool)>,
}

/// Cuts runs of any length into windows and spools them. Scrapes are reckoned from the interval.
pub(super) fn spool_runs(
    target: u32,
    runs: impl Iterator<Item = (i64, i64, bool)>,
    interval: Millis,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let mut seen = Seen::default();
    for (from, to, up) in runs {
        let mut at = from;
        loop {
            let window = window_of(Timestamp(at));
            if seen.window != window.start.0 && !seen.runs.is_empty() {
                spool_seen(&std::mem::take(&mut seen), sink)?;
            }
            (seen.target, seen.window) = (target, window.start.0);
            let end = to.min(window.end.0);
            let scrapes = ((end - at) / interval.0.max(1)) as u32 + u32::from(at == from);
            *(if up { &mut seen.good } else { &mut seen.bad }) += scrapes;
            seen.runs.push((at, end, up));
            at = window.end.0;
            if to < at {
                break;
            }
        }
    }
    if seen.runs.is_empty() { Ok(()) } else { spool_seen(&seen, sink) }
}

/// Spools the coverage of one window.
pub(super) fn spool_seen(seen: &Seen, sink: &mut Sink<'_>) -> Result<(), Error> {
    let line = serde_json::to_vec(seen).map_err(|source| Error::Corrupt { what: "coverage", source })?;
    sink.spool.line(Stream::Coverage(Timestamp(seen.window).day()), &line)
}
