//! `cargo xtask kills`, `cuts` and `line`: builds the programs and lets real days go wrong; `fuzz` mutates what decoders read.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

fn code(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn succeeded(command: &mut Command) -> bool {
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

/// The names that `fuzz/Cargo.toml` gives its programs, one for each decoder.
fn decoders(top: &Path) -> Vec<String> {
    let manifest = std::fs::read_to_string(top.join("fuzz/Cargo.toml")).unwrap_or_default();
    let bins = manifest.split("[[bin]]").skip(1);
    bins.filter_map(|bin| bin.split('"').nth(1)).map(str::to_owned).collect()
}

/// `[--seconds N] [--only NAME]` fuzzes from the committed corpora; `--seeds` writes these again.
pub(crate) fn fuzz(top: &Path, words: &[String]) -> ExitCode {
    if words.iter().any(|word| word == "--seeds") {
        let seeds = ["run", "--quiet", "--package", "decoders"];
        return code(succeeded(Command::new(env!("CARGO")).args(seeds).current_dir(top)));
    }
    let after = |name: &str| words.iter().position(|w| w == name).and_then(|at| words.get(at + 1));
    let Some(seconds) = after("--seconds").map_or(Some(300), |n| n.parse::<u32>().ok()) else {
        return ExitCode::from(2);
    };
    let only = after("--only");
    let folder = top.join("fuzz");
    let mut broken = Vec::new();
    for decoder in decoders(top).into_iter().filter(|name| only.is_none_or(|only| name == only)) {
        println!("{decoder}: {seconds} s");
        // What grows stays out of the committed corpus; what is found goes beside it, to be replayed for ever.
        let grown = folder.join("target/grown").join(&decoder);
        let found = folder.join("corpus").join(&decoder);
        if std::fs::create_dir_all(&grown).is_err() {
            return ExitCode::FAILURE;
        }
        let ran = succeeded(
            Command::new("cargo")
                .args(["+nightly", "fuzz", "run", "--fuzz-dir", ".", &decoder])
                .args([&grown, &found])
                .args(["--", "-print_final_stats=1", "-timeout=10", "-rss_limit_mb=1024", "-verbosity=0"])
                .arg(format!("-max_total_time={seconds}"))
                .current_dir(&folder)
                // The compiler that runs this is not the one that fuzzes.
                .env_remove("RUSTUP_TOOLCHAIN")
                .env_remove("CARGO"),
        );
        if !ran {
            broken.push(decoder);
        }
    }
    if !broken.is_empty() {
        eprintln!(
            "found in {broken:?}: put the file from fuzz/artifacts into its corpus (needs: cargo install cargo-fuzz, the nightly toolchain)"
        );
    }
    code(broken.is_empty())
}
