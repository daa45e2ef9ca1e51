//! A simulated company in another process, driven over its control routes.
//!
//! Why: a test that kills the demo must not kill the chats and bank files that prove what the demo did. The few bytes of
//! HTTP/1.1 are written by hand, because the root package has no HTTP client and needs none.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A control answer is a few lines.
const MAX_ANSWER_BYTES: u64 = 1 << 20;

#[derive(Debug)]
pub struct RemoteWorld {
    url: String,
    address: String,
}

impl RemoteWorld {
    /// `url` is `http://HOST:PORT` of a [`super::SimServer`].
    pub fn new(url: &str) -> Result<Self, String> {
        let address = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/').to_owned());
        let address =
            address.filter(|address| !address.is_empty()).ok_or_else(|| format!("`{url}` is not http://HOST:PORT"))?;
        Ok(Self { url: format!("http://{address}"), address })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The generator's last instant.
    pub async fn end(&self) -> io::Result<Timestamp> {
        let answer = self.call("GET", "/sim/clock", "").await?;
        answer["end"]
            .as_str()
            .and_then(|end| end.parse().ok())
            .ok_or_else(|| io::Error::other("the simulator did not tell its end"))
    }

    /// Moves the simulator's clock and lets it write the bank files that are visible by then.
    pub async fn show(&self, now: Timestamp, sz: &Path, hk: &Path, again: bool) -> io::Result<()> {
        let body = json!({ "now": now.to_string(), "bank_files": { "sz": sz, "hk": hk, "again": again } });
        self.call("POST", "/sim/clock", &body.to_string()).await.map(|_| ())
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> io::Result<Value> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer);
        let (head, content) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        if !head.starts_with("HTTP/1.1 2") {
            return Err(io::Error::other(format!(
                "the simulator answered {}",
                head.lines().next().unwrap_or("nothing")
            )));
        }
        Ok(serde_json::from_str(content).unwrap_or(Value::Null))
    }
}
