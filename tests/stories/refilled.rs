//! A hub burns after offices have let go of the old part of their logs: whoever still holds the days before brings them where they lack,
//! and where nobody does, the checkpoint stands for them.

use niangjia_core::replication::{Frontier, planted::plant};
use niangjia_host::moment;
use serde_json::json;
use stories::{
    County, Desk, exchange_all,
    kit::{line, recovered, shares},
    logs::{WANG_FANG, held_by, log, pruned, ready, segments, status, tested, would},
    restores::{snapshot, struck},
    stick::{number, stick},
};

/// What the hub lacks below a checkpoint in a stream: behind which number, and up to which.
fn lacks(county: &County, stream: &str) -> Vec<(i64, i64)> {
    let hub = rusqlite::Connection::open(county.hub_folder().join("hub.db")).unwrap();
    let sql = "SELECT b.filled, b.until FROM base b JOIN chain c ON c.id = b.chain WHERE c.stream = ?1 AND b.until > 0 ORDER BY b.until DESC";
    let mut found = hub.prepare(sql).unwrap();
    let found = found.query_map([stream], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    found.map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_has_the_days_before_any_more_the_checkpoint_stands_for_them() {
    let (mut county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = front.join("王芳", WANG_FANG).await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    exchange_all(&[&front, &back, &county.desk]).await;
    // 王丽's PC is away while the office goes on, prunes, and the hub and the county's registrar burn in one night.
    for month in 0..4 {
        let page = front.member(&wang).await;
        front.save(&page, json!({ "post": format!("第{month}组组长") })).await;
        front.sync().await;
    }
    ready(&front, &county.desk).await;
    pruned(&front).await;
    county.lose_everything().await;
    for _ in 0..3 {
        front.sync().await;
    }
    back.sync().await;
    back.sync().await;
    assert_eq!(back.member(&wang).await["fields"]["post"], "第3组组长");
    assert_eq!(
        log(&back, &front).await["stands"],
        true,
        "what the hub cannot give as segments it gives as a checkpoint"
    );
    assert_eq!(back.digest(&front.stream()), front.digest(&front.stream()));

    let new = recovered(&shares(&county)[..2], line(&county, "周敏（新机）")).await;
    assert_eq!(new.member(&wang).await["fields"]["post"], "第3组组长");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_checkpoints_each_further_in_another_chain_the_county_makes_one() {
    let (mut county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let window = Desk::joined(&invite, &code, "王丽").await;
    let wang = front.join("王芳", WANG_FANG).await;
    exchange_all(&[&front, &window, &county.desk, &window]).await;

    // A PC in the archive begins with a checkpoint that says more of 李强's work than of 王丽's, and is switched off.
    let zhao = front.join("赵敏", &number(1)).await;
    ready(&front, &county.desk).await;
    let (invite, code) = front.further(stick.path(), "档案室").await;
    let archive = Desk::joined(&invite, &code, "吴芳").await;
    exchange_all(&[&archive, &county.desk]).await;
    assert_eq!(log(&archive, &front).await["stands"], true);

    // 王丽 sums up before she hears of that, and her log begins there. Then 李强's PC, the hub and the county's registrar burn.
    let qian = window.join("钱明", &number(2)).await;
    window.ask("checkpoints.make", json!({})).await;
    exchange_all(&[&window, &county.desk, &window]).await;
    tested(&window).await;
    pruned(&window).await;
    let stream = front.stream();
    drop(front);
    county.lose_everything().await;
    for _ in 0..3 {
        window.sync().await;
    }
    let new = recovered(&shares(&county)[..2], line(&county, "周敏（新机）")).await;
    exchange_all(&[&new, &archive, &window, &new]).await;

    for desk in [&archive, &window, &new] {
        assert_eq!(desk.sync().await["in_step"], true);
        assert_eq!(desk.digest(&stream), new.digest(&stream));
        for (id, title) in [(&wang, "王芳"), (&zhao, "赵敏"), (&qian, "钱明")] {
            assert_eq!(desk.member(id).await["title"], title);
        }
    }
    // Once is enough.
    let listed = async || new.ask("checkpoints.list", json!({})).await;
    let before = listed().await;
    exchange_all(&[&new, &archive, &new]).await;
    assert_eq!(listed().await, before);
}

/// The office's first PC burns with the hub, and of its last days the county and 王丽's PC hold what each had fetched: three parts of
/// six, and five. A new PC began with the checkpoint.
#[tokio::test(flavor = "multi_thread")]
async fn what_several_hold_of_a_gap_comes_together_and_a_checkpoint_is_no_receipt() {
    let (mut county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    let wang = front.join("王芳", WANG_FANG).await;
    exchange_all(&[&front, &back, &county.desk, &front]).await;
    let work = async |month: usize| {
        let page = front.member(&wang).await;
        front.save(&page, json!({ "post": format!("第{month}组组长") })).await;
        front.sync().await;
    };
    for month in 0..2 {
        work(month).await;
    }
    exchange_all(&[&county.desk, &back]).await;
    for month in 2..4 {
        work(month).await;
    }
    back.sync().await;
    for month in 4..6 {
        work(month).await;
    }
    front.ask("checkpoints.make", json!({})).await;
    front.sync().await;
    let (invite, code) = front.further(stick.path(), "新电脑").await;
    front.sync().await;
    let fresh = Desk::joined(&invite, &code, "吴芳").await;
    fresh.sync().await;
    assert_eq!(log(&fresh, &front).await["stands"], true);

    county.lose_everything().await;
    let stream = front.stream().to_string();
    for _ in 0..3 {
        fresh.sync().await;
    }
    let (_, end) = lacks(&county, &stream)[0];
    exchange_all(&[&county.desk, &county.desk]).await;
    let (of_county, _) = lacks(&county, &stream)[0];
    assert!(of_county > 0 && of_county < end, "the county brings what it has: {of_county} of {end}");
    exchange_all(&[&back, &back]).await;
    let (of_both, until) = lacks(&county, &stream)[0];
    assert!(of_both > of_county && of_both < until && until == end, "and so does 王丽's PC: {of_both} of {end}");
    assert_eq!(back.member(&wang).await["fields"]["post"], "第5组组长");
    assert_eq!(log(&back, &front).await["stands"], true);

    // The county has applied all of it, and says so; but it holds as segments only what it had.
    exchange_all(&[&county.desk, &back]).await;
    ready(&back, &county.desk).await;
    assert_eq!(status(&back, "unconfirmed").await, 0);
    assert!(held_by(&back).await.contains("县总工会自己还没有取齐"));
    plant(Some("prunes what the county knows from a checkpoint"));
    let would_go = back.station.call_now("log.prune", json!({})).unwrap();
    plant(None);
    assert!(would_go["segments"].as_u64().unwrap() > 0, "nothing else holds it back");

    // What the hub has been brought meanwhile the county fetches with its daily comparison; what nobody has is not lost.
    let check = async |desk: &Desk| desk.ask("sync.check", json!({})).await["repair"].clone();
    let amiss = check(&county.desk).await;
    assert_eq!((amiss["fetched"].as_i64().unwrap(), &amiss["lost"]), (of_both - of_county, &json!(0)));
    assert!(check(&county.desk).await.is_null());
    assert!(check(&fresh).await.is_null(), "a new PC misses nothing");

    // The first PC had only been without a line: with it the log is whole at the hub and at the county.
    front.sync().await;
    assert_eq!(lacks(&county, &stream), []);
    assert_eq!(check(&county.desk).await["fetched"].as_i64().unwrap(), end - of_both);
    assert_eq!(log(&county.desk, &front).await["stands"], false);
    county.desk.ask("tables.rebuild", json!({})).await;
    exchange_all(&[&county.desk, &front, &back, &fresh]).await;
    for desk in [&county.desk, &front, &fresh] {
        assert_eq!(desk.digest(&front.stream()), back.digest(&front.stream()));
    }
    assert!(would(&back).await["segments"].as_u64().unwrap() > 0, "{}", would(&back).await);
    tested(&back).await;
    pruned(&back).await;
    assert_eq!(back.member(&wang).await["fields"]["post"], "第5组组长");
    assert!(segments(&back, &front).await < 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_carried_on_may_come_before_the_checkpoint_that_tells_the_rest() {
    let (mut county, stick) = (County::found().await, stick());
    let mut front = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = front.join("王芳", WANG_FANG).await;
    ready(&front, &county.desk).await;
    pruned(&front).await;
    let name = snapshot(&front).await;
    let zhao = front.join("赵敏", &number(1)).await;
    struck(&mut front, "李强", &name).await;
    let (invite, code) = front.further(stick.path(), "新电脑").await;
    let fresh = Desk::joined(&invite, &code, "吴芳").await;
    county.lose_everything().await;

    // What the second file brought back goes out on the next chain, and is here first.
    let (ours, theirs) = (front.station.office().unwrap(), fresh.station.office().unwrap());
    ours.seal(&mut moment().rng).unwrap();
    let log_of = ours.segments_after(&front.stream(), &Frontier::new(), usize::MAX).unwrap();
    let (came, _) = theirs.receive(&front.stream(), &log_of, moment()).unwrap();
    assert!(came.segments > 0);
    drop((ours, theirs));
    assert_eq!((fresh.found("王芳").await, fresh.found("赵敏").await), (0, 1));

    for _ in 0..2 {
        front.sync().await;
        fresh.sync().await;
    }
    assert_eq!(log(&fresh, &front).await["stands"], true);
    for rebuilt in [false, true] {
        if rebuilt {
            fresh.ask("tables.rebuild", json!({})).await;
        }
        for person in [&wang, &zhao] {
            assert_eq!(fresh.member(person).await["fields"], front.member(person).await["fields"]);
        }
        assert_eq!(fresh.digest(&front.stream()), front.digest(&front.stream()));
    }
}
