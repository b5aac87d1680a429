//! A piece of a blob in a packet: with all that is needed to see, by itself, that it is right.

use crate::bad::{Bad, within};
use crate::blob::{Address, LARGEST, Outline, PIECE};

const FIXED: usize = 32 + 4 + 2;

/// One piece, verified against the outline that it brings; whether a record names the blob is for the store to see.
/// Bytes: `address ‖ length ‖ place ‖ outline ‖ piece`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobPiece {
    pub outline: Outline,
    /// Which piece, from 0.
    pub at: usize,
    pub bytes: Vec<u8>,
}

impl BlobPiece {
    /// Bytes of a frame that holds this piece.
    #[must_use]
    pub fn size(outline: &Outline, at: usize) -> usize {
        FIXED + 32 * outline.hashes().len() + outline.range(at).len()
    }

    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::size(&self.outline, self.at));
        out.extend_from_slice(&self.outline.address().0);
        // A blob has at most 8 MiB and 32 pieces.
        out.extend_from_slice(&u32::try_from(self.outline.length()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(&u16::try_from(self.at).unwrap_or(u16::MAX).to_be_bytes());
        self.outline.hashes().iter().for_each(|hash| out.extend_from_slice(hash));
        out.extend_from_slice(&self.bytes);
        out
    }

    /// # Errors
    /// What [`BlobPiece::to_bytes`] does not write, and [`Bad::Mismatch`] for a piece that is not right.
    pub fn parse(frame: &[u8]) -> Result<Self, Bad> {
        within("piece", frame.len(), FIXED + 32 * LARGEST.div_ceil(PIECE) + PIECE)?;
        let (address, rest) = frame.split_first_chunk::<32>().ok_or(Bad::Truncated)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(Bad::Truncated)?;
        let (at, rest) = rest.split_first_chunk::<2>().ok_or(Bad::Truncated)?;
        let (length, at) = (u32::from_be_bytes(*length), usize::from(u16::from_be_bytes(*at)));
        let pieces = usize::try_from(length).map_err(|_| Bad::Truncated)?.div_ceil(PIECE);
        within("pieces", pieces, LARGEST.div_ceil(PIECE))?;
        let hashes = if pieces > 1 { pieces } else { 0 };
        let (hashes, bytes) = rest.split_at_checked(32 * hashes).ok_or(Bad::Truncated)?;
        let outline = Outline::new(Address(*address), length.into(), hashes.as_chunks::<32>().0.to_vec())?;
        outline.verify(at, bytes)?;
        Ok(Self { outline, at, bytes: bytes.to_vec() })
    }
}
