//! The pages: the route table, then one file a noun. Handlers extract, parse, call [`Console`] and render; they know
//! neither SQL nor DNS, and every form works without a script.

pub mod assets;
mod domains;
mod failures;
mod findings;
mod forms;
pub mod headers;
mod layout;
mod moment;
mod pill;
mod records;
#[cfg(test)]
mod samples;
mod session;
mod settings;
mod setup;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::response::Redirect;
use axum::routing::{get, post};
use tower_http::csrf::CsrfLayer;

use crate::console::Console;
use settings::{password, profile, tokens};

/// A form's body may be this many bytes.
pub const FORM_LIMIT: usize = 64 * 1024;

/// All pages. Must be served with `ConnectInfo<SocketAddr>`, for sign-in is throttled by address.
pub fn router(console: Console) -> Router {
    let is_https = headers::is_https(console.public_url());
    let csrf = csrf_layer(console.public_url());
    Router::new()
        .route("/", get(|| async { Redirect::to("/domains") }))
        .route("/login", get(session::show).post(session::sign_in))
        .route("/logout", post(session::sign_out))
        .route("/setup", get(setup::show).post(setup::add))
        .route("/domains", get(domains::list).post(domains::add))
        .route("/domains/new", get(domains::new).post(domains::add))
        .route("/domains/{domain}", get(domains::show))
        .route("/domains/{domain}/verify", post(domains::verify))
        .route("/domains/{domain}/delete", get(domains::confirm_delete).post(domains::delete))
        .route("/domains/{domain}/events", get(domains::events))
        .route("/domains/{domain}/zone", get(domains::zone_file))
        .route("/domains/{domain}/records/{key}", get(records::show))
        .route("/settings", get(settings::index))
        .route("/settings/profile", get(profile::show).post(profile::save))
        .route("/settings/tokens", get(tokens::list).post(tokens::add))
        .route("/settings/tokens/{id}/delete", post(tokens::delete))
        .route("/settings/password", get(password::show).post(password::save))
        .route("/static/{*name}", get(assets::serve))
        .fallback(failures::no_such_page)
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(csrf)
        .layer(from_fn(failures::render))
        .layer(from_fn(move |request, next| headers::secure(is_https, request, next)))
        .with_state(console)
}

/// Refuses what another site sends, by Origin and Sec-Fetch-Site; the public URL's own origin is trusted where a
/// proxy rewrites `Host`.
fn csrf_layer(public_url: &str) -> CsrfLayer {
    let origin: String = public_url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    CsrfLayer::new().add_trusted_origin(&origin).unwrap_or_else(|_| CsrfLayer::new())
}
