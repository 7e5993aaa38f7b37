//! Events over HTTP: recording them, and reading them in the order of the log.

pub mod body;
mod lines;
pub mod read;
pub mod record;
pub mod refused;
