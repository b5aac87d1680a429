//! Frontiers: the heads of a stream, all that two replicas need to find what the other lacks.

use std::collections::BTreeMap;
use std::fmt;

use crate::bad::{Bad, within};
use crate::cbor::{Reader, Writer};
use crate::change::{ChangeId, Incarnation};

/// Chains of one frontier, and heads of one chain, that are read; a county has some hundreds of PCs.
const MOST: usize = 65_536;

/// The last segment of a chain: its number (from 1) and the BLAKE3 of its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Head {
    pub seq: u64,
    pub hash: [u8; 32],
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex::encode(&self.hash[..8]))
    }
}

/// The heads of a stream. A chain has one head as a rule, several if a cloned device forked it; none is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    chains: BTreeMap<Incarnation, Vec<Head>>,
}

impl Frontier {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chains.is_empty()
    }

    /// Chains with their heads, both in order.
    pub fn chains(&self) -> impl ExactSizeIterator<Item = (Incarnation, &[Head])> {
        self.chains.iter().map(|(c, h)| (*c, h.as_slice()))
    }

    /// All heads of a chain, lowest first; empty when the chain is not known.
    #[must_use]
    pub fn heads(&self, chain: Incarnation) -> &[Head] {
        self.chains.get(&chain).map_or(&[], Vec::as_slice)
    }

    /// The highest head of a chain (of a forked one the one with the greater hash).
    #[must_use]
    pub fn head(&self, chain: Incarnation) -> Option<Head> {
        self.heads(chain).last().copied()
    }

    /// Adds a head beside those that stand. Adding it again changes nothing.
    pub fn add(&mut self, chain: Incarnation, head: Head) {
        let heads = self.chains.entry(chain).or_default();
        if let Err(at) = heads.binary_search(&head) {
            heads.insert(at, head);
        }
    }

    /// A segment came: it takes the place of the head that it names as `prev`, else it stands beside as a fork.
    pub fn advance(&mut self, chain: Incarnation, prev: &[u8; 32], head: Head) {
        if let Some(heads) = self.chains.get_mut(&chain) {
            heads.retain(|h| !(h.hash == *prev && h.seq < head.seq));
        }
        self.add(chain, head);
    }

    /// What a side with either frontier certainly holds: of each chain the lower head, nothing of a chain that either
    /// lacks or whose branches differ.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        let mut chains = BTreeMap::new();
        for (chain, mine) in &self.chains {
            let both = match (mine.as_slice(), other.heads(*chain)) {
                (mine, theirs) if mine == theirs => mine.to_vec(),
                ([mine], [theirs]) if mine.seq != theirs.seq => vec![*mine.min(theirs)],
                _ => continue,
            };
            chains.insert(*chain, both);
        }
        Self { chains }
    }

    /// Deterministic CBOR: `[[chain, [[seq, hash]…]]…]`, chains and heads in order.
    #[must_use]
    pub fn to_cbor(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(8 + self.chains.len() * 60);
        let w = &mut Writer(&mut out);
        w.array(self.chains.len());
        for (chain, heads) in &self.chains {
            w.array(2);
            w.bytes(&chain.0);
            w.array(heads.len());
            for h in heads {
                w.array(2);
                w.uint(h.seq);
                w.bytes(&h.hash);
            }
        }
        out
    }

    /// # Errors
    /// Anything but what [`Frontier::to_cbor`] writes.
    pub fn from_cbor(bytes: &[u8]) -> Result<Self, Bad> {
        let r = &mut Reader::new(bytes);
        let n = r.array()?;
        within("frontier", n, MOST)?;
        let mut chains = BTreeMap::new();
        for _ in 0..n {
            r.array_of(2)?;
            let chain = Incarnation(r.bytes_of()?);
            if chains.last_key_value().is_some_and(|(last, _)| *last >= chain) {
                return Err(Bad::Form("chains out of order"));
            }
            let n = r.array()?;
            within("frontier", n, MOST)?;
            let mut heads: Vec<Head> = Vec::new();
            for _ in 0..n {
                r.array_of(2)?;
                let head = Head { seq: r.uint()?, hash: r.bytes_of()? };
                if heads.last().is_some_and(|last| *last >= head) {
                    return Err(Bad::Form("heads out of order"));
                }
                heads.push(head);
            }
            if heads.is_empty() {
                return Err(Bad::Form("a chain without a head"));
            }
            chains.insert(chain, heads);
        }
        r.end()?;
        Ok(Self { chains })
    }

    /// BLAKE3 of the CBOR form; equal digests mean equal frontiers.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        *blake3::hash(&self.to_cbor()).as_bytes()
    }
}

impl serde::Serialize for Frontier {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(&self.to_cbor())
    }
}

impl<'de> serde::Deserialize<'de> for Frontier {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        crate::serial::bytes(d, |b| Self::from_cbor(b).ok())
    }
}

/// A hash of a set of changes that does not depend on their order: the sum modulo 2^256 of the BLAKE3 of each id.
///
/// Finds accidents and lost changes. It is no proof against a member of the county who searches for collisions;
/// signatures and chains are. The caller adds each id once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SetHash([u64; 4]);

