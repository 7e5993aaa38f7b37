//! The types of problem, and the only place that knows the status code of a problem.
//! Always: a type, once released, keeps its name, and its last word names its page under `/errors`.
//! Types: those of the Belgif REST guide where one fits, else `urn:problem-type:careLedger:…`.

use axum::http::StatusCode;

use crate::domain::vocabulary::violation::ViolationCode;

macro_rules! problem_types {
    ($(
        $variant:ident = $owner:literal $code:literal, $status:ident, $title:literal,
        $detail:literal;
    )*) => {
        /// A type of problem. Its last word names its page, `/errors/<code>`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ProblemType { $(#[doc = $title] $variant,)* }

        impl ProblemType {
            /// Every type, for the pages and the contract.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable `type`.
            pub const fn urn(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("urn:problem-type:", $owner, ":", $code),)*
                }
            }

            /// The last word of the type, which names its page.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The page that says what the problem means and what to do.
            pub const fn page(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"), "/ops/errors/", $code, ".md"
                )),)* }
            }

            /// The status code of an answer with this problem.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// The title, the same for all problems of the type.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// A sentence about what to do, unless the refusing code gives a more exact one.
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail,)* }
            }
        }
    };
}

problem_types! {
    BadRequest = "belgif" "badRequest", BAD_REQUEST, "Bad request",
        "The request breaks the rules named in `issues`.";
    NotFound = "belgif" "resourceNotFound", NOT_FOUND, "Resource not found",
        "There is nothing at this address; GET /openapi.json describes every route.";
    MethodNotAllowed = "careLedger" "methodNotAllowed", METHOD_NOT_ALLOWED, "Method not allowed",
        "The header Allow names the methods of this resource.";
    IdReused = "careLedger" "idReused", CONFLICT,
        "This source and id are in use with other content", "Nothing was written.";
    PositionUnknown = "careLedger" "positionUnknown", CONFLICT,
        "The log does not go as far as this position", "The log is not the one that was read.";
    ResultFaulted = "careLedger" "resultFaulted", CONFLICT,
        "A result cannot be computed",
        "A transform or filter of the projection faults on this state; the projection runs on.";
    SummaryFaulted = "careLedger" "summaryFaulted", CONFLICT,
        "The summary cannot be computed",
        "The summary of the projection faults; its states and results are there.";
    StreamTampered = "careLedger" "streamTampered", CONFLICT,
        "The stream of this subject in the cluster takes no records any more",
        "Keep the event, tell the operator, and send it again afterwards.";
    WrongRevision = "careLedger" "wrongRevision", PRECONDITION_FAILED,
        "The stream is at another revision", "Nothing was written.";
    Misdirected = "careLedger" "misdirectedRequest", MISDIRECTED_REQUEST,
        "This service does not answer for this host",
        "Use localhost or the service's address; `serve --public-host NAME` adds a name.";
    TooLarge = "belgif" "payloadTooLarge", PAYLOAD_TOO_LARGE, "Payload too large",
        "Send smaller parts.";
    UnsupportedMediaType = "careLedger" "unsupportedMediaType", UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type", "GET /openapi.json names the accepted media types.";
    InvalidEvent = "careLedger" "invalidEvent", UNPROCESSABLE_ENTITY, "Invalid event",
        "Nothing was written.";
    InvalidProjection = "careLedger" "invalidProjection", UNPROCESSABLE_ENTITY,
        "Invalid projection", "Nothing was changed.";
    TooManyReplays = "careLedger" "tooManyReplays", TOO_MANY_REQUESTS,
        "A replay is running", "One replay runs at a time. Ask again when it has ended.";
    OtherSource = "careLedger" "otherSource", UNPROCESSABLE_ENTITY,
        "Only the system that sent a record may correct or annul it", "Nothing was written.";
    StreamTooLong = "careLedger" "streamTooLong", UNPROCESSABLE_ENTITY,
        "This person has too many records for one answer", "Page through GET /v1/events instead.";
    Timeout = "careLedger" "requestTimeout", REQUEST_TIMEOUT, "The request took too long to arrive",
        "Send the same again: events that were recorded are answered as duplicates.";
    UriTooLong = "careLedger" "uriTooLong", URI_TOO_LONG, "The address is too long",
        "An address of this service has at most 16 KiB.";
    HeadersTooLarge = "careLedger" "headersTooLarge", REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The headers are too large", "A request has at most 100 headers, of 32 KiB together.";
    Internal = "belgif" "internalServerError", INTERNAL_SERVER_ERROR, "Internal server error",
        "The service failed. Its log has more under the id in `instance`.";
    NotYetRead = "careLedger" "notYetRead", GATEWAY_TIMEOUT,
        "The position asked for has not been read yet",
        "The time of Prefer: wait is over. Ask again.";
    Unavailable = "belgif" "serviceUnavailable", SERVICE_UNAVAILABLE, "Service unavailable",
        "Send the same again after the seconds in Retry-After.";
}

impl ProblemType {
    /// The type for an event with these violations: `OtherSource` if every violation is one of that
    /// code, else `InvalidEvent`.
    pub fn of_violations(mut codes: impl Iterator<Item = ViolationCode>) -> Self {
        match codes.all(|code| code == ViolationCode::OtherSource) {
            true => Self::OtherSource,
            false => Self::InvalidEvent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_names_its_type_and_status() {
        for kind in ProblemType::ALL {
            assert!(kind.page().contains(kind.urn()), "{}", kind.code());
            assert!(kind.page().contains(kind.status().as_str()), "{}", kind.code());
        }
    }
}
