//! Another receiver: `mail-auth`, fed by its caches; what is in none of them does not exist, and nothing is asked.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::spf::Spf;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{DnssecStatus, Error, MX, MessageAuthenticator, Parameters, RecordSet, ResolverCache, SpfResult, Txt};
use signet::diagnosis::spf_eval::CheckResult;
use tokio::runtime::Runtime;

use super::generated::{World, message};

struct Cache<K, V>(HashMap<K, V>);

impl<K: Hash + Eq, V: Clone> ResolverCache<K, V> for Cache<K, V> {
    fn get<Q>(&self, name: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(name).cloned()
    }

    fn remove<Q>(&self, _: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: K, _: V, _: Instant) {}
}

pub struct MailAuth {
    txt: Cache<Box<str>, Txt>,
    mx: Cache<Box<str>, RecordSet<MX>>,
    v4: Cache<Box<str>, RecordSet<Ipv4Addr>>,
    v6: Cache<Box<str>, RecordSet<Ipv6Addr>>,
    ptr: Cache<IpAddr, RecordSet<Box<str>>>,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static RECEIVER: LazyLock<MessageAuthenticator> = LazyLock::new(|| {
    let _guard = RUNTIME.enter();
    MessageAuthenticator::new_cloudflare().unwrap()
});

fn set<T>(records: Vec<T>) -> RecordSet<T> {
    RecordSet { rrset: Arc::from(records.into_boxed_slice()), dnssec_status: DnssecStatus::Indeterminate }
}

/// It keeps one record a name, so several are told as the error that they are (RFC 7208 section 4.5).
fn txt(texts: &[String]) -> Option<Txt> {
    let mut records = texts.iter().filter(|text| text.starts_with("v=spf1"));
    let first = records.next()?;
    Some(match records.next() {
        Some(_) => Txt::Error(Error::ParseError),
        None => match Spf::parse(first.as_bytes()) {
            Ok(record) => Txt::Spf(Arc::new(record)),
            Err(error) => Txt::Error(error),
        },
    })
}

impl MailAuth {
    pub fn of(world: &World) -> Self {
        let named = |name: &String| format!("{name}.").into_boxed_str();
        let hosts = || world.0.iter();
        let exchange = |(host, preference): (&String, u16)| MX {
            exchanges: Box::new([format!("{host}.").into_boxed_str()]),
            preference,
        };
        let txt = hosts().filter_map(|(name, host)| Some((named(name), txt(&host.texts)?)));
        let mx = hosts().filter(|(_, host)| !host.mx.is_empty());
        let v4 = hosts().filter(|(_, host)| !host.v4.is_empty());
        let v6 = hosts().filter(|(_, host)| !host.v6.is_empty());
        Self {
            txt: Cache(txt.collect()),
            mx: Cache(
                mx.map(|(name, host)| (named(name), set(host.mx.iter().zip(1..).map(exchange).collect()))).collect(),
            ),
            v4: Cache(v4.map(|(name, host)| (named(name), set(host.v4.clone()))).collect()),
            v6: Cache(v6.map(|(name, host)| (named(name), set(host.v6.clone()))).collect()),
            ptr: Cache(HashMap::new()),
        }
    }

    pub fn check(&self, domain: &str, ip: IpAddr) -> CheckResult {
        let message = message(domain, ip);
        let asked = SpfParameters::verify_mail_from(ip, &message.helo, &message.receiver, &message.sender);
        let parameters = Parameters::new(asked)
            .with_txt_cache(&self.txt)
            .with_mx_cache(&self.mx)
            .with_ptr_cache(&self.ptr)
            .with_ipv4_cache(&self.v4)
            .with_ipv6_cache(&self.v6);
        match RUNTIME.block_on(RECEIVER.check_host(parameters)).result() {
            SpfResult::Pass => CheckResult::Pass,
            SpfResult::Fail => CheckResult::Fail,
            SpfResult::SoftFail => CheckResult::SoftFail,
            SpfResult::Neutral => CheckResult::Neutral,
            SpfResult::TempError => CheckResult::TempError,
            SpfResult::PermError => CheckResult::PermError,
            SpfResult::None => CheckResult::None,
        }
    }
}
