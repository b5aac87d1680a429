//! Grey pictures: what a camera or a scanner saw, with its size checked, and the few ways to mend one before reading.

/// More points than this are refused: a phone's photograph has 12 to 24 million, an A4 page at 300 dpi 9 million.
pub const MOST_POINTS: u64 = 40_000_000;

/// A picture that cannot be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misshapen {
    /// Width times height is not the number of bytes, or the picture has no points.
    #[error("{width} by {height} points do not fill {bytes} bytes")]
    Uneven {
        /// Points across.
        width: u32,
        /// Points down.
        height: u32,
        /// Bytes that came.
        bytes: usize,
    },
    /// More than [`MOST_POINTS`].
    #[error("{0} points are too many")]
    TooLarge(u64),
}

/// A borrowed 8-bit grey picture, row by row from the upper left, 0 black and 255 white.
#[derive(Clone, Copy)]
pub struct Luma<'a> {
    width: u32,
    height: u32,
    points: &'a [u8],
}

impl<'a> Luma<'a> {
    /// # Errors
    /// [`Misshapen`] where size and bytes do not agree, there are no points, or there are too many.
    pub fn new(width: u32, height: u32, points: &'a [u8]) -> Result<Self, Misshapen> {
        let count = u64::from(width) * u64::from(height);
        if count > MOST_POINTS {
            return Err(Misshapen::TooLarge(count));
        }
        if count == 0 || count != points.len() as u64 {
            return Err(Misshapen::Uneven { width, height, bytes: points.len() });
        }
        Ok(Self { width, height, points })
    }

    /// Points across.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Points down.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The points, row by row.
    pub fn points(&self) -> &'a [u8] {
        self.points
    }
}

/// The same, owned: made from another picture.
pub(crate) struct Grey {
    width: u32,
    height: u32,
    points: Vec<u8>,
}

impl Grey {
    pub(crate) fn luma(&self) -> Luma<'_> {
        Luma { width: self.width, height: self.height, points: &self.points }
    }
}

/// Each point becomes the middle one of its neighbourhood of nine; the border stays. Single black or white points vanish
/// and edges stay where they are, which no blur does.
// The middle of nine is the middle of: the largest of the columns' smallest, the middle of their middles, the smallest of
// their largest. Written over whole rows, so that the compiler takes sixteen points at a time; sorting nine for every
// point costs twenty times as much, and more than all the rest of a frame.
pub(crate) fn median(picture: Luma<'_>) -> Grey {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let mut points = picture.points.to_vec();
    let (mut low, mut middle, mut high) = (vec![0; width], vec![0; width], vec![0; width]);
    if width < 3 {
        return Grey { width: picture.width, height: picture.height, points };
    }
    for y in 1..height.saturating_sub(1) {
        let row = |y: usize| &picture.points[y * width..(y + 1) * width];
        let columns = row(y - 1).iter().zip(row(y)).zip(row(y + 1));
        let sorted = low.iter_mut().zip(&mut middle).zip(&mut high);
        for (((&a, &b), &c), ((low, middle), high)) in columns.zip(sorted) {
            *low = a.min(b).min(c);
            *middle = middle_of(a, b, c);
            *high = a.max(b).max(c);
        }
        let largest = low.iter().zip(&low[1..]).zip(&low[2..]).map(|((&a, &b), &c)| a.max(b).max(c));
        let middles = middle.iter().zip(&middle[1..]).zip(&middle[2..]).map(|((&a, &b), &c)| middle_of(a, b, c));
        let smallest = high.iter().zip(&high[1..]).zip(&high[2..]).map(|((&a, &b), &c)| a.min(b).min(c));
        let out = &mut points[y * width + 1..(y + 1) * width - 1];
        for (out, ((a, b), c)) in out.iter_mut().zip(largest.zip(middles).zip(smallest)) {
            *out = middle_of(a, b, c);
        }
    }
    Grey { width: picture.width, height: picture.height, points }
}

fn middle_of(a: u8, b: u8, c: u8) -> u8 {
    a.max(b).min(a.min(b).max(c))
}

/// Half as wide and high: each point is the mean of four. Odd last rows and columns are left out; of a picture that is one
/// point wide or high nothing remains.
pub(crate) fn halved(picture: Luma<'_>) -> Grey {
    let (width, height) = (picture.width / 2, picture.height / 2);
    if width == 0 || height == 0 {
        return Grey { width: 0, height: 0, points: Vec::new() };
    }
    let across = picture.width as usize;
    let mut points = Vec::with_capacity(width as usize * height as usize);
    for rows in picture.points.chunks_exact(2 * across) {
        let (upper, lower) = rows.split_at(across);
        let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
        points.extend(pairs.map(|(&[a, b], &[c, d])| {
            let sum = u16::from(a) + u16::from(b) + u16::from(c) + u16::from(d);
            ((sum + 2) / 4) as u8
        }));
    }
    Grey { width, height, points }
}

/// Twice as wide and high, in between by the mean of two neighbours or four.
pub(crate) fn doubled(picture: Luma<'_>) -> Grey {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let mean = |a: u8, b: u8| ((u16::from(a) + u16::from(b)) / 2) as u8;
    let mut points = Vec::with_capacity(4 * width * height);
    for y in 0..height {
        let row = &picture.points[y * width..(y + 1) * width];
        let below = &picture.points[(y + 1).min(height - 1) * width..][..width];
        let between: Vec<u8> = row.iter().zip(below).map(|(&a, &b)| mean(a, b)).collect();
        for line in [row, &between] {
            for (x, &point) in line.iter().enumerate() {
                points.push(point);
                points.push(mean(point, line[(x + 1).min(width - 1)]));
            }
        }
    }
    Grey { width: 2 * picture.width, height: 2 * picture.height, points }
}

