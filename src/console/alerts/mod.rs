//! Who is told what happens to a team's domains: addresses and webhooks, tests, and what was sent.

mod deliveries;
mod webhook_url;

use rand::Rng;
use time::Duration;
use uuid::Uuid;

use super::session::checked_email;
use super::{Actor, Console, internal};
use crate::failure::Failure;
use crate::lifecycle::notice::NoticeKind;
use crate::store::alert_addresses::AlertAddressRow;
use crate::store::teams::TeamPlace;
use crate::store::webhooks::WebhookRow;
use crate::store::{self, StoreError};
pub use webhook_url::literal_address;

/// Addresses, and webhooks, that a team may have.
const MOST: usize = 20;
/// For so long the secret before a new one signs as well.
const OLD_SECRET_SIGNS_FOR: Duration = Duration::DAY;
/// Languages that alerts are written in.
pub const LANGUAGES: [(&str, &str); 1] = [("en", "English")];
/// Why nothing is sent to an address any more though nobody refused anything.
pub const UNSUBSCRIBED: &str = "unsubscribed";

/// A team's settings of alerts.
#[derive(Debug, Clone)]
pub struct AlertsView {
    pub addresses: Vec<AlertAddressRow>,
    pub webhooks: Vec<WebhookRow>,
    pub place: TeamPlace,
    /// Without an SMTP server, nothing goes to the addresses.
    pub sends_mail: bool,
}

/// A webhook just made, or its secret made anew: it is shown this once.
#[derive(Clone)]
pub struct WebhookSecret {
    pub url: String,
    pub secret: String,
    /// Until when the secret before it signs as well; `None`: there was none.
    pub old_until: Option<time::OffsetDateTime>,
}

