//! Small loopback servers, honest and hostile, over real sockets.

mod bounds;
mod bulk;
mod failures;
mod mutated;
mod shared;
mod sockets;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, NS, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::{Duration, Instant};

use super::engine::Budget;
use super::observe::Gathering;
use super::recursive::Resolvers;
use super::{Dns, DnsSettings};
use crate::diagnosis::observed::{Answer, Observed, RecordData, ServerState};
use crate::diagnosis::{Ask, AskFailure, Question, RecordType, Reply, Whom};
use crate::records::{DomainName, OwnerName};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Udp,
    Tcp,
}

type Serve = Arc<dyn Fn(&Message, Way) -> Vec<Vec<u8>> + Send + Sync>;

/// Servers at 127.0.0.x that share one port, as nameservers do.
struct World {
    port: u16,
}

/// Below the ports that a system hands out by itself, so that no socket of an engine takes one meanwhile.
static NEXT_PORT: std::sync::LazyLock<std::sync::atomic::AtomicU16> =
    std::sync::LazyLock::new(|| rand::random::<u16>().into());

impl World {
    async fn new() -> Self {
        loop {
            let port = NEXT_PORT.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 12_000 + 20_000;
            let udp = UdpSocket::bind(("0.0.0.0", port)).await;
            let tcp = TcpListener::bind(("0.0.0.0", port)).await;
            if udp.is_ok() && tcp.is_ok() {
                return Self { port };
            }
        }
    }

    fn at(&self, last: u8) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, last], self.port))
    }

    async fn serve(&self, last: u8, serve: impl Fn(&Message, Way) -> Vec<Vec<u8>> + Send + Sync + 'static) {
        let serve: Serve = Arc::new(serve);
        let udp = UdpSocket::bind(self.at(last)).await.unwrap();
        let tcp = TcpListener::bind(self.at(last)).await.unwrap();
        let over_udp = Arc::clone(&serve);
        tokio::spawn(async move {
            let mut buffer = [0u8; 2048];
            while let Ok((length, from)) = udp.recv_from(&mut buffer).await {
                let Ok(query) = Message::from_vec(&buffer[..length]) else { continue };
                for packet in over_udp(&query, Way::Udp) {
                    udp.send_to(&packet, from).await.unwrap();
                }
            }
        });
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = tcp.accept().await {
                let length = stream.read_u16().await.unwrap();
                let mut bytes = vec![0u8; usize::from(length)];
                stream.read_exact(&mut bytes).await.unwrap();
                for packet in serve(&Message::from_vec(&bytes).unwrap(), Way::Tcp) {
                    stream.write_u16(u16::try_from(packet.len()).unwrap()).await.unwrap();
                    stream.write_all(&packet).await.unwrap();
                }
            }
        });
    }

    async fn dns(&self, is_direct: bool) -> Dns {
        let resolvers = vec![self.at(1)];
        let settings = DnsSettings { resolvers, is_direct, authority_port: self.port, allows_private: true };
        Dns::start(settings).await.unwrap()
    }

    /// The engine alone, asking the resolver at 127.0.0.1 for TXT of many names at once.
    async fn resolve_many(&self, dns: &Dns, count: usize) -> Vec<Reply> {
        let budgets = std::iter::repeat_with(|| Budget::new(Instant::now() + Duration::from_secs(9)));
        let mut open = tokio::task::JoinSet::new();
        for (n, budget) in budgets.take(count).enumerate() {
            let resolvers = Resolvers::new(&[self.at(1)], Arc::clone(&dns.engine), budget);
            let question = Question::new(OwnerName::new(&format!("n{n}.example.com")), RecordType::Txt);
            open.spawn(async move { resolvers.ask(&question).await.reply });
            // A server's socket holds a few hundred datagrams.
            if n % 50 == 0 {
                tokio::task::yield_now().await;
            }
        }
        open.join_all().await
    }

    /// What the resolver at 127.0.0.1 makes of one TXT question.
    async fn resolve(&self) -> Reply {
        let observed = observe(&self.dns(false).await, "t.example.com").await;
        observed.get(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap().resolver.clone().unwrap()
    }
}

async fn observe(dns: &Dns, name: &str) -> Observed {
    observe_all(dns, &[txt(name)]).await
}

