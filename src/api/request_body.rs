//! A request's body on its way from its client: it is known when somebody waits for more of it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

use super::connection::Busy;

/// A body; its connection may have to give way while it is waited for.
pub(super) struct RequestBody {
    body: Body,
    busy: Arc<Busy>,
}

impl RequestBody {
    pub(super) fn new(body: Body, busy: Arc<Busy>) -> Self {
        Self { body, busy }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        self.busy.lack_body(frame.is_pending());
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.busy.lack_body(false);
    }
}
