//! Reads only: matchers, ranges, lists, occurrences.
