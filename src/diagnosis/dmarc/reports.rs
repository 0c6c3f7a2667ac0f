//! Report addresses at another organisation, which must say that it accepts them (RFC 9990 section 4).

use super::super::dmarc_walk;
use super::super::observed::RecordType;
use super::super::{Case, Code, Finding, Gathered};
use super::warning;
use crate::records::OwnerName;
use crate::records::dmarc::{DmarcRecord, DmarcText, Psd, parse, report_host};
use crate::records::plan::{PlannedRecord, Wanted};

/// Report addresses looked into, so that a hostile record costs few questions.
const MOST_HOSTS: usize = 8;

/// A foreign report address's host, and the name where it must say `v=DMARC1`.
pub struct Acceptance {
    pub owner: OwnerName,
    host: OwnerName,
}

/// The names whose `_dmarc` tells whether a host below the organisation is an organisation of its own (RFC 9989 section
/// 4.10.2).
pub fn below(record: &DmarcRecord, organisation: &OwnerName) -> Vec<OwnerName> {
    let within = hosts(record).into_iter().filter(|host| host.is_within(organisation)).take(MOST_HOSTS);
    let names = within.flat_map(|host| dmarc_walk::names(&host));
    names.filter(|name| name != organisation && name.is_within(organisation)).collect()
}

/// The hosts of another organisation in a policy found at `domain`.
pub fn to_be_accepted(
    domain: &OwnerName,
    record: &DmarcRecord,
    organisation: &OwnerName,
    observed: &Gathered<'_>,
) -> Vec<Acceptance> {
    let mut hosts = hosts(record);
    hosts.retain(|host| !host.is_within(organisation) || is_apart(host, organisation, observed));
    hosts.sort();
    hosts.dedup();
    hosts.truncate(MOST_HOSTS);
    let accepted = |host: OwnerName| Acceptance { owner: host.prefixed(&format!("{domain}._report._dmarc")), host };
    hosts.into_iter().map(accepted).collect()
}

/// The host, or a name between it and the organisation, says `psd=n` or `psd=y`. What could not be asked proves nothing.
fn is_apart(host: &OwnerName, organisation: &OwnerName, observed: &Gathered<'_>) -> bool {
    let names = dmarc_walk::names(host).into_iter().take_while(|name| name != organisation);
    names.filter(|name| name.is_within(organisation)).any(|name| {
        let found = dmarc_walk::records(dmarc_walk::reply_at(&name, observed), observed);
        matches!(found.as_slice(), [record] if record.psd != Psd::Unsaid)
    })
}

fn hosts(record: &DmarcRecord) -> Vec<OwnerName> {
    record.rua.iter().chain(&record.ruf).filter_map(|uri| report_host(uri)).map(|host| host.owner()).collect()
}

/// Whether the finding is about a host that the sending profile itself offers, so that it is this platform's business.
pub fn is_about_our_own(planned: &PlannedRecord, finding: &Finding) -> bool {
    let Wanted::Dmarc { offer } = &planned.wanted else { return false };
    let DmarcText::Record(offered) = parse(&offer.render()) else { return false };
    let elsewhere = finding.args.get("elsewhere");
    finding.code == Code::DmarcReportUnauthorized
        && hosts(&offered).iter().any(|host| elsewhere.is_some_and(|elsewhere| elsewhere == host.as_str()))
}

/// The addresses that never get a report.
pub fn unauthorized(
    case: &Case<'_>,
    domain: &OwnerName,
    record: &DmarcRecord,
    organisation: &OwnerName,
) -> Vec<Finding> {
    let is_refused = |asked: &Acceptance| {
        let reply = case.observed.reply(&asked.owner, RecordType::Txt);
        // What could not be asked proves nothing; several records do no harm here.
        reply.is_some_and(|reply| reply.failure().is_none() && dmarc_walk::records(reply, case.observed).is_empty())
    };
    let refused = to_be_accepted(domain, record, organisation, case.observed).into_iter().filter(is_refused);
    refused
        .map(|asked| {
            let found = warning(case, Code::DmarcReportUnauthorized)
                .arg("elsewhere", &asked.host)
                .arg("owner", &asked.owner)
                .arg("policy_domain", domain);
            // Without a policy of its own a parent is no common roof (RFC 9989 section 4.10.2).
            if domain.is_within(&asked.host) { found.variant("parent") } else { found }
        })
        .collect()
}
