//! Verifying a card that somebody shows: by its code, or by the number when there is no code to read. What this PC knows
//! itself may be newer than the county's list.

use niangjia_credential::{Answer, Card as Claims, Status, Unreadable, Verifier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Standing, change, enter, lists, rules, stock, twice};
use crate::{
    checks::day::in_chinese,
    fault::Fault,
    members::{Member, Membership},
    office::View,
    organisations::offices_named,
    people::Role,
    record::Record as _,
    registry::Registry,
    store::rows,
    words::Say,
};

/// For how many days a status list is as good as today's; office practice.
const FRESH_DAYS: u16 = 7;

/// What was scanned or typed.
#[derive(Deserialize, JsonSchema)]
pub struct VerifyAsk {
    /// The text of the code, or a card number.
    pub text: String,
}

/// What this PC can say of it.
#[derive(Serialize, JsonSchema)]
pub struct CardAnswer {
    /// `valid`, `valid_as_of`, `suspended`, `transferred`, `revoked`, `expired`, `unknown_issuer`, `bad_signature`,
    /// `clock_suspicious`, `not_ours`; for a number that was typed `known`, `leased`, `unknown`.
    pub answer: String,
    /// `good`, `doubtful` or `bad`.
    pub tone: String,
    /// What it means and what to do.
    pub say: Say,
    /// What the card says, where somebody who is trusted has signed it.
    pub card: Option<ShownCard>,
    /// Name of the office that issued it, or to which its number was leased.
    pub office: Option<String>,
    /// The day of the county's list.
    pub list_of: Option<chrono::NaiveDate>,
    /// The card in the ledger of this PC.
    pub here: Option<CardHere>,
}

/// What a card says.
#[derive(Serialize, JsonSchema)]
pub struct ShownCard {
    /// Its number.
    pub number: String,
    /// Name of the holder.
    pub name: String,
    /// The end of the holder's ID number.
    pub tail: String,
    /// Year of birth.
    pub born: Option<u16>,
    /// Member since.
    pub since: chrono::NaiveDate,
    /// Issued on.
    pub issued: chrono::NaiveDate,
    /// Last day, where it has one.
    pub expires: Option<chrono::NaiveDate>,
}

/// A card of the own ledger.
#[derive(Serialize, JsonSchema)]
pub struct CardHere {
    /// Its id.
    pub id: String,
    /// Id of the member.
    pub member: Option<String>,
    /// Name of the member.
    pub name: String,
    /// How it stands, in words.
    pub state: Say,
}

pub(super) fn register(registry: &mut Registry) {
    registry.query("cards.verify", Role::Viewer, |view, ask: VerifyAsk| verify(view, &ask.text));
}

/// What this PC can say of a card that somebody shows.
///
/// # Errors
/// The store's own.
pub(crate) fn verify(view: &View<'_>, text: &str) -> Result<CardAnswer, Fault> {
    let (trust, status) = (lists::trust(view)?, lists::status(view)?);
    let verifier = Verifier { trust: &trust, status: status.as_ref(), now: view.wall / 1000, fresh_days: FRESH_DAYS };
    let said = verifier.verify(text);
    if said.answer == Answer::NotOurs(Unreadable::Foreign) {
        return by_number(view, text);
    }
    let here = match &said.card {
        Some(card) => here(view, &card.number)?,
        None => None,
    };
    // What this PC knows itself may be newer than the list, and then graver; milder news of its own waits for the list.
    let answer = match here.as_ref().and_then(|(_, status)| graver(*status)) {
        Some(known) if said.card.is_some() && gravity(known) > gravity(said.answer) => known,
        _ => said.answer,
    };
    let (tone, say) = words(answer);
    Ok(CardAnswer {
        answer: answer.key().into(),
        tone: tone.into(),
        say,
        card: said.card.map(shown),
        office: said.issuer.map(|entry| entry.name),
        list_of: said.status_of,
        here: here.map(|(here, _)| here),
    })
}

