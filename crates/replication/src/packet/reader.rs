//! Reading a part from bytes that come in pieces: what came whole is handed out, though the file breaks off after it.

use super::{BlobPiece, End, Head, LARGEST_END, LARGEST_HEAD, MAGIC};
use crate::bad::{Bad, Limits, within};
use crate::change::RecordId;
use crate::checkpoint::Part;
use crate::segment::Segment;

/// What a part holds, in this order: one head, its segments, pieces of blobs, one end.
#[derive(Debug)]
pub enum Item {
    Head(Box<Head>),
    /// A whole segment whose body is the one that its header names; who signed it is for the store to see. One of a newer
    /// version, that cannot be looked into, is handed out as it came.
    Segment(Vec<u8>),
    /// A piece of a blob that is right.
    Piece(Box<BlobPiece>),
    End(End),
}

enum State {
    Magic,
    Head,
    Segments,
    End,
    Done,
    Failed(Bad),
}

/// Reads one part. Holds one frame at a time, whatever the size of the file.
pub struct Reader {
    pending: Vec<u8>,
    /// Where the next frame begins in `pending`.
    at: usize,
    state: State,
    hash: blake3::Hasher,
    limits: Limits,
    id: RecordId,
    part: u32,
    /// Segments, pieces and bytes that the head declares and that have not come yet.
    due: (u32, u32, u64),
}

impl Default for Reader {
    fn default() -> Self {
        Self::new(Limits::STANDARD)
    }
}

impl Reader {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            pending: Vec::new(),
            at: 0,
            state: State::Magic,
            hash: blake3::Hasher::new(),
            limits,
            id: RecordId([0; 16]),
            part: 0,
            due: (0, 0, 0),
        }
    }

    /// Takes what was read next.
    pub fn push(&mut self, piece: &[u8]) {
        if !matches!(self.state, State::Failed(_)) {
            self.pending.drain(..self.at);
            self.at = 0;
            self.pending.extend_from_slice(piece);
        }
    }

    /// The next item that is whole; `None` until more is pushed.
    ///
    /// # Errors
    /// The first damage, and it again from then on. [`Bad::Unknown`] when a newer version made the packet.
    pub fn take(&mut self) -> Result<Option<Item>, Bad> {
        self.step().inspect_err(|bad| {
            self.state = State::Failed(*bad);
            self.pending = Vec::new();
            self.at = 0;
        })
    }

    /// To be asked when the file is at its end.
    ///
    /// # Errors
    /// [`Bad::Truncated`] when the part is not, else the damage that was met.
    pub fn finish(&self) -> Result<(), Bad> {
        match self.state {
            State::Done => Ok(()),
            State::Failed(bad) => Err(bad),
            _ => Err(Bad::Truncated),
        }
    }

    fn step(&mut self) -> Result<Option<Item>, Bad> {
        loop {
            match self.state {
                State::Magic => {
                    let seen = self.pending.len().min(MAGIC.len());
                    if self.pending[..seen] != MAGIC[..seen] {
                        return Err(Bad::Form("not a packet"));
                    }
                    if seen < MAGIC.len() {
                        return Ok(None);
                    }
                    self.hash.update(&MAGIC);
                    self.at = seen;
                    self.state = State::Head;
                }
                State::Head => {
                    let Some(frame) = self.frame("head", LARGEST_HEAD)? else { return Ok(None) };
                    let head = Head::parse(&frame)?;
                    let header = head.claims();
                    (self.id, self.part) = (header.id, header.part);
                    self.due = (header.segments, header.pieces, header.bytes);
                    self.state = State::Segments;
                    return Ok(Some(Item::Head(Box::new(head))));
                }
                State::Segments => {
                    let Some(frame) = self.frame("segment", self.limits.segment())? else { return Ok(None) };
                    if frame.is_empty() {
                        if self.due != (0, 0, 0) {
                            return Err(Bad::Mismatch("number of segments"));
                        }
                        self.state = State::End;
                        continue;
                    }
                    let (segments, pieces, bytes) = self.due;
                    let bytes = bytes.checked_sub(frame.len() as u64).ok_or(Bad::Mismatch("number of segments"))?;
                    if segments == 0 {
                        let pieces = pieces.checked_sub(1).ok_or(Bad::Mismatch("number of segments"))?;
                        self.due = (0, pieces, bytes);
                        return Ok(Some(Item::Piece(Box::new(BlobPiece::parse(&frame)?))));
                    }
                    self.due = (segments - 1, pieces, bytes);
                    match Segment::parse(&frame, &self.limits) {
                        Ok(_) | Err(Bad::Unknown { .. }) => return Ok(Some(Item::Segment(frame))),
                        Err(_) if Part::parse(&frame, &self.limits).is_ok() => return Ok(Some(Item::Segment(frame))),
                        Err(bad) => return Err(bad),
                    }
                }
                State::End => {
                    let digest = *self.hash.clone().finalize().as_bytes();
                    let Some(frame) = self.frame("end", LARGEST_END)? else { return Ok(None) };
                    let end = End::parse(&frame, self.id, self.part, &digest)?;
                    self.state = State::Done;
                    return Ok(Some(Item::End(end)));
                }
                State::Done if self.pending.len() > self.at => return Err(Bad::Trailing),
                State::Done => return Ok(None),
                State::Failed(bad) => return Err(bad),
            }
        }
    }

    fn frame(&mut self, what: &'static str, most: usize) -> Result<Option<Vec<u8>>, Bad> {
        let Some((size, body)) = self.pending[self.at..].split_first_chunk::<4>() else { return Ok(None) };
        let size = usize::try_from(u32::from_be_bytes(*size)).map_err(|_| Bad::Truncated)?;
        within(what, size, most)?;
        let Some(frame) = body.get(..size).map(<[u8]>::to_vec) else { return Ok(None) };
        let end = self.at + 4 + size;
        self.hash.update(&self.pending[self.at..end]);
        self.at = end;
        Ok(Some(frame))
    }
}
