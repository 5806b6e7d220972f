//! One request over HTTP, by the system's certificates and the proxies that are given, and why it fails.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use ureq::http::{HeaderMap, Response, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

/// The proxies, as the variables of the environment name them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For addresses with `https:` (`HTTPS_PROXY`).
    pub https: Option<String>,
    /// For addresses with `http:` (`HTTP_PROXY`).
    pub http: Option<String>,
    /// For both where there is none of their own (`ALL_PROXY`).
    pub all: Option<String>,
    /// Hosts to ask without a proxy, parted by commas: a name stands for what ends in it as well, `*` for all
    /// (`NO_PROXY`).
    pub none: Option<String>,
}

impl Proxies {
    /// Chooses the proxy for an address.
    fn of(&self, url: &str) -> Option<&str> {
        let (scheme, _) = url.split_once("://")?;
        let host = host(url);
        let without = self.none.iter().flat_map(|none| none.split(','));
        let is_without = without.map(str::trim).any(|one| {
            let one = one.trim_start_matches("*.").trim_start_matches('.');
            // A port behind a name is not looked at.
            let one = one.rsplit_once(':').map_or(one, |(name, port)| {
                let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
                if is_port && !name.contains(':') {
                    name
                } else {
                    one
                }
            });
            let one = one.to_ascii_lowercase();
            one == "*" || host == one || (!one.is_empty() && host.ends_with(&format!(".{one}")))
        });
        let own = match scheme {
            "https" => &self.https,
            _ => &self.http,
        };
        own.as_deref()
            .into_iter()
            .chain(self.all.as_deref())
            .map(str::trim)
            .find(|proxy| !proxy.is_empty() && !is_without)
    }
}

/// Returns the host of an address, in lower case.
pub(super) fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((six, _)) => six,
        None => host.split(':').next().unwrap_or_default(),
    };
    host.to_ascii_lowercase()
}

/// Writes an address for people: without the name and password that it may have.
pub fn shown_address(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// Why an address did not give its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchProblem {
    /// The server refuses (403, 401).
    Refused(u16),
    /// It has no such file (404, 410).
    NotThere(u16),
    /// It answers with another status.
    Status(u16),
    /// It gives a web page instead of the file.
    WebPage,
    /// It gives something else than a zip in the place of one.
    NotAZip,
    /// The file is another: its SHA-256, and the one that it must have.
    WrongHash {
        /// What it is.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// The file is another: it has more bytes than the one that is known.
    WrongSize {
        /// Its bytes, if the server says them.
        found: Option<u64>,
        /// The bytes that it must have.
        expected: u64,
    },
    /// It has more bytes than any such file.
    TooLong(u64),
    /// The connection ended before the file did.
    BrokenOff {
        /// The bytes that are there.
        got: u64,
        /// The bytes that there are, if that is known.
        of: Option<u64>,
        /// Whether the same command goes on from there.
        is_kept: bool,
    },
    /// No answer, and why.
    NoAnswer {
        /// The reason.
        why: String,
        /// Whether another attempt may do better.
        is_passing: bool,
    },
    /// The host is given up, for this reason.
    GivenUp(Box<FetchProblem>),
    /// It leads to an address without encryption.
    Unencrypted,
    /// The archive is damaged.
    Damaged(String),
    /// The archive holds a file that the catalogue does not know: its name.
    UnknownFile(String),
}

impl FetchProblem {
    /// Returns the fixed name: `refused`, `not-there`, `status`, `web-page`, `not-a-zip`, `wrong-hash`,
    /// `wrong-size`, `too-long`, `broken-off`, `no-answer`, `unencrypted`, `damaged`,
    /// `unknown-file`.
    pub fn name(&self) -> &'static str {
        match self {
            FetchProblem::Refused(_) => "refused",
            FetchProblem::NotThere(_) => "not-there",
            FetchProblem::Status(_) => "status",
            FetchProblem::WebPage => "web-page",
            FetchProblem::NotAZip => "not-a-zip",
            FetchProblem::WrongHash { .. } => "wrong-hash",
            FetchProblem::WrongSize { .. } => "wrong-size",
            FetchProblem::TooLong(_) => "too-long",
            FetchProblem::BrokenOff { .. } => "broken-off",
            FetchProblem::NoAnswer { .. } => "no-answer",
            FetchProblem::GivenUp(problem) => problem.name(),
            FetchProblem::Unencrypted => "unencrypted",
            FetchProblem::Damaged(_) => "damaged",
            FetchProblem::UnknownFile(_) => "unknown-file",
        }
    }

    /// Returns what to do about it, if something can be done.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            FetchProblem::Refused(_) | FetchProblem::WebPage | FetchProblem::NotAZip => Some(
                "download the address with a browser and import the file, or name another server with --mirror",
            ),
            FetchProblem::WrongHash { .. } | FetchProblem::WrongSize { .. } => Some(
                "the file was posted again, or changed in transit: check the publisher's page; codeyear import accepts a corrected file with --revision",
            ),
            FetchProblem::BrokenOff { is_kept: true, .. } => {
                Some("run the same command again: it continues from there")
            }
            FetchProblem::BrokenOff { .. } | FetchProblem::Status(_) => {
                Some("run the same command again later")
            }
            FetchProblem::GivenUp(problem) => match **problem {
                FetchProblem::BrokenOff { .. } => Some("run the same command again later"),
                ref problem => problem.hint(),
            },
            FetchProblem::NoAnswer { .. } => Some(
                "check the network, HTTPS_PROXY and NO_PROXY, and SSL_CERT_FILE for a proxy with a certificate of its own",
            ),
            _ => None,
        }
    }

    /// Checks whether another attempt may do better.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            FetchProblem::Status(status) => {
                matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
            }
            FetchProblem::BrokenOff { .. } => true,
            FetchProblem::NoAnswer { is_passing, .. } => *is_passing,
            _ => false,
        }
    }
}

