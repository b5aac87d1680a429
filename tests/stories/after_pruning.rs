//! After an office has let go of the old part of its log: clones, orders, sticks, and the daily comparison go on as before.

use std::path::Path;

use serde_json::json;
use stories::{
    County, Desk, cloned, exchange_all,
    logs::{WANG_FANG, log, pruned, ready, same, segments, status, wanted, year},
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
