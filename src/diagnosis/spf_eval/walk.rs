//! The evaluation itself: terms in order, each taking its addresses out of those still undecided.

use super::{AddressSet, SpfMark, SpfTree, SpfTreeTerm};
use crate::diagnosis::observed::{Answer, Observed, RecordData};
use crate::diagnosis::{AskFailure, Question, RecordType};
use crate::records::OwnerName;
use crate::records::spf::{self, Directive, Mechanism, Qualifier, SpfRecord};

/// Terms that cause lookups (RFC 7208 section 4.6.4).
pub const MAX_LOOKUPS: u32 = 10;
/// Lookups that find nothing (section 4.6.4, last paragraph).
const MAX_VOIDS: u32 = 2;
/// Hosts of one `mx` (section 4.6.4).
const MAX_MX_HOSTS: usize = 10;

/// Why an evaluation ends for the addresses that are not decided yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// A term that no receiver can read.
    Syntax {
        term: String,
        name: String,
    },
    LookupLimit {
        term: String,
    },
    VoidLimit {
        term: String,
    },
    Loop {
        name: String,
    },
    /// An include or redirect leads to a name without one SPF record.
    NoRecord {
        term: String,
        name: String,
    },
    MxLimit {
        term: String,
    },
    /// A temporary error: evidence of nothing.
    Unanswered {
        name: OwnerName,
        failure: AskFailure,
    },
    /// Something is still to be asked.
    Incomplete,
}

/// What came of an evaluation.
#[derive(Debug, Clone, Default)]
pub struct Evaluation {
    pub passed: AddressSet,
    /// Everything asked about that did not pass.
    pub lost: AddressSet,
    /// The term that decided against the first address lost.
    pub lost_at: Option<String>,
    pub stop: Option<Stop>,
    pub lookups: u32,
    pub needs: Vec<Question>,
    pub tree: Option<SpfTree>,
}

/// Evaluates the record of `name` for `addresses`.
pub fn evaluate(
    observed: &Observed,
    name: &OwnerName,
    record: &SpfRecord,
    text: &str,
    addresses: &AddressSet,
) -> Evaluation {
    let mut walk = Walk { observed, lookups: 0, voids: 0, needs: Vec::new(), path: vec![name.clone()] };
    let level = walk.level(name, record, text, addresses.clone());
    Evaluation {
        lost: addresses.without(&level.passed),
        passed: level.passed,
        lost_at: level.lost_at,
        stop: level.stop,
        lookups: walk.lookups,
        needs: walk.needs,
        tree: Some(level.tree),
    }
}

/// The addresses that terms authorise by themselves: what the sending profile stands for.
pub fn evaluate_terms(observed: &Observed, name: &OwnerName, text: &str) -> Evaluation {
    let record = spf::parse(format!("v=spf1 {text}").as_bytes()).unwrap_or_default();
    evaluate(observed, name, &record, text, &AddressSet::all())
}

struct Walk<'a> {
    observed: &'a Observed,
    lookups: u32,
    voids: u32,
    needs: Vec<Question>,
    path: Vec<OwnerName>,
}

/// One record's evaluation.
struct Level {
    passed: AddressSet,
    lost_at: Option<String>,
    stop: Option<Stop>,
    tree: SpfTree,
}

/// What one mechanism matches.
struct Matched {
    set: AddressSet,
    child: Option<SpfTree>,
}

