//! One resource to one claim: which codes, and which day each.

use std::collections::BTreeMap;

use super::dates::{Day, Days, Period, date, period};
use super::node::{At, Node, Path, Wrong};
use super::{FhirOptions, KeptField};
use crate::x12::Stay;
use crate::{Claim, ClaimCode, ClaimPlace, CodeSystem, ProblemKind};
use codeyear_core::model::{CodeSet, FhirSystem};

/// The most codes with their days, and the most faults, of one resource: the memory that it takes must not be
/// any number of times its size.
pub(super) const MAX_CODES: usize = 100_000;
const MAX_FAULTS: usize = 1000;

/// What a resource gives.
pub(super) enum ReadResource {
    /// A claim, and what in it cannot be read.
    Claim(Claim, Vec<Wrong>),
    /// A resource of a type that holds no claim.
    Skipped(String),
}

/// What is gathered from one resource.
#[derive(Default)]
struct Gathered {
    codes: Vec<ClaimCode>,
    wrong: Vec<Wrong>,
    references: u64,
}

impl Gathered {
    /// Notes a fault beside which the resource can be read.
    fn note(&mut self, path: &Path<'_>, what: &str) -> Result<(), Wrong> {
        let wrong = Wrong::new(path, what);
        if self.wrong.len() >= MAX_FAULTS {
            return Err(wrong);
        }
        self.wrong.push(wrong);
        Ok(())
    }
}

/// Reads one resource. References to other resources that were not followed are added to `references`.
///
/// # Errors
///
/// An element that is read is not what FHIR says that it is.
pub(super) fn read(
    node: &Node,
    place: ClaimPlace,
    options: &FhirOptions,
    wanted: &[KeptField],
    references: &mut u64,
) -> Result<ReadResource, Wrong> {
    let root = Path::Root("resource");
    let kind = At { node, path: &root }.text("resourceType")?;
    let is_name = |name: &&str| {
        name.len() <= 64
            && name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    let Some(kind) = kind.filter(is_name) else {
        let path = Path::Member(&root, "resourceType");
        return Err(Wrong::new(&path, "expected the name of a type of FHIR"));
    };
    let path = Path::Root(kind);
    let at = At { node, path: &path };
    let mut gathered = Gathered::default();
    match kind {
        "Claim" | "ExplanationOfBenefit" => claim(at, &mut gathered)?,
        "Condition" => condition(at, options, &mut gathered)?,
        "Encounter" => encounter(at, &mut gathered)?,
        "Procedure" => procedure(at, &mut gathered)?,
        "Bundle" => {
            return Err(Wrong::new(
                &path,
                "expected a Bundle at the top of the file only, not within a Bundle, an array or a line of NDJSON",
            ));
        }
        _ => return Ok(ReadResource::Skipped(kind.to_owned())),
    }
    let mut kept = Vec::with_capacity(wanted.len());
    for name in wanted {
        kept.push(match name {
            KeptField::Id => at.text("id")?.unwrap_or_default().to_owned(),
            KeptField::ResourceType => kind.to_owned(),
        });
    }
    let cents = match kind {
        "Claim" if options.amount => at.read("total", money)?.flatten(),
        "ExplanationOfBenefit" if options.amount => submitted(at)?,
        _ => None,
    };
    *references += gathered.references;
    let claim = Claim {
        place,
        kept,
        cents,
        codes: gathered.codes,
    };
    Ok(ReadResource::Claim(claim, gathered.wrong))
}

/// Returns the code set of a system; any other than those here is one that is not kept.
fn system(uri: &str) -> CodeSystem {
    let uri = uri
        .split('|')
        .next()
        .unwrap_or_default()
        .trim_end_matches('/');
    let without_scheme = |uri: &'static str| uri.strip_prefix("http://").unwrap_or(uri);
    let uri = uri
        .strip_prefix("http://")
        .or_else(|| uri.strip_prefix("https://"))
        .unwrap_or(uri);
    let is_named = |code_set: &CodeSet| {
        let FhirSystem {
            uri: own,
            oid,
            other_uris,
            ..
        } = &code_set.facts().fhir;
        let mut known = [*own, *oid].into_iter().chain(other_uris.iter().copied());
        known.any(|known| without_scheme(known) == uri)
    };
    CodeSet::ALL
        .into_iter()
        .find(is_named)
        .map_or(CodeSystem::Other, CodeSystem::Of)
}

/// Reads a CodeableConcept whose codes have to be valid on these days.
fn concept(at: At<'_, '_>, label: &str, days: &Days, gathered: &mut Gathered) -> Result<(), Wrong> {
    let has_one = match at.member("coding")? {
        Some(Node::List(codings)) => codings.len() == 1,
        _ => true,
    };
    at.each("coding", |coding, index| {
        let (uri, code) = (coding.text("system")?, coding.text("code")?);
        let Some(uri) = uri else {
            let path = Path::Member(coding.path, "system");
            let what = "expected the system of the coding, without which its code means nothing";
            return gathered.note(&path, what);
        };
        let system = system(uri);
        let Some(code) = code else {
            if system != CodeSystem::Other {
                let path = Path::Member(coding.path, "code");
                return gathered.note(&path, "expected a code");
            }
            return Ok(());
        };
        let field = match has_one {
            true => label.to_owned(),
            false => format!("{label}.coding[{index}]"),
        };
        for day in days.each() {
            if gathered.codes.len() >= MAX_CODES {
                let what =
                    format!("expected at most {MAX_CODES} codes with their days in one resource");
                return Err(Wrong::new(coding.path, &what));
            }
            gathered.codes.push(ClaimCode {
                field: field.clone(),
                system,
                text: code.to_owned(),
                day,
            });
        }
        Ok(())
    })
}

/// Reads a Reference to a Condition or Procedure: one that the resource contains is followed, and any other
/// is counted, because it stands elsewhere and is judged there.
fn reference(
    root: At<'_, '_>,
    at: At<'_, '_>,
    label: &str,
    days: &Days,
    gathered: &mut Gathered,
) -> Result<(), Wrong> {
    let Some(target) = at.text("reference")? else {
        return Ok(());
    };
    let Some(id) = target.strip_prefix('#') else {
        gathered.references += 1;
        return Ok(());
    };
    root.each("contained", |contained, _| {
        if contained.text("id")? == Some(id) {
            contained.read("code", |code| concept(code, label, days, gathered))?;
        }
        Ok(())
    })
}

/// The codes of a CodeableConcept, whatever their systems.
fn codes_of<'n>(at: At<'n, '_>) -> Result<Vec<&'n str>, Wrong> {
    let mut codes = Vec::new();
    at.each("coding", |coding, _| {
        codes.extend(coding.text("code")?);
        Ok(())
    })?;
    Ok(codes)
}

/// Which of its dates a resource is judged on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// The dates of the items, or the start of the period.
    Service,
    /// The end of the period, which is the discharge.
    Discharge,
    /// The end of the period.
    Through,
    /// An institutional claim that does not say which: only a period of one day can be judged.
    Unknown,
}

