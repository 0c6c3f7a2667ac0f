-- Who is told what happens to a team's domains, what there is to tell, and what is on its way.

-- In which language and at which clock people read what they are sent.
ALTER TABLE teams
    ADD COLUMN language  text NOT NULL DEFAULT 'en',
    ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC';

CREATE TABLE alert_addresses (
    id          uuid        PRIMARY KEY,
    team_id     uuid        NOT NULL REFERENCES teams,
    address     text        NOT NULL CHECK (address = lower(address)),
    kinds       text[]      NOT NULL,
    created_at  timestamptz NOT NULL,
    -- Nothing more is sent: it was refused for good, or for three days, or somebody unsubscribed.
    dead_since  timestamptz,
    dead_reason text,
    CHECK ((dead_since IS NULL) = (dead_reason IS NULL)),
    CONSTRAINT alert_addresses_team_address UNIQUE (team_id, address)
);

CREATE TABLE webhooks (
    id            uuid        PRIMARY KEY,
    team_id       uuid        NOT NULL REFERENCES teams,
    url           text        NOT NULL,
    kinds         text[]      NOT NULL,
    created_at    timestamptz NOT NULL,
    -- Sealed by the program; while a secret is being replaced, both sign.
    sealed        bytea       NOT NULL,
    sealed_old    bytea,
    old_until     timestamptz,
    -- How often in a row it did not take what was sent: a receiver that is slow for all is asked less often for all.
    failures      integer     NOT NULL DEFAULT 0 CHECK (failures >= 0),
    dead_since    timestamptz,
    dead_reason   text,
    CHECK ((dead_since IS NULL) = (dead_reason IS NULL)),
    CHECK ((sealed_old IS NULL) = (old_until IS NULL)),
    CONSTRAINT webhooks_team_url UNIQUE (team_id, url)
);

-- Whoever could sign in so far is told of their team's domains; administrators of the platform as well. A version 4
-- id does here, for nothing is ordered by it.
INSERT INTO alert_addresses (id, team_id, address, kinds, created_at)
SELECT
    gen_random_uuid(),
    team_id,
    email,
    ARRAY['first_verified', 'at_risk', 'recovered', 'failed', 'unreachable']
        || CASE WHEN is_admin THEN ARRAY['profile_broken', 'many_at_once'] ELSE '{}' END,
    now()
FROM users
WHERE disabled_at IS NULL;

-- The bad news of a domain that was told and not taken back. Few domains have a row, and no other look touches it.
CREATE TABLE bad_news (
    domain_id uuid PRIMARY KEY REFERENCES domains ON DELETE CASCADE,
    told      text NOT NULL CHECK (told IN ('at_risk', 'failed'))
);

-- What there is to tell. Written in the transaction of the change, so that neither is there without the other.
CREATE TABLE notices (
    id        uuid        PRIMARY KEY,
    -- Null: of the platform, for administrators.
    team_id   uuid        REFERENCES teams,
    kind      text        NOT NULL,
    at        timestamptz NOT NULL,
    facts     jsonb       NOT NULL CHECK (jsonb_typeof(facts) = 'object'),
    -- When deliveries were made of it; null: still to be done.
    handed_at timestamptz
) WITH (fillfactor = 85);

CREATE INDEX notices_waiting ON notices (team_id, id) WHERE handed_at IS NULL;
CREATE INDEX notices_handed ON notices (handed_at) WHERE handed_at IS NOT NULL;

-- One message to one receiver. Its id goes along, so that a receiver may drop a second one.
CREATE TABLE deliveries (
    id           uuid        PRIMARY KEY,
    team_id      uuid        REFERENCES teams,
    address_id   uuid        REFERENCES alert_addresses ON DELETE CASCADE,
    webhook_id   uuid        REFERENCES webhooks ON DELETE CASCADE,
    -- Address or URL, as it was then.
    recipient    text        NOT NULL,
    message      text        NOT NULL CHECK (message IN ('alert', 'digest', 'test', 'reset')),
    notices      jsonb       NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(notices) = 'array'),
    created_at   timestamptz NOT NULL,
    -- The three days of tries begin here; a resend begins them anew.
    tried_since  timestamptz NOT NULL,
    state        text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
    due_at       timestamptz NOT NULL,
    attempts     integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- What the other side said last, or why there was no other side.
    answer       text,
    ended_at     timestamptz,
    -- Grows with each lease: what is noted under a lease names it, and nothing is once it is another's.
    fence        bigint      NOT NULL DEFAULT 0,
    leased_until timestamptz,
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK (num_nonnulls(address_id, webhook_id) = CASE WHEN message = 'reset' THEN 0 ELSE 1 END)
) WITH (fillfactor = 70);

CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'waiting';
CREATE INDEX deliveries_team ON deliveries (team_id, id DESC);
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX deliveries_address ON deliveries (address_id) WHERE address_id IS NOT NULL;
CREATE INDEX deliveries_webhook ON deliveries (webhook_id) WHERE webhook_id IS NOT NULL;
