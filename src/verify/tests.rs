use std::collections::BTreeMap;

use time::macros::datetime;

use super::*;
use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::{AnsweredBy, Code, Finding, Verdict};
use crate::records::DomainName;
use crate::records::plan::{BounceMx, SendingProfile};
use crate::records::profile::ProfileVersion;
use crate::records::spf::ProfileMechanism;
use crate::store::events::EventRow;
use crate::test_databases::new_database;

const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);
const HOUR: time::Duration = time::Duration::HOUR;

fn clicked(by: &str) -> Occasion<'_> {
    Occasion { by, lease: None, jitter: 0.0, progress: None }
}

/// A database of its own with one team.
struct World {
    pool: PgPool,
    team_id: Uuid,
}

fn profile(mx: Option<&str>) -> SendingProfile {
    SendingProfile {
        spf: ProfileMechanism::parse_list("include:spf.mta.example").unwrap(),
        mx: mx.map(|mx| BounceMx::parse(mx).unwrap()),
        ..SendingProfile::default()
    }
}

/// What one look says of each record by its key, the others pass.
fn saw(plan: &Plan, by: AnsweredBy, verdicts: &[(&str, Verdict)]) -> Diagnosis {
    let record = |key: &RecordKey| {
        let given = verdicts.iter().find(|(one, _)| *one == key.to_string());
        let verdict = given.map_or(Verdict::Pass, |(_, verdict)| *verdict);
        RecordDiagnosis {
            key: key.clone(),
            verdict,
            findings: Vec::new(),
            current: vec!["seen".into()],
            answered_by: Some(by),
            ttl_s: 600,
            suggested_value: None,
            is_inherited: false,
            evidence: Evidence::default(),
        }
    };
    let records = plan.records.iter().map(|planned| record(&planned.key)).collect();
    Diagnosis { zone: None, records, findings: Vec::new(), has_mail_elsewhere: Some(false) }
}

impl World {
    async fn new() -> Self {
        let pool = store::open(new_database().await).await.unwrap();
        let mut conn = pool.acquire().await.unwrap();
        let team_id = store::users::find_or_insert_team(&mut conn, Uuid::now_v7(), "team", NOON).await.unwrap();
        drop(conn);
        Self { pool, team_id }
    }

    async fn add(&self, name: &str) -> Uuid {
        let name = DomainName::parse(name).unwrap();
        let row = DomainRow {
            id: Uuid::now_v7(),
            team_id: self.team_id,
            unicode_name: name.unicode(),
            zone: name.registrable().to_string(),
            name,
            status: Status::Pending,
            tags: BTreeMap::new(),
            created_at: NOON,
            verified_at: None,
            last_checked_at: None,
            at_risk_since: None,
            unknown_since: None,
            is_mx_required: None,
            required_verified: 0,
            required_total: 0,
            findings: Vec::new(),
        };
        store::domains::insert(&mut self.pool.acquire().await.unwrap(), &row).await.unwrap();
        row.id
    }

    async fn planned(&self, id: Uuid, profile: &SendingProfile) -> Planned {
        let version =
            ProfileVersion { number: 1, profile: profile.clone(), saved_at: NOON, by: "ops".into(), cut_over_at: None };
        let in_force = ProfileInForce::at(vec![version], NOON);
        load(&mut self.pool.acquire().await.unwrap(), self.team_id, &id.to_string(), &in_force).await.unwrap().unwrap()
    }

    /// One look that took no time.
    async fn look_as(&self, planned: &Planned, diagnosis: &Diagnosis, at: OffsetDateTime) {
        let look = Look { diagnosis: diagnosis.clone(), began: at, ended: at };
        save_alone(&self.pool, planned, &look, &clicked("ops@mta.example")).await.unwrap();
    }

    async fn look(&self, id: Uuid, at: OffsetDateTime, by: AnsweredBy, verdicts: &[(&str, Verdict)]) -> DomainRow {
        let planned = self.planned(id, &profile(None)).await;
        self.look_as(&planned, &saw(&planned.plan, by, verdicts), at).await;
        self.row(id).await
    }

