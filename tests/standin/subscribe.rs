//! A subscription to `$all`: the confirmation, the events behind the position, "caught up", then
//! each event as it is written.
//! Always: no event is sent at or before the position of the last one, except by `Fault::Repeat`.
//! Form: AllSubscription and AllSubscriptionFiltered of the server, KurrentDB 44996ed.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::watch;
use uuid::Uuid;

use super::cluster::{Cluster, Leadership, Needs, Node};
use super::faults::Fault;
use super::log::Record;
use super::proto::streams::read_resp::{CaughtUp, Checkpoint, Content, SubscriptionConfirmation};
use super::read::{Ended, Filter, From, Ids, Out, WithPosition, event};
use super::status;

/// The server's page size while a subscription catches up, and how many live events wait for a slow
/// client before the subscription falls back to catching up.
const BATCH: usize = 32;

/// A subscription as the client asked for it.
pub(crate) struct Subscription {
    pub(crate) node: Node,
    pub(crate) from: From,
    pub(crate) filter: Option<Filter>,
    /// How many events the server looks at for one page.
    pub(crate) window: Option<u32>,
    /// How many windows lie between checkpoints.
    pub(crate) multiplier: u32,
    pub(crate) ids: Ids,
    pub(crate) needs: Needs,
    pub(crate) fault: Option<Fault>,
}

/// Counts a subscription while it is open.
struct Counted(Arc<Cluster>);

impl Counted {
    fn new(cluster: &Arc<Cluster>) -> Self {
        cluster.subscribers.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(cluster))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.subscribers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A subscription that runs.
struct Running {
    asked: Subscription,
    out: Out,
    changed: watch::Receiver<()>,
    leadership: watch::Receiver<Leadership>,
    evictions: u64,
    window: usize,
    /// How many events lie between two checkpoints.
    interval: usize,
    /// The position of the event or checkpoint sent last, or the position asked for.
    at: Option<u64>,
    checkpoint: Option<u64>,
}

/// One page of the log.
struct Page {
    wanted: Vec<Arc<Record>>,
    looked_at: usize,
    next: u64,
    is_last: bool,
}

impl Subscription {
    /// Runs until the client leaves or the subscription ends.
    pub(crate) async fn run(self, out: Out) {
        let _counted = Counted::new(&self.node.cluster);
        let leadership = self.node.cluster.leadership.subscribe();
        let evictions = leadership.borrow().evictions;
        let window = self.window.map_or(BATCH, |window| window as usize).max(1);
        let mut running = Running {
            changed: self.node.cluster.changed.subscribe(),
            leadership,
            evictions,
            window,
            interval: window * self.multiplier.max(1) as usize,
            at: None,
            checkpoint: None,
            asked: self,
            out,
        };
        // The client has been told how the subscription ended.
        let (Ok(_) | Err(Ended)) = running.follow().await;
    }
}

impl Running {
    async fn follow(&mut self) -> Result<Infallible, Ended> {
        let last = self.asked.node.cluster.log().last();
        let id = Uuid::new_v4().to_string();
        self.out
            .send(Content::Confirmation(SubscriptionConfirmation { subscription_id: id }))
            .await?;
        self.lead().await?;
        self.at = match self.asked.from {
            From::Start => None,
            From::End => last,
            From::At(position) => Some(position),
        };
        match self.asked.fault {
            Some(Fault::Silent) => {
                self.out.closed().await;
                return Err(Ended);
            }
            Some(Fault::Repeat) => self.repeat().await?,
            _ => {}
        }
        // At or past the end the server does not check the position: it waits for the log to grow.
        if self.at >= last {
            let next = self.at.map_or(0, |at| at + 1);
            self.live(next).await?;
        }
        loop {
            let next = self.catch_up().await?;
            self.live(next).await?;
        }
    }

