//! Text for a terminal.

use std::fmt::Write;

use super::{chapter_heading, plain, source_line, words};
use crate::marks::{joined, mark};
use crate::tree::{
    Block, ChangedCode, ChangedNote, CodeLine, CodeList, Report, SourceFile, Table, Text, Tone,
};
use crate::{Style, cut};
use codeyear_core::model::{ChangeKind, LineageWay};

/// The fewest characters that a line goes on with below its beginning.
const MIN_COLUMN: usize = 24;
/// An arrow between blanks.
const ARROW: &str = " -> ";

/// Writes a report.
pub fn text(report: &Report<'_>, style: Style) -> String {
    let mut terminal = Terminal {
        out: String::new(),
        indent: 0,
        style,
        last: Last::Other,
    };
    for block in &report.blocks {
        terminal.block(block);
    }
    terminal.out
}

/// Writes a text.
fn inline(text: &Text, style: Style) -> String {
    let spans = text.spans.iter();
    spans
        .map(|span| style.toned(span.tone, &words(&span.what, style, ARROW)))
        .collect()
}

/// Writes an old and a new wording with their different words marked.
fn marked_line(old: &str, new: &str, style: Style) -> (String, String) {
    let (old, new) = mark(old, new);
    if style.colour {
        let (del, ins, end) = ("\u{1b}[31;9m", "\u{1b}[32;4m", "\u{1b}[0m");
        (joined(&old, del, end), joined(&new, ins, end))
    } else {
        (joined(&old, "[-", "-]"), joined(&new, "{+", "+}"))
    }
}

/// Writes a line so far from the left. What does not fit the terminal goes on below, further from the left.
fn write_line(out: &mut String, indent: usize, hanging: usize, text: &str, style: Style) {
    let fits = |width: usize| indent + textwrap::core::display_width(text) <= width;
    let Some(width) = style.width.filter(|width| !fits(*width)) else {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{:indent$}{text}", "");
        return;
    };
    // Below a narrow column nothing can be read.
    let hanging = if hanging + MIN_COLUMN > width {
        indent
    } else {
        hanging
    };
    let (first, next) = (" ".repeat(indent), " ".repeat(hanging));
    let options = textwrap::Options::new(width)
        .initial_indent(&first)
        .subsequent_indent(&next)
        // A date or a range of codes is one word.
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false);
    for line in textwrap::wrap(text, options) {
        let _ = writeln!(out, "{line}");
    }
}

/// Wraps the lines of a text to the terminal, each further from the left than it begins.
pub fn wrapped(text: String, style: Style) -> String {
    if style.width.is_none() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let bare = line.trim_start_matches(' ');
        let indent = line.len() - bare.len();
        write_line(&mut out, indent, indent + 2, bare, style);
    }
    out
}

/// Writes codes, one a line, so far from the left, cut to a short list unless the user wants all.
fn code_lines(out: &mut String, indent: usize, lines: &[CodeLine], style: Style) {
    let shown = cut::LINES.shown(lines.len(), style);
    let width = lines.iter().take(shown);
    let width = width.map(|line| style.code(&line.code).len()).max();
    let width = width.unwrap_or_default();
    for line in lines.iter().take(shown) {
        let code = style.code(&line.code);
        let header = match line.billable {
            Some(false) => " (a header)",
            Some(true) | None => "",
        };
        let remark = if line.remark.is_empty() {
            String::new()
        } else {
            format!("  {}", style.dim(&plain(&line.remark, style, ARROW)))
        };
        let text = format!("{code:<width$}  {}{header}{remark}", line.title);
        write_line(out, indent, indent + width + 2, &text, style);
    }
    let left = lines.len() - shown;
    if left > 0 {
        let more = style.dim(&cut::more_line(left));
        let _ = writeln!(out, "{:indent$}{more}", "");
    }
}

/// Returns how many characters each column takes.
fn widths(table: &Table) -> Vec<usize> {
    let needed = |at: usize, heading: &str| {
        let cells = table.rows.iter().filter_map(|row| row.get(at));
        let cells = cells.map(|cell| cell.chars().count());
        cells.chain([heading.len()]).max().unwrap_or_default()
    };
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(at, column)| match column.width {
            0 => needed(at, column.heading),
            width => width,
        })
        .collect()
}

