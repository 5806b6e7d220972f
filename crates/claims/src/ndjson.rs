//! NDJSON: one object a line.

use std::io::{Read, Write};

use chrono::NaiveDate;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::annotate::{Annotator, KeptValues, OutputForm, pair};
use super::blocks::{Block, Blocks, Work, run};
use super::claim::{
    Claim, ClaimCode, ClaimItem, ClaimPlace, ClaimProblem, CodeSystem, ProblemKind,
};
use super::columns::{ColumnsAsked, Keep, cents, day_of, matches, system_of};
use super::day::DateFormat;
use super::delimited::{Annotated, TableOptions, refuse_other_text, threads, told};
use super::index::Index;
use super::tally::{AuditSummary, Tally};
use codeyear_core::error::Result;

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
pub fn audit_ndjson<'r>(
    index: &Index,
    input: Box<dyn Read + Send + 'r>,
    file: &str,
    options: &TableOptions,
    annotated: Annotated<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<AuditSummary> {
    let mut blocks = Blocks::new(input, file);
    let mut notes = Vec::new();
    let start = blocks.peek()?;
    refuse_other_text(start, file)?;
    let format = match options.date_format {
        Some(format) => format,
        None if options.columns.on.is_some() => DateFormat::Iso,
        None => {
            let format = sniff_dates(start, &options.columns, file)?;
            notes.push(format!(
                "dates are read as {format}, as the first objects have them"
            ));
            format
        }
    };
    let writes = matches!(annotated, Annotated::To(_)).then_some(OutputForm::Ndjson);
    let work = |_| ObjectWork {
        asked: &options.columns,
        format,
        show_values: options.rows.show_values,
        annotator: Annotator::new(index, file, KeptValues::Json, writes, options.rows),
    };
    let mut nowhere = std::io::sink();
    let out: &mut dyn Write = match annotated {
        Annotated::No => &mut nowhere,
        Annotated::To(out) => out,
    };
    let workers = (0..threads(options.rows.threads)).map(work).collect();
    let tally = run(blocks, workers, out, progress)?;
    let mut summary = tally
        .unwrap_or_else(|| Tally::new(index))
        .into_summary(index)?;
    if summary.total.total() == 0 && summary.not_judged == 0 && summary.unread() == 0 {
        notes.push("no object has a code in the fields named".to_owned());
    }
    summary.notes.extend(notes);
    summary.has_amounts = options.columns.amount.is_some();
    Ok(summary)
}

fn sniff_dates(start: &[u8], asked: &ColumnsAsked, file: &str) -> Result<DateFormat> {
    let names: Vec<&String> = asked
        .dates
        .iter()
        .chain(&asked.admit)
        .chain(&asked.discharge)
        .collect();
    let mut values: Vec<Vec<u8>> = Vec::new();
    for line in start.split(|byte| *byte == b'\n').take(MAX_SNIFFED) {
        let Ok(object) = serde_json::from_slice::<Object<'_>>(line) else {
            continue;
        };
        for name in &names {
            values.extend(object.texts(name).into_iter().map(String::into_bytes));
        }
    }
    told(DateFormat::sniff(values.iter().map(Vec::as_slice)), file)
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
    fn raw(&self, name: &str) -> Option<&RawValue> {
        let found = self.0.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| *value)
    }

    /// Returns the texts of a field: one, those of an array, or none for null and what is no text.
    fn texts(&self, name: &str) -> Vec<String> {
        self.raw(name).map(texts).unwrap_or_default()
    }
}

/// The text or number, or the texts and numbers of an array.
#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Number(serde_json::Number),
    Many(Vec<Option<Texts>>),
    Other(serde::de::IgnoredAny),
}

fn texts(value: &RawValue) -> Vec<String> {
    fn add(texts: Texts, all: &mut Vec<String>) {
        match texts {
            Texts::One(text) => all.push(text),
            Texts::Number(number) => all.push(number.to_string()),
            Texts::Many(many) => many.into_iter().flatten().for_each(|one| add(one, all)),
            Texts::Other(_) => {}
        }
    }
    let mut all = Vec::new();
    if let Ok(Some(texts)) = serde_json::from_str::<Option<Texts>>(value.get()) {
        add(texts, &mut all);
    }
    all
}

/// The work of one thread.
struct ObjectWork<'w> {
    asked: &'w ColumnsAsked,
    format: DateFormat,
    show_values: bool,
    annotator: Annotator<'w>,
}

impl Work for ObjectWork<'_> {
    fn work(&mut self, block: &Block, out: &mut Vec<u8>) -> Result<()> {
        for (line, bytes) in (block.first_line..).zip(block.bytes.split(|byte| *byte == b'\n')) {
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let claim = self.claim(ClaimPlace::Line(line), bytes)?;
            self.annotator.claim(claim, out)?;
        }
        Ok(())
    }

    fn finish(self) -> Tally {
        self.annotator.into_tally()
    }
}

impl ObjectWork<'_> {
    /// Reads one line.
    fn claim(&self, place: ClaimPlace, line: &[u8]) -> Result<ClaimItem> {
        let problem = |kind| {
            Ok(Err(ClaimProblem {
                place,
                field: None,
                kind,
                value: None,
            }))
        };
        if std::str::from_utf8(line).is_err() {
            return problem(ProblemKind::NotUtf8);
        }
        let object: Object<'_> = match serde_json::from_slice(line) {
            Ok(object) => object,
            Err(error) => {
                // The parser's own words may hold a value.
                let column = error.column();
                let what = if error.is_data() {
                    "no object"
                } else {
                    "no JSON"
                };
                return problem(ProblemKind::Malformed(format!(
                    "{what}, at column {column}"
                )));
            }
        };
        let day = self.day(&object);
        let cents = match &self.asked.amount {
            None => None,
            Some(name) => match object.texts(name).first() {
                None => None,
                Some(text) => match cents(text.as_bytes()) {
                    Some(cents) => Some(cents),
                    None => {
                        return Ok(Err(ClaimProblem {
                            place,
                            field: Some(name.clone()),
                            kind: ProblemKind::Malformed("no amount in dollars".to_owned()),
                            value: self.show_values.then(|| text.clone()),
                        }));
                    }
                },
            },
        };
        let mut codes = Vec::new();
        let mut kept = Vec::new();
        for (name, value) in &object.0 {
            let asked = self
                .asked
                .codes
                .iter()
                .find(|code| matches(&code.name, name));
            if let Some(asked) = asked {
                let system = match &self.asked.code_set_by {
                    Some(by) => {
                        let said = object.texts(by);
                        system_of(said.first().map_or(&[][..], |text| text.as_bytes()))
                    }
                    None => asked
                        .code_set
                        .or(self.asked.code_set)
                        .map_or(CodeSystem::Detected, CodeSystem::Of),
                };
                let texts = texts(value);
                let many = texts.len() > 1;
                for (at, text) in texts.into_iter().enumerate() {
                    if text.trim().is_empty() {
                        continue;
                    }
                    codes.push(ClaimCode {
                        field: if many {
                            format!("{name}[{at}]")
                        } else {
                            name.clone()
                        },
                        system,
                        text,
                        day: day.clone(),
                    });
                }
            }
            if asked.is_some() || self.is_kept(name) {
                kept.push(pair(name, value)?);
            }
        }
        Ok(Ok(Claim {
            place,
            kept,
            cents,
            codes,
        }))
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
        let day = day_of(admit.as_bytes(), discharge.as_bytes(), dates, self.format)?;
        day.date().ok_or(ProblemKind::BadDate {
            expected: self.format.pattern(),
        })
    }
}
