//! The vocabulary of senders: the types of events, their payloads, and the validator.
//! Always: only [`validate`] turns an event as sent into a draft; nothing here looks at stored
//! records.

pub mod canonical;
pub mod choice;
pub mod code;
pub mod fact;
pub mod json;
mod json_node;
pub mod kind;
mod meaning;
mod organisation;
pub mod place;
pub mod registry;
pub mod schemas;
pub mod sent;
mod subject;
pub mod upcast;
pub mod validate;
pub mod violation;
