//! Domains: list, new and add, show with its records, verify, delete, events and the zone file.

mod add;
mod chosen;
mod delete;
mod events;
mod glance;
mod import;
mod list;
mod row;
mod show;
mod watch;

pub use add::{add, new};
pub use chosen::chosen;
pub use delete::{confirm_delete, delete};
pub use events::events;
pub use glance::sentences;
pub use import::{BODY_LIMIT as IMPORT_LIMIT, import, preview};
pub use list::list;
pub use row::RecordRow;
pub use show::{show, verify, zone_file};

#[cfg(test)]
pub use add::tests as add_samples;
#[cfg(test)]
pub use list::tests as list_samples;
#[cfg(test)]
pub use show::tests as samples;
