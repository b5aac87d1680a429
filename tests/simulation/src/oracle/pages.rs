//! Pages as a clerk reads them: values, both sides of every conflict, events, and the token of the read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

/// The fields that clerks of the histories write, by kind; `hukou_place` and `address` stand for their whole group.
pub(crate) const FIELDS: [(&str, &[&str]); 3] = [
    ("member", &["post", "department", "trade", "residence", "note", "hukou_place", "photo"]),
    ("enterprise", &["village", "note", "plan", "address"]),
    ("organisation", &["short_name", "note", "approval_no"]),
];

/// The fields written of a kind.
pub(crate) fn fields(kind: &str) -> &'static [&'static str] {
    FIELDS.iter().find(|(k, _)| *k == kind).map_or(&[], |(_, f)| f)
}

/// Commands of a kind begin with its plural.
pub(crate) fn plural(kind: &str) -> String {
    format!("{kind}s")
}

/// What a page shows, field by field, and the token that it handed out.
#[derive(Clone)]
pub(crate) struct Form {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) token: String,
    pub(crate) seen: BTreeMap<&'static str, BTreeSet<String>>,
    pub(crate) void: BTreeSet<String>,
    pub(crate) events: Vec<String>,
    pub(crate) possible: Vec<String>,
    pub(crate) confirmed: bool,
    /// What lists and statistics go by, whoever else said otherwise meanwhile.
    pub(crate) is_void: bool,
    /// The entry that stands for this one, and those for which it stands.
    merged_into: Option<String>,
    pub(crate) merged: bool,
    /// The county has answered that an entry of another office counts for this person.
    pub(crate) counted_elsewhere: bool,
}

impl Form {
    /// Reads a page as a clerk does: the values, and both sides of every conflict.
    pub(crate) fn of(kind: &'static str, page: &Json) -> Self {
        let text = |json: &Json| json.as_str().map(ToOwned::to_owned);
        let mut seen: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for field in fields(kind) {
            seen.entry(*field).or_default().extend(text(&page["fields"][*field]));
        }
        let mut void = BTreeSet::from([page["void"].to_string()]);
        for side in page["conflicts"].as_array().into_iter().flatten().flat_map(|c| c["sides"].as_array()).flatten() {
            for field in fields(kind) {
                seen.entry(*field).or_default().extend(text(&side["values"][*field]));
            }
        }
        let about_void = |c: &&Json| c["fields"].as_array().is_some_and(|f| f.contains(&"void".into()));
        if page["conflicts"].as_array().into_iter().flatten().any(|c| about_void(&c)) {
            void.extend(["true".to_owned(), "false".to_owned()]);
        }
        let list = |json: &Json| -> Vec<String> { json.as_array().into_iter().flatten().filter_map(text).collect() };
        let events = page["events"].as_array().into_iter().flatten();
        Self {
            id: text(&page["id"]).unwrap_or_default(),
            kind,
            token: text(&page["token"]).unwrap_or_default(),
            seen,
            void,
            events: events.filter_map(|e| text(&e["detail"]["document"])).collect(),
            possible: list(&page["derived"]["possible"]),
            confirmed: page["standing"]["mark"] == "confirmed",
            is_void: page["void"] == true,
            merged_into: text(&page["derived"]["merged_into"]["id"]),
            merged: !page["derived"]["merged"].is_null(),
            counted_elsewhere: page["derived"]["counted_elsewhere"] == true,
        }
    }

    /// The entry that stands for the person: this one or another.
    pub(crate) fn head(&self) -> &str {
        self.merged_into.as_ref().unwrap_or(&self.id)
    }

    /// Fields of which several values stand beside each other.
    pub(crate) fn conflicts(&self) -> Vec<&'static str> {
        self.seen.iter().filter(|(_, texts)| texts.len() > 1).map(|(field, _)| *field).collect()
    }
}
