//! Compares the contents of two events that have the same key.
//! Always: the mode in which an event was sent makes no difference.
//! Form: CloudEvents HTTP binding, 3.1.3.2.

use serde_json::{Map, Value};

use crate::domain::vocabulary::canonical;

/// Whether two events have the same content in RFC 8785 form. Binary mode has only text for
/// attributes, so `5` and `"5"` count as the same attribute value. `datacontenttype` is left out of
/// the comparison: its only value is `application/json`, its absence means the same, and most
/// clients cannot leave it out.
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one == other || matches!((without_mode(one), without_mode(other)), (Some(a), Some(b)) if a == b)
}

/// The content without what differs between modes; `None`: the text is not a JSON object.
fn without_mode(text: &[u8]) -> Option<Vec<u8>> {
    let mut members: Map<String, Value> = serde_json::from_slice(text).ok()?;
    members.remove("datacontenttype");
    for (name, value) in &mut members {
        if name != "data" && !value.is_string() {
            *value = Value::String(value.to_string());
        }
    }
    Some(canonical::bytes(&members))
}
