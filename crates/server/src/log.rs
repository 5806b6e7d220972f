//! The log: one line an event.

use std::io::{BufWriter, Write};

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::WorkerGuard;

/// How to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogForm {
    /// One line of text an event.
    Text,
    /// One JSON object an event.
    Json,
    /// Not at all.
    Off,
}

/// Begins to log, for the whole process: only the first call has an effect. What is still to be written is
/// written when the value is dropped.
///
/// Lines are written by a thread of their own, together as they come; where they come faster than they can be
/// written some are dropped, so that a slow terminal does not slow the server.
pub(super) fn start(form: LogForm, out: Box<dyn Write + Send>) -> Option<WorkerGuard> {
    if form == LogForm::Off {
        return None;
    }
    let (lines, guard) = tracing_appender::non_blocking(BufWriter::new(out));
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_writer(lines)
        .with_target(false)
        .with_ansi(false);
    let started = match form {
        LogForm::Json => {
            let subscriber = subscriber.json().flatten_event(true);
            let subscriber = subscriber.with_current_span(false).with_span_list(false);
            tracing::subscriber::set_global_default(subscriber.finish())
        }
        _ => tracing::subscriber::set_global_default(subscriber.finish()),
    };
    started.is_ok().then_some(guard)
}
