//! A function's program, started as Lambda starts it.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

/// Longer than any program needs to start, on whatever machine.
const LIMIT: Duration = Duration::from_mins(1);

/// What a program did until it asked for its first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColdStart {
    /// Connections to the address that stands for every service.
    pub calls: usize,
    /// TCP and UDP sockets of the program, that to Lambda's Runtime API included; `None` where the system does not tell.
    pub sockets: Option<usize>,
    /// From the start of the process to its first question.
    pub time: Duration,
}

/// Starts a program with Lambda's own variables and those that `variables` makes of the address that stands for every service, and
/// ends it when it asks the Runtime API for its first event.
///
/// # Panics
/// When the program ends, or asks for nothing within a minute.
pub async fn cold_start(program: &str, variables: impl FnOnce(&str) -> Vec<(&'static str, String)>) -> ColdStart {
    let (runtime, runtime_address) = listen().await;
    let (elsewhere, elsewhere_address) = listen().await;
    let calls = Arc::new(AtomicUsize::default());
    let counted = Arc::clone(&calls);
    let services = tokio::spawn(async move {
        // Kept open and never answered, as a service that is slow.
        let mut open = Vec::new();
        while let Ok((stream, _)) = elsewhere.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            open.push(stream);
        }
    });

    let url = format!("http://{elsewhere_address}");
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    command.envs([
        ("AWS_LAMBDA_RUNTIME_API", runtime_address.to_string().as_str()),
        ("AWS_LAMBDA_FUNCTION_NAME", "function"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_ENDPOINT_URL", &url),
    ]);
    command.envs(variables(&url));
    let begin = Instant::now();
    let mut process = command.spawn().expect("the program can be started");
    // Held until the sockets are counted: the program ends when it is hung up on.
    let _question = tokio::select! {
        question = first_question(&runtime) => question,
        ended = process.wait() => panic!("{program} ended before it asked for an event: {ended:?}"),
        () = tokio::time::sleep(LIMIT) => panic!("{program} asked for no event within {LIMIT:?}"),
    };
    let time = begin.elapsed();
    let sockets = process.id().and_then(sockets_of);
    process.kill().await.expect("the program can be ended");
    services.abort();
    ColdStart { calls: calls.load(Ordering::SeqCst), sockets, time }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address");
    (listener, address)
}

/// Waits until `GET …/invocation/next` arrives, which Lambda answers when there is an event.
async fn first_question(runtime: &TcpListener) -> TcpStream {
    loop {
        let (stream, _) = runtime.accept().await.expect("the Runtime API is reached");
        let (mut stream, mut line) = (BufReader::new(stream), String::new());
        stream.read_line(&mut line).await.expect("a request can be read");
        if line.starts_with("GET /2018-06-01/runtime/invocation/next ") {
            return stream.into_inner();
        }
    }
}

/// How many sockets of the Internet a process has open.
fn sockets_of(process: u32) -> Option<usize> {
    let open: BTreeSet<String> = fs::read_dir(format!("/proc/{process}/fd"))
        .ok()?
        .filter_map(|entry| {
            Some(fs::read_link(entry.ok()?.path()).ok()?.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect();
    let mut known = 0;
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        // The tenth column is the number that the process's own list has too. A machine without IPv6 has no table of it.
        let table = fs::read_to_string(format!("/proc/{process}/net/{table}")).unwrap_or_default();
        known += table.lines().skip(1).filter(|line| line.split_whitespace().nth(9).is_some_and(|id| open.contains(id))).count();
    }
    Some(known)
}
