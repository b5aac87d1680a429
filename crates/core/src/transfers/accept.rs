//! Taking in: on a slip, on a card that is shown, on a request that was answered, or from outside the county.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use niangjia_credential::{Doubt, Slip, Unreadable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{
    Transfer,
    rules::State,
    shared::{self, Named},
};
use crate::{
    cards,
    checks::day::in_chinese,
    fault::{Fault, FieldFault},
    members::{self, Member},
    office::{Desk, View},
    people::Role,
    record::{Record as _, RecordId, Value},
    records,
    registry::Registry,
    stays,
    store::{
        NewEvent,
        rows::{self, Stored},
    },
    words::Say,
};

/// What was scanned.
#[derive(Deserialize, JsonSchema)]
pub struct ReadAsk {
    /// Text of the slip's code.
    pub text: String,
}

/// What a slip says, and whether it is believed.
#[derive(Serialize, JsonSchema)]
pub struct SlipSeen {
    /// `good`, `doubtful` or `bad`.
    pub tone: String,
    /// What that means and what to do.
    pub say: Say,
    /// What stands on it; only where the key of an office of this county has signed it.
    pub slip: Option<SlipSaid>,
}

/// What stands on a slip.
#[derive(Serialize, JsonSchema)]
pub struct SlipSaid {
    /// The transfer.
    pub transfer: String,
    /// The member's record.
    pub member: String,
    /// Number of the letter.
    pub number: String,
    /// Name.
    pub name: String,
    /// The last four characters of the ID number.
    pub tail: String,
    /// Year of birth.
    pub born: Option<u16>,
    /// Member since.
    pub since: Option<NaiveDate>,
    /// Card number.
    pub card: Option<String>,
    /// The office that lets go.
    pub from: String,
    /// The office that it is for.
    pub to: Option<String>,
    /// Dues paid to.
    pub dues_to: Option<NaiveDate>,
    /// Released on.
    pub released: NaiveDate,
    /// Expected to be answered until.
    pub until: Option<NaiveDate>,
    /// She is a member here already, on this slip or otherwise: id of the member.
    pub here: Option<String>,
    /// Whether this office can take in on it: not on its own slip, and not twice.
    pub takes_in: bool,
}

/// Who is taken in, and on what.
#[derive(Deserialize, JsonSchema)]
pub struct AcceptAsk {
    /// Text of the slip's code.
    #[serde(default)]
    pub slip: Option<String>,
    /// A transfer that is known here: a release that was heard of, or one's own request.
    #[serde(default)]
    pub transfer: Option<String>,
    /// Where there is neither: id, code or name of the office of the county whose card was shown.
    #[serde(default)]
    pub from: Option<String>,
    /// Or name of the union outside the county whose letter was brought.
    #[serde(default)]
    pub from_outside: Option<String>,
    /// Number of that letter.
    #[serde(default)]
    pub number: Option<String>,
    /// ID number, as it stands on the document that was shown.
    pub id_no: String,
    /// Card number, where a card was shown.
    #[serde(default)]
    pub card_number: Option<String>,
    /// The form's fields: name where no slip gives it, employer, department, whatever else is known.
    #[serde(default)]
    pub fields: BTreeMap<String, Json>,
    /// When; today where absent.
    #[serde(default)]
    pub on: Option<NaiveDate>,
    /// The line of the register of floating members from which the clerk came; it ends with this.
    #[serde(default)]
    pub stay: Option<String>,
}

/// Taken in.
#[derive(Serialize, JsonSchema)]
pub struct Accepted {
    /// Id of the member.
    pub member: String,
    /// Id of the transfer; none for somebody from outside the county.
    pub transfer: Option<String>,
}

pub(super) fn register(registry: &mut Registry) {
    registry.query("transfers.read", Role::Viewer, |view, ask: ReadAsk| read(view, &ask));
    registry.action("transfers.accept", Role::Clerk, |desk, ask: AcceptAsk| {
        let (stay, on) = (ask.stay.clone(), ask.on.unwrap_or_else(|| desk.act.moment.today()));
        let accepted = accept(desk, ask)?;
        stays::became(desk, stay.as_deref(), &accepted.member, on)?;
        Ok(accepted)
    });
}

fn believed(view: &View<'_>, text: &str) -> Result<Result<(Slip, Named), Doubt>, Fault> {
    let trust = cards::trust(view)?;
    Ok(match Slip::believed(text, &trust) {
        Ok((slip, issuer)) => {
            let from = shared::offices(view)?.into_iter().find(|office| office.code == issuer.code);
            from.map_or(Err(Doubt::UnknownIssuer), |from| Ok((slip, from)))
        }
        Err(doubt) => Err(doubt),
    })
}

