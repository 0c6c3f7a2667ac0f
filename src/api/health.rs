//! What orchestrators ask without a token; tells nothing of any domain.

use axum::extract::State;
use axum::http::StatusCode;

use super::Api;

pub async fn is_alive() -> &'static str {
    "ok\n"
}

pub async fn is_ready(State(api): State<Api>) -> (StatusCode, &'static str) {
    if api.console.is_ready().await {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
    }
}
