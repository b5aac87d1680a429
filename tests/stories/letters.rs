//! The letter of a transfer on paper, the receipt that the new union signs, and the file on a stick: what stands on them, who may
//! print them, and what is noted.

use serde_json::{Value, json};
use stories::{County, Desk, exchange_all};

const WANG_FANG: &str = "99010119900615007X";

/// 平明 with 王芳, and 安峰; both know the county's lists.
async fn two_offices(county: &County) -> (Desk, Desk, String) {
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let anfeng = county.township("安峰镇总工会", "320722105", "王丽").await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    let page = pingming.member(&wang).await;
    pingming.save(&page, json!({ "ethnicity": "01" })).await;
    exchange_all(&[&pingming, &county.desk, &anfeng, &pingming]).await;
    (pingming, anfeng, wang)
}

async fn release(desk: &Desk, member: &str, to: &str) -> Value {
    let ask = json!({ "member": member, "to": to, "reason": "employment", "days": 20, "dues_paid_to": "2026-10-31" });
    desk.ask("transfers.release", ask).await
}

/// Today, as it stands on documents.
fn today() -> String {
    niangjia_host::moment().today().format("%Y年%-m月%-d日").to_string()
}

async fn audit(desk: &Desk, command: &str) -> usize {
    let page = desk.ask("audit.recent", json!({ "limit": 100 })).await;
    page["entries"].as_array().unwrap().iter().filter(|line| line["command"] == command).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_letter_says_all_that_the_law_wants_and_drawing_it_is_noted() {
    let mut county = County::found().await;
    let (pingming, anfeng, wang) = two_offices(&county).await;
    county.unplug().await;
    let slip = release(&pingming, &wang, "安峰镇总工会").await;
    let letter = pingming.ask("transfers.letter", json!({ "id": slip["id"] })).await;
    let item = &letter["job"]["items"][0];
    let said = json!({
        "number": slip["number"], "name": "王芳", "sex": "男", "id_number": WANG_FANG, "ethnicity": "汉族",
        "joined_on": "2025年3月1日", "from_union": "平明镇总工会", "to_union": "安峰镇总工会",
        "reason": "劳动（工作）关系变动", "dues_until": "2026年10月", "valid_days": 20, "clerk": "李强",
        "date": today(), "qr": slip["slip"],
    });
    // Nobody has signed for the receipt yet, and she has no card: these are left to be filled in by hand.
    assert_eq!(*item, said);
    assert_eq!(letter["job"]["form"], "slip");
    assert!(!letter["name"].as_str().unwrap().contains("王芳"), "the name of a file says no name of a person");
    assert_eq!(audit(&pingming, "transfers.letter").await, 1, "the whole number was shown");

    // Drawn by the real program, on one sheet; saved, and the next time only with a reason.
    let shown = pingming.ask("paper.preview", json!({ "of": "transfers.letter", "ask": { "id": slip["id"] } })).await;
    assert_eq!((&shown["pages"], &shown["before"]), (&json!(1), &json!(0)));
    pingming.ask("paper.save", json!({ "paper": shown["paper"] })).await;
    let again = pingming.ask("paper.preview", json!({ "of": "transfers.letter", "ask": { "id": slip["id"] } })).await;
    assert_eq!(again["before"], 1);
    let refused = pingming.refused("paper.save", json!({ "paper": again["paper"] })).await;
    assert_eq!(refused.fields[0].key, "reprint_reason");

    // The other union prints no letter of it; a letter that was taken back is printed nowhere.
    anfeng.ask("transfers.accept", json!({ "slip": slip["slip"], "id_no": WANG_FANG })).await;
    assert_eq!(anfeng.refused("transfers.letter", json!({ "id": slip["id"] })).await.code, "transfer_cannot");
    pingming.ask("transfers.withdraw", json!({ "id": slip["id"], "reason": "本人不去了" })).await;
    assert_eq!(pingming.refused("transfers.letter", json!({ "id": slip["id"] })).await.code, "transfer_cannot");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receipt_names_who_took_her_in_and_when() {
    let mut county = County::found().await;
    let (pingming, anfeng, wang) = two_offices(&county).await;
    county.unplug().await;
    let slip = release(&pingming, &wang, "安峰镇总工会").await;
    let taken = anfeng.ask("transfers.accept", json!({ "slip": slip["slip"], "id_no": WANG_FANG })).await;
    let receipt = anfeng.ask("transfers.receipt_paper", json!({ "id": taken["transfer"] })).await;
    let said = json!({
        "number": slip["number"], "name": "王芳", "from_union": "平明镇总工会",
        "receipt": { "union": "安峰镇总工会", "date": today(), "clerk": "王丽" },
    });
    assert_eq!((&receipt["job"]["form"], &receipt["job"]["items"][0]), (&json!("receipt"), &said));
    assert!(!receipt.to_string().contains(WANG_FANG));
    let shown = anfeng
        .ask("paper.preview", json!({ "of": "transfers.receipt_paper", "ask": { "id": taken["transfer"] } }))
        .await;
    assert_eq!(shown["pages"], 1);
    let line = anfeng.ask("transfers.list", json!({ "id": taken["transfer"] })).await["rows"][0].clone();
    assert!(line["possible"].as_array().unwrap().contains(&json!("receipt_paper")));
    let old = pingming.refused("transfers.receipt_paper", json!({ "id": slip["id"] })).await;
    assert_eq!(old.code, "transfer_cannot", "who lets go signs no receipt");

    // Somebody from outside the county: the number of the letter that was brought stands on the receipt that goes back by post.
    let ask = json!({
        "from_outside": "连云港市海州区总工会", "number": "海工转〔2026〕15号", "id_no": "990101198502030021",
        "fields": { "name": "孙丽" }
    });
    let sun = anfeng.ask("transfers.accept", ask).await;
    let receipt = anfeng.ask("transfers.receipt_paper", json!({ "member": sun["member"] })).await;
    let item = &receipt["job"]["items"][0];
    assert_eq!((&item["number"], &item["from_union"]), (&json!("海工转〔2026〕15号"), &json!("连云港市海州区总工会")));
    let nobody = anfeng.join("张伟民", "990101198001010014").await;
    assert_eq!(anfeng.refused("transfers.receipt_paper", json!({ "member": nobody })).await.code, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_onto_a_stick_that_is_plugged_in_and_nowhere_else() {
    let office = Desk::alone("平明镇总工会").await;
    let folder = tempfile::tempdir().unwrap();
    let ask = json!({ "name": "a.njmove", "base64": "TkpCMQ==", "stick": folder.path() });
    assert_eq!(office.refused("files.save", ask).await.code, "stick_failed", "any folder is no stick");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    // What is no file of a member is refused with a sentence, and changes nothing.
    for bundle in ["", "TkpCMQ==", "不是档案"] {
        assert_eq!(
            office.refused("transfers.open_bundle", json!({ "bundle": bundle })).await.code,
            "bundle_unreadable"
        );
    }
}
