//! The command `care-ledger`, built beside what measures it.
//! Always: as the ledger's own package builds it.

fn main() -> std::process::ExitCode {
    care_ledger::cli::run()
}

/// As the command has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
