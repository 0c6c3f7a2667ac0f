//! Alerts by form: addresses, webhooks, tests, messages; the way off the list; a link for a forgotten password.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use signet::outbox::{Guard, Outbox, Poster};

use crate::browser::{Browser, text_of};
use crate::server::{EMAIL, PASSWORD, TestApp};

const PAGE: &str = "/settings/alerts";

/// The first path of a page that has these two ends.
fn path_of(page: &str, begin: &str, end: &str) -> String {
    let all = page.split("action=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    all.into_iter().find(|path| path.starts_with(begin) && path.ends_with(end)).unwrap().to_owned()
}

/// Somebody who is no administrator.
async fn user(app: &TestApp) -> Browser {
    app.token_of("user@example.net").await;
    let browser = app.browser();
    browser.submit("/login", &[("email", "user@example.net"), ("password", PASSWORD)]).await;
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_added_changed_tested_and_removed_by_form() {
    let app = TestApp::start_with_alerts().await;
    let browser = user(&app).await;
    let page = browser.open(PAGE).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(text_of(&page.text, "main").contains("user@example.net"), "who looks after domains is told of them");
    assert!(!page.text.contains("profile_broken"), "that is for administrators");

    let fields = [("address", " Alerts@Example.com"), ("kinds", "failed"), ("kinds", "profile_broken")];
    let added = browser.submit("/settings/alerts/addresses", &fields).await;
    assert_eq!(added.header("location"), "/settings/alerts?did=added", "{}", added.text);
    let kinds: Vec<String> =
        sqlx::query_scalar("SELECT unnest(kinds) FROM alert_addresses WHERE address = 'alerts@example.com'")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    assert_eq!(kinds, ["failed"]);

    for (address, status) in [
        ("alerts@example.com", StatusCode::CONFLICT),
        ("nobody", StatusCode::UNPROCESSABLE_ENTITY),
        ("a@example.com\r\nBcc: b@example.com", StatusCode::UNPROCESSABLE_ENTITY),
        ("<script>@example.com", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let wrong = browser.submit("/settings/alerts/addresses", &[("address", address)]).await;
        assert_eq!(wrong.status, status, "{address:?}");
        assert!(!text_of(&wrong.text, "#address-mistake").is_empty(), "{address:?}");
        assert!(!wrong.text.contains("<script>@"));
    }

    let page = browser.open(PAGE).await.text;
    let save = path_of(&page, "/settings/alerts/addresses/", "/test").trim_end_matches("/test").to_owned();
    assert_eq!(browser.submit(&save, &[("kinds", "recovered")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.submit(&format!("{save}/test"), &[]).await.status, StatusCode::SEE_OTHER);
    let messages = browser.open("/settings/alerts/deliveries").await;
    assert!(text_of(&messages.text, "main").contains("On its way"), "{}", messages.text);

    // Another team sees and touches nothing of it.
    let other = app.signed_in().await;
    assert!(other.open(PAGE).await.text.contains("profile_broken"), "an administrator's");
    for action in ["", "/test", "/delete"] {
        let answer = other.submit(&format!("{save}{action}"), &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{action}");
    }
    assert!(!other.open("/settings/alerts/deliveries").await.text.contains("alerts@example.com"));
    assert_eq!(browser.submit(&format!("{save}/delete"), &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.submit(&format!("{save}/delete"), &[]).await.status, StatusCode::NOT_FOUND);

    for _ in 0..9 {
        let page = browser.open(PAGE).await.text;
        let path = path_of(&page, "/settings/alerts/addresses/", "/test");
        assert_eq!(browser.submit(&path, &[]).await.status, StatusCode::SEE_OTHER);
    }
    let path = path_of(&browser.open(PAGE).await.text, "/settings/alerts/addresses/", "/test");
    // Tests to a removed address went with it.
    browser.submit(&path, &[]).await;
    assert_eq!(browser.submit(&path, &[]).await.status, StatusCode::TOO_MANY_REQUESTS);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhooks_secret_is_shown_once_and_inner_addresses_are_refused() {
    let app = TestApp::start().await;
    let browser = app.signed_in().await;
    let hooks = "/settings/alerts/webhooks";
    for url in ["http://hook.example/", "https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/", "hook"] {
        let wrong = browser.submit(hooks, &[("url", url)]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}");
        assert!(!text_of(&wrong.text, "#url-mistake").is_empty(), "{url}");
    }
    let made = browser.submit(hooks, &[("url", "https://hook.example/a"), ("kinds", "failed")]).await;
    let first = text_of(&made.text, "#secret");
    assert!(first.starts_with("whsec_"), "{}", made.text);
    assert_eq!(browser.submit(hooks, &[("url", "https://hook.example/a")]).await.status, StatusCode::CONFLICT);
    let page = browser.open(PAGE).await.text;
    assert!(page.contains("https://hook.example/a") && !page.contains(&first));
    let rotated = browser.submit(&path_of(&page, hooks, "/rotate"), &[]).await;
    let second = text_of(&rotated.text, "#secret");
    assert!(second.starts_with("whsec_") && second != first);
    assert!(text_of(&rotated.text, ".highlight").contains("signs as well until"));
    assert_eq!(browser.submit(&path_of(&page, hooks, "/delete"), &[]).await.status, StatusCode::SEE_OTHER);
    assert!(!browser.open(PAGE).await.text.contains("hook.example"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_taken_is_shown_and_sent_again_by_a_button() {
    let app = TestApp::start_with_alerts().await;
    let browser = app.signed_in().await;
    // Nobody listens there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let made = browser.submit("/settings/alerts/webhooks", &[("url", &format!("http://{closed}/"))]).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    let path = path_of(&made.text, "/settings/alerts/webhooks", "/test");
    browser.submit(&path, &[]).await;
    let outbox = Outbox::new(app.console.clone(), app.pool.clone(), None, Poster::new(Guard::new(true)));
    outbox.step(time::OffsetDateTime::now_utc()).await.unwrap();
    let messages = browser.open("/settings/alerts/deliveries").await.text;
    assert!(text_of(&messages, "main").contains("no connection"), "{messages}");
    outbox.step(time::OffsetDateTime::now_utc() + time::Duration::days(4)).await.unwrap();
    let page = browser.open(PAGE).await.text;
    assert!(text_of(&page, ".alert").contains("Given up on"), "{page}");
    let messages = browser.open("/settings/alerts/deliveries").await.text;
    assert!(text_of(&messages, "main").contains("Not sent"));
    let again = path_of(&messages, "/settings/alerts/deliveries/", "/resend");
    assert_eq!(browser.submit(&again, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.submit(&again, &[]).await.status, StatusCode::NOT_FOUND, "it is on its way");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn language_and_clock_of_a_team_are_checked() {
    let app = TestApp::start().await;
    let browser = app.signed_in().await;
    let place = "/settings/alerts/place";
    let fine = browser.submit(place, &[("language", "en"), ("time_zone", "europe/berlin")]).await;
    assert_eq!(fine.status, StatusCode::SEE_OTHER, "{}", fine.text);
    assert!(browser.open(PAGE).await.text.contains("value=\"Europe/Berlin\""));
    for (language, zone) in [("en", "Middle/Earth"), ("xx", "UTC"), ("en", ""), ("en", "../../etc/passwd")] {
        let wrong = browser.submit(place, &[("language", language), ("time_zone", zone)]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{language} {zone}");
    }
    assert!(text_of(&browser.open(PAGE).await.text, "main").contains("No mail is sent"), "and says so");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_click_of_a_mail_program_unsubscribes_and_a_visit_does_not() {
    let app = TestApp::start_with_alerts().await;
    let id: uuid::Uuid = sqlx::query_scalar("SELECT id FROM alert_addresses").fetch_one(&app.pool).await.unwrap();
    let key = app.console.parts().sealer.sign_link(signet::console::alerts::UNSUBSCRIBED, id);
    let link = format!("/unsubscribe?id={id}&key={key}");
    let page = app.browser().open(&link).await;
    assert!(text_of(&page.text, "h1").contains("Unsubscribe") && page.text.contains(EMAIL));
    let dead = "SELECT dead_reason FROM alert_addresses";
    assert_eq!(sqlx::query_scalar::<_, Option<String>>(dead).fetch_one(&app.pool).await.unwrap(), None);
    for wrong in [format!("/unsubscribe?id={id}&key=0"), "/unsubscribe".into(), format!("/unsubscribe?id=x&key={key}")]
    {
        assert_eq!(app.browser().open(&wrong).await.status, StatusCode::NOT_FOUND, "{wrong}");
        assert_eq!(app.browser().submit_with(&wrong, &[], &[]).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
    // As a mail program sends it: no origin, no cookie (RFC 8058 section 3.2).
    let done = app.browser().submit_with(&link, &[("List-Unsubscribe", "One-Click")], &[]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert_eq!(
        sqlx::query_scalar::<_, Option<String>>(dead).fetch_one(&app.pool).await.unwrap().as_deref(),
        Some("unsubscribed")
    );
    let shown = app.signed_in().await.open(PAGE).await.text;
    assert!(text_of(&shown, ".alert").contains("Unsubscribed by a link"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_offered_where_mail_is_sent_and_tells_nobody_who_has_an_account() {
    let without = TestApp::start().await;
    assert!(!without.browser().open("/login").await.text.contains("/login/reset"));
    assert_eq!(without.browser().open("/login/reset").await.status, StatusCode::NOT_FOUND);
    assert_eq!(without.browser().submit("/login/reset", &[("email", EMAIL)]).await.status, StatusCode::NOT_FOUND);
    without.stop().await;

    let app = TestApp::start_with_alerts().await;
    let browser = app.browser();
    assert!(browser.open("/login").await.text.contains("href=\"/login/reset\""));
    assert_eq!(browser.open("/login/reset").await.status, StatusCode::OK);
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for turn in 0..8 {
        for (email, times) in [(EMAIL, &mut known), ("nobody@example.net", &mut unknown)] {
            let began = Instant::now();
            let answer = browser.submit("/login/reset", &[("email", email)]).await;
            times.push(began.elapsed());
            assert_eq!(answer.status, StatusCode::OK, "{turn}");
            assert_eq!(text_of(&answer.text, "h1"), "Look into your mailbox");
            assert!(!answer.text.contains(email));
        }
    }
    known.sort_unstable();
    unknown.sort_unstable();
    let apart = known[4].abs_diff(unknown[4]);
    assert!(apart < Duration::from_millis(60), "{known:?} {unknown:?}");
    assert_eq!(
        browser.submit("/login/reset", &[("email", "no address")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    for _ in 0..2 {
        browser.submit("/login/reset", &[("email", EMAIL)]).await;
    }
    let refused = browser.submit("/login/reset", &[("email", EMAIL)]).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!refused.header("retry-after").is_empty());
    // Signing in is counted apart.
    app.signed_in().await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_sets_a_password_once_by_form() {
    let app = TestApp::start_with_alerts().await;
    let signed_in = app.signed_in().await;
    let token = signet::console::new_secret();
    let hash = signet::console::fingerprint(&token);
    sqlx::query(
        "INSERT INTO password_resets SELECT $1, id, now(), now() + interval '1 hour' FROM users WHERE email = $2",
    )
    .bind(hash.as_slice())
    .bind(EMAIL)
    .execute(&app.pool)
    .await
    .unwrap();
    let browser = app.browser();
    assert_eq!(browser.open("/login/reset?token=0").await.status, StatusCode::NOT_FOUND);
    let form = browser.open(&format!("/login/reset?token={token}")).await;
    assert_eq!(text_of(&form.text, "h1"), "Set a new password");
    let short = browser.submit("/login/reset", &[("token", &token), ("password", "short")]).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    let new = "another horse battery";
    let done = browser.submit("/login/reset", &[("token", &token), ("password", new)]).await;
    assert_eq!(done.header("location"), "/login", "{}", done.text);
    let twice = browser.submit("/login/reset", &[("token", &token), ("password", new)]).await;
    assert_eq!(twice.status, StatusCode::NOT_FOUND);
    assert!(signed_in.open("/domains").await.header("location").starts_with("/login"), "sessions are ended");
    let again = browser.submit("/login", &[("email", EMAIL), ("password", new)]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    app.stop().await;
}
