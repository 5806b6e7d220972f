//! NDJSON: one object a line.

use std::io::Read;

use chrono::NaiveDate;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::{RawValue, Value};

use super::amount::cents;
use super::audited::Audited;
use super::auditor::{AuditRules, Auditor};
use super::blocks::{Block, Blocks, Work, run};
use super::claim::{
    Claim, ClaimCode, ClaimItem, ClaimParts, ClaimPlace, ClaimProblem, CodeSystem, ProblemKind,
};
use super::clean::split;
use super::columns::{CodeColumn, ColumnsAsked, Keep, day_of, matches};
use super::index::Index;
use super::input::refuse_other_text;
use super::options::{Annotated, Separators, TableOptions};
use super::sinks::{Objects, file_name};
use super::tally::Tally;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{DateFormat, UnknownDateFormat};

/// What is said of a field of codes that holds an object or a truth value.
const NO_TEXT: &str =
    "expected a text, a number or an array of them; a path names a field within objects: dx[].code";

/// The most objects that the form of dates is told from.
const MAX_SNIFFED: usize = 1000;

/// Audits objects, one a line, as [`audit_delimited`](super::audit_delimited) audits rows: the columns are the
/// fields of the object. A field of codes may be a text, a number or an array of them.
///
/// An annotated object has the fields asked for, as they stand, and `codeyear`: for each code its field, the
/// code, its verdict and what to use instead.
///
/// # Errors
/// As `audit_delimited`.
pub(super) fn audit_ndjson<'i, 'r>(
    index: &'i Index,
    input: Box<dyn Read + Send + 'r>,
    file: &str,
    options: &TableOptions,
    mut annotated: Annotated<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Audited<'i>> {
    let mut blocks = Blocks::new(input, file);
    let start = blocks.peek()?;
    refuse_other_text(start, file)?;
    let (asked, note) = options.columns.by_name(&fields(start), file)?;
    if !asked.poa.is_empty() {
        return Err(Error::usage("POA indicators are not read from objects")
            .in_file(file)
            .with_hint("leave out --poa, or write the claims as a table"));
    }
    let (format, notes) = options.date_form(file, "objects", asked.date_names(), || {
        sniff_dates(start, &asked)
    })?;
    let has_amount = |name: &String| fields(start).iter().any(|field| field == name);
    let no_amount = asked.amount.iter().find(|name| !has_amount(name));
    let no_amount =
        no_amount.map(|name| format!("the first objects have no field {name:?} with an amount"));
    let notes = note.into_iter().chain(notes).chain(no_amount).collect();
    let rules = AuditRules {
        file,
        options: options.rows,
        are_rows: false,
        writes: annotated.is_asked(),
    };
    // Objects have no header; rows of another form cannot stand beside them.
    if rules.writes {
        annotated.write_header(b"")?;
    }
    let work = |_| ObjectWork {
        asked: &asked,
        split: options.split.as_ref(),
        format,
        auditor: Auditor::new(index, rules),
        sink: rules.writes.then_some(Objects {
            options: options.rows,
            file: file_name(rules),
            kept: None,
            start: 0,
        }),
    };
    let workers = (0..options.rows.thread_count()).map(work).collect();
    let tally = run(blocks, workers, annotated, progress)?;
    let has_amounts = options.columns.amount.is_some();
    Ok(Audited::new(index, file, tally, notes, has_amounts))
}

/// How much of a file its fields are told from, how many objects of it, and how many fields are told apart.
const FIELDS_HEAD: usize = 64 * 1024;
const FIELDS_OBJECTS: usize = 100;
const MAX_FIELDS: usize = 4096;

/// Reads the fields of a file of objects, of which the first part will do.
///
/// # Errors
/// As [`audit_ndjson`].
pub(super) fn field_names(input: Box<dyn Read + Send + '_>, file: &str) -> Result<Vec<String>> {
    Ok(fields(Blocks::new(input, file).peek()?))
}

