//! Judges a CNAME record: does the name lead to our target (RFC 1034 section 3.6.2)? The CNAME question is not
//! followed; the addresses and texts asked beside it are, and tell chains, proxies and data that stands beside.

use super::observed::{Answer, RecordData, RecordType, Reply};
use super::{Asks, Case, Code, Finding, Judgement, Observed, mx};
use crate::records::OwnerName;
use crate::records::plan::{Plan, PlannedRecord, Wanted};

/// The types that are looked for beside a CNAME; mail first, for nobody is told to take it away.
const BESIDE: [RecordType; 3] = [RecordType::Mx, RecordType::A, RecordType::Txt];

/// What stands beside or behind the name, and for tracking the target's own addresses.
pub fn questions(_plan: &Plan, record: &PlannedRecord, observed: &Observed, asks: &mut Asks) {
    let Wanted::Cname { target, is_tracking } = &record.wanted else { return };
    let Some(reply) = observed.reply(&record.owner, RecordType::Cname) else { return };
    if matches!(reply.answer, Answer::NoSuchName | Answer::Failed(_)) {
        return;
    }
    BESIDE.iter().for_each(|rtype| asks.zone(&record.owner, *rtype));
    if matches!(reply.answer, Answer::NoData) {
        asks.zone(&record.owner, RecordType::Aaaa);
        if *is_tracking {
            asks.resolver(&target.owner(), RecordType::A);
            asks.resolver(&target.owner(), RecordType::Aaaa);
        }
    }
}

/// Judges one answer; never called with a failed one.
pub fn judge(case: &Case<'_>) -> Judgement {
    let Wanted::Cname { target, is_tracking } = &case.record.wanted else { return Judgement::default() };
    let target = target.owner();
    let finding = match alias_of(case.reply) {
        Some(seen) => judge_alias(case, &target, seen),
        None => Some(judge_absence(case, &target, *is_tracking)),
    };
    let finding =
        finding.map(|finding| finding.arg("name", &case.record.owner).arg("host", case.host()).arg("target", &target));
    Judgement { findings: finding.into_iter().collect(), ..Judgement::default() }
}

fn judge_alias(case: &Case<'_>, target: &OwnerName, seen: &OwnerName) -> Option<Finding> {
    if let Some(beside) = data_beside(case) {
        let conflict = Finding::error(Code::CnameConflict).arg("beside", beside.as_str());
        return Some(if beside == RecordType::Mx { conflict.variant("mail") } else { conflict });
    }
    if seen == target || leads_to(case, target) {
        return None;
    }
    let wrong = Finding::error(Code::CnameWrongTarget).arg("seen", seen);
    Some(if mx::is_appended(case.plan, target, seen) {
        wrong.variant("appended")
    } else if mx::is_typing_error(case.plan, target, seen) {
        wrong.variant("mistyped")
    } else {
        wrong
    })
}

fn judge_absence(case: &Case<'_>, target: &OwnerName, is_tracking: bool) -> Finding {
    let addresses = addresses_at(case.observed, &case.record.owner);
    if !addresses.is_empty() {
        let shown: Vec<String> = addresses.iter().take(4).map(RecordData::display).collect();
        let theirs = addresses_at(case.observed, target);
        let is_same = is_tracking && addresses.iter().all(|address| theirs.contains(address));
        let finding = if is_same {
            Finding::warning(Code::CnameProxied).variant("flattened")
        } else if is_tracking {
            Finding::error(Code::CnameProxied).variant("tracking")
        } else {
            Finding::error(Code::CnameProxied)
        };
        return finding.arg("addresses", shown.join(", "));
    }
    let missing = Finding::error(Code::CnameMissing);
    match data_beside(case) {
        Some(RecordType::Mx) => missing.variant("mail"),
        Some(beside) => missing.variant("occupied").arg("beside", beside.as_str()),
        None => missing,
    }
}

fn alias_of(reply: &Reply) -> Option<&OwnerName> {
    reply.records().iter().find_map(|data| match data {
        RecordData::Cname(name) => Some(name),
        _ => None,
    })
}

/// Whether the chain passes through the target, as seen from any question that followed it.
fn leads_to(case: &Case<'_>, target: &OwnerName) -> bool {
    BESIDE
        .into_iter()
        .filter_map(|rtype| case.observed.reply(&case.record.owner, rtype))
        .any(|reply| reply.aliases.contains(target))
}

/// The type of data at the name itself, which RFC 1034 section 3.6.2 forbids beside a CNAME.
fn data_beside(case: &Case<'_>) -> Option<RecordType> {
    BESIDE.into_iter().find(|rtype| {
        let Some(observation) = case.observed.get(&case.record.owner, *rtype) else { return false };
        let is_beside = |reply: &Reply| reply.aliases.is_empty() && !reply.records().is_empty();
        let servers = observation.servers.iter().map(|said| &said.reply);
        servers.chain(&observation.resolver).any(is_beside)
    })
}

fn addresses_at(observed: &Observed, name: &OwnerName) -> Vec<RecordData> {
    let replies = [RecordType::A, RecordType::Aaaa].into_iter().filter_map(|rtype| observed.reply(name, rtype));
    replies.flat_map(|reply| reply.records().to_vec()).collect()
}
