//! The content keys that were destroyed, each with the time and the basis of its erasure.
//! Always: a key that is listed here opens nothing any more; a key that is merely missing is not
//! listed.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::event::Erasure;
use crate::domain::id::KeyGeneration;
use crate::domain::record::View;
use crate::domain::stream::StreamId;
use crate::domain::vocabulary::kind::Class;

/// A content key: of one stream, class and generation.
type ContentKey = (StreamId, Class, KeyGeneration);

/// The content keys that were destroyed. No key of a ledger can be destroyed yet, so only tests
/// fill this. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Erasures(Arc<HashMap<ContentKey, Erasure>>);

impl Erasures {
    /// The erasure of a record's content; `None`: its key was not destroyed.
    pub fn of(&self, record: View<'_>) -> Option<&Erasure> {
        // Almost every ledger has no erasures, and every record that is read calls this.
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&(record.stream_id(), record.class(), record.generation()))
    }
}

impl FromIterator<(ContentKey, Erasure)> for Erasures {
    fn from_iter<I: IntoIterator<Item = (ContentKey, Erasure)>>(destroyed: I) -> Self {
        Self(Arc::new(destroyed.into_iter().collect()))
    }
}
