//! Serves a folder of recorded bodies through the same endpoints.

mod index;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::chart::{ChartError, ChartRequest};
use crate::search::Entry;

use index::{Recording, query_value};

/// Why a folder of recordings cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The folder has no readable index.
    #[error(
        "{folder} has no readable index.json; a folder of recordings holds the recorded bodies and an index.json \
         with a list \"files\" that names file, endpoint, request_url, http_status and recorded_at of each"
    )]
    NoIndex {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The index is not of the expected form.
    #[error("{path} is no index of recordings: expected an object with a list \"files\"")]
    BadIndex {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A recording that the index names cannot be read.
    #[error("cannot read {path}, which index.json names")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A recorded body is not what its endpoint answers with.
    #[error("{path} is no recorded {endpoint} body")]
    BadBody {
        /// The file.
        path: PathBuf,
        /// The endpoint that the index names.
        endpoint: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The index names no quotes and no charts.
    #[error("{folder} holds neither quote nor chart recordings, so there is nothing to serve")]
    Empty {
        /// The folder.
        folder: PathBuf,
    },
}

/// How complete a recorded quote is; the better one is served even if it is older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    /// The request named `fields=`, so most are missing.
    Partial,
    /// Found in an options or screener answer.
    Aside,
    /// A quote answer with all fields.
    Full,
}

/// Recorded bodies, by what they answer.
#[derive(Debug, Default)]
pub struct Replay {
    /// Quote objects as they were recorded, by upper-case symbol.
    quotes: BTreeMap<String, Ranked<String>>,
    /// Objects of the v7 spark result, by upper-case symbol.
    sparks: BTreeMap<String, Ranked<String>>,
    /// `"SYMBOL":{…}` of the flat spark answer, by upper-case symbol.
    flat_sparks: BTreeMap<String, Ranked<String>>,
    charts: BTreeMap<String, Vec<RecordedChart>>,
    /// Search bodies by lower-case query.
    searches: BTreeMap<String, Ranked<String>>,
    trending: BTreeMap<String, Ranked<String>>,
    entries: Vec<Entry>,
}

/// A value and what makes it better than another: its grade, then how new it is.
#[derive(Debug)]
struct Ranked<T> {
    rank: (Grade, i64),
    value: T,
}

#[derive(Debug)]
struct RecordedChart {
    status: u16,
    range: Option<String>,
    interval: Option<String>,
    recorded_s: i64,
    body: String,
}

#[derive(Deserialize)]
struct QuoteBody<'a> {
    #[serde(rename = "quoteResponse", borrow)]
    response: QuoteResponse<'a>,
}

#[derive(Deserialize)]
struct QuoteResponse<'a> {
    #[serde(borrow)]
    result: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct SparkBody<'a> {
    #[serde(borrow)]
    spark: QuoteResponse<'a>,
}

#[derive(Deserialize)]
struct Symbol {
    symbol: String,
}

