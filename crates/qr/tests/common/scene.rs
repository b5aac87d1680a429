//! A printed card before a camera, made from numbers.

use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder};
use niangjia_qr::Symbol;

use super::Dice;

/// How the card lies and what the camera does to it.
#[derive(Clone, Copy)]
pub struct Scene {
    /// Points of the frame.
    pub width: u32,
    pub height: u32,
    /// Points that a module is wide where the frame's middle is: 0.5 mm at 300 dpi is 5.9.
    pub module: f64,
    /// Degrees of turn in the plane, either way at most.
    pub turn: f64,
    /// Degrees by which the card leans out of the plane, about an axis drawn at random.
    pub tilt: f64,
    /// Deviation of the Gaussian blur, in modules.
    pub blur: f64,
    /// Share of points that are black or white by accident.
    pub speckle: f64,
    /// Share of the light that arrives: 1 is a lit desk.
    pub light: f64,
    /// Deviation of the sensor's noise, in steps of 255.
    pub noise: f64,
    /// Quality of the JPEG that the frame goes through, 1 to 100.
    pub quality: u8,
}

/// The trial of a card: 0.5 mm modules at 300 dpi.
pub const CARD: Scene = Scene {
    width: 640,
    height: 480,
    module: 0.5 / 25.4 * 300.0,
    turn: 12.0,
    tilt: 8.0,
    blur: 0.35,
    speckle: 0.02,
    light: 1.0,
    noise: 0.0,
    quality: 60,
};

impl Scene {
    /// The frame's grey points after JPEG, as a camera hands them over. Without a symbol the card is shown bare but for
    /// its print.
    pub fn frame(&self, symbol: Option<&Symbol>, dice: &mut Dice) -> Vec<u8> {
        image::load_from_memory(&self.jpeg(symbol, dice)).unwrap().into_luma8().into_raw()
    }

    /// The frame as a JPEG file.
    pub fn jpeg(&self, symbol: Option<&Symbol>, dice: &mut Dice) -> Vec<u8> {
        let points = self.points(symbol, dice);
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, self.quality)
            .write_image(&points, self.width, self.height, ExtendedColorType::L8)
            .unwrap();
        file
    }

    fn points(&self, symbol: Option<&Symbol>, dice: &mut Dice) -> Vec<u8> {
        let mut light = self.lit(symbol, dice);
        let lit = |value: f32| value * self.light as f32;
        blur(&mut light, self.width as usize, self.height as usize, self.blur * self.module);
        light
            .into_iter()
            .map(|value| {
                if dice.between(0.0, 1.0) < self.speckle {
                    return if dice.below(2) == 0 { 0 } else { 255 };
                }
                let noise = if self.noise > 0.0 { dice.normal() * self.noise } else { 0.0 };
                (lit(value) * 255.0 + noise as f32).round().clamp(0.0, 255.0) as u8
            })
            .collect()
    }

    /// The card under uneven light, sharp: each point is the mean of sixteen looks through the camera's eye.
    fn lit(&self, symbol: Option<&Symbol>, dice: &mut Dice) -> Vec<f32> {
        let size = f64::from(symbol.map_or(57, Symbol::size));
        let card = dice.between(0.78, 0.92);
        let ink = dice.between(0.06, 0.18);
        let view = View::drawn(self, size, dice);
        // Light falls off from a lamp somewhere to the edge: a quarter to a half less there.
        let lamp = [dice.between(0.0, f64::from(self.width)), dice.between(0.0, f64::from(self.height))];
        let fall = dice.between(0.25, 0.5) / f64::from(self.width).powi(2);
        let looks: Vec<f64> = (0..4).map(|n| (f64::from(n) + 0.5) / 4.0).collect();
        let print = Print::drawn(size, dice);
        let mut light = Vec::with_capacity((self.width * self.height) as usize);
        for y in 0..self.height {
            for x in 0..self.width {
                let mut dark = 0.0;
                for dy in &looks {
                    for dx in &looks {
                        let [u, v] = view.back(f64::from(x) + dx, f64::from(y) + dy);
                        let module = |at: f64| if at < 0.0 { u32::MAX } else { at as u32 };
                        let inked = symbol.is_some_and(|symbol| symbol.dark(module(u), module(v))) || print.inked(u, v);
                        dark += if inked { 1.0 / 16.0 } else { 0.0 };
                    }
                }
                let away = (f64::from(x) - lamp[0]).powi(2) + (f64::from(y) - lamp[1]).powi(2);
                light.push(((card + (ink - card) * dark) * (1.0 - fall * away)) as f32);
            }
        }
        light
    }
}

/// What else is printed on the card, outside the quiet zone: rows of strokes, as letters are.
struct Print {
    size: f64,
    stroke: f64,
    seed: u64,
}

impl Print {
    fn drawn(size: f64, dice: &mut Dice) -> Self {
        Self { size, stroke: dice.between(0.8, 1.6), seed: dice.below(usize::MAX >> 32) as u64 }
    }

