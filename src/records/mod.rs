//! What a domain should publish, and the grammar of each record. Pure: knows neither DNS, clock nor database.

pub mod csv;
pub mod dkim;
pub mod dmarc;
mod mailbox_providers;
pub mod name;
pub mod name_list;
pub mod plan;
pub mod profile;
mod record_key;
pub mod spf;
pub mod tags;
pub mod zonefile;

pub use name::{Cleaned, DomainName, NameError, OwnerName, Selector};
