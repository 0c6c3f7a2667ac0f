//! How the profile stands: what the last look at its names found, which old values still count, who edited it when.

use super::preview::part_name;
use crate::console::ProfileView;
use crate::diagnosis::profile::PartState;
use crate::records::profile::{Change, ChangeKind, changes};
use crate::web::findings::FindingView;
use crate::web::moment::Moment;

#[derive(Default)]
pub struct ProfileState {
    pub has_profile: bool,
    /// When the names were looked at last.
    pub checked_at: Option<Moment>,
    pub broken: Vec<FindingView>,
    pub unasked: Vec<&'static str>,
    /// Until when the values of an older version count as well, the last one first.
    pub former: Vec<FormerLine>,
    /// The newest first.
    pub history: Vec<HistoryLine>,
}

pub struct FormerLine {
    pub until: Moment,
    /// What was asked for then and is not now.
    pub differs: String,
}

pub struct HistoryLine {
    pub number: u32,
    pub saved_at: Moment,
    pub by: String,
    pub changed: String,
}

impl ProfileState {
    pub fn new(view: &ProfileView) -> Self {
        let parts = view.check.as_ref().map(|check| check.parts.as_slice()).unwrap_or_default();
        let of_state = |state| parts.iter().filter(move |part| part.state == state);
        let findings: Vec<_> = of_state(PartState::Broken).flat_map(|part| part.findings.clone()).collect();
        let former = view.former.iter().map(|former| FormerLine {
            until: Moment::new(former.accepted_until),
            differs: list(&changes(&former.profile, &view.profile), Change::is_cut_over),
        });
        Self {
            has_profile: view.version > 0,
            checked_at: view.check.as_ref().map(|check| Moment::new(check.checked_at)),
            broken: FindingView::all(&findings, "profile"),
            unasked: of_state(PartState::Unasked).map(|part| part_name(&part.key)).collect(),
            former: former.filter(|line| !line.differs.is_empty()).collect(),
            history: history(view),
        }
    }

    pub fn is_whole(&self) -> bool {
        self.checked_at.is_some() && self.broken.is_empty() && self.unasked.is_empty()
    }
}

fn history(view: &ProfileView) -> Vec<HistoryLine> {
    let versions = &view.history;
    let line = |at: usize| {
        let version = &versions[at];
        let changed = match versions.get(at + 1) {
            Some(before) => list(&changes(&before.profile, &version.profile), |_| true),
            None => "first version".to_owned(),
        };
        HistoryLine { number: version.number, saved_at: Moment::new(version.saved_at), by: version.by.clone(), changed }
    };
    (0..versions.len()).map(line).collect()
}

/// The changes that `counts`, in a few words each.
fn list(changes: &[Change], counts: impl Fn(&Change) -> bool) -> String {
    let words: Vec<String> = changes.iter().filter(|change| counts(change)).map(words).collect();
    words.join(", ")
}

fn words(change: &Change) -> String {
    let terms = |terms: &[crate::records::spf::ProfileMechanism]| {
        terms.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    match change {
        Change::SpfAdded(added) => format!("SPF with {}", terms(added)),
        Change::SpfRemoved(removed) => format!("SPF without {}", terms(removed)),
        Change::Record { key, kind } => {
            let kind = match kind {
                ChangeKind::Added => "added",
                ChangeKind::Changed => "changed",
                ChangeKind::Removed => "taken out",
            };
            format!("{} {kind}", key.purpose().replace('-', " ").replace("mx", "MX"))
        }
        Change::MxPriority => "MX priority changed".to_owned(),
        Change::Dmarc => "DMARC policy changed".to_owned(),
        Change::SelectorPrefix => "selector prefix changed".to_owned(),
    }
}
