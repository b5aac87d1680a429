//! Lists: a window of rows, found and ordered in the core.

use std::collections::BTreeMap;

use niangjia_replication::Stream;
use rusqlite::{ToSql, params_from_iter};
use serde_json::Value as Json;

use super::{
    Ledger,
    ask::{ListAsk, Listing, Row},
    get::mark,
    shape, shown,
};
use crate::{
    fault::Fault,
    finder::{Filter, Session},
    index::MERGED,
    members::{self, Member},
    office::View,
    record::{Kind, Layout, Moves, Record as _, Value},
    store::{
        rows::{self, Bind},
        standing::CONFLICTS,
    },
    successions::HELD,
};

/// Rows of one window at the most.
const WINDOW: u32 = 100;

/// Days ahead that a list looks at the most; ten years.
const FARTHEST: u64 = 3660;

pub(super) fn list(view: &View<'_>, ledger: Ledger, ask: &ListAsk) -> Result<Listing, Fault> {
    let layout = view.layout(ledger.ty.name)?;
    let limit = ask.limit.unwrap_or(50).clamp(1, WINDOW) as usize;
    let offset = ask.offset as usize;
    let text = ask.text.as_deref().unwrap_or("").trim();
    let searched = layout.ty.fields.iter().any(|f| f.search);
    let by_strokes = searched && ask.sort.as_deref() == Some("strokes");
    let by_name = searched && matches!(ask.sort.as_deref(), None | Some("" | "pinyin"));
    let (total, recs) = if ask.filter.is_empty() && by_name {
        let finder = view.office.finder();
        let page = finder.page(&mut Session::new(), text, &in_lists(layout), ask.descending, offset, limit);
        (page.total, page.rows.into_iter().map(|(_, rec)| rec).collect())
    } else {
        selected(view, layout, ask, text, Order { by_name, by_strokes }, offset, limit)?
    };
    let mut out = Vec::with_capacity(recs.len());
    for rec in recs {
        // A record that this moment's commit voided may still stand in the index; it is passed over.
        if let Some(row) = rows::by_rec(view.conn, layout, rec)? {
            out.push(line(view, layout, &row)?);
        }
    }
    Ok(Listing { total: total as u64, rows: out })
}

/// What lists show of a type: not the entries for whose person another one stands.
fn in_lists(layout: &Layout) -> Filter {
    Filter { without_flags: MERGED, ..Filter::kind(layout.no) }
}

/// A row as lists show it.
pub(crate) fn line(view: &View<'_>, layout: &Layout, row: &rows::Stored) -> Result<Row, Fault> {
    let mut cells = BTreeMap::new();
    for (field, value) in layout.ty.fields.iter().zip(&row.values) {
        if !matches!(field.kind, Kind::Bytes | Kind::Picture | Kind::Note) && *value != Value::Null {
            cells.insert(field.name.to_owned(), shown(view, field.kind, value, field.sensitive)?);
        }
    }
    let title = layout.ty.fields[layout.ty.title].name;
    Ok(Row {
        id: row.id.to_string(),
        title: cells.get(title).map_or_else(String::new, |s| s.zh.to_string()),
        cells,
        state: row.state.clone(),
        standing: mark(view, layout, row)?,
    })
}

/// How the rows stand.
#[derive(Clone, Copy)]
struct Order {
    /// By the pinyin of the title.
    by_name: bool,
    /// 以姓氏笔画为序, as rosters of elections and congresses are printed.
    by_strokes: bool,
}

