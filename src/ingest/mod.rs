//! The truth rules, pure, and apart from them the one writer.
