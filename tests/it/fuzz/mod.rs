//! Inputs that nobody meant, made of good ones: every parser and every request takes them, or says what is wrong.
//!
//! Each target runs for `CODEYEAR_FUZZ_SECONDS` with a seed that is printed, and `CODEYEAR_SEED` states it; without either
//! for a second, with the same seed each time. The input at which a target fails is kept in a file, whose name is printed.

mod claims;
mod releases;
#[cfg(feature = "serve")]
mod requests;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};
use std::path::Path;
use std::sync::Once;
use std::time::{Duration, Instant};

use crate::soundness::Chance;

/// No input may take longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest input.
const LONGEST: usize = 256 * 1024;

/// Numbers where limits are.
const NUMBERS: [&str; 9] = [
    "0",
    "-1",
    "1e308",
    "255",
    "65536",
    "2147483648",
    "4294967296",
    "18446744073709551616",
    "0.0000001",
];

/// Makes inputs from good ones, and words that mean something in them.
struct Inputs<'s> {
    seeds: &'s [Vec<u8>],
    words: &'s [&'s str],
    chance: Chance,
}

impl Inputs<'_> {
    fn seed(&mut self) -> &[u8] {
        &self.seeds[self.chance.below(self.seeds.len())]
    }

    /// Returns where some bytes of an input stand, mostly few.
    fn place(&mut self, length: usize) -> std::ops::Range<usize> {
        let from = self.chance.below(length + 1);
        let most = [1, 4, 16, 256, length.max(1)][self.chance.below(5)];
        from..(from + self.chance.below(most + 1)).min(length)
    }

    fn word(&mut self) -> Vec<u8> {
        match self.chance.below(4) {
            0 => NUMBERS[self.chance.below(NUMBERS.len())].into(),
            1 => vec![u8::try_from(self.chance.below(256)).unwrap()],
            _ => self.words[self.chance.below(self.words.len())].into(),
        }
    }

    /// Makes the next input.
    fn next(&mut self) -> Vec<u8> {
        let mut input = self.seed().to_vec();
        for _ in 0..=self.chance.below(4) {
            let place = self.place(input.len());
            match self.chance.below(9) {
                0 => {
                    let bit = 1 << self.chance.below(8);
                    if let Some(byte) = input.get_mut(place.start) {
                        *byte ^= bit;
                    }
                }
                1 => {
                    input.drain(place);
                }
                2 => input.truncate(place.start),
                // The same once more, or very often.
                3 => {
                    let part = input[place.clone()].to_vec();
                    let most = LONGEST / part.len().max(1);
                    let times = [1, 2, most.min(1_000)][self.chance.below(3)];
                    let at = place.start;
                    input.splice(at..at, part.repeat(times));
                }
                // What stands elsewhere, in this one or another.
                4 => {
                    let other = self.seed().to_vec();
                    let part = self.place(other.len());
                    input.splice(place, other[part].iter().copied());
                }
                5 => {
                    let mut lines: Vec<Vec<u8>> = input
                        .split_inclusive(|byte| *byte == b'\n')
                        .map(<[u8]>::to_vec)
                        .collect();
                    if lines.len() > 1 {
                        let (a, b) = (
                            self.chance.below(lines.len()),
                            self.chance.below(lines.len()),
                        );
                        lines.swap(a, b);
                    }
                    input = lines.concat();
                }
                _ => {
                    let word = self.word();
                    input.splice(place, word);
                }
            }
            input.truncate(LONGEST);
        }
        input
    }
}

/// Sets a panic hook that leaves out what becomes an error of a file.
fn be_quiet_of_what_is_contained() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !codeyear::claims::is_contained() {
                before(panic);
            }
        }));
    });
}

/// Tries inputs on a target until its time is over; the target returns whether it took one. A first one that fails ends
/// it.
#[allow(clippy::print_stdout, reason = "the runner shows it if the test fails")]
fn fuzz(name: &str, seeds: &[Vec<u8>], words: &[&str], mut target: impl FnMut(&[u8]) -> bool) {
    be_quiet_of_what_is_contained();
    let stated = std::env::var("CODEYEAR_FUZZ_SECONDS").ok();
    let chance = match stated {
        Some(_) => Chance::new(),
        // What every test run tries is the same each time.
        None => Chance::from_seed(1),
    };
    let seconds = stated.map_or(1.0, |seconds| seconds.parse().unwrap());
    let mut inputs = Inputs {
        seeds,
        words,
        chance,
    };
    let taken = seeds.iter().filter(|seed| target(seed)).count();
    assert!(taken > 0, "{name}: nothing good is taken");
    let begun = Instant::now();
    let mut tried = 0u64;
    while begun.elapsed().as_secs_f64() < seconds {
        let input = inputs.next();
        let since = Instant::now();
        let failed = catch_unwind(AssertUnwindSafe(|| target(&input))).err();
        let is_slow = since.elapsed() > PATIENCE;
        if failed.is_some() || is_slow {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
            std::fs::write(&kept, &input).unwrap();
            println!("{name}: input {tried}, kept as {}", kept.display());
        }
        if let Some(failed) = failed {
            resume_unwind(failed);
        }
        assert!(!is_slow, "{name}: an input took {:?}", since.elapsed());
        tried += 1;
    }
    println!("{name}: {tried} inputs");
    assert!(tried > 0);
}
