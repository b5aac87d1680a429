//! Cards: numbers come from the county, each is given out once, and what happens to a card is written down with day and
//! reason. Whoever gives a number out again by a copied PC is found at the first exchange.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stories::{
    County, Desk, cloned, exchange_all,
    kit::tile,
    stick::{number, packet, stick},
};

const WANG_FANG: &str = "99010119900615007X";
const ZHANG_WEIMIN: &str = "990101198001010014";

async fn stock(desk: &Desk) -> Value {
    desk.ask("cards.stock", json!({})).await
}

/// A township whose PC has numbers.
async fn with_numbers(county: &County, name: &str, code: &str, count: u64) -> Desk {
    let desk = county.township(name, code, "李强").await;
    desk.ask("cards.ask_numbers", json!({ "count": count })).await;
    exchange_all(&[&desk, &county.desk, &desk]).await;
    assert_eq!(stock(&desk).await["left"], count);
    desk
}

async fn order(desk: &Desk, members: &[&str]) -> Vec<Value> {
    desk.ask("cards.order", json!({ "members": members })).await["cards"].as_array().unwrap().clone()
}

async fn change(desk: &Desk, card: &Value, event: &str) -> Value {
    desk.ask("cards.change", json!({ "ids": [card["id"]], "event": event, "reason": "本人申请" })).await
}

async fn state(desk: &Desk, card: &Value) -> String {
    let page = desk.ask("cards.get", json!({ "id": card["id"] })).await;
    page["state"].as_str().unwrap().to_owned()
}

