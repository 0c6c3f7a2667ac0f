//! What an edit of the profile does, said before it is saved: how many domains are asked for what, and what is broken.

use askama::Template;
use time::Date;
use time::macros::format_description;

use super::typed::Typed;
use crate::console::{CountedChange, ProfilePreview};
use crate::diagnosis::profile::PartState;
use crate::records::plan::RecordKey;
use crate::records::profile::{Change, ChangeKind};
use crate::web::findings::FindingView;
use crate::web::forms::Mistakes;
use crate::web::layout::Layout;
use crate::web::numbers::grouped;

const FIELDS: [&str; 1] = ["cut_over"];

#[derive(Template)]
#[template(path = "settings/profile_preview.html")]
pub struct PreviewPage {
    layout: Layout,
    typed: Typed,
    /// Somebody else has saved another version since the form was opened.
    is_changed_meanwhile: bool,
    /// A sentence each.
    changes: Vec<String>,
    broken: Vec<FindingView>,
    /// What could not be asked, in words.
    unasked: Vec<&'static str>,
    is_cut_over: bool,
    /// YYYY-MM-DD.
    first_cut_over: String,
    mistakes: Mistakes,
    other_mistake: String,
}

impl PreviewPage {
    pub fn new(
        layout: Layout,
        mut typed: Typed,
        preview: &ProfilePreview,
        mistakes: Mistakes,
        is_changed_meanwhile: bool,
    ) -> Self {
        let first_cut_over = day(preview.first_cut_over);
        if typed.cut_over.is_empty() {
            typed.cut_over.clone_from(&first_cut_over);
        }
        let of_state = |state| preview.parts.iter().filter(move |part| part.state == state);
        let findings: Vec<_> = of_state(PartState::Broken).flat_map(|part| part.findings.clone()).collect();
        Self {
            layout,
            is_changed_meanwhile,
            changes: preview.changes.iter().map(|counted| sentence(counted, &typed)).collect(),
            broken: FindingView::all(&findings, "profile"),
            unasked: of_state(PartState::Unasked).map(|part| part_name(&part.key)).collect(),
            is_cut_over: preview.is_cut_over(),
            first_cut_over,
            other_mistake: mistakes.beside(&FIELDS),
            mistakes,
            typed,
        }
    }
}

/// A part of the profile by its field's name.
pub fn part_name(key: &RecordKey) -> &'static str {
    match key {
        RecordKey::Spf => "the SPF mechanisms",
        RecordKey::Mx => "the bounce MX",
        RecordKey::ReturnPath => "the return path",
        RecordKey::Tracking => "tracking",
        RecordKey::Dmarc => "the DMARC report addresses",
        RecordKey::Dkim(_) => "the keys",
    }
}

