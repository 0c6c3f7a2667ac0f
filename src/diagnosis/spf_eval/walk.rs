//! The way through one record after another: terms in order, each taking its addresses out of those still open.

use std::collections::BTreeSet;

use super::addresses::AddressSet;
use super::check_host::Message;
use super::groups::{Group, groups, merged};
use super::mechanisms::Stage;
use super::outcome::{Decided, Evaluation, Outcome, Place, Stop};
use super::tree::{Canvas, SpfOutcome, SpfTree, outcome_of, stop_outcome};
use crate::diagnosis::observed::{Answer, Observation, Observed, RecordData};
use crate::diagnosis::{AskFailure, Question, RecordType};
use crate::records::OwnerName;
use crate::records::spf::{self, Directive, MacroString, Mechanism, Qualifier, SpfRecord, Term};

/// Terms that cause lookups (RFC 7208 section 4.6.4).
pub const MAX_LOOKUPS: u32 = 10;
/// Our own bound: terms read in one evaluation.
const MAX_TERMS: usize = 2_000;

/// What the result of the record at hand means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is the result.
    Final,
    /// A pass is a match; anything else is none (RFC 7208 section 5.2). Whether the match is a pass in the end.
    Included { is_pass: bool },
}

/// The record at hand.
#[derive(Debug, Clone)]
pub(super) struct Here {
    /// As macros show it, without a final dot.
    pub domain: String,
    pub name: OwnerName,
    pub role: Role,
    pub depth: usize,
}

impl Here {
    pub fn place(&self, term: &Term) -> Place {
        Place { domain: self.name.clone(), term: term.text.clone() }
    }
}

/// An `exp` that counts: that of the record which failed the message (RFC 7208 section 6.2).
pub(super) struct Explanation {
    pub spec: MacroString,
    pub here: Here,
}

/// Why there are no records to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// No question can be made of the name.
    Impossible,
    /// Still to be asked.
    Unknown,
    Failed(AskFailure),
}

pub(super) struct Walk<'a> {
    observed: &'a Observed,
    /// `None`: any message from the addresses at hand.
    pub(super) message: Option<&'a Message>,
    pub(super) needs: BTreeSet<Question>,
    pub(super) explanation: Option<Explanation>,
    first_domain: String,
    pub(super) path: Vec<OwnerName>,
    /// The lookups of a message that nothing matches; `None`: not counted.
    pub(super) stranger: Option<u32>,
    past_limit: Vec<String>,
    terms_left: usize,
    /// `None`: nothing is drawn.
    pub(super) canvas: Option<Canvas>,
}

/// One record's evaluation.
pub(super) struct Level {
    pub decided: Vec<Decided>,
    pub tree: SpfTree,
}

impl<'a> Walk<'a> {
    /// `stranger`: where the lookups of a message that nothing matches begin to count.
    pub(super) fn for_any_message(observed: &'a Observed, domain: &OwnerName, stranger: Option<u32>) -> Self {
        Self { stranger, ..Self::new(observed, domain.as_str()) }
    }

    /// The same walk, drawn.
    pub(super) fn drawn(self) -> Self {
        Self { canvas: Some(Canvas::default()), ..self }
    }

    /// A record that stands at the domain, for every one of `addresses`.
    pub(super) fn whole(mut self, domain: &OwnerName, text: &str, addresses: &AddressSet) -> Evaluation {
        self.path.push(domain.clone());
        let here = Here { domain: domain.as_str().to_owned(), name: domain.clone(), role: Role::Final, depth: 0 };
        let level = self.level(&here, text, groups(addresses));
        Evaluation {
            decided: level.decided,
            needs: self.needs.into_iter().collect(),
            lookups: self.stranger.unwrap_or_default(),
            past_limit: self.past_limit,
            tree: level.tree,
        }
    }