/// One round of questions about example.com.
async fn observe_all(dns: &Dns, asks: &[Ask]) -> Observed {
    let mut observed = Observed::default();
    let deadline = Instant::now() + Duration::from_secs(9);
    let mut gathering = Gathering::new(dns, &DomainName::parse("example.com").unwrap(), asks, deadline);
    gathering.ask(asks, &mut observed).await;
    observed
}

fn txt(name: &str) -> Ask {
    Ask { question: Question::new(OwnerName::new(name), RecordType::Txt), whom: Whom::Zone }
}

fn name(text: &str) -> Name {
    Name::from_ascii(format!("{text}.")).unwrap()
}

fn record(owner: &str, data: RData) -> Record {
    Record::from_rdata(name(owner), 300, data)
}

fn text(owner: &str, text: &str) -> Record {
    record(owner, RData::TXT(TXT::new(vec![text.to_owned()])))
}

/// A TXT record at the asked name.
fn echo(query: &Message) -> Vec<Vec<u8>> {
    let data = RData::TXT(TXT::new(vec!["here".to_owned()]));
    sent(&answer(query, vec![Record::from_rdata(query.queries[0].name.clone(), 300, data)]))
}

fn ns(owner: &str, server: &str) -> Record {
    record(owner, RData::NS(NS(name(server))))
}

fn a(owner: &str, last: u8) -> Record {
    record(owner, RData::A(A(Ipv4Addr::new(127, 0, 0, last))))
}

fn soa(zone: &str) -> Record {
    let mut soa = record(zone, RData::SOA(SOA::new(name("ns"), name("host"), 7, 1, 1, 1, 60)));
    soa.ttl = 900;
    soa
}

/// An authoritative answer to `query`.
fn answer(query: &Message, answers: Vec<Record>) -> Message {
    let mut message = Message::response(query.metadata.id, query.metadata.op_code);
    message.metadata.authoritative = true;
    message.add_queries(query.queries.clone());
    message.add_answers(answers);
    message
}

fn deny(query: &Message, zone: &str, code: ResponseCode) -> Vec<Vec<u8>> {
    let mut message = answer(query, Vec::new());
    message.metadata.response_code = code;
    message.add_authority(soa(zone));
    sent(&message)
}

fn sent(message: &Message) -> Vec<Vec<u8>> {
    vec![message.to_vec().unwrap()]
}

/// Records of a zone, by exact name and type; CNAMEs alone where no type matches.
fn zone_answer(query: &Message, zone: &str, records: &[Record]) -> Vec<Vec<u8>> {
    let asked = &query.queries[0];
    let here: Vec<Record> = records.iter().filter(|record| record.name == asked.name).cloned().collect();
    let fits = |record: &&Record| record.record_type() == asked.query_type || matches!(record.data, RData::CNAME(_));
    let found: Vec<Record> = here.iter().filter(fits).cloned().collect();
    match found.is_empty() {
        false => sent(&answer(query, found)),
        true if here.is_empty() => deny(query, zone, ResponseCode::NXDomain),
        true => deny(query, zone, ResponseCode::NoError),
    }
}

fn refer(query: &Message, cut: &str, server: &str, last: u8) -> Vec<Vec<u8>> {
    let mut message = answer(query, Vec::new());
    message.metadata.authoritative = false;
    message.add_authority(ns(cut, server));
    message.add_additional(a(server, last));
    sent(&message)
}

fn found(reply: &Reply) -> String {
    reply.records().first().map_or_else(|| format!("{:?}", reply.answer), RecordData::display)
}

/// A resolver at .1 that knows where `com` is served, `com` at .2, example.com at .3.
async fn com_world(example: Vec<Record>, resolver: Vec<Record>) -> World {
    let world = World::new().await;
    let known = [vec![ns("com", "ns.tld"), a("ns.tld", 2)], resolver].concat();
    world.serve(1, move |query, _| zone_answer(query, "com", &known)).await;
    world.serve(2, |query, _| refer(query, "example.com", "ns.example.com", 3)).await;
    let own = [vec![soa("example.com"), ns("example.com", "ns.example.com")], example].concat();
    world.serve(3, move |query, _| zone_answer(query, "example.com", &own)).await;
    world
}

