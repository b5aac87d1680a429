//! Repair: a store that lost something says so, gets it back from whoever still has it, and drops nothing.

use niangjia_replication::{Stream, planted::plant};
use rusqlite::Connection;
use serde_json::{Value, json};
use stories::{County, Desk, exchange_all};

const WANG_FANG: &str = "99010119900615007X";

/// 王芳 joins, and on six days somebody writes on her page; each day is a segment of its own, in turn of the township and the county.
async fn six_days(county: &County, pingming: &Desk) -> String {
    let id = pingming.join("王芳", WANG_FANG).await;
    exchange_all(&[pingming, &county.desk, pingming]).await;
    for day in 0..6 {
        let desk = if day % 2 == 0 { pingming } else { &county.desk };
        let page = desk.member(&id).await;
        desk.save(&page, json!({ "post": format!("第{day}岗"), "department": format!("第{day}车间") })).await;
        exchange_all(&[pingming, &county.desk, pingming]).await;
    }
    id
}

fn hub(county: &County) -> Connection {
    Connection::open(county.hub_folder().join("hub.db")).unwrap()
}

/// Numbers and hashes of what the hub holds of the office's stream, in the order in which it hands them out.
fn hub_order(county: &County, pingming: &Desk) -> Vec<(i64, Vec<u8>)> {
    let conn = hub(county);
    let mut rows = conn
        .prepare(
            "SELECT s.seq, s.bytes FROM segment s JOIN chain c ON c.id = s.chain WHERE c.stream = ?1 ORDER BY s.id",
        )
        .unwrap();
    let rows = rows.query_map([pingming.stream().to_string()], |r| Ok((r.get(0)?, r.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

/// The row of a chain's segment in the middle, of a stream with several chains; the longest one.
const MIDDLE: &str = "(SELECT s.id FROM segment s JOIN chain c ON c.id = s.chain WHERE c.stream = ?1 AND s.seq > 1
    AND EXISTS (SELECT 1 FROM segment n WHERE n.chain = s.chain AND n.seq = s.seq + 1) ORDER BY s.id LIMIT 1)";

async fn found(desk: &Desk) -> Value {
    desk.ask("sync.check", json!({})).await["repair"].clone()
}

fn counts(found: &Value) -> Vec<&Value> {
    ["fetched", "sent", "lost"].iter().map(|what| &found[what]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_the_hub_lost_comes_back_from_an_office() {
    let mut county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    six_days(&county, &pingming).await;
    let before = hub_order(&county, &pingming);
    assert!(found(&pingming).await.is_null(), "nothing is amiss");
    let office = pingming.station.office().unwrap();
    let now = niangjia_host::moment().wall;
    assert!(!office.compare_due(now).unwrap() && !office.compare_due(now - 3_600_000).unwrap());
    assert!(office.compare_due(now + 86_400_000).unwrap(), "by itself it is made every day");
    assert!(pingming.ask("sync.status", json!({})).await["repair"].is_null());

    // A row is gone, and the bytes of another one are not what they were.
    county.unplug().await;
    let stream = pingming.stream().to_string();
    let gone = hub(&county).execute(&format!("DELETE FROM segment WHERE id = {MIDDLE}"), [&stream]).unwrap();
    let spoilt = hub(&county)
        .execute(&format!("UPDATE segment SET bytes = zeroblob(length(bytes)) WHERE id = {MIDDLE}"), [&stream])
        .unwrap();
    assert_eq!((gone, spoilt), (1, 1));
    county.plug().await;
    assert_ne!(hub_order(&county, &pingming), before);
    assert_eq!(pingming.sync().await["in_step"], true, "where chains end both sides agree, and nobody notices");

    let amiss = found(&pingming).await;
    assert_eq!(counts(&amiss), [&json!(0), &json!(2), &json!(0)]);
    let status = pingming.ask("sync.status", json!({})).await;
    assert!(status["repair"]["say"]["zh"].as_str().unwrap().contains("已由本机补发"), "{}", status["repair"]);
    assert_eq!(hub_order(&county, &pingming), before, "to the byte and in the old order");
    assert!(found(&county.desk).await.is_null());

    // A PC that begins today gets the whole of it.
    let (packet, code) = pingming.further(county.hub_folder(), "服务窗口").await;
    let window = Desk::joined(&packet, &code, "王丽").await;
    exchange_all(&[&window, &pingming, &window]).await;
    assert_eq!(window.sync().await["in_step"], true);
    assert_eq!(window.digest(&window.stream()), pingming.digest(&pingming.stream()));
}

/// Takes from a PC's log two segments of its own chain out of the middle, and spoils one of another PC's. Returns its incarnation.
fn damage(desk: &Desk, stream: &Stream) -> String {
    let conn = desk.file();
    let middle = |mine: i64| -> i64 {
        conn.query_row(
            "SELECT s.no FROM segment s JOIN stream t ON t.no = s.stream WHERE t.name = ?1 AND s.mine = ?2 AND s.seq > 1
             AND EXISTS (SELECT 1 FROM segment n WHERE n.stream = s.stream AND n.chain = s.chain AND n.seq = s.seq + 1) ORDER BY s.no LIMIT 1",
            rusqlite::params![stream.to_string(), mine],
            |r| r.get(0),
        )
        .unwrap()
    };
    let lost = conn
        .execute(
            "DELETE FROM segment WHERE no = ?1 OR no = (SELECT n.no FROM segment s JOIN segment n ON n.prev = s.hash WHERE s.no = ?1)",
            [middle(1)],
        )
        .unwrap();
    assert_eq!(lost, 2, "in a row");
    conn.execute("UPDATE segment SET bytes = zeroblob(length(bytes)) WHERE no = ?1", [middle(0)]).unwrap();
    incarnation(&conn)
}

fn incarnation(conn: &Connection) -> String {
    conn.query_row("SELECT value FROM meta WHERE name = 'incarnation'", [], |r| r.get(0)).unwrap()
}

/// Whether a PC whose log was damaged holds everything again, also when its tables are made anew.
async fn heals() -> bool {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let id = six_days(&county, &pingming).await;
    let (page, digest) = (pingming.member(&id).await, pingming.digest(&pingming.stream()));
    let stream = pingming.stream();
    let own = damage(&pingming, &stream);
    let amiss = found(&pingming).await;
    let told = counts(&amiss) == [&json!(3), &json!(0), &json!(0)];
    pingming.ask("tables.rebuild", json!({})).await;
    let same = pingming.digest(&stream) == digest && pingming.member(&id).await["fields"] == page["fields"];
    let (quarantined, parked) = {
        let status = pingming.ask("sync.status", json!({})).await;
        (status["quarantined"].clone(), status["parked"].clone())
    };
    // It is the same PC as before, and goes on in its own chain.
    let page = pingming.member(&id).await;
    pingming.save(&page, json!({ "post": "后来" })).await;
    let sound = pingming.sync().await["in_step"] == json!(true);
    exchange_all(&[&county.desk, &pingming]).await;
    let agree = county.desk.digest(&stream) == pingming.digest(&stream);
    let still = incarnation(&pingming.file());
    let nothing_aside = (quarantined, parked) == (json!(0), json!(0));
    println!(
        "told {told} ({amiss}), same {same}, in step {sound}, agree {agree}, {nothing_aside}, one name {}",
        still == own
    );
    told && same && sound && agree && nothing_aside && still == own
}

#[tokio::test]
async fn what_a_pcs_log_lost_comes_back_from_the_hub_and_the_tables_are_right() {
    assert!(heals().await);
}

#[tokio::test]
async fn the_story_notices_a_repair_that_is_skipped() {
    plant(Some("repair is skipped"));
    assert!(!heals().await);
}

#[tokio::test]
async fn the_story_notices_a_segment_that_comes_back_in_the_wrong_place() {
    plant(Some("a segment that was lost goes to the end"));
    assert!(!heals().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_neither_has_is_told_until_another_pc_brings_it() {
    let mut county = County::found().await;
    let mut pingming = county.township("平明镇总工会", "320722104", "李强").await;
    six_days(&county, &pingming).await;
    let stream = pingming.stream();
    county.unplug().await;
    pingming.station.close().await;
    // The same segment is lost at the PC and at the hub.
    let (conn, at_hub) = (pingming.file(), hub(&county));
    let hash: Vec<u8> = at_hub
        .query_row(&format!("SELECT hash FROM segment WHERE id = {MIDDLE}"), [stream.to_string()], |r| r.get(0))
        .unwrap();
    assert_eq!(at_hub.execute("DELETE FROM segment WHERE hash = ?1", [&hash]).unwrap(), 1);
    assert_eq!(conn.execute("DELETE FROM segment WHERE hash = ?1", [&hash]).unwrap(), 1);
    drop((conn, at_hub));
    county.plug().await;
    pingming.reopen().await;
    let amiss = found(&pingming).await;
    assert_eq!(counts(&amiss), [&json!(0), &json!(0), &json!(1)]);
    assert!(amiss["say"]["zh"].as_str().unwrap().contains("其他电脑"), "{amiss}");

    // The county still has it.
    assert_eq!(counts(&found(&county.desk).await), [&json!(0), &json!(1), &json!(0)]);
    assert_eq!(counts(&found(&pingming).await), [&json!(1), &json!(0), &json!(0)]);
    assert!(found(&pingming).await.is_null() && found(&county.desk).await.is_null());
    pingming.ask("tables.rebuild", json!({})).await;
    assert_eq!(pingming.digest(&stream), county.desk.digest(&stream));
}
