//! Finding pairs that are alike without comparing everybody with everybody: entries meet by ID number, birth date or telephone.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::{Datelike as _, NaiveDate};
use rusqlite::{Row as SqlRow, params};

use super::{
    answers::ordered,
    likeness::{Alike, Face, Level, alike},
    names::Form,
};
use crate::{
    checks::id_number::{self, IdKind},
    fault::Fault,
    members::{Member, Membership},
    office::View,
    practice::{self, Practice},
    record::{Record as _, RecordId, Value},
};

/// Two entries that may be one person, the lesser id first.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) pair: (RecordId, RecordId),
    pub(crate) alike: Alike,
    /// Both are memberships now.
    pub(crate) both: bool,
}

/// The local practice that bears on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    shown: i64,
    /// Entries that may share a telephone.
    phone: usize,
}

impl Limits {
    pub(crate) fn of(view: &View<'_>) -> Result<Self, Fault> {
        let phone = practice::of(view, Practice::PhoneShared)?;
        Ok(Self {
            shown: practice::of(view, Practice::DuplicatesShown)?,
            phone: usize::try_from(phone).unwrap_or(usize::MAX),
        })
    }

    fn shows(self, level: Level) -> bool {
        level.number() <= self.shown
    }
}

/// What was found when it was last looked for; looked for again once a member was written, or the practice is another one.
#[derive(Default)]
pub(crate) struct Kept {
    /// How often members have been written since the office was opened.
    version: AtomicU64,
    found: Mutex<Option<LookedFor>>,
}

/// What was found, of which version of the members and by which practice.
type LookedFor = (u64, Limits, Arc<Vec<Found>>);

impl Kept {
    /// Members were written.
    pub(crate) fn stale(&self) {
        self.version.fetch_add(1, Ordering::Relaxed);
    }
}

/// All pairs of this office, or of the county; looked for only where something was written since.
pub(crate) fn all(view: &View<'_>) -> Result<Arc<Vec<Found>>, Fault> {
    let limits = Limits::of(view)?;
    // Read before the rows are: what is written meanwhile is looked for next time.
    let version = view.office.duplicates.version.load(Ordering::Relaxed);
    let mut kept = view.office.duplicates.found.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((of, by, found)) = &*kept
        && *of == version
        && *by == limits
    {
        return Ok(found.clone());
    }
    let found = Arc::new(search(&faces(view)?, limits));
    *kept = Some((version, limits, found.clone()));
    Ok(found)
}

/// The same as it was last found, however long ago; nothing before anybody has asked. The home page must not wait for it.
pub(crate) fn last(view: &View<'_>) -> Option<Arc<Vec<Found>>> {
    let kept = view.office.duplicates.found.try_lock().ok()?;
    kept.as_ref().map(|(_, _, found)| found.clone())
}

/// The columns that are compared, in the order of [`read`].
const COLUMNS: &str = "id, name, former_name, id_kind, id_no, birth_date, mobile, sex, state";
/// Entries of which one may be another's duplicate: not what went to another office, nor one who is being taken in there, whom the
/// transfer brings together with her own entry.
const STANDING: &str = "void = 0 AND coalesce(state, '') NOT IN ('transferred', 'provisional')";

fn read(row: &SqlRow<'_>, today: NaiveDate) -> rusqlite::Result<(RecordId, Face)> {
    let text = |at: usize| -> rusqlite::Result<Option<String>> { row.get(at) };
    let said = Said {
        name: text(1)?,
        former: text(2)?,
        id_kind: text(3)?,
        id_no: text(4)?,
        birth: text(5)?,
        phone: text(6)?,
        sex: text(7)?,
        state: text(8)?,
    };
    Ok((RecordId(row.get(0)?), said.face(today)))
}

/// What an entry says, as it stands in the row or on the form.
struct Said {
    name: Option<String>,
    former: Option<String>,
    id_kind: Option<String>,
    id_no: Option<String>,
    birth: Option<String>,
    phone: Option<String>,
    sex: Option<String>,
    state: Option<String>,
}

