//! The page of an audit: a file of claims is read in memory, judged and forgotten.
//!
//! A file may be sent twice: first to see its columns, of which the beginning will do, then to be judged. Between the
//! two nothing is kept: what was chosen comes back with the form.

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use tokio::sync::Semaphore;

use super::claims_form::{Sent, Wanted, read_form};
use super::guard::Deadline;
use super::pages::{failure, frame, page};
use super::pieces::Pieces;
use super::problem::{self, WebProblem};
use super::request::ApiRequest;
use super::room::{Blocks, NO_ROOM, StopReason};
use super::shared::Shared;
use super::snapshot::Snapshot;
use codeyear_claims::{
    Annotated, AuditOptions, AuditSummary, ClaimsFile, FileColumns, InputFormat, MostTexts,
    OutputForm, PickedColumns,
};
use codeyear_core::error::{Error, ErrorKind, Result};
use codeyear_core::model::CodeSet;
use codeyear_report::html::pages::{self, AuditAsk, PageRequest};

/// How many times the largest file the rows with their verdicts may have.
const MAX_ROWS_TO_FILE: u64 = 8;
/// The most bytes of them, whatever the file: less than the room for all answers.
const MAX_ROWS: u64 = 24 << 20;
/// The most bytes that a packed file may hold, however long it is.
const MAX_UNPACKED: u64 = 1 << 30;
/// The most texts of a workbook: three quarters of a million, which take some 75 MB.
const MOST_TEXTS: MostTexts = MostTexts {
    bytes: 128 << 20,
    elements: 3_000_000,
};
/// How long a file waits for its turn.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// The name that messages have for what was sent: its own may say whose claims these are.
const NAME: &str = "the file";

pub(super) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let upload = DefaultBodyLimit::max(shared.settings.most_upload);
    Router::new().route("/audit", get(form).post(audit).layer(upload))
}

async fn form(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let frame = frame(&mut asked).map_err(failure)?;
    asked.query.finish().map_err(failure)?;
    let most_bytes = asked.shared.settings.most_upload as u64;
    page(&asked, move |site, _, _| {
        let ask = AuditAsk {
            most_bytes,
            ..AuditAsk::default()
        };
        let request = PageRequest::on(frame.on, frame.code_set);
        pages::audit_form(site, request, ask, None)
    })
    .await
}

/// What was found of a file.
struct Found {
    /// What is answered, or what is wrong with the file.
    answer: Result<Answer>,
    /// The columns of the file and those that are picked, where they are shown.
    columns: Option<(FileColumns, PickedColumns)>,
}

/// What is answered of a file.
enum Answer {
    /// Its columns.
    Columns,
    /// What the audit found.
    Summary(Box<AuditSummary>),
    /// The rows with their verdicts, in a format.
    Rows(InputFormat, Pieces),
}

async fn audit(
    asked: ApiRequest,
    Extension(Deadline(deadline)): Extension<Deadline>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, WebProblem> {
    let takes = problem::form("/audit", &headers);
    audit_of(asked, deadline, &headers, form)
        .await
        .map_err(|problem| problem.in_form(takes))
}

async fn audit_of(
    asked: ApiRequest,
    deadline: Instant,
    headers: &HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, WebProblem> {
    let form = form.map_err(|rejection| {
        WebProblem::new(rejection.status(), "the form of the page is expected")
            .with_hint("send the file as multipart/form-data, as the page does")
    })?;
    // A file is read by who has a place for it, so that files that are slow to come do not fill the memory.
    let place = Arc::clone(&asked.shared.audits).acquire_owned();
    let Ok(Ok(place)) = tokio::time::timeout(MAX_WAIT, place).await else {
        return Err(WebProblem::busy("the server is busy with other files"));
    };
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    let sent = read_form(form, length.min(asked.shared.settings.most_upload)).await?;
    let most_bytes = asked.shared.settings.most_upload as u64;
    let today = asked.today;
    let snapshot = Arc::clone(&asked.snapshot);
    let rooms = Arc::clone(&asked.shared.answers);
    // It takes a core as long as it takes; no handle of the database is kept from others meanwhile.
    // What it took too long for is said while there is time to say it.
    let ends = deadline - asked.shared.settings.request_timeout / 10;
    let unpacked_too_far = Arc::new(AtomicBool::new(false));
    let too_far = Arc::clone(&unpacked_too_far);
    let judged = asked.shared.long_threads().spawn_blocking(move || {
        // The place is free when the work is done, whether or not anyone still waits for it.
        let _place = place;
        let mut sent = sent;
        let work = Work {
            snapshot: &snapshot,
            rooms: &rooms,
            file: std::mem::take(&mut sent.file),
            ends,
            too_far: &too_far,
            most_bytes,
        };
        let found = work.answer(&sent);
        (sent, found)
    });
    let (sent, found) = judged
        .await
        .map_err(|_| failure(Error::store("the audit was canceled")))?;
    let Found { answer, columns } = found;
    if answer.is_err() && Instant::now() >= ends {
        return Err(WebProblem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the file takes longer than this server allows",
        )
        .with_hint("audit it on your own machine: codeyear audit"));
    }
    if answer.is_err() && unpacked_too_far.load(Ordering::Relaxed) {
        return Err(WebProblem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the file unpacks to more than this server reads",
        )
        .with_hint("audit it on your own machine: codeyear audit"));
    }
    let answer = match answer {
        Err(error) if is_own(&error) => return Err(failure(error)),
        answer => answer,
    };
    let status = match &answer {
        Err(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Ok(_) => StatusCode::OK,
    };
    let answer = match answer {
        Ok(Answer::Rows(format, rows)) => {
            let (media_type, name) = match format {
                InputFormat::Ndjson => ("application/x-ndjson", "audited.ndjson"),
                _ => ("text/csv; charset=utf-8", "audited.csv"),
            };
            let response = ApiRequest::in_its_room(asked.file(media_type, name, rows));
            return Ok(not_kept(response));
        }
        answer => answer,
    };
    let mut response = page(&asked, move |site, _, _| {
        let request = PageRequest::on(sent.on.unwrap_or(today), CodeSet::default());
        let ask = AuditAsk {
            columns: columns.as_ref().map(|(file, picked)| (file, picked)),
            most_bytes,
            ..sent.ask()
        };
        match &answer {
            Ok(Answer::Summary(summary)) => pages::audit_result(site, request, ask, summary),
            Ok(_) => pages::audit_form(site, request, ask, None),
            Err(error) => {
                let said = (error.message(), error.hint());
                pages::audit_form(site, request, ask, Some(said))
            }
        }
    })
    .await?;
    *response.status_mut() = status;
    Ok(not_kept(response))
}

/// Checks whether an error is the server's, and not the file's.
fn is_own(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Io | ErrorKind::Store | ErrorKind::Busy
    )
}

