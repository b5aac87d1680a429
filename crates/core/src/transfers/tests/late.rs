//! What is refused, what builds on it, and a decision for the old office.

use serde_json::{Value, json};

use super::{ANFENG, COUNTY, PINGMING, SHUANGDIAN, World, joined};

/// Released to 安峰, taken in there, and confirmed before 平明 comes back.
fn confirmed_early(world: &mut World, n: usize) -> (String, Value) {
    let (wang, id_no) = joined(world, PINGMING, n);
    let slip = world.ask(PINGMING, "transfers.release", json!({ "member": wang, "reason": "employment" }));
    world.ask(ANFENG, "transfers.accept", json!({ "slip": slip["slip"], "id_no": id_no, "fields": {} }));
    world.sync(ANFENG);
    world.sync(COUNTY);
    world.sync(ANFENG);
    assert_eq!(world.state(ANFENG, &wang), "active");
    (wang, slip["id"].clone())
}

#[test]
fn what_builds_on_a_refused_edit_is_not_taken_and_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会", "安峰镇总工会"]);
    let (wang, _) = confirmed_early(&mut world, 0);
    world.save(PINGMING, &wang, json!({ "residence": "平明街 1 号" }));
    // The county has it; 平明 has not heard that she is held elsewhere, and corrects what it wrote.
    world.push(PINGMING);
    world.sync(COUNTY);
    world.save(PINGMING, &wang, json!({ "residence": "平明街 2 号" }));
    world.sync(ANFENG);
    let first = world.late(ANFENG, &wang);
    world.ask(ANFENG, "transfers.refuse_late", json!({ "id": first[0]["id"], "reason": "本人说已搬走" }));
    world.all_sync();
    let second = world.late(ANFENG, &wang);
    assert_eq!(second.len(), 1);
    let refused = world.call(ANFENG, "transfers.take_late", json!({ "id": second[0]["id"] })).unwrap_err();
    assert_eq!(refused.code, "adoption_waits");
    assert_eq!(world.late(ANFENG, &wang).len(), 1, "it waits still, and nothing says that it was taken");
    world.save(ANFENG, &wang, json!({ "residence": "安峰镇 8 号" }));
    world.all_sync();
    world.agrees(ANFENG);
    world.rebuilt_alike();
    let status = world.ask(ANFENG, "sync.status", json!({}));
    assert_eq!((&status["parked"], &status["unconfirmed"]), (&json!(0), &json!(0)));
}

#[test]
fn decided_for_the_old_office_she_is_there_again_and_can_be_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会", "安峰镇总工会", "双店镇总工会"]);
    for (n, confirmed_before) in [(0, true), (1, false)] {
        let (wang, id_no) = joined(&mut world, PINGMING, n);
        let slip = world.ask(PINGMING, "transfers.release", json!({ "member": wang, "reason": "employment" }));
        for pc in [ANFENG, SHUANGDIAN] {
            world.ask(pc, "transfers.accept", json!({ "slip": slip["slip"], "id_no": id_no, "fields": {} }));
            if confirmed_before {
                world.sync(pc);
                world.sync(COUNTY);
            }
        }
        world.all_sync();
        let ask = json!({ "id": slip["id"], "office": world.office(PINGMING), "reason": "劳动合同还在平明" });
        world.ask(COUNTY, "transfers.decide", ask.clone());
        world.all_sync();
        assert_eq!(world.state(PINGMING, &wang), "active", "{confirmed_before}");
        for (pc, counts) in [(COUNTY, 1), (PINGMING, 1), (ANFENG, 0), (SHUANGDIAN, 0)] {
            assert_eq!(world.counts(pc, &wang), counts, "{confirmed_before} {pc}");
        }
        assert_eq!(world.call(COUNTY, "transfers.decide", ask).unwrap_err().code, "transfer_cannot", "once is enough");
        world.ask(PINGMING, "transfers.release", json!({ "member": wang, "reason": "employment" }));
        assert_eq!(world.state(PINGMING, &wang), "out_in_transit");
    }
}
