//! The page of a search, and its results alone for a script that asks while one types.

use askama::Template;

use super::{Frame, PageRequest, Site, address, long_day, render};
use crate::counted;
use crate::found;
use crate::verdict::words;
use codeyear_core::error::Result;
use codeyear_core::model::{FoundStanding, LookElsewhere, SearchReport};

/// Writes the page of a search; without a report, the page on which to ask.
///
/// # Errors
/// [`codeyear_core::ErrorKind::Format`] if the template fails, which no report makes it do.
pub fn search(
    site: &Site,
    asked: PageRequest<'_>,
    report: Option<&SearchReport>,
) -> Result<String> {
    let title = match asked.words.trim() {
        "" => "Search".to_owned(),
        words => format!("Search for {words}"),
    };
    render(&SearchHtml {
        frame: Frame::new(site, asked, "/search", title),
        results: report.map(Results::new),
    })
}

/// Writes the list of results alone. Its first element says in `data-status` what was found.
///
/// # Errors
/// As [`search`].
pub fn search_results(report: &SearchReport) -> Result<String> {
    render(&Results::new(report))
}

#[derive(Template)]
#[template(path = "pages/search.html", whitespace = "minimize")]
struct SearchHtml<'a> {
    frame: Frame<'a>,
    results: Option<Results>,
}

#[derive(Template)]
#[template(path = "pages/results.html", whitespace = "minimize")]
struct Results {
    status: String,
    /// What words were read as, and what was left out.
    remarks: Vec<String>,
    elsewhere: Vec<Elsewhere>,
    hits: Vec<Hit>,
    warnings: Vec<String>,
}

/// Where else to look, with the address there if there is one.
struct Elsewhere {
    text: String,
    href: Option<String>,
}

struct Hit {
    href: String,
    code: String,
    title: String,
    standing: &'static str,
    word: String,
    why: String,
}

impl Results {
    fn new(report: &SearchReport) -> Results {
        let hits: Vec<Hit> = report
            .found
            .iter()
            .map(|found| Hit {
                href: address::code(report.code_set, &found.code, report.date),
                code: found.code.to_string(),
                title: found.entry.long_title.clone(),
                standing: found.standing.kind().name(),
                word: match found.standing {
                    FoundStanding::Billable | FoundStanding::Header | FoundStanding::NotInForce => {
                        words(found.standing.kind()).headline.to_owned()
                    }
                    FoundStanding::Deleted(last_day) => format!("Deleted after {last_day}"),
                    FoundStanding::NotYetEffective(first_day) => {
                        format!("Effective {first_day}")
                    }
                },
                why: crate::found::why(found),
            })
            .collect();
        let status = if hits.is_empty() {
            format!(
                "No codes match on {} ({}).",
                long_day(report.date),
                report.release
            )
        } else {
            format!(
                "{}{} of {} {} on {}.",
                if report.more { "The first " } else { "" },
                counted(hits.len() as u64, "code"),
                report.code_set.name(),
                report.release,
                long_day(report.date)
            )
        };
        let mut remarks: Vec<String> = report.read_as.iter().map(found::read_as).collect();
        remarks.extend(found::left_out(report));
        let mut elsewhere: Vec<Elsewhere> = report
            .elsewhere
            .iter()
            .map(|place| Elsewhere {
                text: found::elsewhere(*place),
                href: match place {
                    LookElsewhere::CodeSet(code_set) => {
                        Some(address::search(*code_set, &report.words, report.date))
                    }
                    LookElsewhere::NotCovered(code_set, last) => {
                        Some(address::search(*code_set, &report.words, *last))
                    }
                    LookElsewhere::Above(code) => {
                        Some(address::code(report.code_set, code, report.date))
                    }
                    _ => None,
                },
            })
            .collect();
        if hits.is_empty() {
            elsewhere.push(Elsewhere {
                text: format!("Browse {}", report.code_set.name()),
                href: Some(address::on(report.code_set.facts().path, report.date)),
            });
        }
        Results {
            status,
            remarks,
            elsewhere,
            hits,
            warnings: report.warnings.iter().map(ToString::to_string).collect(),
        }
    }
}
