//! A mail server and a webhook receiver that do as they are told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};

/// A mail as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub to: String,
    head: String,
    /// Quoted-printable undone, so that it reads as it was written.
    pub text: String,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<String> {
        let line =
            self.head.lines().find(|line| line.to_lowercase().starts_with(&format!("{}:", name.to_lowercase())))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    }
}

/// How the mail server behaves from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Takes,
    /// Says this at RCPT.
    AtRcpt(&'static str),
    /// Says this at MAIL.
    AtMail(&'static str),
    /// Takes the mail and is gone before it says so.
    TakesAndDies,
    /// Nobody listens.
    Down,
}

#[derive(Clone)]
pub struct SmtpServer {
    pub address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    /// An address, and what is said of it at RCPT.
    refused: Arc<Mutex<Option<(&'static str, &'static str)>>>,
    mails: Arc<Mutex<Vec<Received>>>,
}

impl SmtpServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            mood: Arc::new(Mutex::new(Mood::Takes)),
            refused: Arc::default(),
            mails: Arc::default(),
        };
        let own = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = own.clone();
                tokio::spawn(async move { server.converse(stream).await });
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Refuses one address, in whatever mood.
    pub fn refuse(&self, address: &'static str, answer: &'static str) {
        *self.refused.lock().unwrap() = Some((address, answer));
    }

    pub fn mails(&self) -> Vec<Received> {
        self.mails.lock().unwrap().clone()
    }

    async fn converse(&self, stream: TcpStream) -> Option<()> {
        let mood = *self.mood.lock().unwrap();
        if mood == Mood::Down {
            return None;
        }
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        let (mut line, mut to) = (String::new(), String::new());
        let mut answer = "220 test";
        loop {
            write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
            line.clear();
            if read.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let verb = line.get(..4).unwrap_or_default().to_uppercase();
            answer = match (verb.as_str(), mood) {
                ("EHLO" | "HELO", _) => "250 test",
                ("MAIL", Mood::AtMail(answer)) | ("RCPT", Mood::AtRcpt(answer)) => answer,
                ("RCPT", _) => {
                    to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    let refused = *self.refused.lock().unwrap();
                    refused.filter(|(address, _)| *address == to).map_or("250 ok", |(_, answer)| answer)
                }
                ("DATA", _) => {
                    write.write_all(b"354 go on\r\n").await.ok()?;
                    let mail = read_mail(&mut read).await?;
                    self.mails.lock().unwrap().push(Received { to: to.clone(), ..mail });
                    if mood == Mood::TakesAndDies {
                        return None;
                    }
                    "250 2.0.0 taken"
                }
                ("QUIT", _) => "221 bye",
                _ => "250 ok",
            };
        }
    }
}

async fn read_mail(read: &mut BufReader<OwnedReadHalf>) -> Option<Received> {
    let mut lines = String::new();
    loop {
        let mut line = String::new();
        if read.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            let text = lines.replace("\r\n", "\n");
            let head = text.split("\n\n").next().unwrap_or_default().to_owned();
            return Some(Received { to: String::new(), head, text: unquoted(&text) });
        }
        lines.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

/// Undoes quoted-printable (RFC 2045 section 6.7).
pub fn unquoted(text: &str) -> String {
    let text = text.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'=').then(|| tail.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A request as the webhook receiver got it.
#[derive(Debug, Clone)]
pub struct Posted {
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Posted {
    pub fn id(&self) -> String {
        self.headers["webhook-id"].to_str().unwrap().to_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What the receiver answers from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    Status(u16),
    /// A redirect to here.
    Redirect(&'static str),
    /// A body that never ends.
    Endless,
    /// Headers, and then nothing more.
    Silent,
    /// Not even headers.
    Mute,
}

#[derive(Clone)]
pub struct Hook {
    pub url: String,
    pub address: SocketAddr,
    reply: Arc<Mutex<Reply>>,
    posted: Arc<Mutex<Vec<Posted>>>,
}

impl Hook {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let hook = Self {
            url: format!("http://{address}/hook"),
            address,
            reply: Arc::new(Mutex::new(Reply::Status(204))),
            posted: Arc::default(),
        };
        let own = hook.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let hook = own.clone();
                tokio::spawn(async move { hook.take(stream).await });
            }
        });
        hook
    }

    pub fn set(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }

    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }

    async fn take(&self, stream: TcpStream) -> Option<()> {
        let (read, mut write) = stream.into_split();
        let posted = read_request(&mut BufReader::new(read)).await?;
        self.posted.lock().unwrap().push(posted);
        let reply = *self.reply.lock().unwrap();
        let head = match reply {
            Reply::Status(status) => format!("HTTP/1.1 {status} -\r\ncontent-length: 0\r\n\r\n"),
            Reply::Redirect(to) => format!("HTTP/1.1 307 -\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"),
            Reply::Endless | Reply::Silent => "HTTP/1.1 200 OK\r\n\r\n".to_owned(),
            Reply::Mute => String::new(),
        };
        write.write_all(head.as_bytes()).await.ok()?;
        if reply == Reply::Endless {
            loop {
                write.write_all(&[b'x'; 8192]).await.ok()?;
            }
        }
        if matches!(reply, Reply::Silent | Reply::Mute) {
            std::future::pending::<()>().await;
        }
        Some(())
    }
}

async fn read_request(read: &mut BufReader<OwnedReadHalf>) -> Option<Posted> {
    let mut headers = reqwest::header::HeaderMap::new();
    let mut line = String::new();
    read.read_line(&mut line).await.ok()?;
    loop {
        line.clear();
        read.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.parse::<reqwest::header::HeaderName>().ok()?, value.parse().ok()?);
    }
    let length: usize = headers.get("content-length")?.to_str().ok()?.parse().ok()?;
    let mut body = vec![0; length];
    read.read_exact(&mut body).await.ok()?;
    Some(Posted { headers, body: String::from_utf8(body).ok()? })
}
