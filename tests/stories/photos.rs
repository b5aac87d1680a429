//! Photos: they follow their member slowly, by line or by stick; nobody waits for them and none is lost.

use std::path::PathBuf;

use niangjia_hub::{Hub, RunningHub};
use serde_json::{Value, json};
use stories::{
    County, Desk, PASSPHRASE, exchange_all,
    photo::{Line, photo, photo_of},
    restores::{lose_snapshots_after, only_that_is_left, snapshot, spoil},
    stick::{packet, pair, stick},
};
use tempfile::TempDir;

const WANG_FANG: &str = "99010119900615007X";

/// 东海县总工会 and 平明镇总工会, the town behind a line that can break.
async fn town_behind_a_line(folder: &TempDir) -> (Desk, Desk, Line, RunningHub) {
    let hub = Hub::start(folder.path().join("hub"), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let line = Line::to(hub.addr).await;
    let county = Desk::county().await;
    county.ask("hub.claim", json!({ "url": line.url, "key": hub.key_hex, "claim": hub.claim })).await;
    let (packet, code) = county.invitation(folder.path(), "平明镇总工会", "320722105").await;
    let town = Desk::joined(&packet, &code, "李强").await;
    (county, town, line, hub)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_taken_offline_comes_after_the_text_and_a_cut_line_goes_on_where_it_broke() {
    let folder = tempfile::tempdir().unwrap();
    let (county, town, line, _hub) = town_behind_a_line(&folder).await;
    line.cut_after(0);
    let id = town.join("王芳", WANG_FANG).await;
    let address = town.give_photo(&id, &photo(folder.path(), 3)).await;
    let shown = town.look(&address).expect("shown at once, without any line");
    assert!(shown.len() > 100_000, "large enough to be cut: {}", shown.len());
    assert_eq!(town.photos_waiting().await, (json!(1), json!(0)));
    let said = town.ask("sync.status", json!({})).await["say"]["zh"].as_str().unwrap().to_owned();
    assert!(said.contains("照片 1 张待传"), "{said}");

    // 李强 comes into the range of a telephone; in the middle of the photo it is gone again.
    line.mend();
    let _ = line.went_up();
    line.cut_after(150_000);
    let done = town.sync().await;
    assert_eq!((&done["in_step"], &done["blobs"]["sent"]), (&json!(true), &json!(0)), "the text has gone");
    assert!(done["blobs"]["stopped"]["zh"].as_str().unwrap().contains("从断开的地方接着传"));
    let before = line.went_up();
    assert_eq!(town.ask("sync.status", json!({})).await["unsent"], 0);

    line.mend();
    county.sync().await;
    assert_eq!(county.found("wf").await, 1);
    assert_eq!(county.photo_of(&id).await.as_deref(), Some(&*address), "the county knows that there is a photo");
    assert_eq!(county.look(&address).unwrap_err(), "picture_on_its_way");
    assert_eq!(county.photos_waiting().await, (json!(0), json!(1)));

    let _ = line.went_up();
    let done = town.sync().await;
    assert_eq!((&done["blobs"]["sent"], &done["blobs"]["stopped"]), (&json!(1), &json!(null)));
    let after = line.went_up();
    assert!(after < shown.len() as u64, "what had come was not sent again: {before} + {after} of {}", shown.len());
    assert_eq!(town.photos_waiting().await, (json!(0), json!(0)));
    assert_eq!(county.sync().await["blobs"]["received"], 1);
    assert_eq!(county.look(&address).unwrap(), shown);

    // With nothing to do the slow lane says nothing at all.
    county.sync().await;
    let _ = line.went_up();
    let done = county.sync().await;
    assert_eq!((&done["blobs"]["bytes"], &done["blobs"]["waiting"]["wanted"]), (&json!(0), &json!(0)));
    assert!(line.went_up() < 4_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_that_somebody_changed_is_refused_and_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let (county, town, _line, _hub) = town_behind_a_line(&folder).await;
    let id = town.join("王芳", WANG_FANG).await;
    let address = town.give_photo(&id, &photo(folder.path(), 3)).await;
    town.sync().await;

    // Whoever breaks into the hub changes a few bytes of what he cannot read.
    let hub = rusqlite::Connection::open(folder.path().join("hub/hub.db")).unwrap();
    let part = "FROM blob_part WHERE at = (SELECT max(at) FROM blob_part)";
    let genuine: Vec<u8> = hub.query_row(&format!("SELECT bytes {part}"), [], |r| r.get(0)).unwrap();
    let mut changed = genuine.clone();
    changed[10] ^= 1;
    let put = |bytes: &Vec<u8>| {
        hub.execute("UPDATE blob_part SET bytes = ?1 WHERE at = (SELECT max(at) FROM blob_part)", [bytes]).unwrap()
    };
    put(&changed);
    assert_eq!(county.sync().await["blobs"]["received"], 0);
    assert_eq!(county.look(&address).unwrap_err(), "picture_on_its_way", "nobody is shown another face");
    assert_eq!(county.photos_waiting().await.1, 1, "and it is asked for again");
    put(&genuine);
    assert_eq!(county.sync().await["blobs"]["received"], 1);
    assert_eq!(county.look(&address), town.look(&address));

    // The same on one's own disk: what went bad is laid aside and comes again.
    let file = county.dir().join("blobs").join(&address);
    let mut bytes = std::fs::read(&file).unwrap();
    assert!(!bytes.windows(4).any(|w| w == b"JFIF"), "what lies on the disk is sealed");
    bytes[500] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(county.look(&address).unwrap_err(), "picture_on_its_way");
    county.sync().await;
    assert_eq!(county.look(&address), town.look(&address));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_photos_of_one_person_are_a_conflict_until_somebody_looks_at_both() {
    let folder = tempfile::tempdir().unwrap();
    let county = County::found().await;
    let town = county.township("平明镇总工会", "320722105", "李强").await;
    let id = town.join("王芳", WANG_FANG).await;
    exchange_all(&[&town, &county.desk]).await;
    let at_town = town.give_photo(&id, &photo(folder.path(), 3)).await;
    let at_county = county.desk.give_photo(&id, &photo(folder.path(), 5)).await;
    exchange_all(&[&town, &county.desk, &town]).await;

    let page = town.member(&id).await;
    assert_eq!(page["conflicts"][0]["fields"], json!(["photo"]));
    let sides: Vec<&str> = page["conflicts"][0]["sides"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["values"]["photo"].as_str().unwrap())
        .collect();
    assert!(sides.contains(&&*at_town) && sides.contains(&&*at_county), "both are shown: {sides:?}");
    assert!(sides.iter().all(|address| town.look(address).is_ok()), "both have come");
    town.save(&page, json!({ "photo": at_town })).await;
    exchange_all(&[&town, &county.desk]).await;
    for desk in [&town, &county.desk] {
        assert_eq!(desk.photo_of(&id).await.as_deref(), Some(&*at_town));
        assert_eq!(desk.member(&id).await["conflicts"], json!([]));
    }

    // Taken away, and the taking away taken back.
    town.save(&town.member(&id).await, json!({ "photo": null })).await;
    assert_eq!(town.photo_of(&id).await, None);
    town.save(&town.member(&id).await, json!({ "photo": at_town })).await;
    assert_eq!(town.photo_of(&id).await.as_deref(), Some(&*at_town));
    let nobodys = "00".repeat(32);
    let refused = json!({ "id": id, "token": town.member(&id).await["token"], "fields": { "photo": nobodys } });
    assert_eq!(town.refused("members.save", refused).await.code, "fields");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_lost_everything_is_filled_again_by_whoever_holds_the_photo() {
    let folder = tempfile::tempdir().unwrap();
    let (county, town, line, hub) = town_behind_a_line(&folder).await;
    let id = town.join("王芳", WANG_FANG).await;
    let address = town.give_photo(&id, &photo(folder.path(), 3)).await;
    exchange_all(&[&town, &county]).await;
    let address_of_hub = hub.addr;
    hub.stop().await;
    // The disk is gone; the key was kept elsewhere.
    for file in ["hub.db", "hub.db-wal", "hub.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join("hub").join(file));
    }
    let made = Hub::init(&folder.path().join("hub")).unwrap();
    let _hub = Hub::open(&folder.path().join("hub")).unwrap().serve(address_of_hub).await.unwrap();
    county.ask("hub.claim", json!({ "url": line.url, "key": made.key.to_string(), "claim": made.claim })).await;

    // The town's PC is not there any more. The county fills the hub, and a new PC of the town gets all from it.
    let (packet, code) = town.further(folder.path(), "二号机").await;
    drop(town);
    assert_eq!(county.sync().await["blobs"]["sent"], 1);
    let second = Desk::joined(&packet, &code, "孙丽").await;
    exchange_all(&[&second]).await;
    assert_eq!(second.look(&address), county.look(&address));
    assert!(second.look(&address).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_picture_is_refused_in_plain_words_and_the_photo_stays() {
    let folder = tempfile::tempdir().unwrap();
    let town = Desk::alone("平明镇总工会").await;
    let id = town.join("王芳", WANG_FANG).await;
    let address = town.give_photo(&id, &photo(folder.path(), 3)).await;
    let sheet = stories::fixture("rosters/pingming-members.xlsx");
    let token = town.member(&id).await["token"].clone();
    let ask = json!({ "kind": "members", "id": id, "token": token, "field": "photo", "path": sheet });
    let fault = town.refused("records.attach", ask).await;
    assert_eq!(fault.code, "picture_unreadable");
    assert!(fault.say.zh.contains("JPG"));
    for (kind, field) in [("members", "note"), ("members", "nothing"), ("clerks", "photo")] {
        let ask = json!({ "kind": kind, "id": id, "token": token, "field": field, "path": photo(folder.path(), 5) });
        town.refused("records.attach", ask).await;
    }
    assert_eq!(town.photo_of(&id).await.as_deref(), Some(&*address));
    assert_eq!(std::fs::read_dir(town.dir().join("blobs")).unwrap().count(), 1, "and nothing is left behind");
    assert_eq!(town.look(&"00".repeat(32)).unwrap_err(), "not_found");
    assert_eq!(town.look("../office.db").unwrap_err(), "not_found");
    town.ask("app.lock", json!({})).await;
    assert_eq!(town.look(&address).unwrap_err(), "locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restored_snapshot_the_pc_knows_which_photos_lie_there_and_which_must_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let county = County::found().await;
    let mut town = county.township("平明镇总工会", "320722105", "李强").await;
    let id = town.join("王芳", WANG_FANG).await;
    let address = town.give_photo(&id, &photo(folder.path(), 3)).await;
    town.ask("snapshots.make", json!({})).await;
    exchange_all(&[&town, &county.desk]).await;
    let other = town.join("张伟民", "990101198001010014").await;
    let later = town.give_photo(&other, &photo(folder.path(), 5)).await;

    // The folder of the photos is lost with all that is in it, but for the one that has gone nowhere yet.
    std::fs::remove_file(town.dir().join("blobs").join(&address)).unwrap();
    town.reopen().await;
    assert_eq!(town.photos_waiting().await, (json!(1), json!(1)));
    exchange_all(&[&town, &county.desk]).await;
    assert_eq!(town.photos_waiting().await, (json!(0), json!(0)));
    assert!([&address, &later].into_iter().all(|a| town.look(a).is_ok() && county.desk.look(a).is_ok()));
    // The tables are made again from the log; photos stay where they are.
    town.ask("tables.rebuild", json!({})).await;
    assert_eq!(town.photos_waiting().await, (json!(0), json!(0)));
    assert!(town.look(&address).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn by_stick_a_photo_goes_once_and_again_only_where_it_is_missing() {
    let stick = stick();
    let (county, town) = pair(stick.path()).await;
    let id = town.join("王芳", WANG_FANG).await;
    let address = town.give_photo(&id, &photo(stick.path(), 3)).await;
    assert_eq!(town.photos_waiting().await.0, 1);

    // 李强 is in a hurry: the text first, the photo another day.
    let light = json!({ "to": "county", "path": stick.path(), "without_pictures": true });
    let made = town.ask("packets.export", light).await;
    assert_eq!(made["pictures"], 0);
    county.import(made["files"][0].as_str().unwrap().as_ref()).await;
    assert_eq!(county.look(&address).unwrap_err(), "picture_on_its_way");

    // A stick that was pulled too early brings what it holds whole, and says what to do.
    let heavy = packet(&town, "county", stick.path()).await;
    let whole = std::fs::read(&heavy).unwrap();
    std::fs::write(&heavy, &whole[..whole.len() - 2000]).unwrap();
    let fault = county.refused("packets.import", json!({ "path": heavy })).await;
    assert_eq!(fault.code, "packet_damaged");
    assert!(county.look(&address).is_err());
    std::fs::write(&heavy, &whole).unwrap();
    let came = county.import(&heavy).await;
    assert_eq!((&came["received"]["blobs"], &came["complete"]), (&json!(1), &json!(true)));
    assert_eq!(county.look(&address), town.look(&address));

    // The receipt comes home: the next packet is small, and nothing waits.
    town.import(&packet(&county, "320722104", stick.path()).await).await;
    assert_eq!(town.photos_waiting().await, (json!(0), json!(0)));
    assert!(std::fs::metadata(packet(&town, "county", stick.path()).await).unwrap().len() < 20_000);

    // The county's disk loses the photo; its next packet says so, and the town's next one brings it again.
    std::fs::write(county.dir().join("blobs").join(&address), b"nothing").unwrap();
    assert_eq!(county.look(&address).unwrap_err(), "picture_on_its_way");
    town.import(&packet(&county, "320722104", stick.path()).await).await;
    county.import(&packet(&town, "county", stick.path()).await).await;
    assert_eq!(county.look(&address), town.look(&address));

    // Another town gets nothing of it.
    let (invite, code) = county.invitation(stick.path(), "安峰镇总工会", "320722106").await;
    let anfeng = Desk::joined(&invite, &code, "赵敏").await;
    let packet = packet(&county, "320722106", stick.path()).await;
    assert_eq!(anfeng.import(&packet).await["received"]["blobs"], 0);
    assert!(anfeng.look(&address).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_packet_come_in_any_order_and_a_photo_lies_in_one_of_them() {
    let stick = stick();
    let (county, town) = pair(stick.path()).await;
    let id = town.join("王芳", WANG_FANG).await;
    let address = town.give_photo(&id, &photo_of(stick.path(), 3, (480, 640))).await;
    assert!(town.look(&address).unwrap().len() > 256 << 10, "more than one piece");
    let export = async |more: Value| {
        let mut ask = json!({ "to": "county", "path": stick.path(), "part_bytes": 4096 });
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = town.ask("packets.export", ask).await;
        made["files"].as_array().unwrap().iter().map(|file| PathBuf::from(file.as_str().unwrap())).collect::<Vec<_>>()
    };
    for part in export(json!({ "without_pictures": true })).await {
        county.import(&part).await;
    }
    assert_eq!(county.look(&address).unwrap_err(), "picture_on_its_way");
    let parts = export(json!({})).await;
    assert!(parts.len() > 1);
    // Each part on a stick of its own: what lies beside each other is taken in its order.
    for part in parts.iter().rev() {
        let alone = stories::stick::stick();
        let there = alone.path().join(part.file_name().unwrap());
        std::fs::copy(part, &there).unwrap();
        county.import(&there).await;
    }
    assert_eq!(county.look(&address), town.look(&address));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_whose_change_waits_for_another_after_a_restore_is_sent_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let county = County::found().await;
    let mut town = county.township("平明镇总工会", "320722105", "李强").await;
    let id = town.join("王芳", WANG_FANG).await;
    county.agrees_with(&town).await;
    let name = snapshot(&town).await;
    county.desk.give_photo(&id, &photo(folder.path(), 3)).await;
    exchange_all(&[&county.desk, &town]).await;

    // 李强 replaces the county's photo, and nothing of that has left when the data file goes bad. The snapshot does not know
    // the photo that was replaced, so what replaced it waits until that has come back.
    let address = town.give_photo(&id, &photo(folder.path(), 5)).await;
    let shown = town.look(&address).unwrap();
    only_that_is_left(&mut town, &name).await;
    assert_eq!(town.photo_of(&id).await, None);
    exchange_all(&[&town, &county.desk]).await;
    assert_eq!(town.photo_of(&id).await, Some(address.clone()));
    exchange_all(&[&town, &county.desk]).await;
    assert_eq!(county.desk.look(&address).unwrap(), shown);
    assert_eq!(town.photos_waiting().await, (json!(0), json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_comes_by_stick_before_what_names_it_can_be_read_comes_with_the_next_stick() {
    let stick = stick();
    let (mut county, town) = pair(stick.path()).await;
    let name = snapshot(&county).await;
    let id = town.join("王芳", WANG_FANG).await;
    for (from, to, way) in [(&town, &county, "county"), (&county, &town, "平明镇总工会"), (&town, &county, "county")]
    {
        to.import(&packet(from, way, stick.path()).await).await;
    }
    assert_eq!(county.found("王芳").await, 1);

    // The county's file goes bad, and its snapshot does not know her. 平明镇 cannot know that, and sends what is new: a photo.
    spoil(&mut county).await;
    lose_snapshots_after(&county, &name);
    county.ask("app.restore", json!({ "clerk": "周敏", "passphrase": PASSPHRASE })).await;
    let address = town.give_photo(&id, &photo(stick.path(), 3)).await;
    county.import(&packet(&town, "county", stick.path()).await).await;
    assert_eq!((county.found("王芳").await, county.photos_waiting().await), (0, (json!(0), json!(0))));
    town.import(&packet(&county, "平明镇总工会", stick.path()).await).await;
    county.import(&packet(&town, "county", stick.path()).await).await;
    assert_eq!(county.found("王芳").await, 1);
    assert_eq!(county.look(&address), town.look(&address));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_county_set_back_counts_its_packets_anew_and_still_gets_the_photo_that_it_lost() {
    let stick = stick();
    let (mut county, town) = pair(stick.path()).await;
    let name = snapshot(&county).await;
    let id = town.join("王芳", WANG_FANG).await;
    let address = town.give_photo(&id, &photo(stick.path(), 3)).await;
    for _ in 0..4 {
        county.import(&packet(&town, "county", stick.path()).await).await;
        town.import(&packet(&county, "320722104", stick.path()).await).await;
    }
    assert_eq!(county.look(&address), town.look(&address));

    spoil(&mut county).await;
    lose_snapshots_after(&county, &name);
    std::fs::remove_file(county.dir().join("blobs").join(&address)).unwrap();
    county.ask("app.restore", json!({ "clerk": "周敏", "passphrase": PASSPHRASE })).await;
    // What it lacks, what it is to know of, and what it asks for then: its packets begin with number 1 again.
    for _ in 0..2 {
        town.import(&packet(&county, "320722104", stick.path()).await).await;
        county.import(&packet(&town, "county", stick.path()).await).await;
    }
    assert_eq!(county.photo_of(&id).await.as_deref(), Some(&*address));
    assert!(county.look(&address) == town.look(&address), "the county asked for it, and was heard");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_history_speaks_of_photos_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let town = Desk::alone("平明镇总工会").await;
    let id = town.join("王芳", WANG_FANG).await;
    let first = town.give_photo(&id, &photo(folder.path(), 3)).await;
    let second = town.give_photo(&id, &photo(folder.path(), 5)).await;
    assert_ne!(first, second);
    let history = town.ask("members.history", json!({ "id": id })).await;
    let changes: Vec<(String, String)> = history["entries"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|entry| entry["changes"].as_array().unwrap())
        .filter(|change| change["field"] == "photo")
        .map(|change| ["old", "new"].map(|side| change[side]["zh"].as_str().unwrap().to_owned()).into())
        .collect();
    let said = |old: &str, new: &str| (old.to_owned(), new.to_owned());
    assert_eq!(changes, [said("原来的图片", "换了一张"), said("", "放上图片")]);
    for address in [first, second] {
        assert!(!history.to_string().contains(&address[..4]), "no raw address");
    }
}
