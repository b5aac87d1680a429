//! Rates: always numerator and denominator, two decimals, half up.

/// A rate that keeps what it was made of. "81 %" for 898 of 1120 (it is 80.18 %) is why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Rate {
    /// Numerator.
    pub n: u64,
    /// Denominator.
    pub d: u64,
}

impl Rate {
    /// Hundredths of a percent, rounded half up; 80.18 % is 8018. `None` for a zero denominator
    /// and for a value too large to be a rate.
    #[must_use]
    pub fn hundredths(self) -> Option<u64> {
        if self.d == 0 {
            return None;
        }
        let (n, d) = (u128::from(self.n), u128::from(self.d));
        u64::try_from((n * 20_000 + d) / (2 * d)).ok()
    }

    /// With what it was made of: `80.18%（898/1120）`.
    #[must_use]
    pub fn in_full(self) -> String {
        format!("{self}（{}/{}）", self.n, self.d)
    }
}

/// `80.18%`, and `—` for a zero denominator.
impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.hundredths() {
            Some(value) => write!(f, "{}.{:02}%", value / 100, value % 100),
            None => f.write_str("—"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_decimals_half_up() {
        for (n, d, shown) in [
            (898, 1120, "80.18%"),
            (3993, 4028, "99.13%"),
            (3952, 4028, "98.11%"),
            (528, 1266, "41.71%"),
            (2719, 2829, "96.11%"),
            (1, 3, "33.33%"),
            (2, 3, "66.67%"),
            // Exactly half of the last decimal: 0.005 % and 12.345 %.
            (1, 20_000, "0.01%"),
            (2469, 20_000, "12.35%"),
            (0, 5, "0.00%"),
            (5, 5, "100.00%"),
            (7, 5, "140.00%"),
            (5, 0, "—"),
            (0, 0, "—"),
        ] {
            assert_eq!(Rate { n, d }.to_string(), shown, "{n}/{d}");
        }
        assert_eq!(Rate { n: 898, d: 1120 }.in_full(), "80.18%（898/1120）");
        assert_eq!(Rate { n: 0, d: 0 }.in_full(), "—（0/0）");
        assert_eq!(Rate { n: u64::MAX, d: 1 }.hundredths(), None);
    }
}
