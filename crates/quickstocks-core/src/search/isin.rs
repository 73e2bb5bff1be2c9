//! International securities identification numbers (ISO 6166): two letters, nine letters or digits, a check digit.

/// What a text is, seen as an ISIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// One, and its check digit fits.
    Isin,
    /// It has the form of one, and its check digit does not fit.
    Mistyped,
    /// Something else.
    Other,
}

/// Reads a text, whatever its case.
pub(super) fn read(text: &str) -> Reading {
    let bytes = text.as_bytes();
    // A name of that length with a digit at its end ("Windsurfing2") has few digits before; a number in an ISIN has most of them.
    let looks_so = bytes.len() == 12
        && bytes[..2].iter().all(u8::is_ascii_alphabetic)
        && bytes[2..].iter().all(u8::is_ascii_alphanumeric)
        && bytes[11].is_ascii_digit()
        && bytes[2..11].iter().filter(|byte| byte.is_ascii_digit()).count() >= 3;
    if !looks_so {
        return Reading::Other;
    }
    if checks(text) { Reading::Isin } else { Reading::Mistyped }
}

/// Luhn's sum over the digits, where a letter stands for two: A is 10, Z is 35.
fn checks(text: &str) -> bool {
    let values = text.chars().filter_map(|c| c.to_digit(36));
    let digits: Vec<u32> = values.flat_map(|value| [value / 10, value % 10].into_iter().skip(usize::from(value < 10))).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| if place.is_multiple_of(2) { *digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_numbers_are_told_from_mistyped_ones_and_from_names() {
        for (text, expect) in [
            ("US0378331005", Reading::Isin),
            ("us0378331005", Reading::Isin),
            ("GB00B03MLX29", Reading::Isin),
            ("DE0007164600", Reading::Isin),
            ("US0378331006", Reading::Mistyped),
            ("US0378313005", Reading::Mistyped),
            ("US037833100", Reading::Other),
            ("US03783310055", Reading::Other),
            ("Windsurfing2", Reading::Other),
            ("3M0378331005", Reading::Other),
            ("US037833100X", Reading::Other),
            ("Berkshire Ha", Reading::Other),
            ("", Reading::Other),
        ] {
            assert_eq!(read(text), expect, "{text}");
        }
    }
}
