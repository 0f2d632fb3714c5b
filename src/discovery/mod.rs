//! Targets of a service: one file for each mechanism, relabelling, and the manager that runs them.
