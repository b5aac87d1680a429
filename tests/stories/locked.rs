//! Nobody has logged in yet: a locked PC sends what is sealed and lays what comes beside the office. It reads nothing and writes nothing.

use std::path::{Path, PathBuf};

use niangjia_host::{Keeping, Station};
use serde_json::{Value, json};
use stories::{County, Desk, exchange_all, opened, usual};

const WANG_FANG: &str = "99010119900615007X";
const ZHANG_WEIMIN: &str = "990101198001010014";
const SHAN_XIAO: &str = "99010619880808004X";

/// The clerk locks and goes; what belongs to that is written.
async fn lock(desk: &Desk) {
    desk.station.close().await;
}

async fn carried(desk: &Desk) -> Value {
    desk.ask("app.state", json!({})).await["carry"].clone()
}

async fn carry(desk: &Desk) -> Value {
    desk.ask("carry.now", json!({})).await
}

async fn unsent(desk: &Desk) -> u64 {
    desk.ask("sync.status", json!({})).await["to_report"].as_u64().unwrap()
}

async fn mark(desk: &Desk, id: &str) -> Value {
    desk.member(id).await["standing"]["mark"].clone()
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = to.join(path.file_name().unwrap());
        if path.is_dir() { copied(&path, &name) } else { std::fs::copy(&path, &name).map(drop).unwrap() }
    }
}

fn folder(desk: &Desk) -> PathBuf {
    desk.dir().join("carry")
}

