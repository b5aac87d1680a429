//! One database on two PCs, one of which is restored: both give the same numbers to different things, the one to a member and the
//! other to a line of its audit. What the restored one carries on under its next name is counted where the other passed its number
//! over, whoever hears of it when.

use niangjia_core::replication::{Frontier, Limits, Segment, Stream};
use niangjia_host::moment;
use serde_json::{Value, json};
use stories::{
    County, Desk, cloned, cloned_as_it_lay, exchange_all,
    logs::log,
    restores::{snapshot, struck},
    stick::{number, stick},
};

const WANG_FANG: &str = "99010119900615007X";
const ZHANG_WEIMIN: &str = "990101198001010014";
const SHAN_XIAO: &str = "99010619880808004X";

/// 张伟民 is written on the first PC, under the number that the second, its clone, gives to a line of its audit, so that 单晓 comes
/// next there; or `twice` under the number that 单晓 is given. Then the first loses its power and its data file at once, before it has sealed anything: restored, it carries 张伟民 on
/// under its next name.
async fn apart(first: &mut Desk, second: &Desk, twice: bool) -> String {
    let name = snapshot(first).await;
    let zhang = first.join("张伟民", ZHANG_WEIMIN).await;
    if !twice {
        second.ask("checkpoints.make", json!({})).await;
    }
    second.join("单晓", SHAN_XIAO).await;
    struck(first, "李强", &name).await;
    zhang
}

/// A county, an office's PC that was restored, its clone, and 张伟民, of whom only the first knows.
async fn parted(twice: bool) -> (County, Desk, Desk, String) {
    let county = County::found().await;
    let mut first = county.township("平明镇总工会", "320722104", "李强").await;
    first.join("王芳", WANG_FANG).await;
    exchange_all(&[&first, &county.desk]).await;
    let second = cloned(&mut first).await;
    let zhang = apart(&mut first, &second, twice).await;
    (county, first, second, zhang)
}

/// Everybody has everything, in the office's stream and in its audit, and still after the tables were made again.
async fn all_hold(county: &County, desks: &[&Desk], zhang: &str, post: &Value) {
    for _ in 0..3 {
        exchange_all(&[desks, &[&county.desk]].concat()).await;
    }
    for rebuilt in [false, true] {
        for desk in [desks, &[&county.desk]].concat() {
            if rebuilt {
                desk.ask("tables.rebuild", json!({})).await;
            }
            assert_eq!(desk.ask("home", json!({})).await["counts"]["members"], 3);
            assert_eq!(desk.found("张伟民").await + desk.found("单晓").await, 2);
            assert_eq!(desk.member(zhang).await["fields"]["post"], *post);
            for stream in [desks[0].stream(), Stream::Audit(desks[0].office())] {
                assert_eq!(desk.digest(&stream), county.desk.digest(&stream));
            }
            let status = desk.ask("sync.status", json!({})).await;
            for nothing in ["unsent", "parked", "quarantined"] {
                assert_eq!(status[nothing], 0, "{nothing}");
            }
        }
    }
}

