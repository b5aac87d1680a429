//! Pictures that nobody would show on purpose: noise, torn and bent symbols, fields of finder patterns, and symbols whose
//! codewords are sound but say nonsense.

use niangjia_qr::draw;
use qrcode::{EcLevel, Version, canvas::Canvas, ec::construct_codewords, types::Color};

use super::Dice;

/// A grey picture: width, height, points.
pub type Picture = (u32, u32, Vec<u8>);

/// One of all kinds.
pub fn any(dice: &mut Dice) -> Picture {
    match dice.below(5) {
        0 => noise(dice),
        1 => torn(dice),
        2 => field(dice),
        3 => nonsense(dice),
        _ => placed(dice),
    }
}

/// Any size from nothing to 200 a side, in grains of one to nine points.
pub fn noise(dice: &mut Dice) -> Picture {
    let most = [3, 30, 60, 200][dice.below(4)];
    let (width, height) = (dice.below(most + 1), dice.below(most + 1));
    let (across, down) = (1 + dice.below(9), 1 + dice.below(9));
    let levels = 2 + dice.below(3);
    let grains: Vec<u8> = (0..width * height + 1).map(|_| (dice.below(levels) * 255 / (levels - 1)) as u8).collect();
    let points = (0..width * height).map(|at| grains[at / width / down * width + at % width / across]).collect();
    (width as u32, height as u32, points)
}

/// An honest symbol with modules turned over, pieces missing, stretched, mirrored.
pub fn torn(dice: &mut Dice) -> Picture {
    let letters = 1 + dice.below(60);
    let symbol = draw(&dice.text(letters)).unwrap();
    let flips = dice.between(0.0, 0.3);
    let size = symbol.size() as usize;
    let modules: Vec<bool> = (0..size * size)
        .map(|at| symbol.dark((at % size) as u32, (at / size) as u32) ^ (dice.between(0.0, 1.0) < flips))
        .collect();
    shown(size, &modules, dice)
}

/// Finder patterns in a grid or at random, more than any code has.
pub fn field(dice: &mut Dice) -> Picture {
    let (width, height) = (60 + dice.below(200), 60 + dice.below(200));
    let mut points = vec![255; width * height];
    for _ in 0..3 + dice.below(60) {
        let scale = 1 + dice.below(4);
        let (left, top) = (dice.below(width), dice.below(height));
        for (y, x) in (0..7 * scale).flat_map(|y| (0..7 * scale).map(move |x| (y, x))) {
            if left + x < width && top + y < height {
                points[(top + y) * width + left + x] = if finder(x / scale, y / scale) { 0 } else { 255 };
            }
        }
    }
    (width as u32, height as u32, points)
}

/// A symbol whose error correction is right and whose data are random, behind any mode there is.
pub fn nonsense(dice: &mut Dice) -> Picture {
    let most = [8, 8, 8, 40][dice.below(4)];
    let number = 1 + dice.below(most) as i16;
    let version = Version::Normal(number);
    let level = [EcLevel::L, EcLevel::M, EcLevel::Q, EcLevel::H][dice.below(4)];
    let bytes = version.fetch(level, &qrcode_sizes()).unwrap();
    let mut data: Vec<u8> = (0..bytes).map(|_| dice.below(256) as u8).collect();
    // Several modes are followed at once where the first ends soon.
    data[0] = (dice.below(16) << 4 | dice.below(16)) as u8;
    if dice.below(2) == 0 {
        data[1] = dice.below(8) as u8;
    }
    let (data, check) = construct_codewords(&data, version, level).unwrap();
    let mut canvas = Canvas::new(version, level);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &check);
    let colors = canvas.apply_best_mask().into_colors();
    let modules: Vec<bool> = colors.into_iter().map(|color| color == Color::Dark).collect();
    upright(version.width() as usize, &modules, 2)
}

/// Three finder patterns where a symbol has them, and chance between.
pub fn placed(dice: &mut Dice) -> Picture {
    let size = 9 + dice.below(100);
    let mut modules: Vec<bool> = (0..size * size).map(|_| dice.below(2) == 0).collect();
    let far = size.saturating_sub(7);
    for (left, top) in [(0, 0), (far, 0), (0, far)] {
        for (y, x) in (0..8).flat_map(|y| (0..8).map(move |x| (y, x))) {
            if left + x < size && top + y < size {
                modules[(top + y) * size + left + x] = finder(x, y);
            }
        }
    }
    shown(size, &modules, dice)
}

fn finder(x: usize, y: usize) -> bool {
    let ring = x.abs_diff(3).max(y.abs_diff(3));
    ring == 3 || ring < 2
}

fn upright(size: usize, modules: &[bool], scale: usize) -> Picture {
    let side = (size + 8) * scale;
    let module = |at: usize| (at / scale).checked_sub(4).filter(|&at| at < size);
    let dark = |x, y| module(x).zip(module(y)).is_some_and(|(x, y)| modules[y * size + x]);
    let points = (0..side * side).map(|at| if dark(at % side, at / side) { 0 } else { 255 }).collect();
    (side as u32, side as u32, points)
}

/// Through a linear map drawn at random, which may stretch, lean, mirror and leave half of it outside.
fn shown(size: usize, modules: &[bool], dice: &mut Dice) -> Picture {
    let (width, height) = (40 + dice.below(220), 40 + dice.below(220));
    let scale = 1.0 / dice.between(1.2, 6.0);
    let mut map: Vec<f64> = (0..4).map(|_| dice.between(-0.25, 0.25) * scale).collect();
    map[0] += if dice.below(4) == 0 { -scale } else { scale };
    map[3] += scale;
    let (left, top) = (dice.between(-8.0, 8.0), dice.between(-8.0, 8.0));
    let dark = |x: f64, y: f64| {
        let (x, y) = (map[0] * x + map[1] * y + left, map[2] * x + map[3] * y + top);
        let x = if map[0] < 0.0 { x + size as f64 } else { x };
        let inside = x >= 0.0 && y >= 0.0 && x < size as f64 && y < size as f64;
        inside && modules[y as usize * size + x as usize]
    };
    let (black, white) = (dice.below(120) as u8, 140 + dice.below(116) as u8);
    let points = (0..width * height)
        .map(|at| if dark((at % width) as f64 + 0.5, (at / width) as f64 + 0.5) { black } else { white })
        .collect();
    (width as u32, height as u32, points)
}

/// Data codewords of the forty versions at L, M, Q, H (ISO/IEC 18004, table 7).
fn qrcode_sizes() -> Vec<[usize; 4]> {
    (1..=40)
        .map(|number| {
            [EcLevel::L, EcLevel::M, EcLevel::Q, EcLevel::H]
                .map(|level| qrcode::bits::Bits::new(Version::Normal(number)).max_len(level).unwrap() / 8)
        })
        .collect()
}
