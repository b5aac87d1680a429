//! Reorganisations with offices that are offline, in every order of return.

use serde_json::{Value, json};

use crate::transfers::tests::{
    ANFENG, COUNTY, PINGMING, SHUANGDIAN, World, days_later, joined, number, orders::orders,
};

fn join(world: &World, pc: usize, n: usize, fields: Value) -> String {
    let mut all = json!({ "name": format!("李{n}"), "id_no": number(n), "mobile": "13900000002" });
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let ask = json!({ "fields": all, "on": "2025-03-01" });
    world.ask(pc, "members.join", ask)["id"].as_str().unwrap().to_owned()
}

fn create(world: &World, pc: usize, kind: &str, fields: Value) -> String {
    world.ask(pc, &format!("{kind}.save"), json!({ "fields": fields }))["id"].as_str().unwrap().to_owned()
}

fn ask(world: &World, kind: &str, on: &str, parts: &[(usize, usize, Option<Vec<&str>>)]) -> Value {
    let parts: Vec<Value> = parts
        .iter()
        .map(|(from, to, records)| json!({ "from": world.office(*from), "to": world.office(*to), "records": records }))
        .collect();
    json!({ "kind": kind, "paper": "海工发〔2026〕3号", "on": on, "parts": parts })
}

fn listed(world: &World, pc: usize, kind: &str) -> Vec<String> {
    let list = world.ask(pc, &format!("{kind}.list"), json!({}));
    let rows = list["rows"].as_array().unwrap().iter();
    rows.map(|row| row["title"].as_str().unwrap().to_owned()).collect()
}

/// How many people a PC counts.
fn counted(world: &World, pc: usize) -> i64 {
    world.ask(pc, "home", json!({}))["counts"]["members"].as_i64().unwrap()
}

const PAST: &str = "2026-09-01";

#[test]
fn an_enterprise_goes_with_its_union_and_its_members_in_every_order_of_return() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会", "安峰镇总工会"]);
    let all = orders(&[COUNTY, PINGMING, ANFENG, PINGMING]);
    assert_eq!(all.len(), 12);
    for (n, order) in all.into_iter().enumerate() {
        let (base, before) = (n * 10, counted(&world, COUNTY));
        let name = format!("平明纺织厂{n}");
        let union = create(
            &world,
            PINGMING,
            "organisations",
            json!({ "name": format!("{name}工会"), "kind": "base_own", "parent": world.office(PINGMING) }),
        );
        let mill = create(&world, PINGMING, "enterprises", json!({ "name": name, "union_organisation": union }));
        create(&world, PINGMING, "posts", json!({ "organisation": union, "name": "赵敏", "post": "chair" }));
        let at_the_mill =
            json!({ "employer": name, "enterprise": mill, "organisation": union, "department": "织布车间" });
        let wang = join(&world, PINGMING, base, at_the_mill);
        // Of a roster: by the employer's name alone.
        let zhao = join(&world, PINGMING, base + 1, json!({ "employer": name }));
        let stays = join(&world, PINGMING, base + 2, json!({ "employer": "平明粮站" }));
        world.all_sync();

        // 平明 has no line from here on, and goes on working.
        world.save(PINGMING, &wang, json!({ "residence": "平安路 3 号", "post": "班长" }));
        let late = join(&world, PINGMING, base + 3, json!({ "employer": name, "enterprise": mill }));
        let ask = ask(&world, "enterprise", PAST, &[(PINGMING, ANFENG, Some(vec![&mill]))]);
        let shown = world.ask(COUNTY, "successions.preview", ask.clone());
        let part = &shown["parts"][0];
        assert_eq!((&part["members"], &part["whole"]), (&json!(2), &json!(false)), "{part}");
        assert_eq!((&part["enterprises"], &part["organisations"]), (&json!([name]), &json!([format!("{name}工会")])));
        assert!(part["bytes"].as_u64().unwrap() > 500);
        world.ask(COUNTY, "successions.plan", ask);
        assert_eq!(counted(&world, COUNTY), before + 3, "{order:?}");
        for pc in &order {
            world.sync(*pc);
            for one in [&wang, &zhao, &stays] {
                assert_eq!(world.counts(COUNTY, one), 1, "{order:?}");
            }
        }
        world.all_sync();
        for (id, holder, other) in [
            (&wang, ANFENG, PINGMING),
            (&zhao, ANFENG, PINGMING),
            (&late, ANFENG, PINGMING),
            (&stays, PINGMING, ANFENG),
        ] {
            assert_eq!(world.counts(COUNTY, id), 1, "{order:?}");
            assert_eq!((world.counts(holder, id), world.counts(other, id)), (1, 0), "{order:?}");
        }
        assert_eq!(counted(&world, COUNTY), before + 4, "{order:?}");
        let page = world.member(ANFENG, &wang);
        assert_eq!((&page["state"], &page["conflicts"]), (&json!("active"), &json!([])), "{order:?}");
        for (field, value) in [
            ("employer", name.as_str()),
            ("department", "织布车间"),
            ("residence", "平安路 3 号"),
            ("organisation", &union),
        ] {
            assert_eq!(page["fields"][field], value, "{field} {order:?}");
        }
        assert_eq!(world.member(ANFENG, &zhao)["fields"]["organisation"], world.office(ANFENG), "{order:?}");
        // What was written before anybody had heard waits for nobody.
        assert_eq!(world.late(ANFENG, &wang).len(), 0, "{order:?}");
        for (kind, title) in [("enterprises", name.clone()), ("organisations", format!("{name}工会"))] {
            assert!(listed(&world, ANFENG, kind).contains(&title), "{kind} {order:?}");
            assert!(!listed(&world, PINGMING, kind).contains(&title), "{kind} {order:?}");
            assert_eq!(listed(&world, COUNTY, kind).iter().filter(|one| **one == title).count(), 1, "{kind} {order:?}");
        }
        // The county asks for those of one office, and whoever reads the page that is left is told where it went.
        for (office, stands) in [(PINGMING, false), (ANFENG, true)] {
            for (kind, title) in [("enterprises", name.clone()), ("organisations", format!("{name}工会"))] {
                let ask = json!({ "filter": { "office": world.office(office) }, "limit": 100 });
                let list = world.ask(COUNTY, &format!("{kind}.list"), ask);
                let here = list["rows"].as_array().unwrap().iter().any(|row| row["title"] == title);
                assert_eq!(here, stands, "{kind} {order:?}");
            }
            assert_eq!(world.ask(office, "enterprises.get", json!({ "id": mill }))["office"], "安峰镇总工会");
        }
        let posts = world.ask(ANFENG, "posts.list", json!({ "filter": { "organisation": union } }));
        assert_eq!(posts["total"], 1, "{order:?}");
        // And it can be worked with there.
        let union_page = world.ask(ANFENG, "organisations.get", json!({ "id": union }));
        assert_eq!(union_page["fields"]["parent"], world.office(ANFENG), "{order:?}");
        let save = json!({ "id": union, "token": union_page["token"], "fields": { "chair": "赵敏" } });
        world.ask(ANFENG, "organisations.save", save);
        world.all_sync();
        let refused = world.ask(PINGMING, "organisations.get", json!({ "id": union }));
        let save = json!({ "id": union, "token": refused["token"], "fields": { "chair": "钱明" } });
        assert_eq!(world.call(PINGMING, "organisations.save", save).unwrap_err().code, "moved_on");
    }
    world.agrees(PINGMING);
    world.agrees(ANFENG);
    world.rebuilt_alike();
    let status = world.ask(PINGMING, "sync.status", json!({}));
    assert_eq!((&status["parked"], &status["unconfirmed"]), (&json!(0), &json!(0)));
}

