//! What can be wrong with bytes that came from elsewhere, and how much is read before saying so.

use thiserror::Error;

/// Why bytes were not accepted. Carries no content of the bytes, so it may be logged and shown to support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Bad {
    #[error("ends too early")]
    Truncated,
    #[error("bytes follow the end")]
    Trailing,
    #[error("not in the one permitted encoding: {0}")]
    Form(&'static str),
    #[error("{what} is larger than {limit}")]
    TooBig { what: &'static str, limit: u64 },
    #[error("nested too deep")]
    Depth,
    /// Written by a newer version: keep the bytes and read them again after an upgrade.
    #[error("{what} {number} is not known to this version")]
    Unknown { what: &'static str, number: u64 },
    #[error("declares other than it holds: {0}")]
    Mismatch(&'static str),
    #[error("the signature does not hold")]
    Signature,
    #[error("not sealed with this key, or altered")]
    Sealed,
    #[error("not compressed as declared")]
    Compressed,
    #[error("not certified: {0}")]
    Untrusted(&'static str),
    #[error("the key could not be derived: settings outside what is permitted, or too little memory")]
    Derivation,
    /// Too cheap, so that an edited slot would be guessed, or too dear: another build made it.
    #[error("the key derivation of this slot is none that this build takes")]
    Foreign,
}

/// Bounds that are checked before memory is taken or work is done.
///
/// All sizes are bytes. [`Limits::STANDARD`] is what offices and hubs use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sealed body of one segment.
    pub body: usize,
    /// Everything of a segment that is not its body: header, certificates, signature.
    pub envelope: usize,
    /// A body after decompression; also the largest block.
    pub plain: usize,
    /// Changes of one segment, and of one block.
    pub changes: u32,
    /// Values of one block: fields set and event details, over all its changes.
    // Columns in which every value is the same cost nothing on the wire, so bytes alone do not bound them.
    pub cells: u32,
    /// Nesting of one CBOR value.
    pub depth: u8,
    /// Names of kinds, fields, events and details.
    pub name: usize,
    /// One text, byte string or other value.
    pub text: usize,
}

impl Limits {
    /// 1 MiB sealed, 8 MiB plain, 65,536 changes, 2,097,152 values, depth 16, names of 64 bytes, texts of 1 MiB.
    pub const STANDARD: Self = Self {
        body: 1 << 20,
        envelope: 16 << 10,
        plain: 8 << 20,
        changes: 65_536,
        cells: 1 << 21,
        depth: 16,
        name: 64,
        text: 1 << 20,
    };

    /// Bytes of a whole segment.
    #[must_use]
    pub const fn segment(&self) -> usize {
        self.body + self.envelope
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::STANDARD
    }
}

pub(crate) fn within(what: &'static str, size: usize, limit: usize) -> Result<(), Bad> {
    if size > limit { Err(Bad::TooBig { what, limit: limit as u64 }) } else { Ok(()) }
}
