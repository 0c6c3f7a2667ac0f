//! Expected + observed → verdict + findings. Pure: the same plan and the same answers give the same diagnosis.
//!
//! [`questions`] says what is still to be asked, [`diagnose`] judges; `verify` loops the first through `dns` until
//! nothing is left. A judge reads one [`Reply`] at a time: where nameservers differ, each distinct answer is judged
//! and the best one counts.

pub mod alternatives;
pub mod cname;
pub mod delegation;
pub mod difference;
pub mod dkim;
pub mod dmarc;
pub mod dmarc_walk;
pub mod dns_providers;
pub mod evidence;
pub mod finding;
pub mod gathered;
pub mod mx;
pub mod observed;
pub mod placement;
pub mod profile;
pub mod question;
pub mod reach;
pub mod spf;
pub mod spf_eval;
pub mod verdict;
pub mod wording;

use crate::records::plan::{Plan, PlannedRecord, RecordKey, Wanted};

pub use finding::{Code, Finding, Severity};
pub use gathered::Gathered;
pub use observed::{AnsweredBy, Ask, AskFailure, Observation, Observed, Question, RecordType, Reply, Whom};
pub use verdict::Verdict;

/// What a judge reads: one record, one answer to its question, and everything else that was gathered.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub plan: &'a Plan,
    pub record: &'a PlannedRecord,
    pub reply: &'a Reply,
    pub observed: &'a Gathered<'a>,
    pub depth: Depth,
}

/// How much a judge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// All that a page shows.
    Whole,
    /// The codes, from which the verdict follows: nothing to publish is sought, nothing is drawn.
    Codes,
}

impl Case<'_> {
    /// The host as typed at the DNS provider, relative to the deepest known zone.
    pub fn host(&self) -> String {
        host_of(self.plan, &self.record.owner, self.observed)
    }
}

/// What a judge says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// The first one is the sentence that people read.
    pub findings: Vec<Finding>,
    /// The record to offer instead of ours alone: merged with what stands there.
    pub suggested_value: Option<String>,
    /// A policy from above satisfies DMARC, so the record need not be published.
    pub is_inherited: bool,
    /// How SPF was evaluated, to be drawn.
    pub spf_tree: Option<spf_eval::SpfTree>,
}

/// One record's diagnosis.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordDiagnosis {
    pub key: RecordKey,
    pub verdict: Verdict,
    pub findings: Vec<Finding>,
    /// Every record seen at the name, as people read it.
    pub current: Vec<String>,
    pub answered_by: Option<AnsweredBy>,
    /// Seconds that the answer judged may be kept.
    pub ttl_s: u32,
    pub suggested_value: Option<String>,
    pub is_inherited: bool,
    pub evidence: evidence::Evidence,
}

/// One domain's diagnosis.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// The deepest real zone that holds the domain, never one above the registrable domain; `None` before DNS
    /// answered.
    pub zone: Option<crate::records::OwnerName>,
    pub records: Vec<RecordDiagnosis>,
    pub findings: Vec<Finding>,
    /// Whether the name receives mail elsewhere, as far as an answered check can say.
    pub has_mail_elsewhere: Option<bool>,
}

/// What is still to be asked, given what was answered: in rounds, each as wide as it can be. Empty when `diagnose`
/// can judge everything.
pub fn questions(plan: &Plan, observed: &Observed) -> Vec<Ask> {
    let observed = &Gathered::of(observed);
    let mut asks = Asks::default();
    asks.zone(&plan.domain.owner(), RecordType::Mx);
    let looked_for = placement::looked_for(plan, observed);
    for record in plan.records.iter().filter(|record| !looked_for.contains(&&record.key)) {
        record_questions(plan, record, observed, &mut asks);
        alternatives::questions(plan, record, observed, &mut asks);
    }
    let asks = asks.not_yet_in(observed);
    if !asks.is_empty() {
        return asks;
    }
    // Where a record went instead is asked once everything else is known, and only if something is wrong.
    let mut asks = Asks::default();
    if observed.not_delegated.is_none() {
        placement::questions(plan, observed, &looked_for, &mut asks);
    }
    asks.not_yet_in(observed)
}

