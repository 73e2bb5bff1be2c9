//! Guests, their sessions and their tickets.

use std::sync::Arc;
use std::time::Duration;

use quickstocks_core::guests::{FIRST_LIST_NAME, Guests};
use quickstocks_core::model::{SESSION_LIFETIME, Secret, TICKET_LIFETIME, Token, TokenKind, User};
use quickstocks_core::ports::{StoreError, TokenWriter, WatchlistReader};
use quickstocks_testkit::faults::{Fault, Method};
use quickstocks_testkit::sample::{self, NOW};
use quickstocks_testkit::{MemoryStore, SequenceRandom};

use crate::support::World;

const DAY: Duration = Duration::from_hours(24);

const MOMENT: Duration = Duration::from_millis(1);

impl World {
    fn guests(&self) -> Guests {
        Guests {
            users: self.store.clone(),
            tokens: self.store.clone(),
            token_writer: self.store.clone(),
            clock: self.clock.clone(),
            random: Arc::new(SequenceRandom::seeded(1)),
        }
    }
}

/// The only token there is.
fn only_token(store: &MemoryStore) -> Token {
    let [token] = <[Token; 1]>::try_from(store.tokens()).unwrap();
    token
}

#[tokio::test]
async fn a_guest_arrives_with_an_empty_list_and_a_session_of_ninety_days() {
    let world = World::default();
    let guest = world.guests().arrive().await.unwrap();
    assert_eq!(world.memory.users(), [User { id: guest.user.id.clone(), created_at: NOW }]);
    assert_eq!(world.memory.watchlists(&guest.user.id).await.unwrap(), std::slice::from_ref(&guest.list));
    assert_eq!((guest.list.name.as_str(), guest.list.symbols.len(), guest.list.version), (FIRST_LIST_NAME, 0, 1));
    let token = Token::new(&guest.session, TokenKind::Session, &guest.user.id, NOW, SESSION_LIFETIME);
    assert_eq!(only_token(&world.memory), token);
    assert_eq!(token.expires_at, NOW + DAY * 90);
    assert_eq!(Secret::parse(guest.session.reveal()).as_ref(), Ok(&guest.session), "the cookie is read back");
    assert!(!format!("{guest:?} {:?}", world.memory).contains(guest.session.reveal()), "no secret is stored or printed");
}

#[tokio::test]
async fn no_two_guests_have_anything_in_common() {
    let world = World::default();
    let guests = world.guests();
    let (one, other) = (guests.arrive().await.unwrap(), guests.arrive().await.unwrap());
    assert_ne!(one.user.id, other.user.id);
    assert_ne!(one.list.id, other.list.id);
    assert_ne!(one.session, other.session);
    for guest in [one, other] {
        let known = guests.recognise(&guest.session).await.unwrap().unwrap();
        assert_eq!(known.user, guest.user.id);
        assert_eq!(world.memory.watchlists(&guest.user.id).await.unwrap(), [guest.list]);
    }
}

#[tokio::test]
async fn a_guest_whose_arrival_failed_leaves_nothing_behind() {
    let world = World::default();
    world.store.fail(Method::CreateUser, Fault::Throttled);
    assert!(matches!(world.guests().arrive().await, Err(StoreError::Throttled(_))));
    assert_eq!((world.memory.users().len(), world.memory.tokens().len()), (0, 0));
}

#[tokio::test]
async fn a_session_is_good_until_it_runs_out_and_what_is_no_session_never_is() {
    for (later, good) in [(Duration::ZERO, true), (SESSION_LIFETIME.saturating_sub(MOMENT), true), (SESSION_LIFETIME, false)] {
        let world = World::default();
        let guest = world.guests().arrive().await.unwrap();
        world.clock.advance(later);
        let known = world.guests().recognise(&guest.session).await.unwrap();
        assert_eq!(known.map(|known| known.user), good.then(|| guest.user.id.clone()), "{later:?}");
    }
    let world = World::default();
    let guests = world.guests();
    let guest = guests.arrive().await.unwrap();
    let ticket = guests.ticket(&guest.user.id).await.unwrap();
    for secret in [ticket.secret, Secret::from_random([0; 32])] {
        assert!(guests.recognise(&secret).await.unwrap().is_none(), "{}", secret.reveal());
    }
}

