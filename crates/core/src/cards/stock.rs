//! The stock of numbers: what this PC may still give out, and who waits for more.

use std::collections::BTreeSet;

use niangjia_replication::{Stream, change::Incarnation};
use rusqlite::params;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    NumberHanding, NumberLease, NumberRequest,
    numbers::{Handing, Lease, Range, Shape, holdings},
};
use crate::{
    fault::Fault,
    office::View,
    organisations::offices_named,
    people::{Nothing, Role},
    record::RecordId,
    registry::Registry,
    store::rows::Stored,
};

/// Below this many numbers the stock is called low; office practice.
const LOW: u64 = 20;

/// The numbers of this PC.
#[derive(Serialize, JsonSchema)]
pub struct Stock {
    /// Numbers left on this PC.
    pub left: u64,
    /// Whether that is little.
    pub low: bool,
    /// The next number, if there is one.
    pub next: Option<String>,
    /// The ranges.
    pub ranges: Vec<StockRange>,
    /// Requests that nobody has answered yet: the own ones, those of colleagues' PCs, at the county those of all.
    pub requests: Vec<RequestLine>,
    /// Whether this PC leases numbers: the county's, or that of an office that works alone.
    pub leases: bool,
}

/// One range of the stock.
#[derive(Serialize, JsonSchema)]
pub struct StockRange {
    /// First number that is left.
    pub first: String,
    /// Last one.
    pub last: String,
    /// How many.
    pub left: u64,
}

/// An open request.
#[derive(Serialize, JsonSchema)]
pub struct RequestLine {
    /// Its id.
    pub id: String,
    /// Name of the office that asks.
    pub office: String,
    /// Whether this PC asks.
    pub own: bool,
    /// How many.
    pub count: u64,
    /// First serial free after the paper book.
    pub from: Option<i64>,
    /// Who asked.
    pub by: String,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// What this PC can do about it: `grant`, `hand_on`, or nothing.
    pub can: Option<String>,
    /// Whether it can be taken back or refused here.
    pub withdrawable: bool,
    /// What was said with it.
    pub note: Option<String>,
}

pub(super) fn register(registry: &mut Registry) {
    registry.query("cards.stock", Role::Viewer, |view, _: Nothing| stock(view));
}

/// A number of the stock.
pub(super) struct Numbered {
    pub(super) number: String,
    pub(super) lease: RecordId,
    pub(super) place: Option<i64>,
}

/// What is left of this PC's numbers, in the order in which they are given out.
#[derive(Clone)]
pub(super) struct Left {
    ranges: Vec<(Lease, Range)>,
    /// Numbers within the ranges that somebody typed in from paper.
    taken: BTreeSet<String>,
}

impl Left {
    pub(super) fn of(view: &View<'_>) -> Result<Self, Fault> {
        let leases = leases(view)?;
        let held = holdings(&leases, &handings(view)?, own(view)?);
        let mut ranges = Vec::new();
        for mut range in held {
            let Some(lease) = leases.iter().find(|l| l.id == range.lease) else { continue };
            // Within a range numbers go up, and a number that a card bore is used, whatever became of the card.
            let (first, last) = (lease.shape.number(range.first), lease.shape.number(range.first + range.count - 1));
            let highest: Option<String> = view
                .conn
                .prepare_cached("SELECT max(number) FROM card WHERE number >= ?1 AND number <= ?2 AND lease = ?3")?
                .query_row(params![first, last, range.lease.0], |r| r.get(0))?;
            if let Some(used) = highest.and_then(|number| lease.shape.serial(&number)) {
                let end = range.first + range.count;
                range.first = used + 1;
                range.count = end - range.first;
            }
            if range.count > 0 {
                ranges.push((lease.clone(), range));
            }
        }
        Ok(Self { ranges, taken: BTreeSet::new() })
    }