fn doubts(doubt: Doubt) -> (&'static str, Say) {
    match doubt {
        Doubt::NotOurs(Unreadable::Newer(_)) => (
            "doubtful",
            Say::new(
                "这张介绍信是用更新版本的程序做的，本机读不懂。请更新程序。",
                "This slip was made by a newer version of the program. Update this one.",
            ),
        ),
        Doubt::NotOurs(_) => (
            "bad",
            Say::new(
                "这不是本县的接转介绍信，或二维码读错了。请擦净、放平再扫一次；外县的介绍信请按“县外转入”办理。",
                "This is no slip of this county, or it was misread. Clean it and scan again; a letter from outside the county is taken in as such.",
            ),
        ),
        Doubt::UnknownIssuer => (
            "doubtful",
            Say::new(
                "签发这张介绍信的电脑不在本机的名单上：可能是新启用的，也可能是假的。请联网或导入县里的数据包后再核，或打电话向原工会核对后，按“凭证接收”办理。",
                "Signed by a PC that the list here does not name: it may be new, or false. Exchange with the county and scan again; or call the old office and take her in on her card.",
            ),
        ),
        Doubt::BadSignature => (
            "bad",
            Say::new(
                "介绍信的内容被改过，或是伪造的，不能凭它接收。请留下它并报告县总工会。",
                "The signature does not hold: altered or forged. Keep the slip and tell the county.",
            ),
        ),
    }
}

fn read(view: &View<'_>, ask: &ReadAsk) -> Result<SlipSeen, Fault> {
    let (slip, from) = match believed(view, &ask.text)? {
        Ok(found) => found,
        Err(doubt) => {
            let (tone, say) = doubts(doubt);
            return Ok(SlipSeen { tone: tone.into(), say, slip: None });
        }
    };
    let own = view.office.identity();
    let (tone, say) = match &slip.to {
        _ if from.id == own.office => (
            "doubtful",
            Say::new(
                "这是本单位自己开的介绍信，应由去往的工会接收。",
                "This office made this slip itself; the other union takes in on it.",
            ),
        ),
        Some(to) if *to != own.code => (
            "doubtful",
            Say::new(
                "介绍信是开给另一个工会的。本人确实到了本单位的，可以接收，县总工会会核对。",
                "This slip is for another union. Where the person has come here indeed she can be taken in; the county looks at it.",
            ),
        ),
        _ => (
            "good",
            Say::owned(
                format!(
                    "签名真实，{}同意转出（{}）。请核对姓名和证件号码后四位，可以当场接收。",
                    from.name,
                    in_chinese(slip.released)
                ),
                format!(
                    "The signature is genuine: {} lets go ({}). Compare name and the last four characters of the ID number, and take in at once.",
                    from.name, slip.released
                ),
            ),
        ),
    };
    let here = shared::member_here(view, &RecordId(slip.member).to_string());
    let here = match here {
        Ok(row) if taken_already(view, &row, own.office)? => Some(row),
        _ => None,
    };
    let to = slip.to.as_ref().map(|code| {
        let all = shared::offices(view).unwrap_or_default();
        all.into_iter().find(|office| office.code == *code).map_or_else(|| code.clone(), |office| office.name)
    });
    let said = SlipSaid {
        takes_in: from.id != own.office && here.is_none(),
        transfer: RecordId(slip.transfer).to_string(),
        member: RecordId(slip.member).to_string(),
        number: slip.number,
        name: slip.name,
        tail: slip.tail,
        born: slip.born,
        since: slip.since,
        card: slip.card,
        from: from.name,
        to,
        dues_to: slip.dues_to,
        released: slip.released,
        until: slip.until,
        here: here.map(|row| row.id.to_string()),
    };
    Ok(SlipSeen { tone: tone.into(), say, slip: Some(said) })
}

/// Whether a member's row says that this office has her: one that came as a file on a stick stands here before she is taken in.
fn taken_already(view: &View<'_>, row: &Stored, own: RecordId) -> Result<bool, Fault> {
    if row.state.as_deref() != Some("provisional") {
        return Ok(matches!(row.state.as_deref(), Some("active" | "retained")));
    }
    let events = rows::events(view.conn, view.memory, view.layout(Member::TYPE.name)?.no, row.rec)?;
    let said = |name: &str| matches!(name, "taken_in" | "given_back" | "released");
    let last = events.iter().rev().find(|event| said(&event.name) && event.bytes("office") == Some(&own.0[..]));
    Ok(last.is_some_and(|event| event.name == "taken_in"))
}

