//! Who waits to be admitted: applications that were handed in, and persons who were entered and never admitted.

use chrono::NaiveDate;
use rusqlite::ToSql;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Application, MOST};
use crate::{
    fault::Fault,
    members::{self, Member},
    office::View,
    people::Role,
    record::{Record as _, RecordId},
    registry::Registry,
    store::rows,
};

/// Which of them.
#[derive(Clone, Default, Deserialize, JsonSchema)]
pub struct WaitingAsk {
    /// Persons who were entered, instead of applications.
    #[serde(default)]
    pub entered: bool,
    /// Part of a name or an employer.
    #[serde(default)]
    pub text: Option<String>,
    /// Id of an enterprise.
    #[serde(default)]
    pub enterprise: Option<String>,
    /// Only those that are overdue.
    #[serde(default)]
    pub overdue: bool,
    /// First row.
    #[serde(default)]
    pub offset: u32,
}

/// A window of them.
#[derive(Serialize, JsonSchema)]
pub struct WaitingList {
    /// How many in all.
    pub total: u64,
    /// Fifty at the most, those first that wait longest.
    pub rows: Vec<WaitingRow>,
    /// How many applications wait, whatever was asked.
    pub applications: u64,
    /// How many persons were entered and not admitted.
    pub entered: u64,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
pub struct WaitingRow {
    /// Id of the application, or of the person.
    pub id: String,
    /// Name.
    pub name: String,
    /// What tells two of one name apart.
    pub detail: String,
    /// Of an application: `submitted` or `group_ok`.
    pub state: Option<String>,
    /// To be decided by.
    pub due_on: Option<NaiveDate>,
    /// That day has passed.
    pub overdue: bool,
}

const WINDOW: i64 = 50;

const PENDING: &str = "application.void = 0 AND application.state IN ('submitted', 'group_ok')";

pub(super) fn register(registry: &mut Registry) {
    registry.query("applications.waiting", Role::Viewer, waiting);
}

struct Filter {
    entered: bool,
    stream: Option<i64>,
    like: Option<String>,
    enterprise: Option<[u8; 16]>,
    before: Option<String>,
    merged: String,
}

impl Filter {
    fn of(view: &View<'_>, ask: &WaitingAsk) -> Result<Self, Fault> {
        let enterprise = ask.enterprise.as_ref().map(|id| id.parse::<RecordId>().map_err(|_| Fault::not_found()));
        let text = ask.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        Ok(Self {
            entered: ask.entered,
            stream: view.memory.known_stream(&view.office.own_stream()),
            // What means something in a pattern is only a character here.
            like: text.map(|text| format!("%{}%", text.replace(['%', '_'], ""))),
            enterprise: enterprise.transpose()?.map(|id| id.0),
            before: ask.overdue.then(|| view.today().to_string()),
            merged: if ask.entered { members::counted(view) } else { String::new() },
        })
    }

    fn from(&self) -> String {
        let (table, own) = if self.entered {
            ("member", "member.void = 0 AND member.state = 'none'")
        } else {
            ("application", PENDING)
        };
        let late = if self.entered { " AND ?4 IS NULL" } else { " AND (?4 IS NULL OR application.due_on < ?4)" };
        let Self { merged, .. } = self;
        format!(
            "FROM {table} WHERE {own}{late} AND stream = ?1 AND (?2 IS NULL OR name LIKE ?2 OR employer LIKE ?2)
             AND (?3 IS NULL OR enterprise = ?3){merged}"
        )
    }

    fn params(&self) -> [&dyn ToSql; 4] {
        [&self.stream, &self.like, &self.enterprise, &self.before]
    }

    fn order(&self) -> &'static str {
        if self.entered { "rec" } else { "due_on, rec" }
    }

    fn total(&self, view: &View<'_>) -> Result<u64, Fault> {
        let sql = format!("SELECT count(*) {}", self.from());
        let n: i64 = view.conn.prepare(&sql)?.query_row(&self.params()[..], |r| r.get(0))?;
        Ok(u64::try_from(n).unwrap_or(0))
    }

    fn ids(&self, view: &View<'_>, limit: i64, offset: u32) -> Result<Vec<RecordId>, Fault> {
        let sql = format!("SELECT id {} ORDER BY {} LIMIT {limit} OFFSET {offset}", self.from(), self.order());
        let mut statement = view.conn.prepare(&sql)?;
        Ok(statement.query_map(&self.params()[..], |r| r.get(0).map(RecordId))?.collect::<Result<_, _>>()?)
    }
}

fn waiting(view: &View<'_>, ask: WaitingAsk) -> Result<WaitingList, Fault> {
    let filter = Filter::of(view, &ask)?;
    let today = view.today();
    let kind = if ask.entered { Member::TYPE.name } else { Application::TYPE.name };
    let layout = view.layout(kind)?;
    let mut out = Vec::new();
    for id in filter.ids(view, WINDOW, ask.offset)? {
        let Some(row) = rows::by_id(view.conn, layout, id)? else { continue };
        let line = if ask.entered {
            let (name, detail) = (Member::from_values(&row.values)?.name, members::detail(view, &row.values)?);
            WaitingRow { id: id.to_string(), name, detail, state: None, due_on: None, overdue: false }
        } else {
            let (application, detail) = (Application::from_values(&row.values)?, super::detail(view, &row.values)?);
            let (name, due_on) = (application.name, application.due_on);
            let overdue = due_on.is_some_and(|due| due < today);
            WaitingRow { id: id.to_string(), name, detail, state: row.state, due_on, overdue }
        };
        out.push(line);
    }
    let all = |entered| Filter::of(view, &WaitingAsk { entered, ..WaitingAsk::default() })?.total(view);
    Ok(WaitingList { total: filter.total(view)?, rows: out, applications: all(false)?, entered: all(true)? })
}

/// All of them as applications and persons, as many as fit into one act.
pub(super) fn all(view: &View<'_>, ask: &WaitingAsk) -> Result<(Vec<String>, Vec<String>), Fault> {
    let ids = Filter::of(view, ask)?.ids(view, i64::try_from(MOST).unwrap_or(i64::MAX), 0)?;
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    Ok(if ask.entered { (Vec::new(), ids) } else { (ids, Vec::new()) })
}

/// For the home page: how many applications of this office wait, and how many of them are overdue.
pub(crate) fn count(view: &View<'_>) -> Result<(i64, i64), Fault> {
    let Some(stream) = view.memory.known_stream(&view.office.own_stream()) else { return Ok((0, 0)) };
    let sql = format!(
        "SELECT count(*), count(CASE WHEN due_on < ?2 THEN 1 END) FROM application WHERE {PENDING} AND stream = ?1"
    );
    let today = view.today().to_string();
    Ok(view.conn.prepare_cached(&sql)?.query_row(rusqlite::params![stream, today], |r| Ok((r.get(0)?, r.get(1)?)))?)
}
