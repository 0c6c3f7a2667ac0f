//! `check_host()` for one message (RFC 7208 section 4), explanation included (section 6.2).

use std::net::IpAddr;

use super::addresses::AddressSet;
use super::expand::{Expanded, owner_of};
use super::groups::groups;
use super::outcome::{Decided, Outcome, Place, Stop};
use super::referral::spf_texts;
use super::walk::{Explanation, Here, Missing, Role, Walk};
use crate::diagnosis::observed::{Observed, RecordData};
use crate::diagnosis::{Question, RecordType};
use crate::records::spf::{MacroString, Qualifier, Scope};

/// What a receiver knows of a message.
#[derive(Debug, Clone)]
pub struct Message {
    /// The client's address.
    pub ip: IpAddr,
    /// MAIL FROM, or `postmaster@` and the HELO name where that is empty.
    pub sender: String,
    pub helo: String,
    /// The receiver's own name, for explanations.
    pub receiver: String,
    /// Seconds since 1970, for explanations.
    pub time_s: u64,
}

/// RFC 7208 section 2.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckResult {
    None,
    Neutral,
    Pass,
    Fail,
    SoftFail,
    TempError,
    PermError,
}

/// A result; it counts once `needs` is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub result: CheckResult,
    /// Of a fail, where the record has one that can be used.
    pub explanation: Option<String>,
    /// Why it is a temperror or a permerror.
    pub stop: Option<Stop>,
    pub needs: Vec<Question>,
}

/// Checks whether the client may send as `domain`.
pub fn check_host(observed: &Observed, domain: &str, message: &Message) -> Checked {
    let mut walk = Walk::for_message(observed, message, domain);
    let outcome = if is_usable(domain) { outcome(&mut walk, domain, message) } else { None };
    let result = outcome.as_ref().map_or(CheckResult::None, result);
    let explanation = match (result, walk.explanation.take()) {
        (CheckResult::Fail, Some(exp)) if walk.needs.is_empty() => explain(&mut walk, &exp),
        _ => None,
    };
    let stop = outcome.and_then(|outcome| match outcome {
        Outcome::Stopped(stop) => Some(stop),
        _ => None,
    });
    Checked { result, explanation, stop, needs: walk.needs.into_iter().collect() }
}

impl Walk<'_> {
    /// The record at the domain itself. `None`: there is none (RFC 7208 sections 4.4 and 4.5).
    pub(super) fn first_record(&mut self, domain: &str, addresses: &AddressSet) -> Option<Vec<Decided>> {
        let domain = domain.strip_suffix('.').unwrap_or(domain).to_owned();
        let name = owner_of(&domain);
        let at = Place { domain: name.clone(), term: String::new() };
        let here = Here { domain, name: name.clone(), role: Role::Final, depth: 0 };
        let open = groups(addresses);
        let all = |stop: Stop| {
            Some(open.clone().into_iter().map(|group| group.decide(Outcome::Stopped(stop.clone()))).collect())
        };
        let texts = match self.lookup(&name, RecordType::Txt) {
            Ok(found) => spf_texts(found),
            Err(Missing::Failed(failure)) => return all(Stop::Unanswered { at, name, failure }),
            Err(Missing::Impossible | Missing::Unknown) => return None,
        };
        match texts.as_slice() {
            [] => None,
            [text] => {
                self.path.push(name);
                Some(self.level(&here, text, open).decided)
            }
            _ => all(Stop::SeveralRecords { target: here.domain, at }),
        }
    }
}

/// RFC 7208 section 4.3: labels that fit, and more than one of them.
fn is_usable(domain: &str) -> bool {
    let name = domain.strip_suffix('.').unwrap_or(domain);
    name.contains('.') && owner_of(name).fits_the_wire()
}

/// `None`: there is no record.
fn outcome(walk: &mut Walk<'_>, domain: &str, message: &Message) -> Option<Outcome> {
    let decided = walk.first_record(domain, &AddressSet::one(message.ip))?;
    decided.into_iter().next().map(|decided| decided.outcome)
}

fn result(outcome: &Outcome) -> CheckResult {
    match outcome {
        Outcome::Matched(Qualifier::Pass, _) => CheckResult::Pass,
        Outcome::Matched(Qualifier::Fail, _) => CheckResult::Fail,
        Outcome::Matched(Qualifier::SoftFail, _) => CheckResult::SoftFail,
        Outcome::Matched(Qualifier::Neutral, _) | Outcome::Unmatched => CheckResult::Neutral,
        Outcome::Stopped(Stop::Unanswered { .. }) => CheckResult::TempError,
        Outcome::Stopped(_) => CheckResult::PermError,
    }
}

/// Exactly one TXT record of plain ASCII without syntax errors; anything else is as if there were none.
fn explain(walk: &mut Walk<'_>, exp: &Explanation) -> Option<String> {
    let Expanded::Text(target) = walk.target(Some(&exp.spec), &exp.here) else { return None };
    let found = walk.lookup(&owner_of(&target), RecordType::Txt).ok()?;
    let [record] = found else { return None };
    let text = String::from_utf8(RecordData::txt_joined(record)?).ok()?;
    let text = MacroString::parse(&text, Scope::Explanation)?;
    match walk.expand(&text, &exp.here) {
        Expanded::Text(text) => Some(text),
        Expanded::Depends | Expanded::Unknown => None,
    }
}
