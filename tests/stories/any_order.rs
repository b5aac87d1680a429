//! The same segments in whatever order, however often: the same rows, to the byte.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use niangjia_core::replication::{Frontier, Limits, Segment, Stream};
use niangjia_host::{Station, moment};
use serde_json::{Value, json};
use stories::{County, Desk, PASSPHRASE, cloned, exchange_all};

const WANG_FANG: &str = "99010119900615007X";

/// A copy of an office as it lay on the disk: another replica of the same streams.
async fn copy_of(desk: &Desk, to: &Path) -> Arc<Station> {
    for entry in std::fs::read_dir(desk.dir()).unwrap().flatten().filter(|e| e.path().is_file()) {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    let copy = stories::opened(to.to_owned());
    let first = copy.call("app.state", json!({})).await.unwrap()["clerks"][0]["id"].clone();
    copy.call("app.unlock", json!({ "clerk": first, "passphrase": PASSPHRASE })).await.unwrap();
    copy
}

/// All segments of a stream, by chain.
fn chains(desk: &Desk, stream: &Stream) -> Vec<Vec<Vec<u8>>> {
    let all = desk.station.office().unwrap().segments_after(stream, &Frontier::new(), usize::MAX).unwrap();
    let mut chains: BTreeMap<_, Vec<Vec<u8>>> = BTreeMap::new();
    for bytes in all {
        let chain = Segment::parse(&bytes, &Limits::STANDARD).unwrap().header().chain;
        chains.entry(chain).or_default().push(bytes);
    }
    chains.into_values().collect()
}

async fn page(station: &Arc<Station>, id: &str) -> Value {
    let mut page = station.call("members.get", json!({ "id": id })).await.unwrap();
    let history = station.call("members.history", json!({ "id": id })).await.unwrap();
    // A token is this store's own way of naming versions, and standing depends on the road; neither is a row.
    for own in ["token", "standing"] {
        page.as_object_mut().unwrap().remove(own);
    }
    page["conflicts"] = stories::conflicts(&page);
    let entries: Vec<Value> =
        history["entries"].as_array().unwrap().iter().map(|e| json!([e["author"], e["changes"], e["event"]])).collect();
    json!({ "page": page, "history": entries })
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_agree_whatever_the_order() {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let folders: Vec<_> = (0..6).map(|_| tempfile::tempdir().unwrap()).collect();
    let mut copies = Vec::new();
    county.desk.station.close().await;
    for folder in &folders {
        copies.push(copy_of(&county.desk, folder.path()).await);
    }
    county.desk.ask("app.unlock", json!({ "clerk": "周敏", "passphrase": PASSPHRASE })).await;

    // Two desks write on one person: one after the other, beside each other, on one field and on several, with events.
    let id = pingming.join("王芳", WANG_FANG).await;
    exchange_all(&[&pingming, &county.desk]).await;
    for n in 0..5 {
        let (mine, theirs) = (pingming.member(&id).await, county.desk.member(&id).await);
        pingming.save(&mine, json!({ "mobile": format!("1370000000{n}"), "post": format!("组长{n}") })).await;
        county
            .desk
            .save(&theirs, json!({ "mobile": format!("1350000000{n}"), "department": format!("第{n}车间") }))
            .await;
        if n == 2 {
            pingming
                .ask(
                    "members.change",
                    json!({ "id": id, "event": "retained", "on": "2025-05-01", "reason": "retired" }),
                )
                .await;
            county
                .desk
                .ask("members.change", json!({ "id": id, "event": "left", "on": "2025-05-02", "reason": "own_wish" }))
                .await;
        }
        if n % 2 == 1 {
            exchange_all(&[&pingming, &county.desk]).await;
        }
    }
    exchange_all(&[&pingming, &county.desk]).await;
    let stream = pingming.stream();
    let expected = page(&county.desk.station, &id).await;
    assert_eq!(page(&pingming.station, &id).await, expected);
    assert!(!expected["page"]["conflicts"].as_array().unwrap().is_empty(), "the story makes a conflict");

    let chains = chains(&county.desk, &stream);
    assert_eq!(chains.len(), 2);
    let mut orders: Vec<Vec<Vec<u8>>> =
        vec![[chains[0].clone(), chains[1].clone()].concat(), [chains[1].clone(), chains[0].clone()].concat()];
    // In turn, one by one; then the longer chain late; then everything twice.
    let mut turns = Vec::new();
    for n in 0..chains[0].len().max(chains[1].len()) {
        turns.extend(chains.iter().rev().filter_map(|c| c.get(n).cloned()));
    }
    orders.push(turns.clone());
    orders.push([turns.clone(), turns].concat());
    let (first, rest) = chains[0].split_at(1);
    orders.push([first, &chains[1][..], rest].concat());
    let (first, rest) = chains[1].split_at(1);
    orders.push([first, &chains[0][..], rest].concat());

    for (n, (copy, order)) in copies.iter().zip(orders).enumerate() {
        let office = copy.office().unwrap();
        for segment in order {
            office.receive(&stream, &[segment], moment()).unwrap();
        }
        assert_eq!(page(copy, &id).await, expected, "order {n}");
        assert_eq!(office.digest(&stream).unwrap(), county.desk.digest(&stream), "order {n}");
        let status = copy.call("sync.status", json!({})).await.unwrap();
        assert_eq!((&status["parked"], &status["quarantined"]), (&json!(0), &json!(0)), "order {n}");
        office.rebuild().unwrap();
        assert_eq!(page(copy, &id).await, expected, "order {n}, rebuilt");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_tell_any_more_is_written_on_its_record_whatever_the_order() {
    let county = County::found().await;
    let mut first = county.township("平明镇总工会", "320722104", "李强").await;
    let folders: Vec<_> = (0..2).map(|_| tempfile::tempdir().unwrap()).collect();
    let mut copies = Vec::new();
    county.desk.station.close().await;
    for folder in &folders {
        copies.push(copy_of(&county.desk, folder.path()).await);
    }
    county.desk.ask("app.unlock", json!({ "clerk": "周敏", "passphrase": PASSPHRASE })).await;

    let id = first.join("王芳", WANG_FANG).await;
    exchange_all(&[&first, &county.desk]).await;
    // Two PCs under one name change one field under one number; the county saw one of them, and says by the number alone which.
    let second = cloned(&mut first).await;
    first.save(&first.member(&id).await, json!({ "post": "车工" })).await;
    first.sync().await;
    county.desk.sync().await;
    county.desk.save(&county.desk.member(&id).await, json!({ "post": "车工（数控）" })).await;
    second.save(&second.member(&id).await, json!({ "post": "电工" })).await;
    for _ in 0..3 {
        exchange_all(&[&second, &first, &county.desk]).await;
    }
    let stream = first.stream();
    let expected = page(&county.desk.station, &id).await;
    assert_eq!(
        (&expected["page"]["title"], expected["page"]["conflicts"].as_array().unwrap().len()),
        (&json!("王芳"), 1)
    );

    let mut chains = chains(&county.desk, &stream);
    assert_eq!(chains.len(), copies.len());
    // Each of the two comes first once: the county's, too, before the record was made.
    for (n, copy) in copies.iter().enumerate() {
        let office = copy.office().unwrap();
        for segment in chains.concat() {
            office.receive(&stream, &[segment], moment()).unwrap();
        }
        for rebuilt in [false, true] {
            if rebuilt {
                office.rebuild().unwrap();
            }
            assert_eq!(page(copy, &id).await, expected, "order {n}, rebuilt {rebuilt}");
            assert_eq!(office.digest(&stream).unwrap(), county.desk.digest(&stream), "order {n}");
            assert_eq!(copy.call("sync.status", json!({})).await.unwrap()["parked"], 0, "order {n}");
        }
        chains.rotate_left(1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_was_tampered_with_is_kept_aside_and_blocks_nothing() {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    pingming.join("王芳", WANG_FANG).await;
    pingming.sync().await;
    let stream = pingming.stream();
    let good = pingming.station.office().unwrap().segments_after(&stream, &Frontier::new(), usize::MAX).unwrap();
    let mut bad = good[0].clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    let office = county.desk.station.office().unwrap();
    let (taken, _) = office.receive(&stream, &[bad], moment()).unwrap();
    assert_eq!((taken.segments, taken.quarantined), (0, 1));
    county.desk.sync().await;
    assert_eq!(county.desk.found("wf").await, 1);
    assert_eq!(county.desk.ask("sync.status", json!({})).await["quarantined"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_before_its_record_waits_for_it() {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let folder = tempfile::tempdir().unwrap();
    county.desk.station.close().await;
    let copy = copy_of(&county.desk, folder.path()).await;
    county.desk.ask("app.unlock", json!({ "clerk": "周敏", "passphrase": PASSPHRASE })).await;

    // Entered without an event; the first thing that happens to the membership is written at the county.
    let fields = json!({ "name": "王芳", "id_no": WANG_FANG, "post": "挡车工" });
    let id = pingming.ask("members.save", json!({ "fields": fields })).await["id"].as_str().unwrap().to_owned();
    exchange_all(&[&pingming, &county.desk]).await;
    let left = json!({ "id": id, "event": "left", "on": "2025-05-02", "reason": "own_wish" });
    county.desk.ask("members.change", left).await;
    exchange_all(&[&pingming, &county.desk]).await;
    let expected = page(&county.desk.station, &id).await;

    // The county's chain, which no longer knows who began, comes first.
    let stream = pingming.stream();
    let (of_county, of_township): (Vec<_>, Vec<_>) = chains(&county.desk, &stream).into_iter().partition(|chain| {
        let signer = |bytes: &[u8]| Segment::parse(bytes, &Limits::STANDARD).unwrap().signer();
        let own = county.desk.station.office().unwrap().device_auth().0;
        let own = niangjia_core::replication::keys::chain_from_cbor(&own).unwrap();
        signer(&chain[0]) == own.last().unwrap().id()
    });
    let office = copy.office().unwrap();
    for segment in [of_county, of_township].concat().concat() {
        office.receive(&stream, &[segment], moment()).unwrap();
    }
    assert_eq!(page(&copy, &id).await, expected);
    assert_eq!(expected["page"]["conflicts"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_that_has_heard_of_its_later_days_counts_on_from_there() {
    let county = County::found().await;
    let mut pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let id = pingming.join("王芳", WANG_FANG).await;
    pingming.sync().await;
    let folder = tempfile::tempdir().unwrap();
    pingming.station.close().await;
    let old = copy_of(&pingming, folder.path()).await;
    pingming.reopen().await;
    for n in 0..3 {
        let page = pingming.member(&id).await;
        pingming.save(&page, json!({ "post": format!("组长{n}") })).await;
    }
    exchange_all(&[&pingming, &county.desk]).await;
    pingming.station.close().await;

    // The PC breaks; the old copy is put in its place, fetches what it wrote since, and only then is worked on.
    old.call("sync.now", json!({})).await.unwrap();
    let status = old.call("sync.status", json!({})).await.unwrap();
    assert_eq!((&status["unsent"], &status["quarantined"]), (&json!(0), &json!(0)), "it knows its own hand");
    let page = old.call("members.get", json!({ "id": id })).await.unwrap();
    assert_eq!(page["fields"]["post"], "组长2");
    let ask = json!({ "id": id, "token": page["token"], "fields": { "post": "主席" } });
    old.call("members.save", ask).await.unwrap();
    old.call("sync.now", json!({})).await.unwrap();
    county.desk.sync().await;
    assert_eq!(county.desk.member(&id).await["fields"]["post"], "主席", "a number used twice would be taken for known");
}
