//! The county's recovery kit in stories: the shares of its root, and a new PC that is founded from two of them.

use serde_json::{Value, json};

use crate::{County, Desk, PASSPHRASE};

/// What is asked to found the county again; its clerk is 周敏, as before.
fn kit(shares: &[Value], from: &Value) -> Value {
    let mut ask = json!({ "shares": shares, "clerk": "周敏", "passphrase": PASSPHRASE });
    for (name, value) in from.as_object().unwrap() {
        ask[name] = value.clone();
    }
    ask
}

/// 东海县总工会 on a new PC.
pub async fn recovered(shares: &[Value], from: Value) -> Desk {
    let desk = Desk::empty();
    desk.ask("app.recover", kit(shares, &from)).await;
    desk
}

/// 东海县总工会 on a new PC, which is founded with what there is only when that is asked for.
pub async fn recovered_without(shares: &[Value], mut from: Value) -> Desk {
    let refused = Desk::empty().refused("app.recover", kit(shares, &from)).await;
    assert_eq!(refused.code, "recover_not_whole");
    from["without"] = json!(true);
    recovered(shares, from).await
}

pub fn shares(county: &County) -> Vec<Value> {
    county.shares.iter().cloned().map(Value::from).collect()
}

/// The way to the county's hub for whoever founds the county again, under this clerk's name.
pub fn line(county: &County, clerk: &str) -> Value {
    let hub = county.desk.station.office().unwrap().hub().unwrap();
    json!({ "url": hub.url, "key": hub.key, "name": "东海县总工会", "code": "320722", "clerk": clerk })
}

/// How many members the home page counts.
pub async fn members(desk: &Desk) -> u64 {
    desk.ask("home", json!({})).await["counts"]["members"].as_u64().unwrap()
}

/// The offices that the county lists.
pub async fn offices(desk: &Desk) -> Vec<String> {
    let list = desk.ask("offices.list", json!({})).await;
    list["offices"].as_array().unwrap().iter().map(|o| o["name"].as_str().unwrap().to_owned()).collect()
}

/// What the home page counts in the tile of this name, where it shows it.
pub async fn tile(desk: &Desk, key: &str) -> Option<u64> {
    let home = desk.ask("home", json!({})).await;
    home["tiles"].as_array().unwrap().iter().find(|tile| tile["key"] == key).map(|tile| tile["count"].as_u64().unwrap())
}
