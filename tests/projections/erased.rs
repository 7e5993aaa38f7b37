//! Erasure: nothing that a projection keeps or answers rests on what was erased.

use std::path::Path;
use std::time::Duration;

use care_ledger::domain::event::{Draft, Erasure};
use care_ledger::domain::id::{KeyGeneration, Position};
use care_ledger::domain::vocabulary::json::JsonValue;
use care_ledger::domain::vocabulary::kind::Class;
use care_ledger::domain::vocabulary::validate::validate;
use care_ledger::ledger::read::open::Reader;
use care_ledger::ledger::record::WriteMode;
use care_ledger::ledger::{Expected, Ledger, ReadError};
use care_ledger::projection::replay::log::LogReading;
use care_ledger::projection::replay::{Batches, Moments, ReplayMode, ReplayOrder, Watch};
use care_ledger::projection::runner::parts::Parts;
use care_ledger::projection::runner::{
    PartitionRow, ProjectionReport, Projections, StateAnswerError, SummaryMade,
};
use care_ledger::projection::script::care_event::CareEvent;
use care_ledger::projection::script::engine::Limits;
use care_ledger::projection::script::fold::{Folded, States};
use care_ledger::projection::view::view_of;
use care_ledger::store::open::StoreConfig;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use crate::support::{person, until};

/// A code that stands in the erased records alone.
const CANARY: &str = "canaryHouse";

/// A state for each stream, which holds all places of the doses and the first place of the file.
const PLACES: &str = "fromCategory('person').foreachStream().when({
    $init: () => ({ places: [], n: 0 }),
    'substitution.doseContinued': (s, e) => { s.places.push(e.data.facility); },
    $any: (s, e) => { s.n++; },
    $deleted: (s) => { s.gone = true; },
})";

/// The same, without a word for the end of a stream.
const PLACES_ONLY: &str = "fromCategory('person').foreachStream().when({
    $init: () => ({ places: [] }),
    'substitution.doseContinued': (s, e) => { s.places.push(e.data.facility); },
    $any: (s, e) => { s.last = e.eventType; },
})";

/// One state for all.
const ALL: &str = "fromCategory('person').when({
    $init: () => ({ places: [], n: 0 }),
    'substitution.doseContinued': (s, e) => { s.places.push(e.data.facility); },
    $any: (s, e) => { s.n++; },
})";

/// A state that all streams share.
const SHARED: &str = "fromCategory('person').foreachStream().when({
    $init: () => ({ n: 0 }), $initShared: () => ({ places: [] }),
    'substitution.doseContinued': (s, e) => { s[1].places.push(e.data.facility); },
    $any: (s, e) => { s[0].n++; },
})";

const SUMMARY: &str = "function summary(rows) {
    const places = new Set();
    for (const row of rows) for (const place of row.result.places || []) places.add(place);
    return { columns: [{ name: 'place', type: 'text', role: 'group' }],
        rows: [...places].sort().map(place => [place]), notes: [] };
}";

fn effective(source: &str) -> String {
    format!("// view: effective\n{source}")
}

fn dose(number: u32, id: &str, facility: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "urn:example:a",
        "type": "substitution.doseContinued", "subject": person(number),
        "time": "2026-03-02T08:00:00+01:00",
        "data": {"product": "methadone", "doseMicrograms": 60_000, "setting": "community",
            "facility": facility},
    })
}

fn arrival(number: u32, id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "urn:example:a", "type": "detention.arrived",
        "subject": person(number), "time": "2026-03-01T08:00:00+01:00",
        "data": {"detention": "d", "facility": "gent", "legalStatus": "convicted"},
    })
}

fn annulled(number: u32, id: &str, arrival: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "urn:example:a", "type": "record.annulled",
        "subject": person(number), "time": "2026-03-02T09:00:00+01:00",
        "data": {"reason": "notOccurred", "annuls": {
            "source": "urn:example:a", "id": arrival, "type": "detention.arrived"}},
    })
}

/// Person 1 has a dose to be erased and an arrival; person 2 is joined into person 3, and has only
/// a dose to be erased; person 4 has other records; person 5 has only a dose to be erased, and
/// person 6 has beside it an annulled arrival, which is not in force but remains.
fn told() -> Vec<Value> {
    let merge = json!({
        "specversion": "1.0", "id": "merge", "source": "urn:example:a", "type": "person.merged",
        "subject": person(2), "time": "2026-03-01T08:00:00+01:00",
        "data": {"into": person(3), "reason": "sameIdentifierHash"},
    });
    vec![
        arrival(1, "1"),
        dose(1, "2", CANARY),
        dose(2, "3", CANARY),
        dose(3, "4", "msoc"),
        merge,
        dose(4, "5", "msoc"),
        dose(5, "6", CANARY),
        arrival(6, "7"),
        annulled(6, "8", "7"),
        dose(6, "9", CANARY),
    ]
}