    async fn row(&self, id: Uuid) -> DomainRow {
        let mut conn = self.pool.acquire().await.unwrap();
        store::domains::find(&mut conn, self.team_id, &id.to_string()).await.unwrap().unwrap()
    }

    /// The oldest first.
    async fn events(&self, id: Uuid) -> Vec<EventRow> {
        let mut conn = self.pool.acquire().await.unwrap();
        let mut events = store::events::list(&mut conn, self.team_id, id, 200, None).await.unwrap();
        events.reverse();
        events
    }
}

use AnsweredBy::{Authoritative, Recursive};

#[tokio::test]
async fn a_resolvers_no_takes_verified_away_when_it_is_repeated_after_its_ttl() {
    let world = World::new().await;
    let id = world.add("mail.example.com").await;
    let missing = [("spf", Verdict::Missing)];
    assert_eq!(world.look(id, NOON, Recursive, &[]).await.status, Status::Verified);
    assert_eq!(world.look(id, NOON + HOUR, Recursive, &missing).await.status, Status::Verified);
    // Ten minutes are the answer's TTL.
    let too_soon = NOON + HOUR + time::Duration::minutes(9);
    assert_eq!(world.look(id, too_soon, Recursive, &missing).await.status, Status::Verified);
    let at = NOON + HOUR + time::Duration::minutes(10);
    let row = world.look(id, at, Recursive, &missing).await;
    assert_eq!((row.status, row.at_risk_since), (Status::AtRisk, Some(at)));
    let row = world.look(id, at + HOUR * 71, Recursive, &missing).await;
    assert_eq!(row.status, Status::AtRisk);
    assert_eq!(world.look(id, at + HOUR * 72, Recursive, &missing).await.status, Status::Failed);
    assert_eq!(world.look(id, at + HOUR * 73, Authoritative, &[]).await.status, Status::Verified);
    assert_eq!(world.look(id, at + HOUR * 74, Authoritative, &missing).await.status, Status::AtRisk);
}

#[tokio::test]
async fn each_transition_is_one_event_though_many_look_at_once() {
    let world = World::new().await;
    let id = world.add("mail.example.com").await;
    let planned = world.planned(id, &profile(None)).await;
    for (minute, verdict) in [(0, Verdict::Pass), (10, Verdict::Missing), (20, Verdict::Pass)] {
        let diagnosis = saw(&planned.plan, Authoritative, &[("spf", verdict)]);
        // Clicks, and replicas, that begin within the same second.
        let looks = (0..8).map(|millisecond| {
            let (pool, planned, diagnosis) = (world.pool.clone(), planned.clone(), diagnosis.clone());
            let began = NOON + time::Duration::minutes(minute) + time::Duration::milliseconds(millisecond);
            tokio::spawn(async move {
                save_alone(&pool, &planned, &Look { diagnosis, began, ended: began }, &clicked("ops")).await
            })
        });
        for look in looks.collect::<Vec<_>>() {
            look.await.unwrap().unwrap();
        }
    }
    let events = world.events(id).await;
    let told: Vec<_> = events
        .iter()
        .filter(|event| event.record.as_deref().is_none_or(|record| record == "spf"))
        .map(|event| (event.kind.as_str(), event.to_status.as_deref().unwrap_or_default()))
        .collect();
    let each = |status| [("record_status", status), ("domain_status", status)];
    assert_eq!(told, [each("verified"), each("at_risk"), each("verified")].concat());
}

