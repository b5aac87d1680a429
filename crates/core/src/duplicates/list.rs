//! What a clerk reads: the pairs that may be one person, with reasons and both entries side by side; what the county has answered;
//! and the quiet line on a member's page.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::{
    Verdict,
    answers::{self, Answer, ordered},
    commands::said_apart,
    find::{self, Found},
    likeness::{Alike, Level, ReasonLine, alike},
};
use crate::{
    fault::Fault,
    members::{self, Links, Member, Membership, Reader, SamePerson},
    office::View,
    organisations::offices_named,
    people::Role,
    record::{Record as _, RecordId, Value},
    records::{self, Candidate, Row},
    registry::Registry,
    store::rows::{self, Stored},
    words::Say,
};

/// Which of them.
#[derive(Default, Deserialize, JsonSchema)]
pub struct DuplicatesAsk {
    /// `open`, the default, or `looked_at`: of whom somebody has said that they are two persons.
    #[serde(default)]
    pub which: Option<String>,
    /// First row.
    #[serde(default)]
    pub offset: u32,
    /// Rows, 50 at the most; none where only the numbers are wanted.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Pairs that may be one person.
#[derive(Serialize, JsonSchema)]
pub struct Duplicates {
    /// Pairs that wait for a person.
    pub open: u64,
    /// Pairs of which somebody has said that they are two persons.
    pub looked_at: u64,
    /// Rows of the list that was asked for.
    pub total: u64,
    /// The window, what needs a decision most first.
    pub rows: Vec<DuplicateRow>,
    /// What the county has answered on entries of this office; at the county what it has answered. Newest first.
    pub answers: Vec<AnswerLine>,
    /// Whether this PC answers for two offices.
    pub county: bool,
}

/// A pair.
#[derive(Serialize, JsonSchema)]
pub struct DuplicateRow {
    /// `same_id`, `likely` or `possible`; nothing where the entries are not alike any more.
    pub level: Option<String>,
    /// `open`; `looked_at`; `contradicted`, where it was said both that they are one person and that they are two; `disputed`, where
    /// two PCs of the county answered differently; `counted_gone`, where the entry that counts is no membership any more.
    pub state: String,
    /// What that means and what to do, where it is not `open`.
    pub say: Option<Say>,
    /// Why.
    pub reasons: Vec<ReasonLine>,
    /// Both are memberships now: the person is counted twice.
    pub both: bool,
    /// They were merged; taken apart by deciding that they are two.
    pub linked: bool,
    /// The two entries.
    pub sides: Vec<DuplicateSide>,
    /// Fields in which they differ, also where a mask hides it.
    pub differs: Vec<String>,
    /// What was said of them before.
    pub said: Vec<SaidLine>,
}

/// One of the two.
#[derive(Serialize, JsonSchema)]
pub struct DuplicateSide {
    /// As lists show it.
    pub row: Row,
    /// The office that has it.
    pub office: String,
}

/// What somebody said of a pair.
#[derive(Serialize, JsonSchema)]
pub struct SaidLine {
    /// That they are one person; else that they are two.
    pub same: bool,
    /// Who.
    pub by: Say,
    /// Day.
    pub on: String,
    /// On what grounds.
    pub reason: String,
}

/// An answer of the county, as one entry sees it.
#[derive(Serialize, JsonSchema)]
pub struct AnswerLine {
    /// Id of the answer.
    pub id: String,
    /// The entry that is here; at the county the one that steps back, or the first.
    pub entry: String,
    /// Its name.
    pub title: String,
    /// What tells two of one name apart.
    pub detail: String,
    /// The office that has it.
    pub own: String,
    /// The office that has the other entry.
    pub office: String,
    /// `same`, `different`, or `open` where the county took an answer back.
    pub verdict: String,
    /// Of one person: whether the entry that is here counts.
    pub counted_here: bool,
    /// On what grounds.
    pub reason: String,
    /// Day.
    pub on: String,
    /// Read by this office; at the county by both.
    pub heard: bool,
}

/// Rows of one window at the most.
const WINDOW: u32 = 50;

pub(super) fn register(registry: &mut Registry) {
    registry.query("members.duplicates", Role::Viewer, list);
}

/// What has become of a pair, in the order in which pairs are listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Contradicted,
    Disputed,
    CountedGone,
    Open,
    LookedAt,
}

