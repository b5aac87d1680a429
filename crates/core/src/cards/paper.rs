//! Cards on paper: faces and backs one by one or ten on A4, and the list on which members sign for them. A batch goes out in parts:
//! what was recorded as printed is not printed again by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{Card, Standing, change, issue, order};
use crate::{
    blobs,
    checks::{day::in_chinese, id_number},
    fault::Fault,
    members::{photo_waits, union_of},
    office::{Desk, View},
    paper::{Fields, NotOnPaper, OnPaper, Paper, label},
    people::{Nothing, Role},
    record::{Record as _, RecordId},
    registry::Registry,
    store::rows::{self, Stored},
    words::Say,
};

/// How cards lie on paper.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CardForm {
    /// Faces, a card a page.
    Front,
    /// Backs, a card a page.
    Back,
    /// Ten on A4, each page of faces followed by that of their backs.
    Sheet,
    /// Ten on A4, faces only.
    SheetFront,
    /// Ten on A4, backs only, as they fit behind the faces.
    SheetBack,
}

/// Which cards are drawn.
#[derive(Deserialize, JsonSchema)]
pub struct CardsPaperAsk {
    /// Ids of the cards, 500 at the most.
    #[serde(default)]
    pub ids: Vec<String>,
    /// Instead of them: those of a batch that are not printed yet.
    #[serde(default)]
    pub batch: Option<String>,
    /// With a batch: those that were printed before, too.
    #[serde(default)]
    pub again: bool,
    /// How.
    pub form: CardForm,
    /// Whether the stock is printed already, and only what differs is drawn.
    #[serde(default)]
    pub preprinted: bool,
    /// Why they are printed again, where they are.
    #[serde(default)]
    pub reason: Option<String>,
}

