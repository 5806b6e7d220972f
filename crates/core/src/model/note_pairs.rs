//! The notes of one node in two tabular lists, paired.
//!
//! The rules, which hold alike in both directions:
//!
//! 1. Notes that both lists have under the same kind are the same, wherever they stand among the others:
//!    another sequence, or another element that they stand together in, is not a change.
//! 2. Of the others, a note that stands word for word under another kind has moved there.
//! 3. Then notes of one kind that share at least half of their words are one that was reworded.
//! 4. Then notes of different kinds that share at least four fifths of their words are one that moved
//!    and was reworded at once.
//! 5. What is left was added or removed.
//!
//! The most similar notes are paired first, and of those alike the ones that stand nearest to each other.
//! Two notes share twice the number of words that both have, of the number of words of both together.
//! Words are runs of letters and digits in any case, so that `(E83.3)` and `(E83.31)` share one of two.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{NoteEdit, NoteGroup, NoteKind};

/// A note that the other list lacks under the same kind.
#[derive(Debug, Clone, Copy)]
struct Lone<'t> {
    kind: NoteKind,
    note: &'t str,
    /// Where it stands among the notes of its kind.
    place: usize,
}

/// Returns how alike two notes are; `None` if they are not one note.
type Rule = dyn Fn(&Lone<'_>, &Lone<'_>) -> Option<u32>;

/// Lists how the notes of a node differ: by kind in the order of [`NoteKind::ALL`], then as the new list
/// has them, and last what was removed.
pub(super) fn compare_notes(old: &[NoteGroup], new: &[NoteGroup]) -> Vec<NoteEdit> {
    if old == new {
        return Vec::new();
    }
    let (mut gone, mut came) = (Vec::new(), Vec::new());
    for kind in NoteKind::ALL {
        let (was, is) = (notes(old, kind), notes(new, kind));
        gone.extend(lone(kind, &was, &is));
        came.extend(lone(kind, &is, &was));
    }
    let mut found: Vec<(NoteKind, usize, NoteEdit)> = Vec::new();
    let rules: [&Rule; 3] = [
        &|was, is| (was.note == is.note).then_some(1),
        &|was, is| similarity(was.note, is.note, 1, 2).filter(|_| was.kind == is.kind),
        &|was, is| similarity(was.note, is.note, 4, 5),
    ];
    for rule in rules {
        let pairs = matched(&gone, &came, rule);
        for (was, is) in &pairs {
            if let (Some(was), Some(is)) = (gone.get(*was), came.get(*is)) {
                found.push((is.kind, is.place, paired(was, is)));
            }
        }
        let (was, is): (BTreeSet<usize>, BTreeSet<usize>) = pairs.into_iter().unzip();
        keep_others(&mut gone, &was);
        keep_others(&mut came, &is);
    }
    found.extend(came.iter().map(|is| {
        let note = is.note.to_owned();
        let edit = NoteEdit::NoteAdded {
            kind: is.kind,
            note,
        };
        (is.kind, is.place, edit)
    }));
    found.sort_by_key(|(_, place, _)| *place);
    found.extend(gone.iter().map(|was| {
        let note = was.note.to_owned();
        let edit = NoteEdit::NoteRemoved {
            kind: was.kind,
            note,
        };
        (was.kind, was.place, edit)
    }));
    let rank = |kind: NoteKind| NoteKind::ALL.iter().position(|one| *one == kind);
    found.sort_by_key(|(kind, _, _)| rank(*kind));
    found.into_iter().map(|(_, _, edit)| edit).collect()
}

fn notes(groups: &[NoteGroup], kind: NoteKind) -> Vec<&str> {
    let of_kind = groups.iter().filter(|group| group.kind == kind);
    of_kind
        .flat_map(|group| group.notes.iter().map(String::as_str))
        .collect()
}

/// Returns the notes of one side that the other lacks, each as often as it lacks it.
fn lone<'t>(kind: NoteKind, notes: &[&'t str], others: &[&str]) -> Vec<Lone<'t>> {
    let mut there: BTreeMap<&str, usize> = BTreeMap::new();
    for note in others {
        *there.entry(note).or_default() += 1;
    }
    let mut lone = Vec::new();
    for (place, note) in notes.iter().enumerate() {
        match there.get_mut(note) {
            Some(count) if *count > 0 => *count -= 1,
            _ => lone.push(Lone { kind, note, place }),
        }
    }
    lone
}

fn paired(was: &Lone<'_>, is: &Lone<'_>) -> NoteEdit {
    let (old, new) = (was.note.to_owned(), is.note.to_owned());
    if was.kind == is.kind {
        NoteEdit::NoteReworded {
            kind: is.kind,
            old,
            new,
        }
    } else {
        NoteEdit::NoteMoved {
            from: was.kind,
            to: is.kind,
            old,
            new,
        }
    }
}

fn keep_others<T>(list: &mut Vec<T>, taken: &BTreeSet<usize>) {
    let mut index = 0;
    list.retain(|_| {
        index += 1;
        !taken.contains(&(index - 1))
    });
}

