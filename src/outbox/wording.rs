//! The words of what people are sent, in Fluent files beside this one. A second language is a second folder.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use time::OffsetDateTime;

use crate::store::teams::TeamPlace;

static ENGLISH: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle("en", include_str!("en/mail.ftl")));

fn bundle(tag: &str, source: &str) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![tag.parse().expect("it is a language tag")]);
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(source.to_owned())
        .unwrap_or_else(|(_, errors)| panic!("the catalogue is compiled in and tested: {errors:?}"));
    bundle.add_resource(resource).unwrap_or_else(|errors| panic!("each message stands once: {errors:?}"));
    bundle
}

/// Says things in one language and at one clock.
#[derive(Clone)]
pub struct Words {
    bundle: &'static FluentBundle<FluentResource>,
    zone: jiff::tz::TimeZone,
}

/// What stands in a sentence.
pub type Args<'a> = &'a [(&'static str, FluentValue<'a>)];

impl Words {
    /// A language that there is no folder for is said in English; a time zone that nobody knows is UTC.
    pub fn of(place: Option<&TeamPlace>) -> Self {
        let zone = place.and_then(|place| jiff::tz::TimeZone::get(&place.time_zone).ok());
        Self { bundle: &ENGLISH, zone: zone.unwrap_or(jiff::tz::TimeZone::UTC) }
    }

    /// A message, `ID` or `ID.ATTRIBUTE`. One that is not there shows as its own name, which the tests refuse.
    pub fn say(&self, id: &str, args: Args<'_>) -> String {
        self.find(id, args).unwrap_or_else(|| id.to_owned())
    }

    fn find(&self, id: &str, args: Args<'_>) -> Option<String> {
        let (name, attribute) = id.split_once('.').map_or((id, None), |(name, attribute)| (name, Some(attribute)));
        let message = self.bundle.get_message(name)?;
        let pattern = match attribute {
            Some(attribute) => message.get_attribute(attribute)?.value(),
            None => message.value()?,
        };
        let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value.clone())).collect();
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        debug_assert!(errors.is_empty(), "{id}: {errors:?}");
        Some(text)
    }

    /// A time as people of the team read it, its zone beside it.
    pub fn moment(&self, at: OffsetDateTime) -> String {
        let Ok(timestamp) = jiff::Timestamp::from_second(at.unix_timestamp()) else { return at.to_string() };
        let local = jiff::ZonedDateTime::new(timestamp, self.zone.clone());
        let args: Args<'_> = &[
            ("day", FluentValue::from(i64::from(local.day()))),
            ("month", FluentValue::from(i64::from(local.month()))),
            ("year", FluentValue::from(local.year().to_string())),
            ("time", FluentValue::from(local.strftime("%H:%M").to_string())),
            ("zone", FluentValue::from(local.strftime("%Z").to_string())),
        ];
        self.say("moment", args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::notice::NoticeKind;
    use time::macros::datetime;

    fn words(time_zone: &str) -> Words {
        Words::of(Some(&TeamPlace { language: "en".into(), time_zone: time_zone.into() }))
    }

    #[test]
    fn a_time_is_said_at_the_teams_clock_summer_and_winter() {
        let (summer, winter) = (datetime!(2026-06-30 22:30 UTC), datetime!(2026-12-31 23:30 UTC));
        assert_eq!(words("Europe/Berlin").moment(summer), "1 July 2026, 00:30 CEST");
        assert_eq!(words("Europe/Berlin").moment(winter), "1 January 2027, 00:30 CET");
        assert_eq!(words("Asia/Kolkata").moment(summer), "1 July 2026, 04:00 IST");
        for unknown in ["UTC", "Middle/Earth", "../../etc/passwd", ""] {
            assert_eq!(words(unknown).moment(summer), "30 June 2026, 22:30 UTC");
        }
    }

    #[test]
    fn every_kind_has_a_subject_a_body_and_a_line() {
        let args: Args<'_> = &["domain", "at", "since", "until", "count"].map(|name| (name, FluentValue::from("x")));
        let words = Words::of(None);
        for kind in NoticeKind::OF_DOMAINS.into_iter().chain(NoticeKind::OF_PLATFORM) {
            for part in ["subject", "body", "line"] {
                let id = format!("alert--{}.{part}", kind.as_str());
                assert!(words.find(&id, args).is_some_and(|text| !text.contains('{')), "{id}");
            }
        }
    }
}
