//! What stands on each form, field by field. A field that is absent stays blank. Days are written as they shall stand.

use serde::{Deserialize, Serialize};

use crate::text::{Line, Photo, Text};

/// A day as it shall stand on paper, such as `2026年6月1日`.
pub type DayText = Line<20>;

/// 入会申请书 and 《工会会员登记表》.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Registration {
    /// The union that is asked, as it stands after 敬爱的: 基层工会名称.
    pub union: Line<60>,
    /// The pledge in the county's own wording; absent: the program's.
    pub pledge: Text<800>,
    /// 会员证号码.
    pub card_number: Line<30>,
    /// 姓名.
    pub name: Line<50>,
    /// 性别.
    pub sex: Line<4>,
    /// 出生日期.
    pub birth: DayText,
    /// 民族.
    pub ethnicity: Line<20>,
    /// 学历.
    pub education: Line<20>,
    /// 籍贯.
    pub native_place: Line<40>,
    /// 政治面貌.
    pub politics: Line<20>,
    /// 工资.
    pub wage: Line<20>,
    /// 工作单位.
    pub employer: Line<100>,
    /// 职务.
    pub post: Line<40>,
    /// 职称.
    pub title: Line<40>,
    /// 家庭主要成员及其工作单位, a person a line.
    pub family: Text<2000>,
    /// 个人工作简历, a stage a line.
    pub history: Text<8000>,
    /// 基层工会组织审批意见.
    pub opinion: Text<600>,
    /// The day of the decision, above it the seal.
    pub decided_on: DayText,
    /// 备注; keeping a membership (会籍保留) is noted here.
    pub notes: Text<1000>,
    /// 申请日期.
    pub applied_on: DayText,
    /// A passport photo, 25 × 35 mm.
    #[serde(skip_serializing)]
    pub photo: Option<Photo>,
}

/// One membership card: face and back draw from the same fields.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Card {
    /// 姓名.
    pub name: Line<50>,
    /// 性别.
    pub sex: Line<4>,
    /// 会员证号; grouped by four for reading.
    pub number: Line<30>,
    /// 所在工会.
    pub union: Line<60>,
    /// 入会时间.
    pub since: DayText,
    /// 发证日期.
    pub issued_on: DayText,
    /// Who issued it (发证单位); absent: no line.
    pub issuer: Line<60>,
    /// Where a found card is handed in, with telephone.
    pub return_to: Line<120>,
    /// Text of the code on the back: capitals, digits and `$%*+-./:` and space.
    #[serde(skip_serializing)]
    pub qr: String,
    /// A passport photo.
    #[serde(skip_serializing)]
    pub photo: Option<Photo>,
}

/// 工会会员组织关系介绍信: stub, letter and receipt.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Slip {
    /// 编号, as it stands on all three parts and across the seam.
    pub number: Line<40>,
    /// 姓名.
    pub name: Line<50>,
    /// 性别.
    pub sex: Line<4>,
    /// 身份证号, in the form that was decided.
    pub id_number: Line<30>,
    /// 民族.
    pub ethnicity: Line<20>,
    /// 会员证号.
    pub card_number: Line<30>,
    /// 入会时间.
    pub joined_on: DayText,
    /// 原工会.
    pub from_union: Line<60>,
    /// 去往工会; absent: 持本介绍信到所在地工会.
    pub to_union: Line<60>,
    /// 转移原因.
    pub reason: Line<60>,
    /// 会费交至, such as `2026年6月`.
    pub dues_until: DayText,
    /// 有效期, in days.
    pub valid_days: Option<u16>,
    /// 经办人.
    pub clerk: Line<50>,
    /// 日期.
    pub date: DayText,
    /// Text of the code on the letter; the same characters as on a card.
    #[serde(skip_serializing)]
    pub qr: String,
    /// What the new union wrote; usually blank.
    pub receipt: Receipt,
}

/// The third part of a slip.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Receipt {
    /// 接收工会.
    pub union: Line<60>,
    /// 接收日期.
    pub date: DayText,
    /// 经办人.
    pub clerk: Line<50>,
}

/// 会员证(卡)发放签收表.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HandoutList {
    /// The union whose members sign.
    pub union: Line<60>,
    /// The employer or branch, where cards are handed out there.
    pub place: Line<60>,
    /// Number of the batch.
    pub batch: Line<40>,
    /// Who handed them out.
    pub agent: Line<50>,
    /// 发放日期.
    pub date: DayText,
    /// Everyone who gets a card, at most [`MAX_ROWS`].
    #[serde(deserialize_with = "rows")]
    pub rows: Vec<HandoutRow>,
}

/// Most rows of one list.
pub const MAX_ROWS: usize = 5000;

/// One who gets a card.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HandoutRow {
    /// 姓名.
    pub name: Line<50>,
    /// 身份证号, masked.
    pub id_number: Line<30>,
    /// 会员证号.
    pub card_number: Line<30>,
}

fn rows<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<HandoutRow>, D::Error> {
    let rows = Vec::<HandoutRow>::deserialize(from)?;
    if rows.len() > MAX_ROWS { Err(serde::de::Error::custom(crate::text::Refused::Range)) } else { Ok(rows) }
}
