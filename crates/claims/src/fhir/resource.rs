//! One resource to one claim: which codes, and which day each.

use std::collections::BTreeMap;

use super::concept::{Gathered, codeable_reference, codes_of, coding, concept, reference};
use super::dates::{Days, Period, date, date_or_part, period};
use super::node::{At, Node, Path, Wrong};
use super::rule::{Rule, rule, stay_of};
use super::{FhirOptions, KeptField};
use crate::{Claim, ClaimParts, ClaimPlace, ClaimProblem, ProblemKind};

/// The types of resources that hold no code of a claim and that files of claims and records have, of R4, R5 and STU3.
pub(super) const OTHER_TYPES: [&str; 86] = [
    "Account",
    "AdverseEvent",
    "AllergyIntolerance",
    "Appointment",
    "AppointmentResponse",
    "AuditEvent",
    "Basic",
    "Binary",
    "BodyStructure",
    "CarePlan",
    "CareTeam",
    "ChargeItem",
    "ClaimResponse",
    "ClinicalImpression",
    "Communication",
    "CommunicationRequest",
    "Composition",
    "Consent",
    "Contract",
    "Coverage",
    "CoverageEligibilityRequest",
    "CoverageEligibilityResponse",
    "DetectedIssue",
    "Device",
    "DeviceMetric",
    "DeviceRequest",
    "DeviceUseStatement",
    "DiagnosticReport",
    "DocumentManifest",
    "DocumentReference",
    "Endpoint",
    "EnrollmentRequest",
    "EnrollmentResponse",
    "EpisodeOfCare",
    "FamilyMemberHistory",
    "Flag",
    "Goal",
    "Group",
    "GuidanceResponse",
    "HealthcareService",
    "ImagingStudy",
    "Immunization",
    "ImmunizationEvaluation",
    "ImmunizationRecommendation",
    "InsurancePlan",
    "Invoice",
    "Library",
    "Linkage",
    "List",
    "Location",
    "Measure",
    "MeasureReport",
    "Media",
    "Medication",
    "MedicationAdministration",
    "MedicationDispense",
    "MedicationOrder",
    "MedicationRequest",
    "MedicationStatement",
    "MessageHeader",
    "NutritionOrder",
    "Observation",
    "OperationOutcome",
    "Organization",
    "OrganizationAffiliation",
    "Parameters",
    "Patient",
    "PaymentNotice",
    "PaymentReconciliation",
    "Person",
    "Practitioner",
    "PractitionerRole",
    "ProcedureRequest",
    "Provenance",
    "Questionnaire",
    "QuestionnaireResponse",
    "ReferralRequest",
    "RelatedPerson",
    "RequestGroup",
    "RiskAssessment",
    "Schedule",
    "ServiceRequest",
    "Slot",
    "Specimen",
    "Substance",
    "Task",
];

/// What a resource gives.
pub(super) enum ReadResource {
    /// A claim, what in it cannot be read, and the resources that it points to with its days.
    Claim(Claim, Vec<Wrong>, Vec<(String, Days)>),
    /// An encounter: the same, and its days.
    Encounter(Claim, Vec<Wrong>, Vec<(String, Days)>, Days),
    /// A resource whose day others may say.
    Waiting(Claim, Vec<Wrong>, Days, Option<String>),
    /// A resource of a type that holds no claim.
    Skipped(String),
}

