//! The `tag=value; tag=value` lexer that DKIM (RFC 6376 section 3.2) and DMARC (RFC 9989 section 4.7) share. Parsing
//! never fails: what breaks the grammar is kept beside the tags, with its place in the text.

use std::ops::Range;

/// Which blanks may stand around names and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blanks {
    /// Blank, tab, and a line break with one of them behind it: FWS of RFC 6376 section 2.8.
    Folded,
    /// Blank and tab alone: WSP of RFC 9989 section 4.8.
    Plain,
}

/// One `name=value`, blanks around both taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub name: String,
    pub value: String,
    /// Where it stands in the text, in bytes.
    pub span: Range<usize>,
}

/// What breaks the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A piece that is no `name=value`.
    NotATag,
    /// Nothing between two semicolons, or before the first.
    Empty,
    /// A name that stood before: by RFC 6376 section 3.2 the whole list is invalid.
    Repeated,
    /// A character that no value may hold.
    Character(char),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagProblem {
    pub flaw: Flaw,
    /// Where it stands in the text, in bytes.
    pub span: Range<usize>,
}

/// The tags in order, repeated ones too, and every problem in the order of the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagList {
    pub tags: Vec<Tag>,
    pub problems: Vec<TagProblem>,
}

impl TagList {
    pub fn parse(text: &str, blanks: Blanks) -> Self {
        let mut list = Self { tags: Vec::new(), problems: strays(text, blanks) };
        let mut start = 0;
        for piece in text.split(';') {
            let end = start + piece.len();
            list.add(text, trimmed(text, start..end, blanks), end == text.len());
            start = end + 1;
        }
        list.problems.sort_by_key(|problem| problem.span.start);
        list
    }

    fn add(&mut self, text: &str, span: Range<usize>, is_last: bool) {
        let piece = &text[span.clone()];
        let flaw = match piece.split_once('=') {
            // One semicolon may end the list (RFC 6376 section 3.2).
            _ if piece.is_empty() && is_last => return,
            _ if piece.is_empty() => Flaw::Empty,
            Some((name, value)) if is_tag_name(name.trim_end_matches(is_blank)) => {
                let name = name.trim_end_matches(is_blank).to_owned();
                let is_repeated = self.position(&name).is_some();
                let value = value.trim_start_matches(is_blank).to_owned();
                self.tags.push(Tag { name, value, span: span.clone() });
                if !is_repeated {
                    return;
                }
                Flaw::Repeated
            }
            _ => Flaw::NotATag,
        };
        self.problems.push(TagProblem { flaw, span });
    }

    /// The value of the first tag of that name; names are compared as written (RFC 6376 section 3.2).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.tags.iter().find(|tag| tag.name == name).map(|tag| tag.value.as_str())
    }

    pub fn position(&self, name: &str) -> Option<usize> {
        self.tags.iter().position(|tag| tag.name == name)
    }
}

/// A blank of either kind; a line break that folds nothing is told as a stray character.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn trimmed(text: &str, span: Range<usize>, blanks: Blanks) -> Range<usize> {
    let is_around = |c: char| match blanks {
        Blanks::Folded => is_blank(c),
        Blanks::Plain => matches!(c, ' ' | '\t'),
    };
    let piece = &text[span.clone()];
    let start = span.start + piece.len() - piece.trim_start_matches(is_around).len();
    start..start + piece.trim_matches(is_around).len()
}

/// The characters that may stand nowhere: what is not printable ASCII, and line breaks that fold nothing.
fn strays(text: &str, blanks: Blanks) -> Vec<TagProblem> {
    let bytes = text.as_bytes();
    let folds = |at: usize| {
        let line_feed = if bytes[at] == b'\r' { at + 1 } else { at };
        let is_break = line_feed > 0 && bytes[line_feed - 1] == b'\r' && bytes.get(line_feed) == Some(&b'\n');
        blanks == Blanks::Folded && is_break && matches!(bytes.get(line_feed + 1), Some(b' ' | b'\t'))
    };
    let is_stray = |(at, c): &(usize, char)| match c {
        ' '..='~' | '\t' => false,
        '\r' | '\n' => !folds(*at),
        _ => true,
    };
    let problem = |(at, c): (usize, char)| TagProblem { flaw: Flaw::Character(c), span: at..at + c.len_utf8() };
    text.char_indices().filter(is_stray).map(problem).collect()
}

/// `ALPHA *ALNUMPUNC` (RFC 6376 section 3.2).
fn is_tag_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn flaws(text: &str, blanks: Blanks) -> Vec<Flaw> {
        TagList::parse(text, blanks).problems.into_iter().map(|problem| problem.flaw).collect()
    }

    #[test]
    fn blanks_around_names_and_values_do_not_count() {
        let text = " v = DMARC1 ;\tp= none ; ";
        let list = TagList::parse(text, Blanks::Plain);
        assert_eq!((list.get("v"), list.get("p"), list.problems.len()), (Some("DMARC1"), Some("none"), 0));
        assert_eq!(&text[list.tags[0].span.clone()], "v = DMARC1");
    }

    #[test]
    fn a_line_break_is_a_blank_only_where_it_folds() {
        assert_eq!(flaws("v=DKIM1;\r\n p=\r\n\tAA", Blanks::Folded), []);
        assert_eq!(flaws("v=DKIM1; p=A\r\n A", Blanks::Plain), [Flaw::Character('\r'), Flaw::Character('\n')]);
        assert_eq!(flaws("v=DKIM1;\np=AA", Blanks::Folded), [Flaw::Character('\n')]);
        assert_eq!(flaws("v=DKIM1;\r\np=AA", Blanks::Folded), [Flaw::Character('\r'), Flaw::Character('\n')]);
        assert_eq!(flaws("p=A\u{a0}A", Blanks::Folded), [Flaw::Character('\u{a0}')]);
    }

    #[test]
    fn what_breaks_the_grammar_is_kept_with_its_place() {
        let text = "v=1; junk; v=2;; 9=x; a=b;";
        let list = TagList::parse(text, Blanks::Folded);
        let seen: Vec<_> = list.problems.iter().map(|problem| (problem.flaw, &text[problem.span.clone()])).collect();
        let wanted = [(Flaw::NotATag, "junk"), (Flaw::Repeated, "v=2"), (Flaw::Empty, ""), (Flaw::NotATag, "9=x")];
        assert_eq!(seen, wanted);
        assert_eq!(list.get("v"), Some("1"));
        assert_eq!(flaws(";v=1", Blanks::Folded), [Flaw::Empty]);
        assert_eq!(flaws("", Blanks::Folded), []);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_every_span_lies_in_it(text in "(?s).*|[a-z=; \r\n\t]*") {
            for blanks in [Blanks::Folded, Blanks::Plain] {
                let list = TagList::parse(&text, blanks);
                for span in list.tags.iter().map(|tag| &tag.span).chain(list.problems.iter().map(|p| &p.span)) {
                    prop_assert!(text.get(span.clone()).is_some());
                }
            }
        }
    }
}
