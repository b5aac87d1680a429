//! `cargo xtask simulate` and `cargo xtask defects`: builds the simulation and hands it the words.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

/// Runs `tests/simulation`; it prints what it finds.
pub(crate) fn run(top: &Path, words: &[String]) -> ExitCode {
    let ran = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--profile", "sim", "--package", "simulation", "--"])
        .args(words)
        .current_dir(top)
        .status();
    match ran {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the simulation did not start: {error}");
            ExitCode::FAILURE
        }
    }
}
