//! The county's only PC burns: two printed shares, and the hub or what an office brings, bring the county back.

use std::path::Path;

use serde_json::{Value, json};
use stories::{
    County, Desk, PASSPHRASE, exchange_all,
    kit::{members, offices, recovered, shares},
    logs::status,
    stick::{number, packet, stick},
};

#[tokio::test(flavor = "multi_thread")]
async fn two_shares_and_the_hub_bring_the_county_back() {
    let (county, stick) = (County::found().await, stick());
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let anfeng = county.township("安峰镇总工会", "320722105", "陈静").await;
    pingming.join("王芳", &number(1)).await;
    anfeng.join("赵敏", &number(2)).await;
    exchange_all(&[&pingming, &anfeng, &county.desk]).await;
    // A rotation lies behind: also the keys of later epochs come back.
    county.desk.ask("keys.rotate", json!({ "office": "安峰镇总工会" })).await;
    exchange_all(&[&county.desk, &anfeng]).await;
    anfeng.join("孙丽", &number(3)).await;
    anfeng.sync().await;

    let hub = county.desk.station.office().unwrap().hub().unwrap();
    let shares = shares(&county);
    let line = json!({ "url": hub.url, "key": hub.key });
    let new = recovered(&[shares[2].clone(), shares[0].clone()], line.clone()).await;
    let (was, is) = (county.desk.station.office().unwrap(), new.station.office().unwrap());
    assert_eq!(was.identity(), is.identity(), "the same county");
    assert_eq!(was.root_key(), is.root_key());
    assert_eq!((members(&new).await, status(&new, "keyless").await), (3, 0));
    assert_eq!(offices(&new).await, ["平明镇总工会", "安峰镇总工会"]);

    // It goes on as registrar: confirms, invites, lets in.
    exchange_all(&[&new, &pingming, &anfeng]).await;
    let id = pingming.join("周强", &number(4)).await;
    exchange_all(&[&pingming, &new, &pingming]).await;
    assert_eq!(pingming.member(&id).await["standing"]["mark"], "confirmed");
    let (invite, code) = new.invitation(stick.path(), "白塔埠镇总工会", "320722106").await;
    let third = Desk::joined(&invite, &code, "何平").await;
    third.join("吴敏", &number(5)).await;
    exchange_all(&[&third, &new, &third]).await;
    assert_eq!((members(&new).await, status(&third, "unconfirmed").await), (5, 0));

    // The old one was only thought to be burnt. It is a registrar no more, and what it writes counts nowhere.
    assert_eq!(county.desk.refused("sync.now", json!({})).await.code, "link.revoked");
    let thief = pingming.ask("devices.list", json!({})).await["devices"][0]["id"].clone();
    new.sync().await;
    county.desk.ask("devices.revoke", json!({ "device": thief, "reason": "stolen" })).await;
    let from_old = packet(&county.desk, "320722104", stick.path()).await;
    pingming.import(&from_old).await;
    exchange_all(&[&pingming, &new]).await;
    assert_eq!(
        pingming.ask("sync.status", json!({})).await["revoked"],
        Value::Null,
        "an order of the old registrar is none"
    );
    assert!(status(&pingming, "quarantined").await > 0);
    assert_eq!(pingming.digest(&pingming.stream()), new.digest(&pingming.stream()));

    // That does not change when the county is founded once more, from a hub that holds all of it.
    let shut_out = status(&new, "quarantined").await;
    let line = json!({ "url": hub.url, "key": hub.key, "clerk": "周敏（又一台新机）" });
    let third = recovered(&shares[..2], line).await;
    assert_eq!(status(&third, "quarantined").await, shut_out);
    exchange_all(&[&third, &pingming, &third]).await;
    assert!(status(&pingming, "quarantined").await > 0);
    assert_eq!(pingming.digest(&pingming.stream()), third.digest(&pingming.stream()));
}

