//! Asking DNS about a domain now. Checks run in tasks of their own and are joined by whoever comes within a second.

use uuid::Uuid;

use crate::console::joining::until_done;
use crate::console::view::DomainView;
use crate::console::{Actor, Console};
use crate::failure::Failure;
use crate::verify::{self, Occasion};

impl Console {
    /// Asks DNS now; a check takes at most 10 s.
    pub async fn verify_domain(&self, actor: &Actor, domain: &str) -> Result<DomainView, Failure> {
        let planned = self.load(actor, domain).await?;
        let before = planned.domain.last_checked_at;
        self.start_check(actor, planned.domain.id).await;
        let view = self.find_domain(actor, domain).await?;
        if view.last_checked_at == before { Err(Failure::Unavailable) } else { Ok(view) }
    }

    /// Runs, or joins, the check of a domain in a task of its own; the future ends when it is done.
    pub(super) fn start_check(&self, actor: &Actor, id: Uuid) -> impl Future<Output = ()> + use<> {
        let (console, actor) = (self.clone(), actor.clone());
        let done = self.0.running.join_or_start(id, move || async move {
            if let Err(failure) = console.check(&actor, id).await {
                tracing::warn!(domain = %id, error = &failure as &dyn std::error::Error, "a check was not saved");
            }
        });
        until_done(done)
    }

    async fn check(&self, actor: &Actor, id: Uuid) -> Result<(), Failure> {
        let planned = self.load(actor, &id.to_string()).await?;
        let by = actor.label();
        let occasion = Occasion { by: &by, lease: None, jitter: rand::random() };
        verify::check_domain(&self.0.pool, &self.0.dns, &planned, &occasion, || self.now()).await?;
        Ok(())
    }
}
