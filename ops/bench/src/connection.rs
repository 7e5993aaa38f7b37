//! One keep-alive connection to the ledger, with one request under way at a time.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::Failure;
use crate::answer::Answers;

/// See the module.
pub struct Connection {
    stream: TcpStream,
    answers: Answers,
}

impl Connection {
    /// Connects.
    pub async fn to(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answers: Answers::new() })
    }

    /// Sends a rendered request and reads its answer's status.
    pub async fn send(&mut self, request: &[u8]) -> Result<u16, Failure> {
        self.stream.write_all(request).await?;
        self.answers.next(&mut self.stream, None).await
    }

    /// Asks, and reads the answer's status and body.
    pub async fn get(&mut self, path: &str) -> Result<(u16, Vec<u8>), Failure> {
        self.stream.write_all(&get(path, "application/json")).await?;
        let mut body = Vec::new();
        let status = self.answers.next(&mut self.stream, Some(&mut body)).await?;
        Ok((status, body))
    }

    /// What `GET /health` says.
    async fn health(&mut self) -> Result<Value, Failure> {
        Ok(serde_json::from_slice(&self.get("/health").await?.1)?)
    }

    /// The last position, as the server reports it.
    pub async fn position(&mut self) -> Result<u64, Failure> {
        let health = self.health().await?;
        let position = health["components"]["store"]["position"].as_str();
        Ok(position.ok_or("/health tells no position")?.parse()?)
    }
}

/// A rendered request.
pub fn get(path: &str, accept: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\n\r\n").into_bytes()
}

/// The answer of `GET /health`.
pub fn health(address: SocketAddr) -> Result<Value, Failure> {
    crate::alone(async { Connection::to(address).await?.health().await })
}

/// The last position, as the server tells it.
pub fn position(address: SocketAddr) -> Result<u64, Failure> {
    crate::alone(async { Connection::to(address).await?.position().await })
}
