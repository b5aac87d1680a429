//! Changes: one save of one record by one person, its name, its stamps and its values.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rand_core::CryptoRng;

use crate::bad::Bad;
use crate::cbor::Writer;

pub use crate::value::{Value, ValueRef};

/// 128 bits shown as 32 lowercase hex digits; in CBOR and other binary serde formats 16 bytes.
macro_rules! id16 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut hex = [0; 32];
                hex::encode_to_slice(self.0, &mut hex).map_err(|_| fmt::Error)?;
                f.write_str(std::str::from_utf8(&hex).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = Bad;

            /// Exactly 32 lowercase hex digits.
            fn from_str(s: &str) -> Result<Self, Bad> {
                let mut id = [0; 16];
                if s.bytes().any(|b| b.is_ascii_uppercase()) || hex::decode_to_slice(s, &mut id).is_err() {
                    return Err(Bad::Form("an id is 32 lowercase hex digits"));
                }
                Ok(Self(id))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                if s.is_human_readable() { s.collect_str(self) } else { s.serialize_bytes(&self.0) }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                if d.is_human_readable() {
                    crate::serial::text(d)
                } else {
                    crate::serial::bytes(d, |b| b.try_into().ok().map(Self))
                }
            }
        }
    };
}

id16! {
    /// One life of one database file: random, made when it is created or found to be an old copy.
    Incarnation
}
id16! {
    /// A record of any kind, and whatever else has a lasting identity (offices, clerks): a UUIDv7.
    RecordId
}

/// A person who saves. The record of that clerk.
pub type ClerkId = RecordId;

impl Incarnation {
    /// A new one, from 128 random bits.
    #[must_use]
    pub fn new(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        Self(id)
    }
}

impl RecordId {
    /// A UUIDv7 (RFC 9562 §5.7) made at `millis` since 1970.
    #[must_use]
    pub fn new(millis: u64, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        id[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        id[6] = 0x70 | id[6] & 0x0f;
        id[8] = 0x80 | id[8] & 0x3f;
        Self(id)
    }
}

/// The short name of a change: who counted it, and which it was (from 1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dot {
    pub incarnation: Incarnation,
    pub counter: u64,
}

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.incarnation, self.counter)
    }
}

impl fmt::Debug for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The full name of a change: its dot and the first 8 bytes of the BLAKE3 of its canonical form.
///
/// Fixed at saving and independent of the segment that carries it. The tag is never sent, both sides compute it,
/// so two different changes under one dot (a cloned database) have two names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId {
    pub dot: Dot,
    pub tag: [u8; 8],
}

impl ChangeId {
    /// 32 bytes: incarnation, counter (big endian), tag. What set hashes are made of.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        let mut b = [0; 32];
        b[..16].copy_from_slice(&self.dot.incarnation.0);
        b[16..24].copy_from_slice(&self.dot.counter.to_be_bytes());
        b[24..].copy_from_slice(&self.tag);
        b
    }

    #[must_use]
    pub fn from_bytes(b: &[u8; 32]) -> Self {
        let (mut incarnation, mut counter, mut tag) = ([0; 16], [0; 8], [0; 8]);
        incarnation.copy_from_slice(&b[..16]);
        counter.copy_from_slice(&b[16..24]);
        tag.copy_from_slice(&b[24..]);
        Self { dot: Dot { incarnation: Incarnation(incarnation), counter: u64::from_be_bytes(counter) }, tag }
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.dot, hex::encode(self.tag))
    }
}

impl fmt::Debug for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A hybrid logical clock stamp, for display and for a likely order on screen. It decides nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Hlc {
    /// Milliseconds since 1970.
    pub millis: u64,
    /// Counts stamps within one millisecond.
    pub count: u32,
}

impl Hlc {
    /// How far ahead of the wall clock a stamp may be and still move ours: one day, in milliseconds.
    pub const AHEAD: u64 = 24 * 60 * 60 * 1000;

    /// The stamp of the next own change, later than `last` whatever the wall clock says.
    #[must_use]
    pub fn tick(last: Self, wall_ms: u64) -> Self {
        if wall_ms > last.millis {
            return Self { millis: wall_ms, count: 0 };
        }
        match last.count.checked_add(1) {
            Some(count) => Self { millis: last.millis, count },
            None => Self { millis: last.millis.saturating_add(1), count: 0 },
        }
    }

