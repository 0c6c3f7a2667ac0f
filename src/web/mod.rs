//! The pages: the route table, then one file a noun. Handlers extract, parse, call [`Console`] and render; they know
//! neither SQL nor DNS, and every form works without a script.

pub mod assets;
mod difference;
pub mod docs;
mod domains;
pub mod failures;
mod findings;
pub mod forms;
pub mod headers;
mod jobs;
pub mod layout;
mod moment;
mod numbers;
mod pill;
mod provider;
mod records;
mod reset;
#[cfg(test)]
mod samples;
pub mod session;
mod settings;
mod setup;
mod shares;
mod spf_tree;
mod strip;
mod unsubscribe;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::response::Redirect;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;

use crate::console::Console;
use settings::{alerts, password, profile, tokens};

/// A form's body may be this many bytes.
pub const FORM_LIMIT: usize = 64 * 1024;

/// All pages. Must be served with `ConnectInfo<SocketAddr>`, for sign-in is throttled by address.
pub fn router(console: Console) -> Router {
    let pages = Router::new()
        .route("/", get(|| async { Redirect::to("/domains") }))
        .route("/login", get(session::show).post(session::sign_in))
        .route("/login/reset", get(reset::show).post(reset::send))
        .route("/unsubscribe", get(unsubscribe::show).post(unsubscribe::unsubscribe))
        .route("/logout", post(session::sign_out))
        .route("/setup", get(setup::show).post(setup::add))
        .route("/domains", get(domains::list).post(domains::add))
        .route("/domains/new", get(domains::new).post(domains::add))
        .route("/domains/chosen", post(domains::chosen))
        .route(
            "/domains/import",
            get(domains::import).post(domains::preview).layer(DefaultBodyLimit::max(domains::IMPORT_LIMIT)),
        )
        .route("/jobs/{id}", get(jobs::show))
        .route("/jobs/{id}/start", post(jobs::start))
        .route("/jobs/{id}/stop", post(jobs::stop))
        .route("/jobs/{id}/result.csv", get(jobs::result))
        .route("/domains/{domain}", get(domains::show))
        .route("/domains/{domain}/verify", post(domains::verify))
        .route("/domains/{domain}/delete", get(domains::confirm_delete).post(domains::delete))
        .route("/domains/{domain}/events", get(domains::events))
        .route("/domains/{domain}/zone", get(domains::zone_file))
        .route("/domains/{domain}/records.csv", get(shares::records_csv))
        .route("/domains/{domain}/share", get(shares::list).post(shares::add))
        .route("/domains/{domain}/share/{id}/delete", post(shares::delete))
        .route("/s/{token}", get(shares::show))
        .route("/s/{token}/zone", get(shares::zone))
        .route("/s/{token}/records.csv", get(shares::shared_csv))
        .route("/domains/{domain}/records/{key}", get(records::show))
        .route("/settings", get(settings::index))
        .route("/settings/profile", get(profile::show).post(profile::save))
        .route("/settings/profile/check", post(profile::check))
        .route("/settings/alerts", get(alerts::show))
        .route("/settings/alerts/place", post(alerts::set_place))
        .route("/settings/alerts/addresses", post(alerts::add_address))
        .route("/settings/alerts/addresses/{id}", post(alerts::save_address))
        .route("/settings/alerts/addresses/{id}/test", post(alerts::test_address))
        .route("/settings/alerts/addresses/{id}/delete", post(alerts::delete_address))
        .route("/settings/alerts/webhooks", post(alerts::add_webhook))
        .route("/settings/alerts/webhooks/{id}", post(alerts::save_webhook))
        .route("/settings/alerts/webhooks/{id}/test", post(alerts::test_webhook))
        .route("/settings/alerts/webhooks/{id}/rotate", post(alerts::rotate_webhook))
        .route("/settings/alerts/webhooks/{id}/delete", post(alerts::delete_webhook))
        .route("/settings/alerts/deliveries", get(alerts::deliveries))
        .route("/settings/alerts/deliveries/{id}/resend", post(alerts::resend))
        .route("/settings/tokens", get(tokens::list).post(tokens::add))
        .route("/settings/tokens/{id}/delete", post(tokens::delete))
        .route("/settings/health", get(settings::health::show))
        .route("/settings/password", get(password::show).post(password::save))
        .route("/static/{*name}", get(assets::serve))
        .fallback(failures::no_such_page);
    guarded(pages, console.public_url()).with_state(console)
}

/// What stands around every page: the limit of bodies, CSRF refusal, failures as pages, the security headers.
pub fn guarded<S: Clone + Send + Sync + 'static>(pages: Router<S>, public_url: &str) -> Router<S> {
    let is_https = headers::is_https(public_url);
    pages
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(csrf_layer(public_url))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(failures::render))
        .layer(from_fn(move |request, next| headers::secure(is_https, request, next)))
}

/// Refuses what another site sends, by Origin and Sec-Fetch-Site; the public URL's own origin is trusted where a
/// proxy rewrites `Host`.
fn csrf_layer(public_url: &str) -> CsrfLayer {
    let origin: String = public_url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    CsrfLayer::new().add_trusted_origin(&origin).unwrap_or_else(|_| CsrfLayer::new())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::body::{Body, to_bytes};
    use axum::http::{Request, Response, StatusCode};
    use tower::ServiceExt;

    use super::*;
    use crate::failure::Failure;

    async fn add(forms::Form(fields): forms::Form<BTreeMap<String, String>>) -> String {
        fields.len().to_string()
    }

    async fn send(request: Request<Body>) -> (Response<()>, String) {
        let pages = Router::new()
            .route("/add", post(add))
            .route("/mine", get(|| async { failures::PageFailure::from(Failure::Unauthenticated) }))
            .fallback(failures::no_such_page);
        let response = guarded(pages, "https://console.example").oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        (Response::from_parts(parts, ()), body)
    }

    fn form(origin: &str, body: String) -> Request<Body> {
        Request::post("/add")
            .header("host", "console.example")
            .header("origin", origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap()
    }

    #[tokio::test]
    async fn a_form_from_another_site_is_refused_with_a_page() {
        let (response, body) = send(form("https://evil.example", "a=1".into())).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert!(body.contains("another site") && body.contains("<h1>"));
        let (response, body) = send(form("https://console.example", "a=1".into())).await;
        assert_eq!((response.status(), body.as_str()), (StatusCode::OK, "1"));
    }

    #[tokio::test]
    async fn a_form_over_the_limit_is_too_large() {
        let (response, _) = send(form("https://console.example", "a".repeat(FORM_LIMIT + 1))).await;
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn every_answer_carries_the_security_headers() {
        let (response, body) = send(Request::get("/none").body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert!(body.contains("There is no such page."));
        for name in ["content-security-policy", "strict-transport-security", "x-content-type-options"] {
            assert!(response.headers().contains_key(name), "{name}");
        }
    }

    #[tokio::test]
    async fn who_is_not_signed_in_comes_back_after_signing_in() {
        let (response, _) = send(Request::get("/mine").body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(response.headers()["location"], "/login?next=%2Fmine");
    }
}
