//! The store of one county on one machine: a single SQLite file, one writer, a few readers.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use niangjia_replication::keys::{CertId, VerifyingKey};
use niangjia_replication::wire::{About, Lack, Lacks, Placed, held::Numbered, lacks};
use niangjia_replication::{Frontier, Head, Incarnation, Stream};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::{Arrived, ArrivedPart, Birth, Device, Extent, Page, Seen, SegmentStore, StoreFault, Told, View, Whole};

mod base;
mod blobs;
mod checkpoints;
mod mend;
mod rows;

use rows::{born, chains, counts, device, holds, lacking_ids, page, pinned, place, remember};

const SCHEMA: &str = include_str!("schema.sql");
/// Of this build's own time; a hub made before it gains it when it is opened.
const ABOUT: &str = "CREATE TABLE IF NOT EXISTS device_about (
    cert BLOB PRIMARY KEY REFERENCES device (cert), name TEXT NOT NULL, code TEXT NOT NULL, version TEXT NOT NULL
) STRICT, WITHOUT ROWID";
const SCHEMA_VERSION: i64 = 1;
/// The county's revocations, as they were signed. A store that was made before there were any gets the table when it is opened.
const ORDERS: &str =
    "CREATE TABLE IF NOT EXISTS county_order (hash BLOB PRIMARY KEY, doc BLOB NOT NULL) STRICT, WITHOUT ROWID;";
/// Segments of one chain looked at for one page; a page of smaller ones is simply shorter.
const LOOKED_AT: usize = 4096;
/// Reading connections kept open.
const READERS: usize = 4;

impl From<rusqlite::Error> for StoreFault {
    fn from(cause: rusqlite::Error) -> Self {
        match cause.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            _ => Self::Sqlite(cause),
        }
    }
}

/// [`SegmentStore`] in one SQLite file (WAL, `synchronous=FULL`).
pub struct Sqlite {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl Sqlite {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When it cannot be opened, is no database, or was written by a newer version.
    pub fn open(path: &Path) -> Result<Self, StoreFault> {
        let mut writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        let act = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        match act.query_row("PRAGMA user_version", [], |row| row.get(0))? {
            0_i64 => act.execute_batch(SCHEMA)?,
            SCHEMA_VERSION => {}
            _ => return Err(StoreFault::Unreadable("a schema of a newer version")),
        }
        act.execute_batch(ABOUT)?;
        act.execute_batch(ORDERS)?;
        act.execute_batch(blobs::SCHEMA)?;
        act.execute_batch(checkpoints::SCHEMA)?;
        act.execute_batch(base::SCHEMA)?;
        act.commit()?;
        Ok(Self { path: path.to_owned(), writer: Mutex::new(writer), readers: Mutex::default() })
    }

