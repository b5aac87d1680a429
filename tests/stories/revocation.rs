//! A PC is lost: the county shuts it out, the others go on, and what it writes from then on is kept and does not count.

use serde_json::{Value, json};
use stories::{
    County, Desk, exchange_all,
    stick::{number, packet, stick},
};

async fn device(desk: &Desk, other: &Desk) -> String {
    let own = other.ask("devices.list", json!({})).await["devices"][0]["id"].clone();
    let known = desk.ask("devices.list", json!({})).await;
    assert!(known["devices"].as_array().unwrap().iter().any(|d| d["id"] == own), "the county has heard of it");
    own.as_str().unwrap().to_owned()
}

async fn window(first: &Desk, stick: &std::path::Path, clerk: &str) -> Desk {
    let (invite, code) = first.further(stick, "服务窗口").await;
    Desk::joined(&invite, &code, clerk).await
}

async fn status(desk: &Desk, what: &str) -> u64 {
    desk.ask("sync.status", json!({})).await[what].as_u64().unwrap()
}

async fn members(desk: &Desk) -> u64 {
    desk.ask("home", json!({})).await["counts"]["members"].as_u64().unwrap()
}

async fn revoke(county: &Desk, device: &str) -> Value {
    county.ask("devices.revoke", json!({ "device": device, "reason": "stolen" })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_pc_is_shut_out_and_the_office_goes_on() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let stolen = window(&front, stick.path(), "王丽").await;
    stolen.join("王芳", &number(1)).await;
    exchange_all(&[&stolen, &front, &county.desk]).await;
    // Before the theft: saved, not sent, and brought to the county by nobody.
    stolen.join("赵敏", &number(2)).await;

    let id = device(&county.desk, &stolen).await;
    let listed = revoke(&county.desk, &id).await;
    let line = listed["devices"].as_array().unwrap().iter().find(|d| d["id"] == *id).unwrap().clone();
    assert!(line["revoked"]["zh"].as_str().unwrap().contains("被盗"));
    exchange_all(&[&county.desk, &front]).await;

    // The hub answers it no more, and says why; the others are served.
    stolen.join("孙丽", &number(3)).await;
    let refused = stolen.refused("sync.now", json!({})).await;
    assert_eq!(refused.code, "link.revoked");
    front.join("周强", &number(4)).await;
    exchange_all(&[&front, &county.desk]).await;
    assert_eq!((members(&front).await, members(&county.desk).await), (2, 2));
    assert_eq!(front.digest(&front.stream()), county.desk.digest(&front.stream()));

    // What it wrote comes by stick, through a colleague who does not know better: kept, shown with its reason, not counted.
    let brought = packet(&stolen, "device", stick.path()).await;
    front.import(&brought).await;
    exchange_all(&[&front, &county.desk]).await;
    for desk in [&front, &county.desk] {
        assert_eq!(members(desk).await, 2);
        let lines = desk.ask("devices.quarantine", json!({})).await["lines"].clone();
        let office =
            lines.as_array().unwrap().iter().find(|l| l["stream"] == front.stream().to_string()).unwrap().clone();
        assert_eq!((&office["device"], &office["changes"]), (&json!(id), &json!(2)));
        assert!(office["say"]["zh"].as_str().unwrap().contains("没有生效"));
        assert!(status(desk, "quarantined").await >= 1);
    }
    assert_eq!(front.digest(&front.stream()), county.desk.digest(&front.stream()));

    // The county looks at it and accepts it: it counts everywhere.
    county.desk.ask("devices.accept", json!({ "device": id })).await;
    exchange_all(&[&county.desk, &front]).await;
    for desk in [&front, &county.desk] {
        assert_eq!(members(desk).await, 4);
        assert_eq!((status(desk, "quarantined").await, status(desk, "keyless").await), (0, 0));
    }
    assert_eq!(front.digest(&front.stream()), county.desk.digest(&front.stream()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_applied_before_the_order_came_ends_the_same_everywhere() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (stolen, third) = (window(&front, stick.path(), "王丽").await, window(&front, stick.path(), "刘洋").await);
    stolen.join("王芳", &number(1)).await;
    exchange_all(&[&stolen, &front, &third, &county.desk]).await;

    // A stick from desk to desk: the third PC has it before anybody orders anything, the county does not.
    stolen.join("赵敏", &number(2)).await;
    third.import(&packet(&stolen, "device", stick.path()).await).await;
    assert_eq!(members(&third).await, 2);
    let id = device(&county.desk, &stolen).await;
    revoke(&county.desk, &id).await;
    exchange_all(&[&county.desk, &front, &third, &county.desk, &front]).await;
    for desk in [&county.desk, &front, &third] {
        assert_eq!(members(desk).await, 1, "order first or segment first, the rows are the same");
        assert_eq!(desk.digest(&front.stream()), county.desk.digest(&front.stream()));
        desk.ask("tables.rebuild", json!({})).await;
        assert_eq!(members(desk).await, 1);
    }
    // Up to there and no further.
    let lines = county.desk.ask("devices.quarantine", json!({})).await["lines"].clone();
    let line = lines.as_array().unwrap().iter().find(|l| l["stream"] == front.stream().to_string()).unwrap().clone();
    county.desk.ask("devices.accept", json!({ "device": id, "up_to": line["up_to"] })).await;
    exchange_all(&[&county.desk, &front, &third]).await;
    for desk in [&county.desk, &front, &third] {
        assert_eq!(members(desk).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_county_shuts_out_and_never_itself() {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    exchange_all(&[&pingming, &county.desk]).await;
    let own = device(&county.desk, &county.desk).await;
    let ask = json!({ "device": own, "reason": "lost" });
    assert_eq!(county.desk.refused("devices.revoke", ask.clone()).await.code, "device_this");
    assert_eq!(pingming.refused("devices.revoke", ask).await.code, "not_registrar");
    let id = device(&county.desk, &pingming).await;
    assert_eq!(county.desk.refused("devices.accept", json!({ "device": id })).await.code, "quarantine_empty");
    revoke(&county.desk, &id).await;
    let again = json!({ "device": id, "reason": "lost" });
    assert_eq!(county.desk.refused("devices.revoke", again).await.code, "device_revoked");
}
