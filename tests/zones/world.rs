//! Reads the worlds' files, serves them, and looks at them.

use std::path::PathBuf;
use std::sync::Arc;

use signet::diagnosis::Diagnosis;
use signet::dns::zone_world::World;
use signet::dns::{Dns, DnsSettings};
use signet::records::dkim::{DkimPublicKey, KeyAlgorithm};
use signet::records::dmarc::DmarcOffer;
use signet::records::plan::{BounceMx, CnameOffer, Plan, PlanInput, PlannedKey, SendingProfile, plan};
use signet::records::spf::ProfileMechanism;
use signet::records::{DomainName, Selector};
use signet::verify;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::keys::KEYS;

/// Worlds that are served at once: each has about thirty sockets.
const MAX_SERVED: usize = 12;

/// The platform's own names, in good order.
const PLATFORM: &str = "
;; zone mta.example
spf TXT \"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8:53::/48 -all\"
bounce A 192.0.2.25
rp TXT \"v=spf1 include:spf.mta.example -all\"
rp MX 10 bounce.mta.example.
rp A 192.0.2.26
click A 192.0.2.80
";

const DIRECTIVES: &[&str] = &[
    "domain",
    "key",
    "older",
    "spf",
    "mx",
    "return-path",
    "tracking",
    "dmarc",
    "mx-required",
    "direct",
    "resolver",
    "raises",
    "near",
];

/// One file, read.
#[derive(Debug, Clone)]
pub struct BrokenWorld {
    /// The file's name without its ending.
    pub name: String,
    /// The comment it opens with.
    pub rule: String,
    pub plan: Plan,
    pub raises: Vec<String>,
    pub near: Vec<String>,
    pub is_direct: bool,
    /// An earlier check has decided about our MX.
    pub is_mx_decided: bool,
    /// The selectors of the keys.
    pub selectors: Vec<String>,
    /// The profile's lines that `signet check` takes as settings.
    pub settings: Vec<(&'static str, String)>,
    is_resolver_closed: bool,
    served: String,
}

/// Every world, by name.
pub fn all() -> Vec<BrokenWorld> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/zones");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "zone")).collect();
    files.sort();
    assert!(!files.is_empty(), "there are no worlds");
    files.iter().map(|path| read(path)).collect()
}

/// The worlds that `SIGNET_WORLD` names a part of; all of them without it.
pub fn chosen() -> Vec<BrokenWorld> {
    let wanted = std::env::var("SIGNET_WORLD").unwrap_or_default();
    all().into_iter().filter(|world| world.name.contains(&wanted)).collect()
}

/// Looks at many worlds at once; in the order given.
pub async fn look_at_all(worlds: Vec<BrokenWorld>) -> Vec<(BrokenWorld, Diagnosis)> {
    let room = Arc::new(Semaphore::new(MAX_SERVED));
    let mut looks = JoinSet::new();
    for (at, world) in worlds.into_iter().enumerate() {
        let room = Arc::clone(&room);
        looks.spawn(async move {
            let _permit = room.acquire_owned().await.unwrap();
            let served = world.serve().await;
            let diagnosis = served.look(&world.plan).await;
            (at, world, diagnosis)
        });
    }
    let mut looked = looks.join_all().await;
    looked.sort_by_key(|(at, ..)| *at);
    looked.into_iter().map(|(_, world, diagnosis)| (world, diagnosis)).collect()
}

/// A world being served.
#[derive(Debug)]
pub struct Served {
    _world: World,
    pub settings: DnsSettings,
}

impl BrokenWorld {
    pub async fn serve(&self) -> Served {
        let world = World::start(&self.served).await.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let mut settings = world.settings();
        settings.is_direct = self.is_direct;
        if self.is_resolver_closed {
            let socket = std::net::UdpSocket::bind("127.53.255.254:0").unwrap();
            settings.resolvers = vec![socket.local_addr().unwrap()];
        }
        Served { _world: world, settings }
    }
}

impl Served {
    /// As the program looks.
    pub async fn look(&self, plan: &Plan) -> Diagnosis {
        let dns = Dns::start(self.settings.clone()).await.unwrap();
        verify::look(&dns, plan).await
    }
}

fn read(path: &std::path::Path) -> BrokenWorld {
    parse(path.file_stem().unwrap().to_str().unwrap(), &std::fs::read_to_string(path).unwrap())
}

/// A world from its text.
pub fn parse(name: &str, text: &str) -> BrokenWorld {
    let is_rule = |line: &&str| line.starts_with("; ");
    let rule: Vec<&str> = text.lines().take_while(is_rule).map(|line| &line[2..]).collect();
    assert!(!rule.is_empty(), "{name} does not open with a comment that names its rule");
    let given = Directives::read(name, text);
    let profile = profile(&given);
    let domain = given.one("domain").unwrap_or_else(|| panic!("{name} names no domain"));
    let plan = plan(&PlanInput {
        domain: &DomainName::parse(domain).unwrap(),
        profile: &profile,
        keys: &keys(&given.all("key")),
        older_keys: &given.all("older").into_iter().map(key).collect::<Vec<_>>(),
        is_mx_required: given.one("mx-required").map(|word| word == "yes"),
    });
    let platform = if text.contains(";; zone mta.example") { "" } else { PLATFORM };
    BrokenWorld {
        rule: rule.join(" "),
        plan,
        raises: given.words("raises"),
        near: given.words("near"),
        is_direct: given.one("direct") != Some("off"),
        is_mx_decided: given.one("mx-required").is_some(),
        selectors: keys(&given.all("key")).iter().map(|key| key.selector.to_string()).collect(),
        settings: settings(&given),
        is_resolver_closed: given.one("resolver") == Some("closed"),
        served: format!("{}{platform}", filled(text)),
        name: name.to_owned(),
    }
}

