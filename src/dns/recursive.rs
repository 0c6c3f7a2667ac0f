//! The configured resolvers, and the system's.

use std::net::SocketAddr;

use crate::diagnosis::{AskFailure, Question, Reply};

use super::Dns;
use super::engine::{Budget, Query, exchange};
use super::packet::{self, Outcome};

/// The resolvers of `/etc/resolv.conf`; the local one where that names none.
pub fn system_resolvers() -> Vec<SocketAddr> {
    let text = std::fs::read("/etc/resolv.conf").unwrap_or_default();
    let servers: Vec<SocketAddr> = resolv_conf::Config::parse(&text)
        .map(|config| config.nameservers.iter().map(|ip| SocketAddr::new(ip.into(), 53)).collect())
        .unwrap_or_default();
    if servers.is_empty() { vec![SocketAddr::from(([127, 0, 0, 1], 53))] } else { servers }
}

/// Asks the resolvers in turn; the first that answers counts. A SERVFAIL that vanishes with the CD bit is bogus
/// DNSSEC (RFC 4035 section 3.2.2); one that stays is SERVFAIL.
pub async fn ask(dns: &Dns, budget: &Budget, question: &Question) -> Reply {
    let mut worst = Reply::failed(AskFailure::Unreachable);
    for resolver in &dns.settings.resolvers {
        let reply = ask_one(budget, *resolver, question).await;
        if reply.failure().is_none() || reply.failure() == Some(AskFailure::Bogus) {
            return reply;
        }
        worst = reply;
    }
    worst
}

async fn ask_one(budget: &Budget, resolver: SocketAddr, question: &Question) -> Reply {
    let query = Query { question, server: resolver, is_recursive: true, is_checking_disabled: false };
    let message = match exchange(budget, &query).await {
        Ok(message) => message,
        Err(failure) => return Reply::failed(failure),
    };
    match packet::read_recursive(&message, question) {
        Outcome::Reply(reply) => reply,
        Outcome::Failed(AskFailure::Servfail) => {
            let query = Query { is_checking_disabled: true, ..query };
            let unchecked = exchange(budget, &query).await.map(|message| packet::read_recursive(&message, question));
            match unchecked {
                Ok(Outcome::Reply(_)) => Reply::failed(AskFailure::Bogus),
                _ => Reply::failed(AskFailure::Servfail),
            }
        }
        Outcome::Failed(failure) => Reply::failed(failure),
        Outcome::Referral { .. } => Reply::failed(AskFailure::Malformed),
    }
}
