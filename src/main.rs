//! The command `care-ledger`.

/// Why: ops/decisions/0006.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    care_ledger::cli::run()
}
