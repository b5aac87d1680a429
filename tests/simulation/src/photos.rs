//! Photos: given to members, and carried by the slow lane behind the changes. The lane of the link (`niangjia_host::link`) speaks
//! HTTP; its round is repeated here over the hub's own judgement and the office's own shelf.

use niangjia_core::{Fault, blobs::AttachAsk, office::Caller, people::Role};
use niangjia_hub::blobs as hub;
use niangjia_replication::{
    blob::{Address, Media, Outline, PIECE},
    keys::{Identity, VerifyingKey, chain_from_cbor, verify_chain},
    wire::BlobSlice,
};
use rand_core::Rng as _;

use crate::{oracle::Form, world::World};

/// Blobs looked at in one run of the lane.
const RUN: usize = 4096;
/// How often a blob that comes wrong is tried in one run.
const TRIES: u32 = 2;

/// What goes wrong on the lane during one run.
pub(crate) struct Lane {
    /// Slices after which the line breaks.
    left: usize,
    /// Some slices come with a byte changed.
    tampered: bool,
    /// A blob came wrong so often that it waits for the next run.
    given_up: bool,
}

impl Lane {
    /// A lane on which nothing goes wrong.
    pub(crate) fn calm() -> Self {
        Self { left: usize::MAX, tampered: false, given_up: false }
    }
}

impl World {
    /// Somebody puts a photo on a member's page.
    pub(crate) fn photo(&mut self, pc: usize, form: &Form) {
        let long =
            if self.chance.percent(15) { self.chance.between(PIECE, 2 * PIECE) } else { self.chance.between(1, 9000) };
        let mut plain = vec![0; long];
        self.chance.rng().fill_bytes(&mut plain);
        let ask = AttachAsk {
            kind: "members".to_owned(),
            id: form.id.clone(),
            token: form.token.clone(),
            field: "photo".to_owned(),
            path: None,
            upload: None,
        };
        let moment = self.chance.moment(self.wall(pc));
        let caller = Caller { clerk: self.pcs[pc].clerks[0], roles: Role::ALL.to_vec(), moment };
        match self.pcs[pc].office().attach(&ask, &plain, Media::Jpeg, caller) {
            Ok((saved, _)) => {
                self.oracle.act(self.pcs[pc].office_no, pc);
                let page = self.page(pc, &saved.id);
                let before = &form.seen["photo"];
                let address = page.and_then(|page| {
                    page.seen["photo"].difference(before).find(|a| !self.oracle.photos.contains_key(*a)).cloned()
                });
                let Some(address) = address else {
                    return self.breaks(format!("PC {pc}: a photo was saved and is not on the page"));
                };
                self.trace.note(format!("PC {pc}: photo {address} of {long} bytes"));
                self.oracle.saved(&form.id, "photo", &address, before, pc);
                self.oracle.photo(&form.id, &address, *blake3::hash(&plain).as_bytes(), pc);
                self.seen(pc, &address);
            }
            Err(fault) => self.refused(pc, "members.attach", &fault),
        }
    }

    /// A photo that a page names is shown as it was given, or is said to be on its way. Returns whether it is shown.
    pub(crate) fn seen(&mut self, pc: usize, address: &str) -> bool {
        let given = self.oracle.photos.get(address).map(|photo| photo.plain);
        match self.pcs[pc].office().picture(address) {
            Ok(picture) => {
                if given != Some(*blake3::hash(&picture.bytes).as_bytes()) {
                    self.breaks(format!("PC {pc}: the photo {address} is not the one that was given"));
                }
                true
            }
            Err(fault) => {
                if fault.code != "picture_on_its_way" {
                    self.breaks(format!("PC {pc}: the photo {address}: {} {:?}", fault.code, fault.cause));
                }
                false
            }
        }
    }

    /// What befalls the lane this time.
    pub(crate) fn lane(&mut self) -> Lane {
        let cut = self.chance.percent(self.plan.cut);
        let left = if cut { self.chance.below(6) } else { usize::MAX };
        Lane { left, tampered: self.chance.percent(self.plan.tampered), given_up: false }
    }

    /// One run of the slow lane, as the host runs it behind an exchange. Returns whether all that was to go and to come did.
    pub(crate) fn blobs(&mut self, pc: usize, mut lane: Lane) -> bool {
        if self.plan.photo == 0 {
            return true;
        }
        let done = self.lane_up(pc, &mut lane).and_then(|up| Ok(up && self.lane_down(pc, &mut lane)?));
        match done {
            Ok(true) => !lane.given_up,
            Ok(false) => {
                self.trace.note("  the lane breaks off");
                false
            }
            Err(fault) => {
                self.breaks(format!("PC {pc}: the slow lane: {} {:?}", fault.code, fault.cause));
                false
            }
        }
    }

