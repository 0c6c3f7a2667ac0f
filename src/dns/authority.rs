//! A zone's nameservers: their addresses, who of them serves, direct questions to each.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::engine::{Budget, Query};
use super::once::Once;
use super::packet::{self, Outcome};
use super::recursive::Resolvers;
use super::{Dns, private};
use crate::diagnosis::observed::{RecordData, ServerFacts, ServerState, ZoneFacts};
use crate::diagnosis::{AskFailure, Question, RecordType, Reply};
use crate::records::OwnerName;

/// Of so many NS names at most, so many addresses are asked (contract, section 5).
const MAX_NAMES: usize = 20;
const MAX_ADDRESSES: usize = 8;

/// What the questions of one check share.
#[derive(Debug, Clone)]
pub struct Asking {
    pub dns: Dns,
    pub budget: Budget,
    pub resolvers: Resolvers,
    /// What each server of a zone said to each question.
    said: Once<(OwnerName, IpAddr, Question), Outcome>,
    /// Zones below the registrable one, so that each is looked at once.
    cuts: Once<OwnerName, ZoneFacts>,
    /// Asked of the registrable domain's servers while these are still looked at.
    pub ahead: Arc<[Question]>,
}

/// How a nameserver is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// UDP first; each question once a check.
    Once,
    /// As [`Way::Once`], whatever was said before.
    Again,
    /// TCP alone, whatever was said before.
    Tcp,
}

/// A nameserver at one address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Server {
    pub name: OwnerName,
    pub address: IpAddr,
}

/// A zone as its parent's servers pass on to it.
#[derive(Debug, Clone)]
pub struct Cut {
    pub zone: OwnerName,
    pub parent: OwnerName,
    pub names: Vec<OwnerName>,
    pub glue: Vec<(OwnerName, IpAddr)>,
}

impl Cut {
    /// A zone whose NS names are known, and no more.
    pub fn known(zone: &OwnerName, names: Vec<OwnerName>) -> Self {
        Self { zone: zone.clone(), parent: zone.parent().unwrap_or_else(|| zone.clone()), names, glue: Vec::new() }
    }
}

impl Asking {
    /// What is asked `ahead` must be asked of the registrable domain's servers in any case.
    pub fn new(dns: &Dns, budget: Budget, ahead: &[Question]) -> Self {
        let resolvers = Resolvers::new(&dns.settings.resolvers, Arc::clone(&dns.engine), budget.clone());
        let (said, cuts) = (Once::default(), Once::default());
        Self { dns: dns.clone(), budget, resolvers, said, cuts, ahead: ahead.into() }
    }

    /// Asks one nameserver of `zone`, not recursively.
    pub async fn server(&self, way: Way, zone: &OwnerName, address: IpAddr, question: &Question) -> Outcome {
        let asking = self.ask_server(way, zone, address, question);
        match way {
            Way::Once => self.said.get((zone.clone(), address, question.clone()), asking).await,
            Way::Again | Way::Tcp => asking.await,
        }
    }

    async fn ask_server(&self, way: Way, zone: &OwnerName, address: IpAddr, question: &Question) -> Outcome {
        if let Err(failure) = self.budget.take_question(question) {
            return Outcome::Failed(failure);
        }
        let server = SocketAddr::new(address, self.dns.settings.authority_port);
        let query = Query { question, server, is_recursive: false, is_checking_disabled: false };
        let engine = &self.dns.engine;
        let heard = match way {
            Way::Once | Way::Again => engine.exchange(&self.budget, &query).await,
            Way::Tcp => engine.exchange_over_tcp(&self.budget, &query).await,
        };
        match heard {
            Ok(message) => packet::read_authoritative(&message, question, zone),
            Err(failure) => Outcome::Failed(failure),
        }
    }

    pub async fn resolver(&self, question: &Question) -> Reply {
        self.resolvers.ask(question).await.reply
    }

    /// [`Asking::facts`] of a zone met on the way down; one look serves all questions of the check.
    pub async fn below(&self, cut: Cut) -> ZoneFacts {
        self.cuts.get(cut.zone.clone(), self.facts(cut, &[])).await
    }

