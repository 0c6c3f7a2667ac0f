//! The sample domains, each with the mistake that its owner made: the ones that people really make, the commonest of
//! them all (a name that ends in the zone twice) among them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use tokio::task::JoinSet;

use super::providers::{PanelZone, Providers, Registrar};
use super::record::{Kind, PanelRecord};
use crate::console::{Actor, Console, DomainView, NewDomain};
use crate::failure::Failure;
use crate::records::dmarc::DmarcOffer;
use crate::records::plan::{BounceMx, CnameOffer, SendingProfile};
use crate::records::spf::ProfileMechanism;
use crate::records::{DomainName, OwnerName};

/// The domain to begin with: nothing of it is published yet.
pub const FIRST_DOMAIN: &str = "news.florist.example";

/// Samples made at a time: more do not go faster on a busy machine, and wait for connections in vain.
const AT_ONCE: usize = 4;

/// The platform itself, other companies that samples use, and the nameservers.
const FIXED: &str = "\
;; zone mta.example
spf TXT \"v=spf1 ip4:192.0.2.0/24 -all\"
bounce A 192.0.2.25
rp TXT \"v=spf1 include:spf.mta.example -all\"
rp MX 10 bounce
*._report._dmarc TXT \"v=DMARC1\"
;; zone mail-suite.example
mx1 A 198.51.100.10
mx2 A 198.51.100.11
_spf TXT \"v=spf1 include:_net1.mail-suite.example include:_net2.mail-suite.example include:_net3.mail-suite.example ~all\"
_net1 TXT \"v=spf1 ip4:198.51.100.0/28 ~all\"
_net2 TXT \"v=spf1 ip4:198.51.100.16/28 ~all\"
_net3 TXT \"v=spf1 ip6:2001:db8:25::/48 ~all\"
;; zone helpdesk.example
_spf TXT \"v=spf1 include:_a.helpdesk.example include:_b.helpdesk.example ~all\"
_a TXT \"v=spf1 ip4:203.0.113.64/29 ~all\"
_b TXT \"v=spf1 ip4:203.0.113.72/29 ~all\"
;; zone shop-tools.example
_spf TXT \"v=spf1 include:_a.shop-tools.example include:_b.shop-tools.example ~all\"
_a TXT \"v=spf1 ip4:203.0.113.80/29 ~all\"
_b TXT \"v=spf1 ip4:203.0.113.88/29 ~all\"
;; zone dns-panel.example
;; zone oldhost.example
";

/// What became of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Story {
    Healthy,
    Unpublished,
    NameDoubled,
    WrongHost,
    Quoted,
    SpfTwice,
    KeyCut,
    EditedAtTheWrongProvider,
    Proxied,
    DmarcAtTheApex,
    OldKeyBesideTheNew,
    Pem,
    TooManyLookups,
    HeldByTheRegistry,
    CompanyMail,
    LostItsKey,
}

const SAMPLES: &[(&str, Story)] = &[
    ("mail.bakery.example", Story::Healthy),
    ("mail.brewery.example", Story::TooManyLookups),
    (FIRST_DOMAIN, Story::Unpublished),
    ("mail.garage.example", Story::NameDoubled),
    ("harbour.example", Story::CompanyMail),
    ("shop.hotel.example", Story::SpfTwice),
    ("mail.library.example", Story::Quoted),
    ("post.museum.example", Story::WrongHost),
    ("mail.optician.example", Story::EditedAtTheWrongProvider),
    ("mail.orchard.example", Story::KeyCut),
    ("mail.pharmacy.example", Story::Pem),
    ("mail.school.example", Story::LostItsKey),
    ("mail.surfclub.example", Story::Proxied),
    ("theatre.example", Story::DmarcAtTheApex),
    ("mail.vineyard.example", Story::OldKeyBesideTheNew),
    ("mail.zeppelin.example", Story::HeldByTheRegistry),
];

