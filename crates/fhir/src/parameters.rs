//! The parameters of an operation, from the query and from a body of `Parameters`.

use chrono::NaiveDate;
use serde_json::Value;

use super::outcome::{Answered, FhirFailure, clip};

/// What was given, in the order in which it was.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    items: Vec<Item>,
}

#[derive(Debug)]
struct Item {
    name: String,
    value: ParameterValue,
}

#[derive(Debug)]
enum ParameterValue {
    /// From a query: only text.
    Text(String),
    /// From a body: the type, as in `valueCode`, and the value.
    Typed(String, Value),
    Resource(Value),
}

/// A coding that was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Coding {
    pub(super) system: Option<String>,
    pub(super) version: Option<String>,
    pub(super) code: Option<String>,
    pub(super) display: Option<String>,
}

/// The types of a parameter that are text.
const TEXTS: [&str; 11] = [
    "valueString",
    "valueCode",
    "valueUri",
    "valueUrl",
    "valueCanonical",
    "valueId",
    "valueMarkdown",
    "valueDate",
    "valueDateTime",
    "valueInstant",
    "valueOid",
];

impl Parameters {
    pub(super) fn read(query: &[(String, String)], body: Option<&Value>) -> Answered<Parameters> {
        let mut items: Vec<Item> = query
            .iter()
            .map(|(name, value)| Item {
                name: name.clone(),
                value: ParameterValue::Text(value.clone()),
            })
            .collect();
        if let Some(body) = body {
            match body.get("resourceType").and_then(Value::as_str) {
                Some("Parameters") => read_parameters(body, &mut items)?,
                // A value set may stand for itself where it is the only parameter of the body.
                Some("ValueSet") => items.push(Item {
                    name: "valueSet".to_owned(),
                    value: ParameterValue::Resource(body.clone()),
                }),
                Some(other) => {
                    return Err(FhirFailure::invalid(format!(
                        "the body is a {}; expected Parameters",
                        clip(other)
                    )));
                }
                None => {
                    return Err(FhirFailure::invalid(
                        "the body has no resourceType; expected Parameters",
                    ));
                }
            }
        }
        Ok(Parameters { items })
    }

    fn find(&self, name: &str) -> impl Iterator<Item = &ParameterValue> {
        self.items
            .iter()
            .filter(move |item| item.name == name)
            .map(|item| &item.value)
    }

    /// Returns a text, of whatever type of text.
    pub(super) fn text(&self, name: &str) -> Answered<Option<&str>> {
        let mut found: Option<&str> = None;
        for text in self.texts(name)? {
            if found.is_some_and(|first| first != text) {
                return Err(FhirFailure::invalid(format!(
                    "{name} is given more than once, and not alike"
                )));
            }
            found = Some(text);
        }
        Ok(found)
    }

