//! One check's questions: per server, bounded in count and time. What is learnt here ends with the check.

use std::net::SocketAddr;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Dns;
use super::authority::{Asking, Delegation};
use super::engine::{Budget, Query, over_tcp};
use super::packet::{self, MAX_ALIASES, Outcome};
use crate::diagnosis::observed::{Answer, ServerReply, ServerState, ZoneFacts};
use crate::diagnosis::{Ask, AskFailure, Observation, Observed, Question, Reply, Whom};
use crate::records::{DomainName, OwnerName};

/// Delegations below the registrable domain that are followed for one name.
const MAX_CUTS: usize = 4;

/// The gathering of one check.
pub struct Gathering {
    asking: Asking,
    registrable: OwnerName,
    is_begun: bool,
}

impl Gathering {
    /// Everything ends by `deadline`.
    pub fn new(dns: &Dns, domain: &DomainName, deadline: Instant) -> Self {
        let asking = Asking::new(dns, Budget::new(deadline));
        Self { asking, registrable: domain.registrable().owner(), is_begun: false }
    }

    /// Asks all of them at once and writes what was said into `observed`.
    pub async fn ask(&mut self, asks: &[Ask], observed: &mut Observed) {
        if !self.is_begun {
            self.is_begun = true;
            self.begin(observed).await;
        }
        let mut open = JoinSet::new();
        for ask in asks {
            if self.asking.budget.is_spent() || !self.asking.budget.take_question() {
                observed.is_exhausted = true;
                break;
            }
            let (asking, question) = (self.asking.clone(), ask.question.clone());
            let zone = match ask.whom {
                Whom::Zone => observed.zone_of(&ask.question.name).filter(|zone| is_served(zone)).cloned(),
                Whom::Resolver => None,
            };
            open.spawn(async move {
                let (told, reply) = tokio::join!(ask_zone(&asking, zone, &question), asking.resolver(&question));
                (question, told, reply)
            });
        }
        for (question, told, resolver) in open.join_all().await {
            for zone in told.zones {
                if !observed.zones.iter().any(|known| known.zone == zone.zone) {
                    observed.zones.push(zone);
                }
            }
            let observation = Observation { servers: told.servers, resolver: Some(resolver) };
            observed.replies.insert(question, observation);
        }
        if self.asking.budget.is_spent() {
            observed.is_exhausted = true;
        }
    }

    async fn begin(&self, observed: &mut Observed) {
        if !self.asking.dns.settings.is_direct {
            return;
        }
        match self.asking.find_registrable(&self.registrable).await {
            Delegation::Found(zone) => observed.zones.push(zone),
            Delegation::Absent(absent) => observed.not_delegated = Some(absent),
            Delegation::Unknown => {}
        }
    }

    /// Asks the server that gave a first pass once more over TCP; that answer counts. Where there is no TCP, a second
    /// nameserver's word; where neither is to be had, it stands.
    pub async fn confirm(&mut self, question: &Question, observed: &mut Observed) {
        let Some(zone) = observed.zone_of(&question.name).map(|zone| zone.zone.clone()) else { return };
        let Some(observation) = observed.replies.get_mut(question) else { return };
        let answered = |said: &&mut ServerReply| said.reply.failure().is_none() && said.reply.aliases.is_empty();
        let Some(said) = observation.servers.iter_mut().find(answered) else { return };
        let server = SocketAddr::new(said.address, self.asking.dns.settings.authority_port);
        let query = Query { question, server, is_recursive: false, is_checking_disabled: false };
        let Ok(message) = over_tcp(&self.asking.budget, &query).await else { return };
        if let Outcome::Reply(reply) = packet::read_authoritative(&message, question, &zone) {
            said.reply = reply;
        }
    }
}

/// What the nameservers said, and the zones below that were met on the way.
#[derive(Default)]
struct Told {
    servers: Vec<ServerReply>,
    zones: Vec<ZoneFacts>,
}

async fn ask_zone(asking: &Asking, zone: Option<ZoneFacts>, question: &Question) -> Told {
    let mut told = Told::default();
    let Some(mut zone) = zone else { return told };
    for _ in 0..MAX_CUTS {
        match ask_servers(asking, &zone, question).await {
            Heard::Replies(servers) => {
                told.servers = servers;
                break;
            }
            Heard::Below(below) => {
                told.zones.push(below.clone());
                zone = below;
            }
        }
    }
    for said in &mut told.servers {
        finish_aliases(asking, question, &zone.zone, &mut said.reply).await;
    }
    told
}

enum Heard {
    Replies(Vec<ServerReply>),
    /// A server passes on to a zone below.
    Below(ZoneFacts),
}

async fn ask_servers(asking: &Asking, zone: &ZoneFacts, question: &Question) -> Heard {
    let mut open = JoinSet::new();
    // A lame server has nothing to say of the zone; a silent one is not waited for again.
    let serving = zone.servers.iter().filter(|server| matches!(server.state, ServerState::Serves { .. }));
    for (at, server) in serving.enumerate() {
        let Some(address) = server.address else { continue };
        let (asking, question, name) = (asking.clone(), question.clone(), server.server.clone());
        let zone = zone.zone.clone();
        open.spawn(async move { (at, name, address, asking.server(&zone, address, &question).await) });
    }
    let mut outcomes = open.join_all().await;
    outcomes.sort_by_key(|(at, ..)| *at);
    let mut servers = Vec::new();
    for (_, server, address, outcome) in outcomes {
        let reply = match outcome {
            Outcome::Reply(reply) => reply,
            Outcome::Failed(failure) => Reply::failed(failure),
            Outcome::Referral { zone: cut, servers, glue } => {
                return Heard::Below(asking.facts(cut, zone.zone.clone(), servers, &glue).await);
            }
        };
        servers.push(ServerReply { server, address, reply });
    }
    Heard::Replies(servers)
}

/// A CNAME that leads out of the zone is followed by the resolver.
async fn finish_aliases(asking: &Asking, question: &Question, zone: &OwnerName, reply: &mut Reply) {
    let Some(last) = reply.aliases.last().filter(|last| reply.answer == Answer::NoData && !last.is_within(zone)) else {
        return;
    };
    let rest = asking.resolver(&Question::new(last.clone(), question.rtype)).await;
    let mut aliases = reply.aliases.clone();
    aliases.extend(rest.aliases);
    let is_loop = aliases.len() > MAX_ALIASES;
    let answer = if is_loop { Answer::Failed(AskFailure::Malformed) } else { rest.answer };
    *reply = Reply { answer, aliases, ttl_s: rest.ttl_s };
}

fn is_served(zone: &ZoneFacts) -> bool {
    zone.servers.iter().any(|server| matches!(server.state, ServerState::Serves { .. }))
}