struct Terminal {
    out: String,
    /// How far from the left stands what is below a subject.
    indent: usize,
    style: Style,
    last: Last,
}

/// What the last block was: a table stands apart from what is beside it, but for its heading and a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Heading,
    Table,
    Other,
}

impl Terminal {
    fn line(&mut self, indent: usize, text: &str) {
        let indent = self.indent + indent;
        write_line(&mut self.out, indent, indent + 2, text, self.style);
    }

    fn block(&mut self, block: &Block<'_>) {
        let style = self.style;
        let last = std::mem::replace(&mut self.last, Last::Other);
        if last == Last::Table && matches!(block, Block::Line(_) | Block::Sentence(_)) {
            self.out.push('\n');
        }
        match block {
            Block::Title(title) => self.line(0, &style.bold(title)),
            Block::Banner(banner) if banner.is_warning => {
                let warning = style.doubtful("warning:");
                self.line(0, &format!("{warning} {}", banner.words));
            }
            Block::Banner(banner) => self.line(0, &style.doubtful(&banner.words)),
            Block::Subject(text) => {
                if !self.out.is_empty() {
                    self.out.push('\n');
                }
                self.indent = 0;
                self.line(0, &inline(text, style));
                self.indent = 2;
            }
            Block::Line(text) => self.line(0, &inline(text, style)),
            Block::Sentence(clauses) => {
                for clause in clauses {
                    self.line(0, &inline(clause, style));
                }
            }
            Block::Remark(text) => {
                self.out.push('\n');
                self.line(0, &inline(text, style));
            }
            Block::Heading { words, .. } => {
                self.out.push('\n');
                self.indent = 0;
                self.line(0, &style.bold(words));
                self.last = Last::Heading;
            }
            Block::Chapter(chapter) => {
                self.out.push('\n');
                self.line(0, &style.bold(&chapter_heading(chapter)));
            }
            Block::CodeHeading { code, title } => {
                let code = style.bold(&style.code(code));
                self.line(2, &format!("{code}  {title}"));
            }
            Block::Table(table) => self.table(table, last),
            Block::List(lines) => {
                for text in lines {
                    self.line(0, &inline(text, style));
                }
            }
            Block::Sublist(lines) => {
                for text in lines {
                    self.line(2, &inline(text, style));
                }
            }
            Block::Items(items) => {
                let indent = 2usize.saturating_sub(self.indent);
                for item in items {
                    let within = item.sign.unwrap_or(2 * item.depth);
                    self.line(indent + within, &inline(&item.text, style));
                }
            }
            Block::CodeLines { lines, .. } => {
                code_lines(&mut self.out, self.indent + 4, lines, style);
            }
            Block::Codes(list) => self.codes(list),
            Block::Change(change) => self.change(change),
            Block::NoteChange(note) => self.note(note),
            Block::Sources(sources) => self.sources(sources),
        }
    }

    fn table(&mut self, table: &Table, last: Last) {
        if let Some(about) = &table.about {
            self.line(0, &inline(about, self.style));
        }
        if last != Last::Heading {
            self.out.push('\n');
        }
        let headings = table.columns.iter();
        let headings: Vec<&str> = headings
            .map(|column| {
                if column.is_obvious {
                    ""
                } else {
                    column.heading
                }
            })
            .collect();
        let widths = widths(table);
        self.row(table, &widths, &headings);
        for row in &table.rows {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            self.row(table, &widths, &cells);
        }
        if let Some(more) = &table.more {
            self.line(0, &self.style.dim(more));
        }
        self.last = Last::Table;
        if let Some(note) = &table.note {
            self.out.push('\n');
            self.line(0, note);
            self.last = Last::Other;
        }
    }

    fn row(&mut self, table: &Table, widths: &[usize], cells: &[&str]) {
        let mut line = String::new();
        for ((column, width), cell) in table.columns.iter().zip(widths).zip(cells) {
            let gap = match (column.width, line.is_empty()) {
                (0, false) => "  ",
                (0, true) => "",
                _ if column.is_number => " ",
                _ => "",
            };
            let _ = if column.is_number {
                write!(line, "{gap}{cell:>width$}")
            } else {
                write!(line, "{gap}{cell:<width$}")
            };
        }
        // Columns stay where they are.
        let indent = self.indent;
        let _ = writeln!(self.out, "{:indent$}{}", "", line.trim_end());
    }

