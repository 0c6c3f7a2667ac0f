//! How long the list and a domain's page take, what a creation takes beyond its DNS answers, and the cold start. Asked
//! over real sockets, at a private cluster.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set itself up has failed")]

mod figures;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use figures::{Limit, Samples, Table};
use reqwest::Client;
use serde_json::json;
use signet::app;
use signet::console::{Actor, AlertSettings, Console, Parts, Running};
use signet::dns::Dns;
use signet::dns::zone_world::World;
use signet::keys::KeyPool;
use signet::records::plan::SendingProfile;
use signet::records::profile::ProfileInForce;
use signet::records::spf::ProfileMechanism;
use signet::seal::Sealer;
use signet::store;
use signet::store::embedded::Embedded;
use signet::verify;
use sqlx::{Connection, PgConnection};

const WORLD: &str = ";; zone mta.example\nspf TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n;; zone example.com\n";
/// Samples of each page.
const LOOKS: usize = 200;
/// As many creations, a person's pause between them, for which the keys that stand ready are enough.
const CREATIONS: usize = 30;
const PAUSE: Duration = Duration::from_millis(150);

/// The team of the benchmark gets this many domains more; every tenth name is another kind.
const FILL: &str = "INSERT INTO domains (id, team_id, name, unicode_name, zone, status, created_at)
    SELECT gen_random_uuid(), teams.id, domain, domain, 'example.com', 'pending', now()
    FROM teams, generate_series($1::integer, $2::integer) AS n, format('d%s.example.com', lpad(n::text, 6, '0')) AS domain";

struct Bench {
    console: Console,
    dns: Dns,
    pool: store::Pool,
    actor: Actor,
    profile: ProfileInForce,
    base: String,
    client: Client,
    token: String,
    cookie: String,
    cluster: Embedded,
    _world: World,
}

impl Bench {
    async fn start(directory: &Path) -> Self {
        let cluster = Embedded::start(directory).await.unwrap();
        let pool = store::open(cluster.options()).await.unwrap();
        let world = World::start(WORLD).await.unwrap();
        let dns = Dns::start(world.settings()).await.unwrap();
        let console = Console::new(Parts {
            pool: pool.clone(),
            dns: dns.clone(),
            sealer: Sealer::new(&[7; 32]),
            keys: KeyPool::start(4),
            running: Running::default(),
            public_url: "http://127.0.0.1".into(),
            trusted_proxies: Vec::new(),
            alerts: AlertSettings::default(),
            demo: None,
            clock: time::OffsetDateTime::now_utc,
        });
        let profile = SendingProfile {
            spf: ProfileMechanism::parse_list("include:spf.mta.example").unwrap(),
            selector_prefix: "s".into(),
            ..SendingProfile::default()
        };
        console.seed_profile(&profile).await.unwrap();
        let profile = ProfileInForce { number: 1, profile, ..ProfileInForce::default() };
        let email = "ops@example.com";
        let user_id = console.add_user(email, "correct horse battery", true, None).await.unwrap();
        let actor = console.actor_of_email(email).await.unwrap();
        let token = console.create_token(&actor, "bench").await.unwrap().secret;
        let cookie = format!("signet_session={}", console.session_for(user_id).await.unwrap());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let service = app::router(&console).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let client = Client::new();
        Self { console, dns, pool, actor, profile, base, client, token, cookie, cluster, _world: world }
    }

