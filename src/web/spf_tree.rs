//! SPF's evaluation as a tree: each term, what came of it for our servers, what stood there, the lookups so far.

use askama::Template;

use crate::diagnosis::spf_eval::{SpfMark, SpfOutcome, SpfTree, SpfTreeTerm};

#[derive(Template)]
#[template(path = "records/spf_tree.html")]
pub struct SpfTreeView {
    name: String,
    record: String,
    terms: Vec<TermView>,
    omitted: usize,
}

struct TermView {
    /// Empty for the end of the record.
    term: String,
    more: usize,
    lookups: u32,
    is_over: bool,
    outcome: &'static str,
    decided: String,
    found: String,
    /// `found`, `lost` or empty.
    mark: &'static str,
    child: Option<SpfTreeView>,
}

impl SpfTreeView {
    pub fn new(tree: &SpfTree) -> Self {
        Self {
            name: tree.name.clone(),
            record: tree.record.clone(),
            terms: tree.terms.iter().map(TermView::new).collect(),
            omitted: tree.omitted,
        }
    }
}

impl TermView {
    fn new(term: &SpfTreeTerm) -> Self {
        Self {
            term: term.term.clone(),
            more: term.more,
            lookups: term.lookups,
            is_over: term.lookups > crate::diagnosis::spf_eval::MAX_LOOKUPS,
            outcome: outcome(term.outcome),
            decided: term.decided.join(", "),
            found: term.found.join(", "),
            mark: match term.mark {
                Some(SpfMark::Found) => "found",
                Some(SpfMark::Lost) => "lost",
                None => "",
            },
            child: term.child.as_deref().map(SpfTreeView::new),
        }
    }
}

fn outcome(outcome: SpfOutcome) -> &'static str {
    match outcome {
        SpfOutcome::NoMatch => "no match",
        SpfOutcome::Pass => "pass",
        SpfOutcome::Fail => "fail",
        SpfOutcome::SoftFail => "softfail",
        SpfOutcome::Neutral => "neutral",
        SpfOutcome::Depends => "depends on the single message; no match for us",
        SpfOutcome::NotNeeded => "not needed for our servers",
        SpfOutcome::NotReached => "never reached",
        SpfOutcome::Passed => "as the record below says",
        SpfOutcome::Syntax => "cannot be read: permanent error",
        SpfOutcome::LookupLimit => "more than 10 lookups: permanent error",
        SpfOutcome::VoidLimit => "the third lookup that finds nothing: permanent error",
        SpfOutcome::MxLimit => "more than 10 mail hosts: permanent error",
        SpfOutcome::Loop => "leads back to itself: permanent error",
        SpfOutcome::NoRecord => "no SPF record there: permanent error",
        SpfOutcome::SeveralRecords => "several SPF records there: permanent error",
        SpfOutcome::TooLarge => "larger than is followed here",
        SpfOutcome::Unanswered => "could not be asked: temporary error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_says_what_came_of_it_in_words() {
        let term = |text: &str, outcome, mark| SpfTreeTerm {
            term: text.to_owned(),
            more: 3,
            lookups: 11,
            outcome,
            decided: vec!["192.0.2.0/24".to_owned()],
            found: vec!["203.0.113.5".to_owned()],
            mark,
            child: None,
        };
        let tree = SpfTree {
            name: "mail.example.com".to_owned(),
            record: "v=spf1 <b>".to_owned(),
            terms: vec![
                term("a:<script>", SpfOutcome::LookupLimit, Some(SpfMark::Lost)),
                term("", SpfOutcome::Neutral, None),
            ],
            omitted: 7,
        };
        let html = SpfTreeView::new(&tree).render().unwrap();
        for text in [
            "Our servers are lost here",
            "more than 10 lookups: permanent error",
            "11 of 10 lookups",
            "and 3 more address terms",
            "192.0.2.0/24",
            "203.0.113.5",
            "end of the record",
            "7 more terms are not shown",
            "v=spf1 &#60;b&#62;",
        ] {
            assert!(html.contains(text), "{text} in {html}");
        }
        assert!(!html.contains("<script>"));
    }
}
