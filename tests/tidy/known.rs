//! Breaches that stood when a rule was made, as `path: rule`. The list may only shrink.

pub const KNOWN: &[&str] = &[
    "src/cli/events.rs: Events is also a type of src/cli/doctor/file.rs",
    "src/cli/migrate.rs: over 100 columns",
    "src/cli/schema.rs: Command is also a type of src/cli/mod.rs",
    "src/domain/credit/answer.rs: Credit is also a type of src/cli/ask.rs",
    "src/domain/history.rs: History is also a type of src/cli/ask.rs",
    "src/domain/history.rs: circle of domain/history.rs, domain/vocabulary/validate.rs",
    "src/domain/trajectory/answer.rs: Trajectory is also a type of src/cli/ask.rs",
    "src/domain/trajectory/answer.rs: over 100 columns",
    "src/domain/trajectory/clock.rs: over 100 columns",
    "src/domain/trajectory/modality.rs: over 100 columns",
    "src/domain/trajectory/residential.rs: over 100 columns",
    "src/domain/vocabulary/canonical.rs: circle of domain/vocabulary/canonical.rs, \
     \
     domain/vocabulary/json.rs",
    "src/domain/vocabulary/validate.rs: Schemas is also a type of src/domain/vocabulary/admit.rs",
    "src/http/openapi/components.rs: components has over 60 lines",
    "src/http/request/params.rs: Reading is also a type of src/domain/credit/answer.rs",
    "src/ledger/clock.rs: embedded above the store",
    "src/ledger/mod.rs: Embedded above the store",
    "src/ledger/mod.rs: EventStoreDb above the store",
    "src/ledger/mod.rs: embedded above the store",
    "src/ledger/mod.rs: store::cluster above the store",
    "src/ledger/read/feed.rs: InPlace is also a type of src/domain/vocabulary/json.rs",
    "src/ledger/read/mod.rs: over 100 columns",
    "src/ledger/record/batch.rs: circle of ledger/record/batch.rs, ledger/record/mod.rs",
    "src/ledger/record/mod.rs: Status is also a type of src/cli/doctor/report.rs",
    "src/lib.rs: over 100 columns",
    "src/projection/follow.rs: Follower is also a type of src/cli/follow.rs",
    "src/refusals/mod.rs: State is also a type of src/projection/lists/state/mod.rs",
    "src/refusals/mod.rs: circle of refusals/mod.rs, refusals/shelves.rs, refusals/spool.rs",
    "src/refusals/shelves.rs: Item is also a type of src/domain/history.rs",
    "src/simulate/mod.rs: over 100 columns",
    "src/simulate/plan.rs: over 100 columns",
    "src/simulate/say.rs: over 100 columns",
    "src/simulate/world.rs: over 100 columns",
    "src/store/cluster/mod.rs: over 100 columns",
    "src/store/embedded/duplicates.rs: over 100 columns",
    "src/store/embedded/import.rs: circle of store/embedded/import.rs, \
     \
     store/embedded/log.rs, store/embedded/mod.rs, store/embedded/readers.rs, \
     \
     store/embedded/start.rs, store/embedded/writer.rs",
    "src/store/embedded/import.rs: over 100 columns",
    "src/store/embedded/index.rs: Anchor is also a type of src/ledger/read/touched.rs",
    "src/store/embedded/index.rs: State is also a type of src/projection/lists/state/mod.rs",
    "src/store/embedded/index.rs: Stretch is also a type of src/projection/lists/state/mod.rs",
    "src/store/embedded/index.rs: circle of store/embedded/index.rs, store/embedded/merge.rs",
    "src/store/embedded/log.rs: over 100 columns",
    "src/store/embedded/segment.rs: Entry is also a type of src/ledger/record/batch.rs",
    "src/store/embedded/writer.rs: Clock is also a type of src/refusals/mod.rs",
    "src/store/embedded/writer.rs: Group is also a type of src/cli/doctor/report.rs",
    "src/store/embedded/writer.rs: Shared is also a type of src/refusals/mod.rs",
    "src/store/embedded/writer.rs: Writer is also a type of src/refusals/spool.rs",
    "tests/cli/doctor.rs: each_thing_that_is_wrong_is_found_and_says_what_to_do has over 60 lines",
    "tests/cluster/cut.rs: a_cut_between_replica_and_store_is_told_and_nothing_is_lost has \
     \
     over 60 lines",
    "tests/cluster/replicas.rs: \
     \
     three_replicas_lose_nothing_while_one_after_the_other_is_killed has over 60 lines",
    "tests/cluster/served.rs: \
     \
     a_cluster_with_tls_and_a_password_is_served_and_nothing_secret_is_said has over 60 \
 \
         lines",
    "tests/credit/random/mod.rs: data has over 60 lines",
    "tests/credit/reference/figures.rs: one has over 60 lines",
];
