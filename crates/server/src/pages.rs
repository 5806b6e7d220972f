//! Pages for people: each a question as of JSON, written as a page.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::NaiveDate;

use super::problem::{ErrorMessage, WebProblem};
use super::request::{ApiRequest, compared, range};
use super::shared::Shared;
use super::snapshot::{Size, Snapshot};
use codeyear_core::answer::{self, BrowseAt, DiffScope, SearchOptions, ShowOptions};
use codeyear_core::error::{Error, Result, not_loaded};
use codeyear_core::model::{Book, ChangeKind, CodeSet, PlaceKind, ReleaseId, ReleaseName};
use codeyear_core::store::{CodeSource, Store};
use codeyear_report::Style;
use codeyear_report::html::pages::{self, DiffAsk, Site};
use codeyear_report::report::{ReportFormat, change_report};

/// The most codes that a search lists.
const MAX_FOUND: usize = 50;

const HTML: &str = "text/html; charset=utf-8";

/// An asset has another name when its bytes are others.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub(super) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let router = Router::new()
        .route("/", get(home))
        .route("/about", get(about))
        .route("/releases", get(releases))
        .route("/releases/{set}/{id}", get(release))
        .route("/search", get(search))
        .route("/compare", get(compare))
        .route("/diff", get(diff))
        .route("/diff/download", get(download))
        .route("/assets/{name}", get(asset))
        .merge(super::claims::routes(shared));
    CodeSet::ALL.into_iter().fold(router, book_routes)
}

/// Adds the pages of the book of a code set.
fn book_routes(router: Router<Arc<Shared>>, code_set: CodeSet) -> Router<Arc<Shared>> {
    let path = code_set.facts().path;
    let book = move |asked| browse(asked, code_set, BrowseAt::Book);
    let code = move |Path(code): Path<String>, asked| code_page(asked, code_set, code);
    let router = router
        .route(path, get(book))
        .route(&format!("{path}/{{code}}"), get(code));
    let levels = pages::book_levels(code_set).iter();
    levels.fold(router, |router, (name, level)| {
        let level = *level;
        let part = move |Path(name): Path<String>, asked| {
            let at = match level(&name) {
                PlaceKind::Chapter => BrowseAt::Chapter(name),
                _ => BrowseAt::Block(name),
            };
            browse(asked, code_set, at)
        };
        router.route(&format!("{path}/{name}/{{name}}"), get(part))
    })
}

/// Writes failures as pages for those who read pages.
pub(super) fn over(routes: Router<Arc<Shared>>, shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    routes.layer(from_fn_with_state(Arc::clone(shared), render_error_page))
}

async fn render_error_page(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let typed = Typed::read(request.uri());
    let response = next.run(request).await;
    let Some(said) = response.extensions().get::<ErrorMessage>().cloned() else {
        return response;
    };
    let snapshot = shared.snapshots.current();
    // Until the first pass through the database is done, the failure stays as it is.
    let Some(site) = snapshot.known_site() else {
        return response;
    };
    // What was asked for is in the search field, on its date.
    let asked = pages::PageRequest {
        words: &typed.code,
        ..pages::PageRequest::on(
            typed.on.unwrap_or_else(|| shared.settings.today.day()),
            typed.code_set,
        )
    };
    let status = response.status().as_u16();
    let page = pages::error_page(site, asked, status, &said.message, said.hint.as_deref());
    let Ok(page) = page else {
        return response;
    };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.remove(CONTENT_ENCODING);
    parts
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static(HTML));
    Response::from_parts(parts, Body::from(page))
}

/// What a failed request was about, as far as its address tells: the page of the failure begins from there.
#[derive(Default)]
struct Typed {
    code_set: CodeSet,
    on: Option<NaiveDate>,
    /// The code in the path of a code's page.
    code: String,
}

impl Typed {
    fn read(uri: &Uri) -> Typed {
        let mut typed = Typed::default();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "on" => typed.on = value.parse().ok(),
                "set" => typed.code_set = value.parse().unwrap_or(typed.code_set),
                _ => {}
            }
        }
        let mut parts = uri.path().split('/').skip(1);
        let book = parts.next().map(|part| format!("/{part}"));
        let of_book = |code_set: &CodeSet| book.as_deref() == Some(code_set.facts().path);
        if let Some(code_set) = CodeSet::ALL.into_iter().find(of_book) {
            typed.code_set = code_set;
            if let (Some(code), None) = (parts.next(), parts.next()) {
                let code = percent_encoding::percent_decode_str(code).decode_utf8_lossy();
                typed.code = code.into_owned();
            }
        }
        typed
    }
}

/// What every page is asked for.
pub(super) struct Frame {
    pub(super) on: NaiveDate,
    pub(super) code_set: CodeSet,
}