#[tokio::test]
async fn forged_replies_change_nothing() {
    let world = World::new().await;
    world
        .serve(1, |query, _| {
            let forged = |n: u16| {
                let mut other = answer(query, vec![text("t.example.com", "forged")]);
                match n % 3 {
                    0 => other.metadata.id = query.metadata.id.wrapping_add(n | 1),
                    1 => other.queries[0].name = name("u.example.com"),
                    _ => return [&query.metadata.id.to_be_bytes()[..], &[0x80, 0, 0, 9, 0, 9, 1, 2]].concat(),
                }
                other.to_vec().unwrap()
            };
            let mut packets: Vec<Vec<u8>> = (0..100).map(forged).collect();
            packets.extend(sent(&answer(query, vec![text("t.example.com", "true")])));
            packets
        })
        .await;
    assert_eq!(found(&world.resolve().await), "true");
}

#[tokio::test]
async fn a_truncated_answer_is_asked_again_over_tcp() {
    let world = World::new().await;
    world
        .serve(1, |query, way| {
            let mut message = answer(query, vec![text("t.example.com", if way == Way::Udp { "cut" } else { "whole" })]);
            message.metadata.truncation = way == Way::Udp;
            sent(&message)
        })
        .await;
    assert_eq!(found(&world.resolve().await), "whole");
}

#[tokio::test]
async fn what_is_truncated_over_tcp_too_is_unusable() {
    let world = World::new().await;
    world
        .serve(1, |query, _| {
            let mut message = answer(query, vec![text("t.example.com", "cut")]);
            message.metadata.truncation = true;
            sent(&message)
        })
        .await;
    assert_eq!(world.resolve().await.failure(), Some(AskFailure::Malformed));
}

#[tokio::test]
async fn a_server_that_folds_case_is_asked_again_over_tcp() {
    let world = World::new().await;
    world
        .serve(1, |query, way| {
            let mut message = answer(query, vec![text("t.example.com", if way == Way::Udp { "udp" } else { "tcp" })]);
            // A name whose letters are never all as asked: the asked one with each letter's case turned.
            let turned: String = query.queries[0]
                .name
                .to_ascii()
                .chars()
                .map(|c| if c.is_ascii_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() })
                .collect();
            message.queries[0].name = Name::from_ascii(turned).unwrap();
            sent(&message)
        })
        .await;
    assert_eq!(found(&world.resolve().await), "tcp");
}

#[tokio::test]
async fn a_server_that_chokes_on_edns_is_asked_without() {
    let world = World::new().await;
    world
        .serve(1, |query, _| match query.edns.is_some() {
            true => {
                let mut message = Message::response(query.metadata.id, query.metadata.op_code);
                message.metadata.response_code = ResponseCode::FormErr;
                sent(&message)
            }
            false => sent(&answer(query, vec![text("t.example.com", "plain")])),
        })
        .await;
    assert_eq!(found(&world.resolve().await), "plain");
}

#[tokio::test]
async fn garbage_behind_the_right_question_is_malformed() {
    for tail in [vec![0xc0, 0x0c], vec![0xc0, 0x1f, 0xc0, 0x1f], vec![0xff; 40], Vec::new()] {
        let world = World::new().await;
        world
            .serve(1, move |query, _| {
                let mut bytes = answer(query, Vec::new()).to_vec().unwrap();
                bytes[7] = 200;
                bytes.extend(&tail);
                vec![bytes]
            })
            .await;
        assert_eq!(world.resolve().await.failure(), Some(AskFailure::Malformed));
    }
}

#[tokio::test]
async fn a_closed_port_is_unreachable_and_a_refusal_refused() {
    let world = World::new().await;
    assert_eq!(world.resolve().await.failure(), Some(AskFailure::Unreachable));
    world.serve(1, |query, _| deny(query, "com", ResponseCode::Refused)).await;
    assert_eq!(world.resolve().await.failure(), Some(AskFailure::Refused));
}

#[tokio::test]
async fn a_servfail_that_vanishes_without_checking_is_bogus() {
    let world = World::new().await;
    world
        .serve(1, |query, _| match query.metadata.checking_disabled {
            true => sent(&answer(query, vec![text("t.example.com", "unchecked")])),
            false => deny(query, "com", ResponseCode::ServFail),
        })
        .await;
    assert_eq!(world.resolve().await.failure(), Some(AskFailure::Bogus));
}

