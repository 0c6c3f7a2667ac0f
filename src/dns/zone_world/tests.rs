//! The world as `dns` meets it: over its sockets.

use tokio::time::{Duration, Instant};

use super::World;
use crate::diagnosis::observed::{Answer, ServerState};
use crate::diagnosis::{Ask, AskFailure, Observation, Observed, Question, RecordType, Whom};
use crate::dns::Dns;
use crate::dns::observe::Gathering;
use crate::records::{DomainName, OwnerName};

async fn observe(world: &World, domain: &str, name: &str, rtype: RecordType) -> (Observed, Observation) {
    let dns = Dns::start(world.settings()).await.unwrap();
    let domain = DomainName::parse(domain).unwrap();
    let mut observed = Observed::default();
    let question = Question::new(OwnerName::new(name), rtype);
    let ask = Ask { question: question.clone(), whom: Whom::Zone };
    let mut gathering = Gathering::new(&dns, &domain, &[], Instant::now() + Duration::from_secs(9));
    gathering.ask(&[ask], &mut observed).await;
    let observation = observed.replies.get(&question).cloned().unwrap();
    (observed, observation)
}

fn shown(observation: &Observation) -> Vec<String> {
    observation.best().unwrap().records().iter().map(|record| record.display()).collect()
}

#[tokio::test]
async fn a_zone_is_found_through_its_parent_and_asked_server_by_server() {
    let world = World::start(";; zone example.com\n@ TXT \"v=spf1 -all\"\n").await.unwrap();
    let (observed, observation) = observe(&world, "example.com", "example.com", RecordType::Txt).await;
    assert_eq!(observed.zones[0].parent.as_str(), "com");
    assert_eq!(observation.servers.len(), 2);
    assert_eq!(shown(&observation), ["v=spf1 -all"]);
    assert_eq!(observation.resolver.unwrap().records().len(), 1);
}

#[tokio::test]
async fn an_undelegated_zone_is_absent_at_its_parent() {
    let world = World::start(";; zone example.com\n@ TXT \"x\"\n;; undelegated example.com\n").await.unwrap();
    let (observed, observation) = observe(&world, "example.com", "example.com", RecordType::Txt).await;
    assert_eq!(observed.not_delegated.unwrap().parent.as_str(), "com");
    assert_eq!(observation.best().unwrap().answer, Answer::NoSuchName);
}

#[tokio::test]
async fn each_server_has_records_and_faults_of_its_own() {
    let text = ";; zone example.com\n@ TXT \"new\"\n;; zone example.com at ns2.example.com\n@ TXT \"old\"\n";
    let world = World::start(text).await.unwrap();
    let (_, observation) = observe(&world, "example.com", "example.com", RecordType::Txt).await;
    let texts: Vec<String> = observation.servers.iter().map(|said| said.reply.records()[0].display()).collect();
    assert_eq!(texts, ["new", "old"]);
    let world = World::start(&format!("{text};; server ns2.example.com lame\n")).await.unwrap();
    let (observed, _) = observe(&world, "example.com", "example.com", RecordType::Txt).await;
    assert_eq!(observed.zones[0].servers[1].state, ServerState::Lame);
}

#[tokio::test]
async fn answers_that_are_cut_folded_or_forged_come_through() {
    let long = format!("\"{}\" ", "x".repeat(250)).repeat(8);
    for faults in ["folding", "truncating", "spoofed", "no-edns", "delay=1"] {
        let text = format!(
            ";; zone example.com\n@ TXT {long}\n;; server ns1.example.com {faults}\n;; server ns2.example.com {faults}\n"
        );
        let world = World::start(&text).await.unwrap();
        let (_, observation) = observe(&world, "example.com", "example.com", RecordType::Txt).await;
        assert_eq!(shown(&observation)[0].len(), 2000, "{faults}");
    }
}

#[tokio::test]
async fn the_resolver_keeps_old_answers_and_refuses_bogus_ones() {
    let text =
        ";; zone example.com\n@ TXT \"new\"\n;; cached\nexample.com. 60 TXT \"old\"\n;; bogus mail.example.com\n";
    let world = World::start(text).await.unwrap();
    let (_, observation) = observe(&world, "example.com", "example.com", RecordType::Txt).await;
    assert_eq!(shown(&observation), ["new"]);
    assert_eq!(observation.resolver.unwrap().records()[0].display(), "old");
    let (_, observation) = observe(&world, "example.com", "mail.example.com", RecordType::Txt).await;
    assert_eq!(observation.resolver.unwrap().failure(), Some(AskFailure::Bogus));
}

