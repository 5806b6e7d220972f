//! Long lists, cut: by one rule wherever a list has an end that few read.

use crate::Style;

/// How many lines of a list stand at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) most: usize,
    /// How many more there may be before the list is cut: saying that there is more takes a line as well.
    pub(crate) spare: usize,
}

/// A list of lines.
pub(crate) const LINES: Cut = Cut { most: 12, spare: 2 };

impl Cut {
    /// Cuts after so many.
    pub(crate) const fn after(most: usize) -> Cut {
        Cut { most, spare: 0 }
    }

    /// Returns how many of so many are shown.
    pub(crate) fn shown(self, count: usize, style: Style) -> usize {
        if style.whole_lists || count <= self.most + self.spare {
            count
        } else {
            self.most
        }
    }

    /// Returns texts with commas between them, and how many more there are: `A00, A01 and 3 more`.
    pub(crate) fn joined(
        self,
        texts: impl ExactSizeIterator<Item = String>,
        style: Style,
    ) -> String {
        let count = texts.len();
        let shown = self.shown(count, style);
        let texts: Vec<String> = texts.take(shown).collect();
        let more = match count - shown {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        texts.join(", ") + &more
    }

    /// Returns the first lines of a list, and the rest, which a page folds away.
    pub(crate) fn split<T>(self, mut lines: Vec<T>) -> (Vec<T>, Vec<T>) {
        let rest = lines.split_off(self.shown(lines.len(), Style::PLAIN));
        (lines, rest)
    }
}

/// Returns the line that says how many more there are.
pub(crate) fn more_line(more: usize) -> String {
    format!("... and {more} more (--all shows them)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_where_that_spares_lines() {
        let whole = Style {
            whole_lists: true,
            ..Style::PLAIN
        };
        for (count, shown) in [(0, 0), (12, 12), (14, 14), (15, 12), (99, 12)] {
            assert_eq!(LINES.shown(count, Style::PLAIN), shown);
            assert_eq!(LINES.shown(count, whole), count);
        }
        let codes = || ["A", "B", "C"].map(str::to_owned).into_iter();
        assert_eq!(
            Cut::after(2).joined(codes(), Style::PLAIN),
            "A, B and 1 more"
        );
        assert_eq!(Cut::after(3).joined(codes(), Style::PLAIN), "A, B, C");
        assert_eq!(
            LINES.split((0..15).collect()),
            ((0..12).collect(), vec![12, 13, 14])
        );
    }
}