/// `2030-01-31`.
fn day(date: Date) -> String {
    date.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

fn sentence(counted: &CountedChange, typed: &Typed) -> String {
    let domains = domains(counted.domains);
    let terms = |terms: &[crate::records::spf::ProfileMechanism]| {
        terms.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    match &counted.change {
        Change::SpfAdded(added) if added.len() == 1 => {
            format!("{domains} will be asked to publish a new SPF term: {}", terms(added))
        }
        Change::SpfAdded(added) => {
            format!("{domains} will be asked to publish {} new SPF terms: {}", added.len(), terms(added))
        }
        Change::SpfRemoved(removed) => format!(
            "{domains} will no longer be asked for {}; a record that still has it stays good as long as it evaluates.",
            terms(removed)
        ),
        Change::Record { key, kind } => record_sentence(key, *kind, &domains, counted, typed),
        Change::MxPriority => {
            format!("{domains} will be shown another MX priority; what is published stays good.")
        }
        Change::Dmarc => {
            "Domains without a policy will be offered the new one; any policy of their own stays good.".into()
        }
        Change::SelectorPrefix => {
            format!("Keys made from now on have selectors that begin with {}; others stay.", typed.selector_prefix)
        }
    }
}

fn record_sentence(key: &RecordKey, kind: ChangeKind, domains: &str, counted: &CountedChange, typed: &Typed) -> String {
    let (what, value) = match key {
        RecordKey::Mx => ("MX record", &typed.mx),
        RecordKey::ReturnPath => ("return-path CNAME", &typed.return_path),
        _ => ("tracking CNAME", &typed.tracking),
    };
    match kind {
        ChangeKind::Added if *key == RecordKey::Tracking => {
            format!("{domains} will be offered a {what} ({value}); it is never required.")
        }
        ChangeKind::Added => {
            let article = if *key == RecordKey::Mx { "an" } else { "a" };
            let verified = match counted.verified {
                0 => String::new(),
                1 => " One of them was verified before: of it the record is not required before its first pass.".into(),
                many => format!(
                    " {} of them were verified before: of those it is not required before its first pass.",
                    grouped(many)
                ),
            };
            format!("{domains} will be asked to publish {article} {what} ({value}).{verified}")
        }
        ChangeKind::Changed => format!("{domains} will be asked to change the {what} to {value}"),
        ChangeKind::Removed => format!("{domains} will no longer be asked for the {what}; it may stay."),
    }
}

/// `1,204 domains`.
fn domains(count: u64) -> String {
    match count {
        1 => "1 domain".to_owned(),
        count => format!("{} domains", grouped(count)),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::diagnosis::profile::PartDiagnosis;
    use crate::diagnosis::{Code, Finding};
    use crate::records::plan::SendingProfile;
    use crate::records::spf::ProfileMechanism;
    use time::macros::date;

    fn counted(change: Change, domains: u64, verified: u64) -> CountedChange {
        CountedChange { change, domains, verified }
    }

    fn preview() -> ProfilePreview {
        let record = |key, kind| Change::Record { key, kind };
        let broken = Finding::error(Code::ProfileBroken).variant("mx").arg("target", "b.mta.example");
        ProfilePreview {
            base: 4,
            changes: vec![
                counted(Change::SpfAdded(ProfileMechanism::parse_list("include:b.mta.example").unwrap()), 1204, 0),
                counted(record(RecordKey::Mx, ChangeKind::Added), 1_000_000, 999),
                counted(record(RecordKey::ReturnPath, ChangeKind::Changed), 1, 0),
                counted(Change::Dmarc, 1204, 0),
            ],
            parts: vec![
                PartDiagnosis { key: RecordKey::Mx, state: PartState::Broken, findings: vec![broken] },
                PartDiagnosis { key: RecordKey::Spf, state: PartState::Unasked, findings: Vec::new() },
            ],
            first_cut_over: date!(2026 - 06 - 15),
        }
    }

    pub fn sample() -> String {
        let typed = Typed {
            mx: "10 b.mta.example".into(),
            return_path: "back rp.mta.example".into(),
            ..Typed::of(&SendingProfile::default())
        };
        let layout = super::super::tests::layout();
        PreviewPage::new(layout, typed, &preview(), Mistakes::default(), false).render().unwrap()
    }

    #[test]
    fn it_says_how_many_domains_are_asked_for_what() {
        let page = sample();
        for said in [
            "1,204 domains will be asked to publish a new SPF term: include:b.mta.example",
            "1,000,000 domains will be asked to publish an MX record (10 b.mta.example). 999 of them were verified before",
            "1 domain will be asked to change the return-path CNAME to back rp.mta.example",
        ] {
            assert!(page.contains(said), "{said}\n{page}");
        }
    }

    #[test]
    fn it_says_what_is_broken_and_what_could_not_be_asked() {
        let page = sample();
        assert!(page.contains("The bounce host b.mta.example has no address.") && page.contains("Save anyway"));
        assert!(page.contains("could not be asked: the SPF mechanisms"));
        assert!(page.contains("name=\"cut_over\" type=\"date\" min=\"2026-06-15\" value=\"2026-06-15\""));
    }
}
