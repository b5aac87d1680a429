//! The list of PCs: whose they are, since when and until when they were heard of, and which came with a packet that had
//! been used before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use niangjia_replication::{
    Limits, Segment, Stream,
    keys::{Cert, CertId, CertKind, SealingKey, chain_from_cbor},
};
use rusqlite::OptionalExtension as _;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Device, delegations_of, record_of};
use crate::{
    fault::Fault,
    office::View,
    record::{Record as _, RecordId},
    store::{orders, rows, versions::damaged},
    words::Say,
};

/// The PCs of this office; at the county those of all.
#[derive(Serialize, JsonSchema)]
pub struct Devices {
    /// This PC first, then by office and first sign of life.
    pub devices: Vec<DeviceLine>,
    /// Invited, and not heard of yet.
    pub invited: Vec<InvitedLine>,
    /// Whether this PC has the county's issuing key: only there PCs are shut out and keys changed.
    pub registrar: bool,
    /// After a PC was shut out or an invitation taken back: what was fetched before that; filled in by the host.
    pub fetched: Option<Fetched>,
}

/// Whether everything that a PC had reported was fetched before it was shut out: what comes later is kept apart.
#[derive(Serialize, JsonSchema)]
pub struct Fetched {
    /// Whether it was.
    pub done: bool,
    /// What that means.
    pub say: Say,
}

/// One PC.
#[derive(Serialize, JsonSchema)]
pub struct DeviceLine {
    /// Its id.
    pub id: String,
    /// What it is called, where somebody said so.
    pub name: Option<String>,
    /// Fingerprint of its key, as the PC itself shows it.
    pub fingerprint: String,
    /// Name of its office.
    pub office: Option<String>,
    /// Whether it is this PC.
    pub this: bool,
    /// Its first act that has come here, by its own clock, milliseconds since 1970.
    pub since: Option<i64>,
    /// Its last act that has come here.
    pub heard: Option<i64>,
    /// The packet with which it joined was used by another PC too, and nobody has named it since.
    pub flagged: bool,
    /// Why the county has shut it out: what it wrote since stands in quarantine, and the hub does not answer it.
    pub revoked: Option<Say>,
    /// What that means and what to do.
    pub say: Option<Say>,
}

/// A PC that was invited.
#[derive(Serialize, JsonSchema)]
pub struct InvitedLine {
    /// Id of the invitation, where it can be taken back: at the registrar.
    pub id: Option<String>,
    /// The office that it is for, where that is another one.
    pub office: Option<String>,
    /// What it is to be called.
    pub name: String,
    /// Who invited it.
    pub by: String,
    /// When, milliseconds since 1970.
    pub at: i64,
}

/// A PC as its certificates tell of it.
pub(crate) struct Known {
    pub(crate) cert: CertId,
    pub(super) office: RecordId,
    /// Where stream keys are sealed to.
    pub(super) sealing: Option<SealingKey>,
    pub(super) county: bool,
    /// Its certificates, root side first.
    pub(super) certs: Vec<CertId>,
    /// The delegations that it stands under, its own one last.
    pub(super) delegations: Vec<CertId>,
    key: [u8; 32],
    pub(super) this: bool,
}

impl Known {
    /// The issuing key under which it was let in; for a PC with which a county began, its own.
    pub(crate) fn issuing(&self) -> Option<CertId> {
        self.certs.get(1).copied()
    }

    /// The packet by which it came in; none of the PC with which a county began.
    fn delegation(&self) -> Option<CertId> {
        self.delegations.last().copied()
    }
}

/// Every PC of which certificates came here, this one included.
pub(super) fn all(view: &View<'_>) -> Result<Vec<Known>, Fault> {
    let own = view.office.keys().chain;
    let mut chains: Vec<(Vec<u8>, bool)> = vec![(own, true)];
    let mut statement = view.conn.prepare_cached("SELECT chain FROM cert")?;
    for chain in statement.query_map([], |r| r.get(0))? {
        chains.push((chain?, false));
    }
    let mut known = BTreeMap::new();
    for (chain, this) in chains.into_iter().filter(|(chain, _)| !chain.is_empty()) {
        // They were verified when they came; a form that this version does not read is no PC that it can show.
        let Ok(certs) = chain_from_cbor(&chain) else { continue };
        let Some(device) = certs.last() else { continue };
        let (claims, cert) = (device.claims(), device.id());
        known.entry(cert.0).or_insert(Known {
            cert,
            office: claims.office,
            sealing: claims.sealing,
            county: claims.kind == CertKind::CountyDevice,
            certs: certs.iter().map(Cert::id).collect(),
            delegations: delegations_of(&certs),
            key: claims.subject.to_bytes(),
            this,
        });
    }
    Ok(known.into_values().collect())
}

