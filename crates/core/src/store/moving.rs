//! Records that move between offices. Each office in whose stream such a record stands has a row of its own, made from that
//! stream alone; an *adoption* brings the changes of one stream into another under their own names, and a *ruling* of the
//! county says which office holds the record. So the outcome is that of the sets of changes, in whatever order they came.

use std::collections::BTreeMap;

use niangjia_replication::{
    Block, Limits, Stream,
    change::{Change, Dot, Hlc, RecordId, Value},
    planted,
};
use rusqlite::{OptionalExtension as _, params};

use super::{
    apply::{Applier, Fold, Searched, counter, searched},
    rows::{self, EventRow},
    versions::damaged,
};
use crate::{
    fault::Fault,
    record::{Layout, Moves},
};

/// The type whose records bring changes of another stream into this one.
pub(crate) const ADOPTION: &str = "adoption";
/// The type whose records say which office holds a membership; those of the county's stream count.
pub(crate) const RULING: &str = "ruling";
/// Code of the fault that what stands here is held elsewhere.
pub(crate) const MOVED_ON: &str = "moved_on";
/// The event with which an office takes somebody in.
pub(crate) const TAKEN_IN: &str = "taken_in";
/// The event with which it gives her back, before the county has ruled.
pub(crate) const GIVEN_BACK: &str = "given_back";
/// The state of a row whose office has taken a record in, and the county has not ruled of it yet.
pub(crate) const PROVISIONAL: &str = "provisional";
/// The state of a row whose record another office holds.
pub(crate) const TRANSFERRED: &str = "transferred";

/// The changes that an adoption brings; none of any other change.
pub(crate) fn brought(change: &Change) -> Result<Vec<Change>, Fault> {
    if &*change.kind != ADOPTION {
        return Ok(Vec::new());
    }
    let block = change.sets.iter().find(|set| &*set.field == "changes").map(|set| &set.value);
    let Some(Value::Bytes(block)) = block else { return Ok(Vec::new()) };
    // What a newer version packed otherwise waits for the upgrade.
    let Ok(block) = Block::decode(block, &Limits::STANDARD) else { return Ok(Vec::new()) };
    let said = |field: &str| change.sets.iter().find(|set| &*set.field == field).map(|set| &set.value);
    let (Some(Value::Text(kind)), Some(Value::Bytes(record))) = (said("of"), said("record")) else {
        return Ok(Vec::new());
    };
    // Of one record, as it says, and with numbers that can be kept.
    let fits = |change: &Change| {
        let whole = |dot: &Dot| i64::try_from(dot.counter).is_ok();
        *change.kind == **kind && change.record.0[..] == **record && whole(&change.dot) && seen(change).all(whole)
    };
    Ok(block.changes().map(|change| change.to_owned()).filter(fits).collect())
}

/// Tells apart changes of one name that adoptions bring. Of several that say different things the least counts: one that is whole
/// before one from a checkpoint, from which values that were replaced are gone.
pub(crate) type Wording = [u8; 10];

fn wording(change: &Change) -> Wording {
    let gone = change.sets.iter().filter(|set| set.value.is_elided()).count();
    let gone = gone + usize::from(change.hlc == Hlc { millis: 0, count: 0 });
    let mut wording = [0; 10];
    wording[..2].copy_from_slice(&u16::try_from(gone).unwrap_or(u16::MAX).to_be_bytes());
    wording[2..].copy_from_slice(&change.id().tag);
    wording
}

/// Which of several changes of one name counts in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Counts {
    /// The one that was written in the stream itself.
    Native,
    /// Of those that adoptions bring the one with this mark.
    Brought(Wording),
}

/// Of a record that has no standing of its own: it is there.
const PLAIN: Fold = Fold { state: |_| String::new(), stands: |_| true };

/// Whether a row is found by nobody any more because its record is held elsewhere: of people and cards the old office keeps the page,
/// of all else the new one has it.
pub(super) fn unlisted(folds: &BTreeMap<&'static str, Fold>, layout: &Layout, state: Option<&str>) -> bool {
    layout.ty.moves != Moves::Never
        && !folds.contains_key(layout.ty.name)
        && matches!(state, Some(TRANSFERRED | PROVISIONAL))
}