/// For which batch members sign.
#[derive(Deserialize, JsonSchema)]
pub struct HandoutsAsk {
    /// The batch.
    pub batch: String,
    /// Those who have their card already, too.
    #[serde(default)]
    pub again: bool,
    /// Why it is printed again, where it is.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The batches of this office.
#[derive(Serialize, JsonSchema)]
pub struct CardBatches {
    /// Newest first, 50 at the most.
    pub batches: Vec<CardBatch>,
}

/// One batch.
#[derive(Serialize, JsonSchema)]
pub struct CardBatch {
    /// Its name.
    pub name: String,
    /// Cards that wait for the printer.
    pub ordered: u32,
    /// Printed, and with the office.
    pub printed: u32,
    /// With their members.
    pub held: u32,
}

/// How many cards come onto one paper: with a photo each they must fit the memory of an office's PC.
const MOST: usize = 500;

pub(super) fn register(registry: &mut Registry) {
    registry.action("cards.paper", Role::Clerk, draw);
    registry.query("cards.handouts", Role::Clerk, handouts);
    registry.query("cards.batches", Role::Viewer, |view, _: Nothing| batches(view));
}

fn draw(desk: &mut Desk<'_>, ask: CardsPaperAsk) -> Result<Paper, Fault> {
    let view = desk.view();
    let (mut chosen, left) = match &ask.batch {
        Some(batch) => {
            let states: &[Standing] =
                if ask.again { &[Standing::Ordered, Standing::Printed, Standing::Held] } else { &[Standing::Ordered] };
            first(of_batch(&view, batch, states)?)
        }
        None if ask.ids.is_empty() || ask.ids.len() > MOST => return Err(Fault::question("ids")),
        None => (by_ids(&view, &ask.ids)?, 0),
    };
    if chosen.is_empty() {
        return Err(Fault::new(
            "batch_printed",
            "这一批里没有待制作的会员证了。要再印一次，请选“整批重印”并填写补打原因。",
            "No card of this batch waits to be printed. To print it again, choose the whole batch and give a reason.",
        ));
    }
    let alone = chosen.len() == 1;
    let since = issue::publish(desk)?;
    let (key, view) = (issue::own_key(&desk.office().keys()), desk.view());
    let (mut items, mut records, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    let (mut before, mut uncoded, mut photo_missing) = (0, 0, false);
    for (row, card) in chosen.drain(..) {
        let signed = change::follows(&row, "printed").and_then(|()| issue::signed(&view, &row, &key, since));
        let signed = match signed {
            Ok(signed) => signed,
            Err(fault) if alone => return Err(fault),
            Err(fault) => {
                refused.push(NotOnPaper { id: row.id.to_string(), title: card.number, say: fault.say });
                continue;
            }
        };
        let mut item = face(&view, &card)?;
        match &signed.code {
            Some(code) => item.fields.set("qr", Json::from(code.as_str())),
            None => uncoded += 1,
        }
        photo_missing |= item.photo_waits;
        before = before.max(printed(&view, &row)?);
        items.push(item.fields);
        records.push(OnPaper { id: row.id.to_string(), title: signed.name });
    }
    if records.is_empty() {
        return Err(Fault::say("cards_none_fit", refused.swap_remove(0).say));
    }
    desk.note.kind = Some(Card::TYPE.name);
    desk.note.count = Some(records.len());
    let (form, side) = match ask.form {
        CardForm::Front => ("card_front", None),
        CardForm::Back => ("card_back", None),
        CardForm::Sheet => ("card_sheet", Some("both")),
        CardForm::SheetFront => ("card_sheet", Some("front")),
        CardForm::SheetBack => ("card_sheet", Some("back")),
    };
    // The name of a file says no number of a person.
    let name = ask.batch.unwrap_or_else(|| desk.act.moment.today().to_string());
    let mut paper = Paper::new(form, format!("会员证 {name}"), Card::TYPE.name, items);
    if let Some(side) = side {
        paper.job["side"] = json!(side);
    }
    if ask.preprinted {
        paper.job["stock"] = json!("preprinted");
    }
    paper.two_sided = ask.form == CardForm::Sheet;
    paper.told.extend((left > 0).then(|| more(records.len(), left)));
    paper.told.extend((uncoded > 0).then(|| without_code(uncoded)));
    paper.told.extend(photo_missing.then(photo_waits));
    (paper.records, paper.refused) = (records, refused);
    paper.again(before, ask.reason.as_deref())
}

/// As many as fit one paper, and how many are left.
fn first(mut cards: Vec<(Stored, Card)>) -> (Vec<(Stored, Card)>, usize) {
    let left = cards.len().saturating_sub(MOST);
    cards.truncate(MOST);
    (cards, left)
}

fn by_ids(view: &View<'_>, ids: &[String]) -> Result<Vec<(Stored, Card)>, Fault> {
    let layout = view.layout(Card::TYPE.name)?;
    let (mut cards, mut seen) = (Vec::with_capacity(ids.len()), std::collections::BTreeSet::new());
    for id in ids {
        let id: RecordId = id.parse().map_err(|_| Fault::not_found())?;
        // Chosen twice, meant once.
        if seen.insert(id) {
            let row = rows::by_id(view.conn, layout, id)?.ok_or_else(Fault::not_found)?;
            let card = Card::from_values(&row.values)?;
            cards.push((row, card));
        }
    }
    Ok(cards)
}

/// The cards of a batch of this office in the order of their numbers.
fn of_batch(view: &View<'_>, batch: &str, states: &[Standing]) -> Result<Vec<(Stored, Card)>, Fault> {
    let stream = view.memory.known_stream(&view.office.own_stream());
    let mut cards =
        view.select::<Card>("batch = ?1 AND void = 0 AND stream = ?2 ORDER BY number", &[&batch, &stream])?;
    if cards.is_empty() {
        return Err(Fault::new(
            "batch_unknown",
            "没有找到这一批会员证。请刷新后再选。",
            "There is no such batch. Refresh, and choose again.",
        ));
    }
    cards.retain(|(row, _)| states.contains(&change::standing(row)));
    Ok(cards)
}

/// How often a card was printed; once at least where it is past printing.
fn printed(view: &View<'_>, row: &Stored) -> Result<u32, Fault> {
    let layout = view.layout(Card::TYPE.name)?;
    let events = rows::events(view.conn, view.memory, layout.no, row.rec)?;
    let times = events.iter().filter(|event| event.name == "printed").count();
    let least = u32::from(change::standing(row) != Standing::Ordered);
    Ok(u32::try_from(times).unwrap_or(u32::MAX).max(least))
}

struct Face {
    fields: Fields,
    photo_waits: bool,
}

fn face(view: &View<'_>, card: &Card) -> Result<Face, Fault> {
    let (row, member) = order::member(view, card.member.ok_or_else(Fault::not_found)?)?;
    let mut fields = Fields::default();
    fields.put("name", &member.name, 50);
    fields.put("sex", &label("sex", member.sex.as_deref()), 4);
    fields.put("number", &card.number, 30);
    fields.put("union", &union_of(view, &member)?, 60);
    let office = &view.office.identity().name;
    fields.put("issuer", office, 60);
    fields.put("return_to", office, 120);
    fields.put("since", &issue::since(view, &row)?.map(in_chinese).unwrap_or_default(), 20);
    fields.put("issued_on", &card.issued_on.map(in_chinese).unwrap_or_default(), 20);
    let photo = member.photo.as_ref().map(|photo| blobs::opened(view.office, photo)).transpose()?;
    let photo_waits = matches!(photo, Some(None));
    if let Some(Some(photo)) = photo {
        fields.set("photo", photo.into());
    }
    Ok(Face { fields, photo_waits })
}

fn handouts(view: &View<'_>, ask: HandoutsAsk) -> Result<Paper, Fault> {
    let open = [Standing::Ordered, Standing::Printed];
    let all = [Standing::Ordered, Standing::Printed, Standing::Held];
    let cards = of_batch(view, &ask.batch, if ask.again { &all } else { &open })?;
    if cards.is_empty() {
        return Err(Fault::new(
            "batch_handed_out",
            "这一批会员证都已发放。要再印一份签收表，请勾选“包括已发放的”。",
            "All cards of this batch were handed out. To print the list once more, include those handed out.",
        ));
    }
    let (mut item, mut rows) = (Fields::default(), Vec::with_capacity(cards.len()));
    item.put("union", &view.office.identity().name, 60);
    item.put("batch", &ask.batch, 40);
    let (mut records, mut refused) = (Vec::with_capacity(cards.len()), Vec::new());
    for (row, card) in cards {
        let member = match order::member(view, card.member.ok_or_else(Fault::not_found)?) {
            Ok((_, member)) => member,
            // Their entry was voided meanwhile; the others wait for their cards all the same.
            Err(fault) => {
                refused.push(NotOnPaper { id: row.id.to_string(), title: card.number, say: fault.say });
                continue;
            }
        };
        let mut line = Fields::default();
        line.put("name", &member.name, 50);
        line.put("id_number", &member.id_no.as_deref().map(id_number::masked).unwrap_or_default(), 30);
        line.put("card_number", &card.number, 30);
        rows.push(item.row(line));
        records.push(OnPaper { id: row.id.to_string(), title: member.name });
    }
    item.set("rows", rows.into());
    let name = format!("会员证发放签收表 {}", ask.batch);
    let mut paper = Paper::new("handout_list", name, Card::TYPE.name, vec![item]);
    (paper.records, paper.refused) = (records, refused);
    paper.again(0, ask.reason.as_deref())
}

fn batches(view: &View<'_>) -> Result<CardBatches, Fault> {
    let stream = view.memory.known_stream(&view.office.own_stream());
    let sql = "SELECT batch, total(state = 'ordered'), total(state = 'printed'), total(state = 'held') FROM card
        WHERE void = 0 AND stream = ?1 AND batch IS NOT NULL GROUP BY batch ORDER BY max(rec) DESC LIMIT 50";
    let mut statement = view.conn.prepare_cached(sql)?;
    let batches = statement.query_map([stream], |row| {
        let count = |at| row.get::<_, f64>(at).map(|n| n as u32);
        Ok(CardBatch { name: row.get(0)?, ordered: count(1)?, printed: count(2)?, held: count(3)? })
    })?;
    Ok(CardBatches { batches: batches.collect::<Result<_, _>>()? })
}

fn more(drawn: usize, left: usize) -> Say {
    Say::owned(
        format!("这一批还有 {left} 张没有排进来，先印这 {drawn} 张；登记印好后再打印其余的。"),
        format!(
            "{left} more of this batch are not on this paper. Print these {drawn} first, record them, then print the rest."
        ),
    )
}

fn without_code(cards: u32) -> Say {
    Say::owned(
        format!("有 {cards} 张证不是用县里分配的证号，背面没有二维码。"),
        format!("{cards} cards have no number leased by the county; their backs bear no code."),
    )
}
