//! Deeds: what of the log a person did, as the clerk counts it. Each act leaves an entry in the audit, each packet one more, and the
//! program signs receipts and hands out keys by itself: all of that is sent like everything else, and none of it is *unsent work*.

use std::collections::HashSet;

use niangjia_replication::{Block, Limits, Stream, change::Change};

use super::{
    apply::RECEIPT,
    orders::{GRANT, is_paper},
    versions::damaged,
};
use crate::{devices::SharedKey, exchange::PROGRAM, fault::Fault, record::Record as _};

/// The file counts them beside each block and each own segment. What waits in a file of an earlier version counts change by change.
pub(super) const STEP: &str = "
ALTER TABLE outbox ADD COLUMN deeds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE segment ADD COLUMN deeds INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET deeds = changes WHERE stream NOT IN (SELECT no FROM stream WHERE name LIKE 'audit%');
UPDATE segment SET deeds = changes WHERE mine = 1 AND stream NOT IN (SELECT no FROM stream WHERE name LIKE 'audit%')
  AND seq > coalesce((SELECT seq FROM hub_head h WHERE h.stream = segment.stream AND h.chain = segment.chain), 0);
";

/// Records that people wrote among changes of a stream: one record saved in one act is one deed, however many changes that took.
pub(crate) fn deeds(stream: &Stream, changes: &[Change]) -> i64 {
    if matches!(stream, Stream::Audit(_)) {
        return 0;
    }
    let by_program = |kind: &str| kind == RECEIPT || kind == GRANT || kind == SharedKey::TYPE.name;
    let mut seen = HashSet::new();
    let mut told = false;
    for change in changes.iter().filter(|change| change.author != PROGRAM && !by_program(&change.kind)) {
        // An order is one deed, whatever it takes to write it.
        if is_paper(&change.kind) {
            told = true;
        } else {
            seen.insert((change.hlc, &*change.kind, change.record));
        }
    }
    i64::try_from(seen.len()).unwrap_or(i64::MAX).saturating_add(i64::from(told))
}

/// The same of a block as it is kept.
pub(crate) fn deeds_of(stream: &Stream, block: &[u8]) -> Result<i64, Fault> {
    if matches!(stream, Stream::Audit(_)) {
        return Ok(0);
    }
    let block = Block::decode(block, &Limits::STANDARD).map_err(damaged)?;
    let changes: Vec<Change> = block.changes().map(|change| change.to_owned()).collect();
    Ok(deeds(stream, &changes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use niangjia_replication::{Dot, Hlc, Incarnation, RecordId};

    fn change(kind: &str, record: u8, author: RecordId, moment: u64) -> Change {
        Change {
            dot: Dot { incarnation: Incarnation([1; 16]), counter: 1 },
            kind: kind.into(),
            record: RecordId([record; 16]),
            author,
            hlc: Hlc::tick(Hlc::default(), moment),
            wall: 0,
            sets: Vec::new(),
            event: None,
        }
    }

    #[test]
    fn one_record_saved_once_is_one_and_what_nobody_did_is_none() {
        let li = RecordId([9; 16]);
        let office = Stream::Office(RecordId([7; 16]));
        let count = |changes: &[Change]| deeds(&office, changes);
        assert_eq!(count(&[change("member", 1, li, 1), change("member", 1, li, 1)]), 1, "two changes of one save");
        assert_eq!(count(&[change("member", 1, li, 1), change("member", 1, li, 2)]), 2, "saved twice");
        assert_eq!(count(&[change("member", 1, li, 1), change("member", 2, li, 1)]), 2, "a batch");
        assert_eq!(count(&[change("member", 1, PROGRAM, 1)]), 0);
        for by_itself in [RECEIPT, GRANT, SharedKey::TYPE.name] {
            assert_eq!(count(&[change(by_itself, 1, li, 1)]), 0, "{by_itself}");
        }
        assert_eq!(count(&[change("order", 1, li, 1), change("order", 2, li, 1), change(GRANT, 3, li, 1)]), 1);
        assert_eq!(deeds(&Stream::Audit(RecordId([7; 16])), &[change("audit", 1, li, 1)]), 0);
    }

    #[test]
    fn what_waits_in_an_older_file_is_not_taken_for_sent() {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE stream (no INTEGER PRIMARY KEY, name TEXT);
             CREATE TABLE outbox (stream INTEGER, changes INTEGER);
             CREATE TABLE segment (stream INTEGER, chain INTEGER, seq INTEGER, mine INTEGER, changes INTEGER);
             CREATE TABLE hub_head (stream INTEGER, chain INTEGER, seq INTEGER);
             INSERT INTO stream VALUES (1, 'office/ab'), (2, 'audit/ab');
             INSERT INTO outbox VALUES (1, 3), (2, 4);
             INSERT INTO segment VALUES (1, 9, 1, 1, 10), (1, 9, 2, 1, 20), (2, 9, 1, 1, 30), (1, 8, 1, 0, 40);
             INSERT INTO hub_head VALUES (1, 9, 1);",
        )
        .unwrap();
        conn.execute_batch(STEP).unwrap();
        let sum = |table: &str| -> i64 {
            conn.query_row(&format!("SELECT sum(deeds) FROM {table}"), [], |row| row.get(0)).unwrap()
        };
        assert_eq!((sum("outbox"), sum("segment")), (3, 20));
    }
}