    fn new(observed: &'a Observed, first_domain: &str) -> Self {
        Self {
            observed,
            message: None,
            needs: BTreeSet::new(),
            explanation: None,
            first_domain: first_domain.to_owned(),
            path: Vec::new(),
            stranger: None,
            past_limit: Vec::new(),
            terms_left: MAX_TERMS,
            canvas: None,
        }
    }

    pub(super) fn for_message(observed: &'a Observed, message: &'a Message, domain: &str) -> Self {
        Self { message: Some(message), ..Self::new(observed, domain) }
    }

    pub(super) fn first_domain(&self) -> String {
        self.first_domain.clone()
    }

    /// Decides every address of `open` by one record.
    pub(super) fn level(&mut self, here: &Here, text: &str, open: Vec<Group>) -> Level {
        let mut behind_version = text.split(' ').filter(|term| !term.is_empty()).skip(1);
        let is_too_large = behind_version.clone().nth(self.terms_left).is_some();
        let record = match behind_version.next() {
            Some(first) if is_too_large => SpfRecord::parse_terms(first),
            _ => spf::parse(text.as_bytes()).unwrap_or_default(),
        };
        let tree = self.canvas.as_ref().map(|_| SpfTree::new(here.name.to_string(), text));
        let mut level = Level { decided: Vec::new(), tree: tree.unwrap_or_default() };
        // Syntax errors anywhere are a permerror before anything is evaluated (RFC 7208 section 4.6).
        if let Some(term) = record.terms.first().filter(|_| is_too_large).or_else(|| record.broken()) {
            let at = here.place(term);
            let stop = if is_too_large { Stop::TooLarge(at) } else { Stop::Syntax(at) };
            self.refuse(&record, &stop, open, &mut level);
            return level;
        }
        self.terms_left -= record.terms.len();
        let mut open = open;
        let mut is_over = false;
        for (term, directive) in record.directives() {
            if is_over {
                self.draw_outcome(&mut level.tree, &term.text, SpfOutcome::NotReached);
                continue;
            }
            if open.is_empty() && self.stranger.is_none() {
                break;
            }
            open = self.directive(here, (term, directive), open, &mut level);
            is_over = directive.mechanism == Mechanism::All;
            if !is_over {
                self.note_past_limit(here, term);
            }
        }
        match record.redirect() {
            Some((term, _)) if is_over => self.draw_outcome(&mut level.tree, &term.text, SpfOutcome::NotReached),
            Some((term, target)) if !open.is_empty() || self.stranger.is_some() => {
                open = self.redirect(here, (term, target), open, &mut level);
                self.note_past_limit(here, term);
            }
            _ => {}
        }
        self.note_explanation(here, &record, &level);
        self.end(here, open, &mut level);
        level
    }

    /// A record that receivers do not evaluate at all.
    fn refuse(&mut self, record: &SpfRecord, stop: &Stop, open: Vec<Group>, level: &mut Level) {
        for term in &record.terms {
            let is_it = term.text == stop.place().term;
            let decided: Vec<Decided> =
                open.iter().map(|group| group.clone().decide(Outcome::Stopped(stop.clone()))).collect();
            let outcome = if is_it { stop_outcome(stop) } else { SpfOutcome::NotReached };
            self.draw(
                &mut level.tree,
                &term.text,
                outcome,
                if is_it { &decided } else { &[] },
                Role::Final,
                Stage::default(),
            );
            if is_it {
                break;
            }
        }
        level.decided.extend(open.into_iter().map(|group| group.decide(Outcome::Stopped(stop.clone()))));
    }

