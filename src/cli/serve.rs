//! `codeyear serve`.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::context::{Context, Outcome};
use crate::error::{Error, Result};
use crate::web::{IpNet, LogForm, Server, Settings, Today};

/// Serve the coder's pages, a JSON API and FHIR terminology over the database
///
/// The database is only read; imports are seen without a restart. The address is written to stdout once the server
/// listens, the log to stderr. Ctrl-C or SIGTERM stops it after the last answer.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Listen on this address, or on this port of this machine; port 0 uses any free one. To serve other machines, put a TLS proxy in front
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8470", value_parser = parse_listen)]
    listen: SocketAddr,
    /// Answer at most this many requests a second from one address [default: no limit]
    #[arg(long, value_name = "NUMBER")]
    rate: Option<NonZeroU32>,
    /// Read at most this many bytes of a body
    #[arg(long, alias = "most-body", value_name = "BYTES", default_value_t = 1 << 20)]
    max_body: usize,
    /// Read at most this many bytes of a claims file that is dropped on the audit page
    #[arg(long, alias = "most-upload", value_name = "BYTES", default_value_t = 64 << 20)]
    max_upload: usize,
    /// Keep at most this many connections
    #[arg(
        long,
        alias = "most-connections",
        value_name = "NUMBER",
        default_value_t = 16_384
    )]
    max_connections: usize,
    /// Keep at most this many connections of one address, except trusted proxies [default: no limit]
    #[arg(long, alias = "most-per-address", value_name = "NUMBER")]
    max_per_address: Option<usize>,
    /// Answer for this host name too; a server that only this machine can reach answers for its own names only
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// Allow requests from pages of this site, such as https://ehr.example
    #[arg(long, value_name = "ADDRESS", value_parser = parse_base)]
    allow_origin: Vec<String>,
    /// Trust X-Forwarded-For, -Host and -Proto of this proxy (an address, or a range such as 10.0.0.0/8)
    #[arg(long, value_name = "ADDRESS", value_parser = parse_net)]
    trusted_proxy: Vec<IpNet>,
    /// Write this address of the server into answers, such as https://codes.example [default: the address of the
    /// request]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_base)]
    base_url: Option<String>,
    /// Work on at most this many requests at a time; refuse more
    #[arg(
        long,
        alias = "most-requests",
        value_name = "NUMBER",
        default_value_t = 512
    )]
    max_requests: usize,
    /// Give up a request after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    timeout: u64,
    /// Write the log as JSON lines or text, or not at all
    #[arg(long, value_name = "FORM", default_value = "json")]
    log: Log,
    /// Log addresses with their queries, which show who looks at which code
    #[arg(long)]
    log_queries: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Log {
    Json,
    Text,
    Off,
}

/// Reads an address to listen on; a port alone, and `localhost`, are of this machine.
fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let own = match text.strip_prefix("localhost") {
        Some(port) => format!("127.0.0.1{port}"),
        None => format!("127.0.0.1:{}", text.strip_prefix(':').unwrap_or(text)),
    };
    text.parse().or_else(|_| own.parse()).map_err(|_| {
        format!("{text:?} is not an address and a port up to 65535: expected one such as 127.0.0.1:8470 or 0.0.0.0:8470")
    })
}

fn parse_net(text: &str) -> Result<IpNet, String> {
    let one = text.parse::<IpAddr>().map(IpNet::from);
    one.or_else(|_| text.parse()).map_err(|_| {
        format!("{text:?} is not an address: expected one such as 10.0.0.1, or a range such as 10.0.0.0/8")
    })
}

