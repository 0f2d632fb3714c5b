//! Panics that we survive: redb and tantivy panic where files are damaged.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

thread_local! {
    static SURVIVES: Cell<bool> = const { Cell::new(false) };
    /// What the last one that is survived says, until it is told.
    static WORDS: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps panics that are survived from being printed, in this process: whoever survives one says what it means. All others are
/// printed as before.
pub fn hush_survived_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if SURVIVES.get() {
            WORDS.set(words(panic));
        } else {
            before(panic);
        }
    }));
}

/// Why and where, on one line. Of a dependency's file its place within the dependency is enough.
fn words(panic: &PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    let why = payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
    let why = why.unwrap_or("it says nothing").replace('\n', " ");
    let Some(place) = panic.location() else { return why };
    let file = place.file();
    let from = file.rfind("/src/").and_then(|src| file.get(..src)?.rfind('/')).map_or(0, |slash| slash + 1);
    format!("{why}, at {}:{}", file.get(from..).unwrap_or(file), place.line())
}

/// It panicked. Shows where and why, once panics are hushed.
#[derive(Debug)]
pub struct Panicked(String);

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "it panicked" } else { &self.0 })
    }
}

/// Does `work`, and survives when it panics.
///
/// # Errors
/// When it panicked.
pub fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    let before = SURVIVES.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work)).map_err(|_| Panicked(WORDS.take()));
    SURVIVES.set(before);
    outcome
}
