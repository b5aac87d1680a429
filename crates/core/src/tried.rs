//! Checkpoints that the hub gave and that were of no use here: they would come again with every exchange, and a large one can
//! fill a bad line for hours. The hub is told which they are, and gives the next best.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{MutexGuard, PoisonError},
};

use niangjia_replication::{RecordId, Stream};
use rusqlite::Connection;

use crate::{fault::Fault, office::Office, store::checkpoint};

/// How often one is fetched again because something else came meanwhile, which may make it fit.
const OFTEN: u8 = 3;
/// Milliseconds after which it may come once more all the same.
const REST: u64 = 6 * 60 * 60 * 1000;

/// What else decides whether a checkpoint fits. Equal while nothing came and nothing was decided.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Here {
    arrivals: u64,
    orders: i64,
    keys: usize,
    anything: bool,
}

struct Tried {
    here: Here,
    times: u8,
    wall: i64,
}

/// Known while the office is open: a program that starts anew tries anew.
#[derive(Default)]
pub(crate) struct Vain {
    /// Rises whenever segments come.
    arrivals: u64,
    tried: BTreeMap<(Stream, RecordId), Tried>,
}

impl Office {
    /// The checkpoints of a stream that need not come now (`wall`: milliseconds since 1970): they were made here, or came whole and nothing
    /// came of them, and nothing that could change that has happened since, or happened too often.
    ///
    /// # Errors
    /// The store's own.
    pub fn tried(&self, stream: &Stream, wall: i64) -> Result<Vec<RecordId>, Fault> {
        let number = self.store.memory().known_stream(stream);
        let (here, mut ids) = self.store.read(|conn| {
            // What was made here is here, and the hub gives it where it does not know on what this log stands.
            let own = number.map_or_else(|| Ok(Vec::new()), |number| checkpoint::own(conn, number))?;
            Ok((self.here(conn)?, own))
        })?;
        let vain = self.vain();
        let of_stream = vain.tried.iter().filter(|((of, _), _)| of == stream);
        let rests = |one: &Tried| one.here == here || (one.times >= OFTEN && one.wall.abs_diff(wall) < REST);
        ids.extend(of_stream.filter(|(_, one)| rests(one)).map(|((_, id), _)| id.0));
        Ok(ids.into_iter().map(RecordId).collect())
    }

    /// Takes down what became of the parts of checkpoints that came, and whether anything else did.
    pub(crate) fn note_tried(
        &self,
        conn: &Connection,
        stream: &Stream,
        came: &BTreeSet<[u8; 16]>,
        others: bool,
        wall: i64,
    ) -> Result<(), Fault> {
        self.vain().arrivals += u64::from(others);
        let here = self.here(conn)?;
        for id in came {
            let name = (*stream, RecordId(*id));
            if checkpoint::kept(conn, id)? {
                self.vain().tried.remove(&name);
                continue;
            }
            let mut vain = self.vain();
            let before = vain.tried.get(&name);
            // A large one comes in several goes.
            if before.is_some_and(|one| one.here == here) {
                continue;
            }
            let times = before.filter(|one| one.wall.abs_diff(wall) < REST).map_or(0, |one| one.times);
            vain.tried.insert(name, Tried { here, times: times.saturating_add(1), wall });
        }
        Ok(())
    }

    fn vain(&self) -> MutexGuard<'_, Vain> {
        self.vain.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn here(&self, conn: &Connection) -> Result<Here, Fault> {
        let orders = conn.prepare_cached("SELECT count(*) FROM county_order")?.query_row([], |r| r.get(0))?;
        let (keys, anything) = (self.keys().streams.len(), self.takes_anything());
        Ok(Here { arrivals: self.vain().arrivals, orders, keys, anything })
    }
}
