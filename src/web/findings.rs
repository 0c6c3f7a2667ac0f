//! Findings as pages say them: the catalogue's sentences, and the text to copy.

use askama::Template;

use super::pill::Tone;
use crate::diagnosis::wording;
use crate::diagnosis::{Finding, Severity};

#[derive(Debug, Clone, Template)]
#[template(path = "finding.html")]
pub struct FindingView {
    pub code: &'static str,
    pub severity: &'static str,
    pub tone: &'static str,
    pub summary: String,
    pub why: String,
    pub fix: String,
    /// Empty where there is nothing to copy.
    pub suggested_value: String,
    /// The element id of the text to copy, unique on the page.
    pub id: String,
}

impl FindingView {
    /// `place` makes the element's id unique on its page.
    pub fn new(finding: &Finding, place: &str) -> Self {
        let said = wording::say(finding);
        let tone = match finding.severity {
            Severity::Error => Tone::Bad,
            Severity::Warning => Tone::Warn,
            Severity::Info => Tone::Wait,
        };
        Self {
            code: finding.code.as_str(),
            severity: finding.severity.as_str(),
            tone: tone.as_str(),
            summary: said.summary,
            why: said.why.unwrap_or_default(),
            fix: said.fix.unwrap_or_default(),
            suggested_value: finding.suggested_value.clone().unwrap_or_default(),
            id: format!("fix-{place}"),
        }
    }

    pub fn all(findings: &[Finding], place: &str) -> Vec<Self> {
        findings.iter().enumerate().map(|(at, finding)| Self::new(finding, &format!("{place}-{at}"))).collect()
    }

    pub fn is_info(&self) -> bool {
        self.severity == "info"
    }
}
