//! Offices that come into step over a real hub: nothing is lost, and everybody knows where things stand.

use niangjia_hub::Hub;
use serde_json::{Value, json};
use stories::{County, Desk, conflicts, exchange_all};

const WANG_FANG: &str = "99010119900615007X";

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_made_with_the_cable_out_reaches_the_county() {
    let mut county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let id = pingming.join("王芳", WANG_FANG).await;
    exchange_all(&[&pingming, &county.desk]).await;
    assert_eq!(pingming.member(&id).await["standing"]["mark"], "confirmed");

    county.unplug().await;
    let page = pingming.member(&id).await;
    pingming.save(&page, json!({ "mobile": "13700000002" })).await;
    assert_eq!(pingming.member(&id).await["standing"]["mark"], "saved");
    let fault = pingming.refused("sync.now", json!({})).await;
    assert_eq!(fault.code, "link.no_line");
    let status = pingming.ask("sync.status", json!({})).await;
    assert!(status["unsent"].as_u64().unwrap() >= 1);
    assert!(status["offline_since"].is_i64());

    county.plug().await;
    pingming.sync().await;
    assert_eq!(pingming.member(&id).await["standing"]["mark"], "received");
    county.desk.sync().await;
    assert_eq!(county.desk.full(&id, "mobile").await, "13700000002");
    let seen = county.desk.ask("members.history", json!({ "id": id })).await;
    assert_eq!(seen["entries"][0]["author"], "李强", "every change names its author, also at the county");
    pingming.sync().await;
    assert_eq!(pingming.member(&id).await["standing"]["mark"], "confirmed");
    assert_eq!(pingming.ask("sync.status", json!({})).await["unconfirmed"], 0);
    assert_eq!(pingming.digest(&pingming.stream()), county.desk.digest(&pingming.stream()));
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_brings_a_change_while_a_form_is_open_and_nothing_is_overwritten_unseen() {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let id = pingming.join("王芳", WANG_FANG).await;
    exchange_all(&[&pingming, &county.desk]).await;

    // 李强 opens the form; meanwhile 周敏 at the county corrects the phone and the employer, and sync brings it in.
    let form = pingming.member(&id).await;
    let page = county.desk.member(&id).await;
    county.desk.save(&page, json!({ "mobile": "13500000005", "employer": "大平乳品厂" })).await;
    county.desk.sync().await;
    pingming.sync().await;

    // He saves phone and education. Education nobody else touched; of the phone both values stand.
    pingming.save(&form, json!({ "mobile": "13700000002", "education": "大专" })).await;
    let page = pingming.member(&id).await;
    assert_eq!(page["fields"]["employer"], "大平乳品厂", "the county's correction stands");
    assert_eq!(page["shown"]["education"]["zh"], "大专");
    assert_eq!(page["standing"]["mark"], "needs_you");
    let sides = page["conflicts"][0]["sides"].as_array().unwrap().clone();
    let authors: Vec<&str> = sides.iter().map(|s| s["author"].as_str().unwrap()).collect();
    assert!(authors.contains(&"周敏") && authors.contains(&"李强"));
    // Where each was written, and what stood there when it was.
    let of = |author: &str| sides.iter().find(|s| s["author"] == author).unwrap();
    assert_eq!(
        (&of("周敏")["office"]["zh"], &of("李强")["office"]["zh"]),
        (&json!("县总工会"), &json!("平明镇总工会"))
    );
    assert_eq!(of("周敏")["saw"]["mobile"], of("李强")["saw"]["mobile"], "both saw the number of the first entry");
    assert!(of("李强")["saw"]["mobile"]["zh"].as_str().unwrap().ends_with("0001"));

    // Both offices see the same conflict, with the same value shown.
    exchange_all(&[&pingming, &county.desk]).await;
    assert_eq!(county.desk.full(&id, "mobile").await, pingming.full(&id, "mobile").await);
    let there = county.desk.member(&id).await;
    assert_eq!(conflicts(&there), conflicts(&pingming.member(&id).await));
    assert!(there.to_string().contains("东海县总工会"), "the county calls itself by its name");

    // A person chooses, and it is settled everywhere.
    let page = county.desk.member(&id).await;
    county.desk.save(&page, json!({ "mobile": "13700000002" })).await;
    exchange_all(&[&county.desk, &pingming]).await;
    for desk in [&county.desk, &pingming] {
        assert_eq!(desk.member(&id).await["conflicts"], json!([]));
        assert_eq!(desk.full(&id, "mobile").await, "13700000002");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_hands_on_only_what_was_seen_also_to_the_next_save() {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let id = pingming.join("王芳", WANG_FANG).await;
    exchange_all(&[&pingming, &county.desk]).await;
    // A script has her page open; meanwhile 周敏 enters a post that it never reads.
    let form = pingming.member(&id).await;
    county.desk.save(&county.desk.member(&id).await, json!({ "post": "组长" })).await;
    exchange_all(&[&county.desk, &pingming]).await;
    // It saves twice, the second time with what the first save answered.
    let first = pingming.save(&form, json!({ "department": "一车间" })).await;
    pingming
        .save(&json!({ "id": id, "token": first["token"] }), json!({ "department": "二车间", "post": "班长" }))
        .await;
    let page = pingming.member(&id).await;
    assert_eq!(page["fields"]["department"], "二车间", "its own value was seen");
    assert_eq!(page["conflicts"].as_array().unwrap().len(), 1);
    let posts = page["conflicts"][0]["sides"].to_string();
    assert!(posts.contains("组长") && posts.contains("班长"), "what nobody saw is not replaced: {posts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_side_of_a_conflict_is_taken_as_it_was_written_also_where_it_is_masked() {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let id = pingming.join("王芳", WANG_FANG).await;
    exchange_all(&[&pingming, &county.desk]).await;
    // Both write her number anew, and one of them voids the entry while the other, having voided it too, takes that back.
    let right = "99010619880808004X";
    let (mine, theirs) = (pingming.member(&id).await, county.desk.member(&id).await);
    pingming.save(&mine, json!({ "id_no": right })).await;
    county.desk.save(&theirs, json!({ "id_no": "990101198001010014" })).await;
    let void =
        |page: &Value, void: bool| json!({ "id": id, "token": page["token"], "reason": "重复登记", "void": void });
    pingming.ask("members.void", void(&pingming.member(&id).await, true)).await;
    county.desk.ask("members.void", void(&county.desk.member(&id).await, true)).await;
    county.desk.ask("members.void", void(&county.desk.member(&id).await, false)).await;
    exchange_all(&[&pingming, &county.desk]).await;

    let page = county.desk.member(&id).await;
    let sides = |field: &str| -> Vec<Value> {
        let of = page["conflicts"].as_array().unwrap().iter().find(|c| c["fields"].to_string().contains(field));
        of.unwrap_or_else(|| panic!("a conflict of {field}"))["sides"].as_array().unwrap().clone()
    };
    // What is masked here can be looked at, side by side; the one that lists do not show is the right one.
    let (mut taken, mut looked) = (None, Vec::new());
    for side in sides("id_no") {
        assert!(!side.to_string().contains(right), "shown masked");
        let ask = json!({ "id": id, "field": "id_no", "version": side["version"] });
        let value = county.desk.ask("members.reveal", ask).await["value"].clone();
        if side["shown"] == false {
            taken = Some((side["version"].clone(), value.clone()));
        }
        looked.push(value);
    }
    assert!(looked.contains(&json!(right)) && looked[0] != looked[1] && looked.len() == 2);
    let (number, right) = taken.expect("one side is not the one shown");
    let voided = sides("void").into_iter().find(|s| s["author"] == "李强").unwrap()["version"].clone();

    let take = |page: &Value, field: &str, version: &Value| json!({ "id": id, "token": page["token"], "field": field, "version": version });
    county.desk.ask("members.settle", take(&page, "id_no", &number)).await;
    let page = county.desk.member(&id).await;
    county.desk.ask("members.settle", take(&page, "void", &voided)).await;
    // Whoever comes later with the old page is told, and changes nothing.
    let late = county.desk.refused("members.settle", take(&page, "id_no", &number)).await;
    assert_eq!(late.code, "conflict_gone");
    exchange_all(&[&county.desk, &pingming]).await;
    for desk in [&county.desk, &pingming] {
        let page = desk.member(&id).await;
        assert_eq!(page["conflicts"], json!([]));
        assert_eq!((&page["void"], desk.full(&id, "id_no").await), (&json!(true), right.clone()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_townships_keep_to_themselves_and_the_county_sees_both() {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let anfeng = county.township("安峰镇总工会", "320722106", "赵敏").await;
    pingming.join("王芳", WANG_FANG).await;
    anfeng.join("张伟民", "990101198001010014").await;
    exchange_all(&[&pingming, &anfeng, &county.desk]).await;
    assert_eq!(county.desk.ask("home", json!({})).await["counts"]["members"], 2);
    assert_eq!(pingming.found("zwm").await, 0, "a township reads its own stream and the county's");
    assert_eq!(anfeng.found("wf").await, 0);
    let offices = pingming.ask("offices.list", json!({})).await;
    assert_eq!(offices["offices"].as_array().unwrap().len(), 2, "but every office knows the others by name");
    let streams = county.desk.station.office().unwrap();
    for desk in [&pingming, &anfeng] {
        assert_eq!(desk.digest(&desk.stream()), streams.digest(&desk.stream()).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_roster_travels_and_is_confirmed() {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let done = pingming
        .ask("members.import", json!({ "path": stories::fixture("rosters/pingming-members.xlsx"), "commit": true }))
        .await;
    assert_eq!((&done["accepted"], &done["rejected"]), (&json!(1107), &json!(93)));
    let moved = pingming.sync().await;
    assert_eq!(moved["in_step"], true);
    let taken = county.desk.sync().await;
    assert!(taken["received"]["changes"].as_u64().unwrap() >= 1107);
    pingming.sync().await;
    let rows = pingming.ask("members.list", json!({ "limit": 100 })).await;
    assert!(rows["rows"].as_array().unwrap().iter().all(|r| r["standing"] == "confirmed"));
    let nothing = pingming.sync().await;
    assert_eq!(
        (&nothing["sent"]["segments"], &nothing["received"]["segments"]),
        (&json!(0), &json!(0)),
        "receipts are never receipted"
    );
    county.desk.ask("tables.rebuild", json!({})).await;
    assert_eq!(
        county.desk.ask("home", json!({})).await["counts"]["members"],
        1107,
        "the county's tables are a view too"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_desks_write_on_one_person_and_agree_also_when_replayed() {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let id = pingming.join("王芳", WANG_FANG).await;
    exchange_all(&[&pingming, &county.desk]).await;
    // Both write on the same record without hearing of each other, several times.
    for n in 0..4 {
        let (mine, theirs) = (pingming.member(&id).await, county.desk.member(&id).await);
        pingming.save(&mine, json!({ "mobile": format!("1370000000{n}"), "post": format!("组长{n}") })).await;
        county
            .desk
            .save(&theirs, json!({ "mobile": format!("1350000000{n}"), "department": format!("第{n}车间") }))
            .await;
        if n == 1 {
            exchange_all(&[&pingming, &county.desk]).await;
        }
    }
    exchange_all(&[&pingming, &county.desk]).await;
    let stream = pingming.stream();
    let (a, b) = (pingming.member(&id).await, county.desk.member(&id).await);
    assert_eq!(a["fields"], b["fields"]);
    assert_eq!(conflicts(&a), conflicts(&b));

    // Each side took the two chains in its own order; replayed from its log, each says the same again.
    for desk in [&pingming, &county.desk] {
        desk.ask("tables.rebuild", json!({})).await;
        assert_eq!(desk.member(&id).await["fields"], a["fields"]);
        assert_eq!(conflicts(&desk.member(&id).await), conflicts(&a));
        assert_eq!(desk.digest(&stream), pingming.digest(&stream));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_copied_wrongly_from_the_hub_is_refused_beside_its_field() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let hub = Hub::start(folders[0].path(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let stranger = Hub::start(folders[1].path(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let county = Desk::county().await;
    let (url, key, claim) = (hub.url(), &hub.key_hex, &hub.claim);
    for (field, code, asked) in [
        ("url", "link.address", json!({ "url": "ftp://东海", "key": key, "claim": claim })),
        ("url", "link.no_line", json!({ "url": "https://127.0.0.1:1", "key": key, "claim": claim })),
        ("key", "hub_key", json!({ "url": url, "key": "abcd", "claim": claim })),
        ("key", "link.other_hub", json!({ "url": url, "key": stranger.key_hex, "claim": claim })),
        ("claim", "link.claim_wrong", json!({ "url": url, "key": key, "claim": stranger.claim })),
    ] {
        let fault = county.refused("hub.claim", asked).await;
        assert_eq!(fault.code, code);
        let beside: Vec<_> = fault.fields.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(beside, [field], "{code}");
    }
    county.ask("hub.claim", json!({ "url": url, "key": key, "claim": claim })).await;
}
