//! A report in a language of markup: the walk over its blocks, which all such languages share.

use super::{chapter_heading, known_as, plain, words};
use crate::marks::{Piece, mark};
use crate::tree::{
    Block, ChangedCode, ChangedNote, CodeLine, CodeList, Report, SourceFile, Table, Text, Tone,
    capital,
};
use crate::{Style, counted};
use codeyear_core::model::LineageWay;

/// An arrow between blanks.
const ARROW: &str = " \u{2192} ";

/// What a language of markup is: the signs of each thing that a report has. Words come escaped.
pub(super) trait Markup {
    /// Writes words so that none of them is a sign.
    fn escape(&self, words: &str) -> String;
    /// Writes a heading of a level; 0 is the title of the report.
    fn heading(&self, level: u8, words: &str) -> String;
    /// Writes what must not be overlooked.
    fn banner(&self, is_warning: bool, sentence: &str) -> String;
    /// Writes an item of a list, so deep.
    fn item(&self, depth: usize, words: &str) -> String;
    /// Writes words that stand out.
    fn strong(&self, words: &str) -> String;
    /// Writes a digest.
    fn digest(&self, digest: &str) -> String;
    /// Writes words that only the old, or only the new wording has.
    fn changed(&self, is_old: bool, words: &str) -> String;
    /// Writes a table; cells come escaped.
    fn table(&self, table: &Table, headings: &[String], rows: &[Vec<String>]) -> String;
}

/// Writes a report in a language.
pub(super) fn write(language: &impl Markup, report: &Report<'_>, style: Style) -> String {
    let mut writer = Writer {
        language,
        out: String::new(),
        style,
        in_list: false,
        in_place: false,
    };
    for block in &report.blocks {
        writer.block(block);
    }
    writer.out
}

/// Writes words with signs around them. A sign holds only where it touches a word, so blanks at the ends go outside.
fn inside_blanks(words: &str, signed: impl FnOnce(&str) -> String) -> String {
    let inner = words.trim();
    if inner.is_empty() {
        return words.to_owned();
    }
    let from = words.len() - words.trim_start().len();
    let (before, after) = (words.get(..from), words.get(from + inner.len()..));
    let outside = |blanks: Option<&str>| blanks.unwrap_or_default().to_owned();
    outside(before) + &signed(inner) + &outside(after)
}

struct Writer<'m, M> {
    language: &'m M,
    out: String,
    style: Style,
    /// Whether an item of a list was the last.
    in_list: bool,
    /// Whether an item names the place in the book that changes of the tabular list are of.
    in_place: bool,
}

