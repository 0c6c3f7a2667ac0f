//! The RFC 9989 section 4.10 tree walk over gathered data: which policy applies to a name, and whose it is.

use std::rc::Rc;

use super::gathered::PolicyText;
use super::observed::{Answer, NEVER_ASKED, Observed, RecordData, RecordType, Reply};
use super::{AskFailure, Gathered};
use crate::records::OwnerName;
use crate::records::dmarc::{DmarcRecord, Policy, Psd};

/// Where a policy was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The domain, without `_dmarc`.
    pub domain: OwnerName,
    pub record: Rc<DmarcRecord>,
}

/// What the walk from a name found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// The name's own record, where exactly one stands.
    pub own: Option<Rc<DmarcRecord>>,
    /// Where there is none of its own: the organisational domain's, else the public suffix's.
    pub above: Option<Found>,
    pub organisation: OwnerName,
}

/// The names whose `_dmarc` is asked, the starting one first; at most eight (RFC 9989 section 4.10).
pub fn names(start: &OwnerName) -> Vec<OwnerName> {
    let mut names = vec![start.clone()];
    let mut labels = start.labels();
    if labels.len() >= 8 {
        labels.drain(..labels.len() - 7);
    } else if !labels.is_empty() {
        labels.remove(0);
    }
    while !labels.is_empty() {
        names.push(OwnerName::new(&labels.join(".")));
        labels.remove(0);
    }
    names
}

/// The policy records among the texts of a reply.
pub fn records(reply: &Reply, observed: &Gathered<'_>) -> Vec<Rc<DmarcRecord>> {
    let texts = reply.records().iter().filter_map(RecordData::txt_joined);
    texts
        .filter_map(|text| match observed.policy(&String::from_utf8_lossy(&text)) {
            PolicyText::Record(record) => Some(record),
            _ => None,
        })
        .collect()
}

/// The reply at `_dmarc` above; a name that cannot be asked holds nothing.
pub fn reply_at<'a>(name: &OwnerName, observed: &'a Observed) -> &'a Reply {
    static NOTHING: Reply = Reply { answer: Answer::NoSuchName, aliases: Vec::new(), ttl_s: 0 };
    let owner = name.prefixed("_dmarc");
    if !owner.fits_the_wire() {
        return &NOTHING;
    }
    observed.reply(&owner, RecordType::Txt).unwrap_or(&NEVER_ASKED)
}

/// Walks up from `start`, whose own answer is `own`. A failure on the way concludes nothing (RFC 9989 section 4.10).
pub fn walk(start: &OwnerName, own: &Reply, observed: &Gathered<'_>) -> Result<Walk, AskFailure> {
    let mut found: Vec<Found> = Vec::new();
    for name in names(start) {
        let reply = if &name == start { own } else { reply_at(&name, observed) };
        if let Some(failure) = reply.failure() {
            return Err(failure);
        }
        // Several at one name: all are dropped, and the walk goes on.
        let Ok([record]) = <[Rc<DmarcRecord>; 1]>::try_from(records(reply, observed)) else { continue };
        let is_last = record.psd != Psd::Unsaid;
        found.push(Found { domain: name, record });
        if is_last {
            break;
        }
    }
    let organisation = organisation(start, &found);
    let own = found.iter().find(|one| &one.domain == start).map(|one| one.record.clone());
    let at_organisation = found.iter().find(|one| one.domain == organisation);
    let at_suffix = found.iter().find(|one| one.record.psd == Psd::Yes);
    let above = if own.is_some() { None } else { at_organisation.or(at_suffix).cloned() };
    Ok(Walk { own, above, organisation })
}

/// RFC 9989 section 4.10.2.
fn organisation(start: &OwnerName, found: &[Found]) -> OwnerName {
    let Some(last) = found.last() else { return start.clone() };
    if last.record.psd == Psd::Yes && &last.domain != start {
        let below = start.labels().len() - last.domain.labels().len() - 1;
        return OwnerName::new(&start.labels()[below..].join("."));
    }
    last.domain.clone()
}

