//! The demo: sample domains in a private DNS world, and the small DNS panel in which their owners edit them.
//!
//! The panel is a DNS provider, not a part of the console: it reads what signet asks for as anybody does, from the
//! domain's view, and what it serves is asked for over real sockets. It listens on loopback alone, and nothing of it
//! outlives the program.

mod entrance;
mod panel;
mod place;
mod providers;
mod record;
mod samples;

pub use entrance::Ticket;
pub use place::{Place, remove_left};
pub use providers::Providers;
pub use samples::{FIRST_DOMAIN, fill, profile, providers};

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Extension, Router};

use crate::console::Console;
use crate::web;

/// Where the panel's pages are.
pub const PANEL_URL: &str = "/demo/dns";

/// The demo's own pages, behind the protections of all others.
pub fn router(console: &Console, providers: Arc<Providers>, ticket: Ticket) -> Router {
    let pages = Router::new()
        .route("/demo/enter/{ticket}", get(entrance::enter))
        .route("/demo/dns", get(panel::list))
        .route("/demo/dns/{zone}", get(panel::show).post(panel::save))
        .route("/demo/dns/{zone}/delete", post(panel::delete))
        .route("/demo/dns/{zone}/publish", post(panel::publish))
        .route("/demo/dns/{zone}/registrar", post(panel::delegate))
        .layer(Extension(providers))
        .layer(Extension(ticket));
    web::guarded(pages, console.public_url()).with_state(console.clone())
}
