//! 王芳 leaves 平明镇 for a factory in 安峰镇. Both offices are offline: she is taken in on her slip at once, and when the lines
//! are back the county confirms, her whole file is there, and nobody has counted her twice.

use serde_json::{Value, json};
use stories::{County, Desk, exchange_all, kit::tile, stick::number};

const WANG_FANG: &str = "99010119900615007X";

async fn state(desk: &Desk, member: &str) -> String {
    desk.member(member).await["state"].as_str().unwrap_or("").to_owned()
}

/// How many members an office counts: in the union, or let go and not yet taken in elsewhere.
async fn counted(desk: &Desk) -> u64 {
    let file = desk.file();
    let sql = "SELECT count(*) FROM member WHERE void = 0 AND state IN ('active', 'out_in_transit')";
    file.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs()
}

async fn transfer(desk: &Desk, id: &Value) -> Value {
    let list = desk.ask("transfers.list", json!({})).await;
    let rows = list["rows"].as_array().unwrap().clone();
    rows.into_iter().find(|row| row["id"] == *id).unwrap_or(Value::Null)
}

/// 平明 with 王芳, who has a card, and 安峰; both have been in step and know the county's lists.
async fn two_offices(county: &County) -> (Desk, Desk, String) {
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let anfeng = county.township("安峰镇总工会", "320722105", "王丽").await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    pingming.ask("cards.ask_numbers", json!({ "count": 100 })).await;
    exchange_all(&[&pingming, &county.desk, &pingming]).await;
    let card = pingming.ask("cards.order", json!({ "members": [wang] })).await["cards"][0].clone();
    pingming.ask("cards.sign", json!({ "ids": [card["id"]] })).await;
    pingming.ask("cards.change", json!({ "ids": [card["id"]], "event": "handed_out" })).await;
    exchange_all(&[&pingming, &county.desk, &anfeng, &pingming]).await;
    (pingming, anfeng, wang)
}

async fn release(desk: &Desk, member: &str, to: Option<&Desk>) -> Value {
    let to = to.map(|desk| desk.office().to_string());
    let ask = json!({ "member": member, "to": to, "reason": "employment", "dues_paid_to": "2026-10-31" });
    desk.ask("transfers.release", ask).await
}

