//! `signet check` in each world: the same first sentences as the page, the exit status of the contract, 80 columns.

use std::process::Output;
use std::sync::Arc;

use serde_json::Value;
use signet::diagnosis::{Diagnosis, RecordDiagnosis, wording};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::world::{self, BrokenWorld, Served};

const MAX_SERVED: usize = 6;
const COLUMNS: usize = 80;

/// What hangs on a return path, which the program is not told of.
const NEEDS_THE_PROFILE: &str = "dmarc-strict-alignment";

/// What can be said of a key record only by whoever knows the key.
const NEEDS_THE_KEY: &[&str] = &[
    "dkim-key-mismatch",
    "dkim-key-truncated",
    "dkim-key-malformed",
    "dkim-multiple",
    "dkim-wrong-type",
    "name-doubled",
    "wrong-host",
    "wildcard",
    "value-quoted",
    "value-whitespace",
    "value-pem",
];

async fn check(world: &BrokenWorld, served: &Served, arguments: &[&str]) -> Output {
    let selectors = world.selectors.iter().map(|selector| format!("--selector={selector}"));
    let resolvers: Vec<String> = served.settings.resolvers.iter().map(ToString::to_string).collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_signet"));
    command.arg("check").arg(world.plan.domain.as_str()).args(selectors).args(arguments).env_clear();
    command.env("SIGNET_DNS_RESOLVERS", resolvers.join(","));
    command.env("SIGNET_DNS_AUTHORITY_PORT", served.settings.authority_port.to_string());
    command.env("SIGNET_DNS_ALLOW_PRIVATE", "true");
    command.envs(world.settings.iter().map(|(name, value)| (*name, value.as_str())));
    command.output().await.unwrap()
}

/// First code and sentence of a record, as the page has it.
fn of_page(record: &RecordDiagnosis) -> Option<(String, String)> {
    let finding = record.findings.first()?;
    Some((finding.code.as_str().to_owned(), wording::say(finding).summary))
}

/// The same, as the program prints it in JSON.
fn of_json(record: &Value) -> Option<(String, String)> {
    let finding = record["findings"].as_array().unwrap().first()?;
    let text = |name: &str| finding[name].as_str().unwrap().to_owned();
    Some((text("code"), text("summary")))
}

fn complaints(world: &BrokenWorld, page: &Diagnosis, json: &Output, text: &Output) -> Vec<String> {
    let mut wrong = Vec::new();
    let said: Value = serde_json::from_slice(&json.stdout).unwrap_or_else(|error| panic!("{}: {error}", world.name));
    let printed = String::from_utf8(text.stdout.clone()).unwrap();
    let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let squeezed = bare(&printed);
    for record in page.records.iter() {
        let key = record.key.to_string();
        let Some(told) = said["records"].as_array().unwrap().iter().find(|told| told["key"] == key.as_str()) else {
            continue;
        };
        let (page, json) = (of_page(record), of_json(told));
        let code = page.as_ref().or(json.as_ref()).map_or("", |(code, _)| code);
        // What an earlier check decided is known to the account alone.
        let is_remembered = key == "mx" && world.is_mx_decided;
        let is_known = !is_remembered && code != NEEDS_THE_PROFILE;
        if page != json && is_known && !(key.starts_with("dkim-") && NEEDS_THE_KEY.contains(&code)) {
            wrong.push(format!("{} {key}: the page says {page:?}, the program {json:?}", world.name));
        }
        if json.as_ref().is_some_and(|(_, sentence)| !squeezed.contains(&bare(sentence))) {
            wrong.push(format!("{} {key}: the text lacks {json:?}", world.name));
        }
    }
    let all = said["records"].as_array().unwrap().iter().chain([&said]);
    let is_error = |told: &Value| told["findings"].as_array().unwrap().iter().any(|found| found["severity"] == "error");
    let has_error = all.into_iter().any(is_error);
    let has_unknown = said["records"].as_array().unwrap().iter().any(|told| told["verdict"] == "unknown");
    let expected = if has_error {
        1
    } else if has_unknown {
        2
    } else {
        0
    };
    if [json, text].iter().any(|output| output.status.code() != Some(expected)) {
        wrong.push(format!("{}: exits {:?} instead of {expected}", world.name, text.status.code()));
    }
    let too_long = printed.lines().filter(|line| line.chars().count() > COLUMNS);
    wrong.extend(too_long.map(|line| format!("{}: over {COLUMNS} columns: {line}", world.name)));
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_says_the_same_as_the_page() {
    let room = Arc::new(Semaphore::new(MAX_SERVED));
    let mut checks = JoinSet::new();
    for world in world::chosen() {
        let room = Arc::clone(&room);
        checks.spawn(async move {
            let _permit = room.acquire_owned().await.unwrap();
            let served = world.serve().await;
            let (page, json, text) = tokio::join!(
                served.look(&world.plan),
                check(&world, &served, &["--json"]),
                check(&world, &served, &[])
            );
            complaints(&world, &page, &json, &text)
        });
    }
    let wrong = checks.join_all().await.concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_account_knows_is_null_in_json() {
    let world = world::all().into_iter().find(|world| world.name == "spf-two-records").unwrap();
    let served = world.serve().await;
    let output = check(&world, &served, &["--json"]).await;
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    for name in ["id", "status", "can_send", "required", "tags", "created_at", "verified_at", "last_checked_at"] {
        assert!(said.as_object().unwrap().contains_key(name) && said[name].is_null(), "{name}: {}", said[name]);
    }
    assert_eq!((&said["name"], &said["zone"]), (&"mail.example.com".into(), &"example.com".into()));
    let spf = said["records"].as_array().unwrap().iter().find(|record| record["key"] == "spf").unwrap();
    assert_eq!((&spf["type"], &spf["host"], &spf["verdict"]), (&"TXT".into(), &"mail".into(), &"conflict".into()));
    assert_eq!((&spf["status"], &spf["answered_by"]), (&Value::Null, &"authoritative".into()));
    assert_eq!(spf["current"].as_array().unwrap().len(), 2);
    assert_eq!(spf["findings"][0]["code"], "spf-multiple");
    assert!(spf["findings"][0]["suggested_value"].is_string() && spf["findings"][0]["fix"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_arguments_exit_with_2_and_one_line() {
    let world = world::all().into_iter().find(|world| world.name == "healthy").unwrap();
    let served = world.serve().await;
    let output = check(&world, &served, &["--selector=not a selector"]).await;
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.contains("not a selector") && line.lines().count() == 1, "{line}");
}
