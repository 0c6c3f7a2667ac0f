//! Answers with bytes changed at random, through the packet reader and through whole checks. A few thousand in every
//! test run; `SIGNET_MUTATIONS` asks for more, `SIGNET_SEED` for others.

use std::panic;
use std::sync::{Mutex, Once};

use hickory_proto::op::{MessageType, OpCode, Query};
use hickory_proto::rr::RecordType as WireType;
use hickory_proto::rr::rdata::MX;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::packet::{self, MAX_ALIASES, Outcome};
use super::super::print;
use super::super::query::{self, Flags, Match};
use super::*;
use crate::diagnosis;
use crate::records::plan::{Plan, PlanInput, SendingProfile, plan};
use crate::records::spf::ProfileMechanism;

/// Panics in the program itself, whichever task they were in; those of tests are not counted.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_tests = info.location().is_some_and(|location| location.file().contains("tests"));
            PANICS.fetch_add(usize::from(!is_tests), Ordering::Relaxed);
            hook(info);
        }));
    });
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

/// What is there, and what leads to it.
fn zone() -> Vec<Record> {
    let long = TXT::new(vec!["v=DKIM1; k=rsa; p=".to_owned() + &"A".repeat(200), "B".repeat(250)]);
    let alias = |from: &str, to: &str| record(from, RData::CNAME(CNAME(name(to))));
    vec![
        soa("example.com"),
        ns("example.com", "ns.example.com"),
        ns("example.com", "ns2.example.com"),
        a("ns.example.com", 3),
        text("example.com", "v=spf1 include:spf.example.com ~all"),
        text("example.com", "other"),
        text("spf.example.com", "v=spf1 ip4:192.0.2.0/24 -all"),
        record("example.com", RData::MX(MX::new(10, name("mx.example.com")))),
        record("example.com", RData::MX(MX::new(20, name("mx2.example.com")))),
        record("s1._domainkey.example.com", RData::TXT(long)),
        text("_dmarc.example.com", "v=DMARC1; p=none; rua=mailto:x@example.com"),
        alias("rp.example.com", "c1.example.com"),
        alias("c1.example.com", "c2.example.com"),
        text("c2.example.com", "end"),
        alias("out.example.com", "t.elsewhere.net"),
    ]
}

/// Changes a packet behind its id; nine times of ten its question stays as it is, so that the answer is read.
fn mutate(bytes: &mut Vec<u8>, question_end: usize, rng: &mut StdRng) {
    for _ in 0..rng.random_range(1..4) {
        let from = if rng.random_range(0..10) == 0 { 2 } else { question_end.min(bytes.len().saturating_sub(1)) };
        if bytes.len() <= from.max(12) {
            return;
        }
        let at = rng.random_range(from..bytes.len());
        match rng.random_range(0..8) {
            0 | 1 => bytes[at] ^= 1 << rng.random_range(0..8),
            2 => bytes.truncate(at),
            3 => bytes[rng.random_range(6..12)] = rng.random_range(0..4),
            4 => bytes[3] ^= 1 << rng.random_range(0..4),
            5 => {
                let to: usize = rng.random_range(0..bytes.len());
                let pointer = [0xc0 | u8::try_from(to >> 8 & 0x3f).unwrap(), u8::try_from(to & 0xff).unwrap()];
                bytes.splice(at..(at + 2).min(bytes.len()), pointer);
            }
            6 => {
                let end = (at + rng.random_range(1..40)).min(bytes.len());
                rng.fill(&mut bytes[at..end]);
            }
            _ => {
                let copied = bytes[rng.random_range(0..=at)..].to_vec();
                bytes.splice(at..at, copied);
            }
        }
    }
}

/// Whatever was read keeps to the question and the bounds.
fn check(outcome: &Outcome, zone: &OwnerName) {
    match outcome {
        Outcome::Reply(reply) => {
            assert!(reply.aliases.len() <= MAX_ALIASES, "{reply:?}");
            assert_ne!(reply.answer, Answer::Found(Vec::new()));
        }
        Outcome::Alias(aliases) => assert!((1..=MAX_ALIASES).contains(&aliases.len()), "{aliases:?}"),
        Outcome::Referral { zone: cut, servers, glue } => {
            assert!(cut != zone && cut.is_within(zone) && !servers.is_empty(), "{cut} {servers:?}");
            assert!(glue.iter().all(|(name, _)| name.is_within(zone) && servers.contains(name)), "{glue:?}");
        }
        Outcome::Failed(_) => {}
    }
}

