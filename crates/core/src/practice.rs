//! Local practice: the days and months that no law fixes. The county says them for all, an office for itself, and where nobody
//! has said anything stands what most offices do.

use niangjia_derive::Record;
use niangjia_replication::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    fault::{Fault, FieldFault},
    office::{Desk, View},
    people::{Nothing, Role},
    record::{Record as _, RecordId, Value},
    registry::Registry,
    store::rows,
    words::Say,
};

/// One number that was said. Its id follows from the stream and the key, so that two PCs that say it make one record.
#[derive(Clone, Record)]
#[record(name = "practice", plural = "practices", zh = "办事规定", en = "Local practice", title = "key")]
pub struct PracticeEntry {
    #[field(zh = "事项", en = "What", required)]
    pub key: String,
    #[field(zh = "数值", en = "Number")]
    pub value: Option<i64>,
}

/// What can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Practice {
    /// Working days within which an application is decided.
    ApprovalDays,
    /// Months without dues and union life after which a member is first warned of.
    IdleFirst,
    /// And the second time.
    IdleSecond,
    /// Months after which a member may be deemed to have left.
    IdleDeemed,
    /// How much of what looks like a duplicate is shown.
    DuplicatesShown,
    /// Entries that may share a telephone before it tells nothing.
    PhoneShared,
    /// Months after which nobody having seen a member is said.
    Unseen,
}

/// A practice as it is described: what is built in, and between which numbers it makes sense.
struct Described {
    practice: Practice,
    key: &'static str,
    say: Say,
    built_in: i64,
    least: i64,
    most: i64,
}

static ALL: [Described; 7] = [
    Described {
        practice: Practice::ApprovalDays,
        key: "approval_days",
        say: Say::new("入会申请几个工作日内批复", "Working days within which an application is decided"),
        built_in: 3,
        least: 1,
        most: 60,
    },
    Described {
        practice: Practice::IdleFirst,
        key: "idle_first",
        say: Say::new(
            "未交会费、未参加活动满几个月第一次提醒",
            "Months without dues and union life before the first warning",
        ),
        built_in: 4,
        least: 1,
        most: 24,
    },
    Described {
        practice: Practice::IdleSecond,
        key: "idle_second",
        say: Say::new("满几个月第二次提醒", "Months before the second warning"),
        built_in: 5,
        least: 1,
        most: 24,
    },
    // Six months are the constitution's (article 6); an office may wait longer, never shorter.
    Described {
        practice: Practice::IdleDeemed,
        key: "idle_deemed",
        say: Say::new("满几个月可以按自动退会处理", "Months after which a member may be deemed to have left"),
        built_in: 6,
        least: 6,
        most: 36,
    },
    Described {
        practice: Practice::DuplicatesShown,
        key: "duplicates_shown",
        say: Say::new(
            "疑似重复提示到哪一级：1 只看证件号码相同，2 加上“很可能”，3 加上“有可能”",
            "Duplicates shown: 1 the same ID number only, 2 likely ones as well, 3 possible ones as well",
        ),
        built_in: 3,
        least: 1,
        most: 3,
    },
    // A workshop that gave its foreman's number for everybody says nothing about who is who.
    Described {
        practice: Practice::PhoneShared,
        key: "phone_shared",
        say: Say::new(
            "同一个电话超过几条登记共用时，不再作为疑似重复的依据",
            "Entries that may share a telephone before it tells nothing about duplicates",
        ),
        built_in: 6,
        least: 2,
        most: 50,
    },
    Described {
        practice: Practice::Unseen,
        key: "unseen",
        say: Say::new("几个月没有见到会员就提醒", "Months without anybody having seen a member before it is said"),
        built_in: 6,
        least: 1,
        most: 36,
    },
];

