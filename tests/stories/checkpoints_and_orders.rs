//! Checkpoints where the county shuts out PCs and changes keys: what a new PC is given in place of the log is never more than what
//! counts, and never less.

use niangjia_core::replication::{Limits, Stream, checkpoint::Part};
use rusqlite::Connection;
use serde_json::{Value, json};
use stories::{
    County, Desk, PASSPHRASE, exchange_all,
    photo::photo,
    stick::{number, packet, stick},
};

async fn id(desk: &Desk) -> Value {
    desk.ask("devices.list", json!({})).await["devices"][0]["id"].clone()
}

async fn window(first: &Desk, stick: &std::path::Path, clerk: &str) -> Desk {
    let (invite, code) = first.further(stick, "服务窗口").await;
    Desk::joined(&invite, &code, clerk).await
}

async fn members(desk: &Desk) -> u64 {
    desk.ask("home", json!({})).await["counts"]["members"].as_u64().unwrap()
}

async fn status(desk: &Desk, what: &str) -> u64 {
    desk.ask("sync.status", json!({})).await[what].as_u64().unwrap()
}

async fn revoke(county: &Desk, device: &Value) {
    county.ask("devices.revoke", json!({ "device": device, "reason": "stolen" })).await;
}

async fn make(desk: &Desk, stream: &Stream) {
    let made = desk.ask("checkpoints.make", json!({ "stream": stream })).await;
    assert!(made["own"] == true && made["bytes"].as_u64().unwrap() > 0, "{made}");
}

async fn stands(desk: &Desk, stream: &Stream) -> bool {
    let listed = desk.ask("checkpoints.list", json!({})).await;
    let line = listed["streams"].as_array().unwrap().iter().find(|line| line["stream"] == stream.to_string()).cloned();
    line.unwrap()["stands"] == true
}

/// Changes of a stream that are kept apart by an order, and whether PCs are shown as shut out.
async fn quarantine(desk: &Desk, stream: &Stream) -> Vec<(Value, Value)> {
    let lines = desk.ask("devices.quarantine", json!({})).await["lines"].clone();
    let of = lines.as_array().unwrap().iter().filter(|line| line["stream"] == stream.to_string());
    of.map(|line| (line["device"].clone(), line["changes"].clone())).collect()
}

/// The same rows and the same quarantine, now and from the log.
async fn agree(desks: &[&Desk], stream: &Stream, count: u64) {
    exchange_all(desks).await;
    exchange_all(desks).await;
    for rebuilt in [false, true] {
        let expected = (desks[0].digest(stream), quarantine(desks[0], stream).await);
        for (at, desk) in desks.iter().enumerate() {
            if rebuilt {
                desk.ask("tables.rebuild", json!({})).await;
            }
            assert_eq!(members(desk).await, count);
            assert_eq!(
                (desk.digest(stream), quarantine(desk, stream).await),
                expected,
                "desk {at}, rebuilt: {rebuilt}"
            );
            assert_eq!((status(desk, "keyless").await, status(desk, "parked").await), (0, 0));
        }
    }
}

