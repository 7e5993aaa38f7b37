//! Load on PostgreSQL: a plain table of events, written by clients that validate nothing.
//! Always: every transaction is synchronous; statements are prepared; revisions are told by the
//! client, who counts each person's events, so that the database need not be asked for them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use futures::TryStreamExt as _;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Statement};
use uuid::Uuid;

use crate::Failure;
use crate::events::{self, Event, Numbers};
use crate::machine;
use crate::measure::{self, Clock, Report, Tally, Window};

/// Where the cluster is.
#[derive(Debug, Clone, clap::Args)]
pub struct Cluster {
    /// The folder of its socket
    #[arg(long)]
    pub socket: PathBuf,
    /// Its user
    #[arg(long, default_value = "bench")]
    pub user: String,
    /// Its first process, for the CPU time of all of them
    #[arg(long)]
    pub process: u32,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Way {
    /// `INSERT` of one row
    Row,
    /// `INSERT` of many rows from arrays
    Rows,
    /// `COPY`, binary
    Copy,
}

/// How events are written.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Load {
    /// How rows are written
    #[arg(long, value_enum)]
    pub way: Way,
    /// Rows in a transaction
    #[arg(long)]
    pub rows: usize,
    /// Connections
    #[arg(long)]
    pub connections: usize,
}

/// A plain table of events: an order, and two guarantees of the ledger as constraints.
const TABLE: &str = "
    DROP TABLE IF EXISTS event;
    CREATE TABLE event (
        position bigserial PRIMARY KEY,
        source   text        NOT NULL,
        id       text        NOT NULL,
        stream   uuid        NOT NULL,
        revision bigint      NOT NULL,
        recorded timestamptz NOT NULL DEFAULT clock_timestamp(),
        payload  bytea       NOT NULL,
        UNIQUE (source, id),
        UNIQUE (stream, revision)
    );
    CHECKPOINT;";

const ROW: &str = "INSERT INTO event (source, id, stream, revision, payload)
    VALUES ($1, $2, $3, $4, $5)";

const ROWS: &str = "INSERT INTO event (source, id, stream, revision, payload)
    SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::bigint[], $5::bytea[])";

const COPY: &str = "COPY event (source, id, stream, revision, payload) FROM STDIN BINARY";

/// Writes rows until the window is over.
pub fn run(cluster: &Cluster, load: Load, window: Window) -> Result<Report, Failure> {
    let parts = events::for_connections(load.connections)?;
    let numbers = Arc::new(Numbers::default());
    crate::alone(async {
        connect(cluster).await?.batch_execute(TABLE).await?;
        let mut writers = Vec::new();
        for events in parts {
            writers.push(Writer::new(connect(cluster).await?, load, events, &numbers).await?);
        }
        let clock = Clock::start(window);
        let tasks: Vec<_> =
            writers.into_iter().map(|writer| tokio::spawn(writer.run(clock))).collect();
        let cpu = measure::watch(clock, || machine::of_family(cluster.process)).await?;
        let mut tallies = Vec::new();
        for task in tasks {
            tallies.push(task.await??);
        }
        Ok(measure::report(tallies, window, cpu))
    })
}

/// How many rows the table has.
pub fn count(cluster: &Cluster) -> Result<u64, Failure> {
    crate::alone(async {
        let row = connect(cluster).await?.query_one("SELECT count(*) FROM event", &[]).await?;
        Ok(u64::try_from(row.get::<_, i64>(0))?)
    })
}

/// Reads the table whole in its order, over and over for a while.
pub fn read(cluster: &Cluster, seconds: f64) -> Result<Report, Failure> {
    const READ: &str = "COPY (SELECT position, stream, revision, recorded, payload FROM event
        ORDER BY position) TO STDOUT BINARY";
    let expected = count(cluster)?;
    crate::alone(async {
        let client = connect(cluster).await?;
        let of_server = || machine::of_family(cluster.process);
        let reading = measure::Reading::start(of_server())?;
        let mut rows = 0;
        let mut rounds = 0;
        while reading.seconds() < seconds || rounds == 0 {
            let mut stream = std::pin::pin!(client.copy_out(READ).await?);
            let mut messages = 0;
            while let Some(message) = stream.try_next().await? {
                std::hint::black_box(&message);
                messages += 1;
            }
            // A message a row, and one or two for the head and the end.
            if messages < expected {
                return Err(format!("COPY gave {messages} of {expected} rows").into());
            }
            rows += expected;
            rounds += 1;
        }
        reading.report(rows, expected, of_server())
    })
}

