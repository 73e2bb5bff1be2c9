//! What the program does before its first event: nothing that has to be waited for.

use quickstocks_testkit::cold_start;

#[tokio::test]
async fn nobody_is_called_before_the_first_event() {
    let started = cold_start(env!("CARGO_BIN_EXE_dispatch"), |elsewhere| {
        vec![
            ("TABLE_NAME", "table".to_owned()),
            ("TICK_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:ticks".to_owned()),
            ("VAPID_KEY_ARN", "arn:aws:kms:us-east-1:123456789012:key/1".to_owned()),
            ("PUSH_CONTACT", "mailto:ops@example.com".to_owned()),
            ("WS_CALLBACK_URL", format!("{elsewhere}/ws")),
        ]
    })
    .await;
    assert_eq!(started.calls, 0, "{started:?}");
    // The one to the Runtime API; so no resolver and no metadata service was asked either.
    assert!(started.sockets.is_none_or(|sockets| sockets == 1), "{started:?}");
}
