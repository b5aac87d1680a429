//! An invitation that goes wrong: taken back before it is used, used after all, made out for another county, or for one that is there.

use serde_json::{Value, json};
use stories::{
    County, Desk, exchange_all,
    kit::{members, offices},
    logs::status,
    stick::{number, packet, stick},
};

async fn line(desk: &Desk, name: &str) -> Value {
    let list = desk.ask("offices.list", json!({})).await;
    list["offices"].as_array().unwrap().iter().find(|office| office["name"] == name).cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_nobody_used_is_taken_back_and_opens_nothing_any_more() {
    let (county, stick) = (County::found().await, stick());
    let (packet_of, code) = county.invitation("平明镇总工会", "320722104").await;
    let pingming = line(&county.desk, "平明镇总工会").await;
    assert_eq!((&pingming["heard"], &pingming["withdrawable"]), (&json!(false), &json!(true)));
    let left = county.desk.ask("offices.withdraw", json!({ "office": pingming["id"] })).await;
    assert_eq!(left["offices"], json!([]));
    let again = county.desk.refused("offices.withdraw", json!({ "office": pingming["id"] })).await;
    assert_eq!(again.code, "invitation_unknown");
    county.desk.sync().await;

    // Somebody joins by it after all, far away. The hub says it in so many words, and the county gets nothing by stick either.
    let late = Desk::joined(&packet_of, &code, "李强").await;
    late.join("王芳", &number(1)).await;
    let refused = late.refused("sync.now", json!({})).await;
    assert_eq!(refused.code, "link.revoked");
    assert!(refused.say.zh.contains("收回了本机加入时用的邀请"), "{}", refused.say.zh);
    county
        .desk
        .station
        .call("packets.import", json!({ "path": packet(&late, "county", stick.path()).await }))
        .await
        .ok();
    assert_eq!(members(&county.desk).await, 0, "what it writes does not count");

    // The same office is invited anew, under the same code.
    let anew = county.township("平明镇总工会", "320722104", "李强").await;
    anew.join("赵敏", &number(2)).await;
    exchange_all(&[&anew, &county.desk, &anew]).await;
    assert_eq!((members(&county.desk).await, status(&anew, "unconfirmed").await), (1, 0));
    assert_eq!(offices(&county.desk).await, ["平明镇总工会"]);

    // Now it is used: the way out is the ordinary one.
    let used = line(&county.desk, "平明镇总工会").await;
    assert_eq!((&used["heard"], &used["withdrawable"]), (&json!(true), &json!(false)));
    let refused = county.desk.refused("offices.withdraw", json!({ "office": used["id"] })).await;
    assert_eq!(refused.code, "invitation_used");
    anew.join("孙丽", &number(3)).await;
    exchange_all(&[&anew, &county.desk]).await;
    assert_eq!(members(&county.desk).await, 2, "nothing was changed");
    // No office takes back what the county signs.
    assert_eq!(anew.refused("offices.withdraw", json!({ "office": used["id"] })).await.code, "not_registrar");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joined_before_the_county_heard_of_it_is_shut_out_and_keeps_its_own_work() {
    let county = County::found().await;
    let (packet_of, code) = county.invitation("平明镇总工会", "320722104").await;
    let pingming = Desk::joined(&packet_of, &code, "李强").await;
    pingming.join("王芳", &number(1)).await;
    let id = line(&county.desk, "平明镇总工会").await["id"].clone();
    county.desk.ask("offices.withdraw", json!({ "office": id })).await;
    county.desk.sync().await;
    assert_eq!(pingming.refused("sync.now", json!({})).await.code, "link.revoked");
    assert_eq!(members(&pingming).await, 1, "its own work stays with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_invitation_of_a_further_pc_is_taken_back_at_the_registrar() {
    let (county, stick) = (County::found().await, stick());
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let (packet_of, code) = pingming.further(stick.path(), "服务窗口").await;
    exchange_all(&[&pingming, &county.desk]).await;
    let invited = |list: &Value| list["invited"].as_array().unwrap().clone();
    assert_eq!(invited(&pingming.ask("devices.list", json!({})).await)[0]["id"], Value::Null, "not at the office");
    let list = county.desk.ask("devices.list", json!({})).await;
    let waiting = &invited(&list)[0];
    assert_eq!((&waiting["name"], &waiting["office"]), (&json!("服务窗口"), &json!("平明镇总工会")));
    let left = county.desk.ask("devices.withdraw", json!({ "id": waiting["id"] })).await;
    assert!(invited(&left).is_empty());
    exchange_all(&[&county.desk, &pingming]).await;
    assert!(invited(&pingming.ask("devices.list", json!({})).await).is_empty(), "nobody waits for it any more");
    let late = Desk::joined(&packet_of, &code, "赵敏").await;
    assert_eq!(late.refused("sync.now", json!({})).await.code, "link.revoked");
    // The office itself goes on.
    let id = pingming.join("王芳", &number(1)).await;
    exchange_all(&[&pingming, &county.desk, &pingming]).await;
    assert_eq!(pingming.member(&id).await["standing"]["mark"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_with_the_code_of_another_area_and_a_namesake_are_invited_only_knowingly() {
    let county = Desk::county().await;
    let invite = |name: &str, code: &str| json!({ "name": name, "code": code });
    for (code, key) in
        [("320723104", "office_elsewhere"), ("320722", "office_county"), ("110101001", "office_elsewhere")]
    {
        let refused = county.refused("offices.invite", invite("平明镇总工会", code)).await;
        assert_eq!((refused.fields[0].field.as_str(), refused.fields[0].key.as_str()), ("code", key), "{code}");
        assert!(refused.fields[0].say.zh.contains("320722"));
    }
    county.ask("offices.invite", invite("平明镇总工会", "320722104")).await;
    let refused = county.refused("offices.invite", invite("平明镇总工会", "320722105")).await;
    assert_eq!((refused.fields[0].field.as_str(), refused.fields[0].key.as_str()), ("name", "office_same_name"));
    assert_eq!(offices(&county).await.len(), 1, "nothing was written");
    county.ask("offices.invite", json!({ "name": "平明镇总工会", "code": "320722105", "same_name": true })).await;
    assert_eq!(offices(&county).await.len(), 2);
    // A development zone bears a code of its own; the county's own code is nobody else's, whatever is ticked.
    let zone = |code: &str| json!({ "name": "东海高新区总工会", "code": code, "other_area": true });
    assert_eq!(county.refused("offices.invite", zone("320722")).await.fields[0].key, "office_county");
    county.ask("offices.invite", zone("320771001")).await;
    assert_eq!(offices(&county).await.len(), 3);
    // What the clerk reads of it afterwards: one office, and not the keys and papers that go with it.
    let log = county.ask("audit.recent", json!({})).await;
    assert_eq!((&log["entries"][0]["command"], &log["entries"][0]["count"]), (&json!("offices.invite"), &json!(1)));
}
