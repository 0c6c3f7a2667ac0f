-- What a verified domain's names said when it was last judged, as a print: while they say the same, it need not be
-- judged again. Whatever changes a domain's records or keys writes here as well, see store::look_prints.
CREATE TABLE look_prints (
    domain_id uuid        PRIMARY KEY REFERENCES domains ON DELETE CASCADE,
    -- Grows with each change: a walk that read an older number writes no print.
    touched   bigint      NOT NULL DEFAULT 0,
    -- The questions, a line each, names relative to the domain's.
    asked     text,
    print     bytea       CHECK (octet_length(print) = 32),
    -- What the verdicts depended on beside the answers: program and profile.
    judged_by bytea       CHECK (octet_length(judged_by) = 32),
    judged_at timestamptz,
    CHECK ((print IS NULL) OR (asked IS NOT NULL AND judged_by IS NOT NULL AND judged_at IS NOT NULL))
) WITH (fillfactor = 90);
