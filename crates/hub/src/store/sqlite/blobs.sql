-- Pictures and scans, sealed. Bytes lie as they came, each part behind the one before; a piece is looked at when its last byte
-- is here, so what stands before the last piece is right.

CREATE TABLE IF NOT EXISTS blob (
    id       INTEGER PRIMARY KEY,
    address  BLOB NOT NULL UNIQUE CHECK (length(address) = 32),
    length   INTEGER NOT NULL,
    hashes   BLOB NOT NULL,
    bytes    INTEGER NOT NULL,
    whole    INTEGER NOT NULL CHECK (whole IN (0, 1)),
    office   BLOB NOT NULL CHECK (length(office) = 16),
    begun_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS blob_by_office ON blob (office, length);

CREATE TABLE IF NOT EXISTS blob_part (
    blob  INTEGER NOT NULL REFERENCES blob (id),
    at    INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (blob, at)
) STRICT;
