//! `CodeSystem/$subsumes`: how two codes stand to each other in the tree of a day.

use super::context::Context;
use super::lookup::{find, snapshot};
use super::outcome::{Answered, FhirFailure};
use super::parameters::{Coding, Parameters};
use super::reply::Reply;
use super::snapshot::{cut_version, find_system};

pub(super) fn answer(context: &Context<'_>, id: Option<&str>, given: &Parameters) -> Answered {
    let side = |letter: &str| -> Answered<Coding> {
        if let Some(coding) = given.coding(&format!("coding{letter}"))? {
            return Ok(coding);
        }
        Ok(Coding {
            system: given.text("system")?.map(str::to_owned),
            version: given.text("version")?.map(str::to_owned),
            code: given.text(&format!("code{letter}"))?.map(str::to_owned),
            display: None,
        })
    };
    let (a, b) = (side("A")?, side("B")?);
    let (Some(code_a), Some(code_b)) = (&a.code, &b.code) else {
        return Err(FhirFailure::invalid(
            "codeA and codeB, or codingA and codingB, are required",
        ));
    };
    let system = |coding: &Coding| {
        let uri = coding.system.as_deref().map(|system| cut_version(system).0);
        uri.and_then(find_system)
    };
    if let (Some(_), Some(_)) = (&a.system, &b.system)
        && system(&a) != system(&b)
    {
        return Err(FhirFailure::invalid(
            "the codes are of different code systems",
        ));
    }
    if let (Some(first), Some(second)) = (&a.version, &b.version)
        && first != second
    {
        return Err(FhirFailure::invalid(
            "the codes are of different versions of the code system",
        ));
    }
    let both = Coding {
        system: a.system.clone().or_else(|| b.system.clone()),
        version: a.version.clone().or_else(|| b.version.clone()),
        ..Coding::default()
    };
    let snapshot = snapshot(context, id, &both, given)?;
    let (code_a, _) = find(&snapshot, code_a)?;
    let (code_b, _) = find(&snapshot, code_b)?;
    let outcome = if code_a == code_b {
        "equivalent"
    } else if code_b.is_under(&code_a) {
        "subsumes"
    } else if code_a.is_under(&code_b) {
        "subsumed-by"
    } else {
        "not-subsumed"
    };
    let mut reply = Reply::default();
    reply.code("outcome", outcome);
    Ok(reply.into_json())
}
