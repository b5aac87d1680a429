//! Photos for the stories, and a line to the hub that can be counted and cut.

use std::{
    io::Cursor,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::Desk;

/// A photo as a clerk has it on the disk: so full of detail that it stays large. Another `shade`, another photo.
///
/// # Panics
/// Where the folder cannot be written to.
#[must_use]
pub fn photo(folder: &Path, shade: u8) -> PathBuf {
    photo_of(folder, shade, (900, 1200))
}

/// The same, so wide and so high. One that need not be made smaller stays the largest.
///
/// # Panics
/// Where the folder cannot be written to.
#[must_use]
pub fn photo_of(folder: &Path, shade: u8, (width, height): (u32, u32)) -> PathBuf {
    let mut state = u32::from(shade) + 1;
    let picture = image::RgbImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [a, b, c, _] = state.to_be_bytes();
        image::Rgb([a | shade, b, c])
    });
    let path = folder.join(format!("{shade}.png"));
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, image::ImageFormat::Png).expect("a picture");
    std::fs::write(&path, out.into_inner()).expect("a file");
    path
}

impl Desk {
    /// Puts a photo on a member's page. Returns its address.
    pub async fn give_photo(&self, id: &str, photo: &Path) -> String {
        let token = self.member(id).await["token"].clone();
        let ask = json!({ "kind": "members", "id": id, "token": token, "field": "photo", "path": photo });
        self.ask("records.attach", ask).await;
        self.photo_of(id).await.expect("a photo")
    }

    /// The address of a member's photo.
    pub async fn photo_of(&self, id: &str) -> Option<String> {
        self.member(id).await["fields"]["photo"].as_str().map(ToOwned::to_owned)
    }

    /// The photo as the page shows it; else why not.
    ///
    /// # Errors
    /// The code of the refusal.
    pub fn look(&self, address: &str) -> Result<Vec<u8>, String> {
        self.station.picture(address).map(|picture| picture.bytes.to_vec()).map_err(|fault| fault.code)
    }

    /// Photos that wait to go, and to come.
    pub async fn photos_waiting(&self) -> (Value, Value) {
        let status = self.ask("sync.status", json!({})).await;
        (status["blobs"]["unsent"].clone(), status["blobs"]["wanted"].clone())
    }
}

/// A line to the hub.
pub struct Line {
    /// Where offices find it.
    pub url: String,
    /// Bytes that went towards the hub.
    up: Arc<AtomicU64>,
    /// Bytes towards the hub that may still go before the line breaks.
    left: Arc<AtomicU64>,
}

impl Line {
    /// A good line to the hub.
    ///
    /// # Panics
    /// Where this PC has no free port.
    pub async fn to(hub: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        let (up, left) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(u64::MAX)));
        let line = Self { url, up: up.clone(), left: left.clone() };
        tokio::spawn(async move {
            while let Ok((desk, _)) = listener.accept().await {
                let Ok(hub) = TcpStream::connect(hub).await else { continue };
                let ((from_desk, to_desk), (from_hub, to_hub)) = (desk.into_split(), hub.into_split());
                let both = (carry(from_desk, to_hub, up.clone(), left.clone()), back(from_hub, to_desk));
                tokio::spawn(async move {
                    tokio::select! { () = both.0 => {}, () = both.1 => {} }
                });
            }
        });
        line
    }

    /// The line breaks after so many bytes towards the hub, and stays broken.
    pub fn cut_after(&self, bytes: u64) {
        self.left.store(bytes, Ordering::SeqCst);
    }

    /// The line is good again.
    pub fn mend(&self) {
        self.left.store(u64::MAX, Ordering::SeqCst);
    }

    /// Bytes that went towards the hub since this was asked last.
    #[must_use]
    pub fn went_up(&self) -> u64 {
        self.up.swap(0, Ordering::SeqCst)
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, up: Arc<AtomicU64>, left: Arc<AtomicU64>) {
    let mut piece = vec![0; 4096];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let now = left.load(Ordering::SeqCst);
        if now < read as u64 {
            left.store(0, Ordering::SeqCst);
            return;
        }
        if now != u64::MAX {
            left.fetch_sub(read as u64, Ordering::SeqCst);
        }
        up.fetch_add(read as u64, Ordering::SeqCst);
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}

async fn back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    // Whoever hangs up first ends it.
    let _ = tokio::io::copy(&mut from, &mut to).await;
}
