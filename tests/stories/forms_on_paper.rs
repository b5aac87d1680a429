//! Paper: a form is looked at, printed and saved; a batch of cards waits until the clerk says that it came out well. The program that
//! draws is the real one, built by the test command; the spooler is a script.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use stories::{County, Desk, exchange_all, photo::photo};

const WANG_FANG: &str = "99010119900615007X";
const ZHANG_WEIMIN: &str = "990101198001010014";

/// The program as it lies beside the folder of this test.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.parent().unwrap().with_file_name(format!("niangjia-paper{}", std::env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "build it first: cargo build --workspace --bin niangjia-paper");
    path
}

async fn preview(desk: &Desk, of: &str, ask: Value) -> Value {
    desk.ask("paper.preview", json!({ "of": of, "ask": ask })).await
}

/// The newest entries of the audit: what was done, and what is said of it.
async fn audit(desk: &Desk) -> Vec<(String, String)> {
    let page = desk.ask("audit.recent", json!({})).await;
    let entry = |line: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&line["command"]), text(&line["noted"]["zh"]))
    };
    page["entries"].as_array().unwrap().iter().map(entry).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

/// The records on a paper.
fn ids(paper: &Value) -> Vec<&Value> {
    paper["records"].as_array().unwrap().iter().map(|record| &record["id"]).collect()
}

