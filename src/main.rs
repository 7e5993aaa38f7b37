//! The command `care-ledger`.

fn main() -> std::process::ExitCode {
    care_ledger::cli::run()
}
