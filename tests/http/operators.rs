//! What operators see: `/metrics` of the running program, and whether dashboard and alert rules speak of nothing else;
//! the page of administrators; the log.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use serde_json::{Value, json};
use signet::dns::zone_world::World;
use signet::records::Selector;
use signet::seal::Sealer;
use signet::store::embedded::Embedded;
use sqlx::Connection;
use yaml_rust2::YamlLoader;

use crate::browser::{Browser, text_of};
use crate::program::{Directory, Program, run, settings, token};
use crate::server::{EMAIL, PASSWORD, TestApp, WORLD};

/// Sample names with the values that each label has.
type Exported = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Reads Prometheus text.
fn read_metrics(text: &str) -> Exported {
    let mut exported = Exported::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let held = exported.entry(name.to_owned()).or_default();
        for (label, value) in matchers(labels.trim_end_matches('}')) {
            held.entry(label).or_default().insert(value);
        }
    }
    exported
}

/// `a="x",b=~"y"` as names and values.
fn matchers(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('"') {
        let (value, after) = after.split_once('"').unwrap_or_else(|| panic!("{text}"));
        let name = name.trim_matches(|c: char| " ,=~!\n".contains(c));
        found.push((name.to_owned(), value.to_owned()));
        rest = after;
    }
    found
}

/// Metrics that Prometheus makes itself.
const OF_PROMETHEUS: [&str; 1] = ["up"];

/// What is wrong with an expression: metrics and labels that nobody exports.
fn unknowns(expression: &str, exported: &Exported) -> Vec<String> {
    let mut wrong = Vec::new();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut known_labels = BTreeSet::new();
    let mut rest = expression;
    while let Some(at) = rest.find(is_word) {
        let word: &str = &rest[at..][..rest[at..].find(|c| !is_word(c)).unwrap_or(rest.len() - at)];
        rest = &rest[at + word.len()..];
        if !word.starts_with("signet_") {
            continue;
        }
        let Some(labels) = exported.get(word) else {
            wrong.push(format!("{word} is not exported"));
            continue;
        };
        known_labels.extend(labels.keys().map(String::as_str));
        let asked = rest.strip_prefix('{').and_then(|after| after.split_once('}')).map_or("", |(inside, _)| inside);
        for (label, value) in matchers(asked) {
            let Some(values) = labels.get(&label) else {
                wrong.push(format!("{word} has no label {label}"));
                continue;
            };
            let is_plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "-_|".contains(c));
            let unseen = value.split('|').find(|one| !values.contains(*one));
            if let (true, Some(unseen)) = (is_plain, unseen) {
                wrong.push(format!("{word} has no {label} {unseen}"));
            }
        }
    }
    let grouped = expression.split("by (").skip(1).filter_map(|after| after.split_once(')'));
    for label in grouped.flat_map(|(labels, _)| labels.split(',')).map(str::trim) {
        if !known_labels.contains(label) {
            wrong.push(format!("nothing in {expression} has a label {label}"));
        }
    }
    wrong
}

/// Expressions with the labels that their legend or text names.
fn expressions_of_dashboard() -> Vec<(String, Vec<String>)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/grafana-dashboard.json");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let told = |target: &Value| {
        let legend = target["legendFormat"].as_str().unwrap();
        let labels = legend.split("{{").skip(1).map(|part| part.split("}}").next().unwrap().trim().to_owned());
        (target["expr"].as_str().unwrap().to_owned(), labels.collect())
    };
    targets.map(told).collect()
}

fn expressions_of_rules() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus-rules.yml");
    let text = std::fs::read_to_string(file).unwrap();
    let rules = &YamlLoader::load_from_str(&text).unwrap()[0];
    let groups = rules["groups"].as_vec().unwrap();
    let rules: Vec<_> = groups.iter().flat_map(|group| group["rules"].as_vec().unwrap()).collect();
    for rule in &rules {
        for text in ["summary", "description"] {
            assert!(rule["annotations"][text].as_str().is_some_and(|text| text.len() > 10), "{rule:?}");
        }
        assert!(["warning", "critical"].contains(&rule["labels"]["severity"].as_str().unwrap()), "{rule:?}");
    }
    rules.iter().map(|rule| rule["expr"].as_str().unwrap().to_owned()).collect()
}

