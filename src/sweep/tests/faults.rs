//! Faults of nameservers and of the resolver, at random and many at once: none of them takes a verified status.
//!
//! The short form is part of every run; `FAULTS` says how many are to be injected.

use rand::RngExt;

use super::*;

/// What a server can do wrong, word for word as the world reads it.
const OF_SERVERS: [&str; 17] = [
    "silent",
    "refuse",
    "servfail",
    "lame",
    "spoofed",
    "wrong-id",
    "elsewhere",
    "folding",
    "no-question",
    "truncating",
    "truncating no-tcp",
    "truncating flooding",
    "no-edns",
    "denies-empty",
    "garbage",
    "looping",
    "chopped",
];
/// Those in spite of which the server answers.
const MILD: [&str; 6] = ["spoofed", "folding", "truncating", "no-edns", "denies-empty", "delay=200"];
const OF_RESOLVERS: [&str; 8] =
    ["silent", "refuse", "servfail", "garbage", "looping", "chopped", "believes-denials", "delay=300"];
/// What the resolver does in a round: it fails, it denies names that are there, or it works.
const FAILS: u8 = 0;
const LIES: u8 = 1;
/// Zones of one domain each; all are looked at under the same faults.
const ZONES: usize = 8;

fn zone(n: usize) -> String {
    format!("c{n}.example")
}

fn pick(from: &[&'static str]) -> &'static str {
    from[rand::rng().random_range(0..from.len())]
}

/// Faults for one round, and how many they are. Where the resolver denies names that are there, one nameserver of each
/// zone can still be asked: with nobody else to ask, a resolver is believed when it repeats itself (contract, section 4).
fn draw() -> (String, usize) {
    let (mut text, mut count) = (String::new(), 0);
    let of_resolver = rand::rng().random_range(0..3);
    for n in 0..ZONES {
        for server in ["ns1", "ns2"] {
            if rand::rng().random_range(0..4) > 0 {
                let is_asked = of_resolver == LIES && server == "ns1";
                let fault = pick(if is_asked { &MILD } else { &OF_SERVERS });
                text += &format!(";; server {server}.{} {fault}\n", zone(n));
                count += 1;
            }
        }
        if rand::rng().random_range(0..3) == 0 {
            text += &format!(";; bogus {}\n", zone(n));
            count += 1;
        }
    }
    match of_resolver {
        FAILS => {
            text += &format!(";; resolver {}\n", pick(&OF_RESOLVERS));
            count += 1;
        }
        LIES => {
            for name in (0..ZONES).map(zone) {
                text += &format!(
                    ";; absent mail.{name}\n;; absent _dmarc.mail.{name}\n;; absent _domainkey.mail.{name}\n;; absent {name}\n"
                );
            }
            text += ";; absent spf.mta.example\n";
            count += ZONES;
        }
        _ => {}
    }
    (text, count)
}

#[tokio::test(flavor = "multi_thread")]
async fn injected_faults_flip_no_verified_domain() {
    let wanted: usize = std::env::var("FAULTS").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    let empty: String = (0..ZONES).map(|n| format!(";; zone {}\n", zone(n))).collect();
    let platform = Platform::start_in(&format!("{PLATFORM}{empty}")).await;
    let names: Vec<String> = (0..ZONES).map(|n| format!("mail.{}", zone(n))).collect();
    let mut healthy = PLATFORM.to_owned();
    for (n, name) in names.iter().enumerate() {
        platform.add(name).await;
        let records = platform.console.zone_file(&platform.actor, name).await.unwrap();
        healthy += &format!(";; zone {}\n{records}", zone(n));
    }
    platform.world.replace(&healthy).unwrap();
    for name in &names {
        let view = platform.console.verify_domain(&platform.actor, name).await.unwrap();
        assert_eq!(view.status, Status::Verified, "{:?}", view.records);
    }
    let mut injected = 0;
    while injected < wanted {
        let (faults, count) = draw();
        platform.world.replace(&format!("{healthy}{faults}")).unwrap();
        injected += count;
        // As the sweep looks at them, as its second look does, and as a click does.
        platform.sweep.suspicion.forget();
        platform.walk_everything().await;
        let clicks = names.iter().map(|name| {
            let (console, actor, name) = (platform.console.clone(), platform.actor.clone(), name.clone());
            async move { console.verify_domain(&actor, &name).await.unwrap() }
        });
        let views = clicks.collect::<JoinSet<_>>().join_all().await;
        for view in views {
            assert_eq!(view.status, Status::Verified, "{}: {faults}", view.name);
            assert!(view.at_risk_since.is_none(), "{}: {faults}", view.name);
        }
    }
    platform.world.replace(&healthy).unwrap();
    for name in &names {
        let view = platform.console.verify_domain(&platform.actor, name).await.unwrap();
        assert!(view.records.iter().all(|record| record.verdict.is_some_and(Verdict::is_good)), "{name}");
        let (events, _) = platform.console.list_events(&platform.actor, name, 200, None).await.unwrap();
        let lost = events.iter().filter(|event| event.from.as_deref() == Some("verified"));
        assert_eq!(lost.count(), 0, "{name}");
    }
}

impl Platform {
    /// Walks every slot, and makes the looks that this calls for, twice.
    async fn walk_everything(&self) {
        let profile = self.sweep.profile().await.unwrap().unwrap();
        self.sql("UPDATE sweep_slots SET next_at = now() - interval '1 hour', leased_until = NULL, cursor = NULL")
            .await;
        let mut conn = self.pool.acquire().await.unwrap();
        let mut walks = JoinSet::new();
        while let Some(mut lease) =
            store::sweep_slots::lease(&mut conn, OffsetDateTime::now_utc(), 300.0).await.unwrap()
        {
            let (sweep, profile) = (self.sweep.clone(), profile.clone());
            walks.spawn(async move { while sweep.walk_slice(&mut lease, &profile).await.unwrap() == Walked::Part {} });
        }
        drop(conn);
        walks.join_all().await;
        for _ in 0..2 {
            self.look_at_due().await;
            self.sql("UPDATE due_looks SET due_at = now()").await;
        }
    }
}
