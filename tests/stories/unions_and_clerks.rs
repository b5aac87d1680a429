//! The people of the union itself: its committees and posts, its parks and trades, and what each clerk has chosen.

use serde_json::{Value, json};
use stories::{Desk, PASSPHRASE, opened};

#[tokio::test]
async fn committees_and_posts_stand_beside_their_union() {
    let office = Desk::alone("平明镇总工会").await;
    let union = office.ask("organisations.tree", json!({})).await["roots"][0]["id"].clone();
    // Founded together with the union: committee, audit, women, mediation.
    for kind in ["工会委员会", "经审会", "女工委", "调委会"] {
        let fields = json!({ "organisation": union, "kind": kind, "elected_on": "2025-03-01", "seats": 5 });
        office.ask("committees.save", json!({ "fields": fields })).await;
    }
    let listed = office.ask("committees.list", json!({ "filter": { "organisation": union } })).await;
    assert_eq!(listed["total"], 4);
    // The chair is held besides a post of the party, as it is in most townships.
    let chair = json!({ "organisation": union, "name": "周建国", "post": "工会主席", "time": "兼职", "other_post": "党委副书记", "since": "2025-03-01" });
    let id = office.ask("posts.save", json!({ "fields": chair })).await["id"].clone();
    let page = office.ask("posts.get", json!({ "id": id })).await;
    assert_eq!((&page["fields"]["post"], &page["fields"]["time"]), (&json!("chair"), &json!("part")));
    let backwards = json!({ "id": id, "token": page["token"], "fields": { "until": "2024-01-01" } });
    assert_eq!(office.refused("posts.save", backwards).await.fields[0].key, "days_reversed");
}

#[tokio::test]
async fn a_joint_union_covers_many_units_and_a_unit_may_be_covered_twice() {
    let office = Desk::alone("平明镇总工会").await;
    let union = office.ask("organisations.tree", json!({})).await["roots"][0]["id"].clone();
    let joint = json!({ "fields": { "name": "石英联合工会", "kind": "联合基层工会", "parent": union } });
    let joint = office.ask("organisations.save", joint).await["id"].clone();
    for (organisation, unit) in [(&joint, "浦南硅微粉厂"), (&joint, "白塔化工建材厂"), (&union, "浦南硅微粉厂")]
    {
        let fields = json!({ "organisation": organisation, "unit": unit, "since": "2024-05-01" });
        office.ask("coverages.save", json!({ "fields": fields })).await;
    }
    let covered = |organisation: &Value| json!({ "filter": { "organisation": organisation } });
    assert_eq!(office.ask("coverages.list", covered(&joint)).await["total"], 2);
    assert_eq!(
        office.ask("coverages.list", covered(&union)).await["total"],
        3,
        "its own, and those of the unions below it"
    );
}

#[tokio::test]
async fn where_aid_is_paid_to_stands_masked_on_the_members_page_and_is_one_thing() {
    let office = Desk::alone("平明镇总工会").await;
    let id = office.join("王芳", "99010119900615007X").await;
    let form = office.member(&id).await;
    let short = json!({ "id": id, "token": form["token"], "fields": { "bank_card_no": "6222 0001" } });
    assert_eq!(office.refused("members.save", short).await.fields[0].key, "bank_card_length");
    let saved = office
        .save(&form, json!({ "bank_holder": "王芳", "bank_card_no": "6222 0012 3456 7890 128", "bank_branch": "农商行平明支行" }))
        .await;
    assert!(saved["notices"].to_string().contains("bank_card_luhn"), "kept, and told: {saved}");
    let page = office.member(&id).await;
    assert_eq!(page["fields"]["bank_card_no"], "6222***********0128");
    assert_eq!(office.full(&id, "bank_card_no").await, "6222001234567890128");
    // Somebody with the old page in hand changes the bank: number, holder and bank stand against the three of before.
    office.save(&form, json!({ "bank_branch": "邮储银行东海支行" })).await;
    let conflict = office.member(&id).await["conflicts"][0].clone();
    assert_eq!(conflict["fields"], json!(["bank_holder", "bank_card_no", "bank_branch"]));
}

#[tokio::test]
async fn parks_trades_and_buildings_have_their_place_under_the_township() {
    let office = Desk::alone("平明镇总工会").await;
    let union = office.ask("organisations.tree", json!({})).await["roots"][0]["id"].clone();
    for (name, kind) in [
        ("石英产业园工会", "园区工会"),
        ("硅材料行业工会", "行业工会"),
        ("商贸楼工会", "楼宇工会"),
        ("石英联合工会", "联合基层工会"),
    ] {
        office.ask("organisations.save", json!({ "fields": { "name": name, "kind": kind, "parent": union } })).await;
    }
    let tree = office.ask("organisations.tree", json!({})).await;
    assert_eq!(tree["roots"][0]["children"].as_array().unwrap().len(), 4);
    let above = json!({ "fields": { "name": "东海县总工会", "kind": "县总工会", "parent": union } });
    let told = office.ask("organisations.check", above).await;
    assert_eq!(told["notices"][0]["key"], "parent_unusual", "told, not refused: {told}");
}