/// A key that the vineyard had before: RSA, 2048 bits.
const OLD_KEY: &str = "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAl13tYaukAf4jTH3jvVljRsVf7+wf9sOIfplf5V\
    SvhpAaCZeWc2K1XgooNeIuaegE7vUR0G9QyY18yBc5zNcggybX39q9/2adeELiEd4bAoVXIhwDqnFttxRLFMfOaYikOMFUd7q2/g\
    /p/dxgVy8CCHfbczFpACxv0FF5ntEpFJmof8e7csKXwiVJp2mjBZBSvhi4HW4gD5JbNg4MPU6O3e1PbWnoSTTb7YsMmysxA+Tihd\
    YPZWlYAiFrIN4WgztvmUlKckEJkxvk74G1BAXe0S7M2LO0/hDWVUd9hBUpXop7fbdKP+24IBBG9Hi5IUS8Xpg7EYWJGqEP5wXb1b\
    X/awIDAQAB";

/// What the platform of the demo asks of its customers.
pub fn profile() -> anyhow::Result<SendingProfile> {
    Ok(SendingProfile {
        spf: ProfileMechanism::parse_list("include:spf.mta.example").map_err(anyhow::Error::msg)?,
        mx: Some(BounceMx::parse("10 bounce.mta.example").map_err(anyhow::Error::msg)?),
        return_path: Some(CnameOffer::parse("bounce rp.mta.example").map_err(anyhow::Error::msg)?),
        tracking: None,
        dmarc: DmarcOffer::parse("p=none; rua=mailto:dmarc@mta.example").map_err(anyhow::Error::msg)?,
        selector_prefix: "s".into(),
    })
}

/// The zones as they were before anybody heard of signet.
pub async fn providers() -> anyhow::Result<Providers> {
    let zones = SAMPLES.iter().map(|(name, story)| (zone_of(name), before(name, *story))).collect();
    Providers::start(zones, FIXED).await.context("the private DNS world cannot be started")
}

fn zone_of(name: &str) -> OwnerName {
    let registrable = DomainName::parse(name).map(|name| name.registrable().owner());
    registrable.unwrap_or_else(|_| OwnerName::new(name))
}

fn before(name: &str, story: Story) -> PanelZone {
    let mut records =
        vec![PanelRecord::new("@", Kind::A, "203.0.113.10"), PanelRecord::new("www", Kind::A, "203.0.113.10")];
    let host = OwnerName::new(name).host_in(&zone_of(name));
    match story {
        Story::CompanyMail => records.extend([
            PanelRecord::new("@", Kind::Mx, "mx1.mail-suite.example"),
            PanelRecord { priority: Some(20), ..PanelRecord::new("@", Kind::Mx, "mx2.mail-suite.example") },
            PanelRecord::new("@", Kind::Txt, "v=spf1 include:_spf.mail-suite.example -all"),
            PanelRecord::new("_dmarc", Kind::Txt, "v=DMARC1; p=quarantine; rua=mailto:postmaster@harbour.example"),
        ]),
        Story::SpfTwice => {
            records.push(PanelRecord::new(&host, Kind::Txt, "v=spf1 include:_spf.shop-tools.example ~all"))
        }
        _ => {}
    }
    let registrar = match story {
        Story::EditedAtTheWrongProvider => Registrar::Elsewhere,
        Story::HeldByTheRegistry => Registrar::OnHold,
        _ => Registrar::Here,
    };
    PanelZone { records, registrar }
}

/// Makes every sample, publishes what its owner would have, and verifies it.
pub async fn fill(console: &Console, actor: &Actor, providers: &Arc<Providers>) -> anyhow::Result<()> {
    let mut making = JoinSet::new();
    for (name, story) in SAMPLES {
        if making.len() >= AT_ONCE {
            finish_one(&mut making).await?;
        }
        let (console, actor, providers) = (console.clone(), actor.clone(), Arc::clone(providers));
        making.spawn(async move {
            let made = make(&console, &actor, &providers, name, *story).await;
            made.with_context(|| format!("the sample {name} cannot be made"))
        });
    }
    while !making.is_empty() {
        finish_one(&mut making).await?;
    }
    Ok(())
}

async fn finish_one(making: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    match making.join_next().await {
        Some(made) => made.context("a sample was given up")?,
        None => Ok(()),
    }
}

