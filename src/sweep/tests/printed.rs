//! Walks that know a domain's answers from the walk before.

use super::*;

impl Platform {
    async fn printed(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM look_prints WHERE print IS NOT NULL")
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// Walks the domain's slot, and gives how many looks of their own this called for.
    async fn walk_and_count(&self, id: Uuid) -> usize {
        let profile = self.sweep.profile().await.unwrap().unwrap();
        let mut lease = self.lease_slot_of(id).await;
        while self.sweep.walk_slice(&mut lease, &profile).await.unwrap() == Walked::Part {}
        self.look_at_due().await
    }

    async fn zone_of(&self, name: &str) -> String {
        self.console.zone_file(&self.actor, name).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_judged_once_is_known_by_its_print_until_anything_changes() {
    let platform = Platform::start().await;
    let domain = platform.add_verified("mail.example.com").await;
    let zone = platform.zone_of("mail.example.com").await;
    assert_eq!(platform.printed().await, 0);
    assert_eq!(platform.walk_and_count(domain.id).await, 0);
    assert_eq!(platform.printed().await, 1, "the first walk judges");
    let judged_at = "SELECT judged_at FROM look_prints";
    let first: OffsetDateTime = sqlx::query_scalar(judged_at).fetch_one(&platform.pool).await.unwrap();
    for walk in 0..2 {
        let before = platform.find("mail.example.com").await.last_checked_at;
        assert_eq!(platform.walk_and_count(domain.id).await, 0);
        assert!(platform.find("mail.example.com").await.last_checked_at > before, "{walk}");
    }
    let last: OffsetDateTime = sqlx::query_scalar(judged_at).fetch_one(&platform.pool).await.unwrap();
    assert_eq!(first, last, "the walks after it do not");
    // An answer that differs and is as good: judged by the walk, and known from then on.
    let asked = "SELECT encode(print, 'hex') FROM look_prints";
    let before: String = sqlx::query_scalar(asked).fetch_one(&platform.pool).await.unwrap();
    platform.publish(&format!("{zone}\nmail.example.com. TXT \"a note\"\n"));
    assert_eq!(platform.walk_and_count(domain.id).await, 1, "its records are not as remembered");
    assert_eq!(platform.find("mail.example.com").await.status, Status::Verified);
    assert_eq!(platform.printed().await, 0, "what is saved takes the print away");
    assert_eq!(platform.walk_and_count(domain.id).await, 0);
    let after: String = sqlx::query_scalar(asked).fetch_one(&platform.pool).await.unwrap();
    assert_ne!(before, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_that_is_lost_or_changed_is_missed_by_a_walk_that_knows_the_print() {
    let platform = Platform::start().await;
    let domain = platform.add_verified("mail.example.com").await;
    let zone = platform.zone_of("mail.example.com").await;
    let records: Vec<&str> = zone.lines().filter(|line| !line.is_empty() && !line.starts_with(';')).collect();
    assert!(records.len() >= 3, "{zone}");
    for (nth, lost) in records.iter().enumerate() {
        platform.publish(&zone);
        let verified = platform.console.verify_domain(&platform.actor, "mail.example.com").await.unwrap();
        assert_eq!(verified.status, Status::Verified);
        platform.walk(domain.id).await;
        assert_eq!(platform.printed().await, 1);
        let others: Vec<&str> = records.iter().filter(|record| *record != lost).copied().collect();
        let changed = match nth % 2 {
            0 => others.join("\n"),
            _ => format!("{}\n{}", others.join("\n"), lost.replacen("\"v=", "\"w=", 1)),
        };
        platform.publish(&changed);
        assert_eq!(platform.walk_and_count(domain.id).await, 1, "{lost}");
        assert_eq!(platform.find("mail.example.com").await.status, Status::AtRisk, "{lost}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_print_is_not_kept_of_a_domain_that_was_touched_meanwhile() {
    let platform = Platform::start().await;
    let domain = platform.add_verified("mail.example.com").await;
    let mut conn = platform.pool.acquire().await.unwrap();
    let touched: i64 = sqlx::query_scalar("SELECT touched FROM look_prints").fetch_one(&mut *conn).await.unwrap();
    assert!(touched > 0, "saved records and keys count");
    let row = |touched| store::look_prints::PrintRow {
        domain_id: domain.id,
        touched,
        asked: "TXT @".into(),
        print: vec![1; 32],
    };
    let now = OffsetDateTime::now_utc();
    let gone = store::look_prints::PrintRow { domain_id: Uuid::now_v7(), ..row(0) };
    store::look_prints::keep(&mut conn, &[row(touched - 1), gone], &[2; 32], now).await.unwrap();
    assert_eq!(platform.printed().await, 0);
    store::look_prints::keep(&mut conn, &[row(touched)], &[2; 32], now).await.unwrap();
    assert_eq!(platform.printed().await, 1);
    platform.console.verify_domain(&platform.actor, "mail.example.com").await.unwrap();
    assert_eq!(platform.printed().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_whose_names_nobody_answers_for_waits_for_its_own_look_and_holds_up_no_slot() {
    let platform = Platform::start().await;
    let domain = platform.add_verified("mail.example.com").await;
    platform.walk(domain.id).await;
    let zone = platform.zone_of("mail.example.com").await;
    platform.world.replace(&format!("{PLATFORM};; zone example.com\n{zone};; resolver silent\n")).unwrap();
    let profile = platform.sweep.profile().await.unwrap().unwrap();
    for walk in ["known by its print", "touched by the look after the first", "never judged"] {
        let mut lease = platform.lease_slot_of(domain.id).await;
        let began = std::time::Instant::now();
        assert_eq!(platform.sweep.walk_slice(&mut lease, &profile).await.unwrap(), Walked::Part);
        assert!(began.elapsed() < std::time::Duration::from_secs(3), "{walk}: {:?}", began.elapsed());
        assert_eq!(platform.sweep.walk_slice(&mut lease, &profile).await.unwrap(), Walked::Whole, "{walk}");
        assert_eq!(platform.look_at_due().await, 1, "{walk}");
        assert_eq!(platform.find("mail.example.com").await.status, Status::Verified, "{walk}");
        if walk.starts_with("touched") {
            platform.sql("DELETE FROM look_prints").await;
        }
    }
}
