//! Work on many domains: imports and what is done to chosen ones, through restarts.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::browser::text_of;
use crate::server::TestApp;

const PATIENCE: Duration = Duration::from_secs(120);

impl TestApp {
    /// Does the work of jobs until none is left.
    async fn work(&self) {
        let until = Instant::now() + PATIENCE;
        while self.console.work_on_a_piece().await.unwrap() {
            assert!(Instant::now() < until, "the work does not end");
        }
    }

    async fn import(&self, kind: &str, body: &str) -> Value {
        let answer = self.send("POST", "/api/v1/domains/import", kind, body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
        answer.json()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn good_lines_of_an_import_are_kept_when_others_are_bad() {
    let app = TestApp::start().await;
    app.post("/api/v1/domains", json!({"name": "old.example.com"})).await;
    let body =
        "name,customer\na.example.com,acme\nco.uk,x\nold.example.com,\nA.example.com.,\nb.example.com,\n_x.com\n";
    let taken = app.import("text/csv", body).await;
    assert_eq!(taken["total"], 6);
    let path = format!("/api/v1/imports/{}", taken["id"].as_str().unwrap());
    assert_eq!(app.get(&path).await["waiting"], 2, "bad lines are told at once");
    app.work().await;
    let done = app.get(&path).await;
    assert_eq!((&done["created"], &done["refused"], &done["waiting"]), (&json!(2), &json!(4), &json!(0)), "{done:#}");
    assert!(done["finished_at"].is_string());
    let lines: Vec<(i64, &str, &str)> = done["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["line"].as_i64().unwrap(), line["name"].as_str().unwrap(), line["result"].as_str().unwrap()))
        .collect();
    assert_eq!(
        lines,
        [
            (2, "a.example.com", "created"),
            (3, "co.uk", "refused"),
            (4, "old.example.com", "refused"),
            (5, "a.example.com", "refused"),
            (6, "b.example.com", "created"),
            (7, "_x.com", "refused"),
        ]
    );
    assert!(done["lines"][3]["message"].as_str().unwrap().contains("Line 2"), "{done:#}");
    let made = app.get("/api/v1/domains/a.example.com").await;
    assert_eq!(made["tags"], json!({"customer": "acme"}));
    assert!(made["records"][0]["value"].as_str().unwrap().starts_with("v=DKIM1"));
    let page = app.get(&format!("{path}?limit=4")).await;
    assert_eq!((page["lines"].as_array().unwrap().len(), &page["next"]), (4, &json!(5)));
    let other = app.token_of("other@example.net").await;
    assert_eq!(app.get_as(&other, &path).await.0, StatusCode::NOT_FOUND);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_refused_whole_where_it_is_no_list() {
    let app = TestApp::start().await;
    let refused = async |kind: &str, body: String| app.send("POST", "/api/v1/domains/import", kind, body).await.status;
    assert_eq!(refused("image/png", "a.example.com".into()).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(refused("text/csv", "\n# nothing\n".into()).await, StatusCode::UNPROCESSABLE_ENTITY);
    let many = "a.example.com\n".repeat(100_001);
    assert_eq!(refused("text/csv", many).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused("text/csv", "x".repeat(10 * 1024 * 1024 + 1)).await, StatusCode::PAYLOAD_TOO_LARGE);
    let taken =
        app.import("application/x-ndjson", "\"a.example.com\"\n{\"name\": \"b.example.com\"}\nnonsense\n").await;
    let path = format!("/api/v1/imports/{}", taken["id"].as_str().unwrap());
    assert_eq!(app.get(&path).await["waiting"], 2);
    assert_eq!(app.get("/api/v1/imports/nonsense").await["status"], 404);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_lines_are_taken_and_what_a_killed_program_left_is_done_once() {
    let mut app = TestApp::start().await;
    let bad: String = (0..99_997).map(|at| format!("n{at}.example.com,{at}\n")).collect();
    let taken = app.import("text/csv", &format!("a.example.com\nb.example.com\nc.example.com\n{bad}")).await;
    assert_eq!(taken["total"], 100_000);
    let path = format!("/api/v1/imports/{}", taken["id"].as_str().unwrap());
    assert_eq!(app.get(&format!("{path}?limit=1")).await["waiting"], 3, "cells that are no tags are refused");
    // Claimed by a program that is killed: nothing is done, and the claim runs out.
    sqlx::query("UPDATE jobs SET leased_until = clock_timestamp() + interval '1 hour'")
        .execute(&app.pool)
        .await
        .unwrap();
    app.restart().await;
    assert!(!app.console.work_on_a_piece().await.unwrap(), "it is another's");
    sqlx::query("UPDATE jobs SET leased_until = clock_timestamp() - interval '1 s'").execute(&app.pool).await.unwrap();
    let (one, other) = tokio::join!(app.console.work_on_a_piece(), app.console.work_on_a_piece());
    assert!(one.unwrap() | other.unwrap());
    app.work().await;
    let done = app.get(&format!("{path}?limit=1")).await;
    assert_eq!((&done["created"], &done["refused"]), (&json!(3), &json!(99_997)), "{done}");
    assert_eq!(app.get("/api/v1/domains").await["data"].as_array().unwrap().len(), 3);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_list_is_shown_before_anything_is_made() {
    let app = TestApp::start().await;
    let browser = app.signed_in().await;
    let text = "text=https://Shop.Example.com/x\r\ngmail.com\r\nnews.example.com,team=blue\r\n";
    let made = browser.send_text("/domains/import", text).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
    let path = made.header("location").to_owned();
    let preview = browser.open(&path).await;
    assert_eq!(text_of(&preview.text, ".glance"), "2 domains will be added; 1 line cannot be used.");
    assert!(text_of(&preview.text, "[data-line='2']").contains("mailbox provider"), "{}", preview.text);
    assert!(text_of(&preview.text, "[data-line='3']").contains("team=blue"));
    app.work().await;
    assert_eq!(app.get("/api/v1/domains").await["data"], json!([]), "nothing is made before it is agreed to");
    let started = browser.submit(&format!("{path}/start"), &[]).await;
    assert_eq!(started.header("location"), path);
    assert!(text_of(&browser.open(&path).await.text, ".glance").contains("1 of 3 lines done"));
    let list = browser.open("/domains").await;
    assert!(text_of(&list.text, ".note").contains("Import of domains"), "the list leads back to it");
    app.work().await;
    assert_eq!(text_of(&browser.open(&path).await.text, ".glance"), "Finished: 2 of 3 lines done, 1 not.");
    let result = browser.open(&format!("{path}/result.csv")).await;
    assert!(result.text.contains("1,shop.example.com,done,Added.\r\n"), "{}", result.text);
    assert!(result.header("content-disposition").contains("attachment"));
    let bad = browser.open(&format!("{path}?only=bad")).await;
    assert_eq!(text_of(&bad.text, "tbody .domain-name").replace(' ', ""), "gmail.com");
    let empty = browser.send_text("/domains/import", "text=\r\n").await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text_of(&empty.text, "#text-mistake").contains("names no domain"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_domains_are_verified_tagged_exported_and_deleted() {
    let app = TestApp::start().await;
    let browser = app.signed_in().await;
    for name in ["a.example.com", "b.example.com", "c.example.com"] {
        browser.submit("/domains/new", &[("name", name), ("tags", "k=1")]).await;
    }
    let do_with = async |action: &str, names: &[&str], more: &[(&str, &str)]| {
        let mut fields = vec![("action", action)];
        fields.extend(names.iter().map(|name| ("domain", *name)));
        fields.extend(more);
        browser.submit("/domains/chosen", &fields).await
    };
    let verified = do_with("verify", &["a.example.com", "nowhere.example"], &[]).await;
    app.work().await;
    let page = browser.open(verified.header("location")).await;
    assert!(text_of(&page.text, "[data-line='1']").contains("0 of 3 required records verified."), "{}", page.text);
    assert!(text_of(&page.text, "[data-line='2']").contains("Refused"));

    let exported = do_with("export", &["a.example.com", "b.example.com"], &[]).await;
    assert!(exported.text.contains("a.example.com,pending,0,3,example.com,k=1,"), "{}", exported.text);
    let all = do_with("export", &[], &[("scope", "matching"), ("q", "example")]).await;
    assert_eq!(all.text.lines().count(), 4, "{}", all.text);

    do_with("tag", &["b.example.com"], &[("tags", "region=eu")]).await;
    app.work().await;
    assert_eq!(app.get("/api/v1/domains/b.example.com").await["tags"], json!({"k": "1", "region": "eu"}));
    let found = browser.open("/domains?tag=region%3Deu").await;
    assert_eq!(text_of(&found.text, "tbody .domain-name").replace(' ', ""), "b.example.com");

    let asked = do_with("delete", &[], &[("scope", "matching"), ("tag", "k=1")]).await;
    let path = asked.header("location").to_owned();
    let wrong = browser.submit(&format!("{path}/start"), &[("count", "2")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    app.work().await;
    assert_eq!(app.get("/api/v1/domains").await["data"].as_array().unwrap().len(), 3);
    browser.submit(&format!("{path}/start"), &[("count", "3")]).await;
    app.work().await;
    assert_eq!(app.get("/api/v1/domains").await["data"], json!([]));

    for fields in [&[("action", "verify")][..], &[("action", "sell"), ("domain", "a.example.com")]] {
        assert_eq!(browser.submit("/domains/chosen", fields).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    app.stop().await;
}
