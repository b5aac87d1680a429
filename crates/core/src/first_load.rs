//! A PC that has just joined an office that works already: what the office has is still on its way, and an empty list is no loss.

use niangjia_replication::Stream;

use crate::{
    fault::Fault, office::View, organisations::Organisation, record::Record as _, store, store::rows, words::Say,
};

/// What is said until the first exchange has ended well, or the first packet is whole; `None` where nothing is on its way: this PC wrote
/// the office's own record, or it is the registrar, which begins with all that there is.
pub(crate) fn waiting(view: &View<'_>) -> Result<Option<Say>, Fault> {
    let identity = view.office.identity();
    if identity.federation.is_none() || view.office.registers() || store::local(view.conn, "last_contact")?.is_some() {
        return Ok(None);
    }
    let whole = view.conn.prepare_cached("SELECT 1 FROM packet_in WHERE whole IS NOT NULL LIMIT 1")?.exists([])?;
    if whole || begun_here(view)? {
        return Ok(None);
    }
    Ok(Some(if view.office.hub().is_some() {
        Say::new(
            "这台电脑刚加入，本单位已有的资料还没有收取完，现在看到的人数和记录不全。联网后自动收取，不用重新录入。",
            "This PC has just joined. What the office has already is still on its way, so counts and lists are not complete. It comes by itself when there is a line; nothing has to be entered again.",
        )
    } else {
        Say::new(
            "这台电脑刚加入，还没有收到本单位已有的资料，现在看到的人数和记录不全。请在原来的电脑上导出数据包，拿到这里接收，不用重新录入。",
            "This PC has just joined and has received nothing of what the office has already, so counts and lists are not complete. Make a packet on the PC that was there before and take it in here; nothing has to be entered again.",
        )
    }))
}

/// Whether the office's own record began on this PC.
fn begun_here(view: &View<'_>) -> Result<bool, Fault> {
    let identity = view.office.identity();
    let own = view.memory.known_stream(&Stream::Office(identity.office));
    let row = rows::by_id(view.conn, view.layout(Organisation::TYPE.name)?, identity.office)?;
    let inc = row.filter(|row| Some(row.stream) == own).map(|row| row.versions.base.0);
    Ok(inc.is_some_and(|inc| view.memory.owns().any(|own| own == inc)))
}
