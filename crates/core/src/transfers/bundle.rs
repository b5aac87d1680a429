//! The file that goes along: a member's whole record as one signed, hashed unit sealed to the office that takes her in, for a
//! stick between two offices that have no line. By way of the county the same comes as adoptions.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ciborium::Value as Cbor;
use niangjia_credential::key::holds;
use niangjia_derive::Record;
use niangjia_replication::{
    Stream,
    keys::{OpeningKey, SealingKey, StreamKey},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Adoption, Transfer, common,
    rules::State,
    shared::{self, Party},
};
use crate::{
    cards::{self, Card},
    fault::{Fault, FieldFault},
    identity::Keys,
    members::Member,
    office::{Desk, View},
    people::Role,
    record::{Layout, Record as _, RecordId},
    registry::Registry,
    store::{
        LogKeys,
        gather::{Gather, dots, unpacked},
        moving::pack,
        rows::{self, Stored},
        versions::damaged,
    },
    words::Say,
};

/// The public key to which files for an office are sealed; in the county's stream. Its other half follows from the key of that
/// office's stream, so every PC of the office has it, and nobody else but the county.
#[derive(Clone, Record)]
#[record(name = "office_key", plural = "office_keys", zh = "办公室收件密钥", en = "Sealing key", title = "name")]
pub struct OfficeKey {
    #[field(zh = "名称", en = "Name")]
    pub name: Option<String>,
    #[field(zh = "办公室", en = "Office", kind = "bytes", required)]
    pub office: Option<RecordId>,
    #[field(zh = "公钥", en = "Public key", kind = "bytes", required)]
    pub public: Vec<u8>,
}

/// Whose file, and for whom.
#[derive(Deserialize, JsonSchema)]
pub struct BundleAsk {
    /// Id of the transfer.
    pub id: String,
    /// Id, code or name of the office that takes in; needed where the slip names none.
    #[serde(default)]
    pub to: Option<String>,
}

/// The file.
#[derive(Serialize, JsonSchema)]
pub struct Bundle {
    /// Suggested file name; bears the number of the letter and no name.
    pub file: String,
    /// The file, base64.
    pub bundle: String,
}

/// A file that came.
#[derive(Deserialize, JsonSchema)]
pub struct OpenAsk {
    /// The file, base64.
    pub bundle: String,
}

/// What was in it.
#[derive(Serialize, JsonSchema)]
pub struct Opened {
    /// The transfer.
    pub transfer: String,
    /// The member.
    pub member: String,
    /// Text of the slip, on which she can be taken in.
    pub slip: Option<String>,
    /// How many changes were new here.
    pub changes: usize,
}

const MAGIC: &[u8] = b"NJB1";
const PURPOSE: &[u8] = b"niangjia 2026-11 file of a member";
const KEY: &str = "niangjia 2026-11 key to open files of members";
/// The largest file that is looked at. Ten years of a member take some kilobytes.
const LARGEST: usize = 8 << 20;

pub(super) fn register(registry: &mut Registry) {
    registry.action("transfers.bundle", Role::Clerk, bundle);
    registry.action("transfers.open_bundle", Role::Clerk, open);
}

fn opening(key: &StreamKey) -> OpeningKey {
    OpeningKey::from_bytes(&blake3::derive_key(KEY, key.secret()))
}

/// Sealing keys that the county has not published yet, for the newest key of each office's stream.
pub(super) fn keys_due(view: &View<'_>, keys: &Keys) -> Result<Vec<OfficeKey>, Fault> {
    let county = view.memory.known_stream(&Stream::County);
    let told: Vec<Vec<u8>> = view
        .select::<OfficeKey>("void = 0 AND stream = ?1", &[&county])?
        .into_iter()
        .map(|(_, key)| key.public)
        .collect();
    let mut due = Vec::new();
    for stream in view.office.streams() {
        let (Stream::Office(office), Some(key)) = (stream, keys.newest(&stream)) else { continue };
        let public = opening(key).public().to_bytes().to_vec();
        if !told.contains(&public) {
            due.push(OfficeKey { name: None, office: Some(office), public });
        }
    }
    Ok(due)
}

/// The newest sealing key of an office.
fn sealing(view: &View<'_>, office: RecordId) -> Result<SealingKey, Fault> {
    let county = view.memory.known_stream(&Stream::County);
    let all = view
        .select::<OfficeKey>("void = 0 AND stream = ?1 AND office = ?2 ORDER BY made_at, id", &[&county, &office.0])?;
    let public = all.last().and_then(|(_, key)| <[u8; 32]>::try_from(key.public.as_slice()).ok());
    public.and_then(|public| SealingKey::from_bytes(&public).ok()).ok_or_else(|| {
        Fault::new(
            "office_key_missing",
            "本机还没有收到对方工会的收件密钥，没有生成档案包。请先与县总工会联网或交换一次数据包；介绍信照样有效，档案随后由县里转去。",
            "The key of that union has not come here yet and no file was made. Exchange with the county once; the slip is valid all the same, and the file follows by way of the county.",
        )
    })
}

