use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Timestamp;

/// How long a session lives after its last use.
pub const SESSION_LIFETIME: Duration = Duration::from_hours(90 * 24);

/// How long a WebSocket ticket lives.
pub const TICKET_LIFETIME: Duration = Duration::from_mins(1);

/// How long a code that pairs a device lives.
pub const PAIRING_LIFETIME: Duration = Duration::from_mins(5);

/// How many characters a code that pairs a device has: 60 random bits, good for minutes and once.
pub const PAIRING_CODE_LENGTH: usize = 12;

/// How long a recovery code lives: as good as for ever.
pub const RECOVERY_LIFETIME: Duration = Duration::from_hours(10 * 365 * 24);

/// How many characters a recovery code has: 160 random bits.
pub const RECOVERY_CODE_LENGTH: usize = 32;

/// How many characters an invitation has.
pub const INVITE_CODE_LENGTH: usize = 16;

/// The digits and letters of Crockford's base 32 <https://www.crockford.com/base32.html>: none is taken for another.
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Who may become a guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUp {
    /// Everybody.
    #[default]
    Open,
    /// Who has an invitation.
    Invite,
    /// Nobody more.
    Closed,
}

impl std::str::FromStr for SignUp {
    type Err = InvalidSignUp;

    fn from_str(text: &str) -> Result<Self, InvalidSignUp> {
        match text {
            "open" => Ok(Self::Open),
            "invite" => Ok(Self::Invite),
            "closed" => Ok(Self::Closed),
            _ => Err(InvalidSignUp),
        }
    }
}

/// Why a text says nothing about who may become a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sign-up is open, invite or closed")]
pub struct InvalidSignUp;

/// What a script may do with an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read.
    Read,
    /// Read and change.
    Write,
}

impl Scope {
    /// The kind of its tokens.
    pub fn kind(self) -> TokenKind {
        match self {
            Self::Read => TokenKind::AccessRead,
            Self::Write => TokenKind::AccessWrite,
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Read => "qs_read_",
            Self::Write => "qs_write_",
        }
    }
}

/// The id of a user: 128 random bits in hex. It is no secret and gives no right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(Arc<str>);

impl UserId {
    /// The id as it was stored.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// A new id from random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(hex::encode(bytes).into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A user. Everybody starts as a guest: there is no name and no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// When the guest came.
    pub created_at: Timestamp,
}

/// An opaque secret: a session or a ticket, an access token, or a code that people type. It is shown to its owner once and stored
/// as a hash only; `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a text is not a secret of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token of this service")]
pub struct InvalidSecret;

impl Secret {
    /// A new secret from random bytes.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(hex::encode(bytes))
    }

    /// Reads a secret somebody presents.
    ///
    /// # Errors
    /// [`InvalidSecret`] when it does not have the form of one: 64 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let fits = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidSecret) }
    }

    /// A new access token: `qs_read_` or `qs_write_` and 64 hex digits, so that it is recognised where it should not be.
    pub fn access_from_random(bytes: [u8; 32], scope: Scope) -> Self {
        Self(format!("{}{}", scope.prefix(), hex::encode(bytes)))
    }

    /// Reads an access token somebody presents, and what it says it may.
    ///
    /// # Errors
    /// [`InvalidSecret`] when it does not have the form of one.
    pub fn parse_access(text: &str) -> Result<(Self, Scope), InvalidSecret> {
        let scope =
            [Scope::Read, Scope::Write].into_iter().find(|scope| text.starts_with(scope.prefix())).ok_or(InvalidSecret)?;
        Self::parse(&text[scope.prefix().len()..])?;
        Ok((Self(text.to_owned()), scope))
    }

    /// A new code that people read and type: each byte one of 32 letters and digits.
    pub fn code_from_random<const N: usize>(bytes: [u8; N]) -> Self {
        Self(bytes.iter().map(|byte| char::from(CODE_ALPHABET[usize::from(byte % 32)])).collect())
    }

    /// Reads a code of `length` characters as people type it: in any case, with spaces and hyphens, with O for 0 and I or L for 1.
    ///
    /// # Errors
    /// [`InvalidSecret`] when it does not have the form of one.
    pub fn parse_code(text: &str, length: usize) -> Result<Self, InvalidSecret> {
        if text.len() > 4 * length {
            return Err(InvalidSecret);
        }
        let read = |letter: char| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let code: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').map(read).collect();
        let fits = code.len() == length && code.bytes().all(|byte| CODE_ALPHABET.contains(&byte));
        if fits { Ok(Self(code)) } else { Err(InvalidSecret) }
    }

    /// A code in groups of four, as it is shown.
    pub fn reveal_grouped(&self) -> String {
        let groups: Vec<&str> = self.0.as_bytes().chunks(4).map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
        groups.join("-")
    }

    /// The text, to hand to its owner and to nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored in its place. A plain hash is enough, since there are 256 random bits to guess.
    pub fn hash(&self) -> TokenHash {
        TokenHash(hex::encode(Sha256::digest(self.0.as_bytes())).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The SHA-256 of a [`Secret`], in hex: the key of its [`Token`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(Arc<str>);

impl TokenHash {
    /// The hash as it was stored.
    pub fn new(hash: &str) -> Self {
        Self(hash.into())
    }

    /// The hash's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a token is good for. One is never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// A browser's session.
    Session,
    /// The right to open one WebSocket.
    Ticket,
    /// A script's right to read.
    AccessRead,
    /// A script's right to read and to change.
    AccessWrite,
    /// The right to a session on one more device.
    Pairing,
    /// The right to a session when every device is lost.
    Recovery,
    /// The right to become a guest where not everybody may.
    Invite,
}

impl TokenKind {
    /// Whether its owner finds it among their tokens, to end it. The others live for minutes or belong to nobody yet.
    pub fn is_listed(self) -> bool {
        matches!(self, Self::Session | Self::AccessRead | Self::AccessWrite | Self::Recovery)
    }
}

/// A right somebody holds by knowing a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The hash of the secret.
    pub hash: TokenHash,
    /// What it is good for.
    pub kind: TokenKind,
    /// Whose it is; an invitation is whose it was to give.
    pub user: UserId,
    /// What its owner calls it.
    pub name: Option<TokenName>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, give or take a day.
    pub used_at: Timestamp,
    /// When it stops being good.
    pub expires_at: Timestamp,
}

impl Token {
    /// A token that was never used, without a name.
    pub fn new(secret: &Secret, kind: TokenKind, user: &UserId, now: Timestamp, lifetime: Duration) -> Self {
        Self {
            hash: secret.hash(),
            kind,
            user: user.clone(),
            name: None,
            created_at: now,
            used_at: now,
            expires_at: now + lifetime,
        }
    }

    /// What its owner tells it by. It begins the hash, which gives no right: 64 bits, since a user has few.
    pub fn id(&self) -> &str {
        self.hash.0.get(..16).unwrap_or(&self.hash.0)
    }
}

/// What somebody calls a token of theirs: 1 to 80 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenName(String);

/// Why a text is no name of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token's name has 1 to 80 characters, none of them a control character")]
pub struct InvalidTokenName;

impl TokenName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for TokenName {
    type Err = InvalidTokenName;

    /// Takes away white space around it.
    fn from_str(text: &str) -> Result<Self, InvalidTokenName> {
        let text = text.trim();
        let fits = !text.is_empty() && text.chars().count() <= 80 && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidTokenName) }
    }
}