fn draft(event: &Value) -> Draft {
    let now = "2030-01-01T00:00:00Z".parse().unwrap();
    validate(&JsonValue::from(event), now).unwrap_or_else(|why| panic!("{event}: {why:?}"))
}

/// The persons whose class C is erased.
const ERASED: [u32; 4] = [1, 2, 5, 6];

struct Erasing {
    folder: tempfile::TempDir,
    runtime: Runtime,
}

impl Erasing {
    /// A ledger with those records.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let erasing = Self { folder, runtime };
        let ledger = erasing.ledger(false);
        let drafts: Vec<Draft> = told().iter().map(draft).collect();
        let record = ledger.record(&drafts, Expected::Any, WriteMode::Write);
        erasing.runtime.block_on(record).unwrap();
        erasing
    }

    fn ledger(&self, is_erased: bool) -> Ledger {
        let store = StoreConfig::Folder(self.folder.path().to_owned());
        // A worker that was told to end may still hold the folder.
        let mut opened = None;
        until("opened", || {
            let ledger = self.runtime.block_on(Ledger::open(&store, &mut |_, _| ()));
            opened = ledger.ok();
            opened.is_some()
        });
        let ledger = opened.unwrap();
        ledger.first_start().succeed();
        let erasure =
            Erasure { at: "2026-11-01T00:00:00Z".parse().unwrap(), basis: "dataSubject".into() };
        let key = |number: &u32| (person(*number).into(), Class::Clinical, KeyGeneration(0));
        let erased = ERASED.iter().filter(|_| is_erased).map(|n| (key(n), erasure.clone()));
        ledger.with_erasures(erased.collect())
    }

    fn projections(&self, is_erased: bool) -> (Ledger, Projections) {
        let _runtime = self.runtime.enter();
        let ledger = self.ledger(is_erased);
        let every = Duration::from_secs(600);
        let projections = Projections::start(ledger.clone(), self.folder.path(), every);
        (ledger, projections.unwrap())
    }

    /// The states of a fresh replay.
    fn replayed(&self, ledger: &Ledger, source: &str) -> Value {
        struct Unwatched;
        impl Watch for Unwatched {
            fn wants_events(&self) -> bool {
                false
            }
            fn folded(&mut self, _: &CareEvent, _: &Folded, _: &States) {}
        }
        let order = ReplayOrder {
            program: source.into(),
            limits: Limits::default(),
            partition: None,
            mode: ReplayMode::Exact,
            cores_max: 1,
            is_read_once: false,
        };
        let mut open = || -> Result<Batches<'_, ReadError>, ReadError> {
            let reading = LogReading {
                ledger: ledger.clone(),
                reader: Reader::system("test"),
                view: view_of(source),
                moments: Moments::default(),
                from: Position::START,
            };
            Ok(Box::new(reading.start(self.runtime.handle().clone()).unwrap().into_iter()))
        };
        let end = order.run(&mut open, &mut Unwatched).unwrap();
        assert!(end.fault.is_none());
        let states = end.sorted_states(None).into_iter();
        let state = |(partition, state): (&str, &str)| {
            (partition.to_owned(), serde_json::from_str(state).unwrap())
        };
        states.map(state).collect::<Map<String, Value>>().into()
    }
}

fn parts(source: &str) -> Parts {
    Parts { summary: Some(SUMMARY.to_owned()), ..Parts::of_program(source.to_owned()) }
}

fn report(projections: &Projections, name: &str) -> ProjectionReport {
    projections.report(name).unwrap()
}

fn caught_up(projections: &Projections, name: &str) {
    until("caught up", || {
        let report = report(projections, name);
        report.lag == 0 && report.rebuild.is_none()
    });
}

fn states(projections: &Projections, name: &str) -> Value {
    let page = projections.partitions(name, None, 1_000).unwrap();
    let state =
        |row: PartitionRow| (row.partition, serde_json::from_str(&row.result.unwrap()).unwrap());
    page.rows.into_iter().map(state).collect::<Map<String, Value>>().into()
}

/// The files of the projections that hold the canary. A program does not name it.
fn files_with_canary(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder.join("projections")).unwrap().flatten();
    let holds = |file: &std::fs::DirEntry| {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
    };
    files.filter(holds).map(|file| file.file_name().to_string_lossy().into_owned()).collect()
}

fn stream(number: u32) -> String {
    format!("person-{}", person(number))
}

