//! What a registrar accepts of the one before it. That one was lost, and the order against it names what had come when the county was
//! founded again. A checkpoint of a PC in good standing may say more, and where nobody has the segments any more that is all there is.

use std::collections::BTreeMap;

use niangjia_replication::{
    keys::{CertId, chain_from_cbor},
    orders::{Place, Revocation, Ruling, within},
};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{
    fault::Fault,
    identity::Keys,
    office::Office,
    store::{LogKeys, Moment, ORDER, base, memory::Memory, orders as papers, versions::damaged},
};

/// The orders that accept less of registrars that were lost than checkpoints say on which this log stands, as they shall be.
fn short(conn: &Connection, memory: &Memory, keys: &Keys) -> Result<Vec<Revocation>, Fault> {
    let orders = papers::load(conn, keys.root.as_ref())?;
    let mut raised: BTreeMap<CertId, Revocation> = BTreeMap::new();
    for (stream, chain, head, signer) in base::standing(conn)? {
        let certs = LogKeys { keys }.cert_ids(conn, &signer)?;
        let (stream, chain) = (*memory.stream_name(stream)?, memory.incarnation(chain)?);
        let Ruling::UpTo(accepted, order) = orders.ruling(&certs, Place { stream: &stream, chain: &chain }) else {
            continue;
        };
        if orders.replaced(&certs) && !within(accepted, &head) {
            let next = || Revocation { revision: order.revision + 1, supersedes: None, ..order.clone() };
            raised.entry(order.device).or_insert_with(next).heads.entry((stream, chain)).or_default().push(head);
        }
    }
    Ok(raised.into_values().collect())
}

impl Office {
    /// The registrar accepts of those that were lost what the checkpoints say on which it stands. An automatic change, and never
    /// answered by one. Returns how many orders were raised.
    pub(crate) fn accept_lost(&self, moment: Moment) -> Result<usize, Fault> {
        let keys = self.keys();
        let (Some((issuing, chain)), Some(root)) = (&keys.issuing, &keys.root) else { return Ok(0) };
        let memory = self.store.memory();
        if self.store.read(|conn| short(conn, &memory, &keys))?.is_empty() {
            return Ok(0);
        }
        let conn = self.store.write();
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let memory = (*self.store.memory()).clone();
        let raised = short(&tx, &memory, &keys)?;
        let chain = chain_from_cbor(chain).map_err(damaged)?;
        self.by_itself(tx, memory, moment, &[], |act| {
            for order in &raised {
                act.publish(ORDER, &order.sign(&chain, issuing).map_err(damaged)?, root)?;
            }
            Ok(())
        })?;
        Ok(raised.len())
    }
}