fn graver(status: Status) -> Option<Answer> {
    match status {
        Status::Valid => None,
        Status::Revoked => Some(Answer::Revoked),
        Status::Suspended => Some(Answer::Suspended),
        Status::Transferred => Some(Answer::Transferred),
    }
}

fn gravity(answer: Answer) -> u8 {
    match answer {
        Answer::Revoked => 4,
        Answer::Transferred => 3,
        Answer::Suspended => 2,
        Answer::Expired(_) => 1,
        _ => 0,
    }
}

fn shown(card: Claims) -> ShownCard {
    let Claims { number, name, tail, born, since, issued, expires, index: _ } = card;
    ShownCard { number, name, tail, born, since, issued, expires }
}

/// The card of that number in the tables of this PC, and how it stands by them.
fn here(view: &View<'_>, number: &str) -> Result<Option<(CardHere, Status)>, Fault> {
    let all = view.select::<Card>("number = ?1 AND void = 0 ORDER BY id", &[&number])?;
    // Of several the one that still counts is shown; that there are several makes it doubtful.
    let Some((row, card)) = all.iter().max_by_key(|(row, _)| change::standing(row).counts()) else { return Ok(None) };
    let standing = change::standing(row);
    let member = match card.member {
        Some(id) => rows::by_id(view.conn, view.layout(Member::TYPE.name)?, id)?,
        None => None,
    };
    let holder = Membership::from_key(member.as_ref().and_then(|m| m.state.as_deref()).unwrap_or(""));
    let name = member.map(|m| Member::from_values(&m.values)).transpose()?.map_or_else(String::new, |m| m.name);
    let status = rules::status(standing, holder, !twice::clashing(view, number)?.is_empty());
    let here =
        CardHere { id: row.id.to_string(), member: card.member.map(|m| m.to_string()), name, state: label(standing) };
    Ok(Some((here, status)))
}

fn label(standing: Standing) -> Say {
    crate::codes::list("card_state")
        .and_then(|l| l.get(standing.key()))
        .map_or_else(|| Say::new("未知", "Unknown"), crate::codes::Code::label)
}

/// A number alone proves nothing; but whose it is can be said.
fn by_number(view: &View<'_>, text: &str) -> Result<CardAnswer, Fault> {
    let number = enter::folded(text).replace(' ', "");
    let bare = |answer: &str, tone: &str, say: Say| CardAnswer {
        answer: answer.into(),
        tone: tone.into(),
        say,
        card: None,
        office: None,
        list_of: None,
        here: None,
    };
    if let Some((here, status)) = here(view, &number)? {
        let Some(against) = graver(status) else {
            let say = Say::new("本机台账里有这张证，在用。", "This card stands in the ledger here and is in use.");
            return Ok(CardAnswer { here: Some(here), ..bare("known", "good", say) });
        };
        let (tone, say) = words(against);
        return Ok(CardAnswer { here: Some(here), ..bare(against.key(), tone, say) });
    }
    for lease in stock::leases(view)? {
        let serial = lease.shape.serial(&number);
        if serial.is_some_and(|n| (lease.first..lease.first.saturating_add(lease.count)).contains(&n)) {
            let (offices, own) = (offices_named(view)?, view.office.identity());
            let name = offices.into_iter().find(|(id, ..)| Some(*id) == lease.office).map(|(_, name, _)| name);
            let name = name.or_else(|| (lease.office == Some(own.office)).then(|| own.name.clone()));
            let say = Say::new(
                "号码属于下面这个单位，号码本身没有错。只凭号码不能证明是本人的证：请扫二维码，或与该单位核对。",
                "The number is one of the office below and is not mistyped. A number alone does not prove whose card it is: scan the code, or ask that office.",
            );
            return Ok(CardAnswer { office: name, ..bare("leased", "doubtful", say) });
        }
    }
    Ok(bare(
        "unknown",
        "bad",
        Say::new(
            "这不是本县会员证的二维码，也不是本机知道的证号。请再扫一次，或核对输入的号码；外县的证请按纸质介绍信办理。",
            "This is neither a code of this county's cards nor a number known here. Scan again or check the number; for a card of another county work from the paper letter.",
        ),
    ))
}

