//! Tests through the front door: a real store, real ingest, real HTTP on loopback. One binary, so that it links once.

mod exposer;
mod harness;
mod raw;

mod chart;
mod management;
mod metrics;
mod native;
mod periskop;

mod backup;
mod bad_input;
mod index;
mod kill;
mod lifecycle;
mod process;
mod redaction;
mod rule;
mod sample;
mod search;
mod spike;
mod transfer;
mod triage;
