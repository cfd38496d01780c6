//! Inputs with a few changes, fed to a reader by the thousand; shared with the unit tests of readers that nothing outside
//! their room can reach.

use std::time::{Duration, Instant};

/// Far above what any input of this size takes in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(5);

/// Splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) % limit.max(1) as u64).unwrap()
    }
}

/// What files are made of, for insertions.
const WORDS: [&[u8]; 24] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\"",
    b"\n",
    b"  ",
    b"- ",
    b"&a ",
    b"*a",
    b"!!str ",
    b"<<: ",
    b"null",
    b"true",
    b"1e999",
    b"-1",
    b"18446744073709551616",
    b"\0",
    b"\xff\xfe",
    b"\xe2\x80\xae",
    b"\x1b[2J",
    b"\\u0000",
];

/// Makes one to eight changes: bits, bytes, words, cuts, copies.
fn mutate(original: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=dice.below(8) {
        if bytes.is_empty() {
            break;
        }
        let at = dice.below(bytes.len());
        match dice.below(7) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => bytes[at] = u8::try_from(dice.below(256)).unwrap(),
            2 => bytes.truncate(at),
            3 => {
                let end = (at + dice.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => {
                let word = WORDS[dice.below(WORDS.len())];
                bytes.splice(at..at, std::iter::repeat_n(word, 1 + dice.below(3)).flatten().copied());
            }
            5 => {
                let end = (at + dice.below(200)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = dice.below(bytes.len());
                bytes.splice(to..to, copy);
            }
            _ => {
                let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
                let line = lines[dice.below(lines.len())].to_vec();
                bytes.extend(line);
            }
        }
    }
    bytes
}

/// Feeds mutations of every original to `read`, which returns whether it accepted them.
pub(crate) fn feed(name: &str, originals: &[Vec<u8>], read: impl Fn(&[u8]) -> bool) {
    let inputs = std::env::var("MUTATIONS").map_or(20_000, |inputs| inputs.parse::<usize>().unwrap());
    let mut dice = Dice(name.len() as u64);
    let (mut accepted, mut slowest) = (0, Duration::ZERO);
    for number in 0..inputs {
        let bytes = mutate(&originals[number % originals.len()], &mut dice);
        let began = Instant::now();
        accepted += usize::from(read(&bytes));
        slowest = slowest.max(began.elapsed());
        assert!(slowest < LONGEST, "{name}: {slowest:?} for {:?}", String::from_utf8_lossy(&bytes));
    }
    println!("{name}: {inputs} inputs, {accepted} accepted, slowest {slowest:?}");
}