    /// One mechanism: what it decides goes to the level, what stays open is given back.
    fn directive(
        &mut self,
        here: &Here,
        (term, directive): (&Term, &Directive),
        open: Vec<Group>,
        level: &mut Level,
    ) -> Vec<Group> {
        let had_open = !open.is_empty();
        let mut stage = Stage { open, ..Stage::default() };
        self.mechanism(here, (term, directive), &mut stage);
        let outcome = || Outcome::Matched(directive.qualifier, here.place(term));
        let matched = std::mem::take(&mut stage.matched).into_iter().filter(|group| !group.set.is_empty());
        let mut decided: Vec<Decided> = matched.map(|group| group.decide(outcome())).collect();
        decided.append(&mut stage.stopped);
        let open = merged(std::mem::take(&mut stage.open));
        let drawn = match decided.iter().find(|decided| !decided.has_passed()).or(decided.first()) {
            Some(decided) => outcome_of(&decided.outcome),
            None => match stage.trouble {
                Some(trouble) => trouble,
                None if !had_open => SpfOutcome::NotNeeded,
                None => SpfOutcome::NoMatch,
            },
        };
        self.draw(&mut level.tree, &term.text, drawn, &decided, here.role, stage);
        level.decided.append(&mut decided);
        open
    }

    /// What nothing matched is neutral (RFC 7208 section 4.7).
    fn end(&mut self, here: &Here, open: Vec<Group>, level: &mut Level) {
        let decided: Vec<Decided> = open.into_iter().map(|group| group.decide(Outcome::Unmatched)).collect();
        if !decided.is_empty() {
            self.draw(&mut level.tree, "", SpfOutcome::Neutral, &decided, here.role, Stage::default());
            level.decided.extend(decided);
        }
    }

    fn note_past_limit(&mut self, here: &Here, term: &Term) {
        if here.depth == 0 && self.stranger.is_some_and(|lookups| lookups > MAX_LOOKUPS) {
            self.past_limit.push(term.text.clone());
        }
    }

    fn note_explanation(&mut self, here: &Here, record: &SpfRecord, level: &Level) {
        let is_fail = |decided: &Decided| match &decided.outcome {
            Outcome::Matched(Qualifier::Fail, at) => at.domain == here.name,
            _ => false,
        };
        if self.message.is_some() && here.role == Role::Final && level.decided.iter().any(is_fail) {
            self.explanation = record.exp().map(|exp| Explanation { spec: exp.clone(), here: here.clone() });
        }
    }

    /// One more of the ten lookups; who goes past them is stopped.
    pub(super) fn count(&mut self, stage: &mut Stage, here: &Here, term: &Term) {
        self.stranger = self.stranger.map(|lookups| lookups + 1);
        stage.open.iter_mut().for_each(|group| group.lookups += 1);
        stage.stop_where(|group| group.lookups > MAX_LOOKUPS, || Stop::LookupLimit(here.place(term)));
    }

    /// The records of a type at a name; empty where there are none.
    pub(super) fn lookup(&mut self, name: &OwnerName, rtype: RecordType) -> Result<&'a [RecordData], Missing> {
        if !name.fits_the_wire() || name.is_root() {
            return Err(Missing::Impossible);
        }
        match self.observed.get(name, rtype).and_then(Observation::best).map(|reply| &reply.answer) {
            Some(Answer::Found(records)) => Ok(records),
            Some(Answer::NoData | Answer::NoSuchName) => Ok(&[]),
            Some(Answer::Failed(failure)) => Err(Missing::Failed(*failure)),
            None if self.observed.is_exhausted => Err(Missing::Failed(AskFailure::Local)),
            None => {
                self.needs.insert(Question::new(name.clone(), rtype));
                Err(Missing::Unknown)
            }
        }
    }

    fn draw_outcome(&mut self, tree: &mut SpfTree, term: &str, outcome: SpfOutcome) {
        self.draw(tree, term, outcome, &[], Role::Final, Stage::default());
    }

    pub(super) fn draw(
        &mut self,
        tree: &mut SpfTree,
        term: &str,
        outcome: SpfOutcome,
        decided: &[Decided],
        role: Role,
        stage: Stage,
    ) {
        if let Some(canvas) = &mut self.canvas {
            let lookups = self.stranger.unwrap_or_default();
            canvas.draw(tree, super::tree::term(term, lookups, outcome, decided, role, stage));
        }
    }
}
