//! A failure as `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::console::request::request_id;
use crate::failure::Failure;

/// A [`Failure`] on its way to a script.
#[derive(Debug)]
pub struct Problem(pub Failure);

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

/// The body of every error (RFC 9457 section 3).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
}

/// What is wrong with one field.
#[derive(Serialize, ToSchema)]
struct FieldProblem {
    field: String,
    message: String,
    /// A finding code where there is one, such as `name-is-public-suffix`.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let failure = self.0;
        let mut detail = failure.to_string();
        if let Failure::Internal(error) = &failure {
            let request_id = request_id();
            tracing::error!(%request_id, "{error:#}");
            detail = format!("{detail}; the log has it under {request_id}");
        }
        let retry_after_s = match &failure {
            Failure::TooMany { retry_after_s } => Some(*retry_after_s),
            _ => None,
        };
        let (status, title) = (failure.status(), failure.title().to_owned());
        let errors = match failure {
            Failure::Unacceptable(errors) => errors,
            _ => Vec::new(),
        };
        let errors = errors.into_iter().map(|e| FieldProblem { field: e.field, message: e.message, code: e.code });
        let mut response = render(ProblemBody { kind: "about:blank", title, status, detail, errors: errors.collect() });
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == 401 {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

fn render(body: ProblemBody) -> Response {
    let status = StatusCode::from_u16(body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, axum::Json(body)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// A call whose database neither answers nor hangs up gets 503: nothing that a call does takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

pub async fn limit_patience(request: Request, next: Next) -> Response {
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem(Failure::Unavailable).into_response(),
    }
}

/// A handler panicked; the hook has written where.
pub fn panicked() -> Response {
    Problem(Failure::Internal(anyhow::anyhow!("a handler panicked"))).into_response()
}

pub async fn no_such_call() -> Problem {
    Problem(Failure::NotFound("call; /api/v1/openapi.json lists all"))
}

/// The method that was asked for is none of this call's; the `Allow` header lists those.
pub async fn method_not_allowed() -> Response {
    render(ProblemBody {
        kind: "about:blank",
        title: "Method not allowed".into(),
        status: 405,
        detail: "this call has other methods; the Allow header lists them".into(),
        errors: Vec::new(),
    })
}
