//! Words with the codes and days in them, which each format writes in its own way.

use chrono::NaiveDate;
use codeyear_core::model::Code;

use crate::marks::mark;

/// Words, codes and days in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// The spans.
    pub spans: Vec<Span>,
}

/// A stretch of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// What stands there.
    pub what: What,
    /// How it is meant.
    pub tone: Tone,
}

/// What stands in a stretch of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Words.
    Words(String),
    /// A code.
    Code(Code),
    /// A day.
    Day(NaiveDate),
    /// An arrow, from what was to what is.
    Arrow,
}

/// How a stretch of a text is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// As the rest.
    #[default]
    Plain,
    /// What stands out.
    Strong,
    /// What only those look for who ask where it comes from.
    Quiet,
    /// What is to be wished.
    Good,
    /// What is not.
    Bad,
    /// What is not certain.
    Doubtful,
    /// What the wording before did not have.
    New,
}

impl Text {
    /// Returns the text with words at its end.
    pub fn words(self, words: impl Into<String>) -> Text {
        self.toned(words, Tone::Plain)
    }

    /// Returns the text with words of a tone at its end.
    pub fn toned(mut self, words: impl Into<String>, tone: Tone) -> Text {
        let what = What::Words(words.into());
        self.spans.push(Span { what, tone });
        self
    }

    /// Returns the text with a code at its end.
    pub fn code(self, code: Code) -> Text {
        self.code_toned(code, Tone::Plain)
    }

    /// Returns the text with a code of a tone at its end.
    pub fn code_toned(mut self, code: Code, tone: Tone) -> Text {
        let what = What::Code(code);
        self.spans.push(Span { what, tone });
        self
    }

    /// Returns the text with a day at its end.
    pub fn day(mut self, day: NaiveDate) -> Text {
        let (what, tone) = (What::Day(day), Tone::Plain);
        self.spans.push(Span { what, tone });
        self
    }

    /// Returns the text with an arrow at its end, between blanks.
    pub fn arrow(mut self) -> Text {
        let (what, tone) = (What::Arrow, Tone::Plain);
        self.spans.push(Span { what, tone });
        self
    }

    /// Returns the text with another one at its end.
    pub fn text(mut self, other: Text) -> Text {
        self.spans.extend(other.spans);
        self
    }

    /// Checks whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Returns clauses as a sentence of prose: joined by semicolons, with a capital and a full stop.
    pub fn prose(clauses: &[Text]) -> Text {
        let mut text = Text::joined(clauses.iter().cloned(), "; ");
        if let Some(first) = text.spans.first_mut()
            && let What::Words(words) = &mut first.what
        {
            *words = capital(words);
        }
        let is_closed = text.spans.last().is_some_and(|last| match &last.what {
            What::Words(words) => words.ends_with(['.', ':', '?']),
            What::Code(_) | What::Day(_) | What::Arrow => false,
        });
        if is_closed { text } else { text.words(".") }
    }

    /// Returns a wording with those of its words marked that another one before it has not.
    pub fn reworded(old: &str, new: &str) -> Text {
        let (_, pieces) = mark(old, new);
        pieces.into_iter().fold(Text::default(), |text, piece| {
            let tone = if piece.changed {
                Tone::New
            } else {
                Tone::Plain
            };
            text.toned(piece.text, tone)
        })
    }

    /// Joins texts by words between them.
    pub fn joined(texts: impl IntoIterator<Item = Text>, between: &str) -> Text {
        texts.into_iter().fold(Text::default(), |all, text| {
            if all.is_empty() {
                text
            } else {
                all.words(between).text(text)
            }
        })
    }
}

impl From<String> for Text {
    fn from(words: String) -> Text {
        Text::default().words(words)
    }
}

impl From<&str> for Text {
    fn from(words: &str) -> Text {
        Text::default().words(words)
    }
}

/// Returns words with a capital; the name of the program has none.
pub(crate) fn capital(words: &str) -> String {
    if words.starts_with("codeyear ") {
        return words.to_owned();
    }
    let mut rest = words.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.chain(rest.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::day;

    #[test]
    fn clauses_become_a_sentence_of_prose() {
        let clauses = [
            Text::from("it takes effect on ").day(day("2026-10-01")),
            "a release before that one is not loaded".into(),
        ];
        let said = crate::render::plain_words(&Text::prose(&clauses));
        let wanted = "It takes effect on 2026-10-01; a release before that one is not loaded.";
        assert_eq!(said, wanted);
        let closed = crate::render::plain_words(&Text::prose(&["No changes.".into()]));
        assert_eq!(closed, "No changes.");
    }
}
