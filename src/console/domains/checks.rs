//! Asking DNS about a domain now. Checks run in tasks of their own and are joined by whoever comes within a second.

use uuid::Uuid;

use crate::console::joining::Check;
use crate::console::view::DomainView;
use crate::console::{Actor, Console};
use crate::failure::Failure;
use crate::verify::{self, Occasion, Progress};

impl Console {
    /// Asks DNS now; a check takes at most 10 s.
    pub async fn verify_domain(&self, actor: &Actor, domain: &str) -> Result<DomainView, Failure> {
        let planned = self.load(actor, domain).await?;
        let before = planned.domain.last_checked_at;
        self.start_check(actor, planned.domain.id).until_done().await;
        let view = self.find_domain(actor, domain).await?;
        if view.last_checked_at == before { Err(Failure::Unavailable) } else { Ok(view) }
    }

    /// [`Console::verify_domain`] for whoever watches: the check, to be followed record by record.
    pub async fn watch_verify(&self, actor: &Actor, domain: &str) -> Result<Check, Failure> {
        let planned = self.load(actor, domain).await?;
        Ok(self.start_check(actor, planned.domain.id))
    }

    /// Runs, or joins, the check of a domain in a task of its own.
    pub(super) fn start_check(&self, actor: &Actor, id: Uuid) -> Check {
        let (console, actor) = (self.clone(), actor.clone());
        self.0.running.join_or_start(id, move |progress| async move {
            if let Err(failure) = console.check(&actor, id, &progress).await {
                tracing::warn!(domain = %id, error = &failure as &dyn std::error::Error, "a check was not saved");
            }
        })
    }

    async fn check(&self, actor: &Actor, id: Uuid, progress: &Progress) -> Result<(), Failure> {
        let planned = self.load(actor, &id.to_string()).await?;
        let by = actor.label();
        let occasion = Occasion { by: &by, lease: None, jitter: rand::random(), progress: Some(progress) };
        verify::check_domain(&self.0.pool, &self.0.dns, &planned, &occasion, || self.now()).await?;
        Ok(())
    }
}
