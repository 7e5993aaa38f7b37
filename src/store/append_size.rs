//! The bytes of records that one append to a cluster may hold.
//! Always: an append of more than [`APPEND_BYTES_MAX`] holds one record, or records that must be
//! written together.

/// An append is cut before it holds more bytes than this. A server may take no more than 1 MiB at
/// once (EventStoreDB, MaxAppendSize: the default of many versions).
pub const APPEND_BYTES_MAX: usize = 256 * 1024;

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
