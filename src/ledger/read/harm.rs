//! What others did to the ledger's streams in the cluster.
//! Always: a stream of a facility or a project that holds no record of the ledger is another
//! program's, and is not told of.

use crate::domain::id::Revision;
use crate::domain::stream::{Stream, StreamName};
use crate::ledger::Ledger;
use crate::store::harm::StreamHarm;

impl Ledger {
    /// The ledger's streams to which somebody else did something, in the order of their names; none
    /// where the ledger lies in a folder.
    pub async fn harmed_streams(&self) -> Vec<(StreamName, StreamHarm)> {
        let mut harmed = Vec::new();
        for (name, harm) in self.store.harmed_streams().iter() {
            let stream = Stream::named(name.clone(), &self.hash_keys.stream);
            let is_of_others = name.person().is_none()
                && self
                    .store
                    .read_stream(&stream, Revision(0), 0)
                    .await
                    .is_ok_and(|slice| slice.last.is_none());
            if !is_of_others {
                harmed.push((name.clone(), *harm));
            }
        }
        harmed
    }
}
