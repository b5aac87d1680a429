//! Segments that were held and are no more, or not to the byte: found by reading, put right by whoever still has them.

use niangjia_replication::wire::held::Numbered;
use niangjia_replication::{Incarnation, Stream};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::store::{Arrived, StoreFault, View};

fn own(view: View) -> Option<[u8; 32]> {
    match view {
        View::All => None,
        View::Own(device) => Some(device.to_bytes()),
    }
}

fn is_whole(bytes: &[u8], hash: &[u8; 32]) -> bool {
    blake3::hash(bytes).as_bytes() == hash
}

pub(super) fn held(
    ask: &Transaction<'_>,
    stream: &Stream,
    chain: Incarnation,
    (from, to): (u64, u64),
    view: View,
) -> Result<(Vec<Numbered>, u64), StoreFault> {
    let (Ok(from), Ok(to)) = (i64::try_from(from), i64::try_from(to)) else { return Ok((Vec::new(), 0)) };
    let mut segments = ask.prepare_cached(
        "SELECT s.seq, s.hash, s.bytes FROM chain c JOIN segment s ON s.chain = c.id
         WHERE c.stream = ?1 AND c.incarnation = ?2 AND (?3 IS NULL OR c.signer = ?3) AND s.seq BETWEEN ?4 AND ?5 ORDER BY s.seq, s.hash",
    )?;
    let mut rows = segments.query(params![stream.to_string(), chain.0, own(view), from, to])?;
    let (mut held, mut read) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let (seq, hash): (i64, [u8; 32]) = (row.get(0)?, row.get(1)?);
        let bytes = row.get_ref(2)?.as_blob().map_err(|_| StoreFault::Unreadable("a segment"))?;
        read += bytes.len() as u64;
        if is_whole(bytes, &hash) {
            held.push((seq.unsigned_abs(), hash));
        }
    }
    Ok((held, read))
}

pub(super) fn segment(ask: &Transaction<'_>, hash: &[u8; 32], view: View) -> Result<Option<Vec<u8>>, StoreFault> {
    let bytes: Option<Vec<u8>> = ask
        .prepare_cached(
            "SELECT s.bytes FROM segment s JOIN chain c ON c.id = s.chain WHERE s.hash = ?1 AND (?2 IS NULL OR c.signer = ?2)",
        )?
        .query_row(params![hash, own(view)], |row| row.get(0))
        .optional()?;
    Ok(bytes.filter(|bytes| is_whole(bytes, hash)))
}

/// A segment of which there is a row: put right where it was changed. Returns whether it was.
pub(super) fn again(act: &Transaction<'_>, segment: &Arrived<'_>) -> Result<bool, StoreFault> {
    let mended = act
        .prepare_cached("UPDATE segment SET bytes = ?2 WHERE hash = ?1 AND bytes <> ?2")?
        .execute(params![segment.hash, segment.bytes])?
        > 0;
    if mended {
        tracing::warn!(stream = %segment.stream, seq = segment.seq, "a segment had been changed on the disk, and is whole again");
    }
    Ok(mended)
}

/// Whether a segment was held and is lost: one that is held names it as the one before. Then the number under which it is to stand
/// again, ahead of that one, because segments are handed out in the order of their numbers; `None` inside: any will do.
pub(super) fn was_held(
    act: &Transaction<'_>,
    chain: i64,
    seq: i64,
    hash: &[u8; 32],
) -> Result<Option<Option<i64>>, StoreFault> {
    let next: Option<i64> = act
        .prepare_cached("SELECT min(id) FROM segment WHERE chain = ?1 AND seq = ?2 + 1 AND prev = ?3")?
        .query_row(params![chain, seq, hash], |row| row.get(0))?;
    let Some(next) = next else { return Ok(None) };
    let before: i64 = act
        .prepare_cached("SELECT coalesce(max(id), 0) FROM segment WHERE chain = ?1 AND seq < ?2 AND id < ?3")?
        .query_row([chain, seq, next], |row| row.get(0))?;
    // Of several that were lost in a row the last one comes first, and leaves the lower numbers to the others.
    let free = act
        .prepare_cached(
            "SELECT at + 1 FROM (SELECT ?1 AS at UNION ALL SELECT id FROM segment WHERE id > ?1 AND id < ?2) WHERE at + 1 < ?2
             AND NOT EXISTS (SELECT 1 FROM segment WHERE id = at + 1) ORDER BY at DESC LIMIT 1",
        )?
        .query_row([before, next], |row| row.get(0))
        .optional()?;
    Ok(Some(free))
}

#[cfg(test)]
mod tests {
    use niangjia_replication::keys::SigningKey;
    use niangjia_replication::wire::Placed;
    use niangjia_replication::{Frontier, Head};