impl Rule {
    /// The day of what no item points to.
    fn day(self, period: &Period) -> Option<Day> {
        match self {
            Rule::Service => period.start.clone(),
            Rule::Discharge if period.is_reversed() => {
                Some(Err(ProblemKind::DischargeBeforeAdmission))
            }
            Rule::Discharge => Some(period.end.clone().unwrap_or(Err(ProblemKind::NoDischarge))),
            Rule::Through => period.end.clone(),
            Rule::Unknown => match (&period.start, &period.end) {
                (Some(Ok(start)), Some(Ok(end))) if start != end => {
                    Some(Err(ProblemKind::Malformed(
                        "expected whether the stay was inpatient, which tells the date to go by"
                            .to_owned(),
                    )))
                }
                (start, end) => start.clone().or_else(|| end.clone()),
            },
        }
    }
}

/// Returns by which date a Claim or ExplanationOfBenefit goes.
fn rule(at: At<'_, '_>) -> Result<Rule, Wrong> {
    let types = at.read("type", codes_of)?.unwrap_or_default();
    let subtypes = at.read("subType", codes_of)?.unwrap_or_default();
    let has = |codes: &[&str], wanted: &[&str]| codes.iter().any(|code| wanted.contains(code));
    let is_institutional = has(&types, &["institutional"])
        || has(
            &types,
            &["INPATIENT", "OUTPATIENT", "SNF", "HHA", "HOSPICE"],
        );
    if !is_institutional {
        return Ok(Rule::Service);
    }
    if let Some(stay) = type_of_bill(at)? {
        return Ok(match stay {
            Stay::Inpatient => Rule::Discharge,
            Stay::HomeHealth => Rule::Through,
            Stay::Outpatient => Rule::Service,
        });
    }
    let is_subtype = |wanted: &str| {
        subtypes
            .iter()
            .any(|code| code.eq_ignore_ascii_case(wanted))
    };
    Ok(if is_subtype("inpatient") {
        Rule::Discharge
    } else if is_subtype("outpatient") {
        Rule::Service
    } else if has(&types, &["INPATIENT", "SNF"]) {
        Rule::Discharge
    } else if has(&types, &["HHA"]) {
        Rule::Through
    } else if has(&types, &["OUTPATIENT", "HOSPICE"]) {
        Rule::Service
    } else {
        Rule::Unknown
    })
}

