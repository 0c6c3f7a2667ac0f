//! What reaches the resolver when many domains ask the same.

use std::collections::BTreeMap;
use std::sync::Mutex;

use tokio::task::JoinSet;

use super::*;

const DOMAINS: usize = 50;

/// A resolver that has something at every name but `lost.example`, and how often each name was asked for.
struct Counted {
    world: World,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Counted {
    async fn start() -> Self {
        let (world, asked) = (World::new().await, Arc::new(Mutex::new(BTreeMap::new())));
        let noted = Arc::clone(&asked);
        let serve = move |query: &Message, _: Way| {
            let name = query.queries[0].name.to_string().to_ascii_lowercase();
            *noted.lock().unwrap().entry(name.clone()).or_insert(0) += 1;
            match name.as_str() {
                "lost.example." => deny(query, "example", ResponseCode::NXDomain),
                "broken.example." => {
                    let mut failed = answer(query, Vec::new());
                    failed.metadata.response_code = ResponseCode::ServFail;
                    sent(&failed)
                }
                _ => echo(query),
            }
        };
        world.serve(1, serve).await;
        Self { world, asked }
    }

    /// Each domain asks for its own name and for those of others, all at once; gives what was heard.
    async fn ask_of_many(&self, dns: &Dns, others: &[&str]) -> Vec<Observed> {
        let mut open = JoinSet::new();
        for n in 0..DOMAINS {
            let domain = DomainName::parse(&format!("n{n}.example.com")).unwrap();
            let own = Ask { question: Question::new(domain.owner(), RecordType::Txt), whom: Whom::Resolver };
            let other = |name: &&str| Ask { whom: Whom::Resolver, ..txt(name) };
            let asks: Vec<Ask> = others.iter().map(other).chain([own]).collect();
            let dns = dns.clone();
            open.spawn(async move {
                let mut observed = Observed::default();
                let mut gathering = Gathering::new(&dns, &domain, &[], Instant::now() + Duration::from_secs(9));
                gathering.ask(&asks, &mut observed).await;
                observed
            });
        }
        open.join_all().await
    }

    fn times(&self, name: &str) -> usize {
        self.asked.lock().unwrap().get(name).copied().unwrap_or(0)
    }
}

#[tokio::test]
async fn the_sweep_asks_what_its_domains_share_once_and_their_own_names_each() {
    let counted = Counted::start().await;
    let dns = counted.world.dns(false).await.for_sweep();
    for walk in 1..=2 {
        let heard = counted.ask_of_many(&dns, &["spf.mta.example", "lost.example"]).await;
        for observed in heard {
            let said = |name: &str| observed.reply(&OwnerName::new(name), RecordType::Txt).unwrap().answer.clone();
            assert!(matches!(said("spf.mta.example"), Answer::Found(_)));
            assert_eq!(said("lost.example"), Answer::NoSuchName);
        }
        assert_eq!(counted.times("spf.mta.example."), 1);
        assert_eq!(counted.times("lost.example."), 1, "a negative answer is kept as well");
        assert_eq!(counted.times("n7.example.com."), walk, "a domain's own name is asked at each look");
    }
}

#[tokio::test]
async fn a_failure_is_shared_by_who_waits_for_it_and_asked_anew_after() {
    let counted = Counted::start().await;
    let dns = counted.world.dns(false).await.for_sweep();
    for walk in 1..=2 {
        for observed in counted.ask_of_many(&dns, &["broken.example"]).await {
            let reply = observed.reply(&OwnerName::new("broken.example"), RecordType::Txt).unwrap();
            assert_eq!(reply.failure(), Some(AskFailure::Servfail));
        }
        let times = counted.times("broken.example.");
        assert!((2 * walk..DOMAINS).contains(&times), "with and without the CD bit, not by each domain: {times}");
    }
}

#[tokio::test]
async fn who_presses_verify_is_given_nothing_that_another_look_learnt() {
    let counted = Counted::start().await;
    let dns = counted.world.dns(false).await;
    counted.ask_of_many(&dns.for_sweep(), &["spf.mta.example"]).await;
    for (nth, dns) in [dns.clone(), dns.without_nameservers()].iter().enumerate() {
        counted.ask_of_many(dns, &["spf.mta.example"]).await;
        assert_eq!(counted.times("spf.mta.example."), 1 + (nth + 1) * DOMAINS);
    }
}