impl SetHash {
    /// Of the empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self([0; 4])
    }

    pub fn add(&mut self, id: &ChangeId) {
        self.merge(&Self::from_bytes(blake3::hash(&id.to_bytes()).as_bytes()));
    }

    /// Adds a set that has nothing in common with this one.
    pub fn merge(&mut self, other: &Self) {
        let mut carry = false;
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            let (sum, one) = mine.overflowing_add(theirs);
            let (sum, two) = sum.overflowing_add(u64::from(carry));
            (*mine, carry) = (sum, one | two);
        }
    }

    /// The sum as 32 bytes, least significant first.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        let mut b = [0; 32];
        for (to, from) in b.chunks_exact_mut(8).zip(self.0) {
            to.copy_from_slice(&from.to_le_bytes());
        }
        b
    }

    #[must_use]
    pub fn from_bytes(b: &[u8; 32]) -> Self {
        let mut sum = [0; 4];
        for (to, from) in sum.iter_mut().zip(b.chunks_exact(8)) {
            let mut word = [0; 8];
            word.copy_from_slice(from);
            *to = u64::from_le_bytes(word);
        }
        Self(sum)
    }

    /// What is compared and shown.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.to_bytes()
    }
}

impl fmt::Display for SetHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.to_bytes()))
    }
}

impl fmt::Debug for SetHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for SetHash {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(&self.to_bytes())
    }
}

impl<'de> serde::Deserialize<'de> for SetHash {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        crate::serial::bytes(d, |b| b.try_into().ok().map(|b: [u8; 32]| Self::from_bytes(&b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::{dot, two_changes};

    fn head(seq: u64) -> Head {
        Head { seq, hash: [seq as u8; 32] }
    }

    const A: Incarnation = Incarnation([1; 16]);
    const B: Incarnation = Incarnation([2; 16]);

    #[test]
    fn a_chain_advances_and_a_fork_keeps_both_heads() {
        let mut f = Frontier::new();
        f.advance(A, &[0; 32], head(1));
        f.advance(A, &head(1).hash, head(2));
        assert_eq!(f.heads(A), [head(2)]);
        f.advance(A, &head(1).hash, Head { seq: 2, hash: [99; 32] });
        assert_eq!(f.heads(A).len(), 2);
        f.advance(A, &[99; 32], head(3));
        assert_eq!(f.heads(A), [head(2), head(3)]);
        assert_eq!(f.head(A), Some(head(3)));
        assert_eq!(f.head(B), None);
    }

    #[test]
    fn what_two_sides_both_hold_is_never_more_than_either() {
        let (mut f, mut g) = (Frontier::new(), Frontier::new());
        f.add(A, head(5));
        assert!(f.meet(&g).is_empty());
        g.add(A, head(3));
        g.add(B, head(1));
        assert_eq!((f.meet(&g).heads(A), f.meet(&g).heads(B)), (&[head(3)][..], &[][..]));
        assert_eq!(f.meet(&g), g.meet(&f));
        assert_eq!(g.meet(&g), g);
        // Another branch at the same place: nothing is certain.
        let mut h = Frontier::new();
        h.add(A, Head { seq: 5, hash: [99; 32] });
        assert!(f.meet(&h).is_empty());
        h.add(A, head(7));
        assert!(f.meet(&h).is_empty());
    }

    #[test]
    fn the_order_of_arrival_does_not_show() {
        let (mut f, mut g) = (Frontier::new(), Frontier::new());
        for n in [1, 2, 3] {
            f.add(A, head(n));
            f.add(B, head(n));
        }
        for n in [3, 1, 2, 1] {
            g.add(B, head(n));
            g.add(A, head(n));
        }
        assert_eq!((f.to_cbor(), f.digest()), (g.to_cbor(), g.digest()));
        g.add(A, head(4));
        assert_ne!(f.digest(), g.digest());
    }

    #[test]
    fn only_its_own_bytes_are_read() {
        let mut f = Frontier::new();
        f.add(A, head(1));
        f.add(A, head(500));
        f.add(B, head(7));
        let bytes = f.to_cbor();
        assert_eq!(Frontier::from_cbor(&bytes), Ok(f.clone()));
        for at in 0..bytes.len() {
            assert!(Frontier::from_cbor(&bytes[..at]).is_err());
            for bit in 0..8 {
                let mut wrong = bytes.clone();
                wrong[at] ^= 1 << bit;
                if let Ok(other) = Frontier::from_cbor(&wrong) {
                    assert_eq!(other.to_cbor(), wrong);
                }
            }
        }
        assert!(Frontier::from_cbor(&[0x9a, 0xff, 0xff, 0xff, 0xff]).is_err());
        let mut wire = Vec::new();
        ciborium::into_writer(&f, &mut wire).unwrap();
        assert_eq!(ciborium::from_reader::<Frontier, _>(&wire[..]).unwrap(), f);
        assert_eq!(Frontier::from_cbor(&Frontier::new().to_cbor()), Ok(Frontier::new()));
    }

    #[test]
    fn a_set_hash_does_not_know_an_order() {
        let ids: Vec<ChangeId> = (0..50)
            .map(|n| ChangeId { dot: dot(n % 3, u64::from(n)), tag: [n; 8] })
            .chain([two_changes()[0].id()])
            .collect();
        let sum = |ids: &mut dyn Iterator<Item = &ChangeId>| {
            let mut sum = SetHash::new();
            ids.for_each(|id| sum.add(id));
            sum
        };
        let whole = sum(&mut ids.iter());
        assert_eq!(whole, sum(&mut ids.iter().rev()));
        let mut merged = sum(&mut ids[..20].iter());
        merged.merge(&sum(&mut ids[20..].iter()));
        assert_eq!(merged, whole);
        assert_ne!(sum(&mut ids[1..].iter()), whole);
        assert_eq!(SetHash::from_bytes(&whole.to_bytes()), whole);
        // Carries go through all words and off the end.
        let mut most = SetHash::from_bytes(&[0xff; 32]);
        let mut one = [0; 32];
        one[0] = 1;
        most.merge(&SetHash::from_bytes(&one));
        assert_eq!(most, SetHash::new());
    }
}