impl TryFrom<String> for TokenName {
    type Error = InvalidTokenName;

    fn try_from(text: String) -> Result<Self, InvalidTokenName> {
        text.parse()
    }
}

impl From<TokenName> for String {
    fn from(name: TokenName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed_and_its_hash_is_sha256_of_its_text() {
        let secret = Secret::from_random([7; 32]);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(Secret::parse(secret.reveal()), Ok(secret.clone()));
        assert_eq!(secret.hash().as_str().len(), 64);
        assert_ne!(secret.hash().as_str(), secret.reveal());
        for bad in ["", "07", &"g".repeat(64), &"A".repeat(64), &"0".repeat(65)] {
            assert_eq!(Secret::parse(bad), Err(InvalidSecret), "{bad}");
        }
    }

    #[test]
    fn an_access_token_says_what_it_may_and_is_no_session() {
        for scope in [Scope::Read, Scope::Write] {
            let secret = Secret::access_from_random([9; 32], scope);
            assert_eq!(Secret::parse_access(secret.reveal()), Ok((secret.clone(), scope)));
            assert_eq!(Secret::parse(secret.reveal()), Err(InvalidSecret));
        }
        let hex = "0".repeat(64);
        for bad in ["", &hex, "qs_read_", "qs_admin_0", &format!("qs_read_{hex}0"), &format!("qs_write_qs_read_{hex}")] {
            assert_eq!(Secret::parse_access(bad), Err(InvalidSecret), "{bad}");
        }
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = Secret::code_from_random([0, 1, 31, 32, 10, 11, 12, 13, 14, 15, 16, 255]);
        assert_eq!((code.reveal(), code.reveal_grouped().as_str()), ("01Z0ABCDEFGZ", "01Z0-ABCD-EFGZ"));
        for typed in ["01Z0ABCDEFGZ", "01z0-abcd-efgz", " oiZ0 abcd efgz ", "OLZO ABCD-EFGZ"] {
            assert_eq!(Secret::parse_code(typed, 12).as_ref(), Ok(&code), "{typed}");
        }
        for bad in ["", "01Z0ABCDEFG", "01Z0ABCDEFGZ0", "U1Z0ABCDEFGZ", "01Z0ABCDEFG\u{17f}", &"-".repeat(100)] {
            assert_eq!(Secret::parse_code(bad, 12), Err(InvalidSecret), "{bad}");
        }
    }

    #[test]
    fn names_of_tokens_are_short_and_printable() {
        assert_eq!("  my script ".parse::<TokenName>().map(String::from), Ok("my script".to_owned()));
        assert!("\u{e4}".repeat(80).parse::<TokenName>().is_ok());
        for bad in ["", "   ", "a\nb", &"\u{e4}".repeat(81)] {
            assert_eq!(bad.parse::<TokenName>(), Err(InvalidTokenName), "{bad:?}");
        }
    }
}
