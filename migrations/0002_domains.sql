-- What a domain publishes, what was last seen of it, and what happened to it.

-- What this platform asks of every domain: one row, or none before the first SPF mechanism is known.
CREATE TABLE sending_profile (
    id      boolean PRIMARY KEY DEFAULT true CHECK (id),
    profile jsonb   NOT NULL
);

-- No index holds a column that a check writes, so that checks are HOT updates and do not bloat the table.
CREATE TABLE domains (
    id                uuid        PRIMARY KEY,
    team_id           uuid        NOT NULL REFERENCES teams,
    -- Lower-case ASCII without a final dot; collated "C" because the API promises bytewise order.
    name              text        COLLATE "C" NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 253),
    unicode_name      text        NOT NULL,
    zone              text        NOT NULL,
    status            text        NOT NULL CHECK (status IN ('pending', 'verified', 'at_risk', 'failed')),
    tags              jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(tags) = 'object'),
    created_at        timestamptz NOT NULL,
    verified_at       timestamptz,
    last_checked_at   timestamptz,
    at_risk_since     timestamptz,
    unknown_since     timestamptz,
    -- Decided once, by the first answered check; null before it.
    is_mx_required    boolean,
    required_verified integer     NOT NULL DEFAULT 0 CHECK (required_verified >= 0),
    required_total    integer     NOT NULL DEFAULT 0 CHECK (required_total >= required_verified),
    findings          jsonb       NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(findings) = 'array'),
    CONSTRAINT domains_team_name UNIQUE (team_id, name)
) WITH (fillfactor = 85);

CREATE INDEX domains_tags ON domains USING gin (tags jsonb_path_ops);

-- Private keys are sealed by the program (AES-256-GCM, bound to domain and selector); the database never sees one.
CREATE TABLE dkim_keys (
    id          uuid        PRIMARY KEY,
    domain_id   uuid        NOT NULL REFERENCES domains ON DELETE CASCADE,
    selector    text        NOT NULL,
    algorithm   text        NOT NULL CHECK (algorithm IN ('rsa', 'ed25519')),
    public      bytea       NOT NULL,
    sealed      bytea       NOT NULL,
    is_required boolean     NOT NULL,
    state       text        NOT NULL CHECK (state IN ('active', 'next', 'retired')),
    created_at  timestamptz NOT NULL,
    CONSTRAINT dkim_keys_domain_selector UNIQUE (domain_id, selector)
);

-- A record's status over time and what its last check saw.
CREATE TABLE records (
    domain_id       uuid    NOT NULL REFERENCES domains ON DELETE CASCADE,
    key             text    COLLATE "C" NOT NULL,
    status          text    NOT NULL CHECK (status IN ('pending', 'verified', 'at_risk', 'failed')),
    verdict         text    CHECK (verdict IN ('pass', 'warn', 'missing', 'mismatch', 'conflict', 'unknown')),
    is_required     boolean NOT NULL,
    current         text[]  NOT NULL DEFAULT '{}',
    answered_by     text    CHECK (answered_by IN ('authoritative', 'recursive')),
    checked_at      timestamptz,
    verified_at     timestamptz,
    at_risk_since   timestamptz,
    findings        jsonb   NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(findings) = 'array'),
    suggested_value text,
    is_inherited    boolean NOT NULL DEFAULT false,
    evidence        jsonb,
    PRIMARY KEY (domain_id, key)
) WITH (fillfactor = 85);

-- What happened to a domain, newest last: ids are UUIDv7, so their order is the order of time.
CREATE TABLE events (
    id          uuid        PRIMARY KEY,
    domain_id   uuid        NOT NULL REFERENCES domains ON DELETE CASCADE,
    at          timestamptz NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('created', 'record_status', 'domain_status', 'unreachable', 'key')),
    by_whom     text        NOT NULL,
    record      text,
    from_status text,
    to_status   text,
    evidence    jsonb
);

CREATE INDEX events_domain ON events (domain_id, id DESC);
