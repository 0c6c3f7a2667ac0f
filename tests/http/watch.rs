//! Verify for a page that watches: each record's answer as it comes in.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::server::TestApp;

/// The events of an answer: name and data.
fn events(text: &str) -> Vec<(&str, Value)> {
    let field = |event: &str, name: &str| -> Option<String> {
        event.lines().find_map(|line| line.strip_prefix(name)).map(|data| data.trim().to_owned())
    };
    let one = |event: &'_ str| -> Option<Value> { serde_json::from_str(&field(event, "data:")?).ok() };
    let name = |event: &str| if event.contains("event: record") { "record" } else { "done" };
    text.split("\n\n")
        .filter(|event| event.contains("event:"))
        .map(|event| (name(event), one(event).unwrap_or(Value::Null)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_is_told_as_soon_as_its_own_answers_are_in() {
    let app = TestApp::start().await;
    app.post("/api/v1/domains", json!({"name": "mail.example.com"})).await;
    app.publish(&app.send("GET", "/api/v1/domains/mail.example.com/zone", "", "").await.text);
    let browser = app.signed_in().await;
    let headers = [("accept", "text/event-stream"), ("origin", app.base.as_str()), ("sec-fetch-site", "same-origin")];
    let answer = browser.submit_with("/domains/mail.example.com/verify", &[], &headers).await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "text/event-stream"));
    let told = events(&answer.text);
    let (last, records) = told.split_last().unwrap();
    assert_eq!(last.0, "done", "{}", answer.text);
    let keys: Vec<&str> = records.iter().map(|(_, data)| data["key"].as_str().unwrap()).collect();
    for wanted in ["dkim-", "spf", "dmarc"] {
        assert_eq!(keys.iter().filter(|key| key.starts_with(wanted)).count(), 1, "{keys:?}");
    }
    for (_, data) in records {
        assert_eq!((&data["verdict"], &data["word"]), (&json!("pass"), &json!("Pass")), "{data}");
        assert!(data["pill"].as_str().unwrap().contains("pill-good"));
    }
    assert_eq!(app.get("/api/v1/domains/mail.example.com").await["status"], "verified");

    let answer = browser.submit_with("/domains/nowhere.example/verify", &[], &headers).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let elsewhere = [("accept", "text/event-stream"), ("origin", "https://evil.example")];
    let answer = browser.submit_with("/domains/mail.example.com/verify", &[], &elsewhere).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    app.stop().await;
}
