//! Work that is too long for a thread that serves requests.
//! Always: short work runs at once, so that most answers do not pay for moving other requests.

use tokio::runtime::RuntimeFlavor;

/// To fold this many records takes about 20 ms (10 µs each), longer than to hand the thread over.
const LONG_RECORDS: usize = 2_000;

/// Runs `work`, which folds this many records. If they are many, tokio first moves the other
/// requests of this thread to another thread.
pub fn run_blocking_if_long<T>(records: usize, work: impl FnOnce() -> T) -> T {
    let flavor = tokio::runtime::Handle::try_current().map(|handle| handle.runtime_flavor());
    match flavor {
        Ok(RuntimeFlavor::MultiThread) if records > LONG_RECORDS => {
            tokio::task::block_in_place(work)
        }
        _ => work(),
    }
}
