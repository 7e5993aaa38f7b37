//! `POST /v1/replays`: all records through a program once; nothing is kept.

use std::cell::Cell;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::asked::blocking;
use super::parts;
use crate::domain::id::Position;
use crate::domain::time::calendar::At;
use crate::http::app::App;
use crate::http::openapi::names::{AnySchema, FlagSchema, LinesSchema, TextSchema};
use crate::http::openapi::problems;
use crate::http::problem::Problem;
use crate::http::problem::issue::Issue;
use crate::http::problem::kind::ProblemType;
use crate::http::request::params::Params;
use crate::http::request::principal::Principal;
use crate::ledger::Ledger;
use crate::ledger::read::open::Reader;
use crate::projection::cores::processors;
use crate::projection::replay::log::LogReading;
use crate::projection::replay::{Batches, Moments, ReplayEnd, ReplayMode, ReplayOrder, Watch};
use crate::projection::script::care_event::CareEvent;
use crate::projection::script::difference::differences;
use crate::projection::script::engine::Limits;
use crate::projection::script::event::ScriptEvent as _;
use crate::projection::script::fold::{Folded, States};
use crate::projection::view::view_of;
use crate::work;

const READER: Reader = Reader::system("replay").of_long_streams();

/// Lines that wait for a reader. A slow reader slows its replay down.
const LINES_AHEAD: usize = 256;

/// Fold all records once, and keep nothing
///
/// Lines of `{progress: …}`, of `{partition, state, result}`, and at last `{done: …}`. A replay
/// that starts over, since several engines or a live one differed, tells its progress from the
/// start.
#[utoipa::path(
    post,
    path = "/v1/replays",
    operation_id = "postReplay",
    params(
        ("at" = Option<At>, Query, description = "Only what had happened by then."),
        ("known" = Option<At>, Query, description = "Only what was recorded by then."),
        ("partition" = Option<TextSchema>, Query, description = "Only this partition."),
        ("trace" = Option<FlagSchema>, Query,
            description = "Also a line of `{trace: …}` for each change of a state."),
        ("mode" = Option<ReplayMode>, Query, description =
            "How states are kept between events: `exact` (the default) or `live`, which is faster \
            and falls back to `exact` where it would differ; `done.mode` says which gave the \
            answer."),
    ),
    request_body(
        description = "The program, or a form with the parts projection, summary, chart, fixtures.",
        content((AnySchema = "text/javascript"), (AnySchema = "multipart/form-data")),
    ),
    responses(
        (status = 200, description = "The states, a line each",
            content((LinesSchema = "application/x-ndjson"))),
        problems::BadRequest,
        problems::Timeout,
        problems::TooLarge,
        problems::UnsupportedMediaType,
        problems::InvalidProjection,
        problems::TooManyReplays,
        problems::Internal,
        problems::Unavailable,
    )
)]
pub async fn post_replay(
    State(app): State<App>,
    _: Principal,
    mut params: Params,
    request: Request,
) -> Result<Response, Problem> {
    let moments = Moments { at: params.at(), known_at: params.known_at() };
    let partition = params.text("partition").map(str::to_owned);
    let is_traced = params.flag("trace");
    let mode = params.choice("mode").unwrap_or(ReplayMode::Exact);
    params.finish()?;
    let parts = parts::read(&app, request).await?;
    let permit = app.replays.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Problem::new(ProblemType::TooManyReplays))?;
    let (parts, issues) = blocking(move || {
        let issues = parts.issues();
        (parts, issues)
    })
    .await?;
    if !issues.is_empty() {
        let issues = issues.into_iter().map(Issue::in_source).collect();
        return Err(Problem::new(ProblemType::InvalidProjection).issues(issues));
    }
    let (lines, mut taken) = mpsc::channel(LINES_AHEAD);
    let permit = Cell::new(Some(permit));
    let order = ReplayOrder {
        program: parts.projection.as_str().into(),
        limits: Limits::default(),
        partition,
        mode,
        cores_max: processors(),
        is_read_once: false,
    };
    let run = ReplayRun { ledger: app.ledger, order, moments, is_traced, lines, permit };
    run.start().map_err(|error| {
        tracing::error!(error = %error, "a replay was not started");
        Problem::unavailable()
    })?;
    let body = Body::from_stream(futures::stream::poll_fn(move |context| {
        taken.poll_recv(context).map(|line| line.map(Ok::<Bytes, std::convert::Infallible>))
    }));
    let kind = HeaderValue::from_static("application/x-ndjson");
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// A replay for one request, on a thread of its own.
struct ReplayRun {
    ledger: Ledger,
    order: ReplayOrder,
    moments: Moments,
    is_traced: bool,
    lines: mpsc::Sender<Bytes>,
    /// Given back just before the last line, so that who reads that line may ask again.
    permit: Cell<Option<OwnedSemaphorePermit>>,
}