    /// A delegated zone with its servers looked at: who serves it, and what they say its NS are. What is asked `ahead`
    /// is asked at the same time, so that its answers are there once it is known whose count.
    pub async fn facts(&self, cut: Cut, ahead: &[Question]) -> ZoneFacts {
        let Cut { zone, parent, names: delegation, glue } = cut;
        let addresses = self.addresses(&delegation, &glue).await;
        let mut early = JoinSet::new();
        let mut looks = JoinSet::new();
        for server in addresses.clone() {
            for question in ahead {
                let (asking, zone, question) = (self.clone(), zone.clone(), question.clone());
                early.spawn(async move { asking.server(Way::Once, &zone, server.address, &question).await });
            }
            let (asking, zone) = (self.clone(), zone.clone());
            looks.spawn(async move {
                let soa = Question::new(zone.clone(), RecordType::Soa);
                let ns = Question::new(zone.clone(), RecordType::Ns);
                let (soa, ns) = tokio::join!(
                    asking.server(Way::Once, &zone, server.address, &soa),
                    asking.server(Way::Once, &zone, server.address, &ns)
                );
                (server, state(&soa), names_in(&ns))
            });
        }
        let mut looked = looks.join_all().await;
        early.detach_all();
        looked.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        let own_ns =
            looked.iter().map(|(.., names)| names).find(|names| !names.is_empty()).cloned().unwrap_or_default();
        let mut servers: Vec<ServerFacts> = looked
            .into_iter()
            .map(|(server, state, _)| ServerFacts { server: server.name, address: Some(server.address), state })
            .collect();
        for name in &delegation {
            if !addresses.iter().any(|server| server.name == *name) && addresses.len() < MAX_ADDRESSES {
                let state = ServerState::Silent(AskFailure::Unreachable);
                servers.push(ServerFacts { server: name.clone(), address: None, state });
            }
        }
        ZoneFacts { zone, parent, delegation, own_ns, servers }
    }

    /// The addresses that may be asked: glue where there is some, else as the resolver knows them; every name before
    /// any name's second address.
    pub async fn addresses(&self, names: &[OwnerName], glue: &[(OwnerName, IpAddr)]) -> Vec<Server> {
        let mut looks = JoinSet::new();
        for (at, name) in names.iter().take(MAX_NAMES).cloned().enumerate() {
            let given: Vec<IpAddr> = glue.iter().filter(|(owner, _)| *owner == name).map(|(_, ip)| *ip).collect();
            let asking = self.clone();
            looks.spawn(async move {
                let found = if given.is_empty() { asking.resolve(&name).await } else { given };
                (at, name, found)
            });
        }
        let mut looked = looks.join_all().await;
        looked.sort_by_key(|(at, ..)| *at);
        let is_allowed = |ip: &IpAddr| self.dns.settings.allows_private || private::is_global(*ip);
        let canonical = |ip: IpAddr| ip.to_canonical();
        let mut ranked: Vec<(usize, usize, Server)> = Vec::new();
        let mut seen = BTreeSet::new();
        for (at, name, found) in looked {
            for (nth, address) in found.into_iter().map(canonical).filter(is_allowed).enumerate() {
                if seen.insert(address) {
                    ranked.push((nth, at, Server { name: name.clone(), address }));
                }
            }
        }
        ranked.sort_by_key(|(nth, at, _)| (*nth, *at));
        ranked.into_iter().map(|(.., server)| server).take(MAX_ADDRESSES).collect()
    }

    async fn resolve(&self, name: &OwnerName) -> Vec<IpAddr> {
        let v4 = Question::new(name.clone(), RecordType::A);
        let v6 = Question::new(name.clone(), RecordType::Aaaa);
        let (v4, v6) = tokio::join!(self.resolver(&v4), self.resolver(&v6));
        let address = |record: &RecordData| match record {
            RecordData::A(a) => Some(IpAddr::V4(*a)),
            RecordData::Aaaa(aaaa) => Some(IpAddr::V6(*aaaa)),
            _ => None,
        };
        v4.records().iter().chain(v6.records()).filter_map(address).collect()
    }
}

pub fn ns_of(records: &[RecordData]) -> Vec<OwnerName> {
    let name = |record: &RecordData| match record {
        RecordData::Ns(name) => Some(name.clone()),
        _ => None,
    };
    records.iter().filter_map(name).collect()
}

fn names_in(outcome: &Outcome) -> Vec<OwnerName> {
    match outcome {
        Outcome::Reply(reply) => ns_of(reply.records()),
        _ => Vec::new(),
    }
}

fn state(soa: &Outcome) -> ServerState {
    match soa {
        Outcome::Reply(reply) => reply
            .records()
            .iter()
            .find_map(|record| match *record {
                RecordData::Soa { serial, refresh_s, .. } => Some(ServerState::Serves { serial, refresh_s }),
                _ => None,
            })
            .unwrap_or(ServerState::Lame),
        Outcome::Alias(_) | Outcome::Referral { .. } | Outcome::Failed(AskFailure::Refused | AskFailure::Servfail) => {
            ServerState::Lame
        }
        Outcome::Failed(failure) => ServerState::Silent(*failure),
    }
}
