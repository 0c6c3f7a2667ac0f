//! The kinds of alerts as people choose them.

use crate::lifecycle::notice::NoticeKind;

/// One box to tick.
#[derive(Debug, Clone)]
pub struct KindChoice {
    pub value: &'static str,
    pub label: &'static str,
    pub is_chosen: bool,
}

/// The boxes that a user sees, ticked as chosen.
pub fn choices(is_admin: bool, chosen: &[NoticeKind]) -> Vec<KindChoice> {
    let platform = if is_admin { &NoticeKind::OF_PLATFORM[..] } else { &[] };
    let choice =
        |kind: &NoticeKind| KindChoice { value: kind.as_str(), label: label(*kind), is_chosen: chosen.contains(kind) };
    NoticeKind::OF_DOMAINS.iter().chain(platform).map(choice).collect()
}

pub fn label(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::FirstVerified => "Verified for the first time",
        NoticeKind::AtRisk => "At risk: a record was lost",
        NoticeKind::Recovered => "Well again",
        NoticeKind::Failed => "Failed: sending stopped",
        NoticeKind::Unreachable => "DNS cannot be asked for a day",
        NoticeKind::ProfileBroken => "Sending profile broken (administrators)",
        NoticeKind::ManyAtOnce => "Many domains bad at once (administrators)",
    }
}

/// What was ticked in a form: each box is a field of its own.
pub fn chosen(fields: &[(String, String)]) -> Vec<NoticeKind> {
    let ticked = fields.iter().filter(|(name, _)| name == "kinds");
    ticked.filter_map(|(_, value)| NoticeKind::find(value)).collect()
}

/// A text field of a form that has boxes too.
pub fn field(fields: &[(String, String)], name: &str) -> String {
    fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_of_the_platform_are_shown_to_administrators() {
        assert_eq!(choices(false, &[]).len(), 5);
        let all = choices(true, &[NoticeKind::ManyAtOnce]);
        assert_eq!((all.len(), all.iter().filter(|kind| kind.is_chosen).count()), (7, 1));
    }

    #[test]
    fn a_form_gives_what_was_ticked_and_nothing_unknown() {
        let fields: Vec<(String, String)> =
            [("kinds", "failed"), ("address", "a@example.com"), ("kinds", "nothing"), ("kinds", "at_risk")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec();
        assert_eq!(chosen(&fields), [NoticeKind::Failed, NoticeKind::AtRisk]);
        assert_eq!(field(&fields, "address"), "a@example.com");
        assert_eq!(field(&fields, "url"), "");
    }
}
