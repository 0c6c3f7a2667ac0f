mod lists;

use std::collections::BTreeMap;

use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::embedded::Embedded;
use super::*;
use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::profile::{PartDiagnosis, PartState};
use crate::diagnosis::{AnsweredBy, Code, Finding, Verdict};
use crate::lifecycle::history::Strip;
use crate::lifecycle::{Standing, Status};
use crate::records::plan::{RecordKey, SendingProfile};
use crate::records::profile::ProfileVersion;
use crate::records::{DomainName, Selector};
use crate::test_databases::new_database;

const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

const AT_RISK: Standing =
    Standing { status: Status::AtRisk, verified_at: Some(NOON), at_risk_since: Some(NOON), doubted_until: Some(NOON) };

/// A cluster of its own for each test.
struct Database {
    pool: Pool,
}

impl Database {
    async fn new() -> Self {
        Self { pool: open(new_database().await).await.unwrap() }
    }
}

async fn add_user(connection: &mut sqlx::PgConnection, email: &str) -> users::UserRow {
    let team_id = users::find_or_insert_team(connection, Uuid::now_v7(), email, NOON).await.unwrap();
    let row = users::UserRow {
        id: Uuid::now_v7(),
        team_id,
        team: email.to_owned(),
        email: email.to_owned(),
        password_hash: "hash".into(),
        is_admin: true,
        created_at: NOON,
        disabled_at: None,
    };
    users::insert(connection, &row).await.unwrap();
    row
}

fn domain(team_id: Uuid, name: &str) -> domains::DomainRow {
    let name = DomainName::parse(name).unwrap();
    domains::DomainRow {
        id: Uuid::now_v7(),
        team_id,
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
        required_total: 3,
        findings: Vec::new(),
    }
}

async fn names(connection: &mut sqlx::PgConnection, team_id: Uuid, filter: domains::Filter<'_>) -> Vec<String> {
    let rows = domains::list(connection, team_id, &domains::Filter { limit: 10, ..filter }).await.unwrap();
    rows.into_iter().map(|row| row.name.to_string()).collect()
}

#[tokio::test]
async fn a_team_finds_its_own_domains_in_order_and_no_others() {
    let database = Database::new().await;
    let mut connection = begin(&database.pool).await.unwrap();
    let ours = add_user(&mut connection, "ours@example.com").await.team_id;
    let theirs = add_user(&mut connection, "theirs@example.com").await.team_id;
    let mut tagged = domain(ours, "b-c.example.com");
    tagged.tags.insert("env".into(), "live".into());
    for row in
        [&domain(ours, "bücher.example"), &tagged, &domain(ours, "b.example.com"), &domain(theirs, "b.example.com")]
    {
        domains::insert(&mut connection, row).await.unwrap();
    }
    let all = ["b-c.example.com", "b.example.com", "xn--bcher-kva.example"];
    use domains::Filter;
    assert_eq!(names(&mut connection, ours, Filter::default()).await, all);
    assert_eq!(names(&mut connection, ours, Filter { after: Some(all[0]), ..Filter::default() }).await, all[1..]);
    assert_eq!(names(&mut connection, ours, Filter { q: Some("büch"), ..Filter::default() }).await, all[2..]);
    assert_eq!(names(&mut connection, ours, Filter { q: Some("kva"), ..Filter::default() }).await, all[2..]);
    assert_eq!(
        names(&mut connection, ours, Filter { tag: Some(("env", "live")), ..Filter::default() }).await,
        all[..1]
    );
    let verified = Filter { status: Some(Status::Verified), ..Filter::default() };
    assert!(names(&mut connection, ours, verified).await.is_empty());

    let found = domains::find(&mut connection, ours, "B-C.Example.com.").await.unwrap().unwrap();
    assert_eq!(found, tagged);
    let by_id = tagged.id.to_string();
    assert_eq!(domains::find(&mut connection, ours, &by_id).await.unwrap(), Some(tagged.clone()));
    assert_eq!(domains::find(&mut connection, theirs, &by_id).await.unwrap(), None);
    assert!(!domains::delete(&mut connection, theirs, tagged.id).await.unwrap());
    assert!(domains::set_tags(&mut connection, ours, tagged.id, &BTreeMap::new()).await.unwrap());
    assert!(domains::delete(&mut connection, ours, tagged.id).await.unwrap());
    let again = domains::insert(&mut connection, &domain(ours, "b.example.com")).await;
    assert!(matches!(again, Err(StoreError::Duplicate)));
}

