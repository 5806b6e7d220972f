//! Whether the publishers have posted a release, without fetching it.

use super::fetched::{Attempt, FetchProgress};
use super::fetcher::Fetcher;
use super::http::{FetchProblem, Method, number, text};
use super::plan::{Source, sources};
use super::to_come::guesses;
use codeyear_core::model::{CodeSet, ReleaseId};
use codeyear_core::source::catalogue::Catalogue;

/// A file that a publisher has posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The source, by its guessed address.
    pub source: Source,
    /// The address that answered.
    pub url: String,
    /// Its size, as the server says.
    pub bytes: Option<u64>,
}

/// What the publishers have of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedRelease {
    /// The code set.
    pub code_set: CodeSet,
    /// The release.
    pub id: ReleaseId,
    /// The files that are posted.
    pub posted: Vec<Posted>,
    /// The addresses that were asked and have nothing.
    pub not_there: usize,
    /// The addresses that did not tell.
    pub untold: Vec<Attempt>,
}

impl Fetcher {
    /// Asks the publishers whether they have posted a release, without fetching it.
    pub fn check(
        &mut self,
        catalogue: &Catalogue,
        code_set: CodeSet,
        id: ReleaseId,
        progress: &mut dyn FnMut(FetchProgress),
    ) -> CheckedRelease {
        let mut checked = CheckedRelease {
            code_set,
            id,
            posted: Vec::new(),
            not_there: 0,
            untold: Vec::new(),
        };
        let mut sources = catalogue
            .find(code_set, id)
            .map(sources)
            .unwrap_or_default();
        sources.extend(guesses(catalogue, code_set, id));
        for source in sources {
            progress(FetchProgress::Begins {
                file: source.file.clone(),
                bytes: None,
            });
            let mut untold = None;
            for url in source.urls(self.options.mirror.as_deref()) {
                if let Some(problem) = self.host(&url).refusal() {
                    untold = Some(Attempt { url, problem });
                    continue;
                }
                let answer = self.posted(&url);
                self.host(&url).note(answer.as_ref().err());
                match answer {
                    Ok(bytes) => {
                        untold = None;
                        let source = source.clone();
                        checked.posted.push(Posted { source, url, bytes });
                        break;
                    }
                    Err(FetchProblem::NotThere(_)) => checked.not_there += 1,
                    Err(problem) => untold = Some(Attempt { url, problem }),
                }
            }
            checked.untold.extend(untold);
            progress(FetchProgress::Ended);
        }
        checked
    }

    /// Asks whether an address has a file. Returns its size, if the server says it.
    fn posted(&mut self, url: &str) -> Result<Option<u64>, FetchProblem> {
        let identity = ("Accept-Encoding", "identity".to_owned());
        let head = self
            .client
            .ask(Method::Head, url, std::slice::from_ref(&identity));
        let answer = match head {
            // Some servers know no HEAD.
            Err((FetchProblem::Status(_) | FetchProblem::Refused(_), _)) => {
                let first = ("Range", "bytes=0-0".to_owned());
                self.client.ask(Method::Get, url, &[identity, first])
            }
            head => head,
        };
        let answer = answer.map_err(|(problem, _)| problem)?;
        let headers = answer.headers();
        if text(headers, "content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            return Err(FetchProblem::WebPage);
        }
        Ok(match text(headers, "content-range") {
            Some(range) => range
                .rsplit('/')
                .next()
                .and_then(|whole| whole.parse().ok()),
            None => number(headers, "content-length"),
        })
    }
}
