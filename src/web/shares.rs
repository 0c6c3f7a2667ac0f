//! "Send this to whoever manages your DNS": a link that needs no account, the text of a mail, and what the link shows.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, REFERRER_POLICY};
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use super::domains::{RecordRow, sentences};
use super::failures::PageFailure;
use super::forms::page;
use super::layout::{Layout, Section};
use super::moment::Moment;
use super::provider::ProviderView;
use super::session::SignedIn;
use crate::console::shares::SharedDomain;
use crate::console::{Console, DomainView};
use crate::failure::Failure;

#[derive(Template)]
#[template(path = "shares/new.html")]
struct SharePage {
    layout: Layout,
    name: String,
    /// The new link's address; empty otherwise.
    link: String,
    /// A mail that says what to do, with the link if there is one.
    mail: String,
    mailto: String,
    shares: Vec<Share>,
}

struct Share {
    id: Uuid,
    by: String,
    created_at: Moment,
    expires_at: Moment,
}

#[derive(Template)]
#[template(path = "shares/show.html")]
struct SharedPage {
    layout: Layout,
    token: String,
    name: String,
    zone: String,
    glance: Vec<String>,
    last_look: Option<Moment>,
    expires_at: Moment,
    provider: Option<ProviderView>,
    rows: Vec<RecordRow>,
}

#[derive(Template)]
#[template(path = "shares/gone.html")]
struct GonePage {
    layout: Layout,
}

/// `GET /domains/NAME/share`
pub async fn list(
    State(console): State<Console>,
    user: SignedIn,
    Path(domain): Path<String>,
) -> Result<Response, PageFailure> {
    let domain = console.find_domain(&user.actor, &domain).await?;
    render(&console, &user, &domain, String::new()).await
}

/// `POST /domains/NAME/share`: the address is shown this once.
pub async fn add(
    State(console): State<Console>,
    user: SignedIn,
    Path(domain): Path<String>,
) -> Result<Response, PageFailure> {
    let link = console.share_domain(&user.actor, &domain).await?;
    let domain = console.find_domain(&user.actor, &domain).await?;
    render(&console, &user, &domain, link).await
}

/// `POST /domains/NAME/share/ID/delete`
pub async fn delete(
    State(console): State<Console>,
    user: SignedIn,
    Path((domain, id)): Path<(String, String)>,
) -> Result<Redirect, PageFailure> {
    let domain = console.find_domain(&user.actor, &domain).await?;
    let id = id.parse().map_err(|_| Failure::NotFound("link"))?;
    console.revoke_share(&user.actor, &domain, id).await?;
    Ok(Redirect::to(&format!("/domains/{}/share", domain.name)))
}

/// `GET /domains/NAME/records.csv`
pub async fn records_csv(
    State(console): State<Console>,
    user: SignedIn,
    Path(domain): Path<String>,
) -> Result<Response, PageFailure> {
    Ok(csv(&console.find_domain(&user.actor, &domain).await?))
}

/// `GET /s/TOKEN`: read-only, without an account; what was stored, and no question to DNS.
pub async fn show(State(console): State<Console>, Path(token): Path<String>) -> Result<Response, PageFailure> {
    let shared = match console.find_shared(&token).await {
        Ok(shared) => shared,
        Err(Failure::NotFound(_)) => {
            let gone = GonePage { layout: Layout::bare("This link does not work any more") };
            return Ok(private(page(StatusCode::NOT_FOUND, &gone)?));
        }
        Err(other) => return Err(other.into()),
    };
    Ok(private(page(StatusCode::OK, &SharedPage::new(token, &shared))?))
}

/// `GET /s/TOKEN/zone`
pub async fn zone(State(console): State<Console>, Path(token): Path<String>) -> Result<Response, PageFailure> {
    let shared = console.find_shared(&token).await?;
    let kind = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok(private((kind, [("cache-control", "no-store")], shared.domain.zone_file()).into_response()))
}

/// `GET /s/TOKEN/records.csv`
pub async fn shared_csv(State(console): State<Console>, Path(token): Path<String>) -> Result<Response, PageFailure> {
    Ok(private(csv(&console.find_shared(&token).await?.domain)))
}

fn csv(domain: &DomainView) -> Response {
    let name = format!("attachment; filename=\"{}-records.csv\"", domain.name);
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)];
    (headers, [("cache-control", "no-store")], domain.records_csv()).into_response()
}

/// The address is the key: no search engine keeps it, and no page that is left for learns it.
fn private(response: Response) -> Response {
    let headers = [(REFERRER_POLICY, "no-referrer"), (HeaderName::from_static("x-robots-tag"), "noindex, nofollow")];
    (headers, response).into_response()
}

async fn render(
    console: &Console,
    user: &SignedIn,
    domain: &DomainView,
    link: String,
) -> Result<Response, PageFailure> {
    let shares = console.list_shares(&user.actor, domain).await?;
    let mail = mail(domain, &link);
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let subject = format!("DNS records for {}", domain.name);
    let view = SharePage {
        layout: Layout::new(console, &user.actor, Section::Domains, format!("Share {}", domain.name)),
        name: domain.name.to_string(),
        mailto: format!("mailto:?subject={}&body={}", encode(&subject), encode(&mail.replace('\n', "\r\n"))),
        mail,
        link,
        shares: shares.into_iter().map(Share::from).collect(),
    };
    page(StatusCode::OK, &view)
}

/// What whoever manages the DNS has to do, as plain text.
fn mail(domain: &DomainView, link: &str) -> String {
    let rows = RecordRow::all(&domain.records);
    let mut text = format!("Hello,\n\nplease publish these DNS records in the zone {}:\n", domain.zone);
    let left = rows.iter().filter(|row| row.is_required && !row.is_inherited && !row.is_good());
    for (row, number) in left.zip(1..) {
        text.push_str(&format!("\n{number}. {}, a {} record\n   Host: {}\n", row.title, row.rtype, row.host));
        if let Some(priority) = row.priority {
            text.push_str(&format!("   Priority: {priority}\n"));
        }
        text.push_str(&format!("   Value: {}\n", row.value));
        if row.is_merged {
            text.push_str("   This replaces the record of the same kind that stands there.\n");
        }
    }
    if !link.is_empty() {
        text.push_str(&format!(
            "\nThis page shows the same with buttons to copy, and what is right already. It needs no account and works \
             for 7 days:\n{link}\n"
        ));
    }
    text
}

impl From<crate::store::shares::ShareRow> for Share {
    fn from(row: crate::store::shares::ShareRow) -> Self {
        Self {
            id: row.id,
            by: row.by_whom,
            created_at: Moment::new(row.created_at),
            expires_at: Moment::new(row.expires_at),
        }
    }
}

impl SharedPage {
    fn new(token: String, shared: &SharedDomain) -> Self {
        let domain = &shared.domain;
        let rows = RecordRow::all(&domain.records);
        let layout = Layout::bare(format!("DNS records for {}", domain.name));
        Self {
            layout,
            token,
            name: domain.name.to_string(),
            zone: domain.zone.clone(),
            glance: sentences(&rows, domain.required_verified, domain.required_total),
            last_look: Moment::maybe(domain.last_checked_at),
            expires_at: Moment::new(shared.expires_at),
            provider: ProviderView::find(&domain.nameservers, &domain.zone, &rows.iter().collect::<Vec<_>>()),
            rows,
        }
    }
}
