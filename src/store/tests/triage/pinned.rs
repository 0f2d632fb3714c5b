//! Promises of triage, one by one.
