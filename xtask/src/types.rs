//! `cargo xtask types`: makes the window's TypeScript from the command list. A story test fails when it is out of date.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

/// Where the window reads its types.
const FILE: &str = "ui/src/generated/api.ts";

/// Writes the file anew.
pub(crate) fn run(top: &Path) -> ExitCode {
    let made = Command::new(env!("CARGO"))
        .args([
            "run",
            "--quiet",
            "--package",
            "niangjia-host",
            "--bin",
            "niangjia-office",
            "--",
            "commands",
            "--typescript",
        ])
        .current_dir(top)
        .output();
    match made {
        Ok(made) if made.status.success() => match std::fs::write(top.join(FILE), made.stdout) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error.to_string()),
        },
        Ok(made) => failed(&String::from_utf8_lossy(&made.stderr)),
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(why: &str) -> ExitCode {
    eprintln!("{FILE} was not written: {why}");
    ExitCode::FAILURE
}