    /// Our clock after seeing a change stamped `remote`. A stamp more than a day ahead of the wall never advances it.
    #[must_use]
    pub fn observe(local: Self, remote: Self, wall_ms: u64) -> Self {
        if remote.millis > wall_ms.saturating_add(Self::AHEAD) { local } else { local.max(remote) }
    }
}

/// One field set, and the versions of that field which its author saw and thereby replaces.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Set {
    pub field: Arc<str>,
    pub value: Value,
    pub seen: Vec<Dot>,
}

/// Something that happened to a record; appended, never replaced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    pub name: Arc<str>,
    pub detail: Vec<(Arc<str>, Value)>,
    /// The events and versions that stood when its author decided.
    pub seen: Vec<Dot>,
}

/// One save of one record by one person. Immutable; the order of its fields and dots belongs to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    pub dot: Dot,
    pub kind: Arc<str>,
    pub record: RecordId,
    pub author: ClerkId,
    pub hlc: Hlc,
    /// The device's wall clock, milliseconds since 1970.
    pub wall: i64,
    pub sets: Vec<Set>,
    pub event: Option<Event>,
}

impl Change {
    /// Its name, computed from its canonical form.
    #[must_use]
    pub fn id(&self) -> ChangeId {
        let mut out = Vec::with_capacity(512);
        self.canonical(&mut out);
        name(self.dot, &out)
    }

    /// About the bytes that it takes in a block before compression (which makes them a third to a tenth). For
    /// deciding how many changes go into one segment.
    #[must_use]
    pub fn weight(&self) -> usize {
        let value = |v: &Value| match v {
            Value::Null | Value::Bool(_) => 1,
            Value::Int(_) => 4,
            Value::Text(t) => t.len() + 2,
            Value::Bytes(b) | Value::Other(b) => b.len() + 2,
        };
        let sets = self.sets.iter().map(|s| value(&s.value) + 1 + s.seen.len() * 4).sum::<usize>();
        let event = self
            .event
            .as_ref()
            .map_or(0, |e| 1 + e.seen.len() * 4 + e.detail.iter().map(|(_, v)| value(v)).sum::<usize>());
        40 + sets + event
    }

    /// Appends the canonical form: deterministic CBOR
    /// `[incarnation, counter, kind, record, author, [millis, count], wall, [[field, value, [dot…]]…], event]`
    /// with `event` null or `[name, [[name, value]…], [dot…]]` and `dot` = `[incarnation, counter]`.
    pub fn canonical(&self, out: &mut Vec<u8>) {
        let w = &mut Writer(out);
        head(w, self.dot, &self.kind, self.record, self.author, self.hlc, self.wall);
        w.array(self.sets.len());
        for s in &self.sets {
            set(w, &s.field, s.value.as_ref(), &s.seen);
        }
        match &self.event {
            None => w.null(),
            Some(e) => {
                w.array(3);
                w.text(&e.name);
                w.array(e.detail.len());
                for (key, value) in &e.detail {
                    detail(w, key, value.as_ref());
                }
                dots(w, &e.seen);
            }
        }
    }
}

// The pieces of the canonical form, shared with changes that still stand in a block.

pub(crate) fn name(dot: Dot, canonical: &[u8]) -> ChangeId {
    let mut tag = [0; 8];
    tag.copy_from_slice(&blake3::hash(canonical).as_bytes()[..8]);
    ChangeId { dot, tag }
}

pub(crate) fn head(w: &mut Writer<'_>, dot: Dot, kind: &str, record: RecordId, author: ClerkId, hlc: Hlc, wall: i64) {
    w.array(9);
    w.bytes(&dot.incarnation.0);
    w.uint(dot.counter);
    w.text(kind);
    w.bytes(&record.0);
    w.bytes(&author.0);
    w.array(2);
    w.uint(hlc.millis);
    w.uint(u64::from(hlc.count));
    w.int(wall);
}

pub(crate) fn set(w: &mut Writer<'_>, field: &str, value: ValueRef<'_>, seen: &[Dot]) {
    w.array(3);
    w.text(field);
    value.write(w);
    dots(w, seen);
}

pub(crate) fn detail(w: &mut Writer<'_>, key: &str, value: ValueRef<'_>) {
    w.array(2);
    w.text(key);
    value.write(w);
}

