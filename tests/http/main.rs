//! The main job by API: a real server, its own database, DNS over real sockets.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod alerts;
mod answers;
mod backup;
mod browser;
mod crash;
#[path = "../support/databases.rs"]
mod databases;
mod forms;
mod jobs;
mod mail;
mod operators;
mod profile;
mod program;
mod refusals;
mod replicas;
mod server;
mod sessions;
mod settings;
mod shares;
mod watch;
mod weight;

use reqwest::StatusCode;
use serde_json::{Value, json};
use server::TestApp;

fn verdicts(domain: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("null").to_owned();
    domain["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| (text(&record["purpose"]), text(&record["verdict"])))
        .collect()
}

fn codes(domain: &Value, purpose: &str) -> Vec<String> {
    let records = domain["records"].as_array().unwrap();
    let record = records.iter().find(|record| record["purpose"] == purpose).unwrap();
    record["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_created_published_and_verified() {
    let app = TestApp::start().await;
    let (status, created) = app.post("/api/v1/domains", json!({"name": "mail.example.com"})).await;
    assert_eq!(status, StatusCode::CREATED, "{created}");
    assert_eq!(created["zone"], "example.com");
    assert_eq!(codes(&created, "dkim"), ["dkim-missing"]);
    assert_eq!(codes(&created, "spf"), ["spf-missing"]);
    assert_eq!(created["status"], "pending");

    let zone = app.send("GET", "/api/v1/domains/mail.example.com/zone", "", "").await;
    app.publish(&zone.text);
    let (status, verified) = app.post("/api/v1/domains/mail.example.com/verify", json!({})).await;
    assert_eq!(status, StatusCode::OK, "{verified}");
    assert_eq!(verified["status"], "verified", "{verified:#}");
    assert_eq!(verified["can_send"], true);
    assert!(verdicts(&verified).iter().all(|(_, verdict)| verdict == "pass"), "{:?}", verdicts(&verified));

    let events = app.get("/api/v1/domains/mail.example.com/events").await;
    let kinds: Vec<&str> =
        events["data"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"created") && kinds.contains(&"domain_status"), "{kinds:?}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_spf_record_is_merged_and_judged_by_meaning() {
    let app = TestApp::start().await;
    app.publish("shop IN TXT \"v=spf1 ip4:198.51.100.7 -all\"");
    let (_, created) = app.post("/api/v1/domains", json!({"name": "shop.example.com"})).await;
    assert_eq!(codes(&created, "spf"), ["spf-not-authorized"]);
    let spf = created["records"].as_array().unwrap().iter().find(|record| record["key"] == "spf").unwrap();
    assert_eq!(spf["findings"][0]["suggested_value"], "v=spf1 ip4:198.51.100.7 include:spf.mta.example -all");

    app.publish("shop IN TXT \"V=SPF1 ip4:198.51.100.7 \" \"ip4:192.0.2.0/25 ip4:192.0.2.128/25 -all\"");
    let (_, verified) = app.post("/api/v1/domains/shop.example.com/verify", json!({})).await;
    assert!(verdicts(&verified).contains(&("spf".into(), "pass".into())), "{:?}", verdicts(&verified));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_names_are_refused_with_the_field() {
    let app = TestApp::start().await;
    let long = format!("{}.com", "a.".repeat(130));
    for name in [
        "",
        "co.uk",
        "gmail.com",
        "192.0.2.1",
        "*.example.com",
        "_x.example.com",
        "a..example.com",
        "exa mple.com",
        "-a.example.com",
        &long,
    ] {
        let (status, problem) = app.post("/api/v1/domains", json!({"name": name})).await;
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("name")),
            "{name:?}"
        );
    }
    let (_, problem) = app.post("/api/v1/domains", json!({"name": "gmail.com"})).await;
    assert_eq!(problem["errors"][0]["code"], "name-is-mailbox-provider");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_teams_have_one_name_and_see_only_their_own() {
    let app = TestApp::start().await;
    let other = app.token_of("other@example.net").await;
    let (_, mine) = app.post("/api/v1/domains", json!({"name": "mail.example.com"})).await;
    let (status, _) = app.post("/api/v1/domains", json!({"name": "mail.example.com"})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let path = format!("/api/v1/domains/{}", mine["id"].as_str().unwrap());
    assert_eq!(app.get_as(&other, &path).await.0, StatusCode::NOT_FOUND);
    let (status, theirs) = app.post_as(&other, "/api/v1/domains", json!({"name": "mail.example.com"})).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_ne!(mine["records"][0]["value"], theirs["records"][0]["value"]);
    assert_eq!(app.get_as("nobody", &path).await.0, StatusCode::UNAUTHORIZED);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eleventh_wrong_password_has_to_wait_and_another_address_need_not() {
    let app = TestApp::start().await;
    let sign_in = |password: &'static str, address: &'static str| {
        let console = app.console.clone();
        async move { console.sign_in("ops@example.com", password, address.parse().unwrap()).await }
    };
    for _ in 0..10 {
        assert!(sign_in("wrong password", "192.0.2.1").await.is_ok());
    }
    let failure = sign_in(server::PASSWORD, "192.0.2.1").await.err().unwrap();
    assert_eq!(failure.status(), 429);
    assert!(sign_in(server::PASSWORD, "192.0.2.2").await.is_ok());
    app.stop().await;
}
