//! `/api/check`: one code, many codes, many codes each on its own date.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use chrono::NaiveDate;

use super::super::problem::WebProblem;
use super::super::request::ApiRequest;
use super::super::snapshot::Snapshot;
use super::requests::CheckRequest;
use codeyear_core::answer;
use codeyear_core::error::{Error, Result};
use codeyear_core::model::{Answer, Book, CodeSet, ReleaseName, Sets, VerdictKind};
use codeyear_core::store::Store;
use codeyear_report::json;

/// The most codes of one request.
const MAX_CODES: usize = 10_000;

/// So many codes are answered at once, where the answer is in memory.
const FEW: usize = 16;

/// A code to check.
#[derive(Debug)]
struct Question {
    code: String,
    code_set: Option<CodeSet>,
    date: NaiveDate,
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
    if let Some(year) = year {
        let body = asked
            .ask(move |_, store| json::answers(&over_year(store, &codes, code_set, year)?))
            .await?;
        return Ok(asked.json(body));
    }
    let date = on.unwrap_or(asked.today);
    let questions = codes.into_iter().map(|code| Question {
        code,
        code_set,
        date,
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
    let body = body.map_err(WebProblem::body)?;
    let questions = read(&body, asked.today)?;
    answer(&asked, questions).await
}

async fn answer(asked: &ApiRequest, questions: Vec<Question>) -> Result<Response, WebProblem> {
    // Most questions are answered in less time than it takes to hand them to another thread.
    if questions.len() <= FEW
        && let Some(answers) = check_cached(&asked.snapshot, &questions)?
    {
        return Ok(asked.json(json::answers(&answers)?));
    }
    let body = asked
        .ask(move |snapshot, store| {
            let mut answers = Vec::with_capacity(questions.len());
            for question in &questions {
                answers.push(check_blocking(snapshot, store, question)?);
            }
            json::answers(&answers)
        })
        .await?;
    Ok(asked.json(body))
}

/// Answers from memory; `None` if that does not hold all that the answers tell.
fn check_cached(snapshot: &Snapshot, questions: &[Question]) -> Result<Option<Vec<Answer>>> {
    let index = snapshot.index();
    if !index.has_titles() {
        return Ok(None);
    }
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        let code_set = match question.code_set {
            Some(code_set) => code_set,
            None => {
                let codes = Sets::new(|code_set| index.codes(code_set));
                answer::detect_code_set(&codes, &question.code)?
            }
        };
        // Which character of a procedure is wrong is told by its table, which the database holds.
        if code_set.facts().book == Book::Tables
            && index.verdict(code_set, &question.code, question.date)? == VerdictKind::Unknown
        {
            return Ok(None);
        }
        answers.push(answer::check(
            &index.codes(code_set),
            &question.code,
            question.date,
        )?);
    }
    Ok(Some(answers))
}

fn check_blocking(snapshot: &Snapshot, store: &Store, question: &Question) -> Result<Answer> {
    let code_set = answer::code_set_of(store, question.code_set, &question.code)?;
    let codes = snapshot.codes(store, code_set)?;
    answer::check(&*codes, &question.code, question.date)
}

fn over_year(
    store: &Store,
    codes: &[String],
    code_set: Option<CodeSet>,
    year: ReleaseName,
) -> Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for code in codes {
        let code_set = answer::code_set_of(store, code_set, code)?;
        let (from, through) = year.days_of(code_set);
        answers.extend(answer::check_span(
            &store.codes(code_set)?,
            code,
            from,
            through,
        )?);
    }
    Ok(answers)
}

fn read(body: &[u8], today: NaiveDate) -> Result<Vec<Question>> {
    let asked = json::read_questions(body)?;
    if asked.codes.is_empty() || asked.codes.len() > MAX_CODES {
        return Err(Error::usage(format!(
            "the body has {} codes; expected 1 to {MAX_CODES}",
            asked.codes.len()
        ))
        .with_hint("send the rest in another request, or audit a file: codeyear audit"));
    }
    let day = |text: &str| -> Result<NaiveDate> {
        text.parse().map_err(|_| {
            Error::usage("a date of the body cannot be read")
                .with_hint("write dates as in 2026-03-01")
        })
    };
    let set = |text: &str| -> Result<CodeSet> {
        text.parse().map_err(|_| {
            Error::usage("a code set of the body cannot be read")
                .with_hint(format!("write {}", CodeSet::all_ids(" or ")))
        })
    };
    let on = asked.on.as_deref().map(day).transpose()?.unwrap_or(today);
    let code_set = asked.code_set.as_deref().map(set).transpose()?;
    asked
        .codes
        .into_iter()
        .map(|asked| {
            let own_set = asked.code_set.as_deref().map(set).transpose()?;
            Ok(Question {
                date: asked.on.as_deref().map(day).transpose()?.unwrap_or(on),
                code_set: own_set.or(code_set),
                code: asked.code,
            })
        })
        .collect()
}
