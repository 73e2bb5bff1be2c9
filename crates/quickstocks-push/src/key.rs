use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use quickstocks_core::ports::{SignError, VapidSigner};

/// The key that signs, in a file of this machine (PKCS #8, DER) that only its owner can read.
#[derive(Debug)]
pub struct FileVapidKey {
    pair: EcdsaKeyPair,
    public: [u8; 65],
    random: SystemRandom,
}

/// Why the key cannot be used; the text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read or made.
    #[error("the key of push messages, {}, cannot be read or made", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is there and is no key.
    #[error(
        "{} is no key of push messages: put the file of a backup in its place, or remove it for a new one, after which every device has to switch notifications on again",
        .path.display()
    )]
    NoKey {
        /// The file.
        path: PathBuf,
    },
}

impl FileVapidKey {
    /// Reads the key, making it when there is no file. Blocks; meant for the start of the program.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        let file_error = |source| KeyError::File { path: path.to_owned(), source };
        let der = match fs::read(path) {
            Ok(der) => der,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(path).map_err(file_error)?,
            Err(error) => return Err(file_error(error)),
        };
        let no_key = || KeyError::NoKey { path: path.to_owned() };
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).map_err(|_| no_key())?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| no_key())?;
        Ok(Self { pair, public, random: SystemRandom::new() })
    }
}

/// Makes the file beside its place and moves it there, so that a program killed meanwhile leaves no half of a key.
fn make(path: &Path) -> std::io::Result<Vec<u8>> {
    let failed = |_| std::io::Error::other("no key could be made");
    let der = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).and_then(|pair| pair.to_pkcs8v1()).map_err(failed)?;
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(der.as_ref())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    Ok(der.as_ref().to_vec())
}

#[async_trait]
impl VapidSigner for FileVapidKey {
    async fn public_key(&self) -> Result<[u8; 65], SignError> {
        Ok(self.public)
    }

    async fn sign(&self, text: &[u8]) -> Result<[u8; 64], SignError> {
        let failed = || SignError::Unavailable("the cryptographic library failed".into());
        let signature = self.pair.sign(&self.random, text).map_err(|_| failed())?;
        signature.as_ref().try_into().map_err(|_| failed())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_key_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vapid-key.der");
        let made = FileVapidKey::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = FileVapidKey::open(&path).unwrap();
        assert_eq!(made.public_key().await.unwrap(), read.public_key().await.unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        for spoilt in [&b""[..], b"no key"] {
            fs::write(&path, spoilt).unwrap();
            assert!(matches!(FileVapidKey::open(&path), Err(KeyError::NoKey { .. })));
        }
    }
}
