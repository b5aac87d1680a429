//! `cargo xtask hub-load`: builds the hub and the crowd that comes to it, and lets them meet.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// Runs `crates/host/examples/hub_load.rs`; it prints what it measured. `--dev` takes the unoptimised build.
pub(crate) fn run(top: &Path, words: &[String]) -> ExitCode {
    let dev = words.iter().any(|word| word == "--dev");
    // Not the whole workspace: what the tests want of the crates has no place in a release build.
    let (profile, folder): (&[&str], _) = if dev {
        (&["--workspace", "--bins", "--examples"], "debug")
    } else {
        (
            &[
                "--release",
                "-p",
                "niangjia-hub",
                "-p",
                "niangjia-host",
                "--bin",
                "niangjia-hub",
                "--example",
                "hub_load",
            ],
            "release",
        )
    };
    let built = Command::new(env!("CARGO")).arg("build").args(profile).current_dir(top).status();
    if !built.is_ok_and(|status| status.success()) {
        return ExitCode::FAILURE;
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| top.join("target"), PathBuf::from).join(folder);
    let ran = Command::new(target.join("examples/hub_load"))
        .arg("--hub")
        .arg(target.join("niangjia-hub"))
        .args(words.iter().filter(|word| *word != "--dev"))
        .status();
    if ran.is_ok_and(|status| status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