/// Each point goes `times` further away from the mean of its surroundings, a square that reaches `reach` points to each
/// side: what blur has levelled stands out again.
// Sums are carried along, down the columns and across the row, so that the reach costs nothing.
pub(crate) fn sharpened(picture: Luma<'_>, reach: u32, times: i32) -> Grey {
    let (width, height, reach) = (picture.width as usize, picture.height as usize, i64::from(reach));
    if picture.points.is_empty() {
        return Grey { width: 0, height: 0, points: Vec::new() };
    }
    let row = |y: i64| &picture.points[y.clamp(0, height as i64 - 1) as usize * width..][..width];
    let mut columns = vec![0_i32; width];
    for y in -reach..=reach {
        columns.iter_mut().zip(row(y)).for_each(|(sum, &point)| *sum += i32::from(point));
    }
    let side = 2 * reach as i32 + 1;
    let share = (1 << 16) / (side * side);
    let mut sums = vec![0_i32; width];
    let mut points = Vec::with_capacity(width * height);
    for y in 0..height as i64 {
        let column = |x: i64| columns[x.clamp(0, width as i64 - 1) as usize];
        let mut sum: i32 = (-reach..=reach).map(column).sum();
        for (x, out) in (0..).zip(&mut sums) {
            *out = sum;
            sum += column(x + reach + 1) - column(x - reach);
        }
        points.extend(row(y).iter().zip(&sums).map(|(&point, &sum)| {
            let (point, mean) = (i32::from(point), (sum * share) >> 16);
            (point + times * (point - mean)).clamp(0, 255) as u8
        }));
        let leaving = row(y - reach).iter().zip(row(y + reach + 1));
        for (sum, (&out, &into)) in columns.iter_mut().zip(leaving) {
            *sum += i32::from(into) - i32::from(out);
        }
    }
    Grey { width: picture.width, height: picture.height, points }
}

/// Black for white.
pub(crate) fn inverted(picture: Luma<'_>) -> Grey {
    let points = picture.points.iter().map(|point| 255 - point).collect();
    Grey { width: picture.width, height: picture.height, points }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_and_bytes_must_agree() {
        assert!(Luma::new(3, 2, &[0; 6]).is_ok());
        assert_eq!(Luma::new(3, 2, &[0; 5]).err(), Some(Misshapen::Uneven { width: 3, height: 2, bytes: 5 }));
        assert_eq!(Luma::new(0, 7, &[]).err(), Some(Misshapen::Uneven { width: 0, height: 7, bytes: 0 }));
        // 65,536 × 65,536 is nothing at all in 32 bits.
        assert_eq!(Luma::new(65_536, 65_536, &[]).err(), Some(Misshapen::TooLarge(1 << 32)));
    }

    #[test]
    fn the_median_takes_a_lonely_point_away_and_leaves_an_edge() {
        let mut points = [200; 48];
        points[8 * 2 + 3] = 0;
        let picture = median(Luma::new(8, 6, &points).unwrap());
        assert!(picture.points.iter().all(|&point| point == 200));

        let edge: Vec<u8> = (0..48).map(|at| if at % 8 < 4 { 10 } else { 240 }).collect();
        assert_eq!(median(Luma::new(8, 6, &edge).unwrap()).points, edge);
    }

    #[test]
    fn the_median_is_the_middle_of_nine() {
        let points: Vec<u8> = (0..99_u32).map(|at| (at * at * 31 + at * 7) as u8).collect();
        let picture = median(Luma::new(11, 9, &points).unwrap());
        for y in 1..8 {
            for x in 1..10 {
                let mut nine: Vec<u8> = (0..9).map(|n| points[(y + n / 3 - 1) * 11 + x + n % 3 - 1]).collect();
                nine.sort_unstable();
                assert_eq!(picture.points[y * 11 + x], nine[4], "at {x}, {y}");
            }
        }
    }

    #[test]
    fn half_and_double() {
        let points = [0, 4, 100, 100, 7, 8, 12, 100, 100, 7, 9, 9, 9, 9, 9];
        let half = halved(Luma::new(5, 3, &points).unwrap());
        assert_eq!((half.width, half.height, half.points), (2, 1, vec![6, 100]));

        let double = doubled(Luma::new(2, 2, &[0, 100, 200, 100]).unwrap());
        assert_eq!((double.width, double.height), (4, 4));
        assert_eq!(double.points, [0, 50, 100, 100, 100, 100, 100, 100, 200, 150, 100, 100, 200, 150, 100, 100]);
    }

    #[test]
    fn sharpening_leaves_even_paper_alone_and_parts_what_differs() {
        let even = vec![130; 20 * 9];
        let sharp = sharpened(Luma::new(20, 9, &even).unwrap(), 3, 3);
        assert!(sharp.points.iter().all(|&point| point.abs_diff(130) <= 3), "rounding apart");

        let mut spot = even;
        spot[4 * 20 + 10] = 110;
        let sharp = sharpened(Luma::new(20, 9, &spot).unwrap(), 3, 3);
        assert!(sharp.points[4 * 20 + 10] <= 55);
    }

    #[test]
    fn the_narrowest_pictures_are_taken_too() {
        for (width, height) in [(1, 1), (1, 9), (9, 1), (2, 2), (3, 3)] {
            let points = vec![9; (width * height) as usize];
            let picture = Luma::new(width, height, &points).unwrap();
            assert_eq!(median(picture).points, points);
            assert_eq!(sharpened(picture, 4, 1).points.len(), points.len());
            let half = halved(picture);
            assert_eq!(half.points.len() as u32, (width / 2) * (height / 2));
            assert_eq!(sharpened(half.luma(), 3, 3).points.len(), half.points.len());
            assert_eq!(doubled(picture).points.len(), 4 * points.len());
        }
    }
}