/// What the author of a change saw.
pub(super) fn seen(change: &Change) -> impl Iterator<Item = &Dot> {
    change.sets.iter().flat_map(|set| &set.seen).chain(change.event.iter().flat_map(|event| &event.seen))
}

/// A row by its local number, with the change that it begins with.
type Place = (i64, (i64, i64));

/// What the county has ruled of a record, as far as it bears on one row.
struct Ruled {
    holder: Option<[u8; 16]>,
    transfer: Option<[u8; 16]>,
    decided: bool,
}

impl Applier<'_, '_> {
    /// Whether everything that a change of a moving record builds on stands in its row. Counters do not tell: a PC of the county
    /// writes several streams under one count, and what it wrote in another one came here by adoption or not at all.
    pub(super) fn traced(&mut self, stream: i64, layout: &Layout, change: &Change) -> Result<bool, Fault> {
        let Some(rec) = self.rec_in(layout, change.record, stream)? else { return Ok(seen(change).next().is_none()) };
        for dot in seen(change) {
            if !self.has(layout, rec, *dot)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether everything that the changes of an adoption build on stands here or is brought with them.
    pub(super) fn adoptable(&mut self, stream: i64, adoption: &Change) -> Result<bool, Fault> {
        let mut changes = brought(adoption)?;
        changes.retain(|change| self.admits(stream, change).unwrap_or(true));
        let with: std::collections::HashSet<Dot> = changes.iter().map(|change| change.dot).collect();
        for change in &changes {
            let Some(layout) = self.schema.kind(&change.kind) else { continue };
            let rec = self.rec_in(layout, change.record, stream)?;
            for dot in seen(change).filter(|dot| !with.contains(dot)) {
                let Some(rec) = rec else { return Ok(false) };
                if !self.has(layout, rec, *dot)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Whether an adoption brings this change here, and not another one of its name that counts instead.
    fn admits(&self, stream: i64, change: &Change) -> Result<bool, Fault> {
        let Some(inc) = self.memory.known_number(change.dot.incarnation.0) else { return Ok(true) };
        Ok(self.memory.admits(stream, inc, counter(change.dot)?, wording(change)))
    }

    /// Whether an adoption brought a change into its own stream before it came there itself, as where a file comes home on a stick
    /// to a PC that lacks what another PC of its office wrote. What the stream itself says counts.
    pub(super) fn brought_before(&mut self, stream: i64, change: &Change) -> Result<bool, Fault> {
        let (inc, ctr) = (self.memory.number(self.conn, change.dot.incarnation.0)?, counter(change.dot)?);
        if !self.memory.adopted(stream, inc, ctr) {
            return Ok(false);
        }
        self.memory.contest(stream, inc, ctr, Counts::Native);
        Ok(true)
    }

    fn rec_in(&self, layout: &Layout, id: RecordId, stream: i64) -> Result<Option<Place>, Fault> {
        let sql = format!("SELECT rec, ver_inc, ver_ctr FROM \"{}\" WHERE id = ?1 AND stream = ?2", layout.ty.name);
        let row = |r: &rusqlite::Row<'_>| Ok((r.get(0)?, (r.get(1)?, r.get(2)?)));
        Ok(self.conn.prepare_cached(&sql)?.query_row(params![id.0, stream], row).optional()?)
    }

    /// Whether a change stands in a row: as its first one, in its past, or among its events.
    fn has(&self, layout: &Layout, (rec, base): Place, dot: Dot) -> Result<bool, Fault> {
        let Some(inc) = self.memory.known_number(dot.incarnation.0) else { return Ok(false) };
        let ctr = counter(dot)?;
        if base == (inc, ctr) {
            return Ok(true);
        }
        let mut past =
            self.conn.prepare_cached("SELECT 1 FROM past WHERE kind = ?1 AND rec = ?2 AND inc = ?3 AND ctr = ?4")?;
        if past.exists(params![layout.no, rec, inc, ctr])? {
            return Ok(true);
        }
        let mut event =
            self.conn.prepare_cached("SELECT 1 FROM event WHERE kind = ?1 AND rec = ?2 AND inc = ?3 AND ctr = ?4")?;
        Ok(event.exists(params![layout.no, rec, inc, ctr])?)
    }

    /// Makes rows of what an adoption brings; what stands here already stays as it is.
    pub(super) fn adopt(&mut self, stream: i64, adoption: &Change) -> Result<(), Fault> {
        for change in brought(adoption)? {
            let Some(layout) = self.schema.kind(&change.kind).filter(|l| l.ty.moves != Moves::Never) else { continue };
            let row = rows::in_stream(self.conn, layout, change.record, stream)?;
            let (inc, ctr) = (self.memory.number(self.conn, change.dot.incarnation.0)?, counter(change.dot)?);
            let wording = wording(&change);
            if let Some(row) = &row
                && self.has(layout, (row.rec, row.versions.base), change.dot)?
                && !planted!("what stands is adopted again")
            {
                if self.memory.wording(stream, inc, ctr).is_some_and(|stands| wording < stands) {
                    self.memory.contest(stream, inc, ctr, Counts::Brought(wording));
                }
                continue;
            }
            if !self.memory.admits(stream, inc, ctr, wording) {
                continue;
            }
            self.memory.adopt(stream, inc, ctr, wording);
            self.adopting = true;
            let done = match row {
                Some(row) => {
                    let rec = row.rec;
                    self.merge(layout, row, &change).map(|found| Some((rec, found)))
                }
                None => self.insert(layout, stream, &change),
            };
            self.adopting = false;
            let Some((rec, found)) = done? else { continue };
            for set in change.sets.iter().filter(|set| layout.pictures.contains(&&*set.field)) {
                crate::blobs::note(self.conn, stream, &set.value)?;
            }
            self.touched.entry(layout.no).or_default().insert(rec, found);
        }
        Ok(())
    }

    /// The state of a row: that of its events, unless the county has not ruled yet that a newcomer is held here, or has ruled
    /// that the record is held elsewhere.
    pub(super) fn state(
        &self,
        layout: &Layout,
        (id, values): (RecordId, &[&Value]),
        stream: i64,
        base: (i64, i64),
        events: &[EventRow],
    ) -> Result<Option<String>, Fault> {
        let fold = match self.folds.get(layout.ty.name) {
            Some(fold) => *fold,
            None if layout.ty.moves == Moves::Never => return Ok(None),
            None => PLAIN,
        };
        let own = (fold.state)(events);
        let of = match layout.ty.moves {
            Moves::Never | Moves::Shared => return Ok(Some(own)),
            Moves::Itself => Some(id.0),
            Moves::With(field) => match layout.place(field).map(|place| values[place]) {
                Some(Value::Bytes(id)) => <[u8; 16]>::try_from(&**id).ok(),
                _ => None,
            },
        };
        Ok(self.standing(of, (&fold, own), stream, base, events)?.filter(|state| !state.is_empty()))
    }

    /// Of a record that moves: its own state, unless the county's word says otherwise.
    fn standing(
        &self,
        of: Option<[u8; 16]>,
        (fold, own): (&Fold, String),
        stream: i64,
        base: (i64, i64),
        events: &[EventRow],
    ) -> Result<Option<String>, Fault> {
        let taken_in = events.iter().filter(|event| event.name == TAKEN_IN);
        let guest = self.memory.adopted(stream, base.0, base.1) || taken_in.clone().next().is_some();
        let ruled = match of.filter(|_| self.memory.ruled) {
            Some(of) => self.ruled(of)?.map(|ruled| (of, ruled)),
            None => None,
        };
        // Said by this office itself, and not given back.
        let back = |event: &EventRow| {
            let same = |other: &&EventRow| other.bytes("transfer") == event.bytes("transfer");
            events.iter().filter(|other| other.name == GIVEN_BACK).filter(same).count()
                >= events.iter().filter(|other| other.name == TAKEN_IN).filter(same).count()
        };
        let mut open =
            taken_in.filter(|event| !self.memory.adopted(stream, event.leaf.inc, event.leaf.ctr) && !back(event));
        let Some((of, ruled)) = ruled else {
            let given_back = events.iter().any(|event| event.name == GIVEN_BACK) && open.next().is_none();
            return Ok(Some(match (guest, given_back) {
                (true, true) => TRANSFERRED.to_owned(),
                (true, false) if (fold.stands)(&own) && !planted!("a newcomer counts at once") => {
                    PROVISIONAL.to_owned()
                }
                _ => own,
            }));
        };
        if ruled
            .holder
            .is_some_and(|holder| self.memory.known_stream(&Stream::Office(RecordId(holder))) == Some(stream))
        {
            return Ok(Some(own));
        }
        // Taken in here since, and the county has not said; or taken in by the same transfer in two places, and nobody has
        // decided: nobody is dropped.
        let mut contends = false;
        for event in open {
            let by = event.bytes("transfer");
            let newest = by.is_some() && by == ruled.transfer.as_ref().map(|id| &id[..]);
            contends |= if newest { !ruled.decided } else { !self.ruled_by(of, by)? };
        }
        Ok(Some(if contends && (fold.stands)(&own) { PROVISIONAL } else { TRANSFERRED }.to_owned()))
    }

    /// Whether the county has ruled of a membership by this transfer at any time.
    fn ruled_by(&self, of: [u8; 16], transfer: Option<&[u8]>) -> Result<bool, Fault> {
        let county = self.memory.known_stream(&Stream::County);
        let mut any = self
            .conn
            .prepare_cached("SELECT 1 FROM ruling WHERE record = ?1 AND stream = ?2 AND void = 0 AND transfer IS ?3")?;
        Ok(any.exists(params![of, county, transfer])?)
    }

    /// The newest ruling of a membership.
    fn ruled(&self, of: [u8; 16]) -> Result<Option<Ruled>, Fault> {
        let county = self.memory.known_stream(&Stream::County);
        let row = |r: &rusqlite::Row<'_>| {
            let decided = r.get::<_, Option<bool>>(2)?.unwrap_or(false);
            Ok(Ruled { holder: r.get(0)?, transfer: r.get(1)?, decided })
        };
        Ok(self
            .conn
            .prepare_cached(
                "SELECT holder, transfer, decided FROM ruling WHERE record = ?1 AND stream = ?2 AND void = 0
                 ORDER BY nth DESC, id DESC LIMIT 1",
            )?
            .query_row(params![of, county], row)
            .optional()?)
    }

    /// After a ruling: the rows of the record, and of all that goes with it, stand as it says.
    pub(super) fn rule(&mut self, stream: i64, change: &Change) -> Result<(), Fault> {
        if Some(stream) != self.memory.known_stream(&Stream::County)
            || planted!("a ruling leaves the old row as it was")
        {
            return Ok(());
        }
        let of = change.sets.iter().find(|set| &*set.field == "record").map(|set| &set.value);
        let Some(Value::Bytes(of)) = of else { return Ok(()) };
        self.memory.ruled = true;
        for layout in self.schema.all() {
            let condition = match layout.ty.moves {
                Moves::Never | Moves::Shared => continue,
                Moves::Itself => "id = ?1".to_owned(),
                Moves::With(field) => format!("\"{field}\" = ?1"),
            };
            for row in rows::select(self.conn, layout, &condition, &[&&**of])? {
                let events = rows::events(self.conn, self.memory, layout.no, row.rec)?;
                let values: Vec<&Value> = row.values.iter().collect();
                let state = self.state(layout, (row.id, &values), row.stream, row.versions.base, &events)?;
                if state != row.state {
                    let sql = format!("UPDATE \"{}\" SET state = ?2 WHERE rec = ?1", layout.ty.name);
                    self.conn.prepare_cached(&sql)?.execute(params![row.rec, state])?;
                    let hidden = row.void || unlisted(self.folds, layout, state.as_deref());
                    let found: Option<Searched> = searched(layout, row.values.iter());
                    let found = self.index(layout, row.rec, found, hidden)?;
                    self.touched.entry(layout.no).or_default().insert(row.rec, found);
                }
            }
        }
        Ok(())
    }
}

/// A change must be one that an adoption can bring.
///
/// # Errors
/// `row_unreadable` where they are too many for one.
pub(crate) fn pack(changes: &[Change]) -> Result<Vec<u8>, Fault> {
    niangjia_replication::block::encode(changes).map_err(damaged)
}
