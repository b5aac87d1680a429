//! Everyday life of one office: rosters come in, people are found, edited, join and leave.

use serde_json::{Value, json};
use stories::{Desk, fixture};

const WANG_FANG: &str = "99010119900615007X";

/// What must come out of a real workbook, row by row.
async fn agrees_with_its_expectation(roster: &str) -> Desk {
    let office = Desk::alone("平明镇总工会").await;
    let path = fixture(&format!("rosters/{roster}-members.xlsx"));
    let expected: Value =
        serde_json::from_slice(&std::fs::read(fixture(&format!("rosters/{roster}-members.expected.json"))).unwrap())
            .unwrap();

    let preview = office.ask("members.import", json!({ "path": path })).await;
    let mut rows = Vec::new();
    while rows.len() < expected["rows"].as_array().unwrap().len() {
        let page = office
            .ask("members.import_rows", json!({ "preview": preview["preview"], "offset": rows.len(), "limit": 100 }))
            .await;
        assert_eq!(page["total"], expected["rows"].as_array().unwrap().len(), "instruction rows are no people");
        rows.extend(page["rows"].as_array().unwrap().clone());
    }
    for (row, wanted) in rows.iter().zip(expected["rows"].as_array().unwrap()) {
        let keys = |refused: bool| -> Vec<&str> {
            let all = row["reasons"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|r| r["refused"] == refused)
                .map(|r| r["key"].as_str().unwrap());
            let mut keys: Vec<&str> = all.filter(|k| *k != "unknown_area").collect();
            keys.sort_unstable();
            keys
        };
        let mut warned: Vec<&str> = wanted["warned"].as_array().unwrap().iter().map(|k| k.as_str().unwrap()).collect();
        warned.sort_unstable();
        assert_eq!(row["row"], wanted["row"]);
        assert_eq!(json!(keys(true)), wanted["rejected"], "row {}", row["row"]);
        if keys(true).is_empty() {
            assert_eq!(keys(false), warned, "row {}", row["row"]);
        }
    }

    let done = office.ask("members.import", json!({ "preview": preview["preview"], "commit": true })).await;
    for key in ["accepted", "rejected", "rejected_by", "warned_by"] {
        assert_eq!(done[key], expected[key], "{key}");
    }
    assert_eq!(office.ask("home", json!({})).await["counts"]["members"], expected["accepted"]);
    office
}

#[tokio::test]
async fn the_roster_of_pingming_comes_in_as_expected() {
    let office = agrees_with_its_expectation("pingming").await;
    let batch = office.ask("members.batches", json!({})).await["batches"][0].clone();
    assert_eq!(batch["accepted"], 1107);
    assert_eq!(batch["author"], "李强");
}

#[tokio::test]
async fn the_roster_of_anfeng_comes_in_as_expected() {
    agrees_with_its_expectation("anfeng").await;
}

#[tokio::test]
async fn the_report_is_the_same_workbook_with_reasons() {
    let office = Desk::alone("安峰镇总工会").await;
    let path = fixture("rosters/anfeng-members.xlsx");
    let done = office.ask("members.import", json!({ "path": path, "commit": true })).await;
    let report = std::path::PathBuf::from(done["report"].as_str().expect("33 rows were refused"));
    assert!(report.starts_with(office.dir()));
    let again = Desk::alone("安峰镇总工会").await;
    let twice = again.ask("members.import", json!({ "path": report, "commit": false })).await;
    assert_eq!(twice["accepted"], done["accepted"], "the report can be read like the sheet it came from");
    assert_eq!(twice["rejected_by"], done["rejected_by"]);
}

#[tokio::test]
async fn the_same_roster_twice_makes_nobody_twice() {
    let office = Desk::alone("安峰镇总工会").await;
    let path = fixture("rosters/anfeng-members.xlsx");
    office.ask("members.import", json!({ "path": path, "commit": true })).await;
    let again = office.ask("members.import", json!({ "path": path })).await;
    assert_eq!(again["counts"]["new"], 0);
    assert_eq!(again["counts"]["same"], 367);
    assert_eq!(office.ask("home", json!({})).await["counts"]["members"], 367);
}

