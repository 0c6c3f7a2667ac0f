//! A link for whoever manages the DNS: without an account, read-only, for seven days, until it is revoked.

use reqwest::StatusCode;
use serde_json::json;

use crate::browser::text_of;
use crate::server::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_one_domain_until_it_is_revoked_or_a_week_old() {
    let app = TestApp::start().await;
    let owner = app.signed_in().await;
    app.post("/api/v1/domains", json!({"name": "mail.example.com", "tags": {"secret": "tag"}})).await;
    app.post("/api/v1/domains", json!({"name": "other.example.com"})).await;
    let made = owner.submit("/domains/mail.example.com/share", &[]).await;
    let link = text_of(&made.text, "#link");
    let path = link.strip_prefix("http://127.0.0.1").unwrap().to_owned();
    assert!(path.len() >= "/s/".len() + 22, "{link}");
    let mail = text_of(&made.text, "#mail");
    assert!(mail.contains("in the zone example.com") && mail.contains(&link) && mail.contains("Host: _dmarc.mail"));

    let visitor = app.browser();
    let shown = visitor.open(&path).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    assert_eq!((shown.header("referrer-policy"), shown.header("cache-control")), ("no-referrer", "no-store"));
    assert!(shown.header("x-robots-tag").contains("noindex"));
    assert_eq!(text_of(&shown.text, "h1"), "DNS records for mail.example.com");
    for hidden in ["secret", "other.example.com", "What happened", "ops@example.com", "<form"] {
        assert!(!shown.text.contains(hidden), "{hidden}");
    }
    let before = app.get("/api/v1/domains/mail.example.com").await["last_checked_at"].clone();
    assert_eq!(app.get("/api/v1/domains/mail.example.com").await["last_checked_at"], before, "nothing is asked");
    assert!(visitor.open(&format!("{path}/zone")).await.text.contains("_domainkey.mail.example.com. 3600 IN TXT"));
    let csv = visitor.open(&format!("{path}/records.csv")).await;
    assert!(csv.text.contains("TXT,mail,mail.example.com,v=spf1 include:spf.mta.example ~all,,example.com,pending,"));
    assert_eq!(csv.text, owner.open("/domains/mail.example.com/records.csv").await.text);
    assert_eq!(visitor.open("/domains/mail.example.com").await.status, StatusCode::SEE_OTHER);

    let listed = owner.open("/domains/mail.example.com/share").await;
    assert!(!listed.text.contains(&path), "the address is told once");
    let revoke = listed.text.split("/share/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let other = app.token_of("other@example.net").await;
    assert_eq!(app.get_as(&other, "/api/v1/domains/mail.example.com").await.0, StatusCode::NOT_FOUND);
    owner.submit(&format!("/domains/mail.example.com/share/{revoke}"), &[]).await;
    let gone = visitor.open(&path).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert!(gone.text.contains("does not work any more"));
    assert_eq!(visitor.open(&format!("{path}/zone")).await.status, StatusCode::NOT_FOUND);

    let again = owner.submit("/domains/mail.example.com/share", &[]).await;
    let path = text_of(&again.text, "#link").strip_prefix("http://127.0.0.1").unwrap().to_owned();
    let a_week_on =
        "UPDATE shares SET created_at = created_at - interval '7 days', expires_at = expires_at - interval '7 days'";
    sqlx::query(a_week_on).execute(&app.pool).await.unwrap();
    assert_eq!(visitor.open(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(visitor.open("/s/nonsense").await.status, StatusCode::NOT_FOUND);
    app.stop().await;
}
