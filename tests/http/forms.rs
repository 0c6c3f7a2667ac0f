//! The main job by form, without a script: create, publish, verify, search, delete.

use reqwest::StatusCode;
use serde_json::json;

use crate::browser::text_of;
use crate::server::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_created_published_verified_and_deleted_by_form() {
    let app = TestApp::start().await;
    let browser = app.signed_in().await;
    let created = browser.submit("/domains/new", &[("name", " https://Mail.Example.com/x?y "), ("tags", "a=1")]).await;
    assert_eq!(created.status, StatusCode::SEE_OTHER, "{}", created.text);
    let page = browser.open(created.header("location")).await;
    assert_eq!(text_of(&page.text, "h1"), "mail.example.com");
    assert!(page.text.contains("mail.example.com") && text_of(&page.text, "main").contains("example.com"));

    app.publish(&browser.open("/domains/mail.example.com/zone").await.text);
    let verified = browser.submit("/domains/mail.example.com/verify", &[]).await;
    assert_eq!(verified.status, StatusCode::SEE_OTHER);
    let domain = app.get("/api/v1/domains/mail.example.com").await;
    assert_eq!((&domain["status"], &domain["tags"]), (&json!("verified"), &json!({"a": "1"})));
    for record in domain["records"].as_array().unwrap() {
        let path = format!("/domains/mail.example.com/records/{}", record["key"].as_str().unwrap());
        assert_eq!(browser.open(&path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(browser.open("/domains/mail.example.com/records/nothing").await.status, StatusCode::NOT_FOUND);

    let found = browser.open("/domains?q=MAIL&status=verified").await;
    // Names may break at their dots.
    assert!(text_of(&found.text, "table.domains").replace(' ', "").contains("mail.example.com"));
    let not_found = browser.open("/domains?q=mail&status=failed").await;
    assert_eq!(text_of(&not_found.text, "table.domains"), "");

    let wrong = browser.submit("/domains/mail.example.com/delete", &[("name", "mail.example.org")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("mail.example.org"), "what was typed is kept");
    let deleted = browser.submit("/domains/mail.example.com/delete", &[("name", "Mail.Example.com.")]).await;
    assert_eq!(deleted.header("location"), "/domains");
    assert_eq!(browser.open("/domains/mail.example.com").await.status, StatusCode::NOT_FOUND);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_the_form_again_with_what_was_typed_and_nothing_is_made() {
    let app = TestApp::start().await;
    let browser = app.signed_in().await;
    for name in ["", "co.uk", "gmail.com", "192.0.2.1", "*.example.com", "a..example.com", "<script>.example.com"] {
        let answer = browser.submit("/domains/new", &[("name", name), ("tags", "")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name:?}");
        assert!(!text_of(&answer.text, "#name-mistake").is_empty(), "{name:?}");
        assert!(!answer.text.contains("<script>."), "{name:?}");
    }
    browser.submit("/domains/new", &[("name", "a.example.com")]).await;
    let twice = browser.submit("/domains/new", &[("name", "a.example.com")]).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert!(text_of(&twice.text, "#name-mistake").contains("already"));
    let large = "x".repeat(65 * 1024);
    assert_eq!(browser.submit("/domains/new", &[("name", &large)]).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(app.get("/api/v1/domains").await["data"].as_array().unwrap().len(), 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_teams_domain_is_no_page() {
    let app = TestApp::start().await;
    let other = app.token_of("other@example.net").await;
    let (_, theirs) = app.post_as(&other, "/api/v1/domains", json!({"name": "theirs.example.com"})).await;
    let browser = app.signed_in().await;
    for name in ["theirs.example.com", theirs["id"].as_str().unwrap()] {
        for page in ["", "/events", "/zone", "/delete", "/records/spf"] {
            let path = format!("/domains/{name}{page}");
            assert_eq!(browser.open(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        for action in ["verify", "delete"] {
            let answer = browser.submit(&format!("/domains/{name}/{action}"), &[("name", "theirs.example.com")]).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{action}");
        }
    }
    assert_eq!(app.get_as(&other, "/api/v1/domains/theirs.example.com").await.0, StatusCode::OK);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_is_known_by_the_nameservers_of_the_last_look() {
    let app = TestApp::start().await;
    let browser = app.signed_in().await;
    for (name, known) in [("mail.example.net", "At your provider: Cloudflare"), ("mail.example.com", "")] {
        browser.submit("/domains/new", &[("name", name)]).await;
        for path in [format!("/domains/{name}"), format!("/domains/{name}/records/spf")] {
            let page = browser.open(&path).await;
            assert_eq!(text_of(&page.text, ".provider h2"), known, "{path}");
        }
    }
    let page = browser.open("/domains/mail.example.net").await;
    let said = text_of(&page.text, ".provider");
    assert!(said.contains("bob.ns.cloudflare.com") && said.contains("adds .example.net"), "{said}");
    app.stop().await;
}
