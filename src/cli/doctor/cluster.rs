//! The checks of a cluster: whether this machine reaches its nodes, whether they lead, read and
//! write for the user, and whose ledger they hold.
//! Always: nothing is written to the cluster, and no text of a server is shown, except the name of
//! the leader where it can be the name of a host.

use std::path::Path;

use chrono::{TimeDelta, Utc};

use super::network::{CLOCK_WARN, DATE_STEP, in_words};
use super::report::{Check, Report};
use crate::domain::vocabulary::validate::AHEAD_MINUTES_MAX;
use crate::http::limits::{BATCH_BYTES_MAX, EVENT_BYTES_MAX};
use crate::store::append_size::APPEND_BYTES_MAX;
use crate::store::open::{
    CallFailure, Checkup, ClusterAddress, LeaderSeen, LedgerClaim, NodeFault, ProbedNode,
    VERSION_MIN,
};
use crate::vault::{KeyError, LedgerKeys};

/// Every check of a cluster, in the order in which they are made.
pub const NAMES: [&str; 9] =
    ["address", "tls", "version", "leader", "read", "write", "appendSize", "clock", "claim"];

/// A record is this much larger than its event, and more: the clear part, the salt, the seal.
const RECORD_BYTES_MORE: usize = 4 * 1024;

/// An append of a whole batch for one person is smaller than the batch by its commas and spaces. An
/// EventStoreDB can be set to take 16,767,216 bytes at most.
const BATCH_BYTES_LESS: usize = 64 * 1024;

/// Makes the checks, as far as each makes sense after those before it.
pub async fn examine(address: ClusterAddress, data: Option<&Path>, report: &mut Report) {
    let is_in_clear = address.is_in_clear();
    let mut checkup = Checkup::new(address);
    let nodes = checkup.nodes().await;
    report.reached(nodes.iter().any(|node| node.outcome.err().is_none_or(NodeFault::is_final)));
    if !report.add(connections(&nodes)) {
        return;
    }
    report.add(tls(&nodes, is_in_clear));
    let (well, _): (Vec<_>, Vec<_>) = nodes.into_iter().partition(|node| node.outcome.is_ok());
    if well.is_empty() || !report.add(versions(&checkup, &well).await) {
        return;
    }
    if !report.add(leader(&checkup, &well).await) {
        return;
    }
    let can_read = report.add(read(&mut checkup).await);
    let can_write = report.add(write(&mut checkup).await);
    report.add(match can_write {
        true => append_size(&mut checkup).await,
        false => Check::after("appendSize", "write"),
    });
    report.add(clock(&checkup, &well).await);
    report.add(match can_read {
        true => claim(&mut checkup, data).await,
        false => Check::after("claim", "read"),
    });
}

/// A fault that lies in the files of this machine, so that no connection was tried.
fn is_of_files(fault: NodeFault) -> bool {
    matches!(fault, NodeFault::AuthoritiesUnreadable | NodeFault::ClientCertificateUnusable)
}