#[tokio::test]
async fn an_import_is_undone_as_a_whole_but_not_what_was_built_on_it() {
    let office = Desk::alone("安峰镇总工会").await;
    let done =
        office.ask("members.import", json!({ "path": fixture("rosters/anfeng-members.xlsx"), "commit": true })).await;
    let list = office.ask("members.list", json!({ "limit": 1 })).await;
    let kept = list["rows"][0]["id"].as_str().unwrap().to_owned();
    let page = office.member(&kept).await;
    office.save(&page, json!({ "mobile": "13911112222" })).await;

    let undone = office.ask("members.undo", json!({ "batch": done["batch"] })).await;
    assert_eq!(undone["undone"], 366);
    assert_eq!(undone["not_undone"][0]["id"], kept);
    assert_eq!(office.ask("home", json!({})).await["counts"]["members"], 1);
    assert_eq!(office.ask("members.list", json!({})).await["total"], 1, "the search index forgets them too");
    assert_eq!(office.full(&kept, "mobile").await, "13911112222");
    let twice = office.refused("members.undo", json!({ "batch": done["batch"] })).await;
    assert_eq!(twice.code, "batch_undone");
}

#[tokio::test]
async fn an_undo_gives_back_what_an_import_overwrote() {
    let office = Desk::alone("平明镇总工会").await;
    let id = office.join("王芳", WANG_FANG).await;
    let sheet = office.dir().join("differs.csv");
    std::fs::write(&sheet, format!("姓名,证件号码,移动电话,学历\n王芳,{WANG_FANG},13700000002,大专\n")).unwrap();
    let seen = office.ask("members.import", json!({ "path": sheet })).await;
    assert_eq!(seen["counts"]["differs"], 1);
    let done =
        office.ask("members.import", json!({ "preview": seen["preview"], "commit": true, "take_differs": true })).await;
    assert_eq!(office.full(&id, "mobile").await, "13700000002");
    office.ask("members.undo", json!({ "batch": done["batch"] })).await;
    assert_eq!(office.full(&id, "mobile").await, "13900000001");
    assert!(office.member(&id).await["fields"].get("education").is_none());
}

#[tokio::test]
async fn what_is_typed_while_a_preview_waits_is_not_overwritten_unseen() {
    let office = Desk::alone("平明镇总工会").await;
    let id = office.join("王芳", WANG_FANG).await;
    let sheet = office.dir().join("differs.csv");
    std::fs::write(&sheet, format!("姓名,证件号码,移动电话\n王芳,{WANG_FANG},13700000002\n")).unwrap();
    let seen = office.ask("members.import", json!({ "path": sheet })).await;
    let page = office.member(&id).await;
    office.save(&page, json!({ "mobile": "13600000003" })).await;
    office.ask("members.import", json!({ "preview": seen["preview"], "commit": true, "take_differs": true })).await;
    let conflict = office.member(&id).await["conflicts"][0].clone();
    assert_eq!(conflict["fields"], json!(["mobile"]));
    assert_eq!(conflict["sides"].as_array().unwrap().len(), 2, "both numbers are kept until somebody chooses");
}

#[tokio::test]
async fn wang_fang_is_found_however_one_types() {
    let office = Desk::alone("平明镇总工会").await;
    office.join("王芳", WANG_FANG).await;
    office.join("张伟民", "990101198001010014").await;
    office.join("单晓", "99010619880808004X").await;
    office.join("阿卜杜拉·麦麦提", "990102198511121239").await;
    for text in ["wf", "wangfang", "王芳", "芳", "王f", "wfang", "0615", "007x", WANG_FANG] {
        assert_eq!(office.found(text).await, 1, "{text}");
    }
    for text in ["张w", "zhwei", "zwm", "zhangweimin"] {
        assert_eq!(office.found(text).await, 1, "{text}");
    }
    assert_eq!(office.found("shanxiao").await, 1, "单 is read Shàn as a surname");
    assert_eq!(office.found("阿卜杜拉麦麦提").await, 1, "the dot may be left out");
    assert_eq!(office.found("13900000001").await, 4, "the count is exact");
    assert_eq!(office.found("李逵").await, 0);
}

