//! The one edge where a [`Failure`] becomes a page: logged once if it is ours, with a request id and a way on.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::layout::Layout;
use crate::console::request::request_id;
use crate::failure::Failure;

/// A page whose database neither answers nor hangs up is 503: nothing that a page does takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a page handler fails with. Carried to [`render`] in the response's extensions.
pub struct PageFailure(Failure);

impl From<Failure> for PageFailure {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl From<askama::Error> for PageFailure {
    fn from(error: askama::Error) -> Self {
        Self(Failure::Internal(error.into()))
    }
}

impl IntoResponse for PageFailure {
    fn into_response(self) -> Response {
        let mut response = status(&self.0).into_response();
        response.extensions_mut().insert(Arc::new(self.0));
        response
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    layout: Layout,
    status: u16,
    title: &'static str,
    message: String,
    advice: &'static str,
    request_id: String,
}

/// Everything that no route serves.
pub async fn no_such_page() -> PageFailure {
    PageFailure(Failure::NotFound("page"))
}

/// The middleware that renders failures, its own layers' plain refusals too. Who is not signed in is asked to.
pub async fn render(request: Request, next: Next) -> Response {
    let is_read = request.method() == Method::GET || request.method() == Method::HEAD;
    let path = request.uri().path_and_query().map_or("/domains", |path| path.as_str()).to_owned();
    let response = match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => PageFailure(Failure::Unavailable).into_response(),
    };
    let Some(failure) = failure_of(&response) else {
        return response;
    };
    match &*failure {
        Failure::Unauthenticated => sign_in_first(is_read.then_some(path.as_str())).into_response(),
        failure => page(failure, response.status(), request_id().to_string()),
    }
}

/// The failure that a handler left, or what a layer's bare error status means.
fn failure_of(response: &Response) -> Option<Arc<Failure>> {
    if let Some(failure) = response.extensions().get::<Arc<Failure>>() {
        return Some(failure.clone());
    }
    let is_page = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page {
        return None;
    }
    let failure = match response.status() {
        StatusCode::FORBIDDEN => Failure::Forbidden(
            "This form came from another site, so nothing was done. Open the page here and send it again.".into(),
        ),
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge(super::FORM_LIMIT),
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_FOUND => Failure::NotFound("page"),
        status if status.is_client_error() => Failure::Unreadable("the address or the form is damaged".into()),
        status if status.is_server_error() => Failure::Internal(anyhow::anyhow!("a layer answered {status}")),
        _ => return None,
    };
    Some(Arc::new(failure))
}

fn sign_in_first(path: Option<&str>) -> Redirect {
    match path {
        None | Some("/" | "/domains") => Redirect::to("/login"),
        Some(path) => Redirect::to(&format!("/login?next={}", utf8_percent_encode(path, NON_ALPHANUMERIC))),
    }
}

fn page(failure: &Failure, status: StatusCode, request_id: String) -> Response {
    if let Failure::Internal(error) = failure {
        tracing::error!(request_id, "{error:#}");
    }
    let page = FailurePage {
        layout: Layout::bare(failure.title()),
        status: status.as_u16(),
        title: failure.title(),
        message: message(failure),
        advice: advice(failure),
        request_id,
    };
    let body = page.render().unwrap_or_else(|_| failure.title().to_owned());
    let mut response = (status, Html(body)).into_response();
    if let Failure::TooMany { retry_after_s } = failure {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*retry_after_s));
    }
    response
}

fn status(failure: &Failure) -> StatusCode {
    StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The failure as a sentence of its own.
fn message(failure: &Failure) -> String {
    let text = match failure {
        Failure::Unacceptable(fields) => {
            fields.iter().map(|field| field.message.as_str()).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    sentence(&text)
}

/// Begins with a capital and ends with a full stop.
pub fn sentence(text: &str) -> String {
    let mut chars = text.trim().chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    let rest = chars.as_str();
    let end = if rest.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{rest}{end}", first.to_uppercase())
}

fn advice(failure: &Failure) -> &'static str {
    match failure {
        Failure::NotFound(_) => {
            "It may have been deleted, or the address is mistyped. Your domains are all in the list."
        }
        Failure::Forbidden(_) => "If you need this, ask an administrator of this console.",
        Failure::TooMany { .. } => "Wait a little, then try again.",
        Failure::Unavailable => "Nothing was changed. Load the page again in a moment.",
        Failure::Internal(_) => {
            "Nothing more was done. Try again; if it happens again, give the request number below to whoever runs \
             this console: it is in the log."
        }
        _ => "Go back and try again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_sentences() {
        assert_eq!(sentence("there is no such domain"), "There is no such domain.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn every_failure_has_a_page_with_its_status_and_a_way_on() {
        let failures = [
            Failure::NotFound("domain"),
            Failure::Forbidden("no".into()),
            Failure::Unavailable,
            Failure::TooMany { retry_after_s: 7 },
            Failure::Internal(anyhow::anyhow!("secret detail")),
        ];
        for failure in failures {
            let page = FailurePage {
                layout: Layout::bare(failure.title()),
                status: failure.status(),
                title: failure.title(),
                message: message(&failure),
                advice: advice(&failure),
                request_id: "0199-id".into(),
            };
            let html = page.render().unwrap();
            assert!(html.contains("0199-id") && html.contains("href=\"/domains\""), "{failure}");
            assert!(!html.contains("secret detail"));
        }
    }

    #[test]
    fn the_way_back_after_sign_in_is_encoded() {
        let response = sign_in_first(Some("/domains/a.example?x=1&y=2")).into_response();
        let place = response.headers()["location"].to_str().unwrap();
        assert_eq!(place, "/login?next=%2Fdomains%2Fa%2Eexample%3Fx%3D1%26y%3D2");
    }
}
