use super::*;

const MINUTE: Duration = Duration::MINUTE;

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_becomes_one_mail_to_each_address_that_wants_its_kind() {
    let platform = Platform::start().await;
    let console = &platform.console;
    console.add_alert_address(&platform.actor, "all@example.com", &NoticeKind::OF_DOMAINS).await.unwrap();
    console.add_alert_address(&platform.actor, "bad@example.com", &[NoticeKind::Failed]).await.unwrap();
    platform.tell(NoticeKind::AtRisk, NOON).await;
    platform.work(NOON).await;
    let mails = platform.smtp.mails();
    let mut to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["all@example.com", EMAIL]);
    let mail = &mails[0];
    assert_eq!(mail.header("Subject").unwrap(), "mail.example.com is at risk: a record was lost");
    for text in ["No SPF record stands at mail.example.com.", "v=spf1 include:spf.mta.example ~all"] {
        assert!(mail.text.contains(text), "{}", mail.text);
    }
    assert!(mail.header("List-Unsubscribe").unwrap().starts_with("<https://console.example/unsubscribe?id="));
    platform.work(NOON + MINUTE).await;
    assert_eq!(platform.smtp.mails().len(), 2, "nothing is told twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_without_a_mail_server_everything_goes_out_once() {
    let platform = Platform::start().await;
    platform.smtp.set(Mood::Down);
    for kind in [NoticeKind::AtRisk, NoticeKind::Failed, NoticeKind::Recovered] {
        platform.tell(kind, NOON).await;
    }
    let mut now = NOON;
    while now < NOON + Duration::DAY {
        platform.work(now).await;
        now += MINUTE * 20;
    }
    assert!(platform.smtp.mails().is_empty());
    let waiting = platform.deliveries().await;
    assert!(waiting.iter().all(|row| row.ended_at.is_none() && row.attempts > 5 && row.attempts < 20), "{waiting:?}");
    platform.smtp.set(Mood::Takes);
    platform.work(now + Duration::hours(8)).await;
    platform.work(now + Duration::hours(9)).await;
    let mut subjects: Vec<String> = platform.smtp.mails().iter().map(|mail| mail.header("Subject").unwrap()).collect();
    subjects.sort_unstable();
    assert_eq!(
        subjects,
        [
            "mail.example.com has failed: sending stopped",
            "mail.example.com is at risk: a record was lost",
            "mail.example.com is well again"
        ]
    );
    let alerts = platform.console.show_alerts(&platform.actor).await.unwrap();
    assert!(alerts.addresses[0].dead.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_for_longer_than_three_days_makes_no_address_dead() {
    let platform = Platform::start().await;
    platform.smtp.set(Mood::AtMail("550 5.7.1 you may not send here"));
    platform.tell(NoticeKind::AtRisk, NOON).await;
    let mut now = NOON;
    while now <= NOON + Duration::days(4) {
        platform.work(now).await;
        now += Duration::hours(1);
    }
    let rows = platform.deliveries().await;
    assert_eq!(rows[0].state, store::deliveries::State::Failed);
    assert!(rows[0].answer.as_deref().unwrap().contains("you may not send here"), "{rows:?}");
    assert!(platform.console.show_alerts(&platform.actor).await.unwrap().addresses[0].dead.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_address_is_dead_at_once_and_a_busy_one_after_three_days() {
    let platform = Platform::start().await;
    platform.smtp.set(Mood::AtRcpt("550 5.1.1 no such user"));
    platform.tell(NoticeKind::AtRisk, NOON).await;
    platform.work(NOON).await;
    let dead = |alerts: crate::console::alerts::AlertsView| alerts.addresses[0].dead.clone();
    let (since, reason) = dead(platform.console.show_alerts(&platform.actor).await.unwrap()).unwrap();
    assert_eq!(since, NOON);
    assert!(reason.contains("no such user"), "{reason}");
    platform.tell(NoticeKind::Failed, NOON + MINUTE).await;
    platform.work(NOON + MINUTE).await;
    assert_eq!(platform.deliveries().await.len(), 1, "nothing more is sent there");

    // A test that arrives makes it good again.
    platform.smtp.set(Mood::Takes);
    let id = platform.console.show_alerts(&platform.actor).await.unwrap().addresses[0].id;
    platform.console.test_alert_address(&platform.actor, id).await.unwrap();
    let mut now = OffsetDateTime::now_utc() + MINUTE;
    platform.work(now).await;
    assert!(dead(platform.console.show_alerts(&platform.actor).await.unwrap()).is_none());
    assert_eq!(platform.smtp.mails().last().unwrap().header("Subject").unwrap(), "A test from signet");

    platform.smtp.set(Mood::AtRcpt("452 4.2.2 mailbox full"));
    platform.tell(NoticeKind::Failed, now).await;
    let end = now + Duration::days(3);
    while now < end {
        platform.work(now).await;
        assert!(dead(platform.console.show_alerts(&platform.actor).await.unwrap()).is_none());
        now += Duration::hours(3);
    }
    platform.work(end + MINUTE).await;
    let (_, reason) = dead(platform.console.show_alerts(&platform.actor).await.unwrap()).unwrap();
    assert!(reason.contains("mailbox full"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_before_the_program_died_comes_again_with_the_same_id() {
    let platform = Platform::start().await;
    platform.smtp.set(Mood::TakesAndDies);
    platform.tell(NoticeKind::AtRisk, NOON).await;
    platform.work(NOON).await;
    platform.smtp.set(Mood::Takes);
    // And once more: the server's answer came, and was not noted.
    platform.outbox.hand_on(NOON).await.unwrap();
    let mut conn = platform.pool.acquire().await.unwrap();
    let later = NOON + MINUTE;
    let claimed = store::deliveries::claim(&mut conn, Channel::Mail, later, 120.0, 9).await.unwrap();
    assert_eq!(claimed.len(), 1);
    platform.work(later).await;
    assert_eq!(platform.smtp.mails().len(), 1, "it is claimed");
    platform.forget_leases().await;
    platform.work(later).await;
    let mails = platform.smtp.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(ids(&mails[..1]), ids(&mails[1..]));
    // Whoever wakes after its lease notes nothing.
    assert!(!store::deliveries::end(&mut conn, claimed[0].lease, false, "late", later).await.unwrap());
    platform.work(later + Duration::DAY).await;
    assert_eq!(platform.smtp.mails().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_send_each_message_once() {
    let platform = Platform::start().await;
    platform.without_addresses().await;
    for number in 0..10 {
        let address = format!("a{number}@example.com");
        platform.console.add_alert_address(&platform.actor, &address, &NoticeKind::OF_DOMAINS).await.unwrap();
    }
    for _ in 0..8 {
        platform.tell(NoticeKind::AtRisk, NOON).await;
    }
    let other = platform.replica();
    let work = async |outbox: &Outbox| {
        // One may find nothing while the other has it all.
        let mut idle = 0;
        while idle < 3 {
            idle = if outbox.step(NOON).await.unwrap() == 0 { idle + 1 } else { 0 };
        }
    };
    tokio::join!(work(&platform.outbox), work(&other));
    platform.work(NOON).await;
    let mut sent = ids(&platform.smtp.mails());
    assert_eq!(sent.len(), 80);
    sent.sort_unstable();
    sent.dedup();
    assert_eq!(sent.len(), 80, "each has an id of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_ten_in_ten_minutes_are_one_digest() {
    let platform = Platform::start().await;
    for second in 0..25 {
        platform.tell(NoticeKind::AtRisk, NOON + Duration::seconds(second)).await;
    }
    platform.tell(NoticeKind::Failed, NOON + MINUTE * 9).await;
    platform.work(NOON + MINUTE * 9).await;
    assert!(platform.smtp.mails().is_empty(), "more may come");
    platform.work(NOON + MINUTE * 10).await;
    let mails = platform.smtp.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].header("Subject").unwrap(), "26 changes to your domains");
    // The next ten minutes are quiet, and the next thing comes by itself again.
    platform.tell(NoticeKind::Recovered, NOON + MINUTE * 21).await;
    platform.work(NOON + MINUTE * 21).await;
    assert_eq!(platform.smtp.mails()[1].header("Subject").unwrap(), "mail.example.com is well again");
    // Another team is not concerned.
    platform.console.add_user("other@example.net", "correct horse battery", false, None).await.unwrap();
    let other = platform.console.actor_of_email("other@example.net").await.unwrap();
    for _ in 0..11 {
        platform.tell(NoticeKind::AtRisk, NOON + MINUTE * 60).await;
    }
    platform.tell_team(Some(other.team_id), NoticeKind::AtRisk, NOON + MINUTE * 60).await;
    platform.work(NOON + MINUTE * 61).await;
    let last = platform.smtp.mails().pop().unwrap();
    assert_eq!((platform.smtp.mails().len(), last.to.as_str()), (3, "other@example.net"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_of_the_platform_goes_to_administrators_and_comes_once() {
    let platform = Platform::start().await;
    platform.console.add_user("user@example.net", "correct horse battery", false, None).await.unwrap();
    let now = OffsetDateTime::now_utc();
    let mut tx = store::begin(&platform.pool).await.unwrap();
    for minutes in [0, 5, 10] {
        store::notices::insert_many_at_once(&mut tx, 40, now + MINUTE * minutes).await.unwrap();
    }
    store::commit(tx).await.unwrap();
    platform.work(now).await;
    let mails = platform.smtp.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, EMAIL);
    assert_eq!(mails[0].header("Subject").unwrap(), "40 domains seem to have turned bad at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_unsubscribes_gets_nothing_more_not_even_what_waits() {
    let platform = Platform::start().await;
    platform.tell(NoticeKind::AtRisk, NOON).await;
    platform.work(NOON).await;
    let link = platform.smtp.mails()[0].header("List-Unsubscribe").unwrap();
    let (id, key) = link.split_once("?id=").unwrap().1.trim_end_matches('>').split_once("&key=").unwrap();
    let id: Uuid = id.parse().unwrap();
    platform.smtp.set(Mood::Down);
    platform.tell(NoticeKind::Failed, NOON + MINUTE).await;
    platform.work(NOON + MINUTE).await;
    assert!(platform.console.unsubscribe(id, &key.replace(key.chars().next().unwrap(), "x")).await.is_err());
    assert!(platform.console.unsubscribe(Uuid::now_v7(), key).await.is_err());
    platform.console.unsubscribe(id, key).await.unwrap();
    platform.smtp.set(Mood::Takes);
    platform.tell(NoticeKind::Recovered, NOON + MINUTE).await;
    platform.work(NOON + Duration::DAY).await;
    assert_eq!(platform.smtp.mails().len(), 1);
    assert!(platform.console.test_alert_address(&platform.actor, id).await.is_err());
    let sent = platform.deliveries().await.pop().unwrap();
    assert!(platform.console.resend_delivery(&platform.actor, sent.id).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_dead_address_keeps_the_others_from_nothing() {
    let platform = Platform::start().await;
    platform.console.add_alert_address(&platform.actor, "gone@example.com", &NoticeKind::OF_DOMAINS).await.unwrap();
    platform.smtp.refuse("gone@example.com", "550 5.1.1 no such user");
    for minute in 0..2 {
        platform.tell(NoticeKind::AtRisk, NOON + MINUTE * minute).await;
        platform.work(NOON + MINUTE * minute).await;
    }
    let mails = platform.smtp.mails();
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [EMAIL, EMAIL]);
    assert_eq!(platform.deliveries().await.len(), 3);
}
