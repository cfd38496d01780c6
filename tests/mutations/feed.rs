//! Inputs with a few changes, fed to a reader by the thousand; shared with the unit tests of readers that nothing outside
//! their room can reach.

use std::time::{Duration, Instant};

/// Far above what any input of this size takes in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(5);

/// How many inputs each reader gets where nobody says.
const FEW: usize = 20_000;

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

/// What is copied of a line; of a file without line ends it would be all.
const LONGEST_LINE: usize = 1000;

/// Makes `bytes` the original with one to eight changes: bits, bytes, words, cuts, copies.
fn mutate(bytes: &mut Vec<u8>, original: &[u8], dice: &mut Dice) {
    bytes.clear();
    bytes.extend_from_slice(original);
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
                for _ in 0..=dice.below(3) {
                    bytes.splice(at..at, word.iter().copied());
                }
            }
            5 => {
                let end = (at + dice.below(200)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = dice.below(bytes.len());
                bytes.splice(to..to, copy);
            }
            _ => {
                let is_end = |byte: &u8| *byte == b'\n';
                let start = bytes[..at].iter().rposition(is_end).map_or(0, |before| before + 1);
                let end = bytes[at..].iter().position(is_end).map_or(bytes.len(), |end| at + end + 1);
                bytes.extend_from_within(start..end.min(start + LONGEST_LINE));
            }
        }
    }
}

/// Returns how many inputs each reader gets.
fn wanted() -> usize {
    std::env::var("MUTATIONS").map_or(FEW, |inputs| inputs.parse().unwrap())
}

/// Feeds mutations of every original to `read`, which returns whether it accepted them.
pub(crate) fn feed(name: &str, originals: &[Vec<u8>], read: impl FnMut(&[u8]) -> bool) {
    feed_times(wanted(), name, originals, read);
}

/// Feeds a few inputs only: for a reader that is fed elsewhere in full, or writes files.
#[allow(dead_code, reason = "the unit tests of the crate have no such reader")]
pub(crate) fn feed_few(name: &str, originals: &[Vec<u8>], read: impl FnMut(&[u8]) -> bool) {
    feed_times(FEW / 20, name, originals, read);
}

fn feed_times(inputs: usize, name: &str, originals: &[Vec<u8>], mut read: impl FnMut(&[u8]) -> bool) {
    let mut dice = Dice(name.len() as u64);
    let (mut accepted, mut slowest) = (0, Duration::ZERO);
    let (mut bytes, began) = (Vec::new(), Instant::now());
    let mut last = began;
    for number in 0..inputs {
        mutate(&mut bytes, &originals[number % originals.len()], &mut dice);
        accepted += usize::from(read(&bytes));
        let now = Instant::now();
        slowest = slowest.max(now - last);
        assert!(slowest < LONGEST, "{name}: {slowest:?} for {:?}", String::from_utf8_lossy(&bytes));
        last = now;
    }
    println!("{name}: {inputs} inputs, {accepted} accepted, {:.0?} together, slowest {slowest:.1?}", last - began);
}
