//! The store on an EventStoreDB or KurrentDB cluster, for an organisation that outgrew one machine.
//! Always: the cluster is the truth. Beside each process lies a copy of the cluster's log, which
//! can be deleted at any time; every read is answered from the copy. A write is acknowledged once
//! the cluster has the record and the copy shows the record, so a receipt can state its position.
//!
//! ```text
//!                     ┌───────────────────────── one replica ─────────────────────────┐
//!             subscribe            take over                    read
//!   cluster ─────────────> follower ────────> copy (mirror/) ────────> lists, feed, answers
//!      ^      to records    a thread          an embedded store           ^
//!      │                                          │  ^                    │ receipt
//!      │                       1 look the key up  │  │ 3 wait until the   │
//!      │                         and the revision v  │   copy shows it    │
//!      └──────────────────────────────────────── writer ──────────────────┘
//!          2 append at that revision: the cluster refuses any other
//!
//! DIR/mirror/ledger.db      the copy, as the embedded store keeps a log
//! DIR/mirror/cursor.json    how far the cluster was read, and what others did to its streams
//! ```
//! A position is the rank of a record among all records of the ledger in the order of the cluster's
//! log, from 1. The rank is the same on every replica, and in a folder before its ledger moved into
//! a cluster or after it moved out. The streams of records are never read one by one, because such
//! a read gives no position.

mod address;
mod append;
pub(super) mod call_error;
mod checkup;
pub(super) mod connection;
mod current_client;
pub(super) mod event;
pub(super) mod follow_error;
mod follower;
pub(super) mod identity;
mod known_harm;
pub(super) mod log_copy;
mod node_clock;
mod node_fault;
pub(super) mod probe;
mod replica;
mod replica_status;
pub(super) mod session;
mod stream_locks;
mod stream_writes;
pub(super) mod subscription;
mod tls;

pub use self::address::{AddressError, ClusterAddress};
pub use self::call_error::CallFailure;
pub use self::checkup::{Checkup, LeaderSeen};
pub use self::connection::VERSION_MIN;
pub use self::follow_error::FollowStopReason;
pub use self::identity::LedgerClaim;
pub use self::node_fault::NodeFault;
pub use self::probe::ProbedNode;
pub use self::replica::{COPY_FOLDER, ClusterOpenError, EventStoreDb, Unclaimed, ledger_in};
