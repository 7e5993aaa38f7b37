//! The limits that keep the service in its memory: bytes, events, connections and live readers.
//! Always: each limit is named here once, with the reason for its figure.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

/// Bytes of one event, or of one line of NDJSON. CloudEvents asks that 64 KiB always pass; events
/// of this vocabulary take about 0.5 KiB.
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of one batch. Source: the HTTP contract.
pub const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Events in one batch. Source: the HTTP contract.
pub const BATCH_EVENTS_MAX: usize = 10_000;

/// Bytes of all request bodies that have no answer yet: sixteen of the largest batches.
pub const BODIES_BYTES_MAX: usize = 16 * BATCH_BYTES_MAX;

/// The longest silence of a sender in the middle of a body; after it the request fails.
pub const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Bytes of a receipt as JSON, roughly: the room to set aside for each.
pub const RECEIPT_BYTES: usize = 448;

/// Connections at once, idle ones included, at about 16 KiB each. Further connections wait to be
/// accepted.
pub const CONNECTIONS_MAX: usize = 16_384;

/// Live readers at once: three quarters of all connections, so that other requests are served.
pub const LIVE_MAX: usize = CONNECTIONS_MAX / 4 * 3;

/// Bytes of all texts on their way to live readers: as many as for all bodies on their way in.
pub const FEED_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Bytes of the path and query of a request. RFC 9110, 4.1, asks for 8,000 at least.
pub const URI_BYTES_MAX: usize = 16 * 1024;

/// Bytes of all headers of a request. CloudEvents in binary mode with long ids take 2 KiB.
pub const HEADERS_BYTES_MAX: usize = 32 * 1024;

/// Headers of a request.
pub const HEADERS_COUNT_MAX: usize = 100;

/// Bytes whose reserved memory is released when their last holder drops them.
pub fn with_memory(mut bytes: Vec<u8>, memory: OwnedSemaphorePermit) -> Bytes {
    struct ReservedBytes(Vec<u8>, #[allow(dead_code)] OwnedSemaphorePermit);
    impl AsRef<[u8]> for ReservedBytes {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    bytes.shrink_to_fit();
    Bytes::from_owner(ReservedBytes(bytes, memory))
}

/// Replays at once. Each takes a processor and holds every state in memory.
pub const REPLAYS_MAX: usize = 1;