/// Returns a response that nobody keeps: what was sent is nobody else's.
fn not_kept(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.remove(ETAG);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Reads until a moment, and so many bytes: a small packed file may hold more than a day's work.
struct Until<R> {
    input: R,
    ends: Instant,
    /// How many bytes may be read still.
    left: u64,
    /// Set if there were more.
    too_far: Arc<AtomicBool>,
}

impl<R: Read> Read for Until<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if Instant::now() >= self.ends {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        let read = self.input.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            self.too_far.store(true, Ordering::Relaxed);
            std::io::ErrorKind::FileTooLarge
        })?;
        Ok(read)
    }
}

/// A file that is looked at.
struct Work<'w> {
    snapshot: &'w Snapshot,
    /// Room for the rows.
    rooms: &'w Arc<Semaphore>,
    file: Bytes,
    ends: Instant,
    /// Set if the file unpacks to more than may be read of it.
    too_far: &'w Arc<AtomicBool>,
    most_bytes: u64,
}

impl Work<'_> {
    fn answer(&self, sent: &Sent) -> Found {
        if sent.wanted == Wanted::Columns {
            let columns = self.columns();
            let (answer, columns) = match columns {
                Ok(columns) => {
                    let likely = columns.pick_likely();
                    (Ok(Answer::Columns), Some((columns, likely)))
                }
                Err(error) => (Err(error), None),
            };
            return Found { answer, columns };
        }
        let answer = self.judge(sent);
        // What was picked is shown again where something is wrong with it.
        let picked = sent.picked.as_ref().filter(|_| answer.is_err());
        let columns = picked.and_then(|picked| Some((self.columns().ok()?, picked.clone())));
        Found { answer, columns }
    }

    fn open(&self) -> Result<ClaimsFile<'static>> {
        let input = codeyear_claims::open_input(
            std::path::Path::new("-"),
            Box::new(Cursor::new(self.file.clone())),
        )?;
        let length = self.file.len() as u64;
        let most_unpacked = codeyear_claims::most_unpacked(length).min(MAX_UNPACKED.max(length));
        let input = Until {
            input,
            ends: self.ends,
            left: most_unpacked,
            too_far: Arc::clone(self.too_far),
        };
        let file = ClaimsFile::recognise(Box::new(input), NAME, None)?;
        Ok(file.with_most_texts(MOST_TEXTS))
    }

    fn columns(&self) -> Result<FileColumns> {
        FileColumns::read(self.snapshot.index(), self.open()?)
    }

    fn judge(&self, sent: &Sent) -> Result<Answer> {
        let file = self.open()?;
        let format = file.format();
        if format.has_columns() {
            sent.check_picked()?;
        }
        let mut table = sent.table()?;
        // A Parquet file or a workbook is not read from a stream.
        table.rows.ends = Some(self.ends);
        let options = AuditOptions {
            format: Some(format),
            table,
            layout: None,
            use_onset: false,
            output: OutputForm::Csv,
        };
        let most = self.most_bytes.saturating_mul(MAX_ROWS_TO_FILE);
        let mut rows = Blocks::new(self.rooms, most.min(MAX_ROWS));
        let to = match sent.wanted {
            Wanted::Rows => Annotated::To(&mut rows),
            _ => Annotated::No,
        };
        let index = self.snapshot.index();
        let audited = codeyear_claims::audit(index, file, &options, to, &mut |_| {});
        match rows.end() {
            None => {}
            Some(StopReason::Long) => {
                return Err(Error::usage("the rows are more than this server returns")
                    .with_hint("audit the file on your own machine: codeyear audit"));
            }
            Some(StopReason::NoRoom) => {
                return Err(Error::busy(NO_ROOM).with_hint("wait a second and send the file again"));
            }
        }
        let audited = audited?;
        Ok(match sent.wanted {
            Wanted::Rows => Answer::Rows(format, rows.into_pieces()),
            _ => Answer::Summary(Box::new(audited.into_summary()?)),
        })
    }
}