#[tokio::test]
async fn a_draft_is_found_by_the_search_box() {
    let office = Desk::alone("平明镇总工会").await;
    office.ask("drafts.put", json!({ "key": "new-member", "kind": "member", "fields": { "name": "赵敏敏" } })).await;
    let found = office.ask("search", json!({ "text": "zmm" })).await;
    assert_eq!(found["total"], 1);
    assert_eq!(found["hits"][0]["kind"], "draft");
    assert_eq!(office.ask("drafts.list", json!({})).await["drafts"][0]["fields"]["name"], "赵敏敏");
}

#[tokio::test]
async fn the_id_number_fills_birth_date_and_sex_and_stays_masked() {
    let office = Desk::alone("平明镇总工会").await;
    let checked = office.ask("members.check", json!({ "fields": { "id_no": "99010119800229002x" } })).await;
    assert_eq!(checked["filled"]["birth_date"], "1980-02-29");
    assert_eq!(checked["filled"]["sex"], "2");
    let id = office.join("王芳", WANG_FANG).await;
    let page = office.member(&id).await;
    assert_eq!(page["fields"]["id_no"], "990101********007X");
    assert!(!page.to_string().contains(WANG_FANG), "the full number is nowhere on the page");
    assert_eq!(office.full(&id, "id_no").await, WANG_FANG);
    let audit = office.ask("audit.recent", json!({})).await;
    assert_eq!(audit["entries"][0]["command"], "members.reveal");
    assert_eq!(audit["entries"][0]["reason"], "核对");
    assert_eq!(audit["entries"][0]["author"], "李强");
}

#[tokio::test]
async fn a_wrong_number_is_refused_beside_its_field_and_nothing_is_saved() {
    let office = Desk::alone("平明镇总工会").await;
    let fault = office
        .refused(
            "members.join",
            json!({ "fields": { "name": "王芳", "id_no": "990102198001010014" }, "on": "2025-03-01" }),
        )
        .await;
    assert_eq!((fault.fields[0].field.as_str(), fault.fields[0].key.as_str()), ("id_no", "id_check_digit"));
    assert!(!format!("{fault:?}").contains("990102198001010014"));
    assert_eq!(office.found("王芳").await, 0);
    office.join("王芳", WANG_FANG).await;
    let twice = office
        .refused("members.join", json!({ "fields": { "name": "王芳芳", "id_no": WANG_FANG }, "on": "2025-03-01" }))
        .await;
    assert_eq!(twice.fields[0].key, "id_taken");
}

#[tokio::test]
async fn a_membership_is_kept_left_and_begun_again() {
    let office = Desk::alone("平明镇总工会").await;
    let id = office.join("王芳", WANG_FANG).await;
    assert_eq!(office.member(&id).await["state"], "active");
    let change = async |event: &str, on: &str| {
        office.ask("members.change", json!({ "id": id, "event": event, "on": on, "reason": "retired" })).await
    };
    change("retained", "2025-05-01").await;
    assert_eq!(office.member(&id).await["state"], "retained");
    assert_eq!(office.ask("home", json!({})).await["counts"]["members"], 0, "retained members are not counted");
    let refused = office
        .refused("members.change", json!({ "id": id, "event": "retained", "on": "2025-05-02", "reason": "retired" }))
        .await;
    assert_eq!(refused.code, "event_cannot_follow");
    change("restored", "2025-06-01").await;
    change("left", "2025-07-01").await;
    let page = office.member(&id).await;
    office.ask("members.join", json!({ "id": id, "token": page["token"], "on": "2025-08-01" })).await;
    let page = office.member(&id).await;
    assert_eq!(page["state"], "active");
    let names: Vec<&str> = page["events"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["joined", "retained", "restored", "left", "joined"]);
    let future = office
        .refused("members.change", json!({ "id": id, "event": "left", "on": "2199-01-01", "reason": "own_wish" }))
        .await;
    assert_eq!(future.fields[0].key, "event_day_future");
}