/// Reads the day and the code set, and refuses what else the query has.
pub(super) fn frame(asked: &mut ApiRequest) -> Result<Frame> {
    let code_set = asked.query.code_set("set")?.unwrap_or_default();
    let on = asked.day(code_set)?;
    Ok(Frame { on, code_set })
}

/// Writes a page from the database.
pub(super) async fn page(
    asked: &ApiRequest,
    write: impl FnOnce(&Site, &Snapshot, &Store) -> Result<String> + Send + 'static,
) -> Result<Response, WebProblem> {
    let page = asked
        .ask(Size::Small, move |snapshot, store| {
            write(snapshot.site(store)?, snapshot, store)
        })
        .await
        .map_err(failure)?;
    Ok(asked.reply(HTML, page))
}

/// Writes a page for which a whole release is read, and keeps it by what tells it from all others.
async fn kept_page(
    asked: &ApiRequest,
    key: impl std::fmt::Debug,
    write: impl FnOnce(&Site, &Store) -> Result<String> + Send + 'static,
) -> Result<Response, WebProblem> {
    let page = asked
        .ask_long(key, move |snapshot, store| {
            write(snapshot.site(store)?, store).map(String::into_bytes)
        })
        .await
        .map_err(failure)?;
    Ok(ApiRequest::in_its_room(asked.reply(HTML, page)))
}

/// Makes a failure that is read by a person.
pub(super) fn failure(error: Error) -> WebProblem {
    WebProblem::from(error).in_form(super::problem::Form::Page)
}

