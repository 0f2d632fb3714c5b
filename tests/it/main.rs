//! Tests through the front door: a real store, real ingest, real HTTP on loopback. One binary, so that it links once.

mod backup;
mod bad_input;
mod chart;
mod damage;
mod door;
mod explosion;
mod exposer;
mod full_disk;
mod growth;
mod harness;
mod index;
mod kill;
mod lifecycle;
mod management;
mod metrics;
mod native;
mod periskop;
mod process;
mod raw;
mod redaction;
mod rule;
mod sample;
mod search;
mod spike;
mod transfer;
mod triage;
mod year;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
