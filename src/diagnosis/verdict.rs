//! Findings → verdict (contract, section 4). The verdict follows from the codes, nowhere else.

use serde::{Deserialize, Serialize};

use super::finding::{Code, Finding, Severity};

/// What one check saw of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Pass,
    Warn,
    Mismatch,
    Conflict,
    Missing,
    Unknown,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Mismatch => "mismatch",
            Self::Conflict => "conflict",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }

    pub fn is_good(self) -> bool {
        matches!(self, Self::Pass | Self::Warn)
    }

    /// The verdict of a record with these findings; the first error decides between missing, conflict and mismatch.
    pub fn of(findings: &[Finding]) -> Self {
        if findings.iter().any(|finding| finding.code.is_dns_failure()) {
            return Self::Unknown;
        }
        if let Some(error) = findings.iter().find(|finding| finding.is_error()) {
            return error.code.error_verdict();
        }
        let weakens = |finding: &Finding| finding.severity == Severity::Warning && !finding.code.is_bystander();
        if findings.iter().any(weakens) { Self::Warn } else { Self::Pass }
    }
}

impl Code {
    /// The codes that say why a verdict is unknown.
    pub fn is_dns_failure(self) -> bool {
        self.as_str().starts_with("dns-")
    }

    /// The codes that never alter a verdict.
    pub fn is_bystander(self) -> bool {
        matches!(self, Self::StaleCache | Self::LameNameserver)
    }

    fn error_verdict(self) -> Verdict {
        match self {
            Self::NameDoubled | Self::WrongHost | Self::WrongType => Verdict::Missing,
            Self::SpfMissing | Self::DkimMissing | Self::DmarcMissing | Self::MxMissing | Self::CnameMissing => {
                Verdict::Missing
            }
            Self::SpfMultiple | Self::DkimMultiple | Self::DmarcMultiple => Verdict::Conflict,
            _ => Verdict::Mismatch,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_follows_from_the_codes() {
        let cases = [
            (vec![], Verdict::Pass),
            (vec![Finding::info(Code::DmarcInherited)], Verdict::Pass),
            (vec![Finding::warning(Code::StaleCache)], Verdict::Pass),
            (vec![Finding::warning(Code::DkimTesting)], Verdict::Warn),
            (vec![Finding::error(Code::NameDoubled), Finding::error(Code::DkimKeyMalformed)], Verdict::Missing),
            (vec![Finding::error(Code::SpfMultiple), Finding::error(Code::SpfNotAuthorized)], Verdict::Conflict),
            (vec![Finding::error(Code::ValuePem)], Verdict::Mismatch),
            (vec![Finding::error(Code::SpfMissing), Finding::warning(Code::DnsTimeout)], Verdict::Unknown),
        ];
        for (findings, verdict) in cases {
            assert_eq!(Verdict::of(&findings), verdict, "{findings:?}");
        }
    }
}
