//! Preferences: what a clerk has chosen for the window, such as columns and saved filters. Local to this PC.

use std::collections::BTreeMap;

use rusqlite::params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{
    drafts::Done,
    fault::Fault,
    office::{Desk, View},
    people::{Nothing, Role},
    registry::Registry,
    store::versions::damaged,
};

/// A preference; the window chooses key and shape.
#[derive(Deserialize, JsonSchema)]
pub struct PrefAsk {
    /// Such as `members.columns`.
    pub key: String,
    /// Null forgets it.
    pub value: Json,
}

/// All preferences of the clerk.
#[derive(Serialize, JsonSchema)]
pub struct Prefs {
    /// By key.
    pub prefs: BTreeMap<String, Json>,
}

/// Longest stored preference in bytes; columns and filters need a hundredth of it.
const LARGEST: usize = 64 << 10;

pub(crate) fn register(registry: &mut Registry) {
    registry.action("prefs.put", Role::Viewer, put);
    registry.query("prefs.list", Role::Viewer, |view, _: Nothing| list(view));
}

fn put(desk: &mut Desk<'_>, ask: PrefAsk) -> Result<Done, Fault> {
    let name = format!("pref:{}:{}", desk.act.author, ask.key);
    if ask.value.is_null() {
        let gone = desk.act.conn.execute("DELETE FROM local WHERE name = ?1", [name])?;
        return Ok(Done { done: gone > 0 });
    }
    let text = serde_json::to_string(&ask.value).map_err(damaged)?;
    if text.len() > LARGEST || ask.key.len() > 100 {
        return Err(Fault::question("preference too large"));
    }
    desk.act.conn.execute(
        "INSERT INTO local (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
        params![name, text],
    )?;
    Ok(Done { done: true })
}

fn list(view: &View<'_>) -> Result<Prefs, Fault> {
    let prefix = format!("pref:{}:", view.clerk);
    let mut statement =
        view.conn.prepare_cached("SELECT name, value FROM local WHERE substr(name, 1, length(?1)) = ?1")?;
    let rows = statement.query_map(params![prefix], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)))?;
    let mut prefs = BTreeMap::new();
    for row in rows {
        let (name, value) = row?;
        prefs.insert(name[prefix.len()..].to_owned(), serde_json::from_str(&value).map_err(damaged)?);
    }
    Ok(Prefs { prefs })
}