/// The nodes with such a fault, in words.
fn in_faults(nodes: &[(&ProbedNode, NodeFault)]) -> String {
    let one = |(node, fault): &(&ProbedNode, NodeFault)| format!("{node}: {}", fault.what());
    nodes.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn in_names<'a>(nodes: impl Iterator<Item = &'a ProbedNode>) -> String {
    nodes.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The nodes with a fault that `is_meant`.
fn faulty(
    nodes: &[ProbedNode],
    is_meant: impl Fn(NodeFault) -> bool,
) -> Vec<(&ProbedNode, NodeFault)> {
    let faults = nodes.iter().filter_map(|node| Some((node, node.outcome.err()?)));
    faults.filter(|(_, fault)| is_meant(*fault)).collect()
}

fn connections(nodes: &[ProbedNode]) -> Check {
    let name = "address";
    if faulty(nodes, is_of_files).len() == nodes.len() {
        return Check::after(name, "tls");
    }
    let faults = faulty(nodes, |fault| !fault.is_final());
    let Some((_, first)) = faults.first() else {
        return Check::ok(name, format!("reached: {}", in_names(nodes.iter())));
    };
    if faults.len() == nodes.len() {
        return Check::failed(name, in_faults(&faults), first.next());
    }
    Check::warning(name, in_faults(&faults), first.next())
}

fn tls(nodes: &[ProbedNode], is_in_clear: bool) -> Check {
    let name = "tls";
    let faults = faulty(nodes, NodeFault::is_final);
    if let Some((_, first)) = faults.first() {
        return Check::failed(name, in_faults(&faults), first.next());
    }
    if is_in_clear {
        let next = "let the nodes speak TLS, unless nobody else is on the network between";
        return Check::warning(name, "tls=false: everything passes in clear", next);
    }
    let well = nodes.iter().filter(|node| node.outcome.is_ok());
    Check::ok(name, format!("trusted: {}", in_names(well)))
}

async fn versions(checkup: &Checkup, nodes: &[ProbedNode]) -> Check {
    let name = "version";
    let mut found: Vec<String> = Vec::new();
    for node in nodes {
        let (version, text) = match checkup.version(node).await {
            Ok(version) => version,
            Err(reason) => return failure(name, reason),
        };
        if version < VERSION_MIN {
            let next = "upgrade the servers: EventStoreDB 23.10, KurrentDB, or newer is needed";
            return Check::failed(name, format!("{node} is of version {text}"), next);
        }
        if !found.contains(&text) {
            found.push(text);
        }
    }
    Check::ok(name, found.join(", "))
}

async fn leader(checkup: &Checkup, nodes: &[ProbedNode]) -> Check {
    let name = "leader";
    let mut last = CallFailure::NoLeader;
    for node in nodes {
        match checkup.leader(node).await {
            Ok(LeaderSeen::Itself) => return Check::ok(name, format!("{node} leads")),
            Ok(LeaderSeen::Node(leader)) => {
                if nodes.iter().any(|node| node.to_string() == leader) {
                    return Check::ok(name, format!("{leader} leads"));
                }
                let detail = format!("{leader} leads, and cannot be talked to");
                return Check::failed(name, detail, "look at this node above");
            }
            Ok(LeaderSeen::Elsewhere(leader, Ok(()))) => {
                return Check::ok(name, format!("{leader} leads; the address does not name it"));
            }
            Ok(LeaderSeen::Elsewhere(leader, Err(fault))) => {
                let detail = format!("the nodes name {leader} as the leader: {}", fault.what());
                let next = "let each node advertise a name that this machine reaches \
                            (NodeHostAdvertiseAs)";
                return Check::failed(name, detail, next);
            }
            Err(reason) => last = reason,
        }
    }
    match last {
        // The rights come next.
        CallFailure::Denied => Check::skipped(name, "the nodes tell it to no such user"),
        reason => failure(name, reason),
    }
}

async fn read(checkup: &mut Checkup) -> Check {
    match checkup.read().await {
        Ok(()) => Check::ok("read", "the user may read and follow the log"),
        Err(reason) => failure("read", reason),
    }
}

async fn write(checkup: &mut Checkup) -> Check {
    match checkup.append(1).await {
        Ok(()) => Check::ok("write", "the user may append (tried without writing anything)"),
        Err(reason) => failure("write", reason),
    }
}

async fn append_size(checkup: &mut Checkup) -> Check {
    let name = "appendSize";
    let next = "raise MaxAppendSize on each node (EventStoreDB takes 16767216 at most); until \
                then what is larger is refused (413), and senders send it in parts";
    let event = EVENT_BYTES_MAX + RECORD_BYTES_MORE;
    let batch = BATCH_BYTES_MAX - BATCH_BYTES_LESS;
    match checkup.append(APPEND_BYTES_MAX).await {
        Ok(()) => {}
        Err(CallFailure::TooLarge) => {
            let detail = format!("refused: {APPEND_BYTES_MAX} bytes, an append of lines");
            return Check::failed(name, detail, next);
        }
        Err(reason) => return failure(name, reason),
    }
    let mut taken = APPEND_BYTES_MAX;
    for (bytes, what) in [(event, "the largest event"), (batch, "the largest batch of a person")] {
        match checkup.append(bytes).await {
            Ok(()) => taken = bytes,
            Err(CallFailure::TooLarge) => {
                let detail = format!("taken: {taken} bytes; refused: {bytes} bytes, {what}");
                return Check::warning(name, detail, next);
            }
            Err(reason) => return failure(name, reason),
        }
    }
    Check::ok(name, format!("taken: {taken} bytes, the largest batch of a person"))
}

/// The check of the clocks: this machine's against the `Date` of each node.
async fn clock(checkup: &Checkup, nodes: &[ProbedNode]) -> Check {
    let name = "clock";
    let mut worst: Option<(&ProbedNode, TimeDelta, TimeDelta)> = None;
    for node in nodes {
        let before = Utc::now();
        let Some(date) = checkup.date(node).await else { continue };
        // This machine is ahead by `least` at least and `most` at most.
        let (least, most) = (before - (date + DATE_STEP), Utc::now() - date);
        if worst.is_none_or(|(_, worst_least, worst_most)| {
            surely_apart(least, most) >= surely_apart(worst_least, worst_most)
        }) {
            worst = Some((node, least, most));
        }
    }
    let Some((node, least, most)) = worst else {
        let next = "compare the clocks of this machine and of the nodes by hand";
        return Check::warning(name, "no node says what its clock shows", next);
    };
    let unsure = (most - least).num_milliseconds() / 2_000 + 1;
    let surely = surely_apart(least, most);
    if surely <= CLOCK_WARN {
        return Check::ok(name, format!("the same as the nodes', to within {unsure} s"));
    }
    let word = if least > TimeDelta::zero() { "ahead of" } else { "behind" };
    let apart = in_words((least + most) / 2);
    let detail = format!("this machine is {apart} {word} {node} (to within {unsure} s)");
    let next = "set the clocks of this machine and of the nodes (NTP): a replica stamps each \
                record by its own, and that is never changed";
    match surely > TimeDelta::minutes(AHEAD_MINUTES_MAX) {
        true => Check::failed(name, detail, next),
        false => Check::warning(name, detail, next),
    }
}

/// How far the clocks are apart at least.
fn surely_apart(least: TimeDelta, most: TimeDelta) -> TimeDelta {
    least.max(-most).max(TimeDelta::zero())
}

async fn claim(checkup: &mut Checkup, data: Option<&Path>) -> Check {
    let name = "claim";
    let held = match checkup.claim().await {
        Ok(held) => held,
        Err(reason) => return failure(name, reason),
    };
    let own = match data.map(LedgerKeys::open) {
        None => None,
        Some(Ok(keys)) => Some(Ok(keys.check())),
        Some(Err(KeyError::Missing)) => Some(Err(())),
        Some(Err(error)) => {
            return Check::failed(name, error.to_string(), "look at ledger.keys in --data");
        }
    };
    let Some(held) = held else {
        return Check::ok(name, "no ledger yet: the first replica claims the cluster");
    };
    match (own, held) {
        (Some(Ok(own)), held) if held.keys_check() != own => {
            let next = "use the folder and the keys of the ledger in the cluster, or name another \
                        cluster";
            Check::failed(name, "another ledger than that of ledger.keys in --data", next)
        }
        (_, LedgerClaim::Moving(_)) => {
            let next = "run the same `care-ledger migrate` again to its end; until then no replica \
                        starts";
            Check::failed(name, "a ledger is being moved into the cluster", next)
        }
        (Some(Err(())), _) => {
            let next = "copy the ledger.keys of another replica into the folder";
            Check::failed(name, "a ledger, but there is no ledger.keys in --data", next)
        }
        (Some(Ok(_)), _) => Check::ok(name, "the ledger of ledger.keys in --data"),
        (None, _) => Check::ok(name, "a ledger; give --data DIR to compare its ledger.keys"),
    }
}

/// The check of a call that failed.
fn failure(name: &'static str, reason: CallFailure) -> Check {
    let next = match reason {
        CallFailure::Node(fault) => return Check::failed(name, fault.what(), fault.next()),
        CallFailure::Denied => {
            "give --store-credentials FILE; the user needs the right to read $all, and to read \
             and write the streams of the ledger (the group $admins has it)"
        }
        CallFailure::NoLeader => "look at the logs of the nodes, and run doctor again",
        _ => "look at the nodes and their logs, and run doctor again",
    };
    Check::failed(name, reason.to_string(), next)
}
