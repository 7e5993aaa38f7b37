//! The service over HTTP. [`router`] makes the routes of an open ledger; [`serve`] accepts
//! connections and passes their requests to the routes.
//! Always: every refusal is a problem (RFC 9457); a log line carries ids and routes, never a
//! sender's URL, body or headers.

mod app;
pub mod credit_table;
mod docs;
mod events;
mod feed;
pub(crate) mod limits;
mod lists;
mod metrics;
mod openapi;
mod ops;
mod persons;
mod problem;
mod projections;
mod refusals;
mod request;
mod routes;
mod schemas;
mod server;

pub use self::app::Services;
pub use self::limits::{CONNECTIONS_MAX, LIVE_MAX};
pub use self::request::params::{INSTANT_OR_DATE, instant_or_date};
pub use self::request::served_hosts::ServedHosts;
pub use self::routes::{router, router_with};
pub use self::server::connection::Timeouts;
pub use self::server::serve::{ask, serve, serve_at};
/// The type of the routes, so that the command line can pass them on without naming axum.
pub use axum::Router;