#[tokio::test]
async fn a_zone_below_and_an_alias_into_another_zone_are_followed() {
    let text = ";; zone example.com\n;; zone sub.example.com\n@ TXT \"below\"\na CNAME there.example.net.\n\
                ;; zone example.net\nthere TXT \"aside\"\n";
    let world = World::start(text).await.unwrap();
    let (observed, observation) = observe(&world, "sub.example.com", "sub.example.com", RecordType::Txt).await;
    assert_eq!(shown(&observation), ["below"]);
    assert!(observed.zones.iter().any(|facts| facts.zone.as_str() == "sub.example.com"));
    let (_, observation) = observe(&world, "sub.example.com", "a.sub.example.com", RecordType::Txt).await;
    assert_eq!(shown(&observation), ["aside"]);
}

#[tokio::test]
async fn a_zone_is_edited_while_it_is_served() {
    let world = World::start(";; zone example.com\n").await.unwrap();
    let zone = OwnerName::new("example.com");
    world.set_zone(&zone, "mail TXT \"here\"\n", &[]).unwrap();
    let (observed, observation) = observe(&world, "example.com", "mail.example.com", RecordType::Txt).await;
    assert_eq!(shown(&observation), ["here"]);
    assert_eq!(observed.zones[0].servers[0].state, ServerState::Serves { serial: 2, refresh_s: 7200 });
    for text in ["mail TXTT \"x\"\n", "$INCLUDE /x\n", ";; zone example.net\n"] {
        assert!(world.set_zone(&zone, text, &[]).is_err(), "{text}");
    }
    assert_eq!(world.zone_text(&zone).as_deref(), Some("mail TXT \"here\"\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_believed_is_no_answer() {
    let faults = [
        "silent",
        "servfail",
        "refuse",
        "lame",
        "wrong-id",
        "elsewhere",
        "no-question",
        "garbage",
        "looping",
        "chopped",
        "truncating no-tcp",
        "truncating flooding",
    ];
    let mut looks = tokio::task::JoinSet::new();
    for faults in faults {
        looks.spawn(async move {
            let text = format!(
                ";; zone example.com\n@ TXT \"here\"\n;; server ns1.example.com {faults}\n;; server ns2.example.com {faults}\n"
            );
            let world = World::start(&text).await.unwrap();
            let begun = Instant::now();
            let (observed, observation) = observe(&world, "example.com", "example.com", RecordType::Txt).await;
            assert!(begun.elapsed() < Duration::from_secs(10), "{faults} takes {:?}", begun.elapsed());
            let is_answered = observation.servers.iter().any(|said| said.reply.failure().is_none());
            let serves = |known: &crate::diagnosis::observed::ServerFacts| {
                matches!(known.state, ServerState::Serves { .. })
            };
            assert!(!is_answered && !observed.zones[0].servers.iter().any(serves), "{faults}: {observation:?}");
        });
    }
    looks.join_all().await;
}

#[tokio::test]
async fn texts_hold_whatever_bytes_there_are() {
    let world = World::start(";; zone example.com\n@ TXT \"a\\000b\\255\" \"\"\n").await.unwrap();
    let (_, observation) = observe(&world, "example.com", "example.com", RecordType::Txt).await;
    let texts: Vec<_> = observation.best().unwrap().records().iter().filter_map(|data| data.txt_joined()).collect();
    assert_eq!(texts, [b"a\0b\xff".to_vec()]);
}

#[tokio::test]
async fn a_resolver_that_believes_denials_does_not_ask_below() {
    let text = ";; zone example.com\nkey.empty TXT \"here\"\n;; server ns1.example.com denies-empty\n\
                ;; server ns2.example.com denies-empty\n;; resolver believes-denials\n";
    let world = World::start(text).await.unwrap();
    let (_, observation) = observe(&world, "example.com", "key.empty.example.com", RecordType::Txt).await;
    assert_eq!(shown(&observation), ["here"]);
    assert_eq!(observation.resolver.unwrap().answer, Answer::NoSuchName);
}
