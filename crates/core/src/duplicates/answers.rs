//! The county's answers on entries of two offices: one person, and where the membership is counted; or two. They stand in the
//! county's stream, so both offices read the same change, and begin and stop to count with it.

use std::collections::BTreeMap;

use niangjia_derive::Record;
use niangjia_replication::Stream;
use rusqlite::Connection;

use crate::{
    fault::Fault,
    office::{Desk, View},
    record::RecordId,
};

/// The county's word on two entries. Of several the one with the highest number counts.
#[derive(Clone, Record)]
#[record(
    name = "duplicate_answer",
    plural = "duplicate_answers",
    zh = "判重答复",
    en = "Answer on a duplicate",
    title = "reason"
)]
pub struct DuplicateAnswer {
    #[field(zh = "条目", en = "Entry", link = "member", required)]
    pub one: Option<RecordId>,
    #[field(zh = "另一条目", en = "Other entry", link = "member", required)]
    pub other: Option<RecordId>,
    #[field(zh = "条目所在工会", en = "Office of the entry", kind = "bytes", required)]
    pub one_office: Option<RecordId>,
    #[field(zh = "另一条目所在工会", en = "Office of the other entry", kind = "bytes", required)]
    pub other_office: Option<RecordId>,
    /// `same`, `different`, or `open` where an answer was taken back.
    #[field(zh = "答复", en = "Answer", required)]
    pub verdict: String,
    /// The entry that counts.
    #[field(zh = "计入的条目", en = "Entry that counts", kind = "bytes")]
    pub stays: Option<RecordId>,
    #[field(zh = "依据", en = "Grounds", required)]
    pub reason: String,
    #[field(zh = "次序", en = "Number", required)]
    pub nth: Option<i64>,
}

/// What the county says of two entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Same,
    Different,
    /// Nothing any more.
    Open,
}

impl Verdict {
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Open => "open",
        }
    }

    /// What a newer version says otherwise says nothing here.
    fn from_key(key: &str) -> Self {
        [Self::Same, Self::Different].into_iter().find(|verdict| verdict.key() == key).unwrap_or(Self::Open)
    }
}

/// The answer on a pair that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) id: RecordId,
    /// The entries, each with the office that had it when the county answered.
    pub(crate) sides: [(RecordId, Option<RecordId>); 2],
    pub(crate) verdict: Verdict,
    /// Of one person the entry that counts.
    pub(crate) stays: Option<RecordId>,
    pub(crate) reason: String,
    pub(crate) nth: i64,
    pub(crate) made_at: i64,
    /// Two PCs of the county have answered without having heard of each other, and not the same.
    pub(crate) disputed: bool,
}

impl Answer {
    pub(crate) fn pair(&self) -> (RecordId, RecordId) {
        ordered(self.sides[0].0, self.sides[1].0)
    }

    /// Of one person the entry that does not count.
    pub(crate) fn back(&self) -> Option<RecordId> {
        let stays = self.stays.filter(|_| self.verdict == Verdict::Same)?;
        self.sides.iter().map(|(entry, _)| *entry).find(|entry| *entry != stays)
    }

    fn says(&self) -> (Verdict, Option<RecordId>) {
        (self.verdict, self.stays.filter(|_| self.verdict == Verdict::Same))
    }
}

/// Two entries, whichever was named first.
pub(crate) fn ordered(one: RecordId, other: RecordId) -> (RecordId, RecordId) {
    (one.min(other), one.max(other))
}

/// Of all answers those that count, by pair: the one with the highest number, then the greatest id. Pure.
fn counting(all: Vec<Answer>) -> Vec<Answer> {
    let mut newest: BTreeMap<(RecordId, RecordId), Answer> = BTreeMap::new();
    for answer in all {
        match newest.get_mut(&answer.pair()) {
            None => {
                newest.insert(answer.pair(), answer);
            }
            Some(kept) => {
                let differs = kept.nth == answer.nth && (kept.disputed || kept.says() != answer.says());
                if (answer.nth, answer.id) > (kept.nth, kept.id) {
                    *kept = Answer { disputed: differs, ..answer };
                } else {
                    kept.disputed |= differs;
                }
            }
        }
    }
    newest.into_values().collect()
}

/// The answers that count. `county` is the number of the county's stream here; what stands in any other is nobody's word.
pub(crate) fn answers(conn: &Connection, county: Option<i64>) -> Result<Vec<Answer>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT id, one, other, one_office, other_office, verdict, stays, reason, nth, made_at FROM duplicate_answer
         WHERE stream = ?1 AND void = 0 AND one IS NOT NULL AND other IS NOT NULL AND one <> other",
    )?;
    let rows = statement.query_map([county], |r| {
        let office = |at: usize| Ok::<_, rusqlite::Error>(r.get::<_, Option<[u8; 16]>>(at)?.map(RecordId));
        let sides = [(RecordId(r.get(1)?), office(3)?), (RecordId(r.get(2)?), office(4)?)];
        let verdict = Verdict::from_key(&r.get::<_, Option<String>>(5)?.unwrap_or_default());
        // An answer that names a third entry says nothing.
        let stays = office(6)?.filter(|stays| sides.iter().any(|(entry, _)| entry == stays));
        let verdict = if verdict == Verdict::Same && stays.is_none() { Verdict::Open } else { verdict };
        Ok(Answer {
            id: RecordId(r.get(0)?),
            sides,
            verdict,
            stays,
            reason: r.get::<_, Option<String>>(7)?.unwrap_or_default(),
            nth: r.get::<_, Option<i64>>(8)?.unwrap_or(0),
            made_at: r.get(9)?,
            disputed: false,
        })
    })?;
    Ok(counting(rows.collect::<Result<_, _>>()?))
}

