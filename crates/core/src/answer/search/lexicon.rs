//! The reviewed files of words that people use: abbreviations, lay words, names of procedures.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::model::{CodeSet, ReadAsKind, Sets, WordFile};

/// A line of a file.
#[derive(Debug)]
pub(super) struct Meaning {
    /// The words that are typed.
    pub(super) typed: Vec<&'static str>,
    /// What file it is from.
    pub(super) kind: ReadAsKind,
    /// The words that they stand for; several readings, the most common first.
    pub(super) readings: Vec<Vec<&'static str>>,
}

impl Meaning {
    /// Returns what is typed, as one text.
    pub(super) fn key(&self) -> String {
        self.typed.join(" ")
    }

    /// Returns the readings as one text for people.
    pub(super) fn words(&self) -> String {
        let readings: Vec<String> = self.readings.iter().map(|words| words.join(" ")).collect();
        readings.join(" or ")
    }
}

/// The files of a code set.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    /// Lines with one word, by it; of several files the first one's.
    single: HashMap<&'static str, Meaning>,
    /// Lines with several words, those with the most first.
    several: Vec<Meaning>,
}

/// Returns the files of a code set, which are read once.
#[allow(
    clippy::indexing_slicing,
    reason = "there is a value for each code set"
)]
pub(super) fn lexicon(code_set: CodeSet) -> &'static Lexicon {
    static LEXICONS: LazyLock<Sets<Lexicon>> =
        LazyLock::new(|| Sets::new(|code_set| Lexicon::read(code_set.facts().word_files)));
    &LEXICONS[code_set]
}

/// Parses a file: lines of what is typed, a tab, the words for it.
pub(super) fn lines(file: &WordFile) -> impl Iterator<Item = Meaning> {
    let kind = file.kind;
    let lines = file.text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once('\t'))
        .map(move |(typed, readings)| Meaning {
            typed: typed.split_whitespace().collect(),
            kind,
            readings: readings
                .split('|')
                .map(|words| words.split_whitespace().collect())
                .collect(),
        })
}

impl Lexicon {
    fn read(files: &[WordFile]) -> Lexicon {
        let mut lexicon = Lexicon::default();
        for meaning in files.iter().flat_map(lines) {
            match meaning.typed.as_slice() {
                [one] => {
                    lexicon.single.entry(one).or_insert(meaning);
                }
                _ => lexicon.several.push(meaning),
            }
        }
        lexicon
            .several
            .sort_by_key(|meaning| std::cmp::Reverse(meaning.typed.len()));
        lexicon
    }

    /// Returns what one word stands for.
    pub(super) fn single(&self, word: &str) -> Option<&Meaning> {
        self.single.get(word)
    }

    /// Returns what several words stand for together, those with the most words first.
    pub(super) fn several(&self) -> &[Meaning] {
        &self.several
    }
}
