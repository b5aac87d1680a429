//! Members: persons who are or were members of the union, and how they joined, stayed and left.

mod commands;
mod correct;
mod expulsions;
mod idle;
mod import;
mod judge;
mod leaving;
mod links;
mod paper;
mod preview;
mod rules;
mod same;
mod seen;
mod sightings;
mod undo;
mod unseen;
mod waiting;

pub use commands::{ChangeAsk, JoinAsk};
pub(crate) use commands::{detail, follows};
pub(crate) use expulsions::to_take as expulsions_to_take;
pub(crate) use idle::count as idle_count;
pub(crate) use leaving::month;
pub(crate) use links::Links;
pub(crate) use paper::{photo_waits, union_of};
pub(crate) use preview::Preview;
pub use rules::{Membership, fold};
pub(crate) use rules::{check_fields, day_of_event, member as member_rules};
pub use same::SamePerson;
pub(crate) use same::{Merged, Reader, counted, grounds, link, links, merged, part};
pub(crate) use unseen::count as unseen_count;

use chrono::NaiveDate;
use niangjia_derive::Record;

use crate::{
    record::{Record as _, RecordId},
    records::{self, Ledger},
    registry::Registry,
};

/// A member. Columns of 会员信息采集表 (domain rules §2.3) and the further items of A1.
#[derive(Clone, Record)]
#[record(name = "member", plural = "members", zh = "会员", en = "Member", title = "name", moves = "itself")]
pub struct Member {
    #[field(
        zh = "姓名",
        en = "Name",
        section = "person",
        kind = "name",
        sheet = "会员姓名|职工姓名|名字",
        required,
        search,
        listed
    )]
    pub name: String,
    #[field(zh = "曾用名", en = "Former name", section = "person", kind = "name", search)]
    pub former_name: Option<String>,
    #[field(
        zh = "有效证件类别",
        en = "Kind of document",
        section = "person",
        codes = "id_kind",
        sheet = "证件类别|证件类型|有效证件类型",
        register = "identity"
    )]
    pub id_kind: Option<String>,
    #[field(
        zh = "证件号码",
        en = "ID number",
        section = "person",
        kind = "id_number",
        sheet = "身份证号|身份证号码|身份证|公民身份号码|有效证件号码",
        register = "identity",
        required,
        sensitive,
        search,
        listed
    )]
    pub id_no: Option<String>,
    #[field(zh = "性别", en = "Sex", section = "person", codes = "sex", listed)]
    pub sex: Option<String>,
    #[field(zh = "出生日期", en = "Birth date", section = "person", sheet = "出生年月日|出生年月|生日", keyed)]
    pub birth_date: Option<NaiveDate>,
    #[field(zh = "民族", en = "Ethnicity", section = "person", codes = "ethnicity")]
    pub ethnicity: Option<String>,
    #[field(
        zh = "移动电话",
        en = "Mobile",
        section = "person",
        kind = "phone",
        sheet = "手机|手机号|手机号码|联系电话|电话",
        sensitive,
        search,
        listed,
        keyed
    )]
    pub mobile: Option<String>,
    #[field(zh = "其他联系方式", en = "Other contact", section = "person")]
    pub contact_other: Option<String>,
    #[field(zh = "籍贯", en = "Native place", section = "person")]
    pub native_place: Option<String>,
    #[field(zh = "现居住地", en = "Residence", section = "person", sheet = "居住地|住址")]
    pub residence: Option<String>,
    #[field(
        zh = "户籍类型",
        en = "Household registration",
        section = "person",
        codes = "hukou_kind",
        sheet = "户口类型|户籍性质",
        register = "hukou"
    )]
    pub hukou_kind: Option<String>,
    #[field(
        zh = "户籍所在地",
        en = "Registered at",
        section = "person",
        sheet = "户口所在地|户籍地",
        register = "hukou"
    )]
    pub hukou_place: Option<String>,
    #[field(zh = "婚姻状况", en = "Marital status", section = "person", codes = "marital", sheet = "婚姻")]
    pub marital: Option<String>,
    #[field(zh = "政治面貌", en = "Political status", section = "person", codes = "politics")]
    pub politics: Option<String>,
    #[field(zh = "学历", en = "Education", section = "person", codes = "education", sheet = "文化程度")]
    pub education: Option<String>,
    #[field(zh = "学位", en = "Degree", section = "person", codes = "degree")]
    pub degree: Option<String>,
    #[field(zh = "技术等级", en = "Skill level", section = "work", codes = "skill_level", sheet = "职业资格|技能等级")]
    pub skill_level: Option<String>,
    #[field(zh = "就业状况", en = "Employment", section = "work", codes = "employment")]
    pub employment: Option<String>,
    #[field(
        zh = "工作单位",
        en = "Employer",
        section = "work",
        sheet = "所属企业|单位名称|所在单位",
        register = "employer",
        listed,
        local
    )]
    pub employer: Option<String>,
    #[field(
        zh = "单位台账",
        en = "Enterprise of the ledger",
        section = "work",
        link = "enterprise",
        register = "employer",
        local
    )]
    pub enterprise: Option<RecordId>,
    #[field(zh = "部门（车间）", en = "Department", section = "work", sheet = "部门|车间", local)]
    pub department: Option<String>,
    #[field(zh = "职务", en = "Post", section = "work", local)]
    pub post: Option<String>,
    #[field(zh = "职称", en = "Professional title", section = "work")]
    pub prof_title: Option<String>,
    #[field(zh = "工种", en = "Trade", section = "work", sheet = "职业（工种）|职业")]
    pub trade: Option<String>,
    #[field(zh = "参加工作时间", en = "Working since", section = "work", sheet = "参加工作年份|参加工作日期")]
    pub work_since: Option<NaiveDate>,
    #[field(zh = "劳动合同起", en = "Contract from", section = "work", register = "contract", local)]
    pub contract_from: Option<NaiveDate>,
    #[field(zh = "劳动合同止", en = "Contract to", section = "work", register = "contract", due, local)]
    pub contract_to: Option<NaiveDate>,
    #[field(zh = "月工资（元）", en = "Monthly wage", section = "work", kind = "money", sheet = "工资|月工资")]
    pub wage: Option<i64>,
    #[field(
        zh = "劳模类型",
        en = "Model-worker kind",
        section = "work",
        codes = "model_kind",
        sheet = "劳模类别|是否劳模"
    )]
    pub model_kind: Option<String>,
    #[field(zh = "是否农民工会员", en = "Migrant-worker member", section = "membership", sheet = "是否农民工|农民工")]
    pub is_migrant: Option<bool>,
    #[field(zh = "是否劳务派遣", en = "Dispatched worker", section = "membership", sheet = "劳务派遣")]
    pub is_dispatched: Option<bool>,
    #[field(zh = "会员类型", en = "Kind of member", section = "membership", codes = "member_kind")]
    pub member_kind: Option<String>,
    #[field(
        zh = "新就业形态类别",
        en = "Kind of platform work",
        section = "membership",
        codes = "platform_kind",
        sheet = "新就业形态"
    )]
    pub platform_kind: Option<String>,
    #[field(
        zh = "所属工会",
        en = "Union",
        section = "membership",
        link = "organisation",
        sheet = "所属工会组织|工会名称|所属企业/工会",
        listed,
        local
    )]
    pub organisation: Option<RecordId>,
    #[field(
        zh = "会员证号",
        en = "Member no.",
        section = "membership",
        sheet = "会员证号码|工会会员号|会员编号",
        search
    )]
    pub member_no: Option<String>,
    #[field(zh = "会费交至", en = "Dues paid to", section = "membership", by_office)]
    pub dues_paid_to: Option<NaiveDate>,
    #[field(
        zh = "姓名（银行户名）",
        en = "Name on the account",
        section = "bank",
        kind = "name",
        sheet = "银行户名|户名|开户名|账户名",
        register = "bank"
    )]
    pub bank_holder: Option<String>,
    #[field(
        zh = "银行卡号",
        en = "Bank card no.",
        section = "bank",
        kind = "bank_card",
        sheet = "银行账号|银行卡|卡号|账号",
        register = "bank",
        sensitive
    )]
    pub bank_card_no: Option<String>,
    #[field(zh = "开户行", en = "Bank", section = "bank", sheet = "开户银行|开户支行", register = "bank")]
    pub bank_branch: Option<String>,
    // The three long answers of 工会会员登记表 (domain rules §2.2).
    #[field(
        zh = "家庭主要成员及其工作单位",
        en = "Family and where they work",
        section = "form",
        kind = "note",
        sheet = "家庭主要成员|家庭成员"
    )]
    pub family: Option<String>,
    #[field(
        zh = "个人工作简历",
        en = "Working life",
        section = "form",
        kind = "note",
        sheet = "工作简历|个人简历|简历"
    )]
    pub working_life: Option<String>,
    #[field(
        zh = "基层工会审批意见",
        en = "Opinion of the grass-roots union",
        section = "form",
        kind = "note",
        sheet = "审批意见|基层工会组织审批意见"
    )]
    pub opinion: Option<String>,
    #[field(zh = "采集方式", en = "How collected", section = "collected", codes = "collected_by")]
    pub collected_by: Option<String>,
    #[field(zh = "确认方式", en = "How confirmed", section = "collected", codes = "confirmed_by")]
    pub confirmed_by: Option<String>,
    #[field(zh = "采集员", en = "Collector", section = "collected", kind = "name")]
    pub collector: Option<String>,
    #[field(zh = "核对依据", en = "Checked against", section = "collected", codes = "checked_against")]
    pub checked_against: Option<String>,
    #[field(zh = "备注", en = "Note", section = "collected", kind = "note")]
    pub note: Option<String>,
    #[field(zh = "照片", en = "Photo", section = "person", kind = "picture")]
    pub photo: Option<Vec<u8>>,
}

pub(crate) const LEDGER: Ledger = Ledger {
    ty: Member::TYPE,
    rules: rules::member,
    derived: commands::derived,
    detail: commands::detail,
    further: judge::FURTHER,
};

pub(crate) fn register(registry: &mut Registry) {
    records::register(registry, LEDGER);
    commands::register(registry);
    paper::register(registry);
    import::register(registry);
    undo::register(registry);
    same::register(registry);
    correct::register(registry);
    seen::register(registry);
    idle::register(registry);
    unseen::register(registry);
    expulsions::register(registry);
}
