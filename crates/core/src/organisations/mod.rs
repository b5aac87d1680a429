//! Organisations: the tree of the union, its posts and its committees.

mod commands;
mod offices;
mod rules;

pub(crate) use offices::offices_named;
pub use offices::{InviteAsk, OfficeEntry};

use chrono::NaiveDate;
use niangjia_derive::Record;

use crate::{
    identity::Identity,
    record::{Record as _, RecordId},
    records::{self, Ledger},
    registry::Registry,
};

/// A union organisation, from the county federation down to a group. Fields of the collection form
/// 工会组织信息采集表 (domain rules §2.4, A2).
#[derive(Clone, Record)]
#[record(
    name = "organisation",
    plural = "organisations",
    zh = "工会组织",
    en = "Union organisation",
    title = "name",
    moves = "itself"
)]
pub struct Organisation {
    #[field(zh = "工会名称", en = "Name", section = "basic", sheet = "工会全称|组织名称", required, search, listed)]
    pub name: String,
    #[field(zh = "工会简称", en = "Short name", section = "basic", sheet = "简称", search)]
    pub short_name: Option<String>,
    #[field(
        zh = "上级工会",
        en = "Parent union",
        section = "basic",
        sheet = "上级工会名称",
        link = "organisation",
        listed
    )]
    pub parent: Option<RecordId>,
    #[field(zh = "工会组织类别", en = "Kind", section = "basic", codes = "org_kind", required, listed)]
    pub kind: Option<String>,
    #[field(zh = "基层工会类型", en = "Type of grass-roots union", section = "basic", codes = "base_union_type")]
    pub base_type: Option<String>,
    #[field(
        zh = "工会统一社会信用代码",
        en = "Union's credit code",
        section = "basic",
        kind = "credit_code",
        sheet = "工会信用代码",
        search
    )]
    pub credit_code: Option<String>,
    #[field(zh = "法人证号", en = "Legal-person certificate no.", section = "basic", sheet = "工会法人证号")]
    pub legal_cert: Option<String>,
    #[field(zh = "统计代码", en = "Statistical code", section = "basic")]
    pub stat_code: Option<String>,
    #[field(zh = "所在政区", en = "Area", section = "basic", kind = "area", sheet = "单位所在政区|行政区划")]
    pub area: Option<String>,
    #[field(zh = "建会日期", en = "Founded on", section = "term", sheet = "成立日期")]
    pub founded_on: Option<NaiveDate>,
    #[field(zh = "批复文号", en = "Approval no.", section = "term", sheet = "审批文号")]
    pub approval_no: Option<String>,
    #[field(zh = "届次", en = "Term no.", section = "term")]
    pub term_no: Option<i64>,
    #[field(zh = "任期（年）", en = "Term in years", section = "term", sheet = "任期")]
    pub term_years: Option<i64>,
    #[field(zh = "本届当选日期", en = "Elected on", section = "term", sheet = "选举日期")]
    pub elected_on: Option<NaiveDate>,
    #[field(zh = "换届日期", en = "Next election", section = "term", sheet = "下次换届日期", listed, due)]
    pub next_election_on: Option<NaiveDate>,
    #[field(
        zh = "工会负责人",
        en = "Chair",
        section = "people",
        kind = "name",
        sheet = "工会主席|主席|法定代表人",
        listed
    )]
    pub chair: Option<String>,
    #[field(zh = "主席专兼职", en = "Chair full or part time", section = "people", codes = "post_time")]
    pub chair_time: Option<String>,
    #[field(zh = "联系电话", en = "Telephone", section = "people", kind = "phone", sheet = "电话", listed)]
    pub phone: Option<String>,
    #[field(zh = "职工人数", en = "Employees", section = "counts")]
    pub employees: Option<i64>,
    #[field(zh = "女职工人数", en = "Women employees", section = "counts")]
    pub women_employees: Option<i64>,
    #[field(zh = "会员人数（上报数）", en = "Members as reported", section = "counts", sheet = "会员人数")]
    pub members_reported: Option<i64>,
    #[field(
        zh = "女会员人数（上报数）",
        en = "Women members as reported",
        section = "counts",
        sheet = "女会员人数|女会员"
    )]
    pub women_reported: Option<i64>,
    #[field(zh = "专职干部人数", en = "Full-time cadres", section = "counts", sheet = "专职工会干部人数")]
    pub cadres: Option<i64>,
    #[field(zh = "备注", en = "Note", section = "more", kind = "note")]
    pub note: Option<String>,
}