#[test]
fn mutated_answers_are_read_or_refused() {
    count_panics();
    let mut rng = StdRng::seed_from_u64(number("SIGNET_SEED", 1));
    let all = zone();
    let asked = [
        ("example.com", RecordType::Txt),
        ("example.com", RecordType::Mx),
        ("example.com", RecordType::Soa),
        ("example.com", RecordType::Ns),
        ("ns.example.com", RecordType::A),
        ("s1._domainkey.example.com", RecordType::Txt),
        ("rp.example.com", RecordType::Txt),
        ("rp.example.com", RecordType::Cname),
        ("out.example.com", RecordType::Txt),
        ("nowhere.example.com", RecordType::Aaaa),
    ];
    let (mut read, mut prints) = (0, 0);
    for n in 0..number("SIGNET_MUTATIONS", 5_000) {
        let (owner, rtype) = asked[usize::try_from(n).unwrap() % asked.len()];
        let question = Question::new(OwnerName::new(owner), rtype);
        let flags = Flags { is_recursive: false, is_checking_disabled: false, has_edns: n % 2 == 0 };
        let mut sent = query::compose(&question, flags, || false).unwrap();
        sent.set_id(rng.random());
        let honest = Message::from_vec(&sent.bytes).unwrap();
        let mut bytes = match n % 7 {
            0 => refer(&honest, "example.com", "ns.example.com", 3),
            // A whole chain in one answer.
            1 => super::sent(&answer(&honest, all.clone())),
            _ => zone_answer(&honest, "example.com", &all),
        }
        .remove(0);
        mutate(&mut bytes, 12 + owner.len() + 2 + 4, &mut rng);
        let zone = OwnerName::new(if n % 7 == 0 { "com" } else { "example.com" });
        let from_stream = query::read_from_stream(&bytes, &sent);
        let from_datagram = match query::matches(&bytes, &sent) {
            Match::Yes(message) => Some(*message),
            _ => None,
        };
        if let (Some(print), Some(message)) = (print::of_packet(&bytes, &sent, &question), &from_datagram)
            && let Outcome::Reply(reply) = packet::read_recursive(message, &question)
        {
            prints += 1;
            assert_eq!(Some(print), print::of_reply(&reply), "{bytes:?}");
        }
        for message in from_stream.iter().chain(&from_datagram) {
            read += 1;
            packet::denying_zone(message);
            packet::may_dislike_edns(message);
            check(&packet::read_authoritative(message, &question, &zone), &zone);
            check(&packet::read_recursive(message, &question), &OwnerName::new(""));
        }
    }
    // Most are still readable, so what stands behind the reader is tried as well.
    assert!(read > 1_000 && prints > 500, "{read} {prints}");
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
}

fn whole_plan() -> Plan {
    let profile = SendingProfile {
        spf: ProfileMechanism::parse_list("include:spf.example.com").unwrap(),
        ..SendingProfile::default()
    };
    plan(&PlanInput {
        domain: &DomainName::parse("example.com").unwrap(),
        profile: &profile,
        keys: &[],
        older_keys: &[],
        is_mx_required: None,
    })
}

/// A check as `verify` makes it: as many rounds as there are questions.
async fn check_whole(dns: &Dns, plan: &Plan) -> diagnosis::Diagnosis {
    let mut observed = Observed::default();
    let first = diagnosis::questions(plan, &observed);
    let mut gathering = Gathering::new(dns, &plan.domain, &first, Instant::now() + Duration::from_secs(9));
    for _ in 0..40 {
        let asks = diagnosis::questions(plan, &observed);
        if asks.is_empty() || observed.is_exhausted {
            break;
        }
        gathering.ask(&asks, &mut observed).await;
    }
    let questions: Vec<Question> = observed.replies.keys().cloned().collect();
    gathering.confirm_all(&questions, &mut observed).await;
    diagnosis::diagnose(plan, &observed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_checks_over_a_mutating_server_stay_within_their_bounds() {
    count_panics();
    let rng = Arc::new(Mutex::new(StdRng::seed_from_u64(number("SIGNET_SEED", 1))));
    let packets = Arc::new(AtomicUsize::new(0));
    let world = World::new().await;
    let all = [zone(), vec![ns("com", "ns.tld"), a("ns.tld", 2), a("ns.example.com", 3), a("ns2.example.com", 4)]];
    for server in 1..=4 {
        let (rng, packets, all) = (Arc::clone(&rng), Arc::clone(&packets), all.concat());
        let serve = move |query: &Message, _| {
            packets.fetch_add(1, Ordering::Relaxed);
            let mut answers = match server {
                2 => refer(query, "example.com", "ns.example.com", 3),
                _ => zone_answer(query, "example.com", &all),
            };
            let mut rng = rng.lock().unwrap();
            if rng.random_range(0..3) == 0 {
                let question_end = 12 + query.queries[0].name.len() + 4;
                mutate(&mut answers[0], question_end, &mut rng);
                answers[0].truncate(65_000);
            }
            answers
        };
        world.serve(server, serve).await;
    }
    let plan = whole_plan();
    for _ in 0..number("SIGNET_MUTATIONS", 5_000).div_ceil(500) {
        packets.store(0, Ordering::Relaxed);
        let begun = Instant::now();
        let diagnosis = check_whole(&world.dns(true).await, &plan).await;
        assert_eq!(diagnosis.records.len(), plan.records.len());
        assert!(packets.load(Ordering::Relaxed) <= 400, "{packets:?}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
}

/// The mutations are what they are meant to be: most leave the question, and none leaves everything.
#[test]
fn a_mutated_answer_differs_and_mostly_bears_its_question() {
    let mut rng = StdRng::seed_from_u64(1);
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(name("example.com"), WireType::MX));
    let honest = zone_answer(&message, "example.com", &zone()).remove(0);
    let (mut same, mut bearing) = (0, 0);
    for _ in 0..1000 {
        let mut bytes = honest.clone();
        mutate(&mut bytes, 29, &mut rng);
        same += usize::from(bytes == honest);
        bearing += usize::from(bytes.get(12..29) == Some(&honest[12..29]));
    }
    assert!(same < 50 && bearing > 800, "{same} {bearing}");
}
