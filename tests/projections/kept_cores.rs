//! Projections that the service keeps, on several cores.

use std::thread::available_parallelism;

use serde_json::{Value, json};

use crate::effective::served;
use crate::folded::lives;
use crate::kept::{caught_up, put, states, status};
use crate::support::service::{Service, fixture};

const COUNT: &str = "fromCategory('person').foreachStream().when({ $init: () => ({ n: 0 }),
    $any: (s, e) => { s.n++; s.last = [e.eventType, e.metadata.civil.time]; } })";

#[test]
fn several_engines_fold_what_one_engine_folds() {
    let (folder, service) = fixture();
    let lives: Vec<Value> = lives().collect();
    service.send_lines(&lives);
    let after = 12_000;
    let counter = format!(
        "let n = 0; fromAll().foreachStream().when({{
            $any: (s, e) => {{ if (e.metadata.position >= {after}) s.n = ++n; }} }})"
    );
    let effective = format!("// view: effective\n{COUNT}");
    let rows = [
        ("count", COUNT, "the trial passed"),
        ("inForce", &*effective, "the trial passed"),
        ("counter", &*counter, "an engine gave another state"),
        ("types", "fromAll().partitionBy(e => e.eventType).when({})", "not foreachStream"),
    ];
    for (name, source, _) in rows {
        assert_eq!(put(&service, name, source).status, 201);
    }
    let processors = available_parallelism().unwrap().get();
    for (name, source, why) in rows {
        caught_up(&service, name);
        let cores = match (why, processors) {
            ("not foreachStream", _) => json!({"n": 1, "why": why}),
            (_, 1) => json!({"n": 1, "why": "one processor"}),
            ("the trial passed", n) => json!({"n": n, "why": why}),
            _ => json!({"n": 1, "why": why}),
        };
        assert_eq!(status(&service, name)["cores"], cores, "{name}");
        assert_eq!(states(&service, name), served(&service, source, ""), "{name}");
    }
    service.stop();
    let service = Service::start(folder.path());
    caught_up(&service, "count");
    let resumed = json!({"n": 1, "why": "it goes on from a checkpoint"});
    // Until it has something to fold, it has not said more than that.
    let event =
        crate::support::screening(crate::support::person(1), "urn:a", "1", "2026-03-01T10:00:00Z");
    service.send(&event);
    caught_up(&service, "count");
    assert_eq!(status(&service, "count")["cores"], resumed);
}
