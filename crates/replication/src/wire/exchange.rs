//! The two sides of an exchange: what a replica must offer, and how either side finds what the other lacks.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use thiserror::Error;

use crate::change::{Incarnation, RecordId};
use crate::frontier::{Frontier, Head};
use crate::stream::Stream;
use crate::wire::Lack;

use super::held::Numbered;

/// What one side holds of a chain and the other side lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lacks {
    Nothing,
    /// Every segment with a greater number; 0 means all.
    After(u64),
    /// Every segment that is neither one of these nor before one of these.
    Beside(HashSet<[u8; 32]>),
}

/// What of a chain with the heads `mine` is missing on a side whose heads are `theirs`.
///
/// `holds` tells whether a head of theirs is among my segments of this chain. `patient` is for the side that fetches
/// next (an office): a single head of theirs that it does not hold and that lies beyond its own is taken for *ahead*,
/// not for another branch; the fetch brings it, and asking again is then exact. A hub, that does not fetch, is not patient.
///
/// # Errors
/// Those of `holds`.
pub fn lacks<E>(
    mine: &[Head],
    theirs: &[Head],
    patient: bool,
    mut holds: impl FnMut(&Head) -> Result<bool, E>,
) -> Result<Lacks, E> {
    let Some(top) = mine.last() else { return Ok(Lacks::Nothing) };
    let mut held = Vec::new();
    let mut ahead = false;
    for head in theirs {
        if mine.contains(head) || holds(head)? {
            held.push(*head);
        } else {
            ahead |= head.seq > top.seq;
        }
    }
    if mine.iter().all(|head| held.contains(head)) || (patient && ahead) {
        return Ok(Lacks::Nothing);
    }
    Ok(match (mine, held.iter().map(|head| head.seq).max()) {
        (_, None) => Lacks::After(0),
        ([_], Some(seq)) => Lacks::After(seq),
        (_, Some(_)) => Lacks::Beside(held.iter().map(|head| head.hash).collect()),
    })
}

/// What a [`Replica`] took from a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Received {
    pub segments: u64,
    pub changes: u64,
    pub bytes: u64,
}

/// The part of a chain whose segments a [`Replica`] keeps, or would keep if it could get them; what lies below it stands in a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub stream: Stream,
    pub chain: Incarnation,
    /// First and last number.
    pub from: u64,
    pub to: u64,
    /// The last number that a checkpoint stands for here: up to it nothing that lacks is lost.
    pub stands: u64,
    /// Bytes of its segments, more or less.
    pub bytes: u64,
}

/// What came of a comparison to the byte, in segments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Found {
    /// They were missing here, and came from the hub.
    pub fetched: u64,
    /// They were missing at the hub, and it has them again.
    pub sent: u64,
    /// Neither side has them.
    pub lost: u64,
}

/// An office's store, as the link sees it. Synchronous: the link calls it from a thread that may wait.
pub trait Replica: Send {
    /// A comparison begins: what the one before has shown of the hub counts no more.
    fn compare_anew(&mut self) {}

    /// The hub has answered in this life of its store; what another one was seen to hold counts no more.
    ///
    /// # Errors
    /// When its store cannot be written.
    fn meets(&mut self, _epoch: &Incarnation) -> Result<(), ReplicaFault> {
        Ok(())
    }

    /// What it holds, of every stream that it knows.
    ///
    /// # Errors
    /// When its store cannot be read.
    fn frontiers(&mut self) -> Result<Vec<(Stream, Frontier)>, ReplicaFault>;

    /// Its segments that a hub with the frontier `hub` lacks ([`lacks`] with `patient`), oldest first in each chain,
    /// up to `max_bytes` but at least one if there is one.
    ///
    /// `hub` may name any segment that the hub holds, not only its last ones, and numbers up to `u64::MAX`: a chain
    /// that the hub refuses is shown as far ahead, so that it is left alone.
    ///
    /// # Errors
    /// When its store cannot be read or new changes cannot be sealed.
    fn segments_after(
        &mut self,
        stream: &Stream,
        hub: &Frontier,
        max_bytes: usize,
    ) -> Result<Vec<Vec<u8>>, ReplicaFault>;

