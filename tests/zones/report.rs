//! A look as text: what a snapshot keeps. Key texts stand as their names; of what is in good order one line is kept.

use std::fmt::Write;

use signet::diagnosis::{AnsweredBy, Diagnosis, Finding, RecordDiagnosis, wording};

use crate::keys::KEYS;
use crate::world::BrokenWorld;

pub fn text(world: &BrokenWorld, diagnosis: &Diagnosis) -> String {
    let mut out = format!("{}\n", world.rule);
    let zone = diagnosis.zone.as_ref().map_or_else(|| "no zone known".to_owned(), |zone| format!("zone {zone}"));
    writeln!(out, "{}, {zone}", world.plan.domain).unwrap();
    diagnosis.findings.iter().for_each(|finding| push(&mut out, finding));
    diagnosis.records.iter().for_each(|record| push_record(&mut out, record));
    KEYS.iter().fold(out, |text, (name, key)| text.replace(key, &format!("‹{name}›")))
}

fn push_record(out: &mut String, record: &RecordDiagnosis) {
    let by = match record.answered_by {
        Some(AnsweredBy::Authoritative) => "said by the nameservers",
        Some(AnsweredBy::Recursive) => "said by the resolver",
        None => "not answered",
    };
    let inherited = if record.is_inherited { ", inherited" } else { "" };
    writeln!(out, "{} {}, {by}{inherited}", record.key, record.verdict.as_str()).unwrap();
    if record.findings.is_empty() {
        return;
    }
    for current in &record.current {
        writeln!(out, "  now: {}", current.escape_debug()).unwrap();
    }
    record.findings.iter().for_each(|finding| push(out, finding));
    if let Some(value) = &record.suggested_value {
        writeln!(out, "  offered: {value}").unwrap();
    }
}

fn push(out: &mut String, finding: &Finding) {
    let said = wording::say(finding);
    let variant = finding.variant.as_ref().map(|variant| format!("--{variant}")).unwrap_or_default();
    writeln!(out, "  {} {}{variant}", finding.severity.as_str(), finding.code.as_str()).unwrap();
    for sentence in [Some(said.summary), said.why, said.fix].into_iter().flatten() {
        writeln!(out, "    {sentence}").unwrap();
    }
    if let Some(value) = &finding.suggested_value {
        writeln!(out, "    publish: {value}").unwrap();
    }
}
