//! signet, a self-hosted sender-domain console.
//!
//! Gather first, judge later, remember last. An outer layer may use any inner one, never the other way round:
//!
//! ```text
//! main → cli → app | demo → web | api | sweep | outbox → console → verify → store | dns | seal → lifecycle → diagnosis → records
//! ```
//!
//! `records`, `diagnosis` and `lifecycle` are pure: no async, SQL, HTTP, DNS library, clock, environment or logging.
//! SQL stands in `store` alone, DNS packets in `dns` alone, HTML in `templates/` alone. Time and randomness are
//! parameters. Read `records::plan`, `diagnosis` (`questions`, `diagnose`), `verify`, `console`, in this order.

pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod console;
pub mod demo;
pub mod diagnosis;
pub mod dns;
pub mod failure;
pub mod keys;
pub mod lifecycle;
pub mod outbox;
pub mod password;
pub mod records;
pub mod seal;
pub mod store;
pub mod sweep;
pub mod verify;
pub mod web;

// What tests here and below tests/ share names the crate from outside.
#[cfg(test)]
extern crate self as signet;
#[cfg(test)]
#[path = "../tests/support/databases.rs"]
mod test_databases;
