//! Who asks, and by which name they reached the server.
//!
//! A page of another site can make a browser ask a server on the same machine: by a name of its own that it lets lead
//! here, or by a form. So a server that only this machine is to reach answers for the names of this machine alone, and
//! no other site may send it anything. What a proxy says of who asks is believed of one that is trusted.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{CONTENT_LENGTH, HOST, ORIGIN, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use ipnet::IpNet;

use super::problem::WebProblem;
use super::shared::Settings;

/// What a browser says of the site that a request comes from.
static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The headers on which the address of the server in an answer rests, for whoever keeps answers.
pub(super) const NAMES_OF_SERVER: HeaderValue =
    HeaderValue::from_static("host, x-forwarded-host, x-forwarded-proto");

/// The names of this machine.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// Returns whom the limits of one address are for: the address that asks, and of one of IPv6 all that its network has,
/// which one user may choose among.
pub(super) fn who(settings: &Settings, request: &Request) -> IpAddr {
    network(address(settings, request))
}

/// Returns an address of IPv4 as it is, and the network of one of IPv6.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address => address,
    }
}

/// Returns the address that asks.
fn address(settings: &Settings, request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
    let mut asks = peer.to_canonical();
    if !is_trusted(settings, asks) {
        return asks;
    }
    // Each proxy adds whom it heard at the end. The last one that is no proxy of ours asks; what stands before it, or before
    // what cannot be read, anyone may have written.
    let all = request.headers().get_all(&FORWARDED_FOR).iter().rev();
    let said = all.flat_map(|value| {
        let text = value.to_str().unwrap_or_default();
        text.split(',').rev().map(str::trim)
    });
    for one in said {
        let read = one
            .parse()
            .or_else(|_| one.parse().map(|one: SocketAddr| one.ip()));
        let Ok(read) = read else {
            return asks;
        };
        asks = IpAddr::to_canonical(&read);
        if !is_trusted(settings, asks) {
            return asks;
        }
    }
    asks
}

/// Checks whether an address is that of a proxy whose word counts.
pub(super) fn is_trusted(settings: &Settings, address: IpAddr) -> bool {
    let trusted = &settings.trusted_proxies;
    trusted.iter().any(|net: &IpNet| net.contains(&address))
}

/// Returns the host that a request names: in the address, if that is written whole, else in its header. `None` if it
/// names none, as programs of old do.
///
/// # Errors
/// It names no host that there can be, or two.
fn named_host(uri: &Uri, headers: &HeaderMap) -> Result<Option<Authority>, NoHost> {
    if headers.get_all(HOST).iter().count() > 1 {
        return Err(NoHost);
    }
    let named = match (uri.authority(), headers.get(HOST)) {
        (Some(authority), _) => authority.clone(),
        (None, None) => return Ok(None),
        (None, Some(host)) => {
            let host = host.to_str().map_err(|_| NoHost)?;
            host.parse().map_err(|_| NoHost)?
        }
    };
    match named.as_str().contains('@') {
        true => Err(NoHost),
        false => Ok(Some(named)),
    }
}

/// What is named for a host is none.
struct NoHost;

/// Returns the address of the server as whoever asks wrote it, without a path: `https://codes.example`.
pub(super) fn origin(settings: &Settings, peer: Option<IpAddr>, parts: &Parts) -> String {
    if let Some(base) = &settings.base_url {
        return base.clone();
    }
    let headers = &parts.headers;
    let is_forwarded = peer.is_some_and(|peer| is_trusted(settings, peer.to_canonical()));
    let forwarded = |name| text(headers, name).filter(|_| is_forwarded);
    let scheme = match forwarded(&FORWARDED_PROTO) {
        Some("https") => "https",
        _ => "http",
    };
    let host = forwarded(&FORWARDED_HOST).and_then(|host| host.parse::<Authority>().ok());
    let host = host.filter(|host| !host.as_str().contains('@'));
    let host = host.or_else(|| named_host(&parts.uri, headers).ok().flatten());
    match host {
        Some(host) => format!("{scheme}://{host}"),
        None => format!("{scheme}://{}", settings.listen),
    }
}

