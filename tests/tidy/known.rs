//! Breaches that stood when a rule was made, as `path: rule`. The list may only shrink.

pub const KNOWN: &[&str] = &[
    "src/store/cluster/append.rs: circle of store/cluster/append.rs, \
     store/cluster/connection.rs, store/cluster/event.rs, store/cluster/follow_error.rs, \
     store/cluster/follower.rs, store/cluster/identity.rs, store/cluster/log_copy.rs, \
     store/cluster/mod.rs, store/cluster/replica.rs, store/cluster/replica_status.rs, \
     store/cluster/subscription.rs, store/embedded/import.rs, store/embedded/log.rs, \
     store/embedded/mod.rs, store/embedded/readers.rs, store/embedded/start.rs, \
     store/embedded/writer.rs, store/migrate/error.rs, store/migrate/mod.rs, \
     store/migrate/plan.rs, store/migrate/unfinished.rs, store/open.rs",
    "src/store/embedded/index.rs: circle of store/embedded/index.rs, store/embedded/merge.rs",
];
