//! Hands one mail to the configured SMTP server, phase by phase: what is said of the recipient is told apart from what
//! is wrong with the server.

use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;

/// How long a whole conversation may take.
pub const CONVERSATION_TAKES: Duration = Duration::from_secs(45);
const CONNECTING_TAKES: Duration = Duration::from_secs(10);
/// What is kept of an answer.
const LONGEST_ANSWER: usize = 300;

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The server is away, busy, or does not want us. It says nothing about the recipient.
    Server(String),
    /// The recipient cannot be written to now.
    RecipientLater(String),
    /// The recipient, or this mail to them, is refused for good.
    RecipientNever(String),
}

/// The server of `SIGNET_SMTP_URL`.
#[derive(Clone)]
pub struct Relay {
    host: String,
    port: u16,
    /// TLS from the first byte (`smtps`).
    is_wrapped: bool,
    credentials: Option<Credentials>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Relay {
    /// Reads `smtp[s]://user:password@host:port`. Port 465 with `smtps`, else 587 with a user and 25 without. `None`:
    /// it is no such URL.
    pub fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let is_wrapped = match scheme {
            "smtp" => false,
            "smtps" => true,
            _ => return None,
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (user, place) = authority.rsplit_once('@').map_or((None, authority), |(user, place)| (Some(user), place));
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
        let credentials = match user {
            Some(user) => {
                let (name, password) = user.split_once(':').unwrap_or((user, ""));
                Some(Credentials::new(decoded(name)?, decoded(password)?))
            }
            None => None,
        };
        let (host, port) = host_and_port(place)?;
        let port = port.unwrap_or(match (is_wrapped, &credentials) {
            (true, _) => 465,
            (false, Some(_)) => 587,
            (false, None) => 25,
        });
        Some(Self { host, port, is_wrapped, credentials })
    }

    /// Hands over one mail. Gives what the server said.
    pub async fn send(&self, from: &Address, to: &Address, mail: &[u8]) -> Result<String, Refusal> {
        match tokio::time::timeout(CONVERSATION_TAKES, self.converse(from, to, mail)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                Err(Refusal::Server(format!("{} took longer than {} s", self.host, CONVERSATION_TAKES.as_secs())))
            }
        }
    }

    async fn converse(&self, from: &Address, to: &Address, mail: &[u8]) -> Result<String, Refusal> {
        let server = |error: Error| Refusal::Server(told(&error));
        let mut connection = self.connect().await?;
        connection.command(Mail::new(Some(from.clone()), Vec::new())).await.map_err(server)?;
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(|error| of_recipient(&error))?;
        connection.command(Data).await.map_err(|error| of_recipient(&error))?;
        let answer = connection.message(mail).await.map_err(|error| of_recipient(&error))?;
        let said: Vec<&str> = answer.message().collect();
        let said = shortened(&format!("{} {}", answer.code(), said.join(" ")));
        // It has the mail; how the good-bye goes matters no more.
        let _ = connection.quit().await;
        Ok(said)
    }

    /// Connects, encrypts where that is to be had, signs in.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Refusal> {
        let server = |error: Error| Refusal::Server(told(&error));
        let hello = ClientId::default();
        let place = (self.host.as_str(), self.port);
        let tls = self.is_wrapped.then(|| self.tls(true)).transpose()?;
        let mut connection = AsyncSmtpConnection::connect_tokio1(place, Some(CONNECTING_TAKES), &hello, tls, None)
            .await
            .map_err(server)?;
        if connection.can_starttls() && !self.is_on_loopback() {
            // Without a password to protect, any encryption is better than none (RFC 7435).
            let tls = self.tls(self.credentials.is_some())?;
            connection.starttls(tls, &hello).await.map_err(server)?;
        }
        if let Some(credentials) = &self.credentials {
            if !connection.is_encrypted() && !self.is_on_loopback() {
                return Err(Refusal::Server(format!(
                    "{} offers no encryption, so the password was not sent",
                    self.host
                )));
            }
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await.map_err(server)?;
        }
        Ok(connection)
    }

    fn tls(&self, is_verified: bool) -> Result<TlsParameters, Refusal> {
        TlsParameters::builder(self.host.clone())
            .dangerous_accept_invalid_certs(!is_verified)
            .dangerous_accept_invalid_hostnames(!is_verified)
            .build_rustls()
            .map_err(|error| Refusal::Server(told(&error)))
    }

    fn is_on_loopback(&self) -> bool {
        let is_loopback = |address: std::net::IpAddr| address.is_loopback();
        self.host.eq_ignore_ascii_case("localhost") || self.host.parse().is_ok_and(is_loopback)
    }
}

/// Reads `host[:port]`; an IPv6 address stands in brackets.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map(str::parse).transpose().ok()?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

/// What the server says after it knows the recipient.
fn of_recipient(error: &Error) -> Refusal {
    match error {
        error if error.is_permanent() => Refusal::RecipientNever(told(error)),
        error if error.is_transient() => Refusal::RecipientLater(told(error)),
        error => Refusal::Server(told(error)),
    }
}

/// An error with its causes in one line.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    shortened(&text)
}

fn shortened(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_ANSWER).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_names_host_port_and_user() {
        let read = |url| Relay::parse(url).map(|relay| (relay.host, relay.port, relay.is_wrapped));
        for (url, expected) in [
            ("smtp://mail.example", ("mail.example", 25, false)),
            ("smtp://u:p@mail.example", ("mail.example", 587, false)),
            ("smtps://u:p@mail.example/", ("mail.example", 465, true)),
            ("smtp://127.0.0.1:2525", ("127.0.0.1", 2525, false)),
            ("smtp://[::1]:2525", ("::1", 2525, false)),
            ("smtps://a%40b:p%3A%2F@mail.example:9", ("mail.example", 9, true)),
        ] {
            assert_eq!(read(url), Some((expected.0.to_owned(), expected.1, expected.2)), "{url}");
        }
        assert_eq!(
            Relay::parse("smtps://a%40b:p%3A%2F@h").and_then(|relay| relay.credentials),
            Some(Credentials::new("a@b".into(), "p:/".into()))
        );
        for url in ["http://mail.example", "mail.example", "smtp://", "smtp://host:port"] {
            assert!(Relay::parse(url).is_none(), "{url}");
        }
        assert!(!format!("{:?}", Relay::parse("smtp://u:secret@h")).contains("secret"));
    }
}
