//! A server of its own for a test: database, DNS world, console, listener.

use std::net::SocketAddr;

use reqwest::StatusCode;
use serde_json::Value;
use signet::console::{Console, Parts, Running};
use signet::dns::Dns;
use signet::dns::zone_world::World;
use signet::keys::KeyPool;
use signet::records::OwnerName;
use signet::records::plan::SendingProfile;
use signet::records::spf::ProfileMechanism;
use signet::seal::Sealer;
use signet::store;
use signet::store::embedded::Embedded;

pub const PASSWORD: &str = "correct horse battery";

/// The platform's own names, and a customer's empty zone with two nameservers.
const WORLD: &str = "\
;; zone mta.example
spf TXT \"v=spf1 ip4:192.0.2.0/24 -all\"
;; zone example.com
";

pub struct TestApp {
    world: World,
    pub console: Console,
    base: String,
    token: String,
    client: reqwest::Client,
    database: Embedded,
    pool: store::Pool,
    data_dir: std::path::PathBuf,
}

impl TestApp {
    pub async fn start() -> Self {
        let data_dir = std::env::temp_dir().join(format!("signet-http-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&data_dir).unwrap();
        let database = Embedded::start(&data_dir).await.unwrap();
        let pool = store::connect_with(database.options()).await.unwrap();
        store::migrate(&pool).await.unwrap();
        let world = World::start(WORLD).await.unwrap();
        let dns = Dns::start(world.settings());
        let console = Console::new(Parts {
            pool: pool.clone(),
            dns: dns.await.unwrap(),
            sealer: Sealer::new(&[7; 32]),
            keys: KeyPool::start(2),
            running: Running::default(),
            public_url: "http://127.0.0.1".into(),
            trusted_proxies: Vec::new(),
            demo: None,
            clock: time::OffsetDateTime::now_utc,
        });
        let profile = SendingProfile {
            spf: ProfileMechanism::parse_list("include:spf.mta.example").unwrap(),
            selector_prefix: "s".into(),
            ..SendingProfile::default()
        };
        console.seed_profile(&profile).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let service = signet::app::router(&console).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let token = token(&console, "ops@example.com").await;
        Self { world, console, base, token, client: reqwest::Client::new(), database, pool, data_dir }
    }

    /// The secret of a token of a new user with a team of their own.
    pub async fn token_of(&self, email: &str) -> String {
        token(&self.console, email).await
    }

    /// Puts these records in the place of the customer's zone.
    pub fn publish(&self, text: &str) {
        self.world.set_zone(&OwnerName::new("example.com"), text, &[]).unwrap();
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.post_as(&self.token, path, body).await
    }

    pub async fn post_as(&self, token: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(token).json(&body);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    pub async fn get(&self, path: &str) -> Value {
        self.get_as(&self.token, path).await.1
    }

    pub async fn get_as(&self, token: &str, path: &str) -> (StatusCode, Value) {
        let answer = self.client.get(format!("{}{path}", self.base)).bearer_auth(token).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    pub async fn get_text(&self, path: &str) -> String {
        let answer = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token).send().await.unwrap();
        answer.text().await.unwrap()
    }

    pub async fn stop(self) {
        drop(self.world);
        self.pool.close().await;
        self.database.stop().await;
        std::fs::remove_dir_all(&self.data_dir).unwrap();
    }
}

async fn token(console: &Console, email: &str) -> String {
    console.add_user(email, PASSWORD, false, None).await.unwrap();
    let actor = console.actor_of_email(email).await.unwrap();
    console.create_token(&actor, "test").await.unwrap().secret
}
