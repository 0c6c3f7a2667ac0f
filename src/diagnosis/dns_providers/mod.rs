//! Who runs a zone's nameservers, by their names, and the habits of the provider's form: people edit at one provider
//! while the zone is delegated to another, and type what another form would want.

mod table;

use std::sync::LazyLock;

use crate::records::OwnerName;

/// The table; its grammar stands at its head.
const TABLE: &str = include_str!("providers.txt");

static PROVIDERS: LazyLock<Vec<Provider>> =
    LazyLock::new(|| table::read(TABLE).expect("a test reads the same table, compiled in"));

/// A provider, with what is certain of its form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provider {
    pub name: &'static str,
    servers: Vec<&'static str>,
    /// Where the records of a zone are edited.
    pub page: &'static str,
    /// What the form calls the host.
    pub host: Option<&'static str>,
    /// What the form calls the value of a TXT record.
    pub value: Option<&'static str>,
    /// The form adds the zone to the host itself.
    pub is_zone_appended: bool,
    pub apex: Option<Apex>,
    pub priority: Option<Priority>,
    pub long: Option<Long>,
    /// A target without a final dot gets the zone appended.
    pub is_dot_needed: bool,
    /// What the proxy's switch has to stand at for CNAME records.
    pub proxy: Option<&'static str>,
    /// One more sentence.
    pub note: Option<&'static str>,
}

/// How the zone itself is typed as a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apex {
    AtSign,
    Empty,
}

/// Where the preference of an MX goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    OwnField,
    /// In front of the value.
    Inside,
}

/// How a value over 255 characters is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Long {
    Whole,
    /// As strings in quotes.
    Strings,
}

/// The provider of a nameserver, where it is a known one.
pub fn find(server: &OwnerName) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.servers.iter().any(|suffix| is_under(server, suffix)))
}

fn is_under(server: &OwnerName, suffix: &str) -> bool {
    match suffix.strip_suffix('*') {
        // Amazon numbers its domains: ns-1536.awsdns-00.co.uk.
        Some(beginning) => server.labels().get(1).is_some_and(|label| label.starts_with(beginning)),
        None => server.is_within(&OwnerName::new(suffix)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_known_by_its_nameservers() {
        let cases = [
            ("ada.ns.cloudflare.com", Some("Cloudflare")),
            ("ns-12.awsdns-01.org", Some("Amazon Route 53")),
            ("ns1.notcloudflare.com", None),
            ("helium.ns.hetzner.de", Some("Hetzner")),
            ("dns9.hichina.com", Some("Alibaba Cloud DNS")),
            ("f1g1ns1.dnspod.net", Some("DNSPod")),
            ("ns1.myname.com", None),
        ];
        for (server, name) in cases {
            assert_eq!(find(&OwnerName::new(server)).map(|provider| provider.name), name, "{server}");
        }
    }

    #[test]
    fn the_table_follows_its_grammar_and_no_server_is_two_providers() {
        let providers = table::read(TABLE).unwrap();
        assert!(providers.len() >= 40, "{}", providers.len());
        assert!(providers.is_sorted_by_key(|provider| provider.name.to_lowercase()));
        for provider in &providers {
            assert!(provider.page.starts_with("https://"), "{}", provider.name);
            for suffix in &provider.servers {
                let server = OwnerName::new(&suffix.replace('*', "00.example"));
                let server = OwnerName::new(&format!("ns1.{server}"));
                let known: Vec<&str> = providers
                    .iter()
                    .filter(|other| other.servers.iter().any(|suffix| is_under(&server, suffix)))
                    .map(|other| other.name)
                    .collect();
                assert_eq!(known, [provider.name], "{suffix}");
            }
        }
    }
}
