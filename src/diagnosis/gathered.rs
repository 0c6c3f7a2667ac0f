//! What was gathered, with what was already made of it: within one call, each part is worked out once, however many
//! judges ask for it. Nothing outlives the call, so that whoever asks gets what the same answers always give.

use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;

use super::Observed;
use super::spf::OurServers;
use super::spf_eval::{AddressSet, Evaluation, evaluate};
use crate::records::OwnerName;
use crate::records::dmarc::{self, AttemptFlaw, DmarcRecord, DmarcText};
use crate::records::spf::ProfileMechanism;

/// Read as [`Observed`]; knows beside it what was worked out before.
#[derive(Debug)]
pub struct Gathered<'a> {
    observed: &'a Observed,
    servers: RefCell<Vec<Rc<Servers>>>,
    policies: RefCell<Vec<(String, PolicyText)>>,
}

impl<'a> Gathered<'a> {
    pub fn of(observed: &'a Observed) -> Self {
        Self { observed, servers: RefCell::default(), policies: RefCell::default() }
    }

    /// Our servers as a record at `owner` has to let pass.
    pub(super) fn servers(&self, owner: &OwnerName, mechanisms: &[ProfileMechanism]) -> Rc<Servers> {
        let is_it = |known: &&Rc<Servers>| known.owner == *owner && known.mechanisms == mechanisms;
        if let Some(known) = self.servers.borrow().iter().find(is_it) {
            return Rc::clone(known);
        }
        let servers = Rc::new(Servers {
            owner: owner.clone(),
            mechanisms: mechanisms.to_vec(),
            ours: OurServers::find(self.observed, owner, mechanisms),
            evaluations: RefCell::default(),
        });
        self.servers.borrow_mut().push(Rc::clone(&servers));
        servers
    }

    /// A text at some `_dmarc`, parsed.
    pub(super) fn policy(&self, text: &str) -> PolicyText {
        if let Some((_, known)) = self.policies.borrow().iter().find(|(known, _)| known == text) {
            return known.clone();
        }
        let parsed = match dmarc::parse(text) {
            DmarcText::Record(record) => PolicyText::Record(Rc::new(record)),
            DmarcText::Attempt(flaw) => PolicyText::Attempt(flaw),
            DmarcText::Unrelated => PolicyText::Unrelated,
        };
        self.policies.borrow_mut().push((text.to_owned(), parsed.clone()));
        parsed
    }
}

impl Deref for Gathered<'_> {
    type Target = Observed;

    fn deref(&self) -> &Observed {
        self.observed
    }
}

/// As [`DmarcText`], its record shared.
#[derive(Debug, Clone)]
pub(super) enum PolicyText {
    Unrelated,
    Attempt(AttemptFlaw),
    Record(Rc<DmarcRecord>),
}

/// Our servers, and what records at one name do for them.
#[derive(Debug)]
pub(super) struct Servers {
    owner: OwnerName,
    mechanisms: Vec<ProfileMechanism>,
    pub ours: OurServers,
    evaluations: RefCell<Vec<(String, Rc<Evaluation>)>>,
}

impl Servers {
    /// A record's evaluation for our servers, without the tree; for nobody where they are not known.
    pub fn evaluate(&self, observed: &Observed, text: &str) -> Rc<Evaluation> {
        if let Some((_, known)) = self.evaluations.borrow().iter().find(|(known, _)| known == text) {
            return Rc::clone(known);
        }
        let seen = Rc::new(evaluate(observed, &self.owner, text, self.set()));
        self.evaluations.borrow_mut().push((text.to_owned(), Rc::clone(&seen)));
        seen
    }

    /// The addresses; none where they are not known.
    pub fn set(&self) -> &AddressSet {
        static NOBODY: std::sync::LazyLock<AddressSet> = std::sync::LazyLock::new(AddressSet::default);
        match &self.ours {
            OurServers::Known(set) => set,
            OurServers::Unknown(_) | OurServers::Broken(_) => &NOBODY,
        }
    }
}
