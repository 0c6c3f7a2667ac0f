//! What is under way: batches, the questions of each that were sent, and how many more may be.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};

use rand::RngExt;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, Interval};

use super::Batch;
use super::many::{self, Many};
use super::sockets::Sockets;
use crate::diagnosis::Question;
use crate::dns::engine::coin;
use crate::dns::print::{self, Heard};
use crate::dns::query::{self, Flags, Sent};

/// How long an answer is waited for: as long as the other way's first try.
const PATIENCE: Duration = Duration::from_millis(900);
/// Younger than this, or than four times what answers take, a question that is not yet answered counts as fresh.
const FRESH_FOR: Duration = Duration::from_millis(30);
const FRESH_TIMES: u32 = 4;
/// What answers take before any has come.
const FIRST_TAKES: Duration = Duration::from_millis(100);
/// What an answer takes is averaged over about so many.
const AVERAGED: u32 = 64;
/// Fresh questions; what a server's socket holds unless told otherwise is about 200.
const MAX_FRESH: usize = 160;
/// A batch that is not all answered.
#[derive(Debug)]
struct Open {
    batch: Batch,
    heard: Vec<Heard>,
    left: usize,
    /// The first question that was not sent yet.
    next: usize,
}

/// A socket's place and the id of a question sent from it.
type Key = (usize, u16);

#[derive(Debug)]
struct Asked {
    batch: u64,
    at: usize,
    sent: Sent,
    sent_at: Instant,
    serial: u64,
}

/// Everything under way. Serials go up with every question and every batch.
pub struct Work {
    sockets: Sockets,
    many: Many,
    open: HashMap<u64, Open>,
    /// Batches with questions that were not sent yet.
    unsent: VecDeque<u64>,
    outstanding: HashMap<Key, Asked>,
    /// In the order of sending: what is fresh, and all that is waited for.
    fresh: VecDeque<(Instant, Key, u64)>,
    waiting: VecDeque<(Instant, Key, u64)>,
    fresh_count: usize,
    /// Older ones are no longer fresh.
    fresh_from: u64,
    serial: u64,
    /// What an answer took lately.
    takes: Duration,
}

impl Work {
    pub fn new() -> Self {
        Self {
            sockets: Sockets::default(),
            many: Many::new(),
            open: HashMap::new(),
            unsent: VecDeque::new(),
            outstanding: HashMap::new(),
            fresh: VecDeque::new(),
            waiting: VecDeque::new(),
            fresh_count: 0,
            fresh_from: 0,
            serial: 0,
            takes: FIRST_TAKES,
        }
    }

    /// Ready where there may be room for more questions; false once nobody can ask any more.
    pub fn poll(
        &mut self,
        queue: &mut mpsc::UnboundedReceiver<Batch>,
        ticks: &mut Interval,
        context: &mut Context<'_>,
    ) -> Poll<bool> {
        let mut is_changed = self.receive(context);
        loop {
            match queue.poll_recv(context) {
                Poll::Ready(Some(batch)) => self.begin(batch),
                Poll::Ready(None) => return Poll::Ready(false),
                Poll::Pending => break,
            }
            is_changed = true;
        }
        while !self.open.is_empty() && ticks.poll_tick(context).is_ready() {
            self.age(Instant::now());
            is_changed = true;
        }
        if is_changed { Poll::Ready(true) } else { Poll::Pending }
    }

    fn begin(&mut self, batch: Batch) {
        self.serial += 1;
        let count = batch.questions.len();
        self.open.insert(self.serial, Open { batch, heard: vec![Heard::Nothing; count], left: count, next: 0 });
        self.unsent.push_back(self.serial);
    }

    /// Sends as much as may be under way, a call's worth at a time.
    pub fn send(&mut self, now: Instant) {
        while self.fresh_count + many::AT_ONCE <= MAX_FRESH {
            let Some(&batch) = self.unsent.front() else { return };
            let Some(open) = self.open.get_mut(&batch).filter(|open| !open.batch.tell.is_closed()) else {
                self.unsent.pop_front();
                self.open.remove(&batch);
                continue;
            };
            let Some(socket) = self.sockets.pick(open.batch.server, now) else {
                // No socket is to be had: nothing is heard.
                self.unsent.pop_front();
                self.fail_unsent(batch);
                continue;
            };
            if open.next >= open.heard.len() {
                self.unsent.pop_front();
                continue;
            }
            if !self.send_some(batch, socket, now) {
                return;
            }
        }
    }

