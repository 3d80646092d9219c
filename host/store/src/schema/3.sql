-- What somebody is to be told, and reports that are to be written. It is written down with the change that made it so and
-- stays as long as its job or batch, so that nobody is told the same twice. `due` is NULL once it has arrived or was
-- given up.

CREATE TABLE delivery (
    key    TEXT PRIMARY KEY,
    job    INTEGER REFERENCES job (id) ON DELETE CASCADE,
    batch  INTEGER REFERENCES batch (id) ON DELETE CASCADE,
    due    INTEGER,
    record TEXT NOT NULL
) WITHOUT ROWID, STRICT;

CREATE INDEX delivery_due ON delivery (due) WHERE due IS NOT NULL;
CREATE INDEX delivery_by_job ON delivery (job) WHERE job IS NOT NULL;
CREATE INDEX delivery_by_batch ON delivery (batch) WHERE batch IS NOT NULL;
