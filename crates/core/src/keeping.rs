//! Keeping what an office knows: snapshots, the tail of the log, old copies that are put back, letting go of a damaged
//! file, and files that belong to an act.

use std::path::{Path, PathBuf};

use niangjia_replication::{Incarnation, Stream, keys::StreamKey, planted};
use rand_chacha::ChaCha20Rng;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{
    fault::Fault,
    identity::Keys,
    office::{Caller, Office},
    store::{
        Entry, Fence, Fresh, Imprint, Intake, LogKeys, Moment, Outside, TailBlock, memory::Memory, secret, set_secret,
    },
};

/// What opening an old copy brought back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// Changes of this PC that the database did not hold.
    pub changes: u64,
    /// The database was an old copy and took a new incarnation.
    pub renewed: bool,
}

impl Office {
    /// What this office knows, in 32 bytes, to tell whether a further snapshot would say anything new.
    ///
    /// # Errors
    /// The store's own.
    pub fn imprint(&self) -> Result<Imprint, Fault> {
        self.store.imprint()
    }

    /// Writes a snapshot: encrypted with the same key, read back whole, on the disk before it bears its name. Clerks go on
    /// working meanwhile.
    ///
    /// # Errors
    /// `store_damaged` where this office cannot be read, `snapshot_unsound` where the copy is not whole, `disk_full`.
    pub fn snapshot(&self, to: &Path) -> Result<Imprint, Fault> {
        self.store.snapshot(to)
    }

    /// The tail begins anew: what it holds is in the snapshot just made.
    ///
    /// # Errors
    /// `file_failed`; then the tail goes on as it is.
    pub fn turn_tail(&self, rng: &mut ChaCha20Rng) -> Result<(), Fault> {
        let conn = self.store.write();
        let fence = fence(&conn, &self.store.memory())?;
        Ok(self.store.tail.turn(fence, rng)?)
    }

    /// Whether something that was saved stands in the database only, so that a snapshot is due.
    #[must_use]
    pub fn tail_behind(&self) -> bool {
        self.store.tail.behind()
    }

    /// In this folder, which does not lie in the data folder, stands how far this PC was when something last left it. To be called
    /// before [`Office::take_back`].
    pub fn fenced_in(&self, folder: &Path) {
        self.store.tail.fence_outside(Outside::of(folder, &self.keys().device.public().to_bytes()));
    }

    /// Looks whether this database is an old copy; to be called before the first write. An old copy takes a new
    /// incarnation, because changes that it does not know may have gone out under the one it has, and takes in what the
    /// tail holds of them, ids unchanged. `restored` says that it certainly is one.
    ///
    /// # Errors
    /// The store's own; then nothing has changed.
    pub fn take_back(&self, restored: bool, moment: Moment) -> Result<TakenBack, Fault> {
        let mut marks = self.store.tail.marks()?;
        marks.extend(self.store.tail.outside().map(Entry::Fence));
        let conn = self.store.write();
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let mut memory = (*self.store.memory()).clone();
        if !restored && !old_copy(&tx, &memory, &marks)? {
            self.mend_tail(&tx, &memory, &marks, moment)?;
            return Ok(TakenBack::default());
        }
        let entries = self.store.tail.read()?;
        let mut moment = moment;
        let mut rng = moment.part().rng;
        memory.renew(&tx, Incarnation::new(&mut rng))?;
        for entry in &entries {
            match entry {
                Entry::Secret { name, value } => {
                    if secret(&tx, name)?.as_ref() != Some(value) {
                        set_secret(&tx, name, value)?;
                    }
                }
                // From now on it is known, and no reason to renew again.
                Entry::Fence(fence) => drop(memory.number(&tx, fence.incarnation)?),
                Entry::Block(_) => {}
            }
        }
        let keys = Keys::load(&tx)?;
        let mut intake = Intake::new(&tx, &self.store, LogKeys { keys: &keys }, memory, moment);
        let mut changes = 0;
        let entries = if planted!("a restore ignores the second file") { Vec::new() } else { entries };
        for block in entries.iter().filter_map(|e| if let Entry::Block(block) = e { Some(block) } else { None }) {
            changes += intake.take_back(block)?;
        }
        let (mut memory, _) = intake.finish();
        memory.persist(&tx)?;
        let fence = fence(&tx, &memory)?;
        tx.commit()?;
        self.store.tail.note(fence, &mut rng);
        *self.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner) = keys;
        self.store.swap(memory);
        drop(conn);
        self.index()?;
        Ok(TakenBack { changes, renewed: true })
    }

    /// Writes behind the tail what a program that ended between the commit and the tail did not write there. Without it the
    /// tail would have a hole in its counters, and a database made from it would take the missing change for a known one.
    fn mend_tail(&self, conn: &Connection, memory: &Memory, marks: &[Entry], mut moment: Moment) -> Result<(), Fault> {
        let own = memory.ident(memory.own)?;
        let known = marks.iter().filter_map(|entry| match entry {
            Entry::Block(block) => (block.incarnation == own).then_some(block.last),
            Entry::Fence(fence) => (fence.incarnation == own).then_some(fence.counter),
            Entry::Secret { .. } => None,
        });
        let known = known.max().unwrap_or(0);
        if memory.counter <= known {
            return Ok(());
        }
        let missing = Fresh::waiting_after(conn, memory.own, known)?;
        if missing.first().is_none_or(|first| first.first > known + 1) {
            // Part of it is sealed already; the snapshot that follows makes the tail begin anew.
            self.store.tail.fall_behind();
        }
        self.store.tail.append(&tail_of(memory, &missing)?, &mut moment.part().rng);
        Ok(())
    }

    /// Writes into the audit that a snapshot has been put back, and how many changes came back beyond it.
    ///
    /// # Errors
    /// The store's own.
    pub fn note_restored(&self, snapshot: &str, changes: u64, caller: Caller) -> Result<(), Fault> {
        self.act("app.restore", caller, |desk| {
            desk.note.record = Some(self.identity.office);
            desk.note.count = Some(usize::try_from(changes).unwrap_or(usize::MAX));
            desk.note.reason = Some(snapshot.to_owned());
            Ok(())
        })?;
        Ok(())
    }

    /// Lets go of a damaged file: from here on closing writes nothing to it. To be followed by dropping the office.
    pub fn abandon(&self) {
        self.store.abandon();
    }
}

