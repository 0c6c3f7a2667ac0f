//! An edited profile: a record passes by its new value or, until the cut-over date, by an old one.

use super::{Asks, Gathered, RecordDiagnosis, Verdict, diagnose_as, record_questions};
use crate::records::plan::{Plan, PlannedRecord};

/// What the old values ask beside the new one.
pub fn questions(plan: &Plan, record: &PlannedRecord, observed: &Gathered<'_>, asks: &mut Asks) {
    for old in record.alternatives.iter().map(|old| record.with(old)) {
        record_questions(plan, &old, observed, asks);
    }
}

/// Whether an old value does the job, so that nothing need be looked for elsewhere.
pub fn is_satisfied(plan: &Plan, record: &PlannedRecord, observed: &Gathered<'_>) -> bool {
    let mut old = record.alternatives.iter().map(|old| record.with(old));
    old.any(|old| diagnose_as(plan, &old, observed).verdict.is_good())
}

/// The better of the new value's diagnosis and the old ones': any that is good; else, where one could not be asked,
/// unknown; else what is said of the new value. What is offered is always the new value.
pub fn better(
    plan: &Plan,
    record: &PlannedRecord,
    observed: &Gathered<'_>,
    wanted: RecordDiagnosis,
) -> RecordDiagnosis {
    if wanted.verdict.is_good() {
        return wanted;
    }
    let mut best = wanted;
    for old in record.alternatives.iter().map(|old| record.with(old)) {
        let seen = diagnose_as(plan, &old, observed);
        let is_first_unknown = seen.verdict == Verdict::Unknown && best.verdict != Verdict::Unknown;
        if seen.verdict.is_good() || is_first_unknown {
            best = RecordDiagnosis { suggested_value: best.suggested_value.take(), ..seen };
        }
        if best.verdict.is_good() {
            break;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::super::Observed;
    use super::super::observed::{Answer, Observation, Question, RecordData, RecordType, Reply};
    use super::super::{AskFailure, diagnose, questions};
    use super::*;
    use crate::records::plan::{BounceMx, CnameOffer, PlanInput, RecordKey, SendingProfile};
    use crate::records::profile::{ProfileInForce, ProfileVersion};
    use crate::records::spf::ProfileMechanism;
    use crate::records::{DomainName, OwnerName};
    use time::macros::datetime;
    use time::{Duration, OffsetDateTime};

    const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

    fn profile(host: &str) -> SendingProfile {
        SendingProfile {
            spf: ProfileMechanism::parse_list(&format!("include:{host}.mta.example")).unwrap(),
            mx: Some(BounceMx::parse(&format!("10 {host}-mx.mta.example")).unwrap()),
            return_path: Some(CnameOffer::parse(&format!("{host} {host}-rp.mta.example")).unwrap()),
            ..SendingProfile::default()
        }
    }

    /// The profile was edited from `old` to `new`, and the cut-over is in 14 days.
    fn plan_after(days: i64) -> Plan {
        let version = |number, host, cut_over_at| ProfileVersion {
            number,
            profile: profile(host),
            saved_at: NOON,
            by: "ops@mta.example".into(),
            cut_over_at,
        };
        let versions = vec![version(1, "old", None), version(2, "new", Some(NOON + Duration::days(14)))];
        let domain = DomainName::parse("mail.example.com").unwrap();
        let input = PlanInput {
            domain: &domain,
            profile: &SendingProfile::default(),
            keys: &[],
            older_keys: &[],
            is_mx_required: Some(true),
        };
        ProfileInForce::at(versions, NOON + Duration::days(days)).plan(&input)
    }

    fn txt(text: &str) -> RecordData {
        RecordData::Txt(vec![text.as_bytes().to_vec()])
    }

    /// What a customer has published by the profile of `host`.
    fn published(host: &str) -> Vec<(String, RecordType, Vec<RecordData>)> {
        let mail = "mail.example.com";
        let target = OwnerName::new(&format!("{host}-mx.mta.example"));
        vec![
            (mail.into(), RecordType::Txt, vec![txt(&format!("v=spf1 include:{host}.mta.example ~all"))]),
            (format!("_dmarc.{mail}"), RecordType::Txt, vec![txt("v=DMARC1; p=reject; rua=mailto:r@mail.example.com")]),
            (mail.into(), RecordType::Mx, vec![RecordData::Mx { preference: 10, exchange: target.clone() }]),
            (target.to_string(), RecordType::A, vec![RecordData::A([192, 0, 2, 25].into())]),
            (
                format!("{host}.{mail}"),
                RecordType::Cname,
                vec![RecordData::Cname(OwnerName::new(&format!("{host}-rp.mta.example")))],
            ),
            ("old.mta.example".into(), RecordType::Txt, vec![txt("v=spf1 ip4:192.0.2.0/24 -all")]),
            ("new.mta.example".into(), RecordType::Txt, vec![txt("v=spf1 ip4:198.51.100.0/24 -all")]),
        ]
    }

    fn gather(plan: &Plan, zone: &[(String, RecordType, Vec<RecordData>)], silent: &str) -> Observed {
        let mut observed = Observed::default();
        loop {
            let asks = questions(plan, &observed);
            if asks.is_empty() {
                return observed;
            }
            for ask in asks {
                let Question { name, rtype } = &ask.question;
                let found = zone.iter().find(|(at, of, _)| at == name.as_str() && of == rtype);
                let reply = match found {
                    _ if name.as_str() == silent => Reply::failed(AskFailure::Timeout),
                    Some((_, _, records)) => Reply::found(records.clone(), 60),
                    None => Reply { answer: Answer::NoData, aliases: Vec::new(), ttl_s: 60 },
                };
                let observation = Observation { servers: Vec::new(), resolver: Some(reply) };
                observed.replies.insert(ask.question, observation);
            }
        }
    }

    fn verdicts(plan: &Plan, observed: &Observed) -> Vec<(String, Verdict)> {
        diagnose(plan, observed).records.iter().map(|seen| (seen.key.to_string(), seen.verdict)).collect()
    }

    #[test]
    fn old_and_new_values_pass_until_the_cut_over_and_the_new_alone_after_it() {
        for (host, days, is_good) in
            [("old", 0, true), ("old", 13, true), ("old", 14, false), ("new", 0, true), ("new", 14, true)]
        {
            let plan = plan_after(days);
            let seen = verdicts(&plan, &gather(&plan, &published(host), ""));
            assert_eq!(seen.len(), 4);
            for (key, verdict) in &seen {
                assert_eq!(verdict.is_good(), is_good || key == "dmarc", "{host} after {days} days: {seen:?}");
            }
        }
    }

    #[test]
    fn what_is_offered_is_the_new_value_even_where_the_old_one_passes() {
        let plan = plan_after(0);
        let diagnosis = diagnose(&plan, &gather(&plan, &published("old"), ""));
        let spf = diagnosis.records.iter().find(|seen| seen.key == RecordKey::Spf).unwrap();
        let offered = spf.suggested_value.as_deref().unwrap();
        assert!(offered.contains("include:new.mta.example") && spf.findings.is_empty(), "{offered}: {spf:?}");
    }

    #[test]
    fn our_former_bounce_host_is_nobodys_own_mail() {
        let plan = plan_after(14);
        let diagnosis = diagnose(&plan, &gather(&plan, &published("old"), ""));
        assert_eq!(diagnosis.has_mail_elsewhere, Some(false));
        assert!(diagnosis.findings.is_empty(), "{:?}", diagnosis.findings);
    }

    #[test]
    fn where_the_old_value_cannot_be_asked_nothing_is_known() {
        let plan = plan_after(0);
        let zone: Vec<_> = published("old").into_iter().filter(|(_, rtype, _)| *rtype != RecordType::Cname).collect();
        let seen = verdicts(&plan, &gather(&plan, &zone, "old.mail.example.com"));
        assert!(seen.contains(&("return-path".to_owned(), Verdict::Unknown)), "{seen:?}");
    }

    #[test]
    fn nothing_is_looked_for_elsewhere_where_the_old_value_does_the_job() {
        let plan = plan_after(0);
        let observed = gather(&plan, &published("old"), "");
        let doubled = |question: &Question| question.name.as_str().contains("example.com.example.com");
        assert!(!observed.replies.keys().any(doubled));
        let plan = plan_after(14);
        assert!(gather(&plan, &published("old"), "").replies.keys().any(doubled));
    }
}
