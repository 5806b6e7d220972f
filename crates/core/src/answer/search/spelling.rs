//! Other spellings of a word: British forms, numbers, and what a misspelt word was meant to be.

use crate::store::{Vocabulary, letters_of};

/// Numbers as they are written, each row one number.
const NUMBERS: [&[&str]; 10] = [
    &["1", "i", "first", "1st", "one"],
    &["2", "ii", "second", "2nd", "two"],
    &["3", "iii", "third", "3rd", "three"],
    &["4", "iv", "fourth", "4th", "four"],
    &["5", "v", "fifth", "5th", "five"],
    &["6", "vi", "sixth", "6th"],
    &["7", "vii", "seventh", "7th"],
    &["8", "viii", "eighth", "8th"],
    &["9", "ix", "ninth", "9th"],
    &["10", "x", "tenth", "10th"],
];

/// Returns the other ways to write a number: the digit, the roman numeral, the word. A single letter is a letter as
/// often as a numeral, and stays one.
pub(super) fn same_number(word: &str) -> Vec<String> {
    let row = NUMBERS.iter().find(|row| row.contains(&word));
    let Some(row) = row.filter(|_| !matches!(word, "i" | "v" | "x" | "one")) else {
        return Vec::new();
    };
    let others = row.iter().filter(|other| **other != word);
    others.map(|other| (*other).to_owned()).collect()
}

/// Returns the digit of a roman numeral of one letter.
pub(super) fn digit(word: &str) -> Option<&'static str> {
    let is_numeral = |row: &&&[&'static str]| row.get(1) == Some(&word) && word.len() == 1;
    NUMBERS.iter().find(is_numeral)?.first().copied()
}

/// Returns the American form of a word in British spelling, if it is another.
pub(super) fn american(word: &str) -> Option<String> {
    if word.len() < 5 || !word.is_ascii() {
        return None;
    }
    let mut form = word
        .replace("haem", "hem")
        .replace("aem", "em")
        .replace("coel", "cel")
        .replace("oed", "ed")
        .replace("oes", "es")
        .replace("oea", "ea")
        .replace("oet", "et")
        .replace("paed", "ped")
        .replace("aes", "es")
        .replace("aet", "et")
        .replace("gynae", "gyne")
        .replace("faec", "fec")
        .replace("caec", "cec")
        .replace("tumour", "tumor")
        .replace("colour", "color")
        .replace("labour", "labor")
        .replace("behaviour", "behavior")
        .replace("odour", "odor")
        .replace("humour", "humor")
        .replace("sulph", "sulf")
        .replace("grey", "gray")
        .replace("mould", "mold");
    for (british, american) in [
        ("isation", "ization"),
        ("ised", "ized"),
        ("ising", "izing"),
        ("yse", "yze"),
        ("ysed", "yzed"),
        ("litre", "liter"),
        ("metre", "meter"),
        ("centre", "center"),
        ("fibre", "fiber"),
        ("titre", "titer"),
        ("lled", "led"),
    ] {
        if let Some(stem) = form.strip_suffix(british) {
            form = format!("{stem}{american}");
            break;
        }
    }
    (form != word).then_some(form)
}

/// Checks whether a word is long enough that another one is meant by it, and no number.
pub(super) fn can_be_mended(word: &str) -> bool {
    word.chars().count() > 3 && !word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the word or words of the vocabulary that a word was most likely meant to be.
pub(super) fn mend(word: &str, vocabulary: &Vocabulary) -> Option<Vec<String>> {
    let nearest = nearest(word, vocabulary);
    match &nearest {
        Some((_, 1)) => {}
        _ => {
            if let Some(two) = two_words(word, vocabulary) {
                return Some(two);
            }
        }
    }
    nearest.map(|(found, _)| vec![found])
}

/// Returns the word that many texts have and that is one letter away.
pub(super) fn a_letter_away(word: &str, vocabulary: &Vocabulary) -> Option<String> {
    let (other, distance) = nearest(word, vocabulary)?;
    (word.len() > 5 && distance == 1 && vocabulary.count(&other) >= 10).then_some(other)
}

/// Returns the nearest word, and how many letters are otherwise.
fn nearest(word: &str, vocabulary: &Vocabulary) -> Option<(String, usize)> {
    let length = word.chars().count();
    let most = match length {
        0..=4 => 1,
        5..=7 => 2,
        _ => 3,
    };
    let first = word.chars().next()?;
    let letters = letters_of(word);
    let mut best: Option<((usize, u32, u32), usize, &str)> = None;
    let ranks_before = |rank: (usize, u32, u32),
                        best: &Option<((usize, u32, u32), usize, &str)>| {
        best.as_ref().is_none_or(|(there, ..)| rank < *there)
    };
    // Those with the same letters first: what they leave to be found is little.
    for least in 0..=most {
        for (other, count, other_letters) in vocabulary.words() {
            // A letter that only one of them has is one change at least, which is counted faster than letters are
            // compared.
            let only_here = (letters & !other_letters).count_ones();
            let only_there = (other_letters & !letters).count_ones();
            if only_here.max(only_there) as usize != least
                || other.len().abs_diff(word.len()) > most
            {
                continue;
            }
            let is_other_letter = !other.starts_with(first);
            // People misspell the first letter seldom.
            if is_other_letter && length < 6 {
                continue;
            }
            // Of words as near the one with the same letters, then the one that more texts have, and any before one
            // with another first letter or one that hardly any text has.
            let doubts = usize::from(is_other_letter) + usize::from(count < 3);
            let others = only_here + only_there;
            let rank = |distance| (2 * distance + doubts, others, u32::MAX - count);
            if !ranks_before(rank(least), &best) {
                continue;
            }
            let distance = strsim::osa_distance(word, other);
            if distance > most || (is_other_letter && distance > 2) {
                continue;
            }
            if ranks_before(rank(distance), &best) {
                best = Some((rank(distance), distance, other));
            }
        }
    }
    best.map(|(_, distance, other)| (other.to_owned(), distance))
}

/// Cuts a word in two that are known: `preeclampsia`, `followup`.
fn two_words(word: &str, vocabulary: &Vocabulary) -> Option<Vec<String>> {
    let mut best: Option<(u32, Vec<String>)> = None;
    for at in 2..word.len().saturating_sub(1) {
        let (Some(first), Some(second)) = (word.get(..at), word.get(at..)) else {
            continue;
        };
        let count = vocabulary.count(first).min(vocabulary.count(second));
        // A short rest is found in everything.
        if count == 0 || (first.len() < 3 || second.len() < 3) && count < 20 {
            continue;
        }
        if best.as_ref().is_none_or(|(there, _)| count > *there) {
            best = Some((count, vec![first.to_owned(), second.to_owned()]));
        }
    }
    best.map(|(_, words)| words)
}
