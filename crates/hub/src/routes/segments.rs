//! The frames of a request that brings segments.

use niangjia_replication::Limits;
use niangjia_replication::wire::{self, Frames, RefusalCode};

use super::Refuse;

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
