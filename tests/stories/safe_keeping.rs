//! Bad days of the disk itself: snapshots that open, a disk that fills up, a file that rots, a folder that is no place.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use niangjia_host::Keeping;
use serde_json::{Value, json};
use stories::{Desk, PASSPHRASE, fixture, opened, usual};
use tempfile::TempDir;

const WANG_FANG: &str = "99010119900615007X";
const MIB: u64 = 1 << 20;

fn names(answer: &Value) -> Vec<String> {
    let list = answer["snapshots"].as_array().expect("a list");
    list.iter().map(|s| s["name"].as_str().expect("a name").to_owned()).collect()
}

/// Puts a snapshot in the place of the database in a fresh folder, beside the key slots.
fn carried(desk: &Desk, name: &str) -> TempDir {
    let fresh = tempfile::tempdir().unwrap();
    std::fs::copy(desk.dir().join("snapshots").join(name), fresh.path().join("office.db")).unwrap();
    std::fs::copy(desk.dir().join("office.json"), fresh.path().join("office.json")).unwrap();
    fresh
}

async fn waited(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !done().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} did not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_snapshot_in_a_fresh_folder_is_the_whole_office() {
    let office = Desk::alone("平明镇总工会").await;
    office.ask("members.import", json!({ "path": fixture("rosters/anfeng-members.xlsx"), "commit": true })).await;
    let id = office.join("王芳", WANG_FANG).await;
    office.ask("drafts.put", json!({ "key": "new", "kind": "member", "fields": { "name": "张" } })).await;
    let made = office.ask("snapshots.make", json!({})).await;
    let name = names(&made)[0].clone();
    let bytes = std::fs::read(office.dir().join("snapshots").join(&name)).unwrap();
    assert_eq!(made["snapshots"][0]["bytes"], bytes.len());
    let shows = |needle: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
    assert!(!shows(b"SQLite format 3") && !shows("王芳".as_bytes()) && !shows(WANG_FANG.as_bytes()));

    // What is written afterwards is not in it.
    let later = office.join("张伟民", "990101198001010014").await;
    let fresh = Desk::at(carried(&office, &name), usual());
    fresh.unlock().await;
    assert_eq!(fresh.ask("home", json!({})).await["counts"]["members"], 368);
    assert_eq!(fresh.full(&id, "id_no").await, WANG_FANG);
    assert_eq!(fresh.found("wangfang").await, office.found("wangfang").await);
    assert_eq!(fresh.ask("drafts.list", json!({})).await["drafts"][0]["key"], "new");
    assert_eq!(fresh.refused("members.get", json!({ "id": later })).await.code, "not_found");
    fresh.ask("tables.rebuild", json!({})).await;
    assert_eq!(fresh.ask("home", json!({})).await["counts"]["members"], 368, "the log in it is whole");
    fresh.station.office().unwrap().check().unwrap();
}