#[tokio::test]
async fn history_tells_who_changed_what_from_what() {
    let office = Desk::alone("平明镇总工会").await;
    let id = office.join("王芳", WANG_FANG).await;
    let page = office.member(&id).await;
    office.save(&page, json!({ "employer": "平明太平洋石英制品有限公司" })).await;
    let entries = office.ask("members.history", json!({ "id": id })).await["entries"].clone();
    assert_eq!(entries[0]["author"], "李强");
    assert_eq!(entries[0]["changes"][0]["field"], "employer");
    assert_eq!(entries[0]["changes"][0]["old"]["zh"], "");
    assert_eq!(entries[0]["changes"][0]["new"]["zh"], "平明太平洋石英制品有限公司");
    assert_eq!(entries[1]["made"], true);
    assert_eq!(entries[1]["event"], "joined");
}

#[tokio::test]
async fn the_tree_holds_villages_and_counts_their_members() {
    let office = Desk::alone("平明镇总工会").await;
    let root = office.ask("organisations.tree", json!({})).await["roots"][0].clone();
    let village = office
        .ask(
            "organisations.save",
            json!({ "fields": { "name": "条河村工会联合会", "kind": "village", "parent": root["id"] } }),
        )
        .await;
    let base = office
        .ask(
            "organisations.save",
            json!({ "fields": { "name": "大平乳品厂工会", "kind": "base_own", "parent": village["id"] } }),
        )
        .await;
    let id = office.join("王芳", WANG_FANG).await;
    let page = office.member(&id).await;
    office.save(&page, json!({ "organisation": base["id"] })).await;
    let tree = office.ask("organisations.tree", json!({})).await;
    assert_eq!(tree["roots"][0]["children"][0]["title"], "条河村工会联合会");
    assert_eq!(tree["roots"][0]["children"][0]["members"], 1);
    let below = office.ask("members.list", json!({ "filter": { "organisation": village["id"] } })).await;
    assert_eq!(below["total"], 1, "a union's list shows all below it");
    let page = office.ask("organisations.get", json!({ "id": village["id"] })).await;
    let circle = office
        .refused(
            "organisations.save",
            json!({ "id": village["id"], "token": page["token"], "fields": { "parent": base["id"] } }),
        )
        .await;
    assert_eq!(circle.fields[0].key, "parent_circle");
}

#[tokio::test]
async fn enterprises_are_kept_with_their_codes() {
    let office = Desk::alone("平明镇总工会").await;
    let saved = office.ask("enterprises.save", json!({ "fields": { "name": "大平乳品厂", "credit_code": "91100000ma0000015x", "employees": "1,200", "industry": "制造业" } })).await;
    let page = office.ask("enterprises.get", json!({ "id": saved["id"] })).await;
    assert_eq!(page["fields"]["credit_code"], "91100000MA0000015X");
    assert_eq!(page["fields"]["employees"], 1200);
    assert_eq!(page["fields"]["industry"], "C");
    let wrong = office
        .refused("enterprises.save", json!({ "fields": { "name": "乙厂", "credit_code": "811000000000000190" } }))
        .await;
    assert_eq!(wrong.fields[0].field, "credit_code");
    assert_eq!(office.found("dprpc").await, 1);
}

#[tokio::test]
async fn everything_stands_after_the_program_was_closed() {
    let mut office = Desk::alone("平明镇总工会").await;
    let id = office.join("王芳", WANG_FANG).await;
    office.reopen().await;
    assert_eq!(office.member(&id).await["title"], "王芳");
    assert_eq!(office.found("wf").await, 1);
}

#[tokio::test]
async fn tables_are_a_view_of_the_log() {
    let office = Desk::alone("平明镇总工会").await;
    office.ask("members.import", json!({ "path": fixture("rosters/anfeng-members.xlsx"), "commit": true })).await;
    let id = office.join("王芳", WANG_FANG).await;
    let page = office.member(&id).await;
    office.save(&page, json!({ "mobile": "13700000002" })).await;
    office
        .ask("members.change", json!({ "id": id, "event": "retained", "on": "2025-05-01", "reason": "retired" }))
        .await;
    let before = (
        office.member(&id).await,
        office.ask("members.list", json!({ "limit": 100 })).await,
        office.digest(&office.stream()),
    );
    office.ask("tables.rebuild", json!({})).await;
    let after = (
        office.member(&id).await,
        office.ask("members.list", json!({ "limit": 100 })).await,
        office.digest(&office.stream()),
    );
    assert_eq!(before, after);
    assert_eq!(office.found("wf").await, 1);
}