async fn asset(Path(name): Path<String>) -> Response {
    match pages::asset(&name) {
        Some(asset) => (
            [
                (CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
                (CACHE_CONTROL, FOR_EVER),
            ],
            asset.bytes,
        )
            .into_response(),
        None => {
            WebProblem::new(StatusCode::NOT_FOUND, "nothing found at this address").into_response()
        }
    }
}

async fn home(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let frame = frame(&mut asked).map_err(failure)?;
    asked.query.finish().map_err(failure)?;
    page(&asked, move |site, _, _| {
        pages::home(site, pages::PageRequest::on(frame.on, frame.code_set))
    })
    .await
}

async fn about(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let frame = frame(&mut asked).map_err(failure)?;
    asked.query.finish().map_err(failure)?;
    page(&asked, move |site, _, _| {
        pages::help(site, pages::PageRequest::on(frame.on, frame.code_set))
    })
    .await
}

async fn releases(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let frame = frame(&mut asked).map_err(failure)?;
    asked.query.finish().map_err(failure)?;
    page(&asked, move |site, _, _| {
        pages::releases(site, pages::PageRequest::on(frame.on, frame.code_set))
    })
    .await
}

async fn release(
    Path((set, id)): Path<(String, String)>,
    mut asked: ApiRequest,
) -> Result<Response, WebProblem> {
    let read = |asked: &mut ApiRequest| -> Result<(NaiveDate, CodeSet, ReleaseId)> {
        let not_found = |what: String| {
            Error::not_found(what).with_hint("the loaded releases are listed at /releases")
        };
        let code_set: CodeSet = set
            .parse()
            .map_err(|_| not_found("no such code set".to_owned()))?;
        let name: ReleaseName = id
            .parse()
            .map_err(|_| not_found("no such release".to_owned()))?;
        let on = asked.day(code_set)?;
        asked.query.finish()?;
        Ok((on, code_set, name.of(code_set)))
    };
    let (on, code_set, id) = read(&mut asked).map_err(failure)?;
    page(&asked, move |site, _, _| {
        let request = pages::PageRequest::on(on, code_set);
        let missing = || not_loaded(&format!("{} {id}", code_set.name()));
        pages::release(site, request, id)?.ok_or_else(missing)
    })
    .await
}

async fn search(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let read = |asked: &mut ApiRequest| -> Result<(Frame, String, bool)> {
        let frame = frame(asked)?;
        let words = asked.query.one("q")?.unwrap_or_default();
        let is_fragment = asked.query.flag("fragment")?;
        asked.query.finish()?;
        Ok((frame, words, is_fragment))
    };
    let (Frame { on, code_set }, words, is_fragment) = read(&mut asked).map_err(failure)?;
    let index = asked.snapshot.index();
    let is_governed = index.timeline(code_set).governing(on).is_some();
    let options = SearchOptions {
        most: MAX_FOUND,
        unlisted: false,
    };
    let size = Size::of_words(&words);
    if is_fragment && !is_governed {
        let nothing = "<div data-status=\"No release loaded for this date.\"></div>";
        return Ok(asked.reply(HTML, nothing.to_owned()));
    }
    if is_fragment {
        let found = asked
            .ask(size, move |_, store| {
                let report = answer::search(store, code_set, &words, on, options)?;
                pages::search_results(&report)
            })
            .await
            .map_err(failure)?;
        return Ok(asked.reply(HTML, found));
    }
    let typed = words.clone();
    let asked_for = typed.clone();
    let code = asked
        .ask(Size::Small, move |_, store| {
            known_code(store, code_set, &asked_for, on)
        })
        .await
        .map_err(failure)?;
    if let Some(address) = code.and_then(|address| HeaderValue::try_from(address).ok()) {
        return Ok((StatusCode::SEE_OTHER, [(LOCATION, address)]).into_response());
    }
    let write = move |site: &Site, store: &Store| {
        let asked = pages::PageRequest {
            on,
            code_set,
            words: &words,
        };
        if words.trim().is_empty() || !is_governed {
            return pages::search(site, asked, None);
        }
        let report = answer::search(store, code_set, &words, on, options)?;
        pages::search(site, asked, Some(&report))
    };
    match size {
        Size::Small => page(&asked, move |site, _, store| write(site, store)).await,
        Size::Large => {
            let key = format!("page search {} {on} {typed}", code_set.id());
            kept_page(&asked, key, write).await
        }
    }
}

/// Returns the page of what was typed, if it is a code that some release lists, in the code set asked for or the
/// other one.
fn known_code(
    store: &Store,
    code_set: CodeSet,
    text: &str,
    on: NaiveDate,
) -> Result<Option<String>> {
    // Without its dot a code may be one of another book, which the page of the search says.
    if answer::may_be_of_another_book(text) {
        return Ok(None);
    }
    let others = CodeSet::ALL.into_iter().filter(|other| *other != code_set);
    for code_set in std::iter::once(code_set).chain(others) {
        if let Ok(code) = code_set.read_typed(text)
            && store.codes(code_set)?.lists(&code)?
        {
            return Ok(Some(pages::code_address(code_set, &code, on)));
        }
    }
    Ok(None)
}

async fn compare(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let read = |asked: &mut ApiRequest| -> Result<(Frame, Option<String>, Option<String>, bool)> {
        let frame = frame(asked)?;
        let left = asked.query.one("left")?;
        let right = asked.query.one("right")?;
        let nearest = asked.query.flag("nearest")?;
        asked.query.finish()?;
        Ok((frame, left, right, nearest))
    };
    let (Frame { on, code_set }, left, right, nearest) = read(&mut asked).map_err(failure)?;
    page(&asked, move |site, snapshot, store| {
        let asked = pages::PageRequest::on(on, code_set);
        match (left, right) {
            (Some(left), Some(right)) => {
                let options = ShowOptions {
                    nearest,
                    ..ShowOptions::default()
                };
                let found = answer::compare(
                    &*snapshot.codes(store, code_set)?,
                    &left,
                    &right,
                    on,
                    options,
                )?;
                pages::compare(site, asked, Some(&found))
            }
            _ => pages::compare(site, asked, None),
        }
    })
    .await
}

async fn browse(
    mut asked: ApiRequest,
    code_set: CodeSet,
    at: BrowseAt,
) -> Result<Response, WebProblem> {
    let read = move |asked: &mut ApiRequest| -> Result<NaiveDate> {
        let on = asked.day(code_set)?;
        asked.query.finish()?;
        Ok(on)
    };
    let on = read(&mut asked).map_err(failure)?;
    let is_governed = asked.snapshot.index().timeline(code_set).governing(on);
    // The whole book is one page a day, and counts the codes of a release. What stands below it is less work, and has
    // names without end.
    if at != BrowseAt::Book || is_governed.is_none() {
        return page(&asked, move |site, _, store| {
            browse_page(site, store, code_set, &at, on)
        })
        .await;
    }
    let key = format!("page {} {at:?} {on}", code_set.id());
    kept_page(&asked, key, move |site, store| {
        browse_page(site, store, code_set, &at, on)
    })
    .await
}

fn browse_page(
    site: &Site,
    store: &Store,
    code_set: CodeSet,
    at: &BrowseAt,
    on: NaiveDate,
) -> Result<String> {
    // Every page links to the book on its day, whether or not a release governs it.
    if store.timeline(code_set)?.governing(on).is_none() {
        return pages::uncovered(site, pages::PageRequest::on(on, code_set));
    }
    pages::browse(site, &answer::browse(store, code_set, at, on)?)
}

async fn code_page(
    mut asked: ApiRequest,
    code_set: CodeSet,
    code: String,
) -> Result<Response, WebProblem> {
    let read = |asked: &mut ApiRequest| -> Result<(NaiveDate, bool)> {
        let on = asked.day(code_set)?;
        let nearest = asked.query.flag("nearest")?;
        asked.query.finish()?;
        Ok((on, nearest))
    };
    let (on, nearest) = read(&mut asked).map_err(failure)?;
    page(&asked, move |site, snapshot, store| {
        let options = ShowOptions {
            nearest,
            earlier: true,
            around: true,
        };
        let shown = answer::show(&*snapshot.codes(store, code_set)?, &code, on, options)?;
        pages::code(site, &shown, nearest)
    })
    .await
}

/// What a change report is asked for, and how.
struct DiffQuestion {
    frame: Frame,
    ask: DiffAsk,
    scope: DiffScope,
}

fn diff_question(asked: &mut ApiRequest) -> Result<DiffQuestion> {
    let frame = frame(asked)?;
    let (old, new) = (asked.query.releases("old")?, asked.query.releases("new")?);
    let named = compared(old, new)?;
    // Of one release the other one is known; of none the page asks.
    let (old, new) = match (named.old, named.new) {
        (None, None) => (None, None),
        _ => {
            let (old, new) = asked.releases_of(named, frame.code_set)?;
            (Some(old), Some(new))
        }
    };
    let under = asked.query.all("under").join(", ");
    let kind = match asked.query.one("kind")? {
        None => None,
        Some(name) => Some(
            ChangeKind::ALL
                .into_iter()
                .find(|kind| kind.name() == name)
                .ok_or_else(|| {
                    Error::usage("kind is not a kind of change")
                        .with_hint("leave it out for every kind")
                })?,
        ),
    };
    let ask = DiffAsk {
        old,
        new,
        kind,
        chapter: asked.query.one("chapter")?.unwrap_or_default(),
        words: asked.query.one("words")?.unwrap_or_default(),
        notes: asked.query.flag("notes")? && frame.code_set.facts().book == Book::Tabular,
        page: asked.query.parsed("page", "a number as in 2")?.unwrap_or(1),
        under,
    };
    let mut scope = DiffScope {
        notes: ask.notes,
        ..DiffScope::default()
    };
    for text in ask.under.split(',').map(str::trim) {
        if !text.is_empty() {
            scope.under.push(range(frame.code_set, text)?);
        }
    }
    Ok(DiffQuestion { frame, ask, scope })
}

async fn diff(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let read = |asked: &mut ApiRequest| -> Result<DiffQuestion> {
        let question = diff_question(asked)?;
        asked.query.finish()?;
        Ok(question)
    };
    let DiffQuestion { frame, ask, scope } = read(&mut asked).map_err(failure)?;
    let request = pages::PageRequest::on(frame.on, frame.code_set);
    let (Some(old), Some(new)) = (ask.old, ask.new) else {
        return page(&asked, move |site, _, _| {
            pages::diff(site, request, &ask, None)
        })
        .await;
    };
    let key = format!(
        "page diff {} {} {ask:?} {scope:?}",
        frame.on,
        frame.code_set.id()
    );
    let page = asked.ask_long(key, move |snapshot, store| {
        let changes = answer::diff(store, frame.code_set, old, new, &scope)?;
        let page = pages::diff(snapshot.site(store)?, request, &ask, Some(&changes))?;
        Ok(page.into_bytes())
    });
    Ok(ApiRequest::in_its_room(
        asked.reply(HTML, page.await.map_err(failure)?),
    ))
}

async fn download(mut asked: ApiRequest) -> Result<Response, WebProblem> {
    let read = |asked: &mut ApiRequest| -> Result<(DiffQuestion, ReportFormat)> {
        let question = diff_question(asked)?;
        let format: Option<ReportFormat> = asked
            .query
            .parsed("format", "text, markdown, html, csv, json or xlsx")?;
        asked.query.finish()?;
        Ok((question, format.unwrap_or(ReportFormat::Html)))
    };
    let (DiffQuestion { frame, ask, scope }, format) = read(&mut asked).map_err(failure)?;
    let (Some(old), Some(new)) = (ask.old, ask.new) else {
        return Err(failure(
            Error::usage("two releases are needed")
                .with_hint("give them, as in old=FY2025&new=FY2026"),
        ));
    };
    if ask.kind.is_some() || !ask.chapter.is_empty() || !ask.words.is_empty() {
        return Err(failure(
            Error::usage("a download has all changes: kind, chapter and words do not filter it")
                .with_hint("leave them out; under narrows a download to codes"),
        ));
    }
    let today = asked.today;
    let key = format!(
        "report {} {old} {new} {scope:?} {format:?} {today}",
        frame.code_set.id()
    );
    let report = asked
        .ask_long(key, move |_, store| {
            let changes = answer::diff(store, frame.code_set, old, new, &scope)?;
            change_report(&changes, format, Style::PLAIN, today)
        })
        .await
        .map_err(failure)?;
    let name = format!(
        "{}-{old}-to-{new}.{}",
        frame.code_set.id(),
        format.extension()
    );
    Ok(ApiRequest::in_its_room(asked.file(
        format.media_type(),
        &name,
        report,
    )))
}
