//! What goes into a block comes out, to the byte, and nothing else is read.

use std::sync::Arc;

use proptest::prelude::*;

use super::{Block, decode, encode, encode_within};
use crate::bad::{Bad, Limits};
use crate::cbor::Writer;
use crate::change::{Change, Dot, Event, Hlc, Incarnation, RecordId, Set, Value};
use crate::test::{dot, two_changes};

const STANDARD: &Limits = &Limits::STANDARD;

fn owned(bytes: &[u8]) -> Vec<Change> {
    let block = decode(bytes, STANDARD).unwrap();
    let changes: Vec<Change> = block.changes().map(|c| c.to_owned()).collect();
    for (there, here) in block.changes().zip(&changes) {
        assert_eq!(there.id(), here.id());
    }
    changes
}

fn refused(changes: &[Change]) -> Bad {
    encode(changes).unwrap_err()
}

#[test]
fn changes_come_back_in_order_and_the_same_changes_give_the_same_bytes() {
    let changes = two_changes();
    let bytes = encode(&changes).unwrap();
    assert_eq!(owned(&bytes), changes);
    assert_eq!(encode(&owned(&bytes)).unwrap(), bytes);
    let turned: Vec<Change> = changes.iter().rev().cloned().collect();
    assert_eq!(owned(&encode(&turned).unwrap()), turned);
    assert_eq!(owned(&encode(&[]).unwrap()), []);
    assert_eq!(super::declared(&bytes), Ok(2));
}

#[test]
fn kinds_and_values_of_a_newer_version_survive_to_the_byte() {
    // A float, a tagged text, a map, null-like "undefined", a number past 63 bits: nothing this version writes.
    let other: [&[u8]; 5] = [
        &[0xfa, 0x40, 0x49, 0x0f, 0xdb],
        &[0xc0, 0x61, b'x'],
        &[0xa2, 0x01, 0x80, 0x02, 0x81, 0xf6],
        &[0xf7],
        &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ];
    let mut changes = two_changes();
    changes[0].kind = "kind of a later year".into();
    changes[0].sets = other
        .iter()
        .enumerate()
        .map(|(n, item)| Set { field: format!("later_{n}").into(), value: Value::Other((*item).into()), seen: vec![] })
        .collect();
    let bytes = encode(&changes).unwrap();
    assert_eq!(owned(&bytes), changes);
    assert_eq!(encode(&owned(&bytes)).unwrap(), bytes);
    for item in other {
        assert_eq!(Value::from_cbor(item, STANDARD), Ok(Value::Other(item.into())));
    }
}

#[test]
fn nothing_is_written_that_could_not_be_read() {
    let change = &two_changes()[0];
    let with = |value: Value| {
        let mut c = change.clone();
        c.sets[0].value = value;
        refused(&[c])
    };
    assert!(matches!(with(Value::Text("x".repeat((1 << 20) + 1).into())), Bad::TooBig { .. }));
    // Not an item; two items; nested too deep; an item that has a form of its own.
    assert_eq!(with(Value::Other([0x81].into())), Bad::Truncated);
    assert_eq!(with(Value::Other([0xf7, 0xf7].into())), Bad::Trailing);
    assert_eq!(with(Value::Other([0x81; 40].into())), Bad::Depth);
    assert!(matches!(with(Value::Other([0xf6].into())), Bad::Form(_)));
    assert!(matches!(with(Value::Other([0x05].into())), Bad::Form(_)));
    assert!(matches!(with(Value::Other([0x98, 0x00].into())), Bad::Form(_)));

    let mut twice = change.clone();
    twice.sets[1].field = twice.sets[0].field.clone();
    assert_eq!(refused(&[twice]), Bad::Form("a field stands twice"));
    let mut long = change.clone();
    long.kind = "k".repeat(65).into();
    assert!(matches!(refused(&[long]), Bad::TooBig { what: "name", .. }));
    let few = Limits { changes: 1, ..Limits::STANDARD };
    assert!(matches!(encode_within(&two_changes(), &few), Err(Bad::TooBig { what: "changes", .. })));
}

