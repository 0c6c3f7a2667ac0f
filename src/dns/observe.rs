//! One check's questions: per server, bounded in count and time. What is learnt here ends with the check.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Dns;
use super::authority::{Asking, Cut, Way};
use super::delegation::Delegation;
use super::engine::Budget;
use super::packet::{MAX_ALIASES, Outcome};
use super::under_way::UnderWay;
use crate::diagnosis::observed::{Answer, ServerReply, ServerState, ZoneFacts, same_answer};
use crate::diagnosis::{Ask, AskFailure, Observed, Question, Reply, Whom};
use crate::records::{DomainName, OwnerName};

/// Delegations below the registrable domain that are followed for one name.
const MAX_CUTS: usize = 4;
/// Questions that are asked of every nameserver before it is known which of them serve.
const MAX_AHEAD: usize = 12;
/// Where fewer packets are left, a question goes to two nameservers of its zone only.
const SCARCE_PACKETS: u32 = 160;

/// The gathering of one check.
pub struct Gathering {
    asking: Asking,
    registrable: OwnerName,
    is_begun: bool,
}

impl Gathering {
    /// Everything ends by `deadline`. The questions in `first` that go to the zone are asked as early as can be.
    pub fn new(dns: &Dns, domain: &DomainName, first: &[Ask], deadline: Instant) -> Self {
        let is_ahead = |ask: &&Ask| ask.whom == Whom::Zone;
        let ahead: Vec<Question> =
            first.iter().filter(is_ahead).take(MAX_AHEAD).map(|ask| ask.question.clone()).collect();
        let mut asking = Asking::new(dns, Budget::new(deadline), &ahead);
        if let Some(shared) = &dns.shared {
            asking.resolvers.share(Arc::clone(shared), domain.owner());
        }
        Self { asking, registrable: domain.registrable().owner(), is_begun: false }
    }

    /// Asks all of them at once and writes what was said into `observed`.
    pub async fn ask(&mut self, asks: &[Ask], observed: &mut Observed) {
        self.ask_and_tell(asks, observed, |_| {}).await;
    }

    /// [`Gathering::ask`], and `tell` is called whenever one more question has its whole answer.
    pub async fn ask_and_tell(&mut self, asks: &[Ask], observed: &mut Observed, mut tell: impl FnMut(&Observed)) {
        let budget = self.asking.budget.clone();
        let is_left = |ask: &&Ask| !budget.is_spent() && budget.take_question(&ask.question).is_ok();
        let asks: Vec<&Ask> = asks.iter().take_while(is_left).collect();
        let mut open = UnderWay::default();
        let is_resolved = |ask: &&&Ask| ask.whom != Whom::One || !is_served_at(observed, &ask.question.name);
        for ask in asks.iter().filter(is_resolved) {
            let (asking, question) = (self.asking.clone(), ask.question.clone());
            open.spawn(&ask.question, async move { Said::Resolver(asking.resolver(&question).await) });
        }
        if !self.is_begun && asks.iter().any(|ask| ask.whom == Whom::Zone) {
            self.is_begun = true;
            self.begin(observed).await;
        }
        for ask in asks.iter().filter(|ask| ask.whom != Whom::Resolver) {
            let Some(zone) = observed.zone_of(&ask.question.name).filter(|zone| is_served(zone)).cloned() else {
                continue;
            };
            let (asking, question) = (self.asking.clone(), ask.question.clone());
            let most = if ask.whom == Whom::One { 1 } else { usize::MAX };
            open.spawn(&ask.question, async move { Said::Zone(ask_zone(&asking, zone, &question, most).await) });
        }
        while let Some((question, said)) = open.next().await {
            let observation = open.observation(&question);
            match said {
                Said::Resolver(resolver) => observation.resolver = Some(self.believed(resolver).await),
                Said::Zone(told) => {
                    observation.servers = told.servers;
                    ZoneFacts::learn(&mut observed.zones, told.zones);
                }
            }
            if let Some(observation) = open.take_whole(&question) {
                observed.replies.insert(question, observation);
                tell(observed);
            }
        }
        observed.is_exhausted |= budget.is_spent();
    }

