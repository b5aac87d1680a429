//! The same worker on two rosters, a name that somebody heard and never read, a telephone of the whole family: the program says who
//! may be one person and why, and a clerk decides. Within an office its clerks do; across two offices the county, and both hear it.

use serde_json::{Value, json};
use stories::{
    County, Desk, exchange_all,
    kit::tile,
    stick::{number, stick},
};

/// Somebody joins as the form says. Returns the entry's id.
async fn joins(desk: &Desk, fields: Value) -> String {
    let saved = desk.ask("members.join", json!({ "fields": fields, "on": "2025-03-01" })).await;
    saved["id"].as_str().unwrap().to_owned()
}

/// 张莉 with her identity card, and 张丽 whom somebody took down on the telephone without one: one woman. Their ids.
async fn zhang_li_twice(desk: &Desk) -> (String, String) {
    let card = json!({ "name": "张莉", "id_no": number(1), "mobile": "13700000002" });
    let heard = json!({ "name": "张丽", "id_kind": "passport", "id_no": "E00000001", "birth_date": "1980-01-01", "mobile": "13700000002" });
    (joins(desk, card).await, joins(desk, heard).await)
}

async fn listed(desk: &Desk, which: &str) -> Value {
    desk.ask("members.duplicates", json!({ "which": which })).await
}

/// The pairs that are listed: what became of them, and why they are.
async fn pairs(desk: &Desk) -> Vec<(String, Vec<String>)> {
    let rows = listed(desk, "open").await["rows"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let reasons = |row: &Value| row["reasons"].as_array().unwrap().iter().map(|reason| text(&reason["code"])).collect();
    rows.iter().map(|row| (text(&row["state"]), reasons(row))).collect()
}

fn open(reasons: &[&str]) -> (String, Vec<String>) {
    ("open".into(), reasons.iter().map(|code| (*code).to_owned()).collect())
}

fn pair(one: &str, other: &str, reason: &str) -> Value {
    json!({ "one": one, "other": other, "reason": reason })
}

async fn merge(desk: &Desk, back: &str, into: &str) {
    desk.ask("members.merge", json!({ "id": back, "into": into, "reason": "身份证和本人核对过" })).await;
}

/// How many members an office counts; the home page, the list and the tree say the same.
async fn counted(desk: &Desk) -> u64 {
    let counted = desk.ask("home", json!({})).await["counts"]["members"].as_u64().unwrap();
    assert_eq!(desk.ask("members.list", json!({ "filter": { "state": "active" } })).await["total"], counted);
    counted
}

#[tokio::test]
async fn who_is_heard_and_not_read_is_proposed_with_reasons_and_merged_by_a_person() {
    let mut office = Desk::alone("平明镇总工会").await;
    assert_eq!((listed(&office, "open").await["open"].clone(), tile(&office, "duplicates").await), (json!(0), None));
    let (card, heard) = zhang_li_twice(&office).await;
    // Same name and nothing else, same telephone and nothing else: nobody is bothered with them.
    joins(&office, json!({ "name": "张莉", "id_no": "990106198808080058" })).await;
    joins(&office, json!({ "name": "王建国", "id_no": number(3), "mobile": "13700000002" })).await;

    let found = listed(&office, "open").await;
    assert_eq!((&found["open"], &found["total"], &found["county"]), (&json!(1), &json!(1), &json!(false)));
    let row = &found["rows"][0];
    assert_eq!((&row["level"], &row["both"], &row["linked"]), (&json!("likely"), &json!(true), &json!(false)));
    assert_eq!(pairs(&office).await, [open(&["same_sound", "same_birth", "same_phone"])]);
    assert_eq!(row["reasons"][0]["say"]["zh"], "姓名同音");
    // Side by side, masked as everywhere, and what differs is said although a mask may hide it.
    let ids: Vec<&Value> = row["sides"].as_array().unwrap().iter().map(|side| &side["row"]["id"]).collect();
    assert!(ids.contains(&&json!(card)) && ids.contains(&&json!(heard)));
    assert_eq!(row["sides"][0]["row"]["cells"]["mobile"]["zh"], "137****0002");
    let differs = row["differs"].as_array().unwrap();
    assert!(
        differs.contains(&json!("id_no")) && differs.contains(&json!("name")) && !differs.contains(&json!("mobile"))
    );
    assert_eq!(tile(&office, "duplicates").await, Some(1), "once they were looked for, the first page knows");

    // A quiet line on either page; and whoever types a third entry is told at once.
    let line = office.member(&card).await["derived"]["alike"][0].clone();
    assert_eq!((&line["id"], &line["title"]), (&json!(heard), &json!("张丽")));
    let typed = json!({ "fields": { "name": "章莉", "mobile": "13700000002" } });
    let told = office.ask("members.check", typed).await["notices"].clone();
    let told: Vec<&Value> = told.as_array().unwrap().iter().filter(|one| one["key"] == "perhaps_registered").collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|one| one["field"] == "name" && one["say"]["zh"].as_str().unwrap().contains("电话相同")));

    // One person. Nothing is copied, both histories stay, and nobody is asked again.
    let before = office.member(&heard).await;
    merge(&office, &heard, &card).await;
    for _ in 0..2 {
        assert_eq!(pairs(&office).await, []);
        assert_eq!(counted(&office).await, 3);
        assert_eq!(office.member(&card).await["derived"]["alike"], Value::Null);
        let page = office.member(&heard).await;
        assert_eq!((&page["fields"], &page["events"]), (&before["fields"], &before["events"]));
        office.reopen().await;
    }
    // Two after all, and remembered so in the same breath.
    office.ask("members.unmerge", json!({ "id": heard, "reason": "是堂姐妹", "not_same": true })).await;
    assert_eq!((pairs(&office).await, counted(&office).await), (vec![], 4));
    assert_eq!(listed(&office, "looked_at").await["rows"][0]["said"][0]["reason"], "是堂姐妹");
}

