//! What somebody can do about their own account: more devices, tokens for scripts, a way back, an end.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{
    INVITE_CODE_LENGTH, PAIRING_CODE_LENGTH, PAIRING_LIFETIME, RECOVERY_CODE_LENGTH, RECOVERY_LIFETIME, SESSION_LIFETIME, Scope,
    Secret, Timestamp, Token, TokenKind, TokenName, UserId,
};
use crate::ports::{
    Clock, ConnectionReader, ConnectionWriter, Random, StoreError, TokenReader, TokenWriter, UserReader, UserWriter,
};

/// How many tokens somebody may have at once, sessions included.
pub const MAX_TOKENS: usize = 50;

/// How long an access token may live.
pub const MAX_ACCESS_LIFETIME: Duration = Duration::from_hours(366 * 24);

/// How long an invitation may live.
pub const INVITE_LIFETIME: Duration = Duration::from_hours(14 * 24);

/// That a token was used is noted when it was not noted for so long: one write a day, not one a request.
const NOTE_USE_AFTER: Duration = Duration::from_hours(24);

/// Tokens, pairing, recovery, the end of an account.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Accounts {
    pub users: Arc<dyn UserReader>,
    pub user_writer: Arc<dyn UserWriter>,
    pub tokens: Arc<dyn TokenReader>,
    pub token_writer: Arc<dyn TokenWriter>,
    pub connections: Arc<dyn ConnectionReader>,
    pub connection_writer: Arc<dyn ConnectionWriter>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

/// Why something about an account was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// There is no such token among theirs.
    #[error("there is no such token")]
    NotFound,
    /// They have as many as they may.
    #[error("at most {MAX_TOKENS} sessions and tokens are allowed: end one first")]
    TooManyTokens,
    /// It is no code, or used, or too old.
    #[error("this code is not good: it may be mistyped, used or too old")]
    Code,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A token somebody just got.
#[derive(Debug)]
pub struct NewToken {
    /// What is known of it.
    pub token: Token,
    /// The secret: for its owner, this once.
    pub secret: Secret,
}

impl Accounts {
    /// Everything that lets somebody in: sessions, access tokens, a recovery code; the oldest first.
    pub async fn tokens(&self, user: &UserId) -> Result<Vec<Token>, StoreError> {
        self.tokens.tokens_of(user, self.clock.now()).await
    }

    /// Makes a token for scripts.
    pub async fn grant_access(
        &self,
        user: &UserId,
        name: TokenName,
        scope: Scope,
        lifetime: Duration,
    ) -> Result<NewToken, AccountError> {
        let secret = Secret::access_from_random(self.bytes(), scope);
        let token = Token::new(&secret, scope.kind(), user, self.clock.now(), lifetime.min(MAX_ACCESS_LIFETIME));
        self.add(Token { name: Some(name), ..token }, secret).await
    }

    /// Who shows a good access token.
    pub async fn recognise(&self, secret: &Secret, scope: Scope) -> Result<Option<UserId>, StoreError> {
        let now = self.clock.now();
        let Some(token) = self.tokens.token(&secret.hash(), scope.kind(), now).await? else { return Ok(None) };
        if token.used_at + NOTE_USE_AFTER < now {
            self.token_writer.extend(&token.hash, now, token.expires_at).await?;
        }
        Ok(Some(token.user))
    }

    /// Ends the token of that id.
    pub async fn revoke(&self, user: &UserId, id: &str) -> Result<(), AccountError> {
        let tokens = self.tokens(user).await?;
        let token = tokens.iter().find(|token| token.id() == id).ok_or(AccountError::NotFound)?;
        Ok(self.token_writer.delete(&token.hash).await?)
    }

    /// Ends every session, token, recovery code and connection.
    pub async fn revoke_all(&self, user: &UserId) -> Result<(), StoreError> {
        for token in self.tokens(user).await? {
            self.token_writer.delete(&token.hash).await?;
        }
        for id in self.connections.connections_of(user, self.clock.now()).await? {
            self.connection_writer.remove(&id).await?;
        }
        Ok(())
    }

    /// A code that gives one more device a session within five minutes, once.
    pub async fn pairing_code(&self, user: &UserId) -> Result<NewToken, StoreError> {
        let secret = Secret::code_from_random(self.bytes::<PAIRING_CODE_LENGTH>());
        let token = Token::new(&secret, TokenKind::Pairing, user, self.clock.now(), PAIRING_LIFETIME);
        self.token_writer.put(&token).await?;
        Ok(NewToken { token, secret })
    }