fn bundle(desk: &mut Desk<'_>, ask: BundleAsk) -> Result<Bundle, Fault> {
    let view = desk.view();
    let own = view.office.identity().office;
    let (row, transfer) = shared::transfer(&view, &ask.id)?;
    let (state, said) = (shared::state(&row), shared::said(&view, &row)?);
    let lets_go = shared::party(&transfer, &said, own) == Party::Old && said.released;
    let member =
        transfer.member.filter(|_| lets_go && state != State::Withdrawn).ok_or_else(|| shared::cannot(state))?;
    let to = match ask.to.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
        Some(to) => Some(shared::office(&view, to, "to")?.id),
        None => transfer.to_office,
    };
    let to = to.ok_or_else(|| {
        Fault::fields(vec![FieldFault {
            field: "to".into(),
            key: "office_missing".into(),
            say: Say::new(
                "介绍信没有写去往哪个工会，请选择档案交给谁：档案包只有那个工会打得开。",
                "The slip names no union. Choose for whom the file is: only that union can open it.",
            ),
        }])
    })?;
    let sealing_key = sealing(&view, to)?;
    let keys = view.office.keys();
    let log = LogKeys { keys: &keys };
    let gather = Gather { conn: view.conn, log: &log, memory: view.memory };
    let mut parts = Vec::new();
    for (layout, row) in file(&view, member, row.stream)? {
        let changes = gather.changes(layout, &row, &dots(view.conn, layout, &row)?)?;
        parts.push(Cbor::Array(vec![
            layout.ty.name.into(),
            Cbor::Bytes(row.id.0.to_vec()),
            Cbor::Bytes(pack(&changes)?),
            common::authors(&view, &changes)?.into(),
        ]));
    }
    let slip = transfer.slip.clone().map_or(Cbor::Null, Into::into);
    let mut plain = Vec::new();
    ciborium::into_writer(&Cbor::Array(vec![slip, Cbor::Array(parts)]), &mut plain).map_err(damaged)?;
    let plain = zstd::encode_all(&plain[..], 19).map_err(Fault::from)?;
    cards::publish_key(desk)?;
    let aad = [&row.id.0[..], &to.0].concat();
    let sealed = sealing_key.seal(PURPOSE, &aad, &plain, &mut desk.act.moment.rng).map_err(damaged)?;
    let key = cards::own_key(&keys);
    let signature = key.vouch(&message(&aad, &sealed));
    let mut out = MAGIC.to_vec();
    let whole = Cbor::Array(vec![
        Cbor::Bytes(row.id.0.to_vec()),
        Cbor::Bytes(to.0.to_vec()),
        Cbor::Bytes(key.public().to_vec()),
        Cbor::Bytes(signature),
        Cbor::Bytes(sealed),
    ]);
    ciborium::into_writer(&whole, &mut out).map_err(damaged)?;
    shared::told(desk, row.id, None);
    let number = transfer.number.unwrap_or_else(|| row.id.to_string());
    Ok(Bundle { file: format!("{number}.njmove"), bundle: STANDARD.encode(out) })
}

/// What the signature covers.
fn message(aad: &[u8], sealed: &[u8]) -> Vec<u8> {
    [PURPOSE, aad, blake3::hash(sealed).as_bytes()].concat()
}

/// The records that go: the member and her cards, as they stand in one stream.
fn file<'v>(view: &'v View<'_>, member: RecordId, stream: i64) -> Result<Vec<(&'v Layout, Stored)>, Fault> {
    let (members, cards) = (view.layout(Member::TYPE.name)?, view.layout(Card::TYPE.name)?);
    let mut out = Vec::new();
    out.extend(rows::in_stream(view.conn, members, member, stream)?.map(|row| (members, row)));
    let held = rows::select(view.conn, cards, "\"member\" = ?1 AND stream = ?2 ORDER BY id", &[&member.0, &stream])?;
    out.extend(held.into_iter().map(|row| (cards, row)));
    Ok(out)
}

/// A file taken apart.
struct Read {
    transfer: RecordId,
    to: RecordId,
    signer: [u8; 32],
    signature: Vec<u8>,
    sealed: Vec<u8>,
}

fn unreadable(cause: impl ToString) -> Fault {
    Fault::new(
        "bundle_unreadable",
        "这不是会员档案包，或文件不完整，没有做任何改动。请让对方重新拷贝一份。",
        "This is no file of a member, or it is not whole; nothing was changed. Ask for another copy.",
    )
    .because(cause)
}

fn read(bytes: &[u8]) -> Result<Read, Fault> {
    let rest = bytes.strip_prefix(MAGIC).filter(|_| bytes.len() <= LARGEST).ok_or_else(|| unreadable("head"))?;
    let mut parts = array(ciborium::from_reader(rest).map_err(unreadable)?, 5)?.into_iter();
    let mut next = || match parts.next() {
        Some(Cbor::Bytes(bytes)) => Ok(bytes),
        _ => Err(unreadable("part")),
    };
    let id = |bytes: Vec<u8>| bytes.try_into().map(RecordId).map_err(|_| unreadable("id"));
    Ok(Read {
        transfer: id(next()?)?,
        to: id(next()?)?,
        signer: next()?.try_into().map_err(|_| unreadable("key"))?,
        signature: next()?,
        sealed: next()?,
    })
}