    fn inked(&self, u: f64, v: f64) -> bool {
        let beside = u < -5.0 || u > self.size + 5.0 || v < -5.0 || v > self.size + 5.0;
        if !beside {
            return false;
        }
        let (column, row) = ((u / self.stroke).floor() as i64, (v / self.stroke).floor() as i64);
        // Four rows of strokes and three of paper; within a row about half the cells are ink.
        if row.rem_euclid(7) > 3 {
            return false;
        }
        let cell =
            (column as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (row as u64).wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
        (cell ^ self.seed).wrapping_mul(0xFF51_AFD7_ED55_8CCD) >> 63 == 1
    }
}

/// The way from a point of the frame back to the card, whose unit is the module.
struct View([f64; 9]);

impl View {
    fn drawn(scene: &Scene, size: f64, dice: &mut Dice) -> Self {
        let turn = dice.between(-scene.turn, scene.turn).to_radians();
        let axis = dice.between(0.0, std::f64::consts::TAU);
        let (sin, cos) = scene.tilt.to_radians().sin_cos();
        // The card is 100 to 200 mm before the eye, that is 200 to 400 modules of 0.5 mm.
        let far = dice.between(200.0, 400.0);
        // Rotation about an axis in the plane (Rodrigues), after the turn within the plane.
        let (ax, ay) = (axis.cos(), axis.sin());
        let lean = [
            [cos + ax * ax * (1.0 - cos), ax * ay * (1.0 - cos)],
            [ax * ay * (1.0 - cos), cos + ay * ay * (1.0 - cos)],
            [-ay * sin, ax * sin],
        ];
        let (ts, tc) = turn.sin_cos();
        let spin = [[tc, -ts], [ts, tc]];
        let whole = |row: usize, column: usize| lean[row][0] * spin[0][column] + lean[row][1] * spin[1][column];
        // As far from the middle as symbol and quiet zone stay in the frame; always some part of a point.
        let reach = (size + 8.0) * scene.module * (turn.cos().abs() + turn.sin().abs()) / 2.0 * 1.03;
        let room = |side: u32| (f64::from(side) / 2.0 - reach).max(0.5);
        let (rx, ry) = (room(scene.width), room(scene.height));
        let cx = f64::from(scene.width) / 2.0 + dice.between(-rx, rx);
        let cy = f64::from(scene.height) / 2.0 + dice.between(-ry, ry);
        // Card (u, v, 1) to frame, with the card's middle at (cx, cy).
        let half = size / 2.0;
        let focal = scene.module * far;
        let mut forth = [0.0; 9];
        for column in 0..2 {
            let depth = whole(2, column);
            forth[column] = focal * whole(0, column) + cx * depth;
            forth[3 + column] = focal * whole(1, column) + cy * depth;
            forth[6 + column] = depth;
        }
        forth[2] = cx * far;
        forth[5] = cy * far;
        forth[8] = far;
        for row in 0..3 {
            forth[3 * row + 2] -= half * (forth[3 * row] + forth[3 * row + 1]);
        }
        Self(inverse(&forth))
    }

    fn back(&self, x: f64, y: f64) -> [f64; 2] {
        let m = &self.0;
        let w = m[6] * x + m[7] * y + m[8];
        [(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w]
    }
}

/// Up to a factor, which a perspective does not mind.
fn inverse(m: &[f64; 9]) -> [f64; 9] {
    [
        m[4] * m[8] - m[5] * m[7],
        m[2] * m[7] - m[1] * m[8],
        m[1] * m[5] - m[2] * m[4],
        m[5] * m[6] - m[3] * m[8],
        m[0] * m[8] - m[2] * m[6],
        m[2] * m[3] - m[0] * m[5],
        m[3] * m[7] - m[4] * m[6],
        m[1] * m[6] - m[0] * m[7],
        m[0] * m[4] - m[1] * m[3],
    ]
}

/// A Gaussian of deviation `sigma` points, rows first, then columns.
fn blur(light: &mut Vec<f32>, width: usize, height: usize, sigma: f64) {
    if sigma < 0.05 {
        return;
    }
    let reach = (3.0 * sigma).ceil() as i64;
    let weights: Vec<f32> =
        (-reach..=reach).map(|at| (-((at * at) as f64) / (2.0 * sigma * sigma)).exp() as f32).collect();
    let sum: f32 = weights.iter().sum();
    let (mut from, mut to) = (std::mem::take(light), vec![0.0; width * height]);
    for (along, step, lines, stride) in [(width, 1, height, width), (height, width, width, 1)] {
        for line in 0..lines {
            for at in 0..along {
                let mut value = 0.0;
                for (weight, off) in weights.iter().zip(-reach..) {
                    let near = (at as i64 + off).clamp(0, along as i64 - 1) as usize;
                    value += weight * from[line * stride + near * step];
                }
                to[line * stride + at * step] = value / sum;
            }
        }
        std::mem::swap(&mut from, &mut to);
    }
    *light = from;
}
