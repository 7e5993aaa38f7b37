//! What senders may say: the types of events, their payloads, and the one door that checks them.
//! Always: only [`validate`] turns what was sent into a draft; nothing here looks at stored
//! records.

pub mod canonical;
pub mod choice;
pub mod code;
pub mod fact;
pub mod json;
mod json_node;
pub mod kind;
pub mod registry;
pub mod schemas;
pub mod upcast;
pub mod validate;
pub mod violation;
