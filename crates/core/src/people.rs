//! People: the clerks of an office, their roles, and the record of who did what.

use niangjia_derive::Record;
use niangjia_replication::Stream;
use serde::{Deserialize, Serialize};

use crate::{
    audit,
    fault::Fault,
    identity::Identity,
    office::{Desk, View},
    record::{Record as _, RecordId, Value},
    registry::Registry,
    words::Say,
};

/// What a clerk may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks things up.
    Viewer,
    /// 经办人: everyday work.
    Clerk,
    /// 主席: decides what needs a second person.
    Chair,
    /// 系统管理员: settings, sync, devices.
    SystemAdmin,
    /// 安全管理员: people and their roles.
    SecurityAdmin,
    /// 审计管理员: reads the audit.
    AuditAdmin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 6] =
        [Self::Viewer, Self::Clerk, Self::Chair, Self::SystemAdmin, Self::SecurityAdmin, Self::AuditAdmin];

    /// Stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Clerk => "clerk",
            Self::Chair => "chair",
            Self::SystemAdmin => "system_admin",
            Self::SecurityAdmin => "security_admin",
            Self::AuditAdmin => "audit_admin",
        }
    }

    /// Name of the role.
    #[must_use]
    pub const fn say(self) -> Say {
        match self {
            Self::Viewer => Say::new("查阅人", "Viewer"),
            Self::Clerk => Say::new("经办人", "Clerk"),
            Self::Chair => Say::new("主席", "Chair"),
            Self::SystemAdmin => Say::new("系统管理员", "System administrator"),
            Self::SecurityAdmin => Say::new("安全管理员", "Security administrator"),
            Self::AuditAdmin => Say::new("审计管理员", "Audit administrator"),
        }
    }

    fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.key() == key)
    }
}

/// Whether somebody with these roles may do what needs `need`. Whoever works in the office may look things up.
#[must_use]
pub fn allows(held: &[Role], need: Role) -> bool {
    held.contains(&need) || (need == Role::Viewer && !held.is_empty())
}

/// A person who works with the program; the name stands under everything that this person writes.
#[derive(Clone, Record)]
#[record(name = "clerk", plural = "clerks", zh = "经办人员", en = "Clerk", title = "name")]
pub struct Clerk {
    #[field(zh = "姓名", en = "Name", kind = "name", required)]
    pub name: String,
    #[field(zh = "角色", en = "Roles", required)]
    pub roles: String,
    #[field(zh = "签名公钥", en = "Signing key", kind = "bytes")]
    pub sign_key: Vec<u8>,
    #[field(zh = "加密公钥", en = "Encryption key", kind = "bytes")]
    pub seal_key: Vec<u8>,
}

impl Clerk {
    /// The roles as a list; what a newer version added is left out.
    #[must_use]
    pub fn role_list(&self) -> Vec<Role> {
        roles_of(&self.roles)
    }

    /// The stored form of a list of roles.
    #[must_use]
    pub fn roles_text(roles: &[Role]) -> String {
        roles.iter().map(|r| r.key()).collect::<Vec<_>>().join(",")
    }
}

/// Roles as they are stored; what a newer version added is left out.
pub(crate) fn roles_of(text: &str) -> Vec<Role> {
    text.split(',').filter_map(Role::from_key).collect()
}

/// One line of the audit: who called which command, when, on how many records.
#[derive(Clone, Record)]
#[record(name = "audit", plural = "audit", zh = "操作记录", en = "Audit entry", title = "command")]
pub struct AuditEntry {
    #[field(zh = "操作", en = "Command", required)]
    pub command: String,
    #[field(zh = "对象类型", en = "Record type")]
    pub kind: Option<String>,
    #[field(zh = "对象", en = "Record")]
    pub record: Option<RecordId>,
    #[field(zh = "涉及条数", en = "Records touched")]
    pub count: Option<i64>,
    #[field(zh = "事由", en = "Reason")]
    pub reason: Option<String>,
}

/// A clerk as lists show one.
#[derive(Serialize, schemars::JsonSchema)]
pub struct ClerkLine {
    /// Record id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Keys of the roles.
    pub roles: Vec<Role>,
    /// Names of the roles.
    pub roles_said: Vec<Say>,
}

/// The clerks of this office.
#[derive(Serialize, schemars::JsonSchema)]
pub struct Clerks {
    /// In the order in which they came.
    pub clerks: Vec<ClerkLine>,
}

/// No question.
#[derive(Deserialize, schemars::JsonSchema)]
pub struct Nothing {}

/// Which stretch of a list.
#[derive(Deserialize, schemars::JsonSchema)]
pub struct Page {
    /// First line.
    #[serde(default)]
    pub offset: i64,
    /// How many lines, 100 at the most.
    #[serde(default)]
    pub limit: Option<i64>,
}

/// The audit's page.
#[derive(Serialize, schemars::JsonSchema)]
pub struct AuditPage {
    /// Lines in all.
    pub total: i64,
    /// Newest first.
    pub entries: Vec<AuditLine>,
}