#[tokio::test]
async fn what_a_check_saw_is_read_back_as_it_was_written() {
    let database = Database::new().await;
    let mut connection = begin(&database.pool).await.unwrap();
    let team_id = add_user(&mut connection, "a@example.com").await.team_id;
    let mut row = domain(team_id, "mail.example.com");
    domains::insert(&mut connection, &row).await.unwrap();
    row.status = Status::AtRisk;
    row.is_mx_required = Some(false);
    row.verified_at = Some(NOON);
    row.findings = vec![Finding::warning(Code::ExistingMail).arg("host", "mx.example.net")];
    domains::update_after_check(&mut connection, &row).await.unwrap();
    assert_eq!(domains::lock_for_check(&mut connection, team_id, row.id).await.unwrap(), Some(row.clone()));

    let key = RecordKey::Dkim(Selector::parse("s1").unwrap());
    let mut record = records::RecordRow {
        key: key.clone(),
        standing: AT_RISK,
        verdict: Some(Verdict::Mismatch),
        is_required: true,
        current: vec!["v=DKIM1; p=".into(), "x\0y".into()],
        answered_by: Some(AnsweredBy::Authoritative),
        checked_at: Some(NOON),
        findings: vec![Finding::error(Code::DkimRevoked)],
        suggested_value: None,
        is_inherited: false,
        evidence: Some(Evidence { dig: "TXT s1._domainkey.mail.example.com".into(), ..Evidence::default() }),
        days: Strip::default(),
    };
    let spf = records::RecordRow { key: RecordKey::Spf, verdict: None, answered_by: None, ..record.clone() };
    let none = records::RecordRow { current: Vec::new(), ..record.clone() };
    for saved in [vec![none], vec![record.clone(), spf]] {
        let saved: Vec<_> = saved.into_iter().map(|record| (row.id, record)).collect();
        records::save(&mut connection, &saved).await.unwrap();
    }
    record.current[1] = "x␀y".into();
    let held = records::list(&mut connection, team_id, row.id).await.unwrap();
    assert_eq!((held.len(), &held[0]), (2, &record));
    assert!(records::list(&mut connection, Uuid::now_v7(), row.id).await.unwrap().is_empty());
    records::delete_except(&mut connection, row.id, &[key]).await.unwrap();
    assert_eq!(records::list(&mut connection, team_id, row.id).await.unwrap(), [record]);

    let event = |minutes| events::EventRow {
        id: Uuid::now_v7(),
        domain_id: row.id,
        at: NOON + Duration::minutes(minutes),
        kind: "created".into(),
        by_whom: "a@example.com".into(),
        record: None,
        from_status: None,
        to_status: None,
        evidence: None,
    };
    let told = [event(0), event(1), event(2)];
    events::insert(&mut connection, &told).await.unwrap();
    let newest = events::list(&mut connection, team_id, row.id, 2, None).await.unwrap();
    assert_eq!(newest, [told[2].clone(), told[1].clone()]);
    let older = events::list(&mut connection, team_id, row.id, 2, Some(newest[1].id)).await.unwrap();
    assert_eq!(older, told[..1]);
}

#[tokio::test]
async fn sessions_tokens_and_links_end_when_they_should() {
    let database = Database::new().await;
    let mut connection = begin(&database.pool).await.unwrap();
    let user = add_user(&mut connection, "a@example.com").await;
    assert_eq!(users::find_by_email(&mut connection, "A@Example.COM").await.unwrap(), Some(user.clone()));
    assert_eq!(users::find_by_email(&mut connection, "a\0").await.unwrap(), None);
    assert_eq!(users::count_admins(&mut connection).await.unwrap(), 1);
    users::lock_administrators(&mut connection).await.unwrap();

    let later = NOON + Duration::hours(1);
    for hash in [[1; 32], [2; 32], [3; 32]] {
        sessions::insert(&mut connection, &hash, user.id, NOON, later).await.unwrap();
    }
    sessions::delete_of_user_except(&mut connection, user.id, Some(&[1; 32])).await.unwrap();
    assert!(sessions::find_actor(&mut connection, &[2; 32], NOON).await.unwrap().is_none());
    assert_eq!(sessions::find_actor(&mut connection, &[1; 32], NOON).await.unwrap().unwrap().user_id, user.id);
    assert!(sessions::find_actor(&mut connection, &[1; 32], later).await.unwrap().is_none());

    let token = tokens::TokenRow {
        id: Uuid::now_v7(),
        team_id: user.team_id,
        user_id: user.id,
        name: "ci".into(),
        created_at: NOON,
        last_used_at: None,
    };
    tokens::insert(&mut connection, &token, &[9; 32]).await.unwrap();
    assert_eq!(tokens::find_by_hash(&mut connection, &[9; 32], later).await.unwrap().unwrap().token_id, token.id);
    assert_eq!(tokens::list(&mut connection, user.team_id).await.unwrap()[0].last_used_at, Some(later));
    assert!(!tokens::delete(&mut connection, Uuid::now_v7(), token.id).await.unwrap());

    setup::put(&mut connection, &[4; 32], NOON).await.unwrap();
    setup::put(&mut connection, &[5; 32], NOON).await.unwrap();
    assert!(!setup::exists(&mut connection, &[4; 32]).await.unwrap());
    assert!(setup::take(&mut connection, &[5; 32]).await.unwrap());
    assert!(!setup::take(&mut connection, &[5; 32]).await.unwrap());

    let address = "192.0.2.1".parse().unwrap();
    login_failures::insert(&mut connection, "A@example.com", address, NOON).await.unwrap();
    login_failures::insert(&mut connection, "a@example.com", address, NOON - Duration::HOUR).await.unwrap();
    let count = login_failures::count_since(&mut connection, "a@example.com", address, NOON).await.unwrap();
    assert_eq!(count, 1);
    login_failures::clear(&mut connection, "a@example.com", address).await.unwrap();
    assert_eq!(login_failures::count_since(&mut connection, "a@example.com", address, NOON).await.unwrap(), 0);

    users::disable(&mut connection, user.id, later).await.unwrap();
    assert!(sessions::find_actor(&mut connection, &[1; 32], NOON).await.unwrap().is_none());
    assert!(tokens::find_by_hash(&mut connection, &[9; 32], NOON).await.unwrap().is_none());
    assert_eq!(users::count_admins(&mut connection).await.unwrap(), 0);
}

