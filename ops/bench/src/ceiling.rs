//! The ceiling: the ledger's own server over a store that keeps nothing.
//! Always: the same routes, checks and runtime as `care-ledger serve`.

use std::net::SocketAddr;
use std::sync::Arc;

use care_ledger::http::{router, serve};
use care_ledger::ledger::Ledger;
use care_ledger::vault::HashKeys;
use tokio::net::TcpListener;

use crate::Failure;
use crate::nothing::Nothing;

/// The keys of a ledger that keeps nothing.
const HASH_KEYS: HashKeys = HashKeys { dedup: [7; 32], stream: [8; 32] };

/// Serves until it is killed.
pub fn run(listen: SocketAddr) -> Result<(), Failure> {
    let ledger = Ledger::with_store(Arc::new(Nothing::new()), HASH_KEYS);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await?;
        serve(listener, router(ledger), std::future::pending()).await;
        Ok(())
    })
}
