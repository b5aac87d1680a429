//! The two lists by which a card is judged: whose keys sign, and which cards count no more. The registrar makes them from
//! what it has applied, and they travel in the county's stream like everything else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
};

use niangjia_credential::{Entry, IssuingKey, Status, StatusList, TrustList, key};
use niangjia_derive::Record;
use niangjia_replication::Stream;
use rusqlite::{Transaction, TransactionBehavior};

use super::{Standing, issue, numbers::Lease, rules, stock, twice};
use crate::{
    devices,
    exchange::PROGRAM,
    fault::Fault,
    identity::Keys,
    members::Membership,
    office::{Office, View},
    organisations::offices_named,
    record::{Record as _, RecordId, Value},
    store::{Act, Moment, rows},
};

/// A list as it was signed. Each registrar keeps one record of each kind and replaces what it says, so a list that was made
/// while its clock stood in the future goes with the next one.
#[derive(Clone, Record)]
#[record(name = "card_list", plural = "card_lists", zh = "发证名单", en = "List of the cards", title = "what")]
pub struct CardList {
    /// `trust` or `status`.
    #[field(zh = "名单", en = "List", required)]
    pub what: String,
    #[field(zh = "制作时间", en = "Made", required)]
    pub made: Option<i64>,
    #[field(zh = "公钥", en = "Public key", kind = "bytes")]
    pub key: Vec<u8>,
    #[field(zh = "内容", en = "Content", kind = "bytes")]
    pub token: Vec<u8>,
}

const TRUST: &str = "trust";
const STATUS: &str = "status";

/// How long a list is left as it is though something changed for the better, in milliseconds: half a day. What is graver goes out at once.
const PATIENCE: i64 = 12 * 3_600_000;

/// How old a list becomes where nothing changed, in milliseconds: its day says how old the knowledge is.
const OLDEST: i64 = 3 * 86_400_000;

/// The key with which the registrar signs lists; it follows from the county's issuing key.
fn list_key(keys: &Keys) -> Option<IssuingKey> {
    let (issuing, _) = keys.issuing.as_ref()?;
    Some(IssuingKey::from_seed(&blake3::derive_key("niangjia 2026-11 card list key", &*issuing.to_bytes())))
}

fn newest(view: &View<'_>, what: &str) -> Result<Option<CardList>, Fault> {
    // In the county's stream only: nobody else says who signs cards. A lost registrar's list of the future stands behind.
    let county = view.memory.known_stream(&Stream::County);
    let mut found = view.select::<CardList>(
        "what = ?1 AND stream = ?2 AND void = 0 ORDER BY made > ?3, made DESC, id DESC LIMIT 1",
        &[&what, &county, &(view.wall / 1000 + 86_400)],
    )?;
    Ok(found.pop().map(|(_, list)| list))
}

fn key_of(list: &CardList) -> Vec<[u8; 32]> {
    list.key.as_slice().try_into().into_iter().collect()
}

/// The status list that came last; none where none came, or one that cannot be read.
pub(super) fn status(view: &View<'_>) -> Result<Option<StatusList>, Fault> {
    let Some(list) = newest(view, STATUS)? else { return Ok(None) };
    Ok(StatusList::open(&list.token, &key_of(&list)).ok().flatten())
}

/// The trust list that came last, and besides the keys that this PC knows of by its own reading: those of the own office
/// at once, at the county those of all.
pub(crate) fn trust(view: &View<'_>) -> Result<TrustList, Fault> {
    let listed = newest(view, TRUST)?.and_then(|list| TrustList::open(&list.token, &key_of(&list)).ok().flatten());
    // Where none came, or one that a newer program made otherwise, there is what this PC knows itself.
    let nothing = || TrustList { subject: String::new(), made: None, entries: Vec::new() };
    let mut list = listed.unwrap_or_else(nothing);
    for entry in known(view)? {
        if !list.entries.iter().any(|e| e.public == entry.public) {
            list.entries.push(entry);
        }
    }
    Ok(list)
}

/// The issuing keys that offices read here have told of, as they would stand in a list of today.
fn known(view: &View<'_>) -> Result<Vec<Entry>, Fault> {
    let own = view.office.identity();
    let told = issue::told(view)?;
    if told.is_empty() {
        return Ok(Vec::new());
    }
    let offices = offices_named(view)?;
    let writers = devices::Writers::of(view)?;
    let mut entries: Vec<Entry> = Vec::new();
    for (row, public, proof) in told {
        let Some(writer) = writers.of_chain(view, row.stream, row.versions.base.0)? else { continue };
        // Only an office's own PCs say so for it, and only of a key that they have: it has signed that it belongs to this PC.
        let at_home = view.memory.stream_name(row.stream)?.office() == Some(writer.office);
        if !at_home || !key::holds(&public, &issue::claim(writer.cert.as_ref()), &proof) {
            continue;
        }
        let named = offices.iter().find(|(id, ..)| *id == writer.office);
        let (name, code) = match named {
            Some((_, name, code)) => (name.clone(), code.clone()),
            None if writer.office == own.office => (own.name.clone(), own.code.clone()),
            None => continue,
        };
        // A PC whose clock stood in the future would make codes that nobody believes until then.
        let from = crate::store::today(row.made_at).min(view.today());
        let until = writer.shut_out.then(|| view.today());
        if !entries.iter().any(|e| e.public == public) {
            entries.push(Entry { public, code, name, from, until });
        }
    }
    entries.sort_by(|a, b| (&a.code, a.public).cmp(&(&b.code, b.public)));
    Ok(entries)
}

