//! `cargo xtask fuzz`: mutates what decoders read, under libFuzzer, and says what ran, how far it came and what it found.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use crate::iron::{code, succeeded};

/// Bytes of what is offered to a decoder at most, and of what is kept of it.
const LARGEST: u32 = 1 << 16;

/// The decoders: each has a committed corpus of its name.
fn decoders(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.join("corpus"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// The nightly compiler with cargo-fuzz. Without a sanitizer: our own code has no `unsafe`, and limits are watched anyway.
fn fuzzer(folder: &Path) -> Command {
    let mut command = Command::new("cargo");
    // The compiler that runs this is not the one that fuzzes.
    command.arg("+nightly").current_dir(folder).env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
    command
}

/// The word behind a name in what libFuzzer told.
fn told<'t>(text: &'t str, name: &str) -> &'t str {
    text.rfind(name).and_then(|at| text[at + name.len()..].split_whitespace().next()).unwrap_or("?")
}

/// `[--seconds N] [--only NAME]` fuzzes from the committed corpora; `--seeds` writes these again.
pub(crate) fn run(top: &Path, words: &[String]) -> ExitCode {
    if words.iter().any(|word| word == "--seeds") {
        let seeds = ["run", "--quiet", "--package", "decoders"];
        return code(succeeded(Command::new(env!("CARGO")).args(seeds).current_dir(top)));
    }
    let after = |name: &str| words.iter().position(|w| w == name).and_then(|at| words.get(at + 1));
    let Some(seconds) = after("--seconds").map_or(Some(300), |n| n.parse::<u32>().ok()) else {
        return ExitCode::from(2);
    };
    match fuzzed(&top.join("fuzz"), seconds, after("--only").map(String::as_str)) {
        Ok(broken) if broken.is_empty() => ExitCode::SUCCESS,
        Ok(broken) => {
            eprintln!("found in {broken:?}: put the file from fuzz/artifacts into its corpus and mend the decoder");
            ExitCode::FAILURE
        }
        Err(cause) => {
            eprintln!(
                "nothing was fuzzed: {cause} (needs the nightly toolchain, a C++ compiler, and: cargo install cargo-fuzz)"
            );
            ExitCode::FAILURE
        }
    }
}

/// Fuzzes the decoders one after another; first those that need no database, which compile in a fraction of the time.
fn fuzzed(folder: &Path, seconds: u32, only: Option<&str>) -> std::io::Result<Vec<String>> {
    let wanted = decoders(folder)?.into_iter().filter(|name| only.is_none_or(|only| name == only));
    let (sheets, plain): (Vec<_>, Vec<_>) = wanted.partition(|name| name.starts_with("workbook"));
    let mut broken = Vec::new();
    for (features, decoders) in [(&[][..], plain), (&["--features", "sheets"][..], sheets)] {
        if !decoders.is_empty() {
            broken.extend(with(folder, features, &decoders, seconds)?);
        }
    }
    Ok(broken)
}

fn with(folder: &Path, features: &[&str], decoders: &[String], seconds: u32) -> std::io::Result<Vec<String>> {
    const BUILD: [&str; 6] = ["fuzz", "build", "--fuzz-dir", ".", "--sanitizer", "none"];
    if !succeeded(fuzzer(folder).args(BUILD).args(features).arg("any")) {
        return Err(std::io::Error::other("the fuzzer did not compile"));
    }
    // What grows stays out of the committed corpus.
    let work = folder.join("target");
    let mut broken = Vec::new();
    for decoder in decoders {
        let [grown, logs] = [work.join("grown").join(decoder), work.join("logs")];
        let found: PathBuf = folder.join("artifacts").join(decoder);
        for made in [&grown, &logs, &found] {
            fs::create_dir_all(made)?;
        }
        let log = logs.join(format!("{decoder}.log"));
        let to = fs::File::create(&log)?;
        let status = fuzzer(folder)
            .args(["fuzz", "run", "--fuzz-dir", ".", "--sanitizer", "none"])
            .args(features)
            .arg("any")
            .args([&grown, &folder.join("corpus").join(decoder)])
            .args(["--", "-print_final_stats=1", "-timeout=20", "-rss_limit_mb=1024"])
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={LARGEST}"))
            .arg(format!("-artifact_prefix={}/", found.display()))
            .env("NIANGJIA_DECODER", decoder)
            .stdout(to.try_clone()?)
            .stderr(to)
            .status()?;
        let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        println!(
            "{decoder}: {} executions, {} a second, {} of the branches behind it, {} papers kept, {} MB{}",
            told(&text, "stat::number_of_executed_units:"),
            told(&text, "stat::average_exec_per_sec:"),
            told(&text, " cov: "),
            told(&text, " corp: "),
            told(&text, "stat::peak_rss_mb:"),
            if status.success() { String::new() } else { format!(": FOUND something, {}", log.display()) },
        );
        if !status.success() {
            broken.push(decoder.clone());
        }
    }
    Ok(broken)
}
