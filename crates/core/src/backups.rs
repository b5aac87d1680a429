//! Tested backups: a copy of a snapshot is opened like any database, read through, and its tables are made again from its own log.
//! Only what came out the same is noted, with the frontiers that it holds; pruning believes nothing else.

use std::{collections::BTreeMap, path::Path};

use niangjia_replication::{Frontier, Incarnation, Stream, frontier::SetHash};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::{
    fault::Fault,
    identity::{Identity, Keys},
    office::Office,
    store::{Also, DatabaseKey, LogKeys, Store, checkpoint, likeness, versions::damaged},
};

/// What a backup turned out to hold when it was opened.
#[derive(Debug)]
pub struct Proof {
    /// What is held of every stream.
    heads: Vec<(Stream, Frontier)>,
    /// How far each incarnation stands in each stream, and the set hash of its changes.
    counted: Vec<(Stream, Incarnation, i64, SetHash)>,
    /// Changes replayed from its log.
    pub changes: u64,
}

/// A backup that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestedBackup {
    /// When it was tested, milliseconds since 1970.
    pub at: i64,
    /// BLAKE3 of its file.
    pub file: [u8; 32],
}

fn unsound(cause: impl ToString) -> Fault {
    Fault::new(
        "backup_unsound",
        "打开备份核对时发现它和自己的记录对不上，这个备份不能算数；本机数据没有改变，其他备份都在。请检查磁盘后再备份一次。",
        "Opened for a test, the backup did not agree with its own log, so it does not count; the data of this PC are unchanged and the other backups stand. Check the disk and make one again.",
    )
    .because(cause)
}

impl Office {
    /// Opens a copy of a backup as it would be opened after a loss: every page is read, every segment compared with its hash and
    /// its place, every table made again and compared with what stood there. Nothing of it is kept; the copy may be thrown away.
    ///
    /// # Errors
    /// `backup_unsound` where something differs or cannot be read.
    pub fn test_backup(copy: &Path, key: &DatabaseKey) -> Result<Proof, Fault> {
        // A damaged backup says nothing about this office's own file.
        Self::opened(copy, key).map_err(|fault| if fault.code == "store_damaged" { unsound(fault) } else { fault })
    }

    fn opened(copy: &Path, key: &DatabaseKey) -> Result<Proof, Fault> {
        let store = Store::open(copy, key, crate::schema(), crate::folds())?;
        store.check()?;
        if store.stale()? {
            return Err(unsound("made by another version"));
        }
        let (identity, keys) = {
            let conn = store.write();
            (Identity::load(&conn)?, Keys::load(&conn)?)
        };
        Self::with(store, identity, keys).prove()
    }

    fn prove(&self) -> Result<Proof, Fault> {
        let frontiers = self.frontiers()?;
        let conn = self.store.write();
        chained(&conn)?;
        let memory = (*self.store.memory()).clone();
        let mut counted = Vec::new();
        for ((stream, inc), head) in &memory.heads {
            counted.push((*memory.stream_name(*stream)?, memory.incarnation(*inc)?, head.applied, head.digest));
        }
        let schema = &self.store.schema;
        // Who took a checkpoint to what was here already may still see a value of before that a rebuild does without.
        let history = !conn.prepare("SELECT 1 FROM base")?.exists([])?;
        let keys = self.keys();
        let with = Also { history, confirmed: checkpoint::tell_confirmed(&conn, &LogKeys { keys: &keys })? };
        let before = likeness(&conn, &memory, schema, with)?;
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        let (again, changes) = self.replayed(&tx, memory, &keys)?;
        if let Some(table) = before.differs(&likeness(&tx, &again, schema, with)?) {
            return Err(unsound(format!("the tables differ from the log: {table}")));
        }
        Ok(Proof { heads: frontiers, counted, changes })
    }

    /// Notes that a backup of this office passed. It never goes into the log: it is a fact of this PC.
    ///
    /// # Errors
    /// `backup_unsound` where it knows other changes than this office does.
    pub fn note_tested(&self, name: &str, tested: TestedBackup, proof: &Proof) -> Result<(), Fault> {
        let conn = self.store.write();
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let memory = self.store.memory();
        for (stream, inc, applied, digest) in &proof.counted {
            let place = memory.known_stream(stream).zip(memory.known_number(inc.0));
            let here = place.and_then(|place| memory.heads.get(&place));
            if here.is_none_or(|h| h.applied < *applied || (h.applied == *applied && h.digest != *digest)) {
                return Err(unsound("it knows other changes"));
            }
        }
        forget(&tx, name)?;
        tx.execute(
            "INSERT INTO tested_backup (name, at, file) VALUES (?1, ?2, ?3)",
            params![name, tested.at, tested.file],
        )?;
        let mut put =
            tx.prepare("INSERT INTO tested_head (name, stream, chain, seq, hash) VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for (stream, frontier) in &proof.heads {
            let Some(stream) = memory.known_stream(stream) else { continue };
            for (chain, heads) in frontier.chains() {
                let chain = memory.known_number(chain.0).ok_or_else(|| damaged("chain"))?;
                for head in heads {
                    let seq = i64::try_from(head.seq).map_err(damaged)?;
                    put.execute(params![name, stream, chain, seq, head.hash])?;
                }
            }
        }
        drop(put);
        Ok(tx.commit()?)
    }

    /// The backups that passed, by name.
    ///
    /// # Errors
    /// The store's own.
    pub fn tested_backups(&self) -> Result<BTreeMap<String, TestedBackup>, Fault> {
        self.store.read(|conn| {
            let mut statement = conn.prepare_cached("SELECT name, at, file FROM tested_backup")?;
            let rows = statement.query_map([], |r| Ok((r.get(0)?, TestedBackup { at: r.get(1)?, file: r.get(2)? })))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// A backup is not there any more, or its file is another one.
    ///
    /// # Errors
    /// The store's own.
    pub fn forget_tested(&self, name: &str) -> Result<(), Fault> {
        forget(&self.store.write(), name)
    }
}

fn forget(conn: &Connection, name: &str) -> Result<(), Fault> {
    conn.execute("DELETE FROM tested_backup WHERE name = ?1", [name])?;
    conn.execute("DELETE FROM tested_head WHERE name = ?1", [name])?;
    Ok(())
}

/// Every segment is the one that its hash names, and follows the one before it.
fn chained(conn: &Connection) -> Result<(), Fault> {
    let mut statement = conn.prepare("SELECT hash, bytes FROM segment ORDER BY no")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let hash: [u8; 32] = row.get(0)?;
        if *blake3::hash(row.get_ref(1)?.as_blob().map_err(damaged)?).as_bytes() != hash {
            return Err(unsound("a segment is not the one of its hash"));
        }
    }
    let loose = "SELECT 1 FROM segment s WHERE s.seq > 1
       AND NOT EXISTS (SELECT 1 FROM segment p WHERE p.stream = s.stream AND p.chain = s.chain AND p.seq = s.seq - 1 AND p.hash = s.prev)
       AND NOT EXISTS (SELECT 1 FROM base b WHERE b.stream = s.stream AND b.chain = s.chain AND b.seq >= s.seq - 1)";
    if conn.prepare(loose)?.exists([])? {
        return Err(unsound("a chain has a gap"));
    }
    Ok(())
}