fn no(card: &Value) -> &str {
    card["number"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_goes_from_the_order_to_its_member_and_back() {
    let county = County::found().await;
    let desk = county.township("平明镇总工会", "320722104", "李强").await;
    let (wang, zhang) = (desk.join("王芳", WANG_FANG).await, desk.join("张伟民", ZHANG_WEIMIN).await);

    // Without numbers nothing is ordered, and the clerk reads what to do.
    let refused = desk.refused("cards.order", json!({ "members": [wang] })).await;
    assert_eq!(refused.code, "stock_empty");
    assert!(refused.say.zh.contains("申请号码"));
    desk.ask("cards.ask_numbers", json!({ "count": 200, "note": "今年第一批" })).await;
    let waiting = stock(&desk).await;
    assert_eq!((&waiting["left"], &waiting["low"]), (&json!(0), &json!(true)));
    assert_eq!(waiting["requests"][0]["own"], true);
    exchange_all(&[&desk, &county.desk, &desk]).await;
    let full = stock(&desk).await;
    assert_eq!((&full["left"], &full["low"], &full["requests"]), (&json!(200), &json!(false), &json!([])));

    // Ordered, printed, handed out; a number of 20 digits that begins with the office's code and ends in a check digit.
    let cards = order(&desk, &[&wang, &zhang, &wang]).await;
    assert_eq!(cards.len(), 2, "chosen twice, meant once");
    assert_eq!(full["next"], cards[0]["number"]);
    assert!(no(&cards[0]).starts_with("320722104") && no(&cards[0]).len() == 20);
    let again = desk.ask("cards.order", json!({ "members": [wang] })).await;
    assert_eq!(again["cards"], json!([]));
    assert!(again["refused"][0]["say"]["zh"].as_str().unwrap().contains("换发"));
    for (event, now) in [("printed", "printed"), ("handed_out", "held"), ("lost", "lost"), ("found", "held")] {
        assert_eq!(change(&desk, &cards[0], event).await["changed"], 1);
        assert_eq!(state(&desk, &cards[0]).await, now);
    }
    let refused = desk.refused("cards.change", json!({ "ids": [cards[0]["id"]], "event": "found" })).await;
    assert_eq!(refused.code, "event_cannot_follow");
    assert_eq!(desk.member(&wang).await["fields"]["member_no"], cards[0]["number"]);
    let page = desk.ask("cards.get", json!({ "id": cards[0]["id"] })).await;
    assert_eq!(page["attention"], json!([]), "a card in order asks for nothing");

    // Lost and replaced: both numbers find her, and the history says what happened.
    change(&desk, &cards[0], "lost").await;
    let fresh = desk.ask("cards.replace", json!({ "id": cards[0]["id"], "reason": "遗失补办" })).await;
    assert_ne!(no(&fresh), no(&cards[0]));
    assert_eq!(state(&desk, &cards[0]).await, "replaced");
    for number in [no(&fresh), no(&cards[0])] {
        let hits = desk.ask("search", json!({ "text": number })).await;
        let card = hits["hits"].as_array().unwrap().iter().find(|hit| hit["kind"] == "card").unwrap();
        assert_eq!((&card["title"], &card["detail"]), (&json!(number), &json!("王芳")));
    }
    let history = desk.ask("cards.get", json!({ "id": cards[0]["id"] })).await;
    let told = history["events"].to_string();
    assert!(told.contains("遗失补办") && told.contains(no(&fresh)), "{told}");

    // Number and holder are not typed over.
    let page = desk.ask("cards.get", json!({ "id": fresh["id"] })).await;
    let ask = json!({ "id": fresh["id"], "token": page["token"], "fields": { "number": "1" } });
    assert_eq!(desk.refused("cards.save", ask).await.fields[0].key, "card_fixed");
    let ask = json!({ "id": fresh["id"], "token": page["token"], "fields": { "note": "卡面磨损", "bank_card_no": "9999990000000006" } });
    desk.ask("cards.save", ask).await;

    // Who left hands the card back.
    let ask = json!({ "id": zhang, "event": "left", "on": "2026-01-05", "reason": "个人要求退会" });
    desk.ask("members.change", ask).await;
    assert_eq!(change(&desk, &cards[1], "taken_back").await["changed"], 1);
    assert_eq!(desk.ask("cards.order", json!({ "members": [zhang] })).await["cards"], json!([]));
    county.agrees_with(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_go_on_after_the_paper_book() {
    let county = County::found().await;
    let desk = county.township("平明镇总工会", "320722104", "李强").await;
    let (wang, zhang) = (desk.join("王芳", WANG_FANG).await, desk.join("张伟民", ZHANG_WEIMIN).await);
    // Whoever types the whole old number, or a serial that leaves no room, is told so, and nothing is asked.
    for from in [0, 1_000_000, 320_722_104] {
        let refused = desk.refused("cards.ask_numbers", json!({ "count": 10, "from": from })).await;
        assert_eq!((refused.fields[0].field.as_str(), refused.fields[0].key.as_str()), ("from", "lease_from"));
    }
    desk.ask("cards.ask_numbers", json!({ "count": 10, "from": 351 })).await;
    exchange_all(&[&desk, &county.desk, &desk]).await;
    let next = stock(&desk).await["next"].as_str().unwrap().to_owned();
    assert_eq!(&next[13..19], "000351");

    // A card of the book is typed in with the number that it has, also where that is the next one.
    let entered =
        desk.ask("cards.enter", json!({ "member": wang, "number": "东工０１２３", "issued_on": "2011-05-01" })).await;
    assert_eq!(state(&desk, &entered).await, "held");
    assert_eq!(desk.member(&wang).await["fields"]["member_no"], "东工0123");
    let other = desk.join("李秀英", &number(3)).await;
    desk.ask("cards.enter", json!({ "member": other, "number": next })).await;
    assert_ne!(no(&order(&desk, &[&zhang]).await[0]), next, "a number that stands on paper is passed over");

    // Two cards under one number are entered only on purpose, and then somebody has to decide.
    let third = desk.join("赵敏", &number(4)).await;
    let twice = json!({ "member": third, "number": "东工0123" });
    assert_eq!(desk.refused("cards.enter", twice).await.fields[0].key, "card_number_taken");
    let second = desk.ask("cards.enter", json!({ "member": third, "number": "东工0123", "twice": true })).await;
    assert_eq!(tile(&desk, "cards_twice").await, Some(1));
    county.agrees_with(&desk).await;
    let seen = county.desk.ask("cards.twice", json!({})).await;
    assert_eq!(seen["numbers"][0]["cards"].as_array().unwrap().len(), 2);
    county.desk.ask("cards.supersede", json!({ "keep": entered["id"], "reason": "发证在先" })).await;
    exchange_all(&[&county.desk, &desk]).await;
    assert_eq!((state(&desk, &entered).await, state(&desk, &second).await), ("held".into(), "superseded".into()));
    assert_eq!(tile(&desk, "cards_twice").await, None);
    let page = desk.ask("cards.get", json!({ "id": second["id"] })).await;
    assert!(page["derived"]["recall"]["zh"].as_str().unwrap().contains("收回"), "{page}");
    assert_eq!(desk.found("东工0123").await, 4, "both members and both cards, under the number that they bore");
    assert_eq!(order(&desk, &[&third]).await.len(), 1, "and a new card can be made out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_hands_numbers_on_while_the_county_is_away() {
    let (county, stick) = (County::found().await, stick());
    let front = with_numbers(&county, "平明镇总工会", "320722104", 100).await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    let asked = back.ask("cards.ask_numbers", json!({ "count": 30 })).await;
    assert_eq!(stock(&back).await["left"], 0, "a new PC begins without numbers");

    // Over the stick, between the two PCs alone.
    front.import(&packet(&back, "device", stick.path()).await).await;
    let seen = stock(&front).await;
    assert_eq!((&seen["requests"][0]["id"], &seen["requests"][0]["can"]), (&asked["id"], &json!("hand_on")));
    front.ask("cards.hand_on_numbers", json!({ "request": asked["id"] })).await;
    assert_eq!(stock(&front).await["left"], 70);
    let refused = front.refused("cards.hand_on_numbers", json!({ "request": asked["id"] })).await;
    assert_eq!(refused.code, "request_answered");
    assert_eq!(stock(&back).await["left"], 0, "spent only once the handing is here");
    back.import(&packet(&front, "device", stick.path()).await).await;
    assert_eq!(stock(&back).await["left"], 30);

    // Both give out all that they have; no number comes twice.
    let mut numbers = BTreeSet::new();
    for (desk, count, from) in [(&front, 70, 0), (&back, 30, 100)] {
        let mut people = Vec::new();
        for n in 0..count {
            people.push(desk.join(&format!("会员{}", from + n), &number(from + n)).await);
        }
        let people: Vec<&str> = people.iter().map(String::as_str).collect();
        numbers.extend(order(desk, &people).await.iter().map(|card| no(card).to_owned()));
        assert_eq!(stock(desk).await["left"], 0);
    }
    assert_eq!(numbers.len(), 100);
    exchange_all(&[&front, &back, &county.desk]).await;
    assert_eq!(county.desk.ask("cards.twice", json!({})).await, json!({ "numbers": [], "leases": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_pc_gives_a_number_out_again_and_it_is_found() {
    let county = County::found().await;
    let mut first = with_numbers(&county, "平明镇总工会", "320722104", 50).await;
    let second = cloned(&mut first).await;
    let wang = first.join("王芳", WANG_FANG).await;
    let zhang = second.join("张伟民", ZHANG_WEIMIN).await;
    let (a, b) = (order(&first, &[&wang]).await.remove(0), order(&second, &[&zhang]).await.remove(0));
    assert_eq!(no(&a), no(&b), "both had the same numbers left");
    for _ in 0..3 {
        exchange_all(&[&first, &second, &county.desk]).await;
    }
    for desk in [&county.desk, &first, &second] {
        let told = desk.ask("cards.twice", json!({})).await;
        assert_eq!(told["numbers"][0]["number"], a["number"]);
        assert_eq!(tile(desk, "cards_twice").await, Some(1));
        assert_eq!(desk.ask("cards.get", json!({ "id": a["id"] })).await["derived"]["twice"], json!([b["id"]]));
    }
    // Whoever goes on under a new name has no numbers any more, so it does not happen again.
    let left = [stock(&first).await["left"].as_u64().unwrap(), stock(&second).await["left"].as_u64().unwrap()];
    assert!(left.contains(&0), "{left:?}");
    county.desk.ask("cards.supersede", json!({ "keep": a["id"], "reason": "先交到本人手里" })).await;
    for _ in 0..2 {
        exchange_all(&[&county.desk, &first, &second]).await;
    }
    for desk in [&county.desk, &first, &second] {
        assert_eq!((state(desk, &a).await, state(desk, &b).await), ("ordered".into(), "superseded".into()));
        assert_eq!(tile(desk, "cards_twice").await, None);
        assert!(desk.found(no(&a)).await >= 2, "both stay findable under it");
    }

    // Both codes stand at one place of the list: the one that keeps the number is good again once the other is back.
    let text = first.ask("cards.sign", json!({ "ids": [a["id"]] })).await["cards"][0]["code"].clone();
    let anfeng = county.township("安峰镇总工会", "320722105", "赵敏").await;
    exchange_all(&[&first, &county.desk, &anfeng]).await;
    let told = |said: Value| said["answer"].as_str().unwrap().to_owned();
    assert_eq!(told(anfeng.ask("cards.verify", json!({ "text": text })).await), "suspended");
    let back = json!({ "ids": [b["id"]], "event": "taken_back", "reason": "重号，收回换发" });
    second.ask("cards.change", back).await;
    exchange_all(&[&second, &county.desk, &second, &anfeng]).await;
    // What is lighter goes out within half a day; here it is the rules' test that shows it. Never is the one that kept it void.
    assert_eq!(told(anfeng.ask("cards.verify", json!({ "text": text })).await), "suspended");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_that_works_alone_numbers_its_own_cards_without_a_code() {
    let desk = Desk::alone("平明镇总工会").await;
    let wang = desk.join("王芳", WANG_FANG).await;
    desk.ask("cards.ask_numbers", json!({ "count": 20 })).await;
    assert_eq!(stock(&desk).await["left"], 20, "who leases numbers does not wait for itself");
    let card = order(&desk, &[&wang]).await.remove(0);
    let signed = desk.ask("cards.sign", json!({ "ids": [card["id"]] })).await;
    assert_eq!(signed["cards"][0]["code"], Value::Null, "without a county there is no list to stand in");
    assert_eq!(desk.refused("cards.ask_numbers", json!({ "count": 5_001 })).await.fields[0].key, "lease_count");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_requests_wait_for_a_person_at_the_county() {
    let county = County::found().await;
    let desk = with_numbers(&county, "平明镇总工会", "320722104", 900).await;
    desk.ask("cards.ask_numbers", json!({ "count": 900 })).await;
    exchange_all(&[&desk, &county.desk, &desk]).await;
    assert_eq!(stock(&desk).await["left"], 900);
    let waiting = stock(&county.desk).await;
    let request = &waiting["requests"][0];
    assert_eq!(
        (&request["office"], &request["count"], &request["can"]),
        (&json!("平明镇总工会"), &json!(900), &json!("grant"))
    );
    county.desk.ask("cards.grant_numbers", json!({ "request": request["id"], "count": 300 })).await;
    assert_eq!(desk.refused("cards.grant_numbers", json!({ "request": request["id"] })).await.code, "not_registrar");
    exchange_all(&[&county.desk, &desk]).await;
    let full = stock(&desk).await;
    assert_eq!((&full["left"], full["ranges"].as_array().unwrap().len()), (&json!(1_200), 2));

    // The serials of the year are used up, and a colleague's PC asks for a few: that waits for a person, and stops nothing else.
    desk.ask("cards.ask_numbers", json!({ "count": 5_000, "from": 994_999 })).await;
    exchange_all(&[&desk, &county.desk]).await;
    let far = stock(&county.desk).await["requests"][0]["id"].clone();
    county.desk.ask("cards.grant_numbers", json!({ "request": far })).await;
    let stick = stick();
    let (invite, code) = desk.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    let asked = back.ask("cards.ask_numbers", json!({ "count": 100 })).await;
    let wang = back.join("王芳", WANG_FANG).await;
    county.agrees_with(&back).await;
    assert_eq!(county.desk.member(&wang).await["standing"]["mark"], "confirmed", "receipts go on");
    let refused = county.desk.refused("cards.grant_numbers", json!({ "request": asked["id"] })).await;
    assert_eq!(refused.fields[0].key, "lease_exhausted");
    back.ask("cards.withdraw_request", json!({ "request": asked["id"] })).await;
    county.agrees_with(&back).await;
    assert_eq!(stock(&county.desk).await["requests"], json!([]));
}
