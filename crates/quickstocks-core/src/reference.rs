//! What is known of instruments beside their prices, for somebody who asks now: kept for a while, so that many who ask cost one call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Details, Followed, Named, Spark, Symbol, Timestamp};
use crate::ports::{Clock, QuoteReader, ReferenceSource, SourceError, StoreError, SweepReader};
use crate::recent::Recent;

/// For how long details are kept: they change with a quarter, but for what is reckoned from the price.
const DETAILS_LIFETIME: Duration = Duration::from_hours(1);

/// For how long a small drawing is kept: its last point is drawn from the live price.
const SPARK_LIFETIME: Duration = Duration::from_mins(15);

/// For how long it is kept what trends, and who is followed most.
const TRENDING_LIFETIME: Duration = Duration::from_mins(15);

/// How many symbols' details and drawings are kept: some 300 bytes each.
const MOST_KEPT: usize = 5_000;

/// How many symbols are answered as trending and as followed most.
const MOST_SHOWN: usize = 20;

/// Reads reference data, and what it works with. One of it per process: it keeps what it read.
#[derive(Clone)]
pub struct Reference {
    source: Arc<dyn ReferenceSource>,
    quotes: Arc<dyn QuoteReader>,
    sweep: Arc<dyn SweepReader>,
    clock: Arc<dyn Clock>,
    kept: Arc<Kept>,
}

struct Kept {
    details: Recent<Symbol, Arc<Details>>,
    sparks: Recent<Symbol, Option<Arc<Spark>>>,
    trending: Recent<(), Arc<[Symbol]>>,
    popular: Recent<(), Arc<MostFollowed>>,
}

/// The symbols that many want to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Popular {
    /// What the source's users look at, the most wanted first; none when the source cannot be asked.
    pub trending: Vec<Named>,
    /// What is followed here, by whom is not told; the most followed first.
    pub most_followed: Vec<(Named, u32)>,
    /// When that was counted; `None` before the first time.
    pub counted_at: Option<Timestamp>,
}

struct MostFollowed {
    counted_at: Option<Timestamp>,
    symbols: Vec<Followed>,
}

impl Reference {
    /// Reads at this source, and from these stores.
    pub fn new(
        source: Arc<dyn ReferenceSource>,
        quotes: Arc<dyn QuoteReader>,
        sweep: Arc<dyn SweepReader>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let kept = Kept {
            details: Recent::new(MOST_KEPT, DETAILS_LIFETIME),
            sparks: Recent::new(MOST_KEPT, SPARK_LIFETIME),
            trending: Recent::new(1, TRENDING_LIFETIME),
            popular: Recent::new(1, TRENDING_LIFETIME),
        };
        Self { source, quotes, sweep, clock, kept: Arc::new(kept) }
    }

    /// Dates and figures of one instrument.
    pub async fn details(&self, symbol: &Symbol) -> Result<Arc<Details>, SourceError> {
        let load = async { self.source.details(symbol).await.map(Arc::new) };
        self.kept.details.get(symbol, self.clock.now(), load).await
    }

    /// The last session's closes of these symbols, those that have any. Fails only when the source had to be asked about all of them
    /// and could not.
    pub async fn sparks(&self, symbols: &[Symbol]) -> Result<BTreeMap<Symbol, Arc<Spark>>, SourceError> {
        let now = self.clock.now();
        let mut found = BTreeMap::new();
        let mut wanted: Vec<Symbol> = Vec::new();
        for symbol in symbols {
            match self.kept.sparks.peek(symbol, now) {
                Some(Some(spark)) => drop(found.insert(symbol.clone(), spark)),
                Some(None) => {}
                None if wanted.contains(symbol) => {}
                None => wanted.push(symbol.clone()),
            }
        }
        if wanted.is_empty() {
            return Ok(found);
        }
        match self.source.sparks(&wanted).await {
            Ok(read) => {
                for (symbol, spark) in read {
                    let spark = spark.map(Arc::new);
                    self.kept.sparks.put(symbol.clone(), spark.clone(), now);
                    found.extend(spark.map(|spark| (symbol, spark)));
                }
                Ok(found)
            }
            Err(error) if found.is_empty() => Err(error),
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "some small drawings could not be had");
                Ok(found)
            }
        }
    }

    /// When the last sweep that came to its end began, give or take a quarter of an hour.
    pub async fn swept_at(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.most_followed(self.clock.now()).await?.counted_at)
    }

    async fn most_followed(&self, now: Timestamp) -> Result<Arc<MostFollowed>, StoreError> {
        let load = async {
            let state = self.sweep.sweep().await?;
            Ok(Arc::new(MostFollowed { counted_at: state.swept_at, symbols: state.most_followed }))
        };
        self.kept.popular.get(&(), now, load).await
    }

    /// What many want to see. Where the source cannot be asked nothing trends.
    pub async fn popular(&self) -> Result<Popular, StoreError> {
        let now = self.clock.now();
        let load = async { self.source.trending().await.map(Arc::from) };
        let trending: Arc<[Symbol]> = self.kept.trending.get(&(), now, load).await.unwrap_or_else(|error| {
            tracing::debug!(error = &error as &dyn std::error::Error, "what trends could not be had");
            Arc::from([])
        });
        let followed = self.most_followed(now).await?;
        let trending = &trending[..trending.len().min(MOST_SHOWN)];
        let most_followed = &followed.symbols[..followed.symbols.len().min(MOST_SHOWN)];
        let symbols: Vec<Symbol> = trending.iter().chain(most_followed.iter().map(|one| &one.symbol)).cloned().collect();
        let quotes = self.quotes.quotes(&symbols).await?;
        let named = |symbol: &Symbol| {
            let quote = quotes.iter().find(|stored| stored.quote.symbol == *symbol);
            Named { symbol: symbol.clone(), name: quote.map(|stored| Arc::clone(&stored.quote.name)) }
        };
        Ok(Popular {
            trending: trending.iter().map(named).collect(),
            most_followed: most_followed.iter().map(|one| (named(&one.symbol), one.followers)).collect(),
            counted_at: followed.counted_at,
        })
    }
}
