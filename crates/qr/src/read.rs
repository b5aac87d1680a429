//! Reading: which looks are taken at a grey picture, and in what order. Each look mends what another one cannot bear.

use crate::{
    find::{self, Bounds, find},
    grey::{Grey, Luma, doubled, halved, inverted, median, sharpened},
};

/// An honest frame has a handful of finder patterns.
const FRAME: Bounds = Bounds { patterns: 100, closely: false, trios: 100, texts: 1 };

/// A picture may be a page full of cards.
const PICTURE: Bounds = Bounds { patterns: 1_000, closely: true, trios: 1_000, texts: 64 };

/// Up to this many points a picture is also looked at twice as large.
const DOUBLED_UP_TO: usize = 2_000_000;

/// The text of a code in a camera's frame, if one can be read: three quick looks, for a window that asks several times a
/// second. A frame without a code costs no more than one with a code that is hard to read.
///
/// A small symbol has little to tell an error by: whoever takes a text that matters checks its signature or check digit.
pub fn read_frame(frame: &Luma<'_>) -> Option<String> {
    let look = |picture: Luma<'_>| find(picture, FRAME).pop();
    let calm = median(*frame);
    look(large_modules(calm.luma()).luma())
        .or_else(|| look(sharpened(calm.luma(), 4, 1).luma()))
        .or_else(|| look(*frame))
}

/// The texts of all codes that can be read in a picture, each once, in no order that means anything. Takes every look at
/// the picture itself, at its half, its quarter and so on; where nothing was found, at the negative too.
pub fn read(picture: &Luma<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    all_sizes(*picture, &mut texts);
    if texts.is_empty() {
        // White modules on a dark ground: a screen at night, an engraved plate.
        all_sizes(inverted(*picture).luma(), &mut texts);
    }
    texts
}

fn all_sizes(picture: Luma<'_>, texts: &mut Vec<String>) {
    if picture.points().len() <= DOUBLED_UP_TO {
        // Modules below two points: a code far away, or a picture that was made small to be sent.
        look(doubled(picture).luma(), texts);
    }
    all_looks(picture, texts);
    let mut smaller = halved(picture);
    while smaller.luma().width().min(smaller.luma().height()) >= 2 * find::LEAST_SIDE {
        all_looks(smaller.luma(), texts);
        smaller = halved(smaller.luma());
    }
}

// What each look is for, as measured (docs/decisions/0038-qr.md):
fn all_looks(picture: Luma<'_>, texts: &mut Vec<String>) {
    // As it is: a clean code of two or three points a module, which a median would wash away.
    look(picture, texts);
    // Without speckle, edges drawn out: three to five points a module.
    let calm = median(picture);
    look(sharpened(calm.luma(), 4, 1).luma(), texts);
    look(large_modules(calm.luma()).luma(), texts);
}

/// From five points a module upwards halving takes noise away and costs no module; the finder works on a quarter of the
/// points. A module that is alone among its opposites shows half its contrast where the blur is half a module wide, and a
/// threshold takes it for its neighbours: sharpening over about a module brings it back.
fn large_modules(calm: Luma<'_>) -> Grey {
    sharpened(halved(calm).luma(), 3, 3)
}

fn look(picture: Luma<'_>, texts: &mut Vec<String>) {
    for text in find(picture, PICTURE) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
}
