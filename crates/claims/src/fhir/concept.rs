//! Codes of FHIR with their systems, alone or behind a reference, as a resource gathers them.

use super::dates::Days;
use super::node::{At, Node, Path, Wrong};
use crate::labels::Labels;
use crate::{ClaimCode, CodeSystem, ProblemKind};

/// The most codes with their days, and the most faults, of one resource: the memory that it takes must not be
/// any number of times its size.
pub(super) const MAX_CODES: usize = 100_000;

const MAX_FAULTS: usize = 1000;

/// The most references of one resource that are followed.
const MAX_POINTED: usize = 2000;

/// What is gathered from one resource.
pub(super) struct Gathered<'g> {
    pub(super) labels: &'g Labels,
    pub(super) codes: Vec<ClaimCode>,
    pub(super) wrong: Vec<Wrong>,
    pub(super) remarks: Vec<&'static str>,
    /// The resources that it points to, each with the days on which it does.
    pub(super) pointed: Vec<(String, Days)>,
    /// What is said of whether the diagnosis that is read was present on admission.
    pub(super) poa: String,
}

impl Gathered<'_> {
    /// Notes a fault beside which the resource can be read.
    pub(super) fn note(&mut self, path: &Path<'_>, what: &str) -> Result<(), Wrong> {
        self.pass(Err(Wrong::new(path, what)))
            .map(|_: Option<()>| ())
    }

    /// Notes what cannot be read, and goes on without it.
    pub(super) fn pass<T>(&mut self, read: Result<T, Wrong>) -> Result<Option<T>, Wrong> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(wrong) if wrong.is_fatal => Err(wrong),
            Err(wrong) if self.wrong.len() >= MAX_FAULTS => Err(Wrong {
                is_fatal: true,
                ..wrong
            }),
            Err(wrong) => {
                self.wrong.push(wrong);
                Ok(None)
            }
        }
    }
}

/// Reads a CodeableConcept whose codes have to be valid on these days.
pub(super) fn concept(
    at: At<'_, '_>,
    label: &str,
    days: &Days,
    gathered: &mut Gathered<'_>,
) -> Result<(), Wrong> {
    let count = match at.member("coding")? {
        Some(Node::List(codings)) => codings.len(),
        Some(_) => 1,
        None => 0,
    };
    if count == 0 {
        gathered.codes.push(ClaimCode {
            field: label.to_owned(),
            system: CodeSystem::Unknown,
            label: String::new(),
            text: String::new(),
            day: Err(ProblemKind::Malformed(
                "in words alone, without a code".to_owned(),
            )),
            since: None,
            poa: String::new(),
        });
        return Ok(());
    }
    let before = gathered.codes.len();
    at.each("coding", |one, index| {
        let field = match count {
            1 => label.to_owned(),
            _ => format!("{label}.coding[{index}]"),
        };
        let read = coding(one, &field, days, gathered);
        gathered.pass(read).map(|_| ())
    })?;
    // The codings of one concept mean the same: beside a code of ours another is its translation.
    let codes = gathered.codes.get_mut(before..).unwrap_or_default();
    let is_ours =
        |code: &ClaimCode| matches!(code.system, CodeSystem::Of(_) | CodeSystem::OneOf(_));
    if codes.iter().any(is_ours) {
        for code in codes {
            if let CodeSystem::Other(other) = code.system {
                code.system = CodeSystem::Translation(other);
            }
        }
    }
    Ok(())
}

/// Reads a Coding whose code has to be valid on these days.
pub(super) fn coding(
    at: At<'_, '_>,
    field: &str,
    days: &Days,
    gathered: &mut Gathered<'_>,
) -> Result<(), Wrong> {
    let (uri, code) = (at.text("system")?, at.text("code")?);
    // Without a system FHIR gives a code no meaning, and so none is guessed.
    let system = match uri.map(str::trim) {
        None | Some("") => gathered.labels.mapped("").unwrap_or(CodeSystem::Unknown),
        Some(uri) => gathered.labels.read(uri.as_bytes()),
    };
    let Some(code) = code else {
        if uri.is_none() || matches!(system, CodeSystem::Of(_) | CodeSystem::OneOf(_)) {
            let path = Path::Member(at.path, "code");
            return gathered.note(&path, "expected a code");
        }
        return Ok(());
    };
    let is_unknown = system == CodeSystem::Unknown;
    for day in days.each() {
        if gathered.codes.len() >= MAX_CODES {
            let what =
                format!("expected at most {MAX_CODES} codes with their days in one resource");
            return Err(Wrong {
                is_fatal: true,
                ..Wrong::new(at.path, &what)
            });
        }
        gathered.codes.push(ClaimCode {
            field: field.to_owned(),
            system,
            label: uri.filter(|_| is_unknown).unwrap_or_default().to_owned(),
            text: code.to_owned(),
            day: day.day,
            since: day.since,
            poa: gathered.poa.clone(),
        });
    }
    Ok(())
}

/// Reads a Reference to a Condition or Procedure: one that the resource contains is followed here, and any other when it
/// comes.
pub(super) fn reference(
    root: At<'_, '_>,
    at: At<'_, '_>,
    label: &str,
    days: &Days,
    gathered: &mut Gathered<'_>,
) -> Result<(), Wrong> {
    let Some(target) = at.text("reference")? else {
        return gathered.note(at.path, "expected the address of what is referred to");
    };
    let Some(id) = target.strip_prefix('#') else {
        if gathered.pointed.len() >= MAX_POINTED {
            return gathered.note(at.path, "more references than are followed of one resource");
        }
        gathered.pointed.push((target.to_owned(), days.clone()));
        return Ok(());
    };
    let mut is_found = false;
    root.each("contained", |contained, _| {
        if contained.text("id")? == Some(id) {
            is_found = true;
            contained.read("code", |code| concept(code, label, days, gathered))?;
        }
        Ok(())
    })?;
    match is_found {
        true => Ok(()),
        false => gathered.note(
            at.path,
            "expected what is referred to among the contained resources",
        ),
    }
}

/// Reads a CodeableReference of R5.
pub(super) fn codeable_reference(
    root: At<'_, '_>,
    at: At<'_, '_>,
    label: &str,
    days: &Days,
    gathered: &mut Gathered<'_>,
) -> Result<(), Wrong> {
    at.read("concept", |code| concept(code, label, days, gathered))?;
    at.read("reference", |to| reference(root, to, label, days, gathered))?;
    Ok(())
}

/// The codes of a CodeableConcept, whatever their systems.
pub(super) fn codes_of<'n>(at: At<'n, '_>) -> Result<Vec<&'n str>, Wrong> {
    // In DSTU2 the type of a claim is a code by itself.
    if let Node::Text(code) = at.node {
        return Ok(vec![code]);
    }
    let mut codes = Vec::new();
    at.each("coding", |coding, _| {
        codes.extend(coding.text("code")?);
        Ok(())
    })?;
    Ok(codes)
}
