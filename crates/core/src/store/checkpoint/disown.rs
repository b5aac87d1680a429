//! Checkpoints and the county's orders: one that a PC made which is shut out is not believed, nor one that stands for segments
//! that are. Where the log stands on such a one the whole log is fetched, and its tables are made from that.

use niangjia_replication::{
    Frontier, Limits,
    checkpoint::{Part, Summary},
    keys::{Cert, CertId},
};

use super::{
    super::{base, intake::Intake, orders, versions::damaged},
    Id, summary,
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
        if orders.shut_out(maker).is_some() {
            return Ok(true);
        }
        for covered in &told.chains {
            let Some(head) = cover.head(covered.chain) else { continue };
            let number = self.memory.number(self.conn, covered.chain.0)?;
            if self.beyond(&CertId(covered.signer), stream, number, &covered.chain, &head)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lets go of every checkpoint that an order takes away; lays aside those that a log stands on.
    pub(in crate::store) fn disown(&mut self) -> Result<(), Fault> {
        if orders::load(self.conn, self.log.keys.root.as_ref())?.is_empty() {
            return Ok(());
        }
        let mut statement = self.conn.prepare(
            "SELECT stream, id FROM checkpoint_part WHERE last = 1 AND (mine = 1 OR id IN (SELECT checkpoint FROM base)) ORDER BY stream, id",
        )?;
        let whole: Vec<(i64, Id)> =
            statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
        for (stream, id) in whole {
            let (maker, cover) = made(self.conn, &id)?;
            let (told, _) = summary(self.conn, &self.log, &id)?;
            if !self.shut_out(stream, &maker, &cover, &told)? {
                continue;
            }
            let mut stands = self.conn.prepare_cached("SELECT 1 FROM base WHERE stream = ?1 AND checkpoint = ?2")?;
            if stands.exists(rusqlite::params![stream, id])? {
                base::lay_aside(self.conn, stream)?;
                self.let_go(stream, false)?;
            } else {
                self.conn.prepare_cached("DELETE FROM checkpoint_part WHERE id = ?1")?.execute([id])?;
            }
        }
        Ok(())
    }
}

/// By whose certificates a checkpoint was made, and what it covers.
pub(super) fn made(conn: &rusqlite::Connection, id: &Id) -> Result<(Vec<CertId>, Frontier), Fault> {
    let bytes: Vec<u8> = conn
        .prepare_cached("SELECT bytes FROM checkpoint_part WHERE id = ?1 AND part = 1")?
        .query_row([id], |r| r.get(0))?;
    let part = Part::parse(&bytes, &Limits::STANDARD).map_err(damaged)?;
    Ok((part.certs().iter().map(Cert::id).collect(), part.header().cover.clone()))
}
