//! Expected beside current, with what differs marked; said in words as well, for a mark alone is a colour.

use crate::console::RecordView;
use crate::diagnosis::difference::{self, Difference, Part};

/// The difference to the one record that is nearest to what is asked for.
#[derive(Debug, Default)]
pub struct DifferenceView {
    pub expected: Vec<Part>,
    /// Each record that stands there, in the order seen.
    pub current: Vec<Vec<Part>>,
    /// In words; both empty where nothing differs by meaning.
    pub only_expected: Vec<String>,
    pub only_current: Vec<String>,
    /// The text differs and the meaning does not.
    pub is_same_by_meaning: bool,
}

impl DifferenceView {
    /// `shown` is the value that the page offers for copying.
    pub fn new(record: &RecordView, shown: &str) -> Self {
        let between = |current: &String| difference::between(&record.key, shown, current);
        let all: Vec<Difference> = record.current.iter().map(between).collect();
        let nearest = all.iter().min_by_key(|difference| difference.only_expected().count());
        let Some(nearest) = nearest else {
            let whole = Part { text: shown.to_owned(), is_shared: true };
            return Self { expected: vec![whole], ..Self::default() };
        };
        let words = |all: &mut dyn Iterator<Item = &str>| all.map(shortened).collect();
        // What one of several records has is not missing: it only stands in another than the rest.
        let stands =
            |part: &Part| all.iter().flat_map(|other| &other.expected).any(|o| o.is_shared && o.text == part.text);
        let expected =
            nearest.expected.iter().cloned().map(|part| Part { is_shared: part.is_shared || stands(&part), ..part });
        let expected: Vec<Part> = expected.collect();
        let mut missing = expected.iter().filter(|part| !part.is_shared).map(|part| part.text.as_str());
        Self {
            only_expected: words(&mut missing),
            only_current: words(&mut all.iter().flat_map(Difference::only_current)),
            is_same_by_meaning: nearest.is_none() && !record.current.iter().any(|current| current == shown),
            expected,
            current: all.iter().map(|difference| difference.current.clone()).collect(),
        }
    }
}

/// The marked rest of a key is long; its ends tell it.
fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= 80 {
        return text.to_owned();
    }
    let first: String = text.chars().take(30).collect();
    let last: String = text.chars().skip(count - 30).collect();
    format!("{first} … {last}, {count} characters")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Verdict;
    use crate::records::plan::RecordKey;
    use crate::web::domains::samples::{broken_spf, record};

    #[test]
    fn what_one_of_several_records_has_is_not_missing() {
        let mut spf = broken_spf();
        spf.current = vec!["v=spf1 include:_spf.google.com ~all".into(), "v=spf1 include:spf.mta.example ~all".into()];
        let view = DifferenceView::new(&spf, "v=spf1 include:_spf.google.com include:spf.mta.example ~all");
        assert_eq!(view.only_expected, [""; 0]);
        assert!(view.expected.iter().all(|part| part.is_shared));
    }

    #[test]
    fn what_differs_is_said_in_words_for_the_nearest_record() {
        let mut spf = broken_spf();
        spf.current = vec!["v=spf1 a -all".into(), "v=spf1 include:_spf.google.com -all".into()];
        let view = DifferenceView::new(&spf, "v=spf1 include:_spf.google.com include:spf.mta.example -all");
        assert_eq!(view.only_expected, ["include:spf.mta.example"]);
        assert_eq!((view.only_current.as_slice(), view.current.len()), (["a".to_owned()].as_slice(), 2));
    }

    #[test]
    fn another_order_is_the_same_by_meaning_and_nothing_there_is_no_difference() {
        let mut dmarc = record(RecordKey::Dmarc, Some(Verdict::Pass));
        dmarc.current = vec!["v=DMARC1;p=none;".into()];
        assert!(DifferenceView::new(&dmarc, "v=DMARC1; p=none").is_same_by_meaning);
        dmarc.current.clear();
        let view = DifferenceView::new(&dmarc, "v=DMARC1; p=none");
        assert!(!view.is_same_by_meaning && view.only_expected.is_empty() && view.expected.len() == 1);
    }

    #[test]
    fn a_long_rest_is_told_by_its_ends() {
        assert!(shortened(&"A".repeat(300)).ends_with(", 300 characters"));
    }
}