/// A program that has done a little of everything.
async fn busy_program(directory: &Directory, world: &World) -> Program {
    let settings = settings(&directory.0, world);
    let program = Program::start(&settings).await;
    let token = token(&settings).await;
    let create = reqwest::Client::new().post(format!("{}/api/v1/domains", program.base)).bearer_auth(&token);
    create.json(&json!({"name": "private.example.com"})).send().await.unwrap();
    let file = directory.0.join("backup").display().to_string();
    assert!(run(&["backup", &file], &settings).await.status.success());
    program
}

async fn metrics(program: &Program) -> String {
    reqwest::get(format!("{}/metrics", program.base)).await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn dashboard_and_rules_speak_of_what_the_program_exports() {
    let (directory, world) = (Directory::new(), World::start(WORLD).await.unwrap());
    let program = busy_program(&directory, &world).await;
    // The sweep reads its gauges now and then, and the domains are counted behind the scenes.
    let mut text = metrics(&program).await;
    let began = std::time::Instant::now();
    while !text.contains("signet_domains{status=\"pending\"} 1") || !text.contains("\nsignet_last_backup_timestamp") {
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "{text}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        text = metrics(&program).await;
    }
    program.stop().await;
    let exported = read_metrics(&text);
    assert!(!text.contains("example.com") && !text.contains("private"), "{text}");
    assert!(exported["signet_build_info"]["version"].contains(env!("CARGO_PKG_VERSION")));
    for name in exported.keys() {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let is_typed = [name, family].iter().any(|name| text.contains(&format!("# TYPE {name} ")));
        assert!(name.starts_with("signet_") && is_typed, "{name}");
    }
    let mut wrong = Vec::new();
    for (expression, labels) in expressions_of_dashboard() {
        wrong.extend(unknowns(&expression, &exported));
        let groups = expression.split("by (").skip(1).filter_map(|after| after.split_once(')')).map(|(group, _)| group);
        let grouped: BTreeSet<&str> = groups.flat_map(|group| group.split(',')).map(str::trim).collect();
        wrong.extend(labels.into_iter().filter(|label| !grouped.contains(label.as_str())));
    }
    for expression in expressions_of_rules() {
        let has_metric = expression.contains("signet_") || OF_PROMETHEUS.iter().any(|name| expression.contains(name));
        assert!(has_metric, "{expression}");
        wrong.extend(unknowns(&expression, &exported));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    check_with_promtool();
}

fn check_with_promtool() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus-rules.yml");
    match std::process::Command::new("promtool").args(["check", "rules"]).arg(file).output() {
        Ok(checked) => assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr)),
        Err(_) => eprintln!("skipped in part: promtool is not installed"),
    }
}