/// Reads the type of bill of the CARIN profiles: three digits, or four with a leading 0.
fn type_of_bill(at: At<'_, '_>) -> Result<Option<Stay>, Wrong> {
    let mut stay = None;
    at.each("supportingInfo", |info, _| {
        let categories = info.read("category", codes_of)?.unwrap_or_default();
        if !categories.contains(&"typeofbill") {
            return Ok(());
        }
        for code in info.read("code", codes_of)?.unwrap_or_default() {
            let digits = match code.len() {
                4 => code.strip_prefix('0'),
                _ => Some(code),
            };
            let facility = digits
                .filter(|code| code.len() == 3 && code.starts_with(|c: char| c.is_ascii_digit()))
                .and_then(|code| code.as_bytes().get(..2));
            stay = stay.or_else(|| facility.and_then(Stay::of));
        }
        Ok(())
    })?;
    Ok(stay)
}

/// Reads the codes of a Claim or ExplanationOfBenefit.
fn claim(at: At<'_, '_>, gathered: &mut Gathered) -> Result<(), Wrong> {
    let rule = rule(at)?;
    let billable = at.read("billablePeriod", period)?.unwrap_or_default();
    let mut items = Items::default();
    if rule == Rule::Service {
        at.each("item", |item, _| items.add(item))?;
    }
    let whole = rule
        .day(&billable)
        .or_else(|| items.earliest())
        .unwrap_or(Err(ProblemKind::NoDate));
    let whole = Days::of(whole);
    for (list, of_items, by_concept, by_reference) in [
        (
            "diagnosis",
            &items.diagnoses,
            "diagnosisCodeableConcept",
            "diagnosisReference",
        ),
        (
            "procedure",
            &items.procedures,
            "procedureCodeableConcept",
            "procedureReference",
        ),
    ] {
        at.each(list, |entry, index| {
            let sequence = entry.read("sequence", |at| at.positive())?;
            let days = sequence
                .and_then(|sequence| of_items.get(&sequence))
                .unwrap_or(&whole);
            let label = format!("{list}[{index}]");
            entry.read(by_concept, |code| concept(code, &label, days, gathered))?;
            entry.read(by_reference, |to| reference(at, to, &label, days, gathered))?;
            Ok(())
        })?;
    }
    Ok(())
}

/// The dates of the items of a claim, by what they point to.
#[derive(Debug, Default)]
struct Items {
    diagnoses: BTreeMap<u32, Days>,
    procedures: BTreeMap<u32, Days>,
    all: Days,
}

impl Items {
    fn add(&mut self, item: At<'_, '_>) -> Result<(), Wrong> {
        let mut days = Days::default();
        if let Some(day) = item.read("servicedDate", date)? {
            days.add(day);
        }
        if let Some(period) = item.read("servicedPeriod", period)? {
            days.add_period(period);
        }
        for (name, pointed) in [
            ("diagnosisSequence", &mut self.diagnoses),
            ("procedureSequence", &mut self.procedures),
        ] {
            item.each(name, |pointer, _| {
                let pointer = pointer.positive()?;
                if !days.is_empty() {
                    let of_one = pointed.entry(pointer).or_default();
                    days.each().for_each(|day| of_one.add(day));
                }
                Ok(())
            })?;
        }
        days.each().for_each(|day| self.all.add(day));
        Ok(())
    }

    fn earliest(&self) -> Option<Day> {
        self.all.each().next()
    }
}

/// Reads the codes of a Condition.
fn condition(at: At<'_, '_>, options: &FhirOptions, gathered: &mut Gathered) -> Result<(), Wrong> {
    let mut day = at.read("recordedDate", date)?;
    if day.is_none() && options.use_onset {
        day = at.read("onsetDateTime", date)?;
        if day.is_none() {
            day = at
                .read("onsetPeriod", period)?
                .and_then(|onset| onset.start);
        }
    }
    let days = Days::of(day.unwrap_or(Err(ProblemKind::NoDate)));
    at.read("code", |code| concept(code, "code", &days, gathered))?;
    Ok(())
}

