//! What is done around every request: an id, a line in the log, a count and a time.

use std::net::SocketAddr;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, histogram};
use uuid::Uuid;

use crate::console::request;

/// Paths that are asked for again and again, and tell nothing when they are.
const QUIET: [&str; 4] = ["/healthz", "/readyz", "/metrics", "/static/{*name}"];

/// The middleware. Routes are logged and counted, never paths: those hold names, and some of them secrets.
pub async fn observe(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_string());
    let (id, began) = (Uuid::now_v7(), Instant::now());
    let mut response = request::served_as(id, next.run(request)).await;
    let took = began.elapsed();
    let status = response.status().as_u16();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert("x-request-id", value);
    }
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let peer = peer.as_deref().unwrap_or("unknown");
    if QUIET.contains(&route.as_str()) {
        tracing::debug!(request_id = %id, %method, route, status, took_ms, peer, "request");
    } else {
        tracing::info!(request_id = %id, %method, route, status, took_ms, peer, "request");
    }
    let labels = [("route", route.clone()), ("method", method.to_string()), ("status", status.to_string())];
    counter!("signet_http_requests_total", &labels).increment(1);
    histogram!("signet_http_request_duration_seconds", "route" => route).record(took);
    response
}
