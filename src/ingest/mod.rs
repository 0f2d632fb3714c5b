//! The truth rules, pure, and apart from them the one writer.

/// Reaches the one writer.
#[derive(Debug, Clone)]
pub struct WriterHandle;
