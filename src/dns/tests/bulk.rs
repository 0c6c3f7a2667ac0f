//! Many questions at once, as the sweep asks them.

use super::super::print::{self, Heard};
use super::*;

fn questions(range: std::ops::Range<usize>) -> Vec<Question> {
    range.map(|n| Question::new(OwnerName::new(&format!("n{n}.example.com")), RecordType::Txt)).collect()
}

/// The print of a TXT record.
fn print_of(text: &str) -> Heard {
    Heard::of(print::of_reply(&Reply::found(vec![RecordData::Txt(vec![text.as_bytes().to_vec()])], 60)))
}

fn said(answer: Answer) -> Heard {
    Heard::of(print::of_reply(&Reply { answer, aliases: Vec::new(), ttl_s: 7 }))
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_questions_are_each_answered_as_one_alone_would_be() {
    let world = World::new().await;
    let serve = |query: &Message, _: Way| {
        let asked = query.queries[0].name.to_ascii().to_ascii_lowercase();
        match asked.as_bytes()[1] % 3 {
            0 => deny(query, "example.com", ResponseCode::NXDomain),
            1 => deny(query, "example.com", ResponseCode::NoError),
            _ => sent(&answer(query, vec![text(asked.trim_end_matches('.'), &asked)])),
        }
    };
    world.serve(1, serve).await;
    let dns = world.dns(false).await;
    let prints = dns.prints(questions(0..3_000)).await;
    let alone = world.resolve_many(&dns, 100).await;
    assert!(alone.iter().all(|reply| reply.failure().is_none()));
    for (n, print) in prints.iter().enumerate() {
        let expected = match n.to_string().as_bytes()[0] % 3 {
            0 => said(Answer::NoSuchName),
            1 => said(Answer::NoData),
            _ => print_of(&format!("n{n}.example.com.")),
        };
        assert_eq!(*print, expected, "n{n}");
    }
    for reply in alone {
        assert!(prints.contains(&Heard::of(print::of_reply(&reply))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_silent_about_some_names_is_waited_for_by_nobody_else() {
    let world = World::new().await;
    let is_silent =
        |query: &Message| query.queries[0].name.to_ascii().to_ascii_lowercase().ends_with("33.example.com.");
    world.serve(1, move |query, _| if is_silent(query) { Vec::new() } else { echo(query) }).await;
    let dns = world.dns(false).await;
    let begun = Instant::now();
    let waiting = tokio::spawn({
        let dns = dns.clone();
        async move { dns.prints(questions(0..2_000)).await }
    });
    let prints = dns.prints(questions(5_001..5_033)).await;
    assert!(!waiting.is_finished(), "{:?}", begun.elapsed());
    assert_eq!(prints, vec![print_of("here"); 32]);
    let prints = waiting.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    for (n, print) in prints.iter().enumerate() {
        assert_eq!(*print, if n % 100 == 33 { Heard::Nothing } else { print_of("here") }, "n{n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_plain_answer_has_no_print() {
    let code = |query: &Message, code: ResponseCode| {
        let mut message = answer(query, Vec::new());
        message.metadata.response_code = code;
        sent(&message)
    };
    let world = World::new().await;
    let serve = move |query: &Message, _: Way| {
        let asked = query.queries[0].name.to_ascii().to_ascii_lowercase();
        let mut honest = answer(query, vec![text(asked.trim_end_matches('.'), "here")]);
        match asked.as_bytes()[1] {
            b'0' => code(query, ResponseCode::ServFail),
            b'1' => code(query, ResponseCode::Refused),
            b'2' => code(query, ResponseCode::FormErr),
            b'3' => {
                honest.metadata.truncation = true;
                sent(&honest)
            }
            // Another case of letters, another id, another question, nothing but a header.
            b'4' => {
                honest.queries[0].name = Name::from_ascii(&asked).unwrap();
                sent(&honest)
            }
            b'5' => {
                honest.metadata.id = honest.metadata.id.wrapping_add(1);
                sent(&honest)
            }
            b'6' => {
                honest.queries[0].name = name("other.example.com");
                sent(&honest)
            }
            b'7' => vec![honest.to_vec().unwrap()[..12].to_vec()],
            b'8' => vec![honest.to_vec().unwrap().split_last().unwrap().1.to_vec()],
            _ => sent(&honest),
        }
    };
    world.serve(1, serve).await;
    let prints = world.dns(false).await.prints(questions(0..10)).await;
    assert_eq!(prints[..5], [Heard::Other; 5]);
    assert_eq!(prints[5..8], [Heard::Nothing; 3], "what is not for this question is no answer");
    assert_eq!(prints[8], Heard::Other);
    assert_eq!(prints[9], print_of("here"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_answer_from_elsewhere_is_not_taken() {
    let world = World::new().await;
    let elsewhere = UdpSocket::bind(("127.0.0.77", 0)).await.unwrap();
    let socket = UdpSocket::bind(world.at(1)).await.unwrap();
    tokio::spawn(async move {
        let mut buffer = [0u8; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let query = Message::from_vec(&buffer[..length]).unwrap();
            let owner = query.queries[0].name.to_ascii();
            let say = |what: &str| answer(&query, vec![text(owner.trim_end_matches('.'), what)]).to_vec().unwrap();
            elsewhere.send_to(&say("forged"), from).await.unwrap();
            socket.send_to(&say("true"), from).await.unwrap();
        }
    });
    let prints = world.dns(false).await.prints(questions(0..200)).await;
    assert_eq!(prints, vec![print_of("true"); 200]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolver_that_is_gone_gives_way_to_the_next() {
    let world = World::new().await;
    world.serve(2, |query, _| echo(query)).await;
    let resolvers = vec![world.at(1), world.at(2)];
    let settings = DnsSettings { resolvers, is_direct: false, authority_port: world.port, allows_private: true };
    let dns = Dns::start(settings).await.unwrap();
    assert_eq!(dns.prints(questions(0..20)).await, vec![Heard::Nothing; 20]);
    assert_eq!(dns.prints(questions(0..20)).await, vec![print_of("here"); 20]);
}