/// The parts at the hub, as a thief of its disk finds them.
fn at_hub(county: &County) -> Vec<Vec<u8>> {
    let conn = Connection::open(county.hub_folder().join("hub.db")).unwrap();
    let mut rows = conn.prepare("SELECT bytes FROM checkpoint_part ORDER BY no").unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_pc_knows_every_order_and_every_key_that_stood_below_the_checkpoint() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let stolen = window(&front, stick.path(), "王丽").await;
    // An invitation made out before the theft, and used long after it.
    let (early, code) = front.further(stick.path(), "档案室").await;
    stolen.join("王芳", &number(1)).await;
    exchange_all(&[&stolen, &front, &county.desk]).await;
    let thief = id(&stolen).await;
    revoke(&county.desk, &thief).await;
    exchange_all(&[&county.desk, &front]).await;
    stolen.join("孙丽", &number(2)).await;
    front.import(&packet(&stolen, "device", stick.path()).await).await;
    front.join("周强", &number(3)).await;
    exchange_all(&[&front, &county.desk]).await;

    let stream = front.stream();
    for of in [&Stream::County, &stream] {
        make(&county.desk, of).await;
    }
    county.desk.sync().await;
    let parts = at_hub(&county);
    assert!(parts.len() >= 2, "one for each stream at least");
    for part in &parts {
        assert!(Part::parse(part, &Limits::STANDARD).unwrap().header().epoch > 1, "sealed under the newest key");
        assert!(front.station.office().unwrap().opens(part));
        assert!(!stolen.station.office().unwrap().opens(part), "who was shut out opens none of it");
    }
    front.join("吴敏", &number(4)).await;
    front.sync().await;

    let fresh = window(&front, stick.path(), "吴芳").await;
    fresh.sync().await;
    assert!(stands(&fresh, &Stream::County).await && stands(&fresh, &stream).await);
    let known = fresh.ask("devices.list", json!({})).await;
    let line = known["devices"].as_array().unwrap().iter().find(|d| d["id"] == thief).unwrap().clone();
    assert!(line["revoked"]["zh"].as_str().unwrap().contains("被盗"), "{line}");
    assert_eq!(quarantine(&fresh, &stream).await, [(thief.clone(), json!(1))], "what is set aside is never covered");

    // The early invitation holds no later key: the grant that brings it lies below the county's checkpoint.
    let late = Desk::joined(&early, &code, "何平").await;
    late.sync().await;
    assert!(!stands(&late, &Stream::County).await, "what it cannot open it passes over, and takes the segments");
    assert_eq!(status(&late, "quarantined").await, status(&front, "quarantined").await, "nothing but the thief's");
    exchange_all(&[&county.desk, &late, &fresh, &front, &county.desk]).await;
    agree(&[&county.desk, &front, &fresh, &late], &stream, 3).await;

    // The county looks at it and accepts it.
    county.desk.ask("devices.accept", json!({ "device": thief })).await;
    exchange_all(&[&county.desk, &front, &fresh, &late]).await;
    agree(&[&county.desk, &front, &fresh, &late], &stream, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_reaches_below_a_checkpoint_lays_it_aside() {
    let (mut county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let stolen = window(&front, stick.path(), "王丽").await;
    stolen.join("王芳", &number(1)).await;
    exchange_all(&[&stolen, &front, &county.desk]).await;
    // The county is not there: what the thief writes is summed up by a colleague who suspects nothing.
    stolen.join("赵敏", &number(2)).await;
    stolen.sync().await;
    front.sync().await;
    let stream = front.stream();
    make(&front, &stream).await;
    front.sync().await;
    let fresh = window(&front, stick.path(), "吴芳").await;
    fresh.sync().await;
    assert!(stands(&fresh, &stream).await);
    assert_eq!(members(&fresh).await, 2);

    let thief = id(&stolen).await;
    // It has no line that day: else it would fetch first, and know what was summed up.
    county.unplug().await;
    revoke(&county.desk, &thief).await;
    county.plug().await;
    county.desk.sync().await;
    // The hub knows the order, and gives that checkpoint to nobody any more.
    assert!(!at_hub(&county).is_empty());
    let second = window(&front, stick.path(), "刘洋").await;
    second.sync().await;
    assert!(!stands(&second, &stream).await);
    for desk in [&fresh, &front, &county.desk, &fresh, &second, &front] {
        desk.sync().await;
    }
    assert!(!stands(&fresh, &stream).await, "the whole log was fetched");
    let listed = front.ask("checkpoints.list", json!({})).await.to_string();
    assert!(!listed.contains("\"own\":true"), "its maker has let go of it: {listed}");
    exchange_all(&[&county.desk, &front, &fresh, &second]).await;
    agree(&[&county.desk, &front, &fresh, &second], &stream, 1).await;

    // A new one stands for what counts, and the rest follows it as segments.
    make(&front, &stream).await;
    front.sync().await;
    let third = window(&front, stick.path(), "何平").await;
    third.sync().await;
    assert!(stands(&third, &stream).await);
    exchange_all(&[&county.desk, &front, &third]).await;
    agree(&[&county.desk, &front, &third], &stream, 1).await;
    county.desk.ask("devices.accept", json!({ "device": thief })).await;
    exchange_all(&[&county.desk, &front, &fresh, &second, &third]).await;
    agree(&[&county.desk, &front, &fresh, &second, &third], &stream, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sum_of_a_pc_that_is_shut_out_is_not_believed() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let stolen = window(&front, stick.path(), "王丽").await;
    stolen.join("王芳", &number(1)).await;
    exchange_all(&[&stolen, &front, &county.desk, &stolen]).await;
    let stream = front.stream();
    make(&stolen, &stream).await;
    stolen.sync().await;
    let fresh = window(&front, stick.path(), "吴芳").await;
    fresh.sync().await;
    assert!(stands(&fresh, &stream).await);
    exchange_all(&[&county.desk, &stolen]).await;
    revoke(&county.desk, &id(&stolen).await).await;
    exchange_all(&[&county.desk, &front, &fresh, &county.desk]).await;
    let second = window(&front, stick.path(), "刘洋").await;
    exchange_all(&[&second, &county.desk, &fresh, &second]).await;
    assert!(!stands(&fresh, &stream).await && !stands(&second, &stream).await);
    agree(&[&county.desk, &front, &fresh, &second], &stream, 1).await;
}

/// What a PC wrote before it was stolen is left in a checkpoint alone, its own: the hub has burnt since, and neither the county nor a
/// colleague had fetched the segments.
#[tokio::test(flavor = "multi_thread")]
async fn the_sum_of_a_stolen_pc_on_which_the_county_stands_is_replaced_by_the_countys_own() {
    let (mut county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let stolen = window(&front, stick.path(), "王丽").await;
    exchange_all(&[&front, &county.desk, &stolen]).await;
    stolen.join("王芳", &number(1)).await;
    let stream = front.stream();
    stolen.sync().await;
    make(&stolen, &stream).await;
    stolen.sync().await;
    let fresh = window(&front, stick.path(), "吴芳").await;
    fresh.sync().await;
    county.lose_everything().await;
    for _ in 0..3 {
        fresh.sync().await;
    }
    exchange_all(&[&county.desk, &county.desk]).await;
    assert!(stands(&fresh, &stream).await && stands(&county.desk, &stream).await, "nobody has the segments");
    assert_eq!(members(&county.desk).await, 1);

    // What the county knew of that PC when it shut it out counts, and nobody needs that PC's own word for it.
    revoke(&county.desk, &id(&stolen).await).await;
    exchange_all(&[&county.desk, &fresh, &county.desk, &fresh, &front]).await;
    let late = window(&front, stick.path(), "刘洋").await;
    front.join("孙丽", &number(2)).await;
    agree(&[&county.desk, &front, &fresh, &late], &stream, 2).await;
    for desk in [&county.desk, &front, &fresh, &late] {
        assert_eq!(desk.sync().await["in_step"], true);
        assert_eq!(quarantine(desk, &stream).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_county_comes_back_from_its_kit_where_checkpoints_lie_at_the_hub() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    front.join("王芳", &number(1)).await;
    exchange_all(&[&front, &county.desk]).await;
    county.desk.ask("keys.rotate", json!({ "office": "平明镇总工会" })).await;
    exchange_all(&[&county.desk, &front]).await;
    let stream = front.stream();
    for of in [&Stream::County, &stream, &county.desk.stream()] {
        make(&county.desk, of).await;
    }
    county.desk.sync().await;
    let fresh = window(&front, stick.path(), "吴芳").await;
    exchange_all(&[&fresh, &county.desk]).await;
    assert!(stands(&fresh, &stream).await);

    let hub = county.desk.station.office().unwrap().hub().unwrap();
    let new = Desk::empty();
    let ask = json!({ "shares": county.shares[..2], "url": hub.url, "key": hub.key, "clerk": "周敏（新机）", "passphrase": PASSPHRASE });
    new.ask("app.recover", ask).await;
    assert_eq!((members(&new).await, status(&new, "keyless").await), (1, 0));
    assert!(!stands(&new, &stream).await, "the registrar has the whole log");
    exchange_all(&[&new, &front, &fresh, &new, &front]).await;
    // The registrar before is shut out, and so are its sums.
    assert!(!stands(&fresh, &stream).await);
    agree(&[&new, &front, &fresh], &stream, 1).await;
    // Nor is anything left of them under another name: the log has come, and says by itself what it says.
    let own = "SELECT count(*) FROM checkpoint_part";
    assert_eq!(fresh.file().query_row(own, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    make(&new, &stream).await;
    new.sync().await;
    let second = window(&front, stick.path(), "刘洋").await;
    second.sync().await;
    assert!(stands(&second, &stream).await);
    exchange_all(&[&new, &second, &front]).await;
    agree(&[&new, &front, &second], &stream, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_and_merged_persons_are_there_for_a_new_pc() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = front.join("王芳", &number(1)).await;
    let twice = front.join("王芳", &number(2)).await;
    let replaced = front.give_photo(&wang, &photo(stick.path(), 3)).await;
    let address = front.give_photo(&wang, &photo(stick.path(), 7)).await;
    front.ask("members.merge", json!({ "id": twice, "into": wang, "reason": "同一个人登记了两次" })).await;
    exchange_all(&[&front, &county.desk]).await;
    make(&county.desk, &front.stream()).await;
    county.desk.sync().await;

    let fresh = window(&front, stick.path(), "吴芳").await;
    fresh.sync().await;
    assert!(stands(&fresh, &front.stream()).await);
    assert_eq!(fresh.photo_of(&wang).await.as_deref(), Some(&*address));
    assert_eq!(fresh.look(&address).unwrap(), front.look(&address).unwrap());
    assert!(fresh.look(&replaced).is_err(), "the photo before is not fetched any more");
    // One person, found under both numbers, as everywhere.
    assert_eq!((members(&fresh).await, members(&front).await), (1, 1));
    for text in ["王芳", &number(1), &number(2)] {
        assert_eq!(fresh.found(text).await, front.found(text).await, "{text}");
    }
    agree(&[&county.desk, &front, &fresh], &front.stream(), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_was_given_the_sum_of_a_stolen_pc_goes_back_to_what_the_county_accepts() {
    let (mut county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let stolen = window(&front, stick.path(), "王丽").await;
    let stream = front.stream();
    stolen.join("王芳", &number(1)).await;
    exchange_all(&[&stolen, &front, &county.desk]).await;
    // What the thief writes reaches one more PC: a day of it by the thief's own sum alone, and the next day as it was written.
    stolen.join("赵敏", &number(2)).await;
    make(&stolen, &stream).await;
    stolen.sync().await;
    let (invite, code) = front.further(stick.path(), "档案室").await;
    let late = Desk::joined(&invite, &code, "吴芳").await;
    late.sync().await;
    assert!(stands(&late, &stream).await);
    stolen.join("周杰", &number(3)).await;
    exchange_all(&[&stolen, &late]).await;
    assert_eq!(members(&late).await, 3);

    // The hub burns, and that PC brings the new one what it has before it hears of the order.
    county.lose_everything().await;
    let thief = id(&stolen).await;
    revoke(&county.desk, &thief).await;
    exchange_all(&[&late, &county.desk, &front]).await;
    agree(&[&county.desk, &front, &late], &stream, 1).await;
    for desk in [&county.desk, &front, &late] {
        assert_eq!(desk.sync().await["in_step"], true);
        assert!(!stands(desk, &stream).await);
    }
}

/// The log is whole again from a smaller checkpoint on, and what lies between the two came behind what follows it.
#[tokio::test(flavor = "multi_thread")]
async fn in_place_of_the_sum_of_a_stolen_pc_a_smaller_one_comes_by_stick_with_what_lies_between() {
    let (mut county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let stolen = window(&front, stick.path(), "王丽").await;
    exchange_all(&[&stolen, &county.desk]).await;
    let wang = front.join("王芳", &number(1)).await;
    let stream = front.stream();
    front.sync().await;
    make(&front, &stream).await;
    front.sync().await;
    let archive = window(&front, stick.path(), "刘洋").await;
    exchange_all(&[&archive, &county.desk]).await;
    assert!(stands(&archive, &stream).await);
    for post in ["组长", "主席"] {
        let page = front.member(&wang).await;
        front.save(&page, json!({ "post": post })).await;
        exchange_all(&[&front, &stolen]).await;
    }
    make(&stolen, &stream).await;
    stolen.sync().await;
    let fresh = window(&front, stick.path(), "吴芳").await;
    fresh.sync().await;
    assert!(stands(&fresh, &stream).await);
    let page = front.member(&wang).await;
    front.save(&page, json!({ "post": "委员" })).await;
    exchange_all(&[&front, &fresh, &archive, &county.desk, &fresh, &archive]).await;

    // The county knows by stick what lies on the fresh PC, and gives the order alone.
    county.desk.import(&packet(&fresh, "county", stick.path()).await).await;
    county.unplug().await;
    revoke(&county.desk, &id(&stolen).await).await;
    fresh.import(&packet(&county.desk, "平明镇总工会", stick.path()).await).await;
    assert!(stands(&fresh, &stream).await, "until the log is here");
    for _ in 0..2 {
        fresh.import(&packet(&archive, "device", stick.path()).await).await;
    }
    assert!(stands(&fresh, &stream).await, "on the smaller one");
    let (before, post) = (fresh.digest(&stream), fresh.member(&wang).await["fields"]["post"].clone());
    fresh.ask("tables.rebuild", json!({})).await;
    assert_eq!((fresh.digest(&stream), fresh.member(&wang).await["fields"]["post"].clone()), (before, post));
}
