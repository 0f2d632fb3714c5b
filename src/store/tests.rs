//! The store as a whole, on a disk whose power can be cut.

mod power_cut;
mod simulated;
mod thinning;
mod triage;