#[tokio::test]
async fn two_persons_are_remembered_with_who_said_so_and_it_can_be_taken_back() {
    let mut office = Desk::alone("平明镇总工会").await;
    let (card, heard) = zhang_li_twice(&office).await;
    let silent = office.refused("members.not_same", pair(&card, &heard, " ")).await;
    assert_eq!(silent.fields[0].field, "reason");
    office.ask("members.not_same", pair(&heard, &card, "两人一起来过，是堂姐妹")).await;
    for _ in 0..2 {
        assert_eq!(pairs(&office).await, []);
        assert_eq!(office.member(&card).await["derived"]["alike"], Value::Null);
        let looked = listed(&office, "looked_at").await;
        assert_eq!((&looked["open"], &looked["looked_at"]), (&json!(0), &json!(1)));
        let said = &looked["rows"][0]["said"][0];
        assert_eq!((&said["same"], &said["by"]["zh"]), (&json!(false), &json!("李强")));
        assert_eq!(said["reason"], "两人一起来过，是堂姐妹");
        office.reopen().await;
    }
    // Who merges them all the same has to have read it.
    let ask = json!({ "id": heard, "into": card, "reason": "身份证相同" });
    let fault = office.refused("members.merge", ask.clone()).await;
    assert_eq!(fault.code, "not_same_stands");
    assert!(fault.say.zh.contains("李强") && fault.say.zh.contains("两人一起来过"), "{}", fault.say.zh);

    office.ask("members.look_again", pair(&card, &heard, "只来过一个人")).await;
    assert_eq!(pairs(&office).await.len(), 1, "they are proposed again");
    assert_eq!(office.refused("members.look_again", pair(&card, &heard, "再来")).await.code, "not_same_none");
    office.ask("members.not_same", pair(&card, &heard, "还是两个人")).await;
    let mut despite = ask;
    despite["despite"] = json!(true);
    office.ask("members.merge", despite).await;
    assert_eq!((pairs(&office).await, listed(&office, "looked_at").await["looked_at"].clone()), (vec![], json!(0)));
    assert_eq!(counted(&office).await, 1);
    assert_eq!(office.refused("members.not_same", pair(&card, &heard, "又不是")).await.code, "same_stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_number_on_two_entries_stays_in_the_list_until_the_number_is_put_right() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    exchange_all(&[&front, &back, &county.desk]).await;
    // Both PCs enter somebody under one number on the same day: 李娜's card lay on the desk when 王芳 was entered.
    let wang = joins(&front, json!({ "name": "王芳", "id_no": number(5) })).await;
    let li = joins(&back, json!({ "name": "李娜", "id_no": number(5) })).await;
    exchange_all(&[&front, &back, &county.desk, &front]).await;
    for desk in [&front, &back] {
        assert_eq!(pairs(desk).await, [open(&["same_id", "same_birth", "other_name"])]);
    }
    back.ask("members.not_same", pair(&wang, &li, "两个人，号码登错")).await;
    exchange_all(&[&back, &county.desk, &front]).await;
    for desk in [&front, &back] {
        let found = listed(desk, "open").await;
        let row = &found["rows"][0];
        assert_eq!((&found["open"], &found["total"], &row["state"]), (&json!(0), &json!(1), &json!("looked_at")));
        assert!(row["say"]["zh"].as_str().unwrap().contains("更正其中一条的号码"));
    }
    let page = front.member(&wang).await;
    front.save(&page, json!({ "id_kind": "resident_id", "id_no": number(6), "birth_date": "1980-01-02" })).await;
    assert_eq!(listed(&front, "open").await["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pcs_that_say_opposite_things_agree_that_somebody_has_to_decide() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    let (card, heard) = zhang_li_twice(&front).await;
    exchange_all(&[&front, &back, &county.desk, &back]).await;
    for deciding_one in [true, false] {
        // Offline from each other.
        merge(&front, &heard, &card).await;
        back.ask("members.not_same", pair(&card, &heard, "见过本人")).await;
        assert_eq!((counted(&front).await, counted(&back).await), (1, 2));
        exchange_all(&[&front, &back, &county.desk, &front]).await;
        for desk in [&front, &back, &county.desk] {
            let found = listed(desk, "open").await;
            let row = &found["rows"][0];
            assert_eq!((&found["open"], &row["state"]), (&json!(1), &json!("contradicted")));
            let said: Vec<(&Value, &Value)> =
                row["said"].as_array().unwrap().iter().map(|said| (&said["same"], &said["by"]["zh"])).collect();
            assert_eq!(said, [(&json!(true), &json!("李强")), (&json!(false), &json!("王丽"))]);
            assert_eq!(counted(desk).await, 2, "nobody is dropped as long as it is not decided");
            assert_eq!(desk.member(&heard).await["derived"]["merged_into"], Value::Null);
            assert_eq!(tile(desk, "duplicates").await, Some(1));
        }
        assert_eq!(front.digest(&front.stream()), back.digest(&front.stream()));
        // Either of them, having read both.
        let mut ask = pair(&card, &heard, "户口本核对过");
        ask["despite"] = json!(true);
        if deciding_one {
            ask["id"] = json!(heard);
            ask["into"] = json!(card);
            back.ask("members.merge", ask).await;
        } else {
            front.ask("members.not_same", ask).await;
        }
        exchange_all(&[&front, &back, &county.desk, &front]).await;
        for desk in [&front, &back, &county.desk] {
            assert_eq!(pairs(desk).await, []);
            assert_eq!(counted(desk).await, if deciding_one { 1 } else { 2 });
        }
        if deciding_one {
            front.ask("members.unmerge", json!({ "id": heard, "reason": "从头再来" })).await;
            exchange_all(&[&front, &back, &county.desk]).await;
        }
    }
}

/// 王芳 on the rosters of two townships, and each has had its entries at the county. The county, the two offices, her two ids.
async fn two_townships() -> (County, Desk, Desk, String, String) {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let anfeng = county.township("安峰镇总工会", "320722105", "王丽").await;
    let hers = |mobile: &str| json!({ "name": "王芳", "id_no": number(7), "mobile": mobile });
    let there = joins(&anfeng, hers("13700000002")).await;
    let here = joins(&pingming, hers("13500000005")).await;
    joins(&pingming, json!({ "name": "赵敏", "id_no": number(8) })).await;
    exchange_all(&[&pingming, &anfeng, &county.desk, &pingming, &anfeng]).await;
    (county, pingming, anfeng, here, there)
}

/// What the county and both offices count.
async fn counts(county: &County, pingming: &Desk, anfeng: &Desk) -> [u64; 3] {
    [counted(&county.desk).await, counted(pingming).await, counted(anfeng).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn across_two_townships_the_county_answers_and_both_hear_it() {
    let (county, mut pingming, anfeng, here, there) = two_townships().await;
    let found = listed(&county.desk, "open").await;
    assert_eq!((&found["open"], &found["county"]), (&json!(1), &json!(true)));
    let offices: Vec<&Value> =
        found["rows"][0]["sides"].as_array().unwrap().iter().map(|side| &side["office"]).collect();
    assert!(offices.contains(&&json!("平明镇总工会")) && offices.contains(&&json!("安峰镇总工会")));
    assert_eq!((pairs(&pingming).await, pairs(&anfeng).await), (vec![], vec![]), "neither reads the other's entries");
    assert_eq!(counts(&county, &pingming, &anfeng).await, [3, 2, 1]);

    // One person; the membership is with 安峰.
    let (stub, untouched) = (pingming.member(&here).await, anfeng.member(&there).await);
    merge(&county.desk, &here, &there).await;
    assert_eq!(counts(&county, &pingming, &anfeng).await, [2, 2, 1], "nobody has heard yet");
    exchange_all(&[&county.desk, &pingming, &anfeng]).await;
    assert_eq!(counts(&county, &pingming, &anfeng).await, [2, 1, 1]);
    // Both read it on their first page, and on hers; of the other office nothing but its name.
    for (desk, id, counted_here, other) in
        [(&pingming, &here, false, "安峰镇总工会"), (&anfeng, &there, true, "平明镇总工会")]
    {
        assert_eq!(tile(desk, "answers").await, Some(1));
        let page = desk.member(id).await;
        let answer = &page["derived"]["answers"][0];
        assert_eq!((&answer["verdict"], &answer["counted_here"]), (&json!("same"), &json!(counted_here)));
        assert_eq!((&answer["office"], &answer["reason"]), (&json!(other), &json!("身份证和本人核对过")));
        assert_eq!(page["derived"]["counted_elsewhere"], if counted_here { Value::Null } else { json!(true) });
        let whole = listed(desk, "open").await.to_string() + &page["derived"].to_string();
        let of_the_other = if counted_here { "13500000005" } else { "13700000002" };
        assert!(!whole.contains(of_the_other) && !whole.contains(if counted_here { &here } else { &there }), "{whole}");
    }
    // Nothing was voided, nothing lost; she is still found in 平明.
    let page = pingming.member(&here).await;
    assert_eq!((&page["fields"], &page["events"], &page["void"]), (&stub["fields"], &stub["events"], &json!(false)));
    assert_eq!(anfeng.member(&there).await["fields"], untouched["fields"]);
    assert_eq!(pingming.found("王芳").await, 1);
    // Read, and reported as read.
    let answer = listed(&pingming, "open").await["answers"][0].clone();
    assert_eq!((&answer["title"], &answer["heard"]), (&json!("王芳"), &json!(false)));
    pingming.ask("members.answer_heard", json!({ "id": answer["id"] })).await;
    assert_eq!(tile(&pingming, "answers").await, None);
    exchange_all(&[&pingming, &county.desk]).await;
    assert_eq!(listed(&county.desk, "open").await["answers"][0]["heard"], false, "安峰 has not");
    anfeng.ask("members.answer_heard", json!({ "id": answer["id"] })).await;
    exchange_all(&[&anfeng, &county.desk]).await;
    assert_eq!(listed(&county.desk, "open").await["answers"][0]["heard"], true);

    // The answer is the county's, and no office takes it back.
    let ours = json!({ "id": here, "reason": "我们不同意" });
    assert_eq!(pingming.refused("members.unmerge", ours).await.code, "county_answered");
    // Taken back: both count again. Then the other way round, then two persons.
    county.desk.ask("members.unmerge", json!({ "id": here, "reason": "弄错了" })).await;
    exchange_all(&[&county.desk, &anfeng, &pingming]).await;
    assert_eq!(counts(&county, &pingming, &anfeng).await, [3, 2, 1]);
    let answer = listed(&pingming, "open").await["answers"][0].clone();
    assert_eq!((&answer["verdict"], &answer["heard"]), (&json!("open"), &json!(false)));
    merge(&county.desk, &there, &here).await;
    exchange_all(&[&county.desk, &anfeng, &pingming]).await;
    assert_eq!(counts(&county, &pingming, &anfeng).await, [2, 2, 0]);
    let mut ask = pair(&here, &there, "两人同号，一人的号码登错");
    ask["despite"] = json!(true);
    county.desk.ask("members.not_same", ask).await;
    exchange_all(&[&county.desk, &anfeng, &pingming]).await;
    pingming.reopen().await;
    assert_eq!(counts(&county, &pingming, &anfeng).await, [3, 2, 1]);
    assert_eq!(anfeng.member(&there).await["derived"]["answers"][0]["verdict"], "different");
    county.agrees_with(&pingming).await;
    county.agrees_with(&anfeng).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_every_order_of_exchanges_she_counts_once_wherever_the_answer_is_known() {
    for order in [[0, 1], [1, 0]] {
        let (county, pingming, anfeng, here, there) = two_townships().await;
        let offices = [&pingming, &anfeng];
        // Both go on working without a line while the county answers.
        for (desk, id) in [(&pingming, &here), (&anfeng, &there)] {
            let page = desk.member(id).await;
            desk.save(&page, json!({ "post": "班组长" })).await;
        }
        merge(&county.desk, &here, &there).await;
        county.desk.sync().await;
        assert_eq!(counted(&county.desk).await, 2);
        for place in order {
            offices[place].sync().await;
            // From the answer on she is nowhere twice: an office that has heard it counts as the county does.
            let own = [(&pingming, 1), (&anfeng, 1)][place];
            assert_eq!(counted(own.0).await, own.1);
            county.desk.sync().await;
            assert_eq!(counted(&county.desk).await, 2, "exactly once at the county, whatever has come");
        }
        assert_eq!(counts(&county, &pingming, &anfeng).await, [2, 1, 1]);
        // A further PC of the county that hears the answer before it has any office's entries counts nobody twice either.
        let (invite, code) = county.desk.further(county.hub_folder(), "县里第二台").await;
        let second = Desk::joined(&invite, &code, "钱进").await;
        exchange_all(&[&county.desk, &second]).await;
        assert_eq!(counted(&second).await, 2);
        // What was written on the entry that does not count is still there.
        assert_eq!(county.desk.member(&here).await["fields"]["post"], "班组长");
        county.agrees_with(&pingming).await;
        county.agrees_with(&anfeng).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pcs_of_the_county_that_answer_differently_come_to_one_answer_and_are_told() {
    let (county, pingming, anfeng, here, there) = two_townships().await;
    let (invite, code) = county.desk.further(county.hub_folder(), "县里第二台").await;
    let second = Desk::joined(&invite, &code, "钱进").await;
    exchange_all(&[&county.desk, &second]).await;
    merge(&county.desk, &here, &there).await;
    merge(&second, &there, &here).await;
    exchange_all(&[&county.desk, &second, &pingming, &anfeng]).await;
    let [first, at_pingming, at_anfeng] = counts(&county, &pingming, &anfeng).await;
    assert_eq!((first, at_pingming + at_anfeng), (2, 2), "once, with one of them, and everybody draws the same");
    for desk in [&county.desk, &second] {
        assert_eq!(counted(desk).await, 2);
        let found = listed(desk, "open").await;
        assert_eq!((&found["open"], &found["rows"][0]["state"]), (&json!(1), &json!("disputed")));
    }
    // Answered again by somebody who has read both.
    merge(&second, &there, &here).await;
    exchange_all(&[&second, &county.desk, &pingming, &anfeng]).await;
    assert_eq!(counts(&county, &pingming, &anfeng).await, [2, 2, 0]);
    assert_eq!(listed(&county.desk, "open").await["open"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_entry_that_counts_ends_and_the_county_is_asked_again() {
    let (county, pingming, anfeng, here, there) = two_townships().await;
    merge(&county.desk, &here, &there).await;
    exchange_all(&[&county.desk, &pingming, &anfeng]).await;
    let left = json!({ "id": there, "event": "left", "on": "2026-01-05", "reason": "本人申请" });
    anfeng.ask("members.change", left).await;
    exchange_all(&[&anfeng, &county.desk]).await;
    let row = listed(&county.desk, "open").await["rows"][0].clone();
    assert_eq!(row["state"], "counted_gone");
    assert!(row["say"]["zh"].as_str().unwrap().contains("重新答复"));
    // She works in 平明 now.
    merge(&county.desk, &there, &here).await;
    exchange_all(&[&county.desk, &pingming, &anfeng]).await;
    assert_eq!(counts(&county, &pingming, &anfeng).await, [2, 2, 0]);
    assert_eq!(pairs(&county.desk).await, []);
}
