//! A card shown at another office: both offline, and still the answer says whether it holds, and how old that knowledge is.

use serde_json::{Value, json};
use stories::{County, Desk, exchange_all, stick::number};

const WANG_FANG: &str = "99010119900615007X";

/// 平明 with a card of 王芳 that is with her, and 安峰; both have been in step once.
async fn two_offices(county: &County) -> (Desk, Desk, String, Value) {
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let anfeng = county.township("安峰镇总工会", "320722105", "王丽").await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    pingming.ask("cards.ask_numbers", json!({ "count": 100 })).await;
    exchange_all(&[&pingming, &county.desk, &pingming, &anfeng]).await;
    let card = pingming.ask("cards.order", json!({ "members": [wang] })).await["cards"][0].clone();
    (pingming, anfeng, wang, card)
}

async fn code(desk: &Desk, card: &Value) -> String {
    let signed = desk.ask("cards.sign", json!({ "ids": [card["id"]] })).await;
    signed["cards"][0]["code"].as_str().unwrap().to_owned()
}

async fn verify(desk: &Desk, text: &str) -> Value {
    desk.ask("cards.verify", json!({ "text": text })).await
}

async fn change(desk: &Desk, card: &Value, event: &str) {
    desk.ask("cards.change", json!({ "ids": [card["id"]], "event": event, "reason": "本人申请" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_believed_where_its_office_is_not_reached() {
    let mut county = County::found().await;
    let (pingming, anfeng, wang, card) = two_offices(&county).await;
    let text = code(&pingming, &card).await;
    assert!(text.starts_with("NJ1:") && text.len() <= 300);
    assert!(!text.contains("99010119900615007"), "the whole ID number is in no code");

    // The office itself believes its own key at once; whoever has come into step since it told its key does too; and one that
    // has not says so.
    let own = verify(&pingming, &text).await;
    assert_eq!((&own["answer"], &own["tone"]), (&json!("valid"), &json!("good")));
    assert_eq!(own["here"]["member"], wang);
    assert_eq!(verify(&anfeng, &text).await["tone"], "good");
    let shuangdian = county.township("双店镇总工会", "320722106", "陈明").await;
    let unknown = verify(&shuangdian, &text).await;
    assert_eq!((&unknown["answer"], &unknown["card"]), (&json!("unknown_issuer"), &Value::Null));

    // A morning with a line, and then none any more.
    exchange_all(&[&pingming, &county.desk, &anfeng, &pingming]).await;
    county.unplug().await;
    let good = verify(&anfeng, &text).await;
    assert_eq!((&good["answer"], &good["tone"]), (&json!("valid"), &json!("good")));
    let shown = &good["card"];
    assert_eq!((&shown["name"], &shown["tail"], &shown["number"]), (&json!("王芳"), &json!("007X"), &card["number"]));
    assert_eq!((&shown["since"], &shown["born"]), (&json!("2025-03-01"), &json!(1990)));
    assert_eq!((&good["office"], &good["here"]), (&json!("平明镇总工会"), &Value::Null));
    assert!(good["list_of"].is_string());

    // As a keyboard with the wrong input method types it, and as somebody alters it.
    assert_eq!(verify(&anfeng, &format!(" {}\r\n", text.to_lowercase())).await["answer"], "valid");
    let middle = text.len() / 2;
    let other = if &text[middle..=middle] == "A" { "B" } else { "A" };
    let altered = format!("{}{other}{}", &text[..middle], &text[middle + 1..]);
    let bad = verify(&anfeng, &altered).await;
    assert!(["bad_signature", "not_ours", "unknown_issuer"].contains(&bad["answer"].as_str().unwrap()), "{bad}");
    assert_eq!(bad["card"], Value::Null, "what nobody vouches for is not shown");

    // Only the number, read out over the telephone.
    let number = card["number"].as_str().unwrap();
    let leased = verify(&anfeng, number).await;
    assert_eq!((&leased["answer"], &leased["office"]), (&json!("leased"), &json!("平明镇总工会")));
    let spaced = format!("{} {} {}", &number[..9], &number[9..13], &number[13..]);
    assert_eq!(verify(&pingming, &spaced).await["here"]["name"], "王芳");
    let last = if number.ends_with('0') { "1" } else { "0" };
    assert_eq!(verify(&anfeng, &format!("{}{last}", &number[..19])).await["answer"], "unknown", "mistyped");
    assert_eq!(verify(&anfeng, "NJ2:ABC").await["answer"], "not_ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_and_a_leaving_are_known_everywhere_after_the_next_exchange() {
    let county = County::found().await;
    let (pingming, anfeng, wang, card) = two_offices(&county).await;
    let text = code(&pingming, &card).await;
    change(&pingming, &card, "handed_out").await;
    exchange_all(&[&pingming, &county.desk, &anfeng]).await;
    assert_eq!(verify(&anfeng, &text).await["answer"], "valid");

    // Reported lost: here at once, at the county as soon as it heard, at the other office with its next exchange.
    change(&pingming, &card, "lost").await;
    assert_eq!(verify(&pingming, &text).await["answer"], "suspended");
    assert_eq!(verify(&anfeng, &text).await["answer"], "valid");
    exchange_all(&[&pingming, &county.desk]).await;
    assert_eq!(verify(&county.desk, &text).await["answer"], "suspended");
    anfeng.sync().await;
    let lost = verify(&anfeng, &text).await;
    assert_eq!((&lost["answer"], &lost["tone"]), (&json!("suspended"), &json!("doubtful")));
    assert_eq!(lost["card"]["name"], "王芳", "whose card it is may be seen all the same");

    // Replaced: the old one is void for good, the new one holds.
    let fresh = pingming.ask("cards.replace", json!({ "id": card["id"], "reason": "遗失补办" })).await;
    let new = code(&pingming, &fresh).await;
    exchange_all(&[&pingming, &county.desk, &anfeng]).await;
    assert_eq!(
        (&verify(&anfeng, &text).await["answer"], &verify(&anfeng, &new).await["answer"]),
        (&json!("revoked"), &json!("valid"))
    );
    let gone = pingming.refused("cards.sign", json!({ "ids": [card["id"]] })).await;
    assert_eq!(gone.code, "card_counts_no_more");

    // She leaves the union; her card counts no more although nobody has taken it back yet.
    let ask = json!({ "id": wang, "event": "left", "on": "2026-01-05", "reason": "个人要求退会" });
    pingming.ask("members.change", ask).await;
    assert_eq!(verify(&pingming, &new).await["answer"], "revoked");
    exchange_all(&[&pingming, &county.desk, &anfeng]).await;
    assert_eq!(verify(&anfeng, &new).await["answer"], "revoked");
    county.agrees_with(&anfeng).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_go_out_when_something_changed_and_not_at_every_exchange() {
    let county = County::found().await;
    let (pingming, anfeng, _, card) = two_offices(&county).await;
    code(&pingming, &card).await;
    for _ in 0..3 {
        exchange_all(&[&pingming, &county.desk, &anfeng]).await;
    }
    let lists = || -> Vec<String> {
        let file = county.desk.file();
        let mut tokens = file.prepare("SELECT hex(token) FROM card_list ORDER BY what").unwrap();
        tokens.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let [status, trust] = lists().try_into().unwrap();
    let other = pingming.join("李秀英", &number(3)).await;
    let second = pingming.ask("cards.order", json!({ "members": [other] })).await["cards"][0].clone();
    exchange_all(&[&pingming, &county.desk]).await;
    assert_eq!(lists(), [status.clone(), trust.clone()], "a card in order changes nothing");
    change(&pingming, &second, "taken_back").await;
    exchange_all(&[&pingming, &county.desk]).await;
    let [newer, same] = lists().try_into().unwrap();
    assert!(newer != status && same == trust, "the status list alone, in the place of the old one");
    let status = county.desk.sync().await;
    assert_eq!(status["in_step"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_pc_was_shut_out_its_earlier_cards_stand_and_the_list_says_until_when() {
    let county = County::found().await;
    let (pingming, anfeng, _, card) = two_offices(&county).await;
    let text = code(&pingming, &card).await;
    exchange_all(&[&pingming, &county.desk, &anfeng]).await;
    let before: i64 = {
        let file = county.desk.file();
        file.query_row("SELECT length(token) FROM card_list WHERE what = 'trust'", [], |row| row.get(0)).unwrap()
    };
    let devices = county.desk.ask("devices.list", json!({})).await;
    let stolen =
        devices["devices"].as_array().unwrap().iter().find(|d| d["office"] == "平明镇总工会").unwrap()["id"].clone();
    county.desk.ask("devices.revoke", json!({ "device": stolen, "reason": "stolen" })).await;
    exchange_all(&[&county.desk, &anfeng]).await;
    exchange_all(&[&county.desk, &anfeng]).await;
    assert_eq!(verify(&anfeng, &text).await["answer"], "valid", "issued while the PC was the office's");
    let file = county.desk.file();
    let (lists, length): (i64, i64) = file
        .query_row("SELECT count(*), max(length(token)) FROM card_list WHERE what = 'trust'", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(lists, 1);
    assert!(length > before, "the list says until when the key counts");
}
