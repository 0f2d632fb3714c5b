//! The only module that knows HTTP: router, errors, one file for each resource.
