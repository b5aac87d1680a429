//! After an office has let go of the old part of its log: clones, orders, sticks, a hub that burns, and the daily comparison go on as
//! before, and whoever still holds the days before brings them where they lack.

use std::path::Path;

use niangjia_core::replication::{Frontier, planted::plant};
use niangjia_host::moment;
use serde_json::json;
use stories::{
    County, Desk, cloned, exchange_all,
    logs::{WANG_FANG, held_by, log, pruned, ready, same, segments, status, tested, wanted, would, year},
    restores::{snapshot, struck},
    stick::{number, packet, stick},
};

/// A PC that has pruned, and its clone, of which nobody has heard.
struct Parted {
    front: Desk,
    clone: Desk,
    /// A member whom both know.
    wang: String,
    /// A member whom the clone alone knows.
    lost: String,
}

async fn parted(county: &County) -> Parted {
    let mut front = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = front.join("王芳", WANG_FANG).await;
    exchange_all(&[&front, &county.desk]).await;
    let clone = cloned(&mut front).await;
    let lost = clone.join("周杰", &number(3)).await;
    front.join("赵敏", &number(1)).await;
    ready(&front, &county.desk).await;
    pruned(&front).await;
    Parted { front, clone, wang, lost }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_comes_to_light_below_brings_the_whole_log_back() {
    let county = County::found().await;
    let Parted { front, clone, wang, lost } = parted(&county).await;
    let page = front.member(&wang).await;
    front.save(&page, json!({ "post": "班长" })).await;
    front.sync().await;
    // Nobody has heard of the clone until now.
    clone.sync().await;
    for desk in [&front, &county.desk, &front, &clone, &county.desk, &front, &clone, &front] {
        desk.sync().await;
    }
    assert_eq!(log(&front, &front).await["stands"], false, "the hub gave back what had gone");
    for rebuilt in [false, true] {
        if rebuilt {
            front.ask("tables.rebuild", json!({})).await;
        }
        for desk in [&front, &county.desk, &clone] {
            assert_eq!(desk.digest(&front.stream()), county.desk.digest(&front.stream()));
            assert_eq!(desk.full(&lost, "mobile").await, "13900000001");
            assert_eq!(desk.member(&wang).await["fields"]["post"], "班长");
        }
        assert_eq!(status(&front, "parked").await + status(&front, "quarantined").await, 0);
    }
    assert!(front.ask("members.history", json!({ "id": wang })).await["note"].is_null());
}

/// A PC that has pruned, and a colleague's that told by stick what it holds on the first day and has been on the road since.
async fn away(county: &County, stick: &Path) -> (Desk, Desk, String) {
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = front.further(stick, "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    let wang = front.join("王芳", WANG_FANG).await;
    exchange_all(&[&front, &back]).await;
    for file in back.export("device", stick).await {
        front.import(&stick.join(file)).await;
    }
    for month in 0..6 {
        let page = front.member(&wang).await;
        front.save(&page, json!({ "post": format!("第{month}组组长") })).await;
        front.sync().await;
    }
    ready(&front, &county.desk).await;
    pruned(&front).await;
    (front, back, wang)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pruned_pc_still_has_packets_for_everybody() {
    let (county, stick) = (County::found().await, stick());
    let (mut front, back, wang) = away(&county, stick.path()).await;
    let zhao = front.join("赵敏", &number(1)).await;
    front.reopen().await;
    for file in front.export("device", stick.path()).await {
        let came = back.import(&stick.path().join(file)).await;
        assert_eq!(came["complete"], true, "{}", came["say"]["zh"]);
    }
    assert_eq!(status(&back, "parked").await, 0);
    assert_eq!(back.member(&wang).await["fields"], front.member(&wang).await["fields"]);
    assert_eq!(back.full(&zhao, "mobile").await, "13900000001");
    assert_eq!(back.digest(&front.stream()), front.digest(&front.stream()));
    // The county has the whole log and is given the tail alone.
    for file in front.export("county", stick.path()).await {
        let came = county.desk.import(&stick.path().join(file)).await;
        assert_eq!(came["complete"], true, "{}", came["say"]["zh"]);
    }
    assert_eq!(county.desk.full(&zhao, "mobile").await, "13900000001");
    assert_eq!(log(&county.desk, &front).await["stands"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_the_first_day_and_stands_on_a_checkpoint_for_the_rest_meets_a_clone() {
    let (county, stick) = (County::found().await, stick());
    let (mut front, back, _) = away(&county, stick.path()).await;
    for file in front.export("device", stick.path()).await {
        back.import(&stick.path().join(file)).await;
    }
    assert_eq!(log(&back, &front).await["stands"], true);

    // Only now the disk is copied, and both go on. The copy has no line; what it wrote goes by stick to 王丽, who has one.
    let clone = cloned(&mut front).await;
    let zhou = clone.join("周杰", &number(3)).await;
    front.join("赵敏", &number(1)).await;
    exchange_all(&[&front, &back, &county.desk]).await;
    for file in clone.export("device", stick.path()).await {
        back.import(&stick.path().join(file)).await;
    }
    exchange_all(&[&back, &county.desk]).await;
    assert_eq!(county.desk.full(&zhou, "mobile").await, "13900000001");
    exchange_all(&[&front, &clone, &county.desk, &back, &front, &clone, &county.desk, &back]).await;
    for desk in [&front, &clone, &back, &county.desk] {
        assert_eq!(desk.sync().await["in_step"], true);
        assert_eq!(desk.digest(&front.stream()), county.desk.digest(&front.stream()));
        assert_eq!(desk.full(&zhou, "mobile").await, "13900000001");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pruned_pc_refills_a_hub_that_has_lost_everything() {
    let (mut county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    let (wang, zhao) = year(&front, &back, &county.desk).await;
    ready(&front, &county.desk).await;
    pruned(&front).await;
    let page = front.member(&wang).await;
    front.save(&page, json!({ "post": "主席" })).await;
    let stream = front.stream();
    county.lose_everything().await;

    // Checkpoint and tail, from the one PC that has a line today.
    for _ in 0..3 {
        front.sync().await;
    }
    assert_eq!(front.sync().await["in_step"], true);
    let (invite, code) = front.further(stick.path(), "新电脑").await;
    let fresh = Desk::joined(&invite, &code, "吴芳").await;
    exchange_all(&[&fresh, &front]).await;
    assert_eq!(log(&fresh, &front).await["stands"], true);
    same(&fresh, &front, &zhao).await;
    assert_eq!(fresh.member(&wang).await["fields"]["post"], "主席");
    assert_eq!(fresh.digest(&stream), front.digest(&stream));

    // Whoever has the whole log brings the days before, and then the hub gives every segment again.
    back.sync().await;
    exchange_all(&[&county.desk, &back, &front, &fresh, &county.desk]).await;
    for desk in [&county.desk, &back, &fresh] {
        assert_eq!(desk.digest(&stream), front.digest(&stream));
        assert_eq!(desk.sync().await["in_step"], true);
    }
    let conn = rusqlite::Connection::open(county.hub_folder().join("hub.db")).unwrap();
    let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM base"), 0, "nothing stands on a checkpoint there any more");
    let whole = segments(&county.desk, &front).await;
    let sql = format!("SELECT count(*) FROM segment s JOIN chain c ON c.id = s.chain WHERE c.stream = '{stream}'");
    assert_eq!(count(&sql), i64::try_from(whole).unwrap());
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

    let hub = front.station.office().unwrap().hub().unwrap();
    let new = Desk::empty();
    let ask = json!({ "shares": county.shares[..2], "url": hub.url, "key": hub.key, "clerk": "周敏（新机）", "passphrase": stories::PASSPHRASE, "name": "东海县总工会", "code": "320722" });
    new.ask("app.recover", ask).await;
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
    let hub = window.station.office().unwrap().hub().unwrap();
    let new = Desk::empty();
    let ask = json!({ "shares": county.shares[..2], "url": hub.url, "key": hub.key, "clerk": "周敏（新机）", "passphrase": stories::PASSPHRASE, "name": "东海县总工会", "code": "320722" });
    new.ask("app.recover", ask).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_comes_by_stick_is_told_until_the_old_log_is_here_again() {
    let (mut county, stick) = (County::found().await, stick());
    let Parted { front, clone, wang, lost } = parted(&county).await;
    assert!(wanted(&front).await.is_null());
    // The county knows by stick what the office holds, and hears of the clone by stick.
    county.unplug().await;
    for desk in [&front, &clone] {
        county.desk.import(&packet(desk, "county", stick.path()).await).await;
    }
    let came = front.import(&packet(&county.desk, "平明镇总工会", stick.path()).await).await;
    assert_eq!(came["complete"], false, "{came}");
    assert!(wanted(&front).await["zh"].as_str().unwrap().contains("以前清理掉的日志"));
    assert_eq!(log(&front, &front).await["stands"], true, "until then the checkpoint stands");
    assert_eq!(front.member(&wang).await["title"], "王芳");
    front.ask("tables.rebuild", json!({})).await;
    assert_eq!(front.ask("home", json!({})).await["counts"]["members"], 2);

    county.plug().await;
    exchange_all(&[&front, &county.desk, &clone, &front]).await;
    assert!(wanted(&front).await.is_null());
    assert_eq!(log(&front, &front).await["stands"], false);
    for desk in [&front, &county.desk, &clone] {
        assert_eq!(desk.full(&lost, "mobile").await, "13900000001");
        assert_eq!(desk.digest(&front.stream()), county.desk.digest(&front.stream()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_comes_by_stick_takes_the_checkpoint_away_once_the_log_is_here() {
    for told in [false, true] {
        taken_away_by_stick(told).await;
    }
}

/// The maker of the checkpoint is shut out, and the order comes by stick; `told`: the county knows by stick what lies here.
async fn taken_away_by_stick(told: bool) {
    let (mut county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let stolen = Desk::joined(&invite, &code, "王丽").await;
    stolen.join("王芳", WANG_FANG).await;
    exchange_all(&[&stolen, &front, &county.desk, &stolen]).await;
    stolen.ask("checkpoints.make", json!({})).await;
    stolen.sync().await;
    let (invite, code) = front.further(stick.path(), "档案室").await;
    let fresh = Desk::joined(&invite, &code, "吴芳").await;
    exchange_all(&[&fresh, &county.desk, &stolen, &county.desk]).await;
    assert_eq!(log(&fresh, &fresh).await["stands"], true);
    if told {
        county.desk.import(&packet(&fresh, "county", stick.path()).await).await;
    }
    county.unplug().await;
    let thief = stolen.ask("devices.list", json!({})).await["devices"][0]["id"].clone();
    county.desk.ask("devices.revoke", json!({ "device": thief, "reason": "stolen" })).await;
    fresh.import(&packet(&county.desk, "平明镇总工会", stick.path()).await).await;
    // A county that does not know what lies here puts the whole log on the stick with the order.
    assert_eq!(wanted(&fresh).await.is_null(), !told);
    assert_eq!(log(&fresh, &fresh).await["stands"], told);
    assert_eq!(fresh.ask("home", json!({})).await["counts"]["members"], 1);
    county.plug().await;
    exchange_all(&[&fresh, &county.desk, &front, &fresh]).await;
    assert!(wanted(&fresh).await.is_null());
    assert_eq!(log(&fresh, &fresh).await["stands"], false);
    assert_eq!(fresh.digest(&front.stream()), county.desk.digest(&front.stream()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daily_comparison_begins_where_the_log_begins() {
    let mut county = County::found().await;
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = front.join("王芳", WANG_FANG).await;
    exchange_all(&[&front, &county.desk]).await;
    let year = |at: usize| json!({ "post": format!("第{at}组组长") });
    for month in 0..4 {
        let page = front.member(&wang).await;
        front.save(&page, year(month)).await;
        front.sync().await;
    }
    ready(&front, &county.desk).await;
    pruned(&front).await;
    for month in 4..8 {
        let page = front.member(&wang).await;
        front.save(&page, year(month)).await;
        front.sync().await;
    }
    exchange_all(&[&front, &county.desk]).await;
    let check = async |desk: &Desk| desk.ask("sync.check", json!({})).await["repair"].clone();
    for desk in [&front, &county.desk] {
        assert!(check(desk).await.is_null(), "what was let go of is not missed");
    }

    // The hub loses one segment of the days before, and one of those since.
    county.unplug().await;
    let base: i64 = front.file().query_row("SELECT max(seq) FROM base", [], |row| row.get(0)).unwrap();
    let hub = rusqlite::Connection::open(county.hub_folder().join("hub.db")).unwrap();
    let stream = front.stream().to_string();
    let lose = |seq: i64| {
        let sql = "DELETE FROM segment WHERE seq = ?2 AND chain = (SELECT c.id FROM chain c JOIN segment s ON s.chain = c.id WHERE c.stream = ?1 GROUP BY c.id ORDER BY count(*) DESC LIMIT 1)";
        assert_eq!(hub.execute(sql, rusqlite::params![stream, seq]).unwrap(), 1);
    };
    lose(base - 1);
    lose(base + 2);
    drop(hub);
    county.plug().await;
    let amiss = check(&front).await;
    assert_eq!((&amiss["fetched"], &amiss["sent"], &amiss["lost"]), (&json!(0), &json!(1), &json!(0)));
    let amiss = check(&county.desk).await;
    assert_eq!((&amiss["fetched"], &amiss["sent"], &amiss["lost"]), (&json!(0), &json!(1), &json!(0)));
    for desk in [&front, &county.desk] {
        assert!(check(desk).await.is_null());
    }

    // The pruned log itself loses one, and gets it back; the days before do not come with it.
    let office = front.file();
    let (row, own): (i64, i64) = office.query_row("SELECT s.no, (SELECT count(*) FROM segment) FROM segment s JOIN stream t ON t.no = s.stream WHERE t.name = ?1 AND s.seq = ?2", rusqlite::params![stream, base + 2], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(office.execute("DELETE FROM segment WHERE no = ?1", [row]).unwrap(), 1);
    let amiss = check(&front).await;
    assert_eq!((&amiss["fetched"], &amiss["sent"], &amiss["lost"]), (&json!(1), &json!(0), &json!(0)));
    let now: i64 = front.file().query_row("SELECT count(*) FROM segment", [], |row| row.get(0)).unwrap();
    assert_eq!((now, log(&front, &front).await["stands"].clone()), (own, json!(true)));
    front.ask("tables.rebuild", json!({})).await;
    assert_eq!(front.digest(&front.stream()), county.desk.digest(&front.stream()));
    assert_eq!(front.member(&wang).await["fields"]["post"], "第7组组长");
}

/// What the hub lacks below a checkpoint in a stream: behind which number, and up to which.
fn lacks(county: &County, stream: &str) -> Vec<(i64, i64)> {
    let hub = rusqlite::Connection::open(county.hub_folder().join("hub.db")).unwrap();
    let sql = "SELECT b.filled, b.until FROM base b JOIN chain c ON c.id = b.chain WHERE c.stream = ?1 AND b.until > 0 ORDER BY b.until DESC";
    let mut found = hub.prepare(sql).unwrap();
    let found = found.query_map([stream], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    found.map(Result::unwrap).collect()
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
