use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use der::asn1::UintRef;
use der::{Decode, Reader, SliceReader};
use quickstocks_core::ports::{BoxError, SignError, VapidSigner};
use tokio::sync::OnceCell;

use crate::error::{Class, classify};

/// What stands before the point in the `SubjectPublicKeyInfo` of every public key of P-256 (RFC 5480, section 2): both identifiers and the
/// head of the bit string.
const P256_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
    0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Signs for push services with a key that never leaves KMS (`ECC_NIST_P256`, `SIGN_VERIFY`). Needs the action `kms:GetPublicKey`, and
/// `kms:Sign` where something is sent. Nothing is asked before the first use; the public key is asked for once.
#[derive(Debug)]
pub struct KmsVapidSigner {
    client: Client,
    key: String,
    public: OnceCell<[u8; 65]>,
}

/// What KMS answered is none of what was asked for.
#[derive(Debug, thiserror::Error)]
enum BadAnswer {
    #[error("the key of push messages is not one of P-256: make it with the key spec ECC_NIST_P256")]
    NotP256,
    #[error("the signature is not one of P-256")]
    Signature(#[source] der::Error),
    #[error("the answer lacks what was asked for")]
    Empty,
}

impl KmsVapidSigner {
    /// A signer with the key of that id or ARN.
    pub fn new(config: &SdkConfig, key: impl Into<String>) -> Self {
        Self { client: Client::new(config), key: key.into(), public: OnceCell::new() }
    }

    async fn ask_public_key(&self) -> Result<[u8; 65], SignError> {
        let answer = self.client.get_public_key().key_id(&self.key).send().await.map_err(sign_error)?;
        let key = answer.public_key.ok_or_else(|| refused(BadAnswer::Empty))?;
        key.as_ref()
            .strip_prefix(&P256_HEAD)
            .and_then(|point| point.try_into().ok())
            .filter(|point: &[u8; 65]| point[0] == 4)
            .ok_or_else(|| refused(BadAnswer::NotP256))
    }
}

#[async_trait]
impl VapidSigner for KmsVapidSigner {
    async fn public_key(&self) -> Result<[u8; 65], SignError> {
        self.public.get_or_try_init(|| self.ask_public_key()).await.copied()
    }

    async fn sign(&self, text: &[u8]) -> Result<[u8; 64], SignError> {
        let sign = self.client.sign().key_id(&self.key).message(Blob::new(text)).message_type(MessageType::Raw);
        let answer = sign.signing_algorithm(SigningAlgorithmSpec::EcdsaSha256).send().await.map_err(sign_error)?;
        let signature = answer.signature.ok_or_else(|| refused(BadAnswer::Empty))?;
        fixed(signature.as_ref()).map_err(|error| refused(BadAnswer::Signature(error)))
    }
}

/// KMS signs as X.509 has it, a DER sequence of two integers; a JWT has both in 32 bytes (RFC 7518, section 3.4).
fn fixed(signature: &[u8]) -> der::Result<[u8; 64]> {
    let mut reader = SliceReader::new(signature)?;
    let parts: [UintRef<'_>; 2] =
        reader.sequence(|parts| Ok::<_, der::Error>([UintRef::decode(parts)?, UintRef::decode(parts)?]))?;
    reader.finish()?;
    let mut fixed = [0; 64];
    for (place, part) in fixed.chunks_exact_mut(32).zip(parts) {
        let bytes = part.as_bytes();
        let Some(start) = place.len().checked_sub(bytes.len()) else { return Err(der::ErrorKind::Overlength.into()) };
        place[start..].copy_from_slice(bytes);
    }
    Ok(fixed)
}

fn refused(error: BadAnswer) -> SignError {
    SignError::Refused(error.into())
}

fn sign_error<E>(error: SdkError<E, HttpResponse>) -> SignError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let class = classify(&error);
    let source: BoxError = error.into();
    match class {
        Class::Throttled | Class::Unavailable => SignError::Unavailable(source),
        Class::Refused => SignError::Refused(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_numbers_get_32_bytes() {
        let mut expect = [0; 64];
        (expect[31], expect[32], expect[63]) = (5, 0x80, 7);
        // The second number's first bit is set, so that a zero stands before it.
        let mut second = vec![0x02, 33, 0, 0x80];
        second.extend([0; 30]);
        second.push(7);
        let mut signature = vec![0x30, 38, 0x02, 1, 5];
        signature.extend(second);
        assert_eq!(fixed(&signature).unwrap(), expect);
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let mut long = vec![0x30, 38, 0x02, 33, 1];
        long.extend([0; 32]);
        long.extend([0x02, 1, 5]);
        for bad in [&b""[..], &[0x30, 0], &[0x30, 3, 0x02, 1, 5], &[0x30, 6, 0x02, 1, 5, 0x02, 1, 0x85], &[5; 64], &long] {
            assert!(fixed(bad).is_err(), "{bad:?}");
        }
        assert!(fixed(&[0x30, 6, 2, 1, 5, 2, 1, 7]).is_ok());
        assert!(fixed(&[0x30, 6, 2, 1, 5, 2, 1, 7, 0]).is_err(), "something follows");
    }
}
