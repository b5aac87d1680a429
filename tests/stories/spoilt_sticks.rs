//! Sticks that were pulled, damaged, mixed up or handed to the wrong office: what is sound is taken, and the clerk is told.

use std::path::PathBuf;

use serde_json::json;
use stories::{
    Desk,
    stick::{bytes, number, packet, pair, received, stick},
};

const WANG_FANG: &str = "99010119900615007X";

#[tokio::test(flavor = "multi_thread")]
async fn a_large_packet_goes_in_small_parts_in_any_order() {
    let stick = stick();
    let (county, pingming) = pair(stick.path()).await;
    // Twenty batches, each a segment of its own.
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(pingming.join("王芳", &number(n)).await);
        pingming.station.office().unwrap().seal(&mut niangjia_host::moment().rng).unwrap();
    }
    let out = stick.path().join("上报.njpack");
    let made = pingming.ask("packets.export", json!({ "to": "county", "path": out, "part_bytes": 1 })).await;
    let files: Vec<PathBuf> = made["files"].as_array().unwrap().iter().map(|f| f.as_str().unwrap().into()).collect();
    assert!(files.len() >= 3, "4 KiB is the least: {} parts", files.len());
    let of = files.len();
    assert_eq!(
        files[0].file_name().unwrap().to_str().unwrap(),
        format!("上报.{:0w$}of{of}.njpack", 1, w = of.to_string().len())
    );

    // The parts travel on three sticks; the last comes first, and what cannot be used yet waits.
    let (away, home) = (tempfile::tempdir().unwrap(), stick.path());
    for file in &files {
        std::fs::rename(file, away.path().join(file.file_name().unwrap())).unwrap();
    }
    let bring = |n: usize| {
        let name = files[n].file_name().unwrap();
        std::fs::copy(away.path().join(name), home.join(name)).unwrap();
        home.join(name)
    };
    let came = county.import(&bring(of - 1)).await;
    assert_eq!(came["missing"].as_array().unwrap().len(), of - 1);
    assert!(received(&came, "waiting") > 0, "its segments follow others that have not come: {came}");
    assert_eq!(came["complete"], false);
    assert!(county.ask("packets.list", json!({})).await["waiting"].as_u64().unwrap() > 0);
    assert_eq!(county.ask("packets.list", json!({})).await["packets"][0]["state"], "partial");
    // A stick's owner renamed a part and copied another twice.
    let renamed = home.join("新建文件夹的副本.NJPACK");
    std::fs::rename(bring(0), &renamed).unwrap();
    std::fs::copy(away.path().join(files[0].file_name().unwrap()), home.join("copy.njpack")).unwrap();
    for n in 1..of - 1 {
        bring(n);
    }
    let came = county.import(&renamed).await;
    assert_eq!((&came["missing"], &came["complete"]), (&json!([]), &json!(true)), "{came}");
    let list = county.ask("packets.list", json!({})).await;
    assert_eq!((&list["waiting"], &list["packets"][0]["state"]), (&json!(0), &json!("whole")));
    for id in &ids {
        assert!(county.member(id).await["fields"]["name"].is_string());
    }
    assert_eq!(county.digest(&pingming.stream()), pingming.digest(&pingming.stream()));
    let fault = pingming.refused("packets.export", json!({ "to": "county", "path": renamed })).await;
    assert_eq!(fault.code, "packet_exists");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_packet_gives_what_is_sound_and_says_what_to_do() {
    let stick = stick();
    let (county, pingming) = pair(stick.path()).await;
    let id = pingming.join("王芳", WANG_FANG).await;
    let path = packet(&pingming, "county", stick.path()).await;
    let good = bytes(&path);

    // Broken off: every 97 bytes, and just before the end.
    for cut in (0..good.len()).step_by(97).chain([good.len() - 1]) {
        std::fs::write(&path, &good[..cut]).unwrap();
        let fault = county.refused("packets.import", json!({ "path": path })).await;
        assert_eq!(fault.code, "packet_damaged", "cut at {cut}");
        assert!(fault.say.zh.contains("再复制一次"));
    }
    // A bit flipped anywhere: refused or taken as far as it is sound, never believed.
    for at in (0..good.len()).step_by(61) {
        let mut wrong = good.clone();
        wrong[at] ^= 4;
        std::fs::write(&path, &wrong).unwrap();
        let fault = county.refused("packets.import", json!({ "path": path })).await;
        assert!(["packet_damaged", "packet_unknown", "packet_newer"].contains(&fault.code.as_str()), "{at}: {fault}");
    }
    let list = county.ask("packets.list", json!({})).await;
    assert!(list["packets"].as_array().unwrap().iter().all(|p| p["state"] == "partial"));
    assert_eq!(county.found("wf").await, 1, "only the end was missing of one of them: what came before it is here");

    // Copied again it comes whole, and nothing is there twice.
    std::fs::write(&path, &good).unwrap();
    let came = county.import(&path).await;
    assert_eq!((&came["complete"], &came["missing"]), (&json!(true), &json!([])));
    assert_eq!(county.found("wf").await, 1);
    assert_eq!(county.full(&id, "mobile").await, "13900000001");
    assert_eq!(county.digest(&pingming.stream()), pingming.digest(&pingming.stream()));

    // Of several parts one is damaged: it is named, and the others are taken.
    for n in 0..8 {
        pingming.join("李娜", &number(n)).await;
        pingming.station.office().unwrap().seal(&mut niangjia_host::moment().rng).unwrap();
    }
    let out = stick.path().join("again.njpack");
    let made = pingming.ask("packets.export", json!({ "to": "county", "path": out, "part_bytes": 1 })).await;
    let files: Vec<PathBuf> = made["files"].as_array().unwrap().iter().map(|f| f.as_str().unwrap().into()).collect();
    assert!(files.len() >= 2);
    let good = bytes(&files[0]);
    std::fs::write(&files[0], &good[..good.len() - 300]).unwrap();
    let fault = county.refused("packets.import", json!({ "path": files[1] })).await;
    assert_eq!(fault.code, "packet_damaged");
    assert!(fault.say.zh.contains(&format!("第 1 部分（共 {} 部分）", files.len())), "{}", fault.say.zh);
    assert_eq!(county.ask("packets.list", json!({})).await["packets"][0]["present"], files.len() - 1);
    std::fs::write(&files[0], &good).unwrap();
    assert_eq!(county.import(&files[0]).await["complete"], true);
    assert_eq!(county.found("ln").await, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_for_others_of_strangers_or_of_oneself_is_refused_kindly() {
    let stick = stick();
    let (county, pingming) = pair(stick.path()).await;
    let (invite, code) = county.invitation(stick.path(), "安峰镇总工会", "320722106").await;
    let anfeng = Desk::joined(&invite, &code, "赵敏").await;
    let other_stick = tempfile::tempdir().unwrap();
    let (other_county, stranger) = pair(other_stick.path()).await;

    // 平明's clerk picks the wrong file: it tells for whom it is.
    let hers = packet(&county, "安峰镇总工会", stick.path()).await;
    pingming.import(&packet(&county, "320722104", stick.path()).await).await;
    let fault = pingming.refused("packets.import", json!({ "path": hers })).await;
    assert_eq!(fault.code, "packet_not_for_us");
    assert!(fault.say.zh.contains("安峰镇总工会"));
    assert!(anfeng.import(&hers).await["complete"].as_bool().unwrap());

    let own = packet(&pingming, "county", stick.path()).await;
    assert_eq!(pingming.refused("packets.import", json!({ "path": own })).await.code, "packet_own");

    // Of another county, though its township has the same name and code.
    let foreign = packet(&stranger, "county", other_stick.path()).await;
    let before = county.digest(&pingming.stream());
    assert_eq!(county.refused("packets.import", json!({ "path": foreign })).await.code, "packet_stranger");
    assert_eq!(county.digest(&pingming.stream()), before);
    assert!(other_county.import(&foreign).await["complete"].as_bool().unwrap());

    // No packet at all.
    let roster = stories::fixture("rosters/pingming-members.xlsx");
    assert_eq!(county.refused("packets.import", json!({ "path": roster })).await.code, "packet_unknown");
    assert_eq!(county.refused("packets.import", json!({ "path": invite })).await.code, "packet_unknown");
    let nothing = stick.path().join("nothing.njpack");
    assert_eq!(county.refused("packets.import", json!({ "path": nothing })).await.code, "packet_unreadable");

    // Nobody to send to, or nobody at all.
    let fault = pingming.refused("packets.export", json!({ "to": "南辰乡", "path": stick.path() })).await;
    assert_eq!(fault.code, "addressee_unknown");
    let alone = Desk::alone("石湖乡总工会").await;
    assert_eq!(alone.refused("packets.export", json!({ "to": "county", "path": stick.path() })).await.code, "alone");
    assert_eq!(alone.refused("packets.import", json!({ "path": hers })).await.code, "alone");
    assert_eq!(alone.ask("packets.list", json!({})).await["addressees"], json!([]));
    let gone = stick.path().join("pulled/out.njpack");
    assert_eq!(
        pingming.refused("packets.export", json!({ "to": "county", "path": gone })).await.code,
        "packet_not_written"
    );
}