/// One line of the audit.
#[derive(Serialize, schemars::JsonSchema)]
pub struct AuditLine {
    /// Milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub author: String,
    /// Which command.
    pub command: String,
    /// On which type of record.
    pub kind: Option<String>,
    /// On how many records.
    pub count: i64,
    /// Reason given.
    pub reason: Option<String>,
    /// What it means, where the program noted it for itself.
    pub noted: Option<Say>,
}

pub(crate) fn register(registry: &mut Registry) {
    registry.query("clerks.list", Role::Viewer, |view, _: Nothing| clerks(view));
    registry.query("audit.recent", Role::AuditAdmin, recent);
}

/// Where an office's clerks are written. The county's stand in its public stream, so that every office can name who decided.
#[must_use]
pub(crate) fn stream_of(identity: &Identity) -> Stream {
    if identity.county { Stream::County } else { Stream::Office(identity.office) }
}

fn clerks(view: &View<'_>) -> Result<Clerks, Fault> {
    let stream = view.memory.known_stream(&stream_of(view.office.identity()));
    let rows = view.select::<Clerk>("void = 0 AND stream = ?1 ORDER BY rec", &[&stream])?;
    let line = |(row, clerk): (crate::store::rows::Stored, Clerk)| {
        let roles = clerk.role_list();
        ClerkLine {
            id: row.id.to_string(),
            roles_said: roles.iter().map(|r| r.say()).collect(),
            name: clerk.name,
            roles,
        }
    };
    Ok(Clerks { clerks: rows.into_iter().map(line).collect() })
}

fn recent(view: &View<'_>, page: Page) -> Result<AuditPage, Fault> {
    let limit = page.limit.unwrap_or(50).clamp(1, 100);
    let total = view.conn.query_row("SELECT count(*) FROM audit", [], |r| r.get(0))?;
    let rows = view.select::<AuditEntry>("1 ORDER BY rec DESC LIMIT ?1 OFFSET ?2", &[&limit, &page.offset.max(0)])?;
    let entries = rows
        .into_iter()
        .map(|(row, entry)| {
            Ok(AuditLine {
                at: row.made_at,
                author: view.author(row.made_by)?,
                noted: entry.reason.as_deref().and_then(|reason| audit::noted(&entry.command, reason)),
                command: entry.command,
                kind: entry.kind,
                count: entry.count.unwrap_or(0),
                reason: entry.reason,
            })
        })
        .collect::<Result<_, Fault>>()?;
    Ok(AuditPage { total, entries })
}

/// Writes a new clerk; the caller has made the keys and the key slot.
///
/// # Errors
/// `fields` where the name is missing or taken.
pub fn add(
    desk: &mut Desk<'_>,
    id: RecordId,
    name: &str,
    roles: &[Role],
    sign_key: Vec<u8>,
    seal_key: Vec<u8>,
) -> Result<(), Fault> {
    let name = name.trim();
    if name.is_empty() {
        return Err(field_fault(
            "name",
            "name_missing",
            Say::new(
                "请填写姓名：每个人用自己的名字，不设公用账号。",
                "Enter the name: everybody works under their own, there is no shared account.",
            ),
        ));
    }
    let stream = stream_of(desk.office().identity());
    let number = desk.act.memory.stream(desk.act.conn, &stream)?;
    let layout = desk.act.layout(Clerk::TYPE.name)?;
    if !crate::store::rows::select(desk.act.conn, layout, "name = ?1 AND void = 0 AND stream = ?2", &[&name, &number])?
        .is_empty()
    {
        return Err(name_taken());
    }
    let roles = Clerk::roles_text(roles);
    desk.act.create_as(&stream, id, Clerk { name: name.to_owned(), roles, sign_key, seal_key }, None)
}

pub(crate) fn name_taken() -> Fault {
    field_fault(
        "name",
        "name_taken",
        Say::new(
            "已有同名的经办人员，请在姓名后加区分，如“李强（女工）”“李强（窗口）”。",
            "A clerk of that name exists; add something to tell them apart.",
        ),
    )
}

/// The same for those who ask for the first clerk's name beside other names: there the field is called `clerk`.
pub(crate) fn as_first(mut fault: Fault) -> Fault {
    for wrong in fault.fields.iter_mut().filter(|wrong| wrong.field == "name") {
        wrong.field = "clerk".into();
    }
    fault
}

fn field_fault(field: &str, key: &str, say: Say) -> Fault {
    Fault::fields(vec![crate::fault::FieldFault { field: field.into(), key: key.into(), say }])
}

/// Values of an audit entry.
pub(crate) fn audit_entry(
    command: &str,
    kind: Option<&str>,
    record: Option<RecordId>,
    count: usize,
    reason: Option<&str>,
) -> AuditEntry {
    AuditEntry {
        command: command.to_owned(),
        kind: kind.map(ToOwned::to_owned),
        record,
        count: Some(i64::try_from(count).unwrap_or(i64::MAX)),
        reason: reason.map(ToOwned::to_owned),
    }
}

/// Whether a value is empty.
#[must_use]
pub(crate) fn empty(value: &Value) -> bool {
    matches!(value, Value::Null) || matches!(value, Value::Text(t) if t.is_empty())
}
