//! How well a text says what was asked for: what it says beyond it, and what it lacks.

use std::borrow::Cow;

use super::asked::{Concept, ConceptKind, Way};

/// Words that say nothing of a diagnosis, left out unless there are no others.
pub(super) const SMALL_WORDS: [&str; 19] = [
    "a",
    "an",
    "and",
    "at",
    "by",
    "due",
    "encounter",
    "for",
    "from",
    "her",
    "his",
    "in",
    "of",
    "on",
    "or",
    "the",
    "to",
    "w",
    "with",
];

/// The sides that a title names.
pub(super) const SIDES: [&str; 3] = ["left", "right", "bilateral"];

/// What a word of a text weighs that was not asked for. `unspecified` and its like weigh little: they are what is meant
/// by someone who says no more.
fn weight(word: &str) -> f64 {
    match word {
        "unspecified" | "mellitus" | "nos" | "not" | "initial" | "uncomplicated" | "without"
        | "closed" | "applicable" => 0.1,
        "specified" | "classified" | "elsewhere" | "site" | "part" | "type" | "organism"
        | "disease" | "disorder" | "syndrome" | "infection" | "pure" | "essential" | "adult"
        | "current" | "female" | "native" | "personal" | "multiple" => 0.3,
        "accidental" | "unintentional" => 0.05,
        "supervision" | "normal" | "nonrheumatic" | "general" | "nontraumatic" => 0.3,
        "single" | "episode" | "unilateral" | "joint" | "region" | "as" | "side" | "routine"
        | "healing" | "person" | "injured" => 0.3,
        "left" | "right" | "bilateral" | "primary" => 0.6,
        "other" => 0.7,
        "subsequent" => 1.2,
        // Who means a mother, a newborn, a drug, a deed or a weak bone says so.
        "neonatal" | "newborn" | "newborns" | "fetus" | "fetal" | "maternal" | "obstetric"
        | "pregnancy" | "childbirth" | "puerperium" | "abortion" | "poisoning" | "underdosing"
        | "adverse" | "assault" | "self" | "pathological" | "stress" => 1.8,
        "screening" | "history" | "family" | "observation" | "aftercare" | "following" => 1.5,
        "uteri" => 0.3,
        "sequela" => 1.6,
        _ if word.bytes().all(|byte| byte.is_ascii_digit()) => 0.3,
        _ => 1.0,
    }
}

/// Checks whether a title says that something is not so which was asked for: without loss of consciousness.
pub(super) fn denies(title: &str, concepts: &[Concept]) -> bool {
    let words = said(title);
    let is_asked = |said: &Said<'_>| {
        let core = concepts
            .iter()
            .filter(|concept| concept.kind == ConceptKind::Core);
        core.filter_map(|concept| concept.ways.first())
            .any(|way| way.words.iter().any(|word| word.fits(&said.word)))
    };
    let denied = words.iter().filter(|said| said.is_denied && is_asked(said));
    // What is said elsewhere in the title is so.
    denied
        .filter(|said| {
            !words
                .iter()
                .any(|one| !one.is_denied && one.word == said.word)
        })
        .count()
        > 0
        && !asks_for_denial(&typed_words(concepts))
}

/// Lists the words as they were typed.
fn typed_words(concepts: &[Concept]) -> Vec<&str> {
    let typed = concepts.iter().map(|concept| concept.typed.as_str());
    typed.flat_map(|typed| typed.split(' ')).collect()
}

/// Checks whether what was asked for is that something is not so.
fn asks_for_denial(typed: &[&str]) -> bool {
    let is_denial = |word: &&str| matches!(*word, "without" | "w/o" | "not" | "no" | "non");
    typed.iter().any(is_denial)
}

/// How well a text says what was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Weighed {
    /// What speaks against it: less is better.
    pub(super) score: f64,
    /// The concepts that it lacks, a bit for each.
    pub(super) lacks: u32,
    /// What it says beyond, alone.
    pub(super) extra: f64,
}

/// Cuts a text into words in lower case.
pub(super) fn words_of(text: &str) -> Vec<Cow<'_, str>> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(lower)
        .collect()
}

fn lower(word: &str) -> Cow<'_, str> {
    // Most words of a title are in lower case.
    if word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(word.to_lowercase())
    }
}

