//! A text cut into words: shorthand kept whole, numerals and letters read with what they belong to, units of time.

use super::lexicon::lexicon;
use super::spelling;
use super::weigh::SMALL_WORDS;
use crate::model::CodeSet;
use crate::store::Vocabulary;

/// Cuts a text into words, and keeps the shorthand that is written with other signs whole: `s/p`, `w/o`.
pub(super) fn pieces(text: &str, code_set: CodeSet) -> Vec<String> {
    let lexicon = lexicon(code_set);
    let is_digit = |c: char| c.is_ascii_digit();
    let mut words = Vec::new();
    let mut pieces = text.split_whitespace().peekable();
    while let Some(piece) = pieces.next() {
        let lower = piece.to_lowercase();
        let bare = lower.trim_matches(|c: char| !c.is_alphanumeric());
        // Greater than 24 hours, less than 23 weeks. Where no title says so it is left out before others.
        match lower.chars().next() {
            Some(sign @ ('>' | '<'))
                if lower.contains(is_digit)
                    || pieces.peek().is_some_and(|next| next.starts_with(is_digit)) =>
            {
                let word = if sign == '>' { "greater" } else { "less" };
                words.push(word.to_owned());
            }
            _ => {}
        }
        if bare.contains(['/', '&', '-']) && lexicon.single(bare).is_some() {
            words.push(bare.to_owned());
            continue;
        }
        // The possessive says nothing.
        let bare = bare
            .strip_suffix("'s")
            .or_else(|| bare.strip_suffix("\u{2019}s"))
            .unwrap_or(bare);
        // 34wks, 5yo.
        let digits = bare.trim_start_matches(|c: char| c.is_ascii_digit());
        match bare.split_at_checked(bare.len() - digits.len()) {
            // Weeks and days of gestation: 39w4d.
            Some((number, rest))
                if rest.strip_prefix('w').is_some_and(|days| {
                    let days = days.strip_suffix('d').unwrap_or(days);
                    days.bytes().all(|byte| byte.is_ascii_digit())
                }) && !number.is_empty() =>
            {
                words.extend([number.to_owned(), "weeks".to_owned()]);
            }
            Some((number, unit)) if !number.is_empty() && unit_of(unit).is_some() => {
                words.extend([number.to_owned(), unit.to_owned()]);
            }
            _ => words.extend(super::tokens(bare)),
        }
    }
    words
}

/// Reads a numeral of one letter as the digit, where a number is expected: type I, stage V.
pub(super) fn read_numerals(words: &mut [String]) {
    const COUNTED: [&str; 9] = [
        "type", "stage", "grade", "class", "degree", "phase", "level", "group", "category",
    ];
    for at in 1..words.len() {
        let is_counted = words
            .get(at - 1)
            .is_some_and(|word| COUNTED.contains(&word.as_str()));
        if let Some(word) = words.get_mut(at).filter(|_| is_counted)
            && let Some(digit) = spelling::digit(word)
        {
            *word = digit.to_owned();
        }
    }
}

/// Drops small words where there are others. A letter that tells kinds apart is none: hepatitis A, vitamin A deficiency.
pub(super) fn drop_small_words(words: &mut Vec<String>) {
    const LETTERED: [&str; 7] = [
        "hepatitis",
        "hep",
        "vitamin",
        "influenza",
        "hemophilia",
        "group",
        "type",
    ];
    let is_small = |word: &String| SMALL_WORDS.contains(&word.as_str());
    if words.iter().all(is_small) {
        return;
    }
    let last = words.len() - 1;
    let is_kept: Vec<bool> = words
        .iter()
        .enumerate()
        .map(|(at, word)| {
            let before = at.checked_sub(1).and_then(|before| words.get(before));
            let is_kind =
                before.is_some_and(|before| at == last || LETTERED.contains(&before.as_str()));
            !is_small(word) || (word == "a" && is_kind)
        })
        .collect();
    let mut kept = is_kept.iter();
    words.retain(|_| kept.next().is_some_and(|kept| *kept));
}

/// Joins a letter with the word after it where that is shorthand (a fib, c diff, e coli), and a digit with the letter
/// after it where texts have them as one: stage 3 a.
pub(super) fn join_letters(words: &mut Vec<String>, code_set: CodeSet, vocabulary: &Vocabulary) {
    let mut at = 0;
    while let (Some(one), Some(next)) = (words.get(at), words.get(at + 1)) {
        let joined = format!("{one}{next}");
        let is_shorthand = || lexicon(code_set).single(&joined).is_some();
        let is_one = || next.len() == 1 && vocabulary.count(&joined) > 0;
        let is_joined = match one.as_bytes() {
            [b'0'..=b'9'] if !next.starts_with(|c: char| c.is_ascii_digit()) => is_one(),
            _ => one.chars().count() == 1 && is_shorthand(),
        };
        if is_joined {
            words.splice(at..at + 2, [joined]);
        }
        at += 1;
    }
}

/// Returns the unit of time that a word is.
pub(super) fn unit_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "minute" | "minutes" | "min" | "mins" => "minutes",
        "hour" | "hours" | "hr" | "hrs" => "hours",
        "day" | "days" => "days",
        "week" | "weeks" | "wk" | "wks" => "weeks",
        "month" | "months" | "mo" | "mos" => "months",
        "year" | "years" | "yr" | "yrs" | "yo" | "y/o" => "years",
        _ => return None,
    })
}

/// What words begin with that are of a pregnancy.
pub(super) const OBSTETRIC: [&str; 22] = [
    "abort",
    "amnio",
    "antepartum",
    "deliver",
    "eclampsia",
    "fetal",
    "fetus",
    "gestation",
    "gravid",
    "labor",
    "maternal",
    "membranes",
    "miscarr",
    "obstetric",
    "oligohydr",
    "placent",
    "polyhydr",
    "preeclampsia",
    "pregnan",
    "preterm",
    "trimester",
    "twin",
];

/// Returns the trimester of a week of gestation, as the notes of chapter 15 of the tabular list divide them.
pub(super) fn trimester(week: u32) -> Option<&'static str> {
    match week {
        1..=13 => Some("first"),
        14..=27 => Some("second"),
        28..=42 => Some("third"),
        _ => None,
    }
}
