//! The platform's own names, judged like a domain's (contract, section 2): does the sending profile do what customers
//! publish it for? Receivers see these names through resolvers, so resolvers are asked.
//!
//! A part is a record of the customers that hangs on it: while it is broken, verdicts about that record are unknown.

mod excuse;

use serde::{Deserialize, Serialize};

pub use self::excuse::excuse;
use super::observed::{Answer, Observed, RecordData, RecordType, Reply};
use super::spf_eval::{Evaluation, Stop, evaluate, expand_terms, spf_texts};
use super::wording::quote;
use super::{Ask, Asks, Code, Finding, Gathered, dmarc_walk};
use crate::records::OwnerName;
use crate::records::dmarc::{self, DmarcText, report_host};
use crate::records::plan::{RecordKey, SendingProfile};

/// Names in the place of a customer's, under which nobody registers (RFC 2606). Two, for a record below
/// `com._report._dmarc` keeps the wildcard from every other name in `com` (RFC 4592 section 4.8).
const ANY_CUSTOMERS: [&str; 2] = ["any-customer.example", "any-customer.example.com"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartState {
    Whole,
    Broken,
    /// A temporary failure: evidence of nothing.
    Unasked,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartDiagnosis {
    /// The customers' record that hangs on it.
    pub key: RecordKey,
    pub state: PartState,
    /// `profile-broken`, where it is.
    pub findings: Vec<Finding>,
}

/// What is still to be asked about a profile; empty when [`diagnose_profile`] can judge everything.
pub fn profile_questions(profile: &SendingProfile, observed: &Observed) -> Vec<Ask> {
    let mut asks = Asks::default();
    let ours = our_servers(profile, observed);
    let alone = profile.spf.iter().map(|term| expand_terms(observed, &nowhere(), &term.to_string()));
    for question in ours.needs.iter().cloned().chain(alone.flat_map(|seen| seen.needs)) {
        asks.resolver(&question.name, question.rtype);
    }
    let tracking = profile.tracking.as_ref().map(|offer| offer.target.owner());
    for host in profile.mx.iter().map(|mx| mx.host.owner()).chain(tracking) {
        asks.resolver(&host, RecordType::A);
        asks.resolver(&host, RecordType::Aaaa);
    }
    if let Some(target) = profile.return_path.as_ref().map(|offer| offer.target.owner()) {
        asks.resolver(&target, RecordType::Mx);
        asks.resolver(&target, RecordType::Txt);
        if let Some(text) = observed.reply(&target, RecordType::Txt).and_then(|reply| only(spf_texts(reply.records())))
        {
            for question in evaluate(observed, &target, &text, &ours.passed()).needs {
                asks.resolver(&question.name, question.rtype);
            }
        }
    }
    for (_, owner) in report_owners(profile) {
        asks.resolver(&owner, RecordType::Txt);
    }
    asks.not_yet_in(observed)
}

/// Judges every part that the profile has.
pub fn diagnose_profile(profile: &SendingProfile, observed: &Observed) -> Vec<PartDiagnosis> {
    let ours = our_servers(profile, observed);
    let mut parts = vec![part(RecordKey::Spf, judge_spf(profile, observed, &ours))];
    if let Some(mx) = &profile.mx {
        let host = mx.host.owner();
        parts.push(part(RecordKey::Mx, judge_host(observed, &host, broken("mx").arg("target", &host))));
    }
    if let Some(offer) = &profile.return_path {
        let seen = judge_return_path(profile, observed, &offer.target.owner(), &ours);
        parts.push(part(RecordKey::ReturnPath, seen));
    }
    if let Some(offer) = &profile.tracking {
        let target = offer.target.owner();
        let seen = judge_host(observed, &target, broken("tracking").arg("target", &target));
        parts.push(part(RecordKey::Tracking, seen));
    }
    parts.push(part(RecordKey::Dmarc, judge_reports(profile, observed)));
    parts
}

/// The parts after one more look: what could not be asked now stays as broken or whole as it was found before.
pub fn remember(seen: Vec<PartDiagnosis>, before: &[PartDiagnosis]) -> Vec<PartDiagnosis> {
    let known = |part: &PartDiagnosis| before.iter().find(|old| old.key == part.key).cloned();
    seen.into_iter()
        .map(|part| match part.state {
            PartState::Unasked => known(&part).unwrap_or(part),
            PartState::Whole | PartState::Broken => part,
        })
        .collect()
}

/// `None`: it could not be asked.
type Judged = Option<Vec<Finding>>;

fn part(key: RecordKey, judged: Judged) -> PartDiagnosis {
    let state = match &judged {
        None => PartState::Unasked,
        Some(findings) if findings.is_empty() => PartState::Whole,
        Some(_) => PartState::Broken,
    };
    PartDiagnosis { key, state, findings: judged.unwrap_or_default() }
}

fn broken(variant: &str) -> Finding {
    Finding::error(Code::ProfileBroken).variant(variant)
}

/// The terms need no name of their own, for a profile has no macros.
fn nowhere() -> OwnerName {
    OwnerName::new("invalid")
}

fn our_servers(profile: &SendingProfile, observed: &Observed) -> Evaluation {
    let terms: Vec<String> = profile.spf.iter().map(ToString::to_string).collect();
    expand_terms(observed, &nowhere(), &terms.join(" "))
}

/// The terms expand within the limits of RFC 7208 section 4.6.4, each to some address.
fn judge_spf(profile: &SendingProfile, observed: &Observed, ours: &Evaluation) -> Judged {
    if let Some(stop) = ours.stops().next() {
        return stopped(stop).map(|finding| vec![finding]);
    }
    let mut findings = Vec::new();
    for term in &profile.spf {
        let alone = expand_terms(observed, &nowhere(), &term.to_string());
        match alone.stops().next() {
            None if alone.passed().is_empty() => findings.push(broken("spf-empty").arg("term", term)),
            None => {}
            Some(stop) => findings.push(stopped(stop)?),
        }
    }
    Some(findings)
}

/// `None`: evidence of nothing.
fn stopped(stop: &Stop) -> Option<Finding> {
    let term = &stop.place().term;
    Some(match stop {
        Stop::Syntax(at) => broken("spf-syntax").arg("term", quote(term.as_bytes())).arg("where", &at.domain),
        Stop::LookupLimit(_) | Stop::TooLarge(_) => broken("spf-lookups").arg("term", term),
        Stop::VoidLimit(_) => broken("spf-voids").arg("term", term),
        Stop::Loop { target, .. } => broken("spf-loop").arg("where", target),
        Stop::NoRecord { target, .. } | Stop::SeveralRecords { target, .. } => {
            broken("spf-no-record").arg("term", term).arg("where", target)
        }
        Stop::MxLimit(_) => broken("spf-hosts").arg("term", term),
        Stop::Unanswered { .. } => return None,
    })
}

/// A host that mail or visitors are led to has an address of either family.
fn judge_host(observed: &Observed, host: &OwnerName, without: Finding) -> Judged {
    let replies = [RecordType::A, RecordType::Aaaa].map(|rtype| observed.reply(host, rtype));
    let replies: Vec<&Reply> = replies.into_iter().flatten().collect();
    if replies.iter().any(|reply| !reply.records().is_empty()) {
        return Some(Vec::new());
    }
    let is_answered = replies.len() == 2 && replies.iter().all(|reply| reply.failure().is_none());
    is_answered.then(|| vec![without])
}

/// Bounces go to the return path's own MX, and receivers check its SPF (RFC 7208 section 2.4).
fn judge_return_path(profile: &SendingProfile, observed: &Observed, target: &OwnerName, ours: &Evaluation) -> Judged {
    let mx = observed.reply(target, RecordType::Mx).filter(|reply| reply.failure().is_none())?;
    let txt = observed.reply(target, RecordType::Txt).filter(|reply| reply.failure().is_none())?;
    let terms: Vec<String> = profile.spf.iter().map(ToString::to_string).collect();
    let value = format!("v=spf1 {} -all", terms.join(" "));
    let say = |finding: Finding| finding.arg("target", target).arg("value", &value);
    if mx.answer == Answer::NoSuchName && txt.answer == Answer::NoSuchName {
        return Some(vec![say(broken("return-path"))]);
    }
    if ours.stops().any(Stop::is_temporary) {
        return None;
    }
    let mut findings = Vec::new();
    match spf_texts(txt.records()).as_slice() {
        [] => findings.push(broken("return-path-spf-missing").suggest(&value)),
        [text] => {
            let seen = evaluate(observed, target, text, &ours.passed());
            if seen.stops().any(Stop::is_temporary) || !seen.needs.is_empty() {
                return None;
            }
            if let Some(lost) = seen.lost().first() {
                let finding = broken("return-path-spf").arg("current", quote(text.as_bytes())).arg("address", lost);
                findings.push(finding.suggest(&value));
            }
        }
        several => findings.push(broken("return-path-spf-multiple").arg("count", several.len()).suggest(&value)),
    }
    let receives = |data: &RecordData| matches!(data, RecordData::Mx { exchange, .. } if !exchange.is_root());
    if !mx.records().iter().any(receives) {
        findings.push(broken("return-path-mx"));
    }
    Some(findings.into_iter().map(say).collect())
}

/// Report addresses elsewhere accept the reports about any customer (RFC 9990 section 4).
fn judge_reports(profile: &SendingProfile, observed: &Observed) -> Judged {
    let mut findings: Vec<Finding> = Vec::new();
    let mut refused: Vec<(OwnerName, OwnerName)> = Vec::new();
    for (host, owner) in report_owners(profile) {
        let reply = observed.reply(&owner, RecordType::Txt).filter(|reply| reply.failure().is_none())?;
        if dmarc_walk::records(reply, &Gathered::of(observed)).is_empty() {
            refused.push((host, owner));
        }
    }
    refused.dedup_by(|later, first| later.0 == first.0);
    for (host, owner) in refused {
        let wildcard = host.prefixed("*._report._dmarc");
        let finding = broken("reports").arg("target", &host).arg("owner", owner).arg("wildcard", wildcard);
        findings.push(finding.suggest("v=DMARC1"));
    }
    Some(findings)
}

/// Each host that reports go to, and the names that must say `v=DMARC1` for customers of it.
fn report_owners(profile: &SendingProfile) -> Vec<(OwnerName, OwnerName)> {
    let DmarcText::Record(record) = dmarc::parse(&profile.dmarc.render()) else { return Vec::new() };
    let uris = record.rua.iter().chain(&record.ruf);
    let mut hosts: Vec<OwnerName> = uris.filter_map(|uri| report_host(uri)).map(|host| host.owner()).collect();
    hosts.sort();
    hosts.dedup();
    let owners = |host: OwnerName| {
        ANY_CUSTOMERS.map(|customer| (host.clone(), host.prefixed(&format!("{customer}._report._dmarc"))))
    };
    hosts.into_iter().flat_map(owners).collect()
}

fn only(texts: Vec<String>) -> Option<String> {
    <[String; 1]>::try_from(texts).ok().map(|[text]| text)
}

#[cfg(test)]
mod tests;
