//! What the API answers: pages of lists, the zone fragment, its own description, and what must never be in an answer.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::server::TestApp;

fn names(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|domain| domain["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_walked_by_cursor_in_bytewise_order_and_narrowed() {
    let app = TestApp::start().await;
    for name in ["b.example.com", "a.example.com", "a-b.example.com", "ab.example.com"] {
        let body = json!({"name": name, "tags": {"first": &name[..1]}});
        assert_eq!(app.post("/api/v1/domains", body).await.0, StatusCode::CREATED);
    }
    let first = app.get("/api/v1/domains?limit=3").await;
    assert_eq!(names(&first), ["a-b.example.com", "a.example.com", "ab.example.com"]);
    assert!(first["data"][0].get("records").is_none(), "a list has no records");
    let second = app.get(&format!("/api/v1/domains?limit=3&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!((names(&second), &second["next"]), (vec!["b.example.com"], &Value::Null));
    assert_eq!(names(&app.get("/api/v1/domains?tag=first:b").await), ["b.example.com"]);
    assert_eq!(names(&app.get("/api/v1/domains?q=-B.").await), ["a-b.example.com"]);
    assert_eq!(names(&app.get("/api/v1/domains?q=%25").await), [""; 0], "a percent sign is one");
    assert_eq!(names(&app.get("/api/v1/domains?status=verified").await), [""; 0]);

    let answer =
        app.send("PATCH", "/api/v1/domains/b.example.com", "application/json", r#"{"tags": {"x": "y"}}"#).await;
    assert_eq!((answer.status, &answer.json()["tags"]), (StatusCode::OK, &json!({"x": "y"})));
    assert_eq!(names(&app.get("/api/v1/domains?tag=first:b").await), [""; 0], "tags are replaced");
    let deleted = app.send("DELETE", "/api/v1/domains/b.example.com", "", "").await;
    assert_eq!((deleted.status, deleted.text.as_str()), (StatusCode::NO_CONTENT, ""));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_newest_first_in_pages_and_name_who_did_it() {
    let app = TestApp::start().await;
    app.post("/api/v1/domains", json!({"name": "a.example.com"})).await;
    app.publish(&app.send("GET", "/api/v1/domains/a.example.com/zone", "", "").await.text);
    app.post("/api/v1/domains/a.example.com/verify", json!({})).await;
    let all = app.get("/api/v1/domains/a.example.com/events").await;
    let all = all["data"].as_array().unwrap();
    assert_eq!(all.last().unwrap()["kind"], "created");
    let mut walked = Vec::new();
    let mut after = String::new();
    loop {
        let page = app.get(&format!("/api/v1/domains/a.example.com/events?limit=2{after}")).await;
        walked.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(&walked, all);
    for event in all {
        assert_eq!(event["by"], "token test");
        let fields: Vec<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields.len(), 8, "{fields:?}");
        assert!(event["at"].as_str().unwrap().ends_with('Z'));
    }
    assert!(all.iter().any(|event| event["kind"] == "domain_status" && event["record"].is_null()));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_ed25519_key_is_offered_and_not_required() {
    let app = TestApp::start().await;
    let body = json!({"name": "a.example.com", "dkim": {"key": "rsa-4096", "selector": "K1", "ed25519": true}});
    let (status, domain) = app.post("/api/v1/domains", body).await;
    assert_eq!(status, StatusCode::CREATED);
    let records = domain["records"].as_array().unwrap();
    let find = |key: &str| records.iter().find(|record| record["key"] == key).unwrap();
    assert_eq!(find("dkim-k1")["required"], true);
    assert!(find("dkim-k1")["value"].as_str().unwrap().len() > 700);
    assert_eq!(find("dkim-k1e")["required"], false);
    assert!(find("dkim-k1e")["value"].as_str().unwrap().starts_with("v=DKIM1; k=ed25519; p="));
    assert_eq!(domain["required"]["total"], 3);
    app.stop().await;
}

/// Whether `value` is what the schema says, as far as schemas of this description go.
fn fits(description: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let named = description.pointer(&reference[1..]).ok_or(format!("{reference} is not described"))?;
        return fits(description, named, value);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return choices.iter().find_map(|choice| fits(description, choice, value).ok()).ok_or(format!("{value}"));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is_kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|one| one == kind),
        Value::String(one) => one == kind,
        _ => true,
    };
    if !is_kind {
        return Err(format!("{value} is no {}", schema["type"]));
    }
    if let (Some(items), true) = (value.as_array(), schema["items"].is_object()) {
        items.iter().try_for_each(|item| fits(description, &schema["items"], item))?;
    }
    if let (Some(fields), Some(known)) = (value.as_object(), schema["properties"].as_object()) {
        for (name, field) in fields {
            let schema = known.get(name).ok_or(format!("{name} is not described"))?;
            fits(description, schema, field).map_err(|error| format!("{name}: {error}"))?;
        }
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        if let Some(missing) = required.iter().find(|name| !fields.contains_key(name.as_str().unwrap())) {
            return Err(format!("{missing} is missing"));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_is_what_openapi_json_describes() {
    let app = TestApp::start().await;
    app.post("/api/v1/domains", json!({"name": "a.example.com", "tags": {"a": "b"}})).await;
    let description = app.get("/api/v1/openapi.json").await;
    let schema = |method: &str, path: &str, status: &str, kind: &str| {
        let answers = &description["paths"][path][method]["responses"];
        let schema = &answers[status]["content"][kind]["schema"];
        assert!(schema.is_object(), "{method} {path} {status} {kind}: {answers}");
        schema.clone()
    };
    let one = "/api/v1/domains/{domain}";
    for (method, path, described) in [
        ("GET", "/api/v1/domains", "/api/v1/domains".to_owned()),
        ("GET", "/api/v1/domains/a.example.com", one.to_owned()),
        ("POST", "/api/v1/domains/a.example.com/verify", format!("{one}/verify")),
        ("GET", "/api/v1/domains/a.example.com/events", format!("{one}/events")),
        ("GET", "/api/v1/tokens", "/api/v1/tokens".to_owned()),
    ] {
        let answer = app.send(method, path, "", "").await;
        assert_eq!(answer.status, StatusCode::OK);
        let schema = schema(&method.to_lowercase(), &described, "200", "application/json");
        fits(&description, &schema, &answer.json()).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
    }
    let problem = app.send("POST", "/api/v1/domains", "application/json", r#"{"name": "co.uk"}"#).await;
    let described = schema("post", "/api/v1/domains", "4XX", "application/problem+json");
    fits(&description, &described, &problem.json()).unwrap();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_zone_fragment_stands_below_a_soa_and_names_its_records_absolutely() {
    let app = TestApp::start().await;
    app.publish("a IN TXT \"v=spf1 ip4:198.51.100.7 -all\"");
    app.post("/api/v1/domains", json!({"name": "a.example.com"})).await;
    let answer = app.send("GET", "/api/v1/domains/a.example.com/zone", "", "").await;
    assert!(answer.header("content-type").starts_with("text/plain"));
    let comments = answer.text.lines().filter(|line| line.starts_with(';')).collect::<Vec<_>>().join("\n");
    assert!(comments.contains("v=spf1 ip4:198.51.100.7 -all"), "which record a merged one replaces: {comments}");
    let file = std::env::temp_dir().join(format!("signet-zone-{}", uuid::Uuid::now_v7()));
    let head = "$TTL 300\n@ IN SOA ns1 hostmaster 1 3600 600 86400 300\n@ IN NS ns1\nns1 IN A 192.0.2.1\n";
    std::fs::write(&file, format!("{head}{}", answer.text)).unwrap();
    let checked = std::process::Command::new("named-checkzone").arg("example.com").arg(&file).output();
    std::fs::remove_file(&file).unwrap();
    match checked {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(_) => eprintln!("skipped in part: named-checkzone is not installed"),
    }
    app.publish(&answer.text);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_answers_with_what_was_saved() {
    let app = TestApp::start().await;
    app.publish("mail IN TXT \"v=spf1 ip4:198.51.100.1 -all\"\nmail IN MX 10 mx.example.net.\n_dmarc IN TXT \"v=DMARC1; p=reject\"");
    for name in ["mail.example.com", "other.example.com"] {
        let body = json!({"name": name, "dkim": {"ed25519": true}, "tags": {"customer": "7"}});
        let (status, created) = app.post("/api/v1/domains", body).await;
        assert_eq!(status, StatusCode::CREATED, "{created}");
        assert!(created["next_check_at"].is_string() && created["last_checked_at"].is_string(), "{created}");
        assert_eq!(created, app.get(&format!("/api/v1/domains/{name}")).await);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_out_of_dns_is_data_on_every_page() {
    let app = TestApp::start().await;
    let evil = "v=spf1 <script>alert(1)</script> \\\" onload=x -all";
    app.publish(&format!("a IN TXT \"{evil}\"\n_dmarc.a IN TXT \"v=DMARC1; p=<img src=x>\""));
    app.post("/api/v1/domains", json!({"name": "a.example.com", "tags": {"<b x>": "<i x>"}})).await;
    let browser = app.signed_in().await;
    for path in ["", "/records/spf", "/records/dmarc", "/events", "/delete"] {
        let page = browser.open(&format!("/domains/a.example.com{path}")).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        for markup in ["<script>alert", "<img src=x", "<b x>", "<i x>"] {
            assert!(!page.text.contains(markup), "{path}: {markup}");
        }
        assert!(page.headers.values().all(|value| !value.as_bytes().windows(5).any(|part| part == b"alert")), "{path}");
    }
    let page = browser.open("/domains/a.example.com/records/spf").await;
    assert!(page.text.contains("alert(1)"), "it is shown, as text");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_is_in_no_answer_and_no_page() {
    let app = TestApp::start().await;
    let (_, domain) = app.post("/api/v1/domains", json!({"name": "a.example.com"})).await;
    let selector = domain["records"][0]["key"].as_str().unwrap().trim_start_matches("dkim-").parse::<String>().unwrap();
    let (sealed,): (Vec<u8>,) = sqlx::query_as("SELECT sealed FROM dkim_keys").fetch_one(&app.pool).await.unwrap();
    let name = signet::records::DomainName::parse("a.example.com").unwrap();
    let selector = signet::records::Selector::parse(&selector).unwrap();
    let opened = signet::seal::Sealer::new(&[7; 32]).open(&name, &selector, &sealed).unwrap();
    let pair = aws_lc_rs::rsa::KeyPair::from_pkcs8(&opened).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    // The middle of it, whichever way it is cut into lines and whichever envelope it stands in.
    let pieces: Vec<String> = (300..303).map(|at| STANDARD.encode(&der.as_ref()[at..at + 30])).collect();
    let hex: String = der.as_ref()[300..330].iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!sealed.windows(30).any(|part| part == &der.as_ref()[300..330]), "it is sealed");
    let browser = app.signed_in().await;
    let mut seen = String::new();
    let one = "/domains/a.example.com";
    for path in ["/domains", one, &format!("{one}/events"), &format!("{one}/zone"), &format!("{one}/records/spf")] {
        seen += &browser.open(path).await.text;
    }
    seen += &browser.open(&format!("{one}/records/dkim-{selector}")).await.text;
    for path in ["", "/events", "/zone"] {
        seen += &app.send("GET", &format!("/api/v1{one}{path}"), "", "").await.text;
    }
    seen += &app.send("GET", "/api/v1/openapi.json", "", "").await.text;
    seen += &browser.open("/metrics").await.text;
    assert!(seen.contains("k=rsa; p=") && seen.len() > 10_000);
    assert!(!seen.contains(&hex) && pieces.iter().all(|piece| !seen.contains(piece)));
    assert!(!seen.contains("PRIVATE KEY"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_orchestrators_ask_needs_no_token_and_tells_nothing_of_a_domain() {
    let app = TestApp::start().await;
    app.post("/api/v1/domains", json!({"name": "private.example.com"})).await;
    app.get("/api/v1/domains/private.example.com").await;
    let browser = app.browser();
    for path in ["/healthz", "/readyz", "/metrics"] {
        let answer = browser.open(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(!answer.text.contains("example.com"), "{path}");
    }
    assert!(browser.open("/metrics").await.text.contains("/api/v1/domains/{domain}"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_api_tells_every_call_that_its_description_has() {
    let app = TestApp::start().await;
    let description = app.get("/api/v1/openapi.json").await;
    let page = app.browser().open("/api/docs").await;
    assert_eq!(page.status, StatusCode::OK);
    let heads = crate::browser::text_of(&page.text, ".call h2");
    let mut count = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            assert!(heads.contains(&format!("{} {path}", method.to_uppercase())), "{method} {path}: {heads}");
            count += 1;
        }
    }
    assert!(count >= 13, "{count}");
    let said = crate::browser::text_of(&page.text, ".call");
    assert!(said.contains("curl -X POST http://127.0.0.1/api/v1/domains -H"), "{said}");
    assert!(said.contains("records.findings.suggested_value"), "fields are told with what they stand in: {said}");
    app.stop().await;
}
