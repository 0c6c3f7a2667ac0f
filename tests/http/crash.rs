//! kill -9, of the program and of its database, in the middle of work: nothing acknowledged is lost, nothing is
//! half-made, and what still runs goes on by itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Client;
use serde_json::{Value, json};
use signet::dns::zone_world::World;
use signet::store;
use signet::store::embedded::Embedded;
use tokio::task::JoinSet;

use crate::program::{Directory, Program, settings, token};
use crate::server::WORLD;

/// Creates a domain and verifies it; the name, once the creation is acknowledged.
async fn create_and_verify(client: Client, base: String, token: String, name: String) -> Option<String> {
    let create = client.post(format!("{base}/api/v1/domains")).bearer_auth(&token).json(&json!({ "name": name }));
    let created = create.send().await.ok()?;
    if created.status() != 201 {
        return None;
    }
    // Acknowledged as soon as the status line is there; what follows may be cut off.
    let verify = client.post(format!("{base}/api/v1/domains/{name}/verify")).bearer_auth(&token);
    verify.send().await.ok();
    Some(name)
}

async fn list(base: &str, token: &str) -> BTreeMap<String, Value> {
    let answer = Client::new().get(format!("{base}/api/v1/domains?limit=200")).bearer_auth(token).send().await.unwrap();
    let page: Value = answer.json().await.unwrap();
    let name = |domain: &Value| domain["name"].as_str().unwrap().to_owned();
    page["data"].as_array().unwrap().iter().map(|domain| (name(domain), domain.clone())).collect()
}

/// A domain has its key, its first event, and counts that agree with its records.
async fn check_whole(base: &str, token: &str, name: &str) {
    let get = async |path: String| -> Value {
        Client::new().get(format!("{base}{path}")).bearer_auth(token).send().await.unwrap().json().await.unwrap()
    };
    let domain = get(format!("/api/v1/domains/{name}")).await;
    let records = domain["records"].as_array().unwrap();
    assert!(records.iter().any(|record| record["purpose"] == "dkim"), "{name} has no key");
    let checked: Vec<bool> = records.iter().map(|record| record["checked_at"].is_string()).collect();
    assert!(checked.iter().all(|is_checked| *is_checked == checked[0]), "{name} is checked by half: {domain:#}");
    assert_eq!(checked[0], domain["last_checked_at"].is_string(), "{name}: {domain:#}");
    let events = get(format!("/api/v1/domains/{name}/events?limit=200")).await;
    let created = events["data"].as_array().unwrap().iter().filter(|event| event["kind"] == "created").count();
    assert_eq!(created, 1, "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_of_a_hundred_creates_and_verifies_loses_nothing_acknowledged() {
    let (directory, world) = (Directory::new(), World::start(WORLD).await.unwrap());
    let settings = settings(&directory.0, &world);
    let program = Program::start(&settings).await;
    let token = token(&settings).await;
    let client = Client::new();
    let mut work = JoinSet::new();
    for n in 0..100 {
        let (base, token) = (program.base.clone(), token.clone());
        work.spawn(create_and_verify(client.clone(), base, token, format!("d{n:03}.example.com")));
    }
    // In the middle: some are done, the others are not.
    let mut acknowledged = Vec::new();
    while acknowledged.len() < 20 {
        acknowledged.extend(work.join_next().await.expect("twenty succeed").unwrap());
    }
    program.kill().await;
    while let Some(name) = work.join_next().await {
        acknowledged.extend(name.unwrap());
    }
    assert!(acknowledged.len() < 100, "the kill came too late to show anything");

    let program = Program::start(&settings).await;
    let (base, took) = (program.base.clone(), program.start_took);
    let kept = list(&base, &token).await;
    for name in &acknowledged {
        assert!(kept.contains_key(name), "{name} was acknowledged and is gone");
    }
    for name in kept.keys() {
        check_whole(&base, &token, name).await;
    }
    program.stop().await;
    assert!(took < Duration::from_secs(3), "ready after {took:?}");
}

/// The processes of the server at `data_dir`: the postmaster, and one backend of ours.
fn server_processes(data_dir: &Path) -> Option<(Pid, Pid)> {
    let text = std::fs::read_to_string(data_dir.join("postgres/data/postmaster.pid")).ok()?;
    let postmaster: i32 = text.lines().next()?.parse().ok()?;
    let children = std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).ok()?;
    let is_backend = |pid: &&str| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("signet postgres [local]")
    };
    let backend = children.split_whitespace().find(is_backend)?;
    Some((Pid::from_raw(postmaster), Pid::from_raw(backend.parse().ok()?)))
}

