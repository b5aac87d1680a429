//! What is drawn is read again, whatever it says and however large it is shown.

mod common;

use common::Dice;
use niangjia_qr::{ALPHANUMERIC, Luma, QUIET, Symbol, draw, read, read_frame, read_picture};
use proptest::prelude::*;

fn base45() -> impl Strategy<Value = String> {
    let letter = (0..45_usize).prop_map(|at| char::from(ALPHANUMERIC[at]));
    proptest::collection::vec(letter, 1..=300).prop_map(|letters| letters.into_iter().collect())
}

/// The symbol in the middle of a frame of 640 by 480, as far as it has room there.
fn in_a_frame(symbol: &Symbol, scale: u32) -> Vec<u8> {
    let (side, points) = symbol.points(scale);
    assert!(side <= 480);
    let (left, top) = ((640 - side) / 2, (480 - side) / 2);
    (0..640 * 480_u32)
        .map(|at| match (at % 640).checked_sub(left).zip((at / 640).checked_sub(top)) {
            Some((x, y)) if x < side && y < side => points[(y * side + x) as usize],
            _ => 255,
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_text_comes_back(text in base45(), scale in 2..=9_u32) {
        let symbol = draw(&text).unwrap();
        let (side, points) = symbol.points(scale);
        prop_assert_eq!(read(&Luma::new(side, side, &points).unwrap()), [text]);
    }

    #[test]
    fn a_frame_gives_it_too(text in base45(), scale in 2..=7_u32) {
        let symbol = draw(&text).unwrap();
        let scale = scale.min(480 / (symbol.size() + 2 * QUIET));
        let points = in_a_frame(&symbol, scale);
        prop_assert_eq!(read_frame(&Luma::new(640, 480, &points).unwrap()), Some(text));
    }

    #[test]
    fn any_text_comes_back_from_a_file(text in "[ -~]{1,40}|[一-龥]{3,30}") {
        let symbol = draw(&text).unwrap();
        prop_assert_eq!(read_picture(&symbol.png(4)).unwrap(), [text]);
    }
}

#[test]
fn three_hundred_letters_fit_version_ten() {
    let mut dice = Dice::new(1);
    for text in [dice.text(300), "0".repeat(300), "A1".repeat(150), ":".repeat(300)] {
        let symbol = draw(&text).unwrap();
        // ISO/IEC 18004, table 7: version 10 at M holds 311 alphanumeric letters, and is 57 modules wide.
        assert!(symbol.version() <= 10, "{text}");
        assert!(symbol.size() <= 57, "{text}");
    }
    assert_eq!((draw(&dice.text(311)).unwrap().version(), draw(&dice.text(312)).unwrap().version()), (10, 11));
}

#[test]
fn the_longest_text_and_the_one_that_is_too_long() {
    let mut dice = Dice::new(2);
    let symbol = draw(&dice.text(3_391)).unwrap();
    assert_eq!((symbol.version(), symbol.size()), (40, 177));
    assert_eq!(draw(&dice.text(3_392)).unwrap_err().bytes, 3_392);
    assert_eq!(draw(&"王".repeat(778)).unwrap_err().bytes, 2_334);
    assert_eq!(draw("").unwrap().size(), 21);
}

/// Many a program writes UTF-8 without saying so.
#[test]
fn bytes_that_do_not_say_what_they_are_are_taken_for_utf_8() {
    let mut bits = qrcode::bits::Bits::new(qrcode::Version::Normal(3));
    bits.push_byte_data("王芳，平明镇".as_bytes()).unwrap();
    bits.push_terminator(qrcode::EcLevel::M).unwrap();
    let code = qrcode::QrCode::with_bits(bits, qrcode::EcLevel::M).unwrap();
    let side = 4 * (code.width() + 8);
    let dark = |at: usize| (at / 4).checked_sub(4).filter(|&at| at < code.width());
    let points: Vec<u8> = (0..side * side)
        .map(|at| match dark(at % side).zip(dark(at / side)) {
            Some(module) if code[module] == qrcode::Color::Dark => 0,
            _ => 255,
        })
        .collect();
    assert_eq!(read(&Luma::new(side as u32, side as u32, &points).unwrap()), ["王芳，平明镇"]);
}

#[test]
fn a_symbol_that_is_shown_to_a_log_says_nothing() {
    let symbol = draw("990101190001010017").unwrap();
    assert_eq!(format!("{symbol:?}"), "Symbol(version 1)");
}

#[test]
fn the_drawing_for_print_has_the_same_modules() {
    let symbol = draw("NIANGJIA 25").unwrap();
    let svg = symbol.svg(0.5);
    assert!(
        svg.starts_with(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="14.5mm" height="14.5mm" viewBox="0 0 29 29""#
        )
    );
    assert_eq!(svg.matches("<path").count(), 1);

    let path = svg.split("d=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut drawn = vec![false; 29 * 29];
    for run in path.split('M').skip(1) {
        let mut numbers = run.split([' ', 'h', 'v']).map(|number| number.parse::<usize>().unwrap_or(0));
        let (x, y, length) = (numbers.next().unwrap(), numbers.next().unwrap(), numbers.next().unwrap());
        drawn[y * 29 + x..][..length].fill(true);
    }
    let asked: Vec<bool> = (0..29 * 29_u32)
        .map(|at| {
            let (x, y) = ((at % 29).wrapping_sub(QUIET), (at / 29).wrapping_sub(QUIET));
            symbol.dark(x, y)
        })
        .collect();
    assert_eq!(drawn, asked);
}

#[test]
fn all_the_codes_of_a_page_are_read() {
    let (width, height) = (900_usize, 700_usize);
    let mut page = vec![240; width * height];
    let mut texts: Vec<String> = (1..=6).map(|card| format!("CARD {card}: 0123456789")).collect();
    for (at, text) in texts.iter().enumerate() {
        let (side, points) = draw(text).unwrap().points(5);
        let (left, top) = (30 + at % 3 * 290, 40 + at / 3 * 330);
        for (y, row) in points.chunks(side as usize).enumerate() {
            page[(top + y) * width + left..][..row.len()].copy_from_slice(row);
        }
    }
    let mut found = read(&Luma::new(width as u32, height as u32, &page).unwrap());
    found.sort();
    texts.sort();
    assert_eq!(found, texts);
}

#[test]
fn the_negative_is_read_and_so_is_the_mirror() {
    let text = "WHITE ON BLACK";
    let (side, points) = draw(text).unwrap().points(5);
    let negative: Vec<u8> = points.iter().map(|point| 255 - point).collect();
    assert_eq!(read(&Luma::new(side, side, &negative).unwrap()), [text]);

    let mirror: Vec<u8> = points.chunks(side as usize).flat_map(|row| row.iter().rev().copied()).collect();
    assert_eq!(read(&Luma::new(side, side, &mirror).unwrap()), [text]);
}
