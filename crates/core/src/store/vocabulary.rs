//! The words of titles, inclusion terms and indexes, by which misspelt words are mended.
//!
//! They are read once for each state of a database, and only when a word is found nowhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::database::Store;
use crate::error::Result;
use crate::model::{CodeSet, DocumentKind};

/// The words that a search of a code set knows, each with the number of texts that hold it.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    /// In the order of the alphabet.
    words: Arc<Vec<KnownWord>>,
    /// Whether those of the index of ICD-10-PCS count: names of devices and procedures would be taken for diagnoses.
    with_pcs_index: bool,
}

/// A word of a database.
#[derive(Debug)]
struct KnownWord {
    text: Box<str>,
    /// How many texts hold it, but for the index of ICD-10-PCS.
    count: u32,
    /// How many titles of the index of ICD-10-PCS hold it.
    in_pcs_index: u32,
    letters: u32,
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
            .binary_search_by(|known| known.text.as_ref().cmp(word));
        found
            .ok()
            .and_then(|at| self.words.get(at))
            .map_or(0, |known| self.count_of(known))
    }

    fn count_of(&self, known: &KnownWord) -> u32 {
        match self.with_pcs_index {
            true => known.count + known.in_pcs_index,
            false => known.count,
        }
    }

    /// Returns every word with its count and its letters, in the order of the alphabet.
    pub(crate) fn words(&self) -> impl Iterator<Item = (&str, u32, u32)> {
        let words = self.words.iter();
        let counted = words.map(|known| (&*known.text, self.count_of(known), known.letters));
        counted.filter(|(_, count, _)| *count > 0)
    }
}

impl KnownWord {
    /// Reads the words of a database, in the order of the alphabet.
    fn read_all(connection: &Connection) -> rusqlite::Result<Vec<KnownWord>> {
        let mut counts: HashMap<Box<str>, [u32; 2]> = HashMap::new();
        // Titles of 7 characters repeat the words of those above them, or of the tables that they are built from.
        for texts in [
            "SELECT long_title FROM entry WHERE length(code) < 7",
            "SELECT note FROM tabular_note WHERE kind = 'inclusionTerm'",
            "SELECT title FROM index_term",
            "SELECT DISTINCT label FROM pcs_value",
            PCS_INDEX_TITLES,
        ] {
            let counted = usize::from(texts == PCS_INDEX_TITLES);
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
                    let counts = match counts.get_mut(word) {
                        Some(there) => there,
                        None => counts.entry(word.into()).or_default(),
                    };
                    if let Some(count) = counts.get_mut(counted) {
                        *count += 1;
                    }
                }
            }
        }
        let mut words: Vec<KnownWord> = counts
            .into_iter()
            .map(|(text, [count, in_pcs_index])| KnownWord {
                letters: letters_of(&text),
                text,
                count,
                in_pcs_index,
            })
            .collect();
        words.sort_unstable_by(|a, b| a.text.cmp(&b.text));
        Ok(words)
    }
}

const PCS_INDEX_TITLES: &str = "SELECT title FROM pcs_index_term WHERE title IS NOT NULL";

/// How far the tables had been filled from which the words were read, and the words.
type Known = Option<([i64; 4], Arc<Vec<KnownWord>>)>;

/// The words of a database as far as they were read; several handles on one state share them.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedVocabulary(Arc<Mutex<Known>>);

impl Store {
    /// Shares with another handle on the same state what is read whole, the words and the codes that notes name, so
    /// that it is read once for both.
    pub fn share_reads(&mut self, other: &Store) {
        self.vocabulary = other.vocabulary.clone();
        self.note_codes = other.note_codes.clone();
    }

    /// Reads the words by which misspelt ones are mended, unless they are known: what the first such search waits for.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Store`] if the database cannot be read.
    pub fn read_words(&self) -> Result<()> {
        self.known_words().map(drop)
    }

    /// Returns the words of titles, inclusion terms and indexes, as a search of a code set knows them.
    pub(crate) fn vocabulary(&self, code_set: CodeSet) -> Result<Vocabulary> {
        Ok(Vocabulary {
            words: self.known_words()?,
            with_pcs_index: code_set.has(DocumentKind::PcsIndex),
        })
    }

    fn known_words(&self) -> Result<Arc<Vec<KnownWord>>> {
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
        let words = KnownWord::read_all(&self.connection).map_err(|error| self.error(error))?;
        let words = Arc::new(words);
        *known = Some((filled, Arc::clone(&words)));
        Ok(words)
    }
}