/// The practices as they stand here.
#[derive(Serialize, JsonSchema)]
pub struct Practices {
    /// In order.
    pub lines: Vec<PracticeLine>,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
pub struct PracticeLine {
    /// Identifier.
    pub key: String,
    /// What it says.
    pub say: Say,
    /// What holds here.
    pub value: i64,
    /// Who said so: `own`, `county`, or `built_in`.
    pub from: String,
    /// The least that makes sense.
    pub least: i64,
    /// The most.
    pub most: i64,
}

/// What is said.
#[derive(Deserialize, JsonSchema)]
pub struct PracticeAsk {
    /// Identifier.
    pub key: String,
    /// The number; nothing takes back what was said here.
    #[serde(default)]
    pub value: Option<i64>,
}

pub(crate) fn register(registry: &mut Registry) {
    registry.query("practice.list", Role::Viewer, |view, _: Nothing| list(view));
    registry.action("practice.set", Role::SystemAdmin, set);
}

/// What holds here.
pub(crate) fn of(view: &View<'_>, practice: Practice) -> Result<i64, Fault> {
    match ALL.iter().find(|one| one.practice == practice) {
        Some(described) => Ok(holds(view, described)?.0),
        None => Err(Fault::question("practice")),
    }
}

fn holds(view: &View<'_>, described: &Described) -> Result<(i64, &'static str), Fault> {
    for (stream, from) in [(view.office.own_stream(), "own"), (Stream::County, "county")] {
        let Some(number) = view.memory.known_stream(&stream) else { continue };
        let mut said = view.select::<PracticeEntry>(
            "id = ?1 AND stream = ?2 AND void = 0",
            &[&id(&stream, described.key).0, &number],
        )?;
        // A number that makes no sense here, of a newer version or a slip, counts as nothing said.
        let value = said.pop().and_then(|(_, entry)| entry.value);
        if let Some(value) = value.filter(|value| (described.least..=described.most).contains(value)) {
            // What the county says for all it says for itself.
            return Ok((value, if view.office.identity().county { "own" } else { from }));
        }
    }
    Ok((described.built_in, "built_in"))
}

fn list(view: &View<'_>) -> Result<Practices, Fault> {
    let line = |one: &Described| -> Result<PracticeLine, Fault> {
        let (value, from) = holds(view, one)?;
        let (key, from) = (one.key.to_owned(), from.to_owned());
        Ok(PracticeLine { key, say: one.say.clone(), value, from, least: one.least, most: one.most })
    };
    Ok(Practices { lines: ALL.iter().map(line).collect::<Result<_, _>>()? })
}

fn set(desk: &mut Desk<'_>, ask: PracticeAsk) -> Result<Practices, Fault> {
    let Some(described) = ALL.iter().find(|one| one.key == ask.key) else { return Err(Fault::question("key")) };
    if let Some(value) = ask.value
        && !(described.least..=described.most).contains(&value)
    {
        let (least, most) = (described.least, described.most);
        return Err(Fault::fields(vec![FieldFault {
            field: described.key.into(),
            key: "practice_out_of_range".into(),
            say: Say::owned(
                format!("请填 {least} 到 {most} 之间的整数，没有改动。"),
                format!("Enter a whole number between {least} and {most}; nothing was changed."),
            ),
        }]));
    }
    let stream = if desk.office().identity().county { Stream::County } else { desk.office().own_stream() };
    let (id, layout) = (id(&stream, described.key), desk.act.layout(PracticeEntry::TYPE.name)?);
    let value = ask.value.map_or(Value::Null, Value::Int);
    match rows::by_id(desk.act.conn, layout, id)? {
        None if ask.value.is_none() => {}
        None => {
            desk.act.create_as(&stream, id, PracticeEntry { key: described.key.into(), value: ask.value }, None)?;
        }
        Some(row) => {
            let place = layout.place("value").ok_or_else(Fault::not_found)?;
            let seen = row.versions.clone();
            desk.act.change(layout, &row, &seen, &[(place, value)], None)?;
        }
    }
    desk.note.kind = Some(PracticeEntry::TYPE.name);
    desk.note.record = Some(id);
    list(&desk.view())
}

fn id(stream: &Stream, key: &str) -> RecordId {
    let mut hasher = blake3::Hasher::new_derive_key("niangjia 2026-11 record of a local practice");
    if let Some(office) = stream.office() {
        hasher.update(&office.0);
    }
    hasher.update(key.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    RecordId(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_makes_sense_and_warns_before_it_deems() {
        for one in &ALL {
            assert!((one.least..=one.most).contains(&one.built_in), "{}", one.key);
        }
        let built_in = |practice| ALL.iter().find(|one| one.practice == practice).unwrap().built_in;
        assert!(built_in(Practice::IdleFirst) < built_in(Practice::IdleSecond));
        assert!(built_in(Practice::IdleSecond) < built_in(Practice::IdleDeemed));
    }

    #[test]
    fn each_office_and_the_county_say_it_in_records_of_their_own() {
        let (one, other) = (Stream::Office(RecordId([1; 16])), Stream::Office(RecordId([2; 16])));
        assert_eq!(id(&one, "approval_days"), id(&one, "approval_days"));
        assert_ne!(id(&one, "approval_days"), id(&other, "approval_days"));
        assert_ne!(id(&one, "approval_days"), id(&Stream::County, "approval_days"));
        assert_ne!(id(&one, "approval_days"), id(&one, "idle_first"));
    }
}
