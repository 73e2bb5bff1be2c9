//! What is asked of KMS, and what its answers mean.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED, EcdsaKeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quickstocks_aws::KmsVapidSigner;
use quickstocks_core::ports::{SignError, VapidSigner};
use serde_json::json;

use crate::scripted::{Answer, Request, Service};

const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/1";

/// A service with a real key, which answers as KMS does.
fn kms() -> (Service, Vec<u8>) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let point = pair.public_key().as_ref().to_vec();
    let spki =
        STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE").unwrap()[..26].iter().chain(&point).copied().collect::<Vec<u8>>();
    let answer = move |_: usize, request: &Request| {
        let asked = request.json();
        assert_eq!(asked["KeyId"], KEY);
        match request.operation.as_str() {
            "GetPublicKey" => Answer::ok(json!({ "KeyId": KEY, "PublicKey": STANDARD.encode(&spki) }).to_string()),
            "Sign" => {
                assert_eq!((&asked["MessageType"], &asked["SigningAlgorithm"]), (&json!("RAW"), &json!("ECDSA_SHA_256")));
                let message = STANDARD.decode(asked["Message"].as_str().unwrap()).unwrap();
                let signature = pair.sign(&SystemRandom::new(), &message).unwrap();
                Answer::ok(json!({ "KeyId": KEY, "Signature": STANDARD.encode(signature.as_ref()) }).to_string())
            }
            other => panic!("{other} is not asked"),
        }
    };
    (Service::new(answer), point)
}

#[tokio::test]
async fn signatures_are_good_and_the_public_key_is_asked_for_once() {
    let (service, point) = kms();
    let signer = KmsVapidSigner::new(&service.config(), KEY);
    assert_eq!(service.requests().len(), 0, "nothing before the first use");
    // A number of a signature is short once in 256 times: enough of them to have met both.
    for n in 0..600 {
        let text = format!("header.claims-{n}");
        let signature = signer.sign(text.as_bytes()).await.unwrap();
        let key = signer.public_key().await.unwrap();
        assert_eq!(key, point[..]);
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(text.as_bytes(), &signature).unwrap();
    }
    let asked = service.requests().iter().filter(|request| request.operation == "GetPublicKey").count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn failures_are_told_apart_by_what_can_be_done_and_are_not_kept() {
    let error = |status, code: &str| Answer::Http(status, format!(r#"{{"__type":"{code}","message":"scripted"}}"#));
    for (answer, later) in [
        (error(400, "AccessDeniedException"), false),
        (error(400, "NotFoundException"), false),
        (error(400, "ThrottlingException"), true),
        (error(500, "KMSInternalException"), true),
        (Answer::TimedOut, true),
        (Answer::ok(json!({ "PublicKey": STANDARD.encode([0; 91]), "Signature": STANDARD.encode([0; 64]) }).to_string()), false),
        (Answer::ok("{}"), false),
    ] {
        let service = Service::new({
            let answer = answer.clone();
            move |_, _| answer.clone()
        });
        let signer = KmsVapidSigner::new(&service.config_without_retries(), KEY);
        for _ in 0..2 {
            let results = [signer.public_key().await.map(|_| ()), signer.sign(b"text").await.map(|_| ())];
            for result in results {
                assert_eq!(matches!(result, Err(SignError::Unavailable(_))), later, "{answer:?}: {result:?}");
                assert!(result.is_err(), "{answer:?}");
            }
        }
        assert_eq!(service.requests().len(), 4, "a failure is asked again");
    }
}
