//! The strict reader that all official XML is read with.
//!
//! The official files hold elements with elements or elements with text, rarely both, no document type
//! and no entities of their own. What the publisher adds is kept as it stands and named, so that a new
//! attribute costs no release and nothing is lost unseen. What could change the meaning of what is known
//! is refused: a known element out of its place or within an unknown one, an unknown element within a
//! text, whose words it might change. A document type is refused at once, because it could define
//! entities that grow without end.

use quick_xml::Reader;
use quick_xml::errors::SyntaxError;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::error::{Error, Result};
use crate::model::{Unread, UnreadKind, UnreadList};

/// The deepest nesting that is read. The official files have 16 levels at most.
const DEEPEST: usize = 64;

/// The most unknown things of a document that are kept, and the most bytes of them in all.
const MAX_UNREAD: usize = 10_000;
const MAX_UNREAD_BYTES: usize = 1 << 20;

/// The elements of a format.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// Those that are known somewhere: at another place they are an error.
    pub(super) known: &'static [&'static str],
    /// Those of them that hold codes or terms, and are an error within an unknown element too: skipping
    /// them would lose what is known.
    pub(super) structure: &'static [&'static str],
}

/// An element that has just begun.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// The place of its tag, in bytes.
    begins_at: usize,
}

/// What stands next in an element that mixes text and elements.
pub(super) enum Content {
    /// Text.
    Text(String),
    /// An element within it.
    Child(Element),
}

/// A reader over one file.
pub(super) struct Xml<'b> {
    reader: Reader<&'b [u8]>,
    bytes: &'b [u8],
    depth: usize,
    /// The place of the event that was read last.
    event_at: usize,
    vocabulary: &'static Vocabulary,
    unread: UnreadList,
    unread_bytes: usize,
    /// A place and its line, from which lines are counted on.
    counted: (usize, u64),
}

impl<'b> Xml<'b> {
    /// Opens a file whose root element is one of `roots`; returns its name.
    pub(super) fn open(
        bytes: &'b [u8],
        roots: &[&str],
        vocabulary: &'static Vocabulary,
    ) -> Result<(Xml<'b>, String)> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        std::str::from_utf8(bytes).map_err(|error| super::refusal::not_utf8(bytes, error))?;
        let mut reader = Reader::from_reader(bytes);
        reader.config_mut().expand_empty_elements = true;
        let mut xml = Xml {
            reader,
            bytes,
            depth: 0,
            event_at: 0,
            vocabulary,
            unread: UnreadList::default(),
            unread_bytes: 0,
            counted: (0, 1),
        };
        let expected = roots
            .iter()
            .map(|root| format!("<{root}>"))
            .collect::<Vec<_>>()
            .join(" or ");
        loop {
            match xml.event()? {
                Event::Decl(_) | Event::Comment(_) => {}
                Event::Text(text) if text.bytes().all(|byte| byte.is_ascii_whitespace()) => {}
                Event::Start(start) => {
                    let element = xml.begin(&start)?;
                    if !roots.contains(&element.name.as_str()) {
                        return Err(
                            xml.fail(format!("expected {expected}, found <{}>", element.name))
                        );
                    }
                    xml.no_attributes(&element);
                    return Ok((xml, element.name));
                }
                Event::DocType(_) => {
                    return Err(xml.fail(
                        "expected no document type: the official files have none, and one could define entities that grow without end",
                    ));
                }
                Event::Eof => return Err(xml.cut_off(&expected)),
                _ => return Err(xml.fail(format!("expected {expected}, found something else"))),
            }
        }
    }

    /// Returns the place that the reader stands at, in bytes.
    pub(super) fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    /// Returns the line of a place: for errors only, because it counts from the beginning.
    pub(super) fn line_of(&self, position: usize) -> u64 {
        let before = self.bytes.iter().take(position);
        before.filter(|byte| **byte == b'\n').count() as u64 + 1
    }

    /// Makes the error for what the layout does not allow here.
    pub(super) fn fail(&self, message: impl Into<String>) -> Error {
        Error::format(message)
            .at_line(self.line_of(self.position()))
            .with_hint("the file is damaged or its layout is new; download it again, and report it if it stays so")
    }

    /// Makes the error for a file that ends before it should.
    fn cut_off(&self, expected: &str) -> Error {
        Error::format(format!(
            "the file is cut off: expected {expected}, found its end"
        ))
        .at_line(self.line_of(self.position()))
        .with_hint("download it again; an interrupted download leaves half a file")
    }