/// Of a program without a state for each stream nothing is answered until it is built anew.
fn assert_answers_nothing_erased(projections: &Projections, name: &str) {
    match projections.partitions(name, None, 1_000) {
        Ok(page) => {
            let told = format!("{:?}", page.rows);
            assert!(!told.contains(CANARY), "{name}: {told}");
        }
        Err(StateAnswerError::Withheld) => {
            assert!(!name.starts_with("places"), "{name} is folded person by person");
            assert!(matches!(projections.summary(name), Err(StateAnswerError::Withheld)));
            assert!(matches!(projections.shared(name), Err(StateAnswerError::Withheld)));
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

/// The states are those of a fresh replay, apart from the mark of a stream that has ended.
fn assert_rests_on_what_remains(projections: &Projections, name: &str, replayed: Value) {
    let mut kept = states(projections, name);
    if ["places", "placesInForce"].contains(&name) {
        let ended = kept.as_object_mut().unwrap().remove(&stream(5)).unwrap();
        assert_eq!(ended, json!({"places": [], "n": 0, "gone": true}), "{name}");
    }
    // A result of shared state holds both parts.
    if !name.starts_with("shared") {
        assert_eq!(kept, replayed, "{name}");
    }
    until("summarised", || match projections.summary(name).unwrap().made {
        SummaryMade::Table(table) => !format!("{table:?}").contains(CANARY),
        _ => false,
    });
}

#[test]
fn no_file_and_no_answer_rests_on_what_was_erased() {
    let erasing = Erasing::new();
    let programs =
        [("places", PLACES), ("placesOnly", PLACES_ONLY), ("all", ALL), ("shared", SHARED)];
    let mut sources: Vec<(String, String)> = Vec::new();
    for (name, source) in programs {
        sources.push((name.to_owned(), source.to_owned()));
        sources.push((format!("{name}InForce"), effective(source)));
    }
    let (ledger, before) = erasing.projections(false);
    for (name, source) in &sources {
        before.put(name, parts(source)).unwrap();
    }
    for (name, source) in &sources {
        caught_up(&before, name);
        until("summarised", || before.summary(name).unwrap().made != SummaryMade::NotYet);
        if name != "shared" && name != "sharedInForce" {
            assert!(states(&before, name).to_string().contains(CANARY), "{name}: {source}");
        }
    }
    drop((before, ledger));
    let holding = files_with_canary(erasing.folder.path());
    assert!(holding.len() >= sources.len(), "{holding:?}");

    let (ledger, after) = erasing.projections(true);
    for number in ERASED {
        after.erased(person(number)).unwrap();
    }
    // What is answered from here on rests on what remains.
    for (name, source) in &sources {
        assert_answers_nothing_erased(&after, name);
        caught_up(&after, name);
        assert_rests_on_what_remains(&after, name, erasing.replayed(&ledger, source));
    }
    until("clean", || files_with_canary(erasing.folder.path()).is_empty());
    drop((after, ledger));
    assert_eq!(files_with_canary(erasing.folder.path()), Vec::<String>::new());
}

#[test]
fn what_is_withheld_stays_so_over_a_restart_until_it_is_built_anew() {
    // Once the canary is erased, the program faults at the end of the log.
    let source = format!(
        "fromCategory('person').when({{
            $init: () => ({{ places: [], n: 0 }}),
            'substitution.doseContinued': (s, e) => {{
                s.places.push(e.data.facility);
                if (s.places.length === 2 && !s.places.includes('{CANARY}')) throw new Error('x');
            }},
        }})"
    );
    let erasing = Erasing::new();
    let (ledger, before) = erasing.projections(false);
    before.put("all", Parts::of_program(source.clone())).unwrap();
    caught_up(&before, "all");
    drop((before, ledger));
    let (ledger, after) = erasing.projections(true);
    after.erased(person(1)).unwrap();
    let is_withheld = |projections: &Projections| {
        let answer = projections.state("all", "");
        matches!(answer, Err(StateAnswerError::Withheld))
            && report(projections, "all").rebuild.is_some_and(|rebuild| rebuild.withheld)
    };
    assert!(is_withheld(&after));
    until("the rebuild faulted", || {
        report(&after, "all").rebuild.is_some_and(|rebuild| rebuild.fault.is_some())
    });
    assert!(is_withheld(&after));
    drop((after, ledger));
    let (ledger, again) = erasing.projections(true);
    assert!(is_withheld(&again));
    // Another source ends it.
    let parts = Parts::of_program(ALL.to_owned());
    again.put("all", parts).unwrap();
    caught_up(&again, "all");
    assert_eq!(states(&again, "all")[""]["places"], json!(["msoc", "msoc"]));
    drop((again, ledger));
}

/// A variable of the file may hold what was erased, so the engine that held it goes.
#[test]
fn the_variables_of_a_program_begin_anew_at_an_erasure() {
    let counter = "let n = 0;
        fromCategory('person').foreachStream().when({ $any: (s) => { s.n = ++n; } })";
    let erasing = Erasing::new();
    let (ledger, projections) = erasing.projections(false);
    projections.put("counter", Parts::of_program(counter.to_owned())).unwrap();
    caught_up(&projections, "counter");
    let before = states(&projections, "counter");
    assert!(before[stream(6)]["n"].as_u64().unwrap() > 3);
    projections.erased(person(6)).unwrap();
    let mut expected = before;
    // Person 6 has three records.
    expected[stream(6)] = json!({"n": 3});
    assert_eq!(states(&projections, "counter"), expected);
    drop((projections, ledger));
}