/// The verdict of each record whose own questions are answered, while others are still asked: what the end will say,
/// unless the record turns out to stand elsewhere, or a second look at it differs.
pub fn settled(plan: &Plan, observed: &Observed) -> Vec<(RecordKey, Verdict)> {
    let observed = &Gathered::of(observed);
    let is_answered = |record: &&PlannedRecord| {
        let mut asks = Asks::default();
        record_questions(plan, record, observed, &mut asks);
        alternatives::questions(plan, record, observed, &mut asks);
        asks.not_yet_in(observed).is_empty()
    };
    let answered = plan.records.iter().filter(is_answered);
    answered.map(|record| (record.key.clone(), diagnose_record(plan, record, observed).verdict)).collect()
}

fn record_questions(plan: &Plan, record: &PlannedRecord, observed: &Gathered<'_>, asks: &mut Asks) {
    asks.zone(&record.owner, primary_type(record));
    if let Some(above) = reach::empty_name_above(plan, record) {
        asks.zone(&above, RecordType::Txt);
    }
    match &record.wanted {
        Wanted::Dkim { .. } => dkim::questions(plan, record, observed, asks),
        Wanted::Spf { .. } => spf::questions(record, observed, asks),
        Wanted::Dmarc { .. } => dmarc::questions(plan, record, observed, asks),
        Wanted::Mx { .. } => mx::questions(plan, record, observed, asks),
        Wanted::Cname { .. } => cname::questions(plan, record, observed, asks),
    }
}

/// Judges everything that was gathered.
pub fn diagnose(plan: &Plan, observed: &Observed) -> Diagnosis {
    let observed = &Gathered::of(observed);
    let records: Vec<RecordDiagnosis> =
        plan.records.iter().map(|record| diagnose_record(plan, record, observed)).collect();
    let findings = reach::domain_findings(plan, observed, &records);
    let registrable = plan.domain.registrable().owner();
    let zone = observed
        .zone_of(&plan.domain.owner())
        .map(|facts| facts.zone.clone())
        .filter(|zone| zone.is_within(&registrable));
    Diagnosis { zone, records, findings, has_mail_elsewhere: mx::has_mail_elsewhere(plan, observed) }
}

/// The type that is asked at a record's own name.
pub fn primary_type(record: &PlannedRecord) -> RecordType {
    match record.wanted {
        Wanted::Mx { .. } => RecordType::Mx,
        Wanted::Cname { .. } => RecordType::Cname,
        Wanted::Dkim { .. } | Wanted::Spf { .. } | Wanted::Dmarc { .. } => RecordType::Txt,
    }
}

/// The host of `owner` relative to the deepest known zone, else to the registrable domain.
pub fn host_of(plan: &Plan, owner: &crate::records::OwnerName, observed: &Observed) -> String {
    owner.host_in(&zone_of_record(plan, owner, observed))
}

/// The zone that is opened at the DNS provider to edit `owner`: the deepest known one, else the registrable domain.
pub fn zone_of_record(
    plan: &Plan,
    owner: &crate::records::OwnerName,
    observed: &Observed,
) -> crate::records::OwnerName {
    let registrable = plan.domain.registrable().owner();
    let zone = observed.zone_of(owner).map(|facts| &facts.zone).filter(|zone| zone.is_within(&registrable));
    zone.cloned().unwrap_or(registrable)
}

fn diagnose_record(plan: &Plan, record: &PlannedRecord, observed: &Gathered<'_>) -> RecordDiagnosis {
    let wanted = diagnose_as(plan, record, observed);
    alternatives::better(plan, record, observed, wanted)
}