    /// Returns what was not known of the file.
    pub(super) fn take_unread(&mut self) -> UnreadList {
        std::mem::take(&mut self.unread)
    }

    /// Stores an element that is not known, to its end.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Format`] if it is known at another place, and if it holds what it may not.
    pub(super) fn unknown(&mut self, element: &Element, parent: &str) -> Result<()> {
        if self.vocabulary.known.contains(&element.name.as_str()) {
            return Err(self.misplaced(element, parent));
        }
        self.skip(element)?;
        let raw = self.bytes.get(element.begins_at..self.position());
        let content = String::from_utf8_lossy(raw.unwrap_or_default()).into_owned();
        self.keep(
            element.begins_at,
            UnreadKind::Element,
            parent,
            &element.name,
            content,
        );
        Ok(())
    }

    /// Returns the error for an element that may not stand here.
    pub(super) fn misplaced(&self, element: &Element, parent: &str) -> Error {
        self.fail(format!(
            "unexpected element <{}> in <{parent}>",
            shown(&element.name)
        ))
    }

    /// Reads to the end of an element that is not known.
    fn skip(&mut self, element: &Element) -> Result<()> {
        let depth = self.depth;
        loop {
            match self.event()? {
                Event::Start(start) => {
                    let child = self.begin(&start)?;
                    if self.vocabulary.structure.contains(&child.name.as_str()) {
                        return Err(self.misplaced(&child, &shown(&element.name)));
                    }
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth < depth {
                        return Ok(());
                    }
                }
                Event::Comment(_) | Event::CData(_) => {}
                Event::Text(text) => self.no_controls(&text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    self.resolved(&reference)?;
                }
                Event::Eof => return Err(self.cut_off(&format!("</{}>", shown(&element.name)))),
                _ => {
                    return Err(self.fail(format!(
                        "expected text or elements in <{}>, found something else",
                        shown(&element.name)
                    )));
                }
            }
        }
    }

    fn keep(
        &mut self,
        begins_at: usize,
        kind: UnreadKind,
        parent: &str,
        name: &str,
        content: String,
    ) {
        let bytes = self.unread_bytes + parent.len() + name.len() + content.len();
        if self.unread.things.len() >= MAX_UNREAD || bytes > MAX_UNREAD_BYTES {
            self.unread.beyond += 1;
            return;
        }
        self.unread_bytes = bytes;
        // Things come in the order of the file, so that each line is counted from the one before.
        let (from, line) = self.counted;
        let between = self.bytes.get(from..begins_at).unwrap_or_default();
        let line = line + between.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.counted = (begins_at.max(from), line);
        self.unread.things.push(Unread {
            line,
            parent: parent.to_owned(),
            name: name.to_owned(),
            kind,
            content,
        });
    }

    /// Stores an attribute that is not known.
    pub(super) fn unknown_attribute(&mut self, element: &Element, name: &str, value: &str) {
        self.keep(
            element.begins_at,
            UnreadKind::Attribute,
            &element.name,
            name,
            value.to_owned(),
        );
    }

    /// Stores the attributes of an element that has none in the official files.
    pub(super) fn no_attributes(&mut self, element: &Element) {
        for (name, value) in &element.attributes {
            self.unknown_attribute(element, name, value);
        }
    }

    /// Returns the values of these attributes, in this order; all of them must be there. Others are kept.
    pub(super) fn attributes<const N: usize>(
        &mut self,
        element: &Element,
        wanted: [&str; N],
    ) -> Result<[String; N]> {
        for (name, value) in &element.attributes {
            if !wanted.contains(&name.as_str()) {
                self.unknown_attribute(element, name, value);
            }
        }
        let mut values = [const { String::new() }; N];
        for (value, wanted) in values.iter_mut().zip(wanted) {
            let found = element.attributes.iter().find(|(name, _)| name == wanted);
            let Some((_, found)) = found else {
                return Err(self.fail(format!(
                    "expected the attribute {wanted} of <{}>",
                    shown(&element.name)
                )));
            };
            value.clone_from(found);
        }
        Ok(values)
    }

    /// Reads the value of an attribute that is a number: digits alone.
    pub(super) fn number(&self, element: &Element, name: &str, value: &str) -> Result<u32> {
        let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
        value.parse().ok().filter(|_| is_plain).ok_or_else(|| {
            self.fail(format!(
                "expected a number in {name} of <{}>, found {:?}",
                shown(&element.name),
                shown(value)
            ))
        })
    }

