//! The bounds of a check (contract, end of section 5), and what tries to break them.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::*;

/// What a world's servers were asked.
#[derive(Default, Clone)]
struct Log(Arc<Mutex<Vec<(u8, String, String)>>>);

impl Log {
    fn note(&self, server: u8, query: &Message) {
        let asked = &query.queries[0];
        let name = asked.name.to_ascii().to_ascii_lowercase();
        self.0.lock().unwrap().push((server, name, asked.query_type.to_string()));
    }

    fn packets(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn questions(&self) -> usize {
        let all = self.0.lock().unwrap();
        all.iter().map(|(_, name, rtype)| (name, rtype)).collect::<BTreeSet<_>>().len()
    }

    fn servers(&self) -> BTreeSet<u8> {
        self.0.lock().unwrap().iter().map(|(server, ..)| *server).collect()
    }
}

/// example.com on `servers` nameservers, each with one address; all that is asked is noted.
async fn wide_world(servers: u8, serve: fn(&Message) -> Vec<Vec<u8>>) -> (World, Log) {
    let (world, log) = (World::new().await, Log::default());
    let server = |n: u8| format!("ns{n}.elsewhere.net");
    let mut known = vec![ns("com", "ns.tld"), a("ns.tld", 2)];
    known.extend((0..servers).map(|n| a(&server(n), 10 + n)));
    let noted = log.clone();
    world
        .serve(1, move |query, _| {
            noted.note(1, query);
            zone_answer(query, "net", &known)
        })
        .await;
    let noted = log.clone();
    world
        .serve(2, move |query, _| {
            noted.note(2, query);
            let mut message = answer(query, Vec::new());
            message.metadata.authoritative = false;
            message.add_authorities((0..servers).map(|n| ns("example.com", &server(n))));
            sent(&message)
        })
        .await;
    for n in 0..servers {
        let noted = log.clone();
        world
            .serve(10 + n, move |query, _| {
                noted.note(10 + n, query);
                serve(query)
            })
            .await;
    }
    (world, log)
}

fn healthy(query: &Message) -> Vec<Vec<u8>> {
    let own = [soa("example.com"), ns("example.com", "ns0.elsewhere.net"), text("t.example.com", "own")];
    zone_answer(query, "example.com", &own)
}

fn many(count: usize) -> Vec<Ask> {
    (0..count).map(|n| txt(&format!("n{n}.example.com"))).collect()
}

#[tokio::test]
async fn a_check_asks_at_most_250_questions_in_400_packets() {
    let (world, log) = wide_world(2, healthy).await;
    let mut observed = Observed::default();
    let deadline = Instant::now() + Duration::from_secs(9);
    let dns = world.dns(true).await;
    let mut gathering = Gathering::new(&dns, &DomainName::parse("example.com").unwrap(), &[], deadline);
    gathering.ask(&[txt("t.example.com")], &mut observed).await;
    assert!(!observed.is_exhausted);
    gathering.ask(&many(400), &mut observed).await;
    assert!(observed.is_exhausted);
    assert!(log.questions() <= 250 && log.packets() <= 400, "{} in {}", log.questions(), log.packets());
    // The bounds are used, not only kept.
    assert!(log.packets() > 350, "{} in {}", log.questions(), log.packets());
    let late = observed.reply(&OwnerName::new("n399.example.com"), RecordType::Txt).unwrap();
    assert_eq!(late.failure(), Some(AskFailure::Local));
}

#[tokio::test]
async fn retries_count_as_packets() {
    let (world, log) = wide_world(8, |_| Vec::new()).await;
    let begun = Instant::now();
    let observed = observe_all(&world.dns(true).await, &many(300)).await;
    assert!(log.questions() <= 250 && log.packets() <= 400, "{} in {}", log.questions(), log.packets());
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(!observed.replies.is_empty());
}

#[tokio::test]
async fn a_question_is_asked_once_a_check_however_often_it_is_put() {
    let (world, log) = wide_world(1, healthy).await;
    let asks = [txt("t.example.com"), txt("t.example.com"), txt("T.example.com")];
    observe_all(&world.dns(true).await, &asks).await;
    let asked = log.0.lock().unwrap().clone();
    let distinct: BTreeSet<_> = asked.iter().collect();
    assert_eq!(asked.len(), distinct.len(), "{asked:?}");
    assert!(asked.contains(&(10, "t.example.com.".to_owned(), "TXT".to_owned())));
}

#[tokio::test]
async fn nothing_is_kept_for_the_next_check() {
    let (world, log) = wide_world(1, healthy).await;
    let dns = world.dns(true).await;
    observe(&dns, "t.example.com").await;
    let first = log.packets();
    observe(&dns, "t.example.com").await;
    assert_eq!(log.packets(), 2 * first);
}

#[tokio::test]
async fn eight_addresses_are_asked_out_of_twenty_names() {
    let (world, log) = wide_world(30, healthy).await;
    let observed = observe(&world.dns(true).await, "t.example.com").await;
    let asked = log.servers().into_iter().filter(|server| *server >= 10).count();
    assert_eq!(asked, 8);
    assert_eq!(observed.get(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap().servers.len(), 8);
    let looked_up: BTreeSet<String> = log
        .0
        .lock()
        .unwrap()
        .iter()
        .filter(|(server, name, _)| *server == 1 && name.ends_with("elsewhere.net."))
        .map(|(_, name, _)| name.clone())
        .collect();
    assert!(looked_up.len() <= 20, "{}", looked_up.len());
}

/// c0 → c1 → … → the last, which has a TXT record; each answer tells one step.
fn chain(length: usize) -> Vec<Record> {
    let at = |n: usize| format!("c{n}.example.com");
    let steps = (0..length).map(|n| record(&at(n), RData::CNAME(CNAME(name(&at(n + 1))))));
    steps.chain([text(&at(length), "end")]).collect()
}

#[tokio::test]
async fn eleven_cnames_are_followed_and_a_twelfth_is_not() {
    for (length, expected) in [(11, Ok("end")), (12, Err(AskFailure::Malformed))] {
        let world = com_world(chain(length), Vec::new()).await;
        let observed = observe(&world.dns(true).await, "c0.example.com").await;
        let reply = &observed.get(&OwnerName::new("c0.example.com"), RecordType::Txt).unwrap().servers[0].reply;
        assert_eq!(reply.failure().map_or(Ok(found(reply).as_str()), Err), expected, "{length} step by step");
        // The resolver tells the whole chain at once.
        let world = World::new().await;
        world.serve(1, move |query, _| sent(&answer(query, chain(length)))).await;
        let observed = observe(&world.dns(false).await, "c0.example.com").await;
        let reply = observed.reply(&OwnerName::new("c0.example.com"), RecordType::Txt).unwrap();
        assert_eq!(reply.failure().map_or(Ok(found(reply).as_str()), Err), expected, "{length} at once");
    }
}

#[tokio::test]
async fn referrals_that_go_deeper_and_deeper_end() {
    let world = World::new().await;
    let known = [ns("com", "ns.tld"), a("ns.tld", 2)];
    world.serve(1, move |query, _| zone_answer(query, "com", &known)).await;
    world.serve(2, |query, _| refer(query, "example.com", "ns.example.com", 3)).await;
    let log = Log::default();
    let noted = log.clone();
    world
        .serve(3, move |query, _| {
            noted.note(3, query);
            // Serves every zone that it is asked the SOA of, and passes everything else on, one label deeper each time.
            let asked = query.queries[0].name.to_ascii().to_ascii_lowercase();
            let asked = asked.trim_end_matches('.');
            if query.queries[0].query_type != hickory_proto::rr::RecordType::TXT {
                return zone_answer(query, asked, &[soa(asked), ns(asked, "ns.example.com")]);
            }
            let depth = noted.packets().min(asked.matches('.').count() + 1);
            let labels: Vec<&str> = asked.split('.').collect();
            let cut = labels[labels.len() - depth.max(3).min(labels.len())..].join(".");
            refer(query, &cut, "ns.example.com", 3)
        })
        .await;
    let deep = "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.example.com";
    let begun = Instant::now();
    let observed = observe(&world.dns(true).await, deep).await;
    assert!(log.packets() < 60, "{}", log.packets());
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(observed.get(&OwnerName::new(deep), RecordType::Txt).unwrap().servers.is_empty());
}

#[tokio::test]
async fn a_referral_upwards_sideways_or_to_itself_is_no_answer() {
    for cut in ["com", "example.com", "example.net", "other.example.com"] {
        let world = World::new().await;
        let known = [ns("com", "ns.tld"), a("ns.tld", 2)];
        world.serve(1, move |query, _| zone_answer(query, "com", &known)).await;
        world.serve(2, |query, _| refer(query, "example.com", "ns.example.com", 3)).await;
        world
            .serve(3, move |query, _| match query.queries[0].query_type {
                hickory_proto::rr::RecordType::TXT => refer(query, cut, "ns.example.com", 3),
                _ => zone_answer(query, "example.com", &[soa("example.com"), ns("example.com", "ns.example.com")]),
            })
            .await;
        let observed = observe(&world.dns(true).await, "t.example.com").await;
        let seen = observed.get(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap();
        assert_eq!(seen.servers[0].reply.failure(), Some(AskFailure::Refused), "{cut}");
        assert_eq!(observed.zones.len(), 1, "{cut}");
    }
}

#[tokio::test]
async fn nameservers_that_are_named_in_each_others_zones_alone_have_no_address() {
    let world = World::new().await;
    let known = [ns("com", "ns.tld"), a("ns.tld", 2)];
    world
        .serve(1, move |query, _| match name("example.net").zone_of(&query.queries[0].name) {
            true => deny(query, "net", ResponseCode::ServFail),
            false => zone_answer(query, "com", &known),
        })
        .await;
    world
        .serve(2, |query, _| {
            let mut message = answer(query, Vec::new());
            message.metadata.authoritative = false;
            message.add_authority(ns("example.com", "ns.example.net"));
            // Not the parent's to tell.
            message.add_additional(a("ns.example.net", 3));
            sent(&message)
        })
        .await;
    world.serve(3, |query, _| echo(query)).await;
    let observed = observe(&world.dns(true).await, "t.example.com").await;
    let server = &observed.zones[0].servers[0];
    assert_eq!((server.address, server.state), (None, ServerState::Silent(AskFailure::Unreachable)));
}