impl Said {
    fn face(self, today: NaiveDate) -> Face {
        let kind = self.id_kind.as_deref().and_then(IdKind::from_code).unwrap_or(IdKind::ResidentId);
        let parsed = self.id_no.as_deref().and_then(|number| id_number::check(kind, number, today).ok());
        let checked = matches!(kind, IdKind::ResidentId | IdKind::HkMacauTaiwanResidence | IdKind::PermanentResident);
        let birth = self.birth.as_deref().and_then(|day| day.parse().ok());
        Face {
            name: Form::of(self.name.as_deref().unwrap_or("")),
            former: self.former.as_deref().map(Form::of),
            sound: checked && parsed.is_some(),
            birth: birth.or_else(|| parsed.as_ref().and_then(|parsed| parsed.birth)),
            id: match parsed {
                Some(parsed) => Some(parsed.number.as_str().to_owned()),
                None => self.id_no.map(|number| id_number::mend(&number)).filter(|number| !number.is_empty()),
            },
            phone: self.phone.filter(|phone| !phone.is_empty()),
            sex: self.sex.filter(|sex| !sex.is_empty()),
            holds: Membership::from_key(self.state.as_deref().unwrap_or("")).holds(),
        }
    }
}

fn faces(view: &View<'_>) -> Result<Vec<(RecordId, Face)>, Fault> {
    let today = view.today();
    let mut statement = view.conn.prepare_cached(&format!("SELECT {COLUMNS} FROM member WHERE {STANDING}"))?;
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for row in statement.query_map([], |row| read(row, today))? {
        let (id, face) = row?;
        // Who stands with two offices under one id is one entry.
        if seen.insert(id) {
            out.push((id, face));
        }
    }
    Ok(out)
}

/// Groups up to this size are compared all with all.
const SMALL: usize = 64;

/// Pairs among these entries. Pure.
fn search(all: &[(RecordId, Face)], limits: Limits) -> Vec<Found> {
    let mut ids: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut phones: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut births: HashMap<NaiveDate, Vec<usize>> = HashMap::new();
    for (at, (_, face)) in all.iter().enumerate() {
        if let Some(id) = &face.id {
            ids.entry(id).or_default().push(at);
        }
        if let Some(phone) = &face.phone {
            phones.entry(phone).or_default().push(at);
        }
        if let Some(birth) = face.birth {
            births.entry(birth).or_default().push(at);
        }
    }
    let shared = |phone: &Option<String>| {
        let group = phone.as_deref().and_then(|phone| phones.get(phone));
        group.is_some_and(|group| group.len() > limits.phone)
    };
    let (mut asked, mut out) = (HashSet::new(), Vec::new());
    let mut ask = |a: usize, b: usize| {
        if a == b || !asked.insert((a.min(b), a.max(b))) {
            return;
        }
        let ((one, x), (other, y)) = (&all[a], &all[b]);
        if let Some(alike) = alike(x, y, shared(&x.phone)).filter(|alike| limits.shows(alike.level)) {
            out.push(Found { pair: ordered(*one, *other), alike, both: x.holds && y.holds });
        }
    };
    let ids = ids.values().filter(|group| group.len() > 1);
    let phones = phones.values().filter(|group| (2..=limits.phone).contains(&group.len()));
    for group in ids.chain(phones) {
        each_pair(group, &mut ask);
    }
    for group in births.values() {
        if group.len() <= SMALL {
            each_pair(group, &mut ask);
            continue;
        }
        // A day that was entered for want of a better one: only those meet whose names begin or end alike.
        let mut keys: HashMap<String, Vec<usize>> = HashMap::new();
        for at in group {
            let face = &all[*at].1;
            for form in [Some(&face.name), face.former.as_ref()].into_iter().flatten() {
                for key in form.keys() {
                    keys.entry(key).or_default().push(*at);
                }
            }
        }
        for group in keys.values() {
            each_pair(group, &mut ask);
        }
    }
    // A birth date that was taken down carelessly is looked for only where a number is missing or unsound: two sound numbers that
    // differ speak against it anyway.
    for (at, (_, face)) in all.iter().enumerate().filter(|(_, (_, face))| !face.sound) {
        for day in face.birth.into_iter().flat_map(slips) {
            for other in births.get(&day).into_iter().flatten() {
                ask(at, *other);
            }
        }
    }
    out.sort_unstable_by_key(|found| (found.alike.level, found.pair));
    out
}

