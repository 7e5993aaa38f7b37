//! The client of the crate that is in use, with its runtime and the session of its appends.
//! Always: a client that is replaced ends with all that it has open. Nothing else ends its task.

use std::sync::Arc;
use std::time::Instant;

use eventstore::Client;
use tokio::runtime::{Handle, Runtime};

use super::address::ClusterAddress;
use super::call_error::{CallError, CallFailure, SessionError};
use super::session::AppendSession;

/// A client opens this many sessions. A session that has ended keeps one of the 100 calls that a
/// connection carries: the server does not end the call of a session without open appends (its
/// Streams.BatchAppend), and neither does the client crate.
const SESSIONS_MAX: usize = 50;

/// The client in use. The first call that finds the client broken replaces it.
pub struct CurrentClient {
    /// The client.
    pub client: Client,
    /// Runs the client crate's task on one thread. `None` only while it is dropped.
    runtime: Option<Runtime>,
    /// When it was made.
    pub made_at: Instant,
    /// The session of all appends. `None`: the next append opens one.
    pub session: Option<Arc<AppendSession>>,
    sessions_opened: usize,
    /// Whether the client was connected to the leader when it was last asked.
    pub is_at_leader: bool,
    /// The number of clients made before this client. A call compares the number to see whether its
    /// client was replaced meanwhile.
    pub number: u64,
}

impl CurrentClient {
    /// Makes a client; no call is made yet.
    ///
    /// # Errors
    /// The client or its thread cannot be made.
    pub fn new(address: &ClusterAddress, number: u64) -> Result<Self, CallError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("ledger-cluster")
            .enable_all()
            .build()
            .map_err(|_| CallError::NotDone(CallFailure::Client))?;
        let settings = address.settings.clone();
        let client = Client::with_runtime_handle(runtime.handle().clone(), settings)
            .map_err(|error| CallError::from(&error))?;
        Ok(Self {
            client,
            runtime: Some(runtime),
            made_at: Instant::now(),
            session: None,
            sessions_opened: 0,
            is_at_leader: false,
            number,
        })
    }

    /// The runtime on which the client works.
    pub fn runtime(&self) -> Handle {
        self.runtime
            .as_ref()
            .expect("it is taken only while the client is dropped")
            .handle()
            .clone()
    }

    /// Keeps a session that was opened at the leader, unless the client was replaced meanwhile.
    pub fn session_opened(&mut self, session: &Arc<AppendSession>) {
        if self.number == session.client_number {
            self.is_at_leader = true;
            self.sessions_opened += 1;
            self.session = Some(session.clone());
        }
    }

    /// Forgets a session that has ended. True: the client cannot open many more.
    pub fn session_ended(&mut self, ended: &Arc<AppendSession>, error: SessionError) -> bool {
        if self.session.as_ref().is_some_and(|session| Arc::ptr_eq(session, ended)) {
            self.session = None;
        }
        if self.number != ended.client_number {
            return false;
        }
        let not_leader = SessionError::Call(CallError::Unsure(CallFailure::NotLeader));
        self.is_at_leader &= error != not_leader;
        self.session.is_none() && self.sessions_opened >= SESSIONS_MAX
    }
}

impl Drop for CurrentClient {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
