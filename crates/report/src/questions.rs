//! The questions that a coder has of a code, each with its answer and the file that it comes from.
//!
//! What they say is put together once, from the page of a code; a page of the web service shows them with links.

use codeyear_core::model::{
    Book, CodeHistory, CodePage, CodeSet, Difference, DocumentKind, DocumentSource, HistorySpan,
    LineageKind, NoteGroup, NoteKind, NotesAt, PlaceInBook, PlaceKind, ProofOutcome, Verdict,
    VerdictKind, day_before,
};

use crate::long_day;
use crate::note::{note_label, stands_in};
use crate::page::{last_change_words, place_name, poa_lists, releases, state_words};
use crate::tree::Text;
use crate::verdict::{meaning, outcome_words};

/// Which question it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    MayBill,
    UseInstead,
    Covers,
    SinceWhen,
    CodedWith,
    DiffersFrom,
    PoaExempt,
    Source,
}

/// A question with its answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    pub(crate) topic: Topic,
    pub(crate) ask: String,
    /// The answer, a sentence each.
    pub(crate) said: Vec<Text>,
    /// The notes that are the answer, the code's own first.
    pub(crate) notes: Vec<NotesAt>,
    /// Where the notes are an earlier year's, what they are called while they are folded.
    pub(crate) folded: Option<String>,
    /// The file that says so.
    pub(crate) source: Option<String>,
}

impl Question {
    fn new(topic: Topic, ask: impl Into<String>) -> Question {
        Question {
            topic,
            ask: ask.into(),
            said: Vec::new(),
            notes: Vec::new(),
            folded: None,
            source: None,
        }
    }

    fn say(mut self, said: impl Into<Text>) -> Question {
        self.said.push(Text::prose(&[said.into()]));
        self
    }

    fn from(mut self, source: Option<String>) -> Question {
        self.source = source;
        self
    }
}

/// Lists the questions of a page that have an answer, in the order in which a coder asks them. `has_codes` tells whether
/// the answer names codes to use instead.
pub(crate) fn questions(page: &CodePage, has_codes: bool) -> Vec<Question> {
    let listing = listing_of(page);
    let mut all = Vec::new();
    let day = long_day(page.answer.date);
    all.push(
        Question::new(
            Topic::MayBill,
            format!("May I bill {} on {day}?", page.code),
        )
        .say(may_bill(&page.answer.verdict))
        .from(listing.clone()),
    );
    if has_codes {
        all.push(Question::new(Topic::UseInstead, "What do I use instead?").from(listing.clone()));
    }
    // What the tabular list says of a code that no release lists on the date is nothing.
    let is_listed = match &page.answer.verdict {
        Verdict::Billable { .. } | Verdict::Header { .. } => true,
        Verdict::NotInForce { listed_by, .. } => listed_by.is_some(),
        _ => false,
    };
    if is_listed {
        all.extend(covers(page));
    }
    all.extend(since_when(page));
    if is_listed {
        all.extend(coded_with(page));
    }
    all.extend(page.difference.as_ref().map(|found| differs(page, found)));
    all.extend(poa(page));
    all.push(source(page, listing));
    all
}

fn may_bill(verdict: &Verdict) -> String {
    match verdict.kind() {
        VerdictKind::Billable => {
            "Yes. May be reported on a claim with this date of service".to_owned()
        }
        VerdictKind::NotCovered => "Not known: no release is loaded for this date".to_owned(),
        _ => format!("No: {}", meaning(verdict)),
    }
}

/// Returns what says whether the code is listed: an order file, a correction of the catalogue, or a release that was
/// published before the code set was in force.
fn listing_of(page: &CodePage) -> Option<String> {
    if let Verdict::NotInForce {
        listed_by: Some((release, _)),
        ..
    } = &page.answer.verdict
    {
        return Some(format!("{release}, published for this date"));
    }
    let basis = page.answer.basis.as_ref()?;
    Some(match &basis.patch {
        Some(patch) => format!("catalogue correction of {}: {patch}", basis.release),
        None => {
            let file = basis.file.file_name();
            format!("{}, {file} ({})", basis.release, basis.provenance.label())
        }
    })
}

/// Returns the notes of some kinds at the code and at the levels up to its category, the code's own first.
fn notes_of_kinds(page: &CodePage, kinds: &[NoteKind]) -> Vec<NotesAt> {
    let levels = page.notes.iter().rev();
    let levels = levels.filter(|notes| notes.place.kind == PlaceKind::Code);
    let of_kinds = levels.filter_map(|notes| {
        let groups: Vec<NoteGroup> = notes
            .groups
            .iter()
            .filter(|group| kinds.contains(&group.kind))
            .cloned()
            .collect();
        (!groups.is_empty()).then(|| NotesAt {
            place: notes.place.clone(),
            groups,
        })
    });
    of_kinds.collect()
}

