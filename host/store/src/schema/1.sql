-- Times are milliseconds since the Unix epoch. `record` is the whole record as JSON; the columns beside it repeat
-- what queries look for. AUTOINCREMENT keeps the highest id ever used, also after its row is gone.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE job (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    status    TEXT NOT NULL,
    priority  INTEGER NOT NULL,
    submitted INTEGER NOT NULL,
    finished  INTEGER,
    plugin    TEXT NOT NULL,
    user      TEXT,
    record    TEXT NOT NULL
) STRICT;

CREATE INDEX job_by_status ON job (status, id);

CREATE TABLE attempt (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    job     INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    live    INTEGER NOT NULL,
    started INTEGER NOT NULL,
    record  TEXT NOT NULL
) STRICT;

CREATE INDEX attempt_by_job ON attempt (job, id);
CREATE INDEX attempt_live ON attempt (id) WHERE live = 1;

-- A frame whose image is in place. No attempt: the image was there before the job, and the frame was skipped.
CREATE TABLE frame (
    job     INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    layer   INTEGER NOT NULL,
    frame   INTEGER NOT NULL,
    attempt INTEGER,
    path    TEXT NOT NULL,
    bytes   INTEGER NOT NULL,
    seconds REAL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (job, layer, frame)
) WITHOUT ROWID, STRICT;

CREATE INDEX frame_latest ON frame (job, at);

CREATE TABLE idempotency (
    key     TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    job     INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

CREATE INDEX idempotency_by_job ON idempotency (job);
CREATE INDEX idempotency_by_age ON idempotency (at);