#[tokio::test]
async fn locking_leaves_a_snapshot_where_something_changed() {
    let mut office = Desk::alone("平明镇总工会").await;
    office.station.close().await;
    office.station = opened(office.dir());
    office.unlock().await;
    let first = names(&office.ask("snapshots.list", json!({})).await);
    assert_eq!(first.len(), 1, "founding is a change");
    // Reading is none, and an evening without work pushes out nothing.
    office.ask("members.list", json!({})).await;
    office.reopen().await;
    assert_eq!(names(&office.ask("snapshots.list", json!({})).await), first);
    office.join("王芳", WANG_FANG).await;
    office.ask("app.lock", json!({})).await;
    assert_eq!(office.refused("snapshots.list", json!({})).await.code, "locked");
    office.station.close().await;
    office.unlock().await;
    let second = names(&office.ask("snapshots.list", json!({})).await);
    assert_eq!((second.len(), &second[1]), (2, &first[0]), "newest first");
    let fresh = Desk::at(carried(&office, &second[0]), usual());
    fresh.unlock().await;
    assert_eq!(fresh.found("王芳").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_day_leaves_snapshots_by_itself() {
    // A quarter of a second stands for four hours.
    let keeping = Keeping { every: Duration::from_millis(250), ..usual() };
    let office = Desk::at(tempfile::tempdir().unwrap(), keeping);
    office.ask("app.create", json!({ "role": "township", "name": "平明镇总工会", "code": "320722104", "clerk": "李强", "passphrase": PASSPHRASE })).await;
    office.station.keep_safe();
    waited("the first snapshot", async || !names(&office.ask("snapshots.list", json!({})).await).is_empty()).await;
    office.join("王芳", WANG_FANG).await;
    waited("the second", async || names(&office.ask("snapshots.list", json!({})).await).len() == 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(names(&office.ask("snapshots.list", json!({})).await).len(), 2, "nothing changed since");
}

#[tokio::test]
async fn ten_snapshots_are_kept_and_the_newest_is_one_of_them() {
    let office = Desk::alone("平明镇总工会").await;
    for _ in 0..12 {
        office.ask("snapshots.make", json!({})).await;
    }
    let kept = names(&office.ask("snapshots.list", json!({})).await);
    assert_eq!(kept.len(), 10);
    let files = std::fs::read_dir(office.dir().join("snapshots")).unwrap().count();
    assert_eq!(files, 10, "and nothing else lies there");
}

#[tokio::test]
async fn a_full_disk_stops_new_work_and_nothing_else() {
    let mut office = Desk::alone("平明镇总工会").await;
    let id = office.join("王芳", WANG_FANG).await;
    office.station.close().await;
    let dir = office.dir();
    let on = |low: u64, full: u64| {
        niangjia_host::Station::keeping(dir.clone(), false, Keeping { low, full, ..usual() }).unwrap()
    };

    office.station = on(u64::MAX, 0);
    office.unlock().await;
    let state = office.ask("app.state", json!({})).await;
    assert_eq!(state["disk"]["state"], "low");
    assert!(state["disk"]["free_bytes"].as_u64().unwrap() > 0);
    office.join("张伟民", "990101198001010014").await;
    office.station.close().await;

    office.station = on(u64::MAX, u64::MAX);
    office.unlock().await;
    assert_eq!(office.ask("app.state", json!({})).await["disk"]["state"], "full");
    let page = office.member(&id).await;
    let refused = [
        ("members.save", json!({ "id": id, "token": page["token"], "fields": { "post": "车工" } })),
        ("members.join", json!({ "fields": { "name": "单晓", "id_no": "99010619880808004X" }, "on": "2025-03-01" })),
        ("members.import", json!({ "path": fixture("rosters/anfeng-members.xlsx"), "commit": true })),
        ("clerks.add", json!({ "name": "赵敏", "passphrase": PASSPHRASE, "roles": ["clerk"] })),
        ("snapshots.make", json!({})),
        ("tables.rebuild", json!({})),
    ];
    for (name, question) in refused {
        assert_eq!(office.refused(name, question).await.code, "disk_low", "{name}");
    }
    assert_eq!(office.station.upload("roster.csv", vec![0; 9]).await.unwrap_err().code, "disk_low");
    assert_eq!(office.refused("files.offer", json!({ "bytes": 9 })).await.code, "disk_low");
    // Looking things up goes on, and what was typed is not lost.
    assert_eq!(office.full(&id, "id_no").await, WANG_FANG);
    assert_eq!(office.found("张伟民").await, 1);
    office
        .ask(
            "drafts.put",
            json!({ "key": id, "kind": "member", "id": id, "token": page["token"], "fields": { "post": "车工" } }),
        )
        .await;
    office.ask("app.lock", json!({})).await;

    office.reopen().await;
    assert_eq!(office.ask("app.state", json!({})).await["disk"]["state"], "enough");
    office.save(&page, json!({ "post": "车工" })).await;
}

/// Runs one story of this file again inside a mount namespace of its own, where it may mount a small disk without being
/// anybody special. Where the machine does not allow that, says so.
fn on_a_small_disk(story: &str, mib: u64) -> Option<PathBuf> {
    if let Ok(dir) = std::env::var("NIANGJIA_SMALL_DISK") {
        return Some(dir.into());
    }
    let dir = tempfile::tempdir().unwrap();
    let mounted = |then: &str| {
        let script = format!("mount -t tmpfs -o size={mib}m small \"$NIANGJIA_SMALL_DISK\" && {then}");
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script, "story"]);
        command.env("NIANGJIA_SMALL_DISK", dir.path());
        command
    };
    if !mounted("true").status().is_ok_and(|s| s.success()) {
        println!("This machine mounts no small disk for a test; the full disk is played by the limits alone.");
        return None;
    }
    let mut inside = mounted("exec \"$@\"");
    inside.arg(std::env::current_exe().unwrap()).args(["--exact", story, "--nocapture"]);
    assert!(inside.status().unwrap().success(), "the story on the small disk");
    None
}

/// Fills the disk but for `left` bytes; the file is removed to make room again.
fn fill(dir: &Path, left: u64) -> PathBuf {
    use std::io::Write as _;
    let path = dir.join("film.mp4");
    let mut file = std::fs::File::create(&path).unwrap();
    let page = [7; 4096];
    while file.write_all(&page).is_ok() {}
    let length = file.metadata().unwrap().len().saturating_sub(left);
    file.set_len(length).unwrap();
    path
}

async fn office_on(disk: &Path, ballast: bool) -> Desk {
    let dir = tempfile::tempdir_in(disk).unwrap();
    let office = Desk::at(dir, Keeping { ballast, ..usual() });
    office.ask("app.create", json!({ "role": "township", "name": "平明镇总工会", "code": "320722104", "clerk": "李强", "passphrase": PASSPHRASE })).await;
    office.join("王芳", WANG_FANG).await;
    office
}

#[tokio::test]
async fn an_import_that_meets_a_full_disk_leaves_nothing_half_done() {
    let Some(disk) = on_a_small_disk("an_import_that_meets_a_full_disk_leaves_nothing_half_done", 48) else { return };
    let mut office = office_on(&disk, false).await;
    let seen = office.ask("members.import", json!({ "path": fixture("rosters/anfeng-members.xlsx") })).await;
    let commit = json!({ "preview": seen["preview"], "commit": true });
    let digest = office.digest(&office.stream());

    // However far it comes: a little more room each time, until it is enough.
    let mut refused = 0;
    let done = loop {
        let film = fill(&disk, refused * (24 << 10));
        let outcome = office.station.call("members.import", commit.clone()).await;
        std::fs::remove_file(film).unwrap();
        let fault = match outcome {
            Ok(done) => break done,
            Err(fault) => fault,
        };
        refused += 1;
        assert_eq!(fault.code, "disk_full", "{:?}", fault.cause);
        assert_eq!(office.ask("home", json!({})).await["counts"]["members"], 1);
        assert_eq!(office.digest(&office.stream()), digest);
        let reports = std::fs::read_dir(office.dir().join("reports")).map_or(0, Iterator::count);
        assert_eq!(reports, 0, "no report of what did not happen");
    };
    assert!(refused > 3, "the disk was full {refused} times");
    assert_eq!(done["accepted"], 367);
    assert_eq!(office.refused("members.import", commit).await.code, "preview_gone", "it goes in once");
    assert_eq!(office.ask("home", json!({})).await["counts"]["members"], 368);
    office.station.office().unwrap().check().unwrap();

    // The disk is full while the program is closed and opened again.
    let film = fill(&disk, 200 << 10);
    office.station.close().await;
    office.station = opened(office.dir());
    office.unlock().await;
    assert_eq!(office.found("王芳").await, 1);
    assert_eq!(office.refused("snapshots.make", json!({})).await.code, "disk_full");
    let files = std::fs::read_dir(office.dir().join("snapshots")).unwrap().count();
    assert_eq!(files, 0, "no half snapshot");
    std::fs::remove_file(film).unwrap();
    assert_eq!(names(&office.ask("snapshots.make", json!({})).await).len(), 1);
    assert_eq!(office.ask("home", json!({})).await["counts"]["members"], 368);
}

#[tokio::test]
async fn ballast_overboard_lets_the_running_import_finish() {
    let Some(disk) = on_a_small_disk("ballast_overboard_lets_the_running_import_finish", 160) else { return };
    let mut office = office_on(&disk, true).await;
    let ballast = office.dir().join("ballast");
    waited("the ballast", async || ballast.exists()).await;
    assert_eq!(std::fs::metadata(&ballast).unwrap().len(), 64 * MIB);
    let film = fill(&disk, 64 << 10);
    let done =
        office.ask("members.import", json!({ "path": fixture("rosters/anfeng-members.xlsx"), "commit": true })).await;
    assert_eq!(done["accepted"], 367);
    assert_eq!(office.ask("home", json!({})).await["counts"]["members"], 368);
    assert!(!ballast.exists());
    // Room again, and so is the ballast.
    std::fs::remove_file(film).unwrap();
    office.station.close().await;
    office.station =
        niangjia_host::Station::keeping(office.dir(), false, Keeping { ballast: true, ..usual() }).unwrap();
    office.station.keep_safe();
    waited("the ballast again", async || ballast.exists()).await;
}

#[tokio::test]
async fn a_disk_without_a_byte_left_locks_nobody_out() {
    let Some(disk) = on_a_small_disk("a_disk_without_a_byte_left_locks_nobody_out", 160) else { return };
    let mut office = office_on(&disk, true).await;
    let ballast = office.dir().join("ballast");
    waited("the ballast", async || ballast.exists()).await;
    office.station.close().await;
    let film = fill(&disk, 0);
    office.station =
        niangjia_host::Station::keeping(office.dir(), false, Keeping { ballast: true, ..usual() }).unwrap();
    office.unlock().await;
    assert_eq!(office.found("王芳").await, 1);
    assert!(!ballast.exists(), "it was kept for this");
    // Nor is anybody told something else than what is the matter, once the ballast is gone too.
    office.station.close().await;
    std::fs::remove_file(film).unwrap();
    fill(&disk, 0);
    office.station = opened(office.dir());
    let clerk = json!({ "clerk": "李强", "passphrase": PASSPHRASE });
    match office.station.call("app.unlock", clerk).await {
        Ok(_) => assert_eq!(office.found("王芳").await, 1),
        Err(fault) => assert_eq!(fault.code, "disk_full", "{:?}", fault.cause),
    }
}

/// Flips a few bytes of one page.
fn rot(path: &Path, page: usize) -> Vec<u8> {
    let mut bytes = std::fs::read(path).unwrap();
    for byte in &mut bytes[page * 4096 + 100..page * 4096 + 140] {
        *byte ^= 0x5a;
    }
    std::fs::write(path, &bytes).unwrap();
    bytes
}

#[tokio::test]
async fn a_rotten_page_stops_all_writing_and_the_file_is_kept() {
    let mut office = Desk::alone("平明镇总工会").await;
    office.ask("members.import", json!({ "path": fixture("rosters/anfeng-members.xlsx"), "commit": true })).await;
    office.station.close().await;
    let path = office.dir().join("office.db");
    let whole = std::fs::read(&path).unwrap();
    let (mut at_opening, mut at_work) = (0, 0);
    for page in (1..whole.len() / 4096).step_by(7) {
        std::fs::write(&path, &whole).unwrap();
        let rotten = rot(&path, page);
        office.station = opened(office.dir());
        let opened_well = office.station.call("app.unlock", json!({ "clerk": "李强", "passphrase": PASSPHRASE })).await;
        let fault = match opened_well {
            Err(fault) => {
                at_opening += 1;
                fault
            }
            // The page lies where opening does not look: somebody comes upon it at work.
            Ok(_) => match office.station.call("tables.rebuild", json!({})).await {
                Err(fault) => {
                    at_work += 1;
                    fault
                }
                // A page that nobody reads, such as a free one.
                Ok(_) => {
                    office.station.close().await;
                    continue;
                }
            },
        };
        assert_eq!(fault.code, "store_damaged", "page {page}: {:?}", fault.cause);
        let state = office.ask("app.state", json!({})).await;
        assert_eq!((&state["stage"], &state["trouble"]["code"]), (&json!("locked"), &json!("store_damaged")));
        assert_eq!(state["trouble"]["snapshots"], 1);
        assert_eq!(office.refused("members.list", json!({})).await.code, "locked");
        assert_eq!(
            office.refused("app.unlock", json!({ "clerk": "李强", "passphrase": PASSPHRASE })).await.code,
            "store_damaged"
        );
        office.station.close().await;
        assert!(std::fs::read(&path).unwrap() == rotten, "page {page}: the damaged file is kept as it is");
        // The next start knows before anybody unlocks.
        office.station = opened(office.dir());
        assert_eq!(office.ask("app.state", json!({})).await["trouble"]["code"], "store_damaged");
        office.station.close().await;
        for beside in ["office.db-wal", "office.db-shm", "trouble.json"] {
            let _ = std::fs::remove_file(office.dir().join(beside));
        }
    }
    assert!(at_opening > 0 && at_work > 0, "{at_opening} at opening, {at_work} at work");
    let snapshots = std::fs::read_dir(office.dir().join("snapshots")).unwrap().count();
    assert_eq!(snapshots, 1, "no snapshot of a damaged office");
}

#[tokio::test]
async fn a_mended_file_ends_the_trouble() {
    let mut office = Desk::alone("平明镇总工会").await;
    office.join("王芳", WANG_FANG).await;
    office.station.close().await;
    let path = office.dir().join("office.db");
    let whole = std::fs::read(&path).unwrap();
    rot(&path, 1);
    office.station = opened(office.dir());
    assert_eq!(
        office.refused("app.unlock", json!({ "clerk": "李强", "passphrase": PASSPHRASE })).await.code,
        "store_damaged"
    );
    std::fs::write(&path, whole).unwrap();
    office.unlock().await;
    assert_eq!(office.ask("app.state", json!({})).await["trouble"], json!(null));
    assert_eq!(office.found("王芳").await, 1);
    office.reopen().await;
}

#[tokio::test]
async fn an_office_is_not_founded_in_a_sync_folder() {
    let home = tempfile::tempdir().unwrap();
    let inside = home.path().join("我的坚果云").join("niangjia");
    let station = opened(inside.clone());
    let ask = json!({ "role": "township", "name": "平明镇总工会", "code": "320722104", "clerk": "李强", "passphrase": PASSPHRASE });
    let fault = station.call("app.create", ask).await.unwrap_err();
    assert_eq!(fault.code, "folder_unsafe");
    assert!(!inside.join("office.db").exists());

    // An office that was moved there is not opened either, and opens again where it is moved back.
    let office = Desk::alone("平明镇总工会").await;
    office.station.close().await;
    for file in ["office.db", "office.json"] {
        std::fs::copy(office.dir().join(file), inside.join(file)).unwrap();
    }
    let moved = opened(inside);
    let unlock = json!({ "clerk": "李强", "passphrase": PASSPHRASE });
    assert_eq!(moved.call("app.unlock", unlock).await.unwrap_err().code, "folder_unsafe");
    office.unlock().await;
}