#[tokio::test]
async fn a_second_clerk_works_under_her_own_name_and_within_her_roles() {
    let mut office = Desk::alone("平明镇总工会").await;
    let id = office.join("王芳", WANG_FANG).await;
    office.ask("clerks.add", json!({ "name": "孙丽", "passphrase": stories::PASSPHRASE, "roles": ["viewer"] })).await;
    office.station.close().await;
    office.station = stories::opened(office.dir());
    office.ask("app.unlock", json!({ "clerk": "孙丽", "passphrase": stories::PASSPHRASE })).await;
    let page = office.member(&id).await;
    let fault = office
        .refused("members.save", json!({ "id": id, "token": page["token"], "fields": { "mobile": "13700000002" } }))
        .await;
    assert_eq!(fault.code, "role_missing");
    assert_eq!(
        office
            .refused("clerks.add", json!({ "name": "甲", "passphrase": stories::PASSPHRASE, "roles": ["clerk"] }))
            .await
            .code,
        "role_missing"
    );
}

#[tokio::test]
async fn old_workbooks_and_text_tables_come_in_too() {
    let office = Desk::alone("平明镇总工会").await;
    let done =
        office.ask("members.import", json!({ "path": fixture("rosters/made-up-members.xls"), "commit": true })).await;
    let (accepted, rejected) = (done["accepted"].as_u64().unwrap(), done["rejected"].as_u64().unwrap());
    assert_eq!(accepted + rejected, 60);
    assert!(accepted > 50);
    // 姓名,身份证号 / 王芳,… in GB18030, as an old program writes it.
    let mut gb = vec![
        0xd0, 0xd5, 0xc3, 0xfb, b',', 0xc9, 0xed, 0xb7, 0xdd, 0xd6, 0xa4, 0xba, 0xc5, b'\n', 0xcd, 0xf5, 0xb7, 0xbc,
        b',',
    ];
    gb.extend_from_slice(WANG_FANG.as_bytes());
    let plain = String::from("\u{feff}姓名;身份证号\n张伟民;'990101198001010014\n阿卜杜拉•麦麦提;990102198511121239\n");
    for (name, bytes, people) in [("old.csv", gb, 1), ("utf8.csv", plain.into_bytes(), 2)] {
        let path = office.dir().join(name);
        std::fs::write(&path, bytes).unwrap();
        let done = office.ask("members.import", json!({ "path": path, "commit": true })).await;
        assert_eq!((&done["accepted"], &done["rejected"]), (&json!(people), &json!(0)), "{name}");
    }
    assert_eq!(office.found(WANG_FANG).await, 1);
    assert_eq!(office.found("阿卜杜拉·麦麦提").await, 1, "the dot is the official one");
}

#[tokio::test]
async fn a_workbook_with_a_password_says_what_to_do() {
    let office = Desk::alone("平明镇总工会").await;
    let fault = office.refused("members.import", json!({ "path": fixture("rosters/password.xlsx") })).await;
    assert!(fault.say.zh.contains("密码") || fault.say.zh.contains("口令"), "{fault}");
}

#[tokio::test]
async fn what_no_field_can_hold_stands_in_the_note() {
    let office = Desk::alone("平明镇总工会").await;
    let path = office.dir().join("odd.csv");
    std::fs::write(&path, format!("姓名,证件号码,学历,参加工作时间\n王芳,{WANG_FANG},私塾,去年春天\n")).unwrap();
    let done = office.ask("members.import", json!({ "path": path, "commit": true })).await;
    assert_eq!(done["accepted"], 1);
    let id = office.ask("members.list", json!({})).await["rows"][0]["id"].as_str().unwrap().to_owned();
    let note = office.member(&id).await["fields"]["note"].as_str().unwrap().to_owned();
    assert!(note.contains("私塾") && note.contains("去年春天"), "{note}");
}