pub(super) fn known(view: &View<'_>, office: RecordId) -> Result<Vec<Known>, Fault> {
    Ok(all(view)?.into_iter().filter(|d| d.office == office).collect())
}

/// Other PCs with which a county began, or began again.
pub(crate) fn registrars(view: &View<'_>) -> Result<Vec<Known>, Fault> {
    Ok(all(view)?.into_iter().filter(|d| d.county && !d.this && d.delegations.is_empty()).collect())
}

/// Whether this office looks after a PC: after its own, and the county after all.
fn ours(view: &View<'_>, device: &Known) -> bool {
    let identity = view.office.identity();
    identity.county || device.office == identity.office
}

/// Delegations by which more than one PC came in.
fn twice(devices: &[Known]) -> BTreeSet<[u8; 32]> {
    let mut seen = BTreeSet::new();
    devices.iter().filter_map(Known::delegation).filter(|d| !seen.insert(d.0)).map(|d| d.0).collect()
}

pub(super) fn name_of(view: &View<'_>, cert: &CertId) -> Result<Option<String>, Fault> {
    let row = rows::by_id(view.conn, view.layout(Device::TYPE.name)?, record_of(cert))?;
    row.filter(|row| !row.void).map(|row| Ok(Device::from_values(&row.values)?.name)).transpose()
}

