//! Recovery: the county's registrar is burnt or lost. Whoever holds two of the three printed shares founds the county again on
//! a new PC: the same county, with everything that lies at the hub or that an office brings, and a registrar of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use niangjia_replication::{
    Incarnation, Stream,
    keys::{CertKind, OpeningKey, SigningKey, chain_from_cbor, chain_to_cbor},
    orders::{Cause, Revocation},
    root,
};

use crate::{
    devices,
    fault::{Fault, FieldFault},
    founding::{ClerkKeys, Founded, database_key, named, serial},
    identity::{Believed, Hub, Identity, Keys},
    office::{Caller, Desk, Office},
    organisations::Organisation,
    people::{self, Clerk, Role},
    record::Record as _,
    store::{DatabaseKey, Moment, ORDER, orders, rows, versions::damaged},
    words::Say,
};

/// A county that is being found again: it may fetch all that was ever written, and has no clerk yet.
pub struct Returning {
    /// The office that fetches.
    pub office: Office,
    key: DatabaseKey,
    root: SigningKey,
}

impl Returning {
    /// Whether everything has come that the hub told of in the exchange before this. It need not be in step: what a checkpoint tells of
    /// the registrar that was lost beyond an order, the hub holds only when that order has been raised, which a county does that has been
    /// founded.
    ///
    /// # Errors
    /// The store's own.
    pub fn whole(&self) -> Result<bool, Fault> {
        self.office.holds_what_the_hub_told(|_| true)
    }

    /// Whether the county's own papers have come: without them nobody knows what was ordered, and it would count no more.
    ///
    /// # Errors
    /// The store's own.
    pub fn ordered(&self) -> Result<bool, Fault> {
        self.office.holds_what_the_hub_told(|stream| *stream == Stream::County)
    }

    /// From here on it takes what a PC summed up that is shut out now, where nobody else tells that: whoever has the shares has decided
    /// that the county is founded with what there is.
    pub fn take_anything(&self) {
        self.office.hub_now().takes_anything = true;
    }
}

/// What the county is called, where its own record is not among what came.
pub struct Known<'n> {
    /// Official name.
    pub name: &'n str,
    /// Administrative code.
    pub code: &'n str,
}

/// Leaves an entry that the shares of the root, which wait on this PC for paper, were shown or destroyed.
pub fn about_the_kit(desk: &mut Desk<'_>, shares: usize) {
    desk.note.record = Some(desk.office().identity.office);
    desk.note.count = Some(shares);
}

/// Begins on a new PC with the root alone: a new issuing key and device under it, and the keys that follow from it.
///
/// # Errors
/// The store's own.
pub fn begin(path: &Path, root: SigningKey, hub: Option<Hub>, mut moment: Moment) -> Result<Returning, Fault> {
    let rng = &mut moment.rng;
    let (county, root_cert) = (root::county_id(&root.public()), root::certificate(&root).map_err(damaged)?);
    let (issuing, device, opening) = (SigningKey::generate(rng), SigningKey::generate(rng), OpeningKey::generate(rng));
    let above =
        root_cert.certify(&root, CertKind::Issuing, issuing.public(), None, county, serial(rng)).map_err(damaged)?;
    let sealing = Some(opening.public());
    let cert = above
        .certify(&issuing, CertKind::CountyDevice, device.public(), sealing, county, serial(rng))
        .map_err(damaged)?;
    let keys = Keys {
        device,
        opening: Some(opening),
        kit: Some(root::opening(&root)),
        chain: chain_to_cbor(&[root_cert.clone(), above.clone(), cert]),
        root: Some(root.public()),
        issuing: Some((issuing, chain_to_cbor(&[root_cert, above]))),
        streams: BTreeMap::from([((Stream::County, 1), root::county_key(&root))]),
        heard: BTreeSet::new(),
        hub,
        believed: Believed::default(),
    };
    let identity =
        Identity { office: county, name: String::new(), code: String::new(), county: true, federation: Some(county) };
    let incarnation = Incarnation::new(rng);
    let key = database_key(rng);
    let office = Office::create(path, &key, identity, keys, incarnation.0)?;
    Ok(Returning { office, key, root })
}

