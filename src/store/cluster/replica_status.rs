//! The status of a replica: how far its copy goes, and how it follows the cluster.
//! Always: the tail is the copy's tail, so a reader can read up to every tail that it receives.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use super::append::ClusterWriter;
use super::follower::{FollowState, FollowerSignals};
use crate::store::embedded::Embedded;
use crate::store::{Condition, RecordedTimeOrder, Store as _, StoreStatus};

/// The counts of reconnections give no notice when they change, so the status is refreshed this
/// often as well.
const REFRESHED_EVERY: Duration = Duration::from_millis(250);

/// Puts the status together from the copy, the writer and the follower's signals.
pub struct ReplicaStatus {
    copy: Arc<Embedded>,
    writer: Arc<ClusterWriter>,
    signals: Arc<FollowerSignals>,
    /// The channel that gives the status to readers, now and at each change.
    status: watch::Sender<StoreStatus>,
}

impl ReplicaStatus {
    /// A status over the copy, the writer to the cluster, and the signals of the follower's loop.
    pub fn new(
        copy: Arc<Embedded>,
        writer: Arc<ClusterWriter>,
        signals: Arc<FollowerSignals>,
    ) -> Self {
        Self { copy, writer, signals, status: watch::Sender::new(StoreStatus::EMPTY) }
    }

    /// The status now, and at each change. This call refreshes the status too, because a stuck
    /// thread of the follower refreshes nothing.
    pub fn subscribe(&self) -> watch::Receiver<StoreStatus> {
        self.refresh();
        self.status.subscribe()
    }

    /// Publishes each change, as long as the follower's thread runs.
    pub async fn publish_changes(self: Arc<Self>) {
        let mut copy = self.copy.status();
        let mut state = self.signals.state.subscribe();
        loop {
            self.refresh();
            tokio::select! {
                // A copy that has ended reports at once every time: pause as for a refresh.
                changed = copy.changed() => if changed.is_err() {
                    tokio::time::sleep(REFRESHED_EVERY).await;
                },
                _ = state.changed() => {}
                () = tokio::time::sleep(REFRESHED_EVERY) => {}
            }
        }
    }

    /// Puts the status together while the channel is locked: otherwise a thread that pauses between
    /// reading and sending would replace a newer tail with an older one.
    fn refresh(&self) {
        self.status.send_if_modified(|status| {
            let now = self.now();
            std::mem::replace(status, now) != now
        });
    }

    fn now(&self) -> StoreStatus {
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
        let recorded_time_order = RecordedTimeOrder::RisesInStream;
        StoreStatus { condition, recorded_time_order, reconnects, ..of_copy }
    }
}