    /// Gives a device that shows a pairing code its session.
    pub async fn pair(&self, code: &str) -> Result<NewToken, AccountError> {
        let code = Secret::parse_code(code, PAIRING_CODE_LENGTH).map_err(|_| AccountError::Code)?;
        let user = self.redeem(&code, TokenKind::Pairing).await?;
        self.begin_session(&user).await
    }

    /// A code that brings the account back when every device is lost. The one before it is no longer good.
    pub async fn recovery_code(&self, user: &UserId) -> Result<NewToken, AccountError> {
        let former: Vec<Token> = self.tokens(user).await?.into_iter().filter(|token| token.kind == TokenKind::Recovery).collect();
        let secret = Secret::code_from_random(self.bytes::<RECOVERY_CODE_LENGTH>());
        let token = Token::new(&secret, TokenKind::Recovery, user, self.clock.now(), RECOVERY_LIFETIME);
        self.token_writer.put(&token).await?;
        for token in former {
            self.token_writer.delete(&token.hash).await?;
        }
        Ok(NewToken { token, secret })
    }

    /// Gives whoever shows a recovery code a session and, since the code is used up, a new one.
    pub async fn recover(&self, code: &str) -> Result<(NewToken, NewToken), AccountError> {
        let code = Secret::parse_code(code, RECOVERY_CODE_LENGTH).map_err(|_| AccountError::Code)?;
        let user = self.redeem(&code, TokenKind::Recovery).await?;
        let session = self.begin_session(&user).await?;
        Ok((session, self.recovery_code(&user).await?))
    }

    /// An invitation for one guest, from somebody who is in; or from the operator, who is nobody's guest.
    pub async fn invite(&self, from: Option<&UserId>) -> Result<NewToken, StoreError> {
        let secret = Secret::code_from_random(self.bytes::<INVITE_CODE_LENGTH>());
        let nobody = UserId::new("-");
        let token = Token::new(&secret, TokenKind::Invite, from.unwrap_or(&nobody), self.clock.now(), INVITE_LIFETIME);
        self.token_writer.put(&token).await?;
        Ok(NewToken { token, secret })
    }

    /// Uses up an invitation.
    pub async fn accept_invite(&self, code: &str) -> Result<(), AccountError> {
        let code = Secret::parse_code(code, INVITE_CODE_LENGTH).map_err(|_| AccountError::Code)?;
        let taken = self.token_writer.take(&code.hash(), TokenKind::Invite, self.clock.now()).await?;
        taken.map(|_| ()).ok_or(AccountError::Code)
    }

    /// When somebody came.
    pub async fn since(&self, user: &UserId) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.users.user(user).await?.map(|user| user.created_at))
    }

    /// Removes an account and everything that is in it.
    pub async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        self.user_writer.remove_user(user).await
    }

    /// A code outlives an account that is deleted; it must not bring anything back.
    async fn redeem(&self, code: &Secret, kind: TokenKind) -> Result<UserId, AccountError> {
        let token = self.token_writer.take(&code.hash(), kind, self.clock.now()).await?.ok_or(AccountError::Code)?;
        self.users.user(&token.user).await?.map(|user| user.id).ok_or(AccountError::Code)
    }

    /// With the oldest session ended when there are too many: somebody who pairs has no other device to end one with.
    async fn begin_session(&self, user: &UserId) -> Result<NewToken, AccountError> {
        let tokens = self.tokens(user).await?;
        if tokens.len() >= MAX_TOKENS {
            let unused = tokens.iter().filter(|token| token.kind == TokenKind::Session).min_by_key(|token| token.used_at);
            let unused = unused.ok_or(AccountError::TooManyTokens)?;
            self.token_writer.delete(&unused.hash).await?;
        }
        let secret = Secret::from_random(self.bytes());
        let token = Token::new(&secret, TokenKind::Session, user, self.clock.now(), SESSION_LIFETIME);
        self.token_writer.put(&token).await?;
        Ok(NewToken { token, secret })
    }

    async fn add(&self, token: Token, secret: Secret) -> Result<NewToken, AccountError> {
        if self.tokens(&token.user).await?.len() >= MAX_TOKENS {
            return Err(AccountError::TooManyTokens);
        }
        self.token_writer.put(&token).await?;
        Ok(NewToken { token, secret })
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }
}
