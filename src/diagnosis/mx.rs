//! Judges the MX record: is our bounce host among the name's mail hosts (RFC 5321 section 5.1, RFC 7505)? Whoever
//! receives mail at the name already keeps it: no sentence here asks to take such a record away.

use super::observed::{Answer, RecordData, RecordType, Reply};
use super::{Asks, Case, Code, Finding, Judgement, Observation, Observed};
use crate::records::OwnerName;
use crate::records::plan::{BounceMx, Plan, PlannedRecord, Wanted};

/// How many mail hosts are looked at more closely.
const MAX_HOSTS: usize = 5;

/// Whether the mail hosts are aliases: their addresses, from the resolver.
pub fn questions(_plan: &Plan, record: &PlannedRecord, observed: &Observed, asks: &mut Asks) {
    let Some(reply) = observed.reply(&record.owner, RecordType::Mx) else { return };
    let Wanted::Mx { offer, .. } = &record.wanted else { return };
    for host in exchanges(reply).into_iter().filter(|host| is_looked_at(host, offer.as_ref())).take(MAX_HOSTS) {
        asks.resolver(host, RecordType::A);
        // Ours may have an IPv6 address alone.
        let is_ours = offer.as_ref().is_some_and(|offer| *host == offer.host.owner());
        if is_ours && observed.reply(host, RecordType::A).is_some_and(|reply| reply.answer == Answer::NoData) {
            asks.resolver(host, RecordType::Aaaa);
        }
    }
}

/// Judges one answer; never called with a failed one.
pub fn judge(case: &Case<'_>) -> Judgement {
    let Wanted::Mx { offer, .. } = &case.record.wanted else { return Judgement::default() };
    let hosts = exchanges(case.reply);
    let mut findings = match offer {
        Some(offer) => judge_offer(case, offer, &hosts),
        None => judge_any(case, &hosts),
    };
    let aliased = hosts.iter().filter(|host| is_looked_at(host, offer.as_ref())).take(MAX_HOSTS).find_map(|host| {
        let reply = case.observed.reply(host, RecordType::A)?;
        reply.aliases.last().map(|target| (*host, target.clone()))
    });
    if let Some((host, target)) = aliased {
        let finding = Finding::warning(Code::MxCname).arg("name", &case.record.owner);
        findings.push(finding.arg("target", host).arg("canonical", target));
    }
    Judgement { findings, ..Judgement::default() }
}

/// Whether the name receives mail elsewhere; `None` where that was not answered. A null MX (RFC 7505), an address
/// in place of a name, and a mistyped or zone-appended form of our host receive no mail.
pub fn has_mail_elsewhere(plan: &Plan, observed: &Observed) -> Option<bool> {
    let observation = observed.get(&plan.domain.owner(), RecordType::Mx)?;
    let offer = offer_of(plan);
    let replies = answered(observation);
    if replies.is_empty() {
        return None;
    }
    Some(replies.into_iter().any(|reply| exchanges(reply).iter().any(|host| kind(plan, offer, host) == Kind::Other)))
}

/// The mail hosts elsewhere, where our host is not among them and not required; for `existing-mail`.
pub fn mail_hosts_elsewhere(plan: &Plan, observed: &Observed) -> Vec<OwnerName> {
    let is_settled = plan.records.iter().any(is_required);
    let Some(offer) = offer_of(plan).filter(|_| !is_settled) else { return Vec::new() };
    let Some(observation) = observed.get(&plan.domain.owner(), RecordType::Mx) else { return Vec::new() };
    let replies = answered(observation);
    let mut hosts: Vec<OwnerName> = replies.into_iter().flat_map(exchanges).cloned().collect();
    hosts.sort();
    hosts.dedup();
    if hosts.iter().any(|host| kind(plan, Some(offer), host) == Kind::Ours) {
        return Vec::new();
    }
    hosts.retain(|host| kind(plan, Some(offer), host) == Kind::Other);
    hosts
}

/// What a mail host is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ours,
    /// Ours with the zone's name behind it.
    Appended,
    Mistyped,
    /// An IP address, which no MX can name (RFC 5321 section 5.1).
    Address,
    /// The root, alone: the name accepts no mail (RFC 7505).
    Null,
    /// A bounce host of ours before the profile was edited.
    Former,
    Other,
}

fn kind(plan: &Plan, offer: Option<&BounceMx>, host: &OwnerName) -> Kind {
    if host.is_root() {
        return Kind::Null;
    }
    if is_address(plan, host) {
        return Kind::Address;
    }
    let Some(offer) = offer else { return Kind::Other };
    let ours = offer.host.owner();
    if *host == ours {
        Kind::Ours
    } else if plan.former_mx.contains(host) {
        Kind::Former
    } else if is_appended(plan, &ours, host) {
        Kind::Appended
    } else if is_typing_error(plan, &ours, host) {
        Kind::Mistyped
    } else {
        Kind::Other
    }
}

/// Decided, and required: mail hosts elsewhere do not excuse that ours is missing.
fn is_required(record: &PlannedRecord) -> bool {
    record.is_required && matches!(record.wanted, Wanted::Mx { is_decided: true, .. })
}

/// A subdomain to send from, where the name itself receives mail elsewhere.
pub fn example_subdomain(plan: &Plan) -> String {
    format!("send.{}", plan.domain)
}

