//! The RFC 9989 section 4.10 tree walk over gathered data.

use super::observed::{Answer, Observed, RecordData};
use super::{AskFailure, RecordType};
use crate::records::OwnerName;
use crate::records::dmarc::{self, DmarcRecord, Policy, Psd};

/// At most so many questions (RFC 9989 section 4.10).
const MAX_STEPS: usize = 8;
/// Longer names are cut to so many labels after the first question.
const CUT_TO: usize = 7;

/// The names whose `_dmarc` is asked, from the name itself upwards.
pub fn names(start: &OwnerName) -> Vec<OwnerName> {
    let labels = start.labels();
    let mut names = vec![start.clone()];
    let below = labels.len().saturating_sub(1).min(CUT_TO);
    names.extend((1..=below).rev().map(|keep| OwnerName::new(&labels[labels.len() - keep..].join("."))));
    names.truncate(MAX_STEPS);
    names
}

/// What stands at one name of the walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub name: OwnerName,
    /// The one record that counts; `None` where there is none, or several.
    pub record: Option<DmarcRecord>,
}

/// What the walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Walk {
    /// A step that is needed was not answered: no conclusion (RFC 9989 section 4.10.1).
    Unanswered(AskFailure),
    /// The policy that applies to the starting name, and where it stands.
    Policy { at: OwnerName, record: DmarcRecord, effective: Policy },
    /// No policy at the name nor above it.
    Nothing,
}

/// Finds the policy of `start` from the names above it; its own record is for the caller to look at first.
pub fn above(start: &OwnerName, observed: &Observed) -> Walk {
    let mut steps = Vec::new();
    for name in names(start).into_iter().skip(1) {
        let Some(reply) = observed.reply(&name.prefixed("_dmarc"), RecordType::Txt) else {
            return Walk::Unanswered(AskFailure::Local);
        };
        if let Answer::Failed(failure) = reply.answer {
            return Walk::Unanswered(failure);
        }
        let record = only_record(reply.records());
        let is_last = record.as_ref().is_some_and(|record| record.psd != Psd::Unknown);
        steps.push(Step { name, record });
        if is_last {
            break;
        }
    }
    policy(start, &steps, observed)
}

/// The organisational domain's record, else the public suffix domain's (RFC 9989 section 4.10.2).
fn policy(start: &OwnerName, steps: &[Step], observed: &Observed) -> Walk {
    let with_record: Vec<&Step> = steps.iter().filter(|step| step.record.is_some()).collect();
    let found = match with_record.last() {
        None => return Walk::Nothing,
        // psd=n names the organisational domain; without psd it is the one with the fewest labels.
        Some(last) if last.record.as_ref().is_some_and(|record| record.psd != Psd::Yes) => *last,
        // One label below a public suffix domain, where a record stands there.
        Some(last) => {
            let below = with_record.iter().rev().nth(1);
            let is_below = |step: &&&Step| step.name.parent().as_ref() == Some(&last.name);
            below.filter(is_below).copied().unwrap_or(last)
        }
    };
    let Some(record) = found.record.clone().filter(|record| !record.is_void) else { return Walk::Nothing };
    let exists = observed
        .reply(start, RecordType::Mx)
        .or_else(|| observed.reply(start, RecordType::Txt))
        .is_none_or(|reply| reply.answer != Answer::NoSuchName);
    let for_missing = record.np.filter(|_| !exists);
    let effective = for_missing.or(record.sp).unwrap_or(record.p);
    Walk::Policy { at: found.name.clone(), record, effective }
}

/// The record that counts: what is no DMARC record is dropped, and of several all are (RFC 9989 section 4.10).
pub fn only_record(records: &[RecordData]) -> Option<DmarcRecord> {
    let mut found = dmarc_records(records);
    if found.len() == 1 { found.pop() } else { None }
}

/// The DMARC records among TXT records.
pub fn dmarc_records(records: &[RecordData]) -> Vec<DmarcRecord> {
    let texts = records.iter().filter_map(RecordData::txt_joined);
    texts.filter_map(|text| dmarc::parse(&String::from_utf8_lossy(&text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_eight_names_are_asked_and_long_ones_are_cut_to_seven_labels() {
        let start = OwnerName::new("a.b.c.d.e.f.g.h.i.example.com");
        let asked: Vec<String> = names(&start).iter().map(ToString::to_string).collect();
        assert_eq!(asked.len(), 8);
        assert_eq!(asked[1], "e.f.g.h.i.example.com");
        assert_eq!(asked[7], "com");
    }
}
