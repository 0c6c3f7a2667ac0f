//! The `tag=value; tag=value` lexer that DKIM (RFC 6376 section 3.2) and DMARC (RFC 9989 section 4.7) share. Parsing
//! never fails: what is no tag is kept apart.

/// The tags in order, blanks around names and values removed, and the pieces that are no `name=value`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagList {
    pub tags: Vec<(String, String)>,
    pub junk: Vec<String>,
}

impl TagList {
    pub fn parse(text: &str) -> Self {
        let mut list = Self::default();
        for piece in text.split(';').map(str::trim).filter(|piece| !piece.is_empty()) {
            match piece.split_once('=') {
                Some((name, value)) if is_tag_name(name.trim()) => {
                    list.tags.push((name.trim().to_owned(), value.trim().to_owned()));
                }
                _ => list.junk.push(piece.to_owned()),
            }
        }
        list
    }

    /// The value of the first tag of that name; names are compared as written (RFC 6376 section 3.2).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.tags.iter().find(|(tag, _)| tag == name).map(|(_, value)| value.as_str())
    }

    pub fn position(&self, name: &str) -> Option<usize> {
        self.tags.iter().position(|(tag, _)| tag == name)
    }
}

fn is_tag_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blanks_around_names_and_values_do_not_count() {
        let list = TagList::parse(" v = DMARC1 ;p= none;; junk ");
        assert_eq!(
            (list.get("v"), list.get("p"), list.junk.clone()),
            (Some("DMARC1"), Some("none"), vec!["junk".to_owned()])
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in ".*") {
            TagList::parse(&text);
        }
    }
}