/// A post that a person holds in an organisation.
#[derive(Clone, Record)]
#[record(name = "post", plural = "posts", zh = "工会职务", en = "Post", title = "name", moves = "organisation")]
pub struct Post {
    #[field(zh = "工会组织", en = "Organisation", section = "basic", link = "organisation", required, listed)]
    pub organisation: Option<RecordId>,
    #[field(zh = "姓名", en = "Name", section = "basic", kind = "name", required, listed)]
    pub name: String,
    #[field(zh = "会员", en = "Member", section = "basic", link = "member")]
    pub member: Option<RecordId>,
    #[field(zh = "职务", en = "Post", section = "basic", codes = "post_kind", required, listed)]
    pub post: Option<String>,
    #[field(zh = "专职或兼职", en = "Full or part time", section = "basic", codes = "post_time", listed)]
    pub time: Option<String>,
    #[field(zh = "兼任党政职务", en = "Party or government post held besides", section = "basic")]
    pub other_post: Option<String>,
    #[field(zh = "委员会", en = "Committee", section = "basic", codes = "committee_kind")]
    pub committee: Option<String>,
    #[field(zh = "任职日期", en = "From", section = "basic", listed)]
    pub since: Option<NaiveDate>,
    #[field(zh = "离任日期", en = "Until", section = "basic", listed)]
    pub until: Option<NaiveDate>,
    #[field(zh = "联系电话", en = "Telephone", section = "basic", kind = "phone")]
    pub phone: Option<String>,
}

/// A committee that was founded with an organisation (S1-27).
#[derive(Clone, Record)]
#[record(
    name = "committee",
    plural = "committees",
    zh = "委员会",
    en = "Committee",
    title = "approval_no",
    moves = "organisation"
)]
pub struct Committee {
    #[field(zh = "工会组织", en = "Organisation", section = "basic", link = "organisation", required, listed)]
    pub organisation: Option<RecordId>,
    #[field(zh = "委员会类别", en = "Kind", section = "basic", codes = "committee_kind", required, listed)]
    pub kind: Option<String>,
    #[field(zh = "选举日期", en = "Elected on", section = "basic", listed)]
    pub elected_on: Option<NaiveDate>,
    #[field(zh = "批复日期", en = "Approved on", section = "basic", listed)]
    pub approved_on: Option<NaiveDate>,
    #[field(zh = "批复文号", en = "Approval no.", section = "basic", listed)]
    pub approval_no: Option<String>,
    #[field(zh = "委员人数", en = "Committee members", section = "basic")]
    pub seats: Option<i64>,
    #[field(zh = "撤销日期", en = "Dissolved on", section = "basic")]
    pub dissolved_on: Option<NaiveDate>,
}

/// A unit that a union covers. A joint union covers many, and a unit may be covered by its own union and by one above it (A2,
/// 涵盖单位).
#[derive(Clone, Record)]
#[record(
    name = "coverage",
    plural = "coverages",
    zh = "涵盖单位",
    en = "Covered unit",
    title = "unit",
    moves = "organisation"
)]
pub struct Coverage {
    #[field(zh = "工会组织", en = "Organisation", section = "basic", link = "organisation", required, listed)]
    pub organisation: Option<RecordId>,
    #[field(zh = "单位名称", en = "Unit", section = "basic", required, search, listed)]
    pub unit: String,
    #[field(zh = "单位台账", en = "Enterprise of the ledger", section = "basic", link = "enterprise", listed)]
    pub enterprise: Option<RecordId>,
    #[field(zh = "起始日期", en = "From", section = "basic", listed)]
    pub since: Option<NaiveDate>,
    #[field(zh = "终止日期", en = "Until", section = "basic", listed)]
    pub until: Option<NaiveDate>,
    #[field(zh = "备注", en = "Note", section = "basic", kind = "note")]
    pub note: Option<String>,
}

impl Organisation {
    /// The record of the office itself; it bears the office's id.
    #[must_use]
    pub fn of_office(identity: &Identity) -> Self {
        let kind = if identity.county {
            "county"
        } else if identity.name.contains("街道") {
            "sub_district"
        } else {
            "township"
        };
        Self {
            name: identity.name.clone(),
            short_name: None,
            parent: identity.federation.filter(|f| *f != identity.office),
            kind: Some(kind.to_owned()),
            base_type: Some("general".to_owned()),
            credit_code: None,
            legal_cert: None,
            stat_code: None,
            area: Some(identity.code.clone()),
            founded_on: None,
            approval_no: None,
            term_no: None,
            term_years: None,
            elected_on: None,
            next_election_on: None,
            chair: None,
            chair_time: None,
            phone: None,
            employees: None,
            women_employees: None,
            members_reported: None,
            women_reported: None,
            cadres: None,
            note: None,
        }
    }
}

pub(crate) const LEDGER: Ledger = Ledger {
    ty: Organisation::TYPE,
    rules: rules::organisation,
    derived: commands::derived,
    detail: commands::detail,
    further: &[],
};

pub(crate) fn register(registry: &mut Registry) {
    records::register(registry, LEDGER);
    records::register(registry, Ledger { rules: rules::post, ..Ledger::plain::<Post>() });
    records::register(registry, Ledger { rules: rules::committee, ..Ledger::plain::<Committee>() });
    records::register(registry, Ledger { rules: rules::coverage, ..Ledger::plain::<Coverage>() });
    registry.query("organisations.tree", crate::people::Role::Viewer, |view, _: crate::people::Nothing| {
        commands::tree(view)
    });
    offices::register(registry);
}