    /// For giving out: knows besides which of the numbers stand on paper already.
    pub(super) fn to_spend(view: &View<'_>) -> Result<Self, Fault> {
        let mut left = Self::of(view)?;
        for (lease, range) in &left.ranges {
            let (first, last) = (lease.shape.number(range.first), lease.shape.number(range.first + range.count - 1));
            for sql in [
                "SELECT number FROM card WHERE number >= ?1 AND number <= ?2",
                // One walk over the members for a whole batch; an index would cost every import.
                "SELECT member_no FROM member WHERE member_no >= ?1 AND member_no <= ?2 AND void = 0",
            ] {
                let mut statement = view.conn.prepare_cached(sql)?;
                for number in statement.query_map([&first, &last], |r| r.get(0))? {
                    left.taken.insert(number?);
                }
            }
        }
        Ok(left)
    }

    pub(super) fn count(&self) -> u64 {
        self.ranges.iter().map(|(_, range)| range.count).sum()
    }

    pub(super) fn take(&mut self) -> Option<Numbered> {
        loop {
            let (lease, range) = self.ranges.iter_mut().find(|(_, range)| range.count > 0)?;
            let serial = range.first;
            (range.first, range.count) = (range.first + 1, range.count - 1);
            let number = lease.shape.number(serial);
            if self.taken.contains(&number) {
                continue;
            }
            let place = lease.place.map(|place| place + (serial - lease.first));
            return Some(Numbered {
                number,
                lease: lease.id,
                place: place.and_then(|place| i64::try_from(place).ok()),
            });
        }
    }

    /// The last `count` numbers of one range, for handing on: what the PC gives out next stays in order.
    pub(super) fn end_of_a_range(&self, count: u64) -> Option<(RecordId, u64)> {
        let (_, range) = self.ranges.iter().rev().find(|(_, range)| range.count >= count)?;
        Some((range.lease, range.first + range.count - count))
    }
}

pub(super) fn own(view: &View<'_>) -> Result<Incarnation, Fault> {
    view.memory.incarnation(view.memory.own)
}

/// Every lease that holds: of the county's, or of an office to itself, for numbers that begin with its own digits. Others in
/// an office's stream are none.
pub(super) fn leases(view: &View<'_>) -> Result<Vec<Lease>, Fault> {
    let mut out = Vec::new();
    for (row, lease) in view.select::<NumberLease>("void = 0 ORDER BY rec", &[])? {
        let by = view.memory.incarnation(row.versions.base.0)?;
        let stream = *view.memory.stream_name(row.stream)?;
        let (Some(holder), Some(first), Some(count)) = (lease.holder, lease.first, lease.count) else { continue };
        let holder = Incarnation(holder.0);
        let county = stream == Stream::County;
        if !county {
            let Some(office) = stream.office().filter(|_| holder == by) else { continue };
            // Of an office that is not known here nobody can say which digits are its own.
            if !digits_of(view, Some(office))?.is_some_and(|own| lease.prefix.starts_with(&own)) {
                continue;
            }
        }
        let unsigned = |n: i64| u64::try_from(n).ok();
        let (Some(first), Some(count)) = (unsigned(first), unsigned(count)) else { continue };
        let width = lease.width.and_then(|w| u8::try_from(w).ok()).filter(|w| (1..=9).contains(w));
        let Some(width) = width.filter(|_| count > 0) else { continue };
        let shape = Shape { prefix: lease.prefix, width, check: lease.check == Some(true) };
        if first.saturating_add(count) > shape.most() + 1 {
            continue;
        }
        let place = lease.place.filter(|_| county).and_then(unsigned);
        let office = if county { lease.office } else { stream.office() };
        out.push(Lease { id: row.id, holder, shape, first, count, place, by, office, request: lease.request });
    }
    Ok(out)
}

/// The nine digits in front of a number: those of the office, as far as it has them. `None` of an office that is not known here.
pub(super) fn digits_of(view: &View<'_>, office: Option<RecordId>) -> Result<Option<String>, Fault> {
    let identity = view.office.identity();
    let code = match office {
        Some(office) if office != identity.office => {
            offices_named(view)?.into_iter().find(|(id, ..)| *id == office).map(|(_, _, code)| code)
        }
        _ => Some(identity.code.clone()),
    };
    let digits = |code: String| code.chars().filter(char::is_ascii_digit).take(9).collect::<String>();
    Ok(code.map(digits).map(|digits| format!("{digits:0<9}")))
}

