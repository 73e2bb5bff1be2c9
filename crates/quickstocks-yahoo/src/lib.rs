//! The Yahoo Finance client: session, quotes, spark, chart, search.