/// An office in step with its county, and a member whom both know.
async fn at_work() -> (County, Desk, String) {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    exchange_all(&[&pingming, &county.desk]).await;
    pingming.sync().await;
    (county, pingming, wang)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_saved_before_the_line_came_goes_while_the_pc_is_locked_and_the_answer_is_there_at_unlocking() {
    let (mut county, mut pingming, wang) = at_work().await;
    // The line is down; three things are saved, and everybody goes home.
    county.unplug().await;
    pingming.save(&pingming.member(&wang).await, json!({ "post": "车工" })).await;
    let zhang = pingming.join("张伟民", ZHANG_WEIMIN).await;
    let shan = pingming.join("单晓", SHAN_XIAO).await;
    let before = unsent(&pingming).await;
    lock(&pingming).await;
    let told = carried(&pingming).await;
    assert_eq!((&told["unsent"], &told["later"], &told["received"]), (&json!(before), &json!(0), &json!(0)));
    assert_eq!(told["say"]["zh"], format!("已锁定：未上报 {before} 条会继续上送；收到的数据解锁后生效。"));
    assert_eq!(pingming.refused("carry.now", json!({})).await.code, "link.no_line");

    // In the morning somebody switches the PC on, and nobody logs in. The line is back.
    pingming.station = opened(pingming.dir());
    county.plug().await;
    let told = carry(&pingming).await;
    assert_eq!(told["unsent"], 0);
    county.desk.sync().await;
    assert_eq!(county.desk.member(&wang).await["fields"]["post"], "车工");
    for id in [&zhang, &shan] {
        assert_eq!(county.desk.member(id).await["void"], false);
    }

    // The county confirms, and corrects something; that comes too, and lies there sealed.
    county.desk.save(&county.desk.member(&zhang).await, json!({ "employer": "大平乳品厂" })).await;
    county.desk.sync().await;
    let told = carry(&pingming).await;
    let came = told["received"].as_u64().unwrap();
    assert!(came >= 1 && told["inbox_bytes"].as_u64().unwrap() > 0, "{told}");
    assert_eq!(told["say"]["zh"], format!("已锁定：内容已全部上报；已收到 {came} 条，解锁后生效。"));
    assert_eq!(pingming.refused("members.get", json!({ "id": zhang })).await.code, "locked");
    let (lain, again) = (told["inbox_bytes"].clone(), carry(&pingming).await);
    assert_eq!(again["inbox_bytes"], lain, "nothing comes twice");

    // The line goes again, and 李强 comes in.
    county.unplug().await;
    pingming.unlock().await;
    assert_eq!(pingming.member(&zhang).await["fields"]["employer"], "大平乳品厂");
    assert_eq!(unsent(&pingming).await, 0);
    for id in [&wang, &zhang, &shan] {
        assert_eq!(mark(&pingming, id).await, "confirmed", "the county's receipt came with the rest");
    }
    assert_eq!(carried(&pingming).await, Value::Null, "told only while locked");
    lock(&pingming).await;
    let told = carried(&pingming).await;
    assert_eq!((&told["inbox_bytes"], &told["unsent"]), (&json!(0), &json!(0)), "what was applied is let go of");
    county.plug().await;
    pingming.unlock().await;
    county.agrees_with(&pingming).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_between_loses_nothing_and_takes_nothing_twice() {
    let (mut county, mut pingming, wang) = at_work().await;
    county.unplug().await;
    let zhang = pingming.join("张伟民", ZHANG_WEIMIN).await;
    // The exchange that failed has sealed it; then the power goes while the office is unlocked.
    assert_eq!(pingming.refused("sync.now", json!({})).await.code, "link.no_line");
    pingming.station = opened(pingming.dir());
    county.plug().await;
    assert_eq!(carry(&pingming).await["unsent"], 0);
    county.desk.sync().await;
    county.desk.save(&county.desk.member(&zhang).await, json!({ "post": "组长" })).await;
    county.desk.sync().await;
    assert!(carry(&pingming).await["received"].as_u64().unwrap() > 0);

    // Killed behind the unlocking, twice: the folder as it was before comes back to an office that has taken it in.
    let (aside, inbox) = (tempfile::tempdir().unwrap(), folder(&pingming));
    copied(&inbox, aside.path());
    pingming.station = opened(pingming.dir());
    pingming.unlock().await;
    assert_eq!(pingming.member(&zhang).await["fields"]["post"], "组长");
    lock(&pingming).await;
    std::fs::remove_dir_all(&inbox).unwrap();
    copied(aside.path(), &inbox);
    pingming.station = opened(pingming.dir());
    pingming.unlock().await;
    pingming.save(&pingming.member(&wang).await, json!({ "post": "车工" })).await;
    county.agrees_with(&pingming).await;
    assert_eq!(pingming.found("zwm").await, 1);
    assert_eq!(county.desk.member(&wang).await["fields"]["post"], "车工");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_county_locked_over_night_has_all_of_it_in_the_morning() {
    let (mut county, pingming, _) = at_work().await;
    county.desk.station.close().await;
    for (name, number) in [("张伟民", ZHANG_WEIMIN), ("单晓", SHAN_XIAO)] {
        pingming.join(name, number).await;
        pingming.sync().await;
        carry(&county.desk).await;
    }
    assert_eq!(county.desk.ask("app.state", json!({})).await["stage"], "locked");
    county.unplug().await;
    county.desk.unlock().await;
    assert_eq!(county.desk.ask("home", json!({})).await["counts"]["members"], 3);
    county.plug().await;
    county.agrees_with(&pingming).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_pc_that_the_county_has_shut_out_stops_and_keeps_what_it_has() {
    let (mut county, mut pingming, _) = at_work().await;
    let own = pingming.ask("devices.list", json!({})).await["devices"][0]["id"].clone();
    county.unplug().await;
    pingming.join("张伟民", ZHANG_WEIMIN).await;
    lock(&pingming).await;
    county.plug().await;
    county.desk.ask("devices.revoke", json!({ "device": own, "reason": "stolen" })).await;
    county.desk.sync().await;
    let before = carried(&pingming).await["unsent"].clone();
    assert_eq!(pingming.refused("carry.now", json!({})).await.code, "link.revoked");
    let told = carried(&pingming).await;
    assert_eq!((&told["shut_out"], &told["unsent"]), (&json!(true), &before));
    assert!(told["say"]["zh"].as_str().unwrap().contains("停用本机"));

    // It does not ask again, not after a restart either: with the line cut it would have said so.
    county.unplug().await;
    pingming.station = opened(pingming.dir());
    assert_eq!(pingming.refused("carry.now", json!({})).await.code, "link.revoked");
    pingming.unlock().await;
    assert_eq!(pingming.found("zwm").await, 1, "all of it is still here");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_the_folder_along_reads_nothing_and_writes_nothing() {
    let (mut county, mut pingming, wang) = at_work().await;
    county.unplug().await;
    pingming.join("张伟民", ZHANG_WEIMIN).await;
    lock(&pingming).await;
    county.plug().await;
    county.desk.save(&county.desk.member(&wang).await, json!({ "employer": "大平乳品厂" })).await;
    county.desk.sync().await;

    // The thief has the folder alone, and a program.
    let dir = tempfile::tempdir().unwrap();
    copied(&folder(&pingming), &dir.path().join("carry"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder(&pingming)), mode(&folder(&pingming).join("key"))), (0o700, 0o600));
    }
    let thief = Desk::at(dir, usual());
    assert!(carry(&thief).await["received"].as_u64().unwrap() > 0, "sealed bytes can be fetched");
    for entry in std::fs::read_dir(thief.dir().join("carry")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for told in ["王芳", "张伟民", WANG_FANG, ZHANG_WEIMIN, "13900000001", "大平", "李强", "平明"] {
            assert!(!bytes.windows(told.len()).any(|part| part == told.as_bytes()), "{told}");
        }
    }
    // What was signed is handed over, as its author meant it; the office goes on as if nothing had been.
    county.desk.sync().await;
    assert_eq!(county.desk.found("zwm").await, 1);
    pingming.station = opened(pingming.dir());
    assert_eq!(carry(&pingming).await["unsent"], 0, "the hub has it already");
    pingming.unlock().await;
    county.agrees_with(&pingming).await;

    // The county hears of the theft: from then on the copy fetches nothing.
    let own = pingming.ask("devices.list", json!({})).await["devices"][0]["id"].clone();
    county.desk.ask("devices.revoke", json!({ "device": own, "reason": "stolen" })).await;
    county.desk.sync().await;
    assert_eq!(thief.refused("carry.now", json!({})).await.code, "link.revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_of_another_pc_is_taken_away_and_not_taken_in() {
    let (county, pingming, _) = at_work().await;
    let anfeng = county.township("安峰镇总工会", "320722106", "赵敏").await;
    anfeng.join("单晓", SHAN_XIAO).await;
    anfeng.sync().await;
    lock(&anfeng).await;
    let hers = anfeng.dir().join("carry");
    county.desk.sync().await;
    assert!(carry(&anfeng).await["received"].as_u64().unwrap() > 0, "receipts for what she sent");
    lock(&pingming).await;
    std::fs::remove_dir_all(folder(&pingming)).unwrap();
    copied(&hers, &folder(&pingming));
    pingming.unlock().await;
    county.agrees_with(&pingming).await;
    let status = pingming.ask("sync.status", json!({})).await;
    assert_eq!((&status["keyless"], &status["quarantined"]), (&json!(0), &json!(0)), "nothing of hers came in here");
    lock(&pingming).await;
    assert_eq!((&carried(&pingming).await["received"], &carry(&pingming).await["unsent"]), (&json!(0), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_that_is_damaged_or_full_loses_nothing() {
    let (county, mut pingming, wang) = at_work().await;
    lock(&pingming).await;
    county.desk.save(&county.desk.member(&wang).await, json!({ "employer": "大平乳品厂" })).await;
    county.desk.sync().await;
    carry(&pingming).await;
    // A few bytes of a segment turn on the disk.
    let conn = rusqlite::Connection::open(folder(&pingming).join("carry.db")).unwrap();
    assert!(conn.execute("UPDATE inbox SET bytes = zeroblob(length(bytes))", []).unwrap() > 0);
    drop(conn);
    pingming.unlock().await;
    assert_ne!(pingming.member(&wang).await["fields"]["employer"], "大平乳品厂");
    county.agrees_with(&pingming).await;
    assert_eq!(pingming.member(&wang).await["fields"]["employer"], "大平乳品厂");

    // The whole file is gone to pieces: nothing is carried, and it is made anew.
    lock(&pingming).await;
    std::fs::write(folder(&pingming).join("carry.db"), vec![0x5a; 9000]).unwrap();
    assert_eq!(pingming.refused("carry.now", json!({})).await.code, "carry_none");
    pingming.unlock().await;
    pingming.save(&pingming.member(&wang).await, json!({ "post": "车工" })).await;
    lock(&pingming).await;
    assert_eq!(carry(&pingming).await["unsent"], 0);

    // No room: what is sealed goes all the same, the rest waits at the hub.
    pingming.station = Station::keeping(pingming.dir(), false, Keeping { inbox: 600, ..usual() }).unwrap();
    county.desk.sync().await;
    county.desk.save(&county.desk.member(&wang).await, json!({ "employer": "平明水泥厂" })).await;
    county.desk.join("单晓", SHAN_XIAO).await;
    county.desk.sync().await;
    let told = carry(&pingming).await;
    assert_eq!(told["full"], true, "{told}");
    assert!(told["inbox_bytes"].as_u64().unwrap() <= 600);
    assert!(told["say"]["zh"].as_str().unwrap().contains("其余的解锁后再收"));
    pingming.unlock().await;
    county.agrees_with(&pingming).await;
    assert_eq!(pingming.member(&wang).await["fields"]["employer"], "平明水泥厂");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_comes_back_older_is_offered_nothing_that_does_not_fit() {
    let (mut county, mut pingming, wang) = at_work().await;
    county.unplug().await;
    let old = tempfile::tempdir().unwrap();
    copied(county.hub_folder(), old.path());
    county.plug().await;
    pingming.save(&pingming.member(&wang).await, json!({ "post": "车工" })).await;
    county.agrees_with(&pingming).await;
    county.unplug().await;
    let zhang = pingming.join("张伟民", ZHANG_WEIMIN).await;
    let before = unsent(&pingming).await;
    lock(&pingming).await;

    // The disk of the hub is replaced, and what was saved last week is put back.
    for entry in std::fs::read_dir(county.hub_folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
    }
    copied(old.path(), county.hub_folder());
    county.plug().await;
    let told = carry(&pingming).await;
    assert_eq!(told["unsent"].as_u64().unwrap(), before, "what it lacks before that is not here to be sent");
    assert_eq!(told["inbox_bytes"], 0, "and nothing comes again that the office has");
    assert_eq!(carry(&pingming).await["unsent"], before);
    // The office itself refills it.
    pingming.station = opened(pingming.dir());
    pingming.unlock().await;
    assert_eq!(unsent(&pingming).await, before);
    county.agrees_with(&pingming).await;
    assert_eq!(county.desk.member(&zhang).await["void"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_old_data_file_does_not_know_any_more_comes_back_from_the_folder_too() {
    let (mut county, mut pingming, _) = at_work().await;
    county.unplug().await;
    lock(&pingming).await;
    // Somebody keeps a copy of the data file and of its second file, and puts both back a day later.
    let kept = tempfile::tempdir().unwrap();
    let dir = pingming.dir();
    let files = || {
        let all = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| path.is_file()).collect::<Vec<_>>()
    };
    for path in files() {
        std::fs::copy(&path, kept.path().join(path.file_name().unwrap())).unwrap();
    }
    pingming.station = opened(pingming.dir());
    pingming.unlock().await;
    pingming.join("张伟民", ZHANG_WEIMIN).await;
    lock(&pingming).await;
    for path in files() {
        std::fs::remove_file(path).unwrap();
    }
    for entry in std::fs::read_dir(kept.path()).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, pingming.dir().join(path.file_name().unwrap())).unwrap();
    }
    pingming.station = opened(pingming.dir());
    pingming.unlock().await;
    assert_eq!(pingming.found("zwm").await, 1);
    county.plug().await;
    county.agrees_with(&pingming).await;
    assert_eq!(county.desk.found("zwm").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timer_goes_on_behind_the_locked_window_and_whoever_wants_that_off_has_it_off() {
    let (mut county, pingming, _) = at_work().await;
    county.unplug().await;
    pingming.join("张伟民", ZHANG_WEIMIN).await;
    lock(&pingming).await;
    county.plug().await;
    pingming.station.keep_in_step();
    let mut heard = pingming.station.subscribe();
    // Waking the timer is what locking does; here it was locked before there was one.
    pingming.unlock().await;
    lock(&pingming).await;
    let waited = async {
        while carried(&pingming).await["unsent"] != 0 {
            heard.recv().await.unwrap();
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), waited).await.expect("it is sent by itself");
    county.desk.sync().await;
    assert_eq!(county.desk.found("zwm").await, 1);

    pingming.ask("app.settings", json!({ "carry": false })).await;
    assert!(!folder(&pingming).exists());
    pingming.unlock().await;
    lock(&pingming).await;
    assert_eq!(pingming.refused("carry.now", json!({})).await.code, "carry_none");
    assert_eq!(pingming.ask("app.state", json!({})).await["carries"], false);
    let alone = Desk::alone("安峰镇总工会").await;
    assert_eq!(alone.refused("carry.now", json!({})).await.code, "carry_unlocked");
    lock(&alone).await;
    assert_eq!(alone.refused("carry.now", json!({})).await.code, "carry_none");
    assert!(!folder(&alone).exists(), "an office that works alone carries nothing");
}
