//! Alerts: who is told what, by which way, and at whose clock.

mod addresses;
mod deliveries;
mod kinds;
mod webhooks;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

use self::kinds::{KindChoice, choices};
use crate::console::Console;
use crate::console::alerts::{AlertsView, LANGUAGES, UNSUBSCRIBED, WebhookSecret, time_zones};
use crate::failure::Failure;
use crate::lifecycle::notice::NoticeKind;
use crate::store::teams::TeamPlace;
use crate::web::failures::PageFailure;
use crate::web::forms::{Form, Mistakes, page};
use crate::web::layout::{Layout, Section};
use crate::web::moment::Moment;
use crate::web::session::SignedIn;

#[cfg(test)]
pub use deliveries::tests::sample as sample_messages;

pub use addresses::{add as add_address, delete as delete_address, save as save_address, test as test_address};
pub use deliveries::{list as deliveries, resend};
pub use webhooks::{
    add as add_webhook, delete as delete_webhook, rotate as rotate_webhook, save as save_webhook, test as test_webhook,
};

const FIELDS: [&str; 4] = ["address", "url", "language", "time_zone"];

#[derive(Template)]
#[template(path = "settings/alerts.html")]
struct AlertsPage {
    layout: Layout,
    sends_mail: bool,
    note: &'static str,
    mistakes: Mistakes,
    other_mistake: String,
    /// What was typed into the form of a new address, or webhook.
    address: String,
    url: String,
    new_kinds: Vec<KindChoice>,
    /// Shown this once.
    secret: Option<SecretView>,
    addresses: Vec<Row>,
    webhooks: Vec<Row>,
    languages: Vec<Language>,
    time_zone: String,
    time_zones: Vec<String>,
}

struct SecretView {
    url: String,
    secret: String,
    old_until: Option<Moment>,
}

struct Language {
    tag: &'static str,
    name: &'static str,
    is_chosen: bool,
}

/// An address or a webhook.
struct Row {
    id: Uuid,
    name: String,
    kinds: Vec<KindChoice>,
    /// What it is sent, in one line.
    told: String,
    dead: Option<Dead>,
    /// Until when an old secret signs as well.
    old_until: Option<Moment>,
}

struct Dead {
    since: Moment,
    reason: String,
    is_unsubscribed: bool,
}

#[derive(Deserialize)]
pub struct Shown {
    #[serde(default)]
    did: String,
}

#[derive(Deserialize)]
pub struct Place {
    #[serde(default)]
    language: String,
    #[serde(default)]
    time_zone: String,
}

/// `GET /settings/alerts`
pub async fn show(
    State(console): State<Console>,
    user: SignedIn,
    Query(shown): Query<Shown>,
) -> Result<Response, PageFailure> {
    let alerts = AlertsPage { note: note(&shown.did), ..alerts_page(&console, &user).await? };
    page(StatusCode::OK, &alerts)
}

/// `POST /settings/alerts/place`
pub async fn set_place(
    State(console): State<Console>,
    user: SignedIn,
    Form(typed): Form<Place>,
) -> Result<Response, PageFailure> {
    let place = TeamPlace { language: typed.language, time_zone: typed.time_zone };
    match console.set_team_place(&user.actor, &place).await {
        Ok(()) => Ok(done("saved")),
        Err(failure) => {
            let (status, mistakes) = Mistakes::from_failure(failure, "time_zone")?;
            let again = AlertsPage { time_zone: place.time_zone, ..alerts_page(&console, &user).await? };
            page(status, &again.with(mistakes))
        }
    }
}

/// Back to the page, which says what was done.
fn done(what: &str) -> Response {
    Redirect::to(&format!("/settings/alerts?did={what}")).into_response()
}

fn note(did: &str) -> &'static str {
    match did {
        "added" => "Added.",
        "saved" => "Saved.",
        "removed" => "Removed.",
        "tested" => "The test is on its way. What became of it stands under Messages.",
        _ => "",
    }
}

async fn alerts_page(console: &Console, user: &SignedIn) -> Result<AlertsPage, Failure> {
    let view = console.show_alerts(&user.actor).await?;
    let layout = Layout::new(console, &user.actor, Section::Alerts, "Alerts");
    Ok(AlertsPage::new(layout, view))
}