    /// What the resolver said; nothing usable where it denies what the registry delegates.
    async fn believed(&self, resolver: Reply) -> Reply {
        if resolver.answer == Answer::NoSuchName && self.asking.is_lied_to(&self.registrable).await {
            return Reply::failed(AskFailure::Malformed);
        }
        resolver
    }

    async fn begin(&self, observed: &mut Observed) {
        let found = match self.asking.dns.settings.is_direct {
            true => self.asking.find_registrable(&self.registrable).await,
            false => Delegation::Unknown,
        };
        match found {
            Delegation::Found(zone) => observed.zones.push(zone),
            Delegation::Absent(absent) => observed.not_delegated = Some(absent),
            Delegation::Unknown => observed.not_delegated = self.asking.denied_by_resolver(&self.registrable).await,
        }
    }

    /// Asks the server that gave a first pass once more over TCP; that answer counts. Where there is no TCP, a second
    /// nameserver's word; where neither is to be had, it stands.
    pub async fn confirm(&mut self, question: &Question, observed: &mut Observed) {
        self.confirm_all(std::slice::from_ref(question), observed).await;
    }

    /// [`Gathering::confirm`] for several questions at once.
    pub async fn confirm_all(&mut self, questions: &[Question], observed: &mut Observed) {
        let mut open = JoinSet::new();
        for question in questions {
            let Some(zone) = observed.zone_of(&question.name).map(|zone| zone.zone.clone()) else { continue };
            let Some(observation) = observed.replies.get(question) else { continue };
            let (asking, question, servers) = (self.asking.clone(), question.clone(), observation.servers.clone());
            open.spawn(async move { (confirmed(&asking, &zone, &question, servers).await, question) });
        }
        for (servers, question) in open.join_all().await {
            observed.replies.entry(question).or_default().servers = servers;
        }
    }
}

async fn confirmed(
    asking: &Asking,
    zone: &OwnerName,
    question: &Question,
    mut servers: Vec<ServerReply>,
) -> Vec<ServerReply> {
    let has_records = |said: &ServerReply| !said.reply.records().is_empty();
    let Some(first) = servers.iter().position(has_records) else { return servers };
    let outcome = asking.server(Way::Tcp, zone, servers[first].address, question).await;
    let reply = Finishing::new(asking, Way::Tcp, zone, question).finish(servers[first].address, outcome).await;
    if reply.failure().is_none() {
        servers[first].reply = reply;
        return servers;
    }
    let is_another = |said: &ServerReply| said.address != servers[first].address && said.reply.failure().is_none();
    let Some(second) = servers.iter().position(is_another) else { return servers };
    let outcome = asking.server(Way::Again, zone, servers[second].address, question).await;
    let reply = Finishing::new(asking, Way::Again, zone, question).finish(servers[second].address, outcome).await;
    if reply.failure().is_none() {
        if !same_answer(&reply, &servers[first].reply) {
            servers[first].reply = Reply::failed(AskFailure::Timeout);
        }
        servers[second].reply = reply;
    }
    servers
}

/// What the nameservers said, and the zones below that were met on the way.
#[derive(Default)]
struct Told {
    servers: Vec<ServerReply>,
    zones: Vec<ZoneFacts>,
}

/// What was said to a question, by one of the two that are asked.
enum Said {
    Resolver(Reply),
    Zone(Told),
}

