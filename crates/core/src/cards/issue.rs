//! Signing cards: the issuing key of this PC, told to the county with its first card, and the text of a card's code.

use chrono::NaiveDate;
use niangjia_credential::{Card as Claims, IssuingKey};
use niangjia_derive::Record;
use niangjia_replication::keys::{Cert, CertId, chain_from_cbor};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, change, order};
use crate::{
    exchange::PROGRAM,
    fault::Fault,
    identity::Keys,
    members::Member,
    office::{Desk, Office, View},
    people::Role,
    record::Record as _,
    registry::Registry,
    store::{
        Moment,
        memory::Memory,
        rows::{self, Stored},
        today,
        versions::damaged,
    },
};

/// The public half of the key with which a PC signs cards; in its office's stream, so that the county can list it.
#[derive(Clone, Record)]
#[record(name = "issuing_key", plural = "issuing_keys", zh = "发证密钥", en = "Issuing key", title = "name")]
pub struct IssuingKeyEntry {
    #[field(zh = "名称", en = "Name")]
    pub name: Option<String>,
    #[field(zh = "公钥", en = "Public key", kind = "bytes", required)]
    pub public: Vec<u8>,
    /// The key's own signature that it belongs to this PC: nobody lists another one's key as his own.
    #[field(zh = "持有证明", en = "Proof", kind = "bytes", required)]
    pub proof: Vec<u8>,
}

/// What an issuing key signs to say whose it is: the certificate of its PC; of a PC that works alone, none.
pub(super) fn claim(cert: Option<&CertId>) -> Vec<u8> {
    [b"niangjia issuing key of ".as_slice(), cert.map_or(&[][..], |cert| &cert.0)].concat()
}

/// Which cards are signed.
#[derive(Deserialize, JsonSchema)]
pub struct SignAsk {
    /// Ids of the cards, 5,000 at the most.
    pub ids: Vec<String>,
}

/// Their codes.
#[derive(Serialize, JsonSchema)]
pub struct SignedCards {
    /// In the order asked for.
    pub cards: Vec<SignedCard>,
    /// Cards without a code, and why.
    pub refused: Vec<change::NotChanged>,
}

/// One card with its code.
#[derive(Serialize, JsonSchema)]
pub struct SignedCard {
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: String,
    /// Name of its member.
    pub name: String,
    /// What stands in the code; none for a card of the paper book, whose number was not leased.
    pub code: Option<String>,
}

pub(super) fn register(registry: &mut Registry) {
    registry.action("cards.sign", Role::Clerk, sign);
}

/// The key of this PC. It follows from the key of the device, so that there is no further secret to keep; the context keeps
/// the two apart.
pub(crate) fn own_key(keys: &Keys) -> IssuingKey {
    IssuingKey::from_seed(&blake3::derive_key("niangjia 2026-11 card issuing key", &*keys.device.to_bytes()))
}

/// Writes the public half down, the first time, and again once this PC has a certificate. Answers the day since which it has
/// been there: from that day on it issues.
pub(crate) fn publish(desk: &mut Desk<'_>) -> Result<NaiveDate, Fault> {
    let (public, proof) = entry(&desk.office().keys())?;
    let known = desk.view().select::<IssuingKeyEntry>(TOLD, &[&public, &proof])?;
    let now = desk.act.moment.today();
    if let Some((row, _)) = known.first() {
        return Ok(today(row.made_at).min(now));
    }
    let stream = desk.office().own_stream();
    desk.act.create(&stream, IssuingKeyEntry { name: None, public, proof }, None)?;
    Ok(now)
}

impl Office {
    /// Tells the county this PC's issuing key with its first exchange: by the day on which it signs its first slip without a line,
    /// the others know the key. Returns whether it was told now.
    pub(crate) fn tell_issuing_key(&self, moment: Moment) -> Result<usize, Fault> {
        let keys = self.keys();
        if keys.chain.is_empty() {
            return Ok(0);
        }
        let (public, proof) = entry(&keys)?;
        let memory = self.store.memory();
        let told = |conn: &Connection, memory: &Memory| {
            let view = View { office: self, conn, memory, clerk: PROGRAM, wall: moment.wall };
            Ok(!view.select::<IssuingKeyEntry>(TOLD, &[&public, &proof])?.is_empty())
        };
        if self.store.read(|conn| told(conn, &memory))? {
            return Ok(0);
        }
        let conn = self.store.write();
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let memory = (*self.store.memory()).clone();
        if told(&tx, &memory)? {
            return Ok(0);
        }
        let stream = self.own_stream();
        let key = IssuingKeyEntry { name: None, public: public.clone(), proof: proof.clone() };
        self.by_itself(tx, memory, moment, &[], |act| act.create(&stream, key, None).map(|_| ()))?;
        Ok(1)
    }
}

/// The public half of this PC's key, and the proof whose it is.
fn entry(keys: &Keys) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let key = own_key(keys);
    // An office that works alone has no certificates yet.
    let certs = if keys.chain.is_empty() { Vec::new() } else { chain_from_cbor(&keys.chain).map_err(damaged)? };
    let cert = certs.last().map(Cert::id);
    Ok((key.public().to_vec(), key.vouch(&claim(cert.as_ref()))))
}

