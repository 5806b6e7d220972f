//! Where delimiters and line feeds stand in a block.

/// How many bytes are looked at together, a bit for each.
const AT_ONCE: usize = u64::BITS as usize;

/// Returns one place after another. Fields are so short that a search for each would cost more than it finds.
pub(super) struct Marks<'b> {
    bytes: &'b [u8],
    delimiter: u8,
    /// Where the bytes begin that have not been looked at.
    next: usize,
    /// What is left of those looked at last.
    found: u64,
}

impl<'b> Marks<'b> {
    pub(super) fn new(bytes: &'b [u8], delimiter: u8) -> Marks<'b> {
        Marks {
            bytes,
            delimiter,
            next: 0,
            found: 0,
        }
    }
}

impl Iterator for Marks<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            // The last step may lead past the end: nothing is left then.
            let rest = self.bytes.get(self.next..).unwrap_or_default();
            self.found = match rest.first_chunk() {
                Some(bytes) => found(bytes, self.delimiter),
                None if rest.is_empty() => return None,
                None => {
                    let mut bytes = [0; AT_ONCE];
                    for (slot, byte) in bytes.iter_mut().zip(rest) {
                        *slot = *byte;
                    }
                    found(&bytes, self.delimiter) & ((1 << rest.len()) - 1)
                }
            };
            self.next += AT_ONCE;
        }
        let at = self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some(self.next - AT_ONCE + at)
    }
}

/// Sets the bit of each byte that is a delimiter or a line feed. Written so that compilers make a few instructions
/// for all the bytes of it.
#[inline]
fn found(bytes: &[u8; AT_ONCE], delimiter: u8) -> u64 {
    /// Another bit of each byte.
    const BITS: u64 = 0x8040_2010_0804_0201;
    const SUM: u64 = 0x0101_0101_0101_0101;
    let hits = bytes.map(|byte| {
        if (byte == delimiter) | (byte == b'\n') {
            u8::MAX
        } else {
            0
        }
    });
    let mut bits = [0; 8];
    for (bits, eight) in bits.iter_mut().zip(hits.as_chunks().0) {
        // The bits do not meet, so the sum of the bytes has them all; it comes to stand in the highest byte.
        let sum = (u64::from_le_bytes(*eight) & BITS).wrapping_mul(SUM);
        [.., *bits] = sum.to_le_bytes();
    }
    u64::from_le_bytes(bits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_mark_is_found_wherever_it_stands(bytes in "[a,\n\t\u{0}é]{0,300}", delimiter in 0u8..=255) {
            let bytes = bytes.as_bytes();
            let is_mark = |at: &usize| [Some(&delimiter), Some(&b'\n')].contains(&bytes.get(*at));
            let expected: Vec<usize> = (0..bytes.len()).filter(is_mark).collect();
            prop_assert_eq!(Marks::new(bytes, delimiter).collect::<Vec<usize>>(), expected);
        }
    }
}
