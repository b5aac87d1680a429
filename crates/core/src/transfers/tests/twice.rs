//! A change that comes into a stream twice: by an adoption and by itself, or by two adoptions that do not say the same.

use niangjia_replication::{
    Stream,
    change::{Change, RecordId, Value as Word},
};
use serde_json::json;

use super::{ANFENG, COUNTY, PINGMING, World, by_itself, joined};
use crate::{
    members::Member,
    record::Record as _,
    store::{
        LogKeys,
        gather::{Gather, dots},
        moving::pack,
        rows,
    },
    transfers::Adoption,
};

/// All that was written of a member in the stream of the office, as the PC has it in its log.
fn written(world: &World, pc: usize, id: &str) -> Vec<Change> {
    let office = &world.pcs[pc].office;
    let (keys, memory) = (office.keys(), office.store.memory());
    let conn = office.store.write();
    let layout = office.store.schema.kind(Member::TYPE.name).unwrap();
    let row = rows::by_id(&conn, layout, id.parse().unwrap()).unwrap().unwrap();
    let wanted = dots(&conn, layout, &row).unwrap();
    Gather { conn: &conn, log: &LogKeys { keys: &keys }, memory: &memory }.changes(layout, &row, &wanted).unwrap()
}

/// A PC brings changes into the stream of an office.
fn bring(world: &World, pc: usize, into: usize, changes: &[Change]) {
    let stream = Stream::Office(world.office(into).parse().unwrap());
    let record: RecordId = changes[0].record;
    let adoption = Adoption {
        of: Member::TYPE.name.into(),
        record: Some(record),
        changes: pack(changes).unwrap(),
        authors: Some("{}".into()),
    };
    by_itself(world, pc, |act| act.create(&stream, adoption, None).map(|_| ()));
}

#[test]
fn what_comes_home_on_a_stick_before_it_came_by_itself_counts_as_it_was_written_here() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会"]);
    let (wang, _) = joined(&mut world, PINGMING, 0);
    world.save(PINGMING, &wang, json!({ "residence": "平安路 3 号", "employer": "平明供销社" }));
    let ask = json!({ "id": wang, "event": "retained", "on": "2026-06-01", "reason": "下岗待业" });
    world.ask(PINGMING, "members.change", ask);
    // Another PC of the office hears of it from a file first: values of the place are not adopted, and whoever stands by adoption is
    // a newcomer.
    let all = written(&world, PINGMING, &wang);
    assert_eq!(all.len(), 3);
    bring(&world, COUNTY, PINGMING, &all[1..]);
    let (here, there) = (world.rows(COUNTY), world.rows(PINGMING));
    assert_ne!(here.get(&key(&world, &wang)), there.get(&key(&world, &wang)), "it is there as an adoption");
    world.all_sync();
    assert_eq!(world.member(COUNTY, &wang)["state"], "retained");
    world.agrees(PINGMING);
    world.rebuilt_alike();
    assert_eq!(world.ask(COUNTY, "sync.status", json!({}))["parked"], 0);
}

fn key(world: &World, id: &str) -> String {
    format!("member {}@office/{}", id.to_uppercase(), world.office(PINGMING))
}

#[test]
fn of_two_files_that_say_different_things_under_one_name_every_pc_believes_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会", "安峰镇总工会"]);
    for (n, forger) in [(0, COUNTY), (1, ANFENG), (2, COUNTY), (3, ANFENG)] {
        let (wang, _) = joined(&mut world, PINGMING, n);
        world.save(PINGMING, &wang, json!({ "residence": "平安路 3 号" }));
        let honest = written(&world, PINGMING, &wang);
        let mut forged = honest.clone();
        let name = forged[0].sets.iter_mut().find(|set| &*set.field == "name").unwrap();
        name.value = Word::Text(format!("王芳{n}").into());
        let other = if forger == COUNTY { ANFENG } else { COUNTY };
        bring(&world, forger, ANFENG, &forged);
        bring(&world, other, ANFENG, &honest);
        let of = format!("member {}@office/{}", wang.to_uppercase(), world.office(ANFENG));
        assert_ne!(world.rows(COUNTY).get(&of), world.rows(ANFENG).get(&of));
        world.all_sync();
        assert_eq!(world.rows(COUNTY).get(&of), world.rows(ANFENG).get(&of));
        assert_eq!(world.member(PINGMING, &wang)["fields"]["name"], "王芳", "nobody else hears of it");
    }
    world.agrees(ANFENG);
    world.rebuilt_alike();
}
