//! Search: one box over people, enterprises and organisations, drafts included.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    fault::Fault,
    finder::{Filter, Session},
    members::Member,
    office::View,
    people::Role,
    record::{Kind, Record as _},
    registry::Registry,
    store::rows,
};

/// What is looked for.
#[derive(Deserialize, JsonSchema)]
pub struct SearchAsk {
    /// Name, part of one, pinyin, initials, digits of a number.
    pub text: String,
    /// Only these record types.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Hits, 100 at the most.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
pub struct SearchAnswer {
    /// Exact number of hits.
    pub total: u64,
    /// The best ones.
    pub hits: Vec<Hit>,
}

/// One hit.
#[derive(Serialize, JsonSchema)]
pub struct Hit {
    /// Record type; `draft` for something not yet saved.
    pub kind: String,
    /// Record id, or the key of the draft.
    pub id: String,
    /// Title.
    pub title: String,
    /// What tells it from others of the same name.
    pub detail: String,
    /// Characters of the title to mark, half-open.
    pub mark: Vec<(u32, u32)>,
}

pub(crate) fn register(registry: &mut Registry) {
    registry.query("search", Role::Viewer, search);
}

fn search(view: &View<'_>, ask: SearchAsk) -> Result<SearchAnswer, Fault> {
    let text = ask.text.trim();
    if text.is_empty() {
        return Ok(SearchAnswer { total: 0, hits: Vec::new() });
    }
    let limit = ask.limit.unwrap_or(50).clamp(1, 100) as usize;
    let mut filter = Filter::default();
    if !ask.kinds.is_empty() {
        filter.kinds =
            ask.kinds.iter().filter_map(|k| view.office.store.schema.kind(k)).fold(0, |mask, l| mask | (1 << l.no));
    }
    let merged = view.office.merged();
    let found = view.office.finder().find(&mut Session::new(), text, &filter, limit);
    let mut hits = drafts(view, text, &ask.kinds)?;
    let total = found.total + hits.len();
    for hit in found.hits {
        let Some(layout) = view.office.store.schema.number(hit.kind) else { continue };
        let Some(row) = rows::by_rec(view.conn, layout, hit.rec)? else { continue };
        let title = crate::records::shown(view, Kind::Text, &row.values[layout.ty.title], false)?.zh.into_owned();
        let mut detail = match crate::ledger(layout.ty.name) {
            Some(ledger) => (ledger.detail)(view, &row.values)?,
            None => String::new(),
        };
        if layout.ty.name == Member::TYPE.name && merged.contains(&hit.rec) {
            detail.insert_str(0, "已并入另一条 · ");
        }
        hits.push(Hit { kind: layout.ty.name.to_owned(), id: row.id.to_string(), title, detail, mark: hit.marks });
    }
    hits.truncate(limit);
    Ok(SearchAnswer { total: total as u64, hits })
}

/// Drafts are few and belong to nobody else; they are looked through as they lie.
fn drafts(view: &View<'_>, text: &str, kinds: &[String]) -> Result<Vec<Hit>, Fault> {
    let mut out = Vec::new();
    let mut statement = view.conn.prepare_cached("SELECT key, kind, fields FROM draft ORDER BY at DESC")?;
    let rows =
        statement.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?)))?;
    let mut finder = crate::finder::Finder::with_capacity(0);
    let mut lines = Vec::new();
    for row in rows {
        let (key, kind, fields) = row?;
        let Some(layout) = view.office.store.schema.kind(&kind) else { continue };
        if !kinds.is_empty() && !kinds.contains(&kind) {
            continue;
        }
        let fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&fields).map_err(crate::store::versions::damaged)?;
        let of = |searching: fn(Kind) -> bool| -> Vec<String> {
            layout
                .ty
                .fields
                .iter()
                .filter(|f| f.search && searching(f.kind))
                .filter_map(|f| fields.get(f.name)?.as_str().map(ToOwned::to_owned))
                .collect()
        };
        let names = of(|k| matches!(k, Kind::Name | Kind::Text));
        let codes = of(|k| !matches!(k, Kind::Name | Kind::Text));
        let title = names.first().cloned().unwrap_or_else(String::new);
        let rec = i64::try_from(lines.len()).unwrap_or(0);
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        finder.push(&crate::finder::Entry {
            kind: 0,
            rec,
            title: &title,
            person: kind == "member",
            aliases: &[],
            codes: &codes,
            office: 0,
            flags: 0,
        });
        lines.push((key, title, layout.ty.zh));
    }
    for hit in finder.find(&mut Session::new(), text, &Filter::default(), 20).hits {
        if let Some((key, title, zh)) = usize::try_from(hit.rec).ok().and_then(|i| lines.get(i)) {
            out.push(Hit {
                kind: "draft".into(),
                id: key.clone(),
                title: title.clone(),
                detail: format!("草稿 · {zh}"),
                mark: hit.marks,
            });
        }
    }
    Ok(out)
}
