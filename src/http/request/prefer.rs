//! Reads the preferences of a request, from its `Prefer` headers.
//! Always: a preference that cannot be read counts as absent (RFC 7240, 2).
//! Form: RFC 7240.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::params::is_digits;

/// The header with preferences.
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The header that says which preferences an answer followed.
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// When the receipts of NDJSON lines are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptsSent {
    /// When the body of the request has ended.
    AtTheEnd,
    /// As soon as the lines of a group are recorded (`receipts=stream`).
    AsRecorded,
}

/// The seconds that a read may wait (`wait=<seconds>`, RFC 7240, 4.3).
pub fn wait_seconds(headers: &HeaderMap) -> Option<u64> {
    values(headers, "wait")
        .find_map(|value| is_digits(value).then(|| value.parse().unwrap_or(u64::MAX)))
}

/// When the receipts of lines are sent, by the preference `receipts`.
pub fn receipts_sent(headers: &HeaderMap) -> ReceiptsSent {
    match values(headers, "receipts").any(|value| value.eq_ignore_ascii_case("stream")) {
        true => ReceiptsSent::AsRecorded,
        false => ReceiptsSent::AtTheEnd,
    }
}

/// The values of a preference, without quotes.
fn values<'a>(headers: &'a HeaderMap, wanted: &'a str) -> impl Iterator<Item = &'a str> {
    let headers = headers.get_all(PREFER).into_iter();
    let texts = headers.filter_map(|value: &HeaderValue| value.to_str().ok());
    texts.flat_map(|text| text.split([',', ';'])).filter_map(move |part| {
        let (name, value) = part.split_once('=')?;
        let is_wanted = name.trim().eq_ignore_ascii_case(wanted);
        is_wanted.then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read_by_name() {
        let rows = [
            ("wait=5", Some(5), ReceiptsSent::AtTheEnd),
            ("respond-async, wait=\"7\"", Some(7), ReceiptsSent::AtTheEnd),
            ("WAIT = 9; foo", Some(9), ReceiptsSent::AtTheEnd),
            ("wait=99999999999999999999", Some(u64::MAX), ReceiptsSent::AtTheEnd),
            ("wait=soon", None, ReceiptsSent::AtTheEnd),
            ("wait=-1", None, ReceiptsSent::AtTheEnd),
            ("wait", None, ReceiptsSent::AtTheEnd),
            ("receipts=stream", None, ReceiptsSent::AsRecorded),
            ("Receipts=Stream, wait=2", Some(2), ReceiptsSent::AsRecorded),
            ("receipts=none", None, ReceiptsSent::AtTheEnd),
        ];
        for (text, seconds, sent) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(PREFER, HeaderValue::from_static(text));
            assert_eq!(
                (wait_seconds(&headers), receipts_sent(&headers)),
                (seconds, sent),
                "{text}"
            );
        }
    }
}