async fn make(console: &Console, actor: &Actor, providers: &Providers, name: &str, story: Story) -> anyhow::Result<()> {
    let tags = BTreeMap::new();
    let new = NewDomain { name: name.to_owned(), tags, ..NewDomain::default() };
    let domain = console.create_domain(actor, new).await?;
    if story == Story::Unpublished {
        return Ok(());
    }
    let zone = zone_of(name);
    let records = published(&domain, story, &zone);
    providers.edit(&zone, |held| held.records.extend(records))?;
    verify(console, actor, name).await?;
    if story == Story::LostItsKey {
        providers.edit(&zone, |held| held.records.retain(|record| !record.host.contains("_domainkey")))?;
        verify(console, actor, name).await?;
    }
    Ok(())
}

async fn verify(console: &Console, actor: &Actor, name: &str) -> Result<(), Failure> {
    console.verify_domain(actor, name).await.map(|_| ())
}

/// What the owner typed.
fn published(domain: &DomainView, story: Story, zone: &OwnerName) -> Vec<PanelRecord> {
    let offered = domain.records.iter().filter(|record| record.is_offered());
    let mut records: Vec<PanelRecord> = offered.map(PanelRecord::wanted).collect();
    let is_key = |record: &PanelRecord| record.host.contains("_domainkey");
    let key = records.iter().position(is_key).unwrap_or_default();
    match story {
        Story::Healthy
        | Story::Unpublished
        | Story::EditedAtTheWrongProvider
        | Story::HeldByTheRegistry
        | Story::LostItsKey => {}
        // Theirs stands there already.
        Story::CompanyMail => records.retain(|record| is_key(record) || record.kind == Kind::Cname),
        Story::SpfTwice => {
            let of_ours = domain.records.iter().filter(|record| record.key.purpose() == "spf");
            let ours = of_ours.map(|record| record.value.clone()).collect::<String>();
            change(&mut records, "v=spf1", |record| record.value.clone_from(&ours));
        }
        Story::NameDoubled => records[key].host = format!("{}.{zone}", records[key].host),
        Story::WrongHost => {
            let host = records[key].host.clone();
            records[key].host = host.split("._domainkey").next().map(|s| format!("{s}._domainkey")).unwrap_or(host);
        }
        Story::Quoted => records[key].value = format!("\"{}\"", records[key].value),
        Story::KeyCut => records[key].value.truncate(255),
        Story::Pem => records[key].value = in_armour(&records[key].value),
        Story::OldKeyBesideTheNew => {
            let old = PanelRecord { value: OLD_KEY.to_owned(), ..records[key].clone() };
            records.push(old);
        }
        Story::DmarcAtTheApex => change(&mut records, "v=DMARC1", |record| record.host = "@".to_owned()),
        Story::TooManyLookups => change(&mut records, "v=spf1", |record| {
            record.value = "v=spf1 include:_spf.mail-suite.example include:_spf.helpdesk.example \
                            include:_spf.shop-tools.example include:spf.mta.example ~all"
                .to_owned();
        }),
        Story::Proxied => {
            let is_alias = |record: &PanelRecord| record.kind == Kind::Cname;
            for alias in records.iter_mut().filter(|record| is_alias(record)) {
                *alias = PanelRecord::new(&alias.host, Kind::A, "203.0.113.200");
            }
        }
    }
    records
}

/// Changes the text that begins so.
fn change(records: &mut [PanelRecord], begins: &str, change: impl Fn(&mut PanelRecord)) {
    records.iter_mut().filter(|record| record.value.starts_with(begins)).for_each(change);
}

/// A key file's armour, pasted along.
fn in_armour(value: &str) -> String {
    value.replacen("p=", "p=-----BEGIN PUBLIC KEY-----", 1) + "-----END PUBLIC KEY-----"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_has_a_zone_of_its_own() {
        let zones: std::collections::BTreeSet<OwnerName> = SAMPLES.iter().map(|(name, _)| zone_of(name)).collect();
        assert_eq!(zones.len(), SAMPLES.len());
    }

    #[tokio::test]
    async fn the_world_can_be_served() {
        let providers = providers().await.unwrap();
        assert_eq!(providers.names().len(), SAMPLES.len());
        let wrong = PanelRecord::new("a", Kind::A, "no address");
        let zone = zone_of(FIRST_DOMAIN);
        assert!(providers.edit(&zone, |held| held.records.push(wrong)).is_err());
        assert_eq!(providers.find(&zone).unwrap().records.len(), 2);
    }
}
