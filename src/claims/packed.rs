//! Codes packed into 42 bits: six for each character.

use crate::model::Code;

/// The bits of a character.
pub(super) const CHARACTER_BITS: u32 = 6;

/// Mixes a packed code: Fibonacci hashing, the upper bits of the product are well mixed.
pub(super) fn mix(packed: u64) -> u64 {
    packed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Gives the word and the bit of a packed code's mark.
pub(super) fn mark_of(packed: u64) -> (usize, u64) {
    let at = mix(packed) >> (u64::BITS - MARK_BITS);
    (usize::try_from(at >> 6).unwrap_or_default(), 1 << (at & 63))
}

pub(super) const MARK_BITS: u32 = 20;

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

/// Packs a code of up to 7 letters and digits, 6 bits each; `dot` allows one after the third character.
pub(super) fn pack(text: &[u8], dot: bool) -> Option<u64> {
    let mut packed = 0;
    let mut length = 0;
    for (at, byte) in text.iter().enumerate() {
        let value = VALUES.get(usize::from(*byte)).copied().unwrap_or_default();
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

/// Gives the code that was packed.
pub(super) fn unpack(mut packed: u64) -> Option<Code> {
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
    Code::from_plain(bytes.get(from..)?)
}