/// The version of the server, and the settings that decide whether it syncs.
pub fn describe(cluster: &Cluster) -> Result<String, Failure> {
    const QUESTION: &str = "SELECT concat_ws(', ', 'PostgreSQL ' || split_part(version(), ' ', 2),
        'fsync=' || current_setting('fsync'),
        'synchronous_commit=' || current_setting('synchronous_commit'),
        'wal_sync_method=' || current_setting('wal_sync_method'),
        'shared_buffers=' || current_setting('shared_buffers'),
        'max_wal_size=' || current_setting('max_wal_size'))";
    crate::alone(async { Ok(connect(cluster).await?.query_one(QUESTION, &[]).await?.get(0)) })
}

async fn connect(cluster: &Cluster) -> Result<Client, Failure> {
    let mut config = Config::new();
    config.host_path(&cluster.socket).user(&cluster.user).dbname("postgres");
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("bench: {error}");
        }
    });
    Ok(client)
}

/// A connection and its statement.
struct Writer {
    client: Client,
    statement: Statement,
    load: Load,
    events: Vec<Event>,
    turn: usize,
    numbers: Arc<Numbers>,
}

/// The values of one statement, or of one row.
type Row<'a> = [&'a (dyn ToSql + Sync); 5];

/// The columns of the rows of one transaction.
#[derive(Default)]
struct Columns {
    sources: Vec<String>,
    ids: Vec<String>,
    streams: Vec<Uuid>,
    revisions: Vec<i64>,
    payloads: Vec<Vec<u8>>,
}

impl Writer {
    async fn new(
        client: Client,
        load: Load,
        events: Vec<Event>,
        numbers: &Arc<Numbers>,
    ) -> Result<Self, Failure> {
        let sql = match load.way {
            Way::Row => ROW,
            Way::Rows => ROWS,
            Way::Copy => COPY,
        };
        let statement = client.prepare(sql).await?;
        Ok(Self { client, statement, load, events, turn: 0, numbers: numbers.clone() })
    }

    async fn run(mut self, clock: Clock) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        loop {
            let columns = self.columns();
            if clock.is_over() {
                return Ok(tally);
            }
            let sent = Instant::now();
            let written = match self.load.way {
                Way::Row => self.row(&columns).await?,
                Way::Rows => self.rows(&columns).await?,
                Way::Copy => self.copy(&columns).await?,
            };
            tally.acknowledged(clock, sent, written);
        }
    }

    /// The next rows, made before their clock starts.
    fn columns(&mut self) -> Columns {
        let mut columns = Columns::default();
        for _ in 0..self.load.rows {
            let (number, event) = events::next(&mut self.events, &mut self.turn, &self.numbers);
            columns.sources.push(event.source);
            columns.ids.push(events::id(number));
            columns.streams.push(events::person(number));
            columns.revisions.push(events::revision(number) as i64);
            columns.payloads.push(event.json);
        }
        columns
    }

    async fn row(&self, columns: &Columns) -> Result<u64, Failure> {
        let Columns { sources, ids, streams, revisions, payloads } = columns;
        let row: Row<'_> = [&sources[0], &ids[0], &streams[0], &revisions[0], &payloads[0]];
        Ok(self.client.execute(&self.statement, &row).await?)
    }

    async fn rows(&self, columns: &Columns) -> Result<u64, Failure> {
        let Columns { sources, ids, streams, revisions, payloads } = columns;
        let rows: Row<'_> = [sources, ids, streams, revisions, payloads];
        Ok(self.client.execute(&self.statement, &rows).await?)
    }

    async fn copy(&self, columns: &Columns) -> Result<u64, Failure> {
        const TYPES: &[Type] = &[Type::TEXT, Type::TEXT, Type::UUID, Type::INT8, Type::BYTEA];
        let Columns { sources, ids, streams, revisions, payloads } = columns;
        let writer = BinaryCopyInWriter::new(self.client.copy_in(&self.statement).await?, TYPES);
        futures::pin_mut!(writer);
        for place in 0..ids.len() {
            let row: Row<'_> = [
                &sources[place],
                &ids[place],
                &streams[place],
                &revisions[place],
                &payloads[place],
            ];
            writer.as_mut().write(&row).await?;
        }
        Ok(writer.finish().await?)
    }
}
