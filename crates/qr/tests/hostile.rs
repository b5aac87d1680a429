//! Whatever picture comes, the answer is a list, perhaps an empty one, or a sentence: never a panic, and never a gigabyte.

mod common;

use std::io::Cursor;

use common::{Dice, hostile, scene::CARD};
use image::{ColorType, DynamicImage, ImageFormat};
use niangjia_qr::{Luma, Misshapen, Trouble, draw, read, read_frame, read_picture};
use proptest::prelude::*;

fn look(width: u32, height: u32, points: &[u8]) -> Result<(), Misshapen> {
    let picture = Luma::new(width, height, points)?;
    read_frame(&picture);
    read(&picture);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_points_of_any_size_are_borne(
        (width, height, points) in (0..90_u32, 0..90_u32)
            .prop_flat_map(|(width, height)| {
                let points = proptest::collection::vec(prop_oneof![Just(0), Just(255), any::<u8>()], (width * height) as usize);
                (Just(width), Just(height), points)
            })
    ) {
        prop_assert_eq!(look(width, height, &points).is_err(), width * height == 0);
    }

    #[test]
    fn any_bytes_are_borne(start in 0..4_usize, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let first: [&[u8]; 4] = [b"", b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1A\n", b"RIFF\x00\x00\x00\x00WEBPVP8 "];
        let file = [first[start], &bytes].concat();
        prop_assert!(read_picture(&file).is_err());
    }
}

#[test]
fn pictures_that_mean_harm_are_borne() {
    for seed in 0..400 {
        let (width, height, points) = hostile::any(&mut Dice::new(seed));
        let empty = width * height == 0;
        assert_eq!(look(width, height, &points).is_err(), empty, "seed {seed}");
    }
}

#[test]
fn a_size_that_does_not_fit_the_bytes_is_refused() {
    assert!(matches!(look(640, 480, &[0; 640 * 479]), Err(Misshapen::Uneven { .. })));
    assert!(matches!(look(0, 0, &[]), Err(Misshapen::Uneven { .. })));
    assert!(matches!(look(u32::MAX, u32::MAX, &[]), Err(Misshapen::TooLarge(_))));
    assert!(matches!(look(40_000_001, 1, &[]), Err(Misshapen::TooLarge(40_000_001))));
}

/// The library compares patterns with each other; over a whole photograph of them it took minutes.
#[test]
fn a_photograph_of_nothing_but_finder_patterns_comes_to_an_end() {
    let (width, height) = (2_400, 1_800_u32);
    let dark = |at: u32| {
        let ring = (at % width % 8).abs_diff(3).max((at / width % 8).abs_diff(3));
        ring == 3 || ring < 2
    };
    let points: Vec<u8> = (0..width * height).map(|at| if dark(at) { 0 } else { 255 }).collect();
    let start = cpu_time::ThreadTime::now();
    assert_eq!(read(&Luma::new(width, height, &points).unwrap()), Vec::<String>::new());
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn long_and_narrow_pictures_are_borne() {
    for (width, height) in [(1, 70_000), (70_000, 1), (41, 20_000), (20_000, 41), (9_000, 60)] {
        let points: Vec<u8> = (0..width * height).map(|at| if at % 7 % 3 == 0 { 0 } else { 255 }).collect();
        look(width, height, &points).unwrap();
    }
}

/// A frame with a card as a file of the kind.
fn photograph(format: ImageFormat) -> (String, Vec<u8>) {
    let mut dice = Dice::new(3);
    let text = dice.text(300);
    let points = CARD.frame(Some(&draw(&text).unwrap()), &mut dice);
    let picture = image::GrayImage::from_raw(CARD.width, CARD.height, points).unwrap();
    let picture = DynamicImage::from(picture);
    // The encoder of WebP knows no grey.
    let picture = if format == ImageFormat::WebP { DynamicImage::from(picture.into_rgb8()) } else { picture };
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    (text, file.into_inner())
}

const KINDS: [ImageFormat; 3] = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];

#[test]
fn each_kind_of_file_is_read() {
    for format in KINDS {
        let (text, file) = photograph(format);
        assert_eq!(read_picture(&file).unwrap(), [text], "{format:?}");
    }
}

#[test]
fn a_file_that_ends_early_or_was_bent_gives_the_text_or_nothing() {
    for format in KINDS {
        let (text, file) = photograph(format);
        let mut dice = Dice::new(4);
        for round in 0..16 {
            let mut bent = file.clone();
            if round % 2 == 0 {
                bent.truncate(dice.below(file.len()));
            } else {
                for _ in 0..1 + dice.below(4) {
                    let at = dice.below(bent.len());
                    bent[at] ^= 1 << dice.below(8);
                }
            }
            let found = read_picture(&bent).unwrap_or_default();
            assert!(found.iter().all(|found| *found == text), "{format:?}, round {round}");
        }
    }
}

#[test]
fn what_is_no_picture_is_told_apart() {
    let gif = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;";
    let script = b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    for file in [&b""[..], &[0], gif, script, b"%PDF-1.7", "王芳".as_bytes()] {
        assert!(matches!(read_picture(file), Err(Trouble::NotAPicture)));
    }
    assert!(matches!(read_picture(&[0; 30_000_001]), Err(Trouble::TooLarge)));
}

/// CRC-32 as PNG has it.
fn crc(bytes: &[u8]) -> [u8; 4] {
    let step = |crc: u32, _| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
    let all = bytes.iter().fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step));
    (!all).to_be_bytes()
}

/// A PNG that says it has such a size, and brings a small one's points.
fn boastful_png(width: u32, height: u32) -> Vec<u8> {
    let mut file = draw("BOMB").unwrap().png(2);
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&file[12..29]);
    file[29..33].copy_from_slice(&sum);
    file
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    // Sides, then points, then memory: 16 bits of four colours for 36 million points would be 288 MB.
    for (width, height) in [(u32::MAX >> 1, 1), (16_001, 100), (16_000, 16_000), (10_000, 4_001)] {
        let outcome = read_picture(&boastful_png(width, height));
        assert!(matches!(outcome, Err(Trouble::TooLarge)), "{width}×{height}: {outcome:?}");
    }
    let mut deep = boastful_png(6_000, 6_000);
    (deep[24], deep[25]) = (16, 6);
    let sum = crc(&deep[12..29]);
    deep[29..33].copy_from_slice(&sum);
    assert!(matches!(read_picture(&deep), Err(Trouble::TooLarge)));

    let (_, mut jpeg) = photograph(ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
    assert!(matches!(read_picture(&jpeg), Err(Trouble::TooLarge)));

    let (_, mut webp) = photograph(ImageFormat::WebP);
    let lossless = webp.windows(4).position(|name| name == b"VP8L").unwrap();
    // Fourteen bits each of width and height, less one.
    webp[lossless + 9..lossless + 13].copy_from_slice(&[0xFE, 0xBF, 0xFF, 0x0F]);
    let outcome = read_picture(&webp);
    assert!(matches!(outcome, Err(Trouble::TooLarge)), "{outcome:?}");
}

#[test]
fn a_clear_scan_lies_on_white() {
    let text = "PRINTED ON A CLEAR GROUND";
    let (side, points) = draw(text).unwrap().points(5);
    // Nothing printed: black that covers nothing.
    let clear = points.iter().flat_map(|&point| [0, 0, 0, 255 - point]).collect();
    let picture = DynamicImage::from(image::RgbaImage::from_raw(side, side, clear).unwrap());
    assert_eq!(picture.color(), ColorType::Rgba8);
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).unwrap();
    assert_eq!(read_picture(&file.into_inner()).unwrap(), [text]);
}
