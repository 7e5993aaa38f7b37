//! The problems that an operation can be answered with, for `responses(…)` of `#[utoipa::path]`.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{
    ContentBuilder, Header, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder,
};

use crate::http::problem::kind::ProblemType;

macro_rules! problems {
    ($($problem:ident)*) => {$(
        #[doc = concat!("The answer with [`ProblemType::", stringify!($problem), "`].")]
        pub enum $problem {}

        impl IntoResponses for $problem {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                described(ProblemType::$problem)
            }
        }
    )*};
}

problems! {
    BadRequest NotFound IdReused PositionUnknown WrongRevision TooLarge UnsupportedMediaType
    InvalidEvent InvalidProjection ResultFaulted SummaryFaulted TooManyReplays
    StreamTooLong Timeout Internal NotYetRead Unavailable
}

/// The answer with a problem of this type, under the status of the type.
fn described(kind: ProblemType) -> BTreeMap<String, RefOr<Response>> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    let response = ResponseBuilder::new()
        .description(kind.urn())
        .content("application/problem+json", content.build());
    let response = match kind {
        ProblemType::WrongRevision => {
            let words = "The last revision of the one stream.";
            response.header("ETag", header(words, "EntityTag"))
        }
        ProblemType::Unavailable => {
            response.header("Retry-After", header("Seconds to wait before a retry.", "Seconds"))
        }
        _ => response,
    };
    BTreeMap::from([(kind.status().as_str().to_owned(), response.build().into())])
}

fn header(words: &str, schema: &str) -> Header {
    let schema = Ref::from_schema_name(schema);
    HeaderBuilder::new().description(Some(words)).schema(Some(schema)).build()
}
