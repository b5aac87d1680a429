//! A first load by stick: a township without a line writes a packet of several parts, and a further PC of it that holds nothing yet
//! takes all of it in.

use std::fs;

use niangjia_host::Station;
use serde_json::{Value, json};

use crate::{
    floor::Copied,
    gauge::{self, Line, Trouble},
    office::{Desk, said},
    people,
    pull::{FLOOR, PASSPHRASE, ask, copy, floor, stage},
};

/// Bytes of a part: small enough that there are several.
const PART: u64 = 2 << 20;

/// Measures first loads, each by a copy of the same fresh PC.
pub fn run(count: usize, rounds: usize) -> Result<Vec<Line>, Trouble> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(count, rounds))
}

async fn measure(count: usize, rounds: usize) -> Result<Vec<Line>, Trouble> {
    let dir = tempfile::tempdir()?;
    let rosters = people::rosters(dir.path(), count)?;
    let copied = {
        let desk = Desk::found()?;
        desk.import_all(&rosters)?;
        Copied::from(&desk.path(), &desk.key)?
    };
    stage(dir.path(), &rosters, false).await?;
    let (mut written, mut taken, mut both, mut floors) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut bytes, mut floor_bytes, mut parts) = (0.0, 0.0, 0);
    for round in 0..rounds {
        let here = dir.path().join(format!("round{round}"));
        let stick = here.join("stick");
        fs::create_dir_all(&stick)?;
        copy(&dir.path().join("town"), &here.join("town"))?;
        copy(&dir.path().join("fresh"), &here.join("fresh"))?;
        let town = Station::open(here.join("town")).map_err(said)?;
        ask(&town, "app.unlock", json!({ "clerk": "李强", "passphrase": PASSPHRASE })).await?;
        let start = cpu_time::ProcessTime::now();
        let made = ask(&town, "packets.export", json!({ "to": "device", "path": stick, "part_bytes": PART })).await?;
        let export = start.elapsed().as_secs_f64() * 1e3;
        town.close().await;
        drop(town);

        let files: Vec<&Value> = made["files"].as_array().into_iter().flatten().collect();
        parts = files.len();
        let sizes = files.iter().filter_map(|file| fs::metadata(file.as_str()?).ok()).map(|file| file.len());
        bytes = gauge::megabytes(usize::try_from(sizes.sum::<u64>())?);
        let fresh = Station::open(here.join("fresh")).map_err(said)?;
        ask(&fresh, "app.unlock", json!({ "clerk": "吴芳", "passphrase": PASSPHRASE })).await?;
        let start = cpu_time::ProcessTime::now();
        ask(&fresh, "packets.import", json!({ "path": files[0] })).await?;
        let import = start.elapsed().as_secs_f64() * 1e3;
        let there = ask(&fresh, "home", json!({})).await?["counts"]["members"].as_u64();
        if there != Some(count as u64) {
            return Err(format!("{there:?} members arrived of {count}").into());
        }
        fresh.close().await;
        drop(fresh);
        written.push(export);
        taken.push(import);
        both.push(export + import);

        let (time, dumped) = floor(&copied, &here, count)?;
        floors.push(time);
        floor_bytes = dumped;
        fs::remove_dir_all(&here)?;
    }
    let work = format!("first load of {count} members by a stick ({parts} parts)");
    Ok(vec![
        Line::ratio(work.clone(), FLOOR, gauge::median(&mut both), gauge::median(&mut floors), 2.0),
        Line::told("the same: writing the packet", gauge::median(&mut written), "ms", None),
        Line::told("the same: taking it in", gauge::median(&mut taken), "ms", None),
        Line::ratio(format!("{work}, bytes"), FLOOR, bytes, floor_bytes, 1.17).in_megabytes(),
    ])
}