#[tokio::test]
async fn a_session_in_use_lasts_again_with_at_most_one_write_a_day() {
    let world = World::default();
    let guests = world.guests();
    let guest = guests.arrive().await.unwrap();
    for (at, renewed, until) in [
        (Duration::ZERO, false, DAY * 90),
        (DAY, false, DAY * 90),
        (DAY + MOMENT, true, DAY * 91 + MOMENT),
        (DAY + MOMENT * 2, false, DAY * 91 + MOMENT),
        (DAY * 2 + MOMENT, false, DAY * 91 + MOMENT),
        (DAY * 91, true, DAY * 181),
    ] {
        world.clock.set(NOW + at);
        let known = guests.recognise(&guest.session).await.unwrap().unwrap();
        assert_eq!(known.renewed, renewed, "{at:?}");
        let token = only_token(&world.memory);
        assert_eq!((token.expires_at, token.created_at), (NOW + until, NOW), "{at:?}");
    }
    assert_eq!(world.store.call_count(Method::ExtendToken), 2);
}

#[tokio::test]
async fn a_session_that_ended_is_good_no_more_and_is_not_revived_by_a_request_under_way() {
    let world = World::default();
    let guests = world.guests();
    let (guest, other) = (guests.arrive().await.unwrap(), guests.arrive().await.unwrap());
    world.clock.advance(DAY * 2);
    let gate = world.store.hold(Method::ExtendToken);
    let (known, ()) = tokio::join!(guests.recognise(&guest.session), async {
        gate.reached_by(1).await;
        guests.leave(&guest.session).await.unwrap();
        gate.open();
    });
    assert!(!known.unwrap().unwrap().renewed, "so that the browser's cookie is not either");
    assert!(guests.recognise(&guest.session).await.unwrap().is_none());
    guests.leave(&guest.session).await.unwrap();
    assert!(guests.recognise(&other.session).await.unwrap().is_some(), "the other's stays");
}

#[tokio::test]
async fn a_ticket_is_good_once_within_a_minute_and_only_as_a_ticket() {
    for (later, kind, good) in [
        (Duration::ZERO, TokenKind::Ticket, true),
        (TICKET_LIFETIME.saturating_sub(MOMENT), TokenKind::Ticket, true),
        (TICKET_LIFETIME, TokenKind::Ticket, false),
        (Duration::ZERO, TokenKind::Session, false),
    ] {
        let world = World::default();
        let ticket = world.guests().ticket(&sample::user("u")).await.unwrap();
        assert_eq!(ticket.expires_at, NOW + Duration::from_mins(1));
        let now = world.clock.advance(later);
        let hash = ticket.secret.hash();
        let taken = world.memory.take(&hash, kind, now).await.unwrap();
        assert_eq!(taken.map(|token| token.user), good.then(|| sample::user("u")), "{kind:?} after {later:?}");
        let again = world.memory.take(&hash, kind, now).await.unwrap();
        assert_eq!(again, None, "{kind:?} after {later:?}");
    }
}

#[tokio::test]
async fn everybody_gets_tickets_of_their_own_and_a_ticket_costs_no_session() {
    let world = World::default();
    let guests = world.guests();
    let guest = guests.arrive().await.unwrap();
    let (one, other) = (guests.ticket(&guest.user.id).await.unwrap(), guests.ticket(&sample::user("other")).await.unwrap());
    assert_ne!(one.secret, other.secret);
    for (ticket, user) in [(one, guest.user.id.clone()), (other, sample::user("other"))] {
        let taken = world.memory.take(&ticket.secret.hash(), TokenKind::Ticket, NOW).await.unwrap();
        assert_eq!(taken.map(|token| token.user), Some(user));
    }
    assert!(guests.recognise(&guest.session).await.unwrap().is_some());
}
