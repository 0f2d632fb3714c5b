//! The store as a whole, on a disk that fails and whose power can be cut.

mod faults;
mod fleet;
mod growth;
mod pages;
mod power_cut;
mod referring;
mod resting;
mod simulated;
mod space;
mod thinning;
mod triage;
mod upgrade;
