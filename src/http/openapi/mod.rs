//! The contract as OpenAPI 3.1. Each operation is described beside its handler
//! (`#[utoipa::path]`); here are the document around the operations and the schemas they name.

pub mod components;
pub mod document;
pub mod names;
pub mod parameters;
pub mod problems;
mod trajectory;
