//! Taking segments: everything that can be checked of one without opening it.

use std::collections::HashMap;

use niangjia_replication::keys::{CertId, Identity, VerifyingKey, chain_from_cbor, chain_to_cbor, verify_chain};
use niangjia_replication::wire::{self, Frames, Placed, RefusalCode, Refused};
use niangjia_replication::{Bad, Limits, Segment, Stream};

use super::Refuse;
use crate::auth::device;
use crate::store::{Arrived, Device, SegmentStore, StoreFault};

/// The frames of a request; they must fill it to the end.
pub(super) fn frames(body: &[u8]) -> Result<Vec<Vec<u8>>, Refuse> {
    let mut frames = Frames::new();
    frames.push(body);
    let segments = frames.take(&Limits::STANDARD).map_err(|_| RefusalCode::TooLarge)?;
    if !frames.is_empty() {
        return Err(RefusalCode::Malformed.into());
    }
    if segments.len() > wire::FRAMES {
        return Err(RefusalCode::TooLarge.into());
    }
    Ok(segments)
}

/// Checks each segment and gives those that pass their place. Anyone may bring anyone's: the signature decides.
pub(super) fn take(
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
    if !signer.may_write(&stream) {
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