impl fmt::Display for FetchProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchProblem::Refused(status) => {
                write!(f, "the server refuses it ({})", status_words(*status))
            }
            FetchProblem::NotThere(status) => write!(f, "not found ({})", status_words(*status)),
            FetchProblem::Status(status) => {
                write!(f, "the server answers {}", status_words(*status))
            }
            FetchProblem::WebPage => f.write_str("a web page instead of the file"),
            FetchProblem::NotAZip => f.write_str("something else instead of a zip"),
            FetchProblem::WrongHash { found, expected } => {
                write!(f, "another file: SHA-256 {found}, expected {expected}")
            }
            FetchProblem::WrongSize { found, expected } => {
                f.write_str("another file: it has ")?;
                match found {
                    Some(found) => write!(f, "{found} bytes, expected {expected}"),
                    None => write!(f, "more than {expected} bytes"),
                }
            }
            FetchProblem::TooLong(most) => {
                write!(f, "more than {most} bytes, which no such file has")
            }
            FetchProblem::BrokenOff { got, of, .. } => {
                write!(f, "the connection ended after {got}")?;
                if let Some(of) = of {
                    write!(f, " of {of}")?;
                }
                f.write_str(" bytes")
            }
            FetchProblem::NoAnswer { why, .. } => f.write_str(why),
            FetchProblem::GivenUp(problem) => write!(
                f,
                "its host is not asked again, because of an earlier file: {problem}"
            ),
            FetchProblem::Unencrypted => {
                f.write_str("it redirects to an address without encryption")
            }
            FetchProblem::Damaged(why) => f.write_str(why),
            FetchProblem::UnknownFile(name) => write!(
                f,
                "{name} in it is not a file of the catalogue; --unverified accepts it"
            ),
        }
    }
}

fn status_words(status: u16) -> String {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    reason.map_or(status.to_string(), |reason| format!("{status} {reason}"))
}

/// The way a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Head,
}

/// Asks servers, through the proxies, with the system's certificates.
#[derive(Debug)]
pub(super) struct Client {
    proxies: Proxies,
    timeout: Duration,
    /// By proxy, and by whether the address is encrypted.
    agents: BTreeMap<(Option<String>, bool), Agent>,
}

impl Client {
    pub(super) fn new(proxies: Proxies, timeout: Duration) -> Client {
        Client {
            proxies,
            timeout,
            agents: BTreeMap::new(),
        }
    }

