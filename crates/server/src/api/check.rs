//! `/api/check`: one code, many codes, many codes each on its own date.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use chrono::NaiveDate;

use super::super::pieces::Pieces;
use super::super::problem::WebProblem;
use super::super::request::{ApiRequest, DAY, InMemory};
use super::super::snapshot::{Size, Snapshot};
use super::requests::CheckRequest;
use codeyear_core::answer::{self, SpeltOut};
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{
    Answer, Book, CodeSet, Sets, Timeline, TypedCode, TypedDay, TypedYear, VerdictKind, typed_code,
};
use codeyear_core::store::Store;
use codeyear_report::json::{self, AnswerWriter};

/// The most codes of one request.
const MAX_CODES: usize = 10_000;

/// So many codes are answered at once, where the answer is in memory.
const FEW: usize = 16;

/// The most bytes of the answers of one request, and of those that differ: a third of the room for all.
const MAX_BYTES: usize = 256 << 20;
const MAX_OWN: usize = 16 << 20;

/// A code to check.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Question {
    code: TypedCode,
    code_set: Option<CodeSet>,
    when: When,
}

/// On which days a code is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum When {
    /// On this one.
    Day(TypedDay),
    /// On all days of a fiscal year.
    Year(TypedYear),
}

#[utoipa::path(
    get,
    path = "/api/check",
    summary = "Whether codes are valid on a date, and what to use instead",
    params(CheckRequest),
    responses((status = 200, description = "The answer", body = ref("#/components/schemas/CheckJson"), content_type = "application/json")),
)]
pub(super) async fn check(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let CheckRequest {
        code: codes,
        on,
        year,
        code_set,
    } = asked.read()?;
    let when = match year {
        Some(year) => When::Year(year),
        None => When::Day(on.unwrap_or(TypedDay::Today)),
    };
    let questions = codes.into_iter().map(|code| Question {
        code,
        code_set,
        when,
    });
    answer(&asked, questions.collect()).await
}

/// Answers the questions of a body: `{"codes": ["C7B", {"code": "M54.5", "on": "2021-09-30"}], "on": "2026-03-01"}`.
#[utoipa::path(
    post,
    path = "/api/check",
    summary = "Whether many codes are valid, each on its own date",
    request_body(content = ref("#/components/schemas/Questions"), content_type = "application/json"),
    responses((status = 200, description = "The answer", body = ref("#/components/schemas/CheckJson"), content_type = "application/json")),
)]
pub(super) async fn check_many(
    asked: ApiRequest,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, WebProblem> {
    asked.query.finish()?;
    let body = body.map_err(WebProblem::unread)?;
    let questions = read(&body)?;
    answer(&asked, questions).await
}

async fn answer(asked: &ApiRequest, questions: Vec<Question>) -> Result<Response, WebProblem> {
    let today = asked.today;
    // Most questions are answered in less time than it takes to hand them to another thread.
    if questions.len() <= FEW
        && let Some(answers) = check_cached(&asked.snapshot, &questions, today)?
    {
        return Ok(asked.json(json::answers(&answers)?));
    }
    let has_range = questions
        .iter()
        .any(|one| matches!(one.code, TypedCode::Range(..)));
    let size = match questions.len() {
        0..=FEW if !has_range => Size::Small,
        _ => Size::Large,
    };
    let pieces = asked
        .ask(size, move |snapshot, store| {
            write(snapshot, store, questions, today)
        })
        .await?;
    let own = InMemory(pieces.own() as u64);
    let mut response = asked.reply("application/json", pieces);
    response.extensions_mut().insert(own);
    Ok(response)
}

/// Writes the answers, one after another: no more than one is in memory, and a question that comes again is asked once.
fn write(
    snapshot: &Snapshot,
    store: &Store,
    questions: Vec<Question>,
    today: NaiveDate,
) -> Result<Pieces> {
    let mut spelt_out = Vec::with_capacity(questions.len());
    let mut ranges = answer::TypedRanges::new(store);
    for question in questions {
        store.check_still_wanted()?;
        spelt_out.extend(spell_out(&mut ranges, question, today)?);
        if spelt_out.len() > MAX_CODES {
            return Err(too_many(spelt_out.len()));
        }
    }
    let questions = spelt_out;
    let is_of_days = questions.iter().all(|one| matches!(one.when, When::Day(_)));
    let writer = AnswerWriter::of(questions.len(), is_of_days);
    let mut pieces = Pieces::default();
    pieces.append(writer.begin()?.into(), true);
    let mut said: HashMap<Question, Vec<Bytes>> = HashMap::new();
    let mut written = 0;
    for question in questions {
        store.check_still_wanted()?;
        let is_new = !said.contains_key(&question);
        let texts = match said.entry(question) {
            Entry::Occupied(said) => said.into_mut(),
            Entry::Vacant(new) => {
                let answers = ask(snapshot, store, new.key(), today)?;
                let texts = answers.iter().map(|answer| writer.answer(answer));
                let texts = texts.map(|text| text.map(Bytes::from));
                new.insert(texts.collect::<Result<_>>()?)
            }
        };
        for text in texts {
            pieces.append(AnswerWriter::between(written).into(), true);
            pieces.append(text.clone(), is_new);
            written += 1;
        }
        if pieces.length() > MAX_BYTES || pieces.own() > MAX_OWN {
            return Err(Error::usage("the answers are too long for one request")
                .with_hint("ask for fewer codes at once, or audit a file: codeyear audit"));
        }
    }
    pieces.append(AnswerWriter::end(written).into(), true);
    Ok(pieces)
}

/// Answers from memory; `None` if that does not hold all that the answers tell.
fn check_cached(
    snapshot: &Snapshot,
    questions: &[Question],
    today: NaiveDate,
) -> Result<Option<Vec<Answer>>> {
    let index = snapshot.index();
    if !index.has_titles() {
        return Ok(None);
    }
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        let (When::Day(day), TypedCode::One(code)) = (question.when, &question.code) else {
            return Ok(None);
        };
        let code_set = match question.code_set {
            Some(code_set) => code_set,
            None => {
                let codes = Sets::new(|code_set| index.codes(code_set));
                answer::detect_code_set(&codes, code)?
            }
        };
        let date = snapshot.day_of(Some(day), today, code_set);
        // Which character of a procedure is wrong is told by its table, which the database holds.
        if code_set.facts().book == Book::Tables
            && index.verdict(code_set, typed_code(code), date)? == VerdictKind::Unknown
        {
            return Ok(None);
        }
        answers.push(answer::check(&index.codes(code_set), code, date)?);
    }
    Ok(Some(answers))
}

