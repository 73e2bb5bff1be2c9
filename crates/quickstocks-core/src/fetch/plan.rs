use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{CallBudget, PollEntry, Symbol, Timestamp, Urgency};

/// How often a symbol is polled whose market cannot move or that has no quote. Spare room in a call shortens it,
/// and the first symbol of an exchange that moves wakes the others.
pub const RESTING_INTERVAL: Duration = Duration::from_mins(15);

/// What a plan has to keep to.
#[derive(Clone, Copy, Debug)]
pub struct PlanConfig {
    /// The time between two ticks.
    pub tick: Duration,
    /// How many symbols one call to the source holds.
    pub symbols_per_call: usize,
    /// How many calls an hour may have.
    pub budget: CallBudget,
}

/// How many symbols are wanted, by urgency, and how many of those rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// On somebody's screen.
    pub on_screen: u32,
    /// Under an armed alert.
    pub armed: u32,
    /// On a list only.
    pub followed: u32,
    /// Of all these, how many cannot move now.
    pub resting: u32,
}

/// What to poll in this tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The symbols, the most urgent first; none twice.
    pub symbols: Vec<Symbol>,
    /// What is wanted altogether.
    pub demand: Demand,
    /// Seconds between two polls of a moving symbol on screen.
    pub on_screen_interval: u32,
    /// The same under an armed alert.
    pub armed_interval: u32,
    /// The same on a list only.
    pub followed_interval: u32,
    /// Whether the budget keeps the plan from polling everything in every tick.
    pub stretched: bool,
}

impl Plan {
    /// The time within which everything that can move is polled, in seconds.
    pub fn interval(&self) -> u32 {
        if self.demand.followed > 0 {
            self.followed_interval
        } else if self.demand.armed > 0 {
            self.armed_interval
        } else {
            self.on_screen_interval
        }
    }
}

/// Chooses what to poll at `now`, when `spent` calls of this hour's budget are gone.
///
/// A moving symbol is due in every tick if the budget allows it; else the interval of the least urgent ones is
/// stretched first, and each urgency is served by turns, the longest waiting first; none is left out altogether. A resting
/// symbol is due after [`RESTING_INTERVAL`]. What room is left in the last call is filled with what has waited longest, for nothing.
pub fn plan(entries: &[PollEntry], now: Timestamp, spent: u32, config: &PlanConfig) -> Plan {
    let per_call = config.symbols_per_call.max(1);
    let wanted = wanted(entries, now);
    let demand = demand(&wanted);
    let calls = calls_this_tick(config, now, spent);

    let moving_calls = |most: Urgency| {
        let count = wanted.iter().filter(|one| one.urgency <= most && !one.resting).count();
        u32::try_from(count.div_ceil(per_call)).unwrap_or(u32::MAX)
    };
    let intervals =
        Intervals::new(config, [moving_calls(Urgency::OnScreen), moving_calls(Urgency::Armed), moving_calls(Urgency::Followed)]);

    // Half a tick of slack: a poll that came a little late must not cost its symbol a whole tick.
    let slack = config.tick / 2;
    let mut due: Vec<&Wanted<'_>> = wanted
        .iter()
        .filter(|one| {
            let interval = if one.resting { RESTING_INTERVAL } else { intervals.of(one.urgency) };
            one.entry.polled_at.is_none_or(|polled| polled + interval <= now + slack)
        })
        .collect();
    due.sort_by_key(|one| (one.turn(), one.entry.polled_at));

    let room = usize::try_from(calls).unwrap_or(usize::MAX).saturating_mul(per_call);
    let cut_off = due.len() > room;
    let due = within(due, room);
    let mut symbols: Vec<Symbol> = due.iter().map(|one| one.entry.symbol.clone()).collect();
    let spare = symbols.len().div_ceil(per_call) * per_call - symbols.len();
    symbols.extend(longest_waiting(&wanted, &symbols, spare));

    Plan {
        symbols,
        demand,
        on_screen_interval: seconds(intervals.of(Urgency::OnScreen)),
        armed_interval: seconds(intervals.of(Urgency::Armed)),
        followed_interval: seconds(intervals.of(Urgency::Followed)),
        stretched: cut_off || intervals.of(Urgency::Followed) > config.tick,
    }
}

/// Every other symbol of an exchange that was seen to move: they are due at once.
pub(super) fn woken<'a>(
    entries: &'a [PollEntry],
    moving_exchanges: &HashSet<Arc<str>>,
    polled: &HashSet<Symbol>,
) -> Vec<&'a PollEntry> {
    entries
        .iter()
        .filter(|entry| !polled.contains(&entry.symbol))
        .filter(|entry| entry.rests_at.as_ref().is_some_and(|exchange| moving_exchanges.contains(exchange)))
        .collect()
}

struct Wanted<'a> {
    entry: &'a PollEntry,
    urgency: Urgency,
    resting: bool,
}

impl Wanted<'_> {
    /// The smaller, the sooner: what rests comes after all that moves.
    fn turn(&self) -> (bool, Urgency) {
        (self.resting, self.urgency)
    }
}

