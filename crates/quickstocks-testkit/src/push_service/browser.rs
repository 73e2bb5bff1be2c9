//! The browser's half: its keys, and reading a message with them (RFC 8291).

use std::collections::VecDeque;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quickstocks_core::model::{Endpoint, PushKeys};

use super::{BrowserSubscription, ServiceAnswer};

/// A browser with one subscription.
pub(crate) struct Browser {
    pub(super) endpoint: String,
    pub(super) answers: VecDeque<ServiceAnswer>,
    pub(super) application_server_key: Vec<u8>,
    private: PrivateKey,
    public: Vec<u8>,
    auth: [u8; 16],
}

impl Browser {
    pub(super) fn new(origin: &str, number: usize, application_server_key: &[u8]) -> Self {
        let private = PrivateKey::generate(&ECDH_P256).expect("a key can be made");
        let mut random = [0; 32];
        aws_lc_rs::rand::fill(&mut random).expect("there is randomness");
        let mut auth = [0; 16];
        auth.copy_from_slice(&random[16..]);
        let endpoint = format!("{origin}/push/{number}-{}", URL_SAFE_NO_PAD.encode(&random[..16]));
        Self::with_keys(endpoint, private, auth, application_server_key)
    }

    fn with_keys(endpoint: String, private: PrivateKey, auth: [u8; 16], application_server_key: &[u8]) -> Self {
        let public = private.compute_public_key().expect("a key has a public half").as_ref().to_vec();
        let application_server_key = application_server_key.to_vec();
        Self { endpoint, answers: VecDeque::new(), application_server_key, private, public, auth }
    }

    pub(super) fn subscription(&self) -> BrowserSubscription {
        BrowserSubscription {
            endpoint: Endpoint::new(&self.endpoint),
            keys: PushKeys { p256dh: URL_SAFE_NO_PAD.encode(&self.public), auth: URL_SAFE_NO_PAD.encode(self.auth) },
        }
    }

    /// What a body says; otherwise what is wrong with it.
    pub(super) fn read(&self, body: &[u8]) -> Result<Vec<u8>, String> {
        if body.len() < 86 + 17 {
            return Err(format!("a body of {} bytes holds nothing", body.len()));
        }
        let (head, record) = body.split_at(86);
        let record_size = u32::from_be_bytes([head[16], head[17], head[18], head[19]]) as usize;
        if head[20] != 65 || record_size < record.len() {
            return Err(format!("a key of {} bytes, and {} bytes in a record of {record_size}", head[20], record.len()));
        }
        let (salt, sender) = (&head[..16], &head[21..]);
        let shared =
            agreement::agree(&self.private, UnparsedPublicKey::new(&ECDH_P256, sender), (), |secret| Ok(secret.to_vec()))
                .map_err(|()| "the sender's key is none".to_owned())?;
        let key_info = [b"WebPush: info\0", &self.public[..], sender].concat();
        let ikm = expand(&extract(&self.auth, &shared), &key_info, 32);
        let prk = extract(salt, &ikm);
        let key = expand(&prk, b"Content-Encoding: aes128gcm\0", 16);
        let nonce = expand(&prk, b"Content-Encoding: nonce\0", 12);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).expect("16 bytes are a key"));
        let nonce = Nonce::try_assume_unique_for_key(&nonce).expect("12 bytes are a nonce");
        let mut record = record.to_vec();
        let text = key.open_in_place(nonce, Aad::empty(), &mut record).map_err(|_| "the record does not open".to_owned())?;
        let end = text.iter().rposition(|byte| *byte != 0).filter(|at| text[*at] == 2);
        end.map(|end| text[..end].to_vec()).ok_or_else(|| "the last record does not end in 2 and zeros".to_owned())
    }
}

/// HKDF (RFC 5869) out of its HMAC, both steps.
fn extract(salt: &[u8], ikm: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), ikm).as_ref().to_vec()
}

/// At most one block: 32 bytes.
fn expand(prk: &[u8], info: &[u8], length: usize) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, prk), &[info, &[1]].concat()).as_ref()[..length].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8291, section 5: the body of the example, read with the example's keys.
    #[test]
    fn the_example_of_the_standard_is_read() {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let private = PrivateKey::from_private_key(&ECDH_P256, &bytes("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")).unwrap();
        let auth = bytes("BTBZMqHH6r4Tts7J_aSIgg").try_into().unwrap();
        let browser = Browser::with_keys(String::new(), private, auth, &[]);
        let body = bytes(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
        );
        assert_eq!(browser.read(&body).unwrap(), b"When I grow up, I want to be a watermelon");
        let mut changed = body.clone();
        changed[100] ^= 1;
        assert_eq!(browser.read(&changed).unwrap_err(), "the record does not open");
        assert!(browser.read(&body[..90]).is_err());
    }
}