fn pdf(file: &Value) -> Vec<u8> {
    STANDARD.decode(file["base64"].as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_form_is_looked_at_saved_and_printed_again_with_a_reason() {
    let desk = Desk::alone("平明镇总工会").await;
    let wang = desk.join("王芳", WANG_FANG).await;
    let page = desk.member(&wang).await;
    desk.save(
        &page,
        json!({ "working_life": "2010年7月—2014年6月　东海县第二中学\n2014年7月起　星河纺织", "wage": 520_050 }),
    )
    .await;
    let folder = tempfile::tempdir().unwrap();
    desk.give_photo(&wang, &photo(folder.path(), 40)).await;
    let before = files(&desk.dir());

    let shown = preview(&desk, "members.paper", json!({ "id": wang })).await;
    assert_eq!((&shown["pages"], &shown["card"], &shown["before"]), (&json!(2), &json!(false), &json!(0)));
    assert_eq!((&shown["told"], &shown["missing_glyphs"]), (&json!([]), &json!([])));
    let pages = shown["previews"].as_array().unwrap();
    assert_eq!(pages.len(), 2);
    assert!(pages.iter().all(|page| STANDARD.decode(page.as_str().unwrap()).unwrap().starts_with(b"\x89PNG")));
    // Looked at is not printed.
    assert!(!audit(&desk).await.iter().any(|(deed, _)| deed.starts_with("paper.")));
    let saved = desk.ask("paper.save", json!({ "paper": shown["paper"] })).await;
    let named = saved["name"].as_str().unwrap();
    assert!(named.starts_with("工会会员登记表 20") && named.ends_with(".pdf"), "{named}: no name of a person");
    assert!(pdf(&saved).starts_with(b"%PDF-"));
    assert_eq!(audit(&desk).await[0], ("paper.save".to_owned(), "工会会员登记表".to_owned()));
    // The same paper once more is still the first time: it lies before the clerk. Moved, it is another file.
    let moved = desk.ask("paper.save", json!({ "paper": shown["paper"], "offset": { "x": 1.5, "y": -2.0 } })).await;
    assert_ne!(pdf(&moved), pdf(&saved));
    // Nothing that was drawn lies in the folder of the data.
    assert_eq!(files(&desk.dir()), before);

    // Opened again, it was printed before: without a reason it is shown and stays here.
    let again = preview(&desk, "members.paper", json!({ "id": wang })).await;
    assert_eq!(again["before"], 2);
    let refused = desk.refused("paper.save", json!({ "paper": again["paper"] })).await;
    assert_eq!((refused.fields[0].field.as_str(), refused.fields[0].key.as_str()), ("reason", "reprint_reason"));
    let told = preview(&desk, "members.paper", json!({ "id": wang, "reason": "原件污损" })).await;
    let marked = desk.ask("paper.save", json!({ "paper": told["paper"] })).await;
    assert_ne!(pdf(&marked), pdf(&saved), "it bears the mark of a reprint");
    assert_eq!(audit(&desk).await[0].1, "工会会员登记表，补打：原件污损");

    // Locked, and it is gone.
    desk.ask("app.lock", json!({})).await;
    assert_eq!(desk.refused("paper.save", json!({ "paper": told["paper"] })).await.code, "locked");
    desk.unlock().await;
    assert_eq!(desk.refused("paper.save", json!({ "paper": told["paper"] })).await.code, "paper_gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_says_what_is_known_and_no_id_number() {
    let desk = Desk::alone("平明镇总工会").await;
    let wang = desk.join("王芳", WANG_FANG).await;
    let page = desk.member(&wang).await;
    desk.save(&page, json!({ "employer": "厂".repeat(150), "family": "母亲　赵敏　务农", "education": "21" })).await;
    let paper = desk.ask("members.paper", json!({ "id": wang })).await;
    let item = &paper["job"]["items"][0];
    assert_eq!((&item["name"], &item["decided_on"]), (&json!("王芳"), &json!("2025年3月1日")));
    assert_eq!((&item["birth"], &item["sex"]), (&json!("1990年6月15日"), &json!("男")));
    assert_eq!((&item["union"], &item["family"]), (&json!("平明镇总工会"), &json!("母亲　赵敏　务农")));
    assert_ne!(item["education"], "21", "a label, not its code");
    // What has no room says so, on paper and beside it.
    assert!(item["employer"].as_str().unwrap().ends_with('…'));
    assert!(paper["told"][0]["zh"].as_str().unwrap().contains("末尾以“…”代替"));
    let said = paper.to_string();
    assert!(
        !said.contains(WANG_FANG) && !said.contains("990101********007X") && !said.contains("13900000001"),
        "{said}"
    );
    // Keeping the membership is noted on the form.
    let ask = json!({ "id": wang, "event": "retained", "on": "2026-01-05", "reason": "下岗待业" });
    desk.ask("members.change", ask).await;
    let paper = desk.ask("members.paper", json!({ "id": wang })).await;
    assert_eq!(paper["job"]["items"][0]["notes"], "2026年1月5日起保留会籍。");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_paper_is_not_drawn_and_a_missing_program_is_told() {
    let desk = Desk::alone("平明镇总工会").await;
    let wang = desk.join("王芳", WANG_FANG).await;
    let leaves = json!({ "id": wang, "event": "left", "on": "2026-01-05", "reason": "个人要求" });
    for (of, ask) in [("members.change", leaves), ("members.get", json!({ "id": wang })), ("app.lock", json!({}))] {
        desk.refused("paper.preview", json!({ "of": of, "ask": ask })).await;
    }
    assert_eq!(desk.member(&wang).await["state"], "active", "nothing was done on the way");
    assert_eq!(
        desk.refused("paper.print", json!({ "paper": "x", "printer": "y", "copies": 1 })).await.code,
        "paper_gone"
    );

    let elsewhere = Desk::alone("安峰镇总工会").await;
    let _ = elsewhere.station.clone().drawing_with(elsewhere.dir().join("niangjia-paper"));
    let zhang = elsewhere.join("张伟民", ZHANG_WEIMIN).await;
    let refused = elsewhere.refused("paper.preview", json!({ "of": "members.paper", "ask": { "id": zhang } })).await;
    assert_eq!(refused.code, "paper_absent");
    assert!(refused.say.zh.contains("没有找到打印程序"));
}

/// A township whose PC has numbers and two members with ordered cards. Returns it with the batch and the cards.
async fn with_a_batch(county: &County) -> (Desk, String, Vec<Value>) {
    let desk = county.township("平明镇总工会", "320722104", "李强").await;
    desk.ask("cards.ask_numbers", json!({ "count": 20 })).await;
    exchange_all(&[&desk, &county.desk, &desk]).await;
    let members = [desk.join("王芳", WANG_FANG).await, desk.join("张伟民", ZHANG_WEIMIN).await];
    let ordered = desk.ask("cards.order", json!({ "members": members })).await;
    (desk, ordered["batch"].as_str().unwrap().to_owned(), ordered["cards"].as_array().unwrap().clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_on_a_printed_card_is_believed_by_the_county() {
    let county = County::found().await;
    let (desk, batch, cards) = with_a_batch(&county).await;
    let shown = preview(&desk, "cards.paper", json!({ "batch": batch, "form": "back" })).await;
    assert_eq!((&shown["pages"], &shown["card"], &shown["told"]), (&json!(2), &json!(true), &json!([])));
    assert_eq!(ids(&shown), [&cards[0]["id"], &cards[1]["id"]]);
    exchange_all(&[&desk, &county.desk, &desk]).await;
    for (page, card) in shown["previews"].as_array().unwrap().iter().zip(&cards) {
        let read = county.desk.ask("codes.read", json!({ "frame": page })).await;
        let answer = county.desk.ask("cards.verify", json!({ "text": read["texts"][0] })).await;
        assert_eq!(answer["answer"], "valid", "{answer}");
        assert_eq!(answer["card"]["number"], card["number"]);
    }
    // An office that works alone leases to itself: its cards have no code, and the clerk hears it before they are printed.
    let alone = Desk::alone("安峰镇总工会").await;
    alone.ask("cards.ask_numbers", json!({ "count": 5 })).await;
    let wang = alone.join("王芳", WANG_FANG).await;
    let card = alone.ask("cards.order", json!({ "members": [wang] })).await["cards"][0].clone();
    let shown = preview(&alone, "cards.paper", json!({ "ids": [card["id"]], "form": "front" })).await;
    assert!(shown["told"][0]["zh"].as_str().unwrap().contains("没有二维码"), "{}", shown["told"]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_printed_and_counts_as_printed_only_when_the_clerk_says_so() {
    let county = County::found().await;
    let (desk, batch, cards) = with_a_batch(&county).await;
    let spooler = spooler(&desk);
    let printers = desk.ask("paper.printers", json!({})).await;
    assert_eq!(printers["printers"][1], json!({ "name": "Card_Printer", "default": false }));

    let ask = json!({ "batch": batch, "form": "sheet" });
    let shown = preview(&desk, "cards.paper", ask.clone()).await;
    assert_eq!((&shown["pages"], &shown["two_sided"], &shown["before"]), (&json!(2), &json!(true), &json!(0)));
    let order = json!({
        "paper": shown["paper"], "printer": "HP_Office", "copies": 2, "first": 1, "last": 2, "two_sided": true,
        "offset": { "x": 0.5, "y": -1.0 },
    });
    assert_eq!(desk.ask("paper.print", order).await["request"], "HP_Office-7");
    let words = fs::read_to_string(spooler.path().join("lp.words")).unwrap();
    for word in ["HP_Office", "2", "media=A4", "sides=two-sided-long-edge", "page-ranges=1-2", "Niangjia"] {
        assert!(words.lines().any(|line| line == word), "{word}: {words}");
    }
    assert!(!words.contains("王芳") && !words.contains(&batch), "nobody's name is in the queue");
    assert!(fs::read(spooler.path().join("lp.fed")).unwrap().starts_with(b"%PDF-"));
    assert_eq!(audit(&desk).await[0], ("paper.print".to_owned(), "会员卡（A4）".to_owned()));

    // The paper may have jammed: they wait until somebody says that it came out well.
    let state = async |card: &Value| desk.ask("cards.get", json!({ "id": card["id"] })).await["state"].clone();
    assert_eq!(state(&cards[0]).await, "ordered");
    let batches = desk.ask("cards.batches", json!({})).await;
    assert_eq!(batches["batches"], json!([{ "name": batch, "ordered": 2, "printed": 0, "held": 0 }]));
    desk.ask("cards.change", json!({ "ids": [cards[0]["id"]], "event": "printed" })).await;
    let rest = preview(&desk, "cards.paper", ask.clone()).await;
    assert_eq!((ids(&rest), &rest["before"]), (vec![&cards[1]["id"]], &json!(0)));
    desk.ask("cards.change", json!({ "ids": ids(&rest), "event": "printed" })).await;
    assert_eq!(desk.refused("paper.preview", json!({ "of": "cards.paper", "ask": ask })).await.code, "batch_printed");

    // The whole batch again, with the reason on the cards and in the audit; a printer that is not there takes nothing.
    let mut ask = json!({ "batch": batch, "form": "sheet", "again": true });
    let whole = preview(&desk, "cards.paper", ask.clone()).await;
    assert_eq!(whole["before"], 1);
    let print = |paper: &Value, printer: &str| json!({ "paper": paper["paper"], "printer": printer, "copies": 1 });
    assert_eq!(desk.refused("paper.print", print(&whole, "HP_Office")).await.fields[0].key, "reprint_reason");
    ask["reason"] = json!("卡纸，全部作废重印");
    let whole = preview(&desk, "cards.paper", ask).await;
    let heard = audit(&desk).await.len();
    assert_eq!(desk.refused("paper.print", print(&whole, "-oraw")).await.code, "printer_unknown");
    assert_eq!(audit(&desk).await.len(), heard, "what was not printed is not noted");
    desk.ask("paper.print", print(&whole, "Card_Printer")).await;
    assert_eq!(audit(&desk).await[0].1, "会员卡（A4），补打：卡纸，全部作废重印");
    county.agrees_with(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_to_sign_on_masks_id_numbers_and_leaves_out_who_has_the_card() {
    let county = County::found().await;
    let (desk, batch, cards) = with_a_batch(&county).await;
    let paper = desk.ask("cards.handouts", json!({ "batch": batch })).await;
    let rows = &paper["job"]["items"][0]["rows"];
    assert_eq!(
        rows[0],
        json!({ "name": "王芳", "id_number": "990101********007X", "card_number": cards[0]["number"] })
    );
    assert!(!paper.to_string().contains(WANG_FANG));
    let shown = preview(&desk, "cards.handouts", json!({ "batch": batch })).await;
    assert_eq!((&shown["pages"], ids(&shown).len()), (&json!(1), 2));
    desk.ask("cards.change", json!({ "ids": [cards[0]["id"]], "event": "handed_out" })).await;
    let rest = desk.ask("cards.handouts", json!({ "batch": batch })).await;
    assert_eq!(ids(&rest), [&cards[1]["id"]]);
    desk.ask("cards.change", json!({ "ids": [cards[1]["id"]], "event": "handed_out" })).await;
    assert_eq!(desk.refused("cards.handouts", json!({ "batch": batch })).await.code, "batch_handed_out");
    let all = desk.ask("cards.handouts", json!({ "batch": batch, "again": true, "reason": "存档" })).await;
    assert_eq!((ids(&all).len(), &all["job"]["reprint"]["reason"]), (2, &json!("存档")));
    assert_eq!(desk.refused("cards.handouts", json!({ "batch": "没有这一批" })).await.code, "batch_unknown");
}

/// A spooler with two printers, and the real program that finds it.
#[cfg(unix)]
fn spooler(desk: &Desk) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let script = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    script(
        "lpstat",
        "case \"$1\" in -e) echo HP_Office; echo Card_Printer;; -d) echo 'system default destination: HP_Office';; esac",
    );
    script(
        "lp",
        "printf '%s\\n' \"$@\" > \"$0.words\"\ncat > \"$0.fed\"\necho 'request id is HP_Office-7 (0 file(s))'",
    );
    let run = format!("PATH='{}':\"$PATH\" exec '{}' \"$@\"", folder.path().display(), program().display());
    let _ = desk.station.clone().drawing_with(script("niangjia-paper", &run));
    folder
}
