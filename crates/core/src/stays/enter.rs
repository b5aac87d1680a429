//! Somebody comes with a card, or goes away. A card that is scanned is verified here, and what it says is written with the age of
//! the answer; nobody types that.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{LEDGER, Stay, judge::UNSCANNED, rules::Direction};
use crate::{
    cards,
    fault::{Fault, FieldFault},
    office::Desk,
    people::Role,
    record::Record as _,
    records::{self, SaveAsk, Saved},
    registry::Registry,
    words::Say,
};

/// Who comes or goes.
#[derive(Deserialize, JsonSchema)]
pub struct StayAsk {
    /// The text of the card's code, where one was scanned. What it says goes before what was typed.
    #[serde(default)]
    pub card: Option<String>,
    /// A line of before, of the same person: who it was is taken from there.
    #[serde(default)]
    pub like: Option<String>,
    /// The form's fields.
    #[serde(default)]
    pub fields: BTreeMap<String, Json>,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("stays.enter", Role::Clerk, enter);
}

fn enter(desk: &mut Desk<'_>, ask: StayAsk) -> Result<Saved, Fault> {
    let mut fields = ask.fields;
    let today = desk.act.moment.today().to_string();
    fields.entry("since".into()).or_insert_with(|| today.into());
    if let Some(id) = &ask.like {
        for (field, value) in person(desk, id)? {
            fields.entry(field.into()).or_insert(value);
        }
    }
    fields.entry("direction".into()).or_insert_with(|| Direction::In.key().into());
    let mut pardoned = Vec::new();
    if let Some(text) = ask.card.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        for (field, value) in claims(desk, text)? {
            fields.insert(field.into(), value);
        }
        pardoned.push(UNSCANNED);
    }
    records::save_given(desk, LEDGER, &SaveAsk { id: None, token: None, fields }, None, None, &pardoned)
}

/// Who a line of before is about, as far as that does not change with the season.
const PERSON: [&str; 9] =
    ["direction", "name", "member", "card_number", "id_no", "id_tail", "born", "mobile", "home_union"];

fn person(desk: &Desk<'_>, id: &str) -> Result<Vec<(&'static str, Json)>, Fault> {
    let layout = desk.act.layout(Stay::TYPE.name)?;
    let row = desk.act.row(layout, id.parse().map_err(|_| Fault::not_found())?)?;
    let said = |field: &&'static str| {
        let place = layout.place(field)?;
        let value = records::to_json(layout.ty.fields[place].kind, &row.values[place], false);
        (!value.is_null()).then_some((*field, value))
    };
    Ok(PERSON.iter().filter_map(said).collect())
}

/// What a card says that can be registered on.
fn claims(desk: &Desk<'_>, text: &str) -> Result<Vec<(&'static str, Json)>, Fault> {
    let answer = cards::verified(&desk.view(), text)?;
    // A void or forged card is no ground; a card whose signer is not known here says nothing that could be written.
    let Some(card) = answer.card.filter(|_| answer.tone != "bad") else {
        let say = Say::owned(
            format!("{}没有登记。能用别的办法核对清楚的，请不扫证、照实填核验方式登记。", answer.say.zh),
            format!(
                "{} Nothing was registered. Where it can be made sure in another way, enter it by hand and say how.",
                answer.say.en
            ),
        );
        return Err(Fault::fields(vec![FieldFault { field: "card".into(), key: "stay_card".into(), say }]));
    };
    let mut out = vec![
        ("name", Json::from(card.name)),
        ("card_number", card.number.into()),
        ("id_tail", card.tail.into()),
        ("checked_by", "card".into()),
        ("answer", answer.answer.into()),
    ];
    out.extend(card.born.map(|year| ("born", year.into())));
    out.extend(answer.list_of.map(|day| ("list_of", day.to_string().into())));
    out.extend(answer.office.map(|office| ("home_union", office.into())));
    Ok(out)
}
