//! Connections: accepting them, watching over them, and stopping.

pub mod connection;
pub mod serve;
