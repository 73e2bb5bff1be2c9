-- Times are milliseconds since the Unix epoch. Symbol sets and lists are JSON arrays.

CREATE TABLE quote (
    symbol TEXT NOT NULL PRIMARY KEY,
    -- What "newest wins" compares; the rest of the quote is in the JSON, decimals as text.
    newest INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    json TEXT NOT NULL
) STRICT;

CREATE TABLE poll_entry (
    shard INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    on_screen_until INTEGER,
    armed_until INTEGER,
    followed_until INTEGER,
    polled_at INTEGER,
    rests_at TEXT,
    missing TEXT,
    PRIMARY KEY (shard, symbol)
) STRICT, WITHOUT ROWID;

CREATE TABLE connection (
    shard INTEGER NOT NULL,
    id TEXT NOT NULL,
    user TEXT NOT NULL,
    listed TEXT NOT NULL,
    watched TEXT NOT NULL,
    paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
    connected_at INTEGER NOT NULL,
    leased_until INTEGER,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (shard, id)
) STRICT;
CREATE INDEX connection_of_user ON connection (user, id);
CREATE INDEX connection_expiry ON connection (expires_at);

CREATE TABLE user (
    id TEXT NOT NULL PRIMARY KEY,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    hash TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    user TEXT NOT NULL,
    name TEXT,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_of_user ON token (user, created_at, hash);
CREATE INDEX token_expiry ON token (expires_at);

CREATE TABLE watchlist (
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    symbols TEXT NOT NULL,
    -- A JSON object: notes by symbol.
    notes TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (user, id)
) STRICT;

CREATE TABLE preferences (
    user TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    -- The whole of it; the version is there for conditions.
    json TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What there is one of: a single row, there from the beginning, so that every change to it is an UPDATE with a condition.
CREATE TABLE source (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- Which source the prices, the session and the status are of.
    name TEXT,
    session_cookie TEXT,
    session_crumb TEXT,
    session_fetched_at INTEGER,
    breaker_trips INTEGER NOT NULL DEFAULT 0,
    breaker_open_until INTEGER NOT NULL DEFAULT 0,
    last_tick INTEGER NOT NULL DEFAULT 0,
    status_tick INTEGER NOT NULL DEFAULT 0,
    status TEXT
) STRICT;
INSERT INTO source (one) VALUES (1);

CREATE TABLE source_calls (
    hour INTEGER PRIMARY KEY,
    calls INTEGER NOT NULL
) STRICT;
