//! What a replica shows of itself: what its copy has, and how it follows its cluster.
//! Always: the tail is the copy's, so whoever is told of a position can read up to it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use super::append::ClusterWriter;
use super::follower::{FollowState, FollowerSignals};
use crate::store::embedded::Embedded;
use crate::store::{Condition, Stamps, Store as _, StoreStatus};

/// Reconnections tell nobody, so they are looked at this often.
const REFRESHED_EVERY: Duration = Duration::from_millis(250);

/// The status of a replica, made of what three others know.
pub struct ReplicaStatus {
    copy: Arc<Embedded>,
    writer: Arc<ClusterWriter>,
    signals: Arc<FollowerSignals>,
    /// Where the status is told, now and at each change.
    status: watch::Sender<StoreStatus>,
}

impl ReplicaStatus {
    /// Over the copy, the writer to the cluster, and the signals of the follower's loop.
    pub fn new(
        copy: Arc<Embedded>,
        writer: Arc<ClusterWriter>,
        signals: Arc<FollowerSignals>,
    ) -> Self {
        Self { copy, writer, signals, status: watch::Sender::new(StoreStatus::EMPTY) }
    }

    /// The status now, and at each change.
    pub fn subscribe(&self) -> watch::Receiver<StoreStatus> {
        self.refresh();
        self.status.subscribe()
    }

    /// Tells each change as long as the follower's thread runs.
    pub async fn tell_changes(self: Arc<Self>) {
        let mut copy = self.copy.status();
        let mut state = self.signals.state.subscribe();
        loop {
            self.refresh();
            tokio::select! {
                // A copy that has ended is looked at again, no sooner than any other.
                changed = copy.changed() => if changed.is_err() {
                    tokio::time::sleep(REFRESHED_EVERY).await;
                },
                _ = state.changed() => {}
                () = tokio::time::sleep(REFRESHED_EVERY) => {}
            }
        }
    }

    fn refresh(&self) {
        let of_copy = *self.copy.status().borrow();
        let condition = match *self.signals.state.borrow() {
            _ if self.signals.is_stuck() => Condition::Ended,
            FollowState::Live => of_copy.condition,
            FollowState::CatchingUp { .. } | FollowState::Disconnected(_) => Condition::Unreachable,
            FollowState::Stopped(_) => Condition::Failed,
        };
        // The follower's first connection is no reconnection.
        let of_follower = self.signals.connections.load(Ordering::Relaxed).saturating_sub(1);
        let reconnects = Some(of_follower + self.writer.reconnects());
        let stamps = Stamps::RiseWithinStream;
        let now = StoreStatus { condition, stamps, reconnects, ..of_copy };
        self.status.send_if_modified(|status| std::mem::replace(status, now) != now);
    }
}
