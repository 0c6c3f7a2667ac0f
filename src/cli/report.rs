//! A diagnosis as text of at most 80 columns, and in the shape of the API.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::diagnosis::{Diagnosis, Finding, RecordDiagnosis, wording};
use crate::records::plan::{Plan, PlannedRecord};

const COLUMNS: usize = 80;

/// The report for a terminal. `is_dkim_open`: no selector was named, so DKIM was not asked.
pub fn text(plan: &Plan, diagnosis: &Diagnosis, is_dkim_open: bool) -> String {
    let mut out = String::new();
    push_wrapped(&mut out, "", &plan.domain.to_string());
    for finding in &diagnosis.findings {
        push_finding(&mut out, finding);
    }
    if is_dkim_open {
        push_wrapped(&mut out, "", "DKIM: not asked; name a selector with --selector");
    }
    for (record, seen) in plan.records.iter().zip(&diagnosis.records) {
        push_record(&mut out, record, seen);
    }
    out
}

fn push_record(out: &mut String, record: &PlannedRecord, seen: &RecordDiagnosis) {
    let title = match record.key.purpose() {
        "dkim" => format!("DKIM {}", record.owner),
        purpose => format!("{} {}", purpose.to_uppercase(), record.owner),
    };
    out.push('\n');
    push_wrapped(out, "", &format!("{title}: {}", seen.verdict.as_str()));
    for current in &seen.current {
        push_wrapped(out, "  now: ", current);
    }
    for finding in &seen.findings {
        push_finding(out, finding);
    }
}

fn push_finding(out: &mut String, finding: &Finding) {
    let said = wording::say(finding);
    let code = format!("  {} ({})", finding.severity.as_str(), finding.code.as_str());
    push_wrapped(out, "", &code);
    push_wrapped(out, "    ", &said.summary);
    if let Some(fix) = said.fix {
        push_wrapped(out, "    ", &fix);
    }
    if let Some(value) = &finding.suggested_value {
        push_wrapped(out, "    publish: ", value);
    }
}

/// Appends `text` behind `lead`, wrapped at blanks; a word that is longer than a line is cut.
fn push_wrapped(out: &mut String, lead: &str, text: &str) {
    let room = COLUMNS - lead.chars().count();
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let printable = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>();
    for word in printable.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        if !line.is_empty() && line.chars().count() + 1 + word.len() > room {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        while word.len() > room {
            lines.push(word.drain(..room).collect());
        }
        line.extend(word);
    }
    lines.push(line);
    for (at, line) in lines.iter().enumerate() {
        let lead = if at == 0 { lead.to_owned() } else { " ".repeat(lead.chars().count()) };
        let _ = writeln!(out, "{lead}{line}");
    }
}

/// The API's shape; null where there is no account to know it.
pub fn json(plan: &Plan, diagnosis: &Diagnosis) -> Value {
    let registrable = plan.domain.registrable().owner();
    let zone = diagnosis.zone.as_ref().unwrap_or(&registrable);
    let records: Vec<Value> = plan
        .records
        .iter()
        .zip(&diagnosis.records)
        .map(|(record, seen)| {
            let value = record.value();
            json!({
                "key": record.key.to_string(),
                "purpose": record.key.purpose(),
                "type": record.rtype().as_str(),
                "name": record.owner.to_string(),
                "host": record.owner.host_in(zone),
                "value": (!value.is_empty()).then_some(value),
                "priority": record.priority(),
                "required": null,
                "status": null,
                "verdict": seen.verdict,
                "current": seen.current,
                "answered_by": seen.answered_by,
                "checked_at": null,
                "verified_at": null,
                "findings": seen.findings.iter().map(finding_json).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "id": null, "name": plan.domain.as_str(), "unicode_name": plan.domain.unicode(), "zone": zone.to_string(),
        "status": null, "can_send": null, "required": null, "tags": null, "created_at": null, "verified_at": null,
        "last_checked_at": null, "next_check_at": null, "at_risk_since": null, "stops_sending_at": null,
        "unknown_since": null,
        "findings": diagnosis.findings.iter().map(finding_json).collect::<Vec<_>>(),
        "records": records,
    })
}

fn finding_json(finding: &Finding) -> Value {
    let said = wording::say(finding);
    json!({
        "code": finding.code,
        "severity": finding.severity,
        "summary": said.summary,
        "fix": said.fix,
        "suggested_value": finding.suggested_value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_a_terminal() {
        let mut out = String::new();
        push_wrapped(&mut out, "    publish: ", &format!("v=DKIM1; k=rsa; p={}", "A".repeat(400)));
        assert!(out.lines().all(|line| line.chars().count() <= COLUMNS), "{out}");
        assert_eq!(out.matches('A').count(), 400);
    }
}