    async fn catch_up(&mut self) -> Result<u64, Ended> {
        let mut from = self.at.unwrap_or(0);
        let mut looked_at = 0;
        let is_good = {
            let log = self.asked.node.cluster.log();
            from >= log.end() || log.is_boundary(from)
        };
        if !is_good {
            return Err(self.out.fail(status::invalid_position()).await);
        }
        loop {
            self.lead().await?;
            let page = self.page(from);
            for record in page.wanted {
                if Some(record.position) > self.at {
                    self.send(&record).await?;
                }
            }
            if self.at < Some(from) && from < page.next {
                self.at = Some(from);
            }
            looked_at += page.looked_at;
            if page.is_last {
                if self.at.is_none() && page.next > 0 {
                    self.at = Some(0);
                }
                self.send_checkpoint().await?;
                return Ok(page.next);
            }
            if looked_at >= self.interval {
                looked_at %= self.interval;
                self.send_checkpoint().await?;
            }
            from = page.next;
        }
    }

    /// Sends events as they are written, until more wait than the server keeps.
    async fn live(&mut self, mut next: u64) -> Result<(), Ended> {
        self.out.send(Content::CaughtUp(CaughtUp {})).await?;
        let mut looked_at = 0;
        loop {
            self.changed.mark_unchanged();
            let batch: Vec<_> = {
                let log = self.asked.node.cluster.log();
                log.forwards(next).take(BATCH + 1).cloned().collect()
            };
            if batch.len() > BATCH {
                return self.send_checkpoint().await;
            }
            if batch.is_empty() {
                self.wait().await?;
            }
            for record in batch {
                next = record.end;
                if Some(record.position) <= self.at {
                    continue;
                }
                looked_at += 1;
                if self.wants(&record) {
                    self.send(&record).await?;
                }
                if looked_at >= self.interval {
                    looked_at = 0;
                    self.at = Some(record.position);
                    self.send_checkpoint().await?;
                }
            }
        }
    }

    async fn wait(&mut self) -> Result<(), Ended> {
        tokio::select! {
            _ = self.changed.changed() => Ok(()),
            _ = self.leadership.changed() => {
                let evictions = self.leadership.borrow().evictions;
                if evictions == self.evictions {
                    return Ok(());
                }
                self.evictions = evictions;
                self.lead().await
            }
            () = self.out.closed() => Err(Ended),
        }
    }

    async fn lead(&mut self) -> Result<(), Ended> {
        match self.asked.node.lead(self.asked.needs) {
            Ok(()) => Ok(()),
            Err(status) => Err(self.out.fail(status).await),
        }
    }

    fn page(&self, from: u64) -> Page {
        let log = self.asked.node.cluster.log();
        let mut page = Page { wanted: Vec::new(), looked_at: 0, next: from, is_last: true };
        for record in log.forwards(from) {
            if page.wanted.len() >= BATCH || page.looked_at >= self.window {
                page.is_last = false;
                break;
            }
            page.looked_at += 1;
            page.next = record.end;
            if self.wants(record) {
                page.wanted.push(Arc::clone(record));
            }
        }
        page
    }

    fn wants(&self, record: &Record) -> bool {
        self.asked.filter.as_ref().is_none_or(|filter| filter.passes(record))
    }

    async fn send(&mut self, record: &Record) -> Result<(), Ended> {
        self.out.send(event(record, self.asked.ids, WithPosition::Yes)).await?;
        self.at = Some(record.position);
        Ok(())
    }

    /// Sends a checkpoint, only for a filtered subscription, and none twice.
    async fn send_checkpoint(&mut self) -> Result<(), Ended> {
        let Some(at) = self.at.filter(|at| self.checkpoint < Some(*at)) else { return Ok(()) };
        if self.asked.filter.is_none() {
            return Ok(());
        }
        self.checkpoint = Some(at);
        let checkpoint = Checkpoint { commit_position: at, prepare_position: at };
        self.out.send(Content::Checkpoint(checkpoint)).await
    }

    async fn repeat(&mut self) -> Result<(), Ended> {
        let Some(at) = self.at else { return Ok(()) };
        let before = {
            let log = self.asked.node.cluster.log();
            let found = log.forwards(0).take_while(|record| record.position <= at);
            found.filter(|record| self.wants(record)).last().cloned()
        };
        match before {
            Some(record) => self.out.send(event(&record, self.asked.ids, WithPosition::Yes)).await,
            None => Ok(()),
        }
    }
}