/// Whether a PC came with a packet that another one had used, and nobody who is above doubt has named it.
fn is_flagged(view: &View<'_>, devices: &[Known], device: &Known, twice: &BTreeSet<[u8; 32]>) -> Result<bool, Fault> {
    let Some(delegation) = device.delegation().filter(|d| twice.contains(&d.0)) else { return Ok(false) };
    let Some(row) = rows::by_id(view.conn, view.layout(Device::TYPE.name)?, record_of(&device.cert))? else {
        return Ok(true);
    };
    for leaf in row.versions.leaves(0) {
        let maker = maker(view, devices, row.stream, leaf.inc)?;
        // Whoever came in by that very packet, or was let in by such a one, cannot vouch for it.
        if maker.is_some_and(|maker| !maker.delegations.contains(&delegation)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The PC that wrote under an incarnation.
fn maker<'d>(view: &View<'_>, devices: &'d [Known], stream: i64, inc: i64) -> Result<Option<&'d Known>, Fault> {
    if view.memory.owns().any(|own| own == inc) {
        return Ok(devices.iter().find(|d| d.this));
    }
    let bytes: Option<Vec<u8>> = view
        .conn
        .prepare_cached("SELECT bytes FROM segment WHERE stream = ?1 AND carried = ?2 LIMIT 1")?
        .query_row([stream, inc], |r| r.get(0))
        .optional()?;
    let signer = match bytes {
        Some(bytes) => Segment::parse(&bytes, &Limits::STANDARD).map_err(damaged)?.signer().0,
        // Below a checkpoint: it says who began the chain.
        None => {
            let mut begun = view.conn.prepare_cached("SELECT signer FROM base WHERE stream = ?1 AND chain = ?2")?;
            let Some(signer) = begun.query_row([stream, inc], |r| r.get(0)).optional()? else { return Ok(None) };
            signer
        }
    };
    Ok(devices.iter().find(|d| d.cert.0 == signer))
}

/// Who wrote under which incarnation.
pub(crate) struct Writers {
    devices: Vec<Known>,
    orders: niangjia_replication::orders::Orders,
}

/// A PC that wrote something.
pub(crate) struct Writer {
    pub(crate) office: RecordId,
    /// Its certificate, once it has one.
    pub(crate) cert: Option<CertId>,
    /// Whether the county has shut it out.
    pub(crate) shut_out: bool,
}

impl Writers {
    pub(crate) fn of(view: &View<'_>) -> Result<Self, Fault> {
        let orders = orders::load(view.conn, view.office.keys().root.as_ref())?;
        Ok(Self { devices: all(view)?, orders })
    }

    /// The PC behind an incarnation of a stream; of a PC that works alone nobody has certificates yet.
    pub(crate) fn of_chain(&self, view: &View<'_>, stream: i64, inc: i64) -> Result<Option<Writer>, Fault> {
        let Some(device) = maker(view, &self.devices, stream, inc)? else {
            let own = view.memory.owns().any(|own| own == inc);
            let office = view.office.identity().office;
            return Ok(own.then_some(Writer { office, cert: None, shut_out: false }));
        };
        Ok(Some(Writer {
            office: device.office,
            cert: Some(device.cert),
            shut_out: self.orders.shut_out(&device.certs).is_some(),
        }))
    }
}

/// What a PC is called: by whoever named it, or by its invitation. Of two that came with one packet nobody knows which one was
/// meant.
fn named(view: &View<'_>, device: &Known, twice: &BTreeSet<[u8; 32]>) -> Result<Option<String>, Fault> {
    match (name_of(view, &device.cert)?, device.delegation()) {
        (None, Some(delegation)) if !twice.contains(&delegation.0) => name_of(view, &delegation),
        (named, _) => Ok(named),
    }
}

/// The PCs of an office that the county has not shut out: what each is called, and when its last act was that has come here,
/// milliseconds since 1970.
pub(crate) fn of_office(view: &View<'_>, office: RecordId) -> Result<Vec<(String, Option<i64>)>, Fault> {
    let devices = all(view)?;
    let (twice, heard) = (twice(&devices), heard(view, &devices)?);
    let orders = orders::load(view.conn, view.office.keys().root.as_ref())?;
    let mut out = Vec::new();
    for device in devices.iter().filter(|device| device.office == office) {
        if orders.shut_out(&device.certs).is_none() {
            let name = named(view, device, &twice)?;
            let print = || hex::encode(&blake3::hash(&device.key).as_bytes()[..4]);
            out.push((name.unwrap_or_else(print), heard.get(&device.cert.0).map(|(_, last)| *last)));
        }
    }
    Ok(out)
}

/// The offices of which a PC is known.
pub(crate) fn present(view: &View<'_>) -> Result<BTreeSet<RecordId>, Fault> {
    Ok(all(view)?.into_iter().map(|device| device.office).collect())
}

/// Whether an incarnation is that of a county PC that works still: one that is neither shut out nor a registrar before this one.
pub(crate) fn at_a_living_pc(view: &View<'_>, stream: i64, inc: i64) -> Result<bool, Fault> {
    let devices = all(view)?;
    let Some(device) = maker(view, &devices, stream, inc)? else { return Ok(false) };
    let orders = orders::load(view.conn, view.office.keys().root.as_ref())?;
    Ok(!device.this && !device.delegations.is_empty() && orders.against(&device.cert).is_none())
}

/// Office and name of the PC that wrote under an incarnation, as far as they are known here.
pub(crate) fn written_at(view: &View<'_>, stream: i64, inc: i64) -> Result<(Option<Say>, Option<String>), Fault> {
    let devices = all(view)?;
    let Some(device) = maker(view, &devices, stream, inc)? else { return Ok((None, None)) };
    let named = named(view, device, &twice(&devices))?;
    let offices = crate::organisations::offices_named(view)?;
    let own = view.office.identity();
    let office = if device.office == own.office {
        Some(own.name.clone())
    } else {
        offices.into_iter().find(|(id, _, _)| *id == device.office).map(|(_, name, _)| name)
    };
    let office = match office {
        Some(name) => Some(Say::owned(name.clone(), name)),
        None => device.county.then(|| Say::new("县总工会", "the county federation")),
    };
    Ok((office, named))
}

/// Whether this PC may say of another that it belongs to the office: not where both came with one packet.
pub(super) fn may_vouch(devices: &[Known], device: &Known) -> bool {
    let shared = device.delegation().filter(|d| twice(devices).contains(&d.0));
    let this = devices.iter().find(|d| d.this);
    shared.is_none_or(|shared| this.is_some_and(|this| !this.delegations.contains(&shared)))
}

/// How many PCs came with a packet that another one had used, and nobody has said whose they are.
pub(crate) fn flagged(view: &View<'_>) -> Result<i64, Fault> {
    let devices = all(view)?;
    let twice = twice(&devices);
    let mut count = 0;
    for device in devices.iter().filter(|d| !twice.is_empty() && ours(view, d)) {
        count += i64::from(is_flagged(view, &devices, device, &twice)?);
    }
    Ok(count)
}

pub(super) fn list(view: &View<'_>) -> Result<Devices, Fault> {
    let identity = view.office.identity();
    let devices = all(view)?;
    let twice = twice(&devices);
    let heard = heard(view, &devices)?;
    let offices: HashMap<RecordId, String> =
        crate::organisations::offices_named(view)?.into_iter().map(|(id, name, _)| (id, name)).collect();
    let mut used = BTreeSet::new();
    let orders = orders::load(view.conn, view.office.keys().root.as_ref())?;
    let mut lines = Vec::with_capacity(devices.len());
    for device in devices.iter().filter(|d| ours(view, d)) {
        used.insert(record_of(&device.cert));
        used.extend(device.delegation().as_ref().map(record_of));
        let flagged = is_flagged(view, &devices, device, &twice)?;
        let (since, heard) = heard.get(&device.cert.0).copied().unzip();
        lines.push(DeviceLine {
            id: device.cert.to_string(),
            name: named(view, device, &twice)?,
            fingerprint: hex::encode(&blake3::hash(&device.key).as_bytes()[..8]),
            office: if device.office == identity.office {
                Some(identity.name.clone())
            } else {
                offices.get(&device.office).cloned()
            },
            this: device.this,
            since,
            heard,
            flagged,
            revoked: orders.shut_out(&device.certs).map(|order| super::revoke::caused(order.cause)),
            say: flagged.then(used_twice),
        });
    }
    lines.sort_by(|a, b| {
        let order = |line: &DeviceLine| (!line.this, line.office.clone(), line.since.unwrap_or(i64::MAX));
        order(a).cmp(&order(b)).then_with(|| a.id.cmp(&b.id))
    });
    let mut invited = Vec::new();
    for (row, device) in view.select::<Device>("void = 0 ORDER BY made_at, rec", &[])? {
        if !used.contains(&row.id) {
            let of = view.memory.stream_name(row.stream)?.office().filter(|id| *id != identity.office);
            let id = view.office.registrar() && device.delegation.is_some();
            invited.push(InvitedLine {
                id: id.then(|| row.id.to_string()),
                office: of.and_then(|id| offices.get(&id).cloned()),
                name: device.name,
                by: view.author(row.made_by)?,
                at: row.made_at,
            });
        }
    }
    Ok(Devices { devices: lines, invited, registrar: view.office.registrar(), fetched: None })
}

fn used_twice() -> Say {
    Say::new(
        "和另一台电脑用的是同一个入网数据包。两台录入的内容都保留着，没有丢失。请核对是不是本单位的电脑：是，就给它起个名字；不是，请马上告诉县总工会。",
        "Another PC joined with the same enrolment packet. What both entered is kept. Check whether this PC is the office's own: if so, give it a name; if not, tell the county at once.",
    )
}

/// First and last act of each PC: every act leaves an entry in the audit.
fn heard(view: &View<'_>, devices: &[Known]) -> Result<HashMap<[u8; 32], (i64, i64)>, Fault> {
    let mut of: HashMap<i64, [u8; 32]> = HashMap::new();
    if let Some(this) = devices.iter().find(|d| d.this) {
        of.extend(view.memory.owns().map(|inc| (inc, this.cert.0)));
    }
    let mut first = view.conn.prepare_cached("SELECT chain, bytes FROM segment WHERE stream = ?1 AND seq = 1")?;
    // A PC whose database was put back carries what it wrote before in its new chain.
    let mut carried = view.conn.prepare_cached("SELECT DISTINCT chain, carried FROM segment WHERE stream = ?1")?;
    let mut below = view.conn.prepare_cached("SELECT chain, signer FROM base WHERE stream = ?1")?;
    for stream in view.office.streams().iter().filter(|s| matches!(s, Stream::Audit(_))) {
        let Some(stream) = view.memory.known_stream(stream) else { continue };
        let mut makers = HashMap::new();
        for row in first.query_map([stream], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, Vec<u8>>(1)?)))? {
            let (chain, bytes) = row?;
            let segment = Segment::parse(&bytes, &Limits::STANDARD).map_err(damaged)?;
            makers.insert(chain, segment.signer().0);
        }
        for row in below.query_map([stream], |r| Ok((r.get::<_, i64>(0)?, r.get(1)?)))? {
            let (chain, signer) = row?;
            makers.insert(chain, signer);
            of.entry(chain).or_insert(signer);
        }
        for row in carried.query_map([stream], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?)))? {
            let (chain, inc) = row?;
            if let Some(maker) = makers.get(&chain) {
                of.entry(inc).or_insert(*maker);
            }
        }
    }
    let mut out: HashMap<[u8; 32], (i64, i64)> = HashMap::new();
    let mut acts =
        view.conn.prepare_cached("SELECT ver_inc, min(made_at), max(made_at) FROM audit GROUP BY ver_inc")?;
    for row in acts.query_map([], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, i64>(2)?)))? {
        let (inc, since, last) = row?;
        if let Some(cert) = of.get(&inc) {
            let spell = out.entry(*cert).or_insert((since, last));
            *spell = (spell.0.min(since), spell.1.max(last));
        }
    }
    Ok(out)
}
