//! Posts against a real HTTP server on loopback, so that sockets and time-outs are those of production.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use futures_util::future::join_all;
use quickstocks_aws::{ApiGatewaySender, sdk_config_from};
use quickstocks_core::model::ConnectionId;
use quickstocks_core::ports::{ConnectionSender, Delivery};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, mpsc};

fn config() -> SdkConfig {
    sdk_config_from(|name| (name != "AWS_ENDPOINT_URL").then(|| "us-east-1".to_owned())).unwrap()
}

fn sender(url: &str, in_flight: usize) -> ApiGatewaySender {
    ApiGatewaySender::new(&config(), url, NonZeroUsize::new(in_flight).unwrap()).unwrap()
}

#[derive(Default)]
struct Seen {
    requests: Vec<(String, String)>,
    sockets: BTreeSet<SocketAddr>,
    under_way: usize,
    most_under_way: usize,
}

/// API Gateway as far as a sender sees it: answers a post with the status that its body asks for.
struct Gateway {
    url: String,
    seen: Arc<Mutex<Seen>>,
}

impl Gateway {
    /// `hold`: how many posts must be under way before any of them is answered.
    async fn start(hold: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/ws", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Seen>>::default();
        let barrier = Arc::new(Barrier::new(hold));
        let gateway = Self { url, seen: Arc::clone(&seen) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&seen), Arc::clone(&barrier)));
            }
        });
        gateway
    }

    fn requests(&self) -> Vec<(String, String)> {
        self.seen.lock().unwrap().requests.clone()
    }

    fn most_under_way(&self) -> usize {
        self.seen.lock().unwrap().most_under_way
    }

    fn sockets(&self) -> usize {
        self.seen.lock().unwrap().sockets.len()
    }
}