    /// Its segments of the days before a checkpoint that the hub lacks, from one end of the gap on: those behind `after`, rising, or
    /// where the first of these is missing those from `until` on, falling. Up to `max_bytes` but at least one if there is one. What
    /// is asked for here the hub cannot give either.
    ///
    /// # Errors
    /// When its store cannot be read.
    fn segments_below(&mut self, _lack: &Lack, _max_bytes: usize) -> Result<Vec<Vec<u8>>, ReplicaFault> {
        Ok(Vec::new())
    }

    /// Whether it holds anything of what the hub lacks: then the hub does not hold all that is held here.
    ///
    /// # Errors
    /// When its store cannot be read.
    fn holds_below(&mut self, _lack: &Lack) -> Result<bool, ReplicaFault> {
        Ok(false)
    }

    /// Whether it asks for the checkpoint that tells this of a registrar that was lost, beyond what the order accepts.
    ///
    /// # Errors
    /// When its store cannot be read.
    fn hears_of_the_lost(&mut self, _told: &Lack) -> Result<bool, ReplicaFault> {
        Ok(false)
    }

    /// That was asked for, and answered.
    fn heard_of_the_lost(&mut self, _told: &Lack) {}

    /// The certificates of the device that signed a segment, as `chain_to_cbor` writes them.
    ///
    /// # Errors
    /// When its store cannot be read.
    fn certificates_of(&mut self, _segment: &[u8]) -> Result<Option<Vec<u8>>, ReplicaFault> {
        Ok(None)
    }

    /// Takes segments in one transaction. What it cannot use it keeps aside and counts; that is no error.
    ///
    /// # Errors
    /// When its store cannot be written.
    fn receive(&mut self, stream: &Stream, segments: Vec<Vec<u8>>) -> Result<Received, ReplicaFault>;

    /// The hub holds exactly this of the stream now. It may be less than before (a hub restored from a backup), and it
    /// is told again at every exchange, so the replica writes only when it is new.
    ///
    /// # Errors
    /// When its store cannot be written.
    fn hub_has(&mut self, stream: &Stream, frontier: &Frontier) -> Result<(), ReplicaFault>;

    /// Orders of the county that the hub, in this life of its store, was not told yet.
    ///
    /// # Errors
    /// When its store cannot be read.
    fn orders(&mut self, epoch: &Incarnation) -> Result<Vec<Vec<u8>>, ReplicaFault> {
        let _ = epoch;
        Ok(Vec::new())
    }

    /// The hub has taken these.
    ///
    /// # Errors
    /// When its store cannot be written.
    fn orders_told(&mut self, epoch: &Incarnation, orders: &[Vec<u8>]) -> Result<(), ReplicaFault> {
        let _ = (epoch, orders);
        Ok(())
    }

    /// Whether it holds nothing of a stream but its own, so that a checkpoint serves it; and which it has the first parts of.
    ///
    /// # Errors
    /// When its store cannot be read.
    fn wants_checkpoint(&mut self, _stream: &Stream) -> Result<Option<Option<(RecordId, u32)>>, ReplicaFault> {
        Ok(None)
    }

    /// The checkpoints that it stands on in a stream: they need not come again.
    ///
    /// # Errors
    /// When its store cannot be read.
    fn stands_on(&mut self, _stream: &Stream) -> Result<Vec<RecordId>, ReplicaFault> {
        Ok(Vec::new())
    }

    /// The checkpoints of a stream that it made itself, or that came before and could not be taken: they need not come now.
    ///
    /// # Errors
    /// When its store cannot be read.
    fn tried(&mut self, _stream: &Stream) -> Result<Vec<RecordId>, ReplicaFault> {
        Ok(Vec::new())
    }

    /// Whether it takes a checkpoint of a PC that is shut out, where nobody else tells what that stands for.
    fn takes_anything(&self) -> bool {
        false
    }

    /// The next part of a checkpoint of its making that this life of the hub's store is not known to hold.
    ///
    /// # Errors
    /// When its store cannot be read.
    fn checkpoint_for(&mut self, _hub: &Incarnation) -> Result<Option<(Stream, Vec<u8>)>, ReplicaFault> {
        Ok(None)
    }

    /// The hub has that part now.
    ///
    /// # Errors
    /// When its store cannot be written.
    fn checkpoint_sent(&mut self, _hub: &Incarnation, _part: &[u8]) -> Result<(), ReplicaFault> {
        Ok(())
    }

