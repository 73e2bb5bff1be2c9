use async_trait::async_trait;

use super::StoreError;
use crate::model::{ListId, Share, TokenHash, UserId};

/// Reads the links to lists.
#[async_trait]
pub trait ShareReader: Send + Sync {
    /// The link to a user's list. Another user's MUST be answered with `None`.
    async fn share(&self, user: &UserId, list: &ListId) -> Result<Option<Share>, StoreError>;

    /// The links to all lists of a user, ordered by the list's id.
    async fn shares(&self, user: &UserId) -> Result<Vec<Share>, StoreError>;

    /// The list that the link leads to whose token has this hash. One that was ended MUST be answered with `None` from then on.
    async fn shared_list(&self, token: &TokenHash) -> Result<Option<(UserId, ListId)>, StoreError>;
}

/// What became of a link that was to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShareWrite {
    /// It is stored.
    Made,
    /// The list has this one already; nothing was changed.
    There(Share),
    /// The user has no such list; nothing was changed.
    NoList,
}

/// Writes them. A link ends with its list: see [`super::WatchlistWriter::delete`] and [`super::UserWriter::remove_user`].
#[async_trait]
pub trait ShareWriter: Send + Sync {
    /// Stores a link, all of it or nothing, unless its list has one: of any number of callers exactly one MUST be answered with
    /// [`ShareWrite::Made`] and the others with what that one stored. A link to a list that its user does not have MUST NOT be stored.
    async fn put_share(&self, share: &Share) -> Result<ShareWrite, StoreError>;

    /// Ends the link to a user's list, all of it or nothing. Answers whether there was one. Another user's MUST stay.
    async fn end_share(&self, user: &UserId, list: &ListId) -> Result<bool, StoreError>;
}
