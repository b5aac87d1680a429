//! An office that worked alone joins a county, perhaps after a year. It gets a database of its own beside the old one, with the
//! same key, and everything that was ever saved goes over as it was saved: the same changes with the same ids, to be carried in
//! the stream of the office that it has become. The old file is not touched.

use std::path::Path;

use niangjia_replication::{Incarnation, RecordId, Stream, enrol::Enrolment, planted};
use rusqlite::{Transaction, TransactionBehavior, params};

use crate::{
    fault::Fault,
    founding::certified,
    office::{Caller, Office},
    organisations::Organisation,
    record::Record as _,
    store::{DatabaseKey, Intake, LogKeys, Moment, TailBlock, memory::Memory, rows},
};

/// An import that can be undone.
type Batch = (Vec<u8>, String, Stream, [u8; 16], i64, i64, String, i64, Vec<u8>, i64, i64);

/// What an office has saved while it was alone.
struct Saved {
    blocks: Vec<TailBlock>,
    batches: Vec<Batch>,
}

/// Makes the office anew at `path` as one that the county has invited, with all that `alone` has saved.
///
/// # Errors
/// `joined_already`, `drafts_open`, `packet_unusable`, or the store's own; then the caller removes what stands at `path`.
pub fn enrol(
    alone: &Office,
    path: &Path,
    key: &DatabaseKey,
    enrolment: Enrolment,
    mut caller: Caller,
) -> Result<Office, Fault> {
    if alone.identity().federation.is_some() {
        return Err(Fault::new(
            "joined_already",
            "本办公室已经加入县总工会，没有做任何改动。",
            "This office has joined a county already; nothing was changed.",
        ));
    }
    let was = alone.identity().office;
    let saved = alone.saved(enrolment.office.id)?;
    let (identity, keys, further) = certified(enrolment, &mut caller.moment.rng)?;
    let own = alone.store.schema.kind(Organisation::TYPE.name).ok_or_else(Fault::not_found)?;
    let stood = alone.store.read(|conn| rows::by_id(conn, own, was))?;
    let incarnation = Incarnation::new(&mut caller.moment.rng);
    let office = Office::create(path, key, identity.clone(), keys, incarnation.0)?;
    office.bring(saved, caller.moment.part())?;
    office.act("office.enrol", caller, |desk| {
        desk.note.kind = Some(Organisation::TYPE.name);
        desk.note.record = Some(identity.office);
        // On a further PC the office's record stands in its stream already.
        if further.is_none() {
            let record = match &stood {
                // What was entered about the office in the meantime goes with it; its name is the one that the county knows.
                Some(row) => Organisation {
                    name: identity.name.clone(),
                    area: Some(identity.code.clone()),
                    parent: identity.federation,
                    ..Organisation::from_values(&row.values)?
                },
                None => Organisation::of_office(&identity),
            };
            desk.act.create_as(&Stream::Office(identity.office), identity.office, record, None)?;
        }
        Ok(())
    })?;
    Ok(office)
}

fn now_of(stream: &Stream, was: RecordId, is: RecordId) -> Stream {
    match stream {
        Stream::Office(id) if *id == was => Stream::Office(is),
        Stream::Audit(id) if *id == was => Stream::Audit(is),
        other => *other,
    }
}

impl Office {
    /// Everything that waits in the outbox, which is everything while an office is alone, as of the office that it becomes.
    fn saved(&self, is: RecordId) -> Result<Saved, Fault> {
        let (memory, was) = (self.store.memory(), self.identity().office);
        self.store.read(|conn| {
            let drafts: i64 = conn.query_row("SELECT count(*) FROM draft", [], |row| row.get(0))?;
            if drafts > 0 {
                return Err(Fault::new(
                    "drafts_open",
                    "还有没填完的草稿，没有加入，没有做任何改动。请先保存或放弃草稿，再加入县总工会。",
                    "There are drafts that were not finished; nothing was changed. Save or drop them first, then join.",
                ));
            }
            let mut blocks = Vec::new();
            let mut statement =
                conn.prepare("SELECT stream, inc, changes, first_ctr, last_ctr, block FROM outbox ORDER BY no")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                blocks.push(TailBlock {
                    stream: now_of(memory.stream_name(row.get(0)?)?, was, is),
                    incarnation: memory.ident(row.get(1)?)?,
                    changes: row.get(2)?,
                    first: row.get(3)?,
                    last: row.get(4)?,
                    block: row.get(5)?,
                });
            }
            let mut batches = Vec::new();
            let mut statement = conn.prepare(
                "SELECT id, kind, stream, inc, first_ctr, last_ctr, sheet, accepted, author, at, undone FROM batch ORDER BY no",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let stream = now_of(memory.stream_name(row.get(2)?)?, was, is);
                batches.push((
                    row.get(0)?,
                    row.get(1)?,
                    stream,
                    memory.ident(row.get(3)?)?,
                    row.get(4)?,
                    row.get(5)?,
                    row.get(6)?,
                    row.get(7)?,
                    row.get(8)?,
                    row.get(9)?,
                    row.get(10)?,
                ));
            }
            Ok(Saved { blocks, batches })
        })
    }

    /// Takes in what was saved under another database of this PC, ids unchanged, to be sent from here.
    fn bring(&self, saved: Saved, moment: Moment) -> Result<(), Fault> {
        let conn = self.store.write();
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        let keys = self.keys();
        let memory = (*self.store.memory()).clone();
        let mut intake = Intake::new(&tx, &self.store, LogKeys { keys: &keys }, memory, moment);
        let left = usize::from(planted!("the last thing saved alone stays behind"));
        for block in &saved.blocks[..saved.blocks.len().saturating_sub(left)] {
            intake.take_back(block)?;
        }
        let (mut memory, _) = intake.finish();
        for (id, kind, stream, inc, first, last, sheet, accepted, author, at, undone) in saved.batches {
            let (stream, inc) = (memory.stream(&tx, &stream)?, memory.number(&tx, inc)?);
            tx.execute(
                "INSERT INTO batch (id, kind, stream, inc, first_ctr, last_ctr, sheet, accepted, author, at, undone) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                params![id, kind, stream, inc, first, last, sheet, accepted, author, at, undone],
            )?;
        }
        // They are this PC's own: what of them the hub does not hold is counted as unsent.
        for block in &saved.blocks {
            let inc = memory.number(&tx, block.incarnation)?;
            tx.execute("INSERT OR IGNORE INTO incarnation (inc) VALUES (?1)", [inc])?;
        }
        memory.persist(&tx)?;
        let memory = Memory::load(&tx)?;
        tx.commit()?;
        self.store.swap(memory);
        drop(conn);
        self.index()
    }
}
