//! Pictures: what the clerk chose becomes what everybody sees: upright, small, a JPEG, and nothing else that the file told (a
//! telephone writes into it where and when it was taken). The chosen file is not kept.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder, imageops::FilterType,
    metadata::Orientation,
};
use niangjia_core::{Fault, words::Say};

/// Into what a photo of a person must fit.
pub(crate) const PHOTO: (u32, u32) = (480, 640);
/// Bytes of a file that are read.
pub(crate) const FILE: u64 = 30 << 20;
/// Pixels of one side, and of the whole: looked at before anything is decoded.
const SIDE: u32 = 20_000;
const PIXELS: u64 = 60_000_000;
/// Memory that decoding may take.
const MEMORY: u64 = 256 << 20;
const QUALITY: u8 = 85;

/// Makes the picture that is kept.
///
/// # Errors
/// `picture_unreadable`, `picture_too_large`.
pub(crate) fn prepared(file: &[u8], fit: (u32, u32)) -> Result<Vec<u8>, Fault> {
    let format = image::guess_format(file)
        .ok()
        .filter(|f| matches!(f, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP))
        .ok_or_else(unknown)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE);
    limits.max_image_height = Some(SIDE);
    limits.max_alloc = Some(MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(faulty)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS {
        return Err(too_large());
    }
    // What is said about the way up may be nonsense; the picture itself need not be.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(faulty)?;
    let mut picture = smaller(picture, orientation, fit);
    picture.apply_orientation(orientation);
    let mut out = Vec::new();
    // Only the pixels go over: no EXIF, no colour profile, no thumbnail.
    let opaque = on_white(&picture);
    JpegEncoder::new_with_quality(&mut out, QUALITY).encode_image(&opaque).map_err(faulty)?;
    Ok(out)
}

/// Never larger than it was; turning comes after, so a picture that lies on its side fits the other way round.
fn smaller(picture: DynamicImage, orientation: Orientation, (width, height): (u32, u32)) -> DynamicImage {
    use Orientation as O;
    let lies = matches!(orientation, O::Rotate90 | O::Rotate270 | O::Rotate90FlipH | O::Rotate270FlipH);
    let (width, height) = if lies { (height, width) } else { (width, height) };
    if picture.width() <= width && picture.height() <= height {
        return picture;
    }
    picture.resize(width, height, FilterType::Lanczos3)
}

/// JPEG knows no transparency: what was clear becomes paper.
fn on_white(picture: &DynamicImage) -> image::RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let clear = picture.to_rgba8();
    image::RgbImage::from_fn(clear.width(), clear.height(), |x, y| {
        let image::Rgba([r, g, b, a]) = *clear.get_pixel(x, y);
        let mix = |c: u8| u8::try_from((u16::from(c) * u16::from(a) + 255 * (255 - u16::from(a))) / 255).unwrap_or(255);
        image::Rgb([mix(r), mix(g), mix(b)])
    })
}

fn faulty(cause: image::ImageError) -> Fault {
    if matches!(cause, image::ImageError::Limits(_)) {
        return too_large();
    }
    Fault::new(
        "picture_unreadable",
        "这张图片读不出来，可能已损坏或没有下载完整，没有保存，原来的照片没有变。请用看图软件打开确认，或换一张。",
        "This picture cannot be read: it is damaged or was not copied whole. Nothing was saved and the photo is as it was. Open it in a viewer to check, or choose another.",
    )
    // The decoder's words may quote what stands in the file.
    .because(match cause {
        image::ImageError::Decoding(_) => "decoding",
        image::ImageError::IoError(_) => "ends too early",
        image::ImageError::Unsupported(_) => "unsupported",
        _ => "picture",
    })
}

fn unknown() -> Fault {
    Fault::new(
        "picture_unreadable",
        "这个文件不是 JPG、PNG 或 WebP 图片，没有保存，原来的照片没有变。手机拍的 HEIC 照片请先转成 JPG 再选。",
        "This file is no JPG, PNG or WebP picture; nothing was saved and the photo is as it was. Turn a telephone's HEIC photo into a JPG first.",
    )
}

