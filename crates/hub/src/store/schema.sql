-- The hub's whole memory. There is no column for a person, an enterprise or a case: bodies stay sealed.

CREATE TABLE hub (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    epoch BLOB NOT NULL CHECK (length(epoch) = 16),
    claim BLOB NOT NULL CHECK (length(claim) = 32),
    root  BLOB CHECK (length(root) = 32)
) STRICT;

-- A device incarnation's segments in one stream; begun, and only ever continued, by one device.
CREATE TABLE chain (
    id          INTEGER PRIMARY KEY,
    stream      TEXT NOT NULL,
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 16),
    signer      BLOB NOT NULL CHECK (length(signer) = 32),
    UNIQUE (stream, incarnation)
) STRICT;

-- Never thrown away (what followed a checkpoint that no longer counts lies in `adrift`), and never updated but to put bytes right that the disk changed. Two rows with one (chain, seq) are a fork; both stay.
CREATE TABLE segment (
    id        INTEGER PRIMARY KEY,
    chain     INTEGER NOT NULL REFERENCES chain (id),
    seq       INTEGER NOT NULL CHECK (seq > 0),
    hash      BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    prev      BLOB NOT NULL CHECK (length(prev) = 32),
    stored_ms INTEGER NOT NULL,
    bytes     BLOB NOT NULL
) STRICT;
CREATE INDEX segment_by_place ON segment (chain, seq, hash, prev);

-- Segments that no other names as the one before it.
CREATE TABLE head (
    chain INTEGER NOT NULL REFERENCES chain (id),
    seq   INTEGER NOT NULL,
    hash  BLOB NOT NULL,
    PRIMARY KEY (chain, seq, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    cert     BLOB PRIMARY KEY CHECK (length(cert) = 32),
    key      BLOB NOT NULL CHECK (length(key) = 32),
    office   BLOB NOT NULL CHECK (length(office) = 16),
    county   INTEGER NOT NULL CHECK (county IN (0, 1)),
    chain    BLOB NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms  INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE device_count (
    cert  BLOB NOT NULL REFERENCES device (cert),
    name  TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (cert, name)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 1;