    async fn fill(&self, from: i32, to: i32) {
        let mut connection = PgConnection::connect_with(&self.cluster.options()).await.unwrap();
        sqlx::query(FILL).bind(from).bind(to).execute(&mut connection).await.unwrap();
        sqlx::raw_sql("VACUUM ANALYZE domains").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    async fn look(&self, path: &str) {
        let request = self.client.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().await.unwrap();
    }

    async fn page(&self, path: &str) -> Samples {
        self.look(path).await;
        Samples::of_async(LOOKS, || self.look(path)).await
    }

    async fn create(&self, name: &str) {
        let request = self.client.post(format!("{}/api/v1/domains", self.base)).bearer_auth(&self.token);
        let answer = request.json(&json!({ "name": name })).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.bytes().await.unwrap();
    }

    /// What each creation takes, and what the DNS questions of its first check take when they are asked alone.
    async fn creations(&self) -> (Samples, Samples) {
        let (mut whole, mut asking) = (Samples::default(), Samples::default());
        for n in 0..CREATIONS {
            tokio::time::sleep(PAUSE).await;
            let name = format!("new{n}.example.com");
            let began = Instant::now();
            self.create(&name).await;
            whole.push(began.elapsed());
            let mut conn = self.pool.acquire().await.unwrap();
            let planned = verify::load(&mut conn, self.actor.team_id, &name, &self.profile).await.unwrap().unwrap();
            drop(conn);
            let began = Instant::now();
            verify::look(&self.dns, &planned.plan).await;
            asking.push(began.elapsed());
        }
        (whole, asking)
    }
}

/// From the start of the program to the line that says where it listens; then it is stopped in order.
fn start_takes(data_dir: &Path) -> Duration {
    let began = Instant::now();
    let mut program = Command::new(env!("CARGO_BIN_EXE_signet"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("SIGNET_DATA_DIR", data_dir)
        .env("SIGNET_DNS_RESOLVERS", "127.0.0.1:9")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let took = began.elapsed();
    assert!(line.starts_with("listening on "), "{line}");
    let pid = nix::unistd::Pid::from_raw(i32::try_from(program.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    program.wait().unwrap();
    took
}

fn cold_starts(table: &mut Table, parent: &Path) {
    let (mut first, mut later) = (Samples::default(), Samples::default());
    for n in 0..5 {
        let data_dir = parent.join(format!("start-{n}"));
        first.push(start_takes(&data_dir));
        later.push(start_takes(&data_dir));
    }
    table.row("cold start, the first, median of 5", first.p50_ms() / 1000.0, "s", Limit::AtMost(2.0));
    table.row("cold start, later, median of 5", later.p50_ms() / 1000.0, "s", Limit::AtMost(0.5));
}

async fn pages(table: &mut Table, directory: &Path) {
    let bench = Bench::start(directory).await;
    bench.fill(1, 1_000).await;
    bench.create("seen.example.com").await;
    let list = bench.page("/domains").await;
    let domain = bench.page("/domains/seen.example.com").await;
    rows(table, "1,000", &[("list page", &list), ("domain page", &domain)]);
    let (whole, asking) = bench.creations().await;
    let beyond = whole.p50_ms() - asking.p50_ms();
    table.row("create, p50", whole.p50_ms(), "ms", Limit::None);
    table.row("the DNS questions of its first check, p50", asking.p50_ms(), "ms", Limit::None);
    table.row("create beyond its DNS answers, in list pages", beyond / list.p50_ms(), "×", Limit::AtMost(3.0));
    bench.fill(1_001, 50_000).await;
    let list = bench.page("/domains").await;
    let found = bench.page("/domains?q=d04999").await;
    let middle = bench.page("/domains?after=d025000.example.com").await;
    let domain = bench.page("/domains/seen.example.com").await;
    let named = [("list page", &list), ("list page, half way", &middle), ("search", &found), ("domain page", &domain)];
    rows(table, "50,000", &named);
    bench.pool.close().await;
    drop(bench.console);
    bench.cluster.stop().await;
}

fn rows(table: &mut Table, count: &str, pages: &[(&str, &Samples)]) {
    for (what, samples) in pages {
        table.row(format!("{what} at {count} domains, p50"), samples.p50_ms(), "ms", Limit::None);
        table.row(format!("{what} at {count} domains, p95"), samples.p95_ms(), "ms", Limit::None);
    }
}

fn main() -> ExitCode {
    let directory: PathBuf = std::env::temp_dir().join(format!("signet-bench-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&directory).unwrap();
    let mut table = Table::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(pages(&mut table, &directory.join("pages")));
    drop(runtime);
    cold_starts(&mut table, &directory);
    std::fs::remove_dir_all(&directory).unwrap();
    table.publish("Pages", &[])
}
