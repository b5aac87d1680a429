//! Looking at drawn pages: points of a PNG, codes scanned from it, and the fonts that all tests share.

use std::sync::OnceLock;

use image::GrayImage;
use niangjia_paper::{Fault, Fonts, Job, Paper, draw};
use serde_json::Value;

/// The fonts of this PC, found once.
pub(crate) fn fonts() -> &'static Fonts {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    FONTS.get_or_init(|| Fonts::system(None))
}

/// Draws a job.
pub(crate) fn drawn(job: &Value) -> Result<Paper, Fault> {
    draw(&Job::read(job.to_string().as_bytes())?, fonts())
}

/// The worked example of a form, as the documentation shows it.
pub(crate) fn example(form: &str) -> Value {
    let path = format!("{}/../../docs/paper/{form}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A page in shades of grey.
pub(crate) fn page(paper: &Paper, page: usize, ppi: f64) -> GrayImage {
    image::load_from_memory(&paper.png(page, ppi).unwrap()).unwrap().into_luma8()
}

/// All codes on a page, with the middle of each in millimetres.
pub(crate) fn codes(image: &GrayImage, ppi: f64) -> Vec<(String, f64, f64)> {
    let mut scanner = quircs::Quirc::default();
    let found = scanner.identify(image.width() as usize, image.height() as usize, image);
    let read = found.map(|code| {
        let code = code.unwrap();
        let middle = |of: fn(&quircs::Point) -> i32| {
            code.corners.iter().map(|corner| f64::from(of(corner))).sum::<f64>() / 4.0 / ppi * 25.4
        };
        let text = String::from_utf8(code.decode().unwrap().payload).unwrap();
        (text, middle(|corner| corner.x), middle(|corner| corner.y))
    });
    read.collect()
}

/// First and last row and column with ink, in points of the picture: top, bottom, left, right.
pub(crate) fn ink(image: &GrayImage) -> (u32, u32, u32, u32) {
    let dark = image.enumerate_pixels().filter(|(_, _, point)| point.0[0] < 128);
    dark.fold((u32::MAX, 0, u32::MAX, 0), |(top, bottom, left, right), (x, y, _)| {
        (top.min(y), bottom.max(y), left.min(x), right.max(x))
    })
}
