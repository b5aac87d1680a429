//! Snapshots and old copies put back: the newest work comes with them, nothing is twice, and everybody agrees again.

use std::path::PathBuf;

use niangjia_core::replication::{Frontier, Head, Limits, Segment, Stream, planted::plant};
use niangjia_host::moment;
use serde_json::{Value, json};
use stories::{
    County, Desk, PASSPHRASE, cloned, exchange_all,
    logs::{pruned, ready},
    opened,
    restores::{database, lose_snapshots_after, only_that_is_left, restored, snapshot, spoil, struck},
    stick::stick,
};

const WANG_FANG: &str = "99010119900615007X";
const ZHANG_WEIMIN: &str = "990101198001010014";
const SHAN_XIAO: &str = "99010619880808004X";

#[tokio::test(flavor = "multi_thread")]
async fn the_work_since_the_snapshot_comes_back_with_it_and_is_nowhere_twice() {
    let county = County::found().await;
    let mut pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    let name = snapshot(&pingming).await;
    // Sent after the snapshot, and saved after that without a line.
    pingming.save(&pingming.member(&wang).await, json!({ "post": "车工" })).await;
    pingming.join("张伟民", ZHANG_WEIMIN).await;
    county.agrees_with(&pingming).await;
    pingming.save(&pingming.member(&wang).await, json!({ "post": "班长" })).await;
    let shan = pingming.join("单晓", SHAN_XIAO).await;

    let spoiled = spoil(&mut pingming).await;
    lose_snapshots_after(&pingming, &name);
    assert_eq!(
        pingming.refused("app.unlock", json!({ "clerk": "李强", "passphrase": PASSPHRASE })).await.code,
        "store_damaged"
    );
    let wrong = json!({ "clerk": "李强", "passphrase": "不是这个口令" });
    assert_eq!(pingming.refused("app.restore", wrong).await.code, "passphrase_wrong");
    let answer = restored(&pingming, None).await;
    assert_eq!(answer["name"], name);
    assert!(answer["brought_back"].as_u64().unwrap() >= 4, "{answer}");
    let kept = PathBuf::from(answer["kept_in"].as_str().unwrap()).join("office.db");
    assert!(std::fs::read(kept).unwrap() == spoiled, "the damaged file is kept as it is");

    // Before any line: everything that was saved on this PC is there, and says truly where it stands.
    assert_eq!(pingming.member(&wang).await["fields"]["post"], "班长");
    assert_eq!(pingming.found("单晓").await + pingming.found("张伟民").await, 2);
    assert_eq!(pingming.member(&shan).await["standing"]["mark"], "saved");
    assert_eq!(pingming.ask("app.state", json!({})).await["trouble"], Value::Null);
    county.agrees_with(&pingming).await;
    assert_eq!(county.desk.member(&wang).await["fields"]["post"], "班长");
    assert_eq!(county.desk.ask("home", json!({})).await["counts"]["members"], 3);
    assert_eq!(pingming.ask("home", json!({})).await["counts"]["members"], 3);
    assert_eq!(pingming.member(&shan).await["standing"]["mark"], "confirmed");

    // And it goes on: what is written now, and a start in the morning.
    pingming.save(&pingming.member(&wang).await, json!({ "post": "车间主任" })).await;
    pingming.reopen().await;
    county.agrees_with(&pingming).await;
    assert_eq!(county.desk.member(&wang).await["fields"]["post"], "车间主任");
    for desk in [&pingming, &county.desk] {
        desk.ask("tables.rebuild", json!({})).await;
        assert_eq!(desk.member(&wang).await["fields"]["post"], "车间主任");
        assert_eq!(desk.ask("home", json!({})).await["counts"]["members"], 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_put_back_by_hand_goes_on_under_a_new_incarnation() {
    let county = County::found().await;
    let mut pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    pingming.sync().await;
    pingming.station.close().await;
    let old = std::fs::read(database(&pingming)).unwrap();
    pingming.station = opened(pingming.dir());
    pingming.unlock().await;
    pingming.save(&pingming.member(&wang).await, json!({ "post": "车工" })).await;
    pingming.sync().await;
    pingming.save(&pingming.member(&wang).await, json!({ "post": "班长" })).await;
    pingming.station.close().await;

    std::fs::write(database(&pingming), &old).unwrap();
    for beside in ["office.db-wal", "office.db-shm"] {
        let _ = std::fs::remove_file(pingming.dir().join(beside));
    }
    pingming.station = opened(pingming.dir());
    pingming.unlock().await;
    assert_eq!(pingming.member(&wang).await["fields"]["post"], "班长", "from the second file");
    pingming.save(&pingming.member(&wang).await, json!({ "post": "车间主任" })).await;
    county.agrees_with(&pingming).await;
    assert_eq!(county.desk.member(&wang).await["fields"]["post"], "车间主任");
    // Once is enough: the next start finds nothing old.
    pingming.reopen().await;
    let before = pingming.digest(&pingming.stream());
    pingming.reopen().await;
    assert_eq!(pingming.digest(&pingming.stream()), before);
    county.agrees_with(&pingming).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_county_put_back_still_reads_the_office_that_it_invited_since() {
    let mut county = County::found().await;
    let made = county.desk.ask("snapshots.make", json!({})).await;
    let name = made["snapshots"][0]["name"].as_str().unwrap().to_owned();
    let anfeng = county.township("安峰镇总工会", "320722105", "赵敏").await;
    spoil(&mut county.desk).await;
    lose_snapshots_after(&county.desk, &name);
    county.desk.ask("app.restore", json!({ "clerk": "周敏", "passphrase": PASSPHRASE })).await;
    let wang = anfeng.join("王芳", WANG_FANG).await;
    county.agrees_with(&anfeng).await;
    assert_eq!(county.desk.member(&wang).await["title"], "王芳");
    assert_eq!(anfeng.member(&wang).await["standing"]["mark"], "confirmed");
}

#[tokio::test]
async fn a_whole_file_is_left_alone_and_without_a_snapshot_nothing_changes() {
    let mut office = Desk::alone("平明镇总工会").await;
    office.join("王芳", WANG_FANG).await;
    office.station.close().await;
    office.station = opened(office.dir());
    let ask = json!({ "clerk": "李强", "passphrase": PASSPHRASE });
    assert_eq!(office.refused("app.restore", ask.clone()).await.code, "restore_needless");
    office.unlock().await;
    assert_eq!(office.found("王芳").await, 1);
    let spoiled = spoil(&mut office).await;
    lose_snapshots_after(&office, "none");
    assert_eq!(office.refused("app.restore", ask).await.code, "snapshot_missing");
    assert!(std::fs::read(database(&office)).unwrap() == spoiled);
}

#[tokio::test]
async fn a_rotten_snapshot_is_passed_over_for_the_one_before() {
    let mut office = Desk::alone("平明镇总工会").await;
    office.ask("snapshots.make", json!({})).await;
    office.join("王芳", WANG_FANG).await;
    let made = office.ask("snapshots.make", json!({})).await;
    office.join("张伟民", ZHANG_WEIMIN).await;
    let names: Vec<&str> = made["snapshots"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    spoil(&mut office).await;
    for entry in std::fs::read_dir(office.dir().join("snapshots")).unwrap() {
        let path = entry.unwrap().path();
        // All but the first one: what that one lacks stands in both halves of the second file.
        if path.file_name().is_some_and(|name| name != names[1]) {
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle..middle + 64].fill(0);
            std::fs::write(&path, bytes).unwrap();
        }
    }
    let answer = restored(&office, None).await;
    assert_eq!(answer["name"], names[1]);
    assert_eq!(office.found("张伟民").await, 1);
}

#[tokio::test]
async fn a_restore_cut_short_is_finished_at_the_next_start() {
    let mut office = Desk::alone("平明镇总工会").await;
    office.join("王芳", WANG_FANG).await;
    office.station.close().await;
    // The power went after the damaged file had moved away and before the snapshot bore its name.
    std::fs::rename(database(&office), office.dir().join("office.db.restored")).unwrap();
    office.station = opened(office.dir());
    office.unlock().await;
    assert_eq!(office.found("王芳").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_killed_between_the_database_and_the_second_file_leaves_no_hole_in_it() {
    let county = County::found().await;
    let mut pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    let name = snapshot(&pingming).await;
    let tail = pingming.dir().join("office.tail");
    pingming.save(&pingming.member(&wang).await, json!({ "post": "车工" })).await;
    // The change is in the database; the program ended before it stood in the second file too.
    let before = std::fs::read(&tail).unwrap();
    let zhang = pingming.join("张伟民", ZHANG_WEIMIN).await;
    // Not closed: no snapshot of the locking knows it either.
    std::fs::write(&tail, before).unwrap();
    pingming.station = opened(pingming.dir());
    pingming.unlock().await;
    pingming.save(&pingming.member(&wang).await, json!({ "post": "班长" })).await;
    county.agrees_with(&pingming).await;

    only_that_is_left(&mut pingming, &name).await;
    assert_eq!(pingming.found("张伟民").await, 1, "before any line");
    county.agrees_with(&pingming).await;
    assert_eq!(pingming.member(&zhang).await["fields"]["name"], "张伟民");
    assert_eq!(pingming.member(&wang).await["fields"]["post"], "班长");
}

/// An office that was restored and has exchanged since: what was sealed before and not sent stands on its old chain, what the second
/// file brought back on the new one.
async fn carried_on(county: &County) -> (Desk, String, String) {
    let mut pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    // Sealed into the chain of these days, and never sent.
    pingming.ask("checkpoints.make", json!({})).await;
    pingming.save(&pingming.member(&wang).await, json!({ "post": "车工" })).await;
    pingming.ask("checkpoints.make", json!({})).await;
    let name = snapshot(&pingming).await;
    let zhang = pingming.join("张伟民", ZHANG_WEIMIN).await;
    only_that_is_left(&mut pingming, &name).await;
    pingming.sync().await;
    (pingming, wang, zhang)
}

/// The segments of the office's stream: those of the newest chain, and those of the others.
fn newest_first(desk: &Desk) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let all = desk.station.office().unwrap().segments_after(&desk.stream(), &Frontier::new(), usize::MAX).unwrap();
    let chain = |bytes: &[u8]| Segment::parse(bytes, &Limits::STANDARD).unwrap().header().chain;
    let last = chain(all.last().unwrap());
    all.into_iter().partition(|bytes| chain(bytes) == last)
}

fn receive(desk: &Desk, segments: &[Vec<u8>], from: &Desk) {
    desk.station.office().unwrap().receive(&from.stream(), segments, moment()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restore_carries_on_may_arrive_before_what_was_sealed_and_not_sent() {
    let (county, stick) = (County::found().await, stick());
    let (pingming, wang, zhang) = carried_on(&county).await;
    // Another PC of the office hears of the later chain first, by whatever road.
    let (invite, code) = pingming.further(stick.path(), "服务窗口").await;
    let window = Desk::joined(&invite, &code, "王丽").await;
    let (later, before) = newest_first(&pingming);
    receive(&window, &[later, before].concat(), &pingming);
    assert_eq!(window.member(&wang).await["fields"]["post"], "车工");
    assert_eq!(window.member(&zhang).await["fields"]["name"], "张伟民");
    county.agrees_with(&pingming).await;
    county.agrees_with(&window).await;
    for desk in [&county.desk, &window] {
        desk.ask("tables.rebuild", json!({})).await;
        assert_eq!(desk.member(&wang).await["fields"]["post"], "车工");
        assert_eq!(desk.ask("home", json!({})).await["counts"]["members"], 2);
    }
}

/// The county signs what it has applied, and an office gets nothing but that.
fn receipt(county: &Desk, to: &Desk) {
    let office = county.station.office().unwrap();
    office.receipts(moment()).unwrap();
    office.seal(&mut moment().rng).unwrap();
    let chain = |bytes: &[u8]| Segment::parse(bytes, &Limits::STANDARD).unwrap().header().chain;
    let of = |stream| office.segments_after(&stream, &Frontier::new(), usize::MAX).unwrap();
    let own = chain(of(Stream::County).last().unwrap());
    let signed: Vec<_> = of(to.stream()).into_iter().filter(|bytes| chain(bytes) == own).collect();
    receive(to, &signed, to);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_confirms_nothing_that_the_county_has_yet_to_get() {
    let county = County::found().await;
    let (pingming, wang, zhang) = carried_on(&county).await;
    // The county hears of the later chain first, and signs before the other one comes.
    let (later, _) = newest_first(&pingming);
    receive(&county.desk, &later, &pingming);
    receipt(&county.desk, &pingming);
    assert_eq!(pingming.member(&zhang).await["standing"]["mark"], "confirmed");
    assert_eq!(pingming.member(&wang).await["standing"]["mark"], "received");
    county.agrees_with(&pingming).await;
    assert_eq!(pingming.member(&wang).await["standing"]["mark"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_for_what_a_clone_wrote_confirms_nothing_of_ones_own() {
    let county = County::found().await;
    let mut pingming = county.township("平明镇总工会", "320722104", "李强").await;
    pingming.join("王芳", WANG_FANG).await;
    county.agrees_with(&pingming).await;
    let clone = cloned(&mut pingming).await;
    let shan = clone.join("单晓", SHAN_XIAO).await;
    let zhang = pingming.join("张伟民", ZHANG_WEIMIN).await;
    exchange_all(&[&clone, &county.desk]).await;
    // Under the same numbers the county has another person; 李强 hears of the receipt before he hears of her.
    receipt(&county.desk, &pingming);
    assert_eq!(pingming.member(&zhang).await["standing"]["mark"], "saved");
    for _ in 0..3 {
        exchange_all(&[&pingming, &clone, &county.desk]).await;
    }
    for desk in [&pingming, &clone] {
        for id in [&zhang, &shan] {
            assert_eq!(desk.member(id).await["standing"]["mark"], "confirmed");
        }
        assert_eq!(desk.ask("sync.status", json!({})).await["unconfirmed"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_hears_of_its_later_days_by_what_a_restore_carried_on() {
    let county = County::found().await;
    let mut pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    pingming.sync().await;
    let old = cloned(&mut pingming).await;
    let name = snapshot(&pingming).await;
    let zhang = pingming.join("张伟民", ZHANG_WEIMIN).await;
    only_that_is_left(&mut pingming, &name).await;
    county.agrees_with(&pingming).await;
    pingming.station.close().await;

    // That PC breaks. The copy from the shelf fetches what it wrote since, which came on another chain, and is worked on.
    old.sync().await;
    assert_eq!(old.ask("sync.status", json!({})).await["unsent"], 0, "the later days sent what they carried");
    old.save(&old.member(&wang).await, json!({ "post": "车工" })).await;
    county.agrees_with(&old).await;
    assert_eq!(
        county.desk.member(&wang).await["fields"]["post"],
        "车工",
        "a number used twice would be taken for known"
    );
    assert_eq!(county.desk.member(&zhang).await["fields"]["name"], "张伟民");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_clone_wrote_and_what_a_restore_carries_under_the_same_number_are_both_kept() {
    let county = County::found().await;
    let mut first = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = first.join("王芳", WANG_FANG).await;
    first.sync().await;
    let second = cloned(&mut first).await;
    let name = snapshot(&first).await;
    // Each on its own, under the same numbers.
    first.save(&first.member(&wang).await, json!({ "post": "车工" })).await;
    let zhang = first.join("张伟民", ZHANG_WEIMIN).await;
    let shan = second.join("单晓", SHAN_XIAO).await;
    second.save(&second.member(&shan).await, json!({ "post": "质检员" })).await;
    second.save(&second.member(&wang).await, json!({ "department": "一车间" })).await;
    only_that_is_left(&mut first, &name).await;
    // What the restore carries comes to the county first, and is built upon.
    county.agrees_with(&first).await;
    county.desk.save(&county.desk.member(&zhang).await, json!({ "post": "电工" })).await;
    county.desk.sync().await;
    for _ in 0..3 {
        exchange_all(&[&second, &first, &county.desk]).await;
    }
    county.agrees_with(&first).await;
    county.agrees_with(&second).await;
    for desk in [&county.desk, &first, &second] {
        desk.ask("tables.rebuild", json!({})).await;
        let fields = desk.member(&wang).await["fields"].clone();
        assert_eq!((&fields["post"], &fields["department"]), (&json!("车工"), &json!("一车间")));
        assert_eq!(desk.member(&shan).await["fields"]["post"], "质检员");
        assert_eq!(desk.member(&zhang).await["fields"]["post"], "电工");
        assert_eq!(desk.ask("home", json!({})).await["counts"]["members"], 3);
        assert_eq!(desk.ask("sync.status", json!({})).await["unsent"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_made_meanwhile_does_not_hide_what_was_not_sent() {
    for planted in [None, Some("a checkpoint makes known what others carried past")] {
        let (county, stick) = (County::found().await, stick());
        let (pingming, wang, zhang) = carried_on(&county).await;
        let (invite, code) = pingming.further(stick.path(), "服务窗口").await;
        let window = Desk::joined(&invite, &code, "王丽").await;
        let (invite, code) = pingming.further(stick.path(), "档案室").await;
        let archive = Desk::joined(&invite, &code, "吴芳").await;
        // The one sums up what it has, which is the later chain; the other begins with that.
        let (later, before) = newest_first(&pingming);
        receive(&window, &later, &pingming);
        plant(planted);
        window.station.call_now("checkpoints.make", json!({})).unwrap();
        plant(None);
        let (_, part) = window.station.office().unwrap().checkpoint_for(&county.epoch()).unwrap().unwrap();
        receive(&archive, &[part], &pingming);
        assert_eq!(archive.member(&zhang).await["fields"]["name"], "张伟民");
        receive(&archive, &before, &pingming);
        let members = &archive.ask("home", json!({})).await["counts"]["members"];
        if planted.is_some() {
            assert_eq!(members, 1, "the story can fail");
            continue;
        }
        assert_eq!((members, &archive.member(&wang).await["fields"]["post"]), (&json!(2), &json!("车工")));
        for desk in [&pingming, &window, &archive] {
            county.agrees_with(desk).await;
        }
        archive.ask("tables.rebuild", json!({})).await;
        assert_eq!(archive.digest(&pingming.stream()), county.desk.digest(&pingming.stream()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restore_carried_on_below_a_checkpoint_counts_once_when_its_own_chain_brings_it_too() {
    let county = County::found().await;
    let mut pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    county.agrees_with(&pingming).await;
    let name = snapshot(&pingming).await;
    let zhang = pingming.join("张伟民", ZHANG_WEIMIN).await;
    pingming.save(&pingming.member(&zhang).await, json!({ "post": "焊工" })).await;
    // Sealed into the chain of these days and never sent; a copy of the disk keeps it.
    pingming.ask("checkpoints.make", json!({})).await;
    let shelf = cloned(&mut pingming).await;
    struck(&mut pingming, "李强", &name).await;
    county.agrees_with(&pingming).await;
    ready(&pingming, &county.desk).await;
    pruned(&pingming).await;

    // The copy from the shelf brings the same day on its own chain, above what the log stands on.
    let (day, _) = newest_first(&shelf);
    receive(&pingming, &day, &shelf);
    pingming.save(&pingming.member(&wang).await, json!({ "post": "车工" })).await;
    county.agrees_with(&pingming).await;
    ready(&pingming, &county.desk).await;
    pruned(&pingming).await;
    pingming.ask("tables.rebuild", json!({})).await;
    assert_eq!(pingming.member(&zhang).await["fields"]["name"], "张伟民");
    assert_eq!(pingming.ask("home", json!({})).await["counts"]["members"], 2);
    county.agrees_with(&pingming).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registrar_put_back_stands_on_an_offices_checkpoint_beside_what_it_carries_on() {
    let mut county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    county.agrees_with(&pingming).await;
    county.desk.save(&county.desk.member(&wang).await, json!({ "post": "车工" })).await;
    county.agrees_with(&pingming).await;
    let name = snapshot(&county.desk).await;
    county.desk.save(&county.desk.member(&wang).await, json!({ "post": "班长" })).await;
    ready(&pingming, &county.desk).await;
    pruned(&pingming).await;
    county.desk.save(&county.desk.member(&wang).await, json!({ "post": "车间主任" })).await;

    // The hub burns, and the registrar's file is spoilt: of its own last days only the second file knows, and no segment is left.
    struck(&mut county.desk, "周敏", &name).await;
    county.lose_everything().await;
    pingming.sync().await;
    county.agrees_with(&pingming).await;
    for desk in [&pingming, &county.desk] {
        assert_eq!(desk.member(&wang).await["fields"]["post"], "车间主任");
        desk.ask("tables.rebuild", json!({})).await;
        assert_eq!(desk.member(&wang).await["fields"]["post"], "车间主任");
        assert_eq!(desk.member(&wang).await["conflicts"], json!([]));
    }
    county.agrees_with(&pingming).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_has_what_was_carried_on_is_not_said_to_have_what_stands_before_it() {
    let county = County::found().await;
    let mut pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    pingming.station.office().unwrap().seal(&mut moment().rng).unwrap();
    pingming.station.close().await;
    let old = std::fs::read(database(&pingming)).unwrap();
    pingming.station = opened(pingming.dir());
    pingming.unlock().await;
    let zhang = pingming.join("张伟民", ZHANG_WEIMIN).await;
    pingming.station.close().await;
    std::fs::write(database(&pingming), &old).unwrap();
    for beside in ["office.db-wal", "office.db-shm"] {
        let _ = std::fs::remove_file(pingming.dir().join(beside));
    }
    pingming.station = opened(pingming.dir());
    pingming.unlock().await;
    let office = pingming.station.office().unwrap();
    office.seal(&mut moment().rng).unwrap();

    // The hub has lost its disk, and has the new chain alone so far: what the second file brought back goes out on that one.
    let (stream, mut there) = (pingming.stream(), Frontier::new());
    let all = office.segments_after(&stream, &Frontier::new(), usize::MAX).unwrap();
    let newest = Segment::parse(all.last().unwrap(), &Limits::STANDARD).unwrap();
    there.add(newest.header().chain, Head { seq: newest.header().seq, hash: newest.hash() });
    office.hub_has(&stream, &there).unwrap();
    drop(office);
    for (person, mark) in [(&wang, "saved"), (&zhang, "received")] {
        assert_eq!(pingming.member(person).await["standing"]["mark"], mark);
    }
    county.agrees_with(&pingming).await;
}
