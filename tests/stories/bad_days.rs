//! Bad input and bad luck: a clear sentence, nothing half-done, nothing lost.

use base64::Engine as _;
use serde_json::json;
use stories::{County, Desk, PASSPHRASE, fixture};

const WANG_FANG: &str = "99010119900615007X";

#[tokio::test]
async fn files_that_are_no_rosters_are_refused_with_a_sentence() {
    let office = Desk::alone("平明镇总工会").await;
    let whole = std::fs::read(fixture("rosters/anfeng-members.xlsx")).unwrap();
    let cases: [(&str, Vec<u8>); 6] = [
        ("empty.xlsx", Vec::new()),
        ("blank.xlsx", std::fs::read(fixture("rosters/empty.xlsx")).unwrap()),
        ("half.xlsx", whole[..whole.len() / 2].to_vec()),
        ("noise.xlsx", b"PK\x03\x04 this is no workbook".to_vec()),
        ("other.csv", "日期,天气\n今天,晴\n".into()),
        ("picture.xls", vec![0x89, b'P', b'N', b'G', 0, 0, 0, 0]),
    ];
    for (name, bytes) in cases {
        let path = office.dir().join(name);
        std::fs::write(&path, bytes).unwrap();
        let fault = office.refused("members.import", json!({ "path": path, "commit": true })).await;
        assert!(fault.say.zh.chars().count() > 10 && fault.say.en.len() > 20, "{name}: {fault}");
    }
    let fault =
        office.refused("members.import", json!({ "path": office.dir().join("gone.xlsx"), "commit": true })).await;
    assert_eq!(fault.code, "file_unreadable");
    assert_eq!(office.ask("home", json!({})).await["counts"]["members"], 0);
}

#[tokio::test]
async fn a_sheet_of_200_megabytes_is_refused_before_it_is_read() {
    let office = Desk::alone("平明镇总工会").await;
    let path = office.dir().join("huge.xlsx");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(200 << 20).unwrap();
    let fault = office.refused("members.import", json!({ "path": path, "commit": true })).await;
    assert_eq!(fault.code, "file_too_large");
    // The window asks before it reads one, also before there is an office: a packet is a file too.
    for desk in [office, Desk::empty()] {
        let fault = desk.refused("files.offer", json!({ "bytes": 200 << 20 })).await;
        assert_eq!(fault.code, "file_too_large");
        assert!(fault.say.zh.contains("200 MB") && fault.say.zh.contains("100 MB"), "{fault}");
        desk.refused("files.offer", json!({ "bytes": (100 << 20) + 1 })).await;
        assert_eq!(desk.ask("files.offer", json!({ "bytes": 100 << 20 })).await["largest"], 100 << 20);
    }
}

#[tokio::test]
async fn a_wrong_passphrase_opens_nothing_and_asks_for_patience() {
    let mut office = Desk::alone("平明镇总工会").await;
    office.station.close().await;
    office.station = stories::opened(office.dir());
    assert_eq!(office.refused("members.list", json!({})).await.code, "locked");
    for _ in 0..3 {
        assert_eq!(
            office.refused("app.unlock", json!({ "clerk": "李强", "passphrase": "猜一个口令" })).await.code,
            "passphrase_wrong"
        );
    }
    assert_eq!(
        office.refused("app.unlock", json!({ "clerk": "李强", "passphrase": "再猜一个口令" })).await.code,
        "passphrase_wait"
    );
    assert_eq!(office.refused("members.list", json!({})).await.code, "locked");
}

#[tokio::test]
async fn a_damaged_database_is_not_written_to() {
    let mut office = Desk::alone("平明镇总工会").await;
    office.join("王芳", WANG_FANG).await;
    office.station.close().await;
    let path = office.dir().join("office.db");
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in bytes.iter_mut().take(4096).skip(100) {
        *byte ^= 0x5a;
    }
    std::fs::write(&path, &bytes).unwrap();
    office.station = stories::opened(office.dir());
    let fault = office.refused("app.unlock", json!({ "clerk": "李强", "passphrase": PASSPHRASE })).await;
    assert_eq!(fault.code, "store_damaged");
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the damaged file is kept as it is");
}