#[tokio::test]
async fn a_look_that_began_before_one_that_is_saved_changes_nothing() {
    let world = World::new().await;
    let id = world.add("mail.example.com").await;
    let planned = world.planned(id, &profile(None)).await;
    let seconds = time::Duration::seconds;
    let (old, new) =
        (saw(&planned.plan, Authoritative, &[("spf", Verdict::Missing)]), saw(&planned.plan, Authoritative, &[]));
    world.look_as(&planned, &new, NOON + seconds(3)).await;
    // It waited for a dead nameserver, and saw what was there before the record was published.
    world.look_as(&planned, &old, NOON).await;
    let row = world.row(id).await;
    assert_eq!((row.status, row.last_checked_at), (Status::Verified, Some(NOON + seconds(3))));
    // A clock that was an hour ahead does not silence the looks after it.
    world.look_as(&planned, &old, NOON - HOUR).await;
    assert_eq!(world.row(id).await.status, Status::AtRisk);
}

#[tokio::test]
async fn a_domain_deleted_meanwhile_leaves_nothing_behind() {
    let world = World::new().await;
    let id = world.add("mail.example.com").await;
    let planned = world.planned(id, &profile(None)).await;
    let mut conn = world.pool.acquire().await.unwrap();
    assert!(store::domains::delete(&mut conn, world.team_id, id).await.unwrap());
    world.look_as(&planned, &saw(&planned.plan, Authoritative, &[]), NOON).await;
    assert!(store::records::list(&mut conn, world.team_id, id).await.unwrap().is_empty());
    assert!(store::events::list(&mut conn, world.team_id, id, 9, None).await.unwrap().is_empty());
}

