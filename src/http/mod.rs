//! The service over HTTP. [`router`] gives the routes over an open ledger, [`serve`] the
//! connections to them.
//! Always: every refusal is a problem (RFC 9457); a log line carries ids and routes, never a URL,
//! a body or a header of the sender's.

mod app;
pub mod credit_table;
mod docs;
mod events;
mod feed;
mod limits;
mod lists;
mod metrics;
mod openapi;
mod ops;
mod persons;
mod problem;
mod record_text;
mod refusals;
mod request;
mod routes;
mod schemas;
mod server;

pub use self::app::Services;
pub use self::limits::{CONNECTIONS_MAX, LIVE_MAX};
pub use self::routes::{router, router_with};
pub use self::server::connection::Timeouts;
pub use self::server::serve::{ask, serve, serve_at};
/// The routes, as the command line passes them on.
pub use axum::Router;