/// What the list of today says: every card that does not simply count. Cards are read in the order of their places.
fn statuses(view: &View<'_>, subject: &str, made: i64) -> Result<StatusList, Fault> {
    let leases = stock::leases(view)?;
    let cards = leases.iter().filter_map(|l| Some(l.place? + l.count)).max().unwrap_or(0);
    let mut list = StatusList::new(subject, made, usize::try_from(cards).unwrap_or(usize::MAX));
    let by_id: BTreeMap<RecordId, &Lease> = leases.iter().map(|l| (l.id, l)).collect();
    let doubled: BTreeSet<String> = twice::numbers_twice(view)?.into_iter().collect();
    let mut statement = view.conn.prepare_cached(
        "SELECT card.place, card.number, card.lease, card.stream, card.state, card.void, member.state, coalesce(member.void, 0),
                card.ver_inc, card.ver_ctr
         FROM card LEFT JOIN member ON member.id = card.member AND member.stream = card.stream
         WHERE card.place IS NOT NULL AND coalesce(card.state, '') NOT IN ('transferred', 'provisional') ORDER BY card.place",
    )?;
    let mut rows = statement.query([])?;
    let mut run: (u32, Vec<(Standing, Membership)>, bool) = (0, Vec::new(), false);
    let mut close = |(place, cards, twice): &(u32, Vec<(Standing, Membership)>, bool)| {
        let status = match cards.as_slice() {
            [] => return,
            [(card, holder)] => rules::status(*card, *holder, *twice),
            several => rules::shared(several),
        };
        if status != Status::Valid {
            list.set(*place, status);
        }
    };
    while let Some(row) = rows.next()? {
        let (place, number): (i64, Option<String>) = (row.get(0)?, row.get(1)?);
        let (lease, stream): (Option<[u8; 16]>, i64) = (row.get(2)?, row.get(3)?);
        let (Some(number), Ok(place)) = (number, u32::try_from(place)) else { continue };
        // What an office writes of a place that its lease does not give to this number says nothing of whoever has it.
        let lease = lease.and_then(|id| by_id.get(&RecordId(id)));
        let office = view.memory.stream_name(stream)?.office();
        // A card that came with its member is spoken of by the office that holds her; the county has ruled so.
        let came = view.memory.adopted(stream, row.get(8)?, row.get(9)?);
        if lease.is_none_or(|l| (l.office != office && !came) || l.place_of(&number) != Some(u64::from(place))) {
            continue;
        }
        let (state, void): (Option<String>, bool) = (row.get(4)?, row.get(5)?);
        let card = if void { Standing::Spoiled } else { Standing::from_key(state.as_deref().unwrap_or("")) };
        let (holder, gone): (Option<String>, bool) = (row.get(6)?, row.get(7)?);
        // An entry that was voided was nobody's membership.
        let holder = if gone { Membership::Left } else { Membership::from_key(holder.as_deref().unwrap_or("")) };
        if run.0 != place {
            close(&run);
            run = (place, Vec::new(), false);
        }
        run.1.push((card, holder));
        run.2 |= doubled.contains(&number);
    }
    close(&run);
    Ok(list)
}

/// Whether a new status list is due, beside the one that went out.
fn status_due(old: &StatusList, new: &StatusList, age: i64) -> bool {
    let cards = old.len().max(new.len());
    let of = |list: &StatusList, n: usize| u32::try_from(n).ok().and_then(|n| list.get(n)).unwrap_or(Status::Valid);
    let (mut differs, mut graver) = (false, false);
    for n in 0..cards {
        let (before, after) = (of(old, n), of(new, n));
        differs |= before != after;
        graver |= before != after && after != Status::Valid;
    }
    graver || (differs && age >= PATIENCE) || !(0..OLDEST).contains(&age)
}