impl Console {
    pub async fn show_alerts(&self, actor: &Actor) -> Result<AlertsView, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let place = store::teams::find_place(&mut conn, actor.team_id).await?.ok_or(Failure::NotFound("team"))?;
        Ok(AlertsView {
            addresses: store::alert_addresses::list(&mut conn, actor.team_id).await?,
            webhooks: store::webhooks::list(&mut conn, actor.team_id).await?,
            place,
            sends_mail: self.0.alerts.sends_mail,
        })
    }

    /// Whether there is an SMTP server: alerts and links for forgotten passwords go out by mail.
    pub fn sends_mail(&self) -> bool {
        self.0.alerts.sends_mail
    }

    pub async fn add_alert_address(&self, actor: &Actor, text: &str, kinds: &[NoticeKind]) -> Result<(), Failure> {
        let address = checked_address(text)?;
        let mut conn = self.0.pool.acquire().await?;
        if store::alert_addresses::list(&mut conn, actor.team_id).await?.len() >= MOST {
            return Err(Failure::field("address", format!("A team has at most {MOST} addresses; remove one first.")));
        }
        let row = AlertAddressRow {
            id: Uuid::now_v7(),
            team_id: actor.team_id,
            address,
            kinds: allowed(actor, kinds, &[]),
            created_at: self.now(),
            dead: None,
        };
        match store::alert_addresses::insert(&mut conn, &row).await {
            Err(StoreError::Duplicate) => Err(Failure::Conflict("Your team has this address already.".into())),
            other => Ok(other?),
        }
    }

    pub async fn set_address_kinds(&self, actor: &Actor, id: Uuid, kinds: &[NoticeKind]) -> Result<(), Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let row =
            store::alert_addresses::find(&mut conn, actor.team_id, id).await?.ok_or(Failure::NotFound("address"))?;
        let kinds = allowed(actor, kinds, &row.kinds);
        store::alert_addresses::set_kinds(&mut conn, actor.team_id, id, &kinds).await?;
        Ok(())
    }

    pub async fn delete_alert_address(&self, actor: &Actor, id: Uuid) -> Result<(), Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let is_gone = store::alert_addresses::delete(&mut conn, actor.team_id, id).await?;
        if is_gone { Ok(()) } else { Err(Failure::NotFound("address")) }
    }

    /// Whether the link was made by this console, and for which address.
    pub async fn find_unsubscribable(&self, id: Uuid, key: &str) -> Result<AlertAddressRow, Failure> {
        let gone = Failure::NotFound("address on the list");
        if !self.0.sealer.is_signed_link(UNSUBSCRIBED, id, key) {
            return Err(gone);
        }
        let mut conn = self.0.pool.acquire().await?;
        store::alert_addresses::find_by_id(&mut conn, id).await?.ok_or(gone)
    }

    /// Takes an address off the list by a link out of a mail; what waits for it is not sent.
    pub async fn unsubscribe(&self, id: Uuid, key: &str) -> Result<(), Failure> {
        self.find_unsubscribable(id, key).await?;
        let mut tx = self.0.pool.begin().await?;
        store::alert_addresses::revive(&mut tx, id).await?;
        store::alert_addresses::bury(&mut tx, id, UNSUBSCRIBED, self.now()).await?;
        store::deliveries::give_up_address(&mut tx, id, self.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Adds a webhook; its secret is shown this once.
    pub async fn add_webhook(&self, actor: &Actor, text: &str, kinds: &[NoticeKind]) -> Result<WebhookSecret, Failure> {
        let url = webhook_url::check(text, self.0.alerts.allows_private_webhooks)?;
        let mut conn = self.0.pool.acquire().await?;
        if store::webhooks::list(&mut conn, actor.team_id).await?.len() >= MOST {
            return Err(Failure::field("url", format!("A team has at most {MOST} webhooks; remove one first.")));
        }
        let row = WebhookRow {
            id: Uuid::now_v7(),
            team_id: actor.team_id,
            url: url.clone(),
            kinds: allowed(actor, kinds, &[]),
            created_at: self.now(),
            old_until: None,
            dead: None,
        };
        let (secret, sealed) = self.new_webhook_secret(row.id)?;
        match store::webhooks::insert(&mut conn, &row, &sealed).await {
            Ok(()) => Ok(WebhookSecret { url, secret, old_until: None }),
            Err(StoreError::Duplicate) => Err(Failure::Conflict("Your team has this webhook already.".into())),
            Err(other) => Err(other.into()),
        }
    }

    pub async fn set_webhook_kinds(&self, actor: &Actor, id: Uuid, kinds: &[NoticeKind]) -> Result<(), Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let row = store::webhooks::find(&mut conn, actor.team_id, id).await?.ok_or(Failure::NotFound("webhook"))?;
        let kinds = allowed(actor, kinds, &row.kinds);
        store::webhooks::set_kinds(&mut conn, actor.team_id, id, &kinds).await?;
        Ok(())
    }

    /// Makes a new secret; the present one signs as well for a day, so that the receiver can change over.
    pub async fn rotate_webhook(&self, actor: &Actor, id: Uuid) -> Result<WebhookSecret, Failure> {
        let (secret, sealed) = self.new_webhook_secret(id)?;
        let old_until = self.now() + OLD_SECRET_SIGNS_FOR;
        let mut conn = self.0.pool.acquire().await?;
        let row = store::webhooks::find(&mut conn, actor.team_id, id).await?.ok_or(Failure::NotFound("webhook"))?;
        if !store::webhooks::rotate(&mut conn, actor.team_id, id, &sealed, old_until).await? {
            return Err(Failure::NotFound("webhook"));
        }
        Ok(WebhookSecret { url: row.url, secret, old_until: Some(old_until) })
    }

    pub async fn delete_webhook(&self, actor: &Actor, id: Uuid) -> Result<(), Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let is_gone = store::webhooks::delete(&mut conn, actor.team_id, id).await?;
        if is_gone { Ok(()) } else { Err(Failure::NotFound("webhook")) }
    }

    /// In which language and at which clock the team reads its alerts.
    pub async fn set_team_place(&self, actor: &Actor, place: &TeamPlace) -> Result<(), Failure> {
        if !LANGUAGES.iter().any(|(tag, _)| *tag == place.language) {
            return Err(Failure::field("language", "This is none of the languages of the list."));
        }
        let zone = place.time_zone.trim();
        let known = jiff::tz::TimeZone::get(zone).ok();
        let name = known.as_ref().and_then(|zone| zone.iana_name()).ok_or_else(|| {
            Failure::field("time_zone", "This is no time zone; one such as Europe/Berlin or UTC is accepted.")
        })?;
        let place = TeamPlace { language: place.language.clone(), time_zone: name.to_owned() };
        let mut conn = self.0.pool.acquire().await?;
        Ok(store::teams::set_place(&mut conn, actor.team_id, &place).await?)
    }

    /// A new secret as Standard Webhooks writes it, and sealed.
    fn new_webhook_secret(&self, id: Uuid) -> Result<(String, Vec<u8>), Failure> {
        use base64::Engine;
        let mut bytes = zeroize::Zeroizing::new([0u8; 32]);
        rand::rng().fill_bytes(bytes.as_mut_slice());
        let secret = format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(bytes.as_slice()));
        let sealed = self.0.sealer.seal_webhook(id, bytes.as_slice()).map_err(internal)?;
        Ok((secret, sealed))
    }
}

