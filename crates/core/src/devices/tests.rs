//! Keys that travel beside the county's word, and a registrar that begins again: what the window has no door for.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use niangjia_replication::{
    Stream,
    enrol::{self, Code},
    keys::{StreamKey, chain_from_cbor},
    orders::Granted,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use rusqlite::{Transaction, TransactionBehavior};
use serde_json::{Value, json};

use super::grants::BEYOND_BELIEF;
use crate::{
    founding::{self, Founded},
    office::{Caller, Office},
    people::Role,
    recovery::{self, Known},
    store::Moment,
};

pub(crate) fn moment(n: u8) -> Moment {
    Moment { wall: 1_790_000_000_000 + i64::from(n), rng: ChaCha20Rng::from_seed([n; 32]) }
}

pub(crate) fn ask(founded: &Founded, n: u8, name: &str, ask: Value) -> Value {
    let caller = Caller { clerk: founded.clerk.id, roles: Role::ALL.to_vec(), moment: moment(n) };
    founded.office.call(name, ask, caller).unwrap().0
}

/// A county, and a PC of an office that it has invited.
pub(crate) fn county_and_office(folder: &Path) -> (Founded, Founded) {
    let county = founding::county(&folder.join("county.db"), "东海县总工会", "320722", "周敏", moment(1)).unwrap();
    let office = invited(&county, 2, &folder.join("office.db"));
    (county, office)
}

fn invited(county: &Founded, n: u8, file: &Path) -> Founded {
    joined(&ask(county, n, "offices.invite", json!({ "name": "平明镇总工会", "code": "320722104" })), n, file, "李强")
}

fn joined(invitation: &Value, n: u8, file: &Path, clerk: &str) -> Founded {
    let packet = STANDARD.decode(invitation["packet"].as_str().unwrap()).unwrap();
    let code = Code::parse(invitation["code"].as_str().unwrap()).unwrap();
    founding::join(file, enrol::open(&packet, &code).unwrap(), clerk, moment(n + 1)).unwrap()
}

pub(crate) fn carry(from: &Office, to: &Office, n: u8) {
    carry_of(from, to, n, |_| true);
}

/// Brings what one PC has in some streams to another.
fn carry_of(from: &Office, to: &Office, n: u8, wanted: impl Fn(&Stream) -> bool) {
    from.seal(&mut moment(n).rng).unwrap();
    let held = to.frontiers().unwrap();
    for (stream, _) in from.frontiers().unwrap().into_iter().filter(|(stream, _)| wanted(stream)) {
        let theirs = held.iter().find(|(of, _)| *of == stream).map(|(_, held)| held.clone()).unwrap_or_default();
        let segments = from.segments_after(&stream, &theirs, usize::MAX).unwrap();
        to.receive(&stream, &segments, moment(n)).unwrap();
    }
}

/// A PC of an office makes a key of its own, writes under it and tells it to the registrar.
fn tells(office: &Office, to: &Office, epoch: u32, n: u8) {
    let key = StreamKey::generate(epoch, &mut moment(n).rng);
    office.keys.write().unwrap().streams.insert((office.own_stream(), epoch), key.clone());
    let own = chain_from_cbor(&to.keys().chain).unwrap();
    let (holder, sealing) = (own[2].id(), own[2].claims().sealing.unwrap());
    let sealed = Granted::seal(office.own_stream(), &key, holder, &sealing, &mut moment(n).rng).unwrap();
    let conn = office.store.write();
    let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate).unwrap();
    let memory = (*office.store.memory()).clone();
    office.by_itself(tx, memory, moment(n), &[], |act| act.tell(&office.own_stream(), &[sealed])).unwrap();
}

fn joins(office: &Founded, n: u8, name: &str) {
    let fields = json!({ "name": name, "id_no": "990101199001010035" });
    ask(office, n, "members.join", json!({ "fields": fields, "on": "2025-03-01" }));
}