/// Rows by filter, ordered by a column or by the index.
fn selected(
    view: &View<'_>,
    layout: &Layout,
    ask: &ListAsk,
    text: &str,
    order: Order,
    offset: usize,
    limit: usize,
) -> Result<(usize, Vec<i64>), Fault> {
    let whole = order.by_name || order.by_strokes || !text.is_empty();
    // Of people the office that let them go keeps the entry in its lists, marked; of all else the one that has it.
    let own_standing = layout.ty.moves == Moves::Never || crate::folds().contains_key(layout.ty.name);
    let mut conditions = vec![if own_standing { "void = 0" } else { HELD }.to_owned()];
    let mut values: Vec<Value> = Vec::new();
    for (name, json) in &ask.filter {
        if name == "state" {
            let Json::String(state) = json else { return Err(Fault::question("filter state")) };
            values.push(Value::Text(state.as_str().into()));
            // A page in the order of entry is found soonest along the table; an index by standing would be sorted first.
            conditions.push(format!("{}state = ?{}", if whole { "" } else { "+" }, values.len()));
            continue;
        }
        if name == "standing" {
            // Only what needs a person can be asked for; the other marks follow from the road, not from the row.
            if json.as_str() != Some("needs_you") {
                return Err(Fault::question("filter standing"));
            }
            conditions.push(format!("rec IN (SELECT rec FROM ({CONFLICTS}) WHERE kind = {})", layout.no));
            continue;
        }
        if name == "office" {
            // At the county, which reads the streams of all.
            let office =
                json.as_str().and_then(|id| id.parse().ok()).ok_or_else(|| Fault::question("filter office"))?;
            match view.memory.known_stream(&Stream::Office(office)) {
                Some(stream) => conditions.push(format!("stream = {stream}")),
                None => conditions.push("FALSE".to_owned()),
            }
            continue;
        }
        if name == "due" {
            conditions.push(coming(view, layout, json, &mut values)?);
            continue;
        }
        let place = layout.place(name).ok_or_else(|| Fault::question(format!("filter {name}")))?;
        let value = shape::from_json(&layout.ty.fields[place], json).map_err(|f| Fault::fields(vec![f]))?;
        if value == Value::Null {
            conditions.push(format!("\"{name}\" IS NULL"));
        } else if matches!(layout.ty.fields[place].kind, Kind::Link("organisation")) {
            // Choosing a union in the tree shows it and all below it.
            values.push(value);
            conditions.push(format!(
                "\"{name}\" IN (WITH RECURSIVE below(id) AS (SELECT ?{0} UNION SELECT o.id FROM organisation o JOIN below b ON o.parent = b.id) SELECT id FROM below)",
                values.len()
            ));
        } else {
            values.push(value);
            conditions.push(format!("\"{name}\" = ?{}", values.len()));
        }
    }
    if layout.ty.name == Member::TYPE.name {
        // One person is one row, however many entries speak of them.
        conditions.extend(members::counted(view).strip_prefix(" AND ").map(ToOwned::to_owned));
    }
    let binds: Vec<Bind<'_>> = values.iter().map(Bind).collect();
    let params = || params_from_iter(binds.iter().map(|b| b as &dyn ToSql));
    let condition = conditions.join(" AND ");
    if whole {
        let mut statement =
            view.conn.prepare_cached(&format!("SELECT rec FROM \"{}\" WHERE {condition}", layout.ty.name))?;
        let wanted: std::collections::HashSet<i64> =
            statement.query_map(params(), |r| r.get(0))?.collect::<Result<_, _>>()?;
        let finder = view.office.finder();
        let all = finder.page(&mut Session::new(), text, &in_lists(layout), ask.descending, 0, usize::MAX);
        let mut hits: Vec<i64> = all.rows.into_iter().map(|(_, rec)| rec).filter(|rec| wanted.contains(rec)).collect();
        if order.by_strokes {
            hits = by_strokes(view, layout, hits, ask.descending)?;
        }
        return Ok((hits.len(), hits.into_iter().skip(offset).take(limit).collect()));
    }
    let total: i64 = view
        .conn
        .prepare_cached(&format!("SELECT count(*) FROM \"{}\" WHERE {condition}", layout.ty.name))?
        .query_row(params(), |r| r.get(0))?;
    let order = match ask.sort.as_deref() {
        Some(field) if layout.place(field).is_some() => {
            format!("\"{field}\" {0} NULLS LAST, rec {0}", if ask.descending { "DESC" } else { "ASC" })
        }
        _ => format!("rec {}", if ask.descending { "DESC" } else { "ASC" }),
    };
    let mut statement = view.conn.prepare_cached(&format!(
        "SELECT rec FROM \"{}\" WHERE {condition} ORDER BY {order} LIMIT {limit} OFFSET {offset}",
        layout.ty.name
    ))?;
    let recs = statement.query_map(params(), |r| r.get(0))?.collect::<Result<_, _>>()?;
    Ok((usize::try_from(total).unwrap_or(0), recs))
}

/// Rows of which something comes due from today on, within so many days.
fn coming(view: &View<'_>, layout: &Layout, days: &Json, values: &mut Vec<Value>) -> Result<String, Fault> {
    let days = days.as_u64().filter(|days| *days <= FARTHEST).ok_or_else(|| Fault::question("filter due"))?;
    let today = view.today();
    values.extend([today, today + chrono::Days::new(days)].map(|day| Value::Text(day.to_string().into())));
    let (from, to) = (values.len() - 1, values.len());
    let due = layout.ty.fields.iter().filter(|field| field.due);
    let any: Vec<_> = due.map(|field| format!("\"{}\" BETWEEN ?{from} AND ?{to}", field.name)).collect();
    if any.is_empty() {
        return Err(Fault::question("filter due"));
    }
    Ok(format!("({})", any.join(" OR ")))
}

fn by_strokes(view: &View<'_>, layout: &Layout, hits: Vec<i64>, descending: bool) -> Result<Vec<i64>, Fault> {
    let mut name = view.conn.prepare_cached("SELECT name FROM lookup WHERE kind = ?1 AND rec = ?2")?;
    let mut keyed = Vec::with_capacity(hits.len());
    for rec in hits {
        let names: String = name.query_row(rusqlite::params![layout.no, rec], |r| r.get(0))?;
        let title = names.split('\u{1f}').next().unwrap_or("");
        keyed.push((crate::pinyin::stroke_key(title), rec));
    }
    keyed.sort();
    if descending {
        keyed.reverse();
    }
    Ok(keyed.into_iter().map(|(_, rec)| rec).collect())
}