/// A word of a text that is weighed.
struct Said<'t> {
    word: Cow<'t, str>,
    /// Whether the text says that this is not so: after without, or not.
    is_denied: bool,
    /// Whether it is named beside something else, after and, or or; or in brackets, where it may be left out.
    is_beside: bool,
    /// Whether it stands behind unspecified, as in unspecified number of placenta: it tells no more than that word.
    is_open: bool,
    /// Whether it was asked for.
    is_used: bool,
}

/// Returns a path of an index without the other forms of what was asked for, which stand behind commas: Bleeding > rectum
/// for Bleeding > rectum, rectal. Other words behind a comma are no forms: Fracture, pathological.
pub(super) fn in_one_form(path: &str, concepts: &[Concept]) -> String {
    let is_asked = |word: &str| {
        let word = word.to_lowercase();
        let mut ways = concepts.iter().flat_map(|concept| &concept.ways);
        ways.any(|way| way.words.iter().any(|asked| asked.fits(&word)))
    };
    let steps = path.split(" > ").map(|step| {
        let forms = || step.split(", ");
        let Some(asked) = forms().find(|form| is_asked(form)) else {
            return step.to_owned();
        };
        let is_form = |form: &str| {
            let letters = |text: &str| text.to_lowercase().chars().take(4).collect::<String>();
            form != asked && !form.contains(' ') && letters(form) == letters(asked)
        };
        let others = forms().filter(|form| !is_form(form));
        others.collect::<Vec<_>>().join(", ")
    });
    steps.collect::<Vec<_>>().join(" > ")
}

/// Words that tell codes of one level apart, even where what stands above has them too.
pub(super) const TELLING: [&str; 4] = ["other", "initial", "subsequent", "sequela"];

/// Parts of the body that an injury is of: an unspecified hip is still a hip, and no other part.
const SITES: [&str; 20] = [
    "ankle", "arm", "ear", "elbow", "finger", "foot", "forearm", "hand", "head", "hip", "knee",
    "leg", "neck", "shoulder", "thigh", "thorax", "thumb", "toe", "trunk", "wrist",
];

