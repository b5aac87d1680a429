//! Keys that the county lacks. A registrar burns before what it last wrote has gone anywhere; the county that is founded again from
//! its kit knows neither the office that was invited meanwhile nor the key of its streams. Whoever has such a key tells it to the
//! PCs of the county, sealed to each, in a stream of its own that they read, under a key that every PC has that was ever enrolled.

use niangjia_replication::{
    Limits, Stream,
    checkpoint::Part,
    keys::{Cert, CertId, SealingKey, StreamKey, chain_from_cbor},
    orders::{self, Granted},
    planted,
};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{grants::BEYOND_BELIEF, list};
use crate::{
    exchange::PROGRAM,
    fault::Fault,
    identity::Keys,
    office::{Office, View},
    store::{self, LogKeys, Moment, memory::Memory, orders as papers, versions::damaged, waiting},
};

/// What a PC has to tell, to whom: to each registrar under whom it was not let in what that one has not granted to the kit, as a
/// registrar does with every key that it has.
fn owed(view: &View<'_>, keys: &Keys) -> Result<Vec<(Stream, StreamKey, CertId, SealingKey)>, Fault> {
    let chain = chain_from_cbor(&keys.chain).map_err(damaged)?;
    let own: Vec<CertId> = chain.iter().map(Cert::id).collect();
    let Some(kit) = own.first() else { return Ok(Vec::new()) };
    let mut registrars = list::registrars(view)?;
    registrars.retain(|device| device.issuing().is_some_and(|issuing| !own.contains(&issuing)));
    if registrars.is_empty() {
        return Ok(Vec::new());
    }
    let orders = papers::load(view.conn, keys.root.as_ref())?;
    let told = papers::told_here(view.conn)?;
    let mut owed = Vec::new();
    for device in registrars.iter().filter(|device| orders.shut_out(&device.certs).is_none()) {
        let (Some(issuing), Some(sealing)) = (device.issuing(), device.sealing) else { continue };
        let granted = papers::granted_by(view.conn, &issuing, kit)?;
        for ((stream, epoch), key) in &keys.streams {
            // The first key of the county's stream follows from the root itself.
            if (*stream, *epoch) != (Stream::County, 1)
                && !granted.contains(&(*stream, *epoch))
                && !told.contains(&(*stream, *epoch, device.cert))
            {
                owed.push((*stream, key.clone(), device.cert, sealing));
            }
        }
    }
    Ok(owed)
}

impl Office {
    /// Tells the county's PCs what they lack. An automatic change, and never answered by one. Returns how many keys.
    pub(crate) fn tell_owed(&self, moment: Moment) -> Result<usize, Fault> {
        let keys = self.keys();
        if keys.chain.is_empty() || planted!("nobody tells the county a key") {
            return Ok(0);
        }
        let owes = |conn: &Connection, memory: &Memory| match papers::any_grant(conn)? {
            true => owed(&View { office: self, conn, memory, clerk: PROGRAM, wall: moment.wall }, &keys),
            false => Ok(Vec::new()),
        };
        // Nearly always nothing, and nobody who writes is held up to see that.
        let memory = self.store.memory();
        if self.store.read(|conn| owes(conn, &memory))?.is_empty() {
            return Ok(0);
        }
        let conn = self.store.write();
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let memory = (*self.store.memory()).clone();
        let owed = owes(&tx, &memory)?;
        if owed.is_empty() {
            return Ok(0);
        }
        self.by_itself(tx, memory, moment, &[], |act| {
            for part in owed.chunks(orders::MOST_KEYS) {
                let mut sealed = Vec::with_capacity(part.len());
                for (stream, key, holder, sealing) in part {
                    sealed.push(Granted::seal(*stream, key, *holder, sealing, &mut act.moment.rng).map_err(damaged)?);
                }
                act.tell(&self.own_stream(), &sealed)?;
            }
            Ok(())
        })?;
        Ok(owed.len())
    }

    /// Takes up keys that somebody has told this registrar: each only where it opens what lies here closed, or what just came, and
    /// to read alone, for nobody has signed that it is the right one. Returns whether any was new.
    pub(crate) fn heard(
        &self,
        conn: &Connection,
        memory: &Memory,
        keys: &mut Keys,
        came: &[Vec<u8>],
    ) -> Result<bool, Fault> {
        let own = chain_from_cbor(&keys.chain).map_err(damaged)?.last().map(Cert::id);
        let (Some(own), Some(opening)) = (own, keys.opening.clone()) else { return Ok(false) };
        let mut news = false;
        for one in papers::told_to(conn, &own)? {
            let place = (one.stream, one.epoch);
            let known = keys.streams.contains_key(&place) || one.epoch >= BEYOND_BELIEF;
            if known || !self.may_read(&one.stream) {
                continue;
            }
            let Ok(key) = one.open(&opening) else { continue };
            if opens_something(conn, memory, keys, &one.stream, &key)? || opens_a_part(keys, &one.stream, &key, came) {
                store::set_secret(conn, &Keys::heard_name(&one.stream, one.epoch), key.secret())?;
                keys.streams.insert(place, key);
                keys.heard.insert(place);
                news = true;
            }
        }
        Ok(news)
    }
}

/// Whether a part of a checkpoint is among what came, signed by somebody who is believed, that opens with a key: of a PC that has
/// pruned there may be nothing else under it.
fn opens_a_part(keys: &Keys, stream: &Stream, key: &StreamKey, came: &[Vec<u8>]) -> bool {
    let Some(root) = keys.root else { return false };
    came.iter().filter_map(|bytes| Part::parse(bytes, &Limits::STANDARD).ok()).any(|part| {
        let of = (part.header().stream, part.header().epoch) == (*stream, key.epoch());
        of && part.unlocks(key) && part.verify(&root).is_ok()
    })
}

/// Whether a segment that waits for its key, or for what comes before it, opens with this one.
fn opens_something(
    conn: &Connection,
    memory: &Memory,
    keys: &Keys,
    stream: &Stream,
    key: &StreamKey,
) -> Result<bool, Fault> {
    let Some(number) = memory.known_stream(stream) else { return Ok(false) };
    let mut opens = false;
    papers::each_closed(conn, number, |segment| {
        // Not only the first that names the epoch: anybody may have written that one.
        opens = segment.header().epoch == key.epoch() && segment.unlocks(key);
        !opens
    })?;
    match keys.root {
        Some(root) if !opens => waiting::opens(conn, &LogKeys { keys }, &root, number, key),
        _ => Ok(opens),
    }
}
