//! From the record to the mailbox.

use super::*;

impl Platform {
    async fn look(&self, name: &str) {
        self.console.verify_domain(&self.actor, name).await.unwrap();
    }

    fn publish(&self, zone: &str) {
        self.world.set_zone(&OwnerName::new("example.com"), zone, &[]).unwrap();
    }

    /// Time passes for the records.
    async fn pass(&self, statement: &'static str) {
        self.sql(statement).await;
    }

    async fn subjects(&self) -> Vec<String> {
        self.work(OffsetDateTime::now_utc()).await;
        self.smtp.mails().iter().map(|mail| mail.header("Subject").unwrap()).collect()
    }
}

const TEN_MINUTES_PASS: &str = "UPDATE records SET at_risk_since = at_risk_since - interval '10 minutes', checked_at = checked_at - interval '10 minutes';
     UPDATE domains SET at_risk_since = at_risk_since - interval '10 minutes', last_checked_at = last_checked_at - interval '10 minutes'";
const FOUR_DAYS_PASS: &str = "UPDATE records SET at_risk_since = at_risk_since - interval '4 days';
     UPDATE domains SET at_risk_since = at_risk_since - interval '4 days'";

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_record_is_told_when_the_second_look_agrees_and_each_turn_once() {
    let platform = Platform::start().await;
    let name = "mail.example.com";
    let new = NewDomain { name: name.into(), tags: BTreeMap::new(), ..NewDomain::default() };
    platform.console.create_domain(&platform.actor, new).await.unwrap();
    let zone = platform.console.zone_file(&platform.actor, name).await.unwrap();
    platform.publish(&zone);
    platform.look(name).await;
    platform.look(name).await;
    assert_eq!(platform.subjects().await, ["mail.example.com is verified"]);

    // Lost and back before the second look: nobody is told anything.
    platform.publish("");
    platform.look(name).await;
    let at_risk = platform.console.find_domain(&platform.actor, name).await.unwrap();
    assert_eq!(at_risk.status, crate::lifecycle::Status::AtRisk, "the status stands at once");
    platform.publish(&zone);
    platform.look(name).await;
    assert_eq!(platform.subjects().await.len(), 1);

    platform.publish("");
    platform.look(name).await;
    platform.look(name).await;
    assert_eq!(platform.subjects().await.len(), 1, "nine minutes are left");
    platform.pass(TEN_MINUTES_PASS).await;
    platform.look(name).await;
    platform.look(name).await;
    let told = platform.subjects().await;
    assert_eq!(told[1..], ["mail.example.com is at risk: a record was lost"]);
    let mail = platform.smtp.mails().pop().unwrap();
    let body = mail.text.split_once("text/plain").unwrap().1;
    let record = zone.lines().find(|line| line.contains("p=")).map(|_| "p=").unwrap_or("v=spf1");
    assert!(body.contains(record) && body.contains("_domainkey.mail"), "{body}");

    platform.pass(FOUR_DAYS_PASS).await;
    platform.look(name).await;
    platform.look(name).await;
    platform.publish(&zone);
    platform.look(name).await;
    platform.look(name).await;
    let told = platform.subjects().await;
    assert_eq!(told[2..], ["mail.example.com has failed: sending stopped", "mail.example.com is well again"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_set_by_a_link_that_works_once() {
    let platform = Platform::start().await;
    let console = &platform.console;
    let from = "192.0.2.1".parse().unwrap();
    let session = match console.sign_in(EMAIL, "correct horse battery", from).await.unwrap() {
        crate::console::SignIn::Done { session } => session,
        crate::console::SignIn::WrongPassword => panic!("it is the password"),
    };
    console.request_reset("Nobody@example.net", from).await.unwrap();
    console.request_reset(" OPS@example.com", from).await.unwrap();
    platform.work(OffsetDateTime::now_utc()).await;
    let mails = platform.smtp.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, EMAIL);
    assert!(mails[0].header("List-Unsubscribe").is_none());
    let token: String = mails[0]
        .text
        .split_once("/login/reset?token=")
        .unwrap()
        .1
        .chars()
        .take_while(char::is_ascii_hexdigit)
        .collect();
    // The outbox keeps neither the token nor who asked.
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM deliveries").fetch_one(&platform.pool).await.unwrap();
    assert_eq!(left, 0);
    let kept: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT token_hash FROM password_resets").fetch_all(&platform.pool).await.unwrap();
    assert_ne!(kept[0], token.as_bytes());

    assert!(console.is_reset_token(&token).await.unwrap() && !console.is_reset_token("0").await.unwrap());
    assert!(console.reset_by_token(&token, "short").await.is_err());
    console.reset_by_token(&token, "another horse battery").await.unwrap();
    assert!(console.reset_by_token(&token, "a third horse battery").await.is_err());
    assert!(console.actor_of_session(&session).await.unwrap().is_none(), "every session is ended");
    let done = console.sign_in(EMAIL, "another horse battery", from).await.unwrap();
    assert!(matches!(done, crate::console::SignIn::Done { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_run_out_are_few_and_not_for_who_is_disabled() {
    let platform = Platform::start().await;
    let console = &platform.console;
    let from = "192.0.2.1".parse().unwrap();
    for _ in 0..5 {
        console.request_reset(EMAIL, from).await.unwrap();
    }
    platform.work(OffsetDateTime::now_utc()).await;
    assert_eq!(platform.smtp.mails().len(), 3, "no more links than are good at once");
    let text = platform.smtp.mails()[0].text.clone();
    let token: String =
        text.split_once("reset?token=").unwrap().1.chars().take_while(char::is_ascii_hexdigit).collect();
    platform.sql("UPDATE password_resets SET expires_at = now() - interval '1 second'").await;
    assert!(console.reset_by_token(&token, "another horse battery").await.is_err());

    // A mail server that is away for longer than a link is good: nobody gets an old one.
    platform.smtp.set(Mood::Down);
    console.request_reset(EMAIL, from).await.unwrap();
    platform.work(OffsetDateTime::now_utc()).await;
    platform.smtp.set(Mood::Takes);
    platform.work(OffsetDateTime::now_utc() + Duration::hours(2)).await;
    assert_eq!(platform.smtp.mails().len(), 3);

    console.disable_user(EMAIL).await.unwrap();
    console.request_reset(EMAIL, from).await.unwrap();
    platform.work(OffsetDateTime::now_utc()).await;
    assert_eq!(platform.smtp.mails().len(), 3);
    // Seven so far.
    for _ in 0..3 {
        console.request_reset(EMAIL, from).await.unwrap();
    }
    assert_eq!(console.request_reset(EMAIL, from).await.unwrap_err().status(), 429);
    console.request_reset(EMAIL, "192.0.2.2".parse().unwrap()).await.unwrap();
}