fn words(answer: Answer) -> (&'static str, Say) {
    let on = |day: chrono::NaiveDate, zh: &str, en: &str| {
        Say::owned(zh.replace("{}", &in_chinese(day)), en.replace("{}", &day.to_string()))
    };
    match answer {
        Answer::Valid => (
            "good",
            Say::new(
                "签名真实，县总工会的名单上没有不利记录。请核对姓名和证件号码后四位。",
                "The signature is genuine and the county's list has nothing against it. Compare the name and the last four characters of the ID number.",
            ),
        ),
        Answer::ValidAsOf(day) => (
            "good",
            on(
                day,
                "截至{}有效。之后的变化本机还不知道，可以先办理，联网后会自动核对。",
                "Valid as of {}. What changed since is not known here; go ahead, it is checked when the line is back.",
            ),
        ),
        Answer::Suspended => (
            "doubtful",
            Say::new(
                "已挂失或有疑问，暂停使用。请核对本人证件，并与发证单位或县总工会联系。",
                "Reported lost, or in doubt: suspended. Check the person's ID and call the issuing office or the county.",
            ),
        ),
        Answer::Transferred => (
            "doubtful",
            Say::new(
                "持证人的会籍已转到外县。请按转入办理，不要按本县会员登记。",
                "The holder has moved to another county. Take the person in as coming from outside.",
            ),
        ),
        Answer::Revoked => (
            "bad",
            Say::new(
                "此证已作废（退会、开除、换发或收回）。请核对本人情况，不要凭此证办理。",
                "This card is void: its holder left or was expelled, or it was replaced or taken back. Do not act on it.",
            ),
        ),
        Answer::Expired(day) => (
            "bad",
            on(day, "已过有效期（到{}）。请发证单位换发。", "Expired on {}. Let the issuing office replace it."),
        ),
        Answer::UnknownIssuer(Some(day)) => (
            "doubtful",
            on(
                day,
                "签发电脑不在本机的名单（{}）上：可能是新启用的，也可能是假的。请联网或导入县里的数据包后再核，或打电话核对。",
                "Signed by a PC that the list of {} does not name: it may be new, or false. Exchange with the county and verify again, or call the office.",
            ),
        ),
        Answer::UnknownIssuer(None) => (
            "doubtful",
            Say::new(
                "本机还没有收到县总工会的发证名单，无法核验。请联网或导入县里的数据包后再核。",
                "The county's list of issuers has not come to this PC yet. Exchange with the county and verify again.",
            ),
        ),
        Answer::BadSignature => (
            "bad",
            Say::new(
                "内容被改过，或是伪造的。请留下此证并报告县总工会。",
                "The signature does not hold: altered or forged. Keep the card and tell the county.",
            ),
        ),
        Answer::ClockSuspicious => (
            "doubtful",
            Say::new(
                "本机的日期好像不对（比这张证或县里的名单还早），不能判断是否有效。请先校准电脑的日期。",
                "This PC's date seems wrong: it lies before the card or the county's list. Set the clock, then verify again.",
            ),
        ),
        Answer::NotOurs(Unreadable::Newer(_)) => (
            "doubtful",
            Say::new(
                "这张证是用更新版本的程序做的，本机读不懂。请更新程序。",
                "This card was made by a newer version of the program. Update this one.",
            ),
        ),
        Answer::NotOurs(_) => (
            "bad",
            Say::new(
                "二维码残缺或读错了。请擦净、放平再扫一次，或输入证号查询。",
                "The code is damaged or was misread. Clean it, hold it flat and scan again, or type the number.",
            ),
        ),
    }
}