/// Cuts a text into words, and looks which of them it denies.
fn said(text: &str) -> Vec<Said<'_>> {
    let mut all = Vec::new();
    let mut is_nonessential = false;
    for clause in text.split([',', ';', ':']) {
        let begins = all.len();
        let (mut is_denied, mut is_beside) = (false, false);
        for piece in clause.split_inclusive(|c: char| !c.is_alphanumeric()) {
            let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
            let was_nonessential = is_nonessential;
            match piece.chars().last() {
                Some('(' | '[') => is_nonessential = true,
                Some(')' | ']') => is_nonessential = false,
                _ => {}
            }
            if word.is_empty() {
                continue;
            }
            let word = lower(word);
            // With stage 5 or unspecified: what was named before it may be left out, back to where it begins.
            if word == "unspecified" && all.last().is_some_and(|last: &Said<'_>| last.word == "or")
            {
                let before = all.iter().rposition(|said| said.word == "with");
                let others = all.iter_mut().skip(before.unwrap_or_default());
                others.for_each(|said| said.is_beside = true);
            }
            match &*word {
                // What is open is so in all its forms: unspecified whether with hypoxia.
                "with"
                    if all
                        .last()
                        .is_some_and(|last: &Said<'_>| last.word == "whether") => {}
                "with" | "in" | "due" => (is_denied, is_beside) = (false, false),
                // Without foreign body of the left hand: the hand is there.
                "of" if all
                    .last()
                    .is_some_and(|last: &Said<'_>| last.word == "body") =>
                {
                    is_denied = false;
                }
                // Other and unspecified: what follows is no second thing.
                "and" | "or" => {
                    is_beside = all
                        .last()
                        .is_some_and(|last: &Said<'_>| last.word != "other");
                }
                _ => {}
            }
            let is_denial = match &*word {
                "without" | "not" => true,
                // Unspecified as acute or chronic, unspecified whether with hypoxia.
                "as" | "whether" => all
                    .last()
                    .is_some_and(|last: &Said<'_>| last.word == "unspecified"),
                _ => false,
            };
            // Behind the first word unspecified is part of what the code is for: unspecified injury of head.
            let is_open = match all.get(begins..).unwrap_or_default() {
                [.., last] if last.word == "unspecified" => all.len() > 1,
                [.., last, of] if of.word == "of" => last.is_open,
                _ => false,
            };
            all.push(Said {
                word,
                is_open,
                is_denied,
                is_beside: is_beside || was_nonessential,
                is_used: false,
            });
            is_denied |= is_denial;
        }
    }
    all
}

/// Weighs a text against what was asked for. The words of `known` weigh nothing: what stands above has them.
pub(super) fn weigh(text: &str, concepts: &[Concept], known: &[String]) -> Weighed {
    let mut words = said(text);
    // What a text denies is not what was asked for, unless that was a denial too.
    let typed = typed_words(concepts);
    let denies = asks_for_denial(&typed);
    let (mut score, mut lacks) = (0.0, 0u32);
    for (at, concept) in concepts.iter().enumerate() {
        let is_so = |way: &&Way| {
            way.words.iter().all(|asked| {
                words
                    .iter()
                    .any(|said| (denies || !said.is_denied) && asked.fits(&said.word))
            })
        };
        // The likeliest first.
        let ways: Vec<&Way> = concept.ways.iter().filter(is_so).collect();
        let Some(likeliest) = ways.first() else {
            lacks |= 1 << at.min(31);
            score += lack(concept, &words);
            continue;
        };
        score += likeliest.cost;
        for said in &mut words {
            let asked = |way: &&Way| way.words.iter().any(|asked| asked.fits(&said.word));
            // Another word for the same says nothing beyond: Tendinitis, tendonitis.
            let mut others = ways.iter().skip(1).filter(|way| way.words.len() == 1);
            said.is_used |= asked(likeliest) || others.any(asked);
        }
    }
    let mut extra = 0.0;
    for (at, said) in words.iter().enumerate() {
        let word = &*said.word;
        let is_denial = matches!(word, "without" | "not");
        if said.is_used
            || is_denial
            || SMALL_WORDS.contains(&word)
            // A word that stands for another was asked for too: of an ear infection the ear.
            || typed.contains(&word)
            || known.iter().any(|known| known == word)
        {
            continue;
        }
        // What was said already says nothing beyond.
        let is_said =
            |other: &Said<'_>| other.word == said.word && other.is_denied == said.is_denied;
        if words.iter().take(at).any(is_said) {
            continue;
        }
        // Diabetes of which no type is named is type 2, by the guidelines for coding (I.C.4.a.2).
        let near = |at: Option<usize>| at.and_then(|at| words.get(at)).map(|said| &*said.word);
        let is_type_1 = word == "1"
            && (near(at.checked_sub(1)), near(Some(at + 1))) == (Some("type"), Some("diabetes"));
        extra += if is_type_1 { 0.05 } else { 0.0 };
        // What a code goes without is what is meant by someone who does not name it.
        extra += match (said.is_denied, said.is_beside) {
            (true, _) => weight(word).min(0.1),
            _ if said.is_open && !SITES.contains(&word) => weight(word).min(0.15),
            (_, true) => weight(word) * 0.3,
            _ => weight(word),
        };
    }
    // Of texts that say as much beyond, the shorter one first.
    let extra = extra + words.len() as f64 / 100.0;
    Weighed {
        score: score + extra,
        lacks,
        extra,
    }
}

/// Checks whether a text names a side.
pub(super) fn names_side(text: &str) -> bool {
    words_of(text).iter().any(|word| SIDES.contains(&&**word))
}

/// What it weighs that a text lacks what was asked for.
fn lack(concept: &Concept, words: &[Said<'_>]) -> f64 {
    match concept.kind {
        // Another side is another code; one that names none may be meant.
        ConceptKind::Side if words.iter().any(|said| SIDES.contains(&&*said.word)) => 4.0,
        _ => least_lack(concept),
    }
}

/// What it weighs at least that a text lacks what was asked for.
pub(super) fn least_lack(concept: &Concept) -> f64 {
    match concept.kind {
        ConceptKind::Core => 3.0 * concept.importance,
        ConceptKind::Side => 1.0,
        ConceptKind::Encounter => 1.2,
    }
}
