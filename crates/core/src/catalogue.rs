//! The catalogue: every record type and code list, written once in the core and drawn by the UI.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    codes,
    fault::Fault,
    office::View,
    people::{Nothing, Role},
    record::{Kind, RecordType},
    registry::Registry,
    words::Say,
};

/// Everything a form or list needs to draw itself.
#[derive(Serialize, JsonSchema)]
pub struct Catalogue {
    /// Record types by identifier.
    pub records: BTreeMap<String, RecordDescription>,
    /// Code lists by name.
    pub codes: BTreeMap<String, Vec<CodeDescription>>,
    /// Roles a clerk can have.
    pub roles: Vec<RoleDescription>,
    /// Events by name.
    pub events: BTreeMap<String, Say>,
}

/// A record type.
#[derive(Serialize, JsonSchema)]
pub struct RecordDescription {
    /// Identifier.
    pub kind: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Prefix of its commands.
    pub plural: String,
    /// Name of the field that is the title.
    pub title: String,
    /// Fields in order.
    pub fields: Vec<FieldDescription>,
    /// Parts of the form in order.
    pub sections: Vec<SectionDescription>,
}

/// A field.
#[derive(Serialize, JsonSchema)]
pub struct FieldDescription {
    /// Identifier.
    pub name: String,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// Kind.
    pub kind: String,
    /// Code list, for a code.
    pub codes: Option<String>,
    /// Record type, for a link.
    pub link: Option<String>,
    /// Must be filled.
    pub required: bool,
    /// Shown masked.
    pub sensitive: bool,
    /// Fields of one register are replaced together.
    pub register: String,
    /// Part of the form.
    pub section: String,
    /// Column of the list by default.
    pub listed: bool,
    /// A day on which something comes due; lists can be asked for it.
    pub due: bool,
}

/// A part of a form.
#[derive(Serialize, JsonSchema)]
pub struct SectionDescription {
    /// Identifier.
    pub key: String,
    /// Chinese heading.
    pub zh: String,
    /// English heading.
    pub en: String,
}

/// One permitted value.
#[derive(Serialize, JsonSchema)]
pub struct CodeDescription {
    /// What is stored.
    pub code: String,
    /// Official label.
    pub zh: String,
    /// English label.
    pub en: String,
}

/// A role.
#[derive(Serialize, JsonSchema)]
pub struct RoleDescription {
    /// Key.
    pub key: String,
    /// Name.
    pub say: Say,
}

const SECTIONS: &[(&str, &str, &str)] = &[
    ("application", "申请", "Application"),
    ("basic", "基本情况", "Basics"),
    ("person", "个人信息", "Person"),
    ("work", "工作", "Work"),
    ("membership", "会籍", "Membership"),
    ("bank", "银行账户", "Bank account"),
    ("form", "登记表", "Registration form"),
    ("term", "建会与换届", "Founding and terms"),
    ("people", "负责人", "People"),
    ("counts", "人数", "Numbers"),
    ("organising", "建会", "Organising"),
    ("collected", "采集", "Collection"),
    ("more", "其他", "More"),
];

