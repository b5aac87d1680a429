//! Floating members: 小李 of 平明镇 works in 安峰镇 for a season with her card, is found there and never counted there; a member of
//! 安峰 goes away and comes back; and whoever was seen by nobody for months is told of.

use chrono::{Days, NaiveDate};
use niangjia_core::office::Caller;
use serde_json::{Value, json};
use stories::{
    County, Desk, exchange_all,
    kit::{members, tile},
    stick::{number, stick},
};

const XIAO_LI: &str = "99010119900615007X";
const ZHANG_WEIMIN: &str = "990101198001010014";

fn day(ago: u64) -> NaiveDate {
    niangjia_host::moment().today() - Days::new(ago)
}

/// 平明 with 小李, her card and the text of its code, and 安峰; both know the county's lists, and the line is cut.
async fn two_offices(county: &mut County) -> (Desk, Desk, String, Value) {
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let anfeng = county.township("安峰镇总工会", "320722105", "王丽").await;
    let li = pingming.join("李小燕", XIAO_LI).await;
    pingming.ask("cards.ask_numbers", json!({ "count": 100 })).await;
    exchange_all(&[&pingming, &county.desk, &pingming]).await;
    let card = pingming.ask("cards.order", json!({ "members": [li] })).await["cards"][0].clone();
    let signed = pingming.ask("cards.sign", json!({ "ids": [card["id"]] })).await;
    pingming.ask("cards.change", json!({ "ids": [card["id"]], "event": "handed_out" })).await;
    exchange_all(&[&pingming, &county.desk, &anfeng, &pingming]).await;
    county.unplug().await;
    (pingming, anfeng, li, json!({ "text": signed["cards"][0]["code"], "number": card["number"], "id": card["id"] }))
}

async fn line(desk: &Desk, id: &Value) -> Value {
    desk.ask("stays.book", json!({ "id": id })).await["rows"][0].clone()
}

async fn hits(desk: &Desk, text: &str) -> Vec<Value> {
    let found = desk.ask("search", json!({ "text": text, "kinds": ["stay"] })).await;
    found["hits"].as_array().unwrap().clone()
}

