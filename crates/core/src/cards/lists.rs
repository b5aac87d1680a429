//! The two lists by which a card is judged: whose keys sign, and which cards count no more. The registrar makes them from
//! what it has applied, and they travel in the county's stream like everything else.

use std::sync::PoisonError;

use niangjia_credential::{Entry, IssuingKey, Status, StatusList, TrustList};
use niangjia_derive::Record;
use niangjia_replication::Stream;
use rusqlite::{Transaction, TransactionBehavior};

use super::{Standing, issue, rules, stock, twice};
use crate::{
    devices,
    exchange::PROGRAM,
    fault::Fault,
    identity::Keys,
    members::Membership,
    office::{Office, View},
    organisations::offices_named,
    store::Moment,
};

/// A list as it was signed, by its media type. Each registrar writes new ones beside the old; the newest counts.
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
    // In the county's stream only: nobody else says who signs cards.
    let county = view.memory.known_stream(&Stream::County);
    let mut found = view.select::<CardList>(
        "what = ?1 AND stream = ?2 AND void = 0 ORDER BY made DESC, id DESC LIMIT 1",
        &[&what, &county],
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
pub(super) fn trust(view: &View<'_>) -> Result<TrustList, Fault> {
    let listed = match newest(view, TRUST)? {
        Some(list) => TrustList::open(&list.token, &key_of(&list)).ok().flatten(),
        None => None,
    };
    let mut list = listed.unwrap_or_default();
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
    let offices = offices_named(view)?;
    let writers = devices::Writers::of(view)?;
    let mut entries: Vec<Entry> = Vec::new();
    for (row, public) in issue::told(view)? {
        let Some(writer) = writers.of_chain(view, row.stream, row.versions.base.0)? else { continue };
        // Only the own office's PCs, and for the county's stream the county's, say so for themselves.
        if view.memory.stream_name(row.stream)?.office() != Some(writer.office) {
            continue;
        }
        let named = offices.iter().find(|(id, ..)| *id == writer.office);
        let (name, code) = match named {
            Some((_, name, code)) => (name.clone(), code.clone()),
            None if writer.office == own.office => (own.name.clone(), own.code.clone()),
            None => continue,
        };
        let from = crate::store::today(row.made_at);
        let until = writer.shut_out.then(|| view.today());
        entries.push(Entry { public, code, name, from, until });
    }
    entries.sort_by(|a, b| (&a.code, a.public).cmp(&(&b.code, b.public)));
    entries.dedup_by(|a, b| a.public == b.public);
    Ok(entries)
}

/// What the list of today says: every card that does not simply count.
fn statuses(view: &View<'_>, subject: &str, made: i64) -> Result<StatusList, Fault> {
    let cards = stock::leases(view)?.iter().filter_map(|l| Some(l.place? + l.count)).max().unwrap_or(0);
    let mut list = StatusList::new(subject, made, usize::try_from(cards).unwrap_or(usize::MAX));
    let mut mark = |place: i64, status: Status| {
        if let Ok(place) = u32::try_from(place)
            && list.get(place).unwrap_or(Status::Valid) != Status::Revoked
        {
            list.set(place, status);
        }
    };
    let mut held = view.conn.prepare_cached(
        "SELECT place, state, void FROM card WHERE place IS NOT NULL AND (void = 1 OR state NOT IN ('ordered', 'printed', 'held'))",
    )?;
    let mut rows = held.query([])?;
    while let Some(row) = rows.next()? {
        let (state, void): (Option<String>, bool) = (row.get(1)?, row.get(2)?);
        let card = if void { Standing::Spoiled } else { Standing::from_key(state.as_deref().unwrap_or("")) };
        mark(row.get(0)?, rules::status(card, Membership::Active, false));
    }
    let mut gone = view.conn.prepare_cached(
        "SELECT card.place, member.state FROM member JOIN card ON card.member = member.id
         WHERE member.void = 0 AND member.state IN ('left', 'expelled', 'deceased', 'moved_out')
         AND card.place IS NOT NULL AND card.void = 0",
    )?;
    let mut rows = gone.query([])?;
    while let Some(row) = rows.next()? {
        let state: String = row.get(1)?;
        mark(row.get(0)?, rules::status(Standing::Held, Membership::from_key(&state), false));
    }
    for number in twice::numbers_twice(view)? {
        for (_, card) in twice::bearing(view, &number)? {
            if let Some(place) = card.place {
                mark(place, rules::status(Standing::Held, Membership::Active, true));
            }
        }
    }
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
        let keys = self.keys();
        let Some(key) = list_key(&keys) else { return Ok(0) };
        let conn = self.store.write();
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let memory = (*self.store.memory()).clone();
        let view = View { office: self, conn: &tx, memory: &memory, clerk: PROGRAM, wall: moment.wall };
        let known: i64 = memory.heads.values().map(|head| head.changes).sum();
        let (made, subject) = (moment.wall / 1000, format!("urn:uuid:{}", dashed(self.identity.office.0)));
        let lists = lists_due(&view, &key, made, &subject, known)?;
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = known;
        if lists.is_empty() {
            return Ok(0);
        }
        let count = lists.len();
        self.by_itself(tx, memory, moment, &[], |act| {
            for list in lists {
                act.create(&Stream::County, list, None)?;
            }
            Ok(())
        })?;
        Ok(count)
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
