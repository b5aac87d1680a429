//! An office works alone for a year and then joins the county: nothing of what it has saved is typed a second time.

use serde_json::{Value, json};
use stories::{
    County, Desk, exchange_all,
    stick::{number, stick},
};

async fn members(desk: &Desk) -> u64 {
    desk.ask("home", json!({})).await["counts"]["members"].as_u64().unwrap()
}

async fn status(desk: &Desk, what: &str) -> u64 {
    desk.ask("sync.status", json!({})).await[what].as_u64().unwrap()
}

/// A year of 平明镇 alone. Returns a member who was corrected, and the import.
async fn a_year(desk: &Desk) -> (String, Value) {
    let wang = desk.join("王芳", &number(1)).await;
    let path = stories::fixture("rosters/pingming-members.xlsx");
    let import = desk.ask("members.import", json!({ "path": path, "commit": true })).await;
    let page = desk.member(&wang).await;
    desk.save(&page, json!({ "mobile": "13700000002" })).await;
    desk.ask("enterprises.save", json!({ "fields": { "name": "东海县大平乳品厂" } })).await;
    (wang, import)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_saved_alone_goes_along_unchanged() {
    let county = County::found().await;
    let mut desk = Desk::alone("平明镇总工会").await;
    let (wang, _) = a_year(&desk).await;
    let (before, history) = (members(&desk).await, desk.ask("members.history", json!({ "id": wang })).await);
    let audit = desk.ask("audit.recent", json!({})).await["total"].as_u64().unwrap();
    assert_eq!(desk.member(&wang).await["standing"]["mark"], "saved");

    let (packet, code) = county.invitation("平明镇总工会", "320722104").await;
    let ask = json!({ "packet": { "path": packet }, "code": code });
    let joined = desk.ask("office.enrol", ask.clone()).await;
    assert!(
        std::path::Path::new(joined["kept_in"].as_str().unwrap()).join("office.db").exists(),
        "the old file is kept"
    );
    assert_eq!(desk.refused("office.enrol", ask).await.code, "joined_already");
    assert_eq!(members(&desk).await, before);
    assert_eq!(desk.full(&wang, "mobile").await, "13700000002");
    assert_eq!(desk.ask("members.history", json!({ "id": wang })).await["entries"], history["entries"]);
    assert!(status(&desk, "unsent").await > before, "everything is still to be sent");

    exchange_all(&[&desk, &county.desk, &desk]).await;
    assert_eq!((status(&desk, "unsent").await, status(&desk, "unconfirmed").await), (0, 0));
    assert_eq!(desk.member(&wang).await["standing"]["mark"], "confirmed");
    assert_eq!(members(&county.desk).await, before);
    assert_eq!(county.desk.digest(&desk.stream()), desk.digest(&desk.stream()));
    let there = county.desk.ask("members.history", json!({ "id": wang })).await["entries"].clone();
    assert_eq!(there.as_array().unwrap().len(), history["entries"].as_array().unwrap().len());
    assert_eq!(there[0]["author"], "李强", "the same clerk wrote it");
    assert!(desk.ask("audit.recent", json!({})).await["total"].as_u64().unwrap() >= audit);

    // The same clerk, the same passphrase; and it survives the night.
    desk.reopen().await;
    assert_eq!(members(&desk).await, before);
    assert_eq!(status(&desk, "unsent").await, 0);
    desk.ask("tables.rebuild", json!({})).await;
    assert_eq!((members(&desk).await, desk.digest(&desk.stream())), (before, county.desk.digest(&desk.stream())));
    desk.join("孙丽", &number(3)).await;
    exchange_all(&[&desk, &county.desk]).await;
    assert_eq!(members(&county.desk).await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_the_lonely_year_is_undone_after_it() {
    let county = County::found().await;
    let desk = Desk::alone("平明镇总工会").await;
    let (_, import) = a_year(&desk).await;
    let (packet, code) = county.invitation("平明镇总工会", "320722104").await;
    desk.ask("office.enrol", json!({ "packet": { "path": packet }, "code": code })).await;
    exchange_all(&[&desk, &county.desk]).await;
    desk.ask("members.undo", json!({ "batch": import["batch"] })).await;
    assert_eq!(members(&desk).await, 1);
    exchange_all(&[&desk, &county.desk]).await;
    assert_eq!(members(&county.desk).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_another_pc_of_the_office_works_already_both_years_stand_beside_each_other() {
    let (county, stick) = (County::found().await, stick());
    let lonely = Desk::alone("平明镇总工会").await;
    let wang = lonely.join("王芳", &number(1)).await;
    let front = county.township("平明镇总工会", "320722104", "王丽").await;
    front.join("赵敏", &number(2)).await;
    exchange_all(&[&front, &county.desk]).await;

    let (invite, code) = front.further(stick.path(), "里间").await;
    lonely.ask("office.enrol", json!({ "packet": { "path": invite }, "code": code })).await;
    exchange_all(&[&lonely, &front, &county.desk, &lonely]).await;
    for desk in [&lonely, &front, &county.desk] {
        assert_eq!(members(desk).await, 2);
        assert_eq!(desk.digest(&front.stream()), county.desk.digest(&front.stream()));
        assert_eq!((status(desk, "parked").await, status(desk, "quarantined").await), (0, 0));
    }
    // Both correct the same person without a line: a conflict, settled on either.
    for (desk, mobile) in [(&lonely, "13700000003"), (&front, "13500000004")] {
        let page = desk.member(&wang).await;
        desk.save(&page, json!({ "mobile": mobile })).await;
    }
    exchange_all(&[&lonely, &front, &county.desk]).await;
    let page = front.member(&wang).await;
    assert_eq!(page["conflicts"][0]["sides"].as_array().unwrap().len(), 2);
    front.save(&page, json!({ "mobile": "13500000004" })).await;
    exchange_all(&[&front, &county.desk, &lonely]).await;
    assert_eq!(lonely.full(&wang, "mobile").await, "13500000004");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_draft_or_a_wrong_code_leaves_everything_as_it_was() {
    let county = County::found().await;
    let desk = Desk::alone("平明镇总工会").await;
    desk.join("王芳", &number(1)).await;
    let (packet, code) = county.invitation("平明镇总工会", "320722104").await;
    desk.ask("drafts.put", json!({ "key": "form", "kind": "member", "fields": { "name": "赵" } })).await;
    let ask = json!({ "packet": { "path": packet }, "code": code });
    assert_eq!(desk.refused("office.enrol", ask.clone()).await.code, "drafts_open");
    assert_eq!(
        desk.refused("office.enrol", json!({ "packet": { "path": packet }, "code": "ABCD" })).await.code,
        "fields"
    );
    desk.ask("drafts.drop", json!({ "key": "form" })).await;
    assert_eq!(members(&desk).await, 1);
    desk.ask("office.enrol", ask).await;
    assert_eq!(members(&desk).await, 1);
}
