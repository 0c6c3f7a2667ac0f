//! The text of a world: zone files with a few lines between them. Knows no sockets.
//!
//! ```text
//! ;; zone example.com [at ns1.example.com ns2.example.com]   records follow, as in a zone file
//! ;; server ns2.example.com silent                           what is wrong with a nameserver, see `Faults`
//! ;; delegate example.com to ns1.old.example                 what the parent says, if not the servers above
//! ;; undelegated example.com                                 the parent says NXDOMAIN
//! ;; resolver delay=20                                       what is wrong with the resolver
//! ;; bogus example.com                                       fails validation from there on down
//! ;; cached                                                  records follow that the resolver still keeps
//! ;; absent mail.example.com                                 NXDOMAIN that the resolver still keeps
//! ```
//!
//! SOA, NS, parents and glue need not be written. A zone that names no server is served by `ns1` and `ns2` in it; a
//! section `at` some servers goes for these before one without.

use std::collections::{BTreeMap, BTreeSet};

use super::WorldError;
use super::faults::Faults;
use crate::records::{DomainName, OwnerName};

/// One section of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub zone: OwnerName,
    /// Empty: all servers of the zone that no other section names.
    pub servers: Vec<OwnerName>,
    pub text: String,
}

/// A world as its text says it.
#[derive(Debug, Clone, Default)]
pub struct Script {
    pub sections: Vec<Section>,
    pub faults: BTreeMap<OwnerName, Faults>,
    pub delegations: BTreeMap<OwnerName, Vec<OwnerName>>,
    pub undelegated: BTreeSet<OwnerName>,
    pub resolver: Faults,
    pub bogus: Vec<OwnerName>,
    pub cached: String,
    pub absent: BTreeSet<OwnerName>,
}

/// Where the lines that follow belong.
enum Into {
    Nowhere,
    Zone,
    Cache,
}

impl Script {
    /// Reads the text of a world. `$INCLUDE` is refused: a world comes from its text alone.
    pub fn parse(text: &str) -> Result<Self, WorldError> {
        let mut script = Self::default();
        let mut into = Into::Nowhere;
        for line in text.lines() {
            if line.trim_start().get(..8).is_some_and(|start| start.eq_ignore_ascii_case("$include")) {
                return Err(WorldError::script("$INCLUDE is not accepted"));
            }
            if let Some(directive) = line.strip_prefix(";;") {
                into = script.direct(directive)?;
                continue;
            }
            let target = match into {
                Into::Zone => script.sections.last_mut().map(|section| &mut section.text),
                Into::Cache => Some(&mut script.cached),
                Into::Nowhere if line.trim().is_empty() || line.starts_with(';') => None,
                Into::Nowhere => return Err(WorldError::script(format!("{line:?} stands in no zone"))),
            };
            if let Some(target) = target {
                target.push_str(line);
                target.push('\n');
            }
        }
        script.add_suffixes();
        Ok(script)
    }

    fn direct(&mut self, line: &str) -> Result<Into, WorldError> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let names = |words: &[&str]| words.iter().map(|word| OwnerName::new(word)).collect::<Vec<_>>();
        match words.as_slice() {
            ["zone", zone] => self.section(zone, Vec::new()),
            ["zone", zone, "at", servers @ ..] => self.section(zone, names(servers)),
            ["cached"] => return Ok(Into::Cache),
            ["server", server, faults @ ..] => {
                let entry = self.faults.entry(OwnerName::new(server)).or_default();
                faults.iter().try_for_each(|word| entry.add(word))?;
                return Ok(Into::Nowhere);
            }
            ["resolver", faults @ ..] => {
                faults.iter().try_for_each(|word| self.resolver.add(word))?;
                return Ok(Into::Nowhere);
            }
            ["delegate", zone, "to", servers @ ..] => {
                self.delegations.insert(OwnerName::new(zone), names(servers));
                return Ok(Into::Nowhere);
            }
            ["undelegated", zone] => {
                self.undelegated.insert(OwnerName::new(zone));
                return Ok(Into::Nowhere);
            }
            ["bogus", name] => {
                self.bogus.push(OwnerName::new(name));
                return Ok(Into::Nowhere);
            }
            ["absent", name] => {
                self.absent.insert(OwnerName::new(name));
                return Ok(Into::Nowhere);
            }
            _ => return Err(WorldError::script(format!("{line:?} is no directive"))),
        }
        Ok(Into::Zone)
    }

    fn section(&mut self, zone: &str, servers: Vec<OwnerName>) {
        self.sections.push(Section { zone: OwnerName::new(zone), servers, text: String::new() });
    }

    /// A zone for every public suffix that holds a zone or a server.
    fn add_suffixes(&mut self) {
        let zones: BTreeSet<OwnerName> = self.zones();
        let servers = self.servers().into_iter();
        let suffix = |name: OwnerName| DomainName::parse(name.as_str()).ok()?.registrable().owner().parent();
        let suffixes: BTreeSet<OwnerName> = zones.iter().cloned().chain(servers).filter_map(suffix).collect();
        for suffix in suffixes.difference(&zones).filter(|suffix| !suffix.is_root()) {
            self.section(suffix.as_str(), vec![suffix.prefixed("nic").prefixed("a")]);
        }
    }

    pub fn zones(&self) -> BTreeSet<OwnerName> {
        self.sections.iter().map(|section| section.zone.clone()).collect()
    }

    /// The servers of a zone, all sections together.
    pub fn servers_of(&self, zone: &OwnerName) -> Vec<OwnerName> {
        let sections = self.sections.iter().filter(|section| section.zone == *zone);
        let named: BTreeSet<OwnerName> = sections.clone().flat_map(|section| section.servers.clone()).collect();
        let is_all_named = sections.clone().all(|section| !section.servers.is_empty());
        let usual = ["ns1", "ns2"].map(|label| zone.prefixed(label));
        let is_usual = !is_all_named && named.iter().all(|server| usual.contains(server));
        if is_usual { usual.to_vec() } else { named.into_iter().collect() }
    }

    /// Every server that serves or is spoken of with a fault.
    pub fn servers(&self) -> BTreeSet<OwnerName> {
        let serving = self.zones().into_iter().flat_map(|zone| self.servers_of(&zone));
        serving.chain(self.faults.keys().cloned()).collect()
    }

    /// The records that a server has of a zone: its own section, else the one for all.
    pub fn text_at(&self, zone: &OwnerName, server: &OwnerName) -> Option<&str> {
        let mut sections = self.sections.iter().filter(|section| section.zone == *zone);
        let own = sections.clone().find(|section| section.servers.contains(server));
        own.or_else(|| sections.find(|section| section.servers.is_empty())).map(|section| section.text.as_str())
    }
}
