//! The records that a served ledger shows, compared with the receipts of its senders.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::known::{Event, Key, Known, Mode, Receipt, Request, key};
use super::load::{Told, wire};
use super::server::Server;

fn position_of(item: &Value) -> Option<u64> {
    item["position"].as_str()?.parse().ok()
}

/// The records that a server shows behind a position of its log.
pub struct Found {
    after: u64,
    items: Vec<Value>,
    by_key: HashMap<Key, Vec<usize>>,
}

impl Found {
    pub fn read(server: &Server, after: u64, findings: &mut Vec<String>) -> Self {
        let mut found = Self { after, items: Vec::new(), by_key: HashMap::new() };
        let mut next = Some(after.to_string());
        while let Some(after) = next {
            let page = server.get(&format!("/v1/events?after={after}&limit=10000")).json();
            next = page["next"].as_str().map(str::to_owned);
            found.items.extend(page["items"].as_array().unwrap().iter().cloned());
        }
        let mut last = String::new();
        for (place, item) in found.items.iter().enumerate() {
            let position = (after + place as u64 + 1).to_string();
            if item["position"] != position.as_str() {
                findings.push(format!("{} stands where {position} should", item["position"]));
            }
            let recorded = item["recordedtime"].as_str().unwrap();
            if recorded <= last.as_str() {
                findings.push(format!("position {position}: recorded no later than the last"));
            }
            last = recorded.to_owned();
            found.by_key.entry(key(item)).or_default().push(place);
        }
        found
    }

    /// The items of an event; two for a merge.
    fn of(&self, key: &Key) -> impl Iterator<Item = &Value> {
        self.by_key.get(key).into_iter().flatten().map(|place| &self.items[*place])
    }

    /// Compares the records with the answers to the senders of this round; returns the counts.
    pub fn check(&self, told: &Told, known: &Known, findings: &mut Vec<String>) -> String {
        let mut acknowledged: HashSet<Key> = HashSet::new();
        for (event, receipt) in &told.answered {
            if !acknowledged.insert(key(event)) {
                continue;
            }
            let Some(receipt) = Receipt::read(receipt) else { continue };
            let there = self.of(&key(event)).any(|item| {
                position_of(item) == Some(receipt.position)
                    && item["revision"] == receipt.revision
                    && item["recordedtime"] == receipt.recordedtime.as_str()
            });
            // The record of an earlier round lies before the records that were read.
            if !there && receipt.position > self.after {
                findings.push(format!("{:?}: acknowledged as {receipt:?}, gone", key(event)));
            }
        }
        for (name, places) in &self.by_key {
            let copies = known.find(name).map_or(0, |sent| sent.copies.len());
            if places.len() != copies {
                findings.push(format!("{name:?} is there {} times, not {copies}", places.len()));
            }
        }
        let (mut whole, mut none) = (0, 0);
        for batch in told.unanswered.iter().filter(|request| request.mode == Mode::Batch) {
            let there = batch.fresh.iter().filter(|key| self.of(key).next().is_some()).count();
            match there {
                0 => none += 1,
                n if n == batch.fresh.len() => whole += 1,
                n => findings.push(format!("a batch is half there: {n} of {}", batch.fresh.len())),
            }
        }
        format!(
            "acknowledged {} events, found {}; unanswered batches: {whole} whole, {none} absent",
            acknowledged.len(),
            self.by_key.len()
        )
    }
}

/// Sends every event of the round again. An acknowledged event gets its first receipt. An event
/// without an answer is recorded now, or was recorded before; a batch is recorded whole.
pub fn send_again(server: &Server, told: Told, known: &mut Known, findings: &mut Vec<String>) {
    let mut answered: Vec<Event> = Vec::new();
    let mut seen = HashSet::new();
    answered.extend(
        told.answered.into_iter().map(|(event, _)| event).filter(|event| seen.insert(key(event))),
    );
    for events in answered.chunks(5_000) {
        let batch = Request { mode: Mode::Batch, events: events.to_vec(), fresh: Vec::new() };
        let statuses = repeat(server, &batch, known, findings);
        if statuses.iter().any(|status| status != "duplicate") {
            findings.push("an acknowledged event was recorded once more".to_owned());
        }
    }
    for request in told.unanswered {
        repeat(server, &request, known, findings);
    }
    let sample = answered.iter().step_by(answered.len() / 20 + 1);
    for (source, id) in sample.map(|event| key(event)) {
        let event = server.get(&format!("/v1/events?source={source}&id={id}")).json();
        let receipt = known.find(&(source, id)).unwrap().receipt.as_ref().unwrap();
        if position_of(&event) != Some(receipt.position) {
            findings.push(format!("{receipt:?} is not found by its source and id"));
        }
    }
}

fn repeat(
    server: &Server,
    request: &Request,
    known: &mut Known,
    findings: &mut Vec<String>,
) -> Vec<String> {
    let (kind, body) = wire(request);
    let answer = server.post("/v1/events", &[("content-type", kind)], body.as_bytes());
    let receipts: Vec<Value> = match request.mode {
        Mode::Single | Mode::Batch => answer.json()["receipts"].as_array().cloned(),
        _ => Some(answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()),
    }
    .unwrap_or_default();
    if receipts.len() != request.events.len() {
        findings.push(format!("sent again: {} {}", answer.status, answer.text));
    }
    let answered = request.events.iter().zip(&receipts);
    findings.extend(answered.filter_map(|(event, receipt)| known.acknowledge(event, receipt)));
    receipts.iter().map(|r| r["status"].as_str().unwrap_or_default().to_owned()).collect()
}
