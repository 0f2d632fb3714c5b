//! One sampled exception, with its cause chain and the request it happened in.

use std::sync::Arc;

use super::severity::Severity;
use super::time::Timestamp;

/// Stands at the end of a text that a limit has cut, and alone behind the last frame of a stack that was cut.
pub const CUT: &str = "… [cut]";

/// One concrete exception as a client sampled it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// The client's id; empty where it sent none. Clients repeat them, so [`Occurrence::identity`] tells samples apart.
    pub uuid: String,
    /// When it happened, by the client's clock; `None` where missing or unreadable.
    pub timestamp: Option<Timestamp>,
    /// How bad it was.
    pub severity: Severity,
    /// The exception itself, outermost first.
    pub exception: Exception,
    /// The request it happened in, if any.
    pub http: Option<HttpContext>,
}

/// An exception and what caused it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exception {
    /// Class or type name; empty where the client sent none.
    pub class: String,
    /// Its message.
    pub message: String,
    /// Frames as the client wrote them; `None` where it sent none. Shared, because most samples of an aggregate have one stack.
    pub stack: Option<Arc<Stack>>,
    /// What caused it, outermost first: a list and not a chain of boxes, so that depth can not exhaust the call stack.
    pub causes: Vec<Cause>,
}

/// One link of a cause chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// Class or type name; empty where the client sent none.
    pub class: String,
    /// Its message.
    pub message: String,
    /// Its frames, where sent.
    pub stack: Option<Arc<Stack>>,
}

/// The frames of a stack trace, in the client's order, one line each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Stack {
    /// The lines.
    pub frames: Vec<String>,
}

/// The request in which an exception happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpContext {
    /// `GET`, `POST`, …
    pub method: String,
    /// The whole URL as the client wrote it.
    pub url: String,
    /// Header names and values in the client's order; `None` where it sent null.
    pub headers: Option<Vec<(String, String)>>,
    /// The request's body, where the client sends it.
    pub body: Option<String>,
}

/// Tells one sample from another within one aggregate of one instance.
///
/// A 64-bit hash of uuid, time, class and message: a client that repeats a uuid for different exceptions is told apart,
/// one that exposes the same sample for hours is not. At most a few hundred are compared with each other, so the
/// chance of a collision is below 2^-48.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SampleId(pub u64);

/// What an allocation costs beside what was asked for, about.
const ALLOCATION_BYTES: usize = 16;

impl Occurrence {
    /// About how many bytes of memory it takes; of its stacks those that `counts` says are to count.
    #[must_use]
    pub fn memory_bytes(&self, counts: &mut dyn FnMut(&Arc<Stack>) -> bool) -> usize {
        let text = |text: &str| text.len() + ALLOCATION_BYTES;
        let Exception { class, message, stack, causes } = &self.exception;
        let mut bytes = size_of::<Self>() + text(&self.uuid) + text(class) + text(message);
        for cause in causes {
            bytes += size_of::<Cause>() + text(&cause.class) + text(&cause.message);
        }
        for stack in stack.iter().chain(causes.iter().filter_map(|cause| cause.stack.as_ref())) {
            if counts(stack) {
                bytes += stack.frames.iter().map(|frame| size_of::<String>() + text(frame)).sum::<usize>();
            }
        }
        if let Some(http) = &self.http {
            let headers = http.headers.iter().flatten();
            bytes += text(&http.method) + text(&http.url) + http.body.as_deref().map_or(0, text);
            bytes += headers.map(|(name, value)| 2 * size_of::<String>() + text(name) + text(value)).sum::<usize>();
        }
        bytes
    }

    /// This sample's identity.
    #[must_use]
    pub fn identity(&self) -> SampleId {
        let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
        hasher.update(self.uuid.as_bytes());
        hasher.update(&self.timestamp.map_or(i64::MIN, |time| time.0).to_le_bytes());
        hasher.update(self.exception.class.as_bytes());
        hasher.update(&[0xff]);
        hasher.update(self.exception.message.as_bytes());
        SampleId(hasher.digest())
    }
}
