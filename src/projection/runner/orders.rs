//! The erasures that a worker is told of.
//! Always: who told of an erasure is answered only once the worker holds nothing of it any more.

use tokio::sync::{mpsc, oneshot};

use crate::domain::id::PersonId;

/// An erasure of something that was recorded of a person.
pub struct ErasureOrder {
    /// The person.
    pub person: PersonId,
    /// Is answered when it is done.
    pub done: oneshot::Sender<()>,
}

/// See the module.
pub struct ErasureOrders {
    receiver: mpsc::UnboundedReceiver<ErasureOrder>,
    /// The order that is being carried out.
    present: Option<ErasureOrder>,
}

impl ErasureOrders {
    /// The orders, and where they are given.
    pub fn channel() -> (mpsc::UnboundedSender<ErasureOrder>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Self { receiver, present: None })
    }

    /// The person of the order that is to be carried out, if there is one.
    pub fn next(&mut self) -> Option<PersonId> {
        if self.present.is_none() {
            self.present = self.receiver.try_recv().ok();
        }
        self.present.as_ref().map(|order| order.person)
    }

    /// Whether there is an order.
    pub fn is_waiting(&mut self) -> bool {
        self.next().is_some()
    }

    /// Waits for an order.
    pub async fn wait(&mut self) {
        if self.present.is_none() {
            self.present = self.receiver.recv().await;
        }
        if self.present.is_none() {
            // The projection has ended, so no order can come.
            std::future::pending::<()>().await;
        }
    }

    /// Says that the order is carried out.
    pub fn done(&mut self) {
        if let Some(order) = self.present.take() {
            // The request that waited for the answer may have ended.
            let _ = order.done.send(());
        }
    }
}