impl Office {
    /// The registrar writes the lists anew where they are no longer true. Returns how many were written.
    pub(crate) fn publish_lists(&self, moment: Moment) -> Result<usize, Fault> {
        let Some(key) = list_key(&self.keys()) else { return Ok(0) };
        let memory = self.store.memory();
        let known: i64 = memory.heads.values().map(|head| head.changes).sum();
        let (made, subject) = (moment.wall / 1000, format!("urn:uuid:{}", dashed(self.identity.office.0)));
        // Read beside whoever works here; the walk over the cards takes a while.
        let lists = self.store.read(|conn| {
            let view = View { office: self, conn, memory: &memory, clerk: PROGRAM, wall: moment.wall };
            lists_due(&view, &key, made, &subject, known)
        })?;
        let count = lists.len();
        if count > 0 {
            let conn = self.store.write();
            let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
            self.catch_up(&tx)?;
            let memory = (*self.store.memory()).clone();
            self.by_itself(tx, memory, moment, &[], |act| lists.into_iter().try_for_each(|list| put(act, list)))?;
        }
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(count)
    }
}

/// Replaces what this registrar's record of that list says, or begins it.
fn put(act: &mut Act<'_>, list: CardList) -> Result<(), Fault> {
    let layout = act.layout(CardList::TYPE.name)?;
    let all = rows::select(act.conn, layout, "what = ?1 AND void = 0", &[&list.what])?;
    match all.into_iter().find(|row| act.memory.owns().any(|own| own == row.versions.base.0)) {
        None => act.create(&Stream::County, list, None).map(|_| ()),
        Some(row) => {
            let seen = row.versions.clone();
            let fields: Vec<(usize, Value)> = list.into_values().into_iter().enumerate().collect();
            act.change(layout, &row, &seen, &fields, None).map(|_| ())
        }
    }
}

fn lists_due(
    view: &View<'_>,
    key: &IssuingKey,
    made: i64,
    subject: &str,
    changes: i64,
) -> Result<Vec<CardList>, Fault> {
    let mut out = Vec::new();
    let known = known(view)?;
    if known.is_empty() {
        return Ok(out);
    }
    let signed = |what: &str, token: Vec<u8>| CardList {
        what: what.into(),
        made: Some(made),
        key: key.public().to_vec(),
        token,
    };
    let before = newest(view, TRUST)?;
    let opened = before.as_ref().and_then(|list| TrustList::open(&list.token, &key_of(list)).ok().flatten());
    let mut entries = known;
    // A key stays listed as long as cards of it are about, and the day of its end is the one first said.
    for old in opened.iter().flat_map(|list| &list.entries) {
        match entries.iter_mut().find(|e| e.public == old.public) {
            Some(entry) => entry.until = entry.until.map(|day| old.until.unwrap_or(day).min(day)),
            None => entries.push(old.clone()),
        }
    }
    let ours = before.as_ref().is_some_and(|list| list.key == key.public());
    if !ours || opened.as_ref().is_none_or(|list| list.entries != entries) {
        let list = TrustList { subject: subject.to_owned(), made: Some(made), entries };
        out.push(signed(TRUST, list.sign(key)));
    }
    let before = newest(view, STATUS)?;
    let age = before
        .as_ref()
        .and_then(|list| list.made)
        .map_or(i64::MAX, |then| made.saturating_sub(then).saturating_mul(1000));
    // Looking through the cards takes a while; where no change has come there is nothing to find.
    let before_now = *view.office.listed.lock().unwrap_or_else(PoisonError::into_inner);
    let quiet = before_now == changes && (0..PATIENCE).contains(&age);
    if !quiet {
        let new = statuses(view, subject, made)?;
        let old = before.as_ref().and_then(|list| StatusList::open(&list.token, &key_of(list)).ok().flatten());
        if old.is_none_or(|old| status_due(&old, &new, age)) {
            out.push(signed(STATUS, new.sign(key)));
        }
    }
    Ok(out)
}

/// A UUID as RFC 9562 writes it.
fn dashed(id: [u8; 16]) -> String {
    let hex = hex::encode(id);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_graver_goes_out_at_once_and_the_rest_can_wait() {
        let list = |marks: &[(u32, Status)]| {
            let mut list = StatusList::new("", 0, 100);
            marks.iter().for_each(|(n, s)| list.set(*n, *s));
            list
        };
        let (clean, lost) = (list(&[]), list(&[(5, Status::Suspended)]));
        assert!(status_due(&clean, &lost, 0));
        assert!(!status_due(&lost, &clean, PATIENCE - 1));
        assert!(status_due(&lost, &clean, PATIENCE));
        assert!(status_due(&lost, &list(&[(5, Status::Revoked)]), 0));
        assert!(!status_due(&clean, &clean, OLDEST - 1));
        assert!(status_due(&clean, &clean, OLDEST));
        assert!(status_due(&clean, &clean, -1), "the one that went out is from the future");
        assert!(status_due(&clean, &list(&[(500, Status::Revoked)]), 0), "longer than the old one");
    }
}