    /// Whether it is time to compare to the byte what both sides hold, not only where their chains end.
    ///
    /// # Errors
    /// When its store cannot be read or written.
    fn due(&mut self) -> Result<bool, ReplicaFault> {
        Ok(false)
    }

    /// The chains whose segments it keeps.
    ///
    /// # Errors
    /// When its store cannot be read.
    fn chains(&mut self) -> Result<Vec<Kept>, ReplicaFault> {
        Ok(Vec::new())
    }

    /// The segments of a chain that it holds to the byte, in the order of numbers and hashes.
    ///
    /// # Errors
    /// When its store cannot be read.
    fn held(&mut self, _of: &Kept) -> Result<Vec<Numbered>, ReplicaFault> {
        Ok(Vec::new())
    }

    /// One of these.
    ///
    /// # Errors
    /// When its store cannot be read.
    fn segment(&mut self, _of: &Kept, _segment: &Numbered) -> Result<Option<Vec<u8>>, ReplicaFault> {
        Ok(None)
    }

    /// The comparison was made, and this came of it.
    ///
    /// # Errors
    /// When its store cannot be written.
    fn checked(&mut self, _found: Found) -> Result<(), ReplicaFault> {
        Ok(())
    }

    /// What the office tells about itself ([`super::ChangedAsk::counts`]); no names, no persons.
    ///
    /// # Errors
    /// When its store cannot be read.
    fn counts(&mut self) -> Result<BTreeMap<String, u64>, ReplicaFault> {
        Ok(BTreeMap::new())
    }

    /// The beginning of a frame of this stream that came before the line broke; empty where there is none.
    fn begun(&mut self, _stream: &Stream) -> Vec<u8> {
        Vec::new()
    }

    /// Keeps such a beginning for the next exchange, also one after a restart; empty: nothing is begun any more.
    fn keep_begun(&mut self, _stream: &Stream, _bytes: &[u8]) {}

    /// Which office it is ([`super::ChangedAsk::about`]).
    fn about(&self) -> Option<super::About> {
        None
    }
}

/// The replica's own failure, passed through the link untouched.
#[derive(Debug, Error)]
#[error("the office's own store: {0}")]
pub struct ReplicaFault(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl ReplicaFault {
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn head(seq: u64, hash: u8) -> Head {
        Head { seq, hash: [hash; 32] }
    }

    fn ask(mine: &[Head], theirs: &[Head], patient: bool, holds: &[Head]) -> Lacks {
        let found: Result<_, Infallible> = lacks(mine, theirs, patient, |h| Ok(holds.contains(h)));
        found.unwrap_or_else(|never| match never {})
    }

    #[test]
    fn an_unforked_chain_is_continued_where_the_other_stands() {
        assert_eq!(ask(&[], &[head(3, 3)], true, &[]), Lacks::Nothing);
        assert_eq!(ask(&[head(5, 5)], &[], true, &[]), Lacks::After(0));
        assert_eq!(ask(&[head(5, 5)], &[head(3, 3)], true, &[head(3, 3)]), Lacks::After(3));
        assert_eq!(ask(&[head(5, 5)], &[head(5, 5)], true, &[]), Lacks::Nothing);
    }

    #[test]
    fn who_fetches_next_waits_for_a_side_that_is_ahead() {
        assert_eq!(ask(&[head(5, 5)], &[head(8, 8)], true, &[]), Lacks::Nothing);
        assert_eq!(ask(&[head(5, 5)], &[head(8, 8)], false, &[]), Lacks::After(0));
        // Not beyond one's own head and not known: another branch for certain.
        assert_eq!(ask(&[head(5, 5)], &[head(5, 9)], true, &[]), Lacks::After(0));
        assert_eq!(ask(&[head(5, 5)], &[head(4, 9)], true, &[]), Lacks::After(0));
    }

    #[test]
    fn of_a_forked_chain_all_branches_go() {
        let mine = [head(5, 5), head(8, 8)];
        assert_eq!(ask(&mine, &mine, true, &[]), Lacks::Nothing);
        let Lacks::Beside(held) = ask(&mine, &[head(8, 8)], true, &[]) else { panic!("the other branch is lacking") };
        assert_eq!(held, HashSet::from([[8; 32]]));
    }
}
