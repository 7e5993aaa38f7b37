//! The ceiling: the ledger's own server over a store that keeps nothing.
//! Always: the same routes, checks and runtime as `care-ledger serve`.

use std::net::SocketAddr;
use std::sync::Arc;

use care_ledger::http::{router, serve};
use care_ledger::ledger::Ledger;
use tokio::net::TcpListener;

use crate::Failure;
use crate::nothing::Nothing;

/// Serves until it is killed.
pub fn run(listen: SocketAddr) -> Result<(), Failure> {
    let ledger = Ledger::with_store(Arc::new(Nothing::new()), [7; 32]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await?;
        serve(listener, router(ledger), std::future::pending()).await;
        Ok(())
    })
}
