//! The server's own errors, collected as a Periskop client would and shown at `/errors`, so that it can scrape itself.

/// Collects the process's own errors.
#[derive(Debug, Default)]
pub struct OwnErrors {}
