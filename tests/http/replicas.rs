//! Two and three replicas on one PostgreSQL, killed and paused at random: every domain is looked at, nothing is judged
//! twice, and no event is lost or doubled.
//!
//! The short form is part of every run; `FAULT_KILLS` and `FAULT_DOMAINS` make it longer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use rand::RngExt;
use reqwest::Client;
use serde_json::{Value, json};
use signet::dns::zone_world::World;
use signet::records::OwnerName;
use signet::store::embedded::Embedded;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use crate::program::{Directory, Program, settings, token};
use crate::server::WORLD;

type Settings = BTreeMap<String, String>;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// What replicas may take to finish once they are left alone, leases of the killed included.
const PATIENCE: Duration = Duration::from_secs(240);

fn count_of(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A database, a world, and domains in them that replicas are to find.
struct Platform {
    database: Embedded,
    world: World,
    settings: Settings,
    /// The records of one domain, to be written for all.
    zone: String,
    count: usize,
    _directories: [Directory; 2],
}

impl Platform {
    /// `count` domains, all pending and due, with nothing published.
    async fn start(count: usize) -> Self {
        let directories = [Directory::new(), Directory::new()];
        let world = World::start(WORLD).await.unwrap();
        let database = Embedded::start(&directories[0].0).await.unwrap();
        let mut settings = settings(&directories[1].0, &world);
        settings.insert("DATABASE_URL".into(), database.url());
        settings.insert("SIGNET_SECRET_KEY".into(), KEY.into());
        // The first domain comes in as any other does; the rest are its copies.
        let quiet = with(&settings, "SIGNET_VERIFIER", "off");
        let program = Program::start(&quiet).await;
        let token = token(&quiet).await;
        let create = Client::new().post(format!("{}/api/v1/domains", program.base)).bearer_auth(&token);
        assert_eq!(create.json(&json!({"name": "d0.example.com"})).send().await.unwrap().status(), 201);
        let zone = Client::new().get(format!("{}/api/v1/domains/d0.example.com/zone", program.base));
        let zone = zone.bearer_auth(&token).send().await.unwrap().text().await.unwrap();
        program.stop().await;
        let platform = Self { database, world, settings, zone, count, _directories: directories };
        platform.copy_domains().await;
        platform
    }

    fn options(&self) -> PgConnectOptions {
        self.database.options()
    }

    async fn copy_domains(&self) {
        let mut connection = PgConnection::connect_with(&self.options()).await.unwrap();
        let copy = "INSERT INTO domains (id, team_id, name, unicode_name, zone, status, created_at, required_total)
             SELECT gen_random_uuid(), team_id, 'd' || n || '.example.com', 'd' || n || '.example.com', zone, status,
                 created_at, required_total
             FROM domains, generate_series(1, $1) AS n";
        let count = i32::try_from(self.count).unwrap() - 1;
        sqlx::query(copy).bind(count).execute(&mut connection).await.unwrap();
        let rest = "INSERT INTO dkim_keys
                 SELECT gen_random_uuid(), domains.id, selector, algorithm, public, sealed, is_required, state, now()
                 FROM dkim_keys, domains WHERE domains.name <> 'd0.example.com';
             INSERT INTO due_looks SELECT id, now(), 2, now() FROM domains ON CONFLICT (domain_id) DO NOTHING;
             UPDATE due_looks SET due_at = now()";
        sqlx::raw_sql(rest).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Publishes the records of every domain that `is_published`.
    fn publish(&self, is_published: impl Fn(usize) -> bool) {
        let mut text = String::new();
        for n in (0..self.count).filter(|n| is_published(*n)) {
            text += &self.zone.replace("d0.example.com", &format!("d{n}.example.com"));
        }
        self.world.set_zone(&OwnerName::new("example.com"), &text, &[]).unwrap();
    }

    async fn ask(&self, question: &'static str) -> i64 {
        // PostgreSQL itself may be on its way up.
        for _ in 0..200 {
            if let Ok(mut connection) = PgConnection::connect_with(&self.options()).await
                && let Ok(count) = sqlx::query_scalar(question).fetch_one(&mut connection).await
            {
                return count;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the database does not come back: {question}");
    }

    async fn run(&self, statement: &'static str) {
        let mut connection = PgConnection::connect_with(&self.options()).await.unwrap();
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// What killed replicas held is free: as after so many seconds.
    async fn expire_leases(&self) {
        self.run(
            "UPDATE due_looks SET leased_until = now() WHERE leased_until > now();
             UPDATE sweep_slots SET leased_until = now() WHERE leased_until > now()",
        )
        .await;
    }

    /// Waits until as many domains as there should be have the status.
    async fn until(&self, question: &'static str, expected: usize) {
        let began = Instant::now();
        loop {
            let count = self.ask(question).await;
            if count == i64::try_from(expected).unwrap() {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{question}: {count} of {expected}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Domains or records whose status changed another number of times than once by these words.
    async fn check_told_once(&self, to: &str, domains: usize) {
        let mut connection = PgConnection::connect_with(&self.options()).await.unwrap();
        let doubled = "SELECT count(*) FROM (
                 SELECT domain_id, kind, record FROM events WHERE to_status = $1
                 GROUP BY domain_id, kind, record HAVING count(*) > 1) AS doubled";
        let doubled: i64 = sqlx::query_scalar(doubled).bind(to).fetch_one(&mut connection).await.unwrap();
        let told = "SELECT count(DISTINCT domain_id) FROM events WHERE kind = 'domain_status' AND to_status = $1";
        let told: i64 = sqlx::query_scalar(told).bind(to).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        assert_eq!((doubled, told), (0, i64::try_from(domains).unwrap()), "{to}");
    }
}

fn with(settings: &Settings, name: &str, value: &str) -> Settings {
    let mut settings = settings.clone();
    settings.insert(name.into(), value.into());
    settings
}

const VERIFIED: &str = "SELECT count(*) FROM domains WHERE status = 'verified'";
const AT_RISK: &str = "SELECT count(*) FROM domains WHERE status = 'at_risk'";
const SEEN: &str = "SELECT count(*) FROM domains WHERE last_checked_at > (SELECT max(at) FROM marks)";

/// What a blow hits.
enum Blow {
    Replica,
    Backends,
    Postmaster,
}

#[tokio::test(flavor = "multi_thread")]
async fn random_kills_of_replicas_and_database_miss_no_domain_and_double_no_event() {
    let (kills, count) = (count_of("FAULT_KILLS", 5), count_of("FAULT_DOMAINS", 300));
    let platform = Platform::start(count).await;
    platform.publish(|_| true);
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(Program::start(&platform.settings).await);
    }
    for n in 0..kills {
        let (pause_ms, at, blow) = {
            let mut rng = rand::rng();
            let blow = match (n, rng.random_range(0..10)) {
                // The short form hits each of them.
                (1, _) | (_, 0) => Blow::Backends,
                (3, _) | (_, 1) => Blow::Postmaster,
                _ => Blow::Replica,
            };
            (rng.random_range(20..600), rng.random_range(0..replicas.len()), blow)
        };
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        match blow {
            Blow::Replica => {
                let log = replicas.swap_remove(at).kill().await;
                assert!(!log.contains("panicked"), "{log}");
                // Without a database there is no start; whoever starts it tries again.
                platform.ask(VERIFIED).await;
                replicas.push(Program::start(&platform.settings).await);
            }
            Blow::Backends => {
                let all = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
                     AND datname = current_database()";
                platform.ask(all).await;
            }
            Blow::Postmaster => {
                // The one before may still be on its way up.
                platform.ask(VERIFIED).await;
                kill(postmaster(&platform), Signal::SIGKILL).unwrap();
            }
        }
        if kills < 20 {
            platform.ask(VERIFIED).await;
            platform.expire_leases().await;
        }
    }
    platform.until(VERIFIED, count).await;
    platform.check_told_once("verified", count).await;
    let notices = "SELECT count(*) FROM notices WHERE kind = 'first_verified'";
    let of_domains = "SELECT count(DISTINCT facts -> 'domain' ->> 'id') FROM notices WHERE kind = 'first_verified'";
    for question in [notices, of_domains] {
        assert_eq!(platform.ask(question).await, i64::try_from(count).unwrap(), "{question}");
    }
    for replica in replicas {
        let log = replica.stop().await;
        assert!(!log.contains("panicked"), "{log}");
    }
    platform.database.stop().await;
}

fn postmaster(platform: &Platform) -> nix::unistd::Pid {
    let file = platform.database.home().join("data/postmaster.pid");
    let text = std::fs::read_to_string(file).unwrap();
    nix::unistd::Pid::from_raw(text.lines().next().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_paused_past_its_lease_changes_nothing_when_it_wakes() {
    let count = count_of("FAULT_DOMAINS", 240);
    let platform = Platform::start(count).await;
    platform.publish(|_| true);
    let replicas = [Program::start(&platform.settings).await, Program::start(&platform.settings).await];
    platform.until(VERIFIED, count).await;
    // One in eight loses its records, and all are walked at once, by both.
    platform.run("CREATE TABLE marks AS SELECT now() AS at").await;
    platform.publish(|n| n % 8 != 0);
    platform.run("UPDATE sweep_slots SET next_at = now() - interval '1 hour'").await;
    let paused = replicas[0].pid();
    let began = Instant::now();
    while platform.ask(SEEN).await < i64::try_from(count / 10).unwrap() {
        assert!(began.elapsed() < PATIENCE, "nothing is walked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    kill(paused, Signal::SIGSTOP).unwrap();
    platform.expire_leases().await;
    let lost = count.div_ceil(8);
    platform.until(AT_RISK, lost).await;
    platform.until(SEEN, count).await;
    let before = platform.ask("SELECT count(*) FROM events").await;
    // Everything that it had in hand is done; it wakes, and would write what it saw long ago.
    platform.publish(|_| true);
    kill(paused, Signal::SIGCONT).unwrap();
    replicas[0].until_status("/readyz", 200).await;
    platform.run("UPDATE due_looks SET due_at = now()").await;
    platform.until(VERIFIED, count).await;
    let told = platform.ask("SELECT count(*) FROM events").await - before;
    // A domain and its three required records each came back, once.
    assert_eq!(told, i64::try_from(lost * 4).unwrap());
    platform.check_told_once("at_risk", lost).await;
    for replica in replicas {
        let log = replica.stop().await;
        assert!(!log.contains("panicked"), "{log}");
    }
    platform.database.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_replicas_work_goes_on_elsewhere_within_a_minute() {
    let platform = Platform::start(40).await;
    let slow = Program::start(&platform.settings).await;
    // It has claimed everything and hears nothing: it is killed with all of it in hand.
    platform
        .world
        .replace(&format!(
            "{WORLD};; resolver silent\n;; server ns1.example.com silent\n;; server ns2.example.com silent\n"
        ))
        .unwrap();
    platform.run("UPDATE due_looks SET due_at = now(), leased_until = NULL, fence = fence + 1").await;
    platform.until("SELECT count(*) FROM due_looks WHERE leased_until > now()", 40).await;
    slow.kill().await;
    platform.world.replace(WORLD).unwrap();
    platform.publish(|_| true);
    let killed = Instant::now();
    let other = Program::start(&platform.settings).await;
    platform.until(VERIFIED, 40).await;
    let took = killed.elapsed();
    platform.check_told_once("verified", 40).await;
    other.stop().await;
    platform.database.stop().await;
    assert!(took < Duration::from_secs(60), "{took:?}");
}

/// What the API says, by status code alone.
async fn list(program: &Program, token: &str) -> u16 {
    let answer = Client::new().get(format!("{}/api/v1/domains", program.base)).bearer_auth(token).send().await.unwrap();
    let status = answer.status().as_u16();
    if status == 503 {
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["status"], 503);
    }
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_database_is_503_in_time_and_then_it_goes_on_by_itself() {
    let platform = Platform::start(20).await;
    platform.publish(|_| true);
    let program = Program::start(&platform.settings).await;
    let token = token(&platform.settings).await;
    platform.until(VERIFIED, 20).await;
    let stopped: Vec<_> = server_processes(postmaster(&platform));
    for pid in &stopped {
        kill(*pid, Signal::SIGSTOP).unwrap();
    }
    let began = Instant::now();
    assert_eq!(program.status("/readyz").await, 503);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(program.status("/healthz").await, 200);
    assert_eq!(list(&program, &token).await, 503);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    for pid in stopped.iter().rev() {
        kill(*pid, Signal::SIGCONT).unwrap();
    }
    let recovered = program.until_status("/readyz", 200).await;
    assert!(recovered < Duration::from_secs(30), "{recovered:?}");
    assert_eq!(list(&program, &token).await, 200);
    assert_eq!(platform.ask(VERIFIED).await, 20);
    let log = program.stop().await;
    assert!(!log.contains("panicked"), "{log}");
    platform.database.stop().await;
}

/// A postmaster and its children.
fn server_processes(postmaster: nix::unistd::Pid) -> Vec<nix::unistd::Pid> {
    let children = std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap();
    let pids = children.split_whitespace().map(|pid| nix::unistd::Pid::from_raw(pid.parse().unwrap()));
    std::iter::once(postmaster).chain(pids).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_file_descriptors_no_domain_loses_its_status_and_with_them_it_goes_on() {
    let platform = Platform::start(60).await;
    platform.publish(|_| true);
    let program = Program::start(&platform.settings).await;
    platform.until(VERIFIED, 60).await;
    let events = platform.ask("SELECT count(*) FROM events").await;
    let limit_files = |files: &str| {
        let limited = std::process::Command::new("prlimit")
            .args(["--pid", &program.pid().to_string(), &format!("--nofile={files}:")])
            .status();
        assert!(limited.unwrap().success(), "prlimit is part of util-linux");
    };
    platform.run("CREATE TABLE marks AS SELECT now() AS at").await;
    limit_files("4");
    // Sockets that are open stay so; the port's minute ends for none of them here, so everything is asked anew by
    // others too: TCP, new connections to the database, accepting.
    platform.run("UPDATE sweep_slots SET next_at = now() - interval '1 hour'").await;
    platform.ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()").await;
    let ready = reqwest::get(format!("{}/readyz", program.base));
    let ready = tokio::time::timeout(Duration::from_secs(4), ready).await;
    assert!(!matches!(ready, Ok(Ok(answer)) if answer.status() == 200), "it has no file left to answer with");
    assert_eq!(platform.ask(VERIFIED).await, 60);
    limit_files("1024");
    let recovered = program.until_status("/readyz", 200).await;
    assert!(recovered < Duration::from_secs(30), "{recovered:?}");
    platform.until(SEEN, 60).await;
    assert_eq!((platform.ask(VERIFIED).await, platform.ask("SELECT count(*) FROM events").await), (60, events));
    let log = program.stop().await;
    assert!(!log.contains("panicked"), "{log}");
    platform.database.stop().await;
}
