//! `signet backup` and `signet restore` at the real program: out of the embedded database, into one's own.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use reqwest::Client;
use serde_json::{Value, json};
use signet::dns::zone_world::World;
use signet::records::OwnerName;
use signet::store::embedded::Embedded;

use crate::program::{Directory, Program, run, settings, token};
use crate::server::WORLD;

type Settings = BTreeMap<String, String>;

/// How a command ended, and what it said.
async fn outcome(arguments: &[&str], settings: &Settings) -> (Option<i32>, String) {
    let ended = run(arguments, settings).await;
    let said = [ended.stdout, ended.stderr].concat();
    (ended.status.code(), String::from_utf8(said).unwrap())
}

fn with(settings: &Settings, pairs: &[(&str, &str)]) -> Settings {
    let mut settings = settings.clone();
    settings.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    settings
}

/// What the API says of a domain.
async fn call(method: reqwest::Method, base: &str, token: &str, path: &str, body: Value) -> (u16, Value) {
    let request = Client::new().request(method, format!("{base}/api/v1{path}")).bearer_auth(token);
    let answer = request.json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// A server with one verified domain; its settings, a token, and the domain.
async fn console(directory: &Path, world: &World) -> (Program, Settings, String, Value) {
    let settings = settings(directory, world);
    let program = Program::start(&settings).await;
    let token = token(&settings).await;
    let post = reqwest::Method::POST;
    call(post.clone(), &program.base, &token, "/domains", json!({"name": "mail.example.com"})).await;
    let zone = Client::new().get(format!("{}/api/v1/domains/mail.example.com/zone", program.base));
    let zone = zone.bearer_auth(&token).send().await.unwrap().text().await.unwrap();
    world.set_zone(&OwnerName::new("example.com"), &zone, &[]).unwrap();
    let (_, domain) = call(post, &program.base, &token, "/domains/mail.example.com/verify", json!({})).await;
    assert_eq!(domain["status"], "verified", "{domain:#}");
    (program, settings, token, domain)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_moves_from_the_embedded_database_to_ones_own() {
    let (directory, other, world) = (Directory::new(), Directory::new(), World::start(WORLD).await.unwrap());
    let (program, source, token, domain) = console(&directory.0, &world).await;
    let file = directory.0.join("signet.backup");
    let name = file.display().to_string();
    for _ in 0..2 {
        let (code, said) = outcome(&["backup", &name], &source).await;
        assert_eq!(code, Some(0), "{said}");
    }
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let beside = std::fs::read_dir(&directory.0).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(beside.filter(|name| name.to_string_lossy().contains("signet.backup")).count() == 1, "no draft is left");
    program.stop().await;

    let key = std::fs::read_to_string(directory.0.join("secret.key")).unwrap();
    let database = Embedded::start(&other.0).await.unwrap();
    let target = with(&source, &[("DATABASE_URL", &database.url()), ("SIGNET_SECRET_KEY", key.trim())]);
    let (code, said) = outcome(&["restore", &name], &target).await;
    assert_eq!(code, Some(0), "{said}");
    let program = Program::start(&target).await;
    let get = reqwest::Method::GET;
    let (_, moved) = call(get, &program.base, &token, "/domains/mail.example.com", json!({})).await;
    assert_eq!((&moved["status"], &moved["records"]), (&domain["status"], &domain["records"]));
    let post = reqwest::Method::POST;
    let (_, again) = call(post, &program.base, &token, "/domains/mail.example.com/verify", json!({})).await;
    assert_eq!(again["status"], "verified");

    let (code, said) = outcome(&["restore", &name], &target).await;
    assert_eq!(code, Some(1), "it is not empty any more: {said}");
    assert!(said.contains("not empty") && said.contains("domains"), "{said}");
    program.stop().await;
    database.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_file_or_key_is_refused_and_nothing_is_made() {
    let (directory, other, world) = (Directory::new(), Directory::new(), World::start(WORLD).await.unwrap());
    let (program, source, _, _) = console(&directory.0, &world).await;
    let name = directory.0.join("signet.backup").display().to_string();
    assert_eq!(outcome(&["backup", &name], &source).await.0, Some(0));
    let (code, said) = outcome(&["restore", &name], &source).await;
    assert_eq!((code, said.contains("another signet")), (Some(1), true), "{said}");
    program.stop().await;

    let target = with(&source, &[("SIGNET_DATA_DIR", &other.0.join("new").display().to_string())]);
    let whole = std::fs::read(&name).unwrap();
    let (code, said) = outcome(&["restore", &name], &target).await;
    assert_eq!(code, Some(2), "there is no key: {said}");
    assert!(said.contains("SIGNET_SECRET_KEY is not set") && said.contains("secret.key"), "{said}");
    let wrong = with(&target, &[("SIGNET_SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")]);
    let (code, said) = outcome(&["restore", &name], &wrong).await;
    assert_eq!(code, Some(2), "it is another key: {said}");
    assert!(said.starts_with("signet: SIGNET_SECRET_KEY holds the key ") && said.lines().count() == 1, "{said}");
    assert!(!said.contains("AAEC"), "{said}");

    let key = std::fs::read_to_string(directory.0.join("secret.key")).unwrap();
    let right = with(&target, &[("SIGNET_SECRET_KEY", key.trim())]);
    let middle = whole.len() / 2;
    let flipped: Vec<u8> =
        whole.iter().enumerate().map(|(at, byte)| if at == middle { byte ^ 1 } else { *byte }).collect();
    let mut newer = whole.clone();
    newer[14] = 9;
    for (bytes, reason) in [
        (&flipped[..], "damaged"),
        (&whole[..whole.len() - 1], "damaged"),
        (&newer, "newer"),
        (b"PGDMP", "not a backup"),
        (b"", "not a backup"),
    ] {
        let bad = directory.0.join("bad");
        std::fs::write(&bad, bytes).unwrap();
        let (code, said) = outcome(&["restore", &bad.display().to_string()], &right).await;
        assert_eq!((code, said.contains(reason)), (Some(1), true), "{said}");
    }
    let (code, _) = outcome(&["restore", "/nowhere/signet.backup"], &right).await;
    assert_eq!(code, Some(1));
    assert!(!other.0.join("new").exists(), "nothing was made");

    let (code, said) = outcome(&["restore", &name], &right).await;
    assert_eq!(code, Some(0), "{said}");
    let (code, users) = outcome(&["user", "list"], &right).await;
    assert!(code == Some(0) && users.starts_with(crate::server::EMAIL), "{users}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_replaces_no_device_and_a_failed_one_leaves_the_former() {
    let (directory, world) = (Directory::new(), World::start(WORLD).await.unwrap());
    let (program, source, _, _) = console(&directory.0, &world).await;
    let former = directory.0.join("former");
    std::fs::write(&former, "former").unwrap();
    program.stop().await;
    for (target, code) in [("/dev/null", 1), ("/nowhere/file", 1)] {
        let (ended, said) = outcome(&["backup", target], &source).await;
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains(target), "{said}");
    }
    let elsewhere = directory.0.join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::copy(directory.0.join("secret.key"), elsewhere.join("secret.key")).unwrap();
    let nothing = with(&source, &[("SIGNET_DATA_DIR", &elsewhere.display().to_string())]);
    let (ended, said) = outcome(&["backup", &former.display().to_string()], &nothing).await;
    assert_eq!((ended, said.contains("nothing to back up")), (Some(1), true), "{said}");
    assert_eq!(std::fs::read_to_string(&former).unwrap(), "former");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_does_not_open_what_is_sealed_ends_the_start_with_2() {
    let (directory, world) = (Directory::new(), World::start(WORLD).await.unwrap());
    let (program, settings, _, _) = console(&directory.0, &world).await;
    program.stop().await;
    let wrong = with(&settings, &[("SIGNET_SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")]);
    let (code, said) = outcome(&["serve"], &wrong).await;
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("signet: ")).collect();
    assert_eq!((code, lines.len()), (Some(2), 1), "{said}");
    assert!(lines[0].starts_with("signet: SIGNET_SECRET_KEY holds the key "), "{said}");
    std::fs::remove_file(directory.0.join("secret.key")).unwrap();
    let (code, said) = outcome(&["serve"], &settings).await;
    assert_eq!((code, said.contains("SIGNET_SECRET_KEY is not set, and")), (Some(2), true), "{said}");
    assert!(!directory.0.join("secret.key").exists(), "no new key is made beside what another one sealed");
}
