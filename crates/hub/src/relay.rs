//! The relay's judgement: what a device is told and given, and what is taken from it. Functions of the store and the pinned
//! root, without a socket and without a clock; the routes ask them, and so does the simulation.

use std::collections::{BTreeMap, HashMap};

use niangjia_replication::checkpoint::Part;
use niangjia_replication::keys::{Cert, CertId, Identity, VerifyingKey, chain_from_cbor, chain_to_cbor, verify_chain};
use niangjia_replication::orders::{Orders, Revocation};
use niangjia_replication::planted;
use niangjia_replication::wire::held::{self, HeldAnswer, HeldAsk};
use niangjia_replication::wire::{ChangedAsk, Digest, Lack, MissingAsk, OrdersTaken, Placed, Refused, Taken};
use niangjia_replication::{Bad, Frontier, Limits, Segment, Stream, wire};

use crate::checkpoints;
pub use crate::checkpoints::Doubts;
use crate::store::{Arrived, Device, Page, SegmentStore, StoreFault, Told, View};

/// One hub's store and the county root that it has pinned.
pub struct Relay<'s> {
    pub store: &'s dyn SegmentStore,
    pub root: VerifyingKey,
}

impl Relay<'_> {
    /// Notes that a device was here and tells where streams stand otherwise than there. Streams that are not the asker's are
    /// passed over in silence.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn changed(
        &self,
        device: &Device,
        who: &Identity,
        ask: &ChangedAsk,
        now_ms: i64,
    ) -> Result<Differ, StoreFault> {
        let told = Told { counts: ask.counts.clone(), about: ask.about.clone() };
        self.store.note(device, now_ms, (told != Told::default()).then_some(&told))?;
        let mut theirs: BTreeMap<_, _> = ask.streams.iter().copied().collect();
        let nothing = Digest::of(&Frontier::new());
        for stream in self.store.streams()? {
            theirs.entry(stream).or_insert(nothing);
        }
        let mut differ = Vec::new();
        for (stream, digest) in theirs {
            let Some(view) = view(who, &stream) else { continue };
            let frontier = self.store.frontier(&stream, view)?;
            if Digest::of(&frontier) != digest {
                differ.push((stream, frontier));
            }
        }
        Ok(differ)
    }

    /// What nobody has brought yet of the days before a checkpoint, in the streams that a device reads as a whole.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn lacking(&self, who: &Identity) -> Result<Vec<Lack>, StoreFault> {
        let mut lacking = self.store.lacking()?;
        lacking.retain(|lack| view(who, &lack.stream) == Some(View::All));
        Ok(lacking)
    }

    /// A page of what the asker lacks of a stream; `None` where it may not know it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn missing(&self, who: &Identity, stream: &Stream, ask: &MissingAsk) -> Result<Option<Page>, StoreFault> {
        let Some(view) = view(who, stream) else { return Ok(None) };
        let most = usize::try_from(ask.max_bytes).unwrap_or(wire::PAGE).min(wire::PAGE);
        self.store.missing(stream, &ask.have, view, most).map(Some)
    }

    /// What the hub holds of spans, to the byte, for the first of them at least; `None` where the asker may not know one.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn held(&self, who: &Identity, ask: &HeldAsk) -> Result<Option<HeldAnswer>, StoreFault> {
        let (mut spans, mut read) = (Vec::new(), 0);
        for span in &ask.spans {
            let Some(view) = view(who, &span.stream) else { return Ok(None) };
            if read > held::READ {
                break;
            }
            let (here, bytes) = self.store.held(&span.stream, span.chain, span.from, span.to, view)?;
            read += bytes;
            spans.push(span.judge(&here));
        }
        Ok(Some(HeldAnswer { spans }))
    }

    /// One segment by its hash; `None` where it is not here, or where the asker has no business with it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn segment(&self, who: &Identity, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreFault> {
        let Some(stream) = self.store.stream_of(hash)? else { return Ok(None) };
        let Some(view) = view(who, &stream) else { return Ok(None) };
        self.store.segment(hash, view)
    }

    /// Checks each segment, gives those that pass their place, and tells how the stream stands then; `None` where the asker
    /// has no business with it. Anyone else may bring anyone's: the signature decides.
    ///
    /// # Errors
    /// When the store cannot be written; nothing is stored then.
    pub fn take(
        &self,
        who: &Identity,
        stream: Stream,
        frames: &[Vec<u8>],
        now_ms: i64,
    ) -> Result<Option<Taken>, StoreFault> {
        let Some(view) = view(who, &stream) else { return Ok(None) };
        let placed = take(self.store, &self.root, who, stream, frames, now_ms)?;
        Ok(Some(Taken { placed, frontier: self.store.frontier(&stream, view)? }))
    }
}

impl Relay<'_> {
    /// What the county has ordered, as far as this hub was told.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn orders(&self) -> Result<Orders, StoreFault> {
        let orders = self.store.orders()?;
        Ok(Orders::of(orders.iter().map(Vec::as_slice), &self.root))
    }

    /// Keeps the county's orders, whoever brings them; what its root does not stand behind is passed over. Returns how many
    /// are held then.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn tell(&self, orders: &[Vec<u8>]) -> Result<OrdersTaken, StoreFault> {
        let before = self.store.orders()?.len();
        for order in orders.iter().filter(|order| Revocation::read(order, &self.root).is_ok()) {
            self.store.keep_order(order)?;
        }
        let held = self.store.orders()?.len();
        let orders = self.orders()?;
        checkpoints::stand_down(self.store, &orders)?;
        if held > before {
            checkpoints::stand_up(self.store, &orders)?;
        }
        Ok(OrdersTaken { orders: held as u64 })
    }
}

