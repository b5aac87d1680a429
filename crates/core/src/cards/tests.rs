//! Cards on days that are set by hand, which no window can do.

use std::path::Path;

use niangjia_replication::change::{Dot, Set, Value as Wire};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use rusqlite::{Transaction, TransactionBehavior};
use serde_json::{Value, json};

use crate::{
    devices::tests as pcs,
    founding::{self, Founded},
    office::Caller,
    people::Role,
    store::Moment,
};

const DAY: i64 = 86_400_000;

fn ask(founded: &Founded, day: u8, name: &str, ask: Value) -> Value {
    let moment = Moment { wall: 1_790_000_000_000 + i64::from(day) * DAY, rng: ChaCha20Rng::from_seed([day; 32]) };
    let caller = Caller { clerk: founded.clerk.id, roles: Role::ALL.to_vec(), moment };
    founded.office.call(name, ask, caller).unwrap().0
}

fn county(folder: &Path) -> Founded {
    let moment = Moment { wall: 1_790_000_000_000, rng: ChaCha20Rng::from_seed([99; 32]) };
    founding::county(&folder.join("county.db"), "东海县总工会", "990100", "周敏", moment).unwrap()
}

#[test]
fn a_code_signed_days_after_the_order_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let county = county(folder.path());
    let fields = json!({ "name": "王芳", "id_no": "990101199001010035" });
    let joined = ask(&county, 1, "members.join", json!({ "fields": fields, "on": "2019-03-01" }));
    ask(&county, 1, "cards.ask_numbers", json!({ "count": 10 }));
    let ordered = ask(&county, 1, "cards.order", json!({ "members": [joined["id"]] }));
    let card = &ordered["cards"][0]["id"];
    // The first card that this PC ever signs is signed five days later.
    let text = ask(&county, 6, "cards.sign", json!({ "ids": [card] }))["cards"][0]["code"].clone();
    let said = ask(&county, 6, "cards.verify", json!({ "text": text }));
    assert_eq!((&said["answer"], &said["tone"]), (&json!("valid_as_of"), &json!("good")), "{said}");
    assert_eq!(said["card"]["issued"], "2026-09-27");
    // And the same again a month later: the text is the same to the letter, so what was printed stays right.
    let again = ask(&county, 36, "cards.sign", json!({ "ids": [card] }))["cards"][0]["code"].clone();
    assert_eq!(again, text);
}

/// A PC that the county has let in writes, past every command, into its own stream what it likes of a record of the county's.
#[test]
fn an_office_changes_no_record_of_the_county_from_its_own_stream() {
    let folder = tempfile::tempdir().unwrap();
    let (county, thief) = pcs::county_and_office(folder.path());
    let (public, proof) = (vec![7; 32], vec![9; 64]);
    pcs::ask(&thief, 10, "cards.ask_numbers", json!({ "count": 10 }));
    let request = pcs::ask(&thief, 10, "cards.stock", json!({}))["requests"][0]["id"].clone();
    pcs::carry(&thief.office, &county.office, 11);
    county.office.receipts(pcs::moment(12)).unwrap();
    pcs::carry(&county.office, &thief.office, 13);
    let before = pcs::ask(&thief, 14, "cards.stock", json!({}));
    assert_eq!((&before["left"], &before["requests"]), (&json!(10), &json!([])), "{request}");

    // The lease that he knows by its id grows a hundredfold, and a key of nobody is told of.
    let lease = {
        let conn = county.office.store.write();
        let id: [u8; 16] = conn.query_row("SELECT id FROM number_lease", [], |r| r.get(0)).unwrap();
        niangjia_replication::RecordId(id)
    };
    let stream = thief.office.own_stream();
    let conn = thief.office.store.write();
    let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate).unwrap();
    let memory = (*thief.office.store.memory()).clone();
    let set = |field: &str, value: Wire| Set { field: field.into(), value, seen: Vec::new() };
    thief
        .office
        .by_itself(tx, memory, pcs::moment(15), &[], |act| {
            act.write(&stream, "number_lease", lease, vec![set("count", Wire::Int(1_000))], None)?;
            // The second one names his own first, so it would win over what the county wrote.
            let first = Dot {
                incarnation: act.memory.incarnation(act.memory.own)?,
                counter: u64::try_from(act.memory.counter).unwrap(),
            };
            let deeper = Set { field: "count".into(), value: Wire::Int(1_000), seen: vec![first] };
            act.write(&stream, "number_lease", lease, vec![deeper], None)?;
            let key = act.new_id();
            let sets = vec![set("public", Wire::Bytes(public.into())), set("proof", Wire::Bytes(proof.into()))];
            act.write(&stream, "issuing_key", key, sets, None)
        })
        .unwrap();
    drop(conn);
    pcs::carry(&thief.office, &county.office, 16);
    county.office.receipts(pcs::moment(17)).unwrap();
    for office in [&thief, &county] {
        let count: i64 =
            office.office.store.write().query_row("SELECT count FROM number_lease", [], |r| r.get(0)).unwrap();
        assert_eq!(count, 10);
        office.office.rebuild().unwrap();
        let count: i64 =
            office.office.store.write().query_row("SELECT count FROM number_lease", [], |r| r.get(0)).unwrap();
        assert_eq!(count, 10, "rebuilt");
    }
    assert_eq!(pcs::ask(&thief, 20, "cards.stock", json!({}))["left"], 10);
    let listed = |public: &[u8]| -> i64 {
        let sql = "SELECT count(*) FROM card_list WHERE what = 'trust' AND instr(token, ?1) > 0";
        county.office.store.write().query_row(sql, [public], |r| r.get(0)).unwrap()
    };
    let own: Vec<u8> = {
        let sql = "SELECT public FROM issuing_key WHERE public <> x'0707070707070707070707070707070707070707070707070707070707070707'";
        county.office.store.write().query_row(sql, [], |r| r.get(0)).unwrap()
    };
    assert_eq!(listed(&own), 1);
    assert_eq!(listed(&[7; 32]), 0, "a key that has not signed whose it is stands in no list");
}
