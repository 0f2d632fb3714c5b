//! Scraping over real HTTP on loopback.

mod client;
mod manager;
mod server;
