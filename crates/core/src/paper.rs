//! Paper: what is drawn and printed, decided and masked here. A command that answers a [`Paper`] is previewed, printed and saved by
//! host and window without a line of theirs; how a job looks says docs/paper.

use niangjia_replication::RecordId;
use rusqlite::params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::{
    fault::{Fault, FieldFault},
    kinds,
    office::{Caller, Changed, Office, View},
    words::Say,
};

/// Something for paper: the job, and what is noted of it once it leaves the office.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct Paper {
    /// What a file of it is called, without its ending.
    pub name: String,
    /// The job.
    pub job: Json,
    /// Whether the sheets are cards, 85.6 × 54 mm, and not A4.
    pub card: bool,
    /// Whether faces and backs follow one another, for printing on both sides.
    pub two_sided: bool,
    /// Type of the records that stand on it.
    pub kind: String,
    /// The records that stand on it, in their order.
    pub records: Vec<OnPaper>,
    /// How often it was printed or saved before; from the second time on a reason is needed.
    pub before: u32,
    /// Why it is printed again.
    pub reason: Option<String>,
    /// Records that were asked for and do not stand on it, and why.
    pub refused: Vec<NotOnPaper>,
    /// What the clerk should know before it is printed.
    pub told: Vec<Say>,
}

/// A record that stands on a paper.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct OnPaper {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub title: String,
}

/// A record that is not printed.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct NotOnPaper {
    /// Its id.
    pub id: String,
    /// Its number or name.
    pub title: String,
    /// Why.
    pub say: Say,
}

/// How a paper leaves the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Out {
    /// Through a printer.
    Printed,
    /// As a file of the clerk's.
    Saved,
}

impl Out {
    const ALL: [Self; 2] = [Self::Printed, Self::Saved];

    /// What the audit calls it.
    #[must_use]
    pub const fn deed(self) -> &'static str {
        match self {
            Self::Printed => "paper.print",
            Self::Saved => "paper.save",
        }
    }
}

/// The longest reason: it stands beside the mark of a reprint.
const REASON: usize = 40;

/// What stands between form and reason in the audit.
const AGAIN: &str = " ↻ ";

/// The forms, as they are called by clerks.
static FORMS: [(&str, Say); 7] = [
    ("registration", Say::new("工会会员登记表", "Registration form")),
    ("card_front", Say::new("会员卡正面", "Face of the card")),
    ("card_back", Say::new("会员卡背面", "Back of the card")),
    ("card_sheet", Say::new("会员卡（A4）", "Cards on A4")),
    ("slip", Say::new("组织关系介绍信", "Transfer slip")),
    ("receipt", Say::new("介绍信回执", "Receipt of a transfer slip")),
    ("handout_list", Say::new("会员证发放签收表", "Hand-out list")),
];

impl Paper {
    /// Items on a form, none of them printed before.
    pub(crate) fn new(form: &'static str, name: String, kind: &'static str, items: Vec<Fields>) -> Self {
        let cut = items.iter().any(|item| item.cut);
        let items: Vec<Json> = items.into_iter().map(|item| Json::Object(item.texts)).collect();
        let card = matches!(form, "card_front" | "card_back");
        let cut = cut.then(|| {
            Say::new(
                "有的内容太长，纸上放不下，末尾以“…”代替。请看预览。",
                "Some texts are too long for the paper; “…” stands in place of their ends. Look at the preview.",
            )
        });
        Self {
            name,
            job: json!({ "form": form, "items": items, "page_numbers": !card && form != "card_sheet" }),
            card,
            two_sided: false,
            kind: kind.to_owned(),
            records: Vec::new(),
            before: 0,
            reason: None,
            refused: Vec::new(),
            told: cut.into_iter().collect(),
        }
    }

    /// The same when it was printed before, or is said to have been: with a reason the pages bear the mark of a reprint.
    ///
    /// # Errors
    /// `fields` for a reason that is too long for the mark.
    pub(crate) fn again(mut self, before: u32, reason: Option<&str>) -> Result<Self, Fault> {
        let reason = reason.map(str::trim).filter(|r| !r.is_empty());
        if reason.is_some_and(|r| r.chars().count() > REASON) {
            let say = Say::new("补打原因请写在 40 个字以内。", "Give the reason in 40 characters at the most.");
            return Err(Fault::fields(vec![FieldFault { field: "reason".into(), key: "reason_long".into(), say }]));
        }
        if let Some(reason) = reason {
            self.job["reprint"] = json!({ "reason": reason, "n": before.clamp(1, 99) });
        }
        self.before = before;
        self.reason = reason.map(ToOwned::to_owned);
        Ok(self)
    }

    /// Whether it may leave the office as it is.
    ///
    /// # Errors
    /// `fields` where it was printed before and nobody says why it is printed again.
    pub fn may_go(&self) -> Result<(), Fault> {
        if self.before == 0 || self.reason.is_some() {
            return Ok(());
        }
        Err(Fault::fields(vec![FieldFault {
            field: "reason".into(),
            key: "reprint_reason".into(),
            say: Say::new(
                "以前打印过，再次打印请填写补打原因。",
                "This was printed before; say why it is printed again.",
            ),
        }]))
    }

    fn form(&self) -> &str {
        self.job["form"].as_str().unwrap_or_default()
    }
}

