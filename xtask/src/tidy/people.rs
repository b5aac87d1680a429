//! Made-up people: an identity number that could be somebody's has no place in the repository.

use super::Findings;
use crate::tree::Tree;

/// Area codes beginning with these digits are given to nobody (GB/T 2260 has no 99).
const NOBODY: &str = "9901";

/// Examples printed in the standard itself (GB 11643-1999).
const STANDARD: [&str; 2] = ["11010519491231002X", "440524188001010014"];

/// Kinds of number whose first digits are their kind, so that no unused area exists: residence permits (81, 82, 83) and
/// cards of permanent residents (9). Their vectors live with the rule, and nowhere else.
const VECTORS: &str = "crates/core/src/checks/id_number/";

fn permit(number: &str) -> bool {
    number.starts_with("81") || number.starts_with("82") || number.starts_with("83") || number.starts_with('9')
}

pub(crate) fn check(tree: &Tree, found: &mut Findings) {
    for file in &tree.files {
        for (index, line) in file.text.lines().enumerate() {
            for number in numbers(line) {
                let vector = file.path.starts_with(VECTORS) && permit(number);
                if !number.starts_with(NOBODY) && !STANDARD.contains(&number) && !vector {
                    // The number itself is not repeated: it may be a real person's.
                    found.broken(&file.path, index + 1, "an identity number outside area 9901: make the person up");
                }
            }
        }
    }
}

/// Words of 18 digits that are identity numbers: a day of birth in the middle and a check digit that fits.
fn numbers(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| {
        let digits = word.as_bytes();
        digits.len() == 18 && digits[..17].iter().all(u8::is_ascii_digit) && born(word) && fits(digits)
    })
}

fn born(number: &str) -> bool {
    let part = |from: usize, to: usize| number[from..to].parse::<u32>().unwrap_or(0);
    (1850..2100).contains(&part(6, 10)) && (1..=12).contains(&part(10, 12)) && (1..=31).contains(&part(12, 14))
}

/// ISO 7064 MOD 11-2, as GB 11643 prescribes.
fn fits(digits: &[u8]) -> bool {
    let sum: u32 =
        digits[..17].iter().enumerate().map(|(at, digit)| u32::from(digit - b'0') * (1 << (17 - at)) % 11).sum();
    let check = (12 - sum % 11) % 11;
    let said = if digits[17].eq_ignore_ascii_case(&b'x') { 10 } else { u32::from(digits[17].wrapping_sub(b'0')) };
    check == said
}

#[cfg(test)]
mod tests {
    use super::{STANDARD, numbers};

    #[test]
    fn the_examples_of_the_standard_are_numbers() {
        for number in STANDARD {
            assert_eq!(numbers(number).collect::<Vec<_>>(), [number]);
        }
    }

    #[test]
    fn a_wrong_check_digit_is_no_number() {
        assert_eq!(numbers("110105194912310021 123456789012345678").count(), 0);
    }
}