pub(crate) fn too_large() -> Fault {
    Fault::say(
        "picture_too_large",
        Say::new(
            "图片太大（超过 6000 万像素或 30 MB），没有读取，原来的照片没有变。请换一张小一些的图片。",
            "The picture is too large (over 60 million pixels or 30 MB) and was not read; the photo is as it was. Choose a smaller one.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Left half red, right half blue.
    fn two_colours(width: u32, height: u32) -> DynamicImage {
        DynamicImage::ImageRgb8(image::RgbImage::from_fn(width, height, |x, _| {
            image::Rgb(if x < width / 2 { [220, 20, 20] } else { [20, 20, 220] })
        }))
    }

    fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    /// A JPEG as a telephone writes it: turned by 90 degrees, with a place in its EXIF.
    fn from_a_telephone(picture: &DynamicImage) -> Vec<u8> {
        let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
        // Orientation 6: turn by 90 degrees. Then a text as telephones leave it behind.
        exif.extend_from_slice(&[0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]);
        exif.extend_from_slice(&[0x0f, 0x01, 2, 0, 16, 0, 0, 0, 38, 0, 0, 0, 0, 0, 0, 0]);
        exif.extend_from_slice(b"GPS 34.5N 118.7E");
        let mut out = vec![0xff, 0xd8, 0xff, 0xe1];
        out.extend_from_slice(&u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
        out.extend_from_slice(&exif);
        out.extend_from_slice(&file(picture, ImageFormat::Jpeg)[2..]);
        out
    }

    #[test]
    fn a_telephones_photo_is_turned_upright_made_small_and_tells_nothing_else() {
        let chosen = from_a_telephone(&two_colours(1600, 1200));
        assert!(chosen.windows(3).any(|w| w == b"GPS"));
        let kept = prepared(&chosen, PHOTO).unwrap();
        assert!(!kept.windows(3).any(|w| w == b"GPS") && !kept.windows(4).any(|w| w == b"Exif"));
        let picture = image::load_from_memory(&kept).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (480, 640));
        let (above, below) = (picture.get_pixel(240, 50), picture.get_pixel(240, 600));
        assert!(above[0] > 150 && below[2] > 150, "what lay on the left stands above: {above:?} {below:?}");
        assert!(kept.len() < 60_000);
    }

    #[test]
    fn png_and_webp_are_taken_and_what_is_small_stays_small() {
        for format in [ImageFormat::Png, ImageFormat::WebP] {
            let kept = prepared(&file(&two_colours(100, 60), format), PHOTO).unwrap();
            assert_eq!(image::guess_format(&kept).unwrap(), ImageFormat::Jpeg);
            let picture = image::load_from_memory(&kept).unwrap();
            assert_eq!((picture.width(), picture.height()), (100, 60));
        }
        let clear = DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(20, 20, image::Rgba([0, 0, 0, 0])));
        let kept = image::load_from_memory(&prepared(&file(&clear, ImageFormat::Png), PHOTO).unwrap()).unwrap();
        assert!(kept.to_rgb8().get_pixel(5, 5)[0] > 240, "what was clear is paper, not ink");
    }

    #[test]
    fn what_is_no_picture_or_a_bomb_is_refused_with_a_sentence() {
        let code = |file: &[u8]| prepared(file, PHOTO).unwrap_err().code;
        assert_eq!(code(b""), "picture_unreadable");
        assert_eq!(code(b"<html>not a picture</html>"), "picture_unreadable");
        assert_eq!(code(b"GIF89a"), "picture_unreadable");
        let whole = file(&two_colours(300, 300), ImageFormat::Png);
        assert_eq!(code(&whole[..whole.len() / 2]), "picture_unreadable");
        // A PNG of a few bytes that declares 30,000 × 30,000 points.
        let mut bomb = whole.clone();
        bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let crc = crc(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(code(&bomb), "picture_too_large");
        let mut wide = bomb;
        wide[16..24].copy_from_slice(&[0, 0, 0x4a, 0x38, 0, 0, 0x4a, 0x38]);
        let crc = self::crc(&wide[12..29]);
        wide[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(code(&wide), "picture_too_large", "each side is allowed, all of them together are not");
    }

    /// As PNG checks its chunks.
    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 })
        })
    }
}