    /// Sends the next questions of a batch; false where the system takes no more now.
    fn send_some(&mut self, batch: u64, place: usize, now: Instant) -> bool {
        let Some(open) = self.open.get_mut(&batch) else { return true };
        let mut rng = rand::rng();
        let mut chunk: Vec<(Key, usize, Sent)> = Vec::with_capacity(many::AT_ONCE);
        let mut refused = Vec::new();
        let mut at = open.next;
        while at < open.heard.len() && chunk.len() < many::AT_ONCE {
            let key = (place, rng.random());
            if self.outstanding.contains_key(&key) || chunk.iter().any(|(other, ..)| *other == key) {
                continue;
            }
            match compose(&open.batch.questions[at], key.1) {
                Some(sent) => chunk.push((key, at, sent)),
                None => refused.push(at),
            }
            at += 1;
        }
        let packets: Vec<&[u8]> = chunk.iter().map(|(.., sent)| &sent.bytes[..]).collect();
        let socket = self.sockets.get(place);
        let taken = if packets.is_empty() { Ok(0) } else { self.many.send(socket, open.batch.server, &packets) };
        let (taken, is_full) = match taken {
            Ok(taken) => (taken, taken < packets.len()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => (0, true),
            // What the network says of another question (udp(7)), or of this one: the other way tells.
            Err(_) => (0, false),
        };
        let is_failed = !is_full && taken < chunk.len();
        open.next = chunk.get(taken).filter(|_| is_full).map_or(at, |(_, unsent, _)| *unsent);
        refused.retain(|at| *at < open.next);
        for (nth, (key, at, sent)) in chunk.into_iter().enumerate() {
            if nth < taken {
                self.serial += 1;
                self.outstanding.insert(key, Asked { batch, at, sent, sent_at: now, serial: self.serial });
                self.fresh.push_back((now, key, self.serial));
                self.waiting.push_back((now, key, self.serial));
                self.sockets.note_sent(place);
                self.fresh_count += 1;
            } else if is_failed {
                refused.push(at);
            }
        }
        for at in refused {
            self.settle(batch, at, Heard::Other);
        }
        !is_full
    }

    fn fail_unsent(&mut self, batch: u64) {
        let Some(open) = self.open.get_mut(&batch) else { return };
        let unsent = open.next..open.heard.len();
        open.next = open.heard.len();
        for at in unsent {
            self.settle(batch, at, Heard::Nothing);
        }
    }

    /// Takes what has arrived at any socket; true where something was answered.
    fn receive(&mut self, context: &mut Context<'_>) -> bool {
        let mut answered: Vec<(Key, Heard)> = Vec::new();
        let now = Instant::now();
        for place in self.sockets.places() {
            let socket = Arc::clone(self.sockets.get(place));
            while socket.poll_recv_ready(context).is_ready() {
                let (outstanding, open) = (&self.outstanding, &self.open);
                let is_more = self.many.receive(&socket, |bytes, from| {
                    let Some(key) = query::id_of(bytes).map(|id| (place, id)) else { return };
                    let Some(asked) = outstanding.get(&key) else { return };
                    let Some(batch) = open.get(&asked.batch).map(|open| &open.batch) else { return };
                    let is_from_there = from.ip() == batch.server.ip() && from.port() == batch.server.port();
                    if is_from_there && query::is_reply_to(bytes, &asked.sent) {
                        let is_exact = query::is_exact_reply(bytes, &asked.sent);
                        let read = || print::of_packet(bytes, &asked.sent, &batch.questions[asked.at]);
                        answered.push((key, Heard::of(is_exact.then(read).flatten())));
                    }
                });
                for (key, heard) in answered.drain(..) {
                    if let Some(asked) = self.outstanding.get(&key) {
                        let took = now.saturating_duration_since(asked.sent_at);
                        self.takes = (self.takes * (AVERAGED - 1) + took) / AVERAGED;
                    }
                    self.take(key, heard);
                }
                if !is_more {
                    break;
                }
            }
        }
        self.fresh_count + many::AT_ONCE <= MAX_FRESH && !self.unsent.is_empty()
    }

    /// A second answer to the same question finds nothing.
    fn take(&mut self, key: Key, heard: Heard) {
        let Some(asked) = self.outstanding.remove(&key) else { return };
        self.sockets.note_answered(key.0);
        self.fresh_count -= usize::from(asked.serial >= self.fresh_from);
        self.settle(asked.batch, asked.at, heard);
    }

    fn settle(&mut self, batch: u64, at: usize, heard: Heard) {
        let Some(open) = self.open.get_mut(&batch) else { return };
        open.heard[at] = heard;
        open.left -= 1;
        if open.left == 0
            && let Some(open) = self.open.remove(&batch)
        {
            // Whoever asked may have given up.
            let _ = open.batch.tell.send(open.heard);
        }
    }

    fn age(&mut self, now: Instant) {
        let fresh_for = (self.takes * FRESH_TIMES).max(FRESH_FOR);
        while let Some(&(_, key, serial)) = self.fresh.front().filter(|(sent_at, ..)| *sent_at + fresh_for <= now) {
            self.fresh.pop_front();
            self.fresh_from = serial + 1;
            self.fresh_count -= usize::from(self.is_outstanding(key, serial));
        }
        while let Some(&(_, key, serial)) = self.waiting.front().filter(|(sent_at, ..)| *sent_at + PATIENCE <= now) {
            self.waiting.pop_front();
            if self.is_outstanding(key, serial) {
                self.take(key, Heard::Nothing);
            }
        }
    }

    fn is_outstanding(&self, key: Key, serial: u64) -> bool {
        self.outstanding.get(&key).is_some_and(|asked| asked.serial == serial)
    }
}

fn compose(question: &Question, id: u16) -> Option<Sent> {
    let flags = Flags { is_recursive: true, is_checking_disabled: false, has_edns: true };
    let mut sent = query::compose(question, flags, coin())?;
    sent.set_id(id);
    Some(sent)
}