/// The registrar invites an office and burns before it has any line: nobody but the office has the key of what it writes.
#[tokio::test(flavor = "multi_thread")]
async fn an_office_of_which_only_the_burnt_registrar_knew_is_not_lost_to_the_county() {
    let (county, stick) = (County::found().await, stick());
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = pingming.join("王芳", &number(1)).await;
    pingming.sync().await;

    let hub = county.desk.station.office().unwrap().hub().unwrap();
    let from = json!({ "url": hub.url, "key": hub.key, "name": "东海县总工会", "code": "320722" });
    let new = recovered(&shares(&county)[..2], from).await;
    assert_eq!(members(&new).await, 0, "what it has fetched stands under a key that burnt");
    assert!(status(&new, "keyless").await > 0);
    assert!(offices(&new).await.is_empty());
    new.sync().await;

    // The office hears of the new registrar and tells it the key, in the same exchange.
    exchange_all(&[&pingming, &new, &pingming]).await;
    assert_eq!((members(&new).await, status(&new, "keyless").await), (1, 0));
    assert_eq!(offices(&new).await, ["平明镇总工会"], "and it stands in the list again");
    assert_eq!(new.full(&wang, "id_no").await, number(1));
    assert_eq!(pingming.member(&wang).await["standing"]["mark"], "confirmed");
    assert!(new.ask("audit.recent", json!({})).await["total"].as_u64().unwrap() > 0);
    let before = pingming.digest(&pingming.stream());
    exchange_all(&[&pingming, &new, &pingming, &new]).await;
    assert_eq!(pingming.digest(&pingming.stream()), before, "nothing is told twice");

    // A further PC of the county reads it too, and whoever has two shares and the hub.
    let (invite, code) = new.further(stick.path(), "里间").await;
    let further = Desk::joined(&invite, &code, "吴敏").await;
    exchange_all(&[&further, &new, &further]).await;
    assert_eq!((members(&further).await, status(&further, "keyless").await), (1, 0));
    let line = json!({ "url": hub.url, "key": hub.key, "clerk": "周敏（又一台新机）" });
    let again = recovered(&shares(&county)[1..], line).await;
    assert_eq!((members(&again).await, status(&again, "keyless").await), (1, 0));
    let id = pingming.join("周强", &number(4)).await;
    exchange_all(&[&pingming, &again, &pingming]).await;
    assert_eq!(pingming.member(&id).await["standing"]["mark"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_share_or_the_shares_of_another_county_bring_nothing() {
    let (county, other) = (County::found().await, County::found().await);
    let hub = county.desk.station.office().unwrap().hub().unwrap();
    let (ours, theirs) = (shares(&county), shares(&other));
    let empty = Desk::empty();
    let ask = |shares: Value| json!({ "shares": shares, "url": hub.url, "key": hub.key, "clerk": "周敏", "passphrase": PASSPHRASE });
    for wrong in [json!([ours[0]]), json!([ours[0], ours[0]]), json!([ours[0], theirs[1]]), json!([ours[0], "ABCD"])] {
        let refused = empty.refused("app.recover", ask(wrong)).await;
        assert_eq!((refused.code.as_str(), refused.fields[0].field.as_str()), ("fields", "shares"));
    }
    // A whole kit of another county opens nothing here, and leaves nothing behind.
    assert_eq!(empty.refused("app.recover", ask(json!([theirs[0], theirs[1]]))).await.code, "link.not_known");
    assert_eq!(empty.ask("app.state", json!({})).await["stage"], "fresh");
    empty.ask("app.create", json!({ "role": "township", "name": "平明镇总工会", "code": "320722104", "clerk": "李强", "passphrase": PASSPHRASE })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_hub_burnt_too_an_office_brings_what_it_has() {
    let (mut county, stick) = (County::found().await, stick());
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    pingming.join("王芳", &number(1)).await;
    exchange_all(&[&pingming, &county.desk, &pingming]).await;
    county.unplug().await;
    let whole = |to: &'static str, out: &Path| json!({ "to": to, "path": out, "whole": true });
    let made = pingming.ask("packets.export", whole("county", stick.path())).await;
    let file = made["files"][0].clone();

    let shares = shares(&county);
    let empty = Desk::empty();
    let ask = json!({ "shares": [shares[0], shares[1]], "packet": { "path": file }, "clerk": "周敏（新机）", "passphrase": PASSPHRASE });
    assert_eq!(empty.refused("app.recover", ask).await.code, "county_unnamed", "what no office reads no office brings");
    let from = json!({ "packet": { "path": file }, "name": "东海县总工会", "code": "320722" });
    let new = recovered(&shares[..2], from).await;
    assert_eq!(new.office(), county.desk.office());
    assert_eq!(members(&new).await, 1);
    pingming.import(&packet(&new, "320722104", stick.path()).await).await;
    let id = pingming.join("赵敏", &number(2)).await;
    new.import(&packet(&pingming, "county", stick.path()).await).await;
    assert_eq!(members(&new).await, 2);
    pingming.import(&packet(&new, "320722104", stick.path()).await).await;
    assert_eq!(pingming.member(&id).await["standing"]["mark"], "confirmed");
}
