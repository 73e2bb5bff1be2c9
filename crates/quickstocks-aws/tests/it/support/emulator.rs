//! A `DynamoDB` to test with: ministack, one process for all tests of a run, a table for each test.
//!
//! nextest runs each test in a process of its own, so the first one that needs the emulator starts it, under a file lock, and the
//! others find its address in a file. Whoever uses it holds a shared lock; the emulator ends itself when nobody has held one for three
//! seconds. The kernel releases the locks of whatever ends in whatever way, so no emulator is left behind.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use quickstocks_aws::{DynamoStore, sdk_config_from};

const PATIENCE: Duration = Duration::from_secs(45);

/// The variable that names a `DynamoDB` to use instead.
const ENDPOINT: &str = "QUICKSTOCKS_DYNAMODB_URL";

/// Runs ministack on the listening socket that is its standard input. So no port is chosen, dropped and lost to somebody else, and a
/// request may be sent at once: it waits in the socket's queue. There are no worker processes, which would outlive it.
const SERVE: &str = "
import fcntl, os, runpy, sys, threading, time

users, address = sys.argv[1:]

def end_when_unused():
    lock, unused = open(users), 0
    while True:
        time.sleep(0.5)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            unused = 0
            continue
        unused += 1
        if unused == 6:
            if open(address).read() == os.environ['GATEWAY_PORT']:
                os.unlink(address)
            os._exit(0)
        fcntl.flock(lock, fcntl.LOCK_UN)

threading.Thread(target=end_when_unused, daemon=True).start()
sys.argv = ['hypercorn', 'ministack.app:app', '--bind', 'fd://0', '--workers', '0', '--log-level', 'WARNING']
runpy.run_module('hypercorn', run_name='__main__')
";

/// Where the emulator is, and the lock that keeps it there for as long as this process lives.
struct Emulator {
    url: String,
    _in_use: Option<File>,
}

/// A store on a new table, made like the one of `infra/template.yaml`. Never skips: a test that cannot have one fails.
pub(crate) async fn store() -> DynamoStore {
    static EMULATOR: OnceLock<Emulator> = OnceLock::new();
    let config = config(&EMULATOR.get_or_init(emulator).url);
    let table = table_name();
    let attribute =
        |name| AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build().unwrap();
    let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let made = Client::new(&config)
        .create_table()
        .table_name(&table)
        .attribute_definitions(attribute("pk"))
        .attribute_definitions(attribute("sk"))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .map_err(SdkError::into_service_error);
    // No other test has this name: the table is there when the SDK asked again because a busy emulator took long to answer.
    if let Err(error) = made {
        assert!(error.is_resource_in_use_exception(), "the emulator makes no table: {error:?}");
    }
    DynamoStore::new(&config, table)
}

fn config(url: &str) -> SdkConfig {
    let config = sdk_config_from(|name| match name {
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        "AWS_ENDPOINT_URL" => Some(url.to_owned()),
        _ => None,
    })
    .expect("every variable is there");
    // A machine that builds something else meanwhile makes the emulator slow; that is no failure of ours.
    let patience = TimeoutConfig::builder().operation_timeout(PATIENCE).operation_attempt_timeout(PATIENCE).build();
    config.into_builder().timeout_config(patience).build()
}

fn emulator() -> Emulator {
    #[expect(clippy::disallowed_methods, reason = "a setting of the tests' own")]
    if let Ok(url) = std::env::var(ENDPOINT) {
        return Emulator { url, _in_use: None };
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dynamodb-emulator");
    fs::create_dir_all(&directory).unwrap();
    let (users, address) = (directory.join("users"), directory.join("port"));

    let in_use = File::create(&users).unwrap();
    in_use.lock_shared().unwrap();
    let starting = File::create(directory.join("starting")).unwrap();
    starting.lock().unwrap();
    let port = fs::read_to_string(&address).ok().and_then(|port| port.parse().ok()).filter(|port| answers(*port));
    let port = port.unwrap_or_else(|| start(&users, &address));
    Emulator { url: format!("http://127.0.0.1:{port}"), _in_use: Some(in_use) }
}

/// Whether it is ministack that answers at that port.
fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(b"GET /_ministack/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.contains("dynamodb"))
}

#[expect(clippy::zombie_processes, reason = "it outlives this process for the sake of the next test, and ends by itself")]
fn start(users: &PathBuf, address: &PathBuf) -> u16 {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/venv/bin/python");
    assert!(
        python.exists(),
        "these tests need the AWS emulator: run `cargo xtask setup`, or set {ENDPOINT} to the address of a DynamoDB to test with"
    );
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    let log = File::create(address.with_file_name("log")).unwrap();
    Command::new(python)
        .args(["-c", SERVE])
        .args([users, address])
        .envs([("SERVICES", "dynamodb"), ("IOT_MTLS_ENABLED", "0"), ("LOG_LEVEL", "WARNING")])
        .env("GATEWAY_PORT", port.to_string())
        .stdin(Stdio::from(OwnedFd::from(listener)))
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        // nextest ends the process group of a test that takes too long.
        .process_group(0)
        .spawn()
        .expect("the emulator starts");
    fs::write(address, port.to_string()).unwrap();
    port
}

/// A name that no other test uses, of this run or of another on the same emulator.
fn table_name() -> String {
    use std::hash::{BuildHasher, RandomState};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let random = RandomState::new().hash_one(std::process::id());
    format!("quickstocks-test-{random:016x}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