/// Goes on as the county once everything has come: its name is read from its own record, the registrar before it is shut out
/// with what has come of it, every key is changed, and the first clerk of this PC is written.
///
/// # Errors
/// `county_unnamed` where the county's own record did not come and nobody said the name; `fields` for a name or a clerk that
/// cannot be.
pub fn finish(
    path: &Path,
    returning: Returning,
    known: Option<Known<'_>>,
    clerk: &str,
    mut moment: Moment,
) -> Result<Founded, Fault> {
    let Returning { office, key, root } = returning;
    let id = office.identity().office;
    let own = office.store.schema.kind(Organisation::TYPE.name).ok_or_else(Fault::not_found)?;
    // Only from the stream that nobody but the county writes.
    let stream = office.store.memory().known_stream(&Stream::Office(id));
    let row = office.store.read(|conn| rows::by_id(conn, own, id))?.filter(|row| Some(row.stream) == stream);
    let (name, code) = match (&row, &known) {
        (Some(row), _) => {
            let record = Organisation::from_values(&row.values)?;
            let code = record.area.or_else(|| known.map(|known| known.code.to_owned())).ok_or_else(unnamed)?;
            (record.name, code)
        }
        (None, Some(known)) => named(known.name, known.code, 6)?,
        (None, None) => return Err(unnamed()),
    };
    let identity = Identity { name, code, ..office.identity().clone() };
    identity.store(&office.store.write())?;
    // From here on as after every start: the key of the kit is forgotten.
    drop(office);
    let office = Office::open(path, &key)?;
    let person = ClerkKeys::generate(moment.wall, &mut moment.rng);
    let caller = Caller { clerk: person.id, roles: Role::ALL.to_vec(), moment: moment.part() };
    office.act("county.recover", caller, |desk| {
        retire_namesake(desk, clerk)?;
        let (sign, open) = (person.sign.public().to_bytes().to_vec(), person.open.public().to_bytes().to_vec());
        people::add(desk, person.id, clerk, &Role::ALL, sign, open).map_err(people::as_first)?;
        if row.is_none() {
            desk.act.create_as(&Stream::Office(id), id, Organisation::of_office(&identity), None)?;
        }
        supersede(desk, &root)?;
        let mut streams: BTreeSet<Stream> = desk.office().keys().streams.keys().map(|(stream, _)| *stream).collect();
        // Its own it begins again where the registrar before burnt with the only key of them.
        streams.extend([Stream::Office(id), Stream::Audit(id)]);
        devices::rotate(desk, &streams)?;
        desk.note.kind = Some(Organisation::TYPE.name);
        desk.note.record = Some(id);
        Ok(())
    })?;
    office.accept_lost(moment.part())?;
    office.sum_up_what_was_fetched(moment)?;
    Ok(Founded { office, key, clerk: person, root: None })
}

/// Who founds the county again is mostly who worked at the PC that was lost. Keys and passphrase burnt there, so nobody will ever sign in
/// under the old entry: it is put away, and what the person did before still bears the name. Whoever works at another county PC that
/// lives keeps the name; two people at work are told apart.
fn retire_namesake(desk: &mut Desk<'_>, clerk: &str) -> Result<(), Fault> {
    let name = clerk.trim();
    let stream = desk.act.memory.stream(desk.act.conn, &people::stream_of(desk.office().identity()))?;
    let layout = desk.act.layout(Clerk::TYPE.name)?;
    let same = rows::select(desk.act.conn, layout, "name = ?1 AND void = 0 AND stream = ?2", &[&name, &stream])?;
    for row in same {
        if devices::at_a_living_pc(&desk.view(), row.stream, row.versions.base.0)? {
            return Err(Fault::fields(vec![FieldFault {
                field: "clerk".into(),
                key: "name_at_another_pc".into(),
                say: Say::new(
                    "县总工会另一台还在用的电脑上有同名的经办人员，没有恢复。请在姓名后加区分，如“王建国（登记机）”。",
                    "A clerk of that name works at another PC of the county; nothing was founded. Add something to tell the two apart.",
                ),
            }]));
        }
        let seen = row.versions.clone();
        desk.act.void(layout, &row, &seen, true)?;
    }
    Ok(())
}

/// The registrars before this one are shut out, and their issuing keys are worth nothing any more. What they had ordered is
/// ordered anew.
fn supersede(desk: &mut Desk<'_>, root: &SigningKey) -> Result<(), Fault> {
    let keys = desk.office().keys();
    let (Some((issuing, chain)), Some(pinned)) = (&keys.issuing, &keys.root) else {
        return Err(damaged("issuing key"));
    };
    let chain = chain_from_cbor(chain).map_err(damaged)?;
    let before = orders::load(desk.act.conn, keys.root.as_ref())?;
    let known = devices::registrars(&desk.view())?;
    let registrars: Vec<_> = known.iter().filter_map(|device| Some((device.cert, device.issuing()?))).collect();
    let mut papers = Vec::new();
    for (device, superseded) in &registrars {
        // What an order shut out already stays shut out: it may have come here all the same.
        let order = match before.against(device) {
            Some(order) => Revocation { revision: order.revision + 1, supersedes: Some(*superseded), ..order.clone() },
            None => Revocation {
                device: *device,
                revision: 1,
                cause: Cause::Lost,
                below: BTreeSet::new(),
                heads: orders::chains_of(desk.act.conn, &desk.act.memory, device)?,
                supersedes: Some(*superseded),
            },
        };
        papers.push(order.sign(&chain[..1], root).map_err(damaged)?);
    }
    for order in before.all().filter(|order| registrars.iter().all(|(device, _)| *device != order.device)) {
        let order = Revocation { revision: order.revision + 1, supersedes: None, ..order.clone() };
        papers.push(order.sign(&chain, issuing).map_err(damaged)?);
    }
    papers.iter().try_for_each(|doc| desk.act.publish(ORDER, doc, pinned))
}

fn unnamed() -> Fault {
    Fault::new(
        "county_unnamed",
        "没有找到县总工会自己的登记信息：中转站上没有，数据包里也没有。没有恢复。请核对中转站地址；只有乡镇的数据包时，请同时填写县总工会全称和行政区划代码。",
        "The county's own record did not come, neither from the hub nor with a packet; nothing was founded. Check the hub's address; where there is only an office's packet, give the county's full name and code as well.",
    )
}