/// What PCs handed on, each within its own office: the office of the giver, the handing, and the request that it answers.
fn handed(view: &View<'_>) -> Result<Vec<(i64, Handing, Option<RecordId>)>, Fault> {
    let mut out = Vec::new();
    for (row, handing) in view.select::<NumberHanding>("void = 0 ORDER BY rec", &[])? {
        let by = view.memory.incarnation(row.versions.base.0)?;
        let number = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
        let (Some(lease), Some(first), Some(count), Some(to)) =
            (handing.lease, number(handing.first), number(handing.count), handing.to)
        else {
            continue;
        };
        let handed = Handing { lease, first, count, to: Incarnation(to.0), by, nth: row.versions.base.1 };
        out.push((row.stream, handed, handing.request));
    }
    Ok(out)
}

fn handings(view: &View<'_>) -> Result<Vec<Handing>, Fault> {
    Ok(handed(view)?.into_iter().map(|(_, handing, _)| handing).collect())
}

/// Whether this PC gives leases.
pub(super) fn gives(view: &View<'_>) -> bool {
    view.office.registrar() || view.office.identity().federation.is_none()
}

/// Requests without an answer that counts; each is one of the PC that wrote it.
pub(super) fn open(view: &View<'_>) -> Result<Vec<(Stored, NumberRequest)>, Fault> {
    let all = view.select::<NumberRequest>("void = 0 ORDER BY rec", &[])?;
    if all.is_empty() {
        return Ok(all);
    }
    let leased: BTreeSet<RecordId> = leases(view)?.iter().filter_map(|l| l.request).collect();
    let handed: BTreeSet<(i64, RecordId)> =
        handed(view)?.into_iter().filter_map(|(stream, _, request)| Some((stream, request?))).collect();
    let mut out = Vec::new();
    for (row, request) in all {
        let by = view.memory.incarnation(row.versions.base.0)?;
        let own = request.holder.is_some_and(|holder| holder.0 == by.0);
        if own && !leased.contains(&row.id) && !handed.contains(&(row.stream, row.id)) {
            out.push((row, request));
        }
    }
    Ok(out)
}

fn stock(view: &View<'_>) -> Result<Stock, Fault> {
    let left = Left::of(view)?;
    let ranges = left.ranges.iter().map(|(lease, range)| StockRange {
        first: lease.shape.number(range.first),
        last: lease.shape.number(range.first + range.count - 1),
        left: range.count,
    });
    let (own, offices) = (own(view)?, offices_named(view)?);
    let mut requests = Vec::new();
    for (row, request) in open(view)? {
        let office = view.memory.stream_name(row.stream)?.office();
        let count = request.count.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        let asks = request.holder.is_some_and(|holder| holder.0 == own.0);
        let same = office == Some(view.office.identity().office);
        let can = match (asks, gives(view)) {
            (_, true) => Some("grant"),
            (false, false) if same && left.end_of_a_range(count).is_some() => Some("hand_on"),
            _ => None,
        };
        let withdrawable = same || gives(view);
        let name = offices.iter().find(|(id, ..)| Some(*id) == office).map(|(_, name, _)| name.clone());
        requests.push(RequestLine {
            id: row.id.to_string(),
            office: name.unwrap_or_else(|| if same { view.office.identity().name.clone() } else { String::new() }),
            own: asks,
            count,
            from: request.from,
            by: view.author(row.made_by)?,
            at: row.made_at,
            can: can.map(Into::into),
            withdrawable,
            note: request.note,
        });
    }
    Ok(Stock {
        left: left.count(),
        low: left.count() < LOW,
        next: left.clone().take().map(|n| n.number),
        ranges: ranges.collect(),
        requests,
        leases: gives(view),
    })
}
