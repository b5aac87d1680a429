//! Files that come in from the window and reports that go out to it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use niangjia_core::{Fault, replication::RecordId, words::Say};
use serde_json::{Value, json};

use super::{
    Station,
    asks::{OfferAsk, Offered, SaveFileAsk, SavedFile},
};
use crate::moment;

/// Largest upload in bytes; the largest sheet that is read (`sheet::Limits`).
const UPLOAD: u64 = 100 << 20;

impl Station {
    /// Whether a file may come, asked before the window reads it: one that is refused must cost neither the memory nor the
    /// wait, and a server that hangs up half way could not say why.
    ///
    /// # Errors
    /// `file_too_large`, `disk_low`.
    pub(super) fn offer(&self, ask: &OfferAsk) -> Result<Offered, Fault> {
        if ask.bytes > UPLOAD {
            let (is, may_be) = (ask.bytes.div_ceil(1 << 20), UPLOAD >> 20);
            return Err(Fault::say(
                "file_too_large",
                Say::owned(
                    format!(
                        "文件有 {is} MB，超过 {may_be} MB 的上限，没有读取。请确认选对了文件；名册太大的，请删去图片和用不到的工作表，或分成几个文件。"
                    ),
                    format!(
                        "The file has {is} MB, more than the {may_be} MB allowed, and was not read. Check that it is the right file; remove pictures and unused sheets from a large roster, or divide it into several files."
                    ),
                ),
            ));
        }
        self.keeper.room(&self.dir, "upload")?;
        Ok(Offered { largest: UPLOAD })
    }

    /// Keeps an uploaded file, under its own name in a folder of its own, until a command reads it. `name` comes
    /// percent-encoded, as a header carries it.
    ///
    /// # Errors
    /// `file_too_large`, `disk_low`, `file_failed`.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> Result<Value, Fault> {
        self.offer(&OfferAsk { bytes: bytes.len() as u64 })?;
        let folder = self.dir.join("uploads");
        std::fs::create_dir_all(&folder)?;
        // Uploads are read once; what an earlier run left behind goes.
        for old in std::fs::read_dir(&folder)?.flatten() {
            let stale = old
                .metadata()
                .and_then(|m| m.modified())
                .ok()
                .and_then(|t| t.elapsed().ok())
                .is_some_and(|age| age > Duration::from_secs(24 * 3600));
            if stale {
                let _ = std::fs::remove_dir_all(old.path());
            }
        }
        let id = RecordId::new(u64::try_from(moment().wall).unwrap_or(0), &mut moment().rng).to_string();
        let place = folder.join(&id);
        std::fs::create_dir(&place)?;
        std::fs::write(place.join(clean(&percent_decoded(name.as_bytes()))), bytes)?;
        Ok(json!({ "upload": id }))
    }

    /// Puts the path of an upload in the place of its id.
    pub(super) fn with_upload(&self, mut question: Value) -> Result<Value, Fault> {
        fn place(folder: &Path, value: &mut Value) -> Result<(), Fault> {
            let Some(object) = value.as_object_mut() else { return Ok(()) };
            if let Some(id) = object.remove("upload") {
                // Ids are made here; anything else names no upload.
                let id: RecordId = id.as_str().and_then(|t| t.parse().ok()).ok_or_else(|| Fault::question("upload"))?;
                let inside = std::fs::read_dir(folder.join(id.to_string())).ok().and_then(|mut dir| dir.next()?.ok());
                let path = inside.ok_or_else(gone)?.path();
                object.insert("path".into(), Value::String(path.to_string_lossy().into_owned()));
            }
            if let Some(packet) = object.get_mut("packet") {
                place(folder, packet)?;
            }
            Ok(())
        }
        place(&self.dir.join("uploads"), &mut question)?;
        Ok(question)
    }

    /// Lets go of an upload that has been read; a file from elsewhere stays where it is.
    pub(crate) fn drop_upload(&self, path: &Path) {
        if let Some(folder) = path.parent()
            && folder.parent() == Some(&self.dir.join("uploads"))
        {
            // Otherwise it goes with the uploads of yesterday.
            let _ = std::fs::remove_dir_all(folder);
        }
    }

    /// A report that the office wrote, by the last part of its path.
    ///
    /// # Errors
    /// `not_found`.
    pub fn report(&self, name: &str) -> Result<PathBuf, Fault> {
        let last = Path::new(name).file_name().ok_or_else(Fault::not_found)?;
        let path = self.dir.join("reports").join(last);
        if path.is_file() { Ok(path) } else { Err(Fault::not_found()) }
    }

    /// Hands a file to the clerk: writes it into the folder where this person keeps downloads, never over another.
    ///
    /// # Errors
    /// `not_found` for a report that is not there, `file_failed`, `disk_full`.
    pub(super) fn save_file(&self, ask: &SaveFileAsk) -> Result<SavedFile, Fault> {
        let bytes = match (&ask.base64, &ask.report) {
            (Some(text), _) => STANDARD.decode(text).map_err(|_| Fault::question("base64"))?,
            (None, Some(report)) => std::fs::read(self.report(report)?)?,
            (None, None) => return Err(Fault::question("base64 or report")),
        };
        let path = match &ask.stick {
            Some(stick) => onto_stick(stick, &clean(&ask.name), &bytes)?,
            None => {
                let folder = downloads().unwrap_or_else(|| self.dir.join("files"));
                put(&folder, &clean(&ask.name), &bytes)?
            }
        };
        Ok(SavedFile { path: path.to_string_lossy().into_owned() })
    }

    /// Writes the packet of an invitation to a file.
    pub(crate) fn packet_bytes(answer: &Value) -> Result<Vec<u8>, Fault> {
        answer
            .get("packet")
            .and_then(Value::as_str)
            .and_then(|p| STANDARD.decode(p).ok())
            .ok_or_else(|| Fault::question("packet"))
    }
}