impl Replay {
    /// Reads a folder of recordings.
    ///
    /// # Errors
    ///
    /// If the index or a recording that it names cannot be read, or nothing in it can be served.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, ReplayError> {
        let folder = folder.as_ref();
        let mut replay = Self::default();
        for recording in index::read(folder)? {
            replay.add(&recording).map_err(|source| ReplayError::BadBody {
                path: recording.path.clone(),
                endpoint: recording.endpoint.clone(),
                source,
            })?;
        }
        if replay.quotes.is_empty() && replay.charts.is_empty() {
            return Err(ReplayError::Empty { folder: folder.to_owned() });
        }
        replay.entries = replay.quotes.values().filter_map(|quote| entry(&quote.value)).collect();
        Ok(replay)
    }

    /// The symbols that have a recorded quote.
    pub fn symbols(&self) -> Vec<String> {
        self.quotes.keys().cloned().collect()
    }

    fn add(&mut self, recording: &Recording) -> Result<(), serde_json::Error> {
        let answered = recording.status == 200;
        match recording.endpoint.as_str() {
            "quote" if answered => {
                let body: QuoteBody<'_> = serde_json::from_str(&recording.body)?;
                let partial = query_value(&recording.url, "fields").is_some();
                let grade = if partial { Grade::Partial } else { Grade::Full };
                for quote in body.response.result {
                    self.add_quote(quote.get(), grade, recording.recorded_s)?;
                }
            }
            "options" | "screener" if answered => {
                let body: Value = serde_json::from_str(&recording.body)?;
                for quote in quotes_within(&body) {
                    self.add_quote(&quote.to_string(), Grade::Aside, recording.recorded_s)?;
                }
            }
            "spark" if answered => self.add_spark(recording)?,
            "chart" => self.add_chart(recording)?,
            "search" if answered => {
                if let Some(query) = query_value(&recording.url, "q") {
                    keep_better(&mut self.searches, query.trim().to_lowercase(), Grade::Full, recording, recording.body.clone());
                }
            }
            "trending" if answered => {
                let region = recording.url.split(['?', '#']).next().and_then(|path| path.rsplit('/').next());
                let region = region.unwrap_or_default().to_uppercase();
                keep_better(&mut self.trending, region, Grade::Full, recording, recording.body.clone());
            }
            // Sessions, limits and errors are played by the server itself; the rest has no endpoint here.
            _ => {}
        }
        Ok(())
    }

    fn add_quote(&mut self, quote: &str, grade: Grade, recorded_s: i64) -> Result<(), serde_json::Error> {
        let Symbol { symbol } = serde_json::from_str(quote)?;
        let rank = (grade, recorded_s);
        let key = symbol.to_uppercase();
        if self.quotes.get(&key).is_none_or(|known| known.rank <= rank) {
            self.quotes.insert(key, Ranked { rank, value: quote.to_owned() });
        }
        Ok(())
    }

    fn add_spark(&mut self, recording: &Recording) -> Result<(), serde_json::Error> {
        if recording.url.contains("/v7/") {
            let body: SparkBody<'_> = serde_json::from_str(&recording.body)?;
            for result in body.spark.result {
                let Symbol { symbol } = serde_json::from_str(result.get())?;
                keep_better(&mut self.sparks, symbol.to_uppercase(), Grade::Full, recording, result.get().to_owned());
            }
        } else {
            let body: BTreeMap<String, &RawValue> = serde_json::from_str(&recording.body)?;
            for (symbol, flat) in body {
                let entry = format!("{}:{}", crate::json::quoted(&symbol), flat.get());
                keep_better(&mut self.flat_sparks, symbol.to_uppercase(), Grade::Full, recording, entry);
            }
        }
        Ok(())
    }

    fn add_chart(&mut self, recording: &Recording) -> Result<(), serde_json::Error> {
        let body: Value = serde_json::from_str(&recording.body)?;
        let meta = body.pointer("/chart/result/0/meta");
        let of_meta = |name: &str| {
            let text = meta?.get(name)?.as_str()?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        let path = recording.url.split(['?', '#']).next().unwrap_or_default();
        let in_path = path.rsplit('/').next().unwrap_or_default();
        let in_path = percent_encoding::percent_decode_str(in_path).decode_utf8_lossy().into_owned();
        let symbol = of_meta("symbol").unwrap_or(in_path);
        let charts = self.charts.entry(symbol.to_uppercase()).or_default();
        charts.push(RecordedChart {
            status: recording.status,
            range: of_meta("range").or_else(|| query_value(&recording.url, "range")),
            interval: of_meta("dataGranularity").or_else(|| query_value(&recording.url, "interval")),
            recorded_s: recording.recorded_s,
            body: recording.body.clone(),
        });
        Ok(())
    }

    pub(crate) fn quotes(&self, symbols: &[&str]) -> Vec<String> {
        find(&self.quotes, symbols)
    }

    pub(crate) fn sparks(&self, symbols: &[&str]) -> Vec<String> {
        find(&self.sparks, symbols)
    }

    pub(crate) fn flat_sparks(&self, symbols: &[&str]) -> Vec<String> {
        find(&self.flat_sparks, symbols)
    }

    /// The recording that fits the request best: one that is a chart, of the range, of the interval, the newest.
    pub(crate) fn chart(&self, symbol: &str, request: &ChartRequest) -> Result<String, ChartError> {
        let best = self.charts.get(&symbol.to_uppercase()).and_then(|charts| {
            charts.iter().max_by_key(|chart| {
                let fits = |recorded: &Option<String>, wanted: &Option<String>| wanted.is_some() && recorded == wanted;
                (
                    chart.status == 200,
                    fits(&chart.range, &request.range),
                    fits(&chart.interval, &request.interval),
                    chart.recorded_s,
                )
            })
        });
        match best {
            Some(chart) if chart.status == 200 => Ok(chart.body.clone()),
            Some(chart) => Err(ChartError { status: chart.status, body: chart.body.clone() }),
            None => Err(ChartError::not_found()),
        }
    }

    /// The recorded answer to the query, or a search over the names of the recorded quotes.
    pub(crate) fn search(&self, query: &str, count: usize) -> String {
        match self.searches.get(&query.trim().to_lowercase()) {
            Some(recorded) => recorded.value.clone(),
            None => crate::search::body(&self.entries, query, count),
        }
    }

    pub(crate) fn trending(&self, region: &str) -> Option<&str> {
        self.trending.get(&region.to_uppercase()).map(|recorded| recorded.value.as_str())
    }
}