/// On what somebody is taken in.
struct Grounds {
    /// The transfer, and whether its row stands here.
    transfer: RecordId,
    row: Option<Stored>,
    /// The member's record, where the old office has named it.
    member: Option<RecordId>,
    from: RecordId,
    name: Option<String>,
    tail: Option<String>,
    slip: Option<String>,
    card: Option<String>,
    dues_to: Option<NaiveDate>,
}

fn accept(desk: &mut Desk<'_>, ask: AcceptAsk) -> Result<Accepted, Fault> {
    let today = desk.act.moment.today();
    let on = shared::day(ask.on.unwrap_or(today), today)?;
    let id_no = shared::id_no(&ask.id_no, today)?;
    if let Some(outside) = ask.from_outside.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
        let outside = outside.to_owned();
        return from_outside(desk, ask, &outside, id_no, on);
    }
    let grounds = grounds(desk, &ask)?;
    let own = desk.office().identity().office;
    if grounds.from == own {
        return Err(shared::from_own());
    }
    if let Some(tail) = &grounds.tail
        && *tail != cards::tail(Some(&id_no))
    {
        return Err(Fault::fields(vec![FieldFault {
            field: "id_no".into(),
            key: "tail_differs".into(),
            say: Say::owned(
                format!("证件号码的后四位和介绍信上的（{tail}）不一样，没有接收。请核对是不是本人的证件和介绍信。"),
                format!(
                    "The last four characters differ from those on the slip ({tail}); nobody was taken in. Check document and slip."
                ),
            ),
        }]));
    }
    let member = take_in(desk, &ask, &grounds, &id_no, on)?;
    let said = shared::detail(own, on, None);
    let mut detail = said;
    // Where the old office has not named the record yet, the county finds here which one it is.
    detail.push(("member", Value::Bytes(member.0.to_vec().into())));
    let event = NewEvent { name: "taken_in", detail };
    match &grounds.row {
        Some(row) => {
            let says = Transfer { slip: grounds.slip.filter(|_| row.stream == own_stream(desk)), ..Transfer::blank() };
            shared::write(desk, row, says, event)?;
        }
        None => {
            let says = Transfer {
                slip: grounds.slip,
                id_no: grounds.tail.is_none().then_some(id_no),
                name: grounds.name.filter(|_| grounds.tail.is_none()),
                card_number: grounds.card.filter(|_| grounds.tail.is_none()),
                from_office: grounds.tail.is_none().then_some(grounds.from),
                to_office: grounds.tail.is_none().then_some(own),
                ..Transfer::blank()
            };
            let stream = desk.office().own_stream();
            desk.act.create_as(&stream, grounds.transfer, says, Some(event))?;
        }
    }
    shared::told(desk, grounds.transfer, None);
    Ok(Accepted { member: member.to_string(), transfer: Some(grounds.transfer.to_string()) })
}

fn own_stream(desk: &Desk<'_>) -> i64 {
    desk.act.memory.known_stream(&desk.office().own_stream()).unwrap_or(0)
}

fn grounds(desk: &mut Desk<'_>, ask: &AcceptAsk) -> Result<Grounds, Fault> {
    let view = desk.view();
    if let Some(text) = &ask.slip {
        let (slip, from) = believed(&view, text)?.map_err(|doubt| Fault::say("slip_doubtful", doubts(doubt).1))?;
        let transfer = RecordId(slip.transfer);
        let row = shared::transfer(&view, &transfer.to_string()).ok().map(|(row, _)| row);
        return Ok(Grounds {
            transfer,
            row: unanswered(&view, row)?,
            member: Some(RecordId(slip.member)),
            from: from.id,
            name: Some(slip.name),
            tail: Some(slip.tail),
            slip: Some(text.trim().to_owned()),
            card: slip.card,
            dues_to: slip.dues_to,
        });
    }
    if let Some(id) = &ask.transfer {
        let (row, known) = shared::transfer(&view, id)?;
        let tail = known.id_no.as_deref().map(|number| cards::tail(Some(number)));
        return Ok(Grounds {
            transfer: row.id,
            row: unanswered(&view, Some(row))?,
            member: known.member,
            from: known.from_office.ok_or_else(Fault::not_found)?,
            name: known.name,
            tail,
            slip: None,
            card: known.card_number,
            dues_to: known.dues_paid_to,
        });
    }
    let from = shared::office(&view, ask.from.as_deref().unwrap_or(""), "from")?;
    let name = ask.fields.get("name").and_then(Json::as_str).map(ToOwned::to_owned);
    Ok(Grounds {
        transfer: desk.act.new_id(),
        row: None,
        member: None,
        from: from.id,
        name,
        tail: None,
        slip: None,
        card: ask.card_number.clone(),
        dues_to: None,
    })
}

