//! The command `care-ledger`.

/// Why: ops/decisions/0006.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    care_ledger::cli::run()
}
