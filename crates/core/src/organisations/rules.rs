//! Rules of organisations: what a tree may look like, and what the law says of terms.

use crate::{
    fault::Fault,
    office::View,
    record::{RecordId, Value},
    records::Candidate,
    words::Say,
};

/// Which kinds may stand under which; a kind outside this table is told, not refused (local trees differ).
const UNDER: &[(&str, &[&str])] = &[
    ("county", &[]),
    ("township", &["county"]),
    ("sub_district", &["county"]),
    ("village", &["township", "sub_district"]),
    ("park", &["county", "township", "sub_district"]),
    ("industry", &["county", "township", "sub_district"]),
    ("building", &["township", "sub_district", "village"]),
    ("base_own", &["county", "township", "sub_district", "village", "park", "industry", "building", "base_joint"]),
    ("base_joint", &["county", "township", "sub_district", "village", "park", "industry", "building"]),
    ("branch", &["base_own", "base_joint", "branch"]),
    ("group", &["base_own", "base_joint", "branch"]),
];

/// Whether a union of one kind usually stands under one of another.
#[must_use]
pub(super) fn fits_under(kind: &str, parent: &str) -> bool {
    UNDER.iter().find(|(k, _)| *k == kind).is_none_or(|(_, parents)| parents.contains(&parent))
}

/// Rules of one organisation.
pub(super) fn organisation(view: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    let kind = candidate.text("kind").unwrap_or_default().to_owned();
    let parent = match candidate.get("parent") {
        Value::Bytes(b) => <[u8; 16]>::try_from(&**b).ok().map(RecordId),
        _ => None,
    };
    match parent {
        Some(parent) if ends_in_itself(view, candidate.id, parent)? => {
            candidate.fault(
                "parent",
                "parent_circle",
                Say::new(
                    "上级工会不能是它自己或它的下级，请重新选择。",
                    "A union cannot stand under itself or under one of its own; choose another parent.",
                ),
            );
        }
        Some(parent) => {
            let above = view.select::<super::Organisation>("id = ?1", &[&parent.0])?;
            if let Some((_, above)) = above.first()
                && !fits_under(&kind, above.kind.as_deref().unwrap_or_default())
            {
                candidate.notice(
                    "parent",
                    "parent_unusual",
                    Say::new(
                        "这两级工会通常不是直接上下级，请核对后再保存。",
                        "These two kinds of union do not usually stand directly above each other; please check.",
                    ),
                );
            }
        }
        None if kind != "county" && candidate.id != Some(view.office.identity.office) => {
            candidate.fault(
                "parent",
                "parent_missing",
                Say::new(
                    "请选择上级工会，这样它才会出现在组织树里。",
                    "Choose the parent union, so that it finds its place in the tree.",
                ),
            );
        }
        None => {}
    }
    // Trade union law, article 16: the term of a grass-roots committee is three or five years.
    if let Value::Int(years) = candidate.get("term_years")
        && !matches!(years, 3 | 5)
    {
        candidate.notice(
            "term_years",
            "term_years",
            Say::new(
                "工会法第十六条：基层工会委员会每届任期三年或者五年。",
                "Trade Union Law, article 16: the term of a grass-roots committee is three or five years.",
            ),
        );
    }
    for field in ["employees", "women_employees", "members_reported", "cadres"] {
        not_negative(candidate, field);
    }
    if let (Value::Int(all), Value::Int(women)) = (candidate.get("employees"), candidate.get("women_employees"))
        && women > all
    {
        candidate.fault(
            "women_employees",
            "more_women_than_all",
            Say::new(
                "女职工人数比职工总数还多，请核对这两个数。",
                "There are more women than employees; check the two numbers.",
            ),
        );
    }
    Ok(())
}

fn not_negative(candidate: &mut Candidate<'_>, field: &str) {
    if matches!(candidate.get(field), Value::Int(n) if *n < 0) {
        candidate.fault(field, "negative", Say::new("人数不能小于 0。", "A number of people cannot be below zero."));
    }
}

fn ends_in_itself(view: &View<'_>, id: Option<RecordId>, mut parent: RecordId) -> Result<bool, Fault> {
    let Some(id) = id else { return Ok(false) };
    // A merged tree may hold a circle; walking stops after as many steps as any real tree has levels.
    for _ in 0..32 {
        if parent == id {
            return Ok(true);
        }
        let above = view.select::<super::Organisation>("id = ?1", &[&parent.0])?;
        match above.into_iter().next().and_then(|(_, o)| o.parent) {
            Some(next) => parent = next,
            None => return Ok(false),
        }
    }
    Ok(true)
}

pub(super) fn post(_: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    ordered(candidate, "since", "until");
    Ok(())
}

pub(super) fn coverage(_: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    ordered(candidate, "since", "until");
    Ok(())
}

pub(super) fn committee(_: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    ordered(candidate, "elected_on", "dissolved_on");
    not_negative(candidate, "seats");
    Ok(())
}

fn ordered(candidate: &mut Candidate<'_>, from: &str, to: &str) {
    // Days are stored as YYYY-MM-DD, so their texts order as the days do.
    if let (Some(a), Some(b)) = (candidate.text(from), candidate.text(to))
        && b < a
    {
        candidate.fault(
            to,
            "days_reversed",
            Say::new("结束日期早于开始日期，请核对。", "The end lies before the beginning; check the dates."),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::fits_under;

    #[test]
    fn the_tree_goes_from_county_to_branch() {
        assert!(fits_under("township", "county"));
        assert!(fits_under("village", "township"));
        assert!(fits_under("base_own", "village"));
        assert!(fits_under("branch", "base_own"));
        assert!(!fits_under("township", "village"));
        assert!(!fits_under("county", "township"));
        assert!(fits_under("a_kind_of_a_newer_list", "county"), "what is not known is not refused");
    }
}
