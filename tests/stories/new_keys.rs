//! New keys: who was shut out reads nothing that is written later; who was away for months reads all of it.

use niangjia_core::replication::{Limits, Segment, Stream};
use rusqlite::Connection;
use serde_json::{Value, json};
use stories::{
    County, Desk, exchange_all,
    stick::{number, packet, pair, received, stick},
};

async fn window(first: &Desk, stick: &std::path::Path, clerk: &str) -> Desk {
    let (invite, code) = first.further(stick, "服务窗口").await;
    Desk::joined(&invite, &code, clerk).await
}

async fn id(desk: &Desk) -> Value {
    desk.ask("devices.list", json!({})).await["devices"][0]["id"].clone()
}

async fn status(desk: &Desk, what: &str) -> u64 {
    desk.ask("sync.status", json!({})).await[what].as_u64().unwrap()
}

async fn members(desk: &Desk) -> u64 {
    desk.ask("home", json!({})).await["counts"]["members"].as_u64().unwrap()
}

/// Every segment in the hub's database, as a thief of its disk finds it.
fn hub_segments(county: &County) -> Vec<Vec<u8>> {
    let conn = Connection::open(county.hub_folder().join("hub.db")).unwrap();
    let mut rows = conn.prepare("SELECT bytes FROM segment ORDER BY id").unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Segments of the hub that a PC cannot open with all the keys that it has.
fn closed_to(desk: &Desk, segments: &[Vec<u8>]) -> Vec<(Stream, u32)> {
    let office = desk.station.office().unwrap();
    let closed = segments.iter().filter_map(|bytes| {
        let segment = Segment::parse(bytes, &Limits::STANDARD).unwrap();
        let header = *segment.header();
        (!office.opens(bytes)).then_some((header.stream, header.epoch))
    });
    closed.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stolen_pc_opens_nothing_that_is_written_after_the_keys_were_changed() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let anfeng = county.township("安峰镇总工会", "320722105", "陈静").await;
    let stolen = window(&front, stick.path(), "王丽").await;
    front.join("王芳", &number(1)).await;
    exchange_all(&[&stolen, &front, &anfeng, &county.desk, &stolen]).await;
    let before = hub_segments(&county);
    assert!(closed_to(&stolen, &before).iter().all(|(stream, _)| !stream.read_by(front.office(), false)));

    county.desk.ask("devices.revoke", json!({ "device": id(&stolen).await, "reason": "stolen" })).await;
    exchange_all(&[&county.desk, &front, &anfeng]).await;
    let changed = hub_segments(&county).len();
    front.join("赵敏", &number(2)).await;
    county.desk.ask("offices.invite", json!({ "name": "白塔埠镇总工会", "code": "320722106" })).await;
    exchange_all(&[&front, &county.desk, &anfeng]).await;

    // What lies at the hub since then: the county's papers are signed in the open, everything else is closed to the thief.
    let since = hub_segments(&county).split_off(changed);
    let mine: Vec<_> = since.iter().filter(|b| stream_of(b).read_by(front.office(), false)).collect();
    assert!(mine.len() >= 3, "the office, its audit and the county have written");
    for bytes in mine {
        let segment = Segment::parse(bytes, &Limits::STANDARD).unwrap();
        assert!(front.station.office().unwrap().opens(bytes), "the office's own PC reads on");
        let papers = segment.header().stream == Stream::County && segment.header().epoch == 1;
        assert!(papers || !stolen.station.office().unwrap().opens(bytes), "{:?}", segment.header());
        assert!(segment.header().stream == Stream::County || segment.header().epoch > 1);
    }
    // The county's stream holds the name of the new office under the new key only.
    assert!(since.iter().any(|b| stream_of(b) == Stream::County && !stolen.station.office().unwrap().opens(b)));
    // The other office, whose keys nobody has stolen, goes on under its own.
    assert_eq!(status(&anfeng, "keyless").await, 0);
    assert_eq!(anfeng.ask("offices.list", json!({})).await["offices"].as_array().unwrap().len(), 3);
}

fn stream_of(bytes: &[u8]) -> Stream {
    Segment::parse(bytes, &Limits::STANDARD).unwrap().header().stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pc_that_was_in_a_drawer_for_months_gets_every_key_with_its_next_exchange() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (drawer, stolen) = (window(&front, stick.path(), "刘洋").await, window(&front, stick.path(), "王丽").await);
    exchange_all(&[&drawer, &stolen, &front, &county.desk]).await;
    county.desk.ask("devices.revoke", json!({ "device": id(&stolen).await, "reason": "left" })).await;
    county.desk.sync().await;
    for n in 1..=3 {
        county.desk.ask("keys.rotate", json!({ "office": "平明镇总工会" })).await;
        county.desk.sync().await;
        front.sync().await;
        front.join("王芳", &number(n)).await;
        front.sync().await;
    }
    // Meanwhile it went on writing under the keys that it had.
    drawer.join("刘敏", &number(9)).await;
    drawer.sync().await;
    assert_eq!((members(&drawer).await, status(&drawer, "keyless").await), (4, 0));
    exchange_all(&[&front, &county.desk, &drawer]).await;
    for desk in [&front, &county.desk] {
        assert_eq!((members(desk).await, status(desk, "quarantined").await), (4, 0));
        assert_eq!(desk.digest(&front.stream()), drawer.digest(&front.stream()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pc_that_joins_late_gets_past_keys_with_its_packet_and_later_ones_by_grant() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    exchange_all(&[&front, &county.desk]).await;
    county.desk.ask("keys.rotate", json!({ "office": "平明镇总工会" })).await;
    county.desk.sync().await;
    front.sync().await;
    for n in 1..=4 {
        front.join("王芳", &number(n)).await;
    }
    front.sync().await;
    let new = window(&front, stick.path(), "孙强").await;
    new.sync().await;
    assert_eq!((members(&new).await, status(&new, "keyless").await), (4, 0));
    // And one whose packet was made before the next rotation gets that by a grant, once the county has heard of it.
    let (invite, code) = front.further(stick.path(), "档案室").await;
    county.desk.ask("keys.rotate", json!({ "office": "平明镇总工会" })).await;
    county.desk.sync().await;
    front.sync().await;
    front.join("周强", &number(5)).await;
    front.sync().await;
    let late = Desk::joined(&invite, &code, "吴敏").await;
    late.sync().await;
    assert!(status(&late, "keyless").await > 0, "kept, counted, and not shown yet");
    assert_eq!(members(&late).await, 4);
    exchange_all(&[&county.desk, &late]).await;
    assert_eq!((members(&late).await, status(&late, "keyless").await), (5, 0));
    front.sync().await;
    assert_eq!(late.digest(&front.stream()), front.digest(&front.stream()));
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_travel_by_stick_too() {
    let stick = stick();
    let (county, front) = pair(stick.path()).await;
    let back = window(&front, stick.path(), "王丽").await;
    county.import(&packet(&front, "county", stick.path()).await).await;
    front.import(&packet(&back, "device", stick.path()).await).await;
    county.import(&packet(&front, "county", stick.path()).await).await;
    county.ask("keys.rotate", json!({ "office": "平明镇总工会" })).await;
    front.import(&packet(&county, "320722104", stick.path()).await).await;
    front.join("王芳", &number(1)).await;
    // The colleague gets the work, and the county's grants with it.
    let brought = back.import(&packet(&front, "device", stick.path()).await).await;
    assert!(received(&brought, "changes") > 0);
    assert_eq!((members(&back).await, status(&back, "keyless").await), (1, 0));
    county.import(&packet(&front, "county", stick.path()).await).await;
    assert_eq!(members(&county).await, 1);
}
