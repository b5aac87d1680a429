//! An office that has worked for years lets go of the old part of its log: only what the hub, the county and a tested backup hold,
//! and nobody sees any difference but in the oldest values of a history.

use niangjia_core::{
    replication::{Incarnation, planted::plant},
    store::Moment,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use serde_json::json;
use stories::{
    County, Desk, exchange_all,
    logs::{WANG_FANG, held_by, log, pruned, ready, same, segments, shown, status, tested, would, year},
    stick::stick,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_others_hold_goes_and_nobody_sees_a_difference() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    let (wang, zhao) = year(&front, &back, &county.desk).await;
    let stream = front.stream();
    let whole = segments(&front, &front).await;
    assert!(whole > 12);

    // One condition after the other, each said in a sentence.
    assert!(held_by(&front).await.contains("还没有新的检查点"));
    front.ask("checkpoints.make", json!({})).await;
    assert!(held_by(&front).await.contains("还没有看到中转站收齐"));
    front.sync().await;
    front.sync().await;
    assert!(held_by(&front).await.contains("还没有一个打开核对过的备份"));
    front.ask("snapshots.make", json!({})).await;
    assert!(held_by(&front).await.contains("还没有一个打开核对过的备份"), "made is not tested");
    tested(&front).await;
    let said = would(&front).await;
    assert_eq!(said["done"], false);
    assert!(said["segments"].as_u64().unwrap() > 12, "{said}");
    assert_eq!(segments(&front, &front).await, whole, "it was only said");

    let before = (front.digest(&stream), shown(&front, &wang).await, shown(&front, &zhao).await);
    let members = front.ask("members.list", json!({ "limit": 2000 })).await;
    pruned(&front).await;
    assert!(segments(&front, &front).await < 3, "what is left is the tail");
    assert_eq!(log(&front, &front).await["stands"], true);
    for rebuilt in [false, true] {
        if rebuilt {
            front.ask("tables.rebuild", json!({})).await;
        }
        assert_eq!((front.digest(&stream), shown(&front, &wang).await, shown(&front, &zhao).await), before);
        assert_eq!(front.ask("members.list", json!({ "limit": 2000 })).await, members);
        assert_eq!(front.member(&zhao).await["conflicts"].as_array().unwrap().len(), 1, "both numbers stand");
        same(&front, &back, &wang).await;
        assert_eq!(front.found("王芳").await, 1);
        assert_eq!(status(&front, "unsent").await, 1, "the entry in the audit that says what went");
        assert_eq!(status(&front, "unconfirmed").await, 0);
        // The oldest values are said to lie at the county, on the page and not only beside each value.
        let history = front.ask("members.history", json!({ "id": wang })).await;
        assert!(history["note"]["zh"].as_str().unwrap().contains("县总工会"), "{history}");
        assert_eq!(history["entries"].as_array().unwrap().len(), 13);
    }
    assert!(county.desk.ask("members.history", json!({ "id": wang })).await["note"].is_null());
    assert!(held_by(&front).await.contains("还没有新的检查点"), "nothing is left to let go of");

    // It works on, in both directions, and a choice made here is settled everywhere.
    let page = front.member(&zhao).await;
    front.save(&page, json!({ "mobile": "13600000001" })).await;
    let page = back.member(&wang).await;
    back.save(&page, json!({ "post": "主席" })).await;
    exchange_all(&[&front, &back, &county.desk]).await;
    front.sync().await;
    for desk in [&back, &county.desk] {
        assert_eq!(desk.full(&zhao, "mobile").await, "13600000001");
        assert_eq!(front.digest(&stream), desk.digest(&stream));
    }
    assert_eq!(front.member(&wang).await["fields"]["post"], "主席");
    assert_eq!(front.member(&wang).await["standing"]["mark"], "confirmed");

    // And again, a year later: a further checkpoint stands on the first one.
    ready(&front, &county.desk).await;
    pruned(&front).await;
    back.sync().await;
    front.ask("tables.rebuild", json!({})).await;
    assert_eq!(front.digest(&stream), back.digest(&stream));
    same(&front, &back, &zhao).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_county_s_registrar_keeps_everything() {
    let county = County::found().await;
    let refused = county.desk.refused("log.prune", json!({ "commit": true })).await;
    assert_eq!(refused.code, "log_kept_whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_confirmed_or_not_at_the_hub_stays() {
    let mut county = County::found().await;
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = front.join("王芳", WANG_FANG).await;
    exchange_all(&[&front, &county.desk]).await;
    // The county is on holiday: the hub has it, nobody has confirmed it.
    let page = front.member(&wang).await;
    front.save(&page, json!({ "post": "班长" })).await;
    front.sync().await;
    front.ask("checkpoints.make", json!({})).await;
    front.sync().await;
    front.sync().await;
    tested(&front).await;
    assert!(held_by(&front).await.contains("县总工会还没有确认"));
    exchange_all(&[&county.desk, &front]).await;
    assert!(would(&front).await["segments"].as_u64().unwrap() > 0);
    // Without a line nothing new becomes ready.
    county.unplug().await;
    let page = front.member(&wang).await;
    front.save(&page, json!({ "post": "组长" })).await;
    front.ask("checkpoints.make", json!({})).await;
    tested(&front).await;
    assert!(held_by(&front).await.contains("还没有看到中转站收齐"));
    assert_eq!(front.member(&wang).await["fields"]["post"], "组长");
    county.plug().await;
    exchange_all(&[&front, &county.desk]).await;
    assert_eq!(county.desk.member(&wang).await["fields"]["post"], "组长");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_counts_only_while_its_file_is_the_one_that_passed() {
    let county = County::found().await;
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    front.join("王芳", WANG_FANG).await;
    ready(&front, &county.desk).await;
    assert!(would(&front).await["segments"].as_u64().unwrap() > 0);
    let name = tested(&front).await["name"].as_str().unwrap().to_owned();
    for entry in std::fs::read_dir(front.dir().join("snapshots")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|file| file != &*name) {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert!(would(&front).await["segments"].as_u64().unwrap() > 0);
    let file = front.dir().join("snapshots").join(&name);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    assert!(held_by(&front).await.contains("还没有一个打开核对过的备份"), "the disk has changed it since");
    let refused = front.refused("snapshots.test", json!({ "name": name })).await;
    assert_eq!(refused.code, "backup_unsound");
    assert_eq!(front.ask("home", json!({})).await["counts"]["members"], 1, "the office itself is untouched");
    assert!(!front.dir().join("testing").exists(), "nothing of the copy is left lying about");
    tested(&front).await;
    assert!(would(&front).await["segments"].as_u64().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn defects_in_the_conditions_are_noticed() {
    for (defect, backed_up) in [("prunes what no backup holds", false), ("prunes what is unsent", true)] {
        let county = County::found().await;
        let front = county.township("平明镇总工会", "320722104", "李强").await;
        let wang = front.join("王芳", WANG_FANG).await;
        exchange_all(&[&front, &county.desk]).await;
        let page = front.member(&wang).await;
        front.save(&page, json!({ "post": "班长" })).await;
        front.ask("checkpoints.make", json!({})).await;
        if backed_up {
            tested(&front).await;
        } else {
            exchange_all(&[&front, &county.desk, &front]).await;
        }
        let ask = json!({ "commit": true });
        assert_eq!(front.station.call_now("log.prune", ask.clone()).unwrap()["done"], false, "{defect}");
        plant(Some(defect));
        let done = front.station.call_now("log.prune", ask).unwrap();
        plant(None);
        assert_eq!(done["done"], true, "without this condition the log goes: {defect}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_heads_are_not_enough_where_the_hub_stands_on_a_checkpoint() {
    let county = County::found().await;
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    front.join("王芳", WANG_FANG).await;
    ready(&front, &county.desk).await;
    let office = front.station.office().unwrap();
    let (hub, end) = (county.epoch(), office.log_end().unwrap());
    // The hub came back with a checkpoint and lacks what lies below; the line broke before this PC could bring it.
    office.in_step_with(&hub, end, false).unwrap();
    assert!(held_by(&front).await.contains("还没有看到中转站收齐"));
    plant(Some("in step by a checkpoint"));
    office.in_step_with(&hub, end, false).unwrap();
    plant(None);
    assert!(would(&front).await["segments"].as_u64().unwrap() > 0, "without this condition the log would go");
    // Another life of the hub's store has not been seen to hold anything.
    office.meets(&Incarnation([7; 16])).unwrap();
    assert!(held_by(&front).await.contains("还没有看到中转站收齐"));
    front.sync().await;
    assert!(would(&front).await["segments"].as_u64().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_lost_more_than_the_checkpoint_stands_for_is_not_pruned() {
    let county = County::found().await;
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = front.join("王芳", WANG_FANG).await;
    ready(&front, &county.desk).await;
    let page = front.member(&wang).await;
    front.save(&page, json!({ "post": "班长" })).await;
    exchange_all(&[&front, &county.desk]).await;
    plant(Some("prunes beyond the checkpoint"));
    let fault = front.station.call_now("log.prune", json!({ "commit": true })).unwrap_err();
    plant(None);
    assert_eq!(fault.code, "pruning_differs");
    assert_eq!((log(&front, &front).await["stands"].clone(), segments(&front, &front).await > 2), (json!(false), true));
    pruned(&front).await;
    assert_eq!(front.member(&wang).await["fields"]["post"], "班长");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_prunes_by_itself_after_the_days_that_the_office_has_set() {
    const DAY: i64 = 86_400_000;
    let county = County::found().await;
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    front.join("王芳", WANG_FANG).await;
    ready(&front, &county.desk).await;
    let now = front.ask("sync.status", json!({})).await["last_contact"].as_i64().unwrap();
    let office = front.station.office().unwrap();
    let on = |days: i64| Moment { wall: now + days * DAY, rng: ChaCha20Rng::from_seed([7; 32]) };
    assert_eq!(office.prune_by_itself(on(89)).unwrap(), 0, "ninety days, unless the office says otherwise");
    let kept = front.ask("log.keep", json!({ "days": 0 })).await;
    assert_eq!(kept["after_days"], 0);
    assert_eq!(office.prune_by_itself(on(400)).unwrap(), 0, "never, where the office wants it so");
    front.ask("log.keep", json!({ "days": 30 })).await;
    assert_eq!(would(&front).await["after_days"], 30);
    assert_eq!(office.prune_by_itself(on(29)).unwrap(), 0);
    assert!(office.prune_by_itself(on(31)).unwrap() > 0);
    assert_eq!(log(&front, &front).await["stands"], true);
    exchange_all(&[&front, &county.desk]).await;
    assert_eq!(front.digest(&front.stream()), county.desk.digest(&front.stream()));
    // It stands in the audit like every act.
    let audit = front.ask("audit.recent", json!({})).await.to_string();
    assert!(audit.contains("log.prune") && audit.contains("log.keep"), "{audit}");
}
