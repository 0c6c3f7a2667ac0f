//! Thousands of questions to one resolver at the least cost a question: what the sweep asks to learn whether anything
//! has changed.
//!
//! A thread of its own sends and receives many datagrams a system call and takes each answer's print ([`Heard`]) as it
//! arrives. It keeps what the other way of asking keeps (strict match of address, port, id, question and letter case;
//! random ports, renewed every minute) and leaves out what costs: nothing is tried twice, no TCP, no second resolver.
//! Whatever is not answered plainly in time has no print, and is asked again the other way by whoever must know.
//!
//! What is under way is bounded by how fresh it is: a few hundred questions that could not be answered yet, by what
//! answers take. So a server that answers is kept busy and not flooded, and one that is silent about some names slows
//! down nobody else's.

mod many;
mod sockets;
mod work;

use std::net::SocketAddr;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant, MissedTickBehavior};

use self::work::Work;
use crate::diagnosis::Question;
use crate::dns::print::Heard;

/// How often it is looked for what has become old.
const TICK: Duration = Duration::from_millis(5);

/// The way to the thread. It ends when this is dropped.
#[derive(Debug)]
pub struct Bulk(mpsc::UnboundedSender<Batch>);

#[derive(Debug)]
struct Batch {
    server: SocketAddr,
    questions: Vec<Question>,
    tell: oneshot::Sender<Vec<Heard>>,
}

impl Bulk {
    /// Fails where there is no thread to be had.
    pub fn start() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (batches, queue) = mpsc::unbounded_channel();
        let work = move || runtime.block_on(run(queue));
        std::thread::Builder::new().name("signet-sweep-dns".into()).spawn(work)?;
        Ok(Self(batches))
    }

    /// Asks all of them; what was heard, in their order.
    pub async fn ask(&self, server: SocketAddr, questions: Vec<Question>) -> Vec<Heard> {
        let count = questions.len();
        if count == 0 {
            return Vec::new();
        }
        let (tell, hearing) = oneshot::channel();
        // The thread ends only with this, or with its sockets.
        let _ = self.0.send(Batch { server, questions, tell });
        hearing.await.unwrap_or_else(|_| vec![Heard::Nothing; count])
    }
}

async fn run(mut queue: mpsc::UnboundedReceiver<Batch>) {
    let mut work = Work::new();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        work.send(Instant::now());
        let is_open = std::future::poll_fn(|context| work.poll(&mut queue, &mut ticks, context)).await;
        if !is_open {
            return;
        }
    }
}
