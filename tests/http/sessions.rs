//! Who may: sign-in, throttling, sessions and their ends, other sites' forms, the headers.

use reqwest::StatusCode;
use serde_json::json;

use crate::browser::text_of;
use crate::server::{EMAIL, PASSWORD, TestApp};

fn is_login(location: &str) -> bool {
    location.starts_with("/login")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_in_and_out_and_a_wrong_password_says_no_more_than_that() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let answer = browser.open("/domains/a.example.com").await;
    assert!(is_login(answer.header("location")), "{:?}", answer.headers);
    let wrong = browser.submit("/login", &[("email", EMAIL), ("password", "not this one")]).await;
    let nobody = browser.submit("/login", &[("email", "nobody@example.com"), ("password", "not this one")]).await;
    assert_eq!((wrong.status, nobody.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert_eq!(text_of(&wrong.text, ".alert"), text_of(&nobody.text, ".alert"));
    assert!(!wrong.text.contains("not this one"));

    let browser = app.signed_in().await;
    assert_eq!(browser.open("/domains").await.status, StatusCode::OK);
    browser.submit("/logout", &[]).await;
    assert!(is_login(browser.open("/domains").await.header("location")));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_is_a_cookie_that_no_script_reads_and_the_database_keeps_its_hash() {
    let app = TestApp::start().await;
    let answer = app.browser().submit("/login", &[("email", EMAIL), ("password", PASSWORD)]).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");
    let secret = cookie.split(['=', ';']).nth(1).unwrap();
    let kept: Vec<Vec<u8>> = sqlx::query_scalar("SELECT token_hash FROM sessions").fetch_all(&app.pool).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_ne!(kept[0], secret.as_bytes());
    assert!(answer.headers.get("strict-transport-security").is_none());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn https_turns_on_secure_cookies_and_hsts_everywhere() {
    let app = TestApp::start_at("https://console.example").await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let ours = [("origin", "https://console.example"), ("sec-fetch-site", "same-origin")];
    let answer = app.browser().submit_with("/login", &fields, &ours).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(answer.header("set-cookie").contains("Secure"));
    for path in ["/login", "/api/v1/domains", "/healthz", "/static/signet.css", "/nothing"] {
        let answer = app.browser().open(path).await;
        assert!(answer.header("strict-transport-security").contains("max-age="), "{path}");
        assert!(answer.header("content-security-policy").contains("script-src 'self'"), "{path}");
        assert!(!answer.header("content-security-policy").contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_is_403_and_does_nothing() {
    let app = TestApp::start().await;
    let browser = app.signed_in().await;
    let fields = [("name", "evil.example.com")];
    for headers in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
    ] {
        for path in ["/domains/new", "/logout", "/login", "/settings/tokens"] {
            let answer = browser.submit_with(path, &fields, headers).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
        }
    }
    assert_eq!(app.get("/api/v1/domains").await["data"], json!([]));
    assert_eq!(browser.open("/domains").await.status, StatusCode::OK, "still signed in");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eleventh_failure_waits_also_after_a_restart_and_another_address_need_not() {
    let mut app = TestApp::start().await;
    app.token_of("second@example.com").await;
    let try_once = |email: &'static str, password: &'static str| {
        let browser = app.browser();
        async move { browser.submit("/login", &[("email", email), ("password", password)]).await }
    };
    for _ in 0..10 {
        assert_eq!(try_once(EMAIL, "wrong password").await.status, StatusCode::UNAUTHORIZED);
    }
    // A success on another account clears nothing of this one.
    assert_eq!(try_once("second@example.com", PASSWORD).await.status, StatusCode::SEE_OTHER);
    let refused = try_once(EMAIL, PASSWORD).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=900).contains(&wait));

    app.restart().await;
    let browser = app.browser();
    // Another way to write the address is the same account.
    let again = browser.submit("/login", &[("email", " OPS@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(again.status, StatusCode::TOO_MANY_REQUESTS);
    let elsewhere = app.console.sign_in(EMAIL, PASSWORD, "192.0.2.7".parse().unwrap()).await;
    assert!(matches!(elsewhere, Ok(signet::console::SignIn::Done { .. })));
    let still = browser.submit("/login", &[("email", EMAIL), ("password", PASSWORD)]).await;
    assert_eq!(still.status, StatusCode::TOO_MANY_REQUESTS);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_change_ends_the_other_sessions_and_spares_this_one() {
    let app = TestApp::start().await;
    let (here, there) = (app.signed_in().await, app.signed_in().await);
    let new = "another horse battery";
    let changed = here.submit("/settings/password", &[("old", PASSWORD), ("new", new), ("again", new)]).await;
    assert!(changed.status.is_success() || changed.status.is_redirection(), "{} {}", changed.status, changed.text);
    assert_eq!(here.open("/domains").await.status, StatusCode::OK);
    assert!(is_login(there.open("/domains").await.header("location")));
    let old = app.browser().submit("/login", &[("email", EMAIL), ("password", PASSWORD)]).await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);

    app.console.reset_password(EMAIL, PASSWORD).await.unwrap();
    assert!(is_login(here.open("/domains").await.header("location")));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_is_out_everywhere_and_does_not_come_in() {
    let app = TestApp::start().await;
    let browser = app.signed_in().await;
    app.console.disable_user(EMAIL).await.unwrap();
    assert!(is_login(browser.open("/domains").await.header("location")));
    assert_eq!(app.get_as(&app.token, "/api/v1/domains").await.0, StatusCode::UNAUTHORIZED);
    let again = browser.submit("/login", &[("email", EMAIL), ("password", PASSWORD)]).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_once_and_works_until_it_is_deleted() {
    let app = TestApp::start().await;
    let (status, made) = app.post("/api/v1/tokens", json!({"name": "ci"})).await;
    assert_eq!(status, StatusCode::CREATED);
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let list = app.get("/api/v1/tokens").await;
    let listed = list["data"].as_array().unwrap().iter().find(|token| token["id"] == id).unwrap();
    assert_eq!((&listed["name"], &listed["created_at"]), (&json!("ci"), &made["created_at"]));
    assert!(!list.to_string().contains(secret));
    assert_eq!(app.get_as(secret, "/api/v1/domains").await.0, StatusCode::OK);

    let other = app.token_of("other@example.net").await;
    let path = format!("/api/v1/tokens/{id}");
    let client = reqwest::Client::new();
    let theirs = client.delete(format!("{}{path}", app.base)).bearer_auth(&other).send().await.unwrap();
    assert_eq!(theirs.status(), StatusCode::NOT_FOUND);
    assert_eq!(app.send("DELETE", &path, "", "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get_as(secret, "/api/v1/domains").await.0, StatusCode::UNAUTHORIZED);
    for body in [json!({"name": ""}), json!({"name": "a\u{0}"}), json!({"name": "x".repeat(101)}), json!({})] {
        assert_eq!(app.post("/api/v1/tokens", body).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    }
    app.stop().await;
}
