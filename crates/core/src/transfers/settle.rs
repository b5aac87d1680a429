//! The registrar's part behind each exchange: it carries what one office wrote on a transfer to the others, confirms what can be
//! confirmed, and hands late edits to the new holder.

use std::sync::PoisonError;

use niangjia_replication::Stream;

use super::{
    LateEdit, Transfer, bundle,
    common::{Told, carry, unsettled},
    late::{grown, hand_on_late, late},
    rulings::{confirm, confirmable},
};
use crate::{
    exchange::PROGRAM,
    fault::Fault,
    office::{Caller, Office, View},
    record::{Record as _, RecordId},
    store::Moment,
    successions,
};

impl Office {
    /// The registrar brings transfers on. Returns how many records it wrote.
    ///
    /// # Errors
    /// The store's own.
    pub(crate) fn settle_transfers(&self, moment: Moment) -> Result<usize, Fault> {
        let keys = self.keys();
        let (ids, strays, sealing, successions) = {
            let memory = self.store.memory();
            self.store.read(|conn| {
                let view = View { office: self, conn, memory: &memory, clerk: PROGRAM, wall: moment.wall };
                let successions = successions::due(&view)?;
                Ok((due(&view)?, !late(&view)?.is_empty(), bundle::keys_due(&view, &keys)?, successions))
            })?
        };
        if ids.is_empty() && !strays && sealing.is_empty() && successions.is_empty() {
            *self.swept.lock().unwrap_or_else(PoisonError::into_inner) = grown(&self.store.memory());
            return Ok(0);
        }
        let caller = Caller { clerk: PROGRAM, roles: Vec::new(), moment };
        // A ruling makes rows of streams that have not grown stand elsewhere.
        self.swept.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let (count, _) = self.act("transfers.confirm", caller, |desk| {
            let mut done = sealing.len();
            for key in sealing {
                desk.act.create(&Stream::County, key, None)?;
            }
            for id in &ids {
                done += carry(desk, &keys, *id)?;
                done += confirm(desk, &keys, *id)?;
                // What the confirming said goes to the others at once.
                done += carry(desk, &keys, *id)?;
            }
            // After what was confirmed: whoever was just taken in at an office that is given up goes on at once.
            for id in &successions {
                done += usize::try_from(successions::carry_out(desk, &keys, *id)?).unwrap_or(usize::MAX);
            }
            let late = late(&desk.view())?;
            for one in &late {
                done += hand_on_late(desk, &keys, one)?;
            }
            desk.note.kind = Some(Transfer::TYPE.name);
            desk.note.count = Some(done);
            Ok(done)
        })?;
        Ok(count)
    }
}

/// Transfers of which not every office has heard all, or that can be confirmed.
fn due(view: &View<'_>) -> Result<Vec<RecordId>, Fault> {
    let mut out = Vec::new();
    for id in unsettled(view, Transfer::TYPE.name, "'confirmed', 'refused', 'withdrawn'")? {
        // One that cannot be read stops nobody else's.
        let Ok(told) = Told::of(view, id) else { continue };
        if told.missing(view).next().is_some() || confirmable(view, &told)?.is_some() {
            out.push(id);
        }
    }
    // Late edits are common records too.
    for id in unsettled(view, LateEdit::TYPE.name, "'accepted', 'refused'")? {
        if Told::late(view, id).is_ok_and(|told| told.missing(view).next().is_some()) {
            out.push(id);
        }
    }
    Ok(out)
}
