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

#[tokio::test(flavor = "multi_thread")]
async fn the_county_reads_what_a_stolen_pc_wrote_before_it_decides() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let stolen = window(&front, stick.path(), "王丽").await;
    let fang = stolen.join("王芳", &number(1)).await;
    exchange_all(&[&stolen, &front, &county.desk]).await;
    let id = device(&county.desk, &stolen).await;
    revoke(&county.desk, &id).await;
    exchange_all(&[&county.desk, &front]).await;

    // Twice the same field, a further member, and one who is struck.
    let page = stolen.member(&fang).await;
    stolen.save(&page, json!({ "education": "college" })).await;
    stolen.save(&stolen.member(&fang).await, json!({ "education": "bachelor", "mobile": "13900000009" })).await;
    stolen.join("赵敏", &number(2)).await;
    let page = stolen.member(&fang).await;
    let void = json!({ "id": page["id"], "token": page["token"], "void": true, "reason": "录入错误" });
    stolen.ask("members.void", void).await;
    front.import(&packet(&stolen, "device", stick.path()).await).await;
    exchange_all(&[&front, &county.desk]).await;

    for desk in [&front, &county.desk] {
        let page = desk.ask("devices.quarantined", json!({ "device": id })).await;
        let rows = page["rows"].as_array().unwrap();
        let told: Vec<(&Value, &Value, &Value)> = rows.iter().map(|r| (&r["kind"], &r["title"], &r["made"])).collect();
        let (member, fang, min) = (json!("member"), json!("王芳"), json!("赵敏"));
        let (old, new) = (json!(false), json!(true));
        assert_eq!(
            told[..4],
            [(&member, &fang, &old), (&member, &fang, &old), (&member, &min, &new), (&member, &fang, &old)]
        );
        assert!(rows.iter().all(|r| r["author"] == "王丽" && r["at"].as_i64().unwrap() > 0));
        let change = |row: usize, field: &str| {
            let found = rows[row]["changes"].as_array().unwrap().iter().find(|c| c["field"] == field);
            let found = found.unwrap_or_else(|| panic!("{field} in row {row}"));
            (found["old"]["zh"].as_str().unwrap().to_owned(), found["new"]["zh"].as_str().unwrap().to_owned())
        };
        // Against what stands, and then against what was written before it.
        let (first, second) = (change(0, "education"), change(1, "education"));
        assert_eq!((&*first.0, &first.1), ("", &second.0));
        assert_ne!(second.1, second.0);
        assert_eq!(change(3, "void").1, "已作废");
        // Masked as everywhere.
        assert!(!page.to_string().contains(&number(2)) && !page.to_string().contains("13900000009"));
        assert_eq!((&page["further"], &page["unread"]), (&json!(0), &json!(0)));
        assert!(page["audit"].as_u64().unwrap() >= 4);
    }

    // Of what is accepted nothing is left to look into.
    county.desk.ask("devices.accept", json!({ "device": id })).await;
    let page = county.desk.ask("devices.quarantined", json!({ "device": id })).await;
    assert_eq!(page["rows"], json!([]));
    assert_eq!(county.desk.refused("devices.quarantined", json!({ "device": "00" })).await.code, "device_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_honest_clerk_wrote_on_a_thiefs_work_waits_and_can_be_read() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let stolen = window(&front, stick.path(), "王丽").await;
    let fang = stolen.join("王芳", &number(1)).await;
    exchange_all(&[&stolen, &front, &county.desk]).await;

    // What the thief wrote comes by stick, and 李强 goes on with it before anybody knows.
    stolen.save(&stolen.member(&fang).await, json!({ "education": "college" })).await;
    front.import(&packet(&stolen, "device", stick.path()).await).await;
    front.save(&front.member(&fang).await, json!({ "education": "bachelor", "mobile": "13900000009" })).await;
    let id = device(&county.desk, &stolen).await;
    revoke(&county.desk, &id).await;
    exchange_all(&[&county.desk, &front, &county.desk]).await;

    for desk in [&front, &county.desk] {
        assert_eq!(desk.member(&fang).await["fields"]["education"], Value::Null);
        assert_eq!(status(desk, "parked").await, 1);
        let page = desk.ask("sync.parked", json!({})).await;
        let rows = page["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 1, "{page}");
        assert_eq!(
            (&rows[0]["kind"], &rows[0]["id"], &rows[0]["title"]),
            (&json!("member"), &json!(fang), &json!("王芳"))
        );
        assert_eq!((&rows[0]["author"], &rows[0]["made"]), (&json!("李强"), &json!(false)));
        let fields: Vec<&Value> = rows[0]["changes"].as_array().unwrap().iter().map(|c| &c["field"]).collect();
        assert_eq!(fields, [&json!("mobile"), &json!("education")]);
        assert!(!page.to_string().contains("13900000009"), "masked as everywhere");
    }
    // Written anew it counts.
    front.save(&front.member(&fang).await, json!({ "education": "bachelor" })).await;
    exchange_all(&[&front, &county.desk]).await;
    assert_eq!(county.desk.member(&fang).await["fields"]["education"], "bachelor");
    // And where the county accepts what it was written on, nothing waits any more.
    county.desk.ask("devices.accept", json!({ "device": id })).await;
    exchange_all(&[&county.desk, &front]).await;
    for desk in [&front, &county.desk] {
        assert_eq!(status(desk, "parked").await, 0);
        assert_eq!(desk.ask("sync.parked", json!({})).await["rows"], json!([]));
        assert_eq!(desk.full(&fang, "mobile").await, "13900000009");
    }
}

/// A script that shuts out a PC has what the PC had reported, like the window: the program fetches first, and says whether it could.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_pc_had_reported_is_fetched_before_it_is_shut_out() {
    let (mut county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let stolen = window(&front, stick.path(), "王丽").await;
    exchange_all(&[&stolen, &front, &county.desk]).await;
    // It lies at the hub, and the county has not been there since.
    stolen.join("王芳", &number(1)).await;
    stolen.sync().await;
    assert_eq!(members(&county.desk).await, 0);
    let id = device(&county.desk, &stolen).await;
    let listed = revoke(&county.desk, &id).await;
    assert_eq!(listed["fetched"]["done"], true);
    assert_eq!((members(&county.desk).await, status(&county.desk, "quarantined").await), (1, 0));
    assert_eq!(county.desk.ask("devices.list", json!({})).await["fetched"], Value::Null);

    // Without a line it is done all the same, and said.
    let second = window(&front, stick.path(), "吴敏").await;
    exchange_all(&[&second, &front, &county.desk]).await;
    second.join("赵敏", &number(2)).await;
    second.sync().await;
    let id = device(&county.desk, &second).await;
    county.unplug().await;
    let listed = revoke(&county.desk, &id).await;
    assert_eq!(listed["fetched"]["done"], false);
    assert!(listed["fetched"]["say"]["zh"].as_str().unwrap().contains("没有线路"));
    let line = listed["devices"].as_array().unwrap().iter().find(|d| d["id"] == *id).unwrap();
    assert!(line["revoked"].is_object(), "nobody waits for a line to shut out a thief");
    assert_eq!(
        front.refused("devices.revoke", json!({ "device": id, "reason": "stolen" })).await.code,
        "not_registrar"
    );
}