/// Where it stands already.
const TOLD: &str = "public = ?1 AND proof = ?2 AND void = 0 ORDER BY made_at, id";

fn sign(desk: &mut Desk<'_>, ask: SignAsk) -> Result<SignedCards, Fault> {
    if ask.ids.is_empty() || ask.ids.len() > super::MOST {
        return Err(Fault::question("ids"));
    }
    let since = publish(desk)?;
    let (key, view) = (own_key(&desk.office().keys()), desk.view());
    let (mut cards, mut refused) = (Vec::with_capacity(ask.ids.len()), Vec::new());
    for id in &ask.ids {
        let layout = view.layout(Card::TYPE.name)?;
        let id = id.parse().map_err(|_| Fault::not_found())?;
        let row = rows::by_id(view.conn, layout, id)?.ok_or_else(Fault::not_found)?;
        match signed(&view, &row, &key, since) {
            Ok(card) => cards.push(card),
            Err(fault) if ask.ids.len() > 1 => {
                let number = Card::from_values(&row.values)?.number;
                refused.push(change::NotChanged { id: row.id.to_string(), number, say: fault.say });
            }
            Err(fault) => return Err(fault),
        }
    }
    desk.note.kind = Some(Card::TYPE.name);
    desk.note.count = Some(cards.len());
    Ok(SignedCards { cards, refused })
}

pub(super) fn signed(
    view: &View<'_>,
    row: &Stored,
    key: &IssuingKey,
    key_since: NaiveDate,
) -> Result<SignedCard, Fault> {
    let card = Card::from_values(&row.values)?;
    if *view.memory.stream_name(row.stream)? != view.office.own_stream() {
        return Err(Fault::new(
            "card_elsewhere",
            "这张证是别的办公室的，没有办理。请由发证的工会打印二维码。",
            "This card is another office's, which makes its code; nothing was done.",
        ));
    }
    if !change::standing(row).counts() || row.void {
        return Err(Fault::new(
            "card_counts_no_more",
            "这张证已经不再有效，不能打印二维码，没有办理。",
            "This card is valid no longer; its code is not printed.",
        ));
    }
    let (member_row, member) = order::member(view, card.member.ok_or_else(Fault::not_found)?)?;
    let since = since(view, &member_row)?;
    let (Some(place), Some(issued)) = (card.place.and_then(|p| u32::try_from(p).ok()), card.issued_on) else {
        return Ok(SignedCard { id: row.id.to_string(), number: card.number, name: member.name, code: None });
    };
    // A card that was ordered at another PC, or before this one signed its first: its code is as old as the key.
    let issued = issued.max(key_since);
    let claims = Claims {
        number: card.number.clone(),
        name: member.name.clone(),
        tail: tail(member.id_no.as_deref()),
        born: member.birth_date.and_then(|day| u16::try_from(chrono::Datelike::year(&day)).ok()),
        // Admitted on a day that a form of later left out, or typed after the card: the card cannot be older.
        since: since.unwrap_or(issued).min(issued),
        issued,
        expires: None,
        index: place,
    };
    let code = claims.issue(key).map_err(|unfit| {
        Fault::new(
            "card_unfit",
            "这张证上的内容写不进二维码，没有办理。请核对会员的姓名、证件号码和证号。",
            "What stands on this card cannot be put into its code. Check name, ID number and card number.",
        )
        .because(unfit)
    })?;
    Ok(SignedCard { id: row.id.to_string(), number: card.number, name: member.name, code: Some(code) })
}

/// The last four characters of the ID number: enough to compare with the document that is shown.
pub(crate) fn tail(id_no: Option<&str>) -> String {
    let plain: Vec<char> =
        id_no.unwrap_or("").chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    match plain.len() {
        0 => "0".into(),
        // A number this short would stand there whole.
        n if n < 8 => plain[n - 1..].iter().collect(),
        n => plain[n - 4..].iter().collect(),
    }
}

/// The day since which somebody is a member without a break: that of the last admission.
pub(crate) fn since(view: &View<'_>, row: &Stored) -> Result<Option<NaiveDate>, Fault> {
    let layout = view.layout(Member::TYPE.name)?;
    let events = rows::events(view.conn, view.memory, layout.no, row.rec)?;
    let admitted = events.iter().rev().find(|e| matches!(e.name.as_str(), "joined" | "moved_in"));
    Ok(admitted.and_then(|e| e.text("on")).and_then(|on| on.parse().ok()))
}

/// A key that an office has told of: row, public half, proof.
type Told = (Stored, [u8; 32], Vec<u8>);

/// All of them, the earliest first.
pub(super) fn told(view: &View<'_>) -> Result<Vec<Told>, Fault> {
    let all = view.select::<IssuingKeyEntry>("void = 0 ORDER BY made_at, id", &[])?;
    Ok(all.into_iter().filter_map(|(row, entry)| Some((row, entry.public.try_into().ok()?, entry.proof))).collect())
}

#[cfg(test)]
mod tests {
    use super::tail;

    #[test]
    fn four_characters_at_the_most_and_never_the_whole() {
        assert_eq!(tail(Some("99010119800229002x")), "002X");
        assert_eq!(tail(Some("E1234567")), "4567");
        assert_eq!(tail(Some("1234")), "4");
        assert_eq!((tail(None), tail(Some("无"))), ("0".into(), "0".into()));
    }
}
