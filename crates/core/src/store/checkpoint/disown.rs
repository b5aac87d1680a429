//! Checkpoints and the county's orders: one that a PC made which is shut out is not believed, nor one that stands for segments
//! that are. Where the log stands on such a one the whole log is fetched, and its tables are made from that.

use std::collections::BTreeSet;

use niangjia_replication::{
    Frontier, Limits,
    checkpoint::{Part, Summary},
    keys::{Cert, CertId},
};

use rusqlite::Connection;

use super::{
    super::{base, intake::Intake, log::LogKeys, orders, versions::damaged},
    Id, stood_on, summary,
};
use crate::fault::Fault;

impl Intake<'_> {
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