/// Reads one resource.
///
/// # Errors
///
/// It is no resource, or more of it is not what FHIR says than can be noted.
pub(super) fn read(
    node: &Node,
    place: ClaimPlace,
    options: &FhirOptions,
    wanted: &[KeptField],
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
    let mut gathered = Gathered {
        labels: &options.labels,
        codes: Vec::new(),
        wrong: Vec::new(),
        remarks: Vec::new(),
        pointed: Vec::new(),
        poa: String::new(),
    };
    let mut own = Days::default();
    let mut encounter_of = None;
    match kind {
        "Claim" | "ExplanationOfBenefit" => claim(at, &mut gathered)?,
        "Condition" => own = condition(at, options, &mut gathered)?,
        "Encounter" => own = encounter(at, &mut gathered)?,
        "Procedure" => own = procedure(at, &mut gathered)?,
        _ => return Ok(ReadResource::Skipped(kind.to_owned())),
    }
    // In STU3 the encounter is the context.
    if matches!(kind, "Condition" | "Procedure") {
        for name in ["encounter", "context"] {
            let read = at.read(name, |to| to.text("reference"));
            let found = gathered.pass(read)?.flatten().flatten();
            encounter_of = encounter_of.or(found.map(super::held::key));
        }
    }
    let mut kept = Vec::with_capacity(wanted.len());
    for name in wanted {
        kept.push(match name {
            KeptField::Id => at.text("id")?.unwrap_or_default().to_owned(),
            KeptField::ResourceType => kind.to_owned(),
        });
    }
    let cents = match kind {
        "Claim" if options.amount => at.read("total", money).map(Option::flatten),
        "ExplanationOfBenefit" if options.amount => submitted(at),
        _ => Ok(None),
    };
    let cents = cents.map_err(|wrong| ClaimProblem::new(place, Some(wrong.path), wrong.kind));
    let claim = Claim {
        place,
        kept,
        cents,
        codes: gathered.codes,
        remarks: gathered.remarks,
        nulls: 0,
        parts: ClaimParts::default(),
    };
    let (wrong, pointed) = (gathered.wrong, gathered.pointed);
    Ok(match kind {
        "Encounter" => ReadResource::Encounter(claim, wrong, pointed, own),
        "Condition" | "Procedure" => ReadResource::Waiting(claim, wrong, own, encounter_of),
        _ => ReadResource::Claim(claim, wrong, pointed),
    })
}

/// Reads the codes of a Claim or ExplanationOfBenefit.
fn claim(at: At<'_, '_>, gathered: &mut Gathered<'_>) -> Result<(), Wrong> {
    let rule = rule(at, gathered)?;
    let billable = gathered.pass(at.read("billablePeriod", period))?.flatten();
    let mut billable = billable.unwrap_or_default();
    if rule == Rule::Discharge && billable.end.is_none() {
        let stay = stay_of(at);
        if let Some(stay) = gathered.pass(stay)?.flatten() {
            billable = Period {
                start: stay.start.or(billable.start),
                end: stay.end,
            };
        }
    }
    let mut items = Items::default();
    if matches!(rule, Rule::Service | Rule::From | Rule::Unknown) {
        let read = at.each("item", |item, _| {
            let read = items.add(item, &mut gathered.remarks);
            gathered.pass(read).map(|_| ())
        });
        gathered.pass(read)?;
    }
    let of_items = match rule {
        Rule::Unknown => items.all.range(),
        Rule::Service => Some(items.all.clone()).filter(Days::are_told),
        _ => items.all.first(),
    };
    let of_period = rule.days(&billable);
    let whole = match rule {
        // What no item points to was there on the day of each.
        Rule::Service => of_items.or(of_period).or_else(|| items.all.first()),
        Rule::Unknown => {
            let told = of_period.clone().filter(Days::are_told);
            told.or(of_items).or(of_period)
        }
        _ => of_period.or(of_items),
    };
    let whole = whole.unwrap_or_else(|| Days::of(Err(ProblemKind::NoDate)));
    let whole = whole.bounded();
    items.bound();
    if rule == Rule::Unknown {
        // Which date counts is open for what items point to as well.
        items = Items::default();
    }
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
        let read = at.each(list, |entry, index| {
            let sequence = entry.read("sequence", |at| at.sequence(&mut gathered.remarks));
            let sequence = gathered.pass(sequence)?.flatten();
            let days = sequence
                .and_then(|sequence| of_items.get(&sequence))
                .unwrap_or(&whole);
            let label = format!("{list}[{index}]");
            let admission = gathered
                .pass(entry.read("onAdmission", codes_of))?
                .flatten();
            let admission = admission.and_then(|codes| codes.first().copied());
            gathered.poa = admission.unwrap_or_default().to_owned();
            let read = entry.read(by_concept, |code| concept(code, &label, days, gathered));
            gathered.pass(read)?;
            let read = entry.read(by_reference, |to| reference(at, to, &label, days, gathered));
            gathered.pass(read)?;
            // In DSTU2 the diagnosis is a Coding.
            let read = entry.read(list, |code| coding(code, &label, days, gathered));
            gathered.poa.clear();
            gathered.pass(read).map(|_| ())
        });
        gathered.pass(read)?;
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
    fn add(&mut self, item: At<'_, '_>, remarks: &mut Vec<&'static str>) -> Result<(), Wrong> {
        let mut days = Days::default();
        for name in ["servicedDate", "serviceDate"] {
            if let Some(read) = item.read(name, date_or_part)? {
                days.add_all(&read);
            }
        }
        if let Some(period) = item.read("servicedPeriod", period)? {
            days.add_period(period);
        }
        self.all.add_all(&days);
        // The first two are of R4, the others of the versions before it.
        for name in ["diagnosisSequence", "diagnosisLinkId"] {
            point(item, name, &mut self.diagnoses, &days, remarks)?;
        }
        for name in ["procedureSequence", "procedureLinkId"] {
            point(item, name, &mut self.procedures, &days, remarks)?;
        }
        Ok(())
    }
}