/// Lists the fields of the first objects in the order in which they come; of what stands within objects as paths.
fn fields(start: &[u8]) -> Vec<String> {
    fn add(path: &str, value: &Value, depth: u8, fields: &mut Vec<String>) {
        match value {
            Value::Object(members) if depth > 0 => {
                for (name, member) in members {
                    add(&format!("{path}.{name}"), member, depth - 1, fields);
                }
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                for item in items {
                    add(&format!("{path}[]"), item, depth, fields);
                }
            }
            _ if fields.len() < MAX_FIELDS && !fields.iter().any(|field| field == path) => {
                fields.push(path.to_owned());
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    // The first object is there whole, however long it is.
    let rest = start.get(FIELDS_HEAD..).unwrap_or_default();
    let end = rest.iter().position(|byte| *byte == b'\n');
    let head = end
        .and_then(|end| start.get(..FIELDS_HEAD + end))
        .unwrap_or(start);
    for line in head.split(|byte| *byte == b'\n').take(FIELDS_OBJECTS) {
        let object = serde_json::from_slice::<Object<'_>>(line);
        for (name, raw) in object.iter().flat_map(|object| &object.0) {
            add(name, &parse(raw), 2, &mut found);
        }
    }
    found
}

fn sniff_dates(
    start: &[u8],
    asked: &ColumnsAsked,
) -> std::result::Result<DateFormat, UnknownDateFormat> {
    let names = asked.date_names();
    let mut values: Vec<Vec<u8>> = Vec::new();
    for line in start.split(|byte| *byte == b'\n').take(MAX_SNIFFED) {
        let Ok(object) = serde_json::from_slice::<Object<'_>>(line) else {
            continue;
        };
        for name in &names {
            values.extend(object.texts(name).into_iter().map(String::into_bytes));
        }
    }
    let values = values.iter().map(Vec::as_slice);
    DateFormat::sniff(values.filter(|value| !asked.nulls.are(value)))
}

/// The fields of an object, in their order, as they stand.
struct Object<'o>(Vec<(String, &'o RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Object<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

impl Object<'_> {
    /// Returns what stands in a field, or at the end of a path: each with the name that it has there. `None` for what is
    /// no text and no number.
    fn values(&self, asked: &str) -> Vec<(String, Option<String>)> {
        let mut found = Vec::new();
        let mut add = |name: &str, values: Vec<Option<String>>| {
            let many = values.len() > 1;
            for (at, value) in values.into_iter().enumerate() {
                let name = match many {
                    true => format!("{name}[{at}]"),
                    false => name.to_owned(),
                };
                found.push((name, value));
            }
        };
        let mut is_field = false;
        for (name, raw) in self.0.iter().filter(|(name, _)| matches(asked, name)) {
            is_field = true;
            add(name, texts(&parse(raw)));
        }
        if is_field {
            return found;
        }
        let path = steps(asked);
        if let [first, rest @ ..] = path.as_slice()
            && (!rest.is_empty() || asked.ends_with("[]"))
        {
            for (_, raw) in self.0.iter().filter(|(name, _)| matches(first, name)) {
                let value = parse(raw);
                let values = within(&value, rest).into_iter().flat_map(texts);
                add(asked, values.collect());
            }
        }
        found
    }

    /// Returns what a field says of the code sets of so many codes of another: of codes within objects what stands in the
    /// same object, of an array what stands at the same place, else one for all. `None` if they cannot be paired.
    fn labels(&self, codes: &str, by: &str, count: usize) -> Option<Vec<String>> {
        let (of_codes, of_labels) = (steps(codes), steps(by));
        let is_field = |name: &str| self.0.iter().any(|(own, _)| own == name);
        if let ([first, code, ..], [other, label, ..]) = (of_codes.as_slice(), of_labels.as_slice())
            && first == other
            && !(code.is_empty() || label.is_empty() || is_field(codes) || is_field(by))
        {
            let (code, label) = (of_codes.get(1..)?, of_labels.get(1..)?);
            let mut paired = Vec::new();
            for (_, raw) in self.0.iter().filter(|(name, _)| matches(first, name)) {
                let value = parse(raw);
                let elements = match &value {
                    Value::Array(items) => items.as_slice(),
                    one => std::slice::from_ref(one),
                };
                for element in elements {
                    let codes = within(element, code).into_iter().flat_map(texts).count();
                    let label = within(element, label).into_iter().flat_map(texts).next();
                    let label = label.flatten().unwrap_or_default();
                    paired.extend(std::iter::repeat_n(label, codes));
                }
            }
            return (paired.len() == count).then_some(paired);
        }
        let labels = self.values(by).into_iter();
        let labels: Vec<String> = labels.map(|(_, text)| text.unwrap_or_default()).collect();
        match labels.as_slice() {
            [] => Some(vec![String::new(); count]),
            [one] => Some(vec![one.clone(); count]),
            several => (several.len() == count).then_some(labels),
        }
    }

    /// Returns the texts of a field.
    fn texts(&self, name: &str) -> Vec<String> {
        let values = self.values(name).into_iter();
        values.filter_map(|(_, text)| text).collect()
    }
}

/// The texts and numbers of a field, those of arrays in it too; `None` for what stands there and is neither.
fn texts(value: &Value) -> Vec<Option<String>> {
    match value {
        // It keeps its place among others.
        Value::Null => vec![Some(String::new())],
        Value::String(text) => vec![Some(text.clone())],
        Value::Number(number) => vec![Some(number.to_string())],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Bool(_) | Value::Object(_) => vec![None],
    }
}

/// Returns each code of texts that may hold several.
fn taken_apart(
    values: Vec<(String, Option<String>)>,
    separators: &Separators,
) -> Vec<(String, Option<String>)> {
    let mut codes = Vec::new();
    for (name, text) in values {
        let Some(text) = text else {
            codes.push((name, None));
            continue;
        };
        let parts: Vec<&str> = split(&text, separators).collect();
        let many = parts.len() > 1;
        codes.extend(parts.into_iter().enumerate().map(|(at, part)| {
            let name = match many {
                true => format!("{name}[{at}]"),
                false => name.clone(),
            };
            (name, Some(part.to_owned()))
        }));
    }
    codes
}

/// Returns a field; one that is nested too deep to be read is neither text nor number.
fn parse(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or(Value::Bool(false))
}

/// Returns what a path leads to within a value: `code` of each item of an array of objects. What stands on the way and is
/// no object leads to something that cannot be read.
fn within<'v>(value: &'v Value, path: &[&str]) -> Vec<&'v Value> {
    static NO_OBJECT: Value = Value::Bool(false);
    match (value, path) {
        (Value::Array(items), _) => items.iter().flat_map(|item| within(item, path)).collect(),
        (_, []) => vec![value],
        (Value::Object(members), [first, rest @ ..]) => {
            let members = members.iter();
            let named = members.filter(|(name, _)| matches(first, name));
            named.flat_map(|(_, member)| within(member, rest)).collect()
        }
        (Value::Null, _) => Vec::new(),
        _ => vec![&NO_OBJECT],
    }
}