/// What was told of a domain, the oldest first.
async fn told(world: &World, id: Uuid) -> Vec<String> {
    sqlx::query_scalar("SELECT kind FROM notices WHERE facts -> 'domain' ->> 'id' = $1 ORDER BY at, id")
        .bind(id.to_string())
        .fetch_all(&world.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_at_risk_status_is_told_by_the_second_look_that_saw_it_too() {
    let world = World::new().await;
    let id = world.add("mail.example.com").await;
    let minutes = |count| NOON + time::Duration::minutes(count);
    let look = async |minute, verdict| {
        world.look(id, minutes(minute), Authoritative, &[("spf", verdict)]).await;
        told(&world, id).await.last().cloned().unwrap_or_default()
    };
    assert_eq!(look(0, Verdict::Pass).await, "first_verified");
    assert_eq!(look(60, Verdict::Missing).await, "first_verified");
    assert_eq!(look(69, Verdict::Missing).await, "first_verified");
    // Evidence of nothing agrees with nothing.
    assert_eq!(look(70, Verdict::Unknown).await, "first_verified");
    assert_eq!(look(71, Verdict::Missing).await, "at_risk");
    assert_eq!(look(72, Verdict::Missing).await, "at_risk");
    assert_eq!(look(80, Verdict::Pass).await, "recovered");
    assert_eq!(told(&world, id).await, ["first_verified", "at_risk", "recovered"]);
}

#[tokio::test]
async fn replicas_that_look_at_once_tell_each_turn_once() {
    let world = World::new().await;
    let id = world.add("mail.example.com").await;
    let planned = world.planned(id, &profile(None)).await;
    for (minute, verdict) in [(0, Verdict::Pass), (10, Verdict::Missing), (20, Verdict::Missing), (30, Verdict::Pass)] {
        let diagnosis = saw(&planned.plan, Authoritative, &[("spf", verdict)]);
        let looks = (0..8).map(|millisecond| {
            let (pool, planned, diagnosis) = (world.pool.clone(), planned.clone(), diagnosis.clone());
            let began = NOON + time::Duration::minutes(minute) + time::Duration::milliseconds(millisecond);
            tokio::spawn(async move {
                save_alone(&pool, &planned, &Look { diagnosis, began, ended: began }, &clicked("ops")).await
            })
        });
        for look in looks.collect::<Vec<_>>() {
            look.await.unwrap().unwrap();
        }
    }
    assert_eq!(told(&world, id).await, ["first_verified", "at_risk", "recovered"]);
}

#[tokio::test]
async fn random_looks_tell_nothing_twice_and_take_back_only_what_was_told() {
    use rand::{RngExt, SeedableRng};
    let world = World::new().await;
    let id = world.add("mail.example.com").await;
    let mut random = rand::rngs::StdRng::seed_from_u64(9);
    let mut at = NOON;
    for _ in 0..300 {
        at += time::Duration::minutes(random.random_range(1..600)) * i32::from(random.random_bool(0.9));
        let verdict = [Verdict::Pass, Verdict::Missing, Verdict::Missing, Verdict::Missing, Verdict::Unknown]
            [random.random_range(0..5)];
        let before = world.row(id).await;
        let count = told(&world, id).await.len();
        let after = world.look(id, at, Authoritative, &[("spf", verdict)]).await;
        let now = told(&world, id).await;
        assert!(now.len() <= count + 1, "one look, one turn");
        if now.len() > count {
            let is_right = match now.last().map(String::as_str) {
                Some("at_risk") => at - after.at_risk_since.unwrap() >= time::Duration::minutes(10),
                Some("failed") => before.status == Status::AtRisk && after.status == Status::Failed,
                Some("recovered") => before.status != Status::Verified && after.status == Status::Verified,
                _ => before.verified_at.is_none() && after.verified_at.is_some(),
            };
            assert!(is_right && verdict != Verdict::Unknown, "{now:?}");
        }
    }
    let told = told(&world, id).await;
    assert!(told.len() > 20 && told.iter().skip(1).all(|kind| kind != "first_verified"), "{told:?}");
    for pair in told.windows(2) {
        let is_turn = match pair[1].as_str() {
            "at_risk" => pair[0] != "at_risk" && pair[0] != "failed",
            "failed" => pair[0] != "failed",
            _ => pair[0] == "at_risk" || pair[0] == "failed",
        };
        assert!(is_turn, "{told:?}");
    }
}

#[tokio::test]
async fn a_broken_profile_is_told_once_though_replicas_look_at_once() {
    use crate::diagnosis::profile::{PartDiagnosis, PartState};
    let world = World::new().await;
    let version =
        ProfileVersion { number: 1, profile: profile(None), saved_at: NOON, by: "ops".into(), cut_over_at: None };
    store::profile::insert(&mut world.pool.acquire().await.unwrap(), &version).await.unwrap();
    let look = async |state, minute| {
        let finding = Finding::error(Code::ProfileBroken);
        let findings = if state == PartState::Broken { vec![finding] } else { Vec::new() };
        let part = PartDiagnosis { key: RecordKey::Spf, state, findings };
        let mut tx = store::begin(&world.pool).await.unwrap();
        super::profile::save(&mut tx, 1, vec![part], NOON + time::Duration::minutes(minute)).await.unwrap();
        store::commit(tx).await.unwrap();
    };
    let count = async || -> i64 {
        let sql = "SELECT count(*) FROM notices WHERE kind = 'profile_broken' AND team_id IS NULL";
        sqlx::query_scalar(sql).fetch_one(&world.pool).await.unwrap()
    };
    look(PartState::Whole, 0).await;
    tokio::join!(look(PartState::Broken, 1), look(PartState::Broken, 1), look(PartState::Broken, 1));
    look(PartState::Unasked, 2).await;
    look(PartState::Broken, 3).await;
    assert_eq!(count().await, 1);
    look(PartState::Whole, 4).await;
    look(PartState::Broken, 5).await;
    assert_eq!(count().await, 2, "that is another time");
}

#[tokio::test]
async fn a_domain_is_unreachable_after_a_day_in_which_another_was_answered() {
    let world = World::new().await;
    let (id, other) = (world.add("mail.example.com").await, world.add("mail.example.net").await);
    let unknown = [("spf", Verdict::Unknown)];
    let carries = |row: &DomainRow| row.findings.iter().any(|finding| finding.code == Code::Unreachable);
    world.look(id, NOON, Authoritative, &[]).await;
    let row = world.look(id, NOON + HOUR, Authoritative, &unknown).await;
    assert_eq!((row.status, row.unknown_since), (Status::Verified, Some(NOON + HOUR)));
    // Nobody was answered for a day: the trouble may be ours.
    let row = world.look(id, NOON + HOUR * 26, Authoritative, &unknown).await;
    assert!(!carries(&row));
    world.look(other, NOON + HOUR * 27, Authoritative, &[]).await;
    for hours in [28, 40, 90] {
        let row = world.look(id, NOON + HOUR * hours, Authoritative, &unknown).await;
        assert!(carries(&row) && row.status == Status::Verified, "after {hours} h: {row:?}");
        assert_eq!(row.unknown_since, Some(NOON + HOUR));
    }
    let told = |events: Vec<EventRow>| events.into_iter().filter(|event| event.kind == "unreachable").count();
    assert_eq!(told(world.events(id).await), 1);
    let row = world.look(id, NOON + HOUR * 91, Authoritative, &[]).await;
    assert!(!carries(&row) && row.unknown_since.is_none());
    // Another outage is another event.
    world.look(other, NOON + HOUR * 120, Authoritative, &[]).await;
    for hours in [95, 121] {
        world.look(id, NOON + HOUR * hours, Authoritative, &unknown).await;
    }
    assert_eq!(told(world.events(id).await), 2);
}

#[tokio::test]
async fn our_own_broken_names_make_no_domain_unreachable() {
    let world = World::new().await;
    let id = world.add("mail.example.com").await;
    let planned = world.planned(id, &profile(None)).await;
    let mut diagnosis = saw(&planned.plan, Authoritative, &[("spf", Verdict::Unknown)]);
    for seen in diagnosis.records.iter_mut().filter(|seen| seen.verdict == Verdict::Unknown) {
        seen.findings = vec![Finding::warning(Code::DnsProfile)];
    }
    world.look_as(&planned, &diagnosis, NOON).await;
    assert_eq!(world.row(id).await.unknown_since, None);
}

#[tokio::test]
async fn what_an_edit_adds_is_required_of_a_verified_domain_from_its_first_pass_on() {
    let world = World::new().await;
    let (old, young) = (world.add("mail.example.com").await, world.add("mail.example.net").await);
    world.look(old, NOON, Authoritative, &[]).await;
    world.look(young, NOON, Authoritative, &[("spf", Verdict::Missing)]).await;
    let look = async |id, hours, verdict| {
        let planned = world.planned(id, &profile(Some("10 bounce.mta.example"))).await;
        let diagnosis = saw(&planned.plan, Authoritative, &[("mx", verdict)]);
        world.look_as(&planned, &diagnosis, NOON + HOUR * hours).await;
        let row = world.row(id).await;
        (row.status, row.required_verified, row.required_total)
    };
    assert_eq!(look(old, 1, Verdict::Missing).await, (Status::Verified, 2, 2));
    // Never verified, so all of the profile is asked of it.
    assert_eq!(look(young, 1, Verdict::Missing).await, (Status::Pending, 2, 3));
    assert_eq!(look(old, 2, Verdict::Pass).await, (Status::Verified, 3, 3));
    assert_eq!(look(old, 3, Verdict::Missing).await, (Status::AtRisk, 2, 3));
}

#[tokio::test]
async fn whether_our_mx_is_required_is_decided_by_the_first_answered_check_alone() {
    let world = World::new().await;
    let id = world.add("mail.example.com").await;
    for (hours, elsewhere, decided) in
        [(0, None, None), (1, Some(true), Some(false)), (2, Some(false), Some(false)), (3, None, Some(false))]
    {
        let planned = world.planned(id, &profile(Some("10 bounce.mta.example"))).await;
        let mut diagnosis = saw(&planned.plan, Authoritative, &[("mx", Verdict::Mismatch)]);
        diagnosis.has_mail_elsewhere = elsewhere;
        world.look_as(&planned, &diagnosis, NOON + HOUR * hours).await;
        let row = world.row(id).await;
        assert_eq!(row.is_mx_required, decided, "look {hours}");
        let expected = if decided == Some(false) { (Status::Verified, 2) } else { (Status::Pending, 3) };
        assert_eq!((row.status, row.required_total), expected, "look {hours}");
    }
}
