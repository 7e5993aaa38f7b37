//! What senders may say: the names of events, their payloads, and the one door that checks them.
//! Always: bytes become a draft only in [`validate`]; nothing here looks at stored records.

pub mod admit;
pub mod canonical;
pub mod choice;
pub mod code;
pub mod fact;
pub mod json;
pub mod kind;
pub mod registry;
pub mod validate;
pub mod violation;
