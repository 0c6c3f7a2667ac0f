//! A server of its own for a test: database, DNS world, console, listener. The databases share one cluster.

use std::net::SocketAddr;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use signet::console::{AlertSettings, Console, Parts, Running};
use signet::dns::Dns;
use signet::dns::zone_world::World;
use signet::keys::KeyPool;
use signet::records::OwnerName;
use signet::records::plan::SendingProfile;
use signet::records::spf::ProfileMechanism;
use signet::seal::Sealer;
use signet::store;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::browser::Browser;
pub use crate::databases::new_database;

pub const PASSWORD: &str = "correct horse battery";
pub const EMAIL: &str = "ops@example.com";

/// The platform's own names, a customer's empty zone, and another's at a provider that is known by its nameservers.
pub const WORLD: &str = "\
;; zone mta.example
spf TXT \"v=spf1 ip4:192.0.2.0/24 -all\"
;; zone example.com
;; zone example.net at ada.ns.cloudflare.com bob.ns.cloudflare.com
";

pub struct TestApp {
    world: World,
    pub console: Console,
    pub base: String,
    pub token: String,
    client: reqwest::Client,
    pub pool: store::Pool,
    options: PgConnectOptions,
    alerts: AlertSettings,
}

/// How an answer came: status, headers, text.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_at("http://127.0.0.1").await
    }

    /// `public_url` is what the console believes to be reached by.
    pub async fn start_at(public_url: &str) -> Self {
        Self::start_with(public_url, AlertSettings::default()).await
    }

    /// With a mail server, which nobody asks, and webhooks that may lead to this machine.
    pub async fn start_with_alerts() -> Self {
        let alerts = AlertSettings { sends_mail: true, allows_private_webhooks: true };
        Self::start_with("http://127.0.0.1", alerts).await
    }

    async fn start_with(public_url: &str, alerts: AlertSettings) -> Self {
        let options = new_database().await;
        let pool = store::open(options.clone()).await.unwrap();
        let world = World::start(WORLD).await.unwrap();
        let console = console(&pool, &world, public_url, alerts).await;
        let profile = SendingProfile {
            spf: ProfileMechanism::parse_list("include:spf.mta.example").unwrap(),
            selector_prefix: "s".into(),
            ..SendingProfile::default()
        };
        console.seed_profile(&profile).await.unwrap();
        let base = serve(&console).await;
        let token = token(&console, EMAIL).await;
        Self { world, console, base, token, client: reqwest::Client::new(), pool, options, alerts }
    }

    /// What a restarted program is: the same database, nothing else.
    pub async fn restart(&mut self) {
        self.pool.close().await;
        self.pool = store::open(self.options.clone()).await.unwrap();
        self.console = console(&self.pool, &self.world, "http://127.0.0.1", self.alerts).await;
        self.base = serve(&self.console).await;
    }

    /// The secret of a token of a new user with a team of their own.
    pub async fn token_of(&self, email: &str) -> String {
        token(&self.console, email).await
    }

    /// Puts these records in the place of the customer's zone.
    pub fn publish(&self, text: &str) {
        self.set_zone("example.com", text);
    }

    /// Puts these records in the place of a zone.
    pub fn set_zone(&self, zone: &str, text: &str) {
        self.world.set_zone(&OwnerName::new(zone), text, &[]).unwrap();
    }

    /// A browser in which nobody is signed in.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.base)
    }

    /// A browser in which the user of the tests is signed in.
    pub async fn signed_in(&self) -> Browser {
        let browser = self.browser();
        let answer = browser.submit("/login", &[("email", EMAIL), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        browser
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

    /// Sends whatever a script may send: method, path, content type, body; with the token of the tests.
    pub async fn send(&self, method: &str, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let method = method.parse::<reqwest::Method>().unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        Answer::of(request.body(body.into()).send().await.unwrap()).await
    }

    pub async fn stop(self) {
        drop(self.world);
        self.pool.close().await;
        let name = self.options.get_database().unwrap();
        let mut connection = PgConnection::connect_with(&self.options.clone().database("postgres")).await.unwrap();
        let drop = format!("DROP DATABASE \"{name}\" WITH (FORCE)");
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
    }
}

impl Answer {
    pub async fn of(answer: reqwest::Response) -> Self {
        let (status, headers) = (answer.status(), answer.headers().clone());
        Self { status, headers, text: answer.text().await.unwrap() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn console(pool: &store::Pool, world: &World, public_url: &str, alerts: AlertSettings) -> Console {
    Console::new(Parts {
        pool: pool.clone(),
        dns: Dns::start(world.settings()).await.unwrap(),
        sealer: Sealer::new(&[7; 32]),
        keys: KeyPool::start(2),
        running: Running::default(),
        public_url: public_url.into(),
        trusted_proxies: Vec::new(),
        alerts,
        demo: None,
        clock: time::OffsetDateTime::now_utc,
    })
}

async fn serve(console: &Console) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let service = signet::app::router(console).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    base
}

async fn token(console: &Console, email: &str) -> String {
    console.add_user(email, PASSWORD, false, None).await.unwrap();
    let actor = console.actor_of_email(email).await.unwrap();
    console.create_token(&actor, "test").await.unwrap().secret
}