/// Pairs two lists by a score, the highest first; `None` keeps two apart. Turned round, the same pairs
/// result.
pub(super) fn matched<T>(
    old: &[T],
    new: &[T],
    score: impl Fn(&T, &T) -> Option<u32>,
) -> Vec<(usize, usize)> {
    let mut candidates = Vec::new();
    for (was, one) in old.iter().enumerate() {
        for (is, other) in new.iter().enumerate() {
            if let Some(score) = score(one, other) {
                candidates.push((score, was, is));
            }
        }
    }
    // No two candidates with the same score, distance and sum share a side, so the direction decides
    // nothing.
    candidates.sort_by_key(|(score, was, is)| {
        (std::cmp::Reverse(*score), was.abs_diff(*is), was + is, *was)
    });
    let (mut taken_old, mut taken_new) = (BTreeSet::new(), BTreeSet::new());
    let mut pairs = Vec::new();
    for (_, was, is) in candidates {
        if !taken_old.contains(&was) && !taken_new.contains(&is) {
            taken_old.insert(was);
            taken_new.insert(is);
            pairs.push((was, is));
        }
    }
    pairs
}

/// Returns what part of their words two notes share, if it is at least `least` of `of`.
fn similarity(a: &str, b: &str, least: usize, of: usize) -> Option<u32> {
    let (first, second) = (words(a), words(b));
    let shared: usize = first
        .iter()
        .map(|(word, count)| (*count).min(second.get(word).copied().unwrap_or(0)))
        .sum();
    let all = first.values().sum::<usize>() + second.values().sum::<usize>();
    share(2 * shared, all, least, of)
}

fn words(text: &str) -> BTreeMap<String, usize> {
    let mut words = BTreeMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        if !word.is_empty() {
            *words.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    words
}

/// Returns a part of a whole in millionths, if it is at least `least` of `of`.
pub(super) fn share(part: usize, whole: usize, least: usize, of: usize) -> Option<u32> {
    let millionths = (part * 1_000_000).checked_div(whole)?;
    (part * of >= whole * least)
        .then(|| u32::try_from(millionths).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(kind: NoteKind, notes: &[&str]) -> NoteGroup {
        NoteGroup {
            kind,
            notes: notes.iter().map(|note| (*note).to_owned()).collect(),
        }
    }

    fn added(kind: NoteKind, note: &str) -> NoteEdit {
        NoteEdit::NoteAdded {
            kind,
            note: note.to_owned(),
        }
    }

    #[test]
    fn another_sequence_is_not_a_change() {
        let (a, b) = ("bulimia NOS (F50.2)", "newborn apnea (P28.4)");
        let old = [group(NoteKind::Excludes1, &[a, b])];
        let new = [
            group(NoteKind::Excludes1, &[b]),
            group(NoteKind::Excludes1, &[a]),
        ];
        assert_eq!(compare_notes(&old, &new), []);
    }

    #[test]
    fn a_note_moves_from_excludes1_to_excludes2() {
        let note = "tubal pregnancy (O00.1)";
        let old = [group(NoteKind::Excludes1, &[note])];
        let moved = |new: &str| NoteEdit::NoteMoved {
            from: NoteKind::Excludes1,
            to: NoteKind::Excludes2,
            old: note.to_owned(),
            new: new.to_owned(),
        };
        for new in [note, "tubal pregnancy (O00.1-)"] {
            let now = [group(NoteKind::Excludes2, &[new])];
            assert_eq!(compare_notes(&old, &now), [moved(new)]);
        }
    }

    #[test]
    fn a_note_with_half_of_its_words_is_reworded_and_with_less_is_another() {
        let kind = NoteKind::Excludes1;
        let old = [group(kind, &["depressive stupor (F31-F33)"])];
        let text = "depressive stupor (F31.-, F32.-, F33.-)";
        let reworded = NoteEdit::NoteReworded {
            kind,
            old: "depressive stupor (F31-F33)".to_owned(),
            new: text.to_owned(),
        };
        assert_eq!(compare_notes(&old, &[group(kind, &[text])]), [reworded]);
        let insulin = "code to identify any insulin use (Z79.4)";
        let control = "code to identify control using:";
        let found = compare_notes(&[group(kind, &[insulin])], &[group(kind, &[control])]);
        let removed = NoteEdit::NoteRemoved {
            kind,
            note: insulin.to_owned(),
        };
        assert_eq!(found, [added(kind, control), removed]);
    }

    #[test]
    fn the_most_similar_notes_are_paired_whatever_the_direction() {
        let old = ["chronic bronchiolitis (J44.-)", "systemic (M32.-)"];
        let new = [
            "systemic lupus erythematosus (M32.-)",
            "chronic bronchiolitis (J44.89)",
        ];
        let rule = |a: &&str, b: &&str| similarity(a, b, 1, 2);
        let mut pairs = matched(&old, &new, rule);
        pairs.sort_unstable();
        assert_eq!(pairs, [(0, 1), (1, 0)]);
        assert_eq!(matched(&new, &old, rule).len(), 2);
    }

    #[test]
    fn a_note_that_stands_twice_is_one_more() {
        let kind = NoteKind::InclusionTerm;
        let note = "Candidiasis of skin";
        let found = compare_notes(&[group(kind, &[note])], &[group(kind, &[note, note])]);
        assert_eq!(found, [added(kind, note)]);
    }
}
