//! One connection: the state that the service and the handlers share, and the guard over writes.
//! Always: a connection whose client takes nothing for a while is cut off; a connection that is
//! idle, with nothing to send, is not.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

/// How long the service waits for a client that takes nothing, and how often a live feed speaks.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// A client that takes no byte of a ready answer for this long is cut off.
    pub stall: Duration,
    /// A live feed sends something at least this often, so that each end knows that the other is
    /// there.
    pub keep_alive: Duration,
}

impl Default for Timeouts {
    /// `stall`: a network that carries nothing for 30 s is gone, not slow (our choice; a silent
    /// sender gets the same time). `keep_alive`: WHATWG HTML, 9.2.7, advises about 15 s, because
    /// some proxies close a quiet connection early.
    fn default() -> Self {
        Self { stall: Duration::from_secs(30), keep_alive: Duration::from_secs(15) }
    }
}

/// A client's connection. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct ClientConnection {
    /// See [`Timeouts`].
    pub keep_alive: Duration,
    stopping: watch::Receiver<bool>,
    flags: Arc<ConnectionFlags>,
}

#[derive(Default)]
struct ConnectionFlags {
    is_live: AtomicBool,
    is_stalled: AtomicBool,
}

impl Default for ClientConnection {
    /// A stand-in for a request inside the process, which has no connection.
    fn default() -> Self {
        Self::new(Timeouts::default().keep_alive, watch::channel(false).1)
    }
}

impl ClientConnection {
    /// A new connection. `stopping` turns true when the service stops.
    pub fn new(keep_alive: Duration, stopping: watch::Receiver<bool>) -> Self {
        Self { keep_alive, stopping, flags: Arc::default() }
    }

    /// Ready when the service stops.
    pub async fn stopped(&self) {
        if self.stopping.clone().wait_for(|stopping| *stopping).await.is_err() {
            // The service ended without announcing a stop, so no stop will ever come.
            std::future::pending().await
        }
    }

    /// Notes whether the answer under way is a live feed, which does not end by itself.
    pub fn set_live(&self, is_live: bool) {
        self.flags.is_live.store(is_live, Ordering::Relaxed);
    }

    /// Whether the answer under way, or the last one, is a live feed.
    pub fn is_live(&self) -> bool {
        self.flags.is_live.load(Ordering::Relaxed)
    }

    /// Whether the client was cut off because it took nothing.
    pub fn is_stalled(&self) -> bool {
        self.flags.is_stalled.load(Ordering::Relaxed)
    }
}

/// A stream that fails when a write makes no progress for the time `stall`.
pub struct StallGuard<S> {
    stream: S,
    stall: Duration,
    connection: ClientConnection,
    /// Runs while a write waits for the client.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> StallGuard<S> {
    /// Watches a stream.
    pub fn new(stream: S, stall: Duration, connection: ClientConnection) -> Self {
        Self { stream, stall, connection, timer: None }
    }

    fn watch(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if polled.is_ready() {
            self.timer = None;
            return polled;
        }
        let stall = self.stall;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(stall)));
        ready!(timer.as_mut().poll(context));
        self.connection.flags.is_stalled.store(true, Ordering::Relaxed);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for StallGuard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for StallGuard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
