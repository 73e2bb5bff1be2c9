use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;
use quickstocks_core::model::{AlertWork, ConnectionId, Tick, UserId};
use quickstocks_core::ports::{
    AlertWorkPublisher, ConnectionSender, Delivery, ListAnnouncer, ListChange, PublishError, TickPublisher,
};

use crate::{Gate, lock};

/// Keeps the changes of lists it is given instead of announcing them.
#[derive(Debug, Default)]
pub struct RecordingAnnouncer {
    changes: Mutex<Vec<(UserId, ListChange)>>,
    failing: Mutex<bool>,
}

impl RecordingAnnouncer {
    /// Every change so far, in order.
    pub fn changes(&self) -> Vec<(UserId, ListChange)> {
        lock(&self.changes).clone()
    }

    /// Fails every announcement from now on.
    pub fn fail(&self) {
        *lock(&self.failing) = true;
    }
}

#[async_trait]
impl ListAnnouncer for RecordingAnnouncer {
    async fn announce(&self, user: &UserId, change: &ListChange) -> Result<(), PublishError> {
        if *lock(&self.failing) {
            return Err(PublishError::Failed { failed: 1, total: 1, source: "told to fail".into() });
        }
        lock(&self.changes).push((user.clone(), change.clone()));
        Ok(())
    }
}

/// What a [`RecordingSender`] answers for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendAnswer {
    /// [`Delivery::Sent`]; the frame is recorded.
    Sent,
    /// [`Delivery::Gone`].
    Gone,
    /// [`Delivery::Throttled`].
    Throttled,
    /// [`Delivery::Failed`].
    Failed,
}

/// Keeps the frames it is given instead of sending them. A connection answers [`SendAnswer::Sent`] unless told otherwise.
#[derive(Debug, Default)]
pub struct RecordingSender {
    state: Mutex<Sending>,
}

#[derive(Debug, Default)]
struct Sending {
    frames: HashMap<ConnectionId, Vec<String>>,
    answers: HashMap<ConnectionId, SendAnswer>,
    next_answers: HashMap<ConnectionId, VecDeque<SendAnswer>>,
    gate: Option<Gate>,
    attempts: usize,
    in_flight: usize,
    most_in_flight: usize,
}

impl RecordingSender {
    /// What every frame to the connection is answered with from now on.
    pub fn answer(&self, connection: &ConnectionId, answer: SendAnswer) {
        lock(&self.state).answers.insert(connection.clone(), answer);
    }

    /// What the next frame to the connection is answered with; several calls make a queue.
    pub fn answer_next(&self, connection: &ConnectionId, answer: SendAnswer) {
        lock(&self.state).next_answers.entry(connection.clone()).or_default().push_back(answer);
    }

    /// Holds every frame sent from now on at a gate.
    pub fn hold(&self) -> Gate {
        lock(&self.state).gate.get_or_insert_default().clone()
    }

    /// The frames a connection took, in order.
    pub fn frames(&self, connection: &ConnectionId) -> Vec<String> {
        lock(&self.state).frames.get(connection).cloned().unwrap_or_default()
    }

    /// The connections that took a frame, in order of their ids.
    pub fn recipients(&self) -> Vec<ConnectionId> {
        let mut recipients: Vec<ConnectionId> = lock(&self.state).frames.keys().cloned().collect();
        recipients.sort_unstable();
        recipients
    }

    /// How many frames were to be sent, those not taken included.
    pub fn attempts(&self) -> usize {
        lock(&self.state).attempts
    }

    /// How many frames were under way at once, at the most.
    pub fn most_in_flight(&self) -> usize {
        lock(&self.state).most_in_flight
    }

    /// Forgets the frames and the counts; the answers stay.
    pub fn clear(&self) {
        let mut state = lock(&self.state);
        state.frames.clear();
        state.attempts = 0;
        state.most_in_flight = state.in_flight;
    }
}

#[async_trait]
impl ConnectionSender for RecordingSender {
    async fn send(&self, connection: &ConnectionId, frame: &str) -> Delivery {
        let (under_way, gate) = UnderWay::begin(self);
        match gate {
            Some(gate) => gate.pass().await,
            // Gives the other frames a chance to be under way too: a real sender waits for the network here.
            None => tokio::task::yield_now().await,
        }
        let answer = {
            let mut state = lock(&self.state);
            let scripted = state.next_answers.get_mut(connection).and_then(VecDeque::pop_front);
            let answer = scripted.or_else(|| state.answers.get(connection).copied()).unwrap_or(SendAnswer::Sent);
            if answer == SendAnswer::Sent {
                state.frames.entry(connection.clone()).or_default().push(frame.to_owned());
            }
            answer
        };
        drop(under_way);
        match answer {
            SendAnswer::Sent => Delivery::Sent,
            SendAnswer::Gone => Delivery::Gone,
            SendAnswer::Throttled => Delivery::Throttled,
            SendAnswer::Failed => Delivery::Failed("scripted failure".into()),
        }
    }
}

