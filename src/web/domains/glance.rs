//! What one glance at a domain's page tells: how far it is, what is left, which step comes next.

use super::RecordRow;
use crate::web::pill::Tone;

/// Where somebody stands who publishes a domain for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing of it is seen in DNS.
    Publish,
    /// Something is, and not all of it is right.
    Verify,
    Done,
}

impl Step {
    pub fn of(rows: &[RecordRow], is_verified: bool) -> Self {
        if is_verified {
            return Self::Done;
        }
        let is_seen = |row: &RecordRow| row.is_required && !row.is_inherited && (row.is_good() || row.is_bad());
        if rows.iter().any(is_seen) { Self::Verify } else { Self::Publish }
    }

    pub fn is(self, other: &str) -> bool {
        other == self.as_str()
    }

    /// Whether the step is behind.
    pub fn is_past(self, other: &str) -> bool {
        match self {
            Self::Publish => false,
            Self::Verify => other == "publish",
            Self::Done => true,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Verify => "verify",
            Self::Done => "done",
        }
    }
}

/// `2 of 4 required records verified; SPF is the one to fix.` And what is not seen or could not be asked.
pub fn sentences(rows: &[RecordRow], verified: u32, total: u32) -> Vec<String> {
    let required = || rows.iter().filter(|row| row.is_required);
    let named = |is_it: &dyn Fn(&RecordRow) -> bool| -> Vec<&str> {
        required().filter(|row| is_it(row)).map(|row| row.title).collect()
    };
    let bad = named(&|row| row.is_bad());
    let unknown = named(&|row| row.verdict == "unknown");
    let unseen = named(&|row| row.verdict == "missing" && row.pill.tone == Tone::Wait);
    let mut said = vec![match bad.as_slice() {
        [] if verified == total => format!("All {total} required records verified."),
        [] => format!("{verified} of {total} required records verified."),
        [one] => format!("{verified} of {total} required records verified; {one} is the one to fix."),
        several => {
            let list = listed(several);
            format!("{verified} of {total} required records verified; {list} are the ones to fix.")
        }
    }];
    match unseen.as_slice() {
        [] => {}
        [one] => said.push(format!("{one} is not seen in DNS yet.")),
        several if several.len() == required().count() => said.push("None of them is seen in DNS yet.".to_owned()),
        several => said.push(format!("{} are not seen in DNS yet.", listed(several))),
    }
    match unknown.as_slice() {
        [] => {}
        [one] => said.push(format!("{one} could not be asked for.")),
        several => said.push(format!("{} could not be asked for.", listed(several))),
    }
    said
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Code, Finding, Verdict};
    use crate::records::plan::RecordKey;
    use crate::web::domains::samples::{broken_spf, domain, record};

    fn rows(verdicts: &[(RecordKey, Verdict)]) -> Vec<RecordRow> {
        let views = verdicts.iter().map(|(key, verdict)| record(key.clone(), Some(*verdict)));
        views.map(|view| RecordRow::new(&view)).collect()
    }

    /// Verdicts of required records, and what is said of them.
    type Case<'a> = (&'a [(RecordKey, Verdict)], &'a [&'a str]);

    #[test]
    fn each_kind_of_what_is_left_is_a_sentence() {
        use RecordKey::{Dmarc, Mx, Spf};
        use Verdict::{Mismatch, Missing, Pass, Unknown};
        let cases: &[Case<'_>] = &[
            (&[(Spf, Pass), (Mx, Pass)], &["All 2 required records verified."]),
            (&[(Spf, Mismatch), (Mx, Pass)], &["1 of 2 required records verified; SPF is the one to fix."]),
            (
                &[(Spf, Mismatch), (Mx, Mismatch)],
                &["0 of 2 required records verified; SPF and Bounce MX are the ones to fix."],
            ),
            (&[(Spf, Missing), (Mx, Pass)], &["1 of 2 required records verified.", "SPF is not seen in DNS yet."]),
            (
                &[(Spf, Missing), (Mx, Missing)],
                &["0 of 2 required records verified.", "None of them is seen in DNS yet."],
            ),
            (
                &[(Spf, Unknown), (Mx, Missing), (Dmarc, Missing)],
                &[
                    "0 of 3 required records verified.",
                    "Bounce MX and DMARC are not seen in DNS yet.",
                    "SPF could not be asked for.",
                ],
            ),
        ];
        for (verdicts, said) in cases {
            let rows = rows(verdicts);
            let verified = u32::try_from(rows.iter().filter(|row| row.is_good()).count()).unwrap();
            assert_eq!(sentences(&rows, verified, u32::try_from(rows.len()).unwrap()), *said);
        }
    }

    #[test]
    fn the_step_follows_from_what_is_seen() {
        let nothing = rows(&[(RecordKey::Spf, Verdict::Missing)]);
        assert_eq!(Step::of(&nothing, false), Step::Publish);
        assert_eq!(Step::of(&[RecordRow::new(&broken_spf())], false), Step::Verify);
        assert_eq!(Step::of(&rows(&[(RecordKey::Spf, Verdict::Pass)]), true), Step::Done);
        let mut misplaced = domain().records[0].clone();
        misplaced.findings = vec![Finding::error(Code::NameDoubled).variant("sample")];
        assert_eq!(Step::of(&[RecordRow::new(&misplaced)], false), Step::Verify);
    }
}