async fn serve(stream: TcpStream, seen: Arc<Mutex<Seen>>, barrier: Arc<Barrier>) {
    let peer = stream.peer_addr().unwrap();
    let mut stream = BufReader::new(stream);
    loop {
        let (mut first, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or_default() == 0 {
                return;
            }
            if first.is_empty() {
                first.clone_from(&line);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let body = String::from_utf8(body).unwrap();
        {
            let mut seen = seen.lock().unwrap();
            seen.sockets.insert(peer);
            seen.requests.push((first.trim_end().to_owned(), body.clone()));
            seen.under_way += 1;
            seen.most_under_way = seen.most_under_way.max(seen.under_way);
        }
        barrier.wait().await;
        seen.lock().unwrap().under_way -= 1;
        let status = match body.as_str() {
            "silence" => return std::future::pending().await,
            "cut" => return,
            _ => body.parse::<u16>().unwrap_or(200),
        };
        let answer = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: 0\r\n\r\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_frame_is_posted_as_it_is_to_the_connections_path() {
    let gateway = Gateway::start(1).await;
    let frame = r#"{"t":"quotes","name":"Société"}"#;
    let delivery = sender(&gateway.url, 8).send(&ConnectionId::new("Rk2s9fQ="), frame).await;
    assert!(matches!(delivery, Delivery::Sent), "{delivery:?}");
    assert_eq!(gateway.requests(), [("POST /ws/@connections/Rk2s9fQ%3D HTTP/1.1".to_owned(), frame.to_owned())]);
}

#[test]
fn an_address_that_is_none_is_refused_at_start() {
    for bad in
        ["", "ws", "/ws", "abc123.execute-api.us-east-1.amazonaws.com/ws", "wss://abc123.execute-api.us-east-1.amazonaws.com/ws"]
    {
        let error = ApiGatewaySender::new(&config(), bad, NonZeroUsize::MIN).unwrap_err();
        assert!(error.to_string().contains("execute-api.{region}"), "{bad:?}: {error}");
    }
}

#[tokio::test]
async fn each_answer_says_what_became_of_the_frame_and_none_is_retried() {
    for (answer, expect) in [
        ("410", "gone"),
        ("429", "throttled"),
        ("403", "failed"),
        ("413", "failed"),
        ("500", "failed"),
        ("503", "failed"),
        ("cut", "failed"),
    ] {
        let gateway = Gateway::start(1).await;
        let delivery = sender(&gateway.url, 8).send(&ConnectionId::new("c"), answer).await;
        let got = match delivery {
            Delivery::Sent => "sent",
            Delivery::Gone => "gone",
            Delivery::Throttled => "throttled",
            Delivery::Failed(_) => "failed",
        };
        assert_eq!(got, expect, "{answer}");
        assert_eq!(gateway.requests().len(), 1, "{answer}");
    }
}

#[tokio::test]
async fn a_post_without_an_answer_ends() {
    let gateway = Gateway::start(1).await;
    let delivery = sender(&gateway.url, 8).send(&ConnectionId::new("c"), "silence").await;
    assert!(matches!(delivery, Delivery::Failed(_)), "{delivery:?}");
    let nobody = sender("http://127.0.0.1:1/ws", 8).send(&ConnectionId::new("c"), "200").await;
    assert!(matches!(nobody, Delivery::Failed(_)), "{nobody:?}");
}

#[tokio::test]
async fn as_many_posts_as_allowed_and_no_more_are_under_way() {
    const IN_FLIGHT: usize = 12;
    // Nothing is answered before that many posts are under way: with fewer this would end in time-outs.
    let gateway = Gateway::start(IN_FLIGHT).await;
    let sender = sender(&gateway.url, IN_FLIGHT);
    let ids: Vec<ConnectionId> = (0..IN_FLIGHT * 10).map(|n| ConnectionId::new(&format!("c{n}"))).collect();
    let deliveries = join_all(ids.iter().map(|id| sender.send(id, "200"))).await;
    assert!(deliveries.iter().all(|delivery| matches!(delivery, Delivery::Sent)));
    assert_eq!(gateway.requests().len(), IN_FLIGHT * 10);
    assert_eq!(gateway.most_under_way(), IN_FLIGHT);
    // Sockets are used again; hyper may open a few more than it needs.
    assert!(gateway.sockets() <= IN_FLIGHT * 2, "{} sockets", gateway.sockets());
}

#[tokio::test]
async fn posts_begin_no_faster_than_their_share_of_the_account_and_all_of_them_begin() {
    let gateway = Gateway::start(1).await;
    let sender = sender(&gateway.url, 8).paced(NonZeroU32::new(8).unwrap());
    let ids: Vec<ConnectionId> = (0..4).map(|at| ConnectionId::new(&format!("c{at}"))).collect();
    let mut posts: Vec<_> = ids.iter().map(|id| Box::pin(sender.send(id, "200"))).collect();
    // Two, a quarter of eight, may begin at once; the others wait without having opened a socket.
    let rest = posts.split_off(2);
    for delivery in join_all(posts).await {
        assert!(matches!(delivery, Delivery::Sent), "{delivery:?}");
    }
    assert_eq!(gateway.requests().len(), 2);
    for delivery in join_all(rest).await {
        assert!(matches!(delivery, Delivery::Sent), "{delivery:?}");
    }
    assert_eq!(gateway.requests().len(), 4);

    let slow = self::sender(&gateway.url, 8).paced(NonZeroU32::MIN);
    assert!(matches!(slow.send(&ids[0], "200").await, Delivery::Sent));
    let mut next = Box::pin(slow.send(&ids[1], "200"));
    assert!(futures_util::poll!(&mut next).is_pending(), "its second has not come");
    tokio::task::yield_now().await;
    assert_eq!(gateway.requests().len(), 5, "a post whose turn has not come is not begun");
    assert!(matches!(next.await, Delivery::Sent));
}

#[tokio::test]
async fn a_dropped_post_gives_its_place_to_the_next() {
    let gateway = Gateway::start(1).await;
    let sender = Arc::new(sender(&gateway.url, 1));
    let (started, mut waiting) = mpsc::channel::<()>(1);
    let stuck = tokio::spawn({
        let sender = Arc::clone(&sender);
        async move {
            started.send(()).await.unwrap();
            sender.send(&ConnectionId::new("a"), "silence").await
        }
    });
    waiting.recv().await.unwrap();
    stuck.abort();
    let _ = stuck.await;
    let delivery = sender.send(&ConnectionId::new("b"), "200").await;
    assert!(matches!(delivery, Delivery::Sent), "{delivery:?}");
}
