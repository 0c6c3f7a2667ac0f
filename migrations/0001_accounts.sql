-- Who may sign in, and how. Ids are UUIDv7 made by the program; every time is a timestamptz in UTC.

CREATE TABLE teams (
    id         uuid        PRIMARY KEY,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT teams_name UNIQUE (name)
);

-- The address is kept in lower case, so that one person cannot have two accounts.
CREATE TABLE users (
    id            uuid        PRIMARY KEY,
    team_id       uuid        NOT NULL REFERENCES teams,
    email         text        NOT NULL CHECK (email = lower(email)),
    password_hash text        NOT NULL,
    is_admin      boolean     NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL,
    disabled_at   timestamptz,
    CONSTRAINT users_email UNIQUE (email)
);

CREATE INDEX users_team ON users (team_id);

-- The cookie holds the token, the table its SHA-256: a stolen dump signs nobody in.
CREATE TABLE sessions (
    token_hash bytea       PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    user_id    uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- Counted here and not in memory, so that replicas share the count. An account need not exist to be counted.
CREATE TABLE login_failures (
    account text        NOT NULL,
    address text        NOT NULL,
    at      timestamptz NOT NULL
);

CREATE INDEX login_failures_account ON login_failures (account, address, at);
CREATE INDEX login_failures_at ON login_failures (at);

-- The one-time link by which the first administrator comes in.
CREATE TABLE setup_links (
    token_hash bytea       PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    created_at timestamptz NOT NULL
);

CREATE TABLE tokens (
    id           uuid        PRIMARY KEY,
    team_id      uuid        NOT NULL REFERENCES teams,
    user_id      uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    name         text        NOT NULL,
    secret_hash  bytea       NOT NULL CHECK (octet_length(secret_hash) = 32),
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    CONSTRAINT tokens_secret UNIQUE (secret_hash)
);

CREATE INDEX tokens_team ON tokens (team_id, id);
CREATE INDEX tokens_user ON tokens (user_id);
