//! Hydrophone.

/// Nothing yet.
fn main() {}
