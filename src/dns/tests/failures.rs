//! Why a question was not answered, each reason from a real condition; and who is believed.

use std::sync::atomic::AtomicBool;

use super::*;

fn code(code: ResponseCode) -> impl Fn(&Message, Way) -> Vec<Vec<u8>> {
    move |query, _| deny(query, "com", code)
}

/// A stream of `length` bytes in answer to the first question.
async fn stream(at: SocketAddr, first: impl Fn(&Message) -> Vec<u8> + Send + 'static, length: usize) {
    let udp = UdpSocket::bind(at).await.unwrap();
    let tcp = TcpListener::bind(at).await.unwrap();
    tokio::spawn(async move {
        let mut buffer = [0u8; 2048];
        while let Ok((read, from)) = udp.recv_from(&mut buffer).await {
            let mut message = answer(&Message::from_vec(&buffer[..read]).unwrap(), Vec::new());
            message.metadata.truncation = true;
            udp.send_to(&message.to_vec().unwrap(), from).await.unwrap();
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            let read = stream.read_u16().await.unwrap();
            let mut bytes = vec![0u8; usize::from(read)];
            stream.read_exact(&mut bytes).await.unwrap();
            let mut all = first(&Message::from_vec(&bytes).unwrap());
            all.resize(length, 0xc0);
            // The other side hangs up when it has had enough.
            let _ = stream.write_all(&all).await;
        }
    });
}

