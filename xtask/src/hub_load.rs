//! `cargo xtask hub-load`: builds the hub and the crowd that comes to it, and lets them meet.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// Runs `crates/host/examples/hub_load.rs`; it prints what it measured. `--dev` takes the unoptimised build.
pub(crate) fn run(top: &Path, words: &[String]) -> ExitCode {
    let dev = words.iter().any(|word| word == "--dev");
    let (profile, folder): (&[&str], _) = if dev { (&[], "debug") } else { (&["--release"], "release") };
    let built = Command::new(env!("CARGO"))
        .args(["build", "--workspace", "--bins", "--examples"])
        .args(profile)
        .current_dir(top)
        .status();
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
