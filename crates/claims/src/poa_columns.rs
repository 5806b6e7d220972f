//! Which column has the POA indicators of which column of codes.

use super::claim::CodeSystem;
use super::columns::{FoundCodes, name_of};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::DocumentKind;

/// Returns the letters and digits of a name, in which two ways to write it agree.
pub(super) fn letters(name: &str) -> impl Iterator<Item = char> {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase)
}

/// Returns of each column of codes that of its POA indicator: by their names where these agree but for the words for
/// codes and indicators (`dx1_poa`, `principal_poa` of `principal_dx`), else by their order. A procedure has none.
pub(super) fn poa_of_codes(
    names: &[String],
    codes: &[FoundCodes],
    indicators: &[usize],
) -> Result<Vec<Option<usize>>> {
    let is_diagnosis = |code: &FoundCodes| {
        let name: String = letters(&code.name).collect();
        let is_procedure = name.contains("px") || name.contains("proc");
        match code.system {
            CodeSystem::Of(code_set) => code_set.has(DocumentKind::PoaExemptList),
            _ => !is_procedure,
        }
    };
    let diagnoses = codes
        .iter()
        .enumerate()
        .filter(|(_, code)| is_diagnosis(code));
    let diagnoses: Vec<(usize, String)> = diagnoses
        .map(|(at, code)| (at, without_usual_words(&code.name)))
        .collect();
    let mut by_name = vec![None; codes.len()];
    let mut named = 0;
    for indicator in indicators {
        let name = without_usual_words(&name_of(names, *indicator));
        let mut alike = diagnoses.iter().filter(|(_, code)| *code == name);
        if let (Some((at, _)), None) = (alike.next(), alike.next())
            && let Some(place @ None) = by_name.get_mut(*at)
        {
            *place = Some(*indicator);
            named += 1;
        }
    }
    if named == indicators.len() {
        return Ok(by_name);
    }
    let mut in_order = vec![None; codes.len()];
    for ((at, _), indicator) in diagnoses.iter().zip(indicators) {
        if let Some(place) = in_order.get_mut(*at) {
            *place = Some(*indicator);
        }
    }
    // Names that say another order make it unsure.
    let contradicts =
        |(name, order): (&Option<usize>, &Option<usize>)| name.is_some() && name != order;
    let mut pairs = by_name.iter().zip(&in_order);
    if diagnoses.len() == indicators.len() && !pairs.any(contradicts) {
        return Ok(in_order);
    }
    Err(Error::usage(format!(
        "cannot pair the {} columns of POA indicators with the {} columns of diagnoses, neither by name nor by order",
        indicators.len(),
        diagnoses.len()
    ))
    .with_hint("name one of --poa for each column of --code in their order, or the columns of one kind alone: --code 'dx*'"))
}

/// Returns what is left of a name without the words that columns of codes and of their indicators have in any case, and
/// without zeros before its number: `principal` of `principal_dx_code` and `principal_poa`, `1` of `DX01`.
fn without_usual_words(name: &str) -> String {
    const USUAL: [&str; 9] = [
        "diagnosis",
        "diagnoses",
        "indicator",
        "diag",
        "icd10cm",
        "icd10",
        "poa",
        "code",
        "dx",
    ];
    let letters: String = letters(name).collect();
    let bare = USUAL
        .iter()
        .fold(letters, |name, word| name.replace(word, ""));
    let text = bare.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = bare.get(text.len()..).unwrap_or_default();
    format!("{text}{}", number.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indicators_go_with_the_codes_of_their_name_or_else_by_order() {
        let of = |codes: &[&str], indicators: &[&str]| {
            let names: Vec<String> = [codes, indicators]
                .concat()
                .iter()
                .map(|name| (*name).to_owned())
                .collect();
            let found: Vec<FoundCodes> = (0..codes.len())
                .map(|at| FoundCodes {
                    at,
                    name: name_of(&names, at),
                    system: CodeSystem::Detected,
                })
                .collect();
            let places: Vec<usize> = (codes.len()..names.len()).collect();
            let paired = poa_of_codes(&names, &found, &places).ok()?;
            let name = |at: Option<usize>| at.map_or("-", |at| names[at].as_str()).to_owned();
            Some(
                paired
                    .into_iter()
                    .map(name)
                    .collect::<Vec<String>>()
                    .join(" "),
            )
        };
        for (codes, indicators, expected) in [
            (
                &["dx1", "dx2"][..],
                &["dx2_poa", "dx1_poa"][..],
                Some("dx1_poa dx2_poa"),
            ),
            (&["dx1", "dx2"], &["dx2_poa"], Some("- dx2_poa")),
            (&["dx1", "dx2"], &["POA 2"], Some("- POA 2")),
            (
                &["dx01", "dx02", "dx10"],
                &["poa1", "poa2", "poa10"],
                Some("poa1 poa2 poa10"),
            ),
            (&["dx1", "dx2"], &["a", "b"], Some("a b")),
            (
                &["principal_dx", "dx2", "dx3"],
                &["principal_poa", "dx2_poa", "dx3_poa"],
                Some("principal_poa dx2_poa dx3_poa"),
            ),
            // One name says nothing, and the others say what the order says.
            (
                &["dx1", "dx2"],
                &["first", "dx2_poa"],
                Some("first dx2_poa"),
            ),
            // A procedure has none.
            (
                &["dx1", "dx2", "px1"],
                &["poa1", "poa2"],
                Some("poa1 poa2 -"),
            ),
            (&["dx1", "px1"], &["poa1"], Some("poa1 -")),
            // One for two; half of them in another order than the names say; more than codes; two for the same.
            (&["dx1", "dx2"], &["a"], None),
            (&["dx1", "dx2"], &["dx2_poa", "b"], None),
            (&["dx1"], &["a", "b"], None),
            (&["dx1", "dx2"], &["dx2_poa", "poa2"], None),
        ] {
            assert_eq!(of(codes, indicators).as_deref(), expected, "{indicators:?}");
        }
    }
}
