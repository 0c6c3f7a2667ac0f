-- When each domain is looked at. The schedule is state: nothing is queued, nothing is lost with a process.

-- Verified domains: 720 slots, a minute of half a day each, told by the last two bytes of the id (random in UUIDv7).
-- A slot is leased whole and walked by id; the index holds no column that a look writes.
CREATE INDEX domains_slot ON domains (((get_byte(uuid_send(id), 14) * 256 + get_byte(uuid_send(id), 15)) % 720), id);

CREATE TABLE sweep_slots (
    slot         smallint    PRIMARY KEY CHECK (slot BETWEEN 0 AND 719),
    -- When its next walk begins.
    next_at      timestamptz NOT NULL,
    -- The last id that this walk is done with; null before its first.
    cursor       uuid,
    -- Grows with each lease: whatever is written under a lease names it, and writes nothing once it is another's.
    fence        bigint      NOT NULL DEFAULT 0,
    leased_until timestamptz
) WITH (fillfactor = 50);

CREATE INDEX sweep_slots_next ON sweep_slots (next_at);

INSERT INTO sweep_slots (slot, next_at)
SELECT slot, now() + slot * interval '1 minute' FROM generate_series(0, 719) AS slot;

-- Everything else: pending, at risk, failed.
CREATE TABLE due_looks (
    domain_id    uuid        PRIMARY KEY REFERENCES domains ON DELETE CASCADE,
    due_at       timestamptz NOT NULL,
    -- 0: somebody waits for it, 1: at risk, 2: the rest. What is overdue is taken in this order.
    rank         smallint    NOT NULL CHECK (rank BETWEEN 0 AND 2),
    -- Created, or clicked last: the pauses of a pending domain grow from here.
    since        timestamptz NOT NULL,
    fence        bigint      NOT NULL DEFAULT 0,
    leased_until timestamptz
) WITH (fillfactor = 70);

CREATE INDEX due_looks_order ON due_looks (rank, due_at);

INSERT INTO due_looks (domain_id, due_at, rank, since)
SELECT id, now(), CASE status WHEN 'at_risk' THEN 1 ELSE 2 END, created_at FROM domains WHERE status <> 'verified';
