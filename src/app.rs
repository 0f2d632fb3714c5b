//! The composition root: what is started and stopped, in which order and why.
