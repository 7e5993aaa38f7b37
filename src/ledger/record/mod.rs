//! The only way in: from drafts to durable records and their receipts.
//! Always: the same (`source`, `id`) with the same content gets its first receipt again; with other
//! content it is refused. Duplicates are detected before preconditions are checked, so a sender
//! that lost an answer can always send again.

mod batch;
mod content;
mod error;
mod receipt;
mod write;

pub use self::batch::DraftRefusal;
pub use self::error::{RecordError, RecordFailure};
pub use self::receipt::{LogEntry, Receipt, ReceiptStatus};
pub use self::write::WriteMode;
