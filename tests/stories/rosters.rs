//! Rosters back and forth: what became of each row, the sheet that goes back, the blank one that goes out, and a preview that
//! waits for another day at the desk.

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use niangjia_core::office::Caller;
use niangjia_core::people::Role;
use serde_json::{Value, json};
use stories::Desk;

const WANG_FANG: &str = "99010119900615007X";
const ZHANG_WEIMIN: &str = "990101198001010014";
const SHAN_XIAO: &str = "99010619880808004X";

/// 王芳 and 张伟民 are here; the sheet brings 单晓, nothing new of 张伟民, another phone of 王芳, and a mistyped number.
async fn mixed() -> (Desk, String, PathBuf) {
    let office = Desk::alone("平明镇总工会").await;
    let id = office.join("王芳", WANG_FANG).await;
    office.join("张伟民", ZHANG_WEIMIN).await;
    let sheet = office.dir().join("名册.csv");
    let rows = format!(
        "姓名,证件号码,移动电话\n单晓,{SHAN_XIAO},13800000004\n张伟民,{ZHANG_WEIMIN},13900000001\n王芳,{WANG_FANG},13700000002\n赵六,990101198001010015,13700000003\n"
    );
    std::fs::write(&sheet, rows).unwrap();
    (office, id, sheet)
}