#[test]
fn limits_hold_before_anything_is_reserved() {
    let bytes = encode(&two_changes()).unwrap();
    let try_with = |limits: Limits| decode(&bytes, &limits).map(drop).unwrap_err();
    assert!(matches!(try_with(Limits { changes: 1, ..Limits::STANDARD }), Bad::TooBig { .. }));
    assert!(matches!(try_with(Limits { cells: 6, ..Limits::STANDARD }), Bad::TooBig { .. }));
    assert!(matches!(try_with(Limits { name: 3, ..Limits::STANDARD }), Bad::TooBig { .. }));
    assert!(matches!(try_with(Limits { text: 5, ..Limits::STANDARD }), Bad::TooBig { .. }));
    assert!(matches!(try_with(Limits { plain: 40, ..Limits::STANDARD }), Bad::TooBig { .. }));

    // 65,536 changes of 1,000 fields, all null, in a few kilobytes: refused by the number of values.
    let mut bomb = Vec::new();
    let w = &mut Writer(&mut bomb);
    w.array(15);
    w.uint(u64::from(crate::FORMAT));
    w.uint(65_536);
    w.array(1000);
    (0..1000).for_each(|n| w.text(&n.to_string()));
    w.bytes(&[0; 16]);
    w.bytes(&[0; 16]);
    w.array(1);
    w.array(3);
    w.uint(0);
    w.array(1000);
    (0..1000).for_each(|n| w.uint(n));
    w.null();
    (0..8).for_each(|_| w.bytes(&[]));
    w.array(1);
    w.null();
    assert!(bomb.len() < 10_000);
    let limit = u64::from(STANDARD.cells);
    let refused = Err(Bad::TooBig { what: "values", limit });
    assert_eq!(decode(&bomb, STANDARD).map(drop), refused);
    // A header that promises everything and holds nothing.
    assert!(decode(&[0x8f, crate::FORMAT, 0x1a, 0xff, 0xff, 0xff, 0xff], STANDARD).is_err());
    assert!(decode(&[0x8f, crate::FORMAT, 0x02, 0x9b, 0x7f, 0, 0, 0, 0, 0, 0, 0], STANDARD).is_err());
    assert_eq!(
        decode(&[0x83, 0x02, 0x00, 0x00], STANDARD).map(drop),
        Err(Bad::Unknown { what: "block version", number: 2 })
    );
}

#[test]
fn no_cut_or_altered_block_panics() {
    let bytes = encode(&two_changes()).unwrap();
    for at in 0..bytes.len() {
        assert!(decode(&bytes[..at], STANDARD).is_err(), "cut at {at}");
        for bit in 0..8 {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1 << bit;
            if let Ok(block) = decode(&wrong, STANDARD) {
                assert_ne!(read_all(&block), two_changes(), "byte {at} bit {bit}");
            }
        }
    }
    let mut more = bytes.clone();
    more.push(0);
    assert_eq!(decode(&more, STANDARD).map(drop), Err(Bad::Trailing));
}

fn read_all(block: &Block<'_>) -> Vec<Change> {
    block.changes().map(|c| c.to_owned()).collect()
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-z王芳🙂 ]{0,12}".prop_map(|t| Value::Text(t.into())),
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        proptest::collection::vec(any::<u8>(), 0..9).prop_map(|b| Value::Bytes(b.into())),
        any::<f64>().prop_map(|f| {
            let mut item = vec![0xfb];
            item.extend_from_slice(&f.to_be_bytes());
            Value::Other(item.into())
        }),
    ]
}

fn dots() -> impl Strategy<Value = Vec<Dot>> {
    proptest::collection::vec((0..4_u8, any::<u64>()).prop_map(|(n, c)| dot(n, c)), 0..3)
}

fn named<T: std::fmt::Debug>(values: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<(Arc<str>, T)>> {
    proptest::collection::btree_map("[a-e]{1,2}", values, 0..5)
        .prop_map(|m| m.into_iter().map(|(k, v)| (Arc::from(k), v)).collect())
}

fn change() -> impl Strategy<Value = Change> {
    let event =
        ("[a-c]", named(value()), dots()).prop_map(|(name, detail, seen)| Event { name: name.into(), detail, seen });
    (
        (0..4_u8, any::<u64>()),
        "[k-m]",
        any::<([u8; 16], u8, u64, u32, i64)>(),
        named((value(), dots())),
        proptest::option::of(event),
    )
        .prop_map(|((n, counter), kind, (record, author, millis, count, wall), sets, event)| Change {
            dot: Dot { incarnation: Incarnation([n; 16]), counter },
            kind: kind.into(),
            record: RecordId(record),
            author: RecordId([author; 16]),
            hlc: Hlc { millis, count },
            wall,
            sets: sets.into_iter().map(|(field, (value, seen))| Set { field, value, seen }).collect(),
            event,
        })
}

proptest! {
    #[test]
    fn any_changes_come_back(changes in proptest::collection::vec(change(), 0..20)) {
        let bytes = encode(&changes).unwrap();
        prop_assert_eq!(&owned(&bytes), &changes);
        prop_assert_eq!(encode(&owned(&bytes)).unwrap(), bytes);
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(block) = decode(&bytes, STANDARD) {
            read_all(&block);
        }
    }

    #[test]
    fn any_damage_is_refused_or_read(
        changes in proptest::collection::vec(change(), 1..8),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = encode(&changes).unwrap();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(block) = decode(&bytes, STANDARD) {
            read_all(&block);
            prop_assert!(block.changes().all(|c| c.id().dot == c.dot()));
        }
    }
}
