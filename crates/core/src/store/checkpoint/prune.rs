//! Pruning: a log lets go of the segments that its own checkpoint stands for. What holds it back is looked into here, stream by
//! stream; letting go is one transaction with the tables made again behind it.

use niangjia_replication::{Frontier, Stream, checkpoint::Summary, planted};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    super::{base, intake::Intake, versions::damaged},
    Id, cover,
    disown::made,
    summary,
    take::stand_on,
};
use crate::fault::Fault;

/// Why a stream's log stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// No checkpoint of this PC's own stands above what the log begins with.
    NoCheckpoint,
    /// A fork, an order or a lacking segment reaches below it: it does not stand for what is here.
    Unfit,
    /// The hub was not seen holding the checkpoint and every segment below it.
    NotAtHub,
    /// The registrar has not confirmed everything that it stands for.
    Unconfirmed,
    /// The registrar itself began with a checkpoint and lacks segments that would go.
    NotKept,
    /// No backup that was opened and compared goes as far.
    NoBackup,
}

/// What a stream's log could let go of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prospect {
    pub(crate) checkpoint: Option<Id>,
    /// When the checkpoint was made, milliseconds since 1970.
    pub(crate) made: i64,
    pub(crate) segments: i64,
    pub(crate) bytes: i64,
    pub(crate) hold: Option<Hold>,
}

/// How far the hub was seen to hold this log: the life of its store, and the last number of the log that was in step with it.
/// `None` where this office knows no hub.
pub(crate) type AtHub = Option<([u8; 16], i64)>;