/// The texts of one item, each as long as its place on the form at the most.
#[derive(Default)]
pub(crate) struct Fields {
    texts: Map<String, Json>,
    cut: bool,
}

impl Fields {
    /// A text; what has no room gives way to “…”. None at all is a blank on the form.
    pub(crate) fn put(&mut self, field: &str, text: &str, most: usize) {
        if text.is_empty() {
            return;
        }
        let text = if text.chars().count() > most {
            self.cut = true;
            text.chars().take(most - 1).chain(['…']).collect()
        } else {
            text.to_owned()
        };
        self.texts.insert(field.to_owned(), Json::String(text));
    }

    /// What is no text, such as the rows of a list.
    pub(crate) fn set(&mut self, field: &str, value: Json) {
        self.texts.insert(field.to_owned(), value);
    }

    /// The texts of a row within an item, which shares what was cut.
    pub(crate) fn row(&mut self, row: Self) -> Json {
        self.cut |= row.cut;
        Json::Object(row.texts)
    }
}

/// The label of a code, as it stands on Chinese documents; a code of a newer list as it is.
pub(crate) fn label(list: &str, code: Option<&str>) -> String {
    let Some(code) = code else { return String::new() };
    let known = crate::codes::list(list).and_then(|l| l.get(code));
    known.map_or_else(|| code.to_owned(), |known| known.label().zh.into_owned())
}

/// How often a form of this record has left the office, as far as this office's audit tells.
pub(crate) fn before(view: &View<'_>, form: &str, record: RecordId) -> Result<u32, Fault> {
    let [printed, saved] = Out::ALL.map(Out::deed);
    let sql =
        "SELECT count(*) FROM audit WHERE record = ?1 AND command IN (?2, ?3) AND (reason = ?4 OR reason LIKE ?5)";
    let like = format!("{form}{AGAIN}%");
    let times: i64 =
        view.conn.prepare_cached(sql)?.query_row(params![record.0, printed, saved, form, like], |row| row.get(0))?;
    Ok(u32::try_from(times).unwrap_or(u32::MAX))
}

/// What the audit's reason means: which form, and why it was printed again.
pub(crate) fn noted(reason: &str) -> Option<Say> {
    let (form, why) = reason.split_once(AGAIN).map_or((reason, None), |(form, why)| (form, Some(why)));
    let (_, say) = FORMS.iter().find(|(key, _)| *key == form)?;
    Some(why.map_or_else(
        || say.clone(),
        |why| Say::owned(format!("{}，补打：{why}", say.zh), format!("{}, again: {why}", say.en)),
    ))
}

impl Office {
    /// Notes in the audit that a paper leaves the office.
    ///
    /// # Errors
    /// `fields` where a reason is missing, or those of an act; then nothing was noted.
    pub fn paper_goes(&self, paper: &Paper, out: Out, caller: Caller) -> Result<Changed, Fault> {
        paper.may_go()?;
        let ((), changed) = self.act(out.deed(), caller, |desk| {
            desk.note.kind = kinds().map(|(name, _)| name).find(|name| *name == paper.kind);
            desk.note.record = match &paper.records[..] {
                [one] => one.id.parse().ok(),
                _ => None,
            };
            desk.note.count = Some(paper.records.len());
            let why = paper.reason.as_ref().map_or_else(String::new, |why| format!("{AGAIN}{why}"));
            desk.note.reason = Some(format!("{}{why}", paper.form()));
            Ok(())
        })?;
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Paper {
        let mut item = Fields::default();
        item.put("name", "王芳", 50);
        Paper::new("registration", "登记表".into(), "member", vec![item])
    }

    #[test]
    fn the_second_time_needs_a_reason_and_bears_a_mark() {
        assert!(one().again(0, None).unwrap().may_go().is_ok());
        let twice = one().again(1, Some("  ")).unwrap();
        assert_eq!(twice.may_go().unwrap_err().fields[0].key, "reprint_reason");
        let said = one().again(2, Some(" 原件污损 ")).unwrap();
        assert!(said.may_go().is_ok());
        assert_eq!(said.job["reprint"], json!({ "reason": "原件污损", "n": 2 }));
        // Printed at another PC, or before this program: the clerk knows better.
        assert_eq!(one().again(0, Some("原件污损")).unwrap().job["reprint"]["n"], 1);
        assert_eq!(one().again(1, Some(&"长".repeat(41))).err().unwrap().fields[0].key, "reason_long");
    }

    #[test]
    fn a_text_without_room_says_so() {
        let mut item = Fields::default();
        item.put("employer", &"厂".repeat(101), 100);
        item.put("post", "", 40);
        assert_eq!(item.texts["employer"].as_str().unwrap().chars().count(), 100);
        assert!(item.texts["employer"].as_str().unwrap().ends_with('…') && !item.texts.contains_key("post"));
        assert_eq!(Paper::new("registration", String::new(), "member", vec![item]).told.len(), 1);
        assert!(one().told.is_empty());
    }

    #[test]
    fn the_audit_says_which_form_and_why_again() {
        let zh = |reason: &str| noted(reason).map(|say| say.zh.to_string());
        assert_eq!(zh("registration").as_deref(), Some("工会会员登记表"));
        assert_eq!(zh("card_sheet ↻ 卡纸").as_deref(), Some("会员卡（A4），补打：卡纸"));
        assert_eq!(zh("of a newer version"), None);
    }
}
