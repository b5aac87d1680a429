//! Applications to join: who applied how, what the group said, what the union decided, and the member that came of it.

mod approve;
mod change;
mod fields;
mod rules;
mod waiting;

pub(crate) use rules::fold;
pub(crate) use waiting::count;

use niangjia_derive::Record;
use serde_json::{Map, Value as Json, json};

use crate::{
    checks::id_number,
    fault::Fault,
    members::Member,
    office::View,
    record::{Record as _, RecordId, Value},
    records::{self, Ledger},
    registry::Registry,
    store::rows,
    words::Say,
};

/// An application (入会申请书 with what 工会会员登记表 asks, domain rules §2.2). What bears the name of a member's field becomes
/// that field on approval.
#[derive(Clone, Record)]
#[record(
    name = "application",
    plural = "applications",
    zh = "入会申请",
    en = "Application to join",
    title = "name",
    moves = "itself"
)]
pub struct Application {
    #[field(zh = "申请方式", en = "How applied", section = "application", codes = "application_way", required, listed)]
    pub way: Option<String>,
    #[field(zh = "申请日期", en = "Applied on", section = "application", required, listed)]
    pub applied_on: Option<chrono::NaiveDate>,
    #[field(zh = "申请书签字日期", en = "Pledge signed on", section = "application")]
    pub pledged_on: Option<chrono::NaiveDate>,
    #[field(
        zh = "申请人类别",
        en = "Kind of applicant",
        section = "application",
        codes = "applicant_kind",
        required,
        listed
    )]
    pub kind: Option<String>,
    #[field(zh = "新就业形态类别", en = "Kind of platform work", section = "application", codes = "platform_kind")]
    pub platform_kind: Option<String>,
    #[field(zh = "申请加入的工会", en = "Union applied to", section = "application", link = "organisation", listed)]
    pub organisation: Option<RecordId>,
    /// By the practice that held when it was made; past it, home calls it overdue.
    #[field(zh = "应批复日期", en = "To be decided by", section = "application", listed, due)]
    pub due_on: Option<chrono::NaiveDate>,
    #[field(zh = "姓名", en = "Name", section = "person", kind = "name", required, search, listed)]
    pub name: String,
    #[field(
        zh = "有效证件类别",
        en = "Kind of document",
        section = "person",
        codes = "id_kind",
        register = "identity"
    )]
    pub id_kind: Option<String>,
    #[field(
        zh = "证件号码",
        en = "ID number",
        section = "person",
        kind = "id_number",
        register = "identity",
        required,
        sensitive,
        search
    )]
    pub id_no: Option<String>,
    #[field(zh = "性别", en = "Sex", section = "person", codes = "sex")]
    pub sex: Option<String>,
    #[field(zh = "出生日期", en = "Birth date", section = "person")]
    pub birth_date: Option<chrono::NaiveDate>,
    #[field(zh = "民族", en = "Ethnicity", section = "person", codes = "ethnicity")]
    pub ethnicity: Option<String>,
    #[field(zh = "移动电话", en = "Mobile", section = "person", kind = "phone", sensitive, search)]
    pub mobile: Option<String>,
    #[field(zh = "籍贯", en = "Native place", section = "person")]
    pub native_place: Option<String>,
    #[field(zh = "政治面貌", en = "Political status", section = "person", codes = "politics")]
    pub politics: Option<String>,
    #[field(zh = "学历", en = "Education", section = "person", codes = "education")]
    pub education: Option<String>,
    #[field(zh = "工作单位", en = "Employer", section = "work", register = "employer", listed)]
    pub employer: Option<String>,
    #[field(
        zh = "单位台账",
        en = "Enterprise of the ledger",
        section = "work",
        link = "enterprise",
        register = "employer"
    )]
    pub enterprise: Option<RecordId>,
    #[field(zh = "职务", en = "Post", section = "work")]
    pub post: Option<String>,
    #[field(zh = "职称", en = "Professional title", section = "work")]
    pub prof_title: Option<String>,
    #[field(zh = "月工资（元）", en = "Monthly wage", section = "work", kind = "money")]
    pub wage: Option<i64>,
    #[field(zh = "是否农民工会员", en = "Migrant-worker member", section = "work")]
    pub is_migrant: Option<bool>,
    #[field(zh = "家庭主要成员及其工作单位", en = "Family and where they work", section = "form", kind = "note")]
    pub family: Option<String>,
    #[field(zh = "个人工作简历", en = "Working life", section = "form", kind = "note")]
    pub working_life: Option<String>,
    #[field(zh = "备注", en = "Note", section = "form", kind = "note")]
    pub note: Option<String>,
    /// Somebody who was a member here before and comes back. Found by the ID number.
    #[field(zh = "原会员档案", en = "Entry of before", section = "application", link = "member")]
    pub member: Option<RecordId>,
}