fn judge_offer(case: &Case<'_>, offer: &BounceMx, hosts: &[&OwnerName]) -> Vec<Finding> {
    let finding = |finding: Finding| {
        finding
            .arg("name", &case.record.owner)
            .arg("host", case.host())
            .arg("target", &offer.host)
            .arg("priority", offer.priority)
            .arg("subdomain", example_subdomain(case.plan))
    };
    if hosts.is_empty() {
        return vec![finding(Finding::error(Code::MxMissing))];
    }
    let kinds: Vec<Kind> = hosts.iter().map(|host| kind(case.plan, Some(offer), host)).collect();
    let has = |kind| kinds.contains(&kind);
    if has(Kind::Ours) {
        let is_ours = |kind: &Kind| matches!(kind, Kind::Ours | Kind::Former);
        let others: Vec<&OwnerName> =
            hosts.iter().zip(&kinds).filter(|(_, kind)| !is_ours(kind)).map(|(host, _)| *host).collect();
        if others.is_empty() {
            return Vec::new();
        }
        let others = finding(Finding::warning(Code::MxOthers)).arg("others", list(&others));
        return vec![if is_first(case, &offer.host.owner()) { others.variant("behind") } else { others }];
    }
    if has(Kind::Other) && !is_required(case.record) {
        return vec![finding(Finding::warning(Code::MxOthers)).variant("elsewhere").arg("others", list(hosts))];
    }
    let wrong = finding(Finding::error(Code::MxWrongTarget)).arg("others", list(hosts));
    vec![if has(Kind::Appended) {
        wrong.variant("appended")
    } else if has(Kind::Mistyped) {
        wrong.variant("mistyped")
    } else if has(Kind::Other) || has(Kind::Former) {
        wrong
    } else if has(Kind::Address) {
        wrong.variant("address")
    } else {
        wrong.variant("null")
    }]
}

/// Whether senders try this host before every other (RFC 5321 section 5.1).
fn is_first(case: &Case<'_>, ours: &OwnerName) -> bool {
    let least = |is_ours: bool| {
        let preferences = case.reply.records().iter().filter_map(|data| match data {
            RecordData::Mx { preference, exchange } => ((exchange == ours) == is_ours).then_some(*preference),
            _ => None,
        });
        preferences.min()
    };
    least(true) < least(false)
}

/// Without a host of ours, any mail hosts do, and none as well; only an address can serve nobody.
fn judge_any(case: &Case<'_>, hosts: &[&OwnerName]) -> Vec<Finding> {
    let is_useless = !hosts.is_empty() && hosts.iter().all(|host| is_literal(host.as_str()));
    if is_useless {
        vec![
            Finding::error(Code::MxWrongTarget)
                .variant("address-any")
                .arg("others", list(hosts))
                .arg("name", &case.record.owner),
        ]
    } else {
        Vec::new()
    }
}

/// `10 our.host.their.zone`: the provider appended the zone because the final dot was missing.
pub fn is_appended(plan: &Plan, ours: &OwnerName, host: &OwnerName) -> bool {
    let registrable = plan.domain.registrable().owner();
    let rest = host.as_str().strip_prefix(ours.as_str()).and_then(|rest| rest.strip_prefix('.'));
    rest.is_some_and(|rest| OwnerName::new(rest).is_within(&registrable))
}

/// One or two letters away from ours, and no host of the customer's own.
pub fn is_typing_error(plan: &Plan, ours: &OwnerName, host: &OwnerName) -> bool {
    let allowed = if ours.as_str().len() < 12 { 1 } else { 2 };
    let is_their_own = host.is_within(&plan.domain.registrable().owner());
    let last = |name: &OwnerName| name.labels().last().map(|label| (*label).to_owned());
    let is_shortened = host.labels().len() == 1 && ours.labels().first() == host.labels().first();
    is_shortened || (!is_their_own && last(ours) == last(host) && is_close(ours.as_str(), host.as_str(), allowed))
}

/// Whether the Levenshtein distance of two short ASCII texts is at most `allowed`.
fn is_close(one: &str, other: &str, allowed: usize) -> bool {
    if one.len().abs_diff(other.len()) > allowed {
        return false;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.bytes().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()] <= allowed
}

fn is_address(plan: &Plan, host: &OwnerName) -> bool {
    let text = host.as_str();
    let relative = text.strip_suffix(plan.domain.registrable().as_str()).and_then(|text| text.strip_suffix('.'));
    is_literal(text) || relative.is_some_and(is_literal)
}

fn is_literal(text: &str) -> bool {
    text.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>().is_ok()
}

fn is_looked_at(host: &OwnerName, offer: Option<&BounceMx>) -> bool {
    !host.is_root() && !is_literal(host.as_str()) && offer.is_none_or(|offer| *host == offer.host.owner())
}

fn offer_of(plan: &Plan) -> Option<&BounceMx> {
    plan.records.iter().find_map(|record| match &record.wanted {
        Wanted::Mx { offer, .. } => offer.as_ref(),
        _ => None,
    })
}

fn answered(observation: &Observation) -> Vec<&Reply> {
    let candidates = observation.candidates().into_iter().map(|(reply, _)| reply);
    candidates.filter(|reply| !matches!(reply.answer, Answer::Failed(_))).collect()
}

fn exchanges(reply: &Reply) -> Vec<&OwnerName> {
    let records = reply.records().iter();
    let found = records.filter_map(|data| match data {
        RecordData::Mx { exchange, .. } => Some(exchange),
        _ => None,
    });
    found.collect()
}

fn list(hosts: &[&OwnerName]) -> String {
    let shown: Vec<&str> = hosts.iter().take(4).map(|host| host.as_str()).collect();
    let more = hosts.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
