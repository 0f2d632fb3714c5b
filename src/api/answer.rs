//! An answer on its way to its client, in pieces: it is known when the last one was taken.
//!
//! HTTP/2 lets a client hold back each answer for itself, while its connection is alive by every other sign. So who holds one back
//! shows here, and neither at the socket nor by pings.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

use super::connection::Busy;

/// Bytes that are handed over at once. A client that takes less within the time that it has is one that holds the answer back.
const PIECE_BYTES: usize = 64 << 10;

/// A body; its connection is busy until the last piece of it is sent.
pub(super) struct Answer {
    body: Body,
    /// What the body gave and is not handed over yet.
    rest: Bytes,
    busy: Arc<Busy>,
}

/// Bytes that the connection holds until they are sent.
struct Piece {
    bytes: Bytes,
    busy: Arc<Busy>,
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.busy.taken();
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Answer {
    /// An answer, whose head is the first that the client has to take.
    pub(super) fn new(body: Body, busy: Arc<Busy>) -> Self {
        busy.begin();
        Self { body, rest: Bytes::new(), busy }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Pending => {
                    self.busy.work();
                    return Poll::Pending;
                }
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(bytes) => self.rest = bytes,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                Poll::Ready(end) => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(PIECE_BYTES);
        let piece = Piece { bytes: self.rest.split_to(length), busy: Arc::clone(&self.busy) };
        self.busy.give();
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (mut hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let upper = hint.upper().map(|upper| upper + rest);
        hint.set_lower(hint.lower() + rest);
        if let Some(upper) = upper {
            hint.set_upper(upper);
        }
        hint
    }
}
