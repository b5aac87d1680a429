//! Files: a JPEG, PNG or WebP from a phone or a scanner is unpacked with bounds on all that it may ask for, and read.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::{
    grey::{Luma, MOST_POINTS},
    read::read,
};

/// Longest file that is opened, in bytes.
pub const MOST_BYTES: usize = 30_000_000;

/// Longest side of a picture, in points. An A4 page at 1,200 dpi has 14,000.
pub const MOST_SIDE: u32 = 16_000;

/// Memory that unpacking may take: the points in colour and what the decoder needs beside them.
const MOST_MEMORY: u64 = 256 << 20;

/// Why a file could not be looked at. That there is no code in it is no trouble but an empty list.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Neither JPEG nor PNG nor WebP by its first bytes.
    #[error("not a JPEG, PNG or WebP picture")]
    NotAPicture,
    /// File, sides, points or memory beyond the bounds above.
    #[error("the picture is too large")]
    TooLarge,
    /// It ends too early or contradicts itself.
    #[error("the picture cannot be unpacked")]
    Damaged(#[source] ImageError),
}

/// The texts of all codes in a picture file; empty where there are none.
///
/// # Errors
/// [`Trouble`] says whether the file is no picture, too large or damaged. Its size in points is looked at before anything
/// is unpacked.
pub fn read_picture(file: &[u8]) -> Result<Vec<String>, Trouble> {
    if file.len() > MOST_BYTES {
        return Err(Trouble::TooLarge);
    }
    let format = image::guess_format(file).map_err(|_| Trouble::NotAPicture)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return Err(Trouble::NotAPicture);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(troubled)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_POINTS {
        return Err(Trouble::TooLarge);
    }
    limits.reserve(decoder.total_bytes()).map_err(troubled)?;
    decoder.set_limits(limits).map_err(troubled)?;
    let (width, height, points) = grey(DynamicImage::from_decoder(decoder).map_err(troubled)?);
    // The points were counted before; should a decoder yet give none at all, there is no code among them.
    Ok(Luma::new(width, height, &points).map_or_else(|_| Vec::new(), |picture| read(&picture)))
}

/// A scan that is clear where nothing was printed lies on white paper.
fn grey(picture: DynamicImage) -> (u32, u32, Vec<u8>) {
    let (width, height) = (picture.width(), picture.height());
    if !picture.color().has_alpha() {
        return (width, height, picture.into_luma8().into_raw());
    }
    let on_white = |[grey, cover]: [u8; 2]| {
        let (grey, cover) = (u16::from(grey), u16::from(cover));
        ((grey * cover + 255 * (255 - cover)) / 255) as u8
    };
    let points = picture.into_luma_alpha8().pixels().map(|point| on_white(point.0)).collect();
    (width, height, points)
}

fn troubled(cause: ImageError) -> Trouble {
    match cause {
        ImageError::Limits(_) => Trouble::TooLarge,
        cause => Trouble::Damaged(cause),
    }
}
