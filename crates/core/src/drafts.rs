//! Drafts: what was typed and not yet saved. Local to this PC, kept until saved or dropped.

use rusqlite::params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::{
    fault::Fault,
    office::{Desk, View},
    people::{Nothing, Role},
    record::RecordId,
    registry::Registry,
    store::versions::damaged,
};

/// A draft.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Draft {
    /// Chosen by the form; the same key replaces the draft.
    pub key: String,
    /// Record type.
    pub kind: String,
    /// The record, where one is being edited.
    #[serde(default)]
    pub id: Option<String>,
    /// Token of the read.
    #[serde(default)]
    pub token: Option<String>,
    /// What was typed.
    pub fields: Map<String, Json>,
    /// When, milliseconds since 1970.
    #[serde(default)]
    pub at: i64,
}

/// Drafts, newest first.
#[derive(Serialize, JsonSchema)]
pub struct Drafts {
    /// The drafts.
    pub drafts: Vec<Draft>,
}

/// Which draft.
#[derive(Deserialize, JsonSchema)]
pub struct DropAsk {
    /// Its key.
    pub key: String,
}

/// Done.
#[derive(Serialize, JsonSchema)]
pub struct Done {
    /// Whether something was there.
    pub done: bool,
}

pub(crate) fn register(registry: &mut Registry) {
    registry.action("drafts.put", Role::Clerk, put);
    registry.action("drafts.drop", Role::Clerk, |desk, ask: DropAsk| {
        let gone = desk
            .act
            .conn
            .execute("DELETE FROM draft WHERE key = ?1 AND author = ?2", params![ask.key, desk.act.author.0])?;
        Ok(Done { done: gone > 0 })
    });
    registry.query("drafts.list", Role::Clerk, |view, _: Nothing| list(view));
}

fn put(desk: &mut Desk<'_>, draft: Draft) -> Result<Done, Fault> {
    desk.act.layout(&draft.kind)?;
    let id =
        draft.id.as_deref().map(|t| t.parse::<RecordId>().map_err(|_| Fault::not_found())).transpose()?.map(|r| r.0);
    let fields = serde_json::to_string(&draft.fields).map_err(damaged)?;
    desk.act.conn.execute(
        "INSERT INTO draft (key, kind, id, token, fields, author, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (key) DO UPDATE SET kind = ?2, id = ?3, token = ?4, fields = ?5, author = ?6, at = ?7",
        params![draft.key, draft.kind, id, draft.token, fields, desk.act.author.0, desk.act.moment.wall],
    )?;
    Ok(Done { done: true })
}

fn list(view: &View<'_>) -> Result<Drafts, Fault> {
    let mut statement =
        view.conn.prepare_cached("SELECT key, kind, id, token, fields, at FROM draft ORDER BY at DESC")?;
    let rows = statement.query_map([], |r| {
        let id: Option<[u8; 16]> = r.get(2)?;
        Ok((r.get(0)?, r.get(1)?, id, r.get(3)?, r.get::<_, String>(4)?, r.get(5)?))
    })?;
    let read = |row| -> Result<Draft, Fault> {
        let (key, kind, id, token, fields, at): (_, _, Option<[u8; 16]>, _, String, _) = row;
        Ok(Draft {
            key,
            kind,
            id: id.map(|i| RecordId(i).to_string()),
            token,
            fields: serde_json::from_str(&fields).map_err(damaged)?,
            at,
        })
    };
    let drafts = rows.map(|row| read(row?)).collect::<Result<_, Fault>>()?;
    Ok(Drafts { drafts })
}
