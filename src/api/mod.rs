//! The console as JSON (contract, section 5). Handlers extract, parse, call [`Console`] and render; they know neither
//! SQL nor DNS.

mod domains;
mod extract;
mod health;
mod imports;
mod limits;
pub mod metrics;
mod openapi;
mod problem;
mod shapes;
#[cfg(test)]
mod tests;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::middleware::from_fn;
use axum::routing::{any, get, patch, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::console::Console;
use crate::console::jobs::MAX_BYTES;
use limits::Limits;

/// A JSON body may be this many bytes.
pub const BODY_LIMIT: usize = 64 * 1024;

/// What the handlers share.
#[derive(Clone)]
struct Api {
    console: Console,
    limits: Arc<Limits>,
    counted: metrics::Counted,
}

/// The description of all calls, for the page that shows it.
pub fn description() -> serde_json::Value {
    serde_json::to_value(openapi::describe()).unwrap_or_default()
}

/// `/api/v1`, and what orchestrators ask: `/healthz`, `/readyz`, `/metrics`.
pub fn router(console: Console) -> Router {
    let api = Api { console, limits: Arc::new(Limits::new()), counted: metrics::Counted::default() };
    let calls = Router::new()
        .route("/domains", get(domains::list).post(domains::add))
        .route("/domains/{domain}", patch(domains::set_tags).get(domains::show).delete(domains::delete))
        .route("/domains/{domain}/verify", post(domains::verify))
        .route("/domains/{domain}/events", get(domains::events))
        .route("/domains/{domain}/zone", get(domains::zone))
        .route("/domains/import", post(imports::add).layer(DefaultBodyLimit::max(MAX_BYTES)))
        .route("/imports/{id}", get(imports::show))
        .route("/tokens", get(tokens::list).post(tokens::add))
        .route("/tokens/{id}", axum::routing::delete(tokens::delete))
        .route("/openapi.json", get(openapi::show))
        .fallback(problem::no_such_call)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(CatchPanicLayer::custom(|_| problem::panicked()))
        .layer(from_fn(problem::limit_patience))
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .layer(DefaultBodyLimit::max(BODY_LIMIT));
    Router::new()
        .nest("/api/v1", calls)
        .route("/api/{*other}", any(problem::no_such_call))
        .route("/healthz", get(health::is_alive))
        .route("/readyz", get(health::is_ready))
        .route("/metrics", get(metrics::show))
        .with_state(api)
}