#[test]
fn an_office_is_given_up_while_people_are_on_the_move_and_nobody_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会", "安峰镇总工会", "双店镇总工会"]);
    let (stays, _) = joined(&mut world, PINGMING, 0);
    let (goes, id_no) = joined(&mut world, PINGMING, 1);
    let (comes, comes_no) = joined(&mut world, SHUANGDIAN, 2);
    let slip = world.ask(PINGMING, "transfers.release", json!({ "member": goes, "reason": "employment" }));
    let to = world.office(PINGMING);
    let other =
        world.ask(SHUANGDIAN, "transfers.release", json!({ "member": comes, "to": to, "reason": "employment" }));
    world.ask(PINGMING, "transfers.accept", json!({ "slip": other["slip"], "id_no": comes_no, "fields": {} }));
    let before = counted(&world, COUNTY);
    assert_eq!(before, 3);

    let ask = ask(&world, "abolition", PAST, &[(PINGMING, ANFENG, None)]);
    assert_eq!(world.call(ANFENG, "successions.plan", ask.clone()).unwrap_err().code, "not_registrar");
    world.ask(COUNTY, "successions.plan", ask);
    assert_eq!(counted(&world, COUNTY), 3);
    // 平明 has not heard of it, and a clerk takes somebody in.
    let fresh = join(&world, PINGMING, 3, json!({ "employer": "平明粮站" }));
    world.ask(SHUANGDIAN, "transfers.accept", json!({ "slip": slip["slip"], "id_no": id_no, "fields": {} }));
    for pc in [ANFENG, SHUANGDIAN, COUNTY, PINGMING, COUNTY] {
        world.sync(pc);
        for id in [&stays, &goes, &comes] {
            assert_eq!(world.counts(COUNTY, id), 1);
        }
    }
    world.all_sync();
    world.all_sync();
    for (id, holder) in [(&stays, ANFENG), (&goes, SHUANGDIAN), (&comes, ANFENG), (&fresh, ANFENG)] {
        assert_eq!(world.counts(COUNTY, id), 1);
        for pc in [PINGMING, ANFENG, SHUANGDIAN] {
            assert_eq!(world.counts(pc, id), i64::from(pc == holder), "{pc}");
        }
    }
    assert_eq!((counted(&world, COUNTY), counted(&world, PINGMING)), (4, 0));
    let offices = world.ask(COUNTY, "offices.list", json!({}));
    let line = offices["offices"].as_array().unwrap().iter().find(|one| one["id"] == world.office(PINGMING)).unwrap();
    assert_eq!(line["into"], "安峰镇总工会");
    // Nobody is sent there any more.
    let to = world.office(PINGMING);
    let release = json!({ "member": stays, "to": to, "reason": "employment" });
    let refused = world.call(ANFENG, "transfers.release", release).unwrap_err();
    assert_eq!(refused.fields[0].key, "office_closed");
    let again = self::ask(&world, "merger", PAST, &[(ANFENG, PINGMING, None)]);
    assert_eq!(world.call(COUNTY, "successions.plan", again).unwrap_err().fields[0].key, "office_unknown");
    for pc in [PINGMING, ANFENG, SHUANGDIAN] {
        world.agrees(pc);
    }
    world.rebuilt_alike();
}

