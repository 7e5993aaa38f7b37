//! The only way in: from drafts to durable records and their receipts.
//! Always: the same (`source`, `id`) with the same content gets its first receipt again; with other
//! content it is refused; duplicates are answered before preconditions, so that a retry whose
//! answer was lost is safe.

mod batch;
mod content;
mod error;
mod receipt;
mod write;

pub use self::error::{RecordError, Unrecorded};
pub use self::receipt::{LogPlace, Receipt, ReceiptStatus};
pub use self::write::WriteMode;
