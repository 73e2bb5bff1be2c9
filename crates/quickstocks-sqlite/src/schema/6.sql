-- Links to lists, at most one for each.
CREATE TABLE share (
    user TEXT NOT NULL,
    list TEXT NOT NULL,
    -- As its owner may read it again; whoever has the link is found by the hash.
    token TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user, list)
) STRICT, WITHOUT ROWID;