    fn lane_up(&mut self, pc: usize, lane: &mut Lane) -> Result<bool, Fault> {
        let office = self.pcs[pc].office();
        office.blobs_meet(self.hub.epoch)?;
        for outline in office.blobs_to_send(RUN)? {
            let (address, mut bad) = (outline.address(), 0);
            loop {
                let there = self.held(address);
                if there.whole {
                    office.blob_at_hub(address)?;
                    break;
                }
                let from = usize::try_from(there.bytes).unwrap_or(0).min(outline.length() - 1);
                let bytes = self.slice(&outline, from, |from, most| office.blob_slice(address, from, most), lane)?;
                let Some(bytes) = bytes else { return Ok(false) };
                if bytes.is_empty() {
                    break;
                }
                let slice = BlobSlice::new(&outline, from, bytes);
                let who = self.identity(pc);
                let put = hub::put(self.hub.relay().store, &who, address, &slice, hub::QUOTA, self.now);
                let held = put.map_err(Fault::question)?.map_err(|refused| Fault::question(format!("{refused:?}")))?;
                bad += u32::from(held.bad);
                if bad >= TRIES {
                    lane.given_up = true;
                    break;
                }
            }
        }
        Ok(true)
    }

    fn lane_down(&mut self, pc: usize, lane: &mut Lane) -> Result<bool, Fault> {
        let office = self.pcs[pc].office();
        for outline in office.blobs_wanted(RUN)? {
            let (address, mut bad) = (outline.address(), 0);
            while self.held(address).whole && bad < TRIES {
                let from = office.blob_begun(&outline)?;
                let put = if from < outline.length() {
                    let give =
                        |from, most| self.hub.relay().store.blob_bytes(&address.0, from, most).map_err(Fault::question);
                    let Some(bytes) = slice_of(&outline, from, give, lane, &mut self.chance)? else { return Ok(false) };
                    office.blob_put(&outline, from, &bytes)?
                } else {
                    office.blob_put(&outline, from, &[])?
                };
                if put.whole {
                    office.blob_at_hub(address)?;
                    break;
                }
                bad += u32::from(put.bad || put.bytes <= from);
                lane.given_up |= bad >= TRIES;
            }
        }
        Ok(true)
    }

    fn identity(&self, pc: usize) -> Identity {
        let office = self.pcs[pc].office();
        let root = VerifyingKey::from_bytes(&office.root_key().expect("a root")).expect("a key");
        let chain = chain_from_cbor(&office.device_auth().0).expect("a chain");
        verify_chain(&chain, &root).expect("an identity")
    }

    fn slice(
        &mut self,
        outline: &Outline,
        from: usize,
        give: impl Fn(usize, usize) -> Result<Vec<u8>, Fault>,
        lane: &mut Lane,
    ) -> Result<Option<Vec<u8>>, Fault> {
        slice_of(outline, from, give, lane, &mut self.chance)
    }

    fn held(&self, address: Address) -> niangjia_replication::wire::BlobHeld {
        let held = hub::held(self.hub.relay().store, &[address]).expect("the hub's store");
        held.into_iter().next().unwrap_or_default()
    }

    /// At the end: whatever lies on a disk that is still there, or at the hub, is shown wherever its member is.
    pub(crate) fn photos_are_everywhere(&mut self) {
        for (address, office, safe) in self.oracle.safe_photos(&self.thieves) {
            for pc in self.alive() {
                let reads = self.pcs[pc].office_no == 0 || self.pcs[pc].office_no == office;
                // Who began with a checkpoint never heard of what had been replaced below it.
                let heard = self.pcs[pc].held_segments() || !self.oracle.replaced_photo(&address);
                if reads && safe && heard && !self.seen(pc, &address) {
                    self.breaks(format!("PC {pc}: the photo {address} did not come"));
                }
            }
        }
    }
}

/// The next bytes of a blob on their way over the lane; nothing where the line breaks.
fn slice_of(
    outline: &Outline,
    from: usize,
    give: impl Fn(usize, usize) -> Result<Vec<u8>, Fault>,
    lane: &mut Lane,
    chance: &mut crate::chance::Chance,
) -> Result<Option<Vec<u8>>, Fault> {
    if lane.left == 0 {
        return Ok(None);
    }
    lane.left -= 1;
    let rest = outline.range(from / PIECE).end - from;
    let most = if chance.percent(50) { rest } else { chance.between(1, rest) };
    let mut bytes = give(from, most)?;
    if lane.tampered && !bytes.is_empty() && chance.percent(30) {
        let at = chance.below(bytes.len());
        bytes[at] ^= 1 << chance.below(8);
    }
    Ok(Some(bytes))
}
