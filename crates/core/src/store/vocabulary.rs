//! The words of titles, inclusion terms and indexes, by which misspelt words are mended.
//!
//! They are read once for each state of a database, and only when a word is found nowhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::database::Store;
use crate::error::Result;

/// The words of a database, each with the number of texts that hold it.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    /// In the order of the alphabet, each with its count and its letters.
    words: Vec<(Box<str>, u32, u32)>,
}

/// Returns which letters a word has, a bit for each.
pub(crate) fn letters_of(word: &str) -> u32 {
    word.bytes()
        .fold(0, |letters, byte| letters | 1 << (byte & 31))
}

impl Vocabulary {
    /// Returns how many texts hold a word.
    pub(crate) fn count(&self, word: &str) -> u32 {
        let found = self
            .words
            .binary_search_by(|(known, ..)| known.as_ref().cmp(word));
        found
            .ok()
            .and_then(|at| self.words.get(at))
            .map_or(0, |(_, count, _)| *count)
    }

    /// Returns every word with its count and its letters, in the order of the alphabet.
    pub(crate) fn words(&self) -> impl Iterator<Item = (&str, u32, u32)> {
        let words = self.words.iter();
        words.map(|(word, count, letters)| (&**word, *count, *letters))
    }

    fn read(connection: &Connection) -> rusqlite::Result<Vocabulary> {
        let mut counts: HashMap<Box<str>, u32> = HashMap::new();
        // Titles of 7 characters repeat the words of those above them, or of the tables that they are built from.
        for texts in [
            "SELECT long_title FROM entry WHERE length(code) < 7",
            "SELECT note FROM tabular_note WHERE kind = 'inclusionTerm'",
            "SELECT title FROM index_term",
            "SELECT DISTINCT label FROM pcs_value",
        ] {
            let mut statement = connection.prepare(texts)?;
            let mut rows = statement.query([])?;
            let mut lower = String::new();
            while let Some(row) = rows.next()? {
                lower.clear();
                lower.extend(
                    row.get_ref(0)?
                        .as_str()?
                        .chars()
                        .flat_map(char::to_lowercase),
                );
                let words = lower.split(|c: char| !c.is_alphanumeric());
                for word in words.filter(|word| word.len() > 1) {
                    match counts.get_mut(word) {
                        Some(count) => *count += 1,
                        None => {
                            counts.insert(word.into(), 1);
                        }
                    }
                }
            }
        }
        let mut words: Vec<(Box<str>, u32, u32)> = counts
            .into_iter()
            .map(|(word, count)| {
                let letters = letters_of(&word);
                (word, count, letters)
            })
            .collect();
        words.sort_unstable();
        Ok(Vocabulary { words })
    }
}

/// How far the tables had been filled from which the words were read, and the words.
type Known = Option<([i64; 3], Arc<Vocabulary>)>;

/// The words of a database as far as they were read; several handles on one state share them.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedVocabulary(Arc<Mutex<Known>>);

impl Store {
    /// Shares the words with another handle on the same state, so that they are read once for both.
    pub fn share_words(&mut self, other: &Store) {
        self.vocabulary = other.vocabulary.clone();
    }

    /// Reads the words by which misspelt ones are mended, unless they are known: what the first such search waits for.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn read_words(&self) -> Result<()> {
        self.vocabulary().map(drop)
    }

    /// Returns the words of titles, inclusion terms and indexes.
    pub(crate) fn vocabulary(&self) -> Result<Arc<Vocabulary>> {
        let filled = super::search::Searchable::stored(&self.connection)
            .map_err(|error| self.error(error))?
            .numbers();
        // Whoever held it put a whole value in.
        let mut known = self
            .vocabulary
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((at, words)) = known.as_ref()
            && *at == filled
        {
            return Ok(Arc::clone(words));
        }
        let words = Vocabulary::read(&self.connection).map_err(|error| self.error(error))?;
        let words = Arc::new(words);
        *known = Some((filled, Arc::clone(&words)));
        Ok(words)
    }
}
