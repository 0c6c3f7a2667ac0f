//! The sending profile: what this platform asks every domain to publish. An edit that touches domains, or that does
//! not work, is shown with what it does before it is saved.

pub mod preview;
mod state;
mod typed;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use time::Date;
use time::macros::format_description;

use self::preview::PreviewPage;
use self::state::ProfileState;
use self::typed::Typed;
use crate::console::{Console, ProfileEdit, ProfilePreview};
use crate::failure::Failure;
use crate::records::plan::SendingProfile;
use crate::web::failures::PageFailure;
use crate::web::forms::{Form, Mistakes, page};
use crate::web::layout::{Layout, Section};
use crate::web::session::SignedIn;

const FIELDS: [&str; 6] = ["spf", "mx", "return_path", "tracking", "dmarc", "selector_prefix"];

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
    state: ProfileState,
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
    let view = console.show_profile(&user.actor).await?;
    let typed = Typed { step: shown.step, base: view.version.to_string(), ..Typed::of(&view.profile) };
    let was_saved = !shown.saved.is_empty();
    let state = ProfileState::new(&view);
    page(StatusCode::OK, &form(layout(&console, &user), typed, Mistakes::default(), was_saved, state))
}

/// `POST /settings/profile`
pub async fn save(
    State(console): State<Console>,
    user: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, PageFailure> {
    let view = console.show_profile(&user.actor).await?;
    let again = |status, typed, mistakes| {
        page(status, &form(layout(&console, &user), typed, mistakes, false, ProfileState::new(&view)))
    };
    if typed.then == "edit" {
        return again(StatusCode::OK, typed, Mistakes::default());
    }
    let profile = match typed.read() {
        Ok(profile) => profile,
        Err(mistakes) => return again(StatusCode::UNPROCESSABLE_ENTITY, typed, mistakes),
    };
    let version = view.version.to_string();
    let typed = if typed.base.is_empty() { Typed { base: version.clone(), ..typed } } else { typed };
    let is_same_base = typed.base == version;
    let is_seen = typed.then == "save" && is_same_base;
    if !is_seen {
        let preview = match console.preview_profile(&user.actor, &profile).await {
            Ok(preview) => preview,
            Err(failure) => {
                let (status, mistakes) = Mistakes::from_failure(failure, "spf")?;
                return again(status, typed, mistakes);
            }
        };
        if preview.is_touching() || preview.is_broken() || !is_same_base {
            return ask(&console, &user, typed, &preview, Mistakes::default(), StatusCode::OK);
        }
    }
    keep(&console, &user, typed, profile).await
}

/// `POST /settings/profile/check`
pub async fn check(State(console): State<Console>, user: SignedIn) -> Result<Redirect, PageFailure> {
    console.show_profile(&user.actor).await?;
    console.check_profile().await?;
    Ok(Redirect::to("/settings/profile"))
}

/// Saves; what the console refuses is said above the preview.
async fn keep(
    console: &Console,
    user: &SignedIn,
    typed: Typed,
    profile: SendingProfile,
) -> Result<Response, PageFailure> {
    let saved = match read_edit(&typed, profile.clone()) {
        Ok(edit) => console.save_profile(&user.actor, &edit).await,
        Err(failure) => Err(failure),
    };
    let failure = match saved {
        Ok(()) if typed.step == "2" => return Ok(Redirect::to("/domains").into_response()),
        Ok(()) => return Ok(Redirect::to("/settings/profile?saved=1").into_response()),
        Err(failure) => failure,
    };
    let (status, mistakes) = Mistakes::from_failure(failure, "profile")?;
    let preview = console.preview_profile(&user.actor, &profile).await?;
    ask(console, user, typed, &preview, mistakes, status)
}

/// The preview, with the typed fields carried along.
fn ask(
    console: &Console,
    user: &SignedIn,
    typed: Typed,
    preview: &ProfilePreview,
    mistakes: Mistakes,
    status: StatusCode,
) -> Result<Response, PageFailure> {
    let is_changed_meanwhile = typed.base != preview.base.to_string();
    let typed = Typed { base: preview.base.to_string(), ..typed };
    page(status, &PreviewPage::new(layout(console, user), typed, preview, mistakes, is_changed_meanwhile))
}

fn read_edit(typed: &Typed, profile: SendingProfile) -> Result<ProfileEdit, Failure> {
    let base = typed.base.parse().unwrap_or_default();
    let cut_over = match typed.cut_over.trim() {
        "" => None,
        text => Some(Date::parse(text, format_description!("[year]-[month]-[day]")).map_err(|_| {
            Failure::field("cut_over", format!("The cut-over date is {text:?}; a day such as 2030-01-31 is accepted."))
        })?),
    };
    Ok(ProfileEdit { profile, base, cut_over })
}

fn layout(console: &Console, user: &SignedIn) -> Layout {
    Layout::new(console, &user.actor, Section::Profile, "Sending profile")
}

fn form(layout: Layout, typed: Typed, mistakes: Mistakes, was_saved: bool, state: ProfileState) -> ProfilePage {
    let other_mistake = mistakes.beside(&FIELDS);
    ProfilePage { layout, is_setup: typed.step == "2", was_saved, typed, mistakes, other_mistake, state }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub(super) fn layout() -> Layout {
        let mut layout = Layout::bare("Sending profile");
        layout.email = Some("admin@mta.example".into());
        layout.is_admin = true;
        layout.section = Section::Profile;
        layout
    }

    pub fn sample() -> String {
        let typed =
            Typed { mx: "bounce.mta.example".into(), step: "2".into(), ..Typed::of(&SendingProfile::default()) };
        let mistakes = typed.read().unwrap_err();
        form(layout(), typed, mistakes, false, ProfileState::default()).render().unwrap()
    }

    #[test]
    fn each_mistake_stands_beside_its_field_and_the_typed_text_stays() {
        let page = sample();
        assert!(
            page.contains("The bounce MX is not PRIORITY HOST") && page.contains("The SPF field names no mechanism")
        );
        assert!(page.contains("value=\"bounce.mta.example\""));
    }
}
