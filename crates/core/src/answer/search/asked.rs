//! What was asked for: words as they are typed, and the words of titles and indexes that they stand for.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};

use super::lexicon::{Meaning, lexicon};
use super::pieces::{
    OBSTETRIC, drop_small_words, join_letters, pieces, read_numerals, trimester, unit_of,
};
use super::spelling;
use super::weigh::{SIDES, SMALL_WORDS, words_of};
use crate::error::Result;
use crate::model::{CodeSet, ReadAs, ReadAsKind};
use crate::store::Store;

/// The most words of a search that count.
pub(super) const MAX_WORDS: usize = 16;

/// What a concept is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConceptKind {
    /// What is searched for.
    Core,
    /// The side of the body: which of several codes.
    Side,
    /// The encounter: which 7th character.
    Encounter,
}

/// A word that a text may hold.
#[derive(Debug, Clone)]
pub(super) struct Word {
    /// In lower case.
    pub(super) text: String,
    /// What all forms of it begin with.
    stem: String,
    /// Whether it may go on: it is still typed.
    pub(super) is_begun: bool,
}

/// Endings that make another word of a part of the body: what it suffers from, or what is done to it.
const TELLING_ENDINGS: [&str; 4] = ["itis", "osis", "oma", "tomy"];

impl Word {
    fn new(text: &str) -> Word {
        static STEMMER: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));
        let stem = STEMMER.stem(text);
        // `injuri` is the stem of injury.
        let stem = stem.strip_suffix('i').unwrap_or(&stem).to_owned();
        Word {
            text: text.to_owned(),
            stem,
            is_begun: false,
        }
    }

    /// Checks whether a word of a text, in lower case, is this one or a form of it.
    pub(super) fn fits(&self, word: &str) -> bool {
        if word == self.text || (self.is_begun && word.starts_with(&self.text)) {
            return true;
        }
        let Some(ending) = word.strip_prefix(&self.stem) else {
            return false;
        };
        let is_form = self.stem.len() > 2 && self.text.len() > 3 && ending.len() <= 5;
        // Esophagitis is no form of esophageal, and hepatic none of hepatitis.
        let own = self.text.strip_prefix(&self.stem).unwrap_or_default();
        let tells = |ending| TELLING_ENDINGS.contains(&ending);
        is_form && !tells(ending) && !tells(own)
    }
}

/// Words that a text may hold for a concept, all of them.
#[derive(Debug, Clone)]
pub(super) struct Way {
    /// The words.
    pub(super) words: Vec<Word>,
    /// How much less likely it is meant than the first way.
    pub(super) cost: f64,
}

impl Way {
    /// Makes a way of words; of small words only where there are no others.
    fn new(words: impl IntoIterator<Item = impl AsRef<str>>, cost: f64) -> Way {
        let words = words.into_iter();
        let mut words: Vec<String> = words
            .flat_map(|word| super::tokens(word.as_ref()))
            .collect();
        if words
            .iter()
            .any(|word| !SMALL_WORDS.contains(&word.as_str()))
        {
            words.retain(|word| !SMALL_WORDS.contains(&word.as_str()));
        }
        Way {
            words: words.iter().map(|word| Word::new(word)).collect(),
            cost,
        }
    }
}

/// One thing that was asked for, and the ways in which texts may say it.
#[derive(Debug, Clone)]
pub(super) struct Concept {
    /// As it was typed.
    pub(super) typed: String,
    /// What it is.
    pub(super) kind: ConceptKind,
    /// The ways, the likeliest first.
    pub(super) ways: Vec<Way>,
    /// How much it says: 1 for most.
    pub(super) importance: f64,
}

impl Concept {
    /// Writes it in the language of the full-text index.
    pub(super) fn query(&self) -> String {
        let ways: Vec<String> = self
            .ways
            .iter()
            .map(|way| {
                let words: Vec<String> = way
                    .words
                    .iter()
                    .map(|word| {
                        format!("\"{}\"{}", word.text, if word.is_begun { "*" } else { "" })
                    })
                    .collect();
                match words.len() {
                    1 => words.join(""),
                    _ => format!("({})", words.join(" AND ")),
                }
            })
            .collect();
        match ways.len() {
            1 => ways.join(""),
            _ => format!("({})", ways.join(" OR ")),
        }
    }

