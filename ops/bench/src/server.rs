//! The ledger's own server, over the embedded store or over one that keeps nothing.
//! Always: both have the same routes, checks and runtime as `care-ledger serve`.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use care_ledger::http::{router, serve};
use care_ledger::ledger::Ledger;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::Failure;
use crate::nothing::Nothing;

/// Serves until standard input closes, so that it does not outlive who started it.
pub fn run(data: Option<&Path>) -> Result<(), Failure> {
    let ledger = match data {
        Some(folder) => Ledger::open(folder, &mut |_, _| ())?,
        None => Ledger::over(Arc::new(Nothing::new()), [7; 32]),
    };
    let (closed, stop) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = closed.send(());
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        serve(listener, router(ledger), async { drop(stop.await) }).await;
        Ok(())
    })
}
