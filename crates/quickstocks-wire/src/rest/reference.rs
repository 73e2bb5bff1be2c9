//! Bodies about instruments beside their prices.

use std::collections::BTreeMap;
use std::sync::Arc;

use quickstocks_core::currencies::Rate;
use quickstocks_core::model::{Details, Named, Spark, StoredQuote, Symbol, Timestamp};
use quickstocks_core::reference::Popular;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::schema;

/// What is known of one instrument.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstrumentBody {
    /// The symbol.
    #[schema(value_type = String, example = "AAPL")]
    pub symbol: Symbol,
    /// Its quote; absent while it cannot be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::Quote, nullable = false)]
    pub quote: Option<StoredQuote>,
    /// Dates and figures that change slowly; absent while they cannot be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::Details, nullable = false)]
    pub details: Option<Arc<Details>>,
}

/// Small drawings of some symbols' last session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SparksBody {
    /// The drawings by symbol.
    #[schema(value_type = BTreeMap<String, schema::Spark>)]
    pub sparks: BTreeMap<Symbol, Arc<Spark>>,
    /// The symbols without one, now or at all.
    #[schema(value_type = Vec<String>)]
    pub missing: Vec<Symbol>,
}

/// The symbols that many want to see.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrendingBody {
    /// What the source's users look at, the most wanted first; empty when the source cannot be asked.
    #[schema(value_type = Vec<schema::Named>)]
    pub trending: Vec<Named>,
    /// What is followed here by at least three, the most followed first.
    #[schema(value_type = Vec<schema::MostFollowed>)]
    pub most_followed: Vec<MostFollowed>,
    /// When that was counted; absent before the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, nullable = false)]
    pub counted_at: Option<Timestamp>,
}

/// A symbol and how many follow it.
#[derive(Debug, Serialize)]
pub struct MostFollowed {
    /// The symbol and its name.
    #[serde(flatten)]
    pub named: Named,
    /// How many users follow it.
    pub followers: u32,
}

impl From<Popular> for TrendingBody {
    fn from(popular: Popular) -> Self {
        let most_followed = popular.most_followed.into_iter().map(|(named, followers)| MostFollowed { named, followers });
        Self { trending: popular.trending, most_followed: most_followed.collect(), counted_at: popular.counted_at }
    }
}

/// What some currencies are worth in another one.
#[derive(Debug, Serialize, ToSchema)]
pub struct RatesBody {
    /// The other one.
    #[schema(example = "EUR")]
    pub to: String,
    /// By currency.
    pub rates: BTreeMap<String, RateBody>,
    /// The currencies without a rate, now or at all.
    pub missing: Vec<String>,
}

/// What one unit of a currency is worth.
#[derive(Debug, Serialize, ToSchema)]
pub struct RateBody {
    /// So many units of the other currency.
    #[schema(value_type = String, example = "0.8597")]
    pub rate: Decimal,
    /// When the older of the quotes it is reckoned from was dated.
    #[schema(value_type = i64)]
    pub at: Timestamp,
}

impl From<Rate> for RateBody {
    fn from(rate: Rate) -> Self {
        Self { rate: rate.rate, at: rate.at }
    }
}
