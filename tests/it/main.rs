//! Tests through the front door: a real store, real ingest, real HTTP on loopback. One binary, so that it links once.

mod harness;

mod native;

mod bad_input;
mod kill;
mod lifecycle;
mod process;
mod spike;
