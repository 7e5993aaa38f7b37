//! Reads the answers of an HTTP/1.1 server with as little work as will do.
//! Always: after an answer the connection stands at the next one.

use bytes::{Buf as _, BytesMut};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::Failure;

/// Beyond this a head is no answer of ours.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The bytes that were read and not parsed yet.
pub struct Answers {
    held: BytesMut,
}

impl Answers {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self { held: BytesMut::with_capacity(64 * 1024) }
    }

    /// Reads one answer and returns its status. The body goes to `body`, if the caller wants it.
    pub async fn next(
        &mut self,
        stream: &mut TcpStream,
        body: Option<&mut Vec<u8>>,
    ) -> Result<u16, Failure> {
        let end = self.until(stream, b"\r\n\r\n", HEAD_BYTES_MAX).await?;
        let head = std::str::from_utf8(&self.held[..end])?;
        let status = head.get(9..12).ok_or("no status")?.parse()?;
        let length = value(head, "content-length").map(str::parse).transpose()?;
        let is_chunked = value(head, "transfer-encoding").is_some();
        self.held.advance(end + 4);
        let mut ignored = Vec::new();
        let body = body.unwrap_or(&mut ignored);
        match length {
            Some(length) => self.take(stream, length, body).await?,
            None if is_chunked => self.chunks(stream, body).await?,
            None => return Err("an answer of unknown length".into()),
        }
        Ok(status)
    }

    async fn chunks(&mut self, stream: &mut TcpStream, body: &mut Vec<u8>) -> Result<(), Failure> {
        loop {
            let end = self.until(stream, b"\r\n", 32).await?;
            let length = usize::from_str_radix(std::str::from_utf8(&self.held[..end])?.trim(), 16)?;
            self.held.advance(end + 2);
            self.take(stream, length, body).await?;
            self.take(stream, 2, &mut Vec::new()).await?;
            if length == 0 {
                return Ok(());
            }
        }
    }

    /// The place of the mark; reads on until the mark has come.
    async fn until(
        &mut self,
        stream: &mut TcpStream,
        mark: &[u8],
        most: usize,
    ) -> Result<usize, Failure> {
        loop {
            if let Some(at) = self.held.windows(mark.len()).position(|bytes| bytes == mark) {
                return Ok(at);
            }
            if self.held.len() > most {
                return Err("no answer of HTTP".into());
            }
            self.more(stream).await?;
        }
    }

    async fn take(
        &mut self,
        stream: &mut TcpStream,
        length: usize,
        body: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let mut left = length;
        while left > 0 {
            if self.held.is_empty() {
                self.more(stream).await?;
            }
            let now = left.min(self.held.len());
            body.extend_from_slice(&self.held[..now]);
            self.held.advance(now);
            left -= now;
        }
        Ok(())
    }

    async fn more(&mut self, stream: &mut TcpStream) -> Result<(), Failure> {
        self.held.reserve(16 * 1024);
        if stream.read_buf(&mut self.held).await? == 0 {
            return Err("the server closed the connection".into());
        }
        Ok(())
    }
}

fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n").skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