#[tokio::test]
async fn what_a_clerk_has_chosen_stays_and_is_theirs_alone() {
    let mut office = Desk::alone("平明镇总工会").await;
    office.ask("prefs.put", json!({ "key": "members.columns", "value": ["name", "mobile"] })).await;
    office.ask("clerks.add", json!({ "name": "孙丽", "passphrase": PASSPHRASE, "roles": ["viewer"] })).await;
    office.reopen().await;
    assert_eq!(office.ask("prefs.list", json!({})).await["prefs"]["members.columns"], json!(["name", "mobile"]));
    office.station.close().await;
    office.station = opened(office.dir());
    office.ask("app.unlock", json!({ "clerk": "孙丽", "passphrase": PASSPHRASE })).await;
    assert_eq!(office.ask("prefs.list", json!({})).await["prefs"], json!({}));
    // A viewer changes no record, but the columns are the viewer's own.
    office.ask("prefs.put", json!({ "key": "members.columns", "value": ["name"] })).await;
    office.ask("prefs.put", json!({ "key": "members.columns", "value": null })).await;
    assert_eq!(office.ask("prefs.list", json!({})).await["prefs"], json!({}));
    let endless = json!({ "key": "members.columns", "value": "名".repeat(40 << 10) });
    office.refused("prefs.put", endless).await;
}

#[tokio::test]
async fn every_act_leaves_its_entry_with_who_did_it() {
    let mut office = Desk::alone("平明镇总工会").await;
    let id = office.join("王芳", "99010119900615007X").await;
    let page = office.member(&id).await;
    office.save(&page, json!({ "post": "车工" })).await;
    office.ask("clerks.add", json!({ "name": "孙丽", "passphrase": PASSPHRASE, "roles": ["viewer", "clerk"] })).await;
    office.station.close().await;
    office.station = opened(office.dir());
    office.ask("app.unlock", json!({ "clerk": "孙丽", "passphrase": PASSPHRASE })).await;
    let page = office.member(&id).await;
    office.save(&page, json!({ "post": "组长" })).await;
    // The log of acts is not for everybody to read.
    assert_eq!(office.refused("audit.recent", json!({})).await.code, "role_missing");
    office.station.close().await;
    office.station = opened(office.dir());
    office.unlock().await;
    let log = office.ask("audit.recent", json!({})).await;
    let told = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["command"].as_str().unwrap(), e["author"].as_str().unwrap()));
    let told: Vec<_> = told.filter(|(command, _)| *command != "office.begin").collect();
    assert_eq!(
        told,
        [("members.save", "孙丽"), ("clerks.add", "李强"), ("members.save", "李强"), ("members.join", "李强")]
    );
}

#[tokio::test]
async fn what_comes_due_is_a_list_and_the_home_page_counts_the_same() {
    let office = Desk::alone("平明镇总工会").await;
    let root = office.ask("organisations.tree", json!({})).await["roots"][0]["id"].clone();
    let today = chrono::DateTime::from_timestamp_millis(niangjia_host::moment().wall).expect("a moment");
    let day =
        |ahead: i64| (today + chrono::Duration::hours(8) + chrono::Duration::days(ahead)).date_naive().to_string();
    for (name, ahead) in [("昨天到期村工会", -1), ("今天到期村工会", 0), ("月底到期村工会", 60), ("还早村工会", 61)]
    {
        let fields = json!({ "name": name, "kind": "village", "parent": root, "next_election_on": day(ahead) });
        office.ask("organisations.save", json!({ "fields": fields })).await;
    }
    let due = json!({ "filter": { "due": 60 }, "sort": "next_election_on" });
    let listed = office.ask("organisations.list", due.clone()).await;
    let titles: Vec<_> = listed["rows"].as_array().expect("rows").iter().map(|row| row["title"].clone()).collect();
    assert_eq!(titles, ["今天到期村工会", "月底到期村工会"]);
    assert_eq!(listed["total"], 2);
    assert_eq!(office.ask("organisations.list", json!({ "filter": { "due": 60 }, "text": "yuedi" })).await["total"], 1);
    // Of her only the contract comes due; it is counted while she is a member.
    let wang = office.join("王芳", "99010119900615007X").await;
    let page = office.member(&wang).await;
    office.save(&page, json!({ "contract_from": "2020-01-01", "contract_to": day(30) })).await;
    let members = json!({ "filter": { "due": 60, "state": "active" } });
    assert_eq!(office.ask("members.list", members.clone()).await["total"], 1);
    let home = office.ask("home", json!({})).await;
    let coming = home["tiles"].as_array().expect("tiles").iter().find(|tile| tile["key"] == "coming").cloned();
    assert_eq!(coming.expect("the tile")["count"], 3, "the tile counts what the two lists show");
    office
        .ask("members.change", json!({ "id": wang, "event": "left", "on": "2026-01-05", "reason": "本人申请" }))
        .await;
    assert_eq!(office.ask("members.list", members).await["total"], 0);
    // A type in which nothing comes due has no such list, and neither has a number of days that cannot be.
    office.refused("enterprises.list", due).await;
    office.refused("organisations.list", json!({ "filter": { "due": -1 } })).await;
}
