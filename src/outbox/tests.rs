use std::collections::BTreeMap;
use std::time::Duration as Patience;

use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::letter::tests::notice;
use super::*;
use crate::console::{Actor, AlertSettings, NewDomain, Parts, Running};
use crate::dns::Dns;
use crate::dns::zone_world::World;
use crate::keys::KeyPool;
use crate::lifecycle::notice::{Notice, NoticeKind};
use crate::records::OwnerName;
use crate::records::plan::SendingProfile;
use crate::records::spf::ProfileMechanism;
use crate::seal::Sealer;
use crate::test_databases::new_database;

mod mails;
mod posts;
mod receivers;
mod whole;

use receivers::{Hook, Mood, Posted, Received, Reply, SmtpServer};

const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);
const EMAIL: &str = "ops@example.com";

/// A console with one user, a mail server and an outbox that is moved by hand.
struct Platform {
    world: World,
    console: Console,
    actor: Actor,
    outbox: Outbox,
    smtp: SmtpServer,
    pool: store::Pool,
}

impl Platform {
    async fn start() -> Self {
        let database = store::migrate(new_database().await).await.unwrap();
        let pool = database.pool(store::Role::App).await.unwrap();
        let background = database.pool(store::Role::Sweep).await.unwrap();
        let world =
            World::start(";; zone mta.example\nspf TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n;; zone example.com\n")
                .await
                .unwrap();
        let console = Console::new(Parts {
            pool: pool.clone(),
            dns: Dns::start(world.settings()).await.unwrap(),
            sealer: Sealer::new(&[7; 32]),
            keys: KeyPool::start(1),
            running: Running::default(),
            public_url: "https://console.example".into(),
            trusted_proxies: Vec::new(),
            alerts: AlertSettings { sends_mail: true, allows_private_webhooks: true },
            demo: None,
            clock: OffsetDateTime::now_utc,
        });
        let spf = ProfileMechanism::parse_list("include:spf.mta.example").unwrap();
        let profile = SendingProfile { spf, selector_prefix: "s".into(), ..SendingProfile::default() };
        console.seed_profile(&profile).await.unwrap();
        console.add_user(EMAIL, "correct horse battery", true, None).await.unwrap();
        let actor = console.actor_of_email(EMAIL).await.unwrap();
        let smtp = SmtpServer::start().await;
        let outbox = outbox_of(&console, &background, &smtp);
        Self { world, console, actor, outbox, smtp, pool }
    }

    /// Another replica on the same database.
    fn replica(&self) -> Outbox {
        outbox_of(&self.console, &self.outbox.pool, &self.smtp)
    }

    async fn tell(&self, kind: NoticeKind, at: OffsetDateTime) {
        self.tell_team(Some(self.actor.team_id), kind, at).await;
    }

    async fn tell_team(&self, team_id: Option<Uuid>, kind: NoticeKind, at: OffsetDateTime) {
        let told = Notice { id: Uuid::now_v7(), at, ..notice(kind) };
        store::notices::insert(&mut self.pool.acquire().await.unwrap(), team_id, &told).await.unwrap();
    }

    /// Works until nothing is left to be done at `now`.
    async fn work(&self, now: OffsetDateTime) {
        while self.outbox.step(now).await.unwrap() > 0 {}
    }

    /// Leaves everybody but the webhooks out.
    async fn without_addresses(&self) {
        self.sql("DELETE FROM alert_addresses").await;
    }

    async fn hook(&self) -> (Hook, String) {
        let hook = Hook::start().await;
        let made = self.console.add_webhook(&self.actor, &hook.url, &NoticeKind::OF_DOMAINS).await.unwrap();
        (hook, made.secret)
    }

    async fn sql(&self, statement: &'static str) {
        sqlx::raw_sql(statement).execute(&self.pool).await.unwrap();
    }

    /// A program that died: its claims run out.
    async fn forget_leases(&self) {
        self.sql("UPDATE deliveries SET leased_until = clock_timestamp() - interval '1 second'").await;
    }

    async fn deliveries(&self) -> Vec<store::deliveries::DeliveryRow> {
        self.console.list_deliveries(&self.actor, 200, None).await.unwrap().0
    }
}

fn outbox_of(console: &Console, pool: &PgPool, smtp: &SmtpServer) -> Outbox {
    let mailer = Mailer::new(&smtp.url(), "signet <alerts@mta.example>");
    let poster = Poster::with_patience(Guard::new(true), Patience::from_millis(1500));
    Outbox::new(console.clone(), pool.clone(), mailer, poster)
}

fn ids(mails: &[Received]) -> Vec<String> {
    mails.iter().map(|mail| mail.header("Message-ID").unwrap()).collect()
}

fn posted_ids(posted: &[Posted]) -> Vec<String> {
    posted.iter().map(Posted::id).collect()
}
