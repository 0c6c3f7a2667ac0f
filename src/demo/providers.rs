//! The DNS provider of the sample domains, and their registrar: keeps the zones as their owners typed them, and lets
//! the private world serve them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::record::PanelRecord;
use crate::dns::DnsSettings;
use crate::dns::zone_world::{World, WorldError};
use crate::records::OwnerName;

/// The nameservers of the panel's provider, and those of the provider that a zone was moved away from.
pub const NAMESERVERS: [&str; 2] = ["ns1.dns-panel.example", "ns2.dns-panel.example"];
pub const OLD_NAMESERVERS: [&str; 2] = ["ns1.oldhost.example", "ns2.oldhost.example"];
/// The zone of the sample whose CNAME is proxied stands, in this world, at nameservers named as that provider's are.
const PROXIED: (&str, [&str; 2]) = ("surfclub.example", ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"]);

/// Where the registrar has a zone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Registrar {
    /// Delegated to the panel's nameservers.
    #[default]
    Here,
    /// Delegated to the nameservers of a provider that its owner left.
    Elsewhere,
    /// Taken out of the parent zone until its owner's identity is checked.
    OnHold,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PanelZone {
    pub records: Vec<PanelRecord>,
    pub registrar: Registrar,
}

type Zones = BTreeMap<OwnerName, PanelZone>;

/// The zones, and the world that serves them.
#[derive(Debug)]
pub struct Providers {
    zones: Mutex<Zones>,
    world: World,
    /// Zones that nobody edits.
    fixed: &'static str,
}

impl Providers {
    pub async fn start(zones: Zones, fixed: &'static str) -> Result<Self, WorldError> {
        let world = World::start(&script(&zones, fixed)).await?;
        Ok(Self { zones: Mutex::new(zones), world, fixed })
    }

    /// How to ask this world and nothing else.
    pub fn settings(&self) -> DnsSettings {
        self.world.settings()
    }

    pub fn names(&self) -> Vec<OwnerName> {
        self.zones.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    pub fn find(&self, zone: &OwnerName) -> Option<PanelZone> {
        self.zones.lock().unwrap_or_else(PoisonError::into_inner).get(zone).cloned()
    }

    /// Changes a zone; the world serves it at once. Zones that the world cannot serve change nothing.
    pub fn edit(&self, zone: &OwnerName, change: impl FnOnce(&mut PanelZone)) -> Result<(), WorldError> {
        let mut zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        let mut edited = zones.clone();
        change(edited.entry(zone.clone()).or_default());
        self.world.replace(&script(&edited, self.fixed))?;
        *zones = edited;
        Ok(())
    }
}

/// The text of the world.
fn script(zones: &Zones, fixed: &str) -> String {
    let mut text = fixed.to_owned();
    for (name, zone) in zones {
        let servers = if name.as_str() == PROXIED.0 { PROXIED.1 } else { NAMESERVERS };
        text.push_str(&section(name, &servers));
        text.extend(zone.records.iter().map(|record| record.line(name)));
        match zone.registrar {
            Registrar::Here => {}
            Registrar::OnHold => text.push_str(&format!(";; undelegated {name}\n")),
            Registrar::Elsewhere => {
                text.push_str(&section(name, &OLD_NAMESERVERS));
                text.push_str("@ A 198.51.100.80\nwww A 198.51.100.80\n");
                text.push_str(&format!(";; delegate {name} to {}\n", OLD_NAMESERVERS.join(" ")));
            }
        }
    }
    text
}

/// The head of a zone at its servers, which it names itself.
fn section(name: &OwnerName, servers: &[&str]) -> String {
    let ns: String = servers.iter().map(|server| format!("@ NS {server}.\n")).collect();
    format!(";; zone {name} at {}\n{ns}", servers.join(" "))
}
