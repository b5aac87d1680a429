//! Packets: what goes between offices on a stick. What is in one, for whom, which came and which was receipted; the files
//! themselves are the host's.
//!
//! A packet holds everything that its addressee lacks *as far as its own packets said so*: whatever was sent before and not
//! receipted is in the next one again. So a lost packet needs no answer, any order will do, and a number that never came
//! is only told.

mod blobs;
mod list;
mod peers;
mod send;
mod take;

pub use blobs::Load;
pub use list::{AddresseeLine, PacketLine, PacketState, Packets};
pub use send::{Addressee, Outgoing};
pub use take::{Came, Incoming, Seen, Summary};

use niangjia_replication::RecordId;
use rusqlite::Connection;

use crate::{fault::Fault, identity::Identity, office::View, registry::Registry, words::Say};

pub(crate) use list::last;

pub(crate) fn register(registry: &mut Registry) {
    list::register(registry);
}

/// The federation that this office belongs to.
///
/// # Errors
/// `alone`.
fn federation(identity: &Identity) -> Result<RecordId, Fault> {
    identity.federation.ok_or_else(|| {
        Fault::new(
            "alone",
            "本办公室单独使用，还没有加入县总工会，不能收发数据包。请先用县总工会给的入网数据包（.njinvite）加入。",
            "This office works alone and cannot exchange packets. Join a county with an enrolment packet (.njinvite) first.",
        )
    })
}

/// Name of an office as packets speak of it. A township that has just joined knows no other office by name yet.
fn name_of(view: &View<'_>, office: RecordId) -> Result<Say, Fault> {
    let identity = view.office.identity();
    if office == identity.office {
        return Ok(Say::owned(identity.name.clone(), identity.name.clone()));
    }
    if Some(office) == identity.federation {
        return Ok(Say::new("县总工会", "the county federation"));
    }
    let known = crate::organisations::offices_named(view)?.into_iter().find(|(id, ..)| *id == office);
    Ok(known.map_or_else(|| Say::new("另一个办公室", "another office"), |(_, name, _)| Say::owned(name.clone(), name)))
}

/// Numbers between `since` and `last` that are not among `there`, lowest first; the first hundred of them.
fn gaps(since: u64, last: u64, there: &std::collections::BTreeSet<u64>) -> Vec<u64> {
    // Whoever counts to the sky in one packet is not believed number by number.
    (since.saturating_add(1)..last).filter(|number| !there.contains(number)).take(100).collect()
}

/// Numbers as runs, first and last.
fn runs(numbers: impl IntoIterator<Item = u64>) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if number <= *last => {}
            Some((_, last)) if number == *last + 1 => *last = number,
            _ => runs.push((number, number)),
        }
    }
    runs
}

fn unsigned(n: i64) -> u64 {
    n.unsigned_abs()
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Numbers of one column, in order.
fn numbers(conn: &Connection, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<u64>, Fault> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params, |r| r.get::<_, i64>(0).map(unsigned))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_runs_and_gaps_are_told() {
        assert_eq!(runs([1, 2, 2, 3, 7, 9, 10]), [(1, 3), (7, 7), (9, 10)]);
        assert_eq!(runs([]), []);
        let there = [3, 5].into();
        assert_eq!(gaps(1, 6, &there), [2, 4]);
        assert_eq!(gaps(5, 6, &there), [0; 0]);
        assert_eq!(gaps(0, u64::MAX, &there).len(), 100);
    }
}
