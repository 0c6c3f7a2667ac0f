//! Asking DNS about a domain now. Checks run in tasks of their own and are joined by whoever comes within a second.

use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::console::joining::Check;
use crate::console::view::DomainView;
use crate::console::{Actor, Console};
use crate::failure::Failure;
use crate::store::StoreError;
use crate::verify::{self, Look, Occasion, Planned, Progress};

impl Console {
    /// Asks DNS now; a check takes at most 10 s.
    pub async fn verify_domain(&self, actor: &Actor, domain: &str) -> Result<DomainView, Failure> {
        let planned = self.load(actor, domain).await?;
        let before = planned.domain.last_checked_at;
        self.start_check(actor, planned).until_done().await;
        let view = self.find_domain(actor, domain).await?;
        if view.last_checked_at == before { Err(Failure::Unavailable) } else { Ok(view) }
    }

    /// [`Console::verify_domain`] for whoever watches: the check, to be followed record by record.
    pub async fn watch_verify(&self, actor: &Actor, domain: &str) -> Result<Check, Failure> {
        let planned = self.load(actor, domain).await?;
        Ok(self.start_check(actor, planned))
    }

    /// Runs, or joins, the check of a domain in a task of its own.
    fn start_check(&self, actor: &Actor, planned: Planned) -> Check {
        let (console, by, id) = (self.clone(), actor.label(), planned.domain.id);
        self.0.running.join_or_start(id, move |progress| async move {
            let (parts, occasion) = (&console.0, asked_by(&by, Some(&progress)));
            warn(id, verify::check_domain(&parts.pool, &parts.dns, &planned, &occasion, || console.now()).await);
        })
    }

    /// Saves a look that still goes on; until then it can be joined as any other.
    pub(super) fn save_when_done(&self, actor: &Actor, planned: Planned, look: JoinHandle<Look>) {
        let (console, by, id) = (self.clone(), actor.label(), planned.domain.id);
        self.0.running.join_or_start(id, move |_| async move {
            let Ok(look) = look.await else { return };
            warn(id, verify::save_alone(&console.0.pool, &planned, &look, &asked_by(&by, None)).await);
        });
    }
}

/// Somebody waits for it, and may follow it.
pub(super) fn asked_by<'a>(by: &'a str, progress: Option<&'a Progress>) -> Occasion<'a> {
    Occasion { by, lease: None, jitter: rand::random(), progress }
}

fn warn(domain: Uuid, outcome: Result<(), StoreError>) {
    if let Err(error) = outcome {
        tracing::warn!(%domain, error = &error as &dyn std::error::Error, "a check was not saved");
    }
}
