//! A stream longer than requests are answered from.

use std::time::Duration;

use care_ledger::domain::event::Draft;
use care_ledger::domain::vocabulary::json::JsonValue;
use care_ledger::domain::vocabulary::validate::validate;
use care_ledger::ledger::read::open::Reader;
use care_ledger::ledger::record::WriteMode;
use care_ledger::ledger::{Expected, Ledger};
use care_ledger::projection::runner::Projections;
use care_ledger::projection::runner::parts::Parts;
use care_ledger::store::open::StoreConfig;
use tokio::runtime::Runtime;

use crate::support::{TIME, person, screening, until};

/// One more than a request takes in.
const RECORDS: usize = 100_001;

const COUNT: &str = "fromCategory('person').foreachStream().when({
    $init: () => ({ n: 0 }), $any: (s) => { s.n++; } })";

#[test]
fn a_stream_too_long_for_a_request_is_folded_whole() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let store = StoreConfig::Folder(folder.path().to_owned());
    let ledger = runtime.block_on(Ledger::open(&store, &mut |_, _| ())).unwrap();
    ledger.first_start().succeed();
    let event = screening(person(1), "urn:example:a", "1", TIME).to_string();
    let numbered = |number: usize| -> Draft {
        let event = event.replace("\"id\":\"1\"", &format!("\"id\":\"{number}\""));
        let event: serde_json::Value = serde_json::from_str(&event).unwrap();
        validate(&JsonValue::from(&event), "2030-01-01T00:00:00Z".parse().unwrap()).unwrap()
    };
    let drafts: Vec<Draft> = (0..RECORDS).map(numbered).collect();
    for drafts in drafts.chunks(10_000) {
        runtime.block_on(ledger.record(drafts, Expected::Any, WriteMode::Write)).unwrap();
    }
    let refused = runtime.block_on(ledger.stream(&Reader::system("test"), &person(1).into()));
    assert!(refused.is_err());

    let _runtime = runtime.enter();
    let projections =
        Projections::start(ledger.clone(), folder.path(), Duration::from_secs(600)).unwrap();
    let names = ["told", "inForce"];
    for (name, view) in names.into_iter().zip(["recorded", "effective"]) {
        let source = format!("// view: {view}\n{COUNT}");
        projections.put(name, Parts::of_program(source)).unwrap();
    }
    let partition = format!("person-{}", person(1));
    let is_counted = |name| {
        let state = projections.state(name, &partition);
        state.is_ok_and(|state| state.json == format!("{{\"n\":{RECORDS}}}"))
    };
    for name in names {
        until("folded", || is_counted(name));
    }
    // A stream that is told of an erasure is folded anew.
    projections.erased(person(1)).unwrap();
    for name in names {
        assert!(is_counted(name), "{name}");
    }
    drop((projections, ledger));
}
