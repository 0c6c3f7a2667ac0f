mod faults;
mod printed;

use std::collections::BTreeMap;

use time::OffsetDateTime;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::slots::Walked;
use super::*;
use crate::console::{Actor, AlertSettings, Console, DomainView, NewDomain, Parts, Running};
use crate::diagnosis::Verdict;
use crate::dns::zone_world::World;
use crate::keys::KeyPool;
use crate::lifecycle::Status;
use crate::records::OwnerName;
use crate::records::plan::SendingProfile;
use crate::records::spf::ProfileMechanism;
use crate::seal::Sealer;
use crate::store;
use crate::store::sweep_slots::SlotLease;
use crate::test_databases::new_database;

const PLATFORM: &str = ";; zone mta.example\nspf TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n";

/// A platform with one customer, `example.com`, and a background verifier that is moved by hand.
struct Platform {
    world: World,
    console: Console,
    actor: Actor,
    sweep: Sweep,
    pool: store::Pool,
}

impl Platform {
    async fn start() -> Self {
        Self::start_in(&format!("{PLATFORM};; zone example.com\n")).await
    }

    async fn start_in(world: &str) -> Self {
        let database = store::migrate(new_database().await).await.unwrap();
        let pool = database.pool(store::Role::App).await.unwrap();
        let background = database.pool(store::Role::Sweep).await.unwrap();
        let world = World::start(world).await.unwrap();
        let console = Console::new(Parts {
            pool: pool.clone(),
            dns: Dns::start(world.settings()).await.unwrap(),
            sealer: Sealer::new(&[7; 32]),
            keys: KeyPool::start(2),
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
        console.add_user("ops@example.com", "correct horse battery", true, None).await.unwrap();
        let actor = console.actor_of_email("ops@example.com").await.unwrap();
        let sweep = Sweep::new(background, console.parts().dns.clone(), OffsetDateTime::now_utc);
        Self { world, console, actor, sweep, pool }
    }

    async fn add(&self, name: &str) -> DomainView {
        let new = NewDomain { name: name.into(), tags: BTreeMap::new(), ..NewDomain::default() };
        self.console.create_domain(&self.actor, new).await.unwrap()
    }

    /// A domain whose records all stand, verified by a click.
    async fn add_verified(&self, name: &str) -> DomainView {
        self.add(name).await;
        let zone = self.console.zone_file(&self.actor, name).await.unwrap();
        self.publish(&zone);
        let view = self.console.verify_domain(&self.actor, name).await.unwrap();
        assert_eq!(view.status, Status::Verified, "{:?}", view.records);
        view
    }

    fn publish(&self, zone: &str) {
        self.world.set_zone(&OwnerName::new("example.com"), zone, &[]).unwrap();
    }

    async fn find(&self, name: &str) -> DomainView {
        self.console.find_domain(&self.actor, name).await.unwrap()
    }

    async fn sql(&self, statement: &'static str) {
        sqlx::raw_sql(statement).execute(&self.pool).await.unwrap();
    }

    /// Makes every look that is due now; gives how many.
    async fn look_at_due(&self) -> usize {
        let mut open = JoinSet::new();
        let begun = self.sweep.start_due(&mut open).await.unwrap();
        open.join_all().await;
        begun
    }

    /// Walks the slot of a domain whole, and makes the looks that this calls for.
    async fn walk(&self, id: Uuid) {
        let profile = self.sweep.profile().await.unwrap().unwrap();
        let mut lease = self.lease_slot_of(id).await;
        while self.sweep.walk_slice(&mut lease, &profile).await.unwrap() == Walked::Part {}
        self.look_at_due().await;
    }

    async fn lease_slot_of(&self, id: Uuid) -> SlotLease {
        self.sql("UPDATE sweep_slots SET next_at = now() + interval '1 hour', leased_until = NULL").await;
        let bytes = id.as_bytes();
        let slot = (i32::from(bytes[14]) * 256 + i32::from(bytes[15])) % 720;
        sqlx::query("UPDATE sweep_slots SET next_at = now() - interval '1 hour' WHERE slot = $1")
            .bind(slot)
            .execute(&self.pool)
            .await
            .unwrap();
        let mut conn = self.pool.acquire().await.unwrap();
        store::sweep_slots::lease(&mut conn, OffsetDateTime::now_utc(), 45.0).await.unwrap().unwrap()
    }

    async fn swept_events(&self, name: &str) -> Vec<String> {
        let (events, _) = self.console.list_events(&self.actor, name, 100, None).await.unwrap();
        let told = events.into_iter().filter(|event| event.by == "sweep");
        told.map(|event| format!("{} {}", event.kind, event.to.unwrap_or_default())).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_publishes_and_does_nothing_else_sees_green() {
    let platform = Platform::start().await;
    let pending = platform.add("mail.example.com").await;
    let next = pending.next_check_at.expect("a look is planned");
    let pause = next - pending.last_checked_at.unwrap();
    assert!(pause <= time::Duration::seconds(70), "{pause}");
    assert_eq!(platform.look_at_due().await, 0, "nothing is due yet");

    let zone = platform.console.zone_file(&platform.actor, "mail.example.com").await.unwrap();
    platform.publish(&zone);
    platform.sql("UPDATE due_looks SET due_at = now() - interval '1 second'").await;
    assert_eq!(platform.look_at_due().await, 1);
    let verified = platform.find("mail.example.com").await;
    assert_eq!(verified.status, Status::Verified);
    assert!(platform.swept_events("mail.example.com").await.contains(&"domain_status verified".to_owned()));
    let next = verified.next_check_at.expect("its slot is planned") - OffsetDateTime::now_utc();
    assert!(next <= time::Duration::hours(12), "{next}");
    platform.sql("UPDATE due_looks SET due_at = now() - interval '1 second'").await;
    assert_eq!(platform.look_at_due().await, 0, "its slot looks after it now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_notes_what_is_unchanged_and_nothing_else() {
    let platform = Platform::start().await;
    let before = platform.add_verified("mail.example.com").await;
    platform.walk(before.id).await;
    let after = platform.find("mail.example.com").await;
    assert!(after.last_checked_at > before.last_checked_at);
    assert_eq!(after.status, Status::Verified);
    assert!(platform.swept_events("mail.example.com").await.is_empty());
    let next = after.next_check_at.unwrap() - OffsetDateTime::now_utc();
    assert!(next > time::Duration::hours(10) && next <= time::Duration::hours(12), "{next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_strip_of_days_tells_walks_and_whole_looks_alike() {
    let platform = Platform::start().await;
    let domain = platform.add_verified("mail.example.com").await;
    // It was added and verified four days ago, walked two days ago, and is walked now.
    let ago = "UPDATE records SET days = int4send(('x' || encode(substr(days, 1, 4), 'hex'))::bit(32)::int - 4)
                   || substr(days, 5);
               UPDATE domains SET looked_until = looked_until - 2, looked_days = looked_days | (1::bit(90) << 2),
                   last_checked_at = last_checked_at - interval '2 days'";
    platform.sql("UPDATE records SET checked_at = checked_at - interval '4 days'").await;
    platform.sql(ago).await;
    platform.walk(domain.id).await;
    let days = |view: &DomainView, place: usize| view.days.as_ref().unwrap().days[place..].to_vec();
    let (pass, missing) = (Some(Verdict::Pass), Some(Verdict::Missing));
    let walked = platform.find("mail.example.com").await;
    assert_eq!(days(&walked, 84), [None, missing, None, pass, None, pass]);
    for record in &walked.records {
        assert_eq!(record.days.as_ref().unwrap().days[84..], [None, missing, None, pass, None, pass], "{}", record.key);
    }
    // What is lost on the same day is the worst of it, and the days before stay as they were.
    platform.publish("");
    platform.walk(domain.id).await;
    let lost = platform.find("mail.example.com").await;
    assert_eq!(days(&lost, 84), [None, missing, None, pass, None, missing]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_record_is_found_by_the_walk_and_looked_at_again_soon() {
    let platform = Platform::start().await;
    let before = platform.add_verified("mail.example.com").await;
    platform.publish("");
    platform.walk(before.id).await;
    let risk = platform.find("mail.example.com").await;
    assert_eq!(risk.status, Status::AtRisk);
    assert!(platform.swept_events("mail.example.com").await.contains(&"domain_status at_risk".to_owned()));
    let next = risk.next_check_at.unwrap() - OffsetDateTime::now_utc();
    assert!(next <= time::Duration::minutes(11), "the second look comes after {next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_outage_and_no_lie_of_a_resolver_takes_a_verified_status() {
    let platform = Platform::start().await;
    platform.add("mail.example.com").await;
    let zone = platform.console.zone_file(&platform.actor, "mail.example.com").await.unwrap();
    let healthy = format!("{PLATFORM};; zone example.com\n{zone}");
    platform.world.replace(&healthy).unwrap();
    let before = platform.console.verify_domain(&platform.actor, "mail.example.com").await.unwrap();
    for fault in [
        ";; resolver servfail\n",
        ";; resolver refuse\n",
        ";; resolver garbage\n",
        ";; absent mail.example.com\n;; absent _dmarc.mail.example.com\n;; absent _domainkey.mail.example.com\n",
        ";; server ns1.example.com servfail\n;; server ns2.example.com refuse\n;; resolver servfail\n",
    ] {
        platform.world.replace(&format!("{healthy}{fault}")).unwrap();
        platform.walk(before.id).await;
        assert_eq!(platform.find("mail.example.com").await.status, Status::Verified, "{fault}");
        assert!(platform.swept_events("mail.example.com").await.is_empty(), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_wakes_after_its_lease_writes_nothing() {
    let platform = Platform::start().await;
    let before = platform.add_verified("mail.example.com").await;
    platform.publish("");
    let profile = platform.sweep.profile().await.unwrap().unwrap();

    let mut stale = platform.lease_slot_of(before.id).await;
    let fresh = platform.lease_slot_of(before.id).await;
    assert_eq!((stale.slot, stale.fence + 1), (fresh.slot, fresh.fence));
    assert_eq!(platform.sweep.walk_slice(&mut stale, &profile).await.unwrap(), Walked::Lost);
    let untouched = platform.find("mail.example.com").await;
    assert_eq!((untouched.status, untouched.last_checked_at), (Status::Verified, before.last_checked_at));

    let mut fresh = fresh;
    assert_eq!(platform.sweep.walk_slice(&mut fresh, &profile).await.unwrap(), Walked::Part);
    assert_eq!(platform.sweep.walk_slice(&mut fresh, &profile).await.unwrap(), Walked::Whole);
    assert_eq!(platform.look_at_due().await, 1);
    assert_eq!(platform.find("mail.example.com").await.status, Status::AtRisk);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_takes_a_domain_from_whoever_has_claimed_it() {
    let platform = Platform::start().await;
    platform.add("mail.example.com").await;
    platform.sql("UPDATE due_looks SET due_at = now() - interval '1 second'").await;
    let mut conn = platform.pool.acquire().await.unwrap();
    let now = OffsetDateTime::now_utc();
    let rank = crate::lifecycle::schedule::Rank::Awaited;
    let claimed = store::due_looks::claim(&mut conn, rank, now, 45.0, 10).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert!(store::due_looks::claim(&mut conn, rank, now, 45.0, 10).await.unwrap().is_empty(), "it is claimed");
    platform.console.verify_domain(&platform.actor, "mail.example.com").await.unwrap();
    assert!(!store::due_looks::is_held(&mut conn, claimed[0]).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_turn_bad_at_once_are_held_where_the_known_good_did_too() {
    let platform = Platform::start().await;
    let before = platform.add_verified("mail.example.com").await;
    let profile = platform.sweep.profile().await.unwrap().unwrap();
    platform.sweep.suspicion.note_good(&[before.id]);
    platform.publish("");
    assert!(platform.sweep.suspicion.note_bad(30));
    let mut lease = platform.lease_slot_of(before.id).await;
    assert_eq!(platform.sweep.walk_slice(&mut lease, &profile).await.unwrap(), Walked::Held);
    assert_eq!(platform.find("mail.example.com").await.status, Status::Verified);
    let told: i64 = sqlx::query_scalar("SELECT count(*) FROM notices WHERE kind = 'many_at_once' AND team_id IS NULL")
        .fetch_one(&platform.pool)
        .await
        .unwrap();
    assert_eq!(told, 1, "administrators are told");
    assert!(platform.sweep.lease_slot().await.unwrap().is_none(), "the slot is held for a while");
    assert_eq!(platform.look_at_due().await, 0);
}

/// The time of a machine whose clock is set: years from now, for the one test that sets it.
static YEARS_OFF: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);

fn set_clock() -> OffsetDateTime {
    OffsetDateTime::now_utc() + time::Duration::days(365 * YEARS_OFF.load(std::sync::atomic::Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_and_forth_takes_no_status_and_leaves_no_domain_unseen() {
    let mut platform = Platform::start().await;
    let pending = platform.add("pending.example.com").await;
    let verified = platform.add_verified("mail.example.com").await;
    platform.sweep.clock = set_clock;
    for years in [10, -10, 0, 3, 0] {
        YEARS_OFF.store(years, std::sync::atomic::Ordering::Relaxed);
        platform.sweep.mend().await.unwrap();
        // Every slot is reached within half a day of this clock, and what waits is not planned beyond it.
        let ahead = "SELECT count(*) FROM sweep_slots WHERE next_at > $1 + interval '12 hours'
             UNION ALL SELECT count(*) FROM due_looks WHERE due_at > $1 + interval '8 days'";
        let ahead: Vec<i64> = sqlx::query_scalar(ahead).bind(set_clock()).fetch_all(&platform.pool).await.unwrap();
        assert_eq!(ahead, [0, 0], "{years}");
        // It is walked by the date that it has under this clock.
        let bytes = verified.id.as_bytes();
        let slot = (i32::from(bytes[14]) * 256 + i32::from(bytes[15])) % 720;
        sqlx::query("UPDATE sweep_slots SET next_at = $2 - interval '1 hour' WHERE slot = $1")
            .bind(slot)
            .bind(set_clock())
            .execute(&platform.pool)
            .await
            .unwrap();
        let profile = platform.sweep.profile().await.unwrap().unwrap();
        let mut conn = platform.pool.acquire().await.unwrap();
        loop {
            let lease = store::sweep_slots::lease(&mut conn, set_clock(), 45.0).await.unwrap();
            let Some(mut lease) = lease else { break };
            while platform.sweep.walk_slice(&mut lease, &profile).await.unwrap() == Walked::Part {}
        }
        drop(conn);
        sqlx::query("UPDATE due_looks SET due_at = $1").bind(set_clock()).execute(&platform.pool).await.unwrap();
        platform.look_at_due().await;
        let seen = platform.find("mail.example.com").await;
        assert_eq!(seen.status, Status::Verified, "{years}");
        let age = set_clock() - seen.last_checked_at.unwrap();
        assert!(age < time::Duration::minutes(1) && age >= time::Duration::ZERO, "{years}: {age}");
        assert!(platform.swept_events("mail.example.com").await.is_empty(), "{years}");
        let waits = platform.find("pending.example.com").await;
        assert_eq!(waits.status, pending.status, "{years}");
        let age = set_clock() - waits.last_checked_at.unwrap();
        assert!(age < time::Duration::minutes(1) && age >= time::Duration::ZERO, "{years}: {age}");
    }
}
