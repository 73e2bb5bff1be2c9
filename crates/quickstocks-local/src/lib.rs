//! QuickStocks on one machine: the same handlers in one process.
