use super::*;

const MINUTE: Duration = Duration::MINUTE;

fn is_signed(posted: &Posted, secret: &str) -> bool {
    let webhook = standardwebhooks::Webhook::new(secret).unwrap();
    webhook.verify(posted.body.as_bytes(), &posted.headers).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_library_knows_the_signature_of_the_old_and_the_new_secret() {
    let platform = Platform::start().await;
    platform.without_addresses().await;
    let (hook, first) = platform.hook().await;
    let now = OffsetDateTime::now_utc();
    platform.tell(NoticeKind::AtRisk, now).await;
    platform.work(now).await;
    let id = platform.console.show_alerts(&platform.actor).await.unwrap().webhooks[0].id;
    let second = platform.console.rotate_webhook(&platform.actor, id).await.unwrap().secret;
    platform.tell(NoticeKind::Failed, now).await;
    platform.work(now).await;
    let posted = hook.posted();
    assert_eq!(posted.len(), 2);
    assert!(is_signed(&posted[0], &first) && !is_signed(&posted[0], &second));
    assert!(is_signed(&posted[1], &first) && is_signed(&posted[1], &second));
    let body = posted[0].json();
    assert_eq!(body["type"], "domain.at_risk");
    assert_eq!(body["data"]["domain"]["name"], "mail.example.com");
    assert_eq!(body["data"]["domain"]["can_send"], true);
    assert_eq!(body["data"]["records"][0]["value"], "v=spf1 include:spf.mta.example ~all");
    assert_eq!(body["data"]["findings"][0]["code"], "spf-missing");

    // The day is over.
    platform.sql("UPDATE webhooks SET old_until = now() - interval '1 second'").await;
    platform.tell(NoticeKind::Recovered, now).await;
    platform.work(now).await;
    let last = hook.posted().pop().unwrap();
    assert!(!is_signed(&last, &first) && is_signed(&last, &second));
    let mut changed = last.clone();
    changed.body.push(' ');
    assert!(!is_signed(&changed, &second));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_sealed_and_stands_in_no_table() {
    let platform = Platform::start().await;
    let (_hook, secret) = platform.hook().await;
    let sealed: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT sealed FROM webhooks").fetch_all(&platform.pool).await.unwrap();
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    assert_eq!(bytes.len(), 32);
    assert!(!sealed[0].windows(32).any(|window| window == bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_is_tried_again_with_the_same_id_until_it_takes_the_message() {
    let platform = Platform::start().await;
    platform.without_addresses().await;
    let (hook, secret) = platform.hook().await;
    hook.set(Reply::Status(503));
    let now = OffsetDateTime::now_utc();
    platform.tell(NoticeKind::AtRisk, now).await;
    for minute in 0..5 {
        platform.work(now + MINUTE * minute).await;
    }
    hook.set(Reply::Status(200));
    platform.work(now + MINUTE * 30).await;
    platform.work(now + MINUTE * 90).await;
    let posted = hook.posted();
    assert!((3..=5).contains(&posted.len()), "{}", posted.len());
    let mut ids = posted_ids(&posted);
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert!(posted.iter().all(|one| one.body == posted[0].body));
    assert!(is_signed(&posted[0], &secret));
    assert_eq!(platform.deliveries().await[0].state, store::deliveries::State::Sent);

    // Sent once more by hand: again the same id.
    let id = platform.deliveries().await[0].id;
    platform.console.resend_delivery(&platform.actor, id).await.unwrap();
    platform.work(OffsetDateTime::now_utc()).await;
    assert_eq!(hook.posted().len(), posted.len() + 1);
    assert_eq!(hook.posted().pop().unwrap().id(), ids[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_or_fails_for_three_days_is_dead() {
    let platform = Platform::start().await;
    platform.without_addresses().await;
    let (gone, _) = platform.hook().await;
    gone.set(Reply::Status(410));
    let (broken, _) = platform.hook().await;
    broken.set(Reply::Status(500));
    platform.tell(NoticeKind::AtRisk, NOON).await;
    let mut now = NOON;
    while now <= NOON + Duration::days(3) + MINUTE {
        platform.work(now).await;
        now += Duration::hours(1);
    }
    platform.work(now).await;
    let alerts = platform.console.show_alerts(&platform.actor).await.unwrap();
    let reason = |url: &str| {
        let found = alerts.webhooks.iter().find(|hook| hook.url == url).unwrap();
        found.dead.clone().map(|(_, reason)| reason).unwrap_or_default()
    };
    assert!(reason(&gone.url).contains("410"), "{alerts:?}");
    assert!(reason(&broken.url).contains("500"), "{alerts:?}");
    assert_eq!(gone.posted().len(), 1);
    assert!((10..=30).contains(&broken.posted().len()), "{}", broken.posted().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_is_followed_and_no_answer_is_waited_for_without_end() {
    let platform = Platform::start().await;
    platform.without_addresses().await;
    let (hook, _) = platform.hook().await;
    let began = std::time::Instant::now();
    for (reply, expected) in [
        (Reply::Redirect("http://169.254.169.254/latest/meta-data/"), "redirects are not followed"),
        (Reply::Mute, "no answer"),
        // It said that it has it; what it says besides is not waited for.
        (Reply::Silent, "200"),
        (Reply::Endless, "200"),
    ] {
        hook.set(reply);
        platform.sql("UPDATE webhooks SET failures = 0; DELETE FROM deliveries; DELETE FROM notices").await;
        platform.tell(NoticeKind::AtRisk, NOON).await;
        platform.work(NOON).await;
        let answer = platform.deliveries().await[0].answer.clone().unwrap_or_default();
        assert!(answer.contains(expected), "{reply:?}: {answer}");
    }
    assert!(began.elapsed() < Patience::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_to_an_address_of_our_own_network_however_it_is_named() {
    let platform = Platform::start().await;
    platform.without_addresses().await;
    let (hook, _) = platform.hook().await;
    let strict = Poster::with_patience(Guard::new(false), Patience::from_secs(5));
    let named = format!("http://localhost:{}/hook", hook.address.port());
    for url in [hook.url.clone(), named] {
        let refused = strict.post(&url, Uuid::now_v7(), "{}", &[b"secret"], NOON).await;
        let Err(webhook::Refusal::Later(answer)) = refused else { panic!("{refused:?}") };
        assert!(answer.contains("not reachable from everywhere"), "{answer}");
    }
    assert!(hook.posted().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_moves_inward_between_two_messages_is_followed_by_none() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let hook = Hook::start().await;
    // First an address of the world, which nobody on this machine answers at; then, as a rebinding name does, ours.
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let lookup: super::guard::Lookup = Arc::new(move |_| {
        let turn = counted.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move { Ok(vec![if turn == 0 { "192.88.99.1" } else { "127.0.0.1" }.parse().unwrap()]) })
    });
    let poster = Poster::with_patience(Guard::with_lookup(lookup, false), Patience::from_secs(2));
    let url = format!("http://rebinding.example:{}/hook", hook.address.port());
    for _ in 0..2 {
        assert!(poster.post(&url, Uuid::now_v7(), "{}", &[b"secret"], NOON).await.is_err());
    }
    // Each message asks once, and connects to what was checked.
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert!(hook.posted().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_receiver_costs_others_nothing() {
    let platform = Platform::start().await;
    platform.without_addresses().await;
    let (slow, _) = platform.hook().await;
    slow.set(Reply::Mute);
    platform.console.add_user("other@example.net", "correct horse battery", false, None).await.unwrap();
    let other = platform.console.actor_of_email("other@example.net").await.unwrap();
    let good = Hook::start().await;
    platform.console.add_webhook(&other, &good.url, &NoticeKind::OF_DOMAINS).await.unwrap();
    for _ in 0..200 {
        platform.tell(NoticeKind::AtRisk, NOON - MINUTE * 11).await;
    }
    platform.tell_team(Some(other.team_id), NoticeKind::AtRisk, NOON).await;
    platform.outbox.step(NOON).await.unwrap();
    assert_eq!(good.posted().len(), 1, "the first round has it");
    assert!(slow.posted().len() <= 4, "{}", slow.posted().len());
    platform.outbox.step(NOON + Duration::SECOND).await.unwrap();
    assert!(slow.posted().len() <= 4, "the rest waits with what failed");
}