/// Counts a frame as under way until it is dropped, a cancelled one too.
struct UnderWay<'a>(&'a RecordingSender);

impl<'a> UnderWay<'a> {
    fn begin(sender: &'a RecordingSender) -> (Self, Option<Gate>) {
        let mut state = lock(&sender.state);
        state.attempts += 1;
        state.in_flight += 1;
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
        (Self(sender), state.gate.clone())
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).in_flight -= 1;
    }
}

/// Keeps the ticks it is given instead of publishing them.
#[derive(Debug, Default)]
pub struct RecordingPublisher {
    state: Mutex<Publishing>,
}

#[derive(Debug, Default)]
struct Publishing {
    calls: Vec<Vec<Tick>>,
    failures: VecDeque<usize>,
    alert_work: Vec<AlertWork>,
    failing_alert_work: usize,
}

impl RecordingPublisher {
    /// The ticks that were taken, in order.
    pub fn published(&self) -> Vec<Tick> {
        lock(&self.state).calls.iter().flatten().cloned().collect()
    }

    /// The ticks that were taken, call by call.
    pub fn calls(&self) -> Vec<Vec<Tick>> {
        lock(&self.state).calls.clone()
    }

    /// What was to be held against alerts, in order.
    pub fn alert_work(&self) -> Vec<AlertWork> {
        lock(&self.state).alert_work.clone()
    }

    /// Does not take what is next to be held against alerts.
    pub fn fail_next_alert_work(&self) {
        lock(&self.state).failing_alert_work += 1;
    }

    /// Does not take the first `ticks` ticks of the next call; the others are taken. Several calls make a queue.
    pub fn fail_next(&self, ticks: usize) {
        lock(&self.state).failures.push_back(ticks);
    }
}

#[async_trait]
impl TickPublisher for RecordingPublisher {
    async fn publish(&self, ticks: &[Tick]) -> Result<(), PublishError> {
        let mut state = lock(&self.state);
        let failed = state.failures.pop_front().unwrap_or(0).min(ticks.len());
        state.calls.push(ticks[failed..].to_vec());
        match failed {
            0 => Ok(()),
            failed => Err(PublishError::Failed { failed, total: ticks.len(), source: "scripted failure".into() }),
        }
    }
}

#[async_trait]
impl AlertWorkPublisher for RecordingPublisher {
    async fn publish_alert_work(&self, work: &AlertWork) -> Result<(), PublishError> {
        let mut state = lock(&self.state);
        if let Some(left) = state.failing_alert_work.checked_sub(1) {
            state.failing_alert_work = left;
            return Err(PublishError::Failed { failed: 1, total: 1, source: "scripted failure".into() });
        }
        state.alert_work.push(work.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn frames_are_recorded_per_connection_and_answers_follow_the_script() {
        let sender = RecordingSender::default();
        let (one, other) = (ConnectionId::new("one"), ConnectionId::new("other"));
        sender.answer_next(&one, SendAnswer::Throttled);
        sender.answer(&other, SendAnswer::Gone);
        assert!(matches!(sender.send(&one, "a").await, Delivery::Throttled));
        assert!(matches!(sender.send(&one, "b").await, Delivery::Sent));
        assert!(matches!(sender.send(&other, "c").await, Delivery::Gone));
        assert_eq!(sender.frames(&one), ["b"]);
        assert_eq!(sender.recipients(), [one]);
        assert_eq!(sender.attempts(), 3);
    }

    #[tokio::test]
    async fn frames_under_way_are_counted_even_when_they_are_cancelled() {
        let sender = RecordingSender::default();
        let gate = sender.hold();
        let ids: Vec<ConnectionId> = (0..5).map(|n| ConnectionId::new(&n.to_string())).collect();
        tokio::select! {
            _ = join_all(ids.iter().map(|id| sender.send(id, "late"))) => panic!("the gate is shut"),
            () = gate.reached_by(5) => {}
        }
        assert_eq!(sender.most_in_flight(), 5);
        gate.open();
        sender.clear();
        assert_eq!(sender.most_in_flight(), 0);
        sender.send(&ids[0], "now").await;
        assert_eq!(sender.most_in_flight(), 1);
        assert_eq!(sender.recipients(), ids[..1]);
    }
}