    use super::super::{Sqlite, lock};
    use super::*;
    use crate::store::SegmentStore;

    const STREAM: Stream = Stream::County;

    /// Segments of two chains, in turn.
    fn papers() -> Vec<(u8, u64, [u8; 32], Vec<u8>)> {
        let mut papers: Vec<(u8, u64, [u8; 32], Vec<u8>)> = Vec::new();
        for seq in 1..=6 {
            for chain in [1, 2] {
                let before = papers.iter().rev().find(|(of, ..)| *of == chain);
                let prev = before.map_or([0; 32], |(.., bytes)| *blake3::hash(bytes).as_bytes());
                papers.push((chain, seq, prev, vec![chain; 10 * seq as usize]));
            }
        }
        papers
    }

    fn place(store: &Sqlite, (chain, seq, prev, bytes): &(u8, u64, [u8; 32], Vec<u8>)) -> Placed {
        let arrived = Arrived {
            stream: STREAM,
            chain: Incarnation([*chain; 16]),
            seq: *seq,
            prev: *prev,
            hash: *blake3::hash(bytes).as_bytes(),
            signer: SigningKey::from_bytes(&[*chain; 32]).public(),
            bytes,
        };
        store.place(&[arrived], &[], 0).unwrap().remove(0)
    }

    #[test]
    fn what_was_lost_or_changed_takes_its_old_place_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&dir.path().join("hub.db")).unwrap();
        let papers = papers();
        papers.iter().for_each(|paper| assert_eq!(place(&store, paper), Placed::Stored));
        let all = store.missing(&STREAM, &Frontier::new(), View::All, usize::MAX).unwrap();
        let frontier = store.frontier(&STREAM, View::All).unwrap();
        let of = |chain| Incarnation([chain; 16]);
        let held =
            || store.held(&STREAM, of(1), 1, 9, View::All).unwrap().0.iter().map(|(seq, _)| *seq).collect::<Vec<_>>();
        assert_eq!(held(), [1, 2, 3, 4, 5, 6]);

        // The first, two in a row and the last one of a chain are lost; one of the other chain is not what it was.
        let lost =
            "DELETE FROM segment WHERE seq IN (1, 3, 4, 6) AND chain = (SELECT id FROM chain WHERE incarnation = ?1)";
        assert_eq!(lock(&store.writer).execute(lost, [[1; 16]]).unwrap(), 4);
        lock(&store.writer).execute("UPDATE segment SET bytes = x'00' WHERE seq = 2", []).unwrap();
        assert_eq!(held(), [5]);
        let second = *blake3::hash(&papers[3].3).as_bytes();
        assert_eq!(store.segment(&second, View::All).unwrap(), None, "changed bytes are given to nobody");
        assert_eq!(store.frontier(&STREAM, View::All).unwrap(), frontier, "where chains end nothing shows");

        // The last one first: what follows a segment says that it was here.
        let again: Vec<_> = papers.iter().rev().map(|paper| place(&store, paper)).collect();
        let stored = again.iter().filter(|placed| **placed == Placed::Stored).count();
        assert_eq!((stored, held()), (6, vec![1, 2, 3, 4, 5, 6]), "{again:?}");
        assert_eq!(store.frontier(&STREAM, View::All).unwrap(), frontier, "no head is made by it");
        let now = store.missing(&STREAM, &Frontier::new(), View::All, usize::MAX).unwrap();
        // Nothing follows the last one, so it may stand behind the other chain's.
        let of_chain =
            |page: &[Vec<u8>], chain: u8| page.iter().filter(|bytes| bytes[0] == chain).cloned().collect::<Vec<_>>();
        for chain in [1, 2] {
            assert_eq!(of_chain(&now.segments, chain), of_chain(&all.segments, chain), "in the old order");
        }
        assert_eq!(store.segment(&second, View::All).unwrap(), Some(papers[3].3.clone()));
        let other = View::Own(SigningKey::from_bytes(&[1; 32]).public());
        assert_eq!(store.segment(&second, other).unwrap(), None, "a sender of mail is given its own");
        assert!(store.held(&STREAM, of(2), 1, 9, other).unwrap().0.is_empty());
        // And the chain goes on.
        let (.., last) = &papers[10];
        assert_eq!(place(&store, &(1, 7, *blake3::hash(last).as_bytes(), vec![9])), Placed::Stored);
        let head = Head { seq: 7, hash: *blake3::hash(&[9]).as_bytes() };
        assert_eq!(store.frontier(&STREAM, View::All).unwrap().heads(of(1)), [head]);
    }
}
