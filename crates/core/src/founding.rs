//! Founding: how a county, a township that joins it, and an office that works alone begin.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use niangjia_replication::{
    Incarnation, RecordId, Stream,
    enrol::{Enrolment, Further},
    keys::{CertKind, OpeningKey, SigningKey, StreamKey, chain_to_cbor},
    root,
};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng as _;
use zeroize::Zeroizing;

use crate::{
    fault::Fault,
    identity::{Believed, Hub, Identity, Keys},
    office::{Caller, Office},
    organisations::Organisation,
    people::{self, Role},
    record::Record as _,
    store::{DatabaseKey, Moment, versions::damaged},
};

/// The secrets of a clerk: who signs approvals, and to whom case keys are sealed.
pub struct ClerkKeys {
    /// The clerk's record id.
    pub id: RecordId,
    /// Signing key.
    pub sign: SigningKey,
    /// Opening key (HPKE).
    pub open: OpeningKey,
}

impl ClerkKeys {
    /// Makes the keys of a new clerk.
    #[must_use]
    pub fn generate(millis: i64, rng: &mut ChaCha20Rng) -> Self {
        let id = RecordId::new(millis.try_into().unwrap_or(0), rng);
        Self { id, sign: SigningKey::generate(rng), open: OpeningKey::generate(rng) }
    }
}

pub(crate) fn serial(rng: &mut ChaCha20Rng) -> [u8; 16] {
    let mut serial = [0; 16];
    rng.fill_bytes(&mut serial);
    serial
}

pub(crate) fn database_key(rng: &mut ChaCha20Rng) -> DatabaseKey {
    let mut key = Zeroizing::new([0; 32]);
    rng.fill_bytes(&mut key[..]);
    DatabaseKey(key)
}

/// A founded office with what the host must keep: the database key, for the clerk's key slot.
pub struct Founded {
    /// The unlocked office.
    pub office: Office,
    /// To be wrapped by the first clerk's key slot and then forgotten.
    pub key: DatabaseKey,
    /// The first clerk.
    pub clerk: ClerkKeys,
    /// The county's root: printed as shares, kept nowhere.
    pub root: Option<SigningKey>,
}

/// Begins a county federation: root, issuing key, own device, streams.
///
/// # Errors
/// `fields` where name or code are unusable, or the store's own.
pub fn county(path: &Path, name: &str, code: &str, clerk: &str, mut moment: Moment) -> Result<Founded, Fault> {
    let (name, code) = named(name, code, 6)?;
    let rng = &mut moment.rng;
    let root = SigningKey::generate(rng);
    let (office, root_cert) = (root::county_id(&root.public()), root::certificate(&root).map_err(damaged)?);
    let issuing = SigningKey::generate(rng);
    let issuing_cert =
        root_cert.certify(&root, CertKind::Issuing, issuing.public(), None, office, serial(rng)).map_err(damaged)?;
    let (device, opening) = (SigningKey::generate(rng), OpeningKey::generate(rng));
    let sealing = Some(opening.public());
    let device_cert = issuing_cert
        .certify(&issuing, CertKind::CountyDevice, device.public(), sealing, office, serial(rng))
        .map_err(damaged)?;
    let mut streams = BTreeMap::from([((Stream::County, 1), root::county_key(&root))]);
    for stream in [Stream::Office(office), Stream::Audit(office)] {
        streams.insert((stream, 1), StreamKey::generate(1, rng));
    }
    let keys = Keys {
        device,
        opening: Some(opening),
        kit: None,
        chain: chain_to_cbor(&[root_cert.clone(), issuing_cert.clone(), device_cert]),
        root: Some(root.public()),
        issuing: Some((issuing, chain_to_cbor(&[root_cert.clone(), issuing_cert]))),
        streams,
        heard: BTreeSet::new(),
        hub: None,
        believed: Believed::default(),
    };
    let identity = Identity { office, name, code, county: true, federation: Some(office) };
    let granting = moment.part();
    let mut founded = begin(path, identity, keys, clerk, None, moment)?;
    founded.office.grant_owed(granting)?;
    founded.root = Some(root);
    Ok(founded)
}

/// Begins an office that works alone; it may join a county later.
///
/// # Errors
/// As [`county`].
pub fn alone(path: &Path, name: &str, code: &str, clerk: &str, mut moment: Moment) -> Result<Founded, Fault> {
    let (name, code) = named(name, code, 9)?;
    let rng = &mut moment.rng;
    let office = RecordId::new(moment.wall.try_into().unwrap_or(0), rng);
    let mut streams = BTreeMap::new();
    for stream in [Stream::Office(office), Stream::Audit(office)] {
        streams.insert((stream, 1), StreamKey::generate(1, rng));
    }
    let keys = Keys {
        device: SigningKey::generate(rng),
        opening: None,
        kit: None,
        chain: Vec::new(),
        root: None,
        issuing: None,
        streams,
        heard: BTreeSet::new(),
        hub: None,
        believed: Believed::default(),
    };
    begin(path, Identity { office, name, code, county: false, federation: None }, keys, clerk, None, moment)
}

