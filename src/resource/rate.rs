//! Rates of traffic as people write them: `900bit/s`, `1Mbit/s`, `2.5Gbit/s`. Units are decimal: 1 kbit is 1,000 bits.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::language::say;

/// The units, from small to large, in bits per second.
const UNITS: [(&str, u64); 4] = [("bit/s", 1), ("kbit/s", 1_000), ("Mbit/s", 1_000_000), ("Gbit/s", 1_000_000_000)];

/// How many bits pass in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u64);

/// Why a text is not a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RateError {
    /// A number alone.
    #[error("{}", say!("a rate needs a unit: `900bit/s`, `500kbit/s`, `1Mbit/s` or `2.5Gbit/s`"))]
    MissingUnit,
    /// Anything else that is no number and one of the units.
    #[error("{}", say!("a rate is a number and, without a blank, one of bit/s, kbit/s, Mbit/s and Gbit/s, such as `1Mbit/s`"))]
    Malformed,
    /// A part of a bit.
    #[error("{}", say!("a rate is a whole number of bits per second"))]
    PartOfABit,
    /// More bits than fit 64 bits.
    #[error("{}", say!("the rate is too high"))]
    TooHigh,
}

impl Rate {
    /// Returns the rate of so many bits per second.
    pub const fn of(bits_per_second: u64) -> Self {
        Self(bits_per_second)
    }

    /// Returns what [`Display`](fmt::Display) shows of it.
    pub fn rounded(self) -> Self {
        self.to_string().replace(' ', "").parse().unwrap_or(self)
    }

    /// Writes it for people to the last bit: `1.000001 Mbit/s`.
    pub fn exact(self) -> String {
        let (unit, scale) = UNITS.iter().rev().find(|(_, scale)| self.0 >= *scale).unwrap_or(&UNITS[0]);
        let places = scale.ilog10() as usize;
        let part = format!("{:0places$}", self.0 % scale);
        let part = part.trim_end_matches('0');
        let dot = if part.is_empty() { "" } else { "." };
        format!("{}{dot}{part} {unit}", self.0 / scale)
    }

    /// Returns how many bits per second it is.
    pub const fn bits_per_second(self) -> u64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (number, unit) =
            text.split_at(text.bytes().position(|byte| !byte.is_ascii_digit() && byte != b'.').unwrap_or(text.len()));
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        if whole.is_empty() || part.is_empty() || part.contains('.') {
            return Err(RateError::Malformed);
        }
        if unit.is_empty() {
            return Err(RateError::MissingUnit);
        }
        let (_, scale) = UNITS.iter().find(|(known, _)| *known == unit).ok_or(RateError::Malformed)?;
        let whole: u64 = whole.parse().map_err(|_| RateError::TooHigh)?;
        let part = part.trim_end_matches('0');
        let mut rest = 0;
        let mut digit = *scale;
        for byte in part.bytes() {
            if digit % 10 != 0 {
                return Err(RateError::PartOfABit);
            }
            digit /= 10;
            rest += u64::from(byte - b'0') * digit;
        }
        whole.checked_mul(*scale).and_then(|bits| bits.checked_add(rest)).map(Self).ok_or(RateError::TooHigh)
    }
}

impl fmt::Display for Rate {
    /// Writes it for people in the largest unit that it reaches, to three digits: `900 bit/s`, `12.3 Mbit/s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reached = UNITS.iter().enumerate().rev().find(|(_, (_, scale))| self.0 >= *scale);
        let (mut number, (mut unit, mut scale)) = reached.map_or((0, UNITS[0]), |(number, unit)| (number, *unit));
        // What rounds to a thousand is one of the next unit.
        if self.0 / scale == 999 && (self.0 % scale) * 2 >= scale && number + 1 < UNITS.len() {
            number += 1;
            (unit, scale) = UNITS[number];
        }
        let hundredths =
            |digits: u64| (u128::from(self.0) * u128::from(digits) + u128::from(scale) / 2) / u128::from(scale);
        let (places, digits) = match self.0 / scale {
            0..10 => (2, 100),
            10..100 => (1, 10),
            _ => (0, 1),
        };
        let scaled = hundredths(digits);
        let (whole, part) = (scaled / u128::from(digits), scaled % u128::from(digits));
        let part = format!("{part:0places$}");
        let part = part.trim_end_matches('0');
        if part.is_empty() || scale == 1 { write!(f, "{whole} {unit}") } else { write!(f, "{whole}.{part} {unit}") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_the_contract_names() {
        let bits = |text: &str| text.parse::<Rate>().map(Rate::bits_per_second);
        assert_eq!(bits("900bit/s"), Ok(900));
        assert_eq!(bits("500kbit/s"), Ok(500_000));
        assert_eq!(bits("1Mbit/s"), Ok(1_000_000));
        assert_eq!(bits("2.5Gbit/s"), Ok(2_500_000_000));
        assert_eq!(bits("1.50kbit/s"), Ok(1_500));
        assert_eq!(bits("0bit/s"), Ok(0));
    }

    #[test]
    fn writes_every_bit_where_that_is_asked_for() {
        for (bits, shown) in [
            (0, "0 bit/s"),
            (900, "900 bit/s"),
            (1_000_000, "1 Mbit/s"),
            (1_000_001, "1.000001 Mbit/s"),
            (1_500, "1.5 kbit/s"),
        ] {
            assert_eq!(Rate::of(bits).exact(), shown);
            assert_eq!(shown.replace(' ', "").parse(), Ok(Rate::of(bits)));
        }
        assert_eq!(Rate::of(1_000_001).rounded(), Rate::of(1_000_000));
        assert_eq!(Rate::of(999_999).rounded(), Rate::of(1_000_000));
    }

    #[test]
    fn refuses_everything_else_by_name() {
        for text in ["1", "1.5"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::MissingUnit), "{text:?}");
        }
        for text in [
            "",
            "Mbit/s",
            "1 Mbit/s",
            "1mbit/s",
            "1MBit/s",
            "1Mbps",
            "1MB/s",
            "-1bit/s",
            "1.bit/s",
            ".5Mbit/s",
            "1.2.3Mbit/s",
            "1Mibit/s",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::Malformed), "{text:?}");
        }
        for text in ["0.5bit/s", "1.0001kbit/s"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::PartOfABit), "{text:?}");
        }
        for text in ["99999999999999999999bit/s", "18446744074Gbit/s"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::TooHigh), "{text:?}");
        }
    }

    #[test]
    fn people_read_three_digits() {
        let shown = |bits| Rate::of(bits).to_string();
        assert_eq!(shown(0), "0 bit/s");
        assert_eq!(shown(999), "999 bit/s");
        assert_eq!(shown(1_000), "1 kbit/s");
        assert_eq!(shown(1_234_567), "1.23 Mbit/s");
        assert_eq!(shown(12_340_000), "12.3 Mbit/s");
        assert_eq!(shown(123_456_789), "123 Mbit/s");
        assert_eq!(shown(999_999_999), "1 Gbit/s");
        assert_eq!(shown(1_500_000_000_000), "1500 Gbit/s");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,20}|[0-9.]{0,22}[kMG]?bit/s") {
            prop_assert!(text.parse::<Rate>().map_or(true, |rate| !rate.to_string().is_empty()));
        }

        #[test]
        fn whole_bits_are_read_back(bits: u64) {
            prop_assert_eq!(format!("{bits}bit/s").parse(), Ok(Rate::of(bits)));
        }
    }
}
