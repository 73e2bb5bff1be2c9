//! Who somebody is: guests, their sessions and their WebSocket tickets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{ListId, SESSION_LIFETIME, Secret, TICKET_LIFETIME, Timestamp, Token, TokenKind, User, UserId, Watchlist};
use crate::ports::{Clock, Random, StoreError, TokenReader, TokenWriter, UserWriter};

/// A session is made to last again when it is used and this much of its life has passed: sliding, without a write a request.
const RENEW_AFTER: Duration = Duration::from_hours(24);

/// The name of the list every guest begins with.
pub const FIRST_LIST_NAME: &str = "My picks";

/// Makes guests, knows them again, gives tickets.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Guests {
    pub users: Arc<dyn UserWriter>,
    pub tokens: Arc<dyn TokenReader>,
    pub token_writer: Arc<dyn TokenWriter>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

/// A guest who just came.
#[derive(Debug)]
pub struct NewGuest {
    /// Who they are.
    pub user: User,
    /// Their first, empty list.
    pub list: Watchlist,
    /// The session: for their browser and nobody else.
    pub session: Secret,
}

/// Somebody who showed a good session.
#[derive(Debug)]
pub struct KnownGuest {
    /// Who they are.
    pub user: UserId,
    /// Whether the session was made to last again, so that the browser's cookie should be too.
    pub renewed: bool,
}

/// A ticket for one WebSocket.
#[derive(Debug)]
pub struct Ticket {
    /// The secret to put in the query string.
    pub secret: Secret,
    /// When it stops being good.
    pub expires_at: Timestamp,
}

impl Guests {
    /// Makes a guest with an empty list and a session.
    pub async fn arrive(&self) -> Result<NewGuest, StoreError> {
        let now = self.clock.now();
        let user = User { id: UserId::from_random(self.bytes()), created_at: now };
        let list = Watchlist {
            id: ListId::from_random(self.bytes()),
            name: FIRST_LIST_NAME.to_owned(),
            symbols: Vec::new(),
            notes: BTreeMap::new(),
            version: 1,
            updated_at: now,
        };
        let session = Secret::from_random(self.bytes());
        let token = Token::new(&session, TokenKind::Session, &user.id, now, SESSION_LIFETIME);
        self.users.create(&user, &list, &token).await?;
        Ok(NewGuest { user, list, session })
    }

    /// Who holds this session; `None` when it is not one of ours or has run out.
    pub async fn recognise(&self, session: &Secret) -> Result<Option<KnownGuest>, StoreError> {
        let now = self.clock.now();
        let Some(token) = self.tokens.token(&session.hash(), TokenKind::Session, now).await? else { return Ok(None) };
        let renewed = token.expires_at.since(now) + RENEW_AFTER < SESSION_LIFETIME
            && self.token_writer.extend(&token.hash, now, now + SESSION_LIFETIME).await?;
        Ok(Some(KnownGuest { user: token.user, renewed }))
    }

    /// Ends a session.
    pub async fn leave(&self, session: &Secret) -> Result<(), StoreError> {
        self.token_writer.delete(&session.hash()).await
    }

    /// Gives a ticket that opens one WebSocket within a minute.
    pub async fn ticket(&self, user: &UserId) -> Result<Ticket, StoreError> {
        let secret = Secret::from_random(self.bytes());
        let token = Token::new(&secret, TokenKind::Ticket, user, self.clock.now(), TICKET_LIFETIME);
        self.token_writer.put(&token).await?;
        Ok(Ticket { secret, expires_at: token.expires_at })
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }
}