impl Walk<'_> {
    fn level(&mut self, name: &OwnerName, record: &SpfRecord, text: &str, mut open: AddressSet) -> Level {
        let tree = SpfTree { name: name.to_string(), record: text.to_owned(), terms: Vec::new() };
        let mut level = Level { passed: AddressSet::default(), lost_at: None, stop: None, tree };
        // Syntax errors anywhere are a permerror before anything is evaluated (RFC 7208 section 4.6).
        if let Some(term) = record.broken_terms.first() {
            level.stop = Some(Stop::Syntax { term: term.clone(), name: name.to_string() });
            return level;
        }
        self.foresee(name, record);
        for (directive, text) in &record.directives {
            if open.is_empty() {
                return level;
            }
            let matched = match self.mechanism(name, directive, text, &open) {
                Ok(matched) => matched,
                Err(stop) => {
                    level.tree.terms.push(self.drawn(text, "stops here", Some(SpfMark::Lost), None));
                    level.stop = Some(stop);
                    return level;
                }
            };
            let decided = open.intersection(&matched.set);
            let is_pass = directive.qualifier == Qualifier::Pass;
            let (result, mark) = match (decided.is_empty(), is_pass) {
                (true, _) => ("no match", None),
                (false, true) => ("pass", Some(SpfMark::Found)),
                (false, false) => ("no pass", Some(SpfMark::Lost)),
            };
            level.tree.terms.push(self.drawn(text, result, mark, matched.child));
            if is_pass {
                level.passed.extend(&decided);
            } else if !decided.is_empty() && level.lost_at.is_none() {
                level.lost_at = Some(text.clone());
            }
            open = open.without(&decided);
        }
        let has_all = record.directives.iter().any(|(directive, _)| directive.mechanism == Mechanism::All);
        match &record.redirect {
            Some(target) if !has_all && !open.is_empty() => self.redirect(name, target, open, &mut level),
            _ => {}
        }
        level
    }

    /// `redirect=` takes over for what no mechanism matched (RFC 7208 section 6.1).
    fn redirect(&mut self, name: &OwnerName, target: &str, open: AddressSet, level: &mut Level) {
        let term = format!("redirect={target}");
        match self.record_of(name, target, &term, open) {
            Ok((below, target)) => {
                level.passed.extend(&below.passed);
                level.lost_at = level.lost_at.take().or(below.lost_at);
                level.stop = below.stop;
                let mark = (!below.passed.is_empty()).then_some(SpfMark::Found);
                level.tree.terms.push(self.drawn(&term, &format!("as {target} says"), mark, Some(below.tree)));
            }
            Err(stop) => {
                level.tree.terms.push(self.drawn(&term, "stops here", Some(SpfMark::Lost), None));
                level.stop = Some(stop);
            }
        }
    }

    fn mechanism(
        &mut self,
        name: &OwnerName,
        directive: &Directive,
        term: &str,
        open: &AddressSet,
    ) -> Result<Matched, Stop> {
        let mut set = AddressSet::default();
        match &directive.mechanism {
            Mechanism::All => set = AddressSet::all(),
            Mechanism::Ip4 { address, prefix } => set.add_v4(*address, *prefix),
            Mechanism::Ip6 { address, prefix } => set.add_v6(*address, *prefix),
            Mechanism::Include(target) => {
                let (below, _) = self.record_of(name, target, term, open.clone())?;
                if let Some(stop) = below.stop {
                    return Err(stop);
                }
                return Ok(Matched { set: below.passed, child: Some(below.tree) });
            }
            Mechanism::A { name: host, prefix4, prefix6 } => {
                self.count(term)?;
                if let Some(host) = expanded(host.as_deref(), name) {
                    set = self.hosts(&host, term, (*prefix4, *prefix6), open)?;
                }
            }
            Mechanism::Mx { name: host, prefix4, prefix6 } => {
                self.count(term)?;
                if let Some(host) = expanded(host.as_deref(), name) {
                    set = self.mail_hosts(&host, term, (*prefix4, *prefix6), open)?;
                }
            }
            // What depends on the message costs its lookup and does not match for us.
            Mechanism::Ptr(_) | Mechanism::Exists(_) => self.count(term)?,
        }
        Ok(Matched { set, child: None })
    }

    /// The record that an include or redirect leads to, evaluated.
    fn record_of(
        &mut self,
        name: &OwnerName,
        target: &str,
        term: &str,
        open: AddressSet,
    ) -> Result<(Level, OwnerName), Stop> {
        self.count(term)?;
        let nowhere = |name: String| Stop::NoRecord { term: term.to_owned(), name };
        let target = expanded(Some(target), name).ok_or_else(|| nowhere(target.to_owned()))?;
        if self.path.contains(&target) {
            return Err(Stop::Loop { name: target.to_string() });
        }
        let found = self.lookup(&target, RecordType::Txt, term)?;
        let mut records = found.iter().filter_map(RecordData::txt_joined).filter_map(|text| {
            let record = spf::parse(&text)?;
            Some((record, String::from_utf8_lossy(&text).into_owned()))
        });
        let (Some((record, text)), None) = (records.next(), records.next()) else {
            return Err(nowhere(target.to_string()));
        };
        self.path.push(target.clone());
        let level = self.level(&target, &record, &text, open);
        self.path.pop();
        Ok((level, target))
    }

    fn hosts(
        &mut self,
        host: &OwnerName,
        term: &str,
        prefixes: (u8, u8),
        open: &AddressSet,
    ) -> Result<AddressSet, Stop> {
        let mut set = AddressSet::default();
        for (is_asked, rtype) in [(open.has_v4(), RecordType::A), (open.has_v6(), RecordType::Aaaa)] {
            if !is_asked {
                continue;
            }
            for record in self.lookup_address(host, rtype)? {
                match record {
                    RecordData::A(address) => set.add_v4(address, prefixes.0),
                    RecordData::Aaaa(address) => set.add_v6(address, prefixes.1),
                    _ => {}
                }
            }
        }
        if set.is_empty() {
            self.count_void(term)?;
        }
        Ok(set)
    }

    fn mail_hosts(
        &mut self,
        host: &OwnerName,
        term: &str,
        prefixes: (u8, u8),
        open: &AddressSet,
    ) -> Result<AddressSet, Stop> {
        let exchanges = self.lookup(host, RecordType::Mx, term)?;
        if exchanges.len() > MAX_MX_HOSTS {
            return Err(Stop::MxLimit { term: term.to_owned() });
        }
        let mut set = AddressSet::default();
        for record in exchanges {
            if let RecordData::Mx { exchange, .. } = record {
                set.extend(&self.hosts(&exchange, term, prefixes, open)?);
            }
        }
        Ok(set)
    }

    fn lookup(&mut self, name: &OwnerName, rtype: RecordType, term: &str) -> Result<Vec<RecordData>, Stop> {
        let found = self.lookup_address(name, rtype)?;
        if found.is_empty() {
            self.count_void(term)?;
        }
        Ok(found)
    }

    /// The records, or none; counts nothing.
    fn lookup_address(&mut self, name: &OwnerName, rtype: RecordType) -> Result<Vec<RecordData>, Stop> {
        if !name.fits_the_wire() || name.is_root() {
            return Ok(Vec::new());
        }
        let Some(reply) = self.observed.reply(name, rtype) else {
            self.needs.push(Question::new(name.clone(), rtype));
            return Err(Stop::Incomplete);
        };
        match reply.answer {
            Answer::Found(records) => Ok(records),
            Answer::NoData | Answer::NoSuchName => Ok(Vec::new()),
            Answer::Failed(failure) => Err(Stop::Unanswered { name: name.clone(), failure }),
        }
    }

    fn count(&mut self, term: &str) -> Result<(), Stop> {
        self.lookups += 1;
        if self.lookups > MAX_LOOKUPS { Err(Stop::LookupLimit { term: term.to_owned() }) } else { Ok(()) }
    }

    fn count_void(&mut self, term: &str) -> Result<(), Stop> {
        self.voids += 1;
        if self.voids > MAX_VOIDS { Err(Stop::VoidLimit { term: term.to_owned() }) } else { Ok(()) }
    }

    /// What this record will ask, all at once, so that gathering takes a round a depth and not a round a term.
    fn foresee(&mut self, name: &OwnerName, record: &SpfRecord) {
        let mut wanted = Vec::new();
        for (directive, _) in record.directives.iter().take(2 * MAX_LOOKUPS as usize) {
            match &directive.mechanism {
                Mechanism::Include(target) => {
                    wanted.extend(expanded(Some(target), name).map(|name| (name, RecordType::Txt)))
                }
                Mechanism::Mx { name: host, .. } => {
                    wanted.extend(expanded(host.as_deref(), name).map(|name| (name, RecordType::Mx)));
                }
                Mechanism::A { name: host, .. } => {
                    let host = expanded(host.as_deref(), name);
                    wanted.extend(host.iter().map(|name| (name.clone(), RecordType::A)));
                    wanted.extend(host.into_iter().map(|name| (name, RecordType::Aaaa)));
                }
                _ => {}
            }
        }
        let target = record.redirect.as_deref().and_then(|target| expanded(Some(target), name));
        wanted.extend(target.map(|name| (name, RecordType::Txt)));
        let is_open = |(name, rtype): &(OwnerName, RecordType)| {
            name.fits_the_wire() && !name.is_root() && self.observed.reply(name, *rtype).is_none()
        };
        let open: Vec<_> = wanted.into_iter().filter(is_open).collect();
        self.needs.extend(open.into_iter().map(|(name, rtype)| Question::new(name, rtype)));
    }

    fn drawn(&self, term: &str, result: &str, mark: Option<SpfMark>, child: Option<SpfTree>) -> SpfTreeTerm {
        SpfTreeTerm {
            term: term.to_owned(),
            lookups: self.lookups,
            result: result.to_owned(),
            mark,
            child: child.map(Box::new),
        }
    }
}

/// A domain-spec as a name (RFC 7208 section 7): `%{d}` is the domain itself; `None` where it depends on the message.
fn expanded(spec: Option<&str>, name: &OwnerName) -> Option<OwnerName> {
    let Some(spec) = spec else { return Some(name.clone()) };
    let spec = spec.replace("%{d}", name.as_str()).replace("%{D}", name.as_str());
    (!spec.contains('%')).then(|| OwnerName::new(&spec))
}