/// Begins an office that a county has invited, or a further PC of one: own device key, certified by the packet's
/// delegation.
///
/// # Errors
/// `packet_unusable` where the certificates do not hold, or the store's own.
pub fn join(path: &Path, enrolment: Enrolment, clerk: &str, mut moment: Moment) -> Result<Founded, Fault> {
    let (identity, keys, further) = certified(enrolment, &mut moment.rng)?;
    begin(path, identity, keys, clerk, further, moment)
}

/// Identity and keys of whoever joins with a packet: it makes its own and certifies them with the packet's delegation.
pub(crate) fn certified(
    enrolment: Enrolment,
    rng: &mut ChaCha20Rng,
) -> Result<(Identity, Keys, Option<Further>), Fault> {
    let device = SigningKey::generate(rng);
    let opening = OpeningKey::generate(rng);
    let certs = enrolment.certify(device.public(), opening.public(), serial(rng)).map_err(|e| unusable(&e))?;
    let Enrolment { root, county, office, hub, keys: streams, further, .. } = enrolment;
    let keys = Keys {
        device,
        opening: Some(opening),
        kit: None,
        chain: chain_to_cbor(&certs),
        root: Some(root),
        issuing: None,
        streams: streams.into_iter().map(|(stream, key)| ((stream, key.epoch()), key)).collect(),
        heard: BTreeSet::new(),
        hub: hub.map(|h| Hub { url: h.url, key: hex::encode(h.key.to_bytes()) }),
        believed: Believed::default(),
    };
    let identity = Identity {
        office: office.id,
        name: office.name,
        code: office.code,
        county: office.id == county,
        federation: Some(county),
    };
    Ok((identity, keys, further))
}

fn unusable(cause: &dyn std::fmt::Display) -> Fault {
    Fault::new("packet_unusable", "这个入网数据包不能用：内容和证书对不上。本机没有任何改变。请向县总工会要一个新的数据包。", "This enrolment packet cannot be used: its certificates do not hold. Nothing was changed on this PC. Ask the county for a new packet.").because(cause)
}

pub(crate) fn named(name: &str, code: &str, digits: usize) -> Result<(String, String), Fault> {
    let (name, code) = (name.trim(), code.trim());
    let mut wrong = Vec::new();
    let mut fault = |field: &str, key: &str, say| {
        wrong.push(crate::fault::FieldFault { field: field.into(), key: key.into(), say })
    };
    if name.is_empty() || name.chars().count() > 60 {
        fault(
            "name",
            "office_name",
            crate::words::Say::new(
                "请填写工会全称（60 字以内），如“平明镇总工会”。",
                "Enter the union's full name, 60 characters at the most.",
            ),
        );
    }
    // The length is office practice: a county may use its own codes for parks, so longer ones pass.
    if !code.bytes().all(|b| b.is_ascii_digit()) || code.len() < digits.min(6) || code.len() > 12 {
        fault(
            "code",
            "office_code",
            crate::words::Say::new(
                "请填写行政区划代码：县 6 位，乡镇 9 位数字。",
                "Enter the administrative code: six digits for a county, nine for a township.",
            ),
        );
    }
    if wrong.is_empty() { Ok((name.to_owned(), code.to_owned())) } else { Err(Fault::fields(wrong)) }
}

/// The first act: the office's own record and its first clerk, written by that clerk. On a further PC the clerk alone: the
/// office's record stands in its stream already, and a second first version of it would be a conflict.
fn begin(
    path: &Path,
    identity: Identity,
    keys: Keys,
    clerk: &str,
    further: Option<Further>,
    mut moment: Moment,
) -> Result<Founded, Fault> {
    let incarnation = Incarnation::new(&mut moment.rng);
    let key = database_key(&mut moment.rng);
    let person = ClerkKeys::generate(moment.wall, &mut moment.rng);
    let office = Office::create(path, &key, identity.clone(), keys, incarnation.0)?;
    let caller = Caller { clerk: person.id, roles: Role::ALL.to_vec(), moment };
    let command = if further.is_some() { "devices.join" } else { "office.begin" };
    let result = office.act(command, caller, |desk| {
        let roles = match &further {
            // Nothing of the office has come yet, so its clerks are known by the packet alone.
            Some(further) if further.clerks.iter().any(|name| name == clerk.trim()) => {
                return Err(people::as_first(people::name_taken()));
            }
            Some(further) => people::roles_of(&further.roles),
            None => Role::ALL.to_vec(),
        };
        people::add(
            desk,
            person.id,
            clerk,
            &roles,
            person.sign.public().to_bytes().to_vec(),
            person.open.public().to_bytes().to_vec(),
        )
        .map_err(people::as_first)?;
        if further.is_some() {
            desk.note.kind = Some(people::Clerk::TYPE.name);
            desk.note.record = Some(person.id);
            return Ok(());
        }
        let record = Organisation::of_office(&identity);
        let stream = Stream::Office(identity.office);
        desk.act.create_as(&stream, identity.office, record, None)?;
        // One office, whatever it takes to write it.
        desk.note.count = Some(1);
        desk.note.kind = Some(Organisation::TYPE.name);
        Ok(())
    });
    if let Err(fault) = result {
        // Nothing half-founded stays behind: the next try begins in an empty folder.
        drop(office);
        for suffix in ["", "-wal", "-shm"] {
            let mut file = path.as_os_str().to_owned();
            file.push(suffix);
            let _ = std::fs::remove_file(file);
        }
        return Err(fault);
    }
    Ok(Founded { office, key, clerk: person, root: None })
}
