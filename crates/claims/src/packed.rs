//! Codes packed into 42 bits: six for each character.

#![allow(
    clippy::indexing_slicing,
    reason = "the table has an entry for every byte"
)]

use codeyear_core::model::{Code, CodeSet};

/// The bits of a character.
pub(super) const CHARACTER_BITS: u32 = 6;

/// Mixes a packed code: Fibonacci hashing, the upper bits of the product are well mixed.
pub(super) fn mix(packed: u64) -> u64 {
    packed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Returns the word and the bits of a packed code's mark.
pub(super) fn mark_of(packed: u64) -> (usize, u64) {
    let mixed = mix(packed);
    let at = mixed >> (u64::BITS - MARK_BITS);
    // Two bits of one word: so it is read once, and few others have both.
    let bits = 1 << (at & 63) | 1 << ((mixed >> 32) & 63);
    (usize::try_from(at >> 6).unwrap_or_default(), bits)
}

pub(super) const MARK_BITS: u32 = 21;

pub(super) fn trim(text: &[u8]) -> &[u8] {
    // What a code may stand between, mostly nothing; `parse_code` trims the rest of what Unicode calls blank.
    text.trim_ascii()
}

/// The values of characters in a packed code: digits 1 to 10, letters of either case 11 to 36.
const VALUES: [u8; 256] = {
    let mut values = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[allow(
            clippy::indexing_slicing,
            clippy::cast_possible_truncation,
            reason = "a constant: both are checked while compiling"
        )]
        {
            let character = byte as u8;
            values[byte] = match character {
                b'0'..=b'9' => character - b'0' + 1,
                b'A'..=b'Z' => character - b'A' + 11,
                b'a'..=b'z' => character - b'a' + 11,
                _ => 0,
            };
        }
        byte += 1;
    }
    values
};

/// How many codes of three characters there could be, of which some may be missing.
pub(super) const CATEGORIES: usize = 37 * 37 * 37;

/// Returns the numbers of all categories that begin as a code does, or the one that it belongs to. They are in the
/// order of codes.
pub(super) fn categories_of(prefix: &Code) -> std::ops::Range<usize> {
    let (mut first, mut count) = (0, 1);
    for at in 0..3 {
        let value = prefix
            .as_bytes()
            .get(at)
            .map_or(0, |byte| VALUES[usize::from(*byte)]);
        first = first * 37 + usize::from(value);
        if at >= prefix.len() {
            count *= 37;
        }
    }
    first..first + count
}

/// Packs a code of up to 7 letters and digits, 6 bits each; `dot` allows one after the third character.
pub(super) fn pack(text: &[u8], dot: bool) -> Option<u64> {
    let mut packed = 0;
    let mut length = 0;
    for (at, byte) in text.iter().enumerate() {
        let value = VALUES[usize::from(*byte)];
        if value == 0 {
            if dot && *byte == b'.' && at == 3 && text.len() > 4 {
                continue;
            }
            return None;
        }
        packed = (packed << CHARACTER_BITS) | u64::from(value);
        length += 1;
    }
    (1..=7).contains(&length).then_some(packed)
}

/// Packs the code in the first bytes of a text as [`pack`] does, all its characters side by side; `None` also for
/// what is spelled in small letters.
#[inline]
pub(super) fn pack_short(text: &[u8; 8], length: usize, dot: bool) -> Option<u64> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    if !(1..=8).contains(&length) {
        return None;
    }
    let mut length = length as u32;
    let mut word = u64::from_be_bytes(*text) >> (u64::BITS - 8 * length);
    let [_, _, _, fourth, ..] = text;
    if dot && length > 4 && *fourth == b'.' {
        let after = 8 * (length - 4);
        word = ((word >> (after + 8)) << after) | (word & ((1 << after) - 1));
        length -= 1;
    }
    if length > 7 || word & HIGH != 0 {
        return None;
    }
    let all = (1 << (8 * length)) - 1;
    // The high bit of each byte says whether it is at least so much.
    let at_least = |least: u8| word + u64::from(0x80 - least) * ONES;
    let digits = at_least(b'0') & !at_least(b'9' + 1);
    let letters = at_least(b'A') & !at_least(b'Z' + 1);
    if (digits | letters) & HIGH != all & HIGH {
        return None;
    }
    // Digits are 1 to 10, letters 11 to 36: seven characters less lie between them than in ASCII.
    let before_zero = (u64::from(b'0' - 1) * ONES) & all;
    let values = word - before_zero - ((letters & HIGH) >> 7) * 7;
    // Two characters at a time, then four, then all.
    let twos = (values & 0x00ff_00ff_00ff_00ff) | ((values & 0xff00_ff00_ff00_ff00) >> 2);
    let fours = (twos & 0x0000_0fff_0000_0fff) | ((twos & 0x0fff_0000_0fff_0000) >> 4);
    Some((fours & 0x00ff_ffff) | ((fours >> 32) << (4 * CHARACTER_BITS)))
}

/// The bits of the number of a life, which stands behind a packed code.
pub(super) const LIFE_BITS: u32 = 22;

/// Returns the life in a slot if it is that of a packed code.
#[inline]
pub(super) fn life_in(slot: u64, packed: u64) -> Option<u16> {
    if slot >> LIFE_BITS != packed {
        return None;
    }
    let life = slot & ((1 << LIFE_BITS) - 1);
    u16::try_from(life.checked_sub(1)?).ok()
}

/// Returns the code that was packed.
pub(super) fn unpack(code_set: CodeSet, mut packed: u64) -> Option<Code> {
    let mut bytes = [0; 7];
    let mut from = bytes.len();
    while packed != 0 {
        from = from.checked_sub(1)?;
        let value = u8::try_from(packed & ((1 << CHARACTER_BITS) - 1)).ok()?;
        *bytes.get_mut(from)? = match value {
            1..=10 => b'0' + value - 1,
            11..=36 => b'A' + value - 11,
            _ => return None,
        };
        packed >>= CHARACTER_BITS;
    }
    Code::from_plain(code_set, bytes.get(from..)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_code_packed_at_once_is_the_same(
            text in "[A-Z0-9][0-9][A-Z0-9]?[.]?[A-Z0-9.:@\\[/ aé]{0,5}",
            after in "[A-Z,]{8}",
            dot: bool,
        ) {
            let mut bytes = [0; 8];
            for (slot, byte) in bytes.iter_mut().zip(text.bytes().chain(after.bytes())) {
                *slot = byte;
            }
            let expected = pack(text.as_bytes(), dot)
                .filter(|_| text.len() <= 8 && !text.bytes().any(|byte| byte.is_ascii_lowercase()));
            prop_assert_eq!(pack_short(&bytes, text.len(), dot), expected);
        }
    }
}
