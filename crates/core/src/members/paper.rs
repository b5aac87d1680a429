//! The registration form of a member (domain rules §2.2): application and 工会会员登记表 with what is known, the rest to be filled in
//! by hand. It shows no ID number.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Member, Membership};
use crate::{
    blobs,
    checks::day::in_chinese,
    fault::Fault,
    office::View,
    paper::{self, Fields, OnPaper, Paper, label},
    people::Role,
    record::{Record as _, RecordId},
    records::title_of,
    registry::Registry,
    store::rows::{self, EventRow},
    words::Say,
};

/// Whose form is drawn.
#[derive(Deserialize, JsonSchema)]
pub struct MemberPaperAsk {
    /// Id of the member.
    pub id: String,
    /// Why it is printed again, where it is.
    #[serde(default)]
    pub reason: Option<String>,
}

pub(super) fn register(registry: &mut Registry) {
    registry.query("members.paper", Role::Clerk, draw);
}

fn draw(view: &View<'_>, ask: MemberPaperAsk) -> Result<Paper, Fault> {
    let id: RecordId = ask.id.parse().map_err(|_| Fault::not_found())?;
    let layout = view.layout(Member::TYPE.name)?;
    let (row, member) = view.select::<Member>("id = ?1 AND void = 0", &[&id.0])?.pop().ok_or_else(Fault::not_found)?;
    let events = rows::events(view.conn, view.memory, layout.no, row.rec)?;
    let state = Membership::from_key(row.state.as_deref().unwrap_or(""));
    let mut item = texts(&member, state, &events);
    item.put("union", &union_of(view, &member)?, 60);
    let photo = match &member.photo {
        Some(photo) => Some(blobs::opened(view.office, photo)?),
        None => None,
    };
    let waits = matches!(photo, Some(None));
    if let Some(Some(photo)) = photo {
        item.set("photo", photo.into());
    }
    // The name of a file says no name of a person.
    let name = format!("工会会员登记表 {}", view.today());
    let mut paper = Paper::new("registration", name, Member::TYPE.name, vec![item]);
    paper.records = vec![OnPaper { id: row.id.to_string(), title: member.name }];
    if waits {
        paper.told.push(photo_waits());
    }
    paper.again(paper::before(view, "registration", row.id)?, ask.reason.as_deref())
}

pub(crate) fn photo_waits() -> Say {
    Say::new("照片还没有传到本机，纸上留空。", "A photo has not reached this PC yet; its place stays empty.")
}

/// The union of a member as papers name it; the office's own where none is entered.
pub(crate) fn union_of(view: &View<'_>, member: &Member) -> Result<String, Fault> {
    let named = match member.organisation {
        Some(id) => title_of(view, "organisation", &id.0)?,
        None => String::new(),
    };
    Ok(if named.is_empty() { view.office.identity().name.clone() } else { named })
}

fn texts(member: &Member, state: Membership, events: &[EventRow]) -> Fields {
    let mut item = Fields::default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let code = |list, code: &Option<String>| label(list, code.as_deref());
    item.put("name", &member.name, 50);
    item.put("card_number", &text(&member.member_no), 30);
    item.put("sex", &code("sex", &member.sex), 4);
    item.put("birth", &member.birth_date.map(in_chinese).unwrap_or_default(), 20);
    item.put("ethnicity", &code("ethnicity", &member.ethnicity), 20);
    item.put("education", &code("education", &member.education), 20);
    item.put("native_place", &text(&member.native_place), 40);
    item.put("politics", &code("politics", &member.politics), 20);
    item.put("wage", &member.wage.map(yuan).unwrap_or_default(), 20);
    item.put("employer", &text(&member.employer), 100);
    item.put("post", &text(&member.post), 40);
    item.put("title", &text(&member.prof_title), 40);
    item.put("family", &text(&member.family), 2_000);
    item.put("history", &text(&member.working_life), 8_000);
    item.put("opinion", &text(&member.opinion), 600);
    let last = |names: &[&str]| events.iter().rev().find(|e| names.contains(&e.name.as_str()));
    let on = |event: &EventRow| event.text("on").and_then(|on| on.parse::<NaiveDate>().ok()).map(in_chinese);
    if let Some(day) = last(&["joined"]).and_then(on) {
        item.put("decided_on", &day, 20);
    }
    if state == Membership::Retained
        && let Some(day) = last(&["retained"]).and_then(on)
    {
        // The form has its place for this note (domain rules §2.2).
        item.put("notes", &format!("{day}起保留会籍。"), 1_000);
    }
    item
}

/// `5200元`, `5200.50元`.
fn yuan(fen: i64) -> String {
    match fen % 100 {
        0 => format!("{}元", fen / 100),
        rest => format!("{}.{:02}元", fen / 100, rest.abs()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn wages_as_they_are_written() {
        assert_eq!((super::yuan(520_000), super::yuan(520_050)), ("5200元".to_owned(), "5200.50元".to_owned()));
    }
}