    /// Adds a way that is less likely meant, and returns whether it is a new one.
    pub(super) fn add_way(&mut self, words: &[String], cost: f64) -> bool {
        let way = Way::new(words, cost);
        let texts = |way: &Way| -> Vec<String> {
            let words = way.words.iter();
            words.map(|word| word.text.clone()).collect()
        };
        let is_new = !way.words.is_empty() && self.ways.iter().all(|one| texts(one) != texts(&way));
        if is_new {
            self.ways.push(way);
        }
        is_new
    }

    fn literal(word: &str) -> Concept {
        Concept {
            typed: word.to_owned(),
            kind: kind_of(word),
            ways: vec![Way::new([word], 0.0)],
            importance: importance(word),
        }
    }
}

/// What was asked for, and what was read as something else.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) concepts: Vec<Concept>,
    pub(super) read_as: Vec<ReadAs>,
}

/// Returns words as concepts as they stand, without what people mean by them: those of an index.
pub(super) fn literally(words: &[String]) -> Vec<Concept> {
    let words = words.iter().take(MAX_WORDS);
    words.map(|word| Concept::literal(word)).collect()
}

fn kind_of(word: &str) -> ConceptKind {
    match word {
        _ if SIDES.contains(&word) => ConceptKind::Side,
        "initial" | "subsequent" | "sequela" | "sequelae" | "closed" => ConceptKind::Encounter,
        _ => ConceptKind::Core,
    }
}

/// What a word says at most that is in every sentence.
pub(super) const FILLER: f64 = 0.2;

/// Checks whether a word is one of every sentence, and says nothing of what is meant.
fn is_filler(word: &str) -> bool {
    importance(word) <= FILLER
}

/// Words that say little of what is meant are the first to be left out.
fn importance(word: &str) -> f64 {
    match word {
        "patient" | "pt" | "c/o" | "has" | "have" | "had" | "is" | "was" | "today"
        | "yesterday" | "came" | "comes" | "come" | "who" | "that" | "this" | "feels" | "noted"
        | "seen" | "since" | "day" | "days" | "week" | "weeks" | "very" | "presents"
        | "presenting" | "complains" | "please" | "code" | "diagnosis" | "dx" | "icd" | "icd10"
        | "states" | "reports" | "reported" | "complaining" | "going" | "got" | "it" | "my"
        | "she" | "he" | "when" | "while" | "about" | "ago" | "now" | "morning" | "last"
        | "also" | "been" | "being" | "are" | "were" | "there" | "some" => FILLER,
        "toddler" | "disease" | "disorder" | "syndrome" | "condition" | "problem" | "problems"
        | "issue" | "severe" | "mild" | "moderate" | "new" | "visit" | "exam" | "adult"
        | "symptoms" | "status" | "current" | "year" | "years" | "greater" | "less" | "male"
        | "female" | "man" | "woman" | "without" | "no" | "unspecified" | "type" => 0.4,
        // What was, or what relatives have, is another code than what is.
        "history" | "h/o" | "hx" | "family" | "fh" | "fhx" => 2.0,
        _ if word.bytes().all(|byte| byte.is_ascii_digit()) => 0.7,
        _ => 1.0,
    }
}

/// Reads what was typed. The entries of the reviewed files that are named in `without` are passed over.
pub(super) fn understand(
    store: &Store,
    code_set: CodeSet,
    text: &str,
    without: &BTreeSet<String>,
) -> Result<Asked> {
    let mut words = pieces(text, code_set);
    read_numerals(&mut words);
    join_letters(&mut words, code_set, &store.vocabulary(code_set)?);
    let typed = words.clone();
    drop_small_words(&mut words);
    if words.len() > MAX_WORDS && words.iter().any(|word| !is_filler(word)) {
        words.retain(|word| !is_filler(word));
    }
    let beyond = words.split_off(words.len().min(MAX_WORDS));
    let mut reader = Reader {
        store,
        code_set,
        without,
        typed,
        of_gestation: Vec::new(),
        asked: Asked::default(),
    };
    reader.join_words(&mut words)?;
    reader.write_american(&mut words)?;
    reader.several(&mut words);
    let last = words.len().saturating_sub(1);
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let of_time = reader.time(words.get(at..).unwrap_or_default());
        if of_time > 0 {
            at += of_time;
            continue;
        }
        let joined = words.get(at + 1).map(|next| format!("{word}{next}"));
        at += 1 + reader.one(word, joined.as_deref(), at == last)?;
    }
    reader.read_gestation();
    if !beyond.is_empty() {
        reader.read_as(&beyond.join(" "), "", ReadAsKind::NotRead);
    }
    Ok(reader.asked)
}

