//! QR codes on paper: what `niangjia_qr` draws, with the bounds of a form, as one outline.

use std::fmt::Write as _;

use niangjia_qr::{ALPHANUMERIC, Symbol};

/// Modules of white that a reader needs around a code (ISO/IEC 18004).
pub const QUIET: usize = niangjia_qr::QUIET as usize;
/// Side of a module on paper, in millimetres: what phones read from office printers.
pub const MODULE_MM: f64 = 0.5;

/// Why a text cannot be a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// A character outside `0–9 A–Z space $%*+-./:`.
    #[error("a character outside the alphanumeric set")]
    Character,
    /// More than the largest code takes.
    #[error("text too long for a code")]
    Long,
}

/// The modules of a text as a QR code, error correction level M: how many a side (without the quiet zone), and row by
/// row which are dark.
///
/// # Errors
/// [`CodeError`] when the text has other characters than the alphanumeric set or is too long.
pub fn modules(text: &str) -> Result<(usize, Vec<bool>), CodeError> {
    // Other letters would be drawn as bytes, and the code would take half as many of them.
    if !text.bytes().all(|letter| ALPHANUMERIC.contains(&letter)) {
        return Err(CodeError::Character);
    }
    let symbol = niangjia_qr::draw(text).map_err(|_| CodeError::Long)?;
    Ok((symbol.size() as usize, cells(&symbol)))
}

fn cells(symbol: &Symbol) -> Vec<bool> {
    (0..symbol.size()).flat_map(|y| (0..symbol.size()).map(move |x| symbol.dark(x, y))).collect()
}

/// The code with its quiet zone as SVG with a single path: the outline of the dark areas, one unit a module.
///
/// An outline instead of a square for each module: a tenth of the points, and no hairlines between neighbours.
#[must_use]
pub fn svg(size: usize, dark: &[bool]) -> String {
    let side = size + 2 * QUIET;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{side}\" height=\"{side}\" viewBox=\"0 0 {side} {side}\">\
         <path fill-rule=\"evenodd\" shape-rendering=\"crispEdges\" d=\""
    );
    let is_dark = |x: isize, y: isize| {
        (0..size as isize).contains(&x) && (0..size as isize).contains(&y) && dark[y as usize * size + x as usize]
    };
    // Upper edges still to be walked; a walk goes clockwise around the dark, so every outline has at least one of them.
    let mut open = vec![false; size * size];
    for (at, open) in open.iter_mut().enumerate() {
        let (x, y) = ((at % size) as isize, (at / size) as isize);
        *open = is_dark(x, y) && !is_dark(x, y - 1);
    }
    for start in 0..open.len() {
        if !open[start] {
            continue;
        }
        let (from_x, from_y) = ((start % size) as isize, (start / size) as isize);
        let (mut x, mut y, mut step) = (from_x, from_y, (1, 0));
        let _ = write!(svg, "M{} {}", x + QUIET as isize, y + QUIET as isize);
        loop {
            // One edge further, with the dark on the right.
            if step == (1, 0) {
                open[y as usize * size + x as usize] = false;
            }
            (x, y) = (x + step.0, y + step.1);
            let (left, right) = ahead(x, y, step);
            let turn = if !is_dark(right.0, right.1) {
                (-step.1, step.0)
            } else if is_dark(left.0, left.1) {
                (step.1, -step.0)
            } else {
                step
            };
            if (x, y) == (from_x, from_y) && turn == (1, 0) {
                break;
            }
            if turn != step {
                let _ = if step.0 == 0 {
                    write!(svg, "V{}", y + QUIET as isize)
                } else {
                    write!(svg, "H{}", x + QUIET as isize)
                };
            }
            step = turn;
        }
        svg.push('Z');
    }
    svg.push_str("\"/></svg>");
    svg
}

/// The two cells ahead of a walker at a corner: to the left and to the right of the next edge.
fn ahead(x: isize, y: isize, step: (isize, isize)) -> ((isize, isize), (isize, isize)) {
    match step {
        (1, 0) => ((x, y - 1), (x, y)),
        (0, 1) => ((x, y), (x - 1, y)),
        (-1, 0) => ((x - 1, y), (x - 1, y - 1)),
        _ => ((x - 1, y - 1), (x, y - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::{CodeError, modules, svg};

    #[test]
    fn only_what_the_alphanumeric_mode_writes() {
        assert_eq!(modules("abc"), Err(CodeError::Character));
        assert_eq!(modules("王芳"), Err(CodeError::Character));
        assert_eq!(modules(&"A".repeat(4000)), Err(CodeError::Long));
        let (size, dark) = modules("NJ1:990101000000000001").unwrap();
        assert_eq!(size * size, dark.len());
    }

    #[test]
    fn the_outline_is_the_code() {
        // A ring with a hole, and two cells that touch at a corner.
        let dark = [
            true, true, true, false, //
            true, false, true, false, //
            true, true, true, false, //
            false, false, false, true,
        ];
        let path = svg(4, &dark);
        assert_eq!(path.matches('M').count(), 3, "{path}");
        assert_eq!(area(&path), dark.iter().filter(|dark| **dark).count() as i64);
        let (size, dark) = modules("HTTPS://EXAMPLE.CN/9901").unwrap();
        assert_eq!(area(&svg(size, &dark)), dark.iter().filter(|dark| **dark).count() as i64);
    }

    /// Signed area of all outlines, holes counted off: the number of dark cells.
    fn area(svg: &str) -> i64 {
        let path = svg.split(" d=\"").nth(1).unwrap().split('"').next().unwrap();
        let mut sum = 0;
        for outline in path.split('Z').filter(|outline| !outline.is_empty()) {
            let spaced = outline.replace('H', ";H").replace('V', ";V");
            let mut parts = spaced.split(';');
            let start: Vec<i64> = parts.next().unwrap()[1..].split(' ').map(|n| n.parse().unwrap()).collect();
            let (mut x, mut y) = (start[0], start[1]);
            for part in parts {
                let to: i64 = part[1..].parse().unwrap();
                if part.starts_with('H') {
                    x = to;
                } else {
                    sum += x * (to - y);
                    y = to;
                }
            }
            sum += x * (start[1] - y);
        }
        sum
    }
}
