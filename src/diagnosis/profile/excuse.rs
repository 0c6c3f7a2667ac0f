//! What is broken on our side is no fault of a customer's record that hangs on it.

use crate::diagnosis::observed::{Answer, Observed, RecordType, Reply};
use crate::diagnosis::{Case, Code, Finding, Judgement, Verdict, dmarc};
use crate::records::OwnerName;
use crate::records::plan::{RecordKey, Wanted};

/// Why our own host, to which the record leads, is of no use now. The daily look at the profile may be a day old; what
/// this check heard itself is not.
fn lost_target(case: &Case<'_>) -> Option<String> {
    let (target, why) = match &case.record.wanted {
        Wanted::Mx { offer: Some(offer), .. } => {
            let host = offer.host.owner();
            let heard = heard(case, &host, &[RecordType::A, RecordType::Aaaa]);
            let is_without = !heard.is_empty() && heard.iter().all(|reply| reply.answer == Answer::NoData);
            (host, beyond(&heard, |_| true).or(is_without.then_some("has no address"))?)
        }
        Wanted::Cname { target, is_tracking } => {
            let target = target.owner();
            let heard = heard(case, &case.record.owner, &[RecordType::A, RecordType::Mx, RecordType::Txt]);
            let is_there = |reply: &Reply| reply.aliases.last() == Some(&target);
            // Bounces need an MX, and receivers ask for its SPF record.
            let lacks = |rtype, what| {
                let reply = case.observed.reply(&case.record.owner, rtype).filter(|reply| is_there(reply));
                let is_without = reply.is_some_and(|reply| reply.answer == Answer::NoData);
                (!is_tracking && is_without).then_some(what)
            };
            let why = beyond(&heard, is_there).or_else(|| lacks(RecordType::Mx, "receives no mail"));
            let why = why.or_else(|| lacks(RecordType::Txt, "has no SPF record"))?;
            (target, why)
        }
        _ => return None,
    };
    Some(format!("{target} {why}"))
}

/// What was answered about a name.
fn heard<'a>(case: &Case<'a>, name: &OwnerName, rtypes: &[RecordType]) -> Vec<&'a Reply> {
    let observed: &Observed = case.observed;
    rtypes.iter().filter_map(|rtype| observed.reply(name, *rtype)).collect()
}

/// Whether the target is gone or silent, by the replies that came from there.
fn beyond(heard: &[&Reply], is_there: impl Fn(&Reply) -> bool) -> Option<&'static str> {
    let is_gone = heard.iter().any(|reply| is_there(reply) && reply.answer == Answer::NoSuchName);
    let is_silent = !heard.is_empty() && heard.iter().all(|reply| reply.failure().is_some());
    is_gone.then_some("does not exist").or(is_silent.then_some("could not be asked"))
}

/// Says nothing against a customer for what is broken on our side: a record that would pass is unknown while its
/// target is broken, and report addresses of ours that do not accept reports are no fault of the policy.
pub fn excuse(case: &Case<'_>, judgement: &mut Judgement) {
    // What an edited profile asked for before is not what was found broken.
    let is_broken = case.plan.broken.contains(&case.record.key) && case.plan.records.contains(case.record);
    match case.record.key {
        RecordKey::Dmarc if is_broken => {
            judgement.findings.retain(|finding| !dmarc::reports::is_about_our_own(case.record, finding))
        }
        RecordKey::Dmarc => {}
        RecordKey::Mx | RecordKey::ReturnPath | RecordKey::Tracking => {
            if !Verdict::of(&judgement.findings).is_good() {
                return;
            }
            let found_broken = is_broken.then(|| format!("{} leads nowhere useful", case.record.value()));
            if let Some(reason) = found_broken.or_else(|| lost_target(case)) {
                let unknown = Finding::warning(Code::DnsProfile).arg("name", &case.record.owner).arg("reason", reason);
                judgement.findings = vec![unknown];
            }
        }
        // Its judge expands our terms itself.
        RecordKey::Spf | RecordKey::Dkim(_) => {}
    }
}
