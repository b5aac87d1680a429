//! Checkpoints and the county's orders: one that a PC made which is shut out is not believed, nor one that stands for segments
//! that are. Where the log stands on such a one the whole log is fetched, and its tables are made from that.

use std::collections::BTreeSet;

use niangjia_replication::{
    Frontier, Limits,
    checkpoint::{Part, Summary},
    keys::{Cert, CertId},
};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    super::{base, intake::Intake, log::LogKeys, orders, versions::damaged},
    Id, stood_on, summary,
    take::stand_on,
};
use crate::fault::Fault;

impl Intake<'_> {
    /// Stands on what this PC said again of a lost registrar's checkpoint, where no order is against that any more and no fork asks for
    /// the log. Returns whether it does; then the tables have to be made again.
    pub(crate) fn take_its_place(&mut self, stream: i64) -> Result<bool, Fault> {
        let Some(id) = said_again(self.conn, stream)? else { return Ok(false) };
        let ((maker, cover), (told, _)) = (made(self.conn, &id)?, summary(self.conn, &self.log, &id)?);
        // What came since may be of another branch: then this one says too little, and the log is waited for.
        if base::aside_for(self.conn, stream, base::Aside::Log)?
            || self.shut_out(stream, &maker, &cover, &told)?
            || !self.fits(stream, &id, &cover, &told)?
        {
            return Ok(false);
        }
        for row in base::rows(self.conn, stream)? {
            let upto = cover.head(self.memory.incarnation(row.chain)?).map_or(0, |head| head.seq);
            if i64::try_from(upto).map_err(damaged)? < row.seq {
                return Ok(false);
            }
        }
        for table in ["base", "base_count"] {
            self.conn.execute(&format!("DELETE FROM {table} WHERE stream = ?1"), [stream])?;
        }
        stand_on(self, stream, &id, &cover, &told)?;
        let mut rest = self.conn.prepare_cached("DELETE FROM checkpoint_part WHERE stream = ?1 AND id <> ?2")?;
        rest.execute(params![stream, id])?;
        self.conn.prepare_cached("UPDATE checkpoint_part SET mine = 1 WHERE id = ?1")?.execute([id])?;
        Ok(true)
    }

    /// Whether the county's orders shut out the maker of a checkpoint, or anything that it stands for.
    pub(super) fn shut_out(
        &mut self,
        stream: i64,
        maker: &[CertId],
        cover: &Frontier,
        told: &Summary,
    ) -> Result<bool, Fault> {
        let orders = orders::load(self.conn, self.log.keys.root.as_ref())?;
        if orders.is_empty() {
            return Ok(false);
        }
        let out = orders.shut_out(maker).is_some() && !self.takes_anything;
        Ok(out || self.tells_beyond(stream, cover, told)?)
    }

    /// Whether a checkpoint stands for segments that an order does not accept.
    fn tells_beyond(&mut self, stream: i64, cover: &Frontier, told: &Summary) -> Result<bool, Fault> {
        for covered in &told.chains {
            let Some(head) = cover.head(covered.chain) else { continue };
            let (signer, number) = (CertId(covered.signer), self.memory.number(self.conn, covered.chain.0)?);
            if self.beyond(&signer, stream, number, &covered.chain, &head)? && !self.will_accept(&signer)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether this is the registrar, and takes for a fact what a PC in good standing sums up of the registrar before it, which was
    /// lost: it raises its order as far as that behind the exchange, for nobody has the segments any more.
    fn will_accept(&self, signer: &CertId) -> Result<bool, Fault> {
        let orders = orders::load(self.conn, self.log.keys.root.as_ref())?;
        Ok(self.log.keys.issuing.is_some() && orders.replaced(&self.log.cert_ids(self.conn, signer)?))
    }

    /// Lets go of every checkpoint that an order takes away; lays aside those that a log stands on, and takes them up again once
    /// an order accepts what they stand for. The registrar goes on standing on what it had taken before it gave the order, because
    /// nobody had the segments: it has accepted what that stands for, and puts a checkpoint of its own in its place ([`disowned`]).
    pub(in crate::store) fn disown(&mut self) -> Result<(), Fault> {
        if orders::load(self.conn, self.log.keys.root.as_ref())?.is_empty() {
            return Ok(());
        }
        let mut statement = self.conn.prepare(
            "SELECT stream, id FROM checkpoint_part WHERE last = 1 AND (mine = 1 OR id IN (SELECT checkpoint FROM base)) ORDER BY stream, id",
        )?;
        let whole: Vec<(i64, Id)> =
            statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
        let (mut aside, mut believed) = (BTreeSet::new(), BTreeSet::new());
        for (stream, id) in whole {
            let (maker, cover) = made(self.conn, &id)?;
            let (told, _) = summary(self.conn, &self.log, &id)?;
            let stands = stood_on(self.conn, stream)?.contains(&id);
            let out = if stands && self.log.keys.issuing.is_some() {
                self.tells_beyond(stream, &cover, &told)?
            } else {
                self.shut_out(stream, &maker, &cover, &told)?
            };
            if stands {
                (if out { &mut aside } else { &mut believed }).insert(stream);
            } else if out {
                self.conn.prepare_cached("DELETE FROM checkpoint_part WHERE id = ?1")?.execute([id])?;
            }
        }
        // Where a log stands on several, all of them have to be believed.
        for stream in believed.difference(&aside) {
            base::take_up(self.conn, *stream)?;
        }
        for stream in aside {
            base::lay_aside(self.conn, stream, base::Aside::Order)?;
            self.let_go(stream, false)?;
        }
        Ok(())
    }
}

/// What this PC says in its own name of a checkpoint that a lost registrar made and that its log stood on.
///
/// An order takes such a one away, as that of any PC that is shut out: the log is fetched, and tells whether the sum was true. Where the
/// hub burnt with the registrar there is no log, and nobody else may have what the sum tells. So it is said again before it is laid
/// aside ([`say_again`]), shown to a hub that lacks those days, and stood on once the new registrar accepts what it tells
/// ([`Intake::take_its_place`]). Where the log has come, it goes.
pub(crate) const SAID_AGAIN: i64 = 2;

/// Notes that a checkpoint was made in place of a lost registrar's.
pub(crate) fn say_again(conn: &Connection, stream: i64, id: &Id) -> Result<(), Fault> {
    forget_what_was_said_again(conn, stream)?;
    conn.prepare_cached("UPDATE checkpoint_part SET mine = ?2 WHERE id = ?1")?.execute(params![id, SAID_AGAIN])?;
    Ok(())
}

/// The checkpoint that was made in place of a lost registrar's.
pub(crate) fn said_again(conn: &Connection, stream: i64) -> Result<Option<Id>, Fault> {
    let mut ids = conn.prepare_cached("SELECT id FROM checkpoint_part WHERE stream = ?1 AND last = 1 AND mine = ?2")?;
    Ok(ids.query_row([stream, SAID_AGAIN], |r| r.get(0)).optional()?)
}

/// The log has come.
pub(in crate::store) fn forget_what_was_said_again(conn: &Connection, stream: i64) -> Result<(), Fault> {
    conn.prepare_cached("DELETE FROM checkpoint_part WHERE stream = ?1 AND mine = ?2")?
        .execute([stream, SAID_AGAIN])?;
    Ok(())
}

/// Whether a log stands on a checkpoint of a registrar in whose place another has come, and has not laid it aside.
pub(crate) fn of_the_lost(conn: &Connection, log: &LogKeys<'_>, stream: i64) -> Result<bool, Fault> {
    let orders = orders::load(conn, log.keys.root.as_ref())?;
    if !orders.any_replaced() || base::aside(conn, stream)? {
        return Ok(false);
    }
    for id in stood_on(conn, stream)? {
        if orders.replaced(&made(conn, &id)?.0) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a log stands on this checkpoint although an order shuts out its maker.
pub(crate) fn disowned(conn: &Connection, log: &LogKeys<'_>, stream: i64, id: &Id) -> Result<bool, Fault> {
    if !stood_on(conn, stream)?.contains(id) {
        return Ok(false);
    }
    Ok(orders::load(conn, log.keys.root.as_ref())?.shut_out(&made(conn, id)?.0).is_some())
}

/// Whether a log has laid aside the checkpoint of a PC that is shut out, and may as well stand on another one.
pub(crate) fn wants_another(conn: &Connection, log: &LogKeys<'_>, stream: i64) -> Result<bool, Fault> {
    if !base::aside(conn, stream)? {
        return Ok(false);
    }
    for id in stood_on(conn, stream)? {
        if disowned(conn, log, stream, &id)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// By whose certificates a checkpoint was made, and what it covers.
pub(super) fn made(conn: &Connection, id: &Id) -> Result<(Vec<CertId>, Frontier), Fault> {
    let bytes: Vec<u8> = conn
        .prepare_cached("SELECT bytes FROM checkpoint_part WHERE id = ?1 AND part = 1")?
        .query_row([id], |r| r.get(0))?;
    let part = Part::parse(&bytes, &Limits::STANDARD).map_err(damaged)?;
    Ok((part.certs().iter().map(Cert::id).collect(), part.header().cover.clone()))
}
