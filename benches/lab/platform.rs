//! A console and its database with so many verified domains, each of which has been looked at before.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use reqwest::Client;
use signet::app;
use signet::console::{AlertSettings, Console, Parts, Running};
use signet::dns::{Dns, DnsSettings};
use signet::keys::KeyPool;
use signet::records::plan::SendingProfile;
use signet::records::profile::ProfileInForce;
use signet::records::spf::ProfileMechanism;
use signet::seal::Sealer;
use signet::store::{self, embedded::Embedded};
use signet::sweep::Sweep;
use signet::verify;
use sqlx::{Connection, PgConnection};
use time::OffsetDateTime;

/// Domains by number, with ids in the order of time as those of the program are; every hundredth is one of `net`, and
/// not verified for now.
const DOMAINS: &str = "INSERT INTO domains
        (id, team_id, name, unicode_name, zone, status, created_at, verified_at, last_checked_at, is_mx_required,
         required_verified, required_total)
    SELECT
        (lpad(to_hex(1700000000000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid,
        teams.id, domain, domain, domain, CASE WHEN n % 100 = 99 THEN 'pending' ELSE 'verified' END, now(), now(), now(), false, 3, 3
    FROM (SELECT id FROM teams LIMIT 1) AS teams,
        generate_series($1::bigint, $2::bigint) AS n,
        format('d%s.%s', lpad(n::text, 7, '0'), CASE WHEN n % 100 = 99 THEN 'net' ELSE 'com' END) AS domain";
const KEYS: &str =
    "INSERT INTO dkim_keys (id, domain_id, selector, algorithm, public, sealed, is_required, state, created_at)
    SELECT gen_random_uuid(), id, 's1', 'rsa', $1, '\\x00', true, 'active', now() FROM domains
    WHERE NOT EXISTS (SELECT FROM dkim_keys WHERE domain_id = domains.id)";
const RECORDS: &str =
    "INSERT INTO records (domain_id, key, status, verdict, is_required, current, answered_by, checked_at, verified_at)
    SELECT id, $1, 'verified', $2, true, $3, 'recursive', now(), now() FROM domains
    WHERE NOT EXISTS (SELECT FROM records WHERE domain_id = domains.id AND key = $1)";
/// The index of searches is made at the end: filling it row by row takes longer.
const WITHOUT_INDEX: &str = "DROP INDEX domains_grams";

pub struct Platform {
    pub pool: store::Pool,
    pub background: store::Pool,
    pub dns: Dns,
    pub cluster: Embedded,
    pub profile: ProfileInForce,
    base: String,
    client: Client,
    cookie: String,
    filled: usize,
}

impl Platform {
    pub async fn start(directory: &Path, settings: DnsSettings) -> Self {
        let cluster = Embedded::start(directory).await.unwrap();
        let database = store::migrate(cluster.options()).await.unwrap();
        let pool = database.pool(store::Role::App).await.unwrap();
        let background = database.pool(store::Role::Sweep).await.unwrap();
        let dns = Dns::start(settings).await.unwrap();
        let console = Console::new(Parts {
            pool: pool.clone(),
            dns: dns.clone(),
            sealer: Sealer::new(&[7; 32]),
            keys: KeyPool::start(1),
            running: Running::default(),
            public_url: "http://127.0.0.1".into(),
            trusted_proxies: Vec::new(),
            alerts: AlertSettings::default(),
            demo: None,
            clock: OffsetDateTime::now_utc,
        });
        let profile = SendingProfile {
            spf: ProfileMechanism::parse_list("include:spf.mta.example").unwrap(),
            selector_prefix: "s".into(),
            ..SendingProfile::default()
        };
        console.seed_profile(&profile).await.unwrap();
        let user_id = console.add_user("ops@example.com", "correct horse battery", true, None).await.unwrap();
        let cookie = format!("signet_session={}", console.session_for(user_id).await.unwrap());
        let profile =
            verify::profile::in_force(&mut pool.acquire().await.unwrap(), OffsetDateTime::now_utc()).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let service = app::router(&console).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { pool, background, dns, cluster, profile, base, client: Client::new(), cookie, filled: 0 }
    }

    pub async fn sql(&self, statement: &'static str) {
        let mut connection = PgConnection::connect_with(&self.cluster.options()).await.unwrap();
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Fills up to so many domains. What each record shows is what a look at the first domain shows.
    pub async fn fill(&mut self, count: usize) {
        let mut connection = PgConnection::connect_with(&self.cluster.options()).await.unwrap();
        let definition: String = sqlx::query_scalar("SELECT pg_get_indexdef('domains_grams'::regclass)")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        sqlx::raw_sql(WITHOUT_INDEX).execute(&mut connection).await.unwrap();
        let (from, to) = (i64::try_from(self.filled).unwrap(), i64::try_from(count).unwrap() - 1);
        sqlx::query(DOMAINS).bind(from).bind(to).execute(&mut connection).await.unwrap();
        let key = base64::engine::general_purpose::STANDARD.decode(super::KEY).unwrap();
        sqlx::query(KEYS).bind(key).execute(&mut connection).await.unwrap();
        let team_id: uuid::Uuid =
            sqlx::query_scalar("SELECT team_id FROM domains LIMIT 1").fetch_one(&mut connection).await.unwrap();
        let first = verify::load(&mut connection, team_id, &super::domain(0), &self.profile).await.unwrap().unwrap();
        let seen = verify::look(&self.dns.for_sweep(), &first.plan).await;
        assert_eq!(seen.records.len(), 3);
        for record in seen.records {
            assert!(record.verdict.is_good(), "{record:?}");
            let (key, verdict) = (record.key.to_string(), record.verdict.as_str());
            sqlx::query(RECORDS).bind(key).bind(verdict).bind(record.current).execute(&mut connection).await.unwrap();
        }
        sqlx::raw_sql(sqlx::AssertSqlSafe(definition)).execute(&mut connection).await.unwrap();
        sqlx::raw_sql("VACUUM ANALYZE").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        self.filled = count;
    }

    /// Makes the first `slots` of the 720 overdue and all others not, and sweeps until none is. Gives how many domains
    /// were looked at, and how long it took.
    pub async fn sweep(&self, slots: i16) -> (i64, Duration) {
        sqlx::query(
            "UPDATE sweep_slots SET cursor = NULL, leased_until = NULL,
                 next_at = now() + CASE WHEN slot < $1 THEN interval '-1 hour' ELSE interval '9 hours' END",
        )
        .bind(slots)
        .execute(&self.pool)
        .await
        .unwrap();
        let domains: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM domains
             WHERE (get_byte(uuid_send(id), 14) * 256 + get_byte(uuid_send(id), 15)) % 720 < $1 AND status = 'verified'",
        )
        .bind(i32::from(slots))
        .fetch_one(&self.pool)
        .await
        .unwrap();
        let (stopping, stop) = tokio::sync::watch::channel(false);
        let sweep = Sweep::new(self.background.clone(), self.dns.clone(), OffsetDateTime::now_utc);
        let began = Instant::now();
        let running = tokio::spawn(async move { sweep.run(stop).await });
        let left = "SELECT count(*) FROM sweep_slots WHERE next_at < now()";
        let took = loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let left: i64 = sqlx::query_scalar(left).fetch_one(&self.pool).await.unwrap();
            if left == 0 {
                break began.elapsed();
            }
            assert!(began.elapsed() < Duration::from_secs(600), "{left} slots are left");
        };
        stopping.send(true).unwrap();
        // Looks at silent domains take their ten seconds; nobody waits for them here.
        if tokio::time::timeout(Duration::from_secs(12), running).await.is_err() {
            println!("some looks were still under way");
        }
        (domains, took)
    }

    /// Questions that a sweep asks of each domain: those at its own names.
    pub async fn questions_a_domain(&self) -> f64 {
        let asked: String = sqlx::query_scalar("SELECT asked FROM look_prints WHERE print IS NOT NULL LIMIT 1")
            .fetch_one(&self.pool)
            .await
            .unwrap();
        asked.lines().filter(|line| line.ends_with('@')).count() as f64
    }

    /// One page, read to its end.
    pub async fn page(&self, path: &str) -> Duration {
        let began = Instant::now();
        let request = self.client.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().await.unwrap();
        began.elapsed()
    }

    /// Domains a second that are saved as unchanged, so many a transaction.
    pub async fn saved_a_second(&self, slots: i16, batch: usize, at_most: usize) -> f64 {
        let ids: Vec<uuid::Uuid> = sqlx::query_scalar(
            "SELECT id FROM domains
             WHERE (get_byte(uuid_send(id), 14) * 256 + get_byte(uuid_send(id), 15)) % 720 < $1 AND status = 'verified'
             ORDER BY (get_byte(uuid_send(id), 14) * 256 + get_byte(uuid_send(id), 15)) % 720, id LIMIT $2",
        )
        .bind(i32::from(slots))
        .bind(i64::try_from(at_most).unwrap())
        .fetch_all(&self.pool)
        .await
        .unwrap();
        let began = Instant::now();
        for ids in ids.chunks(batch) {
            let mut tx = store::begin(&self.background).await.unwrap();
            store::sweep_slots::note_unchanged(&mut tx, ids, OffsetDateTime::now_utc()).await.unwrap();
            store::commit(tx).await.unwrap();
        }
        ids.len() as f64 / began.elapsed().as_secs_f64()
    }

    /// Processor time of the database's processes so far.
    pub fn database_cpu(&self) -> Duration {
        let is_ours = |pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).starts_with("postgres:")
        };
        let all =
            std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        all.filter(is_ours).map(super::cpu_of).sum()
    }

    pub async fn stop(self) {
        self.pool.close().await;
        self.background.close().await;
        self.cluster.stop().await;
    }
}
