CREATE TABLE alert (
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    -- Whether quotes are held against it.
    watched INTEGER NOT NULL CHECK (watched IN (0, 1)),
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    -- The whole of it.
    json TEXT NOT NULL,
    PRIMARY KEY (user, id)
) STRICT;
CREATE INDEX alert_armed ON alert (symbol) WHERE watched = 1;

-- The inbox, and what is still to be delivered of it.
CREATE TABLE notification (
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    alert TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    read_at INTEGER,
    pending INTEGER NOT NULL CHECK (pending IN (0, 1)),
    -- JSON: what became of it on the way.
    delivery TEXT NOT NULL,
    -- Everything else, as it was made.
    json TEXT NOT NULL,
    PRIMARY KEY (user, id)
) STRICT;
CREATE INDEX notification_of_alert ON notification (user, alert, id);
CREATE INDEX notification_age ON notification (created_at);

-- One row for each user for whom something is pending.
CREATE TABLE outbox (
    user TEXT NOT NULL PRIMARY KEY,
    pending_since INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    leased_until INTEGER,
    epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (due_at);

CREATE TABLE action_token (
    hash TEXT NOT NULL PRIMARY KEY,
    user TEXT NOT NULL,
    -- JSON: the ids of the alerts.
    alerts TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX action_token_expiry ON action_token (expires_at);
