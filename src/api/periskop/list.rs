//! The list of a service's open errors, which may be hundreds of megabytes: read, written and sent piece by piece.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};

use super::super::error::Error;
use super::super::state::AppState;
use super::{json, wire};
use crate::model::id::AggregateId;
use crate::model::occurrence::Occurrence;
use crate::model::triage::State as Resolution;

/// Samples of each error, as in Periskop.
const SAMPLES_MAX: usize = 100;

/// Bytes after which a piece ends. The error that passes it is the last one in it, and with a hundred samples of the
/// largest stacks that a limit lets through an error may have 30 MB of its own.
const PIECE_BYTES: usize = 1024 * 1024;

/// The open errors of a service, last seen first; `None` when there is no such service.
///
/// Muted errors are left out too: Periskop has no word for them, and nobody wants to hear of them.
pub(super) fn open_errors(state: &AppState, service: &str) -> Result<Option<Vec<AggregateId>>, Error> {
    let view = state.store.view()?;
    let Some(id) = view.service(service) else { return Ok(state.is_configured(service).then(Vec::new)) };
    let open = &view.sets().service(id).0 & &view.sets().state(Resolution::Open).0;
    let mut errors: Vec<_> = open
        .iter()
        .filter_map(|id| view.aggregates().get(id as usize))
        .map(|error| (error.last_seen, error.id))
        .collect();
    errors.sort_unstable_by_key(|(last_seen, id)| (Reverse(*last_seen), *id));
    Ok(Some(errors.into_iter().map(|(_, id)| id).collect()))
}

/// The answer. Its first piece is read before anything is sent, so that an unreadable store is an honest failure.
pub(super) async fn respond(state: Arc<AppState>, errors: Vec<AggregateId>) -> Result<Response, Error> {
    let mut pieces = Pieces { state, errors: Arc::new(errors), next: Some(0) };
    let first = pieces.read().await?.unwrap_or_default();
    let rest = stream::try_unfold(pieces, |mut pieces| async move {
        let piece = pieces.read().await?;
        Ok::<_, Error>(piece.map(|piece| (piece, pieces)))
    });
    let body = Body::from_stream(stream::iter([Ok(first)]).chain(rest));
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// What is still to be written.
struct Pieces {
    state: Arc<AppState>,
    errors: Arc<Vec<AggregateId>>,
    /// Index of the next error; `None` when the array is complete.
    next: Option<usize>,
}

impl Pieces {
    /// The next piece of the JSON array; `None` when it is complete.
    async fn read(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(from) = self.next else { return Ok(None) };
        let errors = Arc::clone(&self.errors);
        let (piece, next) = self.state.read(move |state| piece(state, &errors, from)).await?;
        self.next = next;
        Ok(Some(piece))
    }
}

/// A part of the JSON array, from the error at index `from` on, and the index of the first one after it, if any is left.
fn piece(state: &AppState, errors: &[AggregateId], from: usize) -> Result<(Bytes, Option<usize>), Error> {
    let view = state.store.view()?;
    let mut out = Vec::new();
    let mut next = from;
    while let Some(id) = errors.get(next).filter(|_| out.len() < PIECE_BYTES) {
        out.push(if next == 0 { b'[' } else { b',' });
        next += 1;
        // Aggregates are never removed while the store is open, so each id still has one.
        let Some(aggregate) = view.aggregates().get(id.0 as usize) else { continue };
        let stored = view.occurrences(*id, None, SAMPLES_MAX)?;
        let occurrences: Vec<Occurrence> = stored.into_iter().map(|stored| stored.occurrence).collect();
        json::append(&mut out, &wire::ErrorAggregate::new(aggregate, &occurrences))?;
    }
    if next < errors.len() {
        return Ok((out.into(), Some(next)));
    }
    if errors.is_empty() {
        out.push(b'[');
    }
    out.extend_from_slice(b"]\n");
    Ok((out.into(), None))
}
