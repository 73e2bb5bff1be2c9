-- What the daily sweep remembers: one row, or none before the first sweep.
CREATE TABLE sweep (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    json TEXT NOT NULL
) STRICT;
