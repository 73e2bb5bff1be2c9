//! Where answers come from: the simulation or a folder of recordings.

use crate::chart::{self, ChartError, ChartRequest};
use crate::chart_json;
use crate::json::{Object, array};
use crate::listing::{Kind, Listing, Oddity};
use crate::noise::Noise;
use crate::quote;
use crate::replay::Replay;
use crate::search::Entry;
use crate::simulation::{Simulation, Snapshot};

/// What answers the endpoints.
#[derive(Debug)]
pub(crate) enum Source {
    Simulated(Box<Simulated>),
    Recorded(Box<Replay>),
}

/// The simulation with what is derived from it once.
#[derive(Debug)]
pub(crate) struct Simulated {
    pub(crate) simulation: Simulation,
    entries: Vec<Entry>,
    seed: u64,
}

/// The moment of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now_ms: i64,
    pub(crate) always_open: bool,
}

impl Source {
    /// The quote objects of the symbols that are known, in the order of the request.
    pub(crate) fn quotes(&self, symbols: &[&str], fields: Option<&str>, at: Moment) -> Vec<String> {
        match self {
            Self::Simulated(market) => market.snapshots(symbols, at).map(|snapshot| quote::render(&snapshot, fields)).collect(),
            Self::Recorded(replay) => replay.quotes(symbols),
        }
    }

    pub(crate) fn spark(&self, symbols: &[&str], request: &ChartRequest, at: Moment) -> Result<String, ChartError> {
        match self {
            Self::Simulated(market) => {
                let results = market.charts(symbols, request, at, chart_json::spark)?;
                Ok(chart_json::spark_envelope(results))
            }
            Self::Recorded(replay) => Ok(chart_json::spark_envelope(replay.sparks(symbols))),
        }
    }

    pub(crate) fn flat_spark(&self, symbols: &[&str], request: &ChartRequest, at: Moment) -> Result<String, ChartError> {
        let entries = match self {
            Self::Simulated(market) => market.charts(symbols, request, at, chart_json::flat_spark)?,
            Self::Recorded(replay) => replay.flat_sparks(symbols),
        };
        Ok(format!("{{{}}}", entries.join(",")))
    }

    pub(crate) fn chart(&self, symbol: &str, request: &ChartRequest, at: Moment) -> Result<String, ChartError> {
        match self {
            Self::Simulated(market) => {
                let snapshot = market.snapshots(&[symbol], at).next().ok_or_else(ChartError::not_found)?;
                let chart = chart::build(&snapshot, request)?;
                Ok(chart_json::chart(&snapshot, &chart))
            }
            Self::Recorded(replay) => replay.chart(symbol, request),
        }
    }

    pub(crate) fn search(&self, query: &str, count: usize) -> String {
        match self {
            Self::Simulated(market) => crate::search::body(&market.entries, query, count),
            Self::Recorded(replay) => replay.search(query, count),
        }
    }

    pub(crate) fn trending(&self, region: &str, count: usize, at: Moment) -> String {
        match self {
            Self::Simulated(market) => trending_body(&market.trending(region, count, at)),
            Self::Recorded(replay) => replay.trending(region).map_or_else(|| trending_body(&[]), str::to_owned),
        }
    }

    pub(crate) fn symbols(&self) -> Vec<String> {
        match self {
            Self::Simulated(market) => {
                let listed = market.simulation.instruments.iter();
                listed.map(|instrument| instrument.listing.symbol.clone()).collect()
            }
            Self::Recorded(replay) => replay.symbols(),
        }
    }
}

impl Simulated {
    pub(crate) fn new(simulation: Simulation, seed: u64) -> Self {
        let entries = simulation
            .instruments
            .iter()
            .filter(|instrument| instrument.listing.oddity != Some(Oddity::NoneStub))
            .map(|instrument| {
                let exchange = simulation.exchange(instrument);
                entry(&instrument.listing, exchange.display)
            })
            .collect();
        Self { simulation, entries, seed }
    }

    fn snapshots<'a>(&'a self, symbols: &[&'a str], at: Moment) -> impl Iterator<Item = Snapshot<'a>> {
        let found: Vec<_> = symbols.iter().filter_map(|symbol| self.simulation.find(symbol)).collect();
        found.into_iter().map(move |instrument| self.simulation.snapshot(instrument, at.now_ms, at.always_open))
    }

    /// The charts of several symbols; those that have none are left out, a wrong request fails.
    fn charts(
        &self,
        symbols: &[&str],
        request: &ChartRequest,
        at: Moment,
        render: fn(&Snapshot<'_>, &chart::Chart) -> String,
    ) -> Result<Vec<String>, ChartError> {
        let mut rendered = Vec::with_capacity(symbols.len());
        for snapshot in self.snapshots(symbols, at) {
            match chart::build(&snapshot, request) {
                Ok(chart) => rendered.push(render(&snapshot, &chart)),
                Err(error) if error.status == 404 => {}
                Err(error) => return Err(error),
            }
        }
        Ok(rendered)
    }

    /// Much traded names of a region, others each hour.
    fn trending(&self, region: &str, count: usize, at: Moment) -> Vec<String> {
        let market = match region.to_uppercase().as_str() {
            "GB" => "gb_market",
            "AU" => "au_market",
            "DE" => "de_market",
            "FR" => "fr_market",
            "IT" => "it_market",
            "ES" => "es_market",
            "CA" => "ca_market",
            "HK" => "hk_market",
            "IN" => "in_market",
            _ => "us_market",
        };
        let hour = at.now_ms.div_euclid(3_600_000);
        let mut ranked: Vec<(f64, &str)> = self
            .simulation
            .instruments
            .iter()
            .filter(|instrument| {
                let listing = &instrument.listing;
                let local = self.simulation.exchange(instrument).market == market;
                let world = matches!(listing.kind, Kind::Crypto | Kind::Future);
                (local || world) && listing.oddity.is_none() && listing.turnover() > 0.0
            })
            .map(|instrument| {
                let listing = &instrument.listing;
                let noise = Noise::new(self.seed, &listing.symbol);
                // Half of it fame, half of it what happens to be talked about.
                (listing.turnover().ln() + 8.0 * noise.unit(0xB00, hour), listing.symbol.as_str())
            })
            .collect();
        ranked.sort_by(|left, right| right.0.total_cmp(&left.0));
        ranked.into_iter().take(count).map(|(_, symbol)| symbol.to_owned()).collect()
    }
}

fn entry(listing: &Listing, exchange_display: &str) -> Entry {
    let single_name = matches!(listing.kind, Kind::Index | Kind::Future | Kind::AltSymbol);
    Entry {
        symbol: listing.symbol.clone(),
        short_name: listing.short_name.clone(),
        long_name: (!single_name).then(|| listing.long_name.clone()),
        quote_type: listing.kind.quote_type().to_owned(),
        type_display: listing.kind.display().to_owned(),
        exchange: listing.exchange.to_owned(),
        exchange_display: exchange_display.to_owned(),
        sector: listing.sector.to_owned(),
        industry: listing.industry.clone(),
        isin: listing.isin.clone(),
        popularity: listing.turnover(),
    }
}

fn trending_body(symbols: &[String]) -> String {
    let quotes = symbols.iter().map(|symbol| {
        let mut quote = Object::new();
        quote.text("symbol", symbol);
        quote.finish()
    });
    format!(
        r#"{{"finance":{{"result":[{{"count":{},"quotes":{},"jobTimestamp":0,"startInterval":0}}],"error":null}}}}"#,
        symbols.len(),
        array(quotes)
    )
}
