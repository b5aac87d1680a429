//! Every order of return of two offices, and of three where two take in on one slip.

use std::collections::BTreeSet;

use serde_json::json;

use super::{ANFENG, COUNTY, PINGMING, SHUANGDIAN, World, joined};

/// Every order of these, each once.
pub(crate) fn orders(of: &[usize]) -> Vec<Vec<usize>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let mut out = Vec::new();
    for first in of.iter().copied().collect::<BTreeSet<_>>() {
        let at = of.iter().position(|one| *one == first).unwrap();
        let rest: Vec<usize> = of.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, one)| *one).collect();
        out.extend(orders(&rest).into_iter().map(|mut order| {
            order.insert(0, first);
            order
        }));
    }
    out
}

#[test]
fn in_whatever_order_two_offices_return_she_is_counted_once_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会", "安峰镇总工会"]);
    let all = orders(&[COUNTY, PINGMING, ANFENG, COUNTY, PINGMING, ANFENG]);
    assert_eq!(all.len(), 90);
    let (mut with_the_file, mut in_the_tray) = (0, 0);
    for (n, order) in all.into_iter().enumerate() {
        let (wang, id_no) = joined(&mut world, PINGMING, n);
        // Nobody has a line; what is written meanwhile goes out in some order.
        world.save(PINGMING, &wang, json!({ "residence": "平安路 3 号" }));
        let to = world.office(ANFENG);
        let slip =
            world.ask(PINGMING, "transfers.release", json!({ "member": wang, "to": to, "reason": "employment" }));
        world.save(PINGMING, &wang, json!({ "contact_other": "邻居李婶" }));
        let fields = json!({ "employer": "安峰服装厂", "trade": "缝纫工" });
        world.ask(ANFENG, "transfers.accept", json!({ "slip": slip["slip"], "id_no": id_no, "fields": fields }));
        for pc in &order {
            world.sync(*pc);
            assert_eq!(world.counts(COUNTY, &wang), 1, "{order:?}");
        }
        world.all_sync();
        for (pc, counts) in [(COUNTY, 1), (PINGMING, 0), (ANFENG, 1)] {
            assert_eq!(world.counts(pc, &wang), counts, "{order:?}");
            assert_eq!(world.transfer(pc, &slip["id"])["state"], "confirmed", "{order:?}");
        }
        assert_eq!(world.state(PINGMING, &wang), "transferred", "{order:?}");
        let page = world.member(ANFENG, &wang);
        assert_eq!((&page["state"], &page["conflicts"]), (&json!("active"), &json!([])), "{order:?}");
        for (field, value) in [("employer", "安峰服装厂"), ("residence", "平安路 3 号"), ("trade", "缝纫工")]
        {
            assert_eq!(page["fields"][field], value, "{order:?}");
        }
        // What 平明 wrote after the slip came with the file, or waits for a person in 安峰.
        let late = world.late(ANFENG, &wang);
        if page["fields"]["contact_other"] == "邻居李婶" {
            assert_eq!(late.len(), 0, "{order:?}");
            with_the_file += 1;
        } else {
            assert_eq!(late.len(), 1, "{order:?}");
            world.ask(ANFENG, "transfers.take_late", json!({ "id": late[0]["id"] }));
            assert_eq!(world.member(ANFENG, &wang)["fields"]["contact_other"], "邻居李婶", "{order:?}");
            in_the_tray += 1;
        }
    }
    assert!(with_the_file > 10 && in_the_tray > 10, "{with_the_file} {in_the_tray}");
    world.all_sync();
    world.agrees(PINGMING);
    world.agrees(ANFENG);
    world.rebuilt_alike();
}

#[test]
fn taken_in_at_two_places_both_are_held_in_every_order_and_the_county_decides() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会", "安峰镇总工会", "双店镇总工会"]);
    let all = orders(&[COUNTY, PINGMING, ANFENG, SHUANGDIAN, COUNTY]);
    assert_eq!(all.len(), 60);
    let mut confirmed_first = 0;
    for (n, order) in all.into_iter().enumerate() {
        let (wang, id_no) = joined(&mut world, PINGMING, n);
        // An open slip, copied.
        let slip = world.ask(PINGMING, "transfers.release", json!({ "member": wang, "reason": "employment" }));
        for (pc, employer) in [(ANFENG, "安峰服装厂"), (SHUANGDIAN, "双店电子厂")] {
            let ask = json!({ "slip": slip["slip"], "id_no": id_no, "fields": { "employer": employer } });
            world.ask(pc, "transfers.accept", ask);
        }
        for pc in &order {
            world.sync(*pc);
            assert_eq!(world.counts(COUNTY, &wang), 1, "{order:?}");
        }
        world.all_sync();
        assert_eq!(world.counts(COUNTY, &wang), 1, "{order:?}");
        for pc in [COUNTY, PINGMING, ANFENG, SHUANGDIAN] {
            assert_eq!(world.transfer(pc, &slip["id"])["state"], "disputed", "{order:?}");
        }
        let held = [world.state(ANFENG, &wang), world.state(SHUANGDIAN, &wang)];
        assert!(held.iter().all(|s| s == "provisional" || s == "active"), "nobody is dropped: {held:?} {order:?}");
        confirmed_first += usize::from(held.contains(&"active".to_owned()));

        // The county asks both, and decides: for one or the other, in turn.
        let (holder, other) = if n % 2 == 0 { (SHUANGDIAN, ANFENG) } else { (ANFENG, SHUANGDIAN) };
        let ask = json!({ "id": slip["id"], "office": world.office(holder), "reason": "劳动合同在这里" });
        assert_eq!(world.call(other, "transfers.decide", ask.clone()).unwrap_err().code, "not_registrar");
        world.ask(COUNTY, "transfers.decide", ask);
        assert_eq!(world.counts(COUNTY, &wang), 1, "{order:?}");
        world.all_sync();
        for (pc, counts) in [(COUNTY, 1), (PINGMING, 0), (holder, 1), (other, 0)] {
            assert_eq!(world.counts(pc, &wang), counts, "{order:?}");
            assert_eq!(world.transfer(pc, &slip["id"])["state"], "confirmed", "{order:?}");
        }
        assert_eq!(world.state(other, &wang), "transferred", "{order:?}");
        let employer = if holder == ANFENG { "安峰服装厂" } else { "双店电子厂" };
        assert_eq!(world.member(holder, &wang)["fields"]["employer"], employer, "{order:?}");
    }
    assert!(confirmed_first > 5, "{confirmed_first}");
    for pc in [PINGMING, ANFENG, SHUANGDIAN] {
        world.agrees(pc);
    }
    world.rebuilt_alike();
}