/// The same for a query.
pub(crate) fn of(view: &View<'_>) -> Result<Vec<Answer>, Fault> {
    answers(view.conn, view.memory.known_stream(&Stream::County))
}

/// What the county says that the newest answer is to say.
pub(crate) struct Said<'s> {
    pub(crate) verdict: Verdict,
    pub(crate) stays: Option<RecordId>,
    pub(crate) reason: &'s str,
}

/// The county answers.
pub(crate) fn answer(
    desk: &mut Desk<'_>,
    (one, one_stream): (RecordId, i64),
    (other, other_stream): (RecordId, i64),
    said: &Said<'_>,
) -> Result<(), Fault> {
    let view = desk.view();
    let office = |stream: i64| Ok::<_, Fault>(view.memory.stream_name(stream)?.office());
    let before = of(&view)?.into_iter().find(|answer| answer.pair() == ordered(one, other));
    let answer = DuplicateAnswer {
        one: Some(one),
        other: Some(other),
        one_office: office(one_stream)?,
        other_office: office(other_stream)?,
        verdict: said.verdict.key().to_owned(),
        stays: said.stays,
        reason: said.reason.to_owned(),
        nth: Some(before.map_or(0, |answer| answer.nth) + 1),
    };
    desk.act.create(&Stream::County, answer, None).map(|_| ())
}

/// The county takes back what it answered on a pair; where it has not, nothing is written.
pub(crate) fn take_back(desk: &mut Desk<'_>, pair: (RecordId, RecordId), reason: &str) -> Result<bool, Fault> {
    let stands = |answer: &Answer| answer.pair() == pair && answer.verdict != Verdict::Open;
    let Some(before) = of(&desk.view())?.into_iter().find(stands) else { return Ok(false) };
    let [one, other] = before.sides;
    let answer = DuplicateAnswer {
        one: Some(one.0),
        other: Some(other.0),
        one_office: one.1,
        other_office: other.1,
        verdict: Verdict::Open.key().to_owned(),
        stays: None,
        reason: reason.to_owned(),
        nth: Some(before.nth + 1),
    };
    desk.act.create(&Stream::County, answer, None)?;
    Ok(true)
}

/// Only the county's clerks answer for two offices.
pub(crate) fn county_answered() -> Fault {
    Fault::new(
        "county_answered",
        "这是县总工会的答复，两个工会都按它办，本单位不能改，没有做任何改动。认为不对的，请联系县总工会。",
        "This is the county's answer, which both unions go by; it cannot be changed here and nothing was. If it is wrong, call the county federation.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record as _;

    fn said(id: u8, nth: i64, verdict: Verdict, stays: Option<u8>) -> Answer {
        let entry = |n: u8| RecordId([n; 16]);
        Answer {
            id: entry(id),
            sides: [(entry(1), None), (entry(2), None)],
            verdict,
            stays: stays.map(entry),
            reason: String::new(),
            nth,
            made_at: 0,
            disputed: false,
        }
    }

    /// In every order of three the same counts.
    fn counts(all: [Answer; 3]) -> Answer {
        let mut orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
            .map(|order| counting(order.map(|place| all[place].clone()).to_vec()));
        let first = orders[0].pop().unwrap();
        assert!(orders[1..].iter().all(|other| other.as_slice() == [first.clone()]));
        first
    }

    #[test]
    fn what_stands_in_any_other_stream_is_nobody_s_word() {
        let conn = Connection::open_in_memory().unwrap();
        for layout in crate::record::Schema::new(&[DuplicateAnswer::TYPE]).all() {
            conn.execute_batch(&(layout.create() + &layout.create_indices())).unwrap();
        }
        let said = |id: u8, stream: i64, void: bool, nth: i64| {
            conn.execute(
                "INSERT INTO duplicate_answer (id, stream, ver_inc, ver_ctr, made_by, made_at, void, one, other, verdict, stays, nth)
                 VALUES (?1, ?2, 1, 1, 1, 0, ?3, ?4, ?5, 'same', ?4, ?6)",
                rusqlite::params![[id; 16], stream, void, [1_u8; 16], [2_u8; 16], nth],
            )
            .unwrap();
        };
        // An office writes what it likes into its own stream, and with whatever number.
        said(9, 7, false, 99);
        assert_eq!(answers(&conn, Some(3)).unwrap(), []);
        assert_eq!(answers(&conn, None).unwrap(), [], "an office that works alone has no county");
        said(8, 3, false, 1);
        said(6, 3, true, 2);
        let [answer] = answers(&conn, Some(3)).unwrap().try_into().unwrap();
        assert_eq!((answer.id.0[0], answer.back()), (8, Some(RecordId([2; 16]))));
    }

    #[test]
    fn the_newest_answer_counts_in_whatever_order_they_come() {
        use Verdict::{Different, Open, Same};
        let newest = counts([said(9, 1, Same, Some(1)), said(8, 2, Different, None), said(7, 3, Open, None)]);
        assert_eq!((newest.verdict, newest.disputed), (Open, false));
        let two = counts([said(9, 1, Same, Some(1)), said(7, 2, Same, Some(1)), said(8, 2, Same, Some(2))]);
        assert_eq!((two.stays, two.disputed), (Some(RecordId([2; 16])), true), "two PCs of the county");
        let agreed = counts([said(9, 1, Different, None), said(7, 2, Same, Some(1)), said(8, 2, Same, Some(1))]);
        assert_eq!((agreed.id.0[0], agreed.disputed), (8, false), "who say the same are of one mind");
        let three = counts([said(3, 2, Same, Some(1)), said(5, 2, Different, None), said(4, 2, Same, Some(1))]);
        assert!(three.disputed && three.verdict == Different);
    }
}