impl Items {
    /// Bounds the days of each code.
    fn bound(&mut self) {
        for days in self
            .diagnoses
            .values_mut()
            .chain(self.procedures.values_mut())
        {
            *days = std::mem::take(days).bounded();
        }
    }
}

/// Passes the days of an item to what it points to.
fn point(
    item: At<'_, '_>,
    name: &str,
    pointed: &mut BTreeMap<u32, Days>,
    days: &Days,
    remarks: &mut Vec<&'static str>,
) -> Result<(), Wrong> {
    item.one_or_each(name, |pointer, _| {
        let pointer = pointer.sequence(remarks)?;
        if !days.is_empty() {
            pointed.entry(pointer).or_default().add_all(days);
        }
        Ok(())
    })
}

/// Reads the codes of a Condition, each once; returns its own day.
fn condition(
    at: At<'_, '_>,
    options: &FhirOptions,
    gathered: &mut Gathered<'_>,
) -> Result<Days, Wrong> {
    let mut days: Option<Days> = None;
    // In STU3 and in DSTU2 the date has other names.
    for name in ["recordedDate", "assertedDate", "dateRecorded"] {
        let read = gathered.pass(at.read(name, date_or_part))?.flatten();
        days = days.or(read);
    }
    waiting_codes(at, gathered)?;
    if let Some(days) = days {
        return Ok(days);
    }
    let mut day = None;
    if options.use_onset {
        let onset = gathered.pass(at.read("onsetDateTime", date))?.flatten();
        day = onset.map(Days::of);
        if day.is_none() {
            let onset = gathered.pass(at.read("onsetPeriod", period))?.flatten();
            day = onset.and_then(|onset| onset.start).map(Days::of_end);
        }
    }
    Ok(day.unwrap_or_else(|| Days::of(Err(ProblemKind::NoDate))))
}

/// Reads the codes of a resource whose day others may say, each once.
fn waiting_codes(at: At<'_, '_>, gathered: &mut Gathered<'_>) -> Result<(), Wrong> {
    let none_yet = Days::of(Err(ProblemKind::NoDate));
    let read = at.read("code", |code| concept(code, "code", &none_yet, gathered));
    gathered.pass(read).map(|_| ())
}

