-- Batches, and the jobs of each in their order. A job may be in several: a later submission goes on with it.

CREATE TABLE batch (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    submitted INTEGER NOT NULL,
    finished  INTEGER,
    key       TEXT,
    record    TEXT NOT NULL
) STRICT;

CREATE INDEX batch_open ON batch (id) WHERE finished IS NULL;
CREATE INDEX batch_by_key ON batch (key) WHERE key IS NOT NULL;

CREATE TABLE batch_entry (
    batch    INTEGER NOT NULL REFERENCES batch (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    job      INTEGER NOT NULL,
    record   TEXT NOT NULL,
    PRIMARY KEY (batch, position)
) WITHOUT ROWID, STRICT;

CREATE INDEX batch_entry_by_job ON batch_entry (job);

-- What a job of a batch renders: the digest of what decides its pictures.
ALTER TABLE job ADD COLUMN content TEXT;
CREATE INDEX job_by_content ON job (content, id) WHERE content IS NOT NULL;

-- Digests of scenes. `stamp` tells whether the file is still the one that was read.
CREATE TABLE scene (
    path   TEXT PRIMARY KEY,
    stamp  TEXT NOT NULL,
    digest TEXT NOT NULL
) WITHOUT ROWID, STRICT;