#[tokio::test]
async fn each_version_of_the_profile_has_its_number() {
    let database = Database::new().await;
    let mut connection = begin(&database.pool).await.unwrap();
    let version = |number: u32, prefix: &str| ProfileVersion {
        number,
        profile: SendingProfile { selector_prefix: prefix.into(), ..SendingProfile::default() },
        saved_at: NOON,
        by: "ops@example.com".into(),
        cut_over_at: (number > 1).then_some(NOON + Duration::days(14)),
    };
    assert_eq!(profile::list_versions(&mut connection).await.unwrap(), []);
    profile::insert(&mut connection, &version(1, "s")).await.unwrap();
    profile::insert(&mut connection, &version(2, "t")).await.unwrap();
    assert_eq!(profile::list_versions(&mut connection).await.unwrap(), [version(2, "t"), version(1, "s")]);

    let check = |version| profile::ProfileCheckRow {
        version,
        checked_at: NOON,
        parts: vec![PartDiagnosis { key: RecordKey::Mx, state: PartState::Broken, findings: Vec::new() }],
    };
    assert_eq!(profile::find_check(&mut connection).await.unwrap(), None);
    for number in [1, 2, 1] {
        profile::save_check(&mut connection, &check(number)).await.unwrap();
    }
    assert_eq!(profile::find_check(&mut connection).await.unwrap(), Some(check(2)));
    commit(connection).await.unwrap();
    let mut connection = database.pool.acquire().await.unwrap();
    let again = profile::insert(&mut connection, &version(2, "u")).await;
    assert!(matches!(again, Err(StoreError::Duplicate)), "{again:?}");
}

#[tokio::test]
async fn a_database_that_is_away_says_so() {
    let directory = std::env::temp_dir().join(format!("signet-test-{}", Uuid::now_v7()));
    let cluster = Embedded::start(&directory).await.unwrap();
    let pool = open(cluster.options()).await.unwrap();
    assert!(is_ready(&pool).await);
    cluster.stop().await;
    assert!(matches!(begin(&pool).await, Err(StoreError::Unavailable(_))));
    assert!(!is_ready(&pool).await);
    std::fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test]
async fn a_domains_looked_days_move_with_each_look_and_survive_a_clock_that_was_set() {
    let database = Database::new().await;
    let mut connection = begin(&database.pool).await.unwrap();
    let team_id = add_user(&mut connection, "a@example.com").await.team_id;
    let late = datetime!(2026-06-01 23:59:59.999 UTC);
    for (name, looks, expected, today) in [
        ("never", &[][..], &[][..], late),
        ("edges", &[late, late + Duration::milliseconds(1), late + Duration::milliseconds(1)], &[0, 1], late),
        (
            "gap",
            &[NOON, NOON + Duration::days(3), NOON + Duration::days(89)],
            &[-89, -86, 0],
            NOON + Duration::days(89),
        ),
        ("out", &[NOON, NOON + Duration::days(90)], &[0], NOON + Duration::days(90)),
        ("back", &[NOON, NOON - Duration::days(2)], &[-2, 0], NOON),
        ("ahead", &[NOON + Duration::days(4000), NOON, NOON + Duration::DAY], &[0, 1], NOON),
    ] {
        let mut row = domain(team_id, &format!("{name}.example.com"));
        row.status = Status::Verified;
        domains::insert(&mut connection, &row).await.unwrap();
        for at in looks {
            // Once by a walk, once by a look that finds something.
            sqlx::raw_sql("UPDATE domains SET last_checked_at = NULL").execute(&mut *connection).await.unwrap();
            sweep_slots::note_unchanged(&mut connection, &[row.id], *at).await.unwrap();
            row.last_checked_at = Some(*at);
            domains::update_after_check(&mut connection, &row).await.unwrap();
        }
        let marks = domains::looked_days(&mut connection, row.id).await.unwrap().unwrap();
        let seen: Vec<i64> = (-200..=100).filter(|day| marks.has(today.date() + Duration::days(*day))).collect();
        assert_eq!(seen, expected, "{name}");
    }
    assert_eq!(domains::looked_days(&mut connection, Uuid::now_v7()).await.unwrap(), None);
}
