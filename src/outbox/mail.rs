//! A letter as a mail: headers, both parts, and the way to the relay.

use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use time::OffsetDateTime;
use uuid::Uuid;

use super::letter::Letter;
use super::smtp::{Refusal, Relay};

/// Sends mail by the relay, from `SIGNET_MAIL_FROM`.
#[derive(Debug, Clone)]
pub struct Mailer {
    relay: Relay,
    from: Mailbox,
}

impl Mailer {
    /// `None` where one of the two cannot be read; the settings have looked at both before.
    pub fn new(smtp_url: &str, from: &str) -> Option<Self> {
        Some(Self { relay: Relay::parse(smtp_url)?, from: from.parse().ok()? })
    }

    /// Hands the letter over. `id` makes the Message-ID, the same each time.
    pub async fn send(&self, id: Uuid, to: &str, letter: &Letter, now: OffsetDateTime) -> Result<String, Refusal> {
        let never = |text: String| Refusal::RecipientNever(text);
        let address: Address = to.parse().map_err(|error| never(format!("{to:?} is no address: {error}")))?;
        let mail = self.compose(id, address.clone(), letter, now).map_err(|error| never(error.to_string()))?;
        self.relay.send(&self.from.email, &address, &mail.formatted()).await
    }

    fn compose(
        &self,
        id: Uuid,
        to: Address,
        letter: &Letter,
        now: OffsetDateTime,
    ) -> Result<Message, lettre::error::Error> {
        let since_epoch = Duration::from_secs(u64::try_from(now.unix_timestamp()).unwrap_or(0));
        let mut message = Message::builder()
            .message_id(Some(format!("<{}@{}>", id.simple(), self.from.email.domain())))
            .date(SystemTime::UNIX_EPOCH + since_epoch)
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject.clone())
            // No holiday notice comes back (RFC 3834 section 5).
            .raw_header(raw("Auto-Submitted", "auto-generated".into()));
        if let Some(url) = &letter.unsubscribe {
            // One click, without a page in between (RFC 8058 section 3.1).
            message = message
                .raw_header(raw("List-Unsubscribe", format!("<{url}>")))
                .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into()));
        }
        message.multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
    }
}

/// A header as it is: one that is folded or encoded is read by few. The values are ASCII, and of our own making.
fn raw(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_has_a_stable_id_both_parts_and_a_way_off_the_list() {
        let mailer = Mailer::new("smtp://127.0.0.1", "signet <alerts@mta.example>").unwrap();
        let letter = Letter {
            subject: "mail.example.com is at risk – ü".into(),
            text: "text\n".into(),
            html: "<p>html</p>\n".into(),
            unsubscribe: Some(format!("https://console.example/unsubscribe?id=1&key={}", "2".repeat(64))),
        };
        let to: Address = "ops@example.com".parse().unwrap();
        let now = time::macros::datetime!(2026-06-01 12:00 UTC);
        let mail = mailer.compose(Uuid::from_u128(7), to, &letter, now).unwrap();
        let mail = String::from_utf8(mail.formatted()).unwrap();
        for line in [
            "Message-ID: <00000000000000000000000000000007@mta.example>\r\n",
            "Date: Mon, 01 Jun 2026 12:00:00 +0000\r\n",
            "Auto-Submitted: auto-generated\r\n",
            &format!("List-Unsubscribe: <https://console.example/unsubscribe?id=1&key={}>\r\n", "2".repeat(64)),
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            "Content-Type: text/plain",
            "Content-Type: text/html",
        ] {
            assert!(mail.contains(line), "{line}: {mail}");
        }
        assert!(mail.is_ascii());
    }
}