    /// Returns the first of several names of a text that is given.
    pub(super) fn any_text(&self, names: &[&str]) -> Answered<Option<&str>> {
        for name in names {
            if let Some(text) = self.text(name)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// Returns all texts of a name that may come more than once.
    pub(super) fn texts(&self, name: &str) -> Answered<Vec<&str>> {
        self.find(name)
            .map(|held| {
                let text = match held {
                    ParameterValue::Text(text) => Some(text.as_str()),
                    ParameterValue::Typed(kind, value) if TEXTS.contains(&kind.as_str()) => value.as_str(),
                    _ => None,
                };
                match text.map(str::trim) {
                    Some("") => Err(FhirFailure::invalid(format!("{name} is empty"))),
                    Some(text) => Ok(text),
                    None => Err(FhirFailure::invalid(format!(
                        "{name} is of the wrong type: it has to be text, as in valueString, valueCode or valueUri"
                    ))),
                }
            })
            .collect()
    }

    pub(super) fn boolean(&self, name: &str) -> Answered<Option<bool>> {
        let Some(held) = self.find(name).next() else {
            return Ok(None);
        };
        let value = match held {
            ParameterValue::Text(text) => text.trim().parse().ok(),
            ParameterValue::Typed(kind, value) if kind == "valueBoolean" => value.as_bool(),
            _ => None,
        };
        value.map(Some).ok_or_else(|| {
            FhirFailure::invalid(format!(
                "{name} has to be true or false (in a body a valueBoolean)"
            ))
        })
    }

    pub(super) fn count(&self, name: &str) -> Answered<Option<usize>> {
        let Some(held) = self.find(name).next() else {
            return Ok(None);
        };
        let value = match held {
            ParameterValue::Text(text) => text.trim().parse().ok(),
            ParameterValue::Typed(kind, value)
                if ["valueInteger", "valuePositiveInt", "valueUnsignedInt"]
                    .contains(&kind.as_str()) =>
            {
                value.as_u64().and_then(|value| usize::try_from(value).ok())
            }
            _ => None,
        };
        value.map(Some).ok_or_else(|| {
            FhirFailure::invalid(format!(
                "{name} has to be a whole number from 0 (in a body a valueInteger)"
            ))
        })
    }

    pub(super) fn date(&self, name: &str) -> Answered<Option<NaiveDate>> {
        self.text(name)?.map(|text| day(name, text)).transpose()
    }

    pub(super) fn coding(&self, name: &str) -> Answered<Option<Coding>> {
        let Some(held) = self.find(name).next() else {
            return Ok(None);
        };
        match held {
            ParameterValue::Typed(kind, value) if kind == "valueCoding" => {
                coding(name, value).map(Some)
            }
            ParameterValue::Text(text) => Ok(Some(token(text))),
            _ => Err(FhirFailure::invalid(format!(
                "{name} has to be a valueCoding"
            ))),
        }
    }

    /// Returns the codings of a `CodeableConcept`, and the whole of it.
    pub(super) fn concept(&self, name: &str) -> Answered<Option<(Vec<Coding>, &Value)>> {
        let Some(held) = self.find(name).next() else {
            return Ok(None);
        };
        let ParameterValue::Typed(kind, value) = held else {
            return Err(FhirFailure::invalid(format!(
                "{name} has to be a valueCodeableConcept"
            )));
        };
        if kind != "valueCodeableConcept" || !value.is_object() {
            return Err(FhirFailure::invalid(format!(
                "{name} has to be a valueCodeableConcept"
            )));
        }
        let codings = match value.get("coding") {
            None => Vec::new(),
            Some(Value::Array(codings)) => codings
                .iter()
                .map(|one| coding(name, one))
                .collect::<Answered<_>>()?,
            Some(_) => {
                return Err(FhirFailure::invalid(format!(
                    "{name}.coding has to be a list"
                )));
            }
        };
        if codings.is_empty() {
            return Err(FhirFailure::invalid(format!("{name} has no coding")));
        }
        Ok(Some((codings, value)))
    }

    pub(super) fn resource(&self, name: &str) -> Answered<Option<&Value>> {
        match self.find(name).next() {
            None => Ok(None),
            Some(ParameterValue::Resource(resource)) => Ok(Some(resource)),
            Some(_) => Err(FhirFailure::invalid(format!(
                "{name} has to be a resource in the body"
            ))),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).next().is_some()
    }
}

fn read_parameters(body: &Value, items: &mut Vec<Item>) -> Answered<()> {
    let parameters = match body.get("parameter") {
        None => return Ok(()),
        Some(Value::Array(parameters)) => parameters,
        Some(_) => {
            return Err(FhirFailure::invalid(
                "Parameters.parameter has to be a list",
            ));
        }
    };
    for (index, parameter) in parameters.iter().enumerate() {
        let at = || format!("Parameters.parameter[{index}]");
        let Some(name) = parameter.get("name").and_then(Value::as_str) else {
            return Err(FhirFailure::invalid(format!("{} has no name", at())));
        };
        let mut values = parameter
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| key.starts_with("value"));
        let value = match (parameter.get("resource"), values.next(), values.next()) {
            (Some(resource), None, None) => ParameterValue::Resource(resource.clone()),
            (None, Some((kind, value)), None) => ParameterValue::Typed(kind.clone(), value.clone()),
            (None, None, None) if parameter.get("part").is_some() => continue,
            (None, None, None) => {
                return Err(FhirFailure::invalid(format!(
                    "{} ({}) has no value",
                    at(),
                    clip(name)
                )));
            }
            _ => {
                return Err(FhirFailure::invalid(format!(
                    "{} ({}) has more than one value",
                    at(),
                    clip(name)
                )));
            }
        };
        items.push(Item {
            name: name.to_owned(),
            value,
        });
    }
    Ok(())
}

/// Reads a coding of a body.
pub(super) fn coding(name: &str, value: &Value) -> Answered<Coding> {
    if !value.is_object() {
        return Err(FhirFailure::invalid(format!("{name} has to hold a Coding")));
    }
    let text = |field: &str| match value.get(field) {
        None => Ok(None),
        Some(Value::String(text)) => {
            Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
        }
        Some(_) => Err(FhirFailure::invalid(format!(
            "{name}.{field} has to be text"
        ))),
    };
    Ok(Coding {
        system: text("system")?,
        version: text("version")?,
        code: text("code")?,
        display: text("display")?,
    })
}

/// Reads a coding of a query, `system|code`.
fn token(text: &str) -> Coding {
    match text.rsplit_once('|') {
        Some((system, code)) => Coding {
            system: Some(system.trim().to_owned()).filter(|system| !system.is_empty()),
            code: Some(code.trim().to_owned()).filter(|code| !code.is_empty()),
            ..Coding::default()
        },
        None => Coding {
            code: Some(text.trim().to_owned()),
            ..Coding::default()
        },
    }
}

/// Reads a day: a date, or a point in time, of which the date as it is written counts.
pub(super) fn day(name: &str, text: &str) -> Answered<NaiveDate> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let is_time = time.is_none_or(|time| {
        let ends = time.trim_end_matches(|c: char| c.is_ascii_digit() || ":.+- Z".contains(c));
        ends.is_empty() && time.len() >= 5
    });
    let is_plain = date.len() == 10
        && date
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day = (is_time && is_plain).then(|| date.parse().ok()).flatten();
    day.ok_or_else(|| {
        FhirFailure::invalid(format!(
            "{name} {:?} is not a date: expected year, month and day as in 2026-03-01",
            clip(text)
        ))
    })
}