#[test]
fn what_is_told_is_read_and_nothing_is_written_under_it() {
    let folder = tempfile::tempdir().unwrap();
    let (county, thief) = county_and_office(folder.path());
    let stream = thief.office.own_stream();
    carry(&thief.office, &county.office, 4);
    assert_eq!(county.office.keys().newest(&stream).unwrap().epoch(), 1);

    tells(&thief.office, &county.office, 70_000, 10);
    joins(&thief, 11, "王芳");
    carry(&thief.office, &county.office, 12);
    let keys = county.office.keys();
    assert!(keys.streams.contains_key(&(stream, 70_000)), "what was written under it is read");
    assert_eq!(keys.newest(&stream).unwrap().epoch(), 1, "and nothing is written under it");
    let members = ask(&county, 13, "members.list", json!({}));
    assert_eq!(members["total"], 1, "{members}");

    // The registrar begins one of its own above it, once, and remembers which is which.
    county.office.receipts(moment(14)).unwrap();
    let keys = county.office.keys();
    let own = keys.newest(&stream).unwrap().clone();
    assert!(own.epoch() > 70_000 && keys.heard == [(stream, 70_000)].into(), "{}", own.epoch());
    county.office.receipts(moment(15)).unwrap();
    assert_eq!(county.office.keys().newest(&stream).unwrap().epoch(), own.epoch());
    drop(county.office);
    let again = Office::open(&folder.path().join("county.db"), &county.key).unwrap();
    assert_eq!(again.keys().newest(&stream).unwrap().secret(), own.secret());
    assert_eq!(again.keys().heard, keys.heard);
    carry(&again, &thief.office, 16);
    assert_eq!(thief.office.keys().newest(&stream).unwrap().secret(), own.secret(), "the office writes under it too");
}

/// A county that was founded again has of an office the key that somebody told it, and no other before its next exchange.
#[test]
fn under_a_key_that_was_only_told_nothing_is_summed_up() {
    let folder = tempfile::tempdir().unwrap();
    let (county, town) = county_and_office(folder.path());
    let stream = town.office.own_stream();
    carry(&town.office, &county.office, 4);
    tells(&town.office, &county.office, 70_000, 10);
    joins(&town, 11, "王芳");
    carry(&town.office, &county.office, 12);
    county.office.keys.write().unwrap().streams.remove(&(stream, 1));

    let caller = Caller { clerk: county.clerk.id, roles: Role::ALL.to_vec(), moment: moment(13) };
    let make = county.office.call("checkpoints.make", json!({ "stream": stream.to_string() }), caller);
    assert_eq!(make.unwrap_err().code, "checkpoint_not_made");
    county.office.receipts(moment(14)).unwrap();
    assert!(county.office.keys().newest(&stream).is_some());
}

#[test]
fn nobody_leaves_the_county_without_room_for_further_keys() {
    let folder = tempfile::tempdir().unwrap();
    let (county, thief) = county_and_office(folder.path());
    let stream = thief.office.own_stream();
    carry(&thief.office, &county.office, 4);
    tells(&thief.office, &county.office, u32::MAX, 10);
    joins(&thief, 11, "王芳");
    carry(&thief.office, &county.office, 12);
    assert!(!county.office.keys().streams.contains_key(&(stream, u32::MAX)));
    ask(&county, 13, "keys.rotate", json!({}));
    assert!(county.office.keys().newest(&stream).unwrap().epoch() < BEYOND_BELIEF);
}

/// What the registrar before showed the county's other PCs burnt with it; what it granted to the kit did not.
#[test]
fn what_the_kit_brings_the_countys_other_pcs_have_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let mut county = founding::county(&file("county.db"), "东海县总工会", "320722", "周敏", moment(1)).unwrap();
    let second = ask(&county, 2, "devices.invite", json!({ "name": "二号机" }));
    let second = joined(&second, 3, &file("second.db"), "周敏二");
    let pingming = invited(&county, 5, &file("office.db"));
    let stream = pingming.office.own_stream();

    let root = county.root.take().unwrap();
    let returning = recovery::begin(&file("again.db"), root, None, moment(10)).unwrap();
    carry_of(&county.office, &returning.office, 11, |stream| *stream == Stream::County);
    drop(county);
    let known = Known { name: "东海县总工会", code: "320722" };
    let again = recovery::finish(&file("again.db"), returning, Some(known), "周敏三", moment(12)).unwrap();
    assert!(again.office.keys().streams.contains_key(&(stream, 1)));

    joins(&pingming, 13, "王芳");
    carry(&pingming.office, &again.office, 14);
    carry(&pingming.office, &second.office, 15);
    // The new registrar hears of the second PC, and only then can it grant it anything.
    carry(&second.office, &again.office, 16);
    again.office.receipts(moment(17)).unwrap();
    carry(&again.office, &second.office, 18);
    assert!(second.office.keys().streams.contains_key(&(stream, 1)), "granted to the kit, and shown to the others");
    assert_eq!(ask(&second, 19, "members.list", json!({}))["total"], 1);
    let written = second.office.keys().newest(&stream).unwrap().epoch();
    assert_eq!(written, again.office.keys().newest(&stream).unwrap().epoch());
}
