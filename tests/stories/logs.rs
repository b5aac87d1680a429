//! The log of an office in stories: where it begins, what holds it back, and a year of work in short.

use serde_json::{Value, json};

use crate::{Desk, conflicts, exchange_all, stick::number};

pub const WANG_FANG: &str = "99010119900615007X";

/// A number of the status line.
pub async fn status(desk: &Desk, what: &str) -> u64 {
    desk.ask("sync.status", json!({})).await[what].as_u64().unwrap()
}

/// What is said while the old part of the log is wanted again.
pub async fn wanted(desk: &Desk) -> Value {
    desk.ask("sync.status", json!({})).await["log_wanted"].clone()
}

/// Where the log of the office's stream begins.
pub async fn log(desk: &Desk, of: &Desk) -> Value {
    let listed = desk.ask("checkpoints.list", json!({})).await;
    let stream = of.stream().to_string();
    listed["streams"].as_array().unwrap().iter().find(|line| line["stream"] == stream).cloned().unwrap()
}

/// Segments of the office's stream that lie here.
pub async fn segments(desk: &Desk, of: &Desk) -> u64 {
    log(desk, of).await["segments"].as_u64().unwrap()
}

/// A year in short: people, corrections on corrections, a conflict that stands.
pub async fn year(front: &Desk, back: &Desk, county: &Desk) -> (String, String) {
    let wang = front.join("王芳", WANG_FANG).await;
    let zhao = front.join("赵敏", &number(1)).await;
    exchange_all(&[front, back]).await;
    for month in 0..12 {
        let page = front.member(&wang).await;
        front.save(&page, json!({ "post": format!("第{month}组组长"), "department": format!("第{month}车间") })).await;
        front.sync().await;
    }
    for (desk, mobile) in [(front, "13700000002"), (back, "13500000005")] {
        let page = desk.member(&zhao).await;
        desk.save(&page, json!({ "mobile": mobile })).await;
    }
    for desk in [front, back, county, front, back] {
        desk.sync().await;
    }
    (wang, zhao)
}

/// A snapshot that was opened and compared.
pub async fn tested(desk: &Desk) -> Value {
    desk.ask("snapshots.make", json!({})).await;
    let listed = desk.ask("snapshots.test", json!({})).await;
    assert!(listed["snapshots"][0]["tested"].as_i64().is_some(), "{listed}");
    listed["snapshots"][0].clone()
}

/// What would go.
pub async fn would(desk: &Desk) -> Value {
    desk.ask("log.prune", json!({})).await
}

/// What holds the log of the office's own stream back, in the words of the clerk.
pub async fn held_by(desk: &Desk) -> String {
    let said = would(desk).await;
    assert_eq!((&said["done"], &said["segments"]), (&json!(false), &json!(0)), "{said}");
    said["streams"][0]["say"]["zh"].as_str().unwrap().to_owned()
}

/// Everything that has to be there before an office prunes.
pub async fn ready(desk: &Desk, county: &Desk) {
    exchange_all(&[desk, county]).await;
    desk.ask("checkpoints.make", json!({})).await;
    exchange_all(&[desk, county, desk]).await;
    tested(desk).await;
}

/// The log goes as far as it may.
pub async fn pruned(desk: &Desk) -> Value {
    let said = desk.ask("log.prune", json!({ "commit": true })).await;
    assert_eq!(said["done"], true, "{said}");
    assert!(said["segments"].as_u64().unwrap() > 0 && said["bytes"].as_u64().unwrap() > 0);
    said
}

/// A page without what the authors of a conflict saw: that may lie below the checkpoint.
pub async fn shown(desk: &Desk, id: &str) -> Value {
    let mut page = desk.member(id).await;
    page["conflicts"] = conflicts(&page);
    page
}

/// Two PCs show the same of a person, conflicts included.
pub async fn same(here: &Desk, there: &Desk, id: &str) {
    let (mine, theirs) = (shown(here, id).await, shown(there, id).await);
    assert_eq!((&mine["fields"], &mine["conflicts"]), (&theirs["fields"], &theirs["conflicts"]));
    assert_eq!(mine["standing"], theirs["standing"]);
}
