CREATE TABLE push_subscription (
    id TEXT NOT NULL PRIMARY KEY,
    user TEXT NOT NULL,
    -- What conditions compare; everything but the state stands in the JSON.
    p256dh TEXT NOT NULL,
    auth TEXT NOT NULL,
    -- JSON, the same text for the same state.
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    json TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX push_subscription_of_user ON push_subscription (user, created_at, id);

-- How many messages somebody asked for in an hour.
CREATE TABLE push_order (
    user TEXT NOT NULL,
    purpose TEXT NOT NULL,
    hour INTEGER NOT NULL,
    orders INTEGER NOT NULL,
    PRIMARY KEY (user, purpose, hour)
) STRICT, WITHOUT ROWID;
