//! Grants: who gets which stream keys. A new epoch goes to every PC that still may read, sealed to it; every key goes besides
//! to the county's kit, so that two printed shares open all that was ever written.

use std::collections::BTreeSet;

use niangjia_replication::{
    Limits, RecordId, Segment, Stream,
    checkpoint::Part,
    keys::{Cert, CertId, SealingKey, StreamKey, chain_from_cbor},
    orders::{self, Granted},
};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng as _;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{SharedKey, list, shared};
use crate::{
    exchange::PROGRAM,
    fault::Fault,
    identity::Keys,
    office::{Desk, Office, View},
    store::{self, Act, GRANT, Moment, memory::Memory, orders as papers, set_secret, versions::damaged},
};

/// Whether a new key reaches a PC by a grant. Further PCs of the county are granted the keys of the county's own streams and
/// find all others there.
fn by_grant(stream: &Stream, county: bool, own: RecordId) -> bool {
    !county || stream.office().is_none_or(|office| office == own)
}

/// What is owed to holders and was not granted yet.
fn owed(view: &View<'_>, keys: &Keys) -> Result<Vec<(Stream, StreamKey, CertId, SealingKey)>, Fault> {
    let (Some((_, chain)), Some(root)) = (&keys.issuing, &keys.root) else { return Ok(Vec::new()) };
    let chain = chain_from_cbor(chain).map_err(damaged)?;
    let orders = papers::load(view.conn, Some(root))?;
    let granted = papers::grants(view.conn, &orders, None)?;
    let mut granted: BTreeSet<_> = granted.iter().map(|one| (one.stream, one.epoch, one.to)).collect();
    if let (Some(kit), Some(own)) = (chain.first().map(Cert::id), chain.last().map(Cert::id)) {
        // What another registrar has granted to the kit does not say that this one has it.
        let by_this = papers::granted_by(view.conn, &own, &kit)?;
        granted.retain(|(stream, epoch, to)| *to != kit || by_this.contains(&(*stream, *epoch)));
    }
    let kit = chain.first().and_then(|root| Some((root.id(), root.claims().sealing?)));
    let own = view.office.identity().office;
    let mut devices = Vec::new();
    // While nothing was rotated there is nobody to be looked for.
    if keys.streams.keys().any(|(_, epoch)| *epoch > 1) {
        devices = list::all(view)?;
        devices.retain(|device| !device.this && orders.shut_out(&device.certs).is_none());
    }
    let mut owed = Vec::new();
    for ((stream, epoch), key) in &keys.streams {
        // The first key of the county's stream follows from the root itself.
        let kit = kit.filter(|_| (*stream, *epoch) != (Stream::County, 1));
        // The first key of a stream came with the packet by which a PC joined.
        let readers = devices
            .iter()
            .filter(|d| *epoch > 1 && stream.read_by(d.office, d.county) && by_grant(stream, d.county, own));
        let readers = readers.filter_map(|d| Some((d.cert, d.sealing?)));
        for (holder, sealing) in kit.into_iter().chain(readers) {
            if !granted.contains(&(*stream, *epoch, holder)) {
                owed.push((*stream, key.clone(), holder, sealing));
            }
        }
    }
    Ok(owed)
}

fn publish(act: &mut Act<'_>, keys: &Keys, owed: &[(Stream, StreamKey, CertId, SealingKey)]) -> Result<(), Fault> {
    let (Some((issuing, chain)), Some(root)) = (&keys.issuing, &keys.root) else { return Ok(()) };
    let chain = chain_from_cbor(chain).map_err(damaged)?;
    for part in owed.chunks(orders::MOST_KEYS) {
        let mut sealed = Vec::with_capacity(part.len());
        for (stream, key, holder, sealing) in part {
            sealed.push(Granted::seal(*stream, key, *holder, sealing, &mut act.moment.rng).map_err(damaged)?);
        }
        let doc = orders::grant(&sealed, &chain, issuing).map_err(damaged)?;
        act.publish(GRANT, &doc, root)?;
    }
    Ok(())
}

