//! Include and redirect: on to another record (RFC 7208 sections 5.2 and 6.1).

use super::expand::{Expanded, owner_of};
use super::groups::Group;
use super::mechanisms::Stage;
use super::outcome::{Decided, Stop};
use super::tree::{SpfOutcome, outcome_of};
use super::walk::{Here, Level, Missing, Role, Walk};
use crate::diagnosis::RecordType;
use crate::diagnosis::observed::RecordData;
use crate::records::spf::{self, MacroString, Term};

/// Lookups counted for a message that nothing matches: our own bound.
const MAX_COUNTED: u32 = 30;

impl Walk<'_> {
    /// `redirect=` takes over for what no mechanism matched (RFC 7208 section 6.1).
    pub(super) fn redirect(
        &mut self,
        here: &Here,
        (term, target): (&Term, &MacroString),
        open: Vec<Group>,
        level: &mut Level,
    ) -> Vec<Group> {
        let mut stage = Stage { open, ..Stage::default() };
        let below = self.referral(here, (term, target), here.role, &mut stage);
        let mut decided = std::mem::take(&mut stage.stopped);
        let outcome = decided.first().map(|decided| outcome_of(&decided.outcome)).or(stage.trouble);
        self.draw(
            &mut level.tree,
            &term.text,
            outcome.unwrap_or(SpfOutcome::Passed),
            &decided,
            here.role,
            stage_tree(&mut stage),
        );
        level.decided.append(&mut decided);
        level.decided.extend(below.into_iter().flatten());
        stage.open
    }

    /// The record that an include or redirect leads to, evaluated for all that is open. `None`: it leads nowhere, and
    /// the stage knows why.
    pub(super) fn referral(
        &mut self,
        here: &Here,
        (term, spec): (&Term, &MacroString),
        role: Role,
        stage: &mut Stage,
    ) -> Option<Vec<Decided>> {
        let at = || here.place(term);
        self.count(stage, here, term);
        let target = match self.target(Some(spec), here) {
            Expanded::Text(target) => target,
            Expanded::Depends => {
                stage.trouble = Some(SpfOutcome::Depends);
                return None;
            }
            Expanded::Unknown => return None,
        };
        let name = owner_of(&target);
        if self.path.contains(&name) {
            stage.stop(None, &Stop::Loop { at: at(), target });
            return None;
        }
        let is_exhausted = self.stranger.is_some_and(|lookups| lookups > MAX_COUNTED);
        if stage.open.is_empty() && (self.stranger.is_none() || is_exhausted) {
            return None;
        }
        let texts = match self.lookup(&name, RecordType::Txt) {
            Ok(found) => spf_texts(found),
            Err(Missing::Impossible) => Vec::new(),
            Err(Missing::Unknown) => return None,
            Err(Missing::Failed(failure)) => {
                stage.stop(None, &Stop::Unanswered { at: at(), name, failure });
                return None;
            }
        };
        match texts.as_slice() {
            [] => stage.stop(None, &Stop::NoRecord { at: at(), target }),
            [text] => {
                self.path.push(name.clone());
                let below = Here { domain: target, name, role, depth: here.depth + 1 };
                let level = self.level(&below, text, std::mem::take(&mut stage.open));
                self.path.pop();
                stage.child = self.canvas.is_some().then_some(level.tree);
                return Some(level.decided);
            }
            _ => stage.stop(None, &Stop::SeveralRecords { at: at(), target }),
        }
        None
    }
}

/// What of a stage is drawn.
fn stage_tree(stage: &mut Stage) -> Stage {
    Stage { child: stage.child.take(), found: std::mem::take(&mut stage.found), ..Stage::default() }
}

/// The texts of the SPF records among TXT records.
pub fn spf_texts(records: &[RecordData]) -> Vec<String> {
    let joined = records.iter().filter_map(RecordData::txt_joined);
    joined.filter(|text| spf::is_record(text)).map(|text| String::from_utf8_lossy(&text).into_owned()).collect()
}
