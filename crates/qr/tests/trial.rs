//! The card's trial, a slice of it: `examples/trials.rs` is the whole. A card with 0.5 mm modules as a camera of 300 dpi
//! sees it, blurred by 0.35 of a module, 2 % of the points black or white by accident, turned by up to 12°, leaning by 8°,
//! 640×480, JPEG 60: at least 99 of 100 are read, and what is read is always what was drawn.

mod common;

use common::{
    Dice,
    scene::{CARD, Scene},
};
use niangjia_qr::{Luma, draw, read, read_frame, read_picture};

/// How many of so many frames are read. Fails at a text that was not drawn.
fn read_of(frames: std::ops::Range<u64>, scene: &Scene) -> usize {
    frames
        .filter(|&seed| {
            let mut dice = Dice::new(seed);
            let text = dice.text(300);
            let points = scene.frame(Some(&draw(&text).unwrap()), &mut dice);
            let read = read_frame(&Luma::new(scene.width, scene.height, &points).unwrap());
            assert!(read.as_ref().is_none_or(|read| *read == text), "frame {seed} gave a text that was not drawn");
            read.is_some()
        })
        .count()
}

#[test]
fn a_card_before_the_camera_is_read() {
    assert_eq!(read_of(0..40, &CARD), 40);
}

#[test]
fn a_card_is_read_that_is_turned_further_out_of_focus_or_in_the_dark() {
    assert_eq!(read_of(100..106, &Scene { turn: 25.0, ..CARD }), 6);
    assert_eq!(read_of(200..206, &Scene { turn: 180.0, module: 4.6, ..CARD }), 6);
    assert!(read_of(300..306, &Scene { blur: 0.5, ..CARD }) >= 4);
    assert_eq!(read_of(400..406, &Scene { light: 0.25, noise: 4.0, ..CARD }), 6);
    assert_eq!(read_of(500..506, &Scene { module: 3.0, ..CARD }), 6);
}

#[test]
fn a_larger_camera_is_read_too() {
    assert_eq!(read_of(0..4, &Scene { width: 1280, height: 720, module: 9.0, ..CARD }), 4);
}

#[test]
fn where_there_is_no_code_nothing_is_read() {
    for seed in 0..10 {
        let points = CARD.frame(None, &mut Dice::new(seed));
        let frame = Luma::new(CARD.width, CARD.height, &points).unwrap();
        assert_eq!(read_frame(&frame), None);
        assert_eq!(read(&frame), Vec::<String>::new());
    }
}

#[test]
fn a_photograph_as_a_file_is_read() {
    let mut dice = Dice::new(7);
    let text = dice.text(300);
    let phone = Scene { width: 1600, height: 1200, module: 7.0, turn: 25.0, ..CARD };
    let file = phone.jpeg(Some(&draw(&text).unwrap()), &mut dice);
    assert_eq!(read_picture(&file).unwrap(), [text]);
}