/// The client has closed the answer: the replay ends.
struct Gone;

/// The log cannot be read.
struct SourceLost;

impl ReplayRun {
    fn start(self) -> std::io::Result<()> {
        let handle = tokio::runtime::Handle::current();
        let run = move || {
            work::lower_priority_of_this_thread();
            // A reader that has left is no fault.
            let _ = self.run(handle);
        };
        std::thread::Builder::new().name("ledger-replay".to_owned()).spawn(run).map(drop)
    }

    fn run(self, handle: tokio::runtime::Handle) -> Result<(), Gone> {
        let of = self.ledger.tail().number();
        let mut trace = Trace { run: &self, of, is_gone: false };
        let mut open = || -> Result<Batches<'_, SourceLost>, SourceLost> {
            let reading = LogReading {
                ledger: self.ledger.clone(),
                reader: READER,
                view: view_of(&self.order.program),
                moments: self.moments,
                from: Position::START,
            };
            let batches = reading.start(handle.clone()).map_err(|_| SourceLost)?;
            Ok(Box::new(batches.into_iter().map(|batch| batch.map_err(|_| SourceLost))))
        };
        let Ok(end) = self.order.run(&mut open, &mut trace) else {
            // The connection breaks off without `done`, which tells the reader.
            tracing::error!("a replay was not done: the log was not read, or no engine was given");
            return Err(Gone);
        };
        if trace.is_gone {
            return Err(Gone);
        }
        self.end(&end)
    }

    fn end(&self, end: &ReplayEnd) -> Result<(), Gone> {
        for (partition, state) in end.sorted_states(self.order.partition.as_deref()) {
            let result = match end.fold.result(state) {
                Ok(result) => result.unwrap_or_else(|| "null".to_owned()),
                Err(fault) => return self.done(end, &json!({ "result": fault })),
            };
            let name = Value::from(partition);
            self.send(format!(r#"{{"partition":{name},"state":{state},"result":{result}}}"#))?;
        }
        let fault = end.fault.as_ref().map_or(Value::Null, |fault| json!(fault));
        self.done(end, &fault)
    }

    fn done(&self, end: &ReplayEnd, fault: &Value) -> Result<(), Gone> {
        let mut done = json!({"position": end.progress.position,
            "events": end.progress.events, "mode": end.course.mode});
        if !fault.is_null() {
            done["fault"] = fault.clone();
        }
        drop(self.permit.take());
        self.line(&json!({ "done": done }))
    }

    fn line(&self, line: &Value) -> Result<(), Gone> {
        self.send(line.to_string())
    }

    fn send(&self, mut line: String) -> Result<(), Gone> {
        line.push('\n');
        self.lines.blocking_send(Bytes::from(line)).map_err(|_| Gone)
    }
}

/// Tells the progress, and each change of a state if that was asked for.
struct Trace<'r> {
    run: &'r ReplayRun,
    of: u64,
    is_gone: bool,
}

impl Watch for Trace<'_> {
    fn wants_events(&self) -> bool {
        self.run.is_traced
    }

    fn progressed(&mut self, read: u64, events: u64) -> bool {
        let progress = json!({"position": read.to_string(), "events": events, "of": self.of});
        self.is_gone |= self.run.line(&json!({ "progress": progress })).is_err();
        !self.is_gone
    }

    fn folded(&mut self, event: &CareEvent, folded: &Folded, states: &States) {
        let Some(partition) = &folded.partition else { return };
        let is_wanted =
            self.run.order.partition.as_deref().is_none_or(|wanted| wanted == &**partition);
        if !self.run.is_traced || !is_wanted || self.is_gone {
            return;
        }
        let after = states.partitions.get(partition).map_or("null", |state| &**state);
        let changes = differences(folded.before.as_deref(), after);
        let trace = json!({"position": event.record().position, "eventType": event.event_type(),
            "partition": &**partition, "changes": changes});
        self.is_gone = self.run.line(&json!({ "trace": trace })).is_err();
    }
}