impl State {
    const fn key(self) -> &'static str {
        match self {
            Self::Contradicted => "contradicted",
            Self::Disputed => "disputed",
            Self::CountedGone => "counted_gone",
            Self::Open => "open",
            Self::LookedAt => "looked_at",
        }
    }

    fn say(self, same_id: bool) -> Option<Say> {
        Some(match self {
            Self::Contradicted => Say::new(
                "有人认定是同一人，也有人认定不是，两边当时都没看到对方的认定。在您决定之前两条各自计数，请核对后选一个。",
                "Somebody said that they are one person, somebody that they are two, and neither had read the other. Until you decide each counts for itself: look at them and choose.",
            ),
            Self::Disputed => Say::new(
                "县总工会两台电脑作了不同的答复，现在按后列的一条办。请核对后重新答复。",
                "Two PCs of the county have answered differently; the one that is shown counts. Look at them and answer again.",
            ),
            Self::CountedGone => Say::new(
                "答复里计入会籍的那一条已经作废或不再是会员，另一条还是会员。请核对后重新答复。",
                "The entry that was to count was made void or is no membership any more, while the other one is. Look at them and answer again.",
            ),
            Self::LookedAt if same_id => Say::new(
                "已认定不是同一人，但证件号码相同：两个人不会有同一个号码，请更正其中一条的号码。",
                "Said to be two persons, and yet of one ID number: no two people have that. Correct the number of one of them.",
            ),
            Self::Open | Self::LookedAt => return None,
        })
    }
}

struct Line {
    pair: (RecordId, RecordId),
    alike: Option<Alike>,
    state: State,
    both: bool,
}

/// All pairs with what was said of them: those that wait for a person, and those that were looked at.
struct Weighed {
    open: Vec<Line>,
    looked_at: Vec<Line>,
}

impl Weighed {
    /// Pairs that nobody has looked at, or of which somebody has to decide again.
    fn waiting(&self) -> usize {
        self.open.iter().filter(|line| line.state != State::LookedAt).count()
    }
}