    fn write<T>(&self, act: impl FnOnce(&Transaction<'_>) -> Result<T, StoreFault>) -> Result<T, StoreFault> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = act(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// A write that a power cut may take back: when somebody was here is no promise to anyone, and syncing the disk for each
    /// question of each office would cost more than all else.
    fn jot<T>(&self, act: impl FnOnce(&Transaction<'_>) -> Result<T, StoreFault>) -> Result<T, StoreFault> {
        let mut writer = lock(&self.writer);
        writer.pragma_update(None, "synchronous", "NORMAL")?;
        let done = (|| {
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = act(&transaction)?;
            transaction.commit()?;
            Ok(done)
        })();
        // Whatever became of it: the next segments are on disk before they are answered.
        writer.pragma_update(None, "synchronous", "FULL")?;
        done
    }

    fn read<T>(&self, ask: impl FnOnce(&Transaction<'_>) -> Result<T, StoreFault>) -> Result<T, StoreFault> {
        let spare = lock(&self.readers).pop();
        let mut reader = match spare {
            Some(reader) => reader,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        let answer = ask(&reader.transaction()?)?;
        let mut readers = lock(&self.readers);
        if readers.len() < READERS {
            readers.push(reader);
        }
        Ok(answer)
    }
}

impl SegmentStore for Sqlite {
    fn birth(&self) -> Result<Option<Birth>, StoreFault> {
        self.read(born)
    }

    fn be_born(&self, birth: &Birth) -> Result<Birth, StoreFault> {
        self.write(|act| {
            act.execute(
                "INSERT INTO hub (one, epoch, claim) VALUES (1, ?1, ?2) ON CONFLICT (one) DO NOTHING",
                params![birth.epoch.0, birth.claim],
            )?;
            born(act)?.ok_or(StoreFault::Unreadable("no hub"))
        })
    }

    fn root(&self) -> Result<Option<VerifyingKey>, StoreFault> {
        self.read(pinned)
    }

    fn pin(&self, root: &VerifyingKey) -> Result<VerifyingKey, StoreFault> {
        self.write(|act| {
            act.execute("UPDATE hub SET root = ?1 WHERE root IS NULL", [root.to_bytes()])?;
            pinned(act)?.ok_or(StoreFault::Unreadable("no hub"))
        })
    }

    fn note(&self, device: &Device, now_ms: i64, told: Option<&Told>) -> Result<(), StoreFault> {
        let cert = device.cert.0;
        self.jot(|act| {
            remember(act, device, now_ms)?;
            act.execute("UPDATE device SET last_ms = ?2 WHERE cert = ?1", params![cert, now_ms])?;
            let Some(told) = told else { return Ok(()) };
            if let Some(said) = &told.about {
                act.execute(
                    "INSERT INTO device_about (cert, name, code, version) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (cert)
                     DO UPDATE SET name = excluded.name, code = excluded.code, version = excluded.version",
                    params![cert, said.name, said.code, said.version],
                )?;
            }
            act.execute("DELETE FROM device_count WHERE cert = ?1", [cert])?;
            for (name, value) in &told.counts {
                act.execute(
                    "INSERT INTO device_count (cert, name, value) VALUES (?1, ?2, ?3)",
                    params![cert, name, i64::try_from(*value).unwrap_or(i64::MAX)],
                )?;
            }
            Ok(())
        })
    }

    fn device(&self, cert: &CertId) -> Result<Option<Device>, StoreFault> {
        self.read(|ask| {
            let mut devices =
                ask.prepare_cached("SELECT cert, key, office, county, chain FROM device WHERE cert = ?1")?;
            let mut rows = devices.query([cert.0])?;
            rows.next()?.map(device).transpose()
        })
    }

    fn seen(&self) -> Result<Vec<Seen>, StoreFault> {
        self.read(|ask| {
            let mut devices = ask.prepare(
                "SELECT device.cert, key, office, county, chain, first_ms, last_ms,
                        coalesce(name, ''), coalesce(code, ''), coalesce(version, '')
                 FROM device LEFT JOIN device_about ON device_about.cert = device.cert ORDER BY office, device.cert",
            )?;
            let mut rows = devices.query([])?;
            let mut seen = Vec::new();
            while let Some(row) = rows.next()? {
                let device = device(row)?;
                let counts = counts(ask, &device.cert)?;
                let about = About { name: row.get(7)?, code: row.get(8)?, version: row.get(9)? };
                seen.push(Seen { device, first_ms: row.get(5)?, last_ms: row.get(6)?, counts, about });
            }
            Ok(seen)
        })
    }

    fn keep_order(&self, order: &[u8]) -> Result<(), StoreFault> {
        let hash = *blake3::hash(order).as_bytes();
        self.write(|act| {
            act.execute("INSERT OR IGNORE INTO county_order (hash, doc) VALUES (?1, ?2)", params![hash, order])?;
            Ok(())
        })
    }

    fn orders(&self) -> Result<Vec<Vec<u8>>, StoreFault> {
        self.read(|ask| {
            let mut orders = ask.prepare_cached("SELECT doc FROM county_order ORDER BY hash")?;
            let rows = orders.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn place(&self, segments: &[Arrived<'_>], introduced: &[Device], now_ms: i64) -> Result<Vec<Placed>, StoreFault> {
        self.write(|act| {
            for device in introduced {
                remember(act, device, now_ms)?;
            }
            segments.iter().map(|segment| place(act, segment, now_ms)).collect()
        })
    }

    fn extent(&self) -> Result<Extent, StoreFault> {
        self.read(|ask| {
            // Numbers are given in order and hardly one is ever free again; counting would read the whole index.
            let segments: i64 = ask.query_row("SELECT coalesce(max(id), 0) FROM segment", [], |row| row.get(0))?;
            let mut forked = ask.prepare_cached(
                "SELECT stream, incarnation FROM chain JOIN head ON head.chain = chain.id
                 GROUP BY chain.id HAVING count(*) > 1 ORDER BY stream, incarnation",
            )?;
            let rows = forked.query_map([], |row| Ok((row.get::<_, String>(0)?, Incarnation(row.get(1)?))))?;
            let forked = rows.map(|row| {
                let (stream, chain) = row?;
                Ok::<_, StoreFault>((stream.parse().map_err(|_| StoreFault::Unreadable("a stream's name"))?, chain))
            });
            Ok(Extent { segments: segments.unsigned_abs(), forked: forked.collect::<Result<_, _>>()? })
        })
    }

    fn streams(&self) -> Result<Vec<Stream>, StoreFault> {
        self.read(|ask| {
            let mut streams = ask.prepare_cached("SELECT DISTINCT stream FROM chain ORDER BY stream")?;
            let names = streams.query_map([], |row| row.get::<_, String>(0))?;
            names.map(|name| name?.parse().map_err(|_| StoreFault::Unreadable("a stream's name"))).collect()
        })
    }

    fn stream_of(&self, hash: &[u8; 32]) -> Result<Option<Stream>, StoreFault> {
        self.read(|ask| {
            let mut found = ask.prepare_cached(
                "SELECT chain.stream FROM segment JOIN chain ON chain.id = segment.chain WHERE segment.hash = ?1",
            )?;
            let name: Option<String> = found.query_row([hash], |row| row.get(0)).optional()?;
            name.map(|name| name.parse().map_err(|_| StoreFault::Unreadable("a stream's name"))).transpose()
        })
    }

    fn frontier(&self, stream: &Stream, view: View) -> Result<Frontier, StoreFault> {
        self.read(|ask| {
            let mut frontier = Frontier::new();
            for (_, chain, heads) in chains(ask, stream, view)? {
                for head in heads {
                    frontier.add(chain, head);
                }
            }
            Ok(frontier)
        })
    }

    fn keep_part(&self, part: &ArrivedPart<'_>) -> Result<bool, StoreFault> {
        self.write(|act| checkpoints::keep(act, part))
    }

    fn let_go(&self, stream: &Stream, ids: &[[u8; 16]]) -> Result<(), StoreFault> {
        self.write(|act| checkpoints::let_go(act, stream, ids))
    }

    fn has_checkpoint(&self, stream: &Stream) -> Result<bool, StoreFault> {
        self.read(|ask| checkpoints::any(ask, stream))
    }

    fn checkpoints(&self, stream: &Stream) -> Result<Vec<Whole>, StoreFault> {
        self.read(|ask| checkpoints::whole(ask, stream))
    }

    fn parts(&self, id: &[u8; 16], after: u32, max_bytes: usize) -> Result<Page, StoreFault> {
        self.read(|ask| checkpoints::page(ask, id, after, max_bytes))
    }

    fn holds(&self, stream: &Stream, chain: Incarnation, head: &Head) -> Result<bool, StoreFault> {
        self.read(|ask| checkpoints::holds_segment(ask, stream, chain, head))
    }

    fn held(
        &self,
        stream: &Stream,
        chain: Incarnation,
        from: u64,
        to: u64,
        view: View,
    ) -> Result<(Vec<Numbered>, u64), StoreFault> {
        self.read(|ask| mend::held(ask, stream, chain, (from, to), view))
    }

    fn segment(&self, hash: &[u8; 32], view: View) -> Result<Option<Vec<u8>>, StoreFault> {
        self.read(|ask| mend::segment(ask, hash, view))
    }

    fn lacking(&self) -> Result<Vec<Lack>, StoreFault> {
        self.read(base::lacking)
    }

    fn stands(&self) -> Result<Vec<(Stream, Incarnation, Head)>, StoreFault> {
        self.read(base::all)
    }

    fn stand_on(&self, stream: &Stream, cover: &Frontier) -> Result<(), StoreFault> {
        self.write(|act| base::stand_on(act, stream, cover))
    }

    fn stand_down(&self, stream: &Stream, chain: Incarnation) -> Result<(), StoreFault> {
        self.write(|act| base::stand_down(act, stream, chain))
    }

    fn writers(&self, stream: &Stream, chain: Incarnation) -> Result<Vec<Device>, StoreFault> {
        self.read(|ask| {
            let mut devices = ask.prepare_cached(
                "SELECT d.cert, d.key, d.office, d.county, d.chain FROM chain c JOIN device d ON d.key = c.signer
                 WHERE c.stream = ?1 AND c.incarnation = ?2 ORDER BY d.cert",
            )?;
            let mut rows = devices.query(params![stream.to_string(), chain.0])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(device(row)?);
            }
            Ok(out)
        })
    }

    fn missing(&self, stream: &Stream, have: &Frontier, view: View, max_bytes: usize) -> Result<Page, StoreFault> {
        self.read(|ask| {
            let (mut wanted, mut cut) = (Vec::new(), false);
            for (id, chain, heads) in chains(ask, stream, view)? {
                let lacking = lacks(&heads, have.heads(chain), false, |head| holds(ask, id, head))?;
                let ids = lacking_ids(ask, id, &lacking)?;
                cut |= ids.len() >= LOOKED_AT;
                let (in_turn, mut at) = (heads.len() == 1 && matches!(lacking, Lacks::After(_)), 0);
                for (turn, id) in ids.into_iter().enumerate() {
                    at = if in_turn { id.max(at) } else { id };
                    wanted.push((at, turn, id));
                }
            }
            // Numbers rise as segments arrive, and a segment arrives only after the one that it continues, unless that one was lost
            // or lay below a checkpoint: what follows such a one goes behind it.
            wanted.sort_unstable();
            let wanted: Vec<i64> = wanted.into_iter().map(|(.., id)| id).collect();
            let mut page = page(ask, &wanted, max_bytes)?;
            page.more |= cut;
            Ok(page)
        })
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreFault> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.execute_batch(
        "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;
         PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
    )?;
    Ok(connection)
}

// A connection left by a panic rolled its transaction back when that was dropped.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_suite() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hub.db");
        super::super::suite::every_store(&mut |store| {
            drop(store);
            Box::new(Sqlite::open(&path).unwrap())
        });
    }

    #[test]
    fn a_request_is_stored_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&dir.path().join("hub.db")).unwrap();
        let first = Arrived {
            stream: Stream::County,
            chain: Incarnation([1; 16]),
            seq: 1,
            prev: [0; 32],
            hash: [1; 32],
            signer: niangjia_replication::keys::SigningKey::from_bytes(&[1; 32]).public(),
            bytes: b"one",
        };
        let second = Arrived { seq: 2, prev: first.hash, hash: [2; 32], bytes: b"two", ..first };
        let failing = "CREATE TRIGGER fail BEFORE INSERT ON segment WHEN NEW.seq = 2
                       BEGIN SELECT RAISE(ABORT, 'the disk failed'); END";
        lock(&store.writer).execute_batch(failing).unwrap();
        assert!(matches!(store.place(&[first, second], &[], 0), Err(StoreFault::Sqlite(_))));
        assert_eq!(store.streams().unwrap(), []);
        lock(&store.writer).execute_batch("DROP TRIGGER fail").unwrap();
        assert_eq!(store.place(&[first, second], &[], 0).unwrap(), [Placed::Stored, Placed::Stored]);
    }

    #[test]
    fn a_list_of_missing_segments_uses_the_index() {
        let dir = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&dir.path().join("hub.db")).unwrap();
        let plan = |sql: &str| {
            lock(&store.writer)
                .query_row(&format!("EXPLAIN QUERY PLAN {sql}"), [], |row| row.get::<_, String>(3))
                .unwrap()
        };
        let after = plan("SELECT id FROM segment WHERE chain = 1 AND seq > 5 ORDER BY seq, hash LIMIT 9");
        assert!(after.contains("COVERING INDEX segment_by_place (chain=? AND seq>?)"), "{after}");
        let walk = plan("SELECT id, hash, prev FROM segment WHERE chain = 1 ORDER BY seq DESC, hash");
        assert!(walk.contains("COVERING INDEX segment_by_place (chain=?)"), "{walk}");
        let heads = plan("SELECT seq, hash FROM head WHERE chain = 1 ORDER BY seq, hash");
        assert!(heads.contains("PRIMARY KEY (chain=?)"), "{heads}");
    }

    #[test]
    fn a_store_of_a_newer_version_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hub.db");
        drop(Sqlite::open(&path).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(Sqlite::open(&path), Err(StoreFault::Unreadable(_))));
    }
}