    fn codes(&mut self, list: &CodeList) {
        let style = self.style;
        if list.lines.is_empty() {
            return;
        }
        let manner = list.manner.map(|manner| format!(", {manner}"));
        let heading = inline(&list.heading, style);
        let count = list.lines.len();
        self.line(
            0,
            &format!("{heading} ({count}{}):", manner.unwrap_or_default()),
        );
        let style = Style {
            whole_lists: style.whole_lists || list.is_whole,
            ..style
        };
        code_lines(&mut self.out, self.indent + 2, &list.lines, style);
    }

    fn change(&mut self, changed: &ChangedCode<'_>) {
        let style = self.style;
        let change = changed.change;
        let code = style.code(&change.code);
        let label = match change.kind {
            ChangeKind::ShortTitleOnly => "short title",
            ChangeKind::SpacingOnly => "spacing",
            other => other.label(),
        };
        let label = style.toned(changed.tone(), &format!("{label:<15}"));
        let uses = changed
            .uses
            .map(|uses| format!("{:>9}x ", crate::grouped(uses)));
        let uses = uses.unwrap_or_default();
        let flag = if changed.is_header() { " (header)" } else { "" };
        let rewordings = changed.rewordings();
        if rewordings.is_empty() {
            let title = changed.title();
            self.line(4, &format!("{label} {uses}{code:<8} {title}{flag}"));
        } else {
            self.line(4, &format!("{label} {uses}{code:<8}{flag}"));
        }
        for one in rewordings {
            let (old, new) = marked_line(one.old, one.new, style);
            self.line(6, &format!("{}old  {old}", one.what));
            self.line(6, &format!("{}new  {new}", one.what));
        }
        for remark in &changed.remarks {
            let arrow = match remark.way {
                Some(LineageWay::Forward) => "-> ",
                Some(LineageWay::Back) => "<- ",
                None => "",
            };
            self.line(6, &format!("{arrow}{}", remark.words));
        }
    }

    fn note(&mut self, note: &ChangedNote<'_>) {
        let style = self.style;
        if note.begins_place {
            let name = style.bold(&note.name);
            let mut heading = format!("{name}  {}", note.change.place.title);
            if !note.standing.is_empty() {
                let standing = format!("({})", note.standing);
                let _ = write!(
                    heading,
                    "  {}",
                    style.toned(note.standing_tone(), &standing)
                );
            }
            self.line(if note.is_at_code() { 4 } else { 2 }, &heading);
        }
        let label = style.toned(note.tone(), &format!("{:<9}", note.label));
        if note.is_list() {
            self.line(6, &label);
            for line in &note.lines {
                for (word, text) in [("old", &line.old), ("new", &line.new)] {
                    if let Some(text) = text {
                        self.line(8, &format!("{word}  {}  {text}", line.what));
                    }
                }
            }
            return;
        }
        for line in &note.lines {
            let what = &line.what;
            if let Some((old, new)) = line.rewording() {
                let (old, new) = marked_line(old, new, style);
                self.line(6, &format!("{label} {what}"));
                self.line(8, &format!("old  {old}"));
                self.line(8, &format!("new  {new}"));
            } else {
                let colon = if what.is_empty() { "" } else { ": " };
                self.line(6, &format!("{label} {what}{colon}{}", line.wording()));
            }
        }
    }

    fn sources(&mut self, sources: &[SourceFile<'_>]) {
        self.out.push('\n');
        let style = self.style;
        self.line(0, &style.dim("sources:"));
        for source in sources {
            self.line(0, &style.dim(&format!("  {}", source_line(source))));
        }
    }
}

impl Style {
    /// Writes text in a tone.
    pub(crate) fn toned(&self, tone: Tone, text: &str) -> String {
        match tone {
            Tone::Plain => text.to_owned(),
            Tone::Strong => self.bold(text),
            Tone::Quiet => self.dim(text),
            Tone::Good => self.good(text),
            Tone::Bad => self.bad(text),
            Tone::Doubtful => self.doubtful(text),
            Tone::New => self.paint(anstyle::Style::new().bold().underline(), text),
        }
    }
}
