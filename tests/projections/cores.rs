//! Several engines for one program: what they give is what one engine gives.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use care_ledger::projection::cores::{CoreCourse, CoreError, Cores, CoresReason, Share};
use care_ledger::projection::replay::ReplayMode::{Exact, Live};
use care_ledger::projection::script::care_event::CareEvent;
use care_ledger::projection::script::engine::{
    Engine, FoundState, Limits, Notice, SharedState, UnreadState,
};
use care_ledger::projection::script::event::ScriptEvent;
use care_ledger::projection::script::fold::{Fold, StateStore};

use crate::folded::{LIVES, replay, screenings};
use crate::support::command::{ends, text, with_input, written};
use crate::support::{TIME, person, screening};

/// How many records each person has.
const COUNT: &str = "fromCategory('person').foreachStream().when({ \
    $init: () => ({ n: 0 }), $any: (s, e) => { s.n++; s.last = e.eventType; } })";

/// Where each person is, and each move.
const MACHINE: &str = "fromCategory('person').foreachStream().when({
    $init: () => ({ at: null, since: null, moves: [], doses: { n: 0, byType: {} } }),
    'detention.arrived': (s, e) => { s.at = e.data.facility; s.since = e.metadata.civil.time; },
    'detention.transferred': (s, e) => { s.moves.push({ from: s.at }); s.at = e.data.facility; },
    'detention.released': (s, e) => { s.moves.push({ from: s.at }); s.at = null; },
    $any: (s, e) => { s.doses.n++;
        s.doses.byType[e.eventType] = (s.doses.byType[e.eventType] || 0) + 1; } })";

/// What was given at each prison.
const SUMS: &str = "fromCategory('person').partitionBy(e => e.data.facility).when({
    $init: () => ({ n: 0, micrograms: 0 }),
    $any: (s, e) => { s.n++; s.micrograms += e.data.doseMicrograms || 0; } })";

#[test]
fn one_core_and_two_exact_and_live_give_equal_states() {
    let ways = [(Exact, 2), (Exact, 3), (Live, 1), (Live, 2)];
    let of_streams = [
        "exact, on 2 cores",
        "exact, on 3 cores",
        "live, on one core: one processor",
        "live, on 2 cores",
    ];
    let not_of_streams = [
        "exact, on one core: not foreachStream",
        "exact, on one core: not foreachStream",
        "live, on one core: not foreachStream",
        "live, on one core: not foreachStream",
    ];
    let rows = [
        ("a count of each person", COUNT, of_streams),
        ("a state machine of each person", MACHINE, of_streams),
        ("a sum of each prison", SUMS, not_of_streams),
    ];
    for (name, program, courses) in rows {
        let (expected, how) = replay(program, &LIVES, Exact, 1);
        assert!(how.course.starts_with("exact, on one core"), "{name}: {}", how.course);
        assert!(expected.states.len() > 10 && expected.events > 15_000, "{name}");
        for ((mode, cores), course) in ways.into_iter().zip(courses) {
            let (came, how) = replay(program, &LIVES, mode, cores);
            assert_eq!(how.course, course, "{name}");
            assert_eq!(how.starts, Vec::<String>::new(), "{name}: {course}");
            assert!(came == expected, "{name}: {course}");
        }
    }
}

/// Programs that carry something from one stream to another.
#[test]
fn a_program_that_is_not_of_single_streams_has_one_engine() {
    let differs = "an engine gave another state";
    let after_the_trial = LIVES[10_000].record().position.number();
    let rows = [
        (
            "a counter of the file",
            "$any: (s) => { s.n = ++n; }",
            "the trial found a difference",
            vec![],
        ),
        (
            "a counter that begins after the trial",
            "$any: (s, e) => { if (e.metadata.position >= after) s.n = ++n; }",
            differs,
            vec![differs],
        ),
        (
            "a fault of an engine that saw no event of the trial",
            "$any: (s, e) => { n = n || e.metadata.position; s.n = 1; \
                if (n >= after) throw new Error('late'); }",
            differs,
            vec![differs],
        ),
    ];
    for (name, handler, why, starts) in rows {
        let program = format!(
            "const after = {after_the_trial}; let n = 0; \
             fromAll().foreachStream().when({{ {handler} }})"
        );
        let (expected, _) = replay(&program, &LIVES, Exact, 1);
        let (came, how) = replay(&program, &LIVES, Exact, 2);
        assert_eq!(how.course, format!("exact, on one core: {why}"), "{name}");
        assert_eq!(how.starts, starts, "{name}");
        assert!(came == expected && expected.fault.is_none(), "{name}");
    }
}

#[test]
fn a_live_run_makes_the_same_trial() {
    // The exact engine beside the live one sees the same first event, so only the trial finds it.
    let program = "let first = ''; fromAll().foreachStream().when({ \
        $any: (s, e) => { first = first || e.streamId; s.first = first; } })";
    let (expected, _) = replay(program, &LIVES, Exact, 1);
    let (came, how) = replay(program, &LIVES, Live, 2);
    let why = "the trial found a difference";
    assert_eq!(how.course, format!("exact, on one core: {why}; not live because {why}"));
    assert_eq!(how.starts, [why]);
    assert!(came == expected);
}

