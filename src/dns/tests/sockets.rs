//! What the shared sockets must withstand.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use super::super::authority::{Asking, Way as Asked};
use super::super::packet::Outcome;
use super::*;

/// Sends what `reply` makes of each query, from sockets of its own as well.
async fn forge(at: SocketAddr, reply: impl Fn(&Message) -> Message + Send + 'static) {
    let socket = UdpSocket::bind(at).await.unwrap();
    let other_port = UdpSocket::bind((at.ip(), 0)).await.unwrap();
    let other_host = UdpSocket::bind(("127.0.0.77", at.port())).await.unwrap();
    tokio::spawn(async move {
        let mut buffer = [0u8; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let query = Message::from_vec(&buffer[..length]).unwrap();
            let forged = answer(&query, vec![text("t.example.com", "forged")]);
            let forged_bytes = forged.to_vec().unwrap();
            other_port.send_to(&forged_bytes, from).await.unwrap();
            other_host.send_to(&forged_bytes, from).await.unwrap();
            for n in 0..1000u16 {
                let mut other = forged.clone();
                match n % 3 {
                    0 => other.metadata.id = query.metadata.id.wrapping_add(n | 1),
                    1 => other.queries[0].name = name("u.example.com"),
                    _ => other.queries[0].query_type = hickory_proto::rr::RecordType::A,
                }
                let mut bytes = other.to_vec().unwrap();
                if n % 9 == 8 {
                    bytes.truncate(usize::from(n) % 13);
                }
                socket.send_to(&bytes, from).await.unwrap();
            }
            socket.send_to(&reply(&query).to_vec().unwrap(), from).await.unwrap();
        }
    });
}

#[tokio::test]
async fn a_thousand_forged_replies_before_the_true_one_change_nothing() {
    let world = World::new().await;
    forge(world.at(1), |query| answer(query, vec![text("t.example.com", "true")])).await;
    assert_eq!(found(&world.resolve().await), "true");
}

#[tokio::test]
async fn a_closed_port_is_told_at_once_in_both_families() {
    let mut closed = vec![World::new().await.at(1)];
    match UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).await {
        Ok(free) => closed.push(free.local_addr().unwrap()),
        Err(_) => eprintln!("no IPv6 on loopback: asked over IPv4 alone"),
    }
    for server in closed {
        let settings =
            DnsSettings { resolvers: vec![server], is_direct: false, authority_port: 53, allows_private: true };
        let begun = Instant::now();
        let observed = observe(&Dns::start(settings).await.unwrap(), "t.example.com").await;
        let reply = observed.reply(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap();
        assert_eq!(reply.failure(), Some(AskFailure::Unreachable), "{server}");
        assert!(begun.elapsed() < Duration::from_millis(800), "{server}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn closed_ports_do_not_disturb_the_questions_beside_them() {
    let world = World::new().await;
    world.serve(1, |query, _| echo(query)).await;
    let dns = world.dns(false).await;
    let closed = World { port: World::new().await.port };
    let (answered, dead) = tokio::join!(world.resolve_many(&dns, 500), closed.resolve_many(&dns, 200));
    assert!(answered.iter().all(|reply| reply.failure().is_none()));
    // The kernel tells of some fifty closed ports at once; of the others nothing is heard.
    assert!(dead.iter().all(|reply| matches!(reply.failure(), Some(AskFailure::Unreachable | AskFailure::Timeout))));
    assert!(dead.iter().any(|reply| reply.failure() == Some(AskFailure::Unreachable)));
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_questions_are_in_flight_on_a_few_sockets() {
    const QUESTIONS: usize = 1000;
    let world = World::new().await;
    let socket = std::net::UdpSocket::bind(world.at(1)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(6))).unwrap();
    let dns = world.dns(false).await;
    let before = open_files();
    let (tell, told) = tokio::sync::oneshot::channel();
    // A thread of its own takes datagrams off as fast as they come.
    std::thread::spawn(move || {
        let mut heard = Vec::new();
        let (mut ports, mut names) = (BTreeSet::new(), BTreeSet::new());
        let mut buffer = [0u8; 2048];
        // Nothing is answered before all of them are there; what was lost comes again.
        while names.len() < QUESTIONS {
            let (length, from) = socket.recv_from(&mut buffer).expect("all questions arrive");
            let query = Message::from_vec(&buffer[..length]).unwrap();
            ports.insert(from.port());
            names.insert(query.queries[0].name.to_ascii().to_ascii_lowercase());
            heard.push((query, from));
        }
        tell.send((ports.len(), open_files())).unwrap();
        for (query, from) in &heard {
            socket.send_to(&echo(query)[0], from).unwrap();
        }
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            socket.send_to(&echo(&Message::from_vec(&buffer[..length]).unwrap())[0], from).unwrap();
        }
    });
    let replies = world.resolve_many(&dns, QUESTIONS).await;
    let (ports, files) = told.await.unwrap();
    let failed: Vec<AskFailure> = replies.iter().filter_map(Reply::failure).collect();
    assert!(failed.is_empty(), "{}: {failed:?}", failed.len());
    assert_eq!(ports, 32);
    // Tests beside this one open files too.
    assert!(files.saturating_sub(before) < QUESTIONS / 2, "{before} → {files}");
}

#[tokio::test]
async fn sixteen_questions_are_outstanding_at_an_address_whoever_asks() {
    let world = com_world(Vec::new(), Vec::new()).await;
    let socket = UdpSocket::bind(world.at(4)).await.unwrap();
    let zone = OwnerName::new("example.com");
    let dns = world.dns(true).await;
    let serving = tokio::spawn(async move {
        let mut buffer = [0u8; 2048];
        let mut most = 0;
        let mut answered = 0;
        while answered < 48 {
            let mut waiting = vec![socket.recv_from(&mut buffer).await.map(|(n, from)| (buffer[..n].to_vec(), from))];
            while let Ok(next) = tokio::time::timeout(Duration::from_millis(100), socket.recv_from(&mut buffer)).await {
                waiting.push(next.map(|(n, from)| (buffer[..n].to_vec(), from)));
            }
            most = most.max(waiting.len());
            answered += waiting.len();
            for heard in waiting {
                let (bytes, from) = heard.unwrap();
                let query = Message::from_vec(&bytes).unwrap();
                socket.send_to(&deny(&query, "example.com", ResponseCode::NoError)[0], from).await.unwrap();
            }
        }
        most
    });
    let mut checks = tokio::task::JoinSet::new();
    for check in 0..4 {
        let asking = Asking::new(&dns, Budget::new(Instant::now() + Duration::from_secs(9)), &[]);
        let (zone, address) = (zone.clone(), world.at(4).ip());
        for n in 0..12 {
            let question = Question::new(OwnerName::new(&format!("n{n}.c{check}.example.com")), RecordType::Txt);
            let (asking, zone) = (asking.clone(), zone.clone());
            checks.spawn(async move { asking.server(Asked::Once, &zone, address, &question).await });
        }
    }
    let outcomes = checks.join_all().await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Reply(_))));
    assert_eq!(serving.await.unwrap(), 16);
}