/// Grants what is owed, the keys of this act included.
pub(crate) fn grant_owed(desk: &mut Desk<'_>) -> Result<(), Fault> {
    let mut keys = desk.office().keys();
    keys.streams.extend(desk.new_keys.iter().map(|(stream, key)| ((*stream, key.epoch()), key.clone())));
    let owed = owed(&desk.view(), &keys)?;
    publish(&mut desk.act, &keys, &owed)?;
    // What the kit alone has brought, the county's other PCs may lack.
    let made: BTreeSet<_> = desk.new_keys.iter().map(|(stream, key)| (*stream, key.epoch())).collect();
    let mut found = to_kit(&keys, &owed)?;
    found.retain(|(stream, key)| !made.contains(&(*stream, key.epoch())));
    shared::tell(desk, &found)
}

/// Keys that the kit is granted only now.
fn to_kit(keys: &Keys, owed: &[(Stream, StreamKey, CertId, SealingKey)]) -> Result<Vec<(Stream, StreamKey)>, Fault> {
    let kit = chain_from_cbor(&keys.chain).map_err(damaged)?.first().map(Cert::id);
    Ok(owed.iter().filter(|(_, _, to, _)| Some(*to) == kit).map(|(stream, key, ..)| (*stream, key.clone())).collect())
}

/// Begins a new epoch of streams: from now on nobody who was not granted it opens what is written.
pub(crate) fn rotate(desk: &mut Desk<'_>, streams: &BTreeSet<Stream>) -> Result<(), Fault> {
    let (keys, own) = (desk.office().keys(), desk.office().identity().office);
    let mut rng = desk.act.moment.part().rng;
    let fresh = begun(&desk.view(), &keys, streams, &mut rng)?;
    for (stream, key) in &fresh {
        set_secret(desk.act.conn, &Keys::secret_name(stream, key.epoch()), key.secret())?;
        desk.new_keys.push((*stream, key.clone()));
    }
    let told: Vec<_> = fresh.into_iter().filter(|(stream, _)| !by_grant(stream, true, own)).collect();
    shared::tell(desk, &told)?;
    grant_owed(desk)
}

/// A new key of each stream, of a higher epoch than any that is known here.
fn begun(
    view: &View<'_>,
    keys: &Keys,
    streams: &BTreeSet<Stream>,
    rng: &mut ChaCha20Rng,
) -> Result<Vec<(Stream, StreamKey)>, Fault> {
    let mut fresh = Vec::with_capacity(streams.len());
    for stream in streams {
        let newest = keys.highest(stream).max(newest_seen(view, stream)?);
        let epoch = above(newest, rng.next_u32());
        fresh.push((*stream, StreamKey::generate(epoch, rng)));
    }
    Ok(fresh)
}

/// The number of a key above the highest that is known, 0 where none is. Not simply the next: a registrar that was cloned, or
/// founded again from the kit, may have begun one of that number; and never the first, which every stream has from its founder.
/// Farthest apart where there was no other than that one, as for each registrar that begins: of two keys of one number each closes
/// what stands under it to whoever has the other.
fn above(newest: u32, drawn: u32) -> u32 {
    let room = if newest <= 1 { 1 << 24 } else { 1 << 20 };
    newest.saturating_add(2 + drawn % (room - 2))
}

/// Where the word of those ends who may write a stream and begin no epoch of it: whoever says a higher one could leave no room for
/// any further key. What a registrar begins stays below it for two thousand changes of keys.
pub(super) const BEYOND_BELIEF: u32 = 1 << 31;

/// The highest epoch of segments that wait here for their key.
fn newest_seen(view: &View<'_>, stream: &Stream) -> Result<u32, Fault> {
    let Some(number) = view.memory.known_stream(stream) else { return Ok(0) };
    let mut newest = 0;
    papers::each_closed(view.conn, number, |segment| {
        if segment.header().epoch < BEYOND_BELIEF {
            newest = newest.max(segment.header().epoch);
        }
        true
    })?;
    Ok(newest)
}

impl Office {
    /// Whether this PC opens a segment, or a part of a checkpoint, with the keys that it has, whoever wrote it. For those who
    /// look into a relay's store.
    #[must_use]
    pub fn opens(&self, bytes: &[u8]) -> bool {
        let keys = self.keys();
        if let Ok(part) = Part::parse(bytes, &Limits::STANDARD) {
            let key = keys.streams.get(&(part.header().stream, part.header().epoch));
            return key.is_some_and(|key| part.unlocks(key));
        }
        let Ok(segment) = Segment::parse(bytes, &Limits::STANDARD) else { return false };
        let key = keys.opens(&segment.header().stream, segment.header().epoch);
        key.is_some_and(|key| segment.unlocks(&key))
    }