fn lines(report: &Value) -> Vec<String> {
    let path = Path::new(report.as_str().expect("a report: rows were not taken"));
    std::fs::read_to_string(path).expect("a text table").lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn what_differs_and_was_not_taken_is_told_apart_from_what_came_in() {
    let (office, id, sheet) = mixed().await;
    let seen = office.ask("members.import", json!({ "path": sheet })).await;
    let done = office.ask("members.import", json!({ "preview": seen["preview"], "commit": true })).await;
    for (key, wanted) in [("accepted", 2), ("written", 1), ("not_taken", 1), ("rejected", 1)] {
        assert_eq!(done[key], wanted, "{key}");
    }
    assert_eq!(office.full(&id, "mobile").await, "13900000001");
    let report = lines(&done["report"]);
    let said = |name: &str| report.iter().find(|line| line.starts_with(name)).unwrap().split(',').nth(3).unwrap();
    assert_eq!(said("姓名"), "导入结果");
    assert_eq!(said("单晓"), "已导入");
    assert!(said("张伟民").contains("内容相同") && !said("张伟民").contains("已导入"), "{report:?}");
    assert!(said("王芳").contains("没有改动") && said("王芳").contains("移动电话"), "{report:?}");
    assert!(!said("王芳").contains("已导入") && !said("王芳").contains("1390000"), "{report:?}");
    assert!(said("赵六").starts_with("未导入"), "{report:?}");
    assert_eq!(office.ask("members.batches", json!({})).await["batches"][0]["accepted"], 1);
    assert_eq!(office.ask("members.undo", json!({ "batch": done["batch"] })).await["undone"], 1);

    // With the tick the phone is taken, and the report says which field.
    let done = office.ask("members.import", json!({ "path": sheet, "commit": true, "take_differs": true })).await;
    for (key, wanted) in [("accepted", 3), ("written", 2), ("not_taken", 0), ("rejected", 1)] {
        assert_eq!(done[key], wanted, "{key}");
    }
    assert_eq!(office.full(&id, "mobile").await, "13700000002");
    let wang = lines(&done["report"]).into_iter().find(|line| line.starts_with("王芳")).unwrap();
    assert!(wang.contains("已更新") && wang.contains("移动电话"), "{wang}");
}

#[tokio::test]
async fn a_sheet_of_which_nothing_was_taken_comes_back_with_the_reason_too() {
    let office = Desk::alone("平明镇总工会").await;
    office.join("王芳", WANG_FANG).await;
    let sheet = office.dir().join("电话.csv");
    std::fs::write(&sheet, format!("姓名,证件号码,移动电话\n王芳,{WANG_FANG},13700000002\n")).unwrap();
    let done = office.ask("members.import", json!({ "path": sheet, "commit": true })).await;
    assert_eq!((&done["accepted"], &done["not_taken"]), (&json!(0), &json!(1)));
    assert_eq!(done["batch"], Value::Null, "nothing was written that could be undone");
    assert!(lines(&done["report"])[1].contains("没有改动"));
    // The rosters of people who are all here, and equal, have nothing to say.
    std::fs::write(&sheet, format!("姓名,证件号码,移动电话\n王芳,{WANG_FANG},13900000001\n")).unwrap();
    let done = office.ask("members.import", json!({ "path": sheet, "commit": true })).await;
    assert_eq!((&done["accepted"], &done["written"], &done["report"]), (&json!(1), &json!(0), &Value::Null));
}

#[tokio::test]
async fn a_text_table_comes_back_as_a_text_table() {
    let office = Desk::alone("平明镇总工会").await;
    // 姓名,身份证号 in GB18030, with line ends and quotes of an old program.
    let head = [0xd0, 0xd5, 0xc3, 0xfb, b',', 0xc9, 0xed, 0xb7, 0xdd, 0xd6, 0xa4, 0xba, 0xc5];
    let wrong = b"\xcd\xf5\xb7\xbc,=\"990101199006150071\"";
    let gb = [&head[..], &b"\r\n"[..], &wrong[..], &b"\r\n"[..]].concat();
    let bom = "\u{feff}姓名;身份证号\n\"王芳\";'990101199006150071\n".as_bytes().to_vec();
    for (name, bytes) in [("old.csv", gb), ("new.csv", bom)] {
        let path = office.dir().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let done = office.ask("members.import", json!({ "path": path, "commit": true })).await;
        assert_eq!(done["rejected_by"], json!({ "id_check_digit": 1 }), "{name}");
        let report = PathBuf::from(done["report"].as_str().unwrap());
        assert_eq!(report.extension().unwrap(), "csv");
        let back = std::fs::read(&report).unwrap();
        assert!(!back.starts_with(b"PK"), "{name}: a workbook under the name of a text table");
        let end = if name == "old.csv" { &b"\r\n"[..] } else { &b"\n"[..] };
        let first = bytes.windows(end.len()).position(|w| w == end).unwrap();
        assert!(back.starts_with(&bytes[..first]), "{name}: same encoding, same cells");
        // As the program that wrote it reads it: the same people, and the same refusals.
        let again = office.ask("members.import", json!({ "path": report })).await;
        assert_eq!(again["columns"][2]["header"], "导入结果", "{name}");
        assert_eq!(again["rejected_by"], done["rejected_by"], "{name}");
    }
}

/// Writes a line of texts into the first sheet of a workbook, as a clerk types it below what stands there.
fn fill_in(template: &Path, filled: &Path, row: u32, cells: &[(usize, &str)]) {
    let mut source = zip::ZipArchive::new(std::fs::File::open(template).unwrap()).unwrap();
    let mut out = zip::ZipWriter::new(std::fs::File::create(filled).unwrap());
    for at in 0..source.len() {
        let mut part = source.by_index(at).unwrap();
        let mut text = Vec::new();
        part.read_to_end(&mut text).unwrap();
        let name = part.name().unwrap().to_string();
        if name == "xl/worksheets/sheet1.xml" {
            let letters = |n: usize| {
                let last = char::from(b'A' + u8::try_from(n % 26).unwrap());
                if n < 26 {
                    last.to_string()
                } else {
                    format!("{}{last}", char::from(b'A' + u8::try_from(n / 26 - 1).unwrap()))
                }
            };
            let cells: String = cells
                .iter()
                .map(|(n, text)| format!("<c r=\"{}{row}\" t=\"inlineStr\"><is><t>{text}</t></is></c>", letters(*n)))
                .collect();
            let whole = String::from_utf8(text).unwrap();
            text = whole.replace("</sheetData>", &format!("<row r=\"{row}\">{cells}</row></sheetData>")).into_bytes();
        }
        out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(&text).unwrap();
    }
    out.finish().unwrap();
}

#[tokio::test]
async fn the_template_is_filled_in_and_comes_in_with_every_column_known() {
    let office = Desk::alone("平明镇总工会").await;
    let template = office.ask("members.template", json!({})).await["file"].as_str().unwrap().to_owned();
    assert!(Path::new(&template).starts_with(office.dir().join("reports")), "the window fetches it like a report");
    let blank = office.ask("members.import", json!({ "path": template })).await;
    let columns = blank["columns"].as_array().unwrap().clone();
    let unknown: Vec<_> = columns.iter().filter(|c| c["field"].is_null()).collect();
    assert!(unknown.is_empty() && columns.len() > 30, "{} columns, {unknown:?}", columns.len());
    assert_eq!(
        blank["counts"],
        json!({ "new": 0, "same": 0, "differs": 0, "rejected": 0, "warned": 0 }),
        "nobody is in it"
    );

    let at = |header: &str| columns.iter().position(|c| c["header"] == header).unwrap_or_else(|| panic!("{header}"));
    let person = [
        (at("姓名"), "王芳"),
        (at("证件号码"), WANG_FANG),
        (at("民族"), "回族"),
        (at("移动电话"), "13900000001"),
        (at("学历"), "大学专科"),
        (at("劳动合同止"), "2027/06/30"),
        (at("会籍变化类型"), "入会"),
        (at("会籍变化日期"), "2025/03/01"),
    ];
    let filled = office.dir().join("filled.xlsx");
    let mut sorted = person.to_vec();
    sorted.sort_unstable();
    fill_in(Path::new(&template), &filled, 20, &sorted);
    let done = office.ask("members.import", json!({ "path": filled, "commit": true })).await;
    assert_eq!((&done["accepted"], &done["rejected"]), (&json!(1), &json!(0)));
    assert_eq!(done["warned_by"], json!({}));
    let id = office.ask("members.list", json!({})).await["rows"][0]["id"].as_str().unwrap().to_owned();
    let page = office.member(&id).await;
    assert_eq!(page["fields"]["contract_to"], "2027-06-30");
    assert_eq!(office.full(&id, "id_no").await, WANG_FANG);

    // At the script door under a name of one's own, for every ledger, and never over what is there.
    let stick = tempfile::tempdir().unwrap();
    for ledger in ["members", "enterprises", "organisations", "posts", "committees"] {
        let to = stick.path().join(format!("{ledger}.xlsx"));
        let made = office.ask(&format!("{ledger}.template"), json!({ "path": to })).await;
        assert_eq!(made["file"], json!(to));
        assert!(std::fs::read(&to).unwrap().starts_with(b"PK"));
        assert_eq!(office.refused(&format!("{ledger}.template"), json!({ "path": to })).await.code, "file_there");
    }
}

#[tokio::test]
async fn a_sheet_of_names_alone_is_told_which_column_is_missing() {
    let office = Desk::alone("平明镇总工会").await;
    let path = office.dir().join("names.csv");
    std::fs::write(&path, "姓名\n王芳\n张伟民\n").unwrap();
    let fault = office.refused("members.import", json!({ "path": path })).await;
    assert_eq!(fault.code, "column_missing");
    assert!(fault.say.zh.contains("证件号码") && fault.say.zh.contains("模板"), "{fault}");
    std::fs::write(&path, "日期,天气\n今天,晴\n").unwrap();
    assert_eq!(office.refused("members.import", json!({ "path": path })).await.code, "no_known_column");
}

#[tokio::test]
async fn ditto_marks_are_nobodys_name_and_nothing_to_keep() {
    let office = Desk::alone("平明镇总工会").await;
    let path = office.dir().join("ditto.csv");
    let rows = format!(
        "姓名,证件号码,工作单位\n王芳,{WANG_FANG},平明镇石英厂\n同上,{ZHANG_WEIMIN},平明镇石英厂\n〃,{SHAN_XIAO},\n同,990102198511121239,\n单晓,{SHAN_XIAO},同上\n张伟民,同上,平明镇石英厂\n"
    );
    std::fs::write(&path, rows).unwrap();
    let done = office.ask("members.import", json!({ "path": path, "commit": true })).await;
    assert_eq!(done["rejected_by"], json!({ "name_missing": 3, "id_missing": 1 }));
    assert_eq!(done["accepted"], 2);
    assert_eq!(office.found("同上").await, 0);
    let report = lines(&done["report"]);
    assert!(report[2].contains("同上") && report[2].contains("姓名"), "{report:?}");
    let id = office.ask("members.list", json!({ "text": "单晓" })).await["rows"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(office.member(&id).await["fields"].get("employer"), None, "nobody is employed at 同上");
}

#[tokio::test]
async fn a_preview_waits_until_the_program_is_opened_again() {
    let (mut office, id, sheet) = mixed().await;
    let seen = office.ask("members.import", json!({ "path": sheet })).await;
    let preview = seen["preview"].clone();
    office.reopen().await;
    let rows = office.ask("members.import_rows", json!({ "preview": preview, "class": "rejected" })).await;
    assert_eq!((&rows["total"], &rows["rows"][0]["reasons"][0]["key"]), (&json!(1), &json!("id_check_digit")));
    office.reopen().await;
    // Meanwhile somebody takes 单晓 in by the form, and another phone of 王芳.
    office.join("单晓", SHAN_XIAO).await;
    let page = office.member(&id).await;
    office.save(&page, json!({ "mobile": "13600000003" })).await;
    let commit = json!({ "preview": preview, "commit": true, "take_differs": true });
    let done = office.ask("members.import", commit.clone()).await;
    assert_eq!(office.ask("home", json!({})).await["counts"]["members"], 3, "单晓 is one person");
    assert_eq!((&done["written"], &done["not_taken"]), (&json!(1), &json!(1)), "what nobody saw was not overwritten");
    let conflict = office.member(&id).await["conflicts"][0].clone();
    assert_eq!(conflict["sides"].as_array().unwrap().len(), 2, "both phones stand until somebody chooses");
    office.reopen().await;
    assert_eq!(office.refused("members.import", commit).await.code, "preview_gone", "it goes in once");
}

#[tokio::test]
async fn a_preview_goes_with_its_sheet_and_by_no_clock() {
    let (mut office, _, sheet) = mixed().await;
    let stale = office.ask("members.import", json!({ "path": sheet })).await["preview"].clone();
    let text = std::fs::read_to_string(&sheet).unwrap();
    std::fs::write(&sheet, text.replace("13800000004", "13800000009")).unwrap();
    for _ in 0..2 {
        let commit = json!({ "preview": stale, "commit": true });
        assert_eq!(
            office.refused("members.import", commit).await.code,
            "preview_stale",
            "the sheet is another one now"
        );
        office.reopen().await;
    }
    let fresh = office.ask("members.import", json!({ "path": sheet })).await["preview"].clone();
    let kept = three_looks(&office, &sheet).await;
    office.reopen().await;
    assert_eq!(
        office.refused("members.import_rows", json!({ "preview": fresh })).await.code,
        "preview_gone",
        "three are kept"
    );
    for one in &kept {
        office.ask("members.import_rows", json!({ "preview": one })).await;
    }
    // The PC's clock is put right by forty years meanwhile: that takes no sheet out of anybody's hands.
    office.reopen().await;
    let state = office.ask("app.state", json!({})).await;
    let moment = niangjia_host::moment();
    let later = niangjia_core::store::Moment { wall: moment.wall + 40 * 365 * 86_400_000, rng: moment.rng };
    let caller = Caller {
        clerk: state["clerk"]["id"].as_str().unwrap().parse().unwrap(),
        roles: vec![Role::Clerk],
        moment: later,
    };
    let asked = json!({ "preview": kept[2], "commit": true });
    office.station.office().unwrap().call("members.import", asked, caller).unwrap();
}

/// Three further looks at the sheet.
async fn three_looks(office: &Desk, sheet: &Path) -> Vec<Value> {
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(office.ask("members.import", json!({ "path": sheet })).await["preview"].clone());
    }
    seen
}