/// The segments of the office's stream that lie here.
fn segments(desk: &Desk, of: &Desk) -> Vec<Vec<u8>> {
    desk.station.office().unwrap().segments_after(&of.stream(), &Frontier::new(), usize::MAX).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restore_carries_under_a_number_that_a_clone_gave_to_its_audit_is_kept() {
    for twice in [false, true] {
        let (county, first, second, zhang) = parted(twice).await;
        // The county hears of 张伟民 first and writes to that page; the clone hears of him last.
        county.agrees_with(&first).await;
        county.desk.save(&county.desk.member(&zhang).await, json!({ "post": "电工" })).await;
        county.desk.sync().await;
        second.sync().await;
        assert_eq!(second.found("张伟民").await, 1, "a number that was passed over is not known");
        all_hold(&county, &[&first, &second], &zhang, &json!("电工")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_builds_on_such_a_number_may_come_before_it() {
    for twice in [false, true] {
        let (stick, (county, first, second, zhang)) = (stick(), parted(twice).await);
        let (invite, code) = first.further(stick.path(), "服务窗口").await;
        let window = Desk::joined(&invite, &code, "王丽").await;
        county.agrees_with(&first).await;
        county.desk.save(&county.desk.member(&zhang).await, json!({ "post": "电工" })).await;

        // By sticks: the clone's chain, the county's change on 张伟民, and last what brought him.
        county.desk.station.office().unwrap().seal(&mut moment().rng).unwrap();
        second.station.office().unwrap().seal(&mut moment().rng).unwrap();
        let chain = |bytes: &[u8]| Segment::parse(bytes, &Limits::STANDARD).unwrap().header().chain;
        let (own, all) = (segments(&second, &first), segments(&county.desk, &first));
        let carried = chain(segments(&first, &first).last().unwrap());
        let (last, before): (Vec<_>, Vec<_>) = all.into_iter().partition(|bytes| chain(bytes) == carried);
        for part in [own, before, last] {
            window.station.office().unwrap().receive(&first.stream(), &part, moment()).unwrap();
        }
        assert_eq!(window.member(&zhang).await["fields"]["post"], "电工");
        all_hold(&county, &[&first, &second, &window], &zhang, &json!("电工")).await;
    }
}

/// A new PC begins with a checkpoint over what `before` has; what `after` brings then lies above it, under numbers that lie below.
async fn hides_nothing(county: &County, before: &Desk, after: &Desk, zhang: &str) {
    let stick = stick();
    county.agrees_with(before).await;
    county.desk.ask("checkpoints.make", json!({ "stream": before.stream() })).await;
    county.desk.sync().await;
    let (invite, code) = before.further(stick.path(), "新电脑").await;
    let fresh = Desk::joined(&invite, &code, "吴芳").await;
    fresh.sync().await;
    assert_eq!(log(&fresh, before).await["stands"], true);
    after.sync().await;
    all_hold(county, &[before, after, &fresh], zhang, &Value::Null).await;
    assert_eq!(log(&fresh, before).await["stands"], false, "only the whole log can tell");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_over_what_was_carried_does_not_hide_the_clone() {
    for twice in [false, true] {
        let (county, first, second, zhang) = parted(twice).await;
        hides_nothing(&county, &first, &second, &zhang).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_over_the_clone_does_not_hide_what_is_carried() {
    for twice in [false, true] {
        let (county, first, second, zhang) = parted(twice).await;
        hides_nothing(&county, &second, &first, &zhang).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_meets_a_checkpoint_that_means_others_by_the_same_numbers_takes_the_log() {
    for (clone_first, twice) in [(false, false), (false, true), (true, false), (true, true)] {
        let county = County::found().await;
        let mut first = county.township("平明镇总工会", "320722104", "李强").await;
        // Nothing has been sent yet, so whoever comes second holds nothing but its own and is given the checkpoint.
        first.join("王芳", WANG_FANG).await;
        let second = cloned(&mut first).await;
        let zhang = apart(&mut first, &second, twice).await;
        let (before, after) = if clone_first { (&second, &first) } else { (&first, &second) };
        before.sync().await;
        county.desk.sync().await;
        county.desk.ask("checkpoints.make", json!({ "stream": before.stream() })).await;
        county.desk.sync().await;
        after.sync().await;
        all_hold(&county, &[before, after], &zhang, &Value::Null).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_began_with_what_a_restore_carried_tells_clones_of_it_apart() {
    let (county, stick) = (County::found().await, stick());
    let mut pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let name = snapshot(&pingming).await;
    let wang = pingming.join("王芳", &number(1)).await;
    // Nothing is sealed when the disk is copied, twice; then its data file goes bad, and the first day goes out on the next chain.
    let (one, other) = (cloned_as_it_lay(&mut pingming).await, cloned_as_it_lay(&mut pingming).await);
    struck(&mut pingming, "李强", &name).await;
    county.agrees_with(&pingming).await;
    county.desk.ask("checkpoints.make", json!({ "stream": pingming.stream().to_string() })).await;
    county.desk.sync().await;
    let (invite, code) = pingming.further(stick.path(), "服务窗口").await;
    let window = Desk::joined(&invite, &code, "王丽").await;
    window.sync().await;
    assert_eq!(window.member(&wang).await["fields"]["name"], "王芳");

    for (at, clone) in [&one, &other].into_iter().enumerate() {
        clone.join("赵敏", &number(2 + at)).await;
        clone.sync().await;
    }
    exchange_all(&[&window, &county.desk, &pingming, &one, &other]).await;
    exchange_all(&[&window, &county.desk, &pingming, &one, &other]).await;
    county.agrees_with(&window).await;
    for desk in [&window, &county.desk] {
        assert_eq!(desk.ask("home", json!({})).await["counts"]["members"], 3);
        assert_eq!(desk.member(&wang).await["conflicts"], json!([]), "the same day is no other one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_against_somebody_else_does_not_end_the_wish_for_the_whole_log() {
    let (county, first, second, zhang) = parted(true).await;
    let stolen = county.township("安峰镇总工会", "320722106", "赵敏").await;
    exchange_all(&[&stolen, &county.desk]).await;
    let device = stolen.ask("devices.list", json!({})).await["devices"][0]["id"].clone();
    county.desk.ask("devices.revoke", json!({ "device": device, "reason": "stolen" })).await;
    county.desk.sync().await;
    hides_nothing(&county, &second, &first, &zhang).await;
}