/// Returns why a request is refused, whatever it asks for.
pub(super) fn refusal(settings: &Settings, request: &Request<Body>) -> Option<WebProblem> {
    let (method, headers) = (request.method(), request.headers());
    if !is_own_name(settings, request.uri(), headers) {
        let problem = WebProblem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "this server does not answer for this host name",
        );
        return Some(problem.with_hint("start it with --host NAME to allow it"));
    }
    let is_twice = |name: &HeaderName| headers.get_all(name).iter().count() > 1;
    if is_twice(&ORIGIN) || is_twice(&SEC_FETCH_SITE) {
        let problem = WebProblem::new(
            StatusCode::BAD_REQUEST,
            "the request comes from two sites at once",
        );
        return Some(problem.with_hint("send the headers Origin and Sec-Fetch-Site once"));
    }
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    if is_read && has_body(headers) {
        let problem = WebProblem::new(StatusCode::BAD_REQUEST, "a GET request has no body here");
        return Some(problem.with_hint("put the request into the address, or send a POST"));
    }
    if !is_read && !is_same_site(settings, request.uri(), headers) {
        let problem = WebProblem::new(
            StatusCode::FORBIDDEN,
            "a page of another site cannot send anything to this server",
        );
        return Some(problem.with_hint("start it with --allow-origin ADDRESS to allow that site"));
    }
    None
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = text(headers, &CONTENT_LENGTH);
    headers.contains_key(TRANSFER_ENCODING) || length.is_some_and(|length| length.trim() != "0")
}

/// Checks whether a request names a host that the server answers for.
fn is_own_name(settings: &Settings, uri: &Uri, headers: &HeaderMap) -> bool {
    let Ok(named) = named_host(uri, headers) else {
        return false;
    };
    let is_of_this_machine = settings.listen.ip().to_canonical().is_loopback();
    let (true, Some(named)) = (is_of_this_machine || !settings.hosts.is_empty(), named) else {
        return true;
    };
    let host = named.host().trim_end_matches('.');
    let is = |own: &str| host.eq_ignore_ascii_case(own);
    let is_own_address = host
        .trim_matches(['[', ']'])
        .parse()
        .is_ok_and(|address: IpAddr| address == settings.listen.ip());
    is_own_address
        || LOOPBACK.into_iter().any(is)
        || settings.hosts.iter().any(|own| is(own))
        || settings.base_url.as_deref().is_some_and(|base| {
            let base: Option<Uri> = base.parse().ok();
            base.is_some_and(|base| base.host().is_some_and(is))
        })
}

/// Checks whether a request comes from a page of this server, from one that may, or from no page.
fn is_same_site(settings: &Settings, uri: &Uri, headers: &HeaderMap) -> bool {
    let origin = text(headers, &ORIGIN);
    if origin.is_some_and(|origin| is_allowed(settings, origin)) {
        return true;
    }
    if let Some(site) = text(headers, &SEC_FETCH_SITE) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(header) = headers.get(ORIGIN) else {
        return true;
    };
    let from: Option<Uri> = header.to_str().ok().and_then(|origin| origin.parse().ok());
    let Some(from) = from.as_ref().and_then(Uri::authority) else {
        return false;
    };
    let is_host = |own: &str| own.eq_ignore_ascii_case(from.as_str());
    // A proxy may speak to this server by another name.
    let base = settings.base_url.as_deref();
    let asked = named_host(uri, headers).ok().flatten();
    asked.is_some_and(|asked| is_host(asked.as_str()))
        || settings.hosts.iter().any(|own| is_host(own))
        || base
            .zip(origin)
            .is_some_and(|(base, origin)| base.eq_ignore_ascii_case(origin))
}

/// Checks whether pages of an origin may read answers and send requests.
pub(super) fn is_allowed(settings: &Settings, origin: &str) -> bool {
    let allowed = &settings.allowed_origins;
    allowed
        .iter()
        .any(|allowed| allowed.eq_ignore_ascii_case(origin))
}
