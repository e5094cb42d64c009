//! The vendor's API on this machine: `Store::handle` behind HTTP, for tests of applications that use the vendor's SDK.
//!
//! `cargo run --release --example sandbox --all-features -- --port 4010 [--store PATH]`

use std::future::poll_fn;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode, request::Parts};
use axum::response::{IntoResponse as _, Response};
use billfold::{Answer, Store};
use clap::Parser;
use percent_encoding::percent_decode_str;
use tokio::{net::TcpListener, signal::ctrl_c, time::sleep};

/// The most bytes that the body of a call has: 1 MiB.
const MAX_BODY_BYTES: usize = 1 << 20;

/// How long calls under way are waited for at the end.
const PATIENCE: Duration = Duration::from_secs(5);

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Answers the vendor's API on 127.0.0.1, with any token or none. Ends on ctrl-c.
#[derive(Parser)]
#[command(name = "sandbox")]
struct Arguments {
    /// The port; 0 lets the system choose
    #[arg(long, default_value_t = 4010)]
    port: u16,
    /// The store's file, made if it is not there; in memory where none is named
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,
}

fn main() -> ExitCode {
    let ended = run(&Arguments::parse()).inspect_err(|error| eprintln!("sandbox: {error}"));
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(arguments: &Arguments) -> Outcome<()> {
    let store = arguments.store.as_ref().map_or_else(Store::in_memory, Store::open)?;
    let served = serve(arguments.port, store.clone());
    store.close()?;
    served
}

/// Serves until the process is asked to end.
#[tokio::main]
async fn serve(port: u16, store: Store) -> Outcome<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.map_err(|error| format!("port {port}: {error}"))?;
    // Heard before the address is told: who reads that may ask at once.
    let (asked, overdue) = (asked_to_end()?, asked_to_end()?);
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    let router = Router::new().fallback(answered).with_state(store);
    tokio::select! {
        served = axum::serve(listener, router).with_graceful_shutdown(asked) => served?,
        // A client that never finishes its call keeps nobody here, and who asks twice waits for none.
        () = async { overdue.await; tokio::select! { () = sleep(PATIENCE) => {}, _ = ctrl_c() => {} } } => {}
    }
    Ok(())
}

/// Ready once the process is asked to end: from this call on, and not only from when it is waited for.
#[cfg(unix)]
fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut first, mut second) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! { _ = first.recv() => {}, _ = second.recv() => {} }
    })
}

#[cfg(windows)]
fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    tokio::signal::windows::ctrl_c().map(|mut asked| async move { drop(asked.recv().await) })
}

/// Answers one call and logs it. The store's calls wait for the disk, so each has a thread, and those at the same time
/// share a commit.
async fn answered(State(store): State<Store>, request: Request) -> Response {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let body = read(body).await;
    let allow = Store::methods(&percent_decode_str(head.uri.path()).decode_utf8_lossy()).join(", ");
    let answer = tokio::task::spawn_blocking(move || {
        let answer = body.and_then(|body| call(&store, &head, &body)).unwrap_or_else(|refusal| refusal);
        let (method, uri, milliseconds) = (&head.method, &head.uri, begun.elapsed().as_secs_f64() * 1e3);
        // Where nobody reads the log, the calls go on.
        let _ = writeln!(io::stderr(), "{method} {uri} {} {milliseconds:.1} ms", answer.status);
        answer
    });
    let Answer { status, body } = answer.await.unwrap_or_else(|error| refusal(500, error));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = [(CONTENT_TYPE, "application/json")];
    // A call that promises nothing but its success has no body over HTTP.
    let empty = body == "null";
    let mut response = if empty { status.into_response() } else { (status, json, body).into_response() };
    if let (StatusCode::METHOD_NOT_ALLOWED, Ok(allow)) = (status, HeaderValue::try_from(allow)) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

/// The whole body. One that is too long is read to its end all the same, for a client that is still sending does not
/// look at its answer; what is over the limit is not kept.
async fn read(mut body: Body) -> Result<Vec<u8>, Answer> {
    let mut kept = Vec::new();
    let mut length = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|error| refusal(400, format_args!("the body cannot be read: {error}")))?;
        let data = frame.into_data().unwrap_or_default();
        length += data.len();
        if length <= MAX_BODY_BYTES {
            kept.extend_from_slice(&data);
        }
    }
    let over = || refusal(413, format_args!("{length} bytes of body; at most {MAX_BODY_BYTES} are taken"));
    (length <= MAX_BODY_BYTES).then_some(kept).ok_or_else(over)
}

/// What the store answers, once path and query are decoded.
fn call(store: &Store, head: &Parts, body: &[u8]) -> Result<Answer, Answer> {
    let decoded = |what: &str, text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(String::from).map_err(|_| refusal(400, format_args!("the {what} is no UTF-8")))
    };
    let path = decoded("path", head.uri.path())?;
    let mut parameters = Vec::new();
    for pair in head.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let pair = pair.replace('+', " ");
        let (name, text) = pair.split_once('=').unwrap_or((&pair, ""));
        parameters.push((decoded("query", name)?, decoded("query", text)?));
    }
    let query: Vec<_> = parameters.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Ok(store.handle(head.method.as_str(), &path, &query, body))
}

fn refusal(status: u16, message: impl std::fmt::Display) -> Answer {
    Answer { status, body: serde_json::json!({ "message": message.to_string() }).to_string() }
}
