//! Members who have no card yet: whom a batch is ordered for.

use rusqlite::ToSql;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::MOST;
use crate::{
    fault::Fault,
    members::{Member, counted, detail},
    office::View,
    people::Role,
    record::{Record as _, RecordId},
    registry::Registry,
    store::rows,
};

/// Which of them.
#[derive(Clone, Default, Deserialize, JsonSchema)]
pub struct WantingAsk {
    /// Part of a name, an employer or a member number.
    #[serde(default)]
    pub text: Option<String>,
    /// Id of a union.
    #[serde(default)]
    pub organisation: Option<String>,
    /// Id of an enterprise.
    #[serde(default)]
    pub enterprise: Option<String>,
    /// First row.
    #[serde(default)]
    pub offset: u32,
}

/// A window of them.
#[derive(Serialize, JsonSchema)]
pub struct Wanting {
    /// How many in all.
    pub total: u64,
    /// Fifty at the most.
    pub rows: Vec<WantingRow>,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
pub struct WantingRow {
    /// Id of the member.
    pub id: String,
    /// Name.
    pub name: String,
    /// What tells two of one name apart.
    pub detail: String,
}

const WINDOW: i64 = 50;

const CONDITION: &str = "member.void = 0 AND member.stream = ?1 AND member.state IN ('active', 'retained')
    AND (?2 IS NULL OR member.name LIKE ?2 OR member.employer LIKE ?2 OR member.member_no LIKE ?2)
    AND (?3 IS NULL OR member.organisation = ?3) AND (?4 IS NULL OR member.enterprise = ?4)
    AND NOT EXISTS (SELECT 1 FROM card WHERE card.member = member.id AND card.void = 0
        AND card.state IN ('ordered', 'printed', 'held', 'lost'))";

pub(super) fn register(registry: &mut Registry) {
    registry.query("cards.wanting", Role::Viewer, wanting);
}

struct Filter {
    stream: Option<i64>,
    like: Option<String>,
    organisation: Option<[u8; 16]>,
    enterprise: Option<[u8; 16]>,
}

impl Filter {
    fn of(view: &View<'_>, ask: &WantingAsk) -> Result<Self, Fault> {
        let id = |text: &Option<String>| -> Result<Option<[u8; 16]>, Fault> {
            text.as_ref().map(|t| t.parse::<RecordId>().map(|id| id.0).map_err(|_| Fault::not_found())).transpose()
        };
        let text = ask.text.as_deref().map(str::trim).filter(|t| !t.is_empty());
        Ok(Self {
            stream: view.memory.known_stream(&view.office.own_stream()),
            // What means something in a pattern is only a character here.
            like: text.map(|t| format!("%{}%", t.replace(['%', '_'], ""))),
            organisation: id(&ask.organisation)?,
            enterprise: id(&ask.enterprise)?,
        })
    }

    fn params(&self) -> [&dyn ToSql; 4] {
        [&self.stream, &self.like, &self.organisation, &self.enterprise]
    }
}

fn wanting(view: &View<'_>, ask: WantingAsk) -> Result<Wanting, Fault> {
    let filter = Filter::of(view, &ask)?;
    let counted = counted(view);
    let total: i64 = view
        .conn
        .prepare(&format!("SELECT count(*) FROM member WHERE {CONDITION}{counted}"))?
        .query_row(&filter.params()[..], |r| r.get(0))?;
    let layout = view.layout(Member::TYPE.name)?;
    let mut out = Vec::new();
    for rec in recs(view, &filter, WINDOW, ask.offset)? {
        let Some(row) = rows::by_rec(view.conn, layout, rec)? else { continue };
        let name = Member::from_values(&row.values)?.name;
        out.push(WantingRow { id: row.id.to_string(), name, detail: detail(view, &row.values)? });
    }
    Ok(Wanting { total: u64::try_from(total).unwrap_or(0), rows: out })
}

fn recs(view: &View<'_>, filter: &Filter, limit: i64, offset: u32) -> Result<Vec<i64>, Fault> {
    // Of a person with two entries the one that stays is asked for.
    let counted = counted(view);
    let sql = format!("SELECT rec FROM member WHERE {CONDITION}{counted} ORDER BY rec LIMIT {limit} OFFSET {offset}");
    let mut statement = view.conn.prepare(&sql)?;
    Ok(statement.query_map(&filter.params()[..], |r| r.get(0))?.collect::<Result<_, _>>()?)
}

/// All of them, as many as fit into one order.
pub(super) fn all(view: &View<'_>, ask: &WantingAsk) -> Result<Vec<RecordId>, Fault> {
    let filter = Filter::of(view, ask)?;
    let mut ids = Vec::new();
    let mut by_rec = view.conn.prepare_cached("SELECT id FROM member WHERE rec = ?1")?;
    for rec in recs(view, &filter, i64::try_from(MOST).unwrap_or(i64::MAX), 0)? {
        ids.push(RecordId(by_rec.query_row([rec], |r| r.get(0))?));
    }
    Ok(ids)
}
