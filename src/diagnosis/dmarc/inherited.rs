//! A policy from above: the organisational domain's, or the public suffix's (RFC 9989 section 4.10.1).

use std::rc::Rc;

use super::super::dmarc_walk::{self, Found, Walk};
use super::super::observed::Answer;
use super::super::wording::quote_record;
use super::super::{Case, Code, Finding, Judgement};
use super::{attempt, error, kept, remarks, reports, strict_alignment, told, warning};
use crate::records::dmarc::{DmarcRecord, FlawKind, Psd};

pub fn judge(case: &Case<'_>, walk: &Walk, above: &Found, own: &[Rc<DmarcRecord>]) -> Judgement {
    let record = &above.record;
    if record.is_ignored {
        let broken = error(case, Code::DmarcSyntax, &case.record.value()).variant("above");
        let broken = broken.arg("domain", &above.domain).arg("current", quote_record(record.text.as_bytes()));
        return Judgement { findings: vec![broken], ..Judgement::default() };
    }
    let is_nonexistent = is_nonexistent(case);
    let policy = dmarc_walk::policy_below(record, is_nonexistent);
    let mut found = at_the_name(case, own);
    found.extend(bad_policy(case, record));
    found.push(whose(case, walk, above, is_nonexistent));
    if policy < record.p {
        found.push(warning(case, Code::DmarcWeakSubdomain));
    }
    // Where a registry's reports go is the registry's business.
    if !is_of_suffix(walk, above) {
        found.extend(reports::unauthorized(case, &above.domain, record, &walk.organisation));
    }
    found.extend(strict_alignment(case, record, "inherited"));
    found.extend(remarks(case, record, policy));
    let say = |finding: Finding| {
        let policy = record.asked(policy).as_str();
        let finding = if finding.args.contains_key("policy") { finding } else { finding.arg("policy", policy) };
        finding
            .arg("domain", &above.domain)
            .arg("p", record.p.as_str())
            .arg("below", dmarc_walk::policy_below(record, is_nonexistent).as_str())
    };
    Judgement { findings: found.into_iter().map(say).collect(), is_inherited: true, ..Judgement::default() }
}

/// NXDOMAIN for the domain, so that nothing exists there or below (RFC 8020): `np` applies.
fn is_nonexistent(case: &Case<'_>) -> bool {
    let name = case.plan.domain.owner();
    let reply = case.observed.reply(&name, super::RecordType::Txt);
    reply.is_some_and(|reply| reply.answer == Answer::NoSuchName)
}

/// What stands at the name itself, and does not count.
fn at_the_name(case: &Case<'_>, own: &[Rc<DmarcRecord>]) -> Vec<Finding> {
    let mut found = Vec::new();
    if own.len() > 1 {
        let value = kept(case, own);
        let several = warning(case, Code::DmarcMultiple).variant("inherited").arg("count", own.len());
        found.push(several.arg("value", &value).suggest(value));
    }
    if let Some((_, text)) = attempt(case) {
        let value = crate::records::dmarc::mended(&text);
        let broken =
            warning(case, Code::DmarcSyntax).variant("inherited").arg("current", quote_record(text.as_bytes()));
        found.push(broken.arg("value", &value).suggest(value));
    }
    found
}

/// A policy from above that does not exist, and counts as none because reports can be sent.
fn bad_policy(case: &Case<'_>, record: &DmarcRecord) -> Option<Finding> {
    let flaw = record.flaws.iter().find(|flaw| flaw.kind == FlawKind::Policy)?;
    Some(warning(case, Code::DmarcSyntax).variant("above-none").arg("tags", quote_record(flaw.text.as_bytes())))
}

fn is_of_suffix(walk: &Walk, above: &Found) -> bool {
    above.record.psd == Psd::Yes && above.domain != walk.organisation
}

/// Whose policy applies, and by which of its tags.
fn whose(case: &Case<'_>, walk: &Walk, above: &Found, is_nonexistent: bool) -> Finding {
    let record = &above.record;
    let found = told(case, Finding::info(Code::DmarcInherited));
    if is_of_suffix(walk, above) {
        return found.variant("suffix").arg("organisation", &walk.organisation);
    }
    match (record.np.filter(|_| is_nonexistent), record.sp) {
        (Some(_), _) => {
            let later = record.asked(dmarc_walk::policy_below(record, false));
            found.variant("np").arg("later", later.as_str())
        }
        (None, Some(_)) => found.variant("sp"),
        (None, None) => found,
    }
}