    /// Reads the value of the only known attribute of an element, which is a number.
    pub(super) fn only_number(&mut self, element: &Element, wanted: &str) -> Result<u32> {
        if let [(name, value)] = element.attributes.as_slice()
            && name == wanted
        {
            return self.number(element, wanted, value);
        }
        let [value] = self.attributes(element, [wanted])?;
        self.number(element, wanted, &value)
    }

    /// Checks that the attribute `level` of an element is its depth.
    pub(super) fn level(&mut self, element: &Element, depth: u32) -> Result<()> {
        let level = self.only_number(element, "level")?;
        if level != depth {
            return Err(self.fail(format!(
                "expected level {depth} of <{}>, found {level}",
                shown(&element.name)
            )));
        }
        Ok(())
    }

    /// Reads the title that an index has first in each `letter`: one letter, digit or sign.
    pub(super) fn letter_title(&mut self) -> Result<char> {
        let element = loop {
            let Some(element) = self.child("letter")? else {
                return Err(self.fail("expected a <title> in <letter>, found none"));
            };
            if element.name == "mainTerm" {
                return Err(self.fail("expected the <title> of <letter> before its terms"));
            }
            if self.expect(&element, "title", "letter")? {
                break element;
            }
        };
        let text = self.raw_text(&element)?;
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => Ok(letter),
            _ => Err(self.fail(format!("expected one letter, found {:?}", shown(&text)))),
        }
    }

    /// Returns the next element within `parent`, or `None` at its end. Text between elements is refused.
    pub(super) fn child(&mut self, parent: &str) -> Result<Option<Element>> {
        loop {
            match self.event()? {
                Event::Start(start) => return Ok(Some(self.begin(&start)?)),
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(None);
                }
                Event::Comment(_) => {}
                Event::Text(text) if text.bytes().all(|byte| byte.is_ascii_whitespace()) => {}
                Event::Eof => {
                    return Err(self.cut_off(&format!("</{parent}>")));
                }
                Event::Text(_) | Event::GeneralRef(_) | Event::CData(_) => {
                    return Err(
                        self.fail(format!("expected elements only in <{parent}>, found text"))
                    );
                }
                _ => {
                    return Err(self.fail(format!(
                        "expected elements only in <{parent}>, found something else"
                    )));
                }
            }
        }
    }

    /// Reads the text of an element without known attributes, to its end.
    pub(super) fn text(&mut self, element: &Element) -> Result<String> {
        self.no_attributes(element);
        self.raw_text(element)
    }

    /// Reads the text of an element that may stand only once, into a text that is empty till then.
    pub(super) fn set(&mut self, text: &mut String, element: &Element) -> Result<()> {
        if !text.is_empty() {
            return Err(self.twice(element));
        }
        *text = self.text(element)?;
        Ok(())
    }

    /// Makes the error for an element that stands twice where one is allowed.
    pub(super) fn twice(&self, element: &Element) -> Error {
        self.fail(format!(
            "expected one <{}>, found two",
            shown(&element.name)
        ))
    }

    /// Checks whether an element without known attributes has this name; one that is not known is kept, to
    /// its end.
    ///
    /// # Errors
    /// As [`Xml::unknown`].
    pub(super) fn expect(&mut self, element: &Element, name: &str, parent: &str) -> Result<bool> {
        if element.name != name {
            self.unknown(element, parent)?;
            return Ok(false);
        }
        self.no_attributes(element);
        Ok(true)
    }

    /// Reads the text of an element whose attributes have been dealt with, to its end.
    pub(super) fn raw_text(&mut self, element: &Element) -> Result<String> {
        let mut text = String::new();
        while let Some(content) = self.content(&element.name)? {
            match content {
                Content::Text(piece) if text.is_empty() => text = piece,
                Content::Text(piece) => text.push_str(&piece),
                Content::Child(child) => return Err(self.misplaced(&child, &element.name)),
            }
        }
        Ok(text)
    }

    /// Returns the next piece of text or element within `parent`, or `None` at its end.
    pub(super) fn content(&mut self, parent: &str) -> Result<Option<Content>> {
        loop {
            match self.event()? {
                Event::Start(start) => return Ok(Some(Content::Child(self.begin(&start)?))),
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(None);
                }
                Event::Comment(_) => {}
                Event::Text(text) => {
                    // Line ends are LF, as XML wants them read.
                    let text = text.xml10_content();
                    self.no_controls(&text)?;
                    return Ok(Some(Content::Text(text.into_owned())));
                }
                Event::GeneralRef(reference) => {
                    return self
                        .resolved(&reference)
                        .map(|text| Some(Content::Text(text)));
                }
                Event::Eof => {
                    return Err(self.cut_off(&format!("</{parent}>")));
                }
                _ => {
                    return Err(self.fail(format!(
                        "expected text or elements in <{parent}>, found something else"
                    )));
                }
            }
        }
    }

    /// Returns what a reference stands for: a character, or one of the entities that XML itself has.
    fn resolved(&self, reference: &BytesRef<'_>) -> Result<String> {
        let character = reference
            .resolve_char_ref()
            .map_err(|error| self.fail(format!("malformed character reference: {error}")))?;
        if let Some(character) = character {
            let text = character.to_string();
            self.no_controls(&text)?;
            return Ok(text);
        }
        let name = reference.to_string();
        quick_xml::escape::resolve_predefined_entity(&name)
            .map(str::to_owned)
            .ok_or_else(|| self.fail(format!("unknown entity &{};", shown(&name))))
    }

    /// Reads to the end of the file, where nothing more may stand.
    pub(super) fn end(&mut self) -> Result<()> {
        loop {
            match self.event()? {
                Event::Eof => return Ok(()),
                Event::Comment(_) => {}
                Event::Text(text) if text.bytes().all(|byte| byte.is_ascii_whitespace()) => {}
                _ => return Err(self.fail("expected nothing after the end of the root element")),
            }
        }
    }

    #[inline]
    fn event(&mut self) -> Result<Event<'b>> {
        self.event_at = self.position();
        match self.reader.read_event() {
            Ok(event) => Ok(event),
            // A tag or a comment begins and the file ends before it does.
            Err(quick_xml::Error::Syntax(error)) if error != SyntaxError::InvalidBangMarkup => {
                let begins_at = usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX);
                Err(self
                    .cut_off("the end of the tag or comment that begins here")
                    .at_line(self.line_of(begins_at)))
            }
            Err(error) => Err(self.fail(format!(
                "malformed XML: {}",
                crate::error::printable(&error.to_string())
            ))),
        }
    }

    fn begin(&mut self, start: &BytesStart<'_>) -> Result<Element> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fail(format!(
                "expected at most {DEEPEST} levels of elements, found more"
            )));
        }
        let mut attributes = Vec::new();
        if start.len() > start.name().as_ref().len() {
            for attribute in start.attributes() {
                let attribute = attribute
                    .map_err(|error| self.fail(format!("malformed attribute: {error}")))?;
                let value = attribute
                    .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                    .map_err(|error| self.fail(format!("malformed attribute: {error}")))?;
                self.no_controls(&value)?;
                attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
            }
        }
        let name = start.name().as_ref().to_owned();
        Ok(Element {
            name,
            attributes,
            begins_at: self.event_at,
        })
    }

    /// Tabs and line breaks are the only control characters of the official files.
    fn no_controls(&self, text: &str) -> Result<()> {
        // Nearly every text is plain ASCII, where bytes tell.
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Ok(());
        }
        let is_bad = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n');
        match text.chars().find(|c| is_bad(*c)) {
            Some(c) => Err(self.fail(format!(
                "expected no control characters in text, found U+{:04X}",
                u32::from(c)
            ))),
            None => Ok(()),
        }
    }
}

/// Returns a name from the file for an error, cut to a readable length.
fn shown(name: &str) -> String {
    crate::error::printable(&name.chars().take(40).collect::<String>())
}

/// Reads the notes of an element that holds nothing else.
pub(super) fn notes(xml: &mut Xml<'_>, parent: &Element) -> Result<Vec<String>> {
    xml.no_attributes(parent);
    let mut notes = Vec::new();
    while let Some(element) = xml.child(&parent.name)? {
        if xml.expect(&element, "note", &parent.name)? {
            notes.push(xml.raw_text(&element)?);
        }
    }
    if notes.is_empty() {
        return Err(xml.fail(format!(
            "expected a <note> in <{}>, found none",
            parent.name
        )));
    }
    Ok(notes)
}
