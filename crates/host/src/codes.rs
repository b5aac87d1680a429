//! QR codes for the window: read from a camera's frame or from a picture file, and drawn. What a code says is judged by the
//! core; here nobody asks.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use niangjia_core::{Fault, people::Role};
use niangjia_qr::{MOST_BYTES, Trouble, draw, read_picture};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Station;

/// Where a code may be seen.
#[derive(Deserialize, JsonSchema)]
pub struct ReadAsk {
    /// A frame of the camera: JPEG, PNG or WebP, base64. It is looked at and kept nowhere.
    #[serde(default)]
    pub frame: Option<String>,
    /// A picture file on this PC.
    #[serde(default)]
    pub path: Option<String>,
    /// A file just uploaded; the station puts its path in the place of this.
    #[serde(default)]
    pub upload: Option<String>,
}

/// What was read.
#[derive(Serialize, JsonSchema)]
pub struct ReadCodes {
    /// The text of each code; none in a frame without one.
    pub texts: Vec<String>,
}

/// What is drawn.
#[derive(Deserialize, JsonSchema)]
pub struct DrawAsk {
    /// The text of the code, at most some 300 characters.
    pub text: String,
}

/// A drawing.
#[derive(Serialize, JsonSchema)]
pub struct Drawn {
    /// SVG with modules of half a millimetre and the quiet zone around.
    pub svg: String,
}

/// The longest frame in base64: 640×480 as JPEG has a twentieth of it.
const MOST_FRAME: usize = 4 << 20;

/// Millimetres of a module, as cards are printed.
const MODULE: f64 = 0.5;

impl Station {
    /// # Errors
    /// `picture_unreadable`, `picture_without_code`, `file_failed`.
    pub(crate) fn read_codes(&self, ask: &ReadAsk) -> Result<ReadCodes, Fault> {
        self.allowed(&self.session()?, Role::Viewer)?;
        if let Some(frame) = &ask.frame {
            if frame.len() > MOST_FRAME {
                return Err(Fault::question("frame"));
            }
            let bytes = STANDARD.decode(frame).map_err(|_| Fault::question("frame"))?;
            return Ok(ReadCodes { texts: read_picture(&bytes).map_err(unreadable)? });
        }
        if ask.upload.is_some() {
            // The station has put its path in the place of every upload by now.
            return Err(Fault::question("upload"));
        }
        let path = Path::new(ask.path.as_deref().ok_or_else(|| Fault::question("path"))?);
        let texts = look_at(path);
        self.drop_upload(path);
        let texts = texts?;
        if texts.is_empty() {
            return Err(Fault::new(
                "picture_without_code",
                "图片里没有找到二维码。请把证放平、拍清楚（占画面一半以上），再选一次；也可以直接输入证号。",
                "No code was found in the picture. Lay the card flat, let it fill half the picture, and choose it again; or type the number.",
            ));
        }
        Ok(ReadCodes { texts })
    }

    /// # Errors
    /// `code_too_long`.
    pub(crate) fn draw_code(&self, ask: &DrawAsk) -> Result<Drawn, Fault> {
        self.allowed(&self.session()?, Role::Viewer)?;
        let symbol = draw(&ask.text).map_err(|_| {
            Fault::new(
                "code_too_long",
                "内容太长，画不成二维码，没有办理。",
                "This is too long for a code; nothing was drawn.",
            )
        })?;
        Ok(Drawn { svg: symbol.svg(MODULE) })
    }
}

fn look_at(path: &Path) -> Result<Vec<String>, Fault> {
    // More than any picture that is read: refused before it takes the memory.
    if std::fs::metadata(path)?.len() > MOST_BYTES as u64 {
        return Err(unreadable(Trouble::TooLarge));
    }
    read_picture(&std::fs::read(path)?).map_err(unreadable)
}

fn unreadable(trouble: Trouble) -> Fault {
    Fault::new(
        "picture_unreadable",
        "这个文件不是能读的图片（支持 JPG、PNG、WebP，30 MB 以内），没有读取。请换一张图片，或直接输入证号。",
        "This file is no picture that can be read (JPEG, PNG or WebP, at most 30 MB). Choose another one, or type the number.",
    )
    .because(trouble)
}
