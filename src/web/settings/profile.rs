//! The sending profile: what this platform asks every domain to publish.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::console::Console;
use crate::failure::Failure;
use crate::records::Selector;
use crate::records::dmarc::DmarcOffer;
use crate::records::plan::{BounceMx, CnameOffer, SendingProfile};
use crate::records::spf::ProfileMechanism;
use crate::web::failures::PageFailure;
use crate::web::forms::{Form, Mistakes, page};
use crate::web::layout::{Layout, Section};
use crate::web::session::SignedIn;

const FIELDS: [&str; 6] = ["spf", "mx", "return_path", "tracking", "dmarc", "selector_prefix"];
const DEFAULT_SELECTOR_PREFIX: &str = "s";

#[derive(Template)]
#[template(path = "settings/profile.html")]
struct ProfilePage {
    layout: Layout,
    /// The second step of setup.
    is_setup: bool,
    was_saved: bool,
    typed: Typed,
    mistakes: Mistakes,
    /// Mistakes of no field.
    other_mistake: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct Typed {
    #[serde(default)]
    spf: String,
    #[serde(default)]
    mx: String,
    #[serde(default)]
    return_path: String,
    #[serde(default)]
    tracking: String,
    #[serde(default)]
    dmarc: String,
    #[serde(default)]
    selector_prefix: String,
    /// `2` where the form is setup's second step.
    #[serde(default)]
    step: String,
}

#[derive(Deserialize)]
pub struct Shown {
    #[serde(default)]
    step: String,
    #[serde(default)]
    saved: String,
}

/// `GET /settings/profile`
pub async fn show(
    State(console): State<Console>,
    user: SignedIn,
    Query(shown): Query<Shown>,
) -> Result<Response, PageFailure> {
    administrators_only(&user)?;
    let mut typed = Typed::of(&console.profile().await?.unwrap_or_default());
    typed.step = shown.step;
    let was_saved = !shown.saved.is_empty();
    page(StatusCode::OK, &form(layout(&console, &user), typed, Mistakes::default(), was_saved))
}

/// `POST /settings/profile`
pub async fn save(
    State(console): State<Console>,
    user: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, PageFailure> {
    administrators_only(&user)?;
    let outcome = match typed.read() {
        Ok(profile) => match console.save_profile(&user.actor, profile).await {
            Ok(()) => Ok(()),
            Err(failure) => Err(Mistakes::from_failure(failure, "spf")?),
        },
        Err(mistakes) => Err((StatusCode::UNPROCESSABLE_ENTITY, mistakes)),
    };
    match outcome {
        Ok(()) if typed.step == "2" => Ok(Redirect::to("/domains").into_response()),
        Ok(()) => Ok(Redirect::to("/settings/profile?saved=1").into_response()),
        Err((status, mistakes)) => page(status, &form(layout(&console, &user), typed, mistakes, false)),
    }
}

fn administrators_only(user: &SignedIn) -> Result<(), Failure> {
    if user.actor.is_admin {
        return Ok(());
    }
    Err(Failure::Forbidden("the sending profile is for administrators".into()))
}

fn layout(console: &Console, user: &SignedIn) -> Layout {
    Layout::new(console, &user.actor, Section::Profile, "Sending profile")
}

fn form(layout: Layout, typed: Typed, mistakes: Mistakes, was_saved: bool) -> ProfilePage {
    let other_mistake = mistakes.beside(&FIELDS);
    ProfilePage { layout, is_setup: typed.step == "2", was_saved, typed, mistakes, other_mistake }
}

impl Typed {
    fn of(profile: &SendingProfile) -> Self {
        let cname = |offer: &Option<CnameOffer>| {
            offer.as_ref().map(|offer| format!("{} {}", offer.label, offer.target)).unwrap_or_default()
        };
        let prefix = profile.selector_prefix.as_str();
        Self {
            spf: profile.spf.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            mx: profile.mx.as_ref().map(|mx| format!("{} {}", mx.priority, mx.host)).unwrap_or_default(),
            return_path: cname(&profile.return_path),
            tracking: cname(&profile.tracking),
            dmarc: profile.dmarc.tags().to_owned(),
            selector_prefix: if prefix.is_empty() { DEFAULT_SELECTOR_PREFIX } else { prefix }.to_owned(),
            step: String::new(),
        }
    }

    fn read(&self) -> Result<SendingProfile, Mistakes> {
        let mut mistakes = Mistakes::default();
        let spf = note(&mut mistakes, "spf", "The SPF field", ProfileMechanism::parse_list(&self.spf));
        let mx = note(&mut mistakes, "mx", "The bounce MX", optional(&self.mx, BounceMx::parse));
        let return_path =
            note(&mut mistakes, "return_path", "The return path", optional(&self.return_path, CnameOffer::parse));
        let tracking = note(&mut mistakes, "tracking", "Tracking", optional(&self.tracking, CnameOffer::parse));
        let dmarc = note(&mut mistakes, "dmarc", "The DMARC field", DmarcOffer::parse(&self.dmarc));
        let prefix = note(&mut mistakes, "selector_prefix", "The selector prefix", read_prefix(&self.selector_prefix));
        match (spf, mx, return_path, tracking, dmarc, prefix) {
            (Some(spf), Some(mx), Some(return_path), Some(tracking), Some(dmarc), Some(selector_prefix)) => {
                Ok(SendingProfile { spf, mx, return_path, tracking, dmarc, selector_prefix })
            }
            _ => Err(mistakes),
        }
    }
}

fn note<T>(mistakes: &mut Mistakes, field: &str, label: &str, read: Result<T, String>) -> Option<T> {
    read.map_err(|says| mistakes.add(field, label, &says)).ok()
}

fn optional<T>(text: &str, parse: fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text.trim().is_empty() { Ok(None) } else { parse(text).map(Some) }
}

fn read_prefix(text: &str) -> Result<String, String> {
    let text = if text.trim().is_empty() { DEFAULT_SELECTOR_PREFIX } else { text.trim() };
    let is_short = text.len() <= 20;
    Selector::parse(text)
        .ok()
        .filter(|_| is_short)
        .map(String::from)
        .ok_or_else(|| "is not usable; 1 to 20 letters, digits and hyphens are accepted".to_owned())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn sample() -> String {
        let typed =
            Typed { mx: "bounce.mta.example".into(), step: "2".into(), ..Typed::of(&SendingProfile::default()) };
        let mistakes = typed.read().unwrap_err();
        let mut layout = Layout::bare("Sending profile");
        layout.email = Some("admin@mta.example".into());
        layout.is_admin = true;
        layout.section = Section::Profile;
        form(layout, typed, mistakes, false).render().unwrap()
    }

    #[test]
    fn each_mistake_stands_beside_its_field_and_the_typed_text_stays() {
        let page = sample();
        assert!(
            page.contains("The bounce MX is not PRIORITY HOST") && page.contains("The SPF field names no mechanism")
        );
        assert!(page.contains("value=\"bounce.mta.example\""));
    }

    #[test]
    fn a_selector_prefix_is_short_and_a_label() {
        assert_eq!(read_prefix(""), Ok("s".into()));
        assert!(read_prefix("a b").is_err() && read_prefix(&"a".repeat(21)).is_err());
    }
}