#[test]
fn a_planted_wrong_name_or_label_is_found() {
    let text = "# TYPE a gauge\nsignet_a{x=\"1\",y=\"2\"} 1\nsignet_b 2\n";
    let exported = read_metrics(text);
    for (expression, count) in [
        ("sum by (x) (rate(signet_a{y=\"2\"}[5m]))", 0),
        ("signet_a{x=~\"1|1\"} / signet_b", 0),
        ("signet_c", 1),
        ("signet_a{z=\"1\"}", 1),
        ("signet_a{x=~\"1|7\"}", 1),
        ("sum by (z) (signet_a)", 1),
        ("sum by (x) (signet_b)", 1),
        ("signet_c + signet_d{x=\"1\"}", 2),
    ] {
        assert_eq!(unknowns(expression, &exported).len(), count, "{expression}: {:?}", unknowns(expression, &exported));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_read_how_the_console_is_doing_and_others_do_not() {
    let (directory, world) = (Directory::new(), World::start(WORLD).await.unwrap());
    let program = busy_program(&directory, &world).await;
    let browser = Browser::new(&program.base);
    browser.submit("/login", &[("email", EMAIL), ("password", PASSWORD)]).await;
    let page = browser.open("/settings/health").await;
    assert_eq!(page.status, StatusCode::OK);
    let told = text_of(&page.text, "#health");
    for text in ["Background verifier", &world.resolver.to_string(), "PostgreSQL", "The last one was made"] {
        assert!(told.contains(text), "{text}: {told}");
    }
    assert!(!told.contains("example.com"), "{told}");
    program.stop().await;

    let app = TestApp::start().await;
    app.token_of("plain@example.net").await;
    let plain = app.browser();
    plain.submit("/login", &[("email", "plain@example.net"), ("password", PASSWORD)]).await;
    assert_eq!(plain.open("/settings/health").await.status, StatusCode::FORBIDDEN);
    assert!(!plain.open("/settings/tokens").await.text.contains("/settings/health"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_a_line_of_the_log_with_its_id_and_route_and_no_name() {
    let (directory, world) = (Directory::new(), World::start(WORLD).await.unwrap());
    let program = busy_program(&directory, &world).await;
    let path = "/domains/secret-name.example.com?token=hunter2";
    let id = Browser::new(&program.base).open(path).await.header("x-request-id").to_owned();
    let log = program.stop().await;
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(&id)).collect();
    assert_eq!(lines.len(), 1, "{log}");
    for part in ["route=\"/domains/{domain}\"", "method=GET", "status=303", "took_ms="] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
    assert!(!log.contains("hunter2") && !log.contains("secret-name"), "{log}");
}

/// Texts by which the private half of a domain's key would be known, whichever way it is cut or written.
async fn traces_of_private_key(directory: &Directory) -> Vec<String> {
    let database = Embedded::attach(&directory.0).await.unwrap();
    let mut connection = sqlx::PgConnection::connect_with(&database.options()).await.unwrap();
    let kept = "SELECT domains.name::text, dkim_keys.selector, dkim_keys.sealed
                FROM dkim_keys JOIN domains ON domains.id = dkim_keys.domain_id";
    let (name, selector, sealed): (String, String, Vec<u8>) =
        sqlx::query_as(kept).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    database.stop().await;
    let sealer = Sealer::load(&directory.0).unwrap().unwrap();
    let opened = sealer.open(&name.parse().unwrap(), &Selector::parse(&selector).unwrap(), &sealed).unwrap();
    let middle = &opened[opened.len() / 2..][..30];
    let hex: String = middle.iter().map(|byte| format!("{byte:02x}")).collect();
    let bytes: Vec<String> = middle.iter().map(ToString::to_string).collect();
    let cut = (0..3).map(|at| STANDARD.encode(&opened[opened.len() / 2 + at..][..30]));
    let sealed_hex: String = sealed[30..60].iter().map(|byte| format!("{byte:02x}")).collect();
    cut.chain([hex, bytes.join(", "), STANDARD.encode(&sealed[30..60]), sealed_hex]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_password_token_or_cookie_is_in_the_log_of_a_whole_run() {
    let (directory, world) = (Directory::new(), World::start(WORLD).await.unwrap());
    let mut settings = settings(&directory.0, &world);
    settings.insert("RUST_LOG".into(), "debug".into());
    let program = Program::start(&settings).await;
    let token = token(&settings).await;
    let call = |method: reqwest::Method, path: &str, body: Value| {
        let request = reqwest::Client::new().request(method, format!("{}/api/v1{path}", program.base));
        request.bearer_auth(&token).json(&body).send()
    };
    let post = reqwest::Method::POST;
    let made = call(post.clone(), "/tokens", json!({"name": "ci"})).await.unwrap().json::<Value>().await.unwrap();
    call(post.clone(), "/domains", json!({"name": "mail.example.com"})).await.unwrap();
    call(post.clone(), "/domains/mail.example.com/verify", json!({})).await.unwrap();
    call(post, "/domains", json!({"name": "unreadable.example.com", "dkim": {"selector": "-"}})).await.unwrap();
    let browser = Browser::new(&program.base);
    browser.submit("/login", &[("email", EMAIL), ("password", "a wrong password")]).await;
    let signed_in = browser.submit("/login", &[("email", EMAIL), ("password", PASSWORD)]).await;
    let cookie = signed_in.header("set-cookie").split(['=', ';']).nth(1).unwrap().to_owned();
    let new = "another horse battery";
    for path in ["/domains", "/domains/mail.example.com", "/domains/mail.example.com/records/spf", "/settings/health"] {
        assert_eq!(browser.open(path).await.status, StatusCode::OK, "{path}");
    }
    browser.open("/setup?token=setup-secret").await;
    browser.submit("/settings/password", &[("old", PASSWORD), ("new", new)]).await;
    let log = program.stop().await;
    assert!(log.lines().count() > 20 && log.contains("DEBUG"), "{log}");

    let mut secrets = traces_of_private_key(&directory).await;
    let key = std::fs::read_to_string(directory.0.join("secret.key")).unwrap();
    let made = made["secret"].as_str().unwrap().to_owned();
    secrets.extend([key.trim().to_owned(), token, made, cookie, PASSWORD.into(), new.into()]);
    secrets.extend(["a wrong password", "setup-secret", "PRIVATE KEY", "$argon2id"].map(str::to_owned));
    let told: Vec<_> = secrets.iter().filter(|secret| log.contains(secret.as_str())).collect();
    assert!(told.is_empty(), "{told:?}");
}
