//! The tree of organisations and what a page shows beside the fields.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::Organisation;
use crate::{
    fault::Fault,
    members::counted,
    office::View,
    record::{Record as _, RecordId, Value},
    successions::HELD,
};

/// The whole tree.
#[derive(Serialize, JsonSchema)]
pub struct Tree {
    /// Organisations without a parent that is known here.
    pub roots: Vec<Node>,
}

/// One organisation of the tree.
#[derive(Serialize, JsonSchema)]
pub struct Node {
    /// Record id.
    pub id: String,
    /// Name.
    pub title: String,
    /// Code of its kind.
    pub kind: String,
    /// Members that belong to it or to one below it.
    pub members: i64,
    /// Those below it.
    pub children: Vec<Self>,
}

pub(super) fn tree(view: &View<'_>) -> Result<Tree, Fault> {
    let rows = view.select::<Organisation>(&format!("{HELD} ORDER BY rec"), &[])?;
    let mut counts: HashMap<[u8; 16], i64> = HashMap::new();
    let mut statement = view.conn.prepare_cached(&format!(
        "SELECT organisation, count(*) FROM member WHERE organisation IS NOT NULL AND void = 0 AND state IN ('active', 'out_in_transit'){} GROUP BY organisation",
        counted(view)
    ))?;
    for row in statement.query_map([], |r| Ok((r.get::<_, [u8; 16]>(0)?, r.get(1)?)))? {
        let (id, count) = row?;
        counts.insert(id, count);
    }
    let known: HashMap<RecordId, usize> = rows.iter().enumerate().map(|(i, (row, _))| (row.id, i)).collect();
    let mut below: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    for (i, (_, organisation)) in rows.iter().enumerate() {
        below.entry(organisation.parent.and_then(|p| known.get(&p).copied()).filter(|p| *p != i)).or_default().push(i);
    }
    let mut placed = vec![false; rows.len()];
    let mut roots: Vec<Node> =
        below.get(&None).into_iter().flatten().map(|i| node(*i, &rows, &below, &counts, &mut placed)).collect();
    // A circle that came about by merging has no root; its members are shown at the top instead of vanishing.
    for i in 0..rows.len() {
        if !placed[i] {
            roots.push(node(i, &rows, &below, &counts, &mut placed));
        }
    }
    Ok(Tree { roots })
}

fn node(
    i: usize,
    rows: &[(crate::store::rows::Stored, Organisation)],
    below: &HashMap<Option<usize>, Vec<usize>>,
    counts: &HashMap<[u8; 16], i64>,
    placed: &mut [bool],
) -> Node {
    placed[i] = true;
    let mut children = Vec::new();
    for child in below.get(&Some(i)).into_iter().flatten() {
        if !placed[*child] {
            children.push(node(*child, rows, below, counts, placed));
        }
    }
    let (row, organisation) = &rows[i];
    Node {
        id: row.id.to_string(),
        title: organisation.name.clone(),
        kind: organisation.kind.clone().unwrap_or_else(String::new),
        members: counts.get(&row.id.0).copied().unwrap_or(0) + children.iter().map(|c| c.members).sum::<i64>(),
        children,
    }
}

/// How many stand directly below, and how many members it has by itself.
pub(super) fn derived(view: &View<'_>, id: RecordId, _: &[Value]) -> Result<Map<String, Json>, Fault> {
    let count = |sql: &str| -> Result<Json, Fault> {
        Ok(Json::from(view.conn.prepare_cached(sql)?.query_row([id.0], |r| r.get::<_, i64>(0))?))
    };
    let mut out = Map::new();
    out.insert("below".into(), count(&format!("SELECT count(*) FROM organisation WHERE parent = ?1 AND {HELD}"))?);
    let members =
        "SELECT count(*) FROM member WHERE organisation = ?1 AND void = 0 AND state IN ('active', 'out_in_transit')";
    out.insert("members".into(), count(&format!("{members}{}", counted(view)))?);
    out.insert(
        "enterprises".into(),
        count(&format!("SELECT count(*) FROM enterprise WHERE union_organisation = ?1 AND {HELD}"))?,
    );
    Ok(out)
}

/// The parent's name under the title.
pub(super) fn detail(view: &View<'_>, values: &[Value]) -> Result<String, Fault> {
    let parent = Organisation::TYPE.field("parent").map(|p| &values[p]);
    match parent {
        Some(Value::Bytes(id)) => crate::records::title_of(view, "organisation", id),
        _ => Ok(String::new()),
    }
}