impl Intake<'_> {
    /// What a stream's log could let go of, and what holds it back.
    pub(crate) fn prospect(&mut self, stream: i64, hub: AtHub) -> Result<Prospect, Fault> {
        let newest: Option<Id> = self
            .conn
            .prepare_cached(
                "SELECT id FROM checkpoint_part WHERE stream = ?1 AND last = 1 AND mine = 1
                 AND id NOT IN (SELECT checkpoint FROM base WHERE stream = ?1) ORDER BY rowid DESC LIMIT 1",
            )?
            .query_row([stream], |r| r.get(0))
            .optional()?;
        let Some(id) = newest else {
            let hold = Some(Hold::NoCheckpoint);
            return Ok(Prospect { checkpoint: None, made: 0, segments: 0, bytes: 0, hold });
        };
        let (told, _) = summary(self.conn, &self.log, &id)?;
        let cover = cover(self.conn, &id)?;
        let mut out = Prospect { checkpoint: Some(id), made: told.made, segments: 0, bytes: 0, hold: None };
        let mut last = 0;
        for (chain, heads) in cover.chains() {
            let (chain, seq) = (self.memory.number(self.conn, chain.0)?, top(heads)?);
            let below: (i64, i64, i64) = self
                .conn
                .prepare_cached(
                    "SELECT count(*), coalesce(sum(length(bytes)), 0), coalesce(max(no), 0) FROM segment
                     WHERE stream = ?1 AND chain = ?2 AND seq <= ?3",
                )?
                .query_row([stream, chain, seq], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
            (out.segments, out.bytes, last) = (out.segments + below.0, out.bytes + below.1, below.2.max(last));
        }
        out.hold = self.hold(stream, &id, &cover, &told, last, hub)?;
        Ok(out)
    }

    fn hold(
        &mut self,
        stream: i64,
        id: &Id,
        cover: &Frontier,
        told: &Summary,
        last: i64,
        hub: AtHub,
    ) -> Result<Option<Hold>, Fault> {
        let (maker, _) = made(self.conn, id)?;
        if base::aside(self.conn, stream)?
            || !self.has_all(stream, cover)?
            || !self.fits(stream, id, cover, told)?
            || self.shut_out(stream, &maker, cover, told)?
        {
            return Ok(Some(Hold::Unfit));
        }
        let unsent = planted!("prunes what is unsent") || planted!("prunes what the hub lacks");
        if !self.at_hub(stream, id, told, last, hub)? && !unsent {
            return Ok(Some(Hold::NotAtHub));
        }
        if !self.confirmed(stream, told)? && !planted!("prunes what is unsent") {
            return Ok(Some(Hold::Unconfirmed));
        }
        let summed_up = planted!("prunes what is unsent") || planted!("prunes what the county knows from a checkpoint");
        if !self.kept(stream, cover)? && !summed_up {
            return Ok(Some(Hold::NotKept));
        }
        if !backed_up(self.conn, &self.memory, stream, cover)? && !planted!("prunes what no backup holds") {
            return Ok(Some(Hold::NoBackup));
        }
        Ok(None)
    }

    /// Whether the hub holds the checkpoint and, when both were last in step, held every segment below it. Without a hub: whether
    /// what this PC wrote has come to the county by stick.
    fn at_hub(&self, stream: i64, id: &Id, told: &Summary, last: i64, hub: AtHub) -> Result<bool, Fault> {
        let Some((epoch, seen)) = hub else {
            for standing in &told.standings {
                let applied = i64::try_from(standing.applied).map_err(damaged)?;
                let inc = self.memory.known_number(standing.incarnation.0).ok_or_else(|| damaged("incarnation"))?;
                if !self.memory.received(stream, inc, applied) {
                    return Ok(false);
                }
            }
            return Ok(true);
        };
        let mut missing = self.conn.prepare_cached("SELECT 1 FROM checkpoint_part WHERE id = ?1 AND hub IS NOT ?2")?;
        Ok(last <= seen && !missing.exists(params![id, epoch])?)
    }

    /// Whether the registrar's receipts cover everything that the checkpoint stands for: the registrar keeps every segment. Only
    /// streams of offices have receipts.
    fn confirmed(&self, stream: i64, told: &Summary) -> Result<bool, Fault> {
        if !matches!(self.memory.stream_name(stream)?, Stream::Office(_)) {
            return Ok(false);
        }
        for standing in &told.standings {
            let signed = |n: u64| i64::try_from(n).map_err(damaged);
            let (news, applied) = (signed(standing.news)?, signed(standing.applied)?);
            if news == 0 {
                continue;
            }
            let Some(inc) = self.memory.known_number(standing.incarnation.0) else { return Ok(false) };
            let mut all = vec![news.min(applied)];
            for ctr in &standing.carried {
                all.push(signed(*ctr)?);
            }
            if !all.into_iter().all(|ctr| self.memory.confirmed(stream, inc, ctr)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the registrar keeps as segments what would go: what it had to take from a checkpoint itself may lie nowhere else.
    fn kept(&self, stream: i64, cover: &Frontier) -> Result<bool, Fault> {
        let mut going = self.conn.prepare_cached(
            "SELECT s.carried, min(s.first_ctr), max(s.last_ctr), k.below, k.upto FROM segment s
             LEFT JOIN kept k ON k.stream = s.stream AND k.inc = s.carried
             WHERE s.stream = ?1 AND s.chain = ?2 AND s.seq <= ?3 GROUP BY s.carried",
        )?;
        for (chain, heads) in cover.chains() {
            let Some(chain) = self.memory.known_number(chain.0) else { return Ok(false) };
            let mut rows = going.query(params![stream, chain, top(heads)?])?;
            while let Some(row) = rows.next()? {
                let (inc, first, last): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let (below, upto): (Option<i64>, Option<i64>) = (row.get(3)?, row.get(4)?);
                // Receipts are never receipted.
                let news = self.memory.heads.get(&(stream, inc)).map_or(0, |head| head.news);
                let said = below.zip(upto).is_some_and(|(below, upto)| below < first && last.min(news) <= upto);
                if news >= first && !said {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Lets go of what a checkpoint stands for; the log stands on it from here on. The caller makes the tables again. Returns how
    /// many segments went.
    pub(crate) fn let_go_below(&mut self, stream: i64, id: &Id) -> Result<usize, Fault> {
        let (told, _) = summary(self.conn, &self.log, id)?;
        let cover = cover(self.conn, id)?;
        for table in ["base", "base_count"] {
            self.conn.execute(&format!("DELETE FROM {table} WHERE stream = ?1"), [stream])?;
        }
        stand_on(self, stream, id, &cover, &told)?;
        let above = i64::from(planted!("prunes beyond the checkpoint"));
        let gone = self.conn.execute(
            "DELETE FROM segment WHERE stream = ?1 AND EXISTS (
               SELECT 1 FROM base b WHERE b.stream = segment.stream AND b.chain = segment.chain AND b.seq + ?2 >= segment.seq)",
            [stream, above],
        )?;
        // Those before it stand for less, and nothing stands on them any more.
        self.conn
            .prepare_cached("DELETE FROM checkpoint_part WHERE stream = ?1 AND id <> ?2")?
            .execute(params![stream, id])?;
        Ok(gone)
    }
}

fn top(heads: &[niangjia_replication::Head]) -> Result<i64, Fault> {
    i64::try_from(heads.last().map_or(0, |head| head.seq)).map_err(damaged)
}

/// Whether one backup that was opened and compared holds every chain as far as the checkpoint goes.
fn backed_up(
    conn: &Connection,
    memory: &crate::store::memory::Memory,
    stream: i64,
    cover: &Frontier,
) -> Result<bool, Fault> {
    let mut statement = conn.prepare_cached("SELECT name FROM tested_backup ORDER BY at DESC")?;
    let names: Vec<String> = statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    let mut holds = conn.prepare_cached(
        "SELECT 1 FROM tested_head WHERE name = ?1 AND stream = ?2 AND chain = ?3 AND (seq > ?4 OR (seq = ?4 AND hash = ?5))",
    )?;
    'names: for name in names {
        for (chain, heads) in cover.chains() {
            let (Some(chain), Some(head)) = (memory.known_number(chain.0), heads.last()) else { continue 'names };
            let seq = i64::try_from(head.seq).map_err(damaged)?;
            if !holds.exists(params![name, stream, chain, seq, head.hash])? {
                continue 'names;
            }
        }
        return Ok(true);
    }
    Ok(false)
}
