//! The push service of the browser tests: `fake-push-service [ADDRESS]`. It says where it listens, and goes on until it is ended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use quickstocks_core::model::Timestamp;
use quickstocks_core::ports::Clock;
use quickstocks_testkit::FakePushService;

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "a program of its own, which knows no other clock")]
        let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is how a test learns the address")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address: SocketAddr = std::env::args().nth(1).as_deref().unwrap_or("127.0.0.1:0").parse()?;
    let service = FakePushService::start_on(address, Arc::new(Now)).await?;
    println!("The push service is at http://{}/", service.address());
    std::future::pending::<()>().await;
    drop(service);
    Ok(())
}
