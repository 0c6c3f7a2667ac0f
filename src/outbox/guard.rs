//! Keeps webhooks away from our own network: names are resolved and checked, and the checked addresses are connected to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::console::alerts::literal_address;
use crate::dns;

/// Turns a host into addresses.
pub type Lookup = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> + Send + Sync>;

/// Whom a webhook may connect to.
#[derive(Clone)]
pub struct Guard {
    lookup: Lookup,
    allows_private: bool,
}

impl Guard {
    /// Asks the system for addresses, and lets globally reachable ones pass; with `allows_private`, any.
    pub fn new(allows_private: bool) -> Self {
        let lookup: Lookup = Arc::new(|host| {
            Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect()) })
        });
        Self { lookup, allows_private }
    }

    #[cfg(test)]
    pub fn with_lookup(lookup: Lookup, allows_private: bool) -> Self {
        Self { lookup, allows_private }
    }

    /// An address that stands in the URL itself is not looked up, so it is checked here.
    pub fn check_literal(&self, url: &Url) -> Result<(), String> {
        match literal_address(url) {
            Some(address) if !self.allows(address) => Err(format!("{address} is not reachable from everywhere")),
            _ => Ok(()),
        }
    }

    fn allows(&self, address: IpAddr) -> bool {
        self.allows_private || dns::is_global(address)
    }

    /// The addresses of a host that may be connected to. One that may not makes the whole host suspect.
    async fn resolve(&self, host: String) -> io::Result<Vec<SocketAddr>> {
        let found = (self.lookup)(host.clone()).await?;
        if let Some(refused) = found.iter().find(|address| !self.allows(**address)) {
            return Err(io::Error::other(format!("{host} leads to {refused}, which is not reachable from everywhere")));
        }
        if found.is_empty() {
            return Err(io::Error::other(format!("{host} has no address")));
        }
        Ok(found.into_iter().map(|address| SocketAddr::new(address, 0)).collect())
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = Guard::resolve(&guard, name.as_str().to_owned()).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leading_to(addresses: &'static [&'static str]) -> Guard {
        let lookup: Lookup = Arc::new(move |_| {
            Box::pin(async move { Ok(addresses.iter().map(|address| address.parse().unwrap()).collect()) })
        });
        Guard::with_lookup(lookup, false)
    }

    #[tokio::test]
    async fn a_name_that_leads_inward_is_refused_whatever_else_it_leads_to() {
        for inward in [
            &["127.0.0.1"][..],
            &["169.254.169.254"],
            &["10.0.0.1"],
            &["::1"],
            &["fd00::1"],
            &["fe80::1"],
            &["::ffff:127.0.0.1"],
            &["64:ff9b::a9fe:a9fe"],
            &["1.1.1.1", "192.168.0.1"],
            &["0.0.0.0"],
            &[],
        ] {
            assert!(leading_to(inward).resolve("hook.example".into()).await.is_err(), "{inward:?}");
        }
        let found = leading_to(&["1.1.1.1", "2606:4700::1111"]).resolve("hook.example".into()).await.unwrap();
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn an_address_in_the_url_is_checked_in_every_way_it_can_be_written() {
        let guard = Guard::new(false);
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://10.1/",
        ] {
            assert!(guard.check_literal(&Url::parse(url).unwrap()).is_err(), "{url}");
        }
        assert!(guard.check_literal(&Url::parse("https://1.1.1.1/").unwrap()).is_ok());
        assert!(Guard::new(true).check_literal(&Url::parse("http://127.0.0.1/").unwrap()).is_ok());
    }
}
