//! Encryption of a message for one device: RFC 8291, on the content encoding of RFC 8188.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, ParsedPublicKey, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::rand;
use quickstocks_core::model::PushKeys;

use crate::decode;

/// The size of the one record, which MUST be more than what it holds (RFC 8291, section 4).
const RECORD_SIZE: u32 = 4096;

/// What fits one record of a body of 4096 bytes, the most that every push service takes: less header, delimiter and tag.
pub(crate) const MAX_PLAINTEXT: usize = 3993;

/// A message is padded to a multiple of this, so that its length does not tell which it is.
const PADDING_STEP: usize = 128;

/// Why a message could not be encrypted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EncryptError {
    #[error("the message has more than {MAX_PLAINTEXT} bytes")]
    TooLarge,
    #[error("the keys of the subscription are none")]
    Keys,
    #[error("the cryptographic library failed")]
    Failed,
}

impl From<Unspecified> for EncryptError {
    fn from(_: Unspecified) -> Self {
        Self::Failed
    }
}

/// A device's keys as bytes.
pub(crate) struct DeviceKeys {
    public: Vec<u8>,
    auth: Vec<u8>,
}

/// Which of the keys is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadKey {
    Public,
    Auth,
}

impl DeviceKeys {
    /// Reads and checks them: lengths, form, and that the point is on the curve.
    pub(crate) fn parse(keys: &PushKeys) -> Result<Self, BadKey> {
        let public = decode(&keys.p256dh).filter(|key| key.len() == 65 && key[0] == 4).ok_or(BadKey::Public)?;
        ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, &public)).map_err(|_| BadKey::Public)?;
        let auth = decode(&keys.auth).filter(|auth| auth.len() == 16).ok_or(BadKey::Auth)?;
        Ok(Self { public, auth })
    }
}

/// The body of a request: the message, encrypted with a key and a salt that are used once.
pub(crate) fn encrypt(keys: &PushKeys, plaintext: &[u8]) -> Result<Vec<u8>, EncryptError> {
    let mut salt = [0; 16];
    rand::fill(&mut salt)?;
    seal(&PrivateKey::generate(&ECDH_P256)?, salt, keys, plaintext, PADDING_STEP)
}

fn seal(
    private: &PrivateKey,
    salt: [u8; 16],
    keys: &PushKeys,
    plaintext: &[u8],
    padding_step: usize,
) -> Result<Vec<u8>, EncryptError> {
    if plaintext.len() > MAX_PLAINTEXT {
        return Err(EncryptError::TooLarge);
    }
    let DeviceKeys { public: device, auth } = DeviceKeys::parse(keys).map_err(|_| EncryptError::Keys)?;
    let ours = private.compute_public_key()?;
    let (key, nonce) = agreement::agree(private, UnparsedPublicKey::new(&ECDH_P256, &device), EncryptError::Keys, |shared| {
        Ok(derive(shared, &auth, &device, ours.as_ref(), &salt)?)
    })?;

    let mut record = plaintext.to_vec();
    // The delimiter of the last record, and zeros after it (RFC 8188, section 2).
    record.push(2);
    record.resize(record.len().next_multiple_of(padding_step).min(MAX_PLAINTEXT + 1), 0);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)?;

    let mut body = Vec::with_capacity(86 + record.len());
    body.extend_from_slice(&salt);
    body.extend_from_slice(&RECORD_SIZE.to_be_bytes());
    body.push(u8::try_from(ours.as_ref().len()).map_err(|_| EncryptError::Failed)?);
    body.extend_from_slice(ours.as_ref());
    body.append(&mut record);
    Ok(body)
}

/// The content key and the nonce (RFC 8291, section 3.4).
fn derive(shared: &[u8], auth: &[u8], device: &[u8], ours: &[u8], salt: &[u8]) -> Result<([u8; 16], [u8; 12]), Unspecified> {
    let mut ikm = [0; 32];
    Salt::new(HKDF_SHA256, auth).extract(shared).expand(&[b"WebPush: info\0", device, ours], Length(32))?.fill(&mut ikm)?;
    let prk = Salt::new(HKDF_SHA256, salt).extract(&ikm);
    let (mut key, mut nonce) = ([0; 16], [0; 12]);
    prk.expand(&[b"Content-Encoding: aes128gcm\0"], Length(16))?.fill(&mut key)?;
    prk.expand(&[b"Content-Encoding: nonce\0"], Length(12))?.fill(&mut nonce)?;
    Ok((key, nonce))
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example_keys() -> PushKeys {
        PushKeys {
            p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4".to_owned(),
            auth: "BTBZMqHH6r4Tts7J_aSIgg".to_owned(),
        }
    }

    /// RFC 8291, section 5.
    #[test]
    fn the_example_of_the_standard_comes_out_byte_for_byte() {
        let private = decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw").unwrap();
        let private = PrivateKey::from_private_key(&ECDH_P256, &private).unwrap();
        let salt = decode("DGv6ra1nlYgDCS1FRnbzlw").unwrap().try_into().unwrap();
        let body = seal(&private, salt, &example_keys(), b"When I grow up, I want to be a watermelon", 1).unwrap();
        assert_eq!(
            crate::encode(&body),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn lengths_come_in_steps_and_the_largest_body_has_4096_bytes() {
        for (plaintext, body) in [(0, 128), (1, 128), (127, 128), (128, 256), (3900, 3968), (MAX_PLAINTEXT, 3994)] {
            let sealed = encrypt(&example_keys(), &vec![b'a'; plaintext]).unwrap();
            assert_eq!(sealed.len(), 86 + body + 16, "{plaintext}");
            assert!(sealed.len() <= 4096);
        }
        let too_large = encrypt(&example_keys(), &vec![b'a'; MAX_PLAINTEXT + 1]);
        assert!(matches!(too_large, Err(EncryptError::TooLarge)));
    }

    #[test]
    fn no_two_bodies_are_alike() {
        let bodies = [(); 2].map(|()| encrypt(&example_keys(), b"same").unwrap());
        assert_ne!(bodies[0], bodies[1]);
        assert_ne!(bodies[0][..16], bodies[1][..16], "the salt");
        assert_ne!(bodies[0][21..86], bodies[1][21..86], "the key");
    }

    #[test]
    fn keys_that_are_none_are_told_apart() {
        let good = example_keys();
        let off_curve = crate::encode(&[4; 65]);
        for p256dh in ["", "AAAA", &off_curve, &format!("{}=", good.p256dh), &good.p256dh.replace('B', "C"), &good.p256dh[1..]] {
            let keys = PushKeys { p256dh: p256dh.to_owned(), ..good.clone() };
            assert_eq!(DeviceKeys::parse(&keys).err(), Some(BadKey::Public), "{p256dh}");
        }
        for auth in ["", "AAAA", &"A".repeat(23), "BTBZMqHH6r4Tts7J_aSIg!", "BTBZMqHH6r4Tts7J_aSIgh"] {
            let keys = PushKeys { auth: auth.to_owned(), ..good.clone() };
            assert_eq!(DeviceKeys::parse(&keys).err(), Some(BadKey::Auth), "{auth}");
        }
    }
}