/// Judges by the record given alone, planned or an alternative.
fn diagnose_as(plan: &Plan, record: &PlannedRecord, observed: &Gathered<'_>) -> RecordDiagnosis {
    let nothing = Observation::default();
    let observation = observed.get(&record.owner, primary_type(record)).unwrap_or(&nothing);
    let local = Reply::failed(AskFailure::Local);
    let mut candidates = observation.candidates();
    if candidates.is_empty() {
        candidates.push((&local, AnsweredBy::Recursive));
    }
    let judged: Vec<_> = candidates
        .into_iter()
        .map(|(reply, by)| {
            let (verdict, judgement) = judge_reply(plan, record, observed, reply);
            (verdict, reply, by, judgement)
        })
        .collect();
    let is_disputed = judged.iter().any(|(verdict, ..)| *verdict != judged[0].0);
    let (verdict, reply, by, mut judgement) =
        judged.into_iter().min_by_key(|(verdict, ..)| *verdict).expect("there is at least one candidate");
    let is_stale = verdict.is_good() && by == AnsweredBy::Authoritative && {
        let resolver = observation.resolver.iter().filter(|old| old.failure().is_none());
        let differs = resolver.filter(|old| !observed::same_answer(old, reply)).map(|old| {
            let case = Case { plan, record, reply: old, observed, depth: Depth::Codes };
            Verdict::of(&judge(&case).findings)
        });
        differs.into_iter().any(|verdict| !verdict.is_good() && verdict != Verdict::Unknown)
    };
    let host = host_of(plan, &record.owner, observed);
    let others = reach::Others { best: reply, is_good: verdict.is_good(), is_disputed, is_stale, host: &host };
    reach::note_undelegated(&mut judgement.findings, observed);
    judgement.findings.extend(reach::record_findings(plan, record, observation, others, observed));
    let is_answered = reply.failure().is_none();
    RecordDiagnosis {
        key: record.key.clone(),
        verdict: Verdict::of(&judgement.findings),
        current: reply.records().iter().map(observed::RecordData::display).collect(),
        answered_by: is_answered.then_some(by),
        ttl_s: reply.ttl_s,
        evidence: evidence::collect(record, observation, &judgement),
        findings: judgement.findings,
        suggested_value: judgement.suggested_value,
        is_inherited: judgement.is_inherited,
    }
}

/// One reply's verdict and what is said of it, a better explanation put first.
fn judge_reply(plan: &Plan, record: &PlannedRecord, observed: &Gathered<'_>, reply: &Reply) -> (Verdict, Judgement) {
    let case = Case { plan, record, reply, observed, depth: Depth::Whole };
    let mut judgement = judge(&case);
    placement::explain(&case, &mut judgement);
    profile::excuse(&case, &mut judgement);
    (Verdict::of(&judgement.findings), judgement)
}

fn judge(case: &Case<'_>) -> Judgement {
    if let Some(failure) = case.reply.failure() {
        return Judgement { findings: vec![reach::failure_finding(failure, case)], ..Judgement::default() };
    }
    match &case.record.wanted {
        Wanted::Dkim { .. } => dkim::judge(case),
        Wanted::Spf { .. } => spf::judge(case),
        Wanted::Dmarc { .. } => dmarc::judge(case),
        Wanted::Mx { .. } => mx::judge(case),
        Wanted::Cname { .. } => cname::judge(case),
    }
}

/// A set of questions in the making.
#[derive(Debug, Default)]
pub struct Asks(std::collections::BTreeSet<Ask>);

impl Asks {
    /// Each nameserver of the name's zone, and the resolver.
    pub fn zone(&mut self, name: &crate::records::OwnerName, rtype: RecordType) {
        self.add(name, rtype, Whom::Zone);
    }

    /// One nameserver of the name's zone, the resolver where none serves.
    pub fn one(&mut self, name: &crate::records::OwnerName, rtype: RecordType) {
        self.add(name, rtype, Whom::One);
    }

    /// The resolver alone.
    pub fn resolver(&mut self, name: &crate::records::OwnerName, rtype: RecordType) {
        self.add(name, rtype, Whom::Resolver);
    }

    fn add(&mut self, name: &crate::records::OwnerName, rtype: RecordType, whom: Whom) {
        if name.fits_the_wire() {
            self.0.insert(Ask { question: Question::new(name.clone(), rtype), whom });
        }
    }

    /// A question asked of the zone already is not asked of the resolver alone.
    fn not_yet_in(self, observed: &Observed) -> Vec<Ask> {
        let is_open = |ask: &Ask| !observed.replies.contains_key(&ask.question);
        let mut asks: Vec<Ask> = self.0.into_iter().filter(is_open).collect();
        asks.dedup_by(|later, first| later.question == first.question);
        asks
    }
}
