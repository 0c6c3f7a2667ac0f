//! Times as people read them, in UTC, with the exact one for machines.

use askama::Template;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

#[derive(Debug, Template)]
#[template(path = "moment.html")]
pub struct Moment {
    pub exact: String,
    text: String,
}

impl Moment {
    pub fn new(at: OffsetDateTime) -> Self {
        let at = at.to_offset(time::UtcOffset::UTC);
        let people = format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute]");
        Self {
            exact: at.format(&Rfc3339).unwrap_or_default(),
            text: format!("{} UTC", at.format(&people).unwrap_or_default()),
        }
    }

    pub fn maybe(at: Option<OffsetDateTime>) -> Option<Self> {
        at.map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_time_is_said_in_utc_and_marked_for_machines() {
        let html = Moment::new(datetime!(2026-06-01 14:05:09 +2)).render().unwrap();
        assert_eq!(html, "<time datetime=\"2026-06-01T12:05:09Z\">1 Jun 2026, 12:05 UTC</time>");
    }
}
