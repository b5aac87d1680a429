//! One part of a packet as bytes: written from an office, and taken into one as far as it is sound.

use std::io::{Read, Write};

use niangjia_core::{
    Fault,
    office::Office,
    packets::{Came, Incoming, Outgoing},
    replication::{
        Bad,
        packet::{self, Item, Reader, Writer},
    },
    store::Moment,
};

use super::{PIECE, faults};

/// Bytes of segments that are taken in one transaction.
const BATCH: usize = 1 << 20;

/// Writes the part that holds the segments and pieces in `range`.
///
/// # Errors
/// `packet_not_written`, or the store's own.
pub fn write_part(
    office: &Office,
    packet: &Outgoing,
    head: packet::Header,
    range: std::ops::Range<usize>,
    file: &mut impl Write,
) -> Result<(), Fault> {
    let (signer, certs) = packet.signer();
    let mut out = Vec::with_capacity(PIECE);
    let mut writer = Writer::begin(head, certs, signer, &mut out).map_err(Fault::question)?;
    for at in range {
        match usize::try_from(packet.segments()).ok().and_then(|segments| at.checked_sub(segments)) {
            None => {
                let segment = office.packet_segment(packet, at)?;
                writer.segment(&segment, &mut out).map_err(Fault::question)?;
            }
            Some(behind) => {
                let piece = office.packet_piece(packet, behind)?;
                writer.piece(&piece, &mut out).map_err(Fault::question)?;
            }
        }
        if out.len() >= PIECE {
            file.write_all(&out).map_err(faults::not_written)?;
            out.clear();
        }
    }
    writer.end(&mut out).map_err(Fault::question)?;
    file.write_all(&out).map_err(faults::not_written)
}

/// Takes in one part. `Some` is what is wrong with it; what came before that is taken in and stays. `tell` hears which kinds
/// have changed.
///
/// # Errors
/// The store's own.
pub fn take_part(
    office: &Office,
    incoming: &Incoming,
    file: &mut impl Read,
    moment: &mut dyn FnMut() -> Moment,
    tell: &mut dyn FnMut(&[String]),
    came: &mut Came,
) -> Result<Option<Bad>, Fault> {
    let (mut reader, mut piece) = (Reader::default(), vec![0; PIECE]);
    let (mut batch, mut bytes, mut ended) = (Vec::new(), 0, false);
    let bad = loop {
        let read = match file.read(&mut piece) {
            Ok(0) => break reader.finish().err(),
            Ok(read) => read,
            Err(interrupted) if interrupted.kind() == std::io::ErrorKind::Interrupted => continue,
            // The stick was pulled, or a sector cannot be read: as if the file ended here.
            Err(_) => break Some(Bad::Truncated),
        };
        reader.push(&piece[..read]);
        let wrong = loop {
            match reader.take() {
                Ok(None) => break None,
                Ok(Some(Item::Head(head))) if head.claims().id != incoming.header.id => {
                    break Some(Bad::Mismatch("packet"));
                }
                Ok(Some(Item::Head(_))) => {}
                Ok(Some(Item::Segment(segment))) => {
                    bytes += segment.len();
                    batch.push(segment);
                }
                Ok(Some(Item::Piece(piece))) => {
                    // The changes that name it come before it, and are taken before it.
                    let changed = office.packet_take(incoming, std::mem::take(&mut batch), moment(), came)?;
                    bytes = 0;
                    tell(&changed.kinds);
                    office.packet_blob(incoming, &piece, came)?;
                }
                Ok(Some(Item::End(end))) if !incoming.ends(&end) => break Some(Bad::Signature),
                Ok(Some(Item::End(_))) => ended = true,
                Err(bad) => break Some(bad),
            }
        };
        if bytes >= BATCH {
            let changed = office.packet_take(incoming, std::mem::take(&mut batch), moment(), came)?;
            bytes = 0;
            tell(&changed.kinds);
        }
        if wrong.is_some() {
            break wrong;
        }
    };
    let changed = office.packet_take(incoming, batch, moment(), came)?;
    tell(&changed.kinds);
    Ok(bad.or_else(|| (!ended).then_some(Bad::Truncated)))
}
