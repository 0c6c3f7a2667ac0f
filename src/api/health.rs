//! What orchestrators ask without a token; tells nothing of any domain.

use std::sync::OnceLock;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use metrics::{counter, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::Api;

/// Upper bounds of the latency histogram, in seconds; a check may take 10.
const BUCKETS_S: &[f64] = &[0.005, 0.02, 0.1, 0.5, 1.0, 3.0, 10.0];

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

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

pub async fn metrics() -> Response {
    let handle = handle();
    handle.run_upkeep();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response()
}

/// Counts and times requests by route, never by path: a path names domains.
pub async fn count(request: Request, next: Next) -> Response {
    handle();
    let route = request.extensions().get::<MatchedPath>().map_or_else(String::new, |path| path.as_str().to_owned());
    let method = request.method().to_string();
    let began = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    counter!("signet_http_requests_total", "route" => route.clone(), "method" => method, "status" => status)
        .increment(1);
    histogram!("signet_http_request_duration_seconds", "route" => route).record(began.elapsed());
    response
}

/// The process's recorder, installed at the first use.
fn handle() -> &'static PrometheusHandle {
    METRICS.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let recorder = builder.set_buckets(BUCKETS_S).expect("there are buckets").build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed; /metrics stays empty");
        }
        handle
    })
}