/// Whether a database lacks something that its own tail knows.
fn old_copy(conn: &Connection, memory: &Memory, entries: &[Entry]) -> Result<bool, Fault> {
    let mut own = None;
    for entry in entries {
        match entry {
            Entry::Secret { .. } => {}
            Entry::Block(block) => {
                let known = memory.known_stream(&block.stream).zip(memory.known_number(block.incarnation));
                if !known.is_some_and(|(stream, inc)| memory.held_on_any_branch(stream, inc, block.last)) {
                    return Ok(true);
                }
            }
            Entry::Fence(fence) => match memory.known_number(fence.incarnation) {
                None => return Ok(true),
                Some(inc) if inc == memory.own => own = Some(*fence),
                // Of an incarnation before this one: that was looked into when this one began.
                Some(_) => {}
            },
        }
    }
    let Some(fence) = own else { return Ok(false) };
    Ok(fence.counter > memory.counter || fence.segments > self::fence(conn, memory)?.segments)
}

/// How far this PC is.
pub(crate) fn fence(conn: &Connection, memory: &Memory) -> Result<Fence, Fault> {
    let segments = conn
        .prepare_cached(
            "SELECT (SELECT coalesce(sum(seq), 0) FROM base WHERE chain = ?1) + (SELECT count(*) FROM segment s WHERE chain = ?1
               AND NOT EXISTS (SELECT 1 FROM base b WHERE b.stream = s.stream AND b.chain = s.chain AND b.seq >= s.seq))",
        )?
        .query_row([memory.own], |row| row.get(0))?;
    Ok(Fence { incarnation: memory.ident(memory.own)?, counter: memory.counter, segments })
}

/// What an act wrote, for the tail.
pub(crate) fn tail_of(memory: &Memory, fresh: &[Fresh]) -> Result<Vec<Entry>, Fault> {
    let entry = |one: &Fresh| {
        Ok(Entry::Block(TailBlock {
            stream: *memory.stream_name(one.stream)?,
            incarnation: memory.ident(one.inc)?,
            changes: one.changes,
            first: one.first,
            last: one.last,
            block: one.block.clone(),
        }))
    };
    fresh.iter().map(entry).collect()
}

/// The key of a new stream, for the tail.
pub(crate) fn tail_of_key(stream: &Stream, key: &StreamKey) -> Entry {
    Entry::Secret { name: Keys::secret_name(stream, key.epoch()), value: key.secret().to_vec() }
}

/// Files that an act wrote beside the database; they go again where the act does not commit.
#[derive(Default)]
pub(crate) struct Papers(Vec<PathBuf>);

impl Papers {
    pub(crate) fn add(&mut self, path: PathBuf) {
        self.0.push(path);
    }

    /// The act stands, and so do its files.
    pub(crate) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Papers {
    fn drop(&mut self) {
        for path in &self.0 {
            // The act's own fault is the one to tell.
            let _ = std::fs::remove_file(path);
        }
    }
}
