//! Home: what waits, in tiles.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    applications, cards, devices, duplicates, exchange,
    fault::Fault,
    members,
    office::View,
    people::{Nothing, Role},
    registry::Registry,
    stays,
    store::standing::CONFLICTS,
    successions::HELD,
    transfers,
    words::Say,
};

/// The home page.
#[derive(Serialize, JsonSchema)]
pub struct Home {
    /// Tiles in order.
    pub tiles: Vec<Tile>,
    /// Plain counts.
    pub counts: Counts,
}

/// One tile.
#[derive(Serialize, JsonSchema)]
pub struct Tile {
    /// Identifier.
    pub key: String,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// How many.
    pub count: i64,
    /// `calm`, `due` or `late`.
    pub tone: String,
}

/// Counts of the ledgers; members as statistics count them.
#[derive(Serialize, JsonSchema)]
pub struct Counts {
    /// Members with an active membership.
    pub members: i64,
    /// Enterprises.
    pub enterprises: i64,
    /// Union organisations.
    pub organisations: i64,
}

/// Days ahead within which an election or a contract's end counts as coming up; office practice.
const AHEAD: i64 = 60;

const MEMBERS: &str = "SELECT count(*) FROM member WHERE void = 0 AND state IN ('active', 'out_in_transit')";
const CONTRACTS: &str =
    "SELECT count(*) FROM member WHERE void = 0 AND state = 'active' AND contract_to >= ?1 AND contract_to <= ?2";

pub(crate) fn register(registry: &mut Registry) {
    registry.query("home", Role::Viewer, |view, _: Nothing| home(view));
}

fn home(view: &View<'_>) -> Result<Home, Fault> {
    let one = |sql: &str, params: &[&dyn rusqlite::ToSql]| -> Result<i64, Fault> {
        Ok(view.conn.prepare_cached(sql)?.query_row(params, |r| r.get(0))?)
    };
    let today = view.today();
    let (now, soon) = (today.to_string(), (today + chrono::Days::new(AHEAD.unsigned_abs())).to_string());
    let conflicts = one(&format!("SELECT count(*) FROM (SELECT DISTINCT kind, rec FROM ({CONFLICTS}))"), &[])?;
    let drafts = one("SELECT count(*) FROM draft", &[])?;
    // Both are read from the index of what comes due: a walk over 200,000 rows would be the dearest thing of the page.
    let counted = members::counted(view);
    let members = one(&format!("{MEMBERS}{counted}"), &[])?;
    let contracts = one(&format!("{CONTRACTS}{counted}"), &[&now, &soon])?;
    let elections = one(
        &format!(
            "SELECT count(*) FROM organisation WHERE {HELD} AND next_election_on >= ?1 AND next_election_on <= ?2"
        ),
        &[&now, &soon],
    )?;
    let late = one(&format!("SELECT count(*) FROM organisation WHERE {HELD} AND next_election_on < ?1"), &[&now])?;
    // An office that works alone reports to nobody.
    let alone = view.office.identity.federation.is_none();
    let unsent = if alone { 0 } else { i64::try_from(exchange::unsent(view)?.deeds).unwrap_or(i64::MAX) };
    let tile = |key: &str, say: Say, count: i64, tone: &str| Tile {
        key: key.into(),
        zh: say.zh.into(),
        en: say.en.into(),
        count,
        tone: if count == 0 { "calm".into() } else { tone.into() },
    };
    let mut tiles = vec![
        tile("needs_you", Say::new("待办", "To do"), conflicts, "due"),
        tile("drafts", Say::new("未办结", "Open"), drafts, "due"),
        tile("coming", Say::new("即将到期", "Coming up"), elections + contracts, "due"),
        tile("late", Say::new("超时", "Overdue"), late, "late"),
        tile("unsent", Say::new("待上报", "To be sent"), unsent, "due"),
    ];
    // Said where nobody can miss it, and only when there is something to say.
    let flagged = devices::flagged(view)?;
    if flagged > 0 {
        tiles.push(tile("devices", Say::new("待核对的电脑", "PCs to check"), flagged, "late"));
    }
    let moving = transfers::waiting(view)?;
    if moving.here > 0 {
        tiles.push(tile("transfers", Say::new("待办接转", "Transfers to act on"), moving.here, "due"));
    }
    if moving.overdue > 0 {
        tiles.push(tile("transfers_overdue", Say::new("超期未接收", "Transfers overdue"), moving.overdue, "late"));
    }
    let twice = cards::numbers_twice(view)?.len() + cards::leases_overlapping(view)?;
    let twice = i64::try_from(twice).unwrap_or(i64::MAX);
    if twice > 0 {
        tiles.push(tile("cards_twice", Say::new("重号的会员证", "Cards of one number"), twice, "late"));
    }
    let (pending, overdue) = applications::count(view)?;
    if overdue > 0 {
        tiles.push(tile("applications_late", Say::new("入会申请超时", "Applications overdue"), overdue, "late"));
    } else if pending > 0 {
        tiles.push(tile("applications", Say::new("入会申请待批", "Applications to decide"), pending, "due"));
    }
    let answered = duplicates::answers_unheard(view)?;
    if answered > 0 {
        tiles.push(tile("answers", Say::new("县总工会的答复", "Answers of the county"), answered, "due"));
    }
    let alike = duplicates::open(view)?;
    if alike > 0 {
        tiles.push(tile("duplicates", Say::new("疑似重复", "Perhaps registered twice"), alike, "due"));
    }
    let idle = members::idle_count(view)?;
    if idle > 0 {
        tiles.push(tile("idle", Say::new("久未联系的会员", "Members not seen for months"), idle, "due"));
    }
    let overdue = stays::overdue_count(view)?;
    if overdue > 0 {
        tiles.push(tile("stays_overdue", Say::new("流动会员超期", "Floating members overdue"), overdue, "late"));
    }
    let unseen = members::unseen_count(view)?;
    if unseen > 0 {
        tiles.push(tile("unseen", Say::new("久未见到的流动会员", "Floating members nobody has seen"), unseen, "due"));
    }
    let expulsions = members::expulsions_to_take(view)?;
    if expulsions > 0 {
        tiles.push(tile("expulsions", Say::new("开除备案", "Expulsions to take on record"), expulsions, "due"));
    }
    Ok(Home {
        tiles,
        counts: Counts {
            members,
            enterprises: one(&format!("SELECT count(*) FROM enterprise WHERE {HELD}"), &[])?,
            organisations: one(&format!("SELECT count(*) FROM organisation WHERE {HELD}"), &[])?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        members::Member,
        record::{Record as _, Schema},
    };

    #[test]
    fn counting_members_looks_at_no_row() {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        for layout in Schema::new(&[Member::TYPE]).all() {
            conn.execute_batch(&(layout.create() + &layout.create_indices())).unwrap();
        }
        for (sql, params) in [(MEMBERS, vec![]), (CONTRACTS, vec!["2026-01-01", "2026-03-02"])] {
            let plan: String = conn
                .query_row(&format!("EXPLAIN QUERY PLAN {sql}"), rusqlite::params_from_iter(params), |r| r.get(3))
                .unwrap();
            assert!(plan.contains("COVERING INDEX member_contract_to"), "{plan}");
        }
    }
}