/// How many applications one act decides.
const MOST: usize = 5_000;

pub(crate) const LEDGER: Ledger = Ledger { ty: Application::TYPE, rules: fields::judge, derived, detail, further: &[] };

pub(crate) fn register(registry: &mut Registry) {
    records::register(registry, LEDGER);
    change::register(registry);
    approve::register(registry);
    waiting::register(registry);
}

/// The id of the member whom an application makes. It follows from the application, so that two PCs of an office that approve
/// it without knowing of each other make one member.
fn member_of(application: RecordId) -> RecordId {
    let hash = blake3::derive_key("niangjia 2026-11 member of an application", &application.0);
    let mut id = [0; 16];
    // The moment of the application stays in front, so that the ids of a table go on standing in the order of their making.
    id[..6].copy_from_slice(&application.0[..6]);
    id[6..].copy_from_slice(&hash[..10]);
    id[6] = 0x70 | id[6] & 0x0f;
    id[8] = 0x80 | id[8] & 0x3f;
    RecordId(id)
}

/// The label of the state, which events may follow, whether it is overdue, and the member that came of it.
fn derived(view: &View<'_>, id: RecordId, values: &[Value]) -> Result<Map<String, Json>, Fault> {
    let layout = view.layout(Application::TYPE.name)?;
    let row = rows::by_id(view.conn, layout, id)?.ok_or_else(Fault::not_found)?;
    let application = Application::from_values(values)?;
    let now = rules::State::from_key(row.state.as_deref().unwrap_or(""));
    let label = label(now);
    let mut out = Map::new();
    out.insert("state_said".into(), json!({ "zh": label.zh, "en": label.en }));
    out.insert("possible".into(), json!(rules::possible(now)));
    out.insert("overdue".into(), json!(now.waits() && application.due_on.is_some_and(|due| due < view.today())));
    let made = application.member.unwrap_or_else(|| member_of(id));
    if let Some(member) = rows::by_id(view.conn, view.layout(Member::TYPE.name)?, made)? {
        let name = Member::from_values(&member.values)?.name;
        out.insert("member".into(), json!({ "id": made.to_string(), "title": name }));
    }
    let events = rows::events(view.conn, view.memory, layout.no, row.rec)?;
    if rules::contested(&events) {
        let say = Say::new(
            "这份申请在两台电脑上办出了不同的结果：一处批准，一处没有批准。会籍已经建立；确实不该批准的，请在会员页上办更正。",
            "Two PCs decided differently on this application: one approved, the other did not. The membership stands; where it should not, put it right on the member's page.",
        );
        out.insert("contested".into(), json!({ "zh": say.zh, "en": say.en }));
    }
    Ok(out)
}

fn label(now: rules::State) -> Say {
    crate::codes::JOINING_STATE.get(now.key()).map_or_else(|| Say::new("未知", "Unknown"), crate::codes::Code::label)
}

/// Employer and the tail of the ID number.
fn detail(_: &View<'_>, values: &[Value]) -> Result<String, Fault> {
    let application = Application::from_values(values)?;
    let number = application.id_no.as_deref().map(id_number::masked);
    Ok(application.employer.into_iter().chain(number).collect::<Vec<_>>().join(" · "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_member_of_an_application_has_one_id_everywhere() {
        let one = RecordId([7; 16]);
        assert_eq!(member_of(one), member_of(one));
        assert_ne!(member_of(one), one);
        assert_ne!(member_of(one), member_of(RecordId([8; 16])));
        assert_eq!(member_of(one).0[..6], one.0[..6]);
        assert_eq!((member_of(one).0[6] >> 4, member_of(one).0[8] >> 6), (7, 2), "as every id of a record");
    }

    #[test]
    fn what_an_application_shares_with_a_member_is_the_same_sort_of_field() {
        for field in Application::TYPE.fields {
            let Some(place) = Member::TYPE.field(field.name) else { continue };
            assert_eq!(format!("{:?}", Member::TYPE.fields[place].kind), format!("{:?}", field.kind), "{}", field.name);
        }
    }
}