/// Whether the county has shut out the device with these certificates: it is told so and nothing else. What it wrote, and what
/// others bring of it, is stored all the same.
#[must_use]
pub fn shut_out(orders: &Orders, chain: &[u8]) -> bool {
    let Ok(certs) = chain_from_cbor(chain) else { return false };
    orders.shut_out(&certs.iter().map(Cert::id).collect::<Vec<_>>()).is_some()
}

/// Streams that stand otherwise at the hub, with its side of each.
pub type Differ = Vec<(Stream, Frontier)>;

/// Which part of a stream a device may know; `None`: nothing.
pub(crate) fn view(who: &Identity, stream: &Stream) -> Option<View> {
    if who.may_read(stream) || planted!("the hub tells everybody") {
        Some(View::All)
    } else {
        // The sender of mail sees what it sent, so that it can tell what has arrived.
        who.may_write(stream).then_some(View::Own(who.device_key))
    }
}

/// A device as the hub remembers it, with the certificates that it showed.
#[must_use]
pub fn device(identity: &Identity, chain: Vec<u8>) -> Device {
    Device { cert: identity.cert, key: identity.device_key, office: identity.office, county: identity.county, chain }
}

fn take(
    store: &dyn SegmentStore,
    root: &VerifyingKey,
    asker: &Identity,
    stream: Stream,
    frames: &[Vec<u8>],
    now_ms: i64,
) -> Result<Vec<Placed>, StoreFault> {
    let mut signers =
        Signers { store, root, known: HashMap::from([(asker.cert, Some(*asker))]), introduced: Vec::new() };
    let mut placed = vec![Placed::Known; frames.len()];
    let (mut arrived, mut at) = (Vec::new(), Vec::new());
    for (index, frame) in frames.iter().enumerate() {
        if let Ok(part) = Part::parse(frame, &Limits::STANDARD) {
            let orders = store.orders()?;
            let orders = Orders::of(orders.iter().map(Vec::as_slice), root);
            placed[index] = checkpoints::take(store, (root, &orders), stream, part, frame)?;
            continue;
        }
        if signers.meet(frame) {
            continue;
        }
        match check(&mut signers, stream, frame)? {
            Ok(segment) => {
                arrived.push(segment);
                at.push(index);
            }
            Err(why) => placed[index] = Placed::Refused(why),
        }
    }
    for (index, place) in at.into_iter().zip(store.place(&arrived, &signers.introduced, now_ms)?) {
        placed[index] = place;
    }
    Ok(placed)
}

fn check<'a>(
    signers: &mut Signers<'_>,
    stream: Stream,
    frame: &'a [u8],
) -> Result<Result<Arrived<'a>, Refused>, StoreFault> {
    let segment = match Segment::parse(frame, &Limits::STANDARD) {
        Ok(segment) => segment,
        Err(Bad::Unknown { .. }) => return Ok(Err(Refused::Newer)),
        Err(_) => return Ok(Err(Refused::Malformed)),
    };
    if segment.header().stream != stream {
        return Ok(Err(Refused::OtherStream));
    }
    let Some(signer) = signers.of(&segment)? else { return Ok(Err(Refused::Foreign)) };
    if !signer.may_write(&stream) && !planted!("anybody writes anywhere") {
        return Ok(Err(Refused::MayNot));
    }
    let Ok(segment) = segment.verify_from(&signer) else { return Ok(Err(Refused::Foreign)) };
    let header = segment.header();
    Ok(Ok(Arrived {
        stream,
        chain: header.chain,
        seq: header.seq,
        prev: header.prev,
        hash: segment.hash(),
        signer: signer.device_key,
        bytes: frame,
    }))
}

/// Who signed: by the certificates that a segment carries, by those of the asker, or by those remembered.
struct Signers<'s> {
    store: &'s dyn SegmentStore,
    root: &'s VerifyingKey,
    known: HashMap<CertId, Option<Identity>>,
    introduced: Vec<Device>,
}

impl Signers<'_> {
    /// Whether a frame is a device's certificates and no segment; then the device is known from here on.
    fn meet(&mut self, frame: &[u8]) -> bool {
        let identity = chain_from_cbor(frame).and_then(|certs| verify_chain(&certs, self.root));
        let Ok(identity) = identity else { return false };
        self.introduced.push(device(&identity, frame.to_vec()));
        self.known.insert(identity.cert, Some(identity));
        true
    }

    fn of(&mut self, segment: &Segment<'_>) -> Result<Option<Identity>, StoreFault> {
        let cert = segment.signer();
        if let Some(Some(identity)) = self.known.get(&cert) {
            return Ok(Some(*identity));
        }
        if let Ok(Some(identity)) = segment.introduces(self.root) {
            self.introduced.push(device(&identity, chain_to_cbor(segment.certs())));
            self.known.insert(cert, Some(identity));
            return Ok(Some(identity));
        }
        if let Some(looked_up) = self.known.get(&cert) {
            return Ok(*looked_up);
        }
        // Checked again rather than believed: the root is what decides, not what once stood in a database.
        let remembered = self.store.device(&cert)?;
        let identity = remembered.and_then(|device| {
            let certs = chain_from_cbor(&device.chain).ok()?;
            verify_chain(&certs, self.root).ok()
        });
        self.known.insert(cert, identity);
        Ok(identity)
    }
}