/// What a policy from above asks for a name below it: `np` where the name does not exist, else `sp`, else `p`.
pub fn policy_below(record: &DmarcRecord, is_nonexistent: bool) -> Policy {
    let np = record.np.filter(|_| is_nonexistent);
    np.or(record.sp).unwrap_or(record.p)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::observed::{Answer, Observation, Question};

    fn txt(text: &str) -> RecordData {
        RecordData::Txt(vec![text.as_bytes().to_vec()])
    }

    fn walked(start: &str, zone: &[(&str, &[&str])]) -> Walk {
        let start = OwnerName::new(start);
        let mut observed = Observed::default();
        for name in names(&start) {
            let texts = zone.iter().find(|(at, _)| *at == name.as_str()).map(|(_, texts)| *texts).unwrap_or_default();
            let reply = match texts {
                [] => Reply { answer: Answer::NoData, aliases: Vec::new(), ttl_s: 0 },
                texts => Reply::found(texts.iter().map(|text| txt(text)).collect(), 60),
            };
            let question = Question::new(name.prefixed("_dmarc"), RecordType::Txt);
            observed.replies.insert(question, Observation { servers: Vec::new(), resolver: Some(reply) });
        }
        walk(&start, reply_at(&start, &observed), &Gathered::of(&observed)).expect("everything was answered")
    }

    /// The organisational domains of several names in one tree, as the appendix tells them.
    fn organisations(zone: &[(&str, &[&str])], names: &[(&str, &str)]) {
        for (name, organisation) in names {
            assert_eq!(walked(name, zone).organisation.as_str(), *organisation, "{name}");
        }
    }

    /// RFC 9989 appendix B.4: the simple example, whose three names are aligned.
    #[test]
    fn the_standards_simple_example() {
        let zone: &[(&str, &[&str])] =
            &[("example.com", &["v=DMARC1; p=reject"]), ("signing.example.com", &["v=DMARC1; p=none"])];
        organisations(zone, &[("example.com", "example.com"), ("signing.example.com", "example.com")]);
        assert_eq!(walked("example.com", zone).own.map(|own| own.p), Some(Policy::Reject));
        assert_eq!(walked("signing.example.com", zone).own.map(|own| own.p), Some(Policy::None));
    }

    /// RFC 9989 appendix B.4: the deep example, in which the walk skips from thirteen labels to seven.
    #[test]
    fn the_standards_deep_example() {
        let asked: Vec<String> =
            names(&OwnerName::new("a.b.c.d.e.f.g.h.i.j.k.example.com")).iter().map(ToString::to_string).collect();
        let wanted = [
            "a.b.c.d.e.f.g.h.i.j.k.example.com",
            "g.h.i.j.k.example.com",
            "h.i.j.k.example.com",
            "i.j.k.example.com",
            "j.k.example.com",
            "k.example.com",
            "example.com",
            "com",
        ];
        assert_eq!(asked, wanted);
        let zone: &[(&str, &[&str])] = &[
            ("example.com", &["v=DMARC1; p=reject; sp=quarantine"]),
            ("signing.example.com", &["v=DMARC1; p=none"]),
            // Never asked: between the starting name and the seventh label.
            ("f.g.h.i.j.k.example.com", &["v=DMARC1; p=none; psd=n"]),
        ];
        let deep = walked("a.b.c.d.e.f.g.h.i.j.k.example.com", zone);
        assert_eq!(deep.organisation.as_str(), "example.com");
        let above = deep.above.expect("the organisation has a policy");
        assert_eq!((above.domain.as_str(), policy_below(&above.record, false)), ("example.com", Policy::Quarantine));
        organisations(zone, &[("example.com", "example.com"), ("signing.example.com", "example.com")]);
    }

    /// RFC 9989 appendix B.4: the example with a public suffix's record.
    #[test]
    fn the_standards_example_with_a_public_suffix() {
        let zone: &[(&str, &[&str])] =
            &[("bank.example", &["v=DMARC1; p=reject; psd=y"]), ("giant.bank.example", &["v=DMARC1; p=quarantine"])];
        organisations(
            zone,
            &[
                ("giant.bank.example", "giant.bank.example"),
                ("mail.giant.bank.example", "giant.bank.example"),
                ("mail.mega.bank.example", "mega.bank.example"),
                ("mega.bank.example", "mega.bank.example"),
                ("bank.example", "bank.example"),
            ],
        );
        let domain_above = |name| walked(name, zone).above.map(|above| above.domain.to_string());
        assert_eq!(domain_above("giant.bank.example"), None);
        assert_eq!(domain_above("mail.giant.bank.example").as_deref(), Some("giant.bank.example"));
        assert_eq!(domain_above("mail.mega.bank.example").as_deref(), Some("bank.example"));
    }

    /// RFC 9989 section 4.10.2, both examples in the text.
    #[test]
    fn the_standards_examples_of_organisational_domains() {
        let mail: &[(&str, &[&str])] =
            &[("mail.example.com", &["v=DMARC1; p=none"]), ("example.com", &["v=DMARC1; p=none"])];
        organisations(mail, &[("a.mail.example.com", "example.com")]);
        organisations(&[("com", &["v=DMARC1; p=none; psd=y"])], &[("a.mail.example.com", "example.com")]);
        organisations(&[], &[("a.mail.example.com", "a.mail.example.com")]);
    }

    #[test]
    fn a_record_between_the_name_and_its_organisation_is_nobodys_policy() {
        let zone: &[(&str, &[&str])] = &[
            ("b.example.com", &["v=DMARC1; p=reject; sp=reject"]),
            ("example.com", &["v=DMARC1; p=none; sp=quarantine"]),
        ];
        let above = walked("a.b.example.com", zone).above.expect("the organisation has a policy");
        assert_eq!(policy_below(&above.record, false), Policy::Quarantine);
        let own = walked("b.example.com", zone).own.expect("it has one");
        assert_eq!(own.p, Policy::Reject);
    }

    #[test]
    fn a_failure_on_the_way_ends_the_walk_without_a_conclusion() {
        let start = OwnerName::new("a.example.com");
        let own = Reply { answer: Answer::NoData, aliases: Vec::new(), ttl_s: 0 };
        assert_eq!(walk(&start, &own, &Gathered::of(&Observed::default())), Err(AskFailure::Local));
    }

    #[test]
    fn the_walk_asks_eight_names_at_most() {
        let deep = names(&OwnerName::new("a.b.c.d.e.f.g.h.i.j.example.com"));
        assert_eq!(deep.len(), 8);
        assert_eq!(deep[1].as_str(), "f.g.h.i.j.example.com");
        assert_eq!(deep[7].as_str(), "com");
        assert_eq!(names(&OwnerName::new("a.b.c.d.e.f.g.com"))[1].as_str(), "b.c.d.e.f.g.com");
        assert_eq!(names(&OwnerName::new("a.example.com")).len(), 3);
    }

    #[test]
    fn the_name_with_the_fewest_labels_is_the_organisation() {
        let seen = walked(
            "a.b.example.com",
            &[("b.example.com", &["v=DMARC1; p=none"]), ("example.com", &["v=DMARC1; p=reject"])],
        );
        assert_eq!(seen.above.map(|above| above.domain), Some(OwnerName::new("example.com")));
    }

    #[test]
    fn psd_decides_the_organisation() {
        let suffix = walked("a.b.bank.example", &[("example", &["v=DMARC1; p=reject; psd=y"])]);
        assert_eq!(suffix.organisation.as_str(), "bank.example");
        assert_eq!(suffix.above.map(|above| above.domain), Some(OwnerName::new("example")));
        let stop = walked(
            "a.b.example.com",
            &[("b.example.com", &["v=DMARC1; psd=n"]), ("example.com", &["v=DMARC1; p=reject"])],
        );
        assert_eq!(stop.organisation.as_str(), "b.example.com");
    }

    #[test]
    fn several_records_at_a_name_are_dropped() {
        let seen = walked(
            "a.example.com",
            &[("a.example.com", &["v=DMARC1; p=none", "v=DMARC1; p=reject"]), ("example.com", &["v=DMARC1; p=reject"])],
        );
        assert_eq!((seen.own, seen.above.map(|above| above.domain)), (None, Some(OwnerName::new("example.com"))));
    }
}
