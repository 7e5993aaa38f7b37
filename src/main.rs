//! The command `care-ledger`.

/// The allocator; ops/decisions/0006 gives the reason.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    care_ledger::cli::run()
}
