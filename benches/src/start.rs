//! Start: the desk itself, from its process to the home page of a large office, beside a bare window of the same toolkit
//! that reads the narrow table. Both are real windows on a display of their own.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use niangjia_core::replication::{RecordId, slot};
use niangjia_host::{Keeping, Station};
use serde_json::{Value, json};

use crate::{
    gauge::{self, Line, Trouble},
    office::{database, said},
    people::{self, People},
    unlock,
};

const FLOOR: &str = "a bare window of the same toolkit that opens the same database and reads its narrow table";

/// Of the made-up clerk, for whom the window is unlocked as a person unlocks it.
const CLERK: &str = "周敏";
const PASSPHRASE: &str = "只有我知道的口令";
/// Somebody with this surname is among the people of every roster.
const NAME: &str = "王";

/// A data folder as the desk finds it in the morning.
fn furnished(dir: &Path, count: usize) -> Result<(), Trouble> {
    let station =
        Station::keeping(dir.to_owned(), false, Keeping { ballast: false, ..Keeping::default() }).map_err(said)?;
    let ask = |name: &str, question: Value| station.call_now(name, question).map_err(said);
    ask(
        "app.create",
        json!({ "role": "county", "name": "东海县总工会", "code": "320722", "clerk": CLERK, "passphrase": PASSPHRASE }),
    )?;
    let rosters = tempfile::tempdir()?;
    let mut people = People::new(42);
    for (name, part) in [("a.xlsx", count / 2), ("b.xlsx", count - count / 2)] {
        let roster = rosters.path().join(name);
        people::roster(&mut people, part, &roster)?;
        let done = ask("members.import", json!({ "path": roster, "commit": true }))?;
        if done["counts"]["new"] != part {
            return Err(format!("the roster was not taken as it stands: {done}").into());
        }
    }
    Ok(())
}

/// The database key in hexadecimal digits, as the clerk's passphrase gives it.
fn key(dir: &Path) -> Result<String, Trouble> {
    let folder: Value = serde_json::from_slice(&std::fs::read(dir.join("office.json"))?)?;
    let clerk = &folder["clerks"][0];
    let id: RecordId = serde_json::from_value(clerk["id"].clone())?;
    let slot = STANDARD.decode(clerk["slot"].as_str().ok_or("no slot")?)?;
    let opened = slot::unlock(PASSPHRASE, &id.0, &slot)?;
    Ok(hex::encode(opened.get(..32).ok_or("a short slot")?))
}

/// A program that was built beside this one.
fn beside(name: &str) -> Result<PathBuf, Trouble> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.exists() {
        Ok(path)
    } else {
        Err(format!("{} is not built; scripts/bench.sh start", path.display()).into())
    }
}

/// Measures starting.
pub fn run(count: usize, rounds: usize) -> Result<Vec<Line>, Trouble> {
    let home = tempfile::tempdir()?;
    let (data, scratch) = (home.path().join("office"), home.path().join("scratch"));
    std::fs::create_dir(&scratch)?;
    furnished(&data, count)?;
    let ask = json!({
        "desk": beside("niangjia")?, "window": beside("niangjia-bench-window")?,
        "data": data, "scratch": scratch, "clerk": CLERK, "passphrase": PASSPHRASE, "name": NAME,
        "database": database(&data), "key": key(&data)?, "pairs": (rounds * 2 + 1).max(7),
    });
    let told = Command::new("xvfb-run")
        .args(["-a", "-s", "-screen 0 1366x768x24", "node", concat!(env!("CARGO_MANIFEST_DIR"), "/start.mjs")])
        .arg(ask.to_string())
        .stderr(Stdio::inherit())
        .output()?;
    if !told.status.success() {
        return Err(format!("the windows were not driven to the end ({})", told.status).into());
    }
    let pairs = String::from_utf8(told.stdout)?.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    let middle = |pointer: &str| -> Result<f64, Trouble> {
        let figures: Option<Vec<f64>> = pairs.iter().map(|pair| pair.pointer(pointer)?.as_f64()).collect();
        Ok(gauge::median(&mut figures.filter(|all| !all.is_empty()).ok_or("no figure")?))
    };
    // Both sides are told without it: it is meant to cost what it costs.
    let derivation = unlock::derivation(rounds)?;
    let beside_floor = |work: String, what: &str, bar| -> Result<Line, Trouble> {
        let (ours, floor) = (middle(&format!("/desk/{what}"))? - derivation, middle(&format!("/floor/{what}"))?);
        Ok(Line { work, floor_is: FLOOR, ours, floor, unit: "ms", bar })
    };
    Ok(vec![
        beside_floor(format!("start to first usable page, {count} members"), "cpu", Some(2.0))?,
        beside_floor("the same on the clock".to_owned(), "wall", None)?,
        Line::told("– of it until the passphrase can be typed", middle("/desk/start/cpu")?, "ms", None),
        Line::told("– of it from the button to the home page", middle("/desk/unlocked/cpu")? - derivation, "ms", None),
        Line::told("– Argon2id of the passphrase, apart", derivation, "ms", None),
    ])
}
