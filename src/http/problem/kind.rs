//! The types of problem that answers can have, and the only place that knows status codes.
//! Always: a type, once released, keeps its name, and its last word names its page under `/errors`.
//! Types: those of the Belgif REST guide where one fits, else `urn:problem-type:careLedger:…`.

use axum::http::StatusCode;

macro_rules! problem_types {
    ($($variant:ident = $urn:literal, $status:ident, $title:literal, $detail:literal;)*) => {
        /// What is wrong; its last word names its page, `/errors/<code>`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ProblemType { $(#[doc = $title] $variant,)* }

        impl ProblemType {
            /// Every type, for the pages and the contract.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable `type`.
            pub const fn urn(self) -> &'static str {
                match self { $(Self::$variant => concat!("urn:problem-type:", $urn),)* }
            }

            /// The status it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// The title, the same for all problems of the type.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What to do, where the place that refuses has nothing closer to say.
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail,)* }
            }
        }
    };
}

problem_types! {
    BadRequest = "belgif:badRequest", BAD_REQUEST, "Bad request",
        "The request breaks the rules named in `issues`.";
    NotFound = "belgif:resourceNotFound", NOT_FOUND, "Resource not found",
        "There is nothing at this address; GET /openapi.json describes every route.";
    MethodNotAllowed = "careLedger:methodNotAllowed", METHOD_NOT_ALLOWED, "Method not allowed",
        "The header Allow names the methods of this resource.";
    IdReused = "careLedger:idReused", CONFLICT, "This source and id are in use with other content",
        "Nothing was written.";
    WrongRevision = "careLedger:wrongRevision", PRECONDITION_FAILED,
        "The stream is at another revision", "Nothing was written.";
    TooLarge = "belgif:payloadTooLarge", PAYLOAD_TOO_LARGE, "Payload too large",
        "Send it in smaller parts.";
    UnsupportedMediaType = "careLedger:unsupportedMediaType", UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type", "GET /openapi.json names the media types that are taken.";
    InvalidEvent = "careLedger:invalidEvent", UNPROCESSABLE_ENTITY, "Invalid event",
        "Nothing was written.";
    OtherSource = "careLedger:otherSource", UNPROCESSABLE_ENTITY,
        "Only the system that sent a record may correct or annul it", "Nothing was written.";
    StreamTooLong = "careLedger:streamTooLong", UNPROCESSABLE_ENTITY,
        "This person has too many records for one answer", "Page through GET /v1/events instead.";
    Timeout = "careLedger:requestTimeout", REQUEST_TIMEOUT, "The request took too long to arrive",
        "Send it again: what was recorded already is answered as a duplicate.";
    Internal = "belgif:internalServerError", INTERNAL_SERVER_ERROR, "Internal server error",
        "A fault of the service; its log says more under the id in `instance`.";
    NotYetRead = "careLedger:notYetRead", GATEWAY_TIMEOUT,
        "The position asked for has not been read yet",
        "The time asked for with Prefer: wait is over; ask again.";
    Unavailable = "belgif:serviceUnavailable", SERVICE_UNAVAILABLE, "Service unavailable",
        "Send the same again after the seconds in Retry-After.";
}

impl ProblemType {
    /// The last word of the type, which names its page.
    pub fn code(self) -> &'static str {
        self.urn().rsplit(':').next().unwrap_or_default()
    }
}