#[tokio::test]
async fn the_next_resolver_is_asked_while_the_first_is_silent() {
    let world = World::new().await;
    world.serve(1, |_, _| Vec::new()).await;
    world.serve(2, |query, _| sent(&answer(query, vec![text("t.example.com", "second")]))).await;
    let resolvers = vec![world.at(1), world.at(2)];
    let settings = DnsSettings { resolvers, is_direct: false, authority_port: world.port, allows_private: true };
    let begun = Instant::now();
    let observed = observe(&Dns::start(settings).await.unwrap(), "t.example.com").await;
    assert_eq!(found(observed.reply(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap()), "second");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn silence_everywhere_ends_as_a_timeout_within_the_deadline() {
    let world = World::new().await;
    world.serve(1, |_, _| Vec::new()).await;
    let begun = Instant::now();
    let observed = observe(&world.dns(true).await, "t.example.com").await;
    let reply = observed.reply(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap();
    assert_eq!(reply.failure(), Some(AskFailure::Timeout));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_walk_from_the_parent_finds_the_zone_and_its_servers() {
    let world = com_world(vec![text("t.example.com", "own")], vec![text("t.example.com", "cached")]).await;
    let observed = observe(&world.dns(true).await, "t.example.com").await;
    let zone = &observed.zones[0];
    assert_eq!((zone.zone.as_str(), zone.parent.as_str()), ("example.com", "com"));
    assert_eq!(zone.own_ns, zone.delegation);
    assert_eq!(zone.servers[0].state, ServerState::Serves { serial: 7, refresh_s: 1 });
    let seen = observed.get(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap();
    assert_eq!(found(&seen.servers[0].reply), "own");
    assert_eq!(found(seen.resolver.as_ref().unwrap()), "cached");
}

#[tokio::test]
async fn a_negative_answer_is_kept_for_the_lesser_of_ttl_and_minimum() {
    let world = com_world(Vec::new(), Vec::new()).await;
    let observed = observe(&world.dns(true).await, "none.example.com").await;
    let seen = observed.get(&OwnerName::new("none.example.com"), RecordType::Txt).unwrap();
    assert_eq!((&seen.servers[0].reply.answer, seen.servers[0].reply.ttl_s), (&Answer::NoSuchName, 60));
}

#[tokio::test]
async fn a_delegated_underscore_name_is_followed_and_looked_at_once() {
    let world = World::new().await;
    let known = [ns("com", "ns.tld"), a("ns.tld", 2)];
    let looks = Arc::new(AtomicUsize::new(0));
    world.serve(1, move |query, _| zone_answer(query, "com", &known)).await;
    world.serve(2, |query, _| refer(query, "example.com", "ns.example.com", 3)).await;
    world
        .serve(3, |query, _| match name("_domainkey.example.com").zone_of(&query.queries[0].name) {
            true => refer(query, "_domainkey.example.com", "ns._domainkey.example.com", 4),
            false => zone_answer(query, "example.com", &[soa("example.com")]),
        })
        .await;
    let counted = Arc::clone(&looks);
    world
        .serve(4, move |query, _| {
            let zone = "_domainkey.example.com";
            let is_soa = query.queries[0].query_type == hickory_proto::rr::RecordType::SOA;
            counted.fetch_add(usize::from(is_soa), Ordering::Relaxed);
            zone_answer(
                query,
                zone,
                &[soa(zone), text(&format!("s1.{zone}"), "one"), text(&format!("s2.{zone}"), "two")],
            )
        })
        .await;
    let mut observed = Observed::default();
    let deadline = Instant::now() + Duration::from_secs(9);
    let dns = world.dns(true).await;
    let mut gathering = Gathering::new(&dns, &DomainName::parse("example.com").unwrap(), &[], deadline);
    let asks = [txt("s1._domainkey.example.com"), txt("s2._domainkey.example.com")];
    gathering.ask(&asks, &mut observed).await;
    for (ask, expected) in asks.iter().zip(["one", "two"]) {
        assert_eq!(found(&observed.replies[&ask.question].servers[0].reply), expected);
    }
    assert_eq!(observed.zone_of(&asks[0].question.name).unwrap().zone.as_str(), "_domainkey.example.com");
    assert_eq!(looks.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_cname_out_of_the_zone_is_followed_by_the_resolver() {
    let out = record("t.example.com", RData::CNAME(CNAME(name("t.elsewhere.net"))));
    // Data of another's zone beside the CNAME is not used.
    let world = com_world(
        vec![out, text("t.elsewhere.net", "planted")],
        vec![text("t.elsewhere.net", "true"), text("t.example.com", "true")],
    )
    .await;
    let observed = observe(&world.dns(true).await, "t.example.com").await;
    let reply = &observed.get(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap().servers[0].reply;
    assert_eq!((found(reply), reply.aliases.len()), ("true".to_owned(), 1));
}

#[tokio::test]
async fn a_cname_inside_the_zone_is_followed_at_the_same_server() {
    let alias = record("t.example.com", RData::CNAME(CNAME(name("u.example.com"))));
    let world = com_world(vec![alias, text("u.example.com", "inside")], Vec::new()).await;
    let observed = observe(&world.dns(true).await, "t.example.com").await;
    let reply = &observed.get(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap().servers[0].reply;
    assert_eq!((found(reply), reply.aliases.len()), ("inside".to_owned(), 1));
}

#[tokio::test]
async fn a_loop_of_cnames_is_malformed() {
    let alias = |from: &str, to: &str| record(from, RData::CNAME(CNAME(name(to))));
    let there = alias("t.example.com", "u.example.com");
    let back = alias("u.example.com", "t.example.com");
    let world = com_world(vec![there, back], Vec::new()).await;
    let observed = observe(&world.dns(true).await, "t.example.com").await;
    let reply = &observed.get(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap().servers[0].reply;
    assert_eq!(reply.failure(), Some(AskFailure::Malformed));
}

#[tokio::test]
async fn a_name_that_the_parent_denies_is_not_delegated() {
    let world = World::new().await;
    let known = [ns("com", "ns.tld"), a("ns.tld", 2)];
    world.serve(1, move |query, _| zone_answer(query, "com", &known)).await;
    world.serve(2, |query, _| deny(query, "com", ResponseCode::NXDomain)).await;
    let absent = observe(&world.dns(true).await, "t.example.com").await.not_delegated.unwrap();
    assert_eq!((absent.parent.as_str(), absent.said_by.len()), ("com", 1));
    let absent = observe(&world.dns(false).await, "t.example.com").await.not_delegated.unwrap();
    assert_eq!((absent.parent.as_str(), absent.said_by.len()), ("com", 0));
}

#[tokio::test]
async fn nameservers_at_private_addresses_are_not_asked() {
    let world = com_world(vec![text("t.example.com", "own")], vec![text("t.example.com", "cached")]).await;
    let resolvers = vec![world.at(1)];
    let settings = DnsSettings { resolvers, is_direct: true, authority_port: world.port, allows_private: false };
    let observed = observe(&Dns::start(settings).await.unwrap(), "t.example.com").await;
    let seen = observed.get(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap();
    assert!(seen.servers.is_empty());
    assert_eq!(found(seen.resolver.as_ref().unwrap()), "cached");
}

#[tokio::test]
async fn a_first_pass_is_replaced_by_what_the_server_says_over_tcp() {
    let world = World::new().await;
    let known = [ns("com", "ns.tld"), a("ns.tld", 2)];
    world.serve(1, move |query, _| zone_answer(query, "com", &known)).await;
    world.serve(2, |query, _| refer(query, "example.com", "ns.example.com", 3)).await;
    world
        .serve(3, |query, way| {
            let said = text("t.example.com", if way == Way::Udp { "udp" } else { "tcp" });
            zone_answer(query, "example.com", &[soa("example.com"), said])
        })
        .await;
    let dns = world.dns(true).await;
    let mut observed = Observed::default();
    let deadline = Instant::now() + Duration::from_secs(9);
    let mut gathering = Gathering::new(&dns, &DomainName::parse("example.com").unwrap(), &[], deadline);
    let ask = txt("t.example.com");
    gathering.ask(std::slice::from_ref(&ask), &mut observed).await;
    assert_eq!(found(&observed.replies[&ask.question].servers[0].reply), "udp");
    gathering.confirm(&ask.question, &mut observed).await;
    assert_eq!(found(&observed.replies[&ask.question].servers[0].reply), "tcp");
}