    /// Asks for an address with some headers. Redirects are followed, but never from an encrypted address to one
    /// that is not. The error comes with the pause that the server asks for.
    pub(super) fn ask(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(&str, String)],
    ) -> Result<Response<Body>, (FetchProblem, Option<Duration>)> {
        let agent = self.agent(url).map_err(|problem| (problem, None))?;
        let mut request = match method {
            Method::Get => agent.get(url),
            Method::Head => agent.head(url),
        };
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = request
            .call()
            .map_err(|error| (self.problem(error), None))?;
        let pause = number(response.headers(), "retry-after").map(Duration::from_secs);
        match response.status().as_u16() {
            200..=299 | 416 => Ok(response),
            status @ (401 | 403) => Err((FetchProblem::Refused(status), pause)),
            status @ (404 | 410) => Err((FetchProblem::NotThere(status), pause)),
            status => Err((FetchProblem::Status(status), pause)),
        }
    }

    fn agent(&mut self, url: &str) -> Result<Agent, FetchProblem> {
        let proxy = self.proxies.of(url).map(str::to_owned);
        let is_encrypted = url.starts_with("https://");
        let key = (proxy, is_encrypted);
        if let Some(agent) = self.agents.get(&key) {
            return Ok(agent.clone());
        }
        // The address of a proxy may have a password, and is not shown.
        let proxy = key.0.as_deref().map(Proxy::new).transpose();
        let proxy = proxy.map_err(|_| FetchProblem::NoAnswer {
            why: "the proxy of the environment is not an address".to_owned(),
            is_passing: false,
        })?;
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let agent: Agent = Agent::config_builder()
            .proxy(proxy)
            .https_only(is_encrypted)
            .tls_config(tls)
            .http_status_as_error(false)
            .user_agent(concat!("codeyear/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(self.timeout))
            .timeout_connect(Some(self.timeout))
            .timeout_recv_response(Some(self.timeout))
            .timeout_per_read(Some(self.timeout))
            .build()
            .into();
        self.agents.insert(key, agent.clone());
        Ok(agent)
    }

    fn problem(&self, error: ureq::Error) -> FetchProblem {
        let (why, is_passing) = match error {
            ureq::Error::RequireHttpsOnly(_) => return FetchProblem::Unencrypted,
            ureq::Error::Timeout(_) => (
                format!("no answer within {} seconds", self.timeout.as_secs_f32()),
                true,
            ),
            ureq::Error::HostNotFound => ("host not found".to_owned(), true),
            ureq::Error::Rustls(error) => (format!("no encrypted connection: {error}"), false),
            ureq::Error::TooManyRedirects | ureq::Error::RedirectFailed => {
                ("too many redirects".to_owned(), false)
            }
            ureq::Error::ConnectProxyFailed(_) => ("the proxy refuses".to_owned(), false),
            ureq::Error::Io(error) => {
                let is_passing = error.kind() != std::io::ErrorKind::InvalidData;
                (format!("no answer: {error}"), is_passing)
            }
            error => (format!("no answer: {error}"), false),
        };
        FetchProblem::NoAnswer { why, is_passing }
    }
}

/// Reads a number from a header.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}

/// Reads a header.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_the_proxy_of_its_kind_and_some_hosts_none() {
        let proxies = Proxies {
            https: Some("http://secure:1".to_owned()),
            http: None,
            all: Some("socks5://all:2".to_owned()),
            none: Some("localhost, .example.org,cdc.gov:443,*.test".to_owned()),
        };
        for (url, expected) in [
            ("https://www.cms.gov/x", Some("http://secure:1")),
            ("http://www.cms.gov/x", Some("socks5://all:2")),
            ("https://ftp.cdc.gov/x", None),
            ("https://CDC.gov", None),
            ("https://notcdc.gov/", Some("http://secure:1")),
            ("http://localhost:80/x", None),
            ("http://a.example.org/", None),
            ("http://example.org/", None),
            ("http://a.b.test/", None),
        ] {
            assert_eq!(proxies.of(url), expected, "{url}");
        }
        let none = |none: &str| Proxies {
            none: Some(none.to_owned()),
            ..proxies.clone()
        };
        assert_eq!(none("*").of("https://www.cms.gov/x"), None);
        assert_eq!(
            none("").of("https://www.cms.gov/x"),
            Some("http://secure:1")
        );
        assert_eq!(none("::1").of("https://[::1]:80/x"), None);
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        for (url, expected) in [
            ("https://me:secret@host:1/a@b", "https://host:1/a@b"),
            ("https://host/a", "https://host/a"),
            ("/a", "/a"),
        ] {
            assert_eq!(shown_address(url), expected);
        }
    }
}