const COVERED: [NoteKind; 2] = [NoteKind::InclusionTerm, NoteKind::Includes];
const CODED_WITH: [NoteKind; 5] = [
    NoteKind::CodeFirst,
    NoteKind::UseAdditionalCode,
    NoteKind::CodeAlso,
    NoteKind::Excludes1,
    NoteKind::Excludes2,
];

/// Returns the notes that no question has: those of blocks and chapter, and notes in prose.
pub(crate) fn other_notes(page: &CodePage) -> Vec<NotesAt> {
    let left = page.notes.iter().filter_map(|notes| {
        let groups: Vec<NoteGroup> = notes
            .groups
            .iter()
            .filter(|group| {
                let is_asked = COVERED.contains(&group.kind) || CODED_WITH.contains(&group.kind);
                notes.place.kind != PlaceKind::Code || !is_asked
            })
            .cloned()
            .collect();
        (!groups.is_empty()).then(|| NotesAt {
            place: notes.place.clone(),
            groups,
        })
    });
    left.collect()
}

/// Returns what a part of a page rests on, with the file: `FY2026-04, tabular.xml`.
pub(crate) fn document_of(consulted: &DocumentSource) -> Option<String> {
    match consulted {
        DocumentSource::Own { release, file } => Some(format!("{release}, {}", file.file_name())),
        DocumentSource::Other {
            missing,
            release,
            file,
            ..
        } => Some(stands_in(
            &format!("{release}, {}", file.file_name()),
            *missing,
        )),
        DocumentSource::Missing { .. } => None,
    }
}

/// Returns what notes are called that are not those of the release in force: `Notes of FY2026-04; FY2027's are not
/// loaded`.
pub(crate) fn notes_label(consulted: &DocumentSource) -> Option<String> {
    match consulted {
        DocumentSource::Other {
            missing, release, ..
        } => Some(format!("Notes of {release}; {missing}'s are not loaded")),
        _ => None,
    }
}

/// Makes a question whose answer is notes of the tabular list.
fn of_notes(
    page: &CodePage,
    mut question: Question,
    kinds: &[NoteKind],
    none: &str,
) -> Option<Question> {
    let consulted = page.tabular.as_ref()?;
    if let DocumentSource::Missing { missing, .. } = consulted {
        return Some(question.say(format!(
            "Not known: the tabular list of {missing} is not loaded"
        )));
    }
    question.notes = notes_of_kinds(page, kinds);
    question.folded = notes_label(consulted).filter(|_| consulted.is_earlier());
    question.source = document_of(consulted);
    if !question.notes.is_empty() {
        return Some(question);
    }
    Some(match question.folded.take() {
        Some(label) => question.say(label).say(none),
        None => question.say(none),
    })
}

fn covers(page: &CodePage) -> Option<Question> {
    let question = Question::new(Topic::Covers, "What does it cover?");
    if page.answer.code_set.facts().book != Book::Tables {
        return of_notes(
            page,
            question,
            &COVERED,
            "What its title says; the tabular list adds no terms",
        );
    }
    let pcs = page.pcs.as_ref()?;
    let characters = pcs.characters.iter().filter_map(|found| {
        let label = found.label.as_ref()?;
        Some(format!("{}: {label}", found.axis))
    });
    let characters: Vec<String> = characters.collect();
    (!characters.is_empty()).then(|| {
        question
            .say(characters.join("; "))
            .from(document_of(&pcs.tables))
    })
}

fn coded_with(page: &CodePage) -> Option<Question> {
    let question = Question::new(Topic::CodedWith, "What must or must not be coded with it?");
    let mut question = of_notes(
        page,
        question,
        &CODED_WITH,
        "The tabular list has no Excludes, Code first or Use additional code note for it or its category",
    )?;
    let is_above = |notes: &&NotesAt| notes.place.kind != PlaceKind::Code;
    let is_earlier = page
        .tabular
        .as_ref()
        .is_some_and(DocumentSource::is_earlier);
    if !is_earlier && page.notes.iter().any(|notes| is_above(&notes)) {
        question = question.say("The notes of its block and chapter apply too");
    }
    Some(question)
}