pub(crate) fn dots(w: &mut Writer<'_>, dots: &[Dot]) {
    w.array(dots.len());
    for d in dots {
        w.array(2);
        w.bytes(&d.incarnation.0);
        w.uint(d.counter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::{dot, rng, two_changes};

    #[test]
    fn the_canonical_form_is_deterministic_cbor_and_fixed() {
        let change = &two_changes()[0];
        let mut bytes = Vec::new();
        change.canonical(&mut bytes);
        let ciborium::Value::Array(parts) = ciborium::from_reader(&bytes[..]).unwrap() else {
            panic!("no array");
        };
        assert_eq!(parts.len(), 9);
        assert_eq!(parts[2], ciborium::Value::from("member"));
        assert_eq!(parts[7].as_array().unwrap().len(), 4);
        let mut again = Vec::new();
        ciborium::into_writer(&ciborium::Value::Array(parts), &mut again).unwrap();
        assert_eq!(again, bytes);
        // Fixed: every replica of every version must give this change this name.
        assert_eq!(change.id().to_string(), format!("{}:7:47ef5e9ee8482a06", "01".repeat(16)));
    }

    #[test]
    fn whatever_is_changed_changes_the_name() {
        let change = &two_changes()[0];
        let alter: [fn(&mut Change); 9] = [
            |c| c.kind = "members".into(),
            |c| c.record.0[15] ^= 1,
            |c| c.author.0[0] ^= 1,
            |c| c.hlc.count += 1,
            |c| c.wall += 1,
            |c| c.sets[0].value = "王方".into(),
            |c| c.sets[0].seen.push(dot(1, 1)),
            |c| c.sets.swap(0, 1),
            |c| c.event = None,
        ];
        for (n, alter) in alter.iter().enumerate() {
            let mut other = change.clone();
            alter(&mut other);
            assert_ne!(other.id().tag, change.id().tag, "{n}");
            assert_eq!(other.id().dot, change.dot);
        }
        let id = change.id();
        assert_eq!(ChangeId::from_bytes(&id.to_bytes()), id);
    }

    #[test]
    fn a_clock_goes_on_and_is_not_dragged_along() {
        let at = |millis, count| Hlc { millis, count };
        assert_eq!(Hlc::tick(at(5, 9), 6), at(6, 0));
        assert_eq!(Hlc::tick(at(5, 9), 5), at(5, 10));
        assert_eq!(Hlc::tick(at(5, 9), 0), at(5, 10), "the wall clock was set back");
        assert_eq!(Hlc::tick(at(5, u32::MAX), 5), at(6, 0));
        assert!(Hlc::tick(at(u64::MAX, u32::MAX), 0).millis == u64::MAX);

        let (wall, day) = (1_000, Hlc::AHEAD);
        assert_eq!(Hlc::observe(at(5, 0), at(7, 3), wall), at(7, 3));
        assert_eq!(Hlc::observe(at(9, 0), at(7, 3), wall), at(9, 0));
        assert_eq!(Hlc::observe(at(5, 0), at(wall + day, 1), wall), at(wall + day, 1));
        assert_eq!(Hlc::observe(at(5, 0), at(wall + day + 1, 1), wall), at(5, 0));
        assert_eq!(Hlc::observe(at(5, 0), at(u64::MAX, 1), u64::MAX), at(u64::MAX, 1));
    }

    #[test]
    fn ids_have_one_text_form_and_sort_by_time() {
        let (a, b) = (RecordId::new(1, &mut rng(1)), RecordId::new(2, &mut rng(0)));
        assert!(a < b);
        assert_eq!((a.0[6] >> 4, a.0[8] >> 6), (7, 2));
        assert_eq!(a.to_string().parse(), Ok(a));
        assert_eq!(format!("{a:?}").len(), 32);
        for wrong in ["", "00", &"g".repeat(32), &"AB".repeat(16), &"0".repeat(33)] {
            assert!(wrong.parse::<RecordId>().is_err());
        }
        let mut cbor = Vec::new();
        ciborium::into_writer(&a, &mut cbor).unwrap();
        assert_eq!(cbor.len(), 17);
        assert_eq!(ciborium::from_reader::<RecordId, _>(&cbor[..]).unwrap(), a);
    }

    #[test]
    fn values_do_not_print_themselves() {
        let shown = format!("{:?}", two_changes());
        assert!(!shown.contains("王") && !shown.contains("1988"));
    }
}