#[tokio::test]
async fn each_failure_is_told_by_its_cause() {
    for (answered, expected) in [
        (ResponseCode::ServFail, AskFailure::Servfail),
        (ResponseCode::Refused, AskFailure::Refused),
        (ResponseCode::NotAuth, AskFailure::Refused),
        (ResponseCode::NotImp, AskFailure::Refused),
        (ResponseCode::FormErr, AskFailure::Malformed),
        (ResponseCode::YXDomain, AskFailure::Malformed),
    ] {
        let world = World::new().await;
        world.serve(1, code(answered)).await;
        assert_eq!(world.resolve().await.failure(), Some(expected), "{answered}");
    }
    let world = World::new().await;
    assert_eq!(world.resolve().await.failure(), Some(AskFailure::Unreachable));
    world.serve(1, |_, _| Vec::new()).await;
    assert_eq!(world.resolve().await.failure(), Some(AskFailure::Timeout));
    let nobody = DnsSettings { resolvers: Vec::new(), is_direct: false, authority_port: 53, allows_private: true };
    let observed = observe(&Dns::start(nobody).await.unwrap(), "t.example.com").await;
    let reply = observed.reply(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap();
    assert_eq!(reply.failure(), Some(AskFailure::Unreachable));
}

#[tokio::test]
async fn a_servfail_is_bogus_only_if_it_vanishes_unchecked() {
    for (unchecked, expected) in [
        (ResponseCode::NoError, AskFailure::Bogus),
        (ResponseCode::NXDomain, AskFailure::Bogus),
        (ResponseCode::ServFail, AskFailure::Servfail),
        (ResponseCode::Refused, AskFailure::Servfail),
    ] {
        let world = World::new().await;
        world
            .serve(1, move |query, _| match query.metadata.checking_disabled {
                true => deny(query, "com", unchecked),
                false => deny(query, "com", ResponseCode::ServFail),
            })
            .await;
        assert_eq!(world.resolve().await.failure(), Some(expected), "{unchecked}");
    }
}

#[tokio::test]
async fn bogus_counts_whatever_the_nameservers_say() {
    let world = World::new().await;
    let known = [ns("com", "ns.tld"), a("ns.tld", 2)];
    world
        .serve(1, move |query, _| match name("t.example.com").zone_of(&query.queries[0].name) {
            true if query.metadata.checking_disabled => echo(query),
            true => deny(query, "com", ResponseCode::ServFail),
            false => zone_answer(query, "com", &known),
        })
        .await;
    world.serve(2, |query, _| refer(query, "example.com", "ns.example.com", 3)).await;
    let own = [soa("example.com"), text("t.example.com", "own")];
    world.serve(3, move |query, _| zone_answer(query, "example.com", &own)).await;
    let observed = observe(&world.dns(true).await, "t.example.com").await;
    let seen = observed.get(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap();
    assert_eq!(found(&seen.servers[0].reply), "own");
    assert_eq!(seen.best().unwrap().failure(), Some(AskFailure::Bogus));
}

#[tokio::test]
async fn nameservers_are_believed_beside_a_resolver_that_cannot_be_used() {
    for broken in [ResponseCode::ServFail, ResponseCode::Refused, ResponseCode::FormErr] {
        let world = World::new().await;
        let known = [ns("com", "ns.tld"), a("ns.tld", 2)];
        world
            .serve(1, move |query, _| match name("example.com").zone_of(&query.queries[0].name) {
                true => deny(query, "com", broken),
                false => zone_answer(query, "com", &known),
            })
            .await;
        world.serve(2, |query, _| refer(query, "example.com", "ns.example.com", 3)).await;
        let own = [soa("example.com"), text("t.example.com", "own")];
        world.serve(3, move |query, _| zone_answer(query, "example.com", &own)).await;
        let observed = observe(&world.dns(true).await, "t.example.com").await;
        let seen = observed.get(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap();
        assert_eq!(found(seen.best().unwrap()), "own", "{broken}");
        assert!(seen.resolver.as_ref().unwrap().failure().is_some());
    }
}

#[tokio::test]
async fn the_resolver_is_believed_where_no_nameserver_answers() {
    for dead in [None, Some(ResponseCode::Refused), Some(ResponseCode::ServFail)] {
        let world = World::new().await;
        let known = [ns("com", "ns.tld"), a("ns.tld", 2), text("t.example.com", "cached")];
        world.serve(1, move |query, _| zone_answer(query, "com", &known)).await;
        world.serve(2, |query, _| refer(query, "example.com", "ns.example.com", 3)).await;
        world.serve(3, move |query, _| dead.map_or(Vec::new(), |code| deny(query, "example.com", code))).await;
        let observed = observe(&world.dns(true).await, "t.example.com").await;
        let seen = observed.get(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap();
        assert_eq!(found(seen.best().unwrap()), "cached", "{dead:?}");
        assert!(observed.not_delegated.is_none());
    }
}

#[tokio::test]
async fn nameservers_are_left_alone_where_direct_questions_are_off() {
    let asked = Arc::new(AtomicBool::new(false));
    let world = World::new().await;
    let known = [ns("com", "ns.tld"), a("ns.tld", 2), text("t.example.com", "cached")];
    world.serve(1, move |query, _| zone_answer(query, "com", &known)).await;
    for server in [2, 3] {
        let asked = Arc::clone(&asked);
        world
            .serve(server, move |query, _| {
                asked.store(true, Ordering::Relaxed);
                refer(query, "example.com", "ns.example.com", 3)
            })
            .await;
    }
    let observed = observe(&world.dns(false).await, "t.example.com").await;
    let seen = observed.get(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap();
    assert_eq!(found(seen.best().unwrap()), "cached");
    assert!(!asked.load(Ordering::Relaxed) && observed.zones.is_empty());
}

#[tokio::test]
async fn a_resolver_that_denies_everything_is_evidence_of_nothing() {
    // Without a SOA, with the root's, the parent's, the domain's own.
    for zone in [None, Some(""), Some("com"), Some("example.com")] {
        for is_direct in [true, false] {
            let world = World::new().await;
            world
                .serve(1, move |query, _| {
                    let mut message = answer(query, Vec::new());
                    message.metadata.response_code = ResponseCode::NXDomain;
                    if let Some(zone) = zone {
                        let mut soa = soa("x");
                        soa.name = Name::from_ascii(format!("{zone}.")).unwrap();
                        message.add_authority(soa);
                    }
                    sent(&message)
                })
                .await;
            let observed = observe(&world.dns(is_direct).await, "t.example.com").await;
            assert_eq!(observed.not_delegated, None, "{zone:?} {is_direct}");
            let reply = observed.reply(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap();
            assert_eq!(reply.failure(), Some(AskFailure::Malformed), "{zone:?} {is_direct}");
        }
    }
}

#[tokio::test]
async fn a_resolver_denies_a_registered_name_only_with_the_parents_soa() {
    for (zone, is_absent) in [("com", true), ("", false), ("example.com", false), ("net", false)] {
        let world = World::new().await;
        world
            .serve(1, move |query, _| match query.queries[0].name.num_labels() {
                1 => sent(&answer(query, vec![ns("com", "ns.tld")])),
                _ => {
                    let mut message = answer(query, Vec::new());
                    message.metadata.response_code = ResponseCode::NXDomain;
                    let mut soa = soa("x");
                    soa.name = Name::from_ascii(format!("{zone}.")).unwrap();
                    message.add_authority(soa);
                    sent(&message)
                }
            })
            .await;
        let observed = observe(&world.dns(false).await, "t.example.com").await;
        assert_eq!(observed.not_delegated.is_some(), is_absent, "{zone:?}");
    }
}

#[tokio::test]
async fn a_megabyte_over_tcp_is_read_no_further_than_one_message() {
    let whole = |query: &Message| {
        let bytes = answer(query, vec![text("t.example.com", "whole")]).to_vec().unwrap();
        [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], &bytes].concat()
    };
    let filled = |query: &Message| {
        let bytes = answer(query, vec![text("t.example.com", "whole")]).to_vec().unwrap();
        [&u16::MAX.to_be_bytes()[..], &bytes].concat()
    };
    let begun = Instant::now();
    let world = World::new().await;
    stream(world.at(1), whole, 1 << 20).await;
    assert_eq!(found(&world.resolve().await), "whole");
    // One message of 64 KiB, of which the first bytes alone are an answer.
    let world = World::new().await;
    stream(world.at(1), filled, 1 << 20).await;
    let reply = world.resolve().await;
    assert!(found(&reply) == "whole" || reply.failure() == Some(AskFailure::Malformed), "{reply:?}");
    // Too few bytes, and then silence.
    let world = World::new().await;
    stream(world.at(1), filled, 100).await;
    assert_eq!(world.resolve().await.failure(), Some(AskFailure::Malformed));
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn nul_bytes_are_data_in_text_and_in_names() {
    let odd = Name::from_labels([&b"nul\0dot."[..], b"example", b"com"]).unwrap();
    let alias = Record::from_rdata(name("t.example.com"), 300, RData::CNAME(CNAME(odd.clone())));
    let bytes = Record::from_rdata(odd, 300, RData::TXT(TXT::from_bytes(vec![b"a\0b", b"\xff"])));
    let world = World::new().await;
    world.serve(1, move |query, _| sent(&answer(query, vec![alias.clone(), bytes.clone()]))).await;
    let reply = world.resolve().await;
    assert_eq!(reply.records(), [RecordData::Txt(vec![b"a\0b".to_vec(), vec![0xff]])]);
    assert_eq!(reply.aliases.len(), 1);
}