/// Asks `most` of the zone's servers.
async fn ask_zone(asking: &Asking, mut zone: ZoneFacts, question: &Question, most: usize) -> Told {
    let mut told = Told::default();
    for _ in 0..MAX_CUTS {
        match ask_servers(asking, &zone, question, most).await {
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
    told
}

enum Heard {
    Replies(Vec<ServerReply>),
    /// A server passes on to a zone below.
    Below(ZoneFacts),
}

async fn ask_servers(asking: &Asking, zone: &ZoneFacts, question: &Question, most: usize) -> Heard {
    let mut open = JoinSet::new();
    // A lame server has nothing to say of the zone; a silent one is not waited for again.
    let serving = zone.servers.iter().filter(|server| matches!(server.state, ServerState::Serves { .. }));
    let enough = if asking.budget.packets_left() < SCARCE_PACKETS { most.min(2) } else { most };
    for (at, server) in serving.take(enough).enumerate() {
        let Some(address) = server.address else { continue };
        let (asking, question, name) = (asking.clone(), question.clone(), server.server.clone());
        let zone = zone.zone.clone();
        open.spawn(async move { (at, name, address, asking.server(Way::Once, &zone, address, &question).await) });
    }
    let mut outcomes = open.join_all().await;
    outcomes.sort_by_key(|(at, ..)| *at);
    let mut finishing = Finishing::new(asking, Way::Once, &zone.zone, question);
    let mut servers = Vec::new();
    for (_, server, address, outcome) in outcomes {
        if let Outcome::Referral { zone: below, servers: names, glue } = outcome {
            let cut = Cut { zone: below, parent: zone.zone.clone(), names, glue };
            return Heard::Below(asking.below(cut).await);
        }
        servers.push(ServerReply { server, address, reply: finishing.finish(address, outcome).await });
    }
    Heard::Replies(servers)
}

/// Brings what servers of one zone said to an end: a CNAME's target inside the zone is asked at the same server, one
/// outside it at the resolver, once for all servers.
struct Finishing<'a> {
    asking: &'a Asking,
    way: Way,
    zone: &'a OwnerName,
    question: &'a Question,
    resolved: HashMap<OwnerName, Reply>,
}

impl<'a> Finishing<'a> {
    fn new(asking: &'a Asking, way: Way, zone: &'a OwnerName, question: &'a Question) -> Self {
        Self { asking, way, zone, question, resolved: HashMap::new() }
    }

    async fn finish(&mut self, address: IpAddr, outcome: Outcome) -> Reply {
        let mut outcome = outcome;
        let mut aliases: Vec<OwnerName> = Vec::new();
        loop {
            let (reply, further) = match outcome {
                Outcome::Reply(mut reply) => {
                    let further = std::mem::take(&mut reply.aliases);
                    (Some(reply), further)
                }
                Outcome::Alias(further) => (None, further),
                Outcome::Failed(failure) => return Reply::failed(failure),
                Outcome::Referral { .. } => return Reply::failed(AskFailure::Malformed),
            };
            for alias in further {
                if aliases.contains(&alias) || alias == self.question.name || aliases.len() >= MAX_ALIASES {
                    return Reply::failed(AskFailure::Malformed);
                }
                aliases.push(alias);
            }
            if let Some(reply) = reply {
                return Reply { aliases, ..reply };
            }
            let Some(target) = aliases.last().cloned() else { return Reply::failed(AskFailure::Malformed) };
            outcome = self.ask_target(address, &target).await;
        }
    }

    async fn ask_target(&mut self, address: IpAddr, target: &OwnerName) -> Outcome {
        let question = Question::new(target.clone(), self.question.rtype);
        if target.is_within(self.zone) {
            let outcome = self.asking.server(self.way, self.zone, address, &question).await;
            if matches!(outcome, Outcome::Reply(_) | Outcome::Alias(_)) {
                return outcome;
            }
        }
        if let Some(reply) = self.resolved.get(target) {
            return Outcome::Reply(reply.clone());
        }
        let reply = self.asking.resolver(&question).await;
        self.resolved.insert(target.clone(), reply.clone());
        Outcome::Reply(reply)
    }
}

fn is_served_at(observed: &Observed, name: &OwnerName) -> bool {
    observed.zone_of(name).is_some_and(is_served)
}

fn is_served(zone: &ZoneFacts) -> bool {
    zone.servers.iter().any(|server| matches!(server.state, ServerState::Serves { .. }))
}