/// Cuts a path into names: `dx[].code` and `dx.code` into `dx` and `code`.
fn steps(path: &str) -> Vec<&str> {
    let names = path.split('.').map(|name| name.trim_end_matches("[]"));
    names.filter(|name| !name.is_empty()).collect()
}

/// The work of one thread.
struct ObjectWork<'w> {
    asked: &'w ColumnsAsked,
    split: Option<&'w Separators>,
    format: DateFormat,
    auditor: Auditor<'w>,
    sink: Option<Objects>,
}

impl Work for ObjectWork<'_> {
    fn work(&mut self, block: &Block, out: &mut Vec<u8>) -> Result<()> {
        for (line, bytes) in (block.first_line..).zip(block.bytes.split(|byte| *byte == b'\n')) {
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let item = self.claim(ClaimPlace::Line(line), bytes);
            self.auditor.audit(item, self.sink.as_mut(), out)?;
        }
        Ok(())
    }

    fn finish(self) -> Tally {
        self.auditor.into_tally()
    }
}

impl ObjectWork<'_> {
    /// Reads one line.
    fn claim(&self, place: ClaimPlace, line: &[u8]) -> ClaimItem {
        let problem = |kind| ClaimProblem::new(place, None, kind);
        if std::str::from_utf8(line).is_err() {
            return Err(problem(ProblemKind::NotUtf8));
        }
        let object: Object<'_> = serde_json::from_slice(line).map_err(|error| {
            // The parser's own words may hold a value.
            let column = error.column();
            let what = if error.is_data() {
                "not an object"
            } else {
                "not JSON"
            };
            problem(ProblemKind::Malformed(format!(
                "{what}, at column {column}"
            )))
        })?;
        let day = self.day(&object);
        let amount = self.asked.amount.as_ref();
        let amount = amount.and_then(|name| Some((name, object.texts(name).into_iter().next()?)));
        let amount = amount.filter(|(_, text)| !self.asked.nulls.are(text.as_bytes()));
        let charged = amount.map(|(name, text)| {
            cents(text.as_bytes()).map_err(|kind| ClaimProblem {
                value: Some(text),
                ..ClaimProblem::new(place, Some(name.clone()), kind)
            })
        });
        let mut codes = Vec::new();
        let mut nulls = 0;
        let wanted = self.asked.codes.iter().filter(|code| !code.is_exclusion());
        for asked in wanted {
            let before = codes.len();
            let values = object.values(&asked.name);
            let values = match self.split {
                Some(separators) => taken_apart(values, separators),
                None => values,
            };
            let systems = self.systems(asked, &object, values.len());
            for ((field, text), (system, label)) in values.into_iter().zip(systems) {
                let is_other = text.is_none();
                // A field that two patterns name is read once.
                let is_excluded = self.asked.codes.iter().any(|code| code.excludes(&field));
                let mut others = codes.iter().take(before);
                if is_excluded || others.any(|code: &ClaimCode| code.field == field) {
                    continue;
                }
                let mut code = ClaimCode {
                    field,
                    system,
                    label,
                    text: text.unwrap_or_default(),
                    day: day.clone(),
                    since: None,
                    poa: String::new(),
                };
                if is_other {
                    code.day = Err(ProblemKind::Malformed(NO_TEXT.to_owned()));
                } else if self.asked.nulls.are(code.text.as_bytes()) {
                    nulls += u64::from(!code.text.trim().is_empty());
                    continue;
                }
                codes.push(code);
            }
        }
        let mut kept = Vec::new();
        if self.sink.is_some() {
            for (name, value) in &object.0 {
                let asked = &self.asked.codes;
                let is_code = asked.iter().any(|code| matches(&code.name, name))
                    && !asked.iter().any(|code| code.excludes(name));
                if is_code || self.is_kept(name) {
                    // A field stays as it stands.
                    kept.push(format!("{}:{}", Value::from(name.as_str()), value.get()));
                }
            }
        }
        Ok(Claim {
            place,
            kept,
            cents: charged.transpose(),
            codes,
            remarks: Vec::new(),
            nulls,
            parts: ClaimParts::default(),
        })
    }

    /// Returns the code sets that an object says for the codes of a column, and what it writes for them.
    fn systems(
        &self,
        asked: &CodeColumn,
        object: &Object<'_>,
        count: usize,
    ) -> Vec<(CodeSystem, String)> {
        let Some(by) = &self.asked.code_set_by else {
            let stated = asked.code_set.or(self.asked.code_set);
            let system = stated.map_or(CodeSystem::Detected, CodeSystem::Of);
            return vec![(system, String::new()); count];
        };
        let Some(labels) = object.labels(&asked.name, by, count) else {
            let label = "as many labels as codes are expected".to_owned();
            return vec![(CodeSystem::Unknown, label); count];
        };
        let read = |label: String| match self.asked.nulls.are(label.as_bytes()) {
            true => (CodeSystem::Detected, label),
            false => (self.asked.labels.read(label.as_bytes()), label),
        };
        labels.into_iter().map(read).collect()
    }

    fn is_kept(&self, name: &str) -> bool {
        let dates = self.asked.dates.iter();
        let mut dates = dates.chain(&self.asked.admit).chain(&self.asked.discharge);
        let asked = match &self.asked.keep {
            Keep::All => true,
            Keep::Named(patterns) => patterns.iter().any(|pattern| matches(pattern, name)),
        };
        asked || dates.any(|date| date == name)
    }

    fn day(&self, object: &Object<'_>) -> std::result::Result<NaiveDate, ProblemKind> {
        if let Some(day) = self.asked.on {
            return Ok(day);
        }
        let first = |name: &String| object.texts(name).into_iter().next().unwrap_or_default();
        let admit = self.asked.admit.as_ref().map(first).unwrap_or_default();
        let discharge = self.asked.discharge.as_ref().map(first).unwrap_or_default();
        let dates: Vec<String> = self.asked.dates.iter().map(first).collect();
        let dates = dates.iter().map(String::as_bytes);
        let (admit, discharge) = (admit.as_bytes(), discharge.as_bytes());
        let day = day_of(admit, discharge, dates, self.format, &self.asked.nulls)?;
        day.date().ok_or(ProblemKind::BadDate {
            expected: self.format.pattern(),
        })
    }
}