#[test]
fn two_offices_become_one_on_the_day_that_was_said_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会", "安峰镇总工会", "双店镇总工会"]);
    let (wang, _) = joined(&mut world, PINGMING, 0);
    let (zhao, _) = joined(&mut world, ANFENG, 1);
    let day = (crate::transfers::tests::at() + chrono::Days::new(10)).to_string();
    let parts = [(PINGMING, SHUANGDIAN, None), (ANFENG, SHUANGDIAN, None)];
    let circle = ask(&world, "merger", &day, &[(PINGMING, ANFENG, None), (ANFENG, PINGMING, None)]);
    assert_eq!(world.call(COUNTY, "successions.plan", circle).unwrap_err().fields[0].key, "heir_closed");
    let planned = world.ask(COUNTY, "successions.plan", ask(&world, "merger", &day, &parts));
    let ids: Vec<Value> = planned["rows"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids.len(), 2);
    // One is taken back, and said again.
    world.ask(COUNTY, "successions.withdraw", json!({ "id": ids[0] }));
    world.ask(COUNTY, "successions.withdraw", json!({ "id": ids[1] }));
    world.ask(COUNTY, "successions.plan", ask(&world, "merger", &day, &parts));
    world.all_sync();
    days_later(5);
    world.all_sync();
    assert_eq!((world.counts(PINGMING, &wang), world.counts(SHUANGDIAN, &wang)), (1, 0));
    days_later(5);
    world.all_sync();
    for id in [&wang, &zhao] {
        for (pc, counts) in [(COUNTY, 1), (PINGMING, 0), (ANFENG, 0), (SHUANGDIAN, 1)] {
            assert_eq!(world.counts(pc, id), counts);
        }
    }
    let done = world.ask(COUNTY, "successions.list", json!({}));
    let row = &done["rows"][0];
    assert_eq!(row["state"], "done");
    let refused = world.call(COUNTY, "successions.withdraw", json!({ "id": row["id"] })).unwrap_err();
    assert_eq!(refused.code, "succession_done");
    world.rebuilt_alike();
}

#[test]
fn an_enterprise_that_comes_back_stays_and_who_was_written_down_late_comes_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会", "安峰镇总工会", "双店镇总工会"]);
    let mill = create(&world, PINGMING, "enterprises", json!({ "name": "平明纺织厂" }));
    let at_the_mill = || json!({ "employer": "平明纺织厂", "enterprise": mill });
    let wang = join(&world, PINGMING, 0, at_the_mill());
    world.all_sync();
    // To 安峰, on to 双店, and home; each time somebody at the office before has not heard of it.
    let mut late = Vec::new();
    for (n, (from, to)) in [(PINGMING, ANFENG), (ANFENG, SHUANGDIAN), (SHUANGDIAN, PINGMING)].into_iter().enumerate() {
        late.push(join(&world, from, n + 1, at_the_mill()));
        world.ask(COUNTY, "successions.plan", ask(&world, "enterprise", PAST, &[(from, to, Some(vec![&mill]))]));
        world.sync(to);
    }
    for _ in 0..3 {
        world.all_sync();
    }
    for id in late.iter().chain([&wang]) {
        for (pc, counts) in [(COUNTY, 1), (PINGMING, 1), (ANFENG, 0), (SHUANGDIAN, 0)] {
            assert_eq!(world.counts(pc, id), counts, "PC {pc}");
        }
    }
    let before = world.ask(COUNTY, "sync.status", json!({}))["unsent"].clone();
    world.all_sync();
    assert_eq!(world.ask(COUNTY, "sync.status", json!({}))["unsent"], before);
    let rulings = |world: &World| -> i64 {
        let conn = world.pcs[COUNTY].office.store.write();
        conn.query_row("SELECT count(*) FROM ruling", [], |row| row.get(0)).unwrap()
    };
    let settled = rulings(&world);
    world.all_sync();
    assert_eq!(rulings(&world), settled, "and then there is peace");
    world.rebuilt_alike();
}