/// Reads a text of an object; `None` if it has none, or an empty one.
pub(super) fn text<'v>(value: &'v Value, field: &str, at: &str) -> Answered<Option<&'v str>> {
    match value.get(field) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        Some(_) => Err(FhirFailure::invalid(format!("{at}.{field} has to be text"))),
    }
}

/// Reads a list of an object; empty if it has none.
pub(super) fn list<'v>(value: &'v Value, field: &str, at: &str) -> Answered<&'v [Value]> {
    match value.get(field) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(FhirFailure::invalid(format!(
            "{at}.{field} has to be a list"
        ))),
    }
}

/// Reads the pairs of a query and decodes them.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = |byte: &u8| char::from(*byte).to_digit(16);
        match (first, after) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) if hex(high).is_some() && hex(low).is_some() => {
                let value = hex(high).unwrap_or_default() * 16 + hex(low).unwrap_or_default();
                bytes.push(u8::try_from(value).unwrap_or_default());
                rest = after;
                continue;
            }
            _ => bytes.push(*first),
        }
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(query: &[(&str, &str)], parameters: Value) -> Answered<Parameters> {
        let query = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let body = json!({ "resourceType": "Parameters", "parameter": parameters });
        Parameters::read(&query.collect::<Vec<_>>(), Some(&body))
    }

    #[test]
    fn a_query_is_decoded_and_what_is_no_code_of_a_byte_stays() {
        assert_eq!(
            pairs("url=http%3A%2F%2Fhl7.org%2Fx%3Ffhir_vs&filter=low+back&a&b=%zz%4"),
            [
                ("url", "http://hl7.org/x?fhir_vs"),
                ("filter", "low back"),
                ("a", ""),
                ("b", "%zz%4"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn a_day_is_whole_and_its_time_does_not_matter() {
        for text in [
            "2021-10-01",
            "2021-10-01T00:30:00-05:00",
            "2021-10-01T12:00:00.5Z",
        ] {
            assert_eq!(day("date", text).unwrap().to_string(), "2021-10-01");
        }
        for text in [
            "2021",
            "2021-10",
            "2021-13-01",
            "2021-02-30",
            "+2021-10-1",
            "2021-10-01T",
            "2021-10-01Tnow",
            "1.10.2021",
        ] {
            assert!(day("date", text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_is_taken_as_text_from_a_query_and_by_its_type_from_a_body() {
        let body = json!([
            { "name": "code", "valueCode": "C7B" },
            { "name": "count", "valueInteger": 10 },
            { "name": "abstract", "valueBoolean": true },
            { "name": "offset", "valueString": "10" },
            { "name": "date", "valueDateTime": "2022-04-01T08:00:00Z" },
        ]);
        let given = given(&[("activeOnly", "false"), ("limit", " 5 ")], body).unwrap();
        assert_eq!(given.text("code").unwrap(), Some("C7B"));
        assert_eq!(given.count("count").unwrap(), Some(10));
        assert_eq!(given.count("limit").unwrap(), Some(5));
        assert_eq!(given.boolean("abstract").unwrap(), Some(true));
        assert_eq!(given.boolean("activeOnly").unwrap(), Some(false));
        assert_eq!(
            given.date("date").unwrap(),
            Some(crate::testing::day("2022-04-01"))
        );
        assert_eq!(given.text("system").unwrap(), None);
        // Of the wrong type, and not guessed at.
        assert!(given.count("offset").is_err());
        assert!(given.text("count").is_err() && given.boolean("code").is_err());
    }

    #[test]
    fn a_value_that_is_given_twice_has_to_be_the_same() {
        let body = json!([{ "name": "code", "valueCode": "C7B" }]);
        let alike = given(&[("code", "C7B")], body.clone()).unwrap();
        assert_eq!(alike.text("code").unwrap(), Some("C7B"));
        assert_eq!(alike.texts("code").unwrap(), ["C7B", "C7B"]);
        let unlike = given(&[("code", "C7A")], body).unwrap();
        assert_eq!(unlike.text("code").unwrap_err().status, 400);
    }

    #[test]
    fn a_coding_of_a_query_is_its_system_and_its_code() {
        let coding = |text: &str| {
            let given = given(&[("coding", text)], json!([])).unwrap();
            let coding = given.coding("coding").unwrap().unwrap();
            (coding.system, coding.code)
        };
        let some = |text: &str| Some(text.to_owned());
        let system = "http://hl7.org/fhir/sid/icd-10-cm";
        assert_eq!(
            coding(&format!("{system}|C7B")),
            (some(system), some("C7B"))
        );
        let with_version = format!("{system}|2026");
        assert_eq!(
            coding(&format!("{with_version}|C7B")),
            (some(&with_version), some("C7B"))
        );
        assert_eq!(coding("|C7B"), (None, some("C7B")));
        assert_eq!(coding("C7B"), (None, some("C7B")));
    }

    #[test]
    fn a_body_that_is_no_list_of_named_values_is_refused() {
        for parameters in [
            json!({}),
            json!([{ "valueCode": "C7B" }]),
            json!([{ "name": "code" }]),
            json!([{ "name": "code", "valueCode": "C7B", "valueString": "C7B" }]),
        ] {
            assert!(given(&[], parameters.clone()).is_err(), "{parameters}");
        }
        // Parts are of parameters that nothing here asks for.
        assert!(given(&[], json!([{ "name": "property", "part": [] }])).is_ok());
        let set = json!({ "resourceType": "ValueSet" });
        let alone = Parameters::read(&[], Some(&set)).unwrap();
        assert_eq!(alone.resource("valueSet").unwrap(), Some(&set));
        assert!(Parameters::read(&[], Some(&json!({ "resourceType": "Patient" }))).is_err());
    }
}