impl<M: Markup> Writer<'_, M> {
    /// Writes a block, apart from the one before it.
    fn part(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.push_str(text);
        self.out.push('\n');
        self.in_list = false;
        self.in_place = false;
    }

    /// Writes an item of a list, apart from what is no item.
    fn item(&mut self, depth: usize, text: &str) {
        if !std::mem::replace(&mut self.in_list, true) && !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
            .push_str(&self.language.item(depth, text.trim_end()));
        self.out.push('\n');
    }

    fn escape(&self, words: &str) -> String {
        self.language.escape(words)
    }

    fn text(&self, text: &Text) -> String {
        let spans = text.spans.iter().map(|span| {
            let words = self.escape(&words(&span.what, self.style, ARROW));
            match span.tone {
                Tone::Strong => inside_blanks(&words, |inner| self.language.strong(inner)),
                Tone::New => inside_blanks(&words, |inner| self.language.changed(false, inner)),
                _ => words,
            }
        });
        spans.collect()
    }

    fn sentence(&self, clauses: &[Text]) -> String {
        self.text(&Text::prose(clauses))
    }

    fn heading(&mut self, level: u8, words: &str) {
        let words = self.escape(&capital(words));
        self.part(&self.language.heading(level, &words));
    }

    fn block(&mut self, block: &Block<'_>) {
        match block {
            Block::Title(title) => self.heading(0, title),
            Block::Banner(banner) => {
                // The word before a warning begins its sentence.
                let sentence = match banner.is_warning {
                    true => self.escape(&banner.words) + ".",
                    false => self.sentence(&[banner.words.as_str().into()]),
                };
                self.part(&self.language.banner(banner.is_warning, &sentence));
            }
            Block::Subject(text) => {
                // What was asked stands as it was typed.
                let words = self.escape(&plain(text, self.style, ARROW));
                self.part(&self.language.heading(2, &words));
            }
            Block::Line(text) => self.part(&self.text(text)),
            Block::Sentence(clauses) => self.part(&self.sentence(clauses)),
            Block::Remark(text) => self.part(&self.sentence(std::slice::from_ref(text))),
            Block::Heading { level, words } => self.heading(*level, words),
            Block::Chapter(chapter) => self.heading(2, &chapter_heading(chapter)),
            Block::CodeHeading { code, title } => {
                let code = self.style.code(code);
                self.heading(3, &format!("{code} {title}"));
            }
            Block::Table(table) => self.table(table),
            Block::List(lines) => lines.iter().for_each(|text| self.item(0, &self.text(text))),
            Block::Sublist(lines) => lines.iter().for_each(|text| self.item(1, &self.text(text))),
            Block::Items(items) => {
                for item in items {
                    self.item(item.depth, &self.text(&item.text));
                }
            }
            Block::CodeLines { depth, lines } => {
                lines.iter().for_each(|line| self.code_line(*depth, line));
            }
            Block::Codes(list) => self.codes(list),
            Block::Change(change) => self.change(change),
            Block::NoteChange(note) => self.note(note),
            Block::Sources(sources) => self.sources(sources),
        }
    }

    fn table(&mut self, table: &Table) {
        let headings = table.columns.iter();
        let headings: Vec<String> = headings.map(|column| self.escape(column.heading)).collect();
        let cells = |row: &Vec<String>| row.iter().map(|cell| self.escape(cell)).collect();
        let rows: Vec<Vec<String>> = table.rows.iter().map(cells).collect();
        self.part(&self.language.table(table, &headings, &rows));
        let more = table.more.iter().chain(&table.note);
        let more = more.map(|note| Text::from(note.as_str()));
        let said = table.about.iter().cloned().chain(more);
        let said: Vec<String> = said.map(|one| self.sentence(&[one])).collect();
        if !said.is_empty() {
            self.part(&said.join(" "));
        }
    }

    fn codes(&mut self, list: &CodeList) {
        if list.lines.is_empty() {
            return;
        }
        let manner = list.manner.map(|manner| format!(", {manner}"));
        let count = format!(" ({}{}):", list.lines.len(), manner.unwrap_or_default());
        self.part(&self.sentence(&[list.heading.clone().words(count)]));
        list.lines.iter().for_each(|line| self.code_line(0, line));
    }

    fn code_line(&mut self, depth: usize, line: &CodeLine) {
        let code = self.language.strong(&self.style.code(&line.code));
        let header = match line.billable {
            Some(false) => " (a header)",
            Some(true) | None => "",
        };
        let remark = match line.remark.is_empty() {
            true => String::new(),
            false => format!(" ({})", self.text(&line.remark)),
        };
        self.item(
            depth,
            &format!("{code} {}{header}{remark}", self.escape(&line.title)),
        );
    }

    fn change(&mut self, changed: &ChangedCode<'_>) {
        let change = changed.change;
        let code = self.language.strong(&self.style.code(&change.code));
        let label = change.kind.label();
        let uses = changed
            .uses
            .map(|uses| format!(", {}", counted(uses, "use")));
        let uses = uses.unwrap_or_default();
        let flag = if changed.is_header() { ", header" } else { "" };
        let rewordings = changed.rewordings();
        let title = if rewordings.is_empty() || changed.uses.is_some() {
            format!(" {}", self.escape(changed.title()))
        } else {
            String::new()
        };
        self.item(0, &format!("{code} ({label}{uses}{flag}){title}"));
        for one in rewordings {
            self.rewording(1, one.what, one.old, one.new);
        }
        for remark in &changed.remarks {
            let arrow = match remark.way {
                Some(LineageWay::Forward) => "\u{2192} ",
                Some(LineageWay::Back) => "\u{2190} ",
                None => "",
            };
            self.item(1, &format!("{arrow}{}", self.escape(&remark.words)));
        }
    }

    fn rewording(&mut self, depth: usize, what: &str, old: &str, new: &str) {
        let (old, new) = mark(old, new);
        for (word, is_old, pieces) in [("old", true, old), ("new", false, new)] {
            let text = self.marked(is_old, &pieces);
            self.item(depth, &format!("{what}{word}: {text}"));
        }
    }

    /// Writes pieces with the changed ones marked.
    fn marked(&self, is_old: bool, pieces: &[Piece]) -> String {
        let pieces = pieces.iter().map(|piece| {
            let words = self.escape(&piece.text);
            match piece.changed {
                true => inside_blanks(&words, |inner| self.language.changed(is_old, inner)),
                false => words,
            }
        });
        pieces.collect()
    }

    fn note(&mut self, note: &ChangedNote<'_>) {
        let name = self.language.strong(&self.escape(&note.name));
        if note.begins_place {
            let title = self.escape(&note.change.place.title);
            let standing = match note.standing {
                "" => String::new(),
                standing => format!(" ({standing})"),
            };
            self.item(0, &format!("{name} {title}{standing}"));
            self.in_place = true;
        }
        // What a heading names is named again, as the changes below it are not nested.
        let (depth, about) = match self.in_place {
            true => (1, note.label.to_owned()),
            false => (0, format!("{name} ({})", note.label)),
        };
        for line in &note.lines {
            let what = self.escape(&line.what);
            if let Some((old, new)) = line.rewording() {
                self.item(depth, &format!("{about} {what}"));
                self.rewording(depth + 1, "", old, new);
            } else {
                let text = self.escape(line.wording());
                let colon = if what.is_empty() { "" } else { ": " };
                self.item(depth, &format!("{about} {what}{colon}{text}"));
            }
        }
    }

    fn sources(&mut self, sources: &[SourceFile<'_>]) {
        self.heading(2, "Sources");
        for source in sources {
            let name = self.escape(&source.file.name);
            let digest = self.language.digest(&source.file.sha256);
            self.item(0, &format!("{name} ({}{digest})", known_as(source)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{asciidoc, markdown};
    use super::*;
    use crate::tree::Item;

    fn both(blocks: Vec<Block<'static>>) -> [String; 2] {
        let report = Report { blocks };
        let style = Style::PLAIN;
        [markdown(&report, style), asciidoc(&report, style)]
    }

    fn line(text: impl Into<Text>) -> [String; 2] {
        both(vec![Block::Line(text.into())]).map(|text| text.trim_end().to_owned())
    }

    #[test]
    fn no_word_is_a_sign() {
        for (words, in_markdown, in_asciidoc) in [
            ("a*b_c", "a\\*b\\_c", "a&#42;b&#95;c"),
            ("[BMI]; 30", "\\[BMI\\]; 30", "&#91;BMI&#93;&#59; 30"),
            (
                "A -- B ... C",
                "A -- B ... C",
                "A &#45;&#45; B &#46;&#46;&#46; C",
            ),
            ("a -> b", "a -\\> b", "a -&#62; b"),
            (
                "<b> & \"c\"",
                "\\<b\\> & \"c\"",
                "&#60;b&#62; &#38; &#34;c&#34;",
            ),
            (
                "(C) a::b http://x",
                "(C) a::b http://x",
                "&#40;C) a&#58;&#58;b http&#58;//x",
            ),
        ] {
            assert_eq!(line(words), [in_markdown, in_asciidoc]);
        }
    }

    #[test]
    fn what_is_new_is_marked_whatever_stands_beside_it() {
        let new = |old, new| line(Text::reworded(old, new));
        assert_eq!(
            new("Low back pain", "Low back pain, unspecified"),
            [
                "Low back pain<ins>, unspecified</ins>",
                "Low back pain[.underline]##, unspecified##"
            ]
        );
        assert_eq!(new("a", "a b"), ["a **b**", "a [.underline]##b##"]);
    }

    #[test]
    fn lists_are_nested_and_an_empty_one_is_not_said() {
        let items = vec![Item::at(0, "a"), Item::below_sign(6, "b"), Item::at(0, "c")];
        let empty = CodeList::of_entries("nothing", &[]);
        let [markdown, asciidoc] = both(vec![Block::Items(items), Block::Codes(empty)]);
        assert_eq!(markdown, "- a\n    - b\n- c\n");
        assert_eq!(asciidoc, "* a\n** b\n* c\n");
    }

    #[test]
    fn what_was_asked_stands_as_it_was_typed() {
        let [markdown, _] = both(vec![Block::Subject("abc?  unknown".into())]);
        assert_eq!(markdown, "## abc?  unknown\n");
    }
}
