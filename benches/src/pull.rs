//! First pull: a further PC of a township that holds nothing yet takes all of it from the hub, over loopback, segment by segment.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use niangjia_host::Station;
use niangjia_hub::Hub;
use serde_json::{Value, json};

use crate::{
    dump::Dump,
    floor::Copied,
    gauge::{self, Line, Trouble},
    office::{Desk, said},
    people,
};

pub const FLOOR: &str =
    "the same rows as a column dump in zstd-3 frames over a loopback socket, sender included, and the INSERT floor";
pub const PASSPHRASE: &str = "只有我知道的口令";

/// Measures first pulls, each by a copy of the same fresh office from a copy of the same hub.
pub fn run(count: usize, rounds: usize) -> Result<Vec<Line>, Trouble> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(count, rounds))
}

/// Runs a command that must succeed.
pub async fn ask(station: &Arc<Station>, name: &str, question: Value) -> Result<Value, Trouble> {
    station.call(name, question).await.map_err(said)
}

async fn measure(count: usize, rounds: usize) -> Result<Vec<Line>, Trouble> {
    let dir = tempfile::tempdir()?;
    let rosters = people::rosters(dir.path(), count)?;
    let copied = {
        let desk = Desk::found()?;
        desk.import_all(&rosters)?;
        Copied::from(&desk.path(), &desk.key)?
    };
    let address = stage(dir.path(), &rosters, true).await?;
    let (mut ours, mut floors) = (Vec::new(), Vec::new());
    let (mut our_bytes, mut floor_bytes) = (0.0, 0.0);
    for round in 0..rounds {
        let here = dir.path().join(format!("round{round}"));
        copy(&dir.path().join("hub"), &here.join("hub"))?;
        copy(&dir.path().join("fresh"), &here.join("fresh"))?;
        let hub = Hub::open(&here.join("hub"))?.serve(address).await?;
        let fresh = Station::open(here.join("fresh")).map_err(said)?;
        ask(&fresh, "app.unlock", json!({ "clerk": "吴芳", "passphrase": PASSPHRASE })).await?;
        let start = cpu_time::ProcessTime::now();
        let done = ask(&fresh, "sync.now", json!({})).await?;
        ours.push(start.elapsed().as_secs_f64() * 1e3);
        if done["received"]["changes"].as_u64() < Some(count as u64) {
            return Err(format!("the township did not arrive: {done}").into());
        }
        our_bytes = gauge::megabytes(usize::try_from(done["received"]["bytes"].as_u64().unwrap_or(0))?);
        fresh.close().await;
        drop(fresh);
        hub.stop().await;

        let (time, bytes) = floor(&copied, &here, count)?;
        floors.push(time);
        floor_bytes = bytes;
        fs::remove_dir_all(&here)?;
    }
    let work = format!("first pull of {count} members");
    Ok(vec![
        Line::ratio(work.clone(), FLOOR, gauge::median(&mut ours), gauge::median(&mut floors), 2.0),
        Line::ratio(format!("{work}, bytes"), FLOOR, our_bytes, floor_bytes, 1.3).in_megabytes(),
    ])
}

/// The floor of a first load: CPU in milliseconds, and megabytes.
pub fn floor(copied: &Copied, here: &Path, count: usize) -> Result<(f64, f64), Trouble> {
    let dump = Dump::prepare(copied, here, &Desk::found()?.key)?;
    let (time, pulled) = gauge::process(|| dump.pull())?;
    if pulled.rows != count {
        return Err("the dump did not arrive".into());
    }
    Ok((time, gauge::megabytes(pulled.bytes)))
}

/// A township with its members, a further PC of it and a county that have not seen them, and a hub that holds them if they were
/// `sent`. Returns the hub's address.
pub async fn stage(dir: &Path, rosters: &[(PathBuf, usize)], sent: bool) -> Result<std::net::SocketAddr, Trouble> {
    let hub = Hub::start(dir.join("hub"), "127.0.0.1:0".parse()?).await?;
    let address = hub.addr;
    let county = Station::open(dir.join("county")).map_err(said)?;
    let asked = json!({ "role": "county", "name": "东海县总工会", "code": "320722", "clerk": "周敏", "passphrase": PASSPHRASE });
    ask(&county, "app.create", asked).await?;
    ask(&county, "hub.claim", json!({ "url": hub.url(), "key": hub.key_hex, "claim": hub.claim })).await?;
    let invited = ask(&county, "offices.invite", json!({ "name": "平明镇总工会", "code": "320722104" })).await?;
    let packet: PathBuf = dir.join("pingming.njinvite");
    fs::write(&packet, STANDARD.decode(invited["packet"].as_str().unwrap_or(""))?)?;
    let town = Station::open(dir.join("town")).map_err(said)?;
    let joining =
        json!({ "packet": { "path": packet }, "code": invited["code"], "clerk": "李强", "passphrase": PASSPHRASE });
    ask(&town, "app.join", joining).await?;
    for (roster, _) in rosters {
        ask(&town, "members.import", json!({ "path": roster, "commit": true })).await?;
    }
    if sent {
        ask(&town, "sync.now", json!({})).await?;
    }
    let fresh = further(&town, dir).await?;
    for station in [fresh, town, county] {
        station.close().await;
    }
    hub.stop().await;
    Ok(address)
}

/// A further PC of an office, which has not exchanged yet, in the folder `fresh`.
async fn further(town: &Arc<Station>, dir: &Path) -> Result<Arc<Station>, Trouble> {
    let invited = ask(town, "devices.invite", json!({ "name": "新电脑" })).await?;
    let packet = dir.join("fresh.njinvite");
    fs::write(&packet, STANDARD.decode(invited["packet"].as_str().unwrap_or(""))?)?;
    let fresh = Station::open(dir.join("fresh")).map_err(said)?;
    let joining =
        json!({ "packet": { "path": packet }, "code": invited["code"], "clerk": "吴芳", "passphrase": PASSPHRASE });
    ask(&fresh, "app.join", joining).await?;
    Ok(fresh)
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) -> Result<(), Trouble> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