/// What a user is sent first: all of their domains, and of the platform where they look after it.
pub(super) fn kinds_of_user(is_admin: bool) -> Vec<NoticeKind> {
    let platform = if is_admin { &NoticeKind::OF_PLATFORM[..] } else { &[] };
    NoticeKind::OF_DOMAINS.iter().chain(platform).copied().collect()
}

/// Names of the IANA time zone database.
pub fn time_zones() -> Vec<String> {
    jiff::tz::db().available().map(|name| name.to_string()).collect()
}

/// The kinds that were chosen. Those of the platform are an administrator's to choose; they stay as they `were` where
/// anybody else edits.
fn allowed(actor: &Actor, chosen: &[NoticeKind], were: &[NoticeKind]) -> Vec<NoticeKind> {
    let platform = if actor.is_admin { chosen } else { were };
    let of_domains = NoticeKind::OF_DOMAINS.into_iter().filter(|kind| chosen.contains(kind));
    of_domains.chain(NoticeKind::OF_PLATFORM.into_iter().filter(|kind| platform.contains(kind))).collect()
}

/// An address that any mail server can be given: visible ASCII without the signs that need quoting.
fn checked_address(text: &str) -> Result<String, Failure> {
    let wrong = || Failure::field("address", "This is no e-mail address; one such as ops@example.com is accepted.");
    let address = checked_email(text).map_err(|_| wrong())?;
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic() && !br#"()<>[]:;,\""#.contains(&byte));
    if is_plain { Ok(address) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(is_admin: bool) -> Actor {
        Actor { team_id: Uuid::nil(), user_id: Uuid::nil(), email: "ops@example.com".into(), is_admin, token: None }
    }

    #[test]
    fn kinds_of_the_platform_are_chosen_by_administrators_alone() {
        let both = [NoticeKind::ManyAtOnce, NoticeKind::AtRisk];
        assert_eq!(allowed(&actor(true), &both, &[]), [NoticeKind::AtRisk, NoticeKind::ManyAtOnce]);
        assert_eq!(allowed(&actor(false), &both, &[]), [NoticeKind::AtRisk]);
        assert_eq!(allowed(&actor(false), &[], &both), [NoticeKind::ManyAtOnce]);
        assert!(allowed(&actor(true), &[], &both).is_empty());
    }

    #[test]
    fn an_address_is_one_that_any_mail_server_takes() {
        assert_eq!(checked_address(" Ops@Example.com ").unwrap(), "ops@example.com");
        for text in
            ["", "ops", "a@b@c", "a b@example.com", "<a@example.com>", "a@example.com\r\nBcc: b", "ö@example.com"]
        {
            assert!(checked_address(text).is_err(), "{text:?}");
        }
    }
}