const EVENTS: &[(&str, Say)] = &[
    ("joined", Say::new("入会", "Joined")),
    ("moved_in", Say::new("转入", "Moved in")),
    ("retained", Say::new("保留会籍", "Retained")),
    ("restored", Say::new("恢复会籍", "Restored")),
    ("left", Say::new("退会", "Left")),
    ("expelled", Say::new("开除会籍", "Expelled")),
    ("deceased", Say::new("去世", "Deceased")),
    ("moved_out", Say::new("转出", "Moved out")),
    ("seen", Say::new("参加工会活动", "Took part in union life")),
    ("talked", Say::new("谈话教育", "Talked to")),
    ("met", Say::new("联系上", "Was met")),
    ("on_record", Say::new("县总工会备案", "Taken on record by the county")),
    ("corrected", Say::new("更正", "Put right")),
    ("submitted", Say::new("提交申请", "Applied")),
    ("group_ok", Say::new("小组同意", "Group agreed")),
    ("approved", Say::new("批准入会", "Approved")),
    ("rejected", Say::new("不批准", "Rejected")),
    ("requested", Say::new("请求转出", "Asked for")),
    ("released", Say::new("开出介绍信转出", "Released on a slip")),
    ("release_withdrawn", Say::new("撤回转出", "Release taken back")),
    ("refused", Say::new("不同意", "Refused")),
    ("withdrawn", Say::new("撤回", "Taken back")),
    ("taken_in", Say::new("接收会籍", "Taken in")),
    ("succeeded", Say::new("随机构调整划入", "Came with a reorganisation")),
    ("carried_out", Say::new("已办理", "Carried out")),
    ("given_back", Say::new("退回接收", "Given back")),
    ("receipted", Say::new("回执已到", "Receipt has come")),
    ("confirmed", Say::new("县总工会确认", "Confirmed by the county")),
    ("decided", Say::new("县总工会裁定", "Decided by the county")),
    ("accepted", Say::new("采纳", "Accepted")),
    ("stay_ended", Say::new("离开或返回", "Left, or came back")),
    ("stay_resumed", Say::new("撤销结束", "End undone")),
    ("stay_settled", Say::new("转为接收会籍", "Taken in as a member")),
    ("ordered", Say::new("申领", "Ordered")),
    ("entered", Say::new("登记原有证件", "Entered from paper")),
    ("printed", Say::new("制作", "Printed")),
    ("handed_out", Say::new("发放", "Handed out")),
    ("lost", Say::new("挂失", "Reported lost")),
    ("found", Say::new("解除挂失", "Found again")),
    ("replaced", Say::new("换发", "Replaced")),
    ("taken_back", Say::new("收回", "Taken back")),
    ("spoiled", Say::new("作废", "Spoilt")),
    ("superseded", Say::new("重号停用", "Stepped back from its number")),
    ("kept_number", Say::new("重号裁定：保留此号", "Keeps its number")),
];

pub(crate) fn register(registry: &mut Registry) {
    registry.query("catalogue", Role::Viewer, |view, _: Nothing| catalogue(view));
}

fn catalogue(view: &View<'_>) -> Result<Catalogue, Fault> {
    let records = view.office.store.schema.all().map(|l| (l.ty.name.to_owned(), describe(l.ty))).collect();
    let codes = codes::all()
        .iter()
        .map(|list| {
            let entries = list
                .entries
                .iter()
                .map(|c| CodeDescription { code: c.code.into(), zh: c.zh.into(), en: c.en.into() })
                .collect();
            (list.name.to_owned(), entries)
        })
        .collect();
    let roles = Role::ALL.into_iter().map(|r| RoleDescription { key: r.key().into(), say: r.say() }).collect();
    let events = EVENTS.iter().map(|(key, say)| ((*key).to_owned(), say.clone())).collect();
    Ok(Catalogue { records, codes, roles, events })
}

fn describe(ty: &RecordType) -> RecordDescription {
    let fields: Vec<FieldDescription> = ty
        .fields
        .iter()
        .filter(|f| f.kind != Kind::Bytes)
        .map(|f| FieldDescription {
            name: f.name.into(),
            zh: f.zh.into(),
            en: f.en.into(),
            kind: f.kind.key().into(),
            codes: if let Kind::Code(list) = f.kind { Some(list.into()) } else { None },
            link: if let Kind::Link(kind) = f.kind { Some(kind.into()) } else { None },
            required: f.required,
            sensitive: f.sensitive,
            register: f.register.into(),
            section: f.section.into(),
            listed: f.listed,
            due: f.due,
        })
        .collect();
    let sections = SECTIONS
        .iter()
        .filter(|(key, _, _)| fields.iter().any(|f| f.section == *key))
        .map(|(key, zh, en)| SectionDescription { key: (*key).into(), zh: (*zh).into(), en: (*en).into() })
        .collect();
    RecordDescription {
        kind: ty.name.into(),
        zh: ty.zh.into(),
        en: ty.en.into(),
        plural: ty.plural.into(),
        title: ty.fields[ty.title].name.into(),
        fields,
        sections,
    }
}