fn keep_better(known: &mut BTreeMap<String, Ranked<String>>, key: String, grade: Grade, recording: &Recording, value: String) {
    let rank = (grade, recording.recorded_s);
    if known.get(&key).is_none_or(|known| known.rank <= rank) {
        known.insert(key, Ranked { rank, value });
    }
}

fn find(known: &BTreeMap<String, Ranked<String>>, symbols: &[&str]) -> Vec<String> {
    let found = symbols.iter().filter_map(|symbol| known.get(&symbol.to_uppercase()));
    found.map(|ranked| ranked.value.clone()).collect()
}

/// Quote objects inside an options or screener answer, unless their numbers are formatted.
fn quotes_within(body: &Value) -> Vec<&Value> {
    let options = body.pointer("/optionChain/result").and_then(Value::as_array);
    let screened = body.pointer("/finance/result").and_then(Value::as_array);
    let options = options.into_iter().flatten().filter_map(|chain| chain.get("quote"));
    let screened = screened.into_iter().flatten().filter_map(|screen| screen.get("quotes")?.as_array()).flatten();
    options
        .chain(screened)
        .filter(|quote| quote.get("symbol").is_some_and(Value::is_string))
        .filter(|quote| !quote.get("regularMarketPrice").is_some_and(Value::is_object))
        .collect()
}

/// What a search shows of a recorded quote.
fn entry(quote: &str) -> Option<Entry> {
    let quote: Value = serde_json::from_str(quote).ok()?;
    let text = |name: &str| quote.get(name).and_then(Value::as_str).map(str::to_owned);
    let quote_type = text("quoteType").filter(|kind| kind != "NONE")?;
    let symbol = text("symbol")?;
    Some(Entry {
        short_name: text("shortName").unwrap_or_else(|| symbol.clone()),
        long_name: text("longName"),
        type_display: text("typeDisp").unwrap_or_else(|| quote_type.clone()),
        quote_type,
        exchange: text("exchange").unwrap_or_default(),
        exchange_display: text("fullExchangeName").unwrap_or_default(),
        popularity: quote.get("marketCap").and_then(Value::as_f64).unwrap_or(0.0),
        symbol,
        ..Entry::default()
    })
}