/// Returns a question for each code that one asks for: of a range those that are billable on its days.
fn spell_out(
    ranges: &mut answer::TypedRanges<'_>,
    question: Question,
    today: NaiveDate,
) -> Result<Vec<Question>> {
    let days = |loaded: &Timeline| match question.when {
        When::Day(day) => vec![day.on(today, loaded)],
        When::Year(year) => year.first_days(loaded),
    };
    let (code_set, codes) = match ranges.spell_out(&question.code, question.code_set, days)? {
        SpeltOut::One(code) => {
            let code = TypedCode::One(code);
            return Ok(vec![Question { code, ..question }]);
        }
        SpeltOut::Range { range, codes } => (range.first.code_set(), codes),
    };
    let questions = codes.billable.into_iter().map(|code| Question {
        code: TypedCode::One(code.to_string()),
        code_set: Some(code_set),
        when: question.when,
    });
    Ok(questions.collect())
}

fn ask(
    snapshot: &Snapshot,
    store: &Store,
    question: &Question,
    today: NaiveDate,
) -> Result<Vec<Answer>> {
    // Ranges are spelt out.
    let (TypedCode::One(code) | TypedCode::Range(code, _)) = &question.code;
    let code_set = answer::code_set_of(store, question.code_set, code)?;
    match question.when {
        When::Day(day) => {
            let codes = snapshot.codes(store, code_set)?;
            let date = snapshot.day_of(Some(day), today, code_set);
            Ok(vec![answer::check(&*codes, code, date)?])
        }
        When::Year(TypedYear(year)) => {
            let (from, through) = year.days_of(code_set);
            answer::check_span(&store.codes(code_set)?, code, from, through)
        }
    }
}

fn too_many(codes: usize) -> Error {
    Error::usage(format!(
        "{codes} codes requested; expected 1 to {MAX_CODES}"
    ))
    .with_hint("ask for fewer at once, or audit a file: codeyear audit")
}

fn read(body: &[u8]) -> Result<Vec<Question>> {
    let asked = json::read_questions(body)?;
    if asked.codes.is_empty() || asked.codes.len() > MAX_CODES {
        return Err(Error::usage(format!(
            "the body has {} codes; expected 1 to {MAX_CODES}",
            asked.codes.len()
        ))
        .with_hint("send the rest in another request, or audit a file: codeyear audit"));
    }
    let day = |text: &str| -> Result<TypedDay> {
        text.parse().map_err(|_| {
            Error::usage("a date of the body cannot be read").with_hint(format!("write {DAY}"))
        })
    };
    let set = |text: &str| -> Result<CodeSet> {
        text.parse().map_err(|_| {
            Error::usage("a code set of the body cannot be read")
                .with_hint(format!("write {}", CodeSet::all_ids(" or ")))
        })
    };
    let on = asked.on.as_deref().map(day).transpose()?;
    let on = on.unwrap_or(TypedDay::Today);
    let code_set = asked.code_set.as_deref().map(set).transpose()?;
    asked
        .codes
        .into_iter()
        .map(|asked| {
            let own_set = asked.code_set.as_deref().map(set).transpose()?;
            Ok(Question {
                when: When::Day(asked.on.as_deref().map(day).transpose()?.unwrap_or(on)),
                code_set: own_set.or(code_set),
                // One answer a question: no text is cut.
                code: TypedCode::One(asked.code),
            })
        })
        .collect()
}
