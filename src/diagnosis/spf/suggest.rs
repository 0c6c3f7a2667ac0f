//! The record to offer: theirs with ours added at the cheapest place, and proof that it works: every candidate is
//! evaluated before it is offered.

use super::remedy::{Changes, Remedy, Suggestion};
use super::repair;
use super::same::is_same;
use crate::diagnosis::observed::Observed;
use crate::diagnosis::spf_eval::addresses::written;
use crate::diagnosis::spf_eval::{AddressSet, MAX_LOOKUPS, evaluate, owner_of, spf_texts};
use crate::diagnosis::{Question, RecordType};
use crate::records::OwnerName;
use crate::records::spf::{
    self, Directive, MacroString, Mechanism, ProfileMechanism, Qualifier, Reading, SpfRecord, Term,
};

/// Networks of ours that may stand in a record in place of our include.
const MAX_ADDRESS_TERMS: usize = 12;

/// What a suggestion is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Basis<'a> {
    pub observed: &'a Observed,
    pub owner: &'a OwnerName,
    /// The SPF records that stand there.
    pub texts: &'a [String],
    pub mechanisms: &'a [ProfileMechanism],
    /// What `mechanisms` stand for.
    pub ours: &'a AddressSet,
}

/// Finds the first record that passes for our servers and for whoever passed before.
pub(super) fn suggest(basis: &Basis<'_>) -> Suggestion {
    let mut theirs = Theirs::default();
    basis.texts.iter().for_each(|text| theirs.read(basis, text));
    let mut trial = Trial { basis, needs: theirs.needs.clone(), before: AddressSet::default(), lookups_before: 0 };
    trial.weigh_before();
    let ours = theirs.without_ours(basis.mechanisms);
    let is_merged = basis.texts.len() > 1;
    let mut found = trial.search(&theirs, &ours);
    if found.is_none() && is_merged {
        // They contradict one another: whoever one of them lets pass is asked for before anybody is turned away.
        theirs.directives.sort_by_key(|directive| directive.qualifier != Qualifier::Pass);
        found = trial.search(&theirs, &ours);
    }
    if found.is_none() && is_merged {
        // Nobody got a pass while several stood there, and ours has to.
        trial.before = AddressSet::default();
        found = trial.search(&theirs, &ours);
    }
    let (value, remedy, lookups) = match found {
        Some((value, remedy, lookups)) => (Some(value), remedy, lookups),
        None => (None, Remedy::Subdomain, 0),
    };
    Suggestion { value, remedy, changes: theirs.changes, lookups, before: trial.lookups_before, needs: trial.needs }
}

/// Their terms, repaired, in order.
#[derive(Debug, Default)]
struct Theirs {
    directives: Vec<Directive>,
    alls: Vec<Qualifier>,
    redirects: Vec<MacroString>,
    /// `exp` and unknown modifiers, as written.
    modifiers: Vec<String>,
    changes: Changes,
    needs: Vec<Question>,
}

impl Theirs {
    fn read(&mut self, basis: &Basis<'_>, text: &str) {
        let record = spf::parse(text.as_bytes()).unwrap_or_default();
        let mut terms = record.terms.iter().peekable();
        while let Some(term) = terms.next() {
            match &term.reading {
                Reading::Broken => {
                    let next = terms.peek().map(|next| next.text.as_str());
                    match repair::meant(&term.text, next) {
                        Some(meant) => {
                            if meant.takes_next {
                                terms.next();
                            }
                            self.changes.corrected.push((term.text.clone(), meant.terms.join(" ")));
                            SpfRecord::parse_terms(&meant.terms.join(" "))
                                .terms
                                .iter()
                                .for_each(|term| self.add(basis, term));
                        }
                        None => self.changes.left_out.push(term.text.clone()),
                    }
                }
                Reading::Modifier => match repair::meant_modifier(&term.text) {
                    Some(meant) => {
                        self.changes.corrected.push((term.text.clone(), meant.clone()));
                        self.add(basis, &Term::parse(&meant));
                    }
                    None => self.add(basis, term),
                },
                _ => self.add(basis, term),
            }
        }
    }

    fn add(&mut self, basis: &Basis<'_>, term: &Term) {
        match &term.reading {
            Reading::Directive(Directive { qualifier, mechanism: Mechanism::All }) => self.alls.push(*qualifier),
            Reading::Directive(directive) => {
                // Another record may let pass what this one turns away.
                let is_told = |known: &Directive| {
                    let is_against = known.qualifier != Qualifier::Pass && directive.qualifier == Qualifier::Pass;
                    is_same(&known.mechanism, &directive.mechanism) && !(is_against && basis.texts.len() > 1)
                };
                let is_known = self.directives.iter().any(is_told);
                let leads_nowhere = match &directive.mechanism {
                    Mechanism::Include(target) => self.leads_nowhere(basis, target),
                    _ => false,
                };
                if leads_nowhere {
                    self.changes.left_out.push(term.text.clone());
                } else if !is_known {
                    self.directives.push(directive.clone());
                }
            }
            Reading::Redirect(target) if self.leads_nowhere(basis, target) => {
                self.changes.left_out.push(term.text.clone());
            }
            Reading::Redirect(target) => self.redirects.push(target.clone()),
            Reading::Exp(_) if self.modifiers.iter().any(|text| text.starts_with("exp=")) => {}
            Reading::Exp(target) => self.modifiers.push(format!("exp={target}")),
            Reading::Modifier if term.text.to_ascii_lowercase().starts_with("v=") => {}
            Reading::Modifier => self.modifiers.push(term.text.clone()),
            Reading::Broken => self.changes.left_out.push(term.text.clone()),
        }
    }

