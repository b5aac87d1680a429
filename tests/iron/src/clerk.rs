//! The clerk as a process: opens the office, looks whether everything is there that was acknowledged to the last one, then
//! takes people in, changes them and exchanges until it is killed. Each line it prints is a promise kept already.

use std::{
    io::Write as _,
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use niangjia_core::Fault;
use niangjia_host::Station;
use serde_json::{Value, json};
use stories::{PASSPHRASE, opened};

use crate::Chance;

/// The exit code when something acknowledged is gone.
pub const LOST: u8 = 3;

/// What the process prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Open, and everything expected is there; after so many milliseconds.
    Ready(u64),
    /// A member's record now bears this number or a higher one.
    Saved(String, u64),
    /// An exchange ended in step.
    InStep,
    /// Something acknowledged is gone, or the office does not open.
    Lost(String),
    /// A save was refused for want of room.
    Full,
}

impl Said {
    /// As a line.
    fn say(&self) {
        let line = match self {
            Self::Ready(after) => format!("ready {after}"),
            Self::Saved(id, number) => format!("saved {id} {number}"),
            Self::InStep => "in-step".to_owned(),
            Self::Lost(what) => format!("lost {what}"),
            Self::Full => "full".to_owned(),
        };
        let mut out = std::io::stdout().lock();
        // Nobody listens any more: then there is nobody to work for.
        if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
            std::process::exit(0);
        }
    }

    /// From a line; half a line, as a kill leaves it, is none.
    #[must_use]
    pub fn heard(line: &str) -> Option<Self> {
        let mut words = line.strip_suffix('\n')?.splitn(3, ' ');
        Some(match (words.next()?, words.next(), words.next()) {
            ("ready", Some(after), None) => Self::Ready(after.parse().ok()?),
            ("saved", Some(id), Some(number)) => Self::Saved(id.to_owned(), number.parse().ok()?),
            ("in-step", None, None) => Self::InStep,
            ("full", None, None) => Self::Full,
            ("lost", ..) => Self::Lost(line.trim_end().to_owned()),
            _ => return None,
        })
    }
}

/// Works in a data folder. `expected` is a file with a line `id number` for each record that must be there.
#[must_use]
pub fn work(data: &Path, expected: &Path, seed: u64) -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            Said::Lost(cause.to_string()).say();
            return ExitCode::from(LOST);
        }
    };
    match runtime.block_on(day(data, expected, seed)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            Said::Lost(what).say();
            ExitCode::from(LOST)
        }
    }
}

fn told(fault: &Fault) -> String {
    format!("{} {:?}", fault.code, fault.cause)
}

async fn day(data: &Path, expected: &Path, seed: u64) -> Result<(), String> {
    let began = Instant::now();
    let station = unlocked(data).await.map_err(|fault| format!("not opened: {}", told(&fault)))?;
    let mut known = kept(&station, expected).await?;
    Said::Ready(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)).say();
    if station.office().is_ok_and(|office| office.hub().is_some()) {
        tokio::spawn(exchange(station.clone()));
    }
    let mut chance = Chance::of(seed);
    loop {
        let saved = if known.len() < 3 || chance.percent(40) {
            taken_in(&station, &mut chance).await.map(|id| {
                known.push(id.clone());
                (id, 0)
            })
        } else {
            let id = &known[usize::try_from(chance.below(known.len() as u64)).unwrap_or(0)];
            changed(&station, id).await
        };
        match saved {
            Ok((id, number)) => Said::Saved(id, number).say(),
            Err(fault) if matches!(fault.code.as_str(), "disk_full" | "disk_low") => {
                Said::Full.say();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            // The power went, or the disk does not answer: the clerk stops, and the next morning tells.
            Err(fault) => {
                eprintln!("{}", told(&fault));
                std::process::exit(0);
            }
        }
        tokio::time::sleep(Duration::from_micros(chance.below(3000))).await;
    }
}

/// The program starts and the clerk unlocks.
async fn unlocked(data: &Path) -> Result<Arc<Station>, Fault> {
    let station = opened(data.to_owned());
    let first = station.call("app.state", json!({})).await?["clerks"][0]["id"].clone();
    let state = station.call("app.unlock", json!({ "clerk": first, "passphrase": PASSPHRASE })).await?;
    if state["trouble"] != Value::Null {
        return Err(Fault::question(state["trouble"].to_string()));
    }
    Ok(station)
}

/// Everything that was acknowledged is there. Returns those records.
async fn kept(station: &Arc<Station>, expected: &Path) -> Result<Vec<String>, String> {
    let mut known = Vec::new();
    for line in std::fs::read_to_string(expected).map_err(|e| e.to_string())?.lines() {
        let (id, number) = line.split_once(' ').ok_or("the list of what must be there")?;
        let number: u64 = number.parse().map_err(|_| "a number")?;
        let page = page(station, id).await.map_err(|fault| format!("{id}: {}", told(&fault)))?;
        let stands = number_of(&page);
        if stands < number {
            return Err(format!("{id}: {number} was acknowledged, {stands} stands there"));
        }
        known.push(id.to_owned());
    }
    station.office().and_then(|office| office.check()).map_err(|fault| told(&fault))?;
    Ok(known)
}

/// A member's page.
///
/// # Errors
/// The command's own.
pub async fn page(station: &Arc<Station>, id: &str) -> Result<Value, Fault> {
    station.call("members.get", json!({ "id": id })).await
}

/// The number that a record bears.
#[must_use]
pub fn number_of(page: &Value) -> u64 {
    page["fields"]["post"]
        .as_str()
        .and_then(|post| post.strip_prefix("第")?.strip_suffix("岗")?.parse().ok())
        .unwrap_or(0)
}

async fn taken_in(station: &Arc<Station>, chance: &mut Chance) -> Result<String, Fault> {
    let id_no = made_up(chance);
    let fields = json!({ "name": "王芳", "id_no": id_no, "mobile": "13900000001" });
    let saved = station.call("members.join", json!({ "fields": fields, "on": "2025-03-01" })).await?;
    Ok(saved["id"].as_str().unwrap_or_default().to_owned())
}

async fn changed(station: &Arc<Station>, id: &str) -> Result<(String, u64), Fault> {
    let page = page(station, id).await?;
    let number = number_of(&page) + 1;
    let ask = json!({ "id": id, "token": page["token"], "fields": { "post": format!("第{number}岗") } });
    station.call("members.save", ask).await?;
    Ok((id.to_owned(), number))
}

/// Exchanges without a pause: a line that fails is tried again.
async fn exchange(station: Arc<Station>) {
    loop {
        match station.call("sync.now", json!({})).await {
            Ok(answer) if answer["in_step"] == json!(true) => Said::InStep.say(),
            Ok(_) => {}
            Err(fault) => tracing_quietly(&fault),
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

// A line that is gone is everyday life here; anything else is for whoever reads the process's own words.
fn tracing_quietly(fault: &Fault) {
    if fault.code != "link.no_line" {
        eprintln!("exchange: {}", told(fault));
    }
}

/// An identity number that nobody has: area 9901xx, with the right check digit (GB 11643).
#[must_use]
pub fn made_up(chance: &mut Chance) -> String {
    let (area, year, month) = (1 + chance.below(99), 1950 + chance.below(50), 1 + chance.below(12));
    let digits = format!("9901{area:02}{year}{month:02}{:02}{:03}", 1 + chance.below(28), chance.below(1000));
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.chars().zip(weights).filter_map(|(c, weight)| Some(c.to_digit(10)? * weight)).sum();
    format!("{digits}{}", ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][(sum % 11) as usize])
}
