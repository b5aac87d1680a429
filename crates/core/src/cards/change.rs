//! What happens to cards: printed, handed out, lost, found, taken back, spoilt. Many at once, each with day, reason and
//! document where it needs them.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, MOST, Standing};
use crate::{
    fault::{Fault, FieldFault},
    office::Desk,
    people::Role,
    record::{Record as _, Value},
    registry::Registry,
    store::{NewEvent, rows::Stored},
    words::Say,
};

/// What happened to which cards.
#[derive(Deserialize, JsonSchema)]
pub struct CardsChangeAsk {
    /// Ids of the cards, 5,000 at the most.
    pub ids: Vec<String>,
    /// `printed`, `handed_out`, `lost`, `found`, `taken_back`, `spoiled`.
    pub event: String,
    /// When; today where absent.
    #[serde(default)]
    pub on: Option<NaiveDate>,
    /// Why: needed where a card is lost, taken back, spoilt, or printed again.
    #[serde(default)]
    pub reason: Option<String>,
    /// Document: number of the signature list, the report of the loss.
    #[serde(default)]
    pub document: Option<String>,
}

/// What came of it.
#[derive(Serialize, JsonSchema)]
pub struct CardsChanged {
    /// How many cards it happened to.
    pub changed: u64,
    /// Cards to which it cannot have happened, and why.
    pub refused: Vec<NotChanged>,
}

/// A card that stays as it is.
#[derive(Serialize, JsonSchema)]
pub struct NotChanged {
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: String,
    /// Why.
    pub say: Say,
}

pub(super) const EVENTS: [&str; 6] = ["printed", "handed_out", "lost", "found", "taken_back", "spoiled"];

pub(super) fn register(registry: &mut Registry) {
    registry.action("cards.change", Role::Clerk, change);
}

fn change(desk: &mut Desk<'_>, ask: CardsChangeAsk) -> Result<CardsChanged, Fault> {
    let Some(event) = EVENTS.into_iter().find(|e| *e == ask.event) else { return Err(Fault::question("event")) };
    if ask.ids.is_empty() || ask.ids.len() > MOST {
        return Err(Fault::question("ids"));
    }
    let today = desk.act.moment.today();
    let on = ask.on.unwrap_or(today);
    if on > today {
        return Err(Fault::fields(vec![FieldFault {
            field: "on".into(),
            key: "event_day_future".into(),
            say: Say::new(
                "日期在今天之后，请核对。还没发生的事请到时再登记。",
                "The date lies in the future; record it when it has happened.",
            ),
        }]));
    }
    let layout = desk.act.layout(Card::TYPE.name)?;
    let (mut rows, mut seen) = (Vec::with_capacity(ask.ids.len()), std::collections::BTreeSet::new());
    for id in &ask.ids {
        // Chosen twice, meant once.
        if seen.insert(id) {
            rows.push(desk.act.row(layout, id.parse().map_err(|_| Fault::not_found())?)?);
        }
    }
    let again = event == "printed" && rows.iter().any(|row| standing(row) != Standing::Ordered);
    let given = match event {
        "lost" | "taken_back" | "spoiled" => Some(reason(ask.reason.as_deref())?),
        _ if again => Some(reason(ask.reason.as_deref())?),
        _ => ask.reason.as_deref().map(str::trim).filter(|r| !r.is_empty()).map(ToOwned::to_owned),
    };
    let (mut changed, mut refused, mut last) = (0, Vec::new(), None);
    for row in rows {
        match follows(&row, event) {
            Ok(()) => {
                let detail = detail(on, given.as_deref(), ask.document.as_deref());
                let seen = row.versions.clone();
                desk.act.change(layout, &row, &seen, &[], Some(NewEvent { name: event, detail }))?;
                (changed, last) = (changed + 1, Some(row.id));
            }
            Err(fault) if ask.ids.len() > 1 => {
                let number = Card::from_values(&row.values)?.number;
                refused.push(NotChanged { id: row.id.to_string(), number, say: fault.say });
            }
            Err(fault) => return Err(fault),
        }
    }
    desk.note.kind = Some(Card::TYPE.name);
    desk.note.record = last.filter(|_| changed == 1);
    desk.note.count = Some(usize::try_from(changed).unwrap_or(usize::MAX));
    desk.note.reason = given;
    Ok(CardsChanged { changed, refused })
}

pub(super) fn standing(row: &Stored) -> Standing {
    Standing::from_key(row.state.as_deref().unwrap_or(""))
}

/// # Errors
/// `event_cannot_follow`, naming how the card stands.
pub(super) fn follows(row: &Stored, event: &str) -> Result<(), Fault> {
    let now = standing(row);
    if now.after(event).is_some() && !row.void {
        return Ok(());
    }
    let label = crate::codes::list("card_state")
        .and_then(|l| l.get(now.key()))
        .map_or_else(|| Say::new("未知", "unknown"), crate::codes::Code::label);
    Err(Fault::say(
        "event_cannot_follow",
        Say::owned(
            format!("这张证现在是“{}”，不能办理这一项，没有改动。", label.zh),
            format!("This card is “{}”, after which this cannot follow; nothing was changed.", label.en),
        ),
    ))
}

pub(super) fn reason(given: Option<&str>) -> Result<String, Fault> {
    given.map(str::trim).filter(|r| !r.is_empty()).map(ToOwned::to_owned).ok_or_else(|| {
        Fault::fields(vec![FieldFault {
            field: "reason".into(),
            key: "reason_missing".into(),
            say: Say::new("请填写原因。", "Enter the reason."),
        }])
    })
}

pub(super) fn detail(on: NaiveDate, reason: Option<&str>, document: Option<&str>) -> Vec<(&'static str, Value)> {
    let text =
        |t: Option<&str>| t.map(str::trim).filter(|t| !t.is_empty()).map_or(Value::Null, |t| Value::Text(t.into()));
    vec![("on", Value::Text(on.to_string().into())), ("reason", text(reason)), ("document", text(document))]
}