async fn accept(desk: &Desk, slip: &Value) -> Value {
    let fields = json!({ "employer": "安峰服装厂" });
    desk.ask("transfers.accept", json!({ "slip": slip["slip"], "id_no": WANG_FANG, "fields": fields })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn she_is_taken_in_on_her_slip_while_nobody_has_a_line() {
    let mut county = County::found().await;
    let (pingming, anfeng, wang) = two_offices(&county).await;
    county.unplug().await;

    let slip = release(&pingming, &wang, Some(&anfeng)).await;
    assert!(slip["slip"].as_str().unwrap().starts_with("NJT1:"));
    assert_eq!(state(&pingming, &wang).await, "out_in_transit");
    assert_eq!(counted(&pingming).await, 1, "counted by the old office until the new one has her");
    let again = pingming.refused("transfers.release", json!({ "member": wang, "reason": "employment" })).await;
    assert_eq!(again.code, "already_released");

    // Scanned in 安峰: genuine, who she is, and who lets go.
    let seen = anfeng.ask("transfers.read", json!({ "text": slip["slip"] })).await;
    assert_eq!((&seen["tone"], &seen["slip"]["name"]), (&json!("good"), &json!("王芳")));
    assert_eq!((&seen["slip"]["from"], &seen["slip"]["tail"]), (&json!("平明镇总工会"), &json!("007X")));
    assert_eq!(seen["slip"]["since"], "2025-03-01");
    let wrong = json!({ "slip": slip["slip"], "id_no": number(5) });
    assert_eq!(anfeng.refused("transfers.accept", wrong).await.fields[0].key, "tail_differs");
    let taken = accept(&anfeng, &slip).await;
    assert_eq!(taken["member"], wang, "she keeps her record");
    assert_eq!(state(&anfeng, &wang).await, "provisional");
    assert_eq!(counted(&anfeng).await, 0);
    assert_eq!(anfeng.found("王芳").await, 1);
    let again = json!({ "slip": slip["slip"], "id_no": WANG_FANG });
    assert_eq!(anfeng.refused("transfers.accept", again).await.code, "transfer_cannot");

    // The lines are back.
    county.plug().await;
    exchange_all(&[&pingming, &anfeng, &county.desk, &pingming, &anfeng]).await;
    assert_eq!(counted(&county.desk).await, 1);
    assert_eq!((state(&pingming, &wang).await, state(&anfeng, &wang).await), ("transferred".into(), "active".into()));
    assert_eq!((counted(&pingming).await, counted(&anfeng).await), (0, 1));
    for desk in [&pingming, &anfeng, &county.desk] {
        assert_eq!(transfer(desk, &slip["id"]).await["state"], "confirmed");
    }

    // Her whole file is there: what she was, since when, her card, and who wrote it.
    let page = anfeng.member(&wang).await;
    assert_eq!(page["fields"]["employer"], "安峰服装厂", "what the new office entered");
    assert_eq!(page["conflicts"], json!([]), "what both wrote alike is one");
    let events: Vec<&str> = page["events"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap()).collect();
    assert!(events.contains(&"joined") && events.contains(&"taken_in"), "{events:?}");
    let cards = anfeng.ask("cards.list", json!({})).await;
    assert_eq!((&cards["total"], &cards["rows"][0]["state"]), (&json!(1), &json!("held")));
    assert_eq!(page["fields"]["member_no"], cards["rows"][0]["title"]);
    // The old office keeps a page to read, and writes no more on it.
    let stub = pingming.member(&wang).await;
    let refused = pingming
        .refused(
            "members.save",
            json!({ "id": wang, "token": stub["token"], "fields": { "residence": "平明街 1 号" } }),
        )
        .await;
    assert_eq!(refused.code, "moved_on");
    let list = county.desk.ask("members.list", json!({})).await;
    assert_eq!(list["total"], 1, "one person at the county");
    county.agrees_with(&anfeng).await;
    county.agrees_with(&pingming).await;
}

async fn waiting(desk: &Desk, member: &str) -> Vec<Value> {
    let late = desk.ask("transfers.late", json!({})).await;
    let rows = late["rows"].as_array().unwrap().iter();
    rows.filter(|row| row["record"] == *member && row["state"] == "waiting").cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_in_at_two_places_both_are_held_and_the_county_decides() {
    let county = County::found().await;
    let (pingming, anfeng, wang) = two_offices(&county).await;
    let shuangdian = county.township("双店镇总工会", "320722106", "陈明").await;
    exchange_all(&[&shuangdian, &county.desk, &shuangdian]).await;
    // An open slip, copied.
    let slip = release(&pingming, &wang, None).await;
    for (desk, employer) in [(&anfeng, "安峰服装厂"), (&shuangdian, "双店电子厂")] {
        let ask = json!({ "slip": slip["slip"], "id_no": WANG_FANG, "fields": { "employer": employer } });
        desk.ask("transfers.accept", ask).await;
    }
    exchange_all(&[&pingming, &anfeng, &shuangdian, &county.desk, &pingming, &anfeng, &shuangdian]).await;
    for desk in [&pingming, &anfeng, &shuangdian, &county.desk] {
        assert_eq!(transfer(desk, &slip["id"]).await["state"], "disputed");
    }
    assert_eq!(tile(&county.desk, "transfers").await, Some(1), "the county reads it on its first page");
    assert_eq!(counted(&county.desk).await, 1);

    // The county asks both, and decides.
    let row = transfer(&county.desk, &slip["id"]).await;
    assert_eq!(row["takers"].as_array().unwrap().len(), 3, "both, and the old one: {row}");
    let ask = json!({ "id": slip["id"], "office": shuangdian.office().to_string(), "reason": "劳动合同在双店电子厂" });
    county.desk.ask("transfers.decide", ask).await;
    exchange_all(&[&anfeng, &shuangdian, &pingming, &county.desk, &anfeng, &shuangdian]).await;
    let states = [state(&pingming, &wang).await, state(&anfeng, &wang).await, state(&shuangdian, &wang).await];
    assert_eq!(states, ["transferred", "transferred", "active"]);
    assert_eq!(shuangdian.member(&wang).await["fields"]["employer"], "双店电子厂");
    assert_eq!(counted(&county.desk).await, 1);
    for desk in [&pingming, &anfeng, &shuangdian] {
        county.agrees_with(desk).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_old_office_writes_too_late_waits_with_the_new_one_and_its_author_hears() {
    let county = County::found().await;
    let (pingming, anfeng, wang) = two_offices(&county).await;
    let slip = release(&pingming, &wang, Some(&anfeng)).await;
    accept(&anfeng, &slip).await;
    exchange_all(&[&anfeng, &county.desk, &anfeng]).await;
    assert_eq!(state(&anfeng, &wang).await, "active", "the slip is the old office's own word");

    // 平明 has heard of nothing, and goes on for a day.
    let page = pingming.member(&wang).await;
    pingming.save(&page, json!({ "residence": "平明街 1 号" })).await;
    let page = pingming.member(&wang).await;
    pingming.save(&page, json!({ "contact_other": "已搬走" })).await;
    exchange_all(&[&pingming, &county.desk, &pingming, &anfeng]).await;
    assert_eq!(state(&pingming, &wang).await, "transferred");
    let late = waiting(&anfeng, &wang).await;
    assert_eq!(late.len(), 1);
    assert_eq!((&late[0]["from"], &late[0]["name"]), (&json!("平明镇总工会"), &json!("王芳")));
    let written = &late[0]["changes"];
    assert_eq!(written.as_array().unwrap().len(), 2);
    assert_eq!(written[0]["fields"][0]["new"]["zh"], "平明街 1 号");
    assert!(written[0]["author"].as_str().unwrap().starts_with("李强"));
    anfeng.ask("transfers.refuse_late", json!({ "id": late[0]["id"], "reason": "本人说已不住平明" })).await;
    exchange_all(&[&anfeng, &county.desk, &pingming]).await;
    let told = pingming.ask("transfers.late", json!({})).await["rows"][0].clone();
    assert_eq!(
        (&told["state"], &told["reason"], &told["own"]),
        (&json!("refused"), &json!("本人说已不住平明"), &json!(false))
    );
    assert_eq!(anfeng.member(&wang).await["fields"]["residence"], Value::Null);
    let again = anfeng.refused("transfers.take_late", json!({ "id": late[0]["id"] })).await;
    assert_eq!(again.code, "late_edit_settled");
    county.agrees_with(&anfeng).await;
    county.agrees_with(&pingming).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn she_comes_home_again_and_is_the_same_person() {
    let county = County::found().await;
    let (pingming, anfeng, wang) = two_offices(&county).await;
    let slip = release(&pingming, &wang, Some(&anfeng)).await;
    accept(&anfeng, &slip).await;
    exchange_all(&[&anfeng, &pingming, &county.desk, &anfeng, &pingming]).await;
    let page = anfeng.member(&wang).await;
    anfeng.save(&page, json!({ "residence": "安峰镇 8 号", "education": "junior_college" })).await;
    exchange_all(&[&anfeng, &county.desk]).await;

    let back = release(&anfeng, &wang, Some(&pingming)).await;
    let ask = json!({ "slip": back["slip"], "id_no": WANG_FANG, "fields": { "employer": "平明粮站" } });
    assert_eq!(pingming.ask("transfers.accept", ask).await["member"], wang);
    assert_eq!(counted(&pingming).await, 0, "not before the county has heard");
    exchange_all(&[&pingming, &anfeng, &county.desk, &pingming, &anfeng]).await;
    assert_eq!((state(&pingming, &wang).await, state(&anfeng, &wang).await), ("active".into(), "transferred".into()));
    assert_eq!(counted(&county.desk).await, 1);
    let page = pingming.member(&wang).await;
    assert_eq!(
        (&page["fields"]["residence"], &page["fields"]["employer"]),
        (&json!("安峰镇 8 号"), &json!("平明粮站"))
    );
    assert_eq!(page["conflicts"], json!([]));
    let page = pingming.member(&wang).await;
    pingming.save(&page, json!({ "residence": "平明镇 9 号" })).await;
    for desk in [&pingming, &anfeng] {
        county.agrees_with(desk).await;
    }
    assert_eq!(pingming.member(&wang).await["fields"]["residence"], "平明镇 9 号");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_shown_is_enough_and_the_old_office_is_asked() {
    let county = County::found().await;
    let (pingming, anfeng, wang) = two_offices(&county).await;
    let card = pingming.member(&wang).await["fields"]["member_no"].clone();
    let ask = json!({
        "from": "平明镇总工会", "id_no": WANG_FANG, "card_number": card,
        "fields": { "name": "王芳", "employer": "安峰服装厂" }
    });
    let taken = anfeng.ask("transfers.accept", ask).await;
    assert_eq!(state(&anfeng, taken["member"].as_str().unwrap()).await, "provisional");
    exchange_all(&[&anfeng, &county.desk, &pingming]).await;
    let asked = pingming.ask("transfers.list", json!({ "open": true })).await["rows"][0].clone();
    assert_eq!(
        (&asked["state"], &asked["name"], &asked["part"]),
        (&json!("unreleased"), &json!("王芳"), &json!("out"))
    );
    assert_eq!(asked["possible"], json!(["release", "refuse"]));
    assert_eq!(counted(&county.desk).await, 1);
    let ask = json!({ "member": wang, "transfer": asked["id"], "reason": "employment" });
    pingming.ask("transfers.release", ask).await;
    exchange_all(&[&pingming, &county.desk, &anfeng, &pingming]).await;
    assert_eq!((state(&anfeng, &wang).await, state(&pingming, &wang).await), ("active".into(), "transferred".into()));
    assert_eq!((counted(&county.desk).await, counted(&anfeng).await), (1, 1));
    let list = anfeng.ask("members.list", json!({})).await;
    assert_eq!(list["total"], 1, "the entry made on the card is the same person");

    // A refusal is a refusal; the county looks at it.
    let zhang = pingming.join("张伟民", "990101198001010014").await;
    let ask = json!({ "from": "平明镇总工会", "id_no": "990101198001010014", "fields": { "name": "张伟民" } });
    anfeng.ask("transfers.accept", ask).await;
    exchange_all(&[&pingming, &anfeng, &county.desk, &pingming]).await;
    let asked = pingming.ask("transfers.list", json!({ "open": true })).await["rows"][0].clone();
    pingming.ask("transfers.refuse", json!({ "id": asked["id"], "reason": "本人没有离开" })).await;
    exchange_all(&[&pingming, &county.desk, &anfeng]).await;
    assert_eq!(transfer(&anfeng, &asked["id"]).await["state"], "disputed");
    let ask = json!({ "id": asked["id"], "reason": "登记错了" });
    anfeng.ask("transfers.withdraw", ask).await;
    exchange_all(&[&anfeng, &county.desk, &pingming]).await;
    assert_eq!(transfer(&pingming, &asked["id"]).await["state"], "refused");
    assert_eq!(state(&pingming, &zhang).await, "active");
    county.agrees_with(&pingming).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn her_whole_file_goes_along_on_a_stick_and_nobody_else_opens_it() {
    let mut county = County::found().await;
    let (pingming, anfeng, wang) = two_offices(&county).await;
    let shuangdian = county.township("双店镇总工会", "320722106", "陈明").await;
    exchange_all(&[&shuangdian, &county.desk, &shuangdian, &anfeng, &pingming]).await;
    // Ten years of a member: dues every month, and now and then something else.
    for month in 0..120 {
        let page = pingming.member(&wang).await;
        let (year, month) = (2015 + month / 12, month % 12 + 1);
        let mut fields = json!({ "dues_paid_to": format!("{year}-{month:02}-28") });
        if month % 6 == 0 {
            fields["mobile"] = json!(format!("139{:08}", year * 100 + month));
            fields["residence"] = json!(format!("平明镇平安路 {month} 号 {year} 室"));
            fields["wage"] = json!(format!("{}", 3000 + year));
        }
        pingming.save(&page, fields).await;
    }
    county.unplug().await;
    let slip = release(&pingming, &wang, None).await;
    let refused = pingming.refused("transfers.bundle", json!({ "id": slip["id"] })).await;
    assert_eq!(refused.fields[0].key, "office_missing", "an open slip names nobody for whom to seal");
    let file = pingming.ask("transfers.bundle", json!({ "id": slip["id"], "to": "安峰镇总工会" })).await;
    assert!(file["file"].as_str().unwrap().ends_with(".njmove") && !file["file"].as_str().unwrap().contains("王芳"));
    let size = file["bundle"].as_str().unwrap().len() / 4 * 3;
    assert!(size <= 20_000, "{size} bytes");
    println!("file of a member with ten years of history: {size} bytes");

    let open = |file: &Value| json!({ "bundle": file["bundle"] });
    assert_eq!(shuangdian.refused("transfers.open_bundle", open(&file)).await.code, "bundle_for_another");
    let mut altered = file["bundle"].as_str().unwrap().to_owned();
    let at = altered.len() / 2;
    let other = if &altered[at..=at] == "A" { "B" } else { "A" };
    altered.replace_range(at..=at, other);
    let refused = anfeng.refused("transfers.open_bundle", json!({ "bundle": altered })).await;
    assert!(["bundle_not_signed", "bundle_unreadable"].contains(&refused.code.as_str()), "{}", refused.code);
    assert_eq!(anfeng.found("王芳").await, 0);

    let opened = anfeng.ask("transfers.open_bundle", open(&file)).await;
    assert_eq!((&opened["member"], &opened["slip"]), (&json!(wang), &slip["slip"]));
    let read = async || anfeng.ask("transfers.read", json!({ "text": opened["slip"] })).await["slip"].clone();
    assert_eq!(
        (&read().await["takes_in"], &read().await["here"]),
        (&json!(true), &Value::Null),
        "her file is here, she is not"
    );
    accept(&anfeng, &opened).await;
    assert_eq!((&read().await["takes_in"], &read().await["here"]), (&json!(false), &json!(wang)));
    assert_eq!(state(&anfeng, &wang).await, "provisional");
    let page = anfeng.member(&wang).await;
    assert_eq!((&page["fields"]["dues_paid_to"], &page["conflicts"]), (&json!("2024-12-28"), &json!([])));
    let history = anfeng.ask("members.history", json!({ "id": wang })).await;
    assert!(history["entries"].as_array().unwrap().len() > 120, "what she was through the years");
    assert_eq!(anfeng.ask("transfers.open_bundle", open(&file)).await["changes"], 0, "once is enough");
    assert_eq!(counted(&anfeng).await, 0);

    county.plug().await;
    exchange_all(&[&anfeng, &pingming, &county.desk, &anfeng, &pingming]).await;
    assert_eq!((state(&anfeng, &wang).await, state(&pingming, &wang).await), ("active".into(), "transferred".into()));
    assert_eq!(counted(&county.desk).await, 1);
    for desk in [&anfeng, &pingming] {
        county.agrees_with(desk).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_an_id_number_is_typed_the_office_learns_where_she_is_a_member_already() {
    let mut county = County::found().await;
    let (pingming, anfeng, _) = two_offices(&county).await;
    exchange_all(&[&anfeng, &county.desk, &anfeng]).await;
    county.unplug().await;
    let known = async |desk: &Desk, number: &str| {
        let check = desk.ask("members.check", json!({ "fields": { "name": "王芳", "id_no": number } })).await;
        let notices = check["notices"].as_array().unwrap().clone();
        notices.iter().any(|notice| notice["key"] == "known_elsewhere")
    };
    assert!(known(&anfeng, WANG_FANG).await);
    assert!(known(&anfeng, &WANG_FANG.to_lowercase()).await, "however it is typed");
    assert!(!known(&anfeng, &number(7)).await);
    let at = anfeng.ask("members.known", json!({ "id_no": WANG_FANG })).await;
    assert_eq!(at["offices"][0]["name"], "平明镇总工会");
    assert_eq!(
        pingming.ask("members.known", json!({ "id_no": WANG_FANG })).await["offices"],
        json!([]),
        "not elsewhere"
    );

    // One click asks for her; asked again it is the same request.
    let ask = json!({ "from": at["offices"][0]["id"], "name": "王芳", "id_no": WANG_FANG, "reason": "employment" });
    let asked = anfeng.ask("transfers.ask", ask.clone()).await;
    assert_eq!(anfeng.ask("transfers.ask", ask).await["id"], asked["id"]);
    county.plug().await;
    exchange_all(&[&anfeng, &county.desk, &pingming]).await;
    assert_eq!(tile(&pingming, "transfers").await, Some(1));
    let waits = transfer(&pingming, &asked["id"]).await;
    assert_eq!((&waits["state"], &waits["name"]), (&json!("requested"), &json!("王芳")));
    // Of the whole number nothing lies in the county's stream.
    let tags: Vec<u8> = county.desk.file().query_row("SELECT tags FROM known_ids", [], |row| row.get(0)).unwrap();
    assert!(tags.len() < 40 && !tags.windows(6).any(|part| part == b"990101"), "{}", tags.len());
}
