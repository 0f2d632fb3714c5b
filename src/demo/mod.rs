//! A simulated fleet with a history, for `hydrophone demo`, tests and benches.
