//! The only module that knows HTTP: router, state, error, one file for each resource.

pub mod error;
pub mod own_errors;
pub mod state;
pub mod v1;