impl AlertsPage {
    fn new(layout: Layout, view: AlertsView) -> Self {
        let is_admin = layout.is_admin;
        let addresses =
            view.addresses.into_iter().map(|row| Row::new(row.id, row.address, &row.kinds, row.dead, None, is_admin));
        let webhooks = view
            .webhooks
            .into_iter()
            .map(|row| Row::new(row.id, row.url, &row.kinds, row.dead, row.old_until, is_admin));
        Self {
            sends_mail: view.sends_mail,
            note: "",
            mistakes: Mistakes::default(),
            other_mistake: String::new(),
            address: String::new(),
            url: String::new(),
            new_kinds: choices(is_admin, &NoticeKind::OF_DOMAINS),
            secret: None,
            addresses: addresses.collect(),
            webhooks: webhooks.collect(),
            languages: languages(&view.place.language),
            time_zone: view.place.time_zone,
            time_zones: time_zones(),
            layout,
        }
    }

    fn with(self, mistakes: Mistakes) -> Self {
        let other_mistake = mistakes.beside(&FIELDS);
        Self { mistakes, other_mistake, ..self }
    }
}

impl SecretView {
    fn new(made: WebhookSecret) -> Self {
        Self { url: made.url, secret: made.secret, old_until: Moment::maybe(made.old_until) }
    }
}

impl Row {
    fn new(
        id: Uuid,
        name: String,
        kinds: &[NoticeKind],
        dead: Option<(OffsetDateTime, String)>,
        old_until: Option<OffsetDateTime>,
        is_admin: bool,
    ) -> Self {
        let told: Vec<&str> = kinds.iter().map(|kind| kinds::label(*kind)).collect();
        let dead = dead.map(|(since, reason)| Dead {
            since: Moment::new(since),
            is_unsubscribed: reason == UNSUBSCRIBED,
            reason,
        });
        let still = old_until.filter(|until| *until > OffsetDateTime::now_utc());
        Self {
            id,
            name,
            kinds: choices(is_admin, kinds),
            told: told.join(" · "),
            dead,
            old_until: Moment::maybe(still),
        }
    }
}

fn languages(chosen: &str) -> Vec<Language> {
    LANGUAGES.iter().map(|(tag, name)| Language { tag, name, is_chosen: *tag == chosen }).collect()
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::store::alert_addresses::AlertAddressRow;
    use crate::store::webhooks::WebhookRow;
    use time::macros::datetime;

    pub fn sample(is_admin: bool) -> String {
        let since = datetime!(2026-06-01 12:00 UTC);
        let address = |address: &str, dead| AlertAddressRow {
            id: Uuid::nil(),
            team_id: Uuid::nil(),
            address: address.into(),
            kinds: NoticeKind::OF_DOMAINS.to_vec(),
            created_at: since,
            dead,
        };
        let webhook = WebhookRow {
            id: Uuid::nil(),
            team_id: Uuid::nil(),
            url: "https://hooks.example/signet?team=<mail>".into(),
            kinds: vec![NoticeKind::Failed],
            created_at: since,
            old_until: None,
            dead: Some((since, "410 Gone: the receiver wants nothing more".into())),
        };
        let view = AlertsView {
            addresses: vec![
                address("ops@example.com", None),
                address("old@example.com", Some((since, "550 5.1.1 <script>no such user".into()))),
            ],
            webhooks: vec![webhook],
            place: TeamPlace { language: "en".into(), time_zone: "Europe/Berlin".into() },
            sends_mail: true,
        };
        let mut layout = Layout::bare("Alerts");
        layout.email = Some("admin@mta.example".into());
        layout.section = Section::Alerts;
        layout.is_admin = is_admin;
        let mut page = AlertsPage::new(layout, view);
        page.secret = Some(SecretView {
            url: "https://hooks.example/signet".into(),
            secret: "whsec_c2VjcmV0".into(),
            old_until: None,
        });
        page.render().unwrap()
    }

    #[test]
    fn dead_receivers_are_shown_with_what_was_said_and_nothing_of_it_is_markup() {
        let html = sample(false);
        assert!(html.contains("no such user") && html.contains("410 Gone") && !html.contains("<script>no such"));
        assert!(html.contains("whsec_c2VjcmV0") && !html.contains("team=<mail>"));
        assert!(!html.contains("many_at_once") && sample(true).contains("many_at_once"));
    }
}
