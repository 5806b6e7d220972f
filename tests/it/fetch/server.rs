//! A small HTTP server on 127.0.0.1 that serves files well, or fails in the ways that real ones do.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the server does with one file.
#[derive(Debug, Clone)]
pub enum Manner {
    /// It serves it whole, and parts of it.
    Well,
    /// It ends the first so many connections in the middle of what is asked for.
    Cut(usize),
    /// As cut, and it knows no parts.
    CutWithoutParts(usize),
    /// It changes one byte in the middle.
    Changed,
    /// It sends the first half, then nothing for so long, the first time.
    Stalls(Duration),
    /// It sends a few bytes at a time, with a pause between.
    Slow(Duration),
    /// It answers a status, the first so many times.
    Status(u16, usize),
    /// It answers with a web page.
    Page,
    /// It leads to another path, or to another address.
    Redirect(String),
}

/// One request, as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub range: Option<String>,
}

#[derive(Default)]
struct State {
    files: Mutex<BTreeMap<String, (Vec<u8>, Manner)>>,
    /// A folder of files, for what is not among those.
    folder: Mutex<Option<PathBuf>>,
    requests: Mutex<Vec<Request>>,
    served: Mutex<BTreeMap<String, usize>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
    is_over: AtomicBool,
}

/// The server; it ends with the value.
pub struct Server {
    port: u16,
    state: Arc<State>,
}

impl Server {
    pub fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.is_over.load(Ordering::SeqCst) {
                    break;
                }
                let state = Arc::clone(&shared);
                std::thread::spawn(move || {
                    let open = state.open.fetch_add(1, Ordering::SeqCst) + 1;
                    state.most_open.fetch_max(open, Ordering::SeqCst);
                    // A client that goes away in the middle is what some tests are about.
                    let _ = state.answer(stream);
                    state.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Server { port, state }
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>, manner: Manner) {
        let mut files = self.state.files.lock().unwrap();
        files.insert(path.to_owned(), (bytes.into(), manner));
    }

    /// Serves a folder with all that is in it.
    pub fn put_folder(&self, folder: PathBuf) {
        *self.state.folder.lock().unwrap() = Some(folder);
    }

    pub fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }

    /// The ranges that were asked for of a path, request by request.
    pub fn ranges(&self, path: &str) -> Vec<Option<String>> {
        let requests = self.requests().into_iter();
        let of_it = requests.filter(|request| request.path == path);
        of_it.map(|request| request.range).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl State {
    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut first = String::new();
        reader.read_line(&mut first)?;
        let mut words = first.split_whitespace();
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        // As a proxy it would be asked for whole addresses, or to connect.
        if method == "CONNECT" {
            return self.tunnel(path, reader, stream);
        }
        let path = decoded(path);
        let mut range = None;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("range")
            {
                range = Some(value.trim().to_owned());
            }
        }
        self.requests.lock().unwrap().push(Request {
            method: method.to_owned(),
            path: path.clone(),
            range: range.clone(),
        });
        let times = {
            let mut served = self.served.lock().unwrap();
            let times = served.entry(path.clone()).or_default();
            *times += 1;
            *times
        };
        let found = self.files.lock().unwrap().get(&path).cloned();
        let found = found.or_else(|| {
            let file = self.folder.lock().unwrap().as_ref()?.join(&path[1..]);
            Some((std::fs::read(file).ok()?, Manner::Well))
        });
        let Some((bytes, manner)) = found else {
            return status(stream, 404, &[], "nothing here");
        };
        serve(stream, method, &bytes, &manner, range.as_deref(), times)
    }

    /// Is a proxy: connects the two ends.
    fn tunnel(
        &self,
        to: &str,
        mut reader: BufReader<TcpStream>,
        mut stream: TcpStream,
    ) -> std::io::Result<()> {
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
                break;
            }
        }
        self.requests.lock().unwrap().push(Request {
            method: "CONNECT".to_owned(),
            path: to.to_owned(),
            range: None,
        });
        let mut other = TcpStream::connect(to)?;
        stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
        let (mut back, mut to_client) = (other.try_clone()?, stream.try_clone()?);
        let copy = std::thread::spawn(move || std::io::copy(&mut back, &mut to_client));
        let _ = std::io::copy(&mut reader, &mut other);
        let _ = copy.join();
        Ok(())
    }
}

fn serve(
    mut stream: TcpStream,
    method: &str,
    bytes: &[u8],
    manner: &Manner,
    range: Option<&str>,
    times: usize,
) -> std::io::Result<()> {
    match manner {
        Manner::Status(code, first) if times <= *first => {
            return status(stream, *code, &[], "no");
        }
        Manner::Page => {
            let page = "<!DOCTYPE html>\n<html><head><title>Just a moment</title></head></html>";
            return status(stream, 200, &["Content-Type: text/html"], page);
        }
        Manner::Redirect(to) => {
            return status(stream, 302, &[&format!("Location: {to}")], "");
        }
        _ => {}
    }
    let whole = bytes.len();
    let knows_parts = !matches!(manner, Manner::CutWithoutParts(_));
    let from = range
        .filter(|_| knows_parts)
        .and_then(|range| {
            range
                .strip_prefix("bytes=")?
                .split('-')
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or(0usize);
    if from > 0 && from >= whole {
        let range = format!("Content-Range: bytes */{whole}");
        return status(stream, 416, &[&range], "");
    }
    let mut body = bytes[from..].to_vec();
    if let Manner::Changed = manner {
        let middle = body.len() / 2;
        body[middle] ^= 1;
    }
    let head = if range.is_some() && knows_parts {
        format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{}/{whole}\r\n",
            whole - 1
        )
    } else {
        "HTTP/1.1 200 OK\r\n".to_owned()
    };
    let head = format!(
        "{head}Content-Type: application/octet-stream\r\nETag: \"one\"\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    if method == "HEAD" {
        return Ok(());
    }
    let half = body.len() / 2;
    match manner {
        Manner::Cut(first) | Manner::CutWithoutParts(first) if times <= *first => {
            stream.write_all(&body[..half])?;
        }
        Manner::Stalls(pause) if times == 1 => {
            stream.write_all(&body[..half])?;
            stream.flush()?;
            std::thread::sleep(*pause);
        }
        Manner::Slow(pause) => {
            for chunk in body.chunks(body.len().div_ceil(8)) {
                stream.write_all(chunk)?;
                stream.flush()?;
                std::thread::sleep(*pause);
            }
        }
        _ => stream.write_all(&body)?,
    }
    finish(stream)
}

/// Ends a connection so that what was sent arrives.
fn finish(mut stream: TcpStream) -> std::io::Result<()> {
    stream.flush()?;
    stream.shutdown(std::net::Shutdown::Write)?;
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    let _ = stream.read(&mut [0; 64]);
    Ok(())
}

fn status(mut stream: TcpStream, code: u16, headers: &[&str], body: &str) -> std::io::Result<()> {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let text = format!(
        "HTTP/1.1 {code} Some\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes())?;
    finish(stream)
}

fn decoded(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let hex = std::str::from_utf8(&after[..2]).unwrap();
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}