#[test]
fn a_fault_of_several_engines_is_the_fault_of_one() {
    // One event faults, or all later ones too, so that each engine meets one. Other batches are
    // dealt after it, or none.
    for (is, from_the_end) in [(">=", 100), (">=", 3_000), ("===", 3_000), ("===", 5_000)] {
        let at = LIVES[LIVES.len() - from_the_end].record().position.number();
        let program = format!(
            "fromCategory('person').foreachStream().when({{ $init: () => ({{ n: 0 }}), \
             $any: (s, e) => {{ s.n++; if (e.metadata.position {is} {at}) s.x.y = 1; }} }})"
        );
        let (expected, _) = replay(&program, &LIVES, Exact, 1);
        assert!(expected.fault.as_ref().is_some_and(|fault| fault.position.number() >= at));
        let live = "exact, on 2 cores; not live because an event or";
        for (mode, course) in [(Exact, "exact, on 2 cores"), (Live, live)] {
            let (came, how) = replay(&program, &LIVES, mode, 2);
            assert!(how.course.starts_with(course), "{}", how.course);
            assert_eq!(how.starts.len(), usize::from(mode == Live));
            assert_eq!(came.fault, expected.fault, "{program}");
            assert_eq!((came.events, came.position), (expected.events, expected.position));
            assert!(came == expected, "{program}");
        }
    }
}

/// States in a store of its own, which can be closed.
#[derive(Default)]
struct Shelf {
    states: BTreeMap<Arc<str>, Arc<str>>,
    shared: SharedState,
    is_closed: bool,
}

impl StateStore for Shelf {
    fn state(&self, partition: &Arc<str>) -> FoundState {
        if self.is_closed { Err(UnreadState) } else { Ok(self.states.get(partition).cloned()) }
    }

    fn put(&mut self, partition: Arc<str>, state: Arc<str>) -> Option<Arc<str>> {
        self.states.insert(partition, state)
    }

    fn shared(&self) -> &SharedState {
        &self.shared
    }

    fn put_shared(&mut self, shared: SharedState) {
        self.shared = shared;
    }
}

/// Whoever folds in batches can keep the states where it likes.
#[test]
fn any_store_of_states_will_do() {
    let (expected, _) = replay(MACHINE, &LIVES, Exact, 1);
    let (program, limits) = (MACHINE.into(), Limits::default());
    let engine = Engine::new(MACHINE, limits).unwrap();
    let mut course = CoreCourse::new(&program, limits, engine.definition(), Ok(2));
    let mut fold = Fold::new(engine, Shelf::default());
    for records in LIVES.chunks(4_000) {
        if let Share::Own(records, ()) = course.deal(records.to_vec(), (), &mut fold).unwrap() {
            for record in records.iter() {
                let event: Rc<dyn ScriptEvent> = Rc::new(CareEvent::new(record.clone()));
                fold.push(&event, Notice::Fact).unwrap();
            }
            course.settle(&fold).unwrap();
        }
    }
    while matches!(course.land(&mut fold).unwrap(), Share::Landed(())) {}
    assert_eq!(course.cores(), Cores { n: 2, why: CoresReason::TrialPassed });
    let states = fold.states().states.iter();
    let states = states.map(|(name, state)| (name.to_string(), state.to_string()));
    assert!(states.eq(expected.states));
    fold.states_mut().is_closed = true;
    let unread = course.deal(LIVES[LIVES.len() - 10..].to_vec(), (), &mut fold);
    assert!(matches!(unread, Err(CoreError::State)));
}

#[test]
fn few_events_shared_state_and_one_state_for_all_leave_one_engine() {
    let records = screenings(&[1, 2, 3]);
    let rows = [
        (COUNT, "too few events for a trial"),
        ("fromAll().when({ $any: () => 1 })", "not foreachStream"),
        (
            "fromAll().foreachStream().when({ $initShared: () => 1, $any: () => [1, 2] })",
            "shared state",
        ),
    ];
    for (program, why) in rows {
        let (_, how) = replay(program, &records, Exact, 2);
        assert_eq!(how.course, format!("exact, on one core: {why}"), "{program}");
    }
}

#[test]
fn the_last_line_tells_the_cores() {
    let (_folder, file) = written("count.js", COUNT);
    let line = screening(person(1), "urn:example:a", "1", TIME).to_string();
    let (_lines, events) = written("events.ndjson", &line);
    let wanted = format!("person-{}", person(1));
    let rows: [(&[&str], &str); 5] = [
        (&["--cores", "1"], "exact, on one core: one processor"),
        (&["--cores", "2"], "exact, on one core: too few events for a trial"),
        (&["--cores", "2", "--trace"], "exact, on one core: each event is shown"),
        (&["--cores", "2", "--partition", &wanted], "exact, on one core: one stream alone"),
        (&["--cores", "2", "--live"], "live, on one core: too few events for a trial"),
    ];
    for (arguments, expected) in rows {
        let output = ends(0, &[&["replay", &file, "--events", &events], arguments].concat());
        let told = text(&output.stderr);
        assert!(told.trim_end().ends_with(expected), "{arguments:?}: {told}");
    }
    let given = ["replay", &file, "--events", "-", "--cores", "2", "--live"];
    let told = text(&with_input(&given, line.as_bytes()).stderr);
    let why = "standard input or a pipe is read once";
    let expected = format!("exact, on one core: {why}; not live because {why}");
    assert!(told.trim_end().ends_with(&expected), "{told}");
    ends(2, &["replay", &file, "--events", &events, "--cores", "0"]);
}