/// Writes a file onto a stick that is plugged in, and nowhere else on this PC.
fn onto_stick(stick: &str, name: &str, bytes: &[u8]) -> Result<PathBuf, Fault> {
    let there = crate::packets::is_stick(Path::new(stick));
    let written = if there { put(Path::new(stick), name, bytes) } else { Err(Fault::not_found()) };
    written.map_err(|cause| {
        Fault::new(
            "stick_failed",
            "没有写到U盘上：U盘已拔出、写保护或已满。请检查后再试一次，或换一个U盘。",
            "Nothing was written onto the stick: it was pulled, is write-protected or full. Look at it and try again, or take another one.",
        )
        .because(cause)
    })
}

/// Writes a file into a folder, under a number behind its name where another bears that name.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, Fault> {
    std::fs::create_dir_all(folder)?;
    let (stem, ending) = name.rsplit_once('.').map_or((name, String::new()), |(s, e)| (s, format!(".{e}")));
    for n in 1..1000 {
        let path = folder.join(if n == 1 { name.to_owned() } else { format!("{stem} ({n}){ending}") });
        match std::fs::File::create_new(&path) {
            Ok(mut file) => {
                let written = std::io::Write::write_all(&mut file, bytes).and_then(|()| file.sync_all());
                return match written {
                    Ok(()) => Ok(path),
                    Err(cause) => {
                        // Half a file under its name would be taken for the whole.
                        let _ = std::fs::remove_file(&path);
                        Err(cause.into())
                    }
                };
            }
            Err(taken) if taken.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(other) => return Err(other.into()),
        }
    }
    Err(Fault::question("a thousand files of that name"))
}

fn gone() -> Fault {
    Fault::new(
        "upload_gone",
        "刚才选的文件已经不在了，没有做任何改动。请重新选择文件。",
        "The file chosen is gone; nothing was changed. Choose it again.",
    )
}

/// Where this person keeps downloads; `NIANGJIA_DOWNLOADS` names another place.
pub(crate) fn downloads() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("NIANGJIA_DOWNLOADS") {
        return Some(folder.into());
    }
    let home = PathBuf::from(std::env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" })?);
    ["Downloads", "下载"].into_iter().map(|name| home.join(name)).find(|folder| folder.is_dir())
}

/// A name that is a name on every system: no folders, nothing that a shell or Windows takes for something else.
fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or("");
    let kept: String = last.chars().filter(|c| !c.is_control() && !r#"<>:"|?*"#.contains(*c)).take(80).collect();
    let kept = kept.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if kept.is_empty() { "file".to_owned() } else { kept.to_owned() }
}

/// Undoes `encodeURIComponent`. A stray `%` stays as it is.
fn percent_decoded(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let hex = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        match (first, after.first().and_then(hex), after.get(1).and_then(hex)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high << 4 | low);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{clean, percent_decoded, put};

    #[test]
    fn a_chinese_file_name_survives_the_header() {
        assert_eq!(percent_decoded("%E4%BC%9A%E5%91%98%20%E8%A1%A8.xlsx".as_bytes()), "会员 表.xlsx");
    }

    #[test]
    fn a_percent_sign_that_encodes_nothing_stays() {
        assert_eq!(percent_decoded(b"100%"), "100%");
        assert_eq!(percent_decoded(b"50%+5"), "50%+5");
    }

    #[test]
    fn a_name_is_never_a_path() {
        assert_eq!(clean("../../etc/passwd"), "passwd");
        assert_eq!(clean(r"C:\Users\a\花名册?.xlsx"), "花名册.xlsx");
        assert_eq!(clean("..."), "file");
    }

    #[test]
    fn a_file_handed_out_twice_never_writes_over_the_first() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("下载");
        let saved = |bytes: &[u8]| put(&folder, "退回名单.xlsx", bytes).unwrap();
        let (first, second, third) = (saved(b"first"), saved(b"second"), saved(b"third"));
        assert_eq!(first.file_name().unwrap(), "退回名单.xlsx");
        assert_eq!(second.file_name().unwrap(), "退回名单 (2).xlsx");
        assert_eq!(third.file_name().unwrap(), "退回名单 (3).xlsx");
        for (path, bytes) in [(first, &b"first"[..]), (second, b"second"), (third, b"third")] {
            assert_eq!(std::fs::read(path).unwrap(), bytes);
        }
    }
}
