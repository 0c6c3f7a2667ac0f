//! Macro strings (RFC 7208 section 7.1), read once: literals and expansions. What an expansion stands for depends on
//! the message and is not known here.

use std::fmt;

/// Where a macro string stands: `c`, `r` and `t` are for explanations alone (RFC 7208 section 7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Name,
    Explanation,
}

/// A macro string: the text as written, and its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroString {
    text: String,
    pub parts: Vec<MacroPart>,
    ends_in_macro: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MacroPart {
    Literal(String),
    Expand(MacroExpand),
}

/// `%{LETTER DIGITS r DELIMITERS}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroExpand {
    /// In lower case.
    pub letter: char,
    /// Written in upper case: the value is URL-escaped (RFC 7208 section 7.3).
    pub is_escaped: bool,
    /// How many parts are kept, counted from the right; `None`: all.
    pub keep: Option<u32>,
    pub is_reversed: bool,
    /// What the value is split at; never empty.
    pub delimiters: String,
}

impl MacroString {
    /// Reads visible ASCII, blanks too in an explanation. `None`: a syntax error.
    pub fn parse(text: &str, scope: Scope) -> Option<Self> {
        let is_plain = |b: u8| b.is_ascii_graphic() || (b == b' ' && scope == Scope::Explanation);
        if !text.bytes().all(is_plain) {
            return None;
        }
        let mut parts = Vec::new();
        let mut ends_in_macro = false;
        let mut rest = text;
        while !rest.is_empty() {
            let literal = rest.find('%').unwrap_or(rest.len());
            push_literal(&mut parts, &rest[..literal]);
            ends_in_macro = literal < rest.len();
            if !ends_in_macro {
                break;
            }
            let (part, length) = expansion(&rest[literal..], scope)?;
            match part {
                MacroPart::Literal(text) => push_literal(&mut parts, &text),
                expand @ MacroPart::Expand(_) => parts.push(expand),
            }
            rest = &rest[literal + length..];
        }
        Some(Self { text: text.to_owned(), parts, ends_in_macro })
    }

    /// Reads a domain-spec: a macro string that ends in a macro, or in a dot and a top label that is no number.
    pub fn parse_domain_spec(text: &str) -> Option<Self> {
        let spec = Self::parse(text, Scope::Name).filter(|_| !text.is_empty())?;
        let tail = &text[text.rfind(['%', '}']).map_or(0, |at| at + 1)..];
        let is_named = || {
            let (_, top) = tail.strip_suffix('.').unwrap_or(tail).rsplit_once('.')?;
            is_top_label(top).then_some(())
        };
        (spec.ends_in_macro || is_named().is_some()).then_some(spec)
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text where it is a name as it stands, without any macro.
    pub fn plain(&self) -> Option<&str> {
        (!self.text.contains('%')).then_some(&self.text)
    }

    pub fn letters(&self) -> impl Iterator<Item = char> {
        self.parts.iter().filter_map(|part| match part {
            MacroPart::Expand(expand) => Some(expand.letter),
            MacroPart::Literal(_) => None,
        })
    }
}

impl fmt::Display for MacroString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn push_literal(parts: &mut Vec<MacroPart>, text: &str) {
    match parts.last_mut() {
        Some(MacroPart::Literal(before)) => before.push_str(text),
        _ if text.is_empty() => {}
        _ => parts.push(MacroPart::Literal(text.to_owned())),
    }
}

/// What begins at a `%`, and how many bytes it takes.
fn expansion(text: &str, scope: Scope) -> Option<(MacroPart, usize)> {
    let literal = |text: &str| Some((MacroPart::Literal(text.to_owned()), 2));
    match text.as_bytes().get(1)? {
        b'%' => literal("%"),
        b'_' => literal(" "),
        b'-' => literal("%20"),
        b'{' => {
            let end = text.find('}')?;
            Some((MacroPart::Expand(expand(&text[2..end], scope)?), end + 1))
        }
        _ => None,
    }
}

fn expand(body: &str, scope: Scope) -> Option<MacroExpand> {
    let first = body.chars().next()?;
    let letter = first.to_ascii_lowercase();
    let letters = if scope == Scope::Explanation { "slodiphvcrt" } else { "slodiphv" };
    if !letters.contains(letter) {
        return None;
    }
    let rest = &body[1..];
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (digits, rest) = rest.split_at(digits);
    // "The value MUST be nonzero" (RFC 7208 section 7.3).
    let keep = match digits {
        "" => None,
        digits if digits.bytes().all(|b| b == b'0') => return None,
        digits => Some(digits.parse().unwrap_or(u32::MAX)),
    };
    let unreversed = rest.strip_prefix(['r', 'R']);
    let delimiters = unreversed.unwrap_or(rest);
    if !delimiters.chars().all(|c| ".-+,/_=".contains(c)) {
        return None;
    }
    Some(MacroExpand {
        letter,
        is_escaped: first.is_ascii_uppercase(),
        keep,
        is_reversed: unreversed.is_some(),
        delimiters: if delimiters.is_empty() { ".".to_owned() } else { delimiters.to_owned() },
    })
}

/// Letters, digits and inner hyphens, not digits alone (RFC 7208 section 7.1).
fn is_top_label(text: &str) -> bool {
    !text.is_empty()
        && !text.bytes().all(|b| b.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_spec_ends_in_a_macro_or_a_top_label() {
        for good in ["a.example", "a.example.", "%{d}", "_spf.%{d2}", "%{ir}.%{v}.x.example", "foo%%", "a:b/c.example"]
        {
            assert!(MacroString::parse_domain_spec(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "museum",
            "museum.",
            "192.0.2.1",
            "a.-com",
            "a.com-",
            "%{d}com",
            "%{d}.",
            "a.ex ample",
            "ä.example",
            "%{a}",
            "%{d0}",
            "%(d)",
            "%{d",
            "%{dx}",
            "%{r}.example",
            "a.example/24",
        ] {
            assert!(MacroString::parse_domain_spec(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_expansion_is_read_whole() {
        let read = MacroString::parse("x%{L2r+-}%_y", Scope::Explanation).unwrap();
        let expand = MacroExpand {
            letter: 'l',
            is_escaped: true,
            keep: Some(2),
            is_reversed: true,
            delimiters: "+-".to_owned(),
        };
        let parts =
            vec![MacroPart::Literal("x".to_owned()), MacroPart::Expand(expand), MacroPart::Literal(" y".to_owned())];
        assert_eq!(read.parts, parts);
    }
}
