//! The descriptions of parameters that several operations share, or that are no tuple of
//! `#[utoipa::path]`: each is written beside the code that reads the parameter.

use utoipa::PartialSchema;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};

/// A parameter of the path, with the schema of the type `T`.
pub fn in_path<T: PartialSchema>(name: &str, words: &str) -> Parameter {
    parameter::<T>(ParameterIn::Path, name, words)
}

/// A parameter of the query, which may be absent.
pub fn in_query<T: PartialSchema>(name: &str, words: &str) -> Parameter {
    parameter::<T>(ParameterIn::Query, name, words)
}

/// A header of the request, which may be absent.
pub fn in_header<T: PartialSchema>(name: &str, words: &str) -> Parameter {
    parameter::<T>(ParameterIn::Header, name, words)
}

fn parameter<T: PartialSchema>(place: ParameterIn, name: &str, words: &str) -> Parameter {
    let is_required = if place == ParameterIn::Path { Required::True } else { Required::False };
    let parameter = ParameterBuilder::new().name(name).parameter_in(place).required(is_required);
    parameter.description(Some(words)).schema(Some(T::schema())).build()
}