    /// An authoritative answer says that no SPF record stands there, or the way leads back here.
    fn leads_nowhere(&mut self, basis: &Basis<'_>, target: &MacroString) -> bool {
        let Some(name) = target.plain().map(|name| owner_of(name.strip_suffix('.').unwrap_or(name))) else {
            return false;
        };
        if name == *basis.owner || !name.fits_the_wire() {
            return true;
        }
        match basis.observed.reply(&name, RecordType::Txt) {
            None => {
                self.needs.push(Question::new(name, RecordType::Txt));
                false
            }
            Some(reply) => reply.failure().is_none() && spf_texts(reply.records()).is_empty(),
        }
    }

    /// Takes ours out of theirs, so that they stand in one place; what is ours is given back.
    fn without_ours(&mut self, mechanisms: &[ProfileMechanism]) -> Vec<Directive> {
        let read = |mechanism: &ProfileMechanism| Directive::parse(&mechanism.to_string());
        let ours: Vec<Directive> = mechanisms.iter().filter_map(read).collect();
        let is_ours = |mechanism: &Mechanism| ours.iter().any(|own| is_same(&own.mechanism, mechanism));
        self.directives.retain(|directive| !is_ours(&directive.mechanism));
        self.redirects.retain(|target| !is_ours(&Mechanism::Include(target.clone())));
        ours
    }

    /// What is left of theirs as terms, and how the record ends.
    fn parts(&self) -> (Vec<Directive>, String) {
        let mut directives = self.directives.clone();
        let all = match self.alls.as_slice() {
            [] => None,
            [first, rest @ ..] if rest.iter().all(|other| other == first) => Some(*first),
            _ => Some(Qualifier::SoftFail),
        };
        let redirect = match (self.redirects.as_slice(), all) {
            ([target], None) => Some(format!("redirect={target}")),
            (targets, _) => {
                // Beside an `all` a redirect has no effect, so what it was meant to add is included.
                let include = |target: &MacroString| Mechanism::Include(target.clone());
                for mechanism in targets.iter().map(include) {
                    if !directives.iter().any(|known| is_same(&known.mechanism, &mechanism)) {
                        directives.push(Directive { qualifier: Qualifier::Pass, mechanism });
                    }
                }
                None
            }
        };
        // `+all` protects nothing, and its lack says nothing.
        let all = all.filter(|qualifier| *qualifier != Qualifier::Pass).unwrap_or(Qualifier::SoftFail);
        let end = redirect.unwrap_or_else(|| Directive { qualifier: all, mechanism: Mechanism::All }.to_string());
        (directives, end)
    }
}

/// The search among candidates.
struct Trial<'a> {
    basis: &'a Basis<'a>,
    needs: Vec<Question>,
    /// Whoever passed, but by `+all` alone.
    before: AddressSet,
    lookups_before: u32,
}

impl Trial<'_> {
    fn weigh_before(&mut self) {
        for text in self.basis.texts {
            let mut record = spf::parse(text.as_bytes()).unwrap_or_default();
            for term in &mut record.terms {
                if let Reading::Directive(directive) = &mut term.reading
                    && directive.mechanism == Mechanism::All
                    && directive.qualifier == Qualifier::Pass
                {
                    directive.qualifier = Qualifier::SoftFail;
                }
            }
            let whole = evaluate(self.basis.observed, self.basis.owner, &record.to_string(), &AddressSet::all());
            self.before = self.before.union(&whole.passed());
            self.lookups_before += whole.lookups;
            self.needs.extend(whole.needs);
        }
    }

    /// The first candidate within the limits; else the first that at least takes nobody's pass away.
    fn search(&mut self, theirs: &Theirs, ours: &[Directive]) -> Option<(String, Remedy, u32)> {
        let (directives, end) = theirs.parts();
        let tail = [&[end][..], &theirs.modifiers].concat().join(" ");
        let is_free =
            |directive: &Directive| matches!(directive.mechanism, Mechanism::Ip4 { .. } | Mechanism::Ip6 { .. });
        let free = directives.iter().take_while(|directive| is_free(directive)).count();
        let mut places = vec![free, 0, directives.len()];
        places.dedup();
        let networks = self.basis.ours.networks(MAX_ADDRESS_TERMS + 1);
        let addresses: Vec<Directive> = networks
            .iter()
            .filter_map(|network| {
                let kind = if network.0.is_ipv4() { "ip4" } else { "ip6" };
                Directive::parse(&format!("{kind}:{}", written(*network)))
            })
            .collect();
        let mut over = None;
        let forms = [(ours, Remedy::Record), (addresses.as_slice(), Remedy::Addresses)];
        for (added, remedy) in forms.into_iter().filter(|(added, _)| added.len() <= MAX_ADDRESS_TERMS.max(ours.len())) {
            for place in &places {
                let terms = [&directives[..*place], added, &directives[*place..]].concat();
                if terms.is_empty() {
                    continue;
                }
                let terms: Vec<String> = terms.iter().map(ToString::to_string).collect();
                let value = format!("v=spf1 {} {tail}", terms.join(" "));
                match self.try_out(&value) {
                    Some(lookups) if lookups <= MAX_LOOKUPS => return Some((value, remedy, lookups)),
                    Some(lookups) if remedy == Remedy::Addresses => {
                        over.get_or_insert((value, Remedy::Over, lookups));
                    }
                    _ => {}
                }
            }
        }
        over
    }

    /// The lookups of a candidate that does the job.
    fn try_out(&mut self, value: &str) -> Option<u32> {
        let wanted = self.basis.ours.union(&self.before);
        let tried = evaluate(self.basis.observed, self.basis.owner, value, &wanted);
        let is_covered = wanted.without(&tried.passed()).is_empty();
        let lookups = tried.lookups;
        self.needs.extend(tried.needs);
        is_covered.then_some(lookups)
    }
}
