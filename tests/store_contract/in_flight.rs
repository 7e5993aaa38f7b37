//! Many appends on their way over one session, and something happens to one of them: the session
//! ends, and what the others get is no worse than a moment's wait. All tests run on the stand-in.

use std::time::{Duration, Instant};

use care_ledger::store::{AppendError, Expected, Outcome, Store as _};
use futures::future::join_all;

use super::bench::{anyone, appended, id, write};
use super::cluster_only::{all, open};
use super::standin::{Call, Fault, Standin};

const SENDERS: usize = 64;

/// What the sender whose append meets the fault gets. The others get their records appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gets {
    Appended,
    Refused(AppendError),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_fault_of_one_append_leaves_the_others_their_own_answers() {
    let rows = [
        ("a conflict", Fault::WrongExpectedVersion, Gets::Appended),
        ("too large", Fault::TooLarge, Gets::Refused(AppendError::TooLarge)),
        ("denied", Fault::AccessDenied, Gets::Refused(AppendError::Failed)),
        ("timed out, write lost", Fault::Timeout, Gets::Appended),
        ("timed out, write kept", Fault::TimeoutAfterCommit, Gets::Appended),
        ("the session cut", Fault::CutBefore, Gets::Appended),
        ("the session cut halfway", Fault::CutHalfway, Gets::Appended),
        ("no leader for a moment", Fault::NoLeaderInfo, Gets::Appended),
    ];
    for (why, fault, expected) in rows {
        let standin = Standin::start(1).await;
        let folder = tempfile::tempdir().unwrap();
        let store = open(&standin, folder.path()).await;
        store.append(vec![write(anyone(), Expected::Any, &[&id()])]).await.unwrap();
        // The one in the middle meets the fault.
        standin.fault(Fault::Late(Duration::ZERO), Call::Append, SENDERS / 2);
        standin.fault(fault, Call::Append, 1);
        let begun = Instant::now();
        let answers = join_all((0..SENDERS).map(|_| async {
            let answer = store.append(vec![write(anyone(), Expected::Any, &[&id()])]).await;
            (answer, begun.elapsed())
        }));
        let answers = answers.await;
        let slowest = answers.iter().map(|(_, took)| *took).max().unwrap_or_default();
        let refused: Vec<AppendError> =
            answers.iter().filter_map(|(answer, _)| answer.as_ref().err().copied()).collect();
        println!("{why}: {refused:?}, the slowest after {slowest:?}");
        match expected {
            Gets::Appended => assert_eq!(refused, [], "{why}"),
            Gets::Refused(error) => assert_eq!(refused, [error], "{why}"),
        }
        let outcomes: Vec<&Vec<Outcome>> =
            answers.iter().filter_map(|(answer, _)| answer.as_ref().ok()).collect();
        let mut places: Vec<u64> =
            outcomes.iter().map(|outcome| appended(&outcome[0])[0].position.number()).collect();
        places.sort_unstable();
        let written = SENDERS - refused.len();
        let expected: Vec<u64> = (2..2 + written as u64).collect();
        assert_eq!(places, expected, "{why}: each has a place of its own");
        assert_eq!(all(&store).await.len(), 1 + written, "{why}: nothing twice");
    }
}

/// The server never ends the call of a session that ended with an error, and a connection carries
/// 100 calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_that_ended_do_not_use_a_connection_up() {
    let standin = Standin::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&standin, folder.path()).await;
    for n in 0..120 {
        standin.fault(Fault::WrongExpectedVersion, Call::Append, 1);
        let begun = Instant::now();
        let written = store.append(vec![write(anyone(), Expected::Any, &[&id()])]).await.unwrap();
        appended(&written[0]);
        // A call that finds no room on the connection is given up after 5 s.
        assert!(begun.elapsed() < Duration::from_secs(4), "append {n}");
    }
    assert_eq!(store.status().borrow().reconnects, Some(0));
}
