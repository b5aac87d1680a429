//! Coming into step: the first push, a day's single edits, nothing to do, a first pull from a checkpoint, and what all that takes of
//! disk and memory. Hub and office run in this process, and both are counted.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use cpu_time::ProcessTime;
use niangjia_core::{
    office::Office,
    replication::{
        Frontier, Stream,
        enrol::HubAddress,
        keys::{VerifyingKey, chain_from_cbor},
        wire::{Received, Replica, ReplicaFault},
    },
};
use niangjia_host::{
    Station,
    link::{DeviceAuth, Link},
};
use niangjia_hub::{Hub, RunningHub};
use rusqlite::params;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    dump::Dump,
    floor::{self, Copied},
    gauge::{self, Line, Trouble},
    office::{Desk, said},
    people,
    pull::{self, PASSPHRASE, ask, copy, stage},
    wire,
};

/// Single edits of the row that counts them.
const EDITS: usize = 1_000;
const EDITED: &str = "the same ids and values as columns in one zstd-3 frame, and prepared UPDATEs in one transaction";
const KEPT: &str = "the tables that the import leaves and their indices, without a log, in a database of its own";

fn now<T>(work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

fn millis(start: ProcessTime) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

fn number(of: &Value) -> Result<usize, Trouble> {
    Ok(usize::try_from(of.as_u64().ok_or("no number")?)?)
}

async fn opened(dir: &Path, clerk: &str) -> Result<Arc<Station>, Trouble> {
    let station = Station::open(dir.to_owned()).map_err(said)?;
    ask(&station, "app.unlock", json!({ "clerk": clerk, "passphrase": PASSPHRASE })).await?;
    Ok(station)
}

async fn serve(dir: &Path, at: SocketAddr) -> Result<RunningHub, Trouble> {
    Ok(Hub::open(dir)?.serve(at).await?)
}

/// A roster, and the rows that its import leaves behind.
fn rows(dir: &Path, count: usize) -> Result<(Vec<(PathBuf, usize)>, Copied), Trouble> {
    let rosters = people::rosters(dir, count)?;
    let desk = Desk::found()?;
    desk.import_all(&rosters)?;
    let copied = Copied::from(&desk.path(), &desk.key)?;
    Ok((rosters, copied))
}

fn dumped(copied: &Copied, dir: &Path) -> Result<(f64, f64), Trouble> {
    let dump = Dump::prepare(copied, dir, &Desk::found()?.key)?;
    let (time, pulled) = gauge::process(|| dump.pull())?;
    Ok((time, gauge::megabytes(pulled.bytes)))
}

/// The first push of a township; what it sends was sealed when it was imported.
pub fn push(count: usize, rounds: usize) -> Result<Vec<Line>, Trouble> {
    now(async {
        let dir = tempfile::tempdir()?;
        let (rosters, copied) = rows(dir.path(), count)?;
        let address = stage(dir.path(), &rosters, false).await?;
        let (mut ours, mut floors, mut bytes, mut floor_bytes) = (Vec::new(), Vec::new(), 0.0, 0.0);
        for round in 0..rounds {
            let here = dir.path().join(format!("round{round}"));
            copy(&dir.path().join("hub"), &here.join("hub"))?;
            copy(&dir.path().join("town"), &here.join("town"))?;
            let hub = serve(&here.join("hub"), address).await?;
            let town = opened(&here.join("town"), "李强").await?;
            let start = ProcessTime::now();
            let done = ask(&town, "sync.now", json!({})).await?;
            ours.push(millis(start));
            bytes = gauge::megabytes(number(&done["sent"]["bytes"])?);
            town.close().await;
            hub.stop().await;
            let (time, size) = dumped(&copied, &here)?;
            floors.push(time);
            floor_bytes = size;
            fs::remove_dir_all(&here)?;
        }
        let work = format!("first push of {count} members");
        Ok(vec![
            Line::ratio(work.clone(), pull::FLOOR, gauge::median(&mut ours), gauge::median(&mut floors), 1.0),
            Line::ratio(format!("{work}, bytes"), pull::FLOOR, bytes, floor_bytes, 1.17).in_megabytes(),
        ])
    })
}

/// Bytes of the log of the streams whose names begin so.
async fn log(station: &Arc<Station>, of: &str) -> Result<usize, Trouble> {
    let listed = ask(station, "checkpoints.list", json!({})).await?;
    let lines = listed["streams"].as_array().ok_or("no streams")?;
    let own = lines.iter().filter(|line| line["stream"].as_str().is_some_and(|name| name.starts_with(of)));
    own.map(|line| number(&line["log"])).sum()
}

/// A thousand clerks' saves of one field each, there and back; and an exchange in which nothing is to do.
pub fn edits(count: usize) -> Result<Vec<Line>, Trouble> {
    now(async {
        let dir = tempfile::tempdir()?;
        let (rosters, copied) = rows(dir.path(), count)?;
        let address = stage(dir.path(), &rosters, true).await?;
        let hub = serve(&dir.path().join("hub"), "127.0.0.1:0".parse()?).await?;
        let line = wire::between(address, hub.addr)?;
        let (town, county) =
            (opened(&dir.path().join("town"), "李强").await?, opened(&dir.path().join("county"), "周敏").await?);
        for station in [&county, &town, &county] {
            ask(station, "sync.now", json!({})).await?;
        }
        let mut lines = Vec::new();
        let ways = [("up from the township", &town, &county), ("down from the county", &county, &town)];
        for (first, (who, from, to)) in (3_000_000_000..).step_by(1_000_000_000).zip(ways) {
            let before = (log(from, "office/").await?, log(from, "audit/").await?);
            edit(from, first).await?;
            let start = ProcessTime::now();
            ask(from, "sync.now", json!({})).await?;
            let sending = millis(start);
            let start = ProcessTime::now();
            ask(to, "sync.now", json!({})).await?;
            let taking = millis(start);
            let sent = (log(from, "office/").await? - before.0, log(from, "audit/").await? - before.1);
            let work = format!("{EDITS} single-field edits, {who}");
            let (time, size) = edited(&copied, dir.path())?;
            // A few kilobytes.
            #[allow(clippy::cast_precision_loss)]
            let kilobytes = |bytes: usize| bytes as f64 / 1e3;
            let mut told = Line::told(format!("{work}: bytes"), kilobytes(sent.0), "kB", Some(28.0));
            (told.floor, told.floor_is, told.bar) = (kilobytes(size), EDITED, Some(28.0 / kilobytes(size)));
            lines.push(told);
            lines.push(Line::told("– beside it, what the audit says of each save", kilobytes(sent.1), "kB", None));
            lines.push(Line::told(format!("{work}: CPU of sending"), sending, "ms", Some(300.0)));
            lines.push(Line::told(format!("{work}: CPU of taking"), taking, "ms", Some(300.0)));
            lines.push(Line::told("– the UPDATEs alone", time, "ms", None));
            for station in [&county, &town, &county] {
                ask(station, "sync.now", json!({})).await?;
            }
        }
        lines.extend(idle(&town, &line).await?);
        for station in [town, county] {
            station.close().await;
        }
        hub.stop().await;
        Ok(lines)
    })
}

/// Opens the form of one member after another and saves another telephone number, from the first one on.
async fn edit(station: &Arc<Station>, first: u64) -> Result<(), Trouble> {
    let (mut done, mut offset) = (0, 0);
    while done < EDITS {
        let page = ask(station, "members.list", json!({ "limit": 100, "offset": offset })).await?;
        let rows = page["rows"].as_array().filter(|rows| !rows.is_empty()).ok_or("too few members")?;
        for row in rows.iter().take(EDITS - done) {
            let form = ask(station, "members.get", json!({ "id": row["id"] })).await?;
            let mobile = format!("1{:010}", first + (done as u64) * 7_919 % 999_999_937);
            let fields = json!({ "mobile": mobile });
            ask(station, "members.save", json!({ "id": form["id"], "token": form["token"], "fields": fields })).await?;
            done += 1;
        }
        offset += rows.len();
    }
    Ok(())
}

/// The floor of edits: CPU of the UPDATEs, and bytes of ids and values.
fn edited(copied: &Copied, dir: &Path) -> Result<(f64, usize), Trouble> {
    let folder = tempfile::tempdir_in(dir)?;
    let conn = floor::open(&folder.path().join("floor.db"), &Desk::found()?.key)?;
    copied.prepare(&conn)?;
    copied.insert(&conn)?;
    let mut find = conn.prepare("SELECT id FROM member ORDER BY rec LIMIT ?1")?;
    let ids: Vec<Vec<u8>> = find.query_map([EDITS as i64], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let values: Vec<String> =
        (0..EDITS).map(|n| format!("1{:010}", 3_000_000_000_usize + n * 7_919 % 999_999_937)).collect();
    let plain: Vec<u8> = ids.iter().flatten().copied().chain(values.iter().flat_map(|value| value.bytes())).collect();
    let size = zstd::bulk::compress(&plain, 3)?.len();
    let (time, ()) = gauge::process(|| {
        let tx = conn.unchecked_transaction()?;
        let mut update = tx.prepare("UPDATE member SET mobile = ?2 WHERE id = ?1")?;
        for (id, value) in ids.iter().zip(&values) {
            update.execute(params![id, value])?;
        }
        drop(update);
        Ok(tx.commit()?)
    })?;
    Ok((time, size))
}

/// An office as a link sees it, for an exchange over a connection that stands already.
struct Warm(Arc<Office>);

fn failed(fault: niangjia_core::Fault) -> ReplicaFault {
    ReplicaFault::new(fault)
}

impl Replica for Warm {
    fn frontiers(&mut self) -> Result<Vec<(Stream, Frontier)>, ReplicaFault> {
        self.0.frontiers().map_err(failed)
    }

    fn segments_after(&mut self, of: &Stream, hub: &Frontier, most: usize) -> Result<Vec<Vec<u8>>, ReplicaFault> {
        self.0.segments_after(of, hub, most).map_err(failed)
    }

    fn receive(&mut self, _: &Stream, _: Vec<Vec<u8>>) -> Result<Received, ReplicaFault> {
        Ok(Received::default())
    }

    fn hub_has(&mut self, stream: &Stream, frontier: &Frontier) -> Result<(), ReplicaFault> {
        self.0.hub_has(stream, frontier).map(drop).map_err(failed)
    }

    fn counts(&mut self) -> Result<std::collections::BTreeMap<String, u64>, ReplicaFault> {
        self.0.told_to_hub().map_err(failed)
    }
}

/// Nothing to do: as the timer does it, and over a connection that stands.
async fn idle(town: &Arc<Station>, line: &wire::Count) -> Result<Vec<Line>, Trouble> {
    for _ in 0..2 {
        let done = ask(town, "sync.now", json!({})).await?;
        if done["in_step"] != true {
            return Err(format!("not in step: {done}").into());
        }
    }
    line.take();
    let start = ProcessTime::now();
    ask(town, "sync.now", json!({})).await?;
    let (cold, (cold_bytes, _)) = (millis(start), line.take());
    let office = town.office().map_err(said)?;
    let hub = office.hub().ok_or("no hub")?;
    let key = VerifyingKey::from_bytes(&hex::decode(&hub.key)?.try_into().map_err(|_| "a key")?)
        .map_err(|e| e.to_string())?;
    let (chain, device) = office.device_auth();
    let certs = chain_from_cbor(&chain).map_err(|e| e.to_string())?;
    let link =
        Link::new(HubAddress { url: hub.url, key }, DeviceAuth::new(&certs, device)).map_err(|e| e.to_string())?;
    let mut warm = Warm(office);
    link.exchange(&mut warm, &mut |_| {}).await.map_err(|e| e.to_string())?;
    line.take();
    let start = ProcessTime::now();
    let outcome = link.exchange(&mut warm, &mut |_| {}).await.map_err(|e| e.to_string())?;
    let (time, (bytes, turns)) = (millis(start), line.take());
    if !outcome.in_step {
        return Err("not in step over the warm connection".into());
    }
    // Both are small.
    #[allow(clippy::cast_precision_loss)]
    let plain = |n: u64| n as f64;
    Ok(vec![
        Line::told("nothing to do, warm connection: round trips", plain(turns), "", Some(1.0)),
        Line::told("nothing to do, warm connection: bytes, TLS and HTTP included", plain(bytes) / 1e3, "kB", Some(1.0)),
        Line::told("nothing to do, warm connection: CPU", time, "ms", Some(10.0)),
        Line::told("– the same as the timer does it, bytes", plain(cold_bytes) / 1e3, "kB", None),
        Line::told("– the same as the timer does it, CPU", cold, "ms", None),
    ])
}

/// Log, tables and indices on the disk.
pub fn disk(count: usize) -> Result<Vec<Line>, Trouble> {
    let dir = tempfile::tempdir()?;
    let (rosters, copied) = rows(dir.path(), count)?;
    let desk = Desk::found()?;
    desk.import_all(&rosters)?;
    let copy = dir.path().join("copy.db");
    desk.office.snapshot(&copy).map_err(said)?;
    let ours = fs::metadata(&copy)?.len();
    let conn = floor::open(&dir.path().join("floor.db"), &desk.key)?;
    copied.prepare(&conn)?;
    copied.insert(&conn)?;
    drop(conn);
    let floor = fs::metadata(dir.path().join("floor.db"))?.len();
    let size = |bytes: u64| Ok::<_, Trouble>(gauge::megabytes(usize::try_from(bytes)?));
    let work = format!("disk of {count} members: log, tables and indices");
    Ok(vec![Line::ratio(work, KEPT, size(ours)?, size(floor)?, 1.4).in_megabytes()])
}

/// A further PC of the township begins with the county's checkpoint.
pub fn checkpoint(count: usize) -> Result<Vec<Line>, Trouble> {
    now(async {
        let dir = tempfile::tempdir()?;
        let (rosters, copied) = rows(dir.path(), count)?;
        let address = stage(dir.path(), &rosters, true).await?;
        let hub = serve(&dir.path().join("hub"), address).await?;
        let (town, county) =
            (opened(&dir.path().join("town"), "李强").await?, opened(&dir.path().join("county"), "周敏").await?);
        let fresh = opened(&dir.path().join("fresh"), "吴芳").await?;
        ask(&county, "sync.now", json!({})).await?;
        let stream = Stream::Office(town.office().map_err(said)?.identity().office).to_string();
        let start = ProcessTime::now();
        ask(&county, "checkpoints.make", json!({ "stream": stream })).await?;
        let making = millis(start);
        for station in [&county, &town] {
            ask(station, "sync.now", json!({})).await?;
        }
        let start = ProcessTime::now();
        let done = ask(&fresh, "sync.now", json!({})).await?;
        let pulling = millis(start);
        let members = ask(&fresh, "home", json!({})).await?["counts"]["members"].clone();
        if number(&members)? != count {
            return Err(format!("{members} members arrived: {done}").into());
        }
        let bytes = gauge::megabytes(number(&done["received"]["bytes"])?);
        for station in [fresh, town, county] {
            station.close().await;
        }
        hub.stop().await;
        let (time, size) = dumped(&copied, dir.path())?;
        let work = format!("first pull of {count} members from a checkpoint");
        let mut told = Line::ratio(format!("{work}, bytes"), pull::FLOOR, bytes, size, 7.5 / size).in_megabytes();
        told.work.push_str(" (bar 7.5 MB)");
        Ok(vec![
            told,
            Line::ratio(work, pull::FLOOR, pulling, time, 2.0),
            Line::told("– making that checkpoint", making, "ms", None),
        ])
    })
}

/// Private memory of this process, bytes.
fn private() -> Result<u64, Trouble> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.ok_or("the system does not tell how much memory is private")? << 10)
}

