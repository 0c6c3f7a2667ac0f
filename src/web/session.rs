//! Sign-in, sign-out, and who a request comes from. The session's secret stands in a cookie and nowhere else.

use std::net::SocketAddr;

use askama::Template;
use axum::extract::{ConnectInfo, FromRequestParts, Query, State};
use axum::http::header::{COOKIE, RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use serde::Deserialize;

use super::failures::PageFailure;
use super::forms::{Form, page};
use super::headers::is_https;
use super::layout::Layout;
use crate::console::{Actor, Console, SignIn};
use crate::failure::Failure;

const COOKIE_NAME: &str = "signet_session";
const COOKIE_DAYS: i64 = 30;

/// Whoever sent the request is signed in; else the failure asks them to.
pub struct SignedIn {
    pub actor: Actor,
    /// The session's secret, so that a password change may spare it.
    pub session: String,
}

impl FromRequestParts<Console> for SignedIn {
    type Rejection = PageFailure;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, PageFailure> {
        let session = session_of(&parts.headers).ok_or(Failure::Unauthenticated)?;
        let actor = console.actor_of_session(&session).await?.ok_or(Failure::Unauthenticated)?;
        Ok(Self { actor, session })
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    layout: Layout,
    email: String,
    next: String,
    /// Empty where nothing went wrong.
    mistake: String,
    /// Whether a link for a forgotten password can be sent.
    can_reset: bool,
}

#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct Credentials {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// `GET /login`
pub async fn show(
    State(console): State<Console>,
    headers: HeaderMap,
    Query(Next { next }): Query<Next>,
) -> Result<Response, PageFailure> {
    if let Some(session) = session_of(&headers)
        && console.actor_of_session(&session).await?.is_some()
    {
        return Ok(Redirect::to(local(&next)).into_response());
    }
    let form = LoginPage {
        layout: Layout::bare("Sign in"),
        email: String::new(),
        next,
        mistake: String::new(),
        can_reset: console.sends_mail(),
    };
    page(StatusCode::OK, &form)
}

/// `POST /login`
pub async fn sign_in(
    State(console): State<Console>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(typed): Form<Credentials>,
) -> Result<Response, PageFailure> {
    let forwarded_for = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let address = console.client_address(peer.ip(), forwarded_for);
    match console.sign_in(typed.email.trim(), &typed.password, address).await {
        Ok(SignIn::Done { session }) => {
            let to = Redirect::to(local(&typed.next));
            Ok((session_cookie(&session, console.public_url()), to).into_response())
        }
        Ok(SignIn::WrongPassword) => {
            let mistake = "This e-mail address and password do not go together.".to_owned();
            again(&console, typed, StatusCode::UNAUTHORIZED, mistake)
        }
        Err(Failure::TooMany { retry_after_s }) => {
            let minutes = retry_after_s.div_ceil(60).max(1);
            let mistake = format!("Too many failed attempts. Try again in {minutes} min.");
            let mut response = again(&console, typed, StatusCode::TOO_MANY_REQUESTS, mistake)?;
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
            Ok(response)
        }
        Err(failure) => Err(failure.into()),
    }
}

/// `POST /logout`
pub async fn sign_out(State(console): State<Console>, headers: HeaderMap) -> Result<Response, PageFailure> {
    if let Some(session) = session_of(&headers) {
        console.sign_out(&session).await?;
    }
    let mut gone = bake("", console.public_url());
    gone.set_max_age(Duration::ZERO);
    Ok(([(SET_COOKIE, gone.to_string())], Redirect::to("/login")).into_response())
}

/// The header that signs a browser in.
pub fn session_cookie(session: &str, public_url: &str) -> [(axum::http::HeaderName, String); 1] {
    [(SET_COOKIE, bake(session, public_url).to_string())]
}

fn bake<'a>(session: &'a str, public_url: &str) -> Cookie<'a> {
    Cookie::build((COOKIE_NAME, session))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_https(public_url))
        .max_age(Duration::days(COOKIE_DAYS))
        .build()
}

fn again(console: &Console, typed: Credentials, status: StatusCode, mistake: String) -> Result<Response, PageFailure> {
    let form = LoginPage {
        layout: Layout::bare("Sign in"),
        email: typed.email,
        next: typed.next,
        mistake,
        can_reset: console.sends_mail(),
    };
    page(status, &form)
}

fn session_of(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(|line| Cookie::split_parse(line.to_owned()).flatten());
    cookies.find(|cookie| cookie.name() == COOKIE_NAME).map(|cookie| cookie.value().to_owned())
}

/// Where to go after sign-in: a path of ours, never another site.
fn local(next: &str) -> &str {
    let is_ours = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_ours { next } else { "/domains" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_sign_in_only_our_own_paths_are_followed() {
        assert_eq!(local("/domains/a.example?x=1"), "/domains/a.example?x=1");
        for next in ["", "https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "evil"] {
            assert_eq!(local(next), "/domains", "{next:?}");
        }
    }

    #[test]
    fn the_cookie_is_secure_where_the_console_is() {
        let [(_, plain)] = session_cookie("s3cret", "http://127.0.0.1:8080");
        assert!(plain.contains("HttpOnly") && plain.contains("SameSite=Lax") && plain.contains("Path=/"));
        assert!(!plain.contains("Secure"));
        let [(_, secure)] = session_cookie("s3cret", "https://console.example");
        assert!(secure.contains("Secure"));
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("a=b; signet_session=abc; c=d"));
        assert_eq!(session_of(&headers).as_deref(), Some("abc"));
    }

    #[test]
    fn what_was_typed_is_kept_and_escaped_but_never_the_password() {
        let page = LoginPage {
            layout: Layout::bare("Sign in"),
            email: "\"><script>".into(),
            next: "/domains".into(),
            mistake: "No.".into(),
            can_reset: true,
        };
        let html = page.render().unwrap();
        assert!(!html.contains("<script>") && html.contains("No."));
    }
}
