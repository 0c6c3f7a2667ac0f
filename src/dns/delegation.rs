//! The registrable domain as its parent's servers delegate it: what they say counts, not what a resolver keeps.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::authority::{Asking, Cut, Server, Way, ns_of};
use super::packet::Outcome;
use crate::diagnosis::observed::{Answer, NotDelegated, ZoneFacts};
use crate::diagnosis::{Question, RecordType, Reply};
use crate::records::OwnerName;

/// The parent's servers hold the same zone: three of them are enough, and two that deny a name.
const MAX_PARENT_ADDRESSES: usize = 3;
const ENOUGH_DENIERS: usize = 2;
/// Zones between the one that the resolver knows and the registrable domain.
const MAX_STEPS: usize = 4;

/// How a zone was found.
pub enum Delegation {
    Found(ZoneFacts),
    Absent(NotDelegated),
    /// The parent's servers could not be asked.
    Unknown,
}

/// What the parent's servers said.
enum Heard {
    Cut(Cut),
    /// NXDOMAIN, by these.
    Denied(BTreeSet<OwnerName>),
    Nothing,
}

impl Asking {
    pub async fn find_registrable(&self, zone: &OwnerName) -> Delegation {
        let (mut parent, names) = self.parent_of(zone).await;
        let mut servers = self.parent_servers(&Cut::known(&parent, names)).await;
        for _ in 0..MAX_STEPS {
            match self.ask_parent(zone, &parent, servers).await {
                Heard::Cut(cut) if cut.zone == *zone => return Delegation::Found(self.facts(cut, &self.ahead).await),
                Heard::Cut(between) => {
                    servers = self.parent_servers(&between).await;
                    parent = between.zone;
                }
                Heard::Denied(by) => {
                    let said_by = by.into_iter().collect();
                    return Delegation::Absent(NotDelegated { registrable: zone.clone(), parent, said_by });
                }
                Heard::Nothing => break,
            }
        }
        let reply = self.resolver(&Question::new(zone.clone(), RecordType::Ns)).await;
        let names = ns_of(reply.records());
        if names.is_empty() {
            return Delegation::Unknown;
        }
        let cut = Cut { parent, ..Cut::known(zone, names) };
        Delegation::Found(self.facts(cut, &self.ahead).await)
    }

    /// Whether the resolver says NXDOMAIN of a registered name, with the SOA of a zone above it (RFC 2308 section 3).
    /// The root's is none: it denies the suffix, which others are registered under.
    pub async fn denied_by_resolver(&self, registrable: &OwnerName) -> Option<NotDelegated> {
        let said = self.resolvers.ask(&Question::new(registrable.clone(), RecordType::Ns)).await;
        let is_parent = |zone: &OwnerName| !zone.is_root() && registrable != zone && registrable.is_within(zone);
        let parent = said.denying_zone.filter(is_parent)?;
        let is_denied = said.reply.answer == Answer::NoSuchName && !self.is_lied_to(registrable).await;
        is_denied.then(|| NotDelegated { registrable: registrable.clone(), parent, said_by: Vec::new() })
    }

    /// Whether the resolver denies even the top-level domain, though the Public Suffix List has it: then NXDOMAIN is
    /// what it says to everything, and evidence of nothing.
    pub async fn is_lied_to(&self, name: &OwnerName) -> bool {
        let Some(top) = name.labels().last().map(|label| OwnerName::new(label)) else { return false };
        let listed = psl::suffix(top.as_str().as_bytes()).and_then(|suffix| suffix.typ());
        listed == Some(psl::Type::Icann)
            && self.resolver(&Question::new(top, RecordType::Ns)).await.answer == Answer::NoSuchName
    }

    async fn ask_parent(&self, zone: &OwnerName, parent: &OwnerName, servers: Vec<Server>) -> Heard {
        let mut open = JoinSet::new();
        for server in servers {
            let (asking, parent) = (self.clone(), parent.clone());
            let question = Question::new(zone.clone(), RecordType::Ns);
            open.spawn(
                async move { (asking.server(Way::Once, &parent, server.address, &question).await, server.name) },
            );
        }
        let mut deniers = BTreeSet::new();
        while let Some(Ok((outcome, server))) = open.join_next().await {
            match outcome {
                Outcome::Referral { zone, servers: names, glue } => {
                    return Heard::Cut(Cut { zone, parent: parent.clone(), names, glue });
                }
                // The same server holds the zone too.
                Outcome::Reply(Reply { answer: Answer::Found(records), .. }) => {
                    return Heard::Cut(Cut { parent: parent.clone(), ..Cut::known(zone, ns_of(&records)) });
                }
                Outcome::Reply(Reply { answer: Answer::NoSuchName, .. }) => _ = deniers.insert(server),
                _ => {}
            }
            if deniers.len() >= ENOUGH_DENIERS {
                break;
            }
        }
        if deniers.is_empty() { Heard::Nothing } else { Heard::Denied(deniers) }
    }

    async fn parent_servers(&self, parent: &Cut) -> Vec<Server> {
        let names = &parent.names[..parent.names.len().min(MAX_PARENT_ADDRESSES)];
        let mut servers = self.addresses(names, &parent.glue).await;
        servers.truncate(MAX_PARENT_ADDRESSES);
        servers
    }

    /// The nearest zone above that the resolver knows the NS names of: a public suffix is not always a zone of its
    /// own.
    async fn parent_of(&self, zone: &OwnerName) -> (OwnerName, Vec<OwnerName>) {
        let mut at = zone.clone();
        while let Some(parent) = at.parent().filter(|parent| !parent.is_root()) {
            let reply = self.resolver(&Question::new(parent.clone(), RecordType::Ns)).await;
            let names = ns_of(reply.records());
            if !names.is_empty() || reply.failure().is_some() {
                return (parent, names);
            }
            at = parent;
        }
        (at, Vec::new())
    }
}
