//! The bytes of records that one append to a cluster may hold.
//! Always: an append of more than [`APPEND_BYTES_MAX`] holds one record, or records that must be
//! written together.

/// An append is cut before it holds more bytes than this. A server may take no more than 1 MiB at
/// once (EventStoreDB, MaxAppendSize: the default of many versions).
pub const APPEND_BYTES_MAX: usize = 256 * 1024;

/// A server takes no larger message, and an append is one message: the largest record of its log
/// (EventStoreDB, TFConsts.EffectiveMaxLogRecordSize).
const MESSAGE_BYTES_MAX: usize = 16_767_216;

/// An event takes at most this many bytes of a message beside its record, for id, type, lengths.
const EVENT_OVERHEAD_BYTES: usize = 200;

/// Whether an append of records with these sizes fits into one message.
pub fn fits_a_message(sizes: impl Iterator<Item = usize>) -> bool {
    sizes.map(|bytes| bytes + EVENT_OVERHEAD_BYTES).sum::<usize>() <= MESSAGE_BYTES_MAX
}

/// The bytes of the records in an append that is being put together.
#[derive(Debug, Default, Clone, Copy)]
pub struct AppendSize(usize);

impl AppendSize {
    /// Whether this many more bytes fit. An empty append takes a record of any size.
    pub fn has_room(self, bytes: usize) -> bool {
        self.0 == 0 || self.0 + bytes <= APPEND_BYTES_MAX
    }

    /// Adds the bytes of a record.
    pub fn add(&mut self, bytes: usize) {
        self.0 += bytes;
    }
}
