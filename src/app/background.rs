//! What the program does without anybody asking: it looks at domains, and sends what there is to tell.

use tokio::sync::watch;

use crate::config::Config;
use crate::console::Console;
use crate::outbox::{Guard, Mailer, Outbox, Poster};
use crate::store::Pool;
use crate::sweep::Sweep;

/// Either may be absent: a replica that serves pages alone has neither, and the demo sends nothing.
#[derive(Default)]
pub struct Background {
    pub sweep: Option<Sweep>,
    pub outbox: Option<Outbox>,
}

impl Background {
    /// Works until `stop` turns true; what is in hand then is saved first.
    pub(super) async fn run(&self, stop: watch::Receiver<bool>) {
        let sweeping = async {
            if let Some(sweep) = &self.sweep {
                sweep.run(stop.clone()).await;
            }
        };
        let sending = async {
            if let Some(outbox) = &self.outbox {
                outbox.run(stop.clone()).await;
            }
        };
        tokio::join!(sweeping, sending);
    }
}

/// The background verifier of a console, on a pool of its own.
pub fn sweep(console: &Console, pool: Pool) -> Sweep {
    let parts = console.parts();
    Sweep::new(pool, parts.dns.clone(), parts.clock)
}

/// What sends a console's messages, on the background's pool.
pub fn outbox(config: &Config, console: &Console, pool: Pool) -> Outbox {
    let smtp = config.smtp_url.as_ref().zip(config.mail_from.as_ref());
    let mailer = smtp.and_then(|(url, from)| Mailer::new(url.expose(), from));
    let guard = Guard::new(console.parts().alerts.allows_private_webhooks);
    Outbox::new(console.clone(), pool, mailer, Poster::new(guard))
}
