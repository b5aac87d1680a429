//! `cargo xtask kills`, `cuts`, `line` and `loss`: builds the programs and lets real days go wrong.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

pub(crate) fn code(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

pub(crate) fn succeeded(command: &mut Command) -> bool {
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("{command:?} did not start: {error}");
            false
        }
    }
}

/// Runs `tests/iron`; it prints what it did. The programs are those of a debug build, in which derivation of keys is cheap.
pub(crate) fn run(top: &Path, words: &[String]) -> ExitCode {
    if !succeeded(Command::new(env!("CARGO")).args(["build", "--workspace", "--bins"]).current_dir(top)) {
        return ExitCode::FAILURE;
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| top.join("target"), PathBuf::from);
    code(succeeded(Command::new(target.join("debug/iron")).args(words)))
}