#[tokio::test]
async fn a_silent_address_costs_its_own_domains_alone() {
    let world = com_world(vec![text("t.example.com", "own")], Vec::new()).await;
    let silent = UdpSocket::bind(world.at(9)).await.unwrap();
    let dns = world.dns(true).await;
    let address = silent.local_addr().unwrap().ip();
    let mut crowd = tokio::task::JoinSet::new();
    for n in 0..200 {
        let asking = Asking::new(&dns, Budget::new(Instant::now() + Duration::from_secs(9)), &[]);
        let question = Question::new(OwnerName::new(&format!("n{n}.example.net")), RecordType::Txt);
        crowd
            .spawn(async move { asking.server(Asked::Once, &OwnerName::new("example.net"), address, &question).await });
    }
    tokio::task::yield_now().await;
    let begun = Instant::now();
    let observed = observe(&dns, "t.example.com").await;
    let seen = observed.get(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap();
    assert_eq!(found(&seen.servers[0].reply), "own");
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    crowd.abort_all();
}

#[tokio::test]
async fn a_nameserver_without_a_route_is_unreachable() {
    // The discard prefix (RFC 6666): wherever there is a route, nothing answers.
    let nowhere: IpAddr = "100::1".parse().unwrap();
    let has_route = std::net::UdpSocket::bind("[::]:0").is_ok_and(|socket| socket.connect((nowhere, 53)).is_ok());
    let world = World::new().await;
    let known = [ns("com", "ns.tld"), a("ns.tld", 2), text("t.example.com", "cached")];
    world.serve(1, move |query, _| zone_answer(query, "com", &known)).await;
    world
        .serve(2, |query, _| {
            let mut message = answer(query, Vec::new());
            message.metadata.authoritative = false;
            message.add_authority(ns("example.com", "ns.example.com"));
            message.add_additional(record("ns.example.com", RData::AAAA("100::1".parse().unwrap())));
            sent(&message)
        })
        .await;
    let observed = observe(&world.dns(true).await, "t.example.com").await;
    let ServerState::Silent(failure) = observed.zones[0].servers[0].state else { panic!("{:?}", observed.zones) };
    assert!(failure == AskFailure::Unreachable || has_route && failure == AskFailure::Timeout, "{failure:?}");
    let seen = observed.get(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap();
    assert_eq!(found(seen.best().unwrap()), "cached");
}

/// Runs in a process of its own, which has no more files than it needs to start.
#[test]
fn without_files_udp_goes_on_and_tcp_is_our_own_failure() {
    const NAME: &str = "dns::tests::sockets::without_files_udp_goes_on_and_tcp_is_our_own_failure";
    const IS_CHILD: &str = "SIGNET_TEST_WITHOUT_FILES";
    if std::env::var_os(IS_CHILD).is_none() {
        let exe = std::env::current_exe().unwrap();
        let script = format!("ulimit -n 64; exec '{}' --exact {NAME} --nocapture", exe.display());
        let child = std::process::Command::new("sh").args(["-c", &script]).env(IS_CHILD, "1").output().unwrap();
        let said = String::from_utf8_lossy(&child.stdout).into_owned() + &String::from_utf8_lossy(&child.stderr);
        assert!(child.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::new().await;
        let whole = |query: &Message, way: Way| {
            let mut message = answer(query, vec![text("t.example.com", "here")]);
            message.metadata.truncation = way == Way::Udp && query.queries[0].name.num_labels() == 4;
            sent(&message)
        };
        world.serve(1, whole).await;
        let dns = world.dns(false).await;
        let taken: Vec<std::fs::File> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
        assert!(!taken.is_empty() && std::fs::File::open("/dev/null").is_err());
        for _ in 0..20 {
            let observed = observe(&dns, "t.example.com").await;
            assert_eq!(found(observed.reply(&OwnerName::new("t.example.com"), RecordType::Txt).unwrap()), "here");
        }
        let observed = observe(&dns, "over-tcp.t.example.com").await;
        let reply = observed.reply(&OwnerName::new("over-tcp.t.example.com"), RecordType::Txt).unwrap();
        assert_eq!(reply.failure(), Some(AskFailure::Local));
    });
}
