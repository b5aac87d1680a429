//! `iron clerk DATA LIST SEED` is a clerk's process; `iron kills|cuts|line|loss …` are the long runs behind `cargo xtask`.

use std::{path::Path, process::ExitCode};

use iron::{clerk, kills, loss, power};

const HELP: &str = "usage: cargo xtask kills [--times N] [--seed S]   kill -9 offices and their hub, N times
       cargo xtask cuts [--times N] [--seed S]    cut the power of an office on an ext4 of its own, N times (root)
       cargo xtask line [--changes N] [--seed S]  a day's changes over 64 kbit/s, 2 s there and back, broken every 20 kB
       cargo xtask loss [--changes N] [--percent P] [--seed S]  changes over a line that loses one packet in ten";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [verb, data, list, seed] = &words[..]
        && verb == "clerk"
        && let Ok(seed) = seed.parse()
    {
        return clerk::work(Path::new(data), Path::new(list), seed);
    }
    let number = |name: &str, usual: u64| {
        words.iter().position(|w| w == name).map_or(Some(usual), |at| words.get(at + 1)?.parse().ok())
    };
    let own = std::env::current_exe().expect("this program lies somewhere");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let began = std::time::Instant::now();
    match (words.first().map(String::as_str), number("--times", 1000), number("--seed", 0), number("--changes", 500)) {
        (Some("kills"), Some(times), Some(seed), _) => {
            println!("{:?} in {:.0?}", runtime.block_on(kills::kills(&own, times, seed)), began.elapsed());
        }
        (Some("cuts"), Some(times), Some(seed), _) => match runtime.block_on(power::cuts(&own, times, seed)) {
            Ok(cut) => println!("{cut:?} in {:.0?}", began.elapsed()),
            Err(why) => {
                eprintln!("no power was cut: {why}");
                return ExitCode::FAILURE;
            }
        },
        (Some("line"), _, Some(seed), Some(changes)) => {
            println!("{}", runtime.block_on(iron::day::over_a_bad_line(changes, iron::day::BAD, seed)));
        }
        (Some("loss"), ..) => match loss::in_a_namespace(&own, &words[1..]) {
            Ok(good) => return if good { ExitCode::SUCCESS } else { ExitCode::FAILURE },
            Err(why) => {
                eprintln!("no packet was lost: {why}");
                return ExitCode::FAILURE;
            }
        },
        (Some(loss::INSIDE), _, Some(seed), Some(changes)) => {
            let Some(percent) = number("--percent", 10) else { return ExitCode::from(2) };
            match runtime.block_on(loss::over_a_lossy_line(changes, percent, seed)) {
                Ok(lossy) => println!("{lossy}"),
                Err(why) => {
                    eprintln!("no packet was lost: {why}");
                    return ExitCode::FAILURE;
                }
            }
        }
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
