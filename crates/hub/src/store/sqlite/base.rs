//! Chains whose first segments are not here: a hub that lost everything was given a checkpoint and what follows it. Whoever has the
//! segments below brings them, and then the chain is whole again.

use niangjia_replication::frontier::Head;
use niangjia_replication::wire::{Digest, Lack};
use niangjia_replication::{Frontier, Incarnation, Stream};
use rusqlite::{OptionalExtension, Transaction, params};

use super::rows::{heads, holds};
use crate::store::StoreFault;

/// Made where it is not there: a store of an earlier build gets it when it is opened. A checkpoint ends with `seq` and `hash`; the
/// segments from the first one to `filled` are here, and those above `until`, whose hash is `before`.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS base (
    chain  INTEGER PRIMARY KEY REFERENCES chain (id),
    seq    INTEGER NOT NULL CHECK (seq > 0),
    hash   BLOB NOT NULL CHECK (length(hash) = 32),
    filled INTEGER NOT NULL,
    until  INTEGER NOT NULL CHECK (until BETWEEN 0 AND seq),
    before BLOB NOT NULL CHECK (length(before) = 32)
) STRICT;
-- Followed a checkpoint that the chain stands on no more, and nothing that is here: told to nobody until what it follows comes.
CREATE TABLE IF NOT EXISTS adrift (
    chain     INTEGER NOT NULL REFERENCES chain (id),
    seq       INTEGER NOT NULL,
    hash      BLOB NOT NULL UNIQUE,
    prev      BLOB NOT NULL,
    stored_ms INTEGER NOT NULL,
    bytes     BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS adrift_by_place ON adrift (chain, prev);";

/// The key of nobody: of a chain that a checkpoint named and of which no segment has come.
pub(super) const NOBODY: [u8; 32] = [0; 32];

/// Where a checkpoint ends in a chain.
pub(super) fn of(ask: &Transaction<'_>, chain: i64) -> Result<Option<(i64, [u8; 32])>, StoreFault> {
    let mut base = ask.prepare_cached("SELECT seq, hash FROM base WHERE chain = ?1")?;
    Ok(base.query_row([chain], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// A checkpoint is here as a whole: chains that do not reach as far stand on it.
pub(super) fn stand_on(act: &Transaction<'_>, stream: &Stream, cover: &Frontier) -> Result<(), StoreFault> {
    for (chain, covered) in cover.chains() {
        let [head] = covered else { continue };
        let Ok(seq) = i64::try_from(head.seq) else { continue };
        let known: Option<i64> = act
            .prepare_cached("SELECT id FROM chain WHERE stream = ?1 AND incarnation = ?2")?
            .query_row(params![stream.to_string(), chain.0], |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => {
                act.prepare_cached("INSERT INTO chain (stream, incarnation, signer) VALUES (?1, ?2, ?3)")?
                    .execute(params![stream.to_string(), chain.0, NOBODY])?;
                act.last_insert_rowid()
            }
        };
        let here = heads(act, id)?;
        // A chain that is forked here, or goes further on another branch, is left to its segments.
        if holds(act, id, head)? || here.len() > 1 || here.iter().any(|top| top.seq >= head.seq) {
            continue;
        }
        // What is here of the chain is unbroken from its first segment on, unless it stands on a checkpoint already.
        let filled = here.first().map_or(Ok(0), |top| i64::try_from(top.seq));
        let filled = filled.map_err(|_| StoreFault::Unreadable("a segment's number"))?;
        act.prepare_cached(
            "INSERT INTO base (chain, seq, hash, filled, until, before) VALUES (?1, ?2, ?3, ?4, ?2, ?3)
             ON CONFLICT (chain) DO UPDATE SET seq = ?2, hash = ?3, until = ?2, before = ?3",
        )?
        .execute(params![id, seq, head.hash, filled])?;
        act.prepare_cached("DELETE FROM head WHERE chain = ?1")?.execute([id])?;
        act.prepare_cached("INSERT INTO head (chain, seq, hash) VALUES (?1, ?2, ?3)")?
            .execute(params![id, seq, head.hash])?;
    }
    Ok(())
}

/// A segment below the checkpoint has come, at either end of what lacks. When none lacks any more the chain stands on nothing.
pub(super) fn filled(act: &Transaction<'_>, chain: i64) -> Result<(), StoreFault> {
    let (end, mut filled, mut until, mut before): (i64, i64, i64, [u8; 32]) = act
        .prepare_cached("SELECT seq, filled, until, before FROM base WHERE chain = ?1")?
        .query_row([chain], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let mut next = act.prepare_cached("SELECT 1 FROM segment WHERE chain = ?1 AND seq = ?2")?;
    while filled < end && next.exists([chain, filled + 1])? {
        filled += 1;
    }
    // A number may also be that of another branch; from the end down each names the one before it.
    let mut down = act.prepare_cached("SELECT prev FROM segment WHERE chain = ?1 AND seq = ?2 AND hash = ?3")?;
    while let Some(prev) = down.query_row(params![chain, until, before], |row| row.get(0)).optional()? {
        (until, before) = (until - 1, prev);
    }
    act.prepare_cached("UPDATE base SET filled = ?2, until = ?3, before = ?4 WHERE chain = ?1")?
        .execute(params![chain, filled, until, before])?;
    if until > 0 {
        return Ok(());
    }
    act.prepare_cached("DELETE FROM base WHERE chain = ?1")?.execute([chain])?;
    // Branches that came to light below it are told from now on.
    find_heads(act, chain)
}

/// The heads of a chain that stands on nothing.
fn find_heads(act: &Transaction<'_>, chain: i64) -> Result<(), StoreFault> {
    act.prepare_cached("DELETE FROM head WHERE chain = ?1")?.execute([chain])?;
    act.prepare_cached(
        "INSERT INTO head (chain, seq, hash) SELECT chain, seq, hash FROM segment s WHERE chain = ?1
         AND NOT EXISTS (SELECT 1 FROM segment n WHERE n.chain = s.chain AND n.seq = s.seq + 1 AND n.prev = s.hash)",
    )?
    .execute([chain])?;
    Ok(())
}

/// Chains that stand on a checkpoint, and where it ends.
pub(super) fn all(ask: &Transaction<'_>) -> Result<Vec<(Stream, Incarnation, Head)>, StoreFault> {
    let mut bases = ask.prepare_cached(
        "SELECT c.stream, c.incarnation, b.seq, b.hash FROM base b JOIN chain c ON c.id = b.chain ORDER BY b.chain",
    )?;
    let mut rows = bases.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let stream: String = row.get(0)?;
        let stream = stream.parse().map_err(|_| StoreFault::Unreadable("a stream's name"))?;
        let seq = row.get::<_, i64>(2)?.unsigned_abs();
        all.push((stream, Incarnation(row.get(1)?), Head { seq, hash: row.get(3)? }));
    }
    Ok(all)
}

/// A chain stands on its checkpoint no more: it has what is here of it without a hole from its first segment on.
pub(super) fn stand_down(act: &Transaction<'_>, stream: &Stream, chain: Incarnation) -> Result<(), StoreFault> {
    let chain: i64 = act
        .prepare_cached("SELECT id FROM chain WHERE stream = ?1 AND incarnation = ?2")?
        .query_row(params![stream.to_string(), chain.0], |row| row.get(0))?;
    act.prepare_cached("DELETE FROM base WHERE chain = ?1")?.execute([chain])?;
    act.prepare_cached(
        "WITH RECURSIVE whole (id, seq, hash) AS (
           SELECT id, seq, hash FROM segment WHERE chain = ?1 AND seq = 1
           UNION SELECT s.id, s.seq, s.hash FROM whole w JOIN segment s ON s.chain = ?1 AND s.seq = w.seq + 1 AND s.prev = w.hash)
         INSERT INTO adrift (chain, seq, hash, prev, stored_ms, bytes)
         SELECT chain, seq, hash, prev, stored_ms, bytes FROM segment WHERE chain = ?1 AND id NOT IN (SELECT id FROM whole)",
    )?
    .execute([chain])?;
    act.prepare_cached("DELETE FROM segment WHERE hash IN (SELECT hash FROM adrift WHERE chain = ?1)")?
        .execute([chain])?;
    find_heads(act, chain)
}

/// What was adrift and follows a segment that has come takes its place.
pub(super) fn land(act: &Transaction<'_>, chain: i64, here: &Head) -> Result<(), StoreFault> {
    if !act.prepare_cached("SELECT 1 FROM adrift WHERE chain = ?1 AND prev = ?2")?.exists(params![chain, here.hash])? {
        return Ok(());
    }
    act.prepare_cached(
        "WITH RECURSIVE follows (hash) AS (
           SELECT hash FROM adrift WHERE chain = ?1 AND prev = ?2
           UNION SELECT a.hash FROM follows f JOIN adrift a ON a.chain = ?1 AND a.prev = f.hash)
         INSERT INTO segment (chain, seq, hash, prev, stored_ms, bytes)
         SELECT chain, seq, hash, prev, stored_ms, bytes FROM adrift WHERE hash IN (SELECT hash FROM follows) ORDER BY seq",
    )?
    .execute(params![chain, here.hash])?;
    act.prepare_cached("DELETE FROM adrift WHERE chain = ?1 AND hash IN (SELECT hash FROM segment)")?
        .execute([chain])?;
    find_heads(act, chain)
}

/// A segment does not follow what is here of the beginning of a chain that stands on a checkpoint: that may be the beginning of
/// another branch, so all of it is asked for.
pub(super) fn begins_otherwise(act: &Transaction<'_>, chain: i64, seq: u64) -> Result<(), StoreFault> {
    let Ok(seq) = i64::try_from(seq) else { return Ok(()) };
    act.prepare_cached("UPDATE base SET filled = 0 WHERE chain = ?1 AND filled + 1 = ?2")?.execute([chain, seq])?;
    Ok(())
}

/// What is missing below checkpoints, of every stream.
pub(super) fn lacking(ask: &Transaction<'_>) -> Result<Vec<Lack>, StoreFault> {
    let mut bases = ask.prepare_cached(
        "SELECT c.stream, c.incarnation, iif(b.filled < b.until, b.filled, 0), b.until, b.before
         FROM base b JOIN chain c ON c.id = b.chain ORDER BY b.chain",
    )?;
    let mut rows = bases.query([])?;
    let mut lacking = Vec::new();
    while let Some(row) = rows.next()? {
        let stream: String = row.get(0)?;
        let number = |seq: i64| u64::try_from(seq).map_err(|_| StoreFault::Unreadable("a segment's number"));
        lacking.push(Lack {
            stream: stream.parse().map_err(|_| StoreFault::Unreadable("a stream's name"))?,
            chain: Incarnation(row.get(1)?),
            after: number(row.get(2)?)?,
            until: number(row.get(3)?)?,
            hash: Digest(row.get(4)?),
        });
    }
    Ok(lacking)
}

/// Whether a place in a chain is where a checkpoint ends that the chain stands on.
pub(super) fn ends_at(ask: &Transaction<'_>, chain: i64, head: &Head) -> Result<bool, StoreFault> {
    let Ok(seq) = i64::try_from(head.seq) else { return Ok(false) };
    Ok(of(ask, chain)? == Some((seq, head.hash)))
}

#[cfg(test)]
mod tests {
    use niangjia_replication::keys::SigningKey;
    use niangjia_replication::wire::Placed;

    use super::super::Sqlite;
    use super::*;
    use crate::store::{Arrived, SegmentStore, View};

    const STREAM: Stream = Stream::County;
    const CHAIN: Incarnation = Incarnation([1; 16]);

    fn hash(bytes: &[u8]) -> [u8; 32] {
        *blake3::hash(bytes).as_bytes()
    }

    fn place(store: &Sqlite, papers: &[Vec<u8>], seq: usize) -> Placed {
        let prev = seq.checked_sub(2).map_or([0; 32], |at| hash(&papers[at]));
        let (bytes, signer) = (&papers[seq - 1], SigningKey::from_bytes(&[1; 32]).public());
        let arrived = Arrived { stream: STREAM, chain: CHAIN, seq: seq as u64, prev, hash: hash(bytes), signer, bytes };
        store.place(&[arrived], &[], 0).unwrap().remove(0)
    }

    /// A hub that holds segments 5 and 6 behind a checkpoint that ends with 4.
    fn refilled(papers: &[Vec<u8>], dir: &std::path::Path) -> Sqlite {
        let store = Sqlite::open(&dir.join("hub.db")).unwrap();
        let mut cover = Frontier::new();
        cover.add(CHAIN, Head { seq: 4, hash: hash(&papers[3]) });
        store.write(|act| stand_on(act, &STREAM, &cover)).unwrap();
        assert!(matches!(place(&store, papers, 6), Placed::Refused(_)), "not behind a gap");
        assert_eq!([5, 6].map(|seq| place(&store, papers, seq)), [Placed::Stored, Placed::Stored]);
        store
    }

    #[test]
    fn repair_brings_what_there_is_from_where_a_checkpoint_ends() {
        let papers: Vec<Vec<u8>> = (1..=6).map(|seq| vec![seq; 10]).collect();
        let dir = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&dir.path().join("hub.db")).unwrap();
        let head = Head { seq: 4, hash: hash(&papers[3]) };
        let mut cover = Frontier::new();
        cover.add(CHAIN, head);
        store.write(|act| stand_on(act, &STREAM, &cover)).unwrap();
        // Nothing follows it, and whoever brings it has let go of the first two itself.
        assert!(matches!(place(&store, &papers, 3), Placed::Refused(_)), "nothing names it yet");
        assert_eq!([4, 3].map(|seq| place(&store, &papers, seq)), [Placed::Stored, Placed::Stored]);
        assert_eq!(store.frontier(&STREAM, View::All).unwrap().heads(CHAIN), [head]);
        let lacking = store.lacking().unwrap();
        assert_eq!((lacking[0].after, lacking[0].until), (0, 2), "of both ends of the gap it has what there is");
        assert_eq!(lacking[0].hash.0, hash(&papers[1]));
    }

    #[test]
    fn whatever_is_brought_first_the_chain_is_whole_with_the_last_and_given_in_order() {
        let papers: Vec<Vec<u8>> = (1..=6).map(|seq| vec![seq; 10]).collect();
        let top = Head { seq: 6, hash: hash(&papers[5]) };
        // From the first one, as a PC is asked to; from the last one, as repair brings it.
        for turn in [[1, 2, 3, 4], [4, 3, 2, 1]] {
            let dir = tempfile::tempdir().unwrap();
            let store = refilled(&papers, dir.path());
            for (done, seq) in turn.into_iter().enumerate() {
                assert_eq!(store.lacking().unwrap().len(), 1, "{done} of {turn:?}");
                assert_eq!(store.frontier(&STREAM, View::All).unwrap().heads(CHAIN), [top]);
                assert_eq!(place(&store, &papers, seq), Placed::Stored);
            }
            assert!(store.lacking().unwrap().is_empty(), "{turn:?}");
            assert_eq!(store.frontier(&STREAM, View::All).unwrap().heads(CHAIN), [top]);
            // Whoever has nothing goes on from page to page, and a page that begins with a gap would be the last.
            let page = store.missing(&STREAM, &Frontier::new(), View::All, 25).unwrap();
            assert_eq!((page.segments.as_slice(), page.more), (&papers[..2], true), "{turn:?}");
            let all = store.missing(&STREAM, &Frontier::new(), View::All, usize::MAX).unwrap();
            assert_eq!(all.segments, papers, "{turn:?}");
        }
    }

    #[test]
    fn a_branch_that_parts_where_a_checkpoint_ends_is_taken_though_nobody_has_what_it_follows() {
        let papers: Vec<Vec<u8>> = (1..=6).map(|seq| vec![seq; 10]).collect();
        let dir = tempfile::tempdir().unwrap();
        let store = refilled(&papers, dir.path());
        let branch = vec![40; 10];
        let signer = SigningKey::from_bytes(&[1; 32]).public();
        let arrived =
            |prev| Arrived { stream: STREAM, chain: CHAIN, seq: 4, prev, hash: hash(&branch), signer, bytes: &branch };
        let put = |prev| store.place(&[arrived(prev)], &[], 0).unwrap().remove(0);
        assert!(matches!(put(hash(&papers[2])), Placed::Refused(_)), "nothing says yet what stood before");
        assert_eq!(place(&store, &papers, 4), Placed::Stored);
        assert!(matches!(put(hash(&papers[1])), Placed::Refused(_)), "what another one follows");
        assert_eq!(put(hash(&papers[2])), Placed::Fork);
        for seq in [3, 2, 1] {
            assert_eq!(place(&store, &papers, seq), Placed::Stored);
        }
        let heads = store.frontier(&STREAM, View::All).unwrap();
        let mut whole = Frontier::new();
        whole.add(CHAIN, Head { seq: 4, hash: hash(&branch) });
        whole.add(CHAIN, Head { seq: 6, hash: hash(&papers[5]) });
        assert_eq!(heads, whole, "and it is told once the chain is whole");
    }

    #[test]
    fn what_followed_a_checkpoint_that_no_longer_counts_takes_its_place_again_behind_what_it_follows() {
        let papers: Vec<Vec<u8>> = (1..=6).map(|seq| vec![seq; 10]).collect();
        let top = |seq: usize| [Head { seq: seq as u64, hash: hash(&papers[seq - 1]) }];
        for begun in [0, 2] {
            let dir = tempfile::tempdir().unwrap();
            let store = refilled(&papers, dir.path());
            let heads = || store.frontier(&STREAM, View::All).unwrap().heads(CHAIN).to_vec();
            for seq in 1..=begun {
                assert_eq!(place(&store, &papers, seq), Placed::Stored);
            }
            assert_eq!((store.stands().unwrap(), heads()), (vec![(STREAM, CHAIN, top(4)[0])], top(6).to_vec()));
            store.stand_down(&STREAM, CHAIN).unwrap();
            assert!(store.stands().unwrap().is_empty() && store.lacking().unwrap().is_empty());
            assert_eq!(heads(), if begun == 0 { vec![] } else { top(begun).to_vec() });
            let all = store.missing(&STREAM, &Frontier::new(), View::All, usize::MAX).unwrap();
            assert_eq!(all.segments, papers[..begun], "what hangs in the air is given to nobody");
            assert!(matches!(place(&store, &papers, 6), Placed::Refused(_)), "not behind a gap");
            for seq in begun + 1..=3 {
                assert_eq!(place(&store, &papers, seq), Placed::Stored);
                assert_eq!(heads(), top(seq));
            }
            assert_eq!(place(&store, &papers, 4), Placed::Stored);
            assert_eq!(heads(), top(6), "nothing was thrown away");
            let all = store.missing(&STREAM, &Frontier::new(), View::All, usize::MAX).unwrap();
            assert_eq!(all.segments, papers);
        }
    }

    #[test]
    fn what_is_here_of_the_beginning_may_be_another_branchs() {
        let papers: Vec<Vec<u8>> = (1..=5).map(|seq| vec![seq; 10]).collect();
        let dir = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&dir.path().join("hub.db")).unwrap();
        // A clone's first segment came to a new hub before the checkpoint did.
        let clones = vec![vec![10; 10]];
        assert_eq!(place(&store, &clones, 1), Placed::Stored);
        let mut cover = Frontier::new();
        cover.add(CHAIN, Head { seq: 4, hash: hash(&papers[3]) });
        store.write(|act| stand_on(act, &STREAM, &cover)).unwrap();
        assert_eq!(store.lacking().unwrap()[0].after, 1);
        assert!(matches!(place(&store, &papers, 2), Placed::Refused(_)), "it follows another one");
        assert_eq!(store.lacking().unwrap()[0].after, 0);
        assert_eq!(place(&store, &papers, 1), Placed::Fork);
        assert!([2, 3, 4].into_iter().all(|seq| place(&store, &papers, seq) == Placed::Stored));
        assert!(store.lacking().unwrap().is_empty());
        assert_eq!(store.frontier(&STREAM, View::All).unwrap().heads(CHAIN).len(), 2, "both are told");
    }
}