    /// The registrar grants what is owed since, such as the keys of a rotation to a PC first heard of, and begins a new epoch
    /// where the newest was only told. An automatic change, and never answered by one. Returns how many keys.
    pub(crate) fn grant_owed(&self, moment: Moment) -> Result<usize, Fault> {
        let mut moment = moment;
        let conn = self.store.write();
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let (mut keys, memory) = (self.keys(), (*self.store.memory()).clone());
        let view = View { office: self, conn: &tx, memory: &memory, clerk: PROGRAM, wall: moment.wall };
        let mut rng = moment.part().rng;
        let fresh = begun(&view, &keys, &keys.only_heard(), &mut rng)?;
        keys.streams.extend(fresh.iter().map(|(stream, key)| ((*stream, key.epoch()), key.clone())));
        let owed = owed(&view, &keys)?;
        if owed.is_empty() {
            return Ok(0);
        }
        self.by_itself(tx, memory, moment, &fresh, |act| {
            publish(act, &keys, &owed)?;
            // What was heard of somewhere, and what is begun above it, the county's other PCs find here.
            for (stream, key) in to_kit(&keys, &owed)? {
                if keys.heard.contains(&(stream, key.epoch())) || !by_grant(&stream, true, self.identity.office) {
                    act.create(&self.own_stream(), SharedKey::of(stream, &key), None)?;
                }
            }
            Ok(())
        })?;
        Ok(owed.len())
    }

    /// Takes up the keys that were granted to this PC, or of which another PC of the county has told. Returns whether any was
    /// new.
    pub(crate) fn learnt(&self, conn: &Connection, memory: &Memory, keys: &mut Keys) -> Result<bool, Fault> {
        if keys.chain.is_empty() {
            return Ok(false);
        }
        let chain = chain_from_cbor(&keys.chain).map_err(damaged)?;
        let mut news = self.identity().county && self.told(conn, memory, keys)?;
        news |= keys.issuing.is_some() && self.heard(conn, memory, keys, &[])?;
        let orders = papers::load(conn, keys.root.as_ref())?;
        let ends = [(chain.last(), keys.opening.clone()), (chain.first(), keys.kit.clone())];
        for (holder, opening) in ends {
            let (Some(holder), Some(opening)) = (holder.map(Cert::id), opening) else {
                continue;
            };
            for one in papers::grants(conn, &orders, Some(&holder))? {
                if keys.streams.contains_key(&(one.stream, one.epoch)) || !self.may_read(&one.stream) {
                    continue;
                }
                // One that does not open was sealed by nobody who knows this PC; the others go on.
                let Ok(key) = one.open(&opening) else { continue };
                store::set_secret(conn, &Keys::secret_name(&one.stream, one.epoch), key.secret())?;
                keys.streams.insert((one.stream, one.epoch), key);
                news = true;
            }
        }
        Ok(news)
    }
}

#[cfg(test)]
mod tests {
    use super::above;

    /// A registrar that begins again and knows no key of a stream began one of the number that the first key has, once in 65,535
    /// draws, and two that knew nothing of each other one of the same number; what stood under either then opened with the other
    /// for nobody.
    #[test]
    fn a_key_that_is_begun_where_none_is_known_never_has_the_number_of_the_first() {
        for drawn in (0..0x2_0000).chain([0xff_fffd, 0xff_fffe, u32::MAX - 1, u32::MAX]) {
            assert!((2..1 << 24).contains(&above(0, drawn)), "{drawn}");
            assert!((3..=1 << 24).contains(&above(1, drawn)), "{drawn}");
            assert!((9..7 + (1 << 20)).contains(&above(7, drawn)), "{drawn}");
        }
        let begun: std::collections::BTreeSet<u32> = (0..1 << 18).map(|drawn| above(1, drawn * 61)).collect();
        assert!(begun.len() > 1 << 17, "as far apart as there is room");
        assert_eq!(above(u32::MAX - 1, 5), u32::MAX);
    }
}
