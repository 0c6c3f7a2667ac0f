-- Links by which whoever manages a domain's DNS sees its records without an account. The link holds the token, the
-- table its SHA-256. Revoked links and expired ones are deleted.
CREATE TABLE shares (
    id         uuid        PRIMARY KEY,
    domain_id  uuid        NOT NULL REFERENCES domains ON DELETE CASCADE,
    token_hash bytea       NOT NULL CHECK (octet_length(token_hash) = 32),
    by_whom    text        NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT shares_token UNIQUE (token_hash)
);

CREATE INDEX shares_domain ON shares (domain_id);
CREATE INDEX shares_expires ON shares (expires_at);
