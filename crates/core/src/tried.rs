//! Checkpoints that the hub gave and that were of no use here: they would come again with every exchange, and a large one can
//! fill a bad line for hours. The hub is told which they are, and gives the next best.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{MutexGuard, PoisonError},
};

use niangjia_replication::{RecordId, Stream};
use rusqlite::Connection;

use crate::{
    fault::Fault,
    office::Office,
    store::{checkpoint, orders},
};

/// How often one is fetched again because something else came meanwhile, which may make it fit.
const OFTEN: u8 = 3;
/// Milliseconds after which it may come once more all the same.
const REST: u64 = 6 * 60 * 60 * 1000;
/// Most that are named to a hub, the newest ones; an honest hub keeps fewer.
const NAMED: usize = 16;

/// What is decided about checkpoints elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Decided {
    orders: i64,
    keys: usize,
    anything: bool,
}

struct Tried {
    arrivals: u64,
    decided: Decided,
    times: u8,
    wall: i64,
}

/// Known while the office is open: a program that starts anew tries anew.
#[derive(Default)]
pub(crate) struct Vain {
    /// Rises whenever segments come, and when the log begins to stand on another checkpoint.
    arrivals: u64,
    tried: BTreeMap<(Stream, RecordId), Tried>,
}

/// What came with a page.
pub(crate) struct Came {
    /// Checkpoints of which there were parts, by whoever may make them.
    pub(crate) summed: BTreeSet<[u8; 16]>,
    /// Anything else, or a checkpoint that was taken.
    pub(crate) others: bool,
    /// Milliseconds since 1970.
    pub(crate) wall: i64,
}

impl Office {
    /// The checkpoints of a stream that need not come now (`wall`: milliseconds since 1970): they were made here; or they came and nothing
    /// came of them, and nothing that could change that has happened since, or happened too often.
    ///
    /// # Errors
    /// The store's own.
    pub fn tried(&self, stream: &Stream, wall: i64) -> Result<Vec<RecordId>, Fault> {
        let number = self.store.memory().known_stream(stream);
        let (decided, own) = self.store.read(|conn| {
            // What was made here is here, and the hub gives it where it does not know on what this log stands.
            let own = number.map_or_else(|| Ok(Vec::new()), |number| checkpoint::own(conn, number))?;
            Ok((self.decided(conn)?, own))
        })?;
        let mut vain = self.vain();
        let arrivals = vain.arrivals;
        vain.tried.retain(|_, one| one.wall.abs_diff(wall) < REST || one.arrivals == arrivals);
        let rests = |one: &Tried| one.decided == decided && (one.arrivals == arrivals || one.times >= OFTEN);
        let mut named: Vec<(i64, RecordId)> = vain
            .tried
            .iter()
            .filter(|((of, _), one)| of == stream && rests(one))
            .map(|((_, id), one)| (one.wall, *id))
            .collect();
        named.sort_by(|one, other| other.cmp(one));
        let named = named.into_iter().map(|(_, id)| id);
        Ok(own.into_iter().map(RecordId).chain(named).take(NAMED).collect())
    }

    /// Takes down what became of the parts of checkpoints that came, and whether anything else did. Where that cannot be read, one of
    /// them comes once more.
    pub(crate) fn note_tried(&self, conn: &Connection, stream: &Stream, came: &Came) {
        if came.others {
            self.other_base();
        }
        if came.summed.is_empty() {
            return;
        }
        let Ok(decided) = self.decided(conn) else { return };
        for id in &came.summed {
            // Of a large one a part has come, or it was taken.
            if checkpoint::kept(conn, id).unwrap_or(true) {
                continue;
            }
            let mut vain = self.vain();
            let (name, arrivals) = ((*stream, RecordId(*id)), vain.arrivals);
            let before = vain.tried.get(&name).filter(|one| one.decided == decided);
            // Refused once, though it came in several goes.
            if before.is_some_and(|one| one.arrivals == arrivals) {
                continue;
            }
            let times = before.filter(|one| one.wall.abs_diff(came.wall) < REST).map_or(0, |one| one.times);
            vain.tried.insert(name, Tried { arrivals, decided, times: times.saturating_add(1), wall: came.wall });
        }
    }

    /// The log stands on another checkpoint, or holds more: what did not fit may fit.
    pub(crate) fn other_base(&self) {
        self.vain().arrivals += 1;
    }

    fn vain(&self) -> MutexGuard<'_, Vain> {
        self.vain.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decided(&self, conn: &Connection) -> Result<Decided, Fault> {
        Ok(Decided { orders: orders::known(conn)?, keys: self.keys().streams.len(), anything: self.takes_anything() })
    }
}
