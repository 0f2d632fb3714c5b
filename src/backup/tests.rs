//! Backups as a whole.
