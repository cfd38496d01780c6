//! Chance from a seed: equal seeds draw the same for ever, whatever a library or a machine does (splitmix64).
//!
//! For delays, worlds and faults that have to come again, never for anything that must not be guessed.

/// A generator; a copy draws what the original would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dice(u64);

/// What is added at each draw.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Dice {
    /// Starts a generator.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Draws 64 bits.
    pub fn bits(&mut self) -> u64 {
        let bits = mix(self.0);
        self.0 = self.0.wrapping_add(STEP);
        bits
    }

    /// Draws from 0 to `sides` - 1.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.bits() % sides
    }

    /// Draws from [0, 1).
    pub fn fraction(&mut self) -> f64 {
        fraction(self.bits())
    }
}

/// Makes of a number one that looks like chance, always the same.
pub fn mix(value: u64) -> u64 {
    let mut bits = value.wrapping_add(STEP);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// Returns the number in [0, 1) that the upper 53 of 64 bits make.
pub fn fraction(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_what_splitmix64_draws() {
        // The first values of the reference implementation for the seed 1234567.
        let mut dice = Dice::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| dice.bits()).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
        assert_eq!(Dice::new(7).bits(), mix(7));
        assert!((0.0..1.0).contains(&Dice::new(7).fraction()) && fraction(u64::MAX) < 1.0);
    }
}
