//! More load than the ledger can take: a request is refused at once with `Retry-After`, and nothing
//! is half-written.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use care_ledger::domain::id::{DedupKey, Position, RecordedTime, Revision};
use care_ledger::domain::record::UnstampedRecord;
use care_ledger::domain::stream::Stream;
use care_ledger::http::{Services, router_with};
use care_ledger::ledger::{Ledger, clock};
use care_ledger::projection::Lists;
use care_ledger::store::embedded::Embedded;
use care_ledger::store::{
    AppendError, AppendGroup, Condition, Expected, Outcome, ReadError, StampClock, Store,
    StoreStatus, Stored, StreamSlice, Write,
};
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::support::{HASH_KEYS, draft_of, person, screening, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_is_told_at_once_and_what_had_queued_is_written() {
    let folder = tempfile::tempdir().unwrap();
    // The writer asks the clock before each write: while the test holds it, nothing moves.
    let held = Arc::new(Mutex::new(1_790_000_000_000_000_i64));
    let clock: StampClock = {
        let held = held.clone();
        Arc::new(move || RecordedTime::from_micros(*held.lock().unwrap()))
    };
    let store = Arc::new(Embedded::open(folder.path(), [8; 32], clock, &mut |_, _| ()).unwrap());
    let tasks: Vec<_> = {
        let _stopped = held.lock().unwrap();
        let tasks = (0..100_u8).map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.append(vec![large(n)]).await })
        });
        let tasks: Vec<_> = tasks.collect();
        until("refused", || tasks.iter().filter(|task| task.is_finished()).count() >= 20);
        tasks
    };
    let (mut written, mut refused) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(outcomes) => {
                assert!(matches!(outcomes[0], Outcome::Appended(_)));
                written += 1;
            }
            Err(AppendError::Busy) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused >= 20, "{refused} refused, {written} written");
    let (mut read, mut last) = (0, Position::START);
    loop {
        let stored = store.read_all(last, 1_000).await.unwrap();
        assert!(stored.len() <= 16, "one read of the log takes no more than 16 MiB");
        read += stored.len();
        let Some(stored) = stored.last() else { break };
        last = stored.position;
    }
    assert_eq!(read, written, "all that was taken is there, and nothing else");
}

/// A record of a mebibyte.
fn large(n: u8) -> Write {
    let mut key = [0; 32];
    key[0] = n;
    let dedup_key = DedupKey(key);
    let head = {
        let draft = draft_of(person(1), "urn:test", "a", "2026-03-01T10:00:00+01:00");
        let mut head = UnstampedRecord::new(&draft, person(1).into(), dedup_key, &[9; 32]).head;
        head.resize(1 << 20, b' ');
        head
    };
    let records = vec![UnstampedRecord { dedup_key, head }];
    let stream = Stream::person(person(1));
    Write { stream, expected: Expected::Any, group: AppendGroup::WithStream, records }
}

/// A store that takes nothing.
struct Unwilling(fn() -> AppendError, watch::Receiver<StoreStatus>);

#[async_trait]
impl Store for Unwilling {
    async fn append(&self, _: Vec<Write>) -> Result<Vec<Outcome>, AppendError> {
        Err(self.0())
    }

    async fn read_stream(
        &self,
        _: &Stream,
        _: Revision,
        _: usize,
    ) -> Result<StreamSlice, ReadError> {
        Err(ReadError::failed("no disk"))
    }

    async fn read_all(&self, _: Position, _: usize) -> Result<Vec<Stored>, ReadError> {
        Err(ReadError::failed("no disk"))
    }

    async fn find(&self, _: Vec<DedupKey>) -> Result<Vec<Vec<Stored>>, ReadError> {
        Err(ReadError::failed("no disk"))
    }

    fn status(&self) -> watch::Receiver<StoreStatus> {
        self.1.clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_for_lists_that_a_fault_holds_up_ends_with_503() {
    let folder = tempfile::tempdir().unwrap();
    let (tail, status) = watch::channel(StoreStatus::EMPTY);
    let store = Unwilling(|| AppendError::Failed, status);
    let ledger = Ledger::with_store(Arc::new(store), HASH_KEYS);
    let lists = Lists::start(ledger.clone(), folder.path(), clock::now).await.unwrap();
    let probe = lists.probe();
    tail.send_modify(|status| status.tail = Position::new(1));
    while !probe.is_faulted() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let router = router_with(ledger, Services::with_lists(lists));
    let request = Request::get("/v1/trajectories").header("prefer", "wait=0");
    let request = request.header("ledger-position", "1").body(Body::empty()).unwrap();
    let answer = router.oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn whatever_the_store_says_no_to_is_503_with_when_to_come_back() {
    let event = screening(person(1), "urn:test", "a", "2026-03-01T10:00:00+01:00").to_string();
    type Row = (&'static str, fn() -> AppendError);
    let rows: [Row; 5] = [
        ("full queue", || AppendError::Busy),
        ("cluster away", || AppendError::Unreachable),
        ("cluster silent", || AppendError::Unsure),
        ("full disk", || AppendError::DiskFull),
        ("failed disk", || AppendError::Failed),
    ];
    for (why, error) in rows {
        let failed = StoreStatus { condition: Condition::Failed, ..StoreStatus::EMPTY };
        let (_told, status) = watch::channel(failed);
        let ledger = Ledger::with_store(Arc::new(Unwilling(error, status)), HASH_KEYS);
        let router = care_ledger::http::router(ledger);
        let request = |path: &str, body: &str| {
            let method = if body.is_empty() { "GET" } else { "POST" };
            let request = Request::builder().method(method).uri(path);
            let kind = "application/cloudevents+json";
            request.header("content-type", kind).body(Body::from(body.to_owned())).unwrap()
        };
        for (path, body) in [("/v1/events", event.as_str()), ("/v1/events", "")] {
            let answer = router.clone().oneshot(request(path, body)).await.unwrap();
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{why}");
            assert!(answer.headers().contains_key(header::RETRY_AFTER), "{why}");
        }
        let health = router.clone().oneshot(request("/health", "")).await.unwrap();
        assert_eq!(health.status(), StatusCode::SERVICE_UNAVAILABLE, "{why}: DOWN");
        let live = router.oneshot(request("/health/live", "")).await.unwrap();
        assert_eq!(live.status(), StatusCode::OK, "{why}: the process answers");
    }
}
