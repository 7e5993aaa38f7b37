//! The statuses with which the server ends a call: code, text and trailers.
//! Form: RpcExceptions and Constants of the server, KurrentDB 44996ed.

use std::net::SocketAddr;

use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::{Code, Status};

fn with_trailers(code: Code, message: String, trailers: &[(&'static str, &str)]) -> Status {
    let mut map = MetadataMap::new();
    for (key, value) in trailers {
        // A stream's name may hold characters that a trailer cannot; the server fails there too.
        if let Ok(value) = MetadataValue::<Ascii>::try_from(*value) {
            map.insert(*key, value);
        }
    }
    Status::with_metadata(code, message, map)
}

pub(crate) fn not_ready() -> Status {
    Status::unavailable("Server Is Not Ready")
}

pub(crate) fn too_busy() -> Status {
    Status::unavailable("Server Is Too Busy")
}

pub(crate) fn timeout(phase: &str) -> Status {
    Status::aborted(format!("Operation timed out: {phase}"))
}

pub(crate) fn no_leader_info() -> Status {
    Status::unknown("No leader info available in response")
}

pub(crate) fn not_leader(leader: SocketAddr) -> Status {
    let (host, port) = (leader.ip().to_string(), leader.port().to_string());
    let trailers = [
        ("exception", "not-leader"),
        ("leader-endpoint-host", &*host),
        ("leader-endpoint-port", &*port),
    ];
    with_trailers(Code::NotFound, "Leader info available".into(), &trailers)
}

pub(crate) fn access_denied() -> Status {
    let trailers = [("exception", "access-denied")];
    with_trailers(Code::PermissionDenied, "Access Denied".into(), &trailers)
}

/// The status that the client makes of the server's bare HTTP 401.
pub(crate) fn unauthenticated() -> Status {
    Status::unauthenticated("Unauthenticated")
}

pub(crate) fn stream_deleted(stream: &str) -> Status {
    let message = format!("Event stream '{stream}' is deleted.");
    let trailers = [("exception", "stream-deleted"), ("stream-name", stream)];
    with_trailers(Code::FailedPrecondition, message, &trailers)
}

pub(crate) fn too_large(bytes_max: usize) -> Status {
    let message = format!("Maximum Append Size of {bytes_max} Exceeded.");
    let max = bytes_max.to_string();
    let trailers = [("exception", "maximum-append-size-exceeded"), ("maximum-append-size", &*max)];
    with_trailers(Code::InvalidArgument, message, &trailers)
}

/// The status that the server's framework gives a message that is too long for it.
pub(crate) fn too_long() -> Status {
    Status::resource_exhausted("Received message exceeds the maximum configured message size.")
}

pub(crate) fn property_missing(property: &str) -> Status {
    let message = format!("Required Metadata Property '{property}' is missing");
    let trailers = [
        ("exception", "missing-required-metadata-property"),
        ("required-metadata-properties", "type,content-type"),
    ];
    with_trailers(Code::InvalidArgument, message, &trailers)
}

pub(crate) fn invalid_position() -> Status {
    Status::invalid_argument("Trying to read from an invalid position.")
}

/// A read with a count has no status of its own for a position where no record starts; a
/// subscription has one.
pub(crate) fn read_all_failed(result: &str, error: &str) -> Status {
    Status::unknown(format!("Unexpected ReadAllResult: {result} >> {error}"))
}

/// The status that the client makes of a connection that broke.
pub(crate) fn cut() -> Status {
    Status::unavailable(
        "error reading a body from connection: stream closed because of a broken pipe",
    )
}

/// The status that the server's framework makes of an uncaught exception.
pub(crate) fn broken_request() -> Status {
    Status::unknown("Exception was thrown by handler.")
}
