//! A session of appends: one call to the leader, in which many appends are on their way and each is
//! answered for itself.
//! Always: appends are handed to the server in the order in which they were begun. A session ends
//! with the first error that it answers. What was on its way then may be written or not.
//!
//! A single append as a call of its own waits 40 ms where the server delays its acknowledgements,
//! because the client crate leaves Nagle's algorithm on and sends the append in two pieces. In a
//! session an append is one piece, and the answer to the one before acknowledges it.

use eventstore::{
    BatchAppendClient, BatchAppendOptions, Client, Credentials, EventData, ExpectedRevision,
};
use tokio::runtime::Handle;

use super::call_error::{CallError, CallFailure, SessionError};
use crate::domain::id::Revision;

/// See the module.
pub struct AppendSession {
    session: BatchAppendClient,
    /// The number of the client that opened the session.
    pub client_number: u64,
}

impl AppendSession {
    /// Opens a session at the node to which a client is connected. The session lives as long as the
    /// client's runtime.
    ///
    /// # Errors
    /// The client finds no node.
    pub async fn open(
        client: Client,
        client_number: u64,
        login: Option<Credentials>,
        runtime: Handle,
    ) -> Result<Self, CallError> {
        // A deadline in the options would end the whole session.
        let mut options = BatchAppendOptions::default().requires_leader(true);
        if let Some(login) = login {
            options = options.authenticated(login);
        }
        let opening = runtime.spawn(async move { client.batch_append(&options).await });
        match opening.await {
            Ok(Ok(session)) => Ok(Self { session, client_number }),
            Ok(Err(error)) => Err(CallError::from(&error)),
            Err(_) => Err(CallError::NotDone(CallFailure::Client)),
        }
    }

    /// Appends to a stream whose last revision is `expected`; `None`: to a stream that does not
    /// exist yet.
    ///
    /// # Errors
    /// See [`SessionError`]; the session has ended.
    pub async fn append(
        &self,
        stream: &str,
        expected: Option<Revision>,
        events: Vec<EventData>,
    ) -> Result<(), SessionError> {
        let expected = match expected {
            Some(revision) => ExpectedRevision::Exact(revision.0),
            None => ExpectedRevision::NoStream,
        };
        let answer = self.session.append_to_stream(stream, expected, events).await;
        answer.map(|_| ()).map_err(|error| SessionError::from(&error))
    }
}