/// Reads the codes of an Encounter; returns its days.
fn encounter(at: At<'_, '_>, gathered: &mut Gathered<'_>) -> Result<Days, Wrong> {
    let mut classes = Vec::new();
    let read = at.read("class", |class| match class.node {
        // R5: a list of CodeableConcept; R4: a Coding; DSTU2: a code.
        Node::List(_) => class.items(|one, _| {
            classes.extend(codes_of(one)?);
            Ok(())
        }),
        Node::Text(code) => {
            classes.push(code.as_str());
            Ok(())
        }
        _ => {
            classes.extend(class.text("code")?);
            Ok(())
        }
    });
    gathered.pass(read)?;
    let is_stay = |code: &&str| matches!(*code, "IMP" | "ACUTE" | "NONAC" | "inpatient");
    let rule = match classes.as_slice() {
        [] => Rule::Unknown,
        codes if codes.iter().any(is_stay) => Rule::Discharge,
        _ => Rule::From,
    };
    let mut held = None;
    for name in ["period", "actualPeriod"] {
        let read = gathered.pass(at.read(name, period))?.flatten();
        held = held.or(read);
    }
    let days = rule.days(&held.unwrap_or_default());
    let days = days.unwrap_or_else(|| Days::of(Err(ProblemKind::NoDate)));
    let read = at.each("reasonCode", |code, index| {
        concept(code, &format!("reasonCode[{index}]"), &days, gathered)
    });
    gathered.pass(read)?;
    // R5: what has a value; in the versions before R4 a CodeableConcept.
    let read = at.each("reason", |reason, index| {
        let label = format!("reason[{index}]");
        match reason.member("value")? {
            Some(_) => reason.each("value", |value, _| {
                codeable_reference(at, value, &label, &days, gathered)
            }),
            None => concept(reason, &label, &days, gathered),
        }
    });
    gathered.pass(read)?;
    for name in ["reasonReference", "indication"] {
        let read = at.each(name, |to, index| {
            reference(at, to, &format!("{name}[{index}]"), &days, gathered)
        });
        gathered.pass(read)?;
    }
    let read = at.each("diagnosis", |diagnosis, index| {
        let label = format!("diagnosis[{index}]");
        let read = diagnosis.read("condition", |condition| match condition.node {
            Node::List(_) => {
                condition.items(|one, _| codeable_reference(at, one, &label, &days, gathered))
            }
            _ => reference(at, condition, &label, &days, gathered),
        });
        gathered.pass(read).map(|_| ())
    });
    gathered.pass(read)?;
    Ok(days)
}

/// Reads the codes of a Procedure, each once; returns its own days.
fn procedure(at: At<'_, '_>, gathered: &mut Gathered<'_>) -> Result<Days, Wrong> {
    let mut days = Days::default();
    for name in ["performedDateTime", "occurrenceDateTime"] {
        let read = gathered.pass(at.read(name, date_or_part))?.flatten();
        read.iter().for_each(|one| days.add_all(one));
    }
    for name in ["performedPeriod", "occurrencePeriod"] {
        let read = gathered.pass(at.read(name, period))?.flatten();
        read.into_iter().for_each(|period| days.add_period(period));
    }
    if days.is_empty() {
        days.add(Err(ProblemKind::NoDate));
    }
    waiting_codes(at, gathered)?;
    let none_yet = Days::of(Err(ProblemKind::NoDate));
    let read = at.each("reasonCode", |code, index| {
        concept(code, &format!("reasonCode[{index}]"), &none_yet, gathered)
    });
    gathered.pass(read)?;
    // In R5 a reason is a code or a reference.
    let read = at.each("reason", |reason, index| {
        reason.read("concept", |code| {
            concept(code, &format!("reason[{index}]"), &none_yet, gathered)
        })?;
        Ok(())
    });
    gathered.pass(read)?;
    Ok(days)
}

/// Reads a Money in cents; in STU3 and before it the currency stands in `code`.
fn money(at: At<'_, '_>) -> Result<Option<i64>, Wrong> {
    for name in ["currency", "code"] {
        if at.text(name)?.is_some_and(|currency| currency != "USD") {
            return Err(Wrong::new(at.path, "expected an amount in US dollars"));
        }
    }
    let value = at.read("value", |at| match at.node {
        Node::Number(number) => Ok(*number),
        _ => Err(Wrong::new(at.path, "expected a number")),
    })?;
    let Some(dollars) = value else {
        return Ok(None);
    };
    let cents = (dollars * 100.0).round();
    // Beyond 2^53 a number of JSON is not exact as it is read.
    let is_exact = cents.abs() < 9e15 && (dollars * 100.0 - cents).abs() < 1e-4;
    match is_exact {
        true => Ok(Some(cents as i64)),
        false => Err(Wrong::new(
            at.path,
            "expected an amount without parts of a cent",
        )),
    }
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
