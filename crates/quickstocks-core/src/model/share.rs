use std::str::FromStr;

use super::{ListId, Secret, SourceKind, Timestamp, UserId};

/// A link by which whoever has it sees one list and its quotes, and nothing else. A list has one at the most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// What makes the link. Kept as it is, since its owner may want to see the link again; what is asked for is found by its hash.
    pub token: Secret,
    /// Whose list.
    pub user: UserId,
    /// Which list.
    pub list: ListId,
    /// When the link was made.
    pub created_at: Timestamp,
}

/// Whether lists may be shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// Where the prices may be passed on: Yahoo's terms forbid it, for recorded prices too.
    #[default]
    Auto,
    /// Yes. The operator answers for the source's terms.
    On,
    /// No. Links that were made lead nowhere until it is allowed again.
    Off,
}

impl Sharing {
    /// Whether lists may be shared with prices of this source.
    pub fn allowed(self, source: SourceKind) -> bool {
        match self {
            Self::Auto => source == SourceKind::Simulated,
            Self::On => true,
            Self::Off => false,
        }
    }
}

impl FromStr for Sharing {
    type Err = InvalidSharing;

    fn from_str(text: &str) -> Result<Self, InvalidSharing> {
        match text {
            "auto" => Ok(Self::Auto),
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            _ => Err(InvalidSharing),
        }
    }
}

/// Why a text says nothing about whether lists may be shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sharing is auto, on or off")]
pub struct InvalidSharing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_of_yahoo_are_passed_on_only_where_somebody_says_so() {
        for (setting, simulated, yahoo, replay) in
            [("auto", true, false, false), ("on", true, true, true), ("off", false, false, false)]
        {
            let sharing: Sharing = setting.parse().unwrap();
            let allowed = [SourceKind::Simulated, SourceKind::Yahoo, SourceKind::Replay].map(|source| sharing.allowed(source));
            assert_eq!(allowed, [simulated, yahoo, replay], "{setting}");
        }
        assert_eq!("yes".parse::<Sharing>(), Err(InvalidSharing));
        assert_eq!(Sharing::default(), Sharing::Auto);
    }

    #[test]
    fn a_share_does_not_print_its_token() {
        let token = Secret::from_random([0xca; 32]);
        let share = Share { user: UserId::new("u"), list: ListId::new("l"), created_at: Timestamp::default(), token };
        assert!(!format!("{share:?}").contains("caca"));
    }
}