/// What it answers while its database is away is 503, on pages and in the API, and nothing else. A server that was
/// quicker to come back than the question answers it, with what was acknowledged: `kept`.
async fn check_unavailable(program: &Program, token: &str, kept: &str) {
    let client = Client::new();
    let answer = client.get(format!("{}/api/v1/domains", program.base)).bearer_auth(token).send().await.unwrap();
    if answer.status() == 200 {
        let page: Value = answer.json().await.unwrap();
        assert!(page["data"].as_array().unwrap().iter().any(|domain| domain["name"] == kept), "{page:#}");
        return;
    }
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let page = client.get(format!("{}/domains", program.base)).header("cookie", "signet_session=x");
    let page = page.send().await.unwrap();
    match page.status().as_u16() {
        503 => assert!(page.text().await.unwrap().contains("The database does not answer")),
        // It is back: nobody is signed in by that cookie.
        status => assert!([200, 303].contains(&status), "{status}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_backend_or_postmaster_is_a_503_and_then_it_goes_on_by_itself() {
    let (directory, world) = (Directory::new(), World::start(WORLD).await.unwrap());
    let settings = settings(&directory.0, &world);
    let program = Program::start(&settings).await;
    let token = token(&settings).await;
    let create = |name: &str| {
        let url = format!("{}/api/v1/domains", program.base);
        Client::new().post(url).bearer_auth(&token).json(&json!({ "name": name })).send()
    };
    assert_eq!(create("before.example.com").await.unwrap().status(), 201);
    for is_postmaster in [false, true] {
        let Some((postmaster, backend)) = server_processes(&directory.0) else { panic!("the server is not found") };
        kill(if is_postmaster { postmaster } else { backend }, Signal::SIGKILL).unwrap();
        check_unavailable(&program, &token, "before.example.com").await;
        program.until_status("/readyz", 200).await;
        let name = format!("after-{is_postmaster}.example.com");
        assert_eq!(create(&name).await.unwrap().status(), 201);
        let kept = list(&program.base, &token).await;
        assert!(kept.contains_key("before.example.com") && kept.contains_key(&name));
    }
    let log = program.stop().await;
    assert!(!log.contains("panicked"), "{log}");
    assert!(log.contains("PostgreSQL has died"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_is_503_until_it_is_back() {
    let (directory, other, world) = (Directory::new(), Directory::new(), World::start(WORLD).await.unwrap());
    let database = Embedded::start(&other.0).await.unwrap();
    let mut settings = settings(&directory.0, &world);
    settings.insert("DATABASE_URL".into(), database.url());
    settings.insert("SIGNET_SECRET_KEY".into(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into());
    let program = Program::start(&settings).await;
    let token = token(&settings).await;
    assert_eq!(program.status("/readyz").await, 200);

    database.stop().await;
    assert_eq!(program.status("/readyz").await, 503);
    assert_eq!(program.status("/healthz").await, 200);
    let client = Client::new();
    let answer = client.get(format!("{}/api/v1/domains", program.base)).bearer_auth(&token).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let page = client.get(format!("{}/domains", program.base)).header("cookie", "signet_session=x").send().await;
    let page = page.unwrap();
    assert_eq!(page.status(), 503);
    assert!(page.text().await.unwrap().contains("The database does not answer"));

    let database = Embedded::start(&other.0).await.unwrap();
    program.until_status("/readyz", 200).await;
    assert!(list(&program.base, &token).await.is_empty());
    let log = program.stop().await;
    assert!(!log.contains("panicked"), "{log}");
    assert!(!directory.0.join("postgres").exists(), "no private cluster beside DATABASE_URL");
    database.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_a_503_and_room_on_it_is_enough_to_go_on() {
    let (directory, world) = (Directory::new(), World::start(WORLD).await.unwrap());
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=160m", "tmpfs"])
        .arg(&directory.0)
        .output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: a small disk can be mounted by root alone, and not in every container");
        return;
    }
    let settings = settings(&directory.0, &world);
    let program = Program::start(&settings).await;
    let token = token(&settings).await;
    let filler = directory.0.join("filler");
    fill(&filler);
    let status = program.status("/readyz").await;
    // Writes fail as soon as they need room; the first few may still find some.
    let client = Client::new();
    let mut answers = Vec::new();
    for n in 0..30 {
        let create = client.post(format!("{}/api/v1/domains", program.base)).bearer_auth(&token);
        let tags = json!({"filler": "x".repeat(256)});
        let body = json!({"name": format!("d{n}.example.com"), "tags": tags});
        answers.push(create.json(&body).send().await.unwrap().status().as_u16());
    }
    let freed = std::fs::remove_file(&filler);
    let began = Instant::now();
    program.until_status("/readyz", 200).await;
    let recovered = began.elapsed();
    let create = client.post(format!("{}/api/v1/domains", program.base)).bearer_auth(&token);
    let after = create.json(&json!({"name": "after.example.com"})).send().await.unwrap().status();
    let log = program.stop().await;
    std::process::Command::new("umount").arg(&directory.0).status().unwrap();
    freed.unwrap();
    assert_eq!(status, 503);
    assert!(answers.iter().all(|status| [201, 503].contains(status)), "{answers:?}");
    assert!(answers.contains(&503), "{answers:?}");
    assert_eq!(after, 201);
    assert!(!log.contains("panicked"), "{log}");
    assert!(recovered < Duration::from_secs(30), "{recovered:?}");
}

/// Writes until nothing more fits.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    for size in [1 << 20, 4096] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_one_data_directory_is_refused_by_name_and_commands_still_work() {
    let (directory, world) = (Directory::new(), World::start(WORLD).await.unwrap());
    let settings = settings(&directory.0, &world);
    let program = Program::start(&settings).await;
    let second = crate::program::run(&["serve"], &settings).await;
    let line = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(line.contains("another signet") && line.contains(&program.pid().to_string()), "{line}");
    let list = crate::program::run(&["user", "list"], &settings).await;
    assert!(String::from_utf8(list.stdout).unwrap().starts_with(crate::server::EMAIL));
    assert!(crate::program::run(&["migrate"], &settings).await.status.success());
    assert_eq!(program.status("/readyz").await, 200, "commands leave the server alone");
    program.stop().await;
    let list = crate::program::run(&["user", "list"], &settings).await;
    assert!(list.status.success(), "and work without one");
    assert!(store::options("nonsense").is_err());
}
