//! What a host name may hold (RFC 1123 section 2.1), and what is said of a text that holds something else.

use thiserror::Error;

use super::{MAX_LABEL_LENGTH, MAX_NAME_LENGTH};

/// Why a text is no usable sender domain. The message completes the sentence "this name …".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    #[error("is empty; type a domain such as mail.example.com")]
    Empty,
    #[error("is {0} bytes long; a domain name has at most {MAX_NAME_LENGTH}")]
    TooLong(usize),
    #[error("has an empty label (two dots in a row, or a dot in front)")]
    EmptyLabel,
    #[error("has a label of {0} bytes; a label has at most {MAX_LABEL_LENGTH}")]
    LabelTooLong(usize),
    #[error("holds {0}, which no host name may contain; letters, digits, hyphens and dots are accepted")]
    Character(String),
    #[error("has a label that begins or ends with a hyphen")]
    Hyphen,
    #[error("is a wildcard; add each sending domain by its own name")]
    Wildcard,
    #[error("is not a valid internationalised domain name")]
    Idna,
    #[error("is an IP address; a domain name such as mail.example.com is needed")]
    IpAddress,
    #[error("has one label only; a domain name such as example.com is needed")]
    SingleLabel,
    #[error("is a public suffix, under which others register their domains; add the domain below it that is yours")]
    PublicSuffix,
    #[error("belongs to a mailbox provider, so its DNS records are not yours to publish; add a domain of your own")]
    MailboxProvider,
}

/// Applies IDNA (UTS 46) where the text is not plain ASCII; plain ASCII is folded only, so that the message for a
/// forbidden character can name it. A-labels are checked to decode.
pub(super) fn to_ascii(text: &str) -> Result<String, NameError> {
    // UTS 46 would drop what is invisible without a word. The joiners alone mean something, in some scripts.
    let is_hidden = |c: char| is_invisible(c) && !matches!(c, '\u{200c}' | '\u{200d}');
    if let Some(odd) = text.chars().find(|c| c.is_control() || c.is_whitespace() || is_hidden(*c)) {
        return Err(NameError::Character(describe(odd)));
    }
    if text.is_ascii() && !text.to_ascii_lowercase().split('.').any(|label| label.starts_with("xn--")) {
        return Ok(text.to_ascii_lowercase());
    }
    let ascii = idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::STD3).map_err(|_| NameError::Idna)?;
    // Canonically these are an ASCII symbol with a stroke, which host names may not hold; UTS 46 lets them pass.
    if idna::domain_to_unicode(&ascii).0.contains(['\u{2260}', '\u{226e}', '\u{226f}']) {
        return Err(NameError::Idna);
    }
    Ok(ascii.to_ascii_lowercase())
}

pub(super) fn check_host_name(ascii: &str) -> Result<(), NameError> {
    if ascii.len() > MAX_NAME_LENGTH {
        return Err(NameError::TooLong(ascii.len()));
    }
    let labels: Vec<&str> = ascii.split('.').collect();
    for label in &labels {
        if label.is_empty() {
            return Err(NameError::EmptyLabel);
        }
        if let Some(odd) = label.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
            return Err(NameError::Character(describe(odd)));
        }
        if label.len() > MAX_LABEL_LENGTH {
            return Err(NameError::LabelTooLong(label.len()));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(NameError::Hyphen);
        }
    }
    let last = labels.last().copied().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) {
        // An address, or its beginning: no top-level name is all digits (RFC 3696 section 2).
        return Err(NameError::IpAddress);
    }
    if labels.len() < 2 { Err(NameError::SingleLabel) } else { Ok(()) }
}

/// A character as a person can see it: itself in quotes, or its code point where it has no picture.
fn describe(c: char) -> String {
    match c {
        ' ' => "a blank".to_owned(),
        '_' => "an underscore".to_owned(),
        c if c.is_control() || c.is_whitespace() || is_invisible(c) => {
            format!("the invisible character U+{:04X}", c as u32)
        }
        c => format!("“{c}”"),
    }
}

pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}
