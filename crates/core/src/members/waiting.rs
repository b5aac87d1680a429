//! Previews that wait for the clerk's word. The store keeps what was asked and what was seen, so that whoever comes next, another
//! program too, may take the sheet in: the rows are judged anew, and what was not seen is not written over.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};

use rusqlite::{OptionalExtension as _, params};

use super::preview::{Class, Preview, look};
use crate::{
    fault::Fault,
    office::{Desk, View},
    record::{Record as _, RecordId},
    store::versions::{Versions, damaged},
};

/// Previews that a clerk may have waiting; an older one goes when a further sheet is looked at. No clock decides: a wrong one
/// would take the sheet out of somebody's hands.
const KEPT: u8 = 3;

/// A row that differed when the clerk saw it: its number in the sheet, the record, and the token of what was seen.
type Seen = (u32, String, String);

/// Keeps a preview, here and in the store. Returns its id.
pub(super) fn keep(desk: &mut Desk<'_>, mut preview: Preview) -> Result<(RecordId, Arc<Preview>), Fault> {
    let id = desk.act.new_id();
    let layout = desk.act.layout(super::Member::TYPE.name)?;
    let digest = digest(&preview.source)?;
    preview.digest = Some(digest);
    let differing = preview.planned.iter().filter(|line| line.class == Class::Differs);
    let seen: Vec<Seen> = differing
        .filter_map(|line| Some((line.judged.row, line.existing.as_ref()?)))
        .map(|(row, (id, versions))| (row, id.to_string(), versions.token(layout)))
        .collect();
    let (conn, author, at) = (desk.act.conn, desk.act.author.0, preview.at);
    conn.execute(
        "DELETE FROM preview WHERE author = ?1 AND no NOT IN (SELECT no FROM preview WHERE author = ?1 ORDER BY no DESC LIMIT ?2)",
        params![author, KEPT - 1],
    )?;
    // A path that is no text cannot be found again; the window and the script door give texts.
    let path = preview.source.to_str().ok_or_else(|| Fault::question("path"))?;
    conn.execute(
        "INSERT INTO preview (id, author, at, path, sheet, seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id.0, author, at, path, digest, serde_json::to_string(&seen).map_err(damaged)?],
    )?;
    let preview = Arc::new(preview);
    remember(&desk.view(), &id.to_string(), preview.clone());
    Ok((id, preview))
}

fn remember(view: &View<'_>, id: &str, preview: Arc<Preview>) {
    let mut previews = view.office.previews.lock().unwrap_or_else(PoisonError::into_inner);
    while previews.len() >= usize::from(KEPT) {
        let Some(oldest) = previews.iter().min_by_key(|(_, p)| p.at).map(|(k, _)| k.clone()) else { break };
        previews.remove(&oldest);
    }
    previews.insert(id.to_owned(), preview);
}

/// A preview made before, by this program or by another one.
///
/// # Errors
/// `preview_gone` once it was taken in or three others were looked at, `preview_stale` where the sheet is another one now.
pub(super) fn recall(view: &View<'_>, id: &str) -> Result<Arc<Preview>, Fault> {
    let record: RecordId = id.parse().map_err(|_| gone())?;
    let stored: Option<(i64, String, [u8; 32], String)> = view
        .conn
        .query_row(
            "SELECT at, path, sheet, seen FROM preview WHERE id = ?1 AND author = ?2",
            params![record.0, view.clerk.0],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)),
        )
        .optional()?;
    let (at, path, sheet, seen) = stored.ok_or_else(gone)?;
    let held = view.office.previews.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
    if let Some(preview) = held {
        return Ok(preview);
    }
    let path = PathBuf::from(path);
    if digest(&path)? != sheet {
        return Err(stale());
    }
    let mut preview = look(view, &path)?;
    let layout = view.layout(super::Member::TYPE.name)?;
    let seen: Vec<Seen> = serde_json::from_str(&seen).map_err(damaged)?;
    let seen: HashMap<u32, (String, String)> = seen.into_iter().map(|(row, id, token)| (row, (id, token))).collect();
    for line in preview.planned.iter_mut().filter(|line| line.class == Class::Differs) {
        let Some((id, versions)) = &mut line.existing else { continue };
        match seen.get(&line.judged.row) {
            Some((known, token)) if *known == id.to_string() => *versions = Versions::from_token(token, layout)?,
            _ => line.unseen = true,
        }
    }
    (preview.at, preview.digest) = (at, Some(sheet));
    let preview = Arc::new(preview);
    remember(view, id, preview.clone());
    Ok(preview)
}

/// The same for the act that takes it in, which must meet the very sheet that was looked at.
pub(super) fn take(desk: &mut Desk<'_>, id: &str) -> Result<Arc<Preview>, Fault> {
    let preview = recall(&desk.view(), id)?;
    if preview.digest != Some(digest(&preview.source)?) {
        return Err(stale());
    }
    Ok(preview)
}

/// It goes in once.
pub(super) fn forget(desk: &mut Desk<'_>, id: &str) -> Result<(), Fault> {
    let record: RecordId = id.parse().map_err(|_| gone())?;
    desk.act.conn.execute("DELETE FROM preview WHERE id = ?1", [record.0])?;
    // The preview in memory stays as it is until the act commits: after a full disk the clerk presses the same button again.
    desk.spent = Some(id.to_owned());
    Ok(())
}

fn digest(path: &Path) -> Result<[u8; 32], Fault> {
    let unreadable = |e| super::preview::fault(&crate::sheet::SheetFault::Unreadable(e));
    let mut hasher = blake3::Hasher::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    hasher.update_reader(file).map_err(unreadable)?;
    Ok(*hasher.finalize().as_bytes())
}

fn gone() -> Fault {
    Fault::new(
        "preview_gone",
        "这次预览已经过期，或已经导入过，没有导入任何内容。请重新选择文件。",
        "This preview is gone, or was taken in already; nothing was taken in now. Choose the file again.",
    )
}

fn stale() -> Fault {
    Fault::new(
        "preview_stale",
        "预览之后这个表格又改过，为免导入没有核对过的内容，没有导入。请重新选择文件，核对后再导入。",
        "The sheet was changed after it was looked at. So that nothing unseen comes in, nothing was taken in. Choose the file again and look at it once more.",
    )
}
