//! What the tests of this crate share: seeded randomness and people who do not exist.

use std::sync::Arc;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::cert::{Cert, CertKind};
use crate::change::{Change, Dot, Event, Hlc, Incarnation, RecordId, Set, Value};
use crate::keys::{OpeningKey, SigningKey, VerifyingKey};

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn id(n: u8) -> RecordId {
    RecordId([n; 16])
}

pub(crate) fn dot(n: u8, counter: u64) -> Dot {
    Dot { incarnation: Incarnation([n; 16]), counter }
}

/// A member joins, then a field of hers is corrected.
pub(crate) fn two_changes() -> Vec<Change> {
    let name: Arc<str> = "name".into();
    let joined = Change {
        dot: dot(1, 7),
        kind: "member".into(),
        record: id(9),
        author: id(3),
        hlc: Hlc { millis: 1_790_000_000_000, count: 2 },
        wall: 1_790_000_000_005,
        sets: vec![
            Set { field: name.clone(), value: "王芳".into(), seen: vec![] },
            Set { field: "union_post".into(), value: Value::Null, seen: vec![] },
            Set { field: "birth_year".into(), value: Value::Int(-1988), seen: vec![] },
            Set { field: "later".into(), value: Value::Other([0xfb, 1, 2, 3, 4, 5, 6, 7, 8].into()), seen: vec![] },
        ],
        event: Some(Event {
            name: "joined".into(),
            detail: vec![("on".into(), "2026-03-08".into()), ("photo".into(), Value::Bytes([1, 2].into()))],
            seen: vec![dot(2, 1)],
        }),
    };
    let corrected = Change {
        dot: dot(1, 8),
        sets: vec![Set { field: name, value: "王方".into(), seen: vec![dot(1, 7), dot(4, u64::MAX)] }],
        event: None,
        ..joined.clone()
    };
    vec![joined, corrected]
}

/// A county with one of its PCs, one delegation and one PC of one office.
pub(crate) struct County {
    pub(crate) id: RecordId,
    pub(crate) root: SigningKey,
    pub(crate) issuing: SigningKey,
    pub(crate) delegation: SigningKey,
    pub(crate) device: SigningKey,
    pub(crate) office: RecordId,
    pub(crate) certs: [Cert; 4],
}

impl County {
    pub(crate) fn new(seed: u64, id: RecordId, office: RecordId) -> Self {
        let rng = &mut rng(seed);
        let [root, issuing, delegation, device] = std::array::from_fn(|_| SigningKey::generate(rng));
        let first = Cert::root(&root, id, [0; 16]).unwrap();
        let second = first.certify(&root, CertKind::Issuing, issuing.public(), None, id, [1; 16]).unwrap();
        let third = second.certify(&issuing, CertKind::Delegation, delegation.public(), None, office, [2; 16]).unwrap();
        let sealing = OpeningKey::generate(rng).public();
        let kind = if office == id { CertKind::CountyDevice } else { CertKind::Device };
        let fourth = third.certify(&delegation, kind, device.public(), Some(sealing), office, [3; 16]).unwrap();
        Self { id, root, issuing, delegation, device, office, certs: [first, second, third, fourth] }
    }

    /// The carrier of the device, and its certificates.
    pub(crate) fn carrier(&self) -> (SigningKey, Vec<Cert>) {
        let key = SigningKey::generate(&mut rng(40));
        let cert =
            self.certs[3].certify(&self.device, CertKind::Carrier, key.public(), None, self.office, [7; 16]).unwrap();
        (key, [&self.certs[..], &[cert]].concat())
    }

    pub(crate) fn pinned(&self) -> VerifyingKey {
        self.root.public()
    }
}