/// A transfer on which this office has not taken in yet.
fn unanswered(view: &View<'_>, row: Option<Stored>) -> Result<Option<Stored>, Fault> {
    let Some(row) = row else { return Ok(None) };
    let own = view.office.identity().office;
    let said = shared::said(view, &row)?;
    let state = shared::state(&row);
    let done = matches!(state, State::Confirmed) || said.takers.iter().any(|taker| *taker == own.0);
    if done { Err(shared::cannot(state)) } else { Ok(Some(row)) }
}

/// The member's row here: begun with what the slip says, or, where she was here before, taken up again.
fn take_in(
    desk: &mut Desk<'_>,
    ask: &AcceptAsk,
    grounds: &Grounds,
    id_no: &str,
    on: NaiveDate,
) -> Result<RecordId, Fault> {
    let own = desk.office().identity().office;
    let from = shared::name_of(&desk.view(), Some(grounds.from))?;
    let mut detail = shared::detail(own, on, None);
    detail.push(("transfer", Value::Bytes(grounds.transfer.0.to_vec().into())));
    detail.extend(from.map(|from| ("from", Value::Text(from.into()))));
    let event = NewEvent { name: "taken_in", detail };
    let mut fields = ask.fields.clone();
    fields.entry("organisation".into()).or_insert_with(|| Json::String(own.to_string()));
    let view = desk.view();
    let here =
        grounds.member.map(|id| rows::in_stream(view.conn, view.layout(Member::TYPE.name)?, id, own_stream(desk)));
    if let Some(row) = here.transpose()?.flatten() {
        // Only what is entered now: the rest is here, or comes with her file.
        let token = row.versions.token(desk.act.layout(Member::TYPE.name)?);
        let save = records::SaveAsk { id: Some(row.id.to_string()), token: Some(token), fields };
        // She may come home: what stands here was kept for reference until now.
        records::save_given(desk, members::LEDGER, &save, Some(event), None, &["id_taken"])?;
        return Ok(row.id);
    }
    let mut put = |field: &str, value: Option<String>| {
        if let Some(value) = value {
            fields.entry(field.to_owned()).or_insert(Json::String(value));
        }
    };
    put("name", grounds.name.clone());
    put("id_no", Some(id_no.to_owned()));
    put("member_no", grounds.card.clone());
    put("dues_paid_to", grounds.dues_to.map(|day| day.to_string()));
    let same = desk.view().select::<Member>("id_no = ?1 AND void = 0 ORDER BY rec", &[&id_no])?;
    let save = records::SaveAsk { id: None, token: None, fields };
    // Who was entered here anew before is the same person: the two entries become one, and nothing goes.
    let saved = records::save_given(desk, members::LEDGER, &save, Some(event), grounds.member, &["id_taken"])?;
    let id: RecordId = saved.id.parse().map_err(|_| Fault::not_found())?;
    let stream = own_stream(desk);
    for (row, _) in same.into_iter().filter(|(row, _)| row.stream == stream && row.id != id) {
        members::link(desk, &row, id, shared::ONE_PERSON)?;
    }
    Ok(id)
}

fn from_outside(
    desk: &mut Desk<'_>,
    ask: AcceptAsk,
    outside: &str,
    id_no: String,
    on: NaiveDate,
) -> Result<Accepted, Fault> {
    let own = desk.office().identity().office;
    let mut detail = shared::detail(own, on, None);
    detail.push(("from", Value::Text(outside.into())));
    detail.extend(ask.number.as_ref().map(|number| ("document", Value::Text(number.as_str().into()))));
    let event = NewEvent { name: "moved_in", detail };
    let same = desk.view().select::<Member>("id_no = ?1 AND void = 0 ORDER BY rec", &[&id_no])?;
    let stream = own_stream(desk);
    let before = same.into_iter().map(|(row, _)| row).find(|row| row.stream == stream);
    let mut fields = ask.fields;
    fields.entry("organisation".into()).or_insert_with(|| Json::String(own.to_string()));
    fields.entry("id_no".into()).or_insert(Json::String(id_no));
    if let Some(number) = &ask.card_number {
        // The foreign number is what she is found by.
        fields.entry("member_no".into()).or_insert(Json::String(number.clone()));
    }
    let (id, token) = match before {
        Some(row) => {
            members::follows(row.state.as_deref(), "moved_in")?;
            (Some(row.id.to_string()), Some(row.versions.token(desk.act.layout(Member::TYPE.name)?)))
        }
        None => (None, None),
    };
    let save = records::SaveAsk { id, token, fields };
    let saved = records::save_given(desk, members::LEDGER, &save, Some(event), None, &[])?;
    Ok(Accepted { member: saved.id, transfer: None })
}
