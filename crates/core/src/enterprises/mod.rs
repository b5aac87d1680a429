//! Enterprises: the employers of the area, organised or not.

use niangjia_derive::Record;

use crate::{
    fault::Fault,
    office::View,
    record::{Record as _, RecordId, Value},
    records::{self, Candidate, Ledger},
    registry::Registry,
    successions::HELD,
    words::Say,
};

/// An employer (domain rules A3).
#[derive(Clone, Record)]
#[record(name = "enterprise", plural = "enterprises", zh = "单位", en = "Enterprise", title = "name", moves = "itself")]
pub struct Enterprise {
    #[field(zh = "单位名称", en = "Name", section = "basic", sheet = "企业名称|单位全称", required, search, listed)]
    pub name: String,
    #[field(
        zh = "统一社会信用代码",
        en = "Credit code",
        section = "basic",
        kind = "credit_code",
        sheet = "单位统一社会信用代码|信用代码",
        search,
        listed
    )]
    pub credit_code: Option<String>,
    #[field(zh = "单位地址", en = "Address", section = "basic", sheet = "地址", register = "place")]
    pub address: Option<String>,
    #[field(
        zh = "所在政区",
        en = "Area",
        section = "basic",
        kind = "area",
        sheet = "单位所在政区",
        register = "place"
    )]
    pub area: Option<String>,
    #[field(
        zh = "村（社区）/园区",
        en = "Village or park",
        section = "basic",
        sheet = "村|社区|园区|村（社区）",
        listed
    )]
    pub village: Option<String>,
    #[field(zh = "单位性质类别", en = "Nature", section = "basic", codes = "unit_nature", sheet = "单位性质")]
    pub nature: Option<String>,
    #[field(zh = "经济类型", en = "Economy", section = "basic", codes = "economy")]
    pub economy: Option<String>,
    #[field(zh = "单位所属行业", en = "Industry", section = "basic", codes = "industry", sheet = "行业|所属行业")]
    pub industry: Option<String>,
    #[field(zh = "规模以上", en = "Above scale", section = "basic", sheet = "是否规模以上|规上")]
    pub above_scale: Option<bool>,
    #[field(zh = "职工人数", en = "Employees", section = "counts", listed)]
    pub employees: Option<i64>,
    #[field(zh = "女职工人数", en = "Women employees", section = "counts", sheet = "女职工")]
    pub women: Option<i64>,
    #[field(zh = "农民工人数", en = "Migrant workers", section = "counts", sheet = "农民工")]
    pub migrants: Option<i64>,
    #[field(zh = "劳务派遣人数", en = "Dispatched workers", section = "counts", sheet = "派遣人数|劳务派遣工")]
    pub dispatched: Option<i64>,
    #[field(zh = "法定代表人", en = "Legal representative", section = "people", kind = "name", sheet = "法人|负责人")]
    pub legal_rep: Option<String>,
    #[field(zh = "联系人", en = "Contact", section = "people", kind = "name", listed)]
    pub contact: Option<String>,
    #[field(zh = "联系电话", en = "Telephone", section = "people", kind = "phone", sheet = "电话", listed)]
    pub phone: Option<String>,
    #[field(zh = "党组织", en = "Party organisation", section = "people", sheet = "党组织名称")]
    pub party: Option<String>,
    #[field(zh = "建会状态", en = "Organising state", section = "organising", codes = "organising_state", listed)]
    pub organising: Option<String>,
    #[field(zh = "所属工会", en = "Union", section = "organising", link = "organisation", sheet = "工会名称")]
    pub union_organisation: Option<RecordId>,
    #[field(
        zh = "未建会原因",
        en = "Why not organised",
        section = "organising",
        codes = "organising_reason",
        sheet = "未建原因"
    )]
    pub reason: Option<String>,
    #[field(zh = "建会方案", en = "Plan", section = "organising", kind = "note")]
    pub plan: Option<String>,
    #[field(zh = "责任人", en = "Responsible", section = "organising", kind = "name")]
    pub owner: Option<String>,
    #[field(zh = "备注", en = "Note", section = "organising", kind = "note")]
    pub note: Option<String>,
}

pub(crate) const LEDGER: Ledger = Ledger { ty: Enterprise::TYPE, rules, derived, detail, further: &[] };

pub(crate) fn register(registry: &mut Registry) {
    records::register(registry, LEDGER);
}

fn rules(view: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    for field in ["employees", "women", "migrants", "dispatched"] {
        if matches!(candidate.get(field), Value::Int(n) if *n < 0) {
            candidate.fault(
                field,
                "negative",
                Say::new("人数不能小于 0。", "A number of people cannot be below zero."),
            );
        }
    }
    if let (Value::Int(all), Value::Int(women)) = (candidate.get("employees"), candidate.get("women"))
        && women > all
    {
        candidate.fault(
            "women",
            "more_women_than_all",
            Say::new(
                "女职工人数比职工总数还多，请核对这两个数。",
                "There are more women than employees; check the two numbers.",
            ),
        );
    }
    if let Some(code) = candidate.text("credit_code") {
        let same = view.select::<Enterprise>(&format!("credit_code = ?1 AND {HELD}"), &[&code])?;
        if same.iter().any(|(row, _)| Some(row.id) != candidate.id) {
            candidate.notice(
                "credit_code",
                "credit_code_twice",
                Say::new(
                    "台账里已有同一信用代码的单位，请先查一下是不是同一家。",
                    "An enterprise with this credit code is in the ledger already; check whether it is the same one.",
                ),
            );
        }
    }
    Ok(())
}

fn derived(view: &View<'_>, id: RecordId, _: &[Value]) -> Result<serde_json::Map<String, serde_json::Value>, Fault> {
    let members: i64 = view
        .conn
        .prepare_cached(&format!(
            "SELECT count(*) FROM member WHERE enterprise = ?1 AND void = 0 AND state IN ('active', 'out_in_transit'){}",
            crate::members::counted(view)
        ))?
        .query_row([id.0], |r| r.get(0))?;
    let mut out = serde_json::Map::new();
    out.insert("members".into(), members.into());
    Ok(out)
}

fn detail(_: &View<'_>, values: &[Value]) -> Result<String, Fault> {
    let village = Enterprise::TYPE.field("village").map(|p| &values[p]);
    Ok(match village {
        Some(Value::Text(t)) => t.to_string(),
        _ => String::new(),
    })
}