fn each_pair(group: &[usize], ask: &mut impl FnMut(usize, usize)) {
    for (place, a) in group.iter().enumerate() {
        for b in &group[place + 1..] {
            ask(*a, *b);
        }
    }
}

/// Days for which one may stand by a slip: day and month exchanged, or one digit another one.
fn slips(day: NaiveDate) -> Vec<NaiveDate> {
    let mut out: Vec<NaiveDate> = NaiveDate::from_ymd_opt(day.year(), day.day(), day.month()).into_iter().collect();
    let digits = day.format("%Y%m%d").to_string();
    for (at, was) in digits.bytes().enumerate() {
        for digit in (b'0'..=b'9').filter(|digit| *digit != was) {
            let mut other = digits.clone();
            other.replace_range(at..=at, &char::from(digit).to_string());
            out.extend(NaiveDate::parse_from_str(&other, "%Y%m%d").ok());
        }
    }
    out.retain(|other| *other != day);
    out.sort_unstable();
    out.dedup();
    out
}

/// Entries that are alike to one that is shown or typed, surest first; by the indices of ID number, birth date and telephone.
pub(crate) fn alike_to(view: &View<'_>, id: Option<RecordId>, face: &Face) -> Result<Vec<(RecordId, Alike)>, Fault> {
    let (limits, today) = (Limits::of(view)?, view.today());
    let mut met: HashMap<RecordId, Face> = HashMap::new();
    let mut meet = |column: &str, value: &str, most: usize| -> Result<usize, Fault> {
        let sql = format!("SELECT {COLUMNS} FROM member WHERE \"{column}\" = ?1 AND {STANDING} LIMIT ?2");
        let mut statement = view.conn.prepare_cached(&sql)?;
        let mut count = 0;
        for row in statement.query_map(params![value, i64::try_from(most).unwrap_or(i64::MAX)], |r| read(r, today))? {
            let (other, face) = row?;
            if Some(other) != id {
                count += 1;
                met.insert(other, face);
            }
        }
        Ok(count)
    };
    if let Some(number) = &face.id {
        meet("id_no", number, MANY)?;
        // As it stood on cards before 1999, where it was kept so.
        if face.sound && number.len() == 18 {
            meet("id_no", &format!("{}{}", &number[..6], &number[8..17]), MANY)?;
        }
    }
    let mut shared = false;
    if let Some(phone) = &face.phone {
        shared = meet("mobile", phone, limits.phone + 1)? >= limits.phone;
    }
    if let Some(birth) = face.birth {
        meet("birth_date", &birth.to_string(), MANY)?;
        for day in slips(birth).into_iter().filter(|_| !face.sound) {
            meet("birth_date", &day.to_string(), MANY)?;
        }
    }
    let told = |(other, met): (RecordId, Face)| Some((other, alike(face, &met, shared)?));
    let mut out: Vec<_> = met.into_iter().filter_map(told).filter(|(_, alike)| limits.shows(alike.level)).collect();
    out.sort_unstable_by_key(|(other, alike)| (alike.level, *other));
    Ok(out)
}

/// Entries of one birth date that are looked at beside one that is shown; more share a day only where it was entered for want of a
/// better one, and then the page of duplicates tells.
const MANY: usize = 100;