/// The most private memory that a first pull takes above what the process held before, the search index taken off, which stays.
pub fn memory(count: usize) -> Result<Vec<Line>, Trouble> {
    let mut lines = Vec::new();
    for count in [count / 10, 3 * count] {
        let dir: TempDir = tempfile::tempdir()?;
        let rosters = people::rosters(dir.path(), count)?;
        let (peak, index) = now(async {
            let address = stage(dir.path(), &rosters, true).await?;
            let hub = serve(&dir.path().join("hub"), address).await?;
            let fresh = opened(&dir.path().join("fresh"), "吴芳").await?;
            let (most, on) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(true)));
            let before = private()?;
            let (watched, watching) = (most.clone(), on.clone());
            let watch = std::thread::spawn(move || {
                while watching.load(Ordering::Acquire) {
                    watched.fetch_max(private().map_err(|cause| cause.to_string())?, Ordering::AcqRel);
                    std::thread::sleep(Duration::from_millis(2));
                }
                Ok::<(), String>(())
            });
            ask(&fresh, "sync.now", json!({})).await?;
            on.store(false, Ordering::Release);
            watch.join().map_err(|_| "the watch fell")??;
            let index = fresh.office().map_err(said)?.index_bytes();
            fresh.close().await;
            hub.stop().await;
            Ok((most.load(Ordering::Acquire).saturating_sub(before), index))
        })?;
        let above = gauge::megabytes(usize::try_from(peak)?.saturating_sub(index));
        lines.push(Line::told(
            format!("memory above idle in a first pull of {count}, hub included"),
            above,
            "MB",
            Some(32.0),
        ));
    }
    Ok(lines)
}