fn weigh(view: &View<'_>, found: &[Found]) -> Result<Weighed, Fault> {
    let links = members::links(view.conn, Reader::of(view))?;
    let heads = links.heads();
    let apart: BTreeSet<(RecordId, RecordId)> =
        links.apart.iter().map(|(one, other, _)| ordered(*one, *other)).collect();
    let (mut open, mut looked_at, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut doubted = |pair, state, open: &mut Vec<Line>| {
        if seen.insert(pair) {
            open.push(Line { pair, alike: None, state, both: true });
        }
    };
    for pair in links.contradicted() {
        doubted(pair, State::Contradicted, &mut open);
    }
    if view.office.identity().county {
        for answer in answers::of(view)? {
            if answer.disputed {
                doubted(answer.pair(), State::Disputed, &mut open);
            } else if counted_gone(view, &answer)? {
                doubted(answer.pair(), State::CountedGone, &mut open);
            }
        }
    }
    for Found { pair, alike, both } in found {
        // Whoever stands for an entry is asked for it, as far as that is here.
        let of = |entry: RecordId| {
            heads.get(&entry).filter(|head| !links.elsewhere.contains(head)).copied().unwrap_or(entry)
        };
        let pair = ordered(of(pair.0), of(pair.1));
        if pair.0 == pair.1 || !seen.insert(pair) {
            continue;
        }
        let line = |state| Line { pair, alike: Some(alike.clone()), state, both: *both };
        if !apart.contains(&pair) {
            open.push(line(State::Open));
            continue;
        }
        looked_at.push(line(State::LookedAt));
        if alike.level == Level::SameId {
            open.push(line(State::LookedAt));
        }
    }
    let level = |line: &Line| line.alike.as_ref().map(|alike| alike.level);
    open.sort_by_key(|line| (line.state, !line.both, level(line), line.pair));
    looked_at.sort_by_key(|line| (level(line), line.pair));
    Ok(Weighed { open, looked_at })
}

/// Whether the entry that the county let count is no membership any more while the other one is.
fn counted_gone(view: &View<'_>, answer: &Answer) -> Result<bool, Fault> {
    let (Some(stays), Some(back)) = (answer.stays, answer.back()) else { return Ok(false) };
    let layout = view.layout(Member::TYPE.name)?;
    let (Some(stays), Some(back)) = (rows::by_id(view.conn, layout, stays)?, rows::by_id(view.conn, layout, back)?)
    else {
        return Ok(false);
    };
    Ok(!holds(&stays) && holds(&back))
}

fn holds(row: &Stored) -> bool {
    !row.void && Membership::from_key(row.state.as_deref().unwrap_or("")).holds()
}

/// How many pairs wait, for the home page: as far as they have been looked for since the office was opened.
pub(crate) fn open(view: &View<'_>) -> Result<i64, Fault> {
    let found = find::last(view).unwrap_or_default();
    Ok(i64::try_from(weigh(view, &found)?.waiting()).unwrap_or(i64::MAX))
}

fn list(view: &View<'_>, ask: DuplicatesAsk) -> Result<Duplicates, Fault> {
    let weighed = weigh(view, &find::all(view)?)?;
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let (open, looked_at) = (count(weighed.waiting()), count(weighed.looked_at.len()));
    let lines = match ask.which.as_deref() {
        None | Some("" | "open") => weighed.open,
        Some("looked_at") => weighed.looked_at,
        Some(_) => return Err(Fault::question("which")),
    };
    let limit = ask.limit.unwrap_or(20).min(WINDOW) as usize;
    let links = members::links(view.conn, Reader::of(view))?.raw();
    let offices = Offices::of(view)?;
    let mut rows = Vec::new();
    for line in lines.iter().skip(ask.offset as usize).take(limit) {
        rows.extend(row(view, line, &links, &offices)?);
    }
    let answers = if limit == 0 { Vec::new() } else { answer_lines(view, &offices)? };
    let county = view.office.identity().county;
    Ok(Duplicates { open, looked_at, total: count(lines.len()), rows, answers, county })
}

/// Names of offices.
struct Offices {
    own: (RecordId, String),
    all: BTreeMap<RecordId, String>,
}

impl Offices {
    fn of(view: &View<'_>) -> Result<Self, Fault> {
        let own = view.office.identity();
        let all = offices_named(view)?.into_iter().map(|(id, name, _)| (id, name)).collect();
        Ok(Self { own: (own.office, own.name.clone()), all })
    }

    fn name(&self, office: Option<RecordId>) -> String {
        match office {
            Some(office) if office == self.own.0 => self.own.1.clone(),
            Some(office) => self.all.get(&office).cloned().unwrap_or_default(),
            None => String::new(),
        }
    }
}

fn row(view: &View<'_>, line: &Line, links: &Links, offices: &Offices) -> Result<Option<DuplicateRow>, Fault> {
    let layout = view.layout(Member::TYPE.name)?;
    let (one, other) = line.pair;
    let (Some(a), Some(b)) = (rows::by_id(view.conn, layout, one)?, rows::by_id(view.conn, layout, other)?) else {
        return Ok(None);
    };
    let side = |row: &Stored| -> Result<DuplicateSide, Fault> {
        let office = view.memory.stream_name(row.stream)?.office();
        Ok(DuplicateSide { row: records::list_line(view, layout, row)?, office: offices.name(office) })
    };
    let found = match &line.alike {
        Some(found) => Some(found.clone()),
        None => alike(&find::face(&a.values, view.today()), &find::face(&b.values, view.today()), false),
    };
    let same_id = found.as_ref().is_some_and(|found| found.level == Level::SameId);
    let differs = layout.ty.fields.iter().zip(a.values.iter().zip(&b.values)).filter(|(_, (a, b))| a != b);
    Ok(Some(DuplicateRow {
        level: found.as_ref().map(|found| found.level.key().to_owned()),
        state: line.state.key().to_owned(),
        say: line.state.say(same_id),
        reasons: found.iter().flat_map(|found| found.reasons.iter().map(|reason| reason.line())).collect(),
        both: holds(&a) && holds(&b),
        linked: links.person(one).contains(&other),
        sides: vec![side(&a)?, side(&b)?],
        differs: differs.map(|(field, _)| field.name.to_owned()).collect(),
        said: said(view, line.pair, links)?,
    }))
}

fn said(view: &View<'_>, (one, other): (RecordId, RecordId), links: &Links) -> Result<Vec<SaidLine>, Fault> {
    let (mut out, person) = (Vec::new(), links.person(one));
    if person.contains(&other) {
        let day = |wall: i64| crate::store::today(wall).to_string();
        for (row, link) in view.select::<SamePerson>("void = 0 ORDER BY made_at, id", &[])? {
            if [link.member, link.into].iter().all(|entry| entry.is_some_and(|entry| person.contains(&entry))) {
                let by = view.author(row.made_by)?;
                let by = Say::owned(by.clone(), by);
                out.push(SaidLine { same: true, by, on: day(row.made_at), reason: link.reason });
            }
        }
        for answer in answers::of(view)? {
            if answer.verdict == Verdict::Same && answer.sides.iter().all(|(entry, _)| person.contains(entry)) {
                let (by, on) = (the_county(), day(answer.made_at));
                out.push(SaidLine { same: true, by, on, reason: answer.reason });
            }
        }
    }
    if let Some((by, on, reason)) = said_apart(view, one, other)? {
        out.push(SaidLine { same: false, by, on, reason });
    }
    Ok(out)
}

pub(super) const fn the_county() -> Say {
    Say::new("县总工会", "the county federation")
}

/// Answers on entries that are here, newest first. One that was taken back is told until it is read.
fn answer_lines(view: &View<'_>, offices: &Offices) -> Result<Vec<AnswerLine>, Fault> {
    let layout = view.layout(Member::TYPE.name)?;
    let county = view.office.identity().county;
    let own = view.memory.known_stream(&view.office.own_stream());
    let mut heard = view.conn.prepare_cached("SELECT stream FROM answer_heard WHERE answer = ?1 AND void = 0")?;
    let mut all = answers::of(view)?;
    all.sort_by_key(|answer| std::cmp::Reverse((answer.made_at, answer.id)));
    let mut out = Vec::new();
    for answer in all {
        let back = answer.back();
        let here =
            |side: &&(RecordId, Option<RecordId>)| if county { back.is_none_or(|back| back == side.0) } else { true };
        let mut line = None;
        for (entry, office) in answer.sides.iter().filter(here) {
            if let Some(row) = rows::by_id(view.conn, layout, *entry)? {
                let other = answer.sides.iter().find(|(id, _)| id != entry).and_then(|(_, office)| *office);
                line = Some((row, *office, other));
                break;
            }
        }
        let Some((row, office, other)) = line else { continue };
        let by: BTreeSet<i64> = heard.query_map([answer.id.0], |r| r.get(0))?.collect::<Result<_, _>>()?;
        let read = if county {
            let offices = answer.sides.iter().filter_map(|(_, office)| *office);
            let streams = offices.map(|office| view.memory.known_stream(&niangjia_replication::Stream::Office(office)));
            streams.flatten().all(|stream| by.contains(&stream) || Some(stream) == own)
        } else {
            own.is_some_and(|own| by.contains(&own))
        };
        if answer.verdict == Verdict::Open && read {
            continue;
        }
        out.push(AnswerLine {
            id: answer.id.to_string(),
            entry: row.id.to_string(),
            title: records::shown(view, crate::record::Kind::Text, &row.values[layout.ty.title], false)?
                .zh
                .into_owned(),
            detail: members::detail(view, &row.values)?,
            own: offices.name(office),
            office: offices.name(other),
            verdict: answer.verdict.key().to_owned(),
            counted_here: answer.stays == Some(row.id),
            reason: answer.reason,
            on: crate::store::today(answer.made_at).to_string(),
            heard: read,
        });
    }
    Ok(out)
}

/// Answers of the county that this office has not read yet.
pub(crate) fn answers_unheard(view: &View<'_>) -> Result<i64, Fault> {
    if view.office.identity().county {
        return Ok(0);
    }
    let lines = answer_lines(view, &Offices::of(view)?)?;
    Ok(i64::try_from(lines.iter().filter(|line| !line.heard).count()).unwrap_or(i64::MAX))
}

/// Entries of a member's page at the most.
const FEW: usize = 5;

/// For a member's page: entries that may be the same person, and what the county has answered.
pub(crate) fn derived(
    view: &View<'_>,
    id: RecordId,
    values: &[Value],
    out: &mut Map<String, Json>,
) -> Result<(), Fault> {
    if answers::of(view)?.iter().any(|answer| answer.sides.iter().any(|(entry, _)| *entry == id)) {
        let lines = answer_lines(view, &Offices::of(view)?)?;
        let mine: Vec<AnswerLine> = lines.into_iter().filter(|line| line.entry == id.to_string()).collect();
        if !mine.is_empty() {
            out.insert("answers".into(), json!(mine));
        }
    }
    let links = members::links(view.conn, Reader::of(view))?;
    let heads = links.heads();
    // On the page of an entry that stepped back the one that stands for it is named; that one's page tells of others.
    if heads.contains_key(&id) {
        return Ok(());
    }
    let (layout, mut lines, mut seen) = (view.layout(Member::TYPE.name)?, Vec::new(), BTreeSet::new());
    for (other, found) in find::alike_to(view, Some(id), &find::face(values, view.today()))? {
        let other = heads.get(&other).copied().unwrap_or(other);
        let said = links.apart.iter().any(|(one, two, _)| ordered(*one, *two) == ordered(id, other));
        if other == id || said || !seen.insert(other) || lines.len() == FEW {
            continue;
        }
        let Some(row) = rows::by_id(view.conn, layout, other)? else { continue };
        lines.push(json!({
            "id": other.to_string(),
            "title": records::shown(view, crate::record::Kind::Text, &row.values[layout.ty.title], false)?.zh,
            "detail": members::detail(view, &row.values)?,
            "level": found.level.key(),
            "reasons": found.reasons.iter().map(|reason| reason.say()).collect::<Vec<_>>(),
        }));
    }
    if !lines.is_empty() {
        out.insert("alike".into(), lines.into());
    }
    Ok(())
}

/// While a new entry is typed: who may be here already. The same ID number is refused beside it, and not told twice.
pub(crate) fn typed(view: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    let face = find::face(&candidate.values, view.today());
    let found = find::alike_to(view, None, &face)?;
    let layout = view.layout(Member::TYPE.name)?;
    for (other, found) in found.into_iter().filter(|(_, found)| found.level != Level::SameId).take(FEW) {
        let Some(row) = rows::by_id(view.conn, layout, other)? else { continue };
        let title = records::shown(view, crate::record::Kind::Text, &row.values[layout.ty.title], false)?.zh;
        let detail = members::detail(view, &row.values)?;
        let say = |of: fn(&Say) -> &str, between: &str| {
            found.reasons.iter().map(|reason| of(&reason.say()).to_owned()).collect::<Vec<_>>().join(between)
        };
        let (zh, en) = (say(|say| &say.zh, "、"), say(|say| &say.en, ", "));
        candidate.notice(
            "name",
            "perhaps_registered",
            Say::owned(
                format!("可能已经登记过：{title}（{detail}），{zh}。请先核对，不要重复建档。"),
                format!("Perhaps registered already: {title} ({detail}); {en}. Look at that entry before you make a second one."),
            ),
        );
    }
    Ok(())
}
