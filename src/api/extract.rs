//! Who calls, and what they sent: the bearer token, the JSON body, the query string.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use uuid::Uuid;

use super::problem::Problem;
use super::{Api, BODY_LIMIT};
use crate::console::Actor;
use crate::failure::Failure;

/// Whoever the bearer token belongs to.
pub struct Caller(pub Actor);

impl Caller {
    /// What the limits count by: the token.
    pub fn limited_by(&self) -> Uuid {
        self.0.token.as_ref().map_or(self.0.user_id, |(id, _)| *id)
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let secret = bearer(&parts.headers).ok_or(Failure::Unauthenticated)?;
        let actor = api.console.actor_of_token(secret).await?;
        Ok(Self(actor.ok_or(Failure::Unauthenticated)?))
    }
}

/// The secret after `Bearer`, whose case does not matter (RFC 9110 section 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let secret = secret.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty()).then_some(secret)
}

/// A JSON body: 415 for another type, 413 when too large, 400 when unreadable, 422 when it does not fit.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Failure::UnsupportedMediaType("application/json").into());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            match rejection.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge(BODY_LIMIT),
                _ => Failure::Unreadable("it ended early".into()),
            }
        })?;
        Ok(Self(parse_json(&bytes)?))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let essence =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

pub(super) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader);
    read.map_err(|error| refuse(&error.path().to_string(), error.inner()))
        .and_then(|body| reader.end().map(|()| body).map_err(|error| refuse(".", &error)))
}

/// What does not fit is said of the field where it stands (`dkim.selector`), what is no JSON of the body.
fn refuse(path: &str, error: &serde_json::Error) -> Failure {
    let message = error.to_string();
    if error.classify() != Category::Data {
        return Failure::Unreadable(message);
    }
    let named = ["missing field `", "duplicate field `"].iter().find_map(|prefix| message.strip_prefix(prefix));
    let named = named.and_then(|rest| rest.split('`').next());
    let field = match (path, named) {
        (".", named) => named.unwrap_or("body").to_owned(),
        (path, Some(named)) if path != named && !path.ends_with(&format!(".{named}")) => format!("{path}.{named}"),
        (path, _) => path.to_owned(),
    };
    Failure::field(&field, format!("{message}."))
}

/// The last part of the path: a domain's id or name, or another id. What is no text names nothing.
pub struct Named(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(name)| Self(name)).map_err(|_| Failure::NotFound("domain").into())
    }
}

/// The pairs of a query string, decoded.
pub fn query_pairs(query: Option<&str>) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}
