//! Panics that we survive: redb and tantivy panic where files are damaged.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static SURVIVES: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics that are survived from being printed, in this process: whoever survives one says what it means. All others are
/// printed as before.
pub fn hush_survived_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !SURVIVES.get() {
            before(panic);
        }
    }));
}

/// It panicked.
#[derive(Debug)]
pub struct Panicked;

/// Does `work`, and survives when it panics.
///
/// # Errors
/// When it panicked.
pub fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    let before = SURVIVES.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work)).map_err(|_| Panicked);
    SURVIVES.set(before);
    outcome
}