#[tokio::test]
async fn an_emptied_database_is_no_new_office_and_is_restored() {
    let mut office = Desk::alone("平明镇总工会").await;
    office.join("王芳", WANG_FANG).await;
    office.ask("snapshots.make", json!({})).await;
    office.station.close().await;
    let path = office.dir().join("office.db");
    for left in ["office.db-wal", "office.db-shm"] {
        let _ = std::fs::remove_file(office.dir().join(left));
    }
    std::fs::write(&path, b"").unwrap();
    office.station = stories::opened(office.dir());
    let clerk = json!({ "clerk": "李强", "passphrase": PASSPHRASE });
    assert_eq!(office.refused("app.unlock", clerk.clone()).await.code, "store_damaged");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0, "nothing was written into it");
    assert_ne!(office.ask("app.state", json!({})).await["trouble"], json!(null));
    office.ask("app.restore", clerk.clone()).await;
    assert_eq!(office.found("王芳").await, 1);
}

#[tokio::test]
async fn the_database_lies_encrypted_on_the_disk() {
    let office = Desk::alone("平明镇总工会").await;
    office.join("王芳", WANG_FANG).await;
    office.station.close().await;
    for entry in std::fs::read_dir(office.dir()).unwrap().flatten().filter(|e| e.path().is_file()) {
        let bytes = std::fs::read(entry.path()).unwrap();
        let shows = |needle: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
        assert!(
            !shows(WANG_FANG.as_bytes()) && !shows("王芳".as_bytes()) && !shows(b"SQLite format 3"),
            "{:?}",
            entry.file_name()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_not_ours_gets_nothing() {
    let county = County::found().await;
    let stranger = County::found().await;
    let desk = &county.desk;
    let real = desk.station.office().unwrap().hub().unwrap();
    let other = stranger.desk.station.office().unwrap().hub().unwrap();
    // Somebody answers at our hub's address with another key.
    let wrong = niangjia_core::identity::Hub { url: other.url, key: real.key };
    desk.station.office().unwrap().set_hub(wrong, &mut niangjia_host::moment().rng).unwrap();
    assert_eq!(desk.refused("sync.now", json!({})).await.code, "link.other_hub");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_with_a_wrong_code_changes_nothing() {
    let county = County::found().await;
    let (packet, _) = county.invitation("平明镇总工会", "320722104").await;
    let (_, other) = county.invitation("安峰镇总工会", "320722106").await;
    let desk = Desk::empty();
    let join = |code: serde_json::Value| json!({ "packet": { "path": packet }, "code": code, "clerk": "李强", "passphrase": PASSPHRASE });
    assert_eq!(desk.refused("app.join", join(other)).await.fields[0].key, "packet_or_code");
    assert_eq!(desk.refused("app.join", join(json!("AAAA-BBBB"))).await.fields[0].key, "code_typo");
    assert_eq!(desk.ask("app.state", json!({})).await["stage"], "fresh");
}

#[tokio::test]
async fn a_short_passphrase_or_a_missing_name_founds_nothing() {
    let desk = Desk::empty();
    let ask = |clerk: &str, passphrase: &str| json!({ "role": "township", "name": "平明镇总工会", "code": "320722104", "clerk": clerk, "passphrase": passphrase });
    assert_eq!(desk.refused("app.create", ask("李强", "短")).await.fields[0].key, "passphrase_short");
    assert_eq!(desk.refused("app.create", ask("  ", PASSPHRASE)).await.fields[0].key, "name_missing");
    assert_eq!(desk.ask("app.state", json!({})).await["stage"], "fresh");
    desk.ask("app.create", ask("李强", PASSPHRASE)).await;
}

#[tokio::test]
async fn a_save_without_the_token_of_the_read_is_refused() {
    let office = Desk::alone("平明镇总工会").await;
    let id = office.join("王芳", WANG_FANG).await;
    let fault = office.refused("members.save", json!({ "id": id, "fields": { "mobile": "13700000002" } })).await;
    assert_eq!(fault.code, "token_missing");
    let fault = office
        .refused("members.save", json!({ "id": id, "token": "rubbish", "fields": { "mobile": "13700000002" } }))
        .await;
    assert_eq!(fault.code, "token_unreadable");
    assert_eq!(office.full(&id, "mobile").await, "13900000001");
}

#[tokio::test]
async fn a_script_beside_the_open_window_loses_nothing_and_repeats_no_number() {
    let window = Desk::alone("平明镇总工会").await;
    window.join("王芳", WANG_FANG).await;
    // The same folder, opened by another program.
    let script = stories::opened(window.dir());
    script.call("app.unlock", json!({ "clerk": "李强", "passphrase": PASSPHRASE })).await.unwrap();
    for (name, id_no) in [("张伟民", "990101198001010014"), ("单晓", "99010619880808004X")] {
        let fields = json!({ "name": name, "id_no": id_no });
        script.call("members.join", json!({ "fields": fields, "on": "2025-03-01" })).await.unwrap();
        assert_eq!(window.found(name).await, 1, "the window sees what the script wrote");
        let page = window.ask("members.list", json!({ "text": "王芳" })).await["rows"][0].clone();
        let page = window.member(page["id"].as_str().unwrap()).await;
        window.save(&page, json!({ "post": name })).await;
    }
    window.ask("tables.rebuild", json!({})).await;
    assert_eq!(window.ask("home", json!({})).await["counts"]["members"], 3);
    let digest = window.digest(&window.stream());
    assert_eq!(script.office().unwrap().digest(&window.stream()).unwrap(), digest);
}

#[tokio::test]
async fn a_clerk_changes_the_passphrase_and_the_old_one_opens_nothing() {
    let mut office = Desk::alone("平明镇总工会").await;
    office.join("王芳", WANG_FANG).await;
    let fault = office.refused("app.passphrase", json!({ "old": "不是这一句话", "new": "新的一句好记的话" })).await;
    assert_eq!(fault.code, "passphrase_wrong");
    office.ask("app.passphrase", json!({ "old": PASSPHRASE, "new": "新的一句好记的话" })).await;
    office.station.close().await;
    office.station = stories::opened(office.dir());
    let fault = office.refused("app.unlock", json!({ "clerk": "李强", "passphrase": PASSPHRASE })).await;
    assert_eq!(fault.code, "passphrase_wrong");
    office.ask("app.unlock", json!({ "clerk": "李强", "passphrase": "新的一句好记的话" })).await;
    assert_eq!(office.found("wf").await, 1);
}

#[tokio::test]
async fn whoever_guesses_with_a_new_process_each_time_is_told_to_wait_as_well() {
    let office = Desk::alone("平明镇总工会").await;
    office.ask("clerks.add", json!({ "name": "张敏", "passphrase": "另一句好记的口令话", "roles": ["clerk"] })).await;
    office.station.close().await;
    let codes = |guess: &'static str, tries: usize| {
        let dir = office.dir();
        async move {
            let mut codes = Vec::new();
            for _ in 0..tries {
                let ask = json!({ "clerk": "李强", "passphrase": guess });
                codes.push(stories::opened(dir.clone()).call("app.unlock", ask).await.err().map(|fault| fault.code));
            }
            codes
        }
    };
    let wrong = Some("passphrase_wrong".to_owned());
    let wait = Some("passphrase_wait".to_owned());
    assert_eq!(codes("猜一个口令", 6).await, [&wrong, &wrong, &wrong, &wait, &wait, &wait].map(Clone::clone));
    assert_eq!(
        codes(PASSPHRASE, 1).await,
        std::slice::from_ref(&wait),
        "the right one waits too, or the pause would answer the guess"
    );
    // A colleague is not kept from work, and her own passphrase does not buy him further guesses.
    let hers = json!({ "clerk": "张敏", "passphrase": "另一句好记的口令话" });
    stories::opened(office.dir()).call("app.unlock", hers).await.unwrap();
    assert_eq!(codes("猜一个口令", 1).await, [wait]);
    for entry in std::fs::read_dir(office.dir()).unwrap().flatten().filter(|e| e.path().is_file()) {
        let bytes = std::fs::read(entry.path()).unwrap();
        assert!(
            !bytes.windows(15).any(|w| w == "猜一个口令".as_bytes()),
            "no guess lies on the disk: {:?}",
            entry.file_name()
        );
    }
}

#[tokio::test]
async fn a_key_slot_of_a_test_build_is_not_called_a_wrong_passphrase() {
    let office = Desk::alone("平明镇总工会").await;
    office.station.close().await;
    let path = office.dir().join("office.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut folder: serde_json::Value = serde_json::from_str(&text).unwrap();
    let slot = folder["clerks"][0]["slot"].as_str().unwrap();
    let mut bytes = base64::engine::general_purpose::STANDARD.decode(slot).unwrap();
    // Version, salt of 16 bytes, then the memory of the key derivation: 32 KiB in test builds. Here it says 33.
    let at = bytes.windows(2).position(|w| w == [0x18, 0x20]).unwrap();
    bytes[at + 1] = 0x21;
    folder["clerks"][0]["slot"] = base64::engine::general_purpose::STANDARD.encode(&bytes).into();
    std::fs::write(&path, folder.to_string()).unwrap();
    for _ in 0..5 {
        let station = stories::opened(office.dir());
        let fault = station.call("app.unlock", json!({ "clerk": "李强", "passphrase": PASSPHRASE })).await.unwrap_err();
        assert_eq!(fault.code, "slot_foreign", "and it is no guess that would have to wait");
        assert!(!fault.say.zh.contains("口令不对"), "{fault}");
    }
}
