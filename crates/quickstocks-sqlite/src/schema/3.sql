-- Requests that may be repeated, with what was answered; sealed, so that only their sender can read it.
CREATE TABLE request (
    user TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer TEXT,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user, key)
) STRICT;
CREATE INDEX request_expiry ON request (expires_at);

-- How often something happened in a window of time.
CREATE TABLE event_count (
    key TEXT NOT NULL,
    until INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (key, until)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_count_expiry ON event_count (until);
