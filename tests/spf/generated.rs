//! Generated zones: a few names with records that refer to one another, some of them broken.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;
use signet::diagnosis::observed::{Answer, Observation, RecordData};
use signet::diagnosis::spf_eval::{Checked, Message, check_host};
use signet::diagnosis::{AskFailure, Observed, Question, RecordType, Reply};
use signet::records::OwnerName;

/// The domain that sends.
pub const OWN: &str = "mail.sender.test";
/// Names that records refer to. `fail._dns_error.test` cannot be asked, `gone.test` does not exist.
const NAMES: [&str; 9] =
    ["a.test", "b.test", "c.test", "d.test", "e.test", "spf.mta.test", "gone.test", "fail._dns_error.test", "v4.test"];

/// Includes that match as something else than a pass.
const QUALIFIED: [&str; 3] = ["-include:", "~include:", "?include:"];

#[derive(Debug, Clone, Default)]
pub struct Host {
    pub texts: Vec<String>,
    pub v4: Vec<Ipv4Addr>,
    pub v6: Vec<Ipv6Addr>,
    pub mx: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub struct World(pub BTreeMap<String, Host>);

/// Addresses at the edges of what is generated.
pub fn interesting() -> Vec<IpAddr> {
    let v4 = (0..8u8).flat_map(|net| [0u8, 1, 127, 128, 255].map(|last| IpAddr::from([10, 0, net, last])));
    let v6 = (0..4u16).map(|net| IpAddr::from([0x2001, 0xdb8, net, 0, 0, 0, 0, net + 1]));
    v4.chain(v6).chain(["192.0.2.1", "10.9.0.3"].map(|ip| ip.parse().unwrap())).collect()
}

fn v4() -> impl Strategy<Value = Ipv4Addr> {
    (0..8u8, prop_oneof![Just(0u8), Just(1), Just(127), Just(128), Just(255)])
        .prop_map(|(net, last)| Ipv4Addr::new(10, 0, net, last))
}

fn v6() -> impl Strategy<Value = Ipv6Addr> {
    (0..4u16).prop_map(|net| Ipv6Addr::new(0x2001, 0xdb8, net, 0, 0, 0, 0, net + 1))
}

fn name() -> impl Strategy<Value = String> {
    proptest::sample::select(NAMES.to_vec()).prop_flat_map(|name| {
        prop_oneof![5 => Just(name.to_owned()), 1 => Just(name.to_ascii_uppercase()), 1 => Just(format!("{name}."))]
    })
}

fn mechanism(has_macros: bool) -> BoxedStrategy<String> {
    let plain = prop_oneof![
        6 => (v4(), 22..=32u8).prop_map(|(ip, prefix)| format!("ip4:{ip}/{prefix}")),
        2 => (v6(), 30..=128u8).prop_map(|(ip, prefix)| format!("ip6:{ip}/{prefix}")),
        6 => name().prop_map(|name| format!("include:{name}")),
        3 => (name(), 23..=32u8).prop_map(|(name, prefix)| format!("a:{name}/{prefix}//64")),
        2 => name().prop_map(|name| format!("a:{name}")),
        2 => name().prop_map(|name| format!("mx:{name}/24")),
        1 => name().prop_map(|name| format!("exists:{name}")),
        1 => prop_oneof![Just("a"), Just("mx")].prop_map(str::to_owned),
    ];
    if !has_macros {
        return plain.boxed();
    }
    let macros = prop_oneof![
        Just("exists:%{i}.e.test"),
        Just("include:%{d1r}.test"),
        Just("a:%{l}.test"),
        Just("exists:%{ir}.%{v}.e.test"),
        Just("a:%{o2}"),
        Just("include:%{h}"),
        Just("ptr"),
        Just("exists:%{lr-}.%{d}"),
        Just("a:%{H}"),
    ];
    prop_oneof![8 => plain, 1 => macros.prop_map(str::to_owned)].boxed()
}

fn term(has_macros: bool) -> impl Strategy<Value = String> {
    let qualifier = prop_oneof![8 => Just(""), 1 => Just("-"), 1 => Just("~"), 1 => Just("?"), 1 => Just("+")];
    let broken = prop_oneof![
        Just("inlcude:a.test"),
        Just("ip4:10.0.1.0/33"),
        Just("ip4:a.test"),
        Just("foo"),
        Just("include:museum")
    ];
    prop_oneof![
        40 => (qualifier, mechanism(has_macros)).prop_map(|(qualifier, mechanism)| format!("{qualifier}{mechanism}")),
        1 => broken.prop_map(str::to_owned),
        1 => Just("x-note=1".to_owned()),
    ]
}

fn record(has_macros: bool) -> impl Strategy<Value = String> {
    let end = prop_oneof![
        4 => Just("-all".to_owned()), 4 => Just("~all".to_owned()), 1 => Just("?all".to_owned()), 1 => Just("+all".to_owned()),
        2 => Just(String::new()), 2 => name().prop_map(|name| format!("redirect={name}")),
    ];
    (vec(term(has_macros), 0..6), end).prop_map(|(terms, end)| {
        format!("v=spf1 {} {end}", terms.join(" ")).split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

fn host(has_macros: bool) -> impl Strategy<Value = Host> {
    let texts = prop_oneof![
        8 => record(has_macros).prop_map(|text| vec![text]),
        1 => Just(Vec::new()),
        1 => Just(vec!["hello".to_owned()]),
        1 => (record(false), record(false)).prop_map(|(one, two)| vec![one, two]),
    ];
    let mx = prop_oneof![6 => vec(proptest::sample::select(NAMES.to_vec()), 0..3), 1 => vec(proptest::sample::select(NAMES.to_vec()), 9..12)];
    (texts, vec(v4(), 0..3), vec(v6(), 0..2), mx).prop_map(|(texts, v4, v6, mx)| Host {
        texts,
        v4,
        v6,
        mx: mx.into_iter().map(str::to_owned).collect(),
    })
}

/// A zone whose own domain has one record.
pub fn world(has_macros: bool) -> impl Strategy<Value = World> {
    (vec(host(has_macros), 5), record(has_macros), host(false)).prop_map(|(hosts, own, base)| {
        let mut world: BTreeMap<String, Host> = NAMES.iter().map(|name| (*name).to_owned()).zip(hosts).collect();
        let ours =
            ["v=spf1 ip4:10.9.0.0/24 include:more.mta.test -all", "v=spf1 ip4:10.9.1.5 ip6:2001:db8:9:1::5 -all"];
        let [first, more] = ours.map(|text| Host { texts: vec![text.to_owned()], ..Host::default() });
        world.insert("spf.mta.test".to_owned(), first);
        world.insert("more.mta.test".to_owned(), more);
        world.insert("v4.test".to_owned(), Host { v4: base.v4.clone(), ..Host::default() });
        world.insert("10.0.1.1.e.test".to_owned(), Host { v4: vec![Ipv4Addr::LOCALHOST], ..Host::default() });
        world.insert(OWN.to_owned(), Host { texts: vec![own], ..base });
        World(world)
    })
}

/// The own domain's records: usually one, sometimes ours in it, sometimes several, long ones too.
pub fn own_records() -> impl Strategy<Value = Vec<String>> {
    let ours = prop_oneof![
        Just("-all include:spf.mta.test"),
        Just("include:SPF.mta.test ip4:10.0.0.1"),
        Just("?include:spf.mta.test")
    ];
    let long = (vec(term(false), 6..14), prop_oneof![Just("-all"), Just("~all"), Just("")])
        .prop_map(|(terms, end)| format!("v=spf1 {} {end}", terms.join(" ")).trim_end().to_owned());
    prop_oneof![
        6 => record(false).prop_map(|text| vec![text]),
        3 => long.prop_map(|text| vec![text]),
        1 => ours.prop_map(|terms| vec![format!("v=spf1 {terms}")]),
        2 => vec(record(false), 2..4),
    ]
}

impl World {
    pub fn records_at(&self, name: &str) -> Vec<String> {
        self.0.get(name).map(|host| host.texts.clone()).unwrap_or_default()
    }

    pub fn with_own(&self, texts: &[String]) -> Self {
        let mut world = self.clone();
        world.0.entry(OWN.to_owned()).or_default().texts = texts.to_vec();
        world
    }

    pub fn with_only(&self, name: &str, text: &str) -> Self {
        let mut world = self.clone();
        world.0.entry(name.to_owned()).or_default().texts = vec![text.to_owned()];
        world
    }

    pub fn without_plus_all(&self, name: &str) -> Self {
        let mut world = self.clone();
        let mend = |text: &String| {
            let terms = text.split(' ').map(|term| if ["all", "+all"].contains(&term) { "~all" } else { term });
            terms.collect::<Vec<_>>().join(" ")
        };
        let host = world.0.entry(name.to_owned()).or_default();
        host.texts = host.texts.iter().map(mend).collect();
        world
    }

    /// The same with each include as it is mostly written: without a qualifier.
    pub fn with_plain_includes(&self) -> Self {
        let mut world = self.clone();
        for text in world.0.values_mut().flat_map(|host| &mut host.texts) {
            *text = QUALIFIED.iter().fold(text.clone(), |text, include| text.replace(include, "include:"));
        }
        world
    }

    pub fn has_qualified_include(&self) -> bool {
        let mut texts = self.0.values().flat_map(|host| &host.texts);
        texts.any(|text| QUALIFIED.iter().any(|include| text.contains(include)))
    }

    /// Terms that `mail-auth` reads though RFC 7208 does not.
    pub fn is_leniently_read(&self, term: &str) -> bool {
        ["inlcude:a.test", "ip4:10.0.1.0/33", "foo", "include:museum"].contains(&term)
    }

    pub fn has_exists_of_ipv6_host(&self) -> bool {
        let is_v6_only = |name: &str| {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            self.0.get(&name).is_some_and(|host| host.v4.is_empty() && !host.v6.is_empty())
        };
        let texts = self.0.values().flat_map(|host| &host.texts);
        let mut terms = texts.flat_map(|text| text.split(' '));
        terms.any(|term| term.split_once("exists:").is_some_and(|(_, name)| name.contains('%') || is_v6_only(name)))
    }

    fn answer(&self, question: &Question) -> Reply {
        let name = question.name.as_str();
        if name.contains("_dns_error.") {
            return Reply::failed(AskFailure::Timeout);
        }
        let Some(host) = self.0.get(name) else { return reply(Answer::NoSuchName) };
        let records: Vec<RecordData> = match question.rtype {
            RecordType::Txt => host.texts.iter().map(|text| RecordData::Txt(vec![text.clone().into_bytes()])).collect(),
            RecordType::A => host.v4.iter().map(|ip| RecordData::A(*ip)).collect(),
            RecordType::Aaaa => host.v6.iter().map(|ip| RecordData::Aaaa(*ip)).collect(),
            RecordType::Mx => host
                .mx
                .iter()
                .zip(1..)
                .map(|(host, preference)| RecordData::Mx { preference, exchange: OwnerName::new(host) })
                .collect(),
            _ => Vec::new(),
        };
        reply(if records.is_empty() { Answer::NoData } else { Answer::Found(records) })
    }

    /// Feeds answers until nothing is needed.
    pub fn gathered<T>(&self, ask: impl Fn(&Observed) -> (Vec<Question>, T)) -> (Observed, T) {
        let mut observed = Observed::default();
        for _ in 0..100 {
            let (needs, seen) = ask(&observed);
            if needs.is_empty() {
                return (observed, seen);
            }
            for question in needs {
                let reply = self.answer(&question);
                observed.replies.insert(question, Observation { servers: Vec::new(), resolver: Some(reply) });
            }
        }
        panic!("the questions never end");
    }

    pub fn check(&self, domain: &str, ip: IpAddr) -> Checked {
        let message = message(domain, ip);
        let (_, checked) = self.gathered(|observed| {
            let checked = check_host(observed, domain, &message);
            (checked.needs.clone(), checked)
        });
        checked
    }
}

pub fn message(domain: &str, ip: IpAddr) -> Message {
    Message {
        ip,
        sender: format!("a-user@{domain}"),
        helo: "a.test".to_owned(),
        receiver: "mx.receiver.test".to_owned(),
        time_s: 1_700_000_000,
    }
}

fn reply(answer: Answer) -> Reply {
    Reply { answer, aliases: Vec::new(), ttl_s: 300 }
}
