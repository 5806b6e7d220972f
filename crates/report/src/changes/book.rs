//! The changes in the order of the book.

use super::cms::{cms_sentence, counting_explained};
use super::subject::{banners, scope, title};
use super::successors;
use crate::tree::{Block, ChangedCode, Column, Remark, Report, Table, Text, Tone};
use crate::{Style, grouped};
use codeyear_core::model::{Change, ChangeKind, ChangeSet, Chapter, Code, chapter_of};

/// Returns the report.
pub(super) fn report(changes: &ChangeSet, style: Style) -> Report<'_> {
    let mut blocks = vec![Block::Title(title(changes))];
    blocks.extend(banners(changes));
    let scope = scope(changes, style);
    let of_what = if scope.is_some() {
        "whole release: "
    } else {
        ""
    };
    blocks.extend(scope.map(|scope| Block::Line(scope.into())));
    let (old, new) = (changes.old_rows, changes.new_rows);
    blocks.push(Block::Table(Table {
        about: Some(
            Text::from(format!("{of_what}rows {}", grouped(old.all)))
                .arrow()
                .words(format!(
                    "{}, billable {}",
                    grouped(new.all),
                    grouped(old.billable)
                ))
                .arrow()
                .words(grouped(new.billable)),
        ),
        columns: vec![
            Column::rows("change", 28).obvious(),
            Column::number("all", 8),
            Column::number("billable", 9),
        ],
        rows: ChangeKind::ALL
            .into_iter()
            .map(|kind| {
                let count = changes.count(kind);
                let label = kind.label().to_owned();
                vec![label, grouped(count.all), grouped(count.billable)]
            })
            .collect(),
        more: None,
        note: Some(cms_sentence(changes)),
    }));
    let explained = Text::default().toned(counting_explained(changes), Tone::Quiet);
    blocks.push(Block::Sentence(vec![explained]));
    if changes.changes.is_empty() {
        blocks.push(Block::Remark("No codes changed.".into()));
    }
    for step in steps(changes) {
        blocks.extend(step.chapter.map(Block::Chapter));
        let category = step.category;
        blocks.extend(category.map(|(code, title)| Block::CodeHeading { code, title }));
        let lineage = successors::line(changes, &step.change.code, style);
        blocks.push(Block::Change(ChangedCode {
            change: step.change,
            uses: None,
            remarks: lineage
                .map(|(way, words)| Remark {
                    way: Some(way),
                    words,
                })
                .into_iter()
                .collect(),
        }));
    }
    Report { blocks }
}

/// A change, with the chapter and the category that begin with it.
struct Step<'a> {
    chapter: Option<&'static Chapter>,
    category: Option<(Code, &'a str)>,
    change: &'a Change,
}

/// Walks the changes in the order of the book.
fn steps(changes: &ChangeSet) -> impl Iterator<Item = Step<'_>> {
    let mut last: (Option<&'static Chapter>, Option<Code>) = (None, None);
    changes.changes.iter().map(move |change| {
        let category = change.code.category();
        let here = (chapter_of(changes.code_set, &change.code), Some(category));
        let step = Step {
            chapter: here.0.filter(|_| here.0 != last.0),
            category: (here.1 != last.1).then(|| {
                (
                    category,
                    changes.category_title(&category).unwrap_or_default(),
                )
            }),
            change,
        };
        last = here;
        step
    })
}
