//! What bad input gets by API: the status, the field, what is accepted, and nothing half-done.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::server::{Answer, TestApp};

/// RFC 9457, as section 5 of the contract has it.
fn check_problem(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], status);
    for member in ["type", "title", "detail"] {
        assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
    }
    let known = ["type", "title", "status", "detail", "errors"];
    assert!(problem.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{problem}");
    assert_eq!(status == 422, problem["errors"].is_array(), "{problem}");
    problem
}

async fn add(app: &TestApp, body: &str) -> Answer {
    app.send("POST", "/api/v1/domains", "application/json", body).await
}

async fn is_empty(app: &TestApp) -> bool {
    app.get("/api/v1/domains").await["data"] == json!([])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_no_sender_domain_is_422_with_the_field_and_nothing_is_made() {
    let app = TestApp::start().await;
    let long_label = format!("{}.example.com", "a".repeat(64));
    let long_name = format!("{}.example.com", ["a".repeat(60).as_str(); 4].join("."));
    let names = [
        "",
        ".",
        "com",
        "co.uk",
        "gmail.com",
        "localhost",
        "192.0.2.1",
        "[2001:db8::1]",
        "2001:db8::1",
        "example.123",
        "*.example.com",
        "a.*.example.com",
        "_x.example.com",
        "a_b.example.com",
        "a..example.com",
        ".example.com",
        "example.com..",
        "-a.example.com",
        "a-.example.com",
        "exa mple.com",
        " example.com",
        "example.com\n",
        "exam\u{0}ple.com",
        "exam\u{7f}ple.com",
        "exam\u{200b}ple.com",
        "exam\u{202e}ple.com",
        "a\u{338}\u{2260}.example.com",
        "\u{378}.example.com",
        "xn--a.example.com",
        "https://example.com/",
        "me@example.com",
        "example.com:25",
        "exa<script>mple.com",
        &long_label,
        &long_name,
    ];
    for name in names {
        let problem = check_problem(&add(&app, &json!({ "name": name }).to_string()).await, 422);
        let error = &problem["errors"][0];
        assert_eq!(error["field"], "name", "{name:?}");
        let message = error["message"].as_str().unwrap();
        assert!(!message.chars().any(char::is_control), "{message:?}");
    }
    for (name, code) in [("co.uk", "name-is-public-suffix"), ("gmail.com", "name-is-mailbox-provider")] {
        let problem = add(&app, &json!({ "name": name }).to_string()).await.json();
        assert_eq!(problem["errors"][0]["code"], code);
    }
    assert!(is_empty(&app).await);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn case_one_final_dot_and_unicode_are_folded_to_one_name() {
    let app = TestApp::start().await;
    let (status, domain) = app.post("/api/v1/domains", json!({"name": "BÜCHER.Example.COM."})).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(domain["name"], "xn--bcher-kva.example.com");
    assert_eq!(domain["unicode_name"], "bücher.example.com");
    let (status, _) = app.post("/api/v1/domains", json!({"name": "xn--bcher-kva.example.com"})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    for path in ["XN--BCHER-KVA.example.com", "b%C3%BCcher.example.com.", domain["id"].as_str().unwrap()] {
        assert_eq!(app.get(&format!("/api/v1/domains/{path}")).await["id"], domain["id"], "{path}");
    }
    for q in ["b%C3%BCch", "B%C3%9CCH", "kva.exam"] {
        assert_eq!(app.get(&format!("/api/v1/domains?q={q}")).await["data"][0]["id"], domain["id"], "{q}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_says_why() {
    let app = TestApp::start().await;
    for body in
        ["", "{", "name=example.com", "{\"name\": \"a.example.com\"} x", "{\"name\": \"\\ud800\"}", "\u{feff}{}"]
    {
        check_problem(&add(&app, body).await, 400);
    }
    for content_type in ["", "text/plain", "application/x-www-form-urlencoded", "application/problem+json"] {
        let body = r#"{"name": "a.example.com"}"#;
        check_problem(&app.send("POST", "/api/v1/domains", content_type, body).await, 415);
    }
    let large = format!(r#"{{"name": "a.example.com", "tags": {{"a": "{}"}}}}"#, "x".repeat(64 * 1024));
    check_problem(&add(&app, &large).await, 413);
    let deep = format!(r#"{{"name": {}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    assert!(add(&app, &deep).await.status.is_client_error());
    assert!(is_empty(&app).await);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_does_not_fit_is_named() {
    let app = TestApp::start().await;
    let tags = |count: usize| (0..count).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>();
    let name = "a.example.com";
    let table = [
        (json!({}), "name"),
        (json!([]), "body"),
        (json!("a.example.com"), "body"),
        (json!({"name": 5}), "name"),
        (json!({"name": name, "nmae": 1}), "nmae"),
        (json!({"name": name, "dkim": "rsa-2048"}), "dkim"),
        (json!({"name": name, "dkim": {"bits": 2048}}), "dkim.bits"),
        (json!({"name": name, "dkim": {"key": "rsa-1024"}}), "dkim.key"),
        (json!({"name": name, "dkim": {"key": 2048}}), "dkim.key"),
        (json!({"name": name, "dkim": {"ed25519": "yes"}}), "dkim.ed25519"),
        (json!({"name": name, "dkim": {"selector": "a b"}}), "dkim.selector"),
        (json!({"name": name, "dkim": {"selector": ""}}), "dkim.selector"),
        (json!({"name": name, "dkim": {"selector": "_x"}}), "dkim.selector"),
        (json!({"name": name, "dkim": {"selector": "s".repeat(64)}}), "dkim.selector"),
        (json!({"name": name, "dkim": {"selector": "s".repeat(63), "ed25519": true}}), "dkim.selector"),
        (json!({"name": name, "tags": []}), "tags"),
        (json!({"name": name, "tags": {"a": 1}}), "tags.a"),
        (json!({"name": name, "tags": {"": "x"}}), "tags"),
        (json!({"name": name, "tags": {"a:b": "x"}}), "tags"),
        (json!({"name": name, "tags": {"a": "x\u{0}"}}), "tags"),
        (json!({"name": name, "tags": {"a": "x".repeat(257)}}), "tags"),
        (json!({"name": name, "tags": {"k".repeat(65): "x"}}), "tags"),
        (json!({"name": name, "tags": tags(51)}), "tags"),
    ];
    for (body, field) in table {
        let problem = check_problem(&add(&app, &body.to_string()).await, 422);
        assert_eq!(problem["errors"][0]["field"], field, "{body}: {problem}");
    }
    let twice = r#"{"name": "a.example.com", "name": "b.example.com"}"#;
    assert_eq!(check_problem(&add(&app, twice).await, 422)["errors"][0]["field"], "name");
    assert!(is_empty(&app).await);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_cannot_be_meant_is_422_and_what_is_not_there_404() {
    let app = TestApp::start().await;
    app.post("/api/v1/domains", json!({"name": "a.example.com"})).await;
    let lists = "/api/v1/domains";
    let events = "/api/v1/domains/a.example.com/events";
    for (path, query, field) in [
        (lists, "limit=0", "limit"),
        (lists, "limit=201", "limit"),
        (lists, "limit=-1", "limit"),
        (lists, "limit=ten", "limit"),
        (lists, "limit=", "limit"),
        (lists, "after=not a name", "after"),
        (lists, "after=%00", "after"),
        (lists, "status=good", "status"),
        (lists, "tag=plan", "tag"),
        (lists, "page=2", "page"),
        (events, "limit=0", "limit"),
        (events, "after=1", "after"),
        (events, "q=x", "q"),
    ] {
        let problem = check_problem(&app.send("GET", &format!("{path}?{query}"), "", "").await, 422);
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
    for (method, path) in [
        ("GET", "/api/v1/domains/b.example.com"),
        ("GET", "/api/v1/domains/%00"),
        ("GET", "/api/v1/domains/%ff"),
        ("GET", "/api/v1/domains/00000000-0000-0000-0000-000000000000"),
        ("DELETE", "/api/v1/domains/b.example.com"),
        ("POST", "/api/v1/domains/b.example.com/verify"),
        ("GET", "/api/v1/domains/b.example.com/events"),
        ("GET", "/api/v1/domains/b.example.com/zone"),
        ("DELETE", "/api/v1/tokens/1"),
        ("DELETE", "/api/v1/tokens/00000000-0000-0000-0000-000000000000"),
        ("GET", "/api/v1/nothing"),
        ("GET", "/api/v1/"),
    ] {
        check_problem(&app.send(method, path, "", "").await, 404);
    }
    let answer = app.send("PUT", "/api/v1/domains", "application/json", "{}").await;
    check_problem(&answer, 405);
    assert!(answer.header("allow").contains("POST"), "{:?}", answer.headers);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_profile_a_domain_is_409_and_says_where_to_set_it() {
    let app = TestApp::start().await;
    sqlx::raw_sql("DELETE FROM profile_check; DELETE FROM profile_versions").execute(&app.pool).await.unwrap();
    let answer = add(&app, r#"{"name": "a.example.com"}"#).await;
    let problem = check_problem(&answer, 409);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("Sending profile") && detail.contains("SIGNET_SPF"), "{detail}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_may_do_so_much_at_once_and_another_still_may() {
    let app = TestApp::start().await;
    let other = app.token_of("other@example.net").await;
    // A wrong name costs as much as a right one, and no key.
    let mut refused = None;
    for _ in 0..1000 {
        let answer = add(&app, r#"{"name": "com"}"#).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
        check_problem(&answer, 422);
    }
    let refused = refused.expect("200 and 10 a second are enough");
    check_problem(&refused, 429);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    let (status, _) = app.post_as(&other, "/api/v1/domains", json!({"name": "com"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_token_gets_401_and_is_told_the_scheme() {
    let app = TestApp::start().await;
    let client = reqwest::Client::new();
    let url = format!("{}/api/v1/domains", app.base);
    for authorization in ["", "Bearer", "Bearer ", "Bearer nobody", "Basic b3BzOng=", "Token x"] {
        let request = client.get(&url);
        let request = if authorization.is_empty() { request } else { request.header("authorization", authorization) };
        let answer = Answer::of(request.send().await.unwrap()).await;
        check_problem(&answer, 401);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let lower = client.get(&url).header("authorization", format!("bearer {}", app.token));
    assert_eq!(lower.send().await.unwrap().status(), StatusCode::OK);
    // Cookies are no credentials here, so that no other site's form can call.
    let browser = app.signed_in().await;
    assert_eq!(browser.open("/api/v1/domains").await.status, StatusCode::UNAUTHORIZED);
    app.stop().await;
}