/// Reads the codes of an Encounter.
fn encounter(at: At<'_, '_>, gathered: &mut Gathered) -> Result<(), Wrong> {
    let mut classes = Vec::new();
    at.read("class", |class| match class.node {
        // R5: a list of CodeableConcept; R4: a Coding.
        Node::List(_) => class.items(|one, _| {
            classes.extend(codes_of(one)?);
            Ok(())
        }),
        _ => {
            classes.extend(class.text("code")?);
            Ok(())
        }
    })?;
    let is_stay = |code: &&str| matches!(*code, "IMP" | "ACUTE" | "NONAC");
    let rule = match classes.as_slice() {
        [] => Rule::Unknown,
        codes if codes.iter().any(is_stay) => Rule::Discharge,
        _ => Rule::Service,
    };
    let held = match at.read("period", period)? {
        Some(period) => period,
        None => at.read("actualPeriod", period)?.unwrap_or_default(),
    };
    let days = Days::of(rule.day(&held).unwrap_or(Err(ProblemKind::NoDate)));
    at.each("reasonCode", |code, index| {
        concept(code, &format!("reasonCode[{index}]"), &days, gathered)
    })?;
    at.each("reason", |reason, index| {
        let label = format!("reason[{index}]");
        reason.each("value", |value, _| {
            codeable_reference(at, value, &label, &days, gathered)
        })
    })?;
    at.each("diagnosis", |diagnosis, index| {
        let label = format!("diagnosis[{index}]");
        diagnosis.read("condition", |condition| match condition.node {
            Node::List(_) => {
                condition.items(|one, _| codeable_reference(at, one, &label, &days, gathered))
            }
            _ => reference(at, condition, &label, &days, gathered),
        })?;
        Ok(())
    })
}

/// Reads a CodeableReference of R5.
fn codeable_reference(
    root: At<'_, '_>,
    at: At<'_, '_>,
    label: &str,
    days: &Days,
    gathered: &mut Gathered,
) -> Result<(), Wrong> {
    at.read("concept", |code| concept(code, label, days, gathered))?;
    at.read("reference", |to| reference(root, to, label, days, gathered))?;
    Ok(())
}

/// Reads the codes of a Procedure.
fn procedure(at: At<'_, '_>, gathered: &mut Gathered) -> Result<(), Wrong> {
    let mut days = Days::default();
    for name in ["performedDateTime", "occurrenceDateTime"] {
        at.read(name, date)?
            .into_iter()
            .for_each(|day| days.add(day));
    }
    for name in ["performedPeriod", "occurrencePeriod"] {
        at.read(name, period)?
            .into_iter()
            .for_each(|period| days.add_period(period));
    }
    if days.is_empty() {
        days.add(Err(ProblemKind::NoDate));
    }
    at.read("code", |code| concept(code, "code", &days, gathered))?;
    Ok(())
}

/// Reads a Money in cents; `None` where it is not in dollars or has parts of a cent.
fn money(at: At<'_, '_>) -> Result<Option<i64>, Wrong> {
    if at
        .text("currency")?
        .is_some_and(|currency| currency != "USD")
    {
        return Ok(None);
    }
    let value = at.read("value", |at| match at.node {
        Node::Number(number) => Ok(*number),
        _ => Err(Wrong::new(at.path, "expected a number")),
    })?;
    Ok(value.and_then(|dollars| {
        let cents = (dollars * 100.0).round();
        // Beyond 2^53 a number of JSON is not exact as it is read.
        let is_exact = cents.abs() < 9e15 && (dollars * 100.0 - cents).abs() < 1e-4;
        is_exact.then_some(cents as i64)
    }))
}

/// Reads the submitted amount among the totals of an ExplanationOfBenefit.
fn submitted(at: At<'_, '_>) -> Result<Option<i64>, Wrong> {
    let mut found = None;
    at.each("total", |total, _| {
        let categories = total.read("category", codes_of)?.unwrap_or_default();
        if categories.contains(&"submitted") {
            found = found.or(total.read("amount", money)?.flatten());
        }
        Ok(())
    })?;
    Ok(found)
}
