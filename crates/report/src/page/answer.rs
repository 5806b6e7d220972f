//! What is said of one code on one day: the verdict, what to use instead, what it rests on.

use super::{document_said, items_cut};
use crate::Style;
use crate::cut::Cut;
use crate::explain::{explain, refused_character};
use crate::tree::{Banner, Block, Item, Text, Tone};
use crate::verdict::{meaning, tone};
use codeyear_core::error::printable;
use codeyear_core::model::{Answer, PcsPage, Warning};

/// The characters that may stand somewhere.
const CHARACTERS: Cut = Cut::after(24);

/// Returns what there is to say of an answer.
pub(crate) fn answer_blocks(answer: &Answer, style: Style) -> Vec<Block<'static>> {
    let mut blocks = vec![Block::Subject(subject(answer))];
    if let Some(entry) = answer.verdict.entry() {
        blocks.push(Block::Line(entry.long_title.as_str().into()));
    }
    blocks.extend(explain(answer));
    if let Some(pcs) = &answer.pcs {
        blocks.extend(refusal(pcs, style));
    }
    for basis in answer.basis.iter().chain(&answer.later_bases) {
        let rests = format!(
            "source: {}, {} ({}, sha256 {}...)",
            basis.release,
            basis.file.file_name(),
            basis.provenance.name(),
            basis.file.short_sha256()
        );
        let patch = basis.patch.iter();
        let patch =
            patch.map(|citation| format!("and a correction from the catalogue: {citation}"));
        let said = [rests].into_iter().chain(patch);
        let said = said.map(|words| Text::default().toned(words, Tone::Quiet));
        blocks.push(Block::Sentence(said.collect()));
    }
    blocks.extend(warnings(&answer.warnings));
    blocks
}

/// Returns warnings as banners.
pub(super) fn warnings(warnings: &[Warning]) -> impl Iterator<Item = Block<'static>> {
    warnings.iter().map(|warning| {
        Block::Banner(Banner {
            is_warning: true,
            words: warning.to_string(),
        })
    })
}

/// Returns the first line: the code, the days, the verdict, what it means.
fn subject(answer: &Answer) -> Text {
    let code = match answer.code {
        Some(code) => Text::default().code_toned(code, Tone::Strong),
        None => Text::default().toned(shown(&answer.asked), Tone::Strong),
    };
    let days = match answer.through {
        Some(through) if through != answer.date => {
            format!("from {} through {through}", answer.date)
        }
        _ => format!("on {}", answer.date),
    };
    let tone = tone(&answer.verdict);
    code.words(format!("  {days}  "))
        .toned(answer.verdict.name(), tone)
        .words(format!("  {}", meaning(&answer.verdict)))
}

/// Returns text that is no code, cut to a readable length.
fn shown(text: &str) -> String {
    let cut: String = text.chars().take(40).collect();
    if cut.is_empty() {
        "(empty)".to_owned()
    } else {
        printable(&cut)
    }
}

/// Returns which character of a code its table does not allow, and what it allows there.
fn refusal(pcs: &PcsPage, style: Style) -> Vec<Block<'static>> {
    let said = document_said(&pcs.tables, "file of tables", false);
    let sentence = |text: Text| Block::Sentence(vec![text]);
    let mut blocks: Vec<Block<'_>> = said.map(sentence).into_iter().collect();
    let Some(cannot) = refused_character(pcs) else {
        return blocks;
    };
    let before: Vec<String> = pcs
        .characters
        .iter()
        .filter_map(|found| Some(format!("{} {}", found.character, found.label.as_ref()?)))
        .collect();
    blocks.push(sentence(match before.is_empty() {
        true => cannot,
        false => cannot.words(format!(" after {}", before.join(", "))),
    }));
    blocks.push(Block::Items(allowed(pcs, style)));
    blocks
}

/// Returns what may stand where a code has a character that its table does not allow.
pub(super) fn allowed(pcs: &PcsPage, style: Style) -> Vec<Item> {
    if pcs.allowed.is_empty() {
        return Vec::new();
    }
    let heading = format!("allowed there ({}):", pcs.allowed.len());
    let lines = pcs.allowed.iter();
    let lines = lines.map(|(character, label)| format!("{character}  {label}").into());
    let mut items = vec![Item::at(0, heading)];
    items.extend(items_cut(1, lines, CHARACTERS, style));
    items
}