fn array(value: Cbor, most: usize) -> Result<Vec<Cbor>, Fault> {
    match value {
        Cbor::Array(items) if items.len() <= most => Ok(items),
        _ => Err(unreadable("list")),
    }
}

fn open(desk: &mut Desk<'_>, ask: OpenAsk) -> Result<Opened, Fault> {
    if ask.bundle.len() > LARGEST * 2 {
        return Err(unreadable("too long"));
    }
    let file = read(&STANDARD.decode(ask.bundle.trim()).map_err(unreadable)?)?;
    let view = desk.view();
    let own = view.office.identity().office;
    if file.to != own {
        return Err(Fault::new(
            "bundle_for_another",
            "这个档案包是交给另一个工会的，本单位打不开，没有做任何改动。",
            "This file is for another union and cannot be opened here; nothing was changed.",
        ));
    }
    let aad = [&file.transfer.0[..], &file.to.0].concat();
    let trust = cards::trust(&view)?;
    let known = trust.entries.iter().any(|entry| entry.public == file.signer);
    if !known || !holds(&file.signer, &message(&aad, &file.sealed), &file.signature) {
        return Err(Fault::new(
            "bundle_not_signed",
            "档案包的签名核对不上：文件被改过，或做它的电脑不在本机的名单上。没有做任何改动。请先与县总工会同步一次再试，或让对方重做一份。",
            "The signature of this file does not hold: it was altered, or the PC that made it is not in the list here. Nothing was changed. Exchange with the county and try again, or ask for a new one.",
        ));
    }
    let keys = view.office.keys();
    let of = Stream::Office(own);
    let mut opened = keys
        .streams
        .iter()
        .filter(|((stream, _), _)| *stream == of)
        .filter_map(|(_, key)| opening(key).open(PURPOSE, &aad, &file.sealed).ok());
    let plain = opened.next().ok_or_else(|| unreadable("sealed"))?;
    let plain = zstd::bulk::decompress(&plain, LARGEST).map_err(unreadable)?;
    let mut parts = array(ciborium::from_reader(&plain[..]).map_err(unreadable)?, 2)?.into_iter();
    let slip = match parts.next() {
        Some(Cbor::Text(text)) => Some(text),
        _ => None,
    };
    let records = array(parts.next().unwrap_or(Cbor::Null), 100)?;
    let (mut member, mut changes) = (None, 0);
    for record in records {
        let adoption = adoption(record)?;
        if adoption.of == Member::TYPE.name {
            member = adoption.record;
        }
        changes += take(desk, adoption)?;
    }
    let member = member.ok_or_else(|| unreadable("member"))?;
    desk.note.kind = Some(Transfer::TYPE.name);
    desk.note.record = Some(file.transfer);
    Ok(Opened { transfer: file.transfer.to_string(), member: member.to_string(), slip, changes })
}

fn adoption(record: Cbor) -> Result<Adoption, Fault> {
    let parts: [Cbor; 4] = array(record, 4)?.try_into().map_err(|_| unreadable("record"))?;
    let [Cbor::Text(of), Cbor::Bytes(record), Cbor::Bytes(changes), Cbor::Text(authors)] = parts else {
        return Err(unreadable("record"));
    };
    let record = record.try_into().map(RecordId).map_err(|_| unreadable("id"))?;
    if ![Member::TYPE.name, Card::TYPE.name].contains(&of.as_str()) {
        return Err(unreadable("kind"));
    }
    if unpacked(&changes)?.iter().any(|change| change.record != record || *change.kind != *of) {
        return Err(unreadable("changes of another record"));
    }
    Ok(Adoption { of, record: Some(record), changes, authors: Some(authors) })
}

/// Writes what is new of it into this office's stream.
fn take(desk: &mut Desk<'_>, adoption: Adoption) -> Result<usize, Fault> {
    let stream = desk.office().own_stream();
    let layout = desk.act.layout(&adoption.of)?;
    let record = adoption.record.ok_or_else(|| unreadable("record"))?;
    let held = match desk.act.memory.known_stream(&stream) {
        Some(stream) => match rows::in_stream(desk.act.conn, layout, record, stream)? {
            Some(row) => dots(desk.act.conn, layout, &row)?,
            None => Default::default(),
        },
        None => Default::default(),
    };
    let memory = &desk.act.memory;
    let lacks = |dot: &niangjia_replication::change::Dot| {
        let inc = memory.known_number(dot.incarnation.0);
        inc.is_none_or(|inc| !held.contains(&(inc, i64::try_from(dot.counter).unwrap_or(i64::MAX))))
    };
    let fresh: Vec<_> = unpacked(&adoption.changes)?.into_iter().filter(|change| lacks(&change.dot)).collect();
    if fresh.is_empty() {
        return Ok(0);
    }
    desk.act.create(&stream, Adoption { changes: pack(&fresh)?, ..adoption }, None)?;
    Ok(fresh.len())
}