async fn comes(desk: &Desk, card: &Value, fields: Value) -> Value {
    desk.ask("stays.enter", json!({ "card": card["text"], "fields": fields })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn she_comes_for_the_season_on_her_card_is_found_and_never_counted() {
    let mut county = County::found().await;
    let (pingming, anfeng, li, card) = two_offices(&mut county).await;

    // Verified and registered while nobody has a line: what the card says is written, with the age of the answer.
    let here = json!({ "employer": "安峰服装厂", "mobile": "13900000002", "place": "平明镇", "until": day(0) });
    let stay = comes(&anfeng, &card, here.clone()).await;
    let row = line(&anfeng, &stay["id"]).await;
    assert_eq!(
        (&row["name"], &row["card_number"], &row["id_no"]),
        (&json!("李小燕"), &card["number"], &json!("…007X"))
    );
    assert_eq!(
        (&row["home_union"], &row["home_office"]),
        (&json!("平明镇总工会"), &json!(pingming.office().to_string()))
    );
    assert!(row["checked"]["zh"].as_str().unwrap().starts_with("扫会员证：有效（县名单 "), "{}", row["checked"]);
    assert_eq!((&row["said"]["zh"], &row["clerk"]), (&json!("在本地"), &json!("王丽")));
    assert_eq!(row["possible"], json!(["end", "take_in"]));

    // Found by name, pinyin, initials, card number and telephone; counted nowhere here.
    let number = card["number"].as_str().unwrap();
    for text in ["李小燕", "lixiaoyan", "lxy", number, "13900000002"] {
        assert_eq!(hits(&anfeng, text).await.len(), 1, "{text}");
    }
    assert_eq!((members(&anfeng).await, anfeng.ask("members.list", json!({})).await["total"].clone()), (0, json!(0)));

    // Registered twice she is not; and a card of one's own member is no visitor's.
    let again = json!({ "card": card["text"], "fields": here });
    assert_eq!(anfeng.refused("stays.enter", again.clone()).await.fields[0].key, "stay_twice");
    assert_eq!(pingming.refused("stays.enter", again).await.fields[0].key, "stay_own_member");

    // She leaves again; the line stays, and the county reads it.
    anfeng.ask("stays.end", json!({ "id": stay["id"], "on": day(0), "note": "回平明了" })).await;
    let left = line(&anfeng, &stay["id"]).await;
    assert_eq!((&left["said"]["zh"], &left["ended_on"]), (&json!("已离开"), &json!(day(0))));
    assert_eq!(anfeng.refused("stays.end", json!({ "id": stay["id"], "on": day(0) })).await.code, "stay_cannot");
    county.plug().await;
    exchange_all(&[&anfeng, &pingming, &county.desk, &anfeng]).await;
    let read = line(&county.desk, &stay["id"]).await;
    assert_eq!((&read["office"], &read["possible"]), (&json!("安峰镇总工会"), &json!([])));
    assert_eq!((members(&county.desk).await, members(&pingming).await), (1, 1), "counted once, at home");
    assert_eq!(pingming.member(&li).await["state"], "active");
    let months = anfeng.ask("stays.months", json!({})).await["months"][0].clone();
    assert_eq!((&months["came"], &months["left"], &months["here"]), (&json!(1), &json!(1), &json!(0)));
    county.agrees_with(&anfeng).await;

    // Next season: who she is stands there already, how it was checked is said anew.
    let next = json!({ "like": stay["id"], "fields": { "employer": "安峰服装厂" } });
    assert_eq!(anfeng.refused("stays.enter", next).await.fields[0].key, "checked_by_missing");
    let next = json!({ "like": stay["id"], "fields": { "employer": "安峰服装厂", "checked_by": "paper" } });
    let next = anfeng.ask("stays.enter", next).await;
    let row = line(&anfeng, &next["id"]).await;
    assert_eq!(
        (&row["name"], &row["card_number"], &row["checked"]["zh"]),
        (&json!("李小燕"), &card["number"], &json!("看证件原件"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_registered_on_a_card_that_does_not_hold() {
    let mut county = County::found().await;
    let (_pingming, anfeng, _, card) = two_offices(&mut county).await;
    let text = card["text"].as_str().unwrap();
    let last = if text.ends_with('7') { "8" } else { "7" };
    let forged = json!({ "card": format!("{}{last}", &text[..text.len() - 1]) });
    let refused = anfeng.refused("stays.enter", forged).await;
    assert_eq!(refused.fields[0].key, "stay_card");

    // By hand what was looked at is said, and nobody says "scanned" who has not scanned.
    let by_hand =
        json!({ "name": "孙丽", "home_union": "连云港市海州区总工会", "mobile": "13900000003", "checked_by": "card" });
    let refused = anfeng.refused("stays.enter", json!({ "fields": by_hand })).await;
    assert_eq!(refused.fields[0].key, "stay_card_unscanned");
    let by_hand = json!({ "name": "孙丽", "home_union": "连云港市海州区总工会", "mobile": "13900000003", "checked_by": "phone", "answer": "valid" });
    let stay = anfeng.ask("stays.enter", json!({ "fields": by_hand })).await;
    assert_eq!(
        line(&anfeng, &stay["id"]).await["checked"]["zh"],
        "电话核对",
        "no answer of a card that was not scanned"
    );
    let nobody = json!({ "fields": { "name": "王强", "checked_by": "told" } });
    let refused = anfeng.refused("stays.enter", nobody).await;
    let keys: Vec<&str> = refused.fields.iter().map(|field| field.key.as_str()).collect();
    assert_eq!(keys, ["home_union_missing", "stay_unfindable"]);
}

#[tokio::test]
async fn a_member_goes_away_for_work_and_comes_back_and_is_counted_all_the_time() {
    let office = Desk::alone("安峰镇总工会").await;
    let zhang = office.join("张伟民", ZHANG_WEIMIN).await;
    let away = json!({
        "direction": "out", "member": zhang, "place": "苏州，建筑工地", "since": day(40), "until": day(3), "checked_by": "told"
    });
    let stay = office.ask("stays.enter", json!({ "fields": away })).await;
    let page = office.member(&zhang).await;
    assert_eq!((&page["state"], &page["derived"]["away"]["place"]), (&json!("active"), &json!("苏州，建筑工地")));
    assert_eq!(page["derived"]["away"]["overdue_days"], 3);
    assert_eq!((members(&office).await, tile(&office, "stays_overdue").await), (1, Some(1)));
    let twice = office.refused("stays.enter", json!({ "fields": away })).await;
    assert_eq!(twice.fields[0].key, "stay_away_already");
    let before = office.refused("stays.end", json!({ "id": stay["id"], "on": day(41) })).await;
    assert_eq!(before.fields[0].key, "days_reversed");

    office.ask("stays.end", json!({ "id": stay["id"], "on": day(0) })).await;
    let page = office.member(&zhang).await;
    assert_eq!(page["derived"]["away"], Value::Null);
    assert_eq!(
        (&page["derived"]["last_seen"]["on"], &page["derived"]["last_seen"]["how"]["zh"]),
        (&json!(day(0)), &json!("登记返回"))
    );
    assert_eq!((members(&office).await, tile(&office, "stays_overdue").await), (1, None));
    assert_eq!(line(&office, &stay["id"]).await["said"]["zh"], "已返回");

    // That was somebody else who rang: he is away as before, and the slip stays in the history.
    let undone = json!({ "id": stay["id"], "reason": "登记错了人" });
    office.ask("stays.resume", undone).await;
    assert_eq!(office.member(&zhang).await["derived"]["away"]["id"], stay["id"]);
    assert_eq!(office.ask("stays.get", json!({ "id": stay["id"] })).await["events"].as_array().unwrap().len(), 2);
    // Whoever is gone for good goes away no more.
    let left = json!({ "id": zhang, "event": "left", "on": day(0), "reason": "本人要求" });
    office.ask("stays.end", json!({ "id": stay["id"], "on": day(0) })).await;
    office.ask("members.change", left).await;
    assert_eq!(office.refused("stays.enter", json!({ "fields": away })).await.fields[0].key, "not_a_member");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stay_for_good_becomes_a_transfer_and_ends_with_it() {
    let mut county = County::found().await;
    let (pingming, anfeng, li, card) = two_offices(&mut county).await;
    let stay = comes(&anfeng, &card, json!({ "employer": "安峰服装厂" })).await;
    // One click: what the register knows is filled in; the clerk types the number of the document that is shown.
    let row = line(&anfeng, &stay["id"]).await;
    let ask = json!({
        "from": row["home_office"], "card_number": row["card_number"], "id_no": XIAO_LI, "stay": row["id"],
        "fields": { "name": row["name"], "employer": row["employer"] }
    });
    let wrong =
        json!({ "from": row["home_office"], "id_no": "990101", "stay": row["id"], "fields": { "name": "李小燕" } });
    anfeng.refused("transfers.accept", wrong).await;
    assert_eq!(line(&anfeng, &stay["id"]).await["state"], "open", "refused, and the stay goes on");
    let taken = anfeng.ask("transfers.accept", ask).await;
    let settled = line(&anfeng, &stay["id"]).await;
    assert_eq!((&settled["state"], &settled["member"]), (&json!("settled"), &taken["member"]));
    assert_eq!(
        (members(&anfeng).await, anfeng.found("李小燕").await),
        (0, 2),
        "not counted before the county has heard"
    );

    // Meanwhile the other office releases her, and all have a line again.
    county.plug().await;
    exchange_all(&[&anfeng, &county.desk, &pingming]).await;
    let asked = pingming.ask("transfers.list", json!({ "open": true })).await["rows"][0].clone();
    let release = json!({ "member": li, "transfer": asked["id"], "reason": "employment" });
    pingming.ask("transfers.release", release).await;
    exchange_all(&[&pingming, &county.desk, &anfeng, &pingming, &county.desk, &anfeng]).await;
    assert_eq!((members(&pingming).await, members(&anfeng).await, members(&county.desk).await), (0, 1, 1));
    county.agrees_with(&anfeng).await;
    let home = pingming
        .refused(
            "stays.enter",
            json!({ "fields": { "direction": "out", "member": li, "place": "安峰", "checked_by": "told" } }),
        )
        .await;
    assert_eq!(home.fields[0].key, "not_a_member");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_taken_in_on_a_slip_is_a_visitor_no_more() {
    let mut county = County::found().await;
    let (pingming, anfeng, li, card) = two_offices(&mut county).await;
    let stay = comes(&anfeng, &card, json!({})).await;
    let slip = pingming.ask("transfers.release", json!({ "member": li, "reason": "employment" })).await;
    // The clerk does not think of the register; the card number does.
    anfeng.ask("transfers.accept", json!({ "slip": slip["slip"], "id_no": XIAO_LI })).await;
    assert_eq!(line(&anfeng, &stay["id"]).await["state"], "settled");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pcs_end_one_stay_differently_and_show_the_same() {
    let county = County::found().await;
    let front = county.township("安峰镇总工会", "320722105", "王丽").await;
    let pocket = stick();
    let (invite, code) = front.further(pocket.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "孙敏").await;
    let fields = json!({ "name": "李小燕", "home_union": "平明镇总工会", "id_no": XIAO_LI, "checked_by": "paper", "since": day(20) });
    let stay = front.ask("stays.enter", json!({ "fields": fields })).await;
    exchange_all(&[&front, &county.desk, &back, &front]).await;

    // Neither hears of the other: one says she left the day before yesterday, the other that it was today.
    front.ask("stays.end", json!({ "id": stay["id"], "on": day(2) })).await;
    back.ask("stays.end", json!({ "id": stay["id"], "on": day(0), "note": "门卫说今天走的" })).await;
    // And both register 孙丽, who has just come.
    let sun = json!({ "name": "孙丽", "home_union": "双店镇总工会", "id_no": number(7), "checked_by": "paper" });
    for desk in [&front, &back] {
        desk.ask("stays.enter", json!({ "fields": sun })).await;
    }
    exchange_all(&[&front, &county.desk, &back, &front, &back]).await;
    for desk in [&front, &back, &county.desk] {
        let row = line(desk, &stay["id"]).await;
        assert_eq!(
            (&row["state"], &row["ended_on"], &row["contested"]),
            (&json!("ended"), &json!(day(0)), &json!(true))
        );
        let twice = desk.ask("stays.book", json!({ "which": "here" })).await["rows"].clone();
        assert_eq!((&twice[0]["twice"], &twice[1]["twice"]), (&json!(true), &json!(true)));
    }
    county.agrees_with(&front).await;
    county.agrees_with(&back).await;

    // One looks, undoes both, and says when it was.
    front.ask("stays.resume", json!({ "id": stay["id"], "reason": "两台电脑日期不同，已核实" })).await;
    front.ask("stays.end", json!({ "id": stay["id"], "on": day(1) })).await;
    exchange_all(&[&front, &county.desk, &back]).await;
    for desk in [&front, &back] {
        let row = line(desk, &stay["id"]).await;
        assert_eq!((&row["ended_on"], &row["contested"]), (&json!(day(1)), &json!(false)));
    }
}

/// What a command answers on a day that has not come yet.
fn later(desk: &Desk, days: i64, name: &str, ask: Value) -> Value {
    let office = desk.station.office().unwrap();
    let clerks = office.call("clerks.list", json!({}), caller(0, None)).unwrap().0;
    let clerk = clerks["clerks"][0]["id"].as_str().unwrap().to_owned();
    office.call(name, ask, caller(days, Some(&clerk))).unwrap().0
}

fn caller(days: i64, clerk: Option<&str>) -> Caller {
    let mut moment = niangjia_host::moment();
    moment.wall += days * 86_400_000;
    let clerk = clerk.map_or(niangjia_core::record::RecordId([0; 16]), |id| id.parse().unwrap());
    let roles = vec![niangjia_core::people::Role::Clerk, niangjia_core::people::Role::Viewer];
    Caller { clerk, roles, moment }
}

#[tokio::test]
async fn whom_nobody_has_seen_for_months_is_told_and_the_office_says_how_many_months() {
    let office = Desk::alone("安峰镇总工会").await;
    let zhang = office.join("张伟民", ZHANG_WEIMIN).await;
    let li = office.join("李小燕", XIAO_LI).await;
    let page = office.member(&li).await;
    office.save(&page, json!({ "is_migrant": true })).await;
    let unseen = |days: i64, floating: bool| later(&office, days, "members.unseen", json!({ "floating": floating }));
    // Both joined in March of last year, and were entered today: nobody is missed on the day of the first entry.
    assert_eq!(unseen(0, false)["total"], 0);
    let months = unseen(0, false)["months"].clone();
    assert_eq!(months, 6, "what is built in");
    assert_eq!(unseen(150, false)["total"], 0);
    let half_a_year = unseen(190, false);
    assert_eq!((&half_a_year["total"], &half_a_year["rows"][0]["how"]["zh"]), (&json!(2), &json!("建档")));
    let floating = unseen(190, true);
    assert_eq!((&floating["total"], &floating["rows"][0]["name"]), (&json!(1), &json!("李小燕")));
    let home = later(&office, 190, "home", json!({}));
    let told = home["tiles"].as_array().unwrap().iter().find(|tile| tile["key"] == "unseen").cloned();
    assert_eq!(told.unwrap()["count"], 1, "the first page speaks of those who are on the move");

    // The office says three months, or eight.
    office.ask("practice.set", json!({ "key": "unseen", "value": 3 })).await;
    assert_eq!(unseen(100, false)["total"], 2);
    office.ask("practice.set", json!({ "key": "unseen", "value": 8 })).await;
    assert_eq!(unseen(190, false)["total"], 0);
    office.ask("practice.set", json!({ "key": "unseen", "value": null })).await;

    // 张伟民 goes away: he was there on that day, and is on the move from now on.
    let out = json!({ "direction": "out", "member": zhang, "place": "苏州", "since": day(30), "checked_by": "phone" });
    office.ask("stays.enter", json!({ "fields": out })).await;
    assert_eq!(unseen(190, true)["total"], 2);

    // 李小燕 answered the telephone today. That is no union life: nothing changes about the months without it.
    let nobody_said_how = json!({ "ids": [li], "on": day(0), "how": "" });
    assert_eq!(office.refused("members.met", nobody_said_how).await.fields[0].key, "how_missing");
    let wrong = json!({ "ids": [li], "on": day(0) + Days::new(1), "how": "phone" });
    assert_eq!(office.refused("members.met", wrong).await.fields[0].key, "event_day_future");
    let page = office.member(&li).await;
    office.save(&page, json!({ "dues_paid_to": "2025-06-30" })).await;
    let idle = office.member(&li).await["derived"]["idle"].clone();
    assert_eq!(idle["level"], "deemed");
    assert_eq!(
        office.ask("members.met", json!({ "ids": [li], "on": day(0), "how": "phone", "note": "在苏州" })).await["recorded"],
        1
    );
    let page = office.member(&li).await;
    assert_eq!((&page["derived"]["idle"], &page["state"]), (&idle, &json!("active")));
    assert_eq!(page["derived"]["last_seen"]["how"]["zh"], "联系上");
    let level =
        unseen(190, false)["rows"].as_array().unwrap().iter().find(|row| row["id"] == *li).unwrap()["level"].clone();
    assert_eq!(level, "deemed", "and the list leads to the procedure");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_counts_as_being_seen_is_what_somebody_did_in_person() {
    let mut county = County::found().await;
    let (pingming, _anfeng, li, card) = two_offices(&mut county).await;
    let seen = |days: i64| {
        let page = later(&pingming, days, "members.get", json!({ "id": li }));
        page["derived"]["last_seen"].clone()
    };
    assert_eq!(seen(190)["how"]["zh"], "领取、挂失会员证", "she fetched her card today");
    assert_eq!((&seen(190)["late"], &seen(100)["late"]), (&json!(true), &json!(false)));
    pingming.ask("members.seen", json!({ "ids": [li], "on": day(0), "what": "会员大会" })).await;
    assert_eq!(seen(0)["how"]["zh"], "参加活动");
    // An entry that is only corrected by a clerk is no sight of her.
    let page = pingming.member(&li).await;
    pingming.save(&page, json!({ "residence": "平明街 1 号" })).await;
    assert_eq!((&seen(0)["on"], &seen(0)["how"]["zh"]), (&json!(day(0)), &json!("参加活动")));
    let _ = card;
}