/// What is compared of values in the order of the fields.
pub(crate) fn face(values: &[Value], today: NaiveDate) -> Face {
    let get = |field: &str| match Member::TYPE.field(field).map(|place| &values[place]) {
        Some(Value::Text(text)) => Some(text.to_string()),
        _ => None,
    };
    let said = Said {
        name: get("name"),
        former: get("former_name"),
        id_kind: get("id_kind"),
        id_no: get("id_no"),
        birth: get("birth_date"),
        phone: get("mobile"),
        sex: get("sex"),
        state: None,
    };
    said.face(today)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duplicates::likeness::Reason;

    const ALL: Limits = Limits { shown: 3, phone: 3 };

    fn person(n: u8, name: &str, id_no: &str, birth: &str, phone: &str) -> (RecordId, Face) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (id_kind, former, sex) = (None, None, None);
        let said = Said {
            name: some(name),
            former,
            id_kind,
            id_no: some(id_no),
            birth: some(birth),
            phone: some(phone),
            sex,
            state: Some("active".to_owned()),
        };
        (RecordId([n; 16]), said.face("2026-11-24".parse().unwrap()))
    }

    fn pairs(all: &[(RecordId, Face)], limits: Limits) -> Vec<(u8, u8)> {
        search(all, limits).iter().map(|found| (found.pair.0.0[0], found.pair.1.0[0])).collect()
    }

    #[test]
    fn fifteen_digits_and_eighteen_are_one_number() {
        let all = [
            person(1, "王芳", "990101700101001", "", ""),
            person(2, "王兰", "99010119700101001X", "", ""),
            person(3, "王芳", "99010119900615007X", "", ""),
        ];
        assert_eq!(all[0].1.id, all[1].1.id, "the check digit is right");
        let found = search(&all, ALL);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].alike.level, found[0].alike.reasons[0]), (Level::SameId, Reason::SameId));
        assert_eq!(
            all[0].1.birth, all[1].1.birth,
            "what the number says of the birth date counts where nothing else does"
        );
    }

    #[test]
    fn a_telephone_of_a_whole_workshop_tells_nothing() {
        let mut all: Vec<_> = (1..=3).map(|n| person(n, "王芳", "", "", "13900000001")).collect();
        assert_eq!(pairs(&all, ALL), [(1, 2), (1, 3), (2, 3)]);
        all.push(person(4, "李娜", "", "", "13900000001"));
        assert_eq!(pairs(&all, ALL), []);
    }

    #[test]
    fn a_day_that_many_were_given_is_searched_by_names() {
        let given: Vec<char> = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰".chars().collect();
        let surnames: Vec<char> = "王李张刘陈杨黄赵吴周".chars().collect();
        let mut all = Vec::new();
        for (n, surname) in surnames.iter().enumerate() {
            for (m, name) in given.iter().enumerate() {
                let n = u8::try_from(n * given.len() + m).unwrap();
                all.push(person(n, &format!("{surname}{name}{name}"), "", "1970-01-01", ""));
            }
        }
        assert!(all.len() > SMALL);
        all.push(person(250, "王芳方", "", "1970-01-01", ""));
        let near: Vec<(u8, u8)> = pairs(&all, ALL).into_iter().filter(|pair| pair.1 == 250).collect();
        assert!(near.contains(&(1, 250)), "王芳芳 and 王芳方 sound the same: {near:?}");
        // All with all comes to the same.
        let mut slow = Vec::new();
        for (a, (one, x)) in all.iter().enumerate() {
            for (other, y) in &all[a + 1..] {
                slow.extend(alike(x, y, false).map(|_| (one.0[0], other.0[0])));
            }
        }
        let mut fast = pairs(&all, ALL);
        slow.sort_unstable();
        fast.sort_unstable();
        assert_eq!(fast, slow);
    }

    #[test]
    fn a_careless_birth_date_is_found_where_a_number_is_missing() {
        let all = [
            person(1, "王芳", "", "1990-05-06", ""),
            person(2, "王芳", "", "1990-06-05", ""),
            person(3, "王芳", "", "1990-05-07", ""),
            person(4, "李娜", "", "1990-06-05", ""),
        ];
        assert_eq!(pairs(&all, ALL), [(1, 2), (1, 3)]);
        assert_eq!(pairs(&all, Limits { shown: 2, ..ALL }), [], "an office that wants to see the likely ones only");
    }
}