fn since_when(page: &CodePage) -> Option<Question> {
    let history = page.history.as_ref()?;
    let mut runs: Vec<(&'static str, &HistorySpan, &HistorySpan)> = Vec::new();
    for span in &history.spans {
        match runs.last_mut() {
            Some((state, _, last))
                if *state == state_words(span) && is_next(history, last, span) =>
            {
                *last = span;
            }
            _ => runs.push((state_words(span), span, span)),
        }
    }
    let count = runs.len();
    let runs = runs.into_iter().enumerate();
    let clauses = runs.map(|(at, (state, first, last))| {
        let is_open = at + 1 == count
            && history.deleted_by.is_none()
            && day_before(last.valid_to) == history.covered_through;
        let text = Text::from(state);
        match is_open {
            true => text.words(" since ").day(first.valid_from),
            false => text
                .words(" from ")
                .day(first.valid_from)
                .words(" to ")
                .day(day_before(last.valid_to)),
        }
    });
    let clauses: Vec<Text> = clauses.collect();
    let first = history.spans.first()?.first_release;
    let last = history.spans.last()?.last_release;
    let mut question = Question::new(Topic::SinceWhen, "Since when, and what changed last?")
        .say(Text::joined(clauses, "; "))
        .from(Some(
            match history.spans.iter().any(|span| span.patch.is_some()) {
                true => format!(
                    "order files of {}, and catalogue corrections",
                    releases(first, last)
                ),
                false => format!("order files of {}", releases(first, last)),
            },
        ));
    for (from, through) in &history.gaps {
        let gap = Text::from("No release is loaded for ").day(*from);
        question = question.say(gap.words(" to ").day(*through));
    }
    if let Some(change) = &page.last_change {
        question = question.say(last_change_words(change, long_day));
    }
    for conversion in &history.lineage.lineage.conversions {
        let is_by_then = conversion.effective_from <= page.answer.date;
        if conversion.kind == LineageKind::SplitOff && is_by_then {
            let codes = conversion.successors.iter().take(3);
            let codes = Text::joined(codes.map(|link| Text::default().code(link.new)), ", ");
            let moved = Text::from("Part of it moved to ").text(codes).words(" on ");
            question = question.say(moved.day(conversion.effective_from));
        }
    }
    Some(question)
}

/// Checks whether one stretch follows another, but for days for which no release is loaded.
fn is_next(history: &CodeHistory, last: &HistorySpan, next: &HistorySpan) -> bool {
    let mut gaps = history.gaps.iter();
    last.valid_to == next.valid_from
        || gaps.any(|(from, through)| {
            *from == last.valid_to && *through == day_before(next.valid_from)
        })
}

fn differs(page: &CodePage, found: &Difference) -> Question {
    let code_set = page.answer.code_set;
    let other = &found.other;
    let ask = format!("How does it differ from {}?", other.code);
    let mut question = Question::new(Topic::DiffersFrom, ask).say(
        Text::default()
            .code(other.code)
            .words(format!(" is {}", other.long_title)),
    );
    if let Some(common) = found.common.last() {
        question = question.say(format!("Both are in {}", place_in_words(code_set, common)));
    }
    let only = |code, place: &Option<PlaceInBook>| {
        let place = place
            .as_ref()
            .filter(|place| place.kind != PlaceKind::Code)?;
        let place = place_in_words(code_set, place);
        Some(Text::default().code(code).words(format!(" is in {place}")))
    };
    let clauses = [
        only(page.code, &found.only_own),
        only(other.code, &found.only_other),
    ];
    let clauses: Vec<Text> = clauses.into_iter().flatten().collect();
    if !clauses.is_empty() {
        question = question.say(Text::joined(clauses, ", "));
    }
    for mention in &found.mentions {
        let at = Text::default().code(mention.at);
        question = question.say(at.words(format!(
            ", {}: {}",
            note_label(mention.kind),
            mention.note.trim()
        )));
    }
    if found.has_notes && found.mentions.is_empty() {
        question = question.say("No note of either names the other");
    }
    let tabular = page.tabular.as_ref().filter(|_| found.has_notes);
    question.source = tabular.and_then(document_of).or_else(|| listing_of(page));
    question
}

/// Returns a level of the book with its title: `Chapter 2 Neoplasms (C00-D49)`.
fn place_in_words(code_set: CodeSet, place: &PlaceInBook) -> String {
    format!("{} {}", place_name(code_set, place), place.title)
}

fn poa(page: &CodePage) -> Option<Question> {
    let question = Question::new(Topic::PoaExempt, "Is it POA-exempt?");
    if !page.asks_for_poa() {
        let is_header = matches!(page.answer.verdict, Verdict::Header { .. });
        let has_list = page.answer.code_set.has(DocumentKind::PoaExemptList);
        let words = "Not applicable: a POA indicator is reported with a billable code";
        return (is_header && has_list).then(|| question.say(words));
    }
    let Some(span) = &page.poa else {
        return Some(question.say("Not known: no POA-exempt list is loaded for this date"));
    };
    let said = match span.exempt {
        true => "Yes, exempt from ",
        false => "No: inpatient claims need a POA indicator (Y, N, U, W). Not exempt from ",
    };
    let days = Text::from(said).day(span.from).words(" to ");
    Some(
        question
            .say(days.day(day_before(span.until)))
            .from(Some(format!("POA-exempt {}", poa_lists(span)))),
    )
}

fn source(page: &CodePage, listing: Option<String>) -> Question {
    let question = Question::new(
        Topic::Source,
        "What is the source, and when was it last verified?",
    );
    let Some(listing) = listing else {
        return question.say("No release is loaded for this date");
    };
    let question = question.say(listing);
    match &page.verified {
        None => question.say("Not verified"),
        Some(proof) => {
            let on = Text::from("Last verified on ").day(proof.checked_on);
            question.say(match proof.outcome {
                ProofOutcome::Exact => on,
                outcome => on.words(format!(": {}", outcome_words(outcome))),
            })
        }
    }
}
