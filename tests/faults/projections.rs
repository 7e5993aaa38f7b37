//! kill -9 while a projection is rebuilt beside another and events keep coming: in the end its
//! states are those of a clean replay.
//!
//! `ROUNDS=100 SEED=7 cargo test --test faults projections` is the long run.

use std::collections::BTreeMap;
use std::time::Duration;

use care_ledger::simulate::{Plan, events};
use serde_json::Value;

use crate::support::client::Client;
use crate::support::dice::{Dice, number, seed};
use crate::support::server::Server;
use crate::support::until_within;

pub const SCRIPT: &[(&str, &str)] = &[("content-type", "text/javascript")];

const COUNT: &str = "fromCategory('person').foreachStream().when({
    $init: () => ({ n: 0, at: null }),
    'detention.arrived': (s, e) => { s.at = e.data.facility; s.n++; },
    $any: s => { s.n++; } })";

/// A state for each event: a checkpoint takes long enough to be met.
const EACH: &str = "fromAll().partitionBy(e => e.eventId).when({
    $initShared: () => ({ all: 0 }),
    $any: (s, e) => { s[0].type = e.eventType; s[1].all++; } }).transformBy(s => s)";

const IN_FORCE: &str = "fromAll().foreachStream().when({
    $init: () => ({ n: 0, last: null }),
    $any: (s, e) => { s.n++; s.last = [e.sequenceNumber, e.data, e.metadata.civil]; } })";

/// Slow in the first batch that several engines fold, so that a checkpoint is due when it lands.
const SLOW: &str = "fromAll().foreachStream().when({
    $init: () => ({ n: 0, mixed: 1 }),
    $any: (s, e) => {
        s.n++;
        if (e.metadata.position > 10000 && e.metadata.position <= 20000)
            for (let i = 0; i < 1500; i++) s.mixed = (s.mixed * 31 + i) % 1000003;
    } })";

/// When the service is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// At any moment of the catch-up.
    Anywhen,
    /// When a line of its log says this.
    At(&'static str),
}

const CHECKPOINT: Moment = Moment::At("checkpoint begins");
const BESIDE_ENGINES: Moment = Moment::At("checkpoint begins on_their_way=3");
const SWAP: Moment = Moment::At("swap begins");

/// A view, a program, and when the service is killed; the rounds take them in turn. The first has
/// nothing to be built beside.
const ROUNDS: [(&str, &str, Moment); 9] = [
    ("recorded", COUNT, Moment::Anywhen),
    ("recorded", EACH, CHECKPOINT),
    ("effective", IN_FORCE, SWAP),
    ("recorded", SLOW, BESIDE_ENGINES),
    ("recorded", COUNT, SWAP),
    ("effective", IN_FORCE, CHECKPOINT),
    ("recorded", EACH, Moment::Anywhen),
    ("effective", IN_FORCE, Moment::Anywhen),
    ("recorded", SLOW, Moment::Anywhen),
];

#[test]
fn killed_while_it_is_rebuilt_a_projection_is_that_of_a_clean_replay() {
    let (rounds, seed) = (number("ROUNDS", 4), seed());
    println!("{rounds} rounds, SEED={seed}");
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = ("2025-01-01".parse().unwrap(), "2025-12-31".parse().unwrap());
    let lives: Vec<Value> = events(Plan { persons: 1_900, detained: 0, from, to, seed }).collect();
    let mut server = Server::start(folder.path());
    let (first, later) = lives.split_at(lives.len() / 20 * 19);
    server.send_lines(first);
    let mut later = later.chunks(later.len().div_ceil(rounds as usize));
    let mut kills = Kills::default();
    for round in 0..rounds {
        let (view, program, moment) = ROUNDS[round as usize % ROUNDS.len()];
        // Each round has a source that the round before had not.
        let source = format!("// round {round}, view: {view}\n{program}");
        // What was said before is of another version.
        while server.notes.try_recv().is_ok() {}
        let put = server.put("/v1/projections/counted", SCRIPT, source.as_bytes());
        assert!([201, 202].contains(&put.status), "{}", put.text);
        let wanted = put.json()["rebuild"]["sourceHash"].clone();
        if let Some(events) = later.next() {
            server.send_lines(events);
        }
        kills.kill_at(server, moment, &mut dice);
        server = Server::start(folder.path());
        caught_up(&server);
        let again = format!(
            "round {round}; again: ROUNDS={rounds} SEED={seed} cargo test --test \
            faults projections"
        );
        let status = status(&server);
        assert!(wanted.is_null() || status["sourceHash"] == wanted, "{again}: {status}");
        assert_eq!(kept(&server), replayed(&server, &source), "{again}");
    }
    println!("{kills:?}");
    assert!(kills.in_swaps + kills.in_checkpoints > 0, "no kill met its moment; SEED={seed}");
    assert!(kills.beside_engines > 0, "no kill met several engines; SEED={seed}");
}

/// How many kills met what.
#[derive(Debug, Default)]
struct Kills {
    in_swaps: usize,
    in_checkpoints: usize,
    elsewhere: usize,
    /// Of all: at a checkpoint, or just after it, while several engines had batches on their way.
    beside_engines: usize,
}

/// The results by partition, as JSON.
pub type States = BTreeMap<String, Value>;

impl Kills {
    /// Kills a service, and looks in its log at what it was.
    fn kill_at(&mut self, mut server: Server, moment: Moment, dice: &mut Dice) {
        let mut begun: Option<String> = None;
        let mut note = |line: String| {
            if line.contains("begins") {
                begun = Some(line);
            } else if line.contains("ends") {
                begun = None;
            }
        };
        match moment {
            Moment::Anywhen => std::thread::sleep(Duration::from_millis(dice.within(1..700))),
            Moment::At(wanted) => {
                // A moment that passed before it was looked for is no fault.
                while let Ok(line) = server.notes.recv_timeout(Duration::from_secs(20)) {
                    let is_met = line.contains(wanted);
                    note(line);
                    if is_met {
                        self.beside_engines += usize::from(moment == BESIDE_ENGINES);
                        break;
                    }
                }
            }
        }
        server.child.kill().unwrap();
        while let Ok(line) = server.notes.recv_timeout(Duration::from_millis(200)) {
            note(line);
        }
        server.kill();
        match begun {
            Some(line) if line.contains("swap") => self.in_swaps += 1,
            Some(_) => self.in_checkpoints += 1,
            None => self.elsewhere += 1,
        }
    }
}

fn status(client: &Client) -> Value {
    client.get("/v1/projections/counted").json()
}

pub fn caught_up(client: &Client) {
    // A projection has the lowest priority: on a busy machine it takes long.
    until_within(Duration::from_secs(600), "caught up", || {
        let status = status(client);
        status["lag"] == 0 && status.get("rebuild").is_none()
    });
}

pub fn kept(client: &Client) -> States {
    let mut all = States::new();
    let mut path = "/v1/projections/counted/partitions?limit=1000".to_owned();
    loop {
        let page = client.get(&path).json();
        for item in page["items"].as_array().unwrap() {
            all.insert(item["partition"].as_str().unwrap().to_owned(), item["result"].clone());
        }
        let Some(next) = page["next"].as_str() else { return all };
        path = format!("/v1/projections/counted/partitions?limit=1000&cursor={next}");
    }
}

pub fn replayed(client: &Client, program: &str) -> States {
    let text = client.post("/v1/replays", SCRIPT, program.as_bytes()).text;
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let rows = lines.filter(|line| line["partition"].is_string());
    rows.map(|row| (row["partition"].as_str().unwrap().to_owned(), row["result"].clone())).collect()
}