/// The lines that begin with `;>`.
struct Directives<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Directives<'a> {
    fn read(world: &str, text: &'a str) -> Self {
        let lines = text.lines().filter_map(|line| line.strip_prefix(";>")).map(str::trim);
        let split = lines.map(|line| line.split_once(' ').map_or((line, ""), |(word, rest)| (word, rest.trim())));
        let given = Self(split.collect());
        for (word, _) in &given.0 {
            assert!(DIRECTIVES.contains(word), "{world}: {word:?} is no directive");
        }
        given
    }

    fn all(&self, word: &str) -> Vec<&'a str> {
        self.0.iter().filter(|(one, _)| *one == word).map(|(_, rest)| *rest).collect()
    }

    fn one(&self, word: &str) -> Option<&'a str> {
        self.all(word).first().copied()
    }

    fn words(&self, word: &str) -> Vec<String> {
        self.all(word).into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect()
    }
}

fn settings(given: &Directives<'_>) -> Vec<(&'static str, String)> {
    let mut settings = vec![("SIGNET_SPF", given.one("spf").unwrap_or("include:spf.mta.example").to_owned())];
    for (word, name) in [("mx", "SIGNET_MX"), ("dmarc", "SIGNET_DMARC"), ("direct", "SIGNET_DNS_DIRECT")] {
        settings.extend(given.one(word).map(|text| (name, text.to_owned())));
    }
    settings
}

fn profile(given: &Directives<'_>) -> SendingProfile {
    SendingProfile {
        spf: ProfileMechanism::parse_list(given.one("spf").unwrap_or("include:spf.mta.example")).unwrap(),
        mx: given.one("mx").map(|text| BounceMx::parse(text).unwrap()),
        return_path: given.one("return-path").map(|text| CnameOffer::parse(text).unwrap()),
        tracking: given.one("tracking").map(|text| CnameOffer::parse(text).unwrap()),
        dmarc: given.one("dmarc").map(|text| DmarcOffer::parse(text).unwrap()).unwrap_or_default(),
        selector_prefix: "s".into(),
    }
}

fn keys(lines: &[&str]) -> Vec<PlannedKey> {
    let lines = if lines.is_empty() { &["s1 ours"] } else { lines };
    let with_key = lines.iter().filter(|line| **line != "none").map(|line| line.split_once(' ').unwrap());
    let planned = with_key.map(|(selector, name)| PlannedKey {
        selector: Selector::parse(selector).unwrap(),
        public: key(name),
        is_required: true,
    });
    planned.collect()
}

fn key(name: &str) -> DkimPublicKey {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(p_of(name)).unwrap();
    let algorithm = if name == "ed25519" { KeyAlgorithm::Ed25519 } else { KeyAlgorithm::Rsa };
    DkimPublicKey { algorithm, bytes }
}

fn p_of(name: &str) -> &'static str {
    KEYS.iter().find(|(one, _)| *one == name).unwrap_or_else(|| panic!("there is no key {name:?}")).1
}

/// The text with its placeholders filled in and long strings split.
fn filled(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", split_strings(&fill_line(line)))).collect()
}

fn fill_line(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('@') {
        out.push_str(before);
        let inner = after.split_once('@').filter(|(inner, _)| is_placeholder(inner));
        match inner {
            Some((inner, after)) => {
                out.push_str(&value_of(inner));
                rest = after;
            }
            None => {
                out.push('@');
                rest = after;
            }
        }
    }
    out + rest
}

fn is_placeholder(inner: &str) -> bool {
    let end = inner.find([':', '[']).unwrap_or(inner.len());
    matches!(&inner[..end], "KEY" | "P")
}

/// `KEY`, `P:older`, `KEY[..255]`.
fn value_of(inner: &str) -> String {
    let (what, range) = inner.split_once('[').unwrap_or((inner, "..]"));
    let (kind, name) = what.split_once(':').unwrap_or((what, "ours"));
    let p = p_of(name).to_owned();
    let whole = if kind == "KEY" { key(name).render() } else { p };
    let (from, to) = range.trim_end_matches(']').split_once("..").unwrap();
    let from = from.parse().unwrap_or(0);
    whole[from..to.parse().unwrap_or(whole.len())].to_owned()
}

/// Splits quoted strings that no TXT record can hold in one piece (RFC 1035 section 3.3).
fn split_strings(line: &str) -> String {
    let mut out = String::new();
    let (mut is_quoted, mut length) = (false, 0);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '"' {
            (is_quoted, length) = (!is_quoted, 0);
            out.push(c);
            continue;
        }
        let size = c.len_utf8();
        if is_quoted && length + size > 255 {
            out.push_str("\" \"");
            length = 0;
        }
        length += size;
        out.push(c);
        if c == '\\' {
            let escaped = if chars.peek().is_some_and(char::is_ascii_digit) { 3 } else { 1 };
            out.extend(chars.by_ref().take(escaped));
        }
    }
    out
}
