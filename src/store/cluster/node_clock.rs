//! The clock of a node, from the header `Date` of an answer in HTTP/1.1.
//! Always: no credentials are sent. Every server may read `/info` (its policy allows that to
//! anybody), and a refusal has the header as well.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::address::ClusterAddress;
use super::probe::connect;
use super::tls::client_config;

/// The answer must begin within this time.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// The head of an answer is not read beyond this many bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// The instant that a node's clock shows, in whole seconds; `None`: the node does not say.
pub async fn date_of(address: &ClusterAddress, host: &str, port: u16) -> Option<DateTime<Utc>> {
    let head = timeout(ANSWER_WITHIN, head_of(address, host, port)).await.ok()??;
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let (_, date) = lines.find(|(name, _)| name.eq_ignore_ascii_case("date"))?;
    Some(DateTime::parse_from_rfc2822(date.trim()).ok()?.to_utc())
}

async fn head_of(address: &ClusterAddress, host: &str, port: u16) -> Option<String> {
    let socket = connect(host, port).await.ok()?;
    if address.is_in_clear() {
        return exchange(socket, host).await;
    }
    let mut config = client_config(&address.settings).ok()?;
    // Without a protocol named in the handshake, a server speaks HTTP/1.1.
    config.alpn_protocols.clear();
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).ok()?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await.ok()?;
    exchange(stream, host).await
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, host: &str) -> Option<String> {
    let request = format!("GET /info HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    stream.flush().await.ok()?;
    let mut head = Vec::new();
    loop {
        if let Some(end) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            head.truncate(end);
            return String::from_utf8(head).ok();
        }
        let has_room = head.len() < HEAD_BYTES_MAX;
        if !has_room || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
}
