//! Locks by which the writers of this process to one stream wait for each other.
//! Always: a stream has one lock; streams share so few that the memory does not grow with them.

use std::hash::{BuildHasher as _, RandomState};

use tokio::sync::Mutex;

use crate::domain::stream::StreamId;

/// How many locks there are.
const STREAM_LOCKS: u64 = 1_024;

/// See the module. Without the lock each writer would append at the same revision, and all but one
/// would be refused and try again.
pub struct StreamLocks {
    locks: Vec<Mutex<()>>,
    /// Any part of a UUID can be the same in many (its time, or the machine that made it), so no
    /// part of it chooses the lock.
    hasher: RandomState,
}

impl Default for StreamLocks {
    fn default() -> Self {
        let locks = (0..STREAM_LOCKS).map(|_| Mutex::new(())).collect();
        Self { locks, hasher: RandomState::new() }
    }
}

impl StreamLocks {
    /// The lock of a stream.
    pub fn of(&self, stream: StreamId) -> &Mutex<()> {
        let place = usize::try_from(self.hasher.hash_one(stream) % STREAM_LOCKS);
        &self.locks[place.unwrap_or_default()]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn streams_with_a_common_beginning_have_many_locks() {
        let locks = StreamLocks::default();
        let places = (0..4_096_u128).map(|number| {
            let stream = StreamId::from_bytes(number.to_be_bytes());
            std::ptr::from_ref(locks.of(stream)) as usize
        });
        let places: HashSet<usize> = places.collect();
        assert!(places.len() > 900, "{}", places.len());
    }
}
