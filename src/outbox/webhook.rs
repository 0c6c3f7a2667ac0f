//! Posts what happened to a URL by the Standard Webhooks scheme: `webhook-id`, `webhook-timestamp` and
//! `webhook-signature`, a JSON body with `type`, `timestamp` and `data`.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::guard::Guard;
use crate::diagnosis::{Finding, wording};
use crate::lifecycle::notice::{Notice, NoticeKind};
use crate::store::deliveries::Message;

/// How long a receiver has, its answer included.
pub const ANSWER_TAKES: Duration = Duration::from_secs(15);
const CONNECTING_TAKES: Duration = Duration::from_secs(5);
/// What is read of an answer; nobody looks further.
const LONGEST_ANSWER: usize = 16 * 1024;

/// Why a receiver did not take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    Later(String),
    /// The receiver wants nothing more.
    Never(String),
}

/// Posts to webhooks, behind a guard.
#[derive(Clone)]
pub struct Poster {
    client: Result<Client, String>,
    guard: Guard,
    answer_takes: Duration,
}

impl Poster {
    pub fn new(guard: Guard) -> Self {
        Self::with_patience(guard, ANSWER_TAKES)
    }

    pub fn with_patience(guard: Guard, answer_takes: Duration) -> Self {
        let client = Client::builder()
            .dns_resolver(guard.clone())
            .redirect(Policy::none())
            .no_proxy()
            // Each message is a new connection to an address that was checked for it.
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECTING_TAKES)
            .timeout(answer_takes)
            .user_agent(concat!("signet/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| chain(&error));
        Self { client, guard, answer_takes }
    }

    /// Posts a body that is signed with each secret. Gives the status that it was taken with.
    pub async fn post(
        &self,
        url: &str,
        id: Uuid,
        body: &str,
        secrets: &[&[u8]],
        now: OffsetDateTime,
    ) -> Result<String, Refusal> {
        let posting = self.try_post(url, id, body, secrets, now);
        let too_long = || Refusal::Later(format!("no answer within {} s", self.answer_takes.as_secs()));
        tokio::time::timeout(self.answer_takes, posting).await.unwrap_or_else(|_| Err(too_long()))
    }

    async fn try_post(
        &self,
        url: &str,
        id: Uuid,
        body: &str,
        secrets: &[&[u8]],
        now: OffsetDateTime,
    ) -> Result<String, Refusal> {
        let url = Url::parse(url).map_err(|error| Refusal::Never(format!("it is no URL: {error}")))?;
        self.guard.check_literal(&url).map_err(Refusal::Later)?;
        let client = self.client.as_ref().map_err(|error| Refusal::Later(error.clone()))?;
        let id = format!("msg_{}", id.simple());
        let timestamp = now.unix_timestamp();
        let request = client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-signature", signature(&id, timestamp, body, secrets))
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .body(body.to_owned());
        let mut answer = request.send().await.map_err(|error| Refusal::Later(chain(&error)))?;
        let status = answer.status();
        // Read a little, so that the receiver may finish its sentence; whether it does is its own affair.
        let reading = async {
            let mut read = 0;
            while read < LONGEST_ANSWER
                && let Ok(Some(part)) = answer.chunk().await
            {
                read += part.len();
            }
        };
        let _ = tokio::time::timeout(self.answer_takes / 4, reading).await;
        match status {
            status if status.is_success() => Ok(status.to_string()),
            StatusCode::GONE => Err(Refusal::Never("410 Gone: the receiver wants nothing more".into())),
            status if status.is_redirection() => Err(Refusal::Later(format!("{status}; redirects are not followed"))),
            status => Err(Refusal::Later(status.to_string())),
        }
    }
}

/// `v1,BASE64` of each secret, separated by blanks: a receiver knows one of them.
fn signature(id: &str, timestamp: i64, body: &str, secrets: &[&[u8]]) -> String {
    let signed = format!("{id}.{timestamp}.{body}");
    let one = |secret: &&[u8]| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    };
    secrets.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// The body of a message; the same each time it is sent.
pub fn body(message: Message, notices: &[Notice], created_at: OffsetDateTime, public_url: &str) -> String {
    let body = match notices.first() {
        Some(notice) if message == Message::Alert => json!({
            "type": type_of(notice.kind),
            "timestamp": moment(notice.at),
            "data": data(notice, public_url),
        }),
        _ => json!({
            "type": "test",
            "timestamp": moment(created_at),
            "data": { "message": "A test from signet. Alerts for this webhook arrive like this one." },
        }),
    };
    body.to_string()
}

fn type_of(kind: NoticeKind) -> String {
    let of = if kind.is_of_platform() { "platform" } else { "domain" };
    format!("{of}.{}", kind.as_str())
}

fn data(notice: &Notice, public_url: &str) -> Value {
    let facts = &notice.facts;
    let domain = facts.domain.as_ref().map(|domain| {
        json!({
            "id": domain.id,
            "name": domain.name,
            "zone": domain.zone,
            "status": domain.status,
            "can_send": domain.status.can_send(),
            "at_risk_since": domain.at_risk_since.map(moment),
            "stops_sending_at": domain.stops_sending_at.map(moment),
            "url": format!("{public_url}/domains/{}", domain.name),
        })
    });
    let findings: Vec<Value> = facts.findings.iter().map(finding).collect();
    json!({
        "id": notice.id,
        "domain": domain,
        "findings": findings,
        "records": facts.records,
        "count": facts.count,
    })
}

fn finding(finding: &Finding) -> Value {
    let said = wording::say(finding);
    json!({
        "code": finding.code,
        "severity": finding.severity,
        "summary": said.summary,
        "fix": said.fix,
        "suggested_value": finding.suggested_value,
    })
}

fn moment(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

/// An error with its causes, without the URL, which may hold what only the two ends know.
fn chain(error: &reqwest::Error) -> String {
    let mut texts = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        texts.push(next.to_string());
        cause = next.source();
    }
    let what = match error {
        error if error.is_timeout() => "no answer in time",
        error if error.is_connect() => "no connection",
        _ => "the request failed",
    };
    let why = texts.last().filter(|text| !text.is_empty());
    why.map_or_else(|| what.to_owned(), |why| format!("{what}: {}", why.chars().take(300).collect::<String>()))
}