/// As many of these, which stand in their order, as there is room for. A tenth of the room is kept for each turn: else
/// what is less urgent, or rests while its exchange opens, would wait for ever while the more urgent fill every call.
fn within<'a>(due: Vec<&'a Wanted<'a>>, room: usize) -> Vec<&'a Wanted<'a>> {
    if due.len() <= room {
        return due;
    }
    let kept = room.div_ceil(10);
    let (first, rest): (Vec<_>, Vec<_>) =
        due.chunk_by(|a, b| a.turn() == b.turn()).flat_map(|turn| turn.iter().enumerate()).partition(|(nth, _)| *nth < kept);
    let mut chosen: Vec<&'a Wanted<'a>> = first.into_iter().chain(rest).map(|(_, one)| *one).take(room).collect();
    chosen.sort_by_key(|one| (one.turn(), one.entry.polled_at));
    chosen
}

fn wanted(entries: &[PollEntry], now: Timestamp) -> Vec<Wanted<'_>> {
    let mut seen = HashSet::with_capacity(entries.len());
    entries
        .iter()
        .filter_map(|entry| {
            let urgency = entry.urgency(now)?;
            seen.insert(&entry.symbol).then_some(Wanted {
                entry,
                urgency,
                resting: entry.rests_at.is_some() || entry.missing.is_some(),
            })
        })
        .collect()
}

fn demand(wanted: &[Wanted<'_>]) -> Demand {
    let mut demand = Demand::default();
    for one in wanted {
        match one.urgency {
            Urgency::OnScreen => demand.on_screen += 1,
            Urgency::Armed => demand.armed += 1,
            Urgency::Followed => demand.followed += 1,
        }
        demand.resting += u32::from(one.resting);
    }
    demand
}

/// How many calls this tick may make: what is left of the hour, spread over what is left of the hour. Calls that an
/// earlier tick saved are spread over the later ones, and one call at least is made while any is left.
fn calls_this_tick(config: &PlanConfig, now: Timestamp, spent: u32) -> u32 {
    let CallBudget::PerHour(per_hour) = config.budget else { return u32::MAX };
    let left = per_hour.saturating_sub(spent);
    let ticks_left = HOUR.saturating_sub(into_hour(now)).as_millis().div_ceil(config.tick.as_millis().max(1)).max(1);
    u32::try_from(u128::from(left).div_ceil(ticks_left)).unwrap_or(left).min(left)
}

const HOUR: Duration = Duration::from_hours(1);

fn into_hour(now: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(now.millis().rem_euclid(3_600_000)).unwrap_or(0))
}

/// How long each urgency waits between two polls of a symbol that moves.
struct Intervals {
    on_screen: Duration,
    armed: Duration,
    followed: Duration,
}

impl Intervals {
    /// From the calls it takes to poll everything up to and with each urgency once. An urgency gets what the more
    /// urgent ones leave of the budget, and never less than a tenth of it: nobody waits for ever.
    fn new(config: &PlanConfig, [on_screen, armed, followed]: [u32; 3]) -> Self {
        let CallBudget::PerHour(per_hour) = config.budget else {
            return Self { on_screen: config.tick, armed: config.tick, followed: config.tick };
        };
        let ticks_an_hour = HOUR.as_secs_f64() / config.tick.as_secs_f64().max(1.0);
        let stretch = |calls: u32, before: u32| {
            if calls == before {
                // None, or as many as find room in the calls that the more urgent ones take anyway.
                return config.tick;
            }
            let rounds_before = f64::from(before) * ticks_an_hour;
            let left = (f64::from(per_hour) - rounds_before).max(f64::from(per_hour) / 10.0).max(1.0);
            let rounds = left / f64::from(calls.saturating_sub(before));
            let interval = Duration::from_secs_f64(HOUR.as_secs_f64() / rounds.max(0.01));
            whole_ticks(interval.max(config.tick), config.tick)
        };
        let on_screen_interval = stretch(on_screen, 0);
        let armed_interval = stretch(armed, on_screen).max(on_screen_interval);
        let followed_interval = stretch(followed, armed).max(armed_interval);
        Self { on_screen: on_screen_interval, armed: armed_interval, followed: followed_interval }
    }

    fn of(&self, urgency: Urgency) -> Duration {
        match urgency {
            Urgency::OnScreen => self.on_screen,
            Urgency::Armed => self.armed,
            Urgency::Followed => self.followed,
        }
    }
}

fn whole_ticks(interval: Duration, tick: Duration) -> Duration {
    let tick_ms = tick.as_millis().max(1);
    Duration::from_millis(u64::try_from(interval.as_millis().div_ceil(tick_ms) * tick_ms).unwrap_or(u64::MAX))
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs().max(1)).unwrap_or(u32::MAX)
}

/// What has waited longest among the wanted symbols that are not due, to fill a call that is made anyway.
fn longest_waiting(wanted: &[Wanted<'_>], chosen: &[Symbol], room: usize) -> Vec<Symbol> {
    if room == 0 {
        return Vec::new();
    }
    let chosen: HashSet<&Symbol> = chosen.iter().collect();
    let mut waiting: Vec<&Wanted<'_>> = wanted.iter().filter(|one| !chosen.contains(&one.entry.symbol)).collect();
    waiting.sort_by_key(|one| one.entry.polled_at);
    waiting.into_iter().take(room).map(|one| one.entry.symbol.clone()).collect()
}
