//! Thrift's compact protocol, as far as the headers of a Parquet file have to be looked at before a library takes
//! them at their word. Nothing here allocates by a number that stands in a file.

/// How deep structures may stand within one another; those of Parquet need four.
const MAX_DEPTH: u8 = 32;

/// A type of a field.
const BYTE: u8 = 3;
const I16: u8 = 4;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;
const UUID: u8 = 13;

/// Bytes in the compact protocol, read from the first on. `None` is returned for what does not follow it.
#[derive(Debug, Clone)]
pub(super) struct Thrift<'b> {
    bytes: &'b [u8],
}

/// A field of a structure: its number and its type.
pub(super) type FieldHead = (i64, u8);

impl<'b> Thrift<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Thrift<'b> {
        Thrift { bytes }
    }

    /// Returns how many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len()
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn pass(&mut self, length: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(length).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// Reads a number of 16, 32 or 64 bits.
    pub(super) fn number(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// Reads the head of the field behind that of a number; `Some(None)` at the end of the structure.
    fn field(&mut self, before: i64) -> Option<Option<FieldHead>> {
        let byte = self.byte()?;
        if byte == 0 {
            return Some(None);
        }
        let number = match byte >> 4 {
            0 => self.number()?,
            more => before.checked_add(i64::from(more))?,
        };
        Some(Some((number, byte & 0x0f)))
    }

    /// Reads a structure: each field is read by `read`, or passed over where that returns false.
    pub(super) fn fields(
        &mut self,
        mut read: impl FnMut(&mut Thrift<'b>, FieldHead) -> Option<bool>,
    ) -> Option<()> {
        let mut number = 0;
        while let Some(head) = self.field(number)? {
            number = head.0;
            if !read(self, head)? {
                self.skip(head.1, MAX_DEPTH)?;
            }
        }
        Some(())
    }

    /// Reads how many items a list has: each has a byte at least.
    pub(super) fn list(&mut self) -> Option<(usize, u8)> {
        let head = self.byte()?;
        let size = match head >> 4 {
            15 => usize::try_from(self.varint()?).ok()?,
            size => usize::from(size),
        };
        (size <= self.left()).then_some((size, head & 0x0f))
    }

    /// Passes over a value of a type.
    pub(super) fn skip(&mut self, kind: u8, depth: u8) -> Option<()> {
        let within = depth.checked_sub(1)?;
        match kind {
            // What is true or false is said by the type.
            1 | 2 => Some(()),
            BYTE => self.pass(1),
            I16..=I64 => self.varint().map(|_| ()),
            DOUBLE => self.pass(8),
            BINARY => {
                let length = self.varint()?;
                self.pass(length)
            }
            LIST | SET => {
                let (size, kind) = self.list()?;
                (0..size).try_for_each(|_| self.skip_item(kind, within))
            }
            MAP => {
                let size = self.varint()?;
                if size == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                (0..size).try_for_each(|_| {
                    self.skip_item(kinds >> 4, within)?;
                    self.skip_item(kinds & 0x0f, within)
                })
            }
            STRUCT => {
                let mut number = 0;
                while let Some((next, kind)) = self.field(number)? {
                    number = next;
                    self.skip(kind, within)?;
                }
                Some(())
            }
            UUID => self.pass(16),
            _ => None,
        }
    }

    /// Passes over an item of a list or a map, where a truth value has a byte of its own.
    fn skip_item(&mut self, kind: u8, depth: u8) -> Option<()> {
        match kind {
            1 | 2 => self.pass(1),
            kind => self.skip(kind, depth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_what_does_not_end_is_none() {
        for (bytes, number) in [
            (&[0][..], Some(0)),
            (&[1], Some(-1)),
            (&[2], Some(1)),
            (&[0x80, 1], Some(64)),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
                Some(i64::MIN),
            ),
            (&[0x80], None),
            (&[0xff; 11], None),
            (&[], None),
        ] {
            assert_eq!(Thrift::new(bytes).number(), number, "{bytes:?}");
        }
    }

    #[test]
    fn fields_are_read_by_number_and_others_are_passed_over() {
        // Field 1 is the number 5, field 3 the text "ab", field 4 a list of two truth values, field 20 a structure.
        let bytes = [
            0x15, 10, 0x28, 2, b'a', b'b', 0x19, 0x21, 1, 2, 0x0c, 40, 0x15, 2, 0, 0, 9,
        ];
        let mut seen = Vec::new();
        let mut thrift = Thrift::new(&bytes);
        let read = thrift.fields(|thrift, head| {
            seen.push(head);
            Some(head.0 == 1 && thrift.number()? == 5)
        });
        assert_eq!(read, Some(()));
        assert_eq!(seen, [(1, 5), (3, 8), (4, 9), (20, 12)]);
        assert_eq!(thrift.left(), 1);
    }

    #[test]
    fn lists_longer_than_the_file_and_endless_depth_are_none() {
        assert_eq!(Thrift::new(&[0xf5, 0xff, 0xff, 0x7f, 0]).list(), None);
        let deep = vec![0x1c; 100];
        assert_eq!(Thrift::new(&deep).skip(STRUCT, MAX_DEPTH), None);
        let mut whole = vec![0x1c; 20];
        whole.extend([0; 21]);
        assert_eq!(Thrift::new(&whole).skip(STRUCT, MAX_DEPTH), Some(()));
    }
}