/// Checks whether two words are forms of one: they begin with the same seven letters, one goes on where the other ends,
/// or both go on with a vowel.
fn is_form(word: &str, other: &str) -> bool {
    let same = word
        .char_indices()
        .zip(other.chars())
        .find(|((_, a), b)| a != b)
        .map_or(word.len().min(other.len()), |((at, _), _)| at);
    let rest = |word: &str| word.get(same..).and_then(|rest| rest.chars().next());
    let is_ending = |first: Option<char>| first.is_none_or(|first| "aeiouy".contains(first));
    match (rest(word), rest(other)) {
        _ if same < 4 => false,
        _ if same > 6 => true,
        (None, _) | (_, None) => true,
        (one, another) => is_ending(one) && is_ending(another),
    }
}

struct Reader<'r> {
    store: &'r Store,
    code_set: CodeSet,
    without: &'r BTreeSet<String>,
    /// All words, the small ones too.
    typed: Vec<String>,
    /// Concepts that are weeks, with the trimester that they would be in.
    of_gestation: Vec<(usize, &'static str)>,
    asked: Asked,
}

impl Reader<'_> {
    fn meaning(&self, word: &str) -> Option<&'static Meaning> {
        let found = lexicon(self.code_set).single(word)?;
        (!self.without.contains(word)).then_some(found)
    }

    /// Joins words that are one in texts, and that no text has apart: bi polar.
    fn join_words(&self, words: &mut Vec<String>) -> Result<()> {
        let vocabulary = self.store.vocabulary(self.code_set)?;
        let mut at = 0;
        while let (Some(word), Some(next)) = (words.get(at), words.get(at + 1)) {
            let joined = format!("{word}{next}");
            let are_letters = joined.chars().all(char::is_alphabetic);
            let apart = format!("\"{word}\" AND \"{next}\"");
            if are_letters
                && vocabulary.count(&joined) > 0
                && !self.store.holds(self.code_set, &apart)?
            {
                words.splice(at..at + 2, [joined]);
            }
            at += 1;
        }
        Ok(())
    }

    /// Writes words in British spelling as texts have them.
    fn write_american(&self, words: &mut [String]) -> Result<()> {
        let vocabulary = self.store.vocabulary(self.code_set)?;
        for word in words.iter_mut().filter(|word| vocabulary.count(word) == 0) {
            let american = spelling::american(word);
            if let Some(american) = american.filter(|other| vocabulary.count(other) > 0) {
                *word = american;
            }
        }
        Ok(())
    }

    /// Reads the words that mean something together, in whatever order they stand, and removes them.
    fn several(&mut self, words: &mut Vec<String>) {
        let mut stands_for: Vec<Option<&[&str]>> =
            words.iter().map(|word| self.stands_for(word)).collect();
        for meaning in lexicon(self.code_set).several() {
            if !self.without.is_empty() && self.without.contains(&meaning.key()) {
                continue;
            }
            // A letter tells kinds apart: influenza a.
            let asked = meaning
                .typed
                .iter()
                .filter(|typed| **typed == "a" || !SMALL_WORDS.contains(typed));
            let place = |typed: &&str| {
                let mut each = words.iter().zip(&stands_for);
                each.position(|(word, stands_for)| self.is_same(word, *stands_for, typed))
            };
            let Some(places) = asked.map(place).collect::<Option<Vec<usize>>>() else {
                continue;
            };
            // A line of one word and small ones is meant only with those: on insulin.
            let has_small = || {
                let mut all = meaning.typed.iter();
                all.all(|typed| {
                    self.typed
                        .iter()
                        .any(|word| self.is_same(word, None, typed))
                })
            };
            if places.is_empty() || (places.len() == 1 && !has_small()) {
                continue;
            }
            let typed: Vec<&str> = words
                .iter()
                .enumerate()
                .filter(|(at, _)| places.contains(at))
                .map(|(_, word)| word.as_str())
                .collect();
            let typed = typed.join(" ");
            let mut is_left = (0..words.len()).map(|at| !places.contains(&at));
            words.retain(|_| is_left.next().unwrap_or(true));
            let mut is_left = (0..stands_for.len()).map(|at| !places.contains(&at));
            stands_for.retain(|_| is_left.next().unwrap_or(true));
            self.add_meaning(&typed, meaning, None);
        }
    }

    /// Returns what a word is short for, first of all.
    fn stands_for(&self, word: &str) -> Option<&'static [&'static str]> {
        self.meaning(word)?.readings.first().map(Vec::as_slice)
    }

    /// Checks whether a word, which is short for something, is one of a line, or is short for it.
    fn is_same(&self, word: &str, stands_for: Option<&[&str]>, typed: &str) -> bool {
        if word == typed || word.strip_suffix('s') == Some(typed) {
            return true;
        }
        // Short for it, or for what it stands for: ca and cancer are both a malignant neoplasm.
        stands_for.is_some_and(|words| words == [typed] || self.stands_for(typed) == Some(words))
    }

    fn add_meaning(&mut self, typed: &str, meaning: &Meaning, literal: Option<&str>) {
        let costs = [0.0, 0.5, 0.7, 0.9];
        let mut ways: Vec<Way> = meaning
            .readings
            .iter()
            .zip(costs)
            .map(|(words, cost)| Way::new(words, cost))
            .collect();
        if let Some(word) = literal {
            let is_said = meaning
                .readings
                .iter()
                .any(|words| words.as_slice() == [word]);
            // As a word one of two letters is in every other title: `as`, `is`.
            let is_word = word.len() > 2;
            ways.extend((!is_said && is_word).then(|| Way::new([word], 0.4)));
        } else {
            ways.push(Way::new(typed.split(' '), 0.3));
        }
        // Shorthand of small words (d/t) says as little as they do.
        let says_something = |way: &Way| {
            way.words
                .iter()
                .any(|word| !SMALL_WORDS.contains(&word.text.as_str()))
        };
        if !ways.first().is_some_and(says_something) {
            return;
        }
        let kind = match meaning.readings.first().map(Vec::as_slice) {
            Some([one]) => kind_of(one),
            _ => ConceptKind::Core,
        };
        self.asked.concepts.push(Concept {
            typed: typed.to_owned(),
            kind,
            ways,
            importance: typed.split(' ').map(importance).sum(),
        });
        // Words beside its own need no saying.
        let own = meaning.readings.first().map(|words| words.join(" "));
        if own.as_deref() != Some(typed) {
            self.read_as(typed, &meaning.words(), meaning.kind);
        }
    }

    fn read_as(&mut self, typed: &str, words: &str, kind: ReadAsKind) {
        self.asked.read_as.push(ReadAs {
            typed: typed.to_owned(),
            words: words.to_owned(),
            kind,
        });
    }

    /// Checks whether anything has one of the words of a concept, and lets the word be begun only where nothing has.
    fn is_known(&self, concept: &mut Concept, is_last: bool) -> Result<bool> {
        let whole = concept.ways.iter().flat_map(|way| &way.words);
        let whole: Vec<String> = whole.map(|word| format!("\"{}\"", word.text)).collect();
        let whole = whole.join(" OR ");
        if self.store.holds(self.code_set, &whole)? {
            return self.is_meant(&concept.typed, &whole);
        }
        if is_last {
            for word in concept.ways.iter_mut().flat_map(|way| &mut way.words) {
                word.is_begun = word.text.chars().count() > 1;
            }
            if self.store.holds(self.code_set, &concept.query())? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Checks whether a word is one that texts have, and not only one that ends as they do: the full-text index cuts
    /// endings off, and takes migrane for migrans.
    fn is_meant(&self, word: &str, query: &str) -> Result<bool> {
        if word.chars().count() < 6 {
            return Ok(true);
        }
        let texts = self.store.texts_with(self.code_set, query, 3)?;
        if texts
            .iter()
            .any(|text| words_of(text).iter().any(|other| is_form(word, other)))
        {
            return Ok(true);
        }
        let vocabulary = self.store.vocabulary(self.code_set)?;
        Ok(vocabulary.count(word) > 0 || spelling::a_letter_away(word, &vocabulary).is_none())
    }

    /// Reads a number of days, weeks or years, and returns how many words that were. It says little of what is meant.
    fn time(&mut self, words: &[String]) -> usize {
        let [number, unit, rest @ ..] = words else {
            return 0;
        };
        let (Some(unit), Ok(count)) = (unit_of(unit), number.parse::<u32>()) else {
            return 0;
        };
        let is_age = rest.first().is_some_and(|word| word == "old");
        let read = if is_age { 3 } else { 2 };
        let mut ways = vec![Way::new([number.as_str(), unit], 0.0)];
        for other in spelling::same_number(number) {
            ways.push(Way::new([other.as_str(), unit], 0.0));
        }
        if let Some(nth) = trimester(count).filter(|_| unit == "weeks" && !is_age) {
            self.of_gestation.push((self.asked.concepts.len(), nth));
        }
        let typed: Vec<&str> = words.iter().take(read).map(String::as_str).collect();
        self.asked.concepts.push(Concept {
            typed: typed.join(" "),
            kind: ConceptKind::Core,
            ways,
            importance: FILLER,
        });
        read
    }

    /// Reads weeks as those of a trimester too, where something else is of a pregnancy.
    fn read_gestation(&mut self) {
        let is_obstetric = |concept: &Concept| {
            let mut words = concept.ways.iter().flat_map(|way| &way.words);
            words.any(|word| OBSTETRIC.iter().any(|stem| word.text.starts_with(stem)))
        };
        if !self.asked.concepts.iter().any(is_obstetric) {
            return;
        }
        for (at, nth) in std::mem::take(&mut self.of_gestation) {
            if let Some(concept) = self.asked.concepts.get_mut(at) {
                concept.ways.push(Way::new([nth, "trimester"], 0.3));
                concept.importance = 0.7;
            }
        }
    }

    /// Lets a word that no text has as it stands, but only another form of it, be one that is a letter away as well:
    /// hydrocephalis is hydrocephalus as likely as hydrocephaly.
    fn add_likely(&mut self, concept: &mut Concept) -> Result<()> {
        let vocabulary = self.store.vocabulary(self.code_set)?;
        let word = concept.typed.clone();
        if concept.kind != ConceptKind::Core
            || vocabulary.count(&word) > 0
            || concept
                .ways
                .iter()
                .flat_map(|way| &way.words)
                .any(|word| word.is_begun)
        {
            return Ok(());
        }
        if let Some(other) = spelling::a_letter_away(&word, &vocabulary) {
            concept.add_way(&[other], 0.1);
        }
        Ok(())
    }

    /// Reads one word, and returns how many of those after it were read with it.
    fn one(&mut self, word: &str, joined: Option<&str>, is_last: bool) -> Result<usize> {
        if let Some(meaning) = self.meaning(word) {
            self.add_meaning(word, meaning, Some(word));
            return Ok(0);
        }
        let mut concept = Concept::literal(word);
        let mut others = spelling::same_number(word);
        others.extend(spelling::american(word));
        for other in others {
            concept.ways.push(Way::new([other], 0.0));
        }
        if concept.kind != ConceptKind::Core || self.is_known(&mut concept, is_last)? {
            self.add_likely(&mut concept)?;
            self.asked.concepts.push(concept);
            return Ok(0);
        }
        if let Some(joined) = joined
            && joined.chars().all(char::is_alphanumeric)
            && self.store.holds(self.code_set, &format!("\"{joined}\""))?
        {
            self.asked.concepts.push(Concept::literal(joined));
            return Ok(1);
        }
        // t2dm and covid19: letters and digits set apart.
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = word.get(letters.len()..).unwrap_or_default();
        if !letters.is_empty() && !digits.is_empty() {
            self.one(letters, None, false)?;
            self.one(digits, None, false)?;
            return Ok(0);
        }
        // Words of every sentence are no terms that were misspelt.
        let is_term = concept.importance > FILLER;
        let mended = match is_term && spelling::can_be_mended(word) {
            true => spelling::mend(word, &self.store.vocabulary(self.code_set)?),
            false => None,
        };
        match mended {
            Some(mended) => {
                self.read_as(word, &mended.join(" "), ReadAsKind::Spelling);
                match mended.as_slice() {
                    [one] if self.meaning(one).is_some() => {
                        if let Some(meaning) = self.meaning(one) {
                            self.add_meaning(word, meaning, Some(one));
                        }
                    }
                    _ => self.asked.concepts.push(Concept {
                        ways: vec![Way::new(&mended, 0.0)],
                        ..concept
                    }),
                }
            }
            None => self.asked.concepts.push(concept),
        }
        Ok(0)
    }
}
