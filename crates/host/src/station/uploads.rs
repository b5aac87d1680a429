//! Files that come in from the window and reports that go out to it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use niangjia_core::{Fault, replication::RecordId};
use serde_json::{Value, json};

use super::Station;
use crate::moment;

/// Largest upload in bytes.
const UPLOAD: usize = 100 << 20;

impl Station {
    /// Keeps an uploaded file until a command reads it. The name only lends its ending.
    ///
    /// # Errors
    /// `file_too_large`, `disk_low`, `file_failed`.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> Result<Value, Fault> {
        if bytes.len() > UPLOAD {
            return Err(Fault::new(
                "file_too_large",
                "文件超过 100 MB，没有读取。请把名册分成几个文件。",
                "The file is larger than 100 MB and was not read. Divide the roster into several files.",
            ));
        }
        self.keeper.room(&self.dir, "upload")?;
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
                let _ = std::fs::remove_file(old.path());
            }
        }
        let id = RecordId::new(u64::try_from(moment().wall).unwrap_or(0), &mut moment().rng).to_string();
        let ending = Path::new(name)
            .extension()
            .and_then(|e| e.to_str())
            .filter(|e| e.len() <= 8 && e.bytes().all(|b| b.is_ascii_alphanumeric()))
            .unwrap_or("bin");
        std::fs::write(folder.join(format!("{id}.{ending}")), bytes)?;
        Ok(json!({ "upload": format!("{id}.{ending}") }))
    }

    /// Puts the path of an upload in the place of its id.
    pub(super) fn with_upload(&self, mut question: Value) -> Result<Value, Fault> {
        fn place(folder: &Path, value: &mut Value) -> Result<(), Fault> {
            let Some(object) = value.as_object_mut() else { return Ok(()) };
            if let Some(id) = object.remove("upload") {
                let id = id.as_str().unwrap_or("");
                let plain = !id.is_empty()
                    && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
                    && !id.starts_with('.');
                if !plain {
                    return Err(Fault::question("upload"));
                }
                object.insert("path".into(), Value::String(folder.join(id).to_string_lossy().into_owned()));
            }
            if let Some(packet) = object.get_mut("packet") {
                place(folder, packet)?;
            }
            Ok(())
        }
        place(&self.dir.join("uploads"), &mut question)?;
        Ok(question)
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

    /// Writes the packet of an invitation to a file.
    pub(crate) fn packet_bytes(answer: &Value) -> Result<Vec<u8>, Fault> {
        answer
            .get("packet")
            .and_then(Value::as_str)
            .and_then(|p| STANDARD.decode(p).ok())
            .ok_or_else(|| Fault::question("packet"))
    }
}