fn parse_base(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let is_host = |rest: &str| {
        let host = rest.trim_end_matches('/');
        !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    };
    match rest.filter(|rest| is_host(rest)) {
        Some(_) => Ok(text.trim_end_matches('/').to_owned()),
        None => Err(format!(
            "{text:?} is not the address of a server: expected one without a path, such as https://codes.example"
        )),
    }
}

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn run(args: &ServeArgs, context: &mut Context<'_>) -> Result<Outcome> {
    for (name, number) in [
        ("--max-body", args.max_body),
        ("--max-upload", args.max_upload),
        ("--max-connections", args.max_connections),
        ("--max-per-address", args.max_per_address.unwrap_or(1)),
        ("--max-requests", args.max_requests),
        (
            "--timeout",
            usize::try_from(args.timeout).unwrap_or(usize::MAX),
        ),
    ] {
        if number == 0 {
            return Err(
                Error::usage(format!("{name} is 0: no request could be answered"))
                    .with_hint("give a number above 0, or leave it out"),
            );
        }
    }
    date_header(context.today)?;
    if context.global.database().is_none() {
        build_database(context)?;
    }
    restart_with_allocator_settings();
    let server = Server::bind(Settings {
        database: context.database()?,
        listen: args.listen,
        most_body: args.max_body,
        most_upload: args.max_upload,
        request_timeout: Duration::from_secs(args.timeout),
        head_timeout: HEAD_TIMEOUT.min(Duration::from_secs(args.timeout)),
        most_connections: args.max_connections,
        most_requests: args.max_requests,
        most_per_address: args.max_per_address,
        hosts: args.host.clone(),
        allowed_origins: args.allow_origin.clone(),
        trusted_proxies: args.trusted_proxy.clone(),
        base_url: args.base_url.clone(),
        rate: args.rate,
        log: match args.log {
            Log::Json => LogForm::Json,
            Log::Text => LogForm::Text,
            Log::Off => LogForm::Off,
        },
        log_queries: args.log_queries,
        today: match context.global.today {
            Some(day) => Today::Fixed(day),
            None => Today::Clock(super::context::today),
        },
    })?;
    let address = server.address();
    context.print(&format!("http://{address}\n"))?;
    if !address.ip().is_loopback() {
        context.say("note: this address can be reached from other machines, without a password and unencrypted\n")?;
    }
    server.run(Box::new(std::io::stderr()))?;
    Ok(Outcome::Good)
}

/// Begins the program anew, once, with an allocator that gives back what it does not use.
///
/// That of the GNU system keeps for each thread what it once took, and reads how much only when a program begins: with
/// its own values the same questions take twice the memory. Whoever set any of them has chosen.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn restart_with_allocator_settings() {
    use std::os::unix::process::CommandExt;
    /// The heaps that threads share, and the bytes at the end of one that are given back.
    const VALUES: [(&str, &str); 2] = [
        ("MALLOC_ARENA_MAX", "2"),
        ("MALLOC_TRIM_THRESHOLD_", "4000000"),
    ];
    /// It is set for the second time: the others may be taken away from a program with rights of its own.
    const MARK: &str = "CODEYEAR_SERVES";
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let is_chosen = VALUES.iter().any(|(name, _)| is_set(name)) || is_set("GLIBC_TUNABLES");
    // Where a loader was called to run this program, it would be begun instead.
    let is_own = std::env::current_exe().is_ok_and(|program| {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        !name.starts_with("ld-") && !name.starts_with("ld.")
    });
    if is_set(MARK) || is_chosen || !is_own {
        return;
    }
    let mut args = std::env::args_os();
    let mut command = std::process::Command::new("/proc/self/exe");
    if let Some(name) = args.next() {
        command.arg0(name);
    }
    // It returns only if it failed; then the server needs more memory, and does as well.
    let _ = command.args(args).envs(VALUES).env(MARK, "1").exec();
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn restart_with_allocator_settings() {}

/// Builds the database where there is none yet. A server needs it on disk: each of its threads opens it.
fn build_database(context: &mut Context<'_>) -> Result<()> {
    let store = super::first::open(context)?;
    if store.path() == context.database()? {
        return Ok(());
    }
    Err(Error::io("a server needs a database on disk, and none can be written here",
    )
    .with_hint(
        "name a file that can be written: codeyear --db FILE init, then codeyear --db FILE serve",
    ))
}

/// Refuses a clock whose dates the HTTP library cannot write as the date of an answer: it panics.
fn date_header(today: chrono::NaiveDate) -> Result<()> {
    use chrono::Datelike;
    if (1971..9998).contains(&today.year()) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "the clock of this machine says {today}, and the date of an answer cannot be before 1971"
    ))
    .with_hint("set the clock"))
}

#[cfg(test)]
mod tests {
    use super::date_header;

    #[test]
    fn a_clock_that_no_answer_can_be_dated_by_is_refused() {
        for (day, is_good) in [
            ("1969-12-31", false),
            ("1970-12-31", false),
            ("1971-01-01", true),
            ("2026-03-01", true),
            ("9999-01-01", false),
        ] {
            assert_eq!(date_header(day.parse().unwrap()).is_ok(), is_good, "{day}");
        }
    }
}
