"""The tables of a journal in PostgreSQL, in numbered steps; each is applied once."""

__all__ = ["STEPS"]

# The row 'version' of about counts the steps that the journal has had.
STEPS = (
    """
    CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    INSERT INTO about VALUES
        ('salt', replace(gen_random_uuid()::text, '-', '')), ('version', '0');
    CREATE TABLE accounts (
        id BIGINT PRIMARY KEY,
        name TEXT,
        base_url TEXT,
        is_named INTEGER NOT NULL DEFAULT 0,
        UNIQUE (name, base_url)
    );
    INSERT INTO accounts (id) VALUES (1);
    CREATE TABLE account_keys (digest TEXT PRIMARY KEY, account BIGINT NOT NULL);
    CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    -- Who lives, until when, by this server's clock.
    CREATE SEQUENCE fences;
    CREATE TABLE sessions (
        name TEXT PRIMARY KEY,
        fence BIGINT NOT NULL,
        began_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
        until TIMESTAMPTZ NOT NULL
    ) WITH (fillfactor = 50);
    -- Each is told from the next by the order in which it was written.
    CREATE TABLE jobs (
        rowid BIGINT GENERATED ALWAYS AS IDENTITY,
        account BIGINT NOT NULL DEFAULT 1 CHECK (account > 0),
        key TEXT COLLATE "C" NOT NULL,
        attempt BIGINT NOT NULL,
        kind TEXT NOT NULL,
        provider TEXT NOT NULL,
        fingerprint TEXT,
        cost BIGINT NOT NULL,
        state TEXT NOT NULL,
        charged TEXT,
        owner TEXT,
        -- Whether its create's body may have left.
        begun BOOLEAN NOT NULL DEFAULT false,
        slot BIGINT NOT NULL,
        slot_until DOUBLE PRECISION,
        lease_s DOUBLE PRECISION NOT NULL DEFAULT 600,
        reserved BIGINT NOT NULL,
        spent BIGINT NOT NULL,
        task_id TEXT,
        made_at DOUBLE PRECISION NOT NULL,
        sent_at DOUBLE PRECISION,
        accepted_at DOUBLE PRECISION,
        ended_at DOUBLE PRECISION,
        balance_before BIGINT,
        balance_after BIGINT,
        clip_count BIGINT NOT NULL DEFAULT 0,
        metadata TEXT NOT NULL,
        request TEXT,
        error TEXT,
        files TEXT NOT NULL DEFAULT '[]',
        result TEXT,
        clips TEXT NOT NULL DEFAULT '[]',
        archive TEXT,
        archive_place BIGINT,
        PRIMARY KEY (account, key, attempt)
    );
    CREATE INDEX jobs_owner ON jobs (owner) WHERE owner IS NOT NULL;
    CREATE INDEX jobs_open ON jobs (state)
        WHERE state IN ('submitting', 'pending', 'running');
    CREATE INDEX jobs_unsettled ON jobs (state) WHERE state IN ('queued', 'unknown');
    CREATE INDEX jobs_leased ON jobs (slot_until) WHERE slot_until IS NOT NULL;
    CREATE INDEX jobs_made ON jobs (made_at, rowid);
    CREATE INDEX jobs_task ON jobs (task_id, provider) WHERE task_id IS NOT NULL;
    """,
    # The totals follow the rows by themselves, so no statement can forget them.
    """
    CREATE TABLE totals (
        account BIGINT PRIMARY KEY,
        slots BIGINT NOT NULL,
        reserved BIGINT NOT NULL,
        spent BIGINT NOT NULL
    ) WITH (fillfactor = 50);
    CREATE FUNCTION count_job() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO totals VALUES (new.account, new.slot, new.reserved, new.spent)
            ON CONFLICT (account) DO UPDATE SET
                slots = totals.slots + excluded.slots,
                reserved = totals.reserved + excluded.reserved,
                spent = totals.spent + excluded.spent;
        RETURN NULL;
    END $$;
    CREATE TRIGGER jobs_added AFTER INSERT ON jobs
        FOR EACH ROW EXECUTE FUNCTION count_job();
    CREATE FUNCTION recount_job() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE totals SET slots = slots + new.slot - old.slot,
            reserved = reserved + new.reserved - old.reserved,
            spent = spent + new.spent - old.spent
            WHERE account = new.account;
        RETURN NULL;
    END $$;
    CREATE TRIGGER jobs_changed AFTER UPDATE OF slot, reserved, spent ON jobs
        FOR EACH ROW WHEN (
            (old.slot, old.reserved, old.spent)
                IS DISTINCT FROM (new.slot, new.reserved, new.spent)
        ) EXECUTE FUNCTION recount_job();
    """,
    # What stands in JSON; of what can't be read, nothing.  PostgreSQL's text holds
    # neither a zero byte nor half a surrogate pair, which JSON can spell.
    r"""
    CREATE FUNCTION readable_json(given TEXT) RETURNS json
        LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
        PERFORM given::jsonb;
        RETURN given::json;
    EXCEPTION WHEN OTHERS THEN
        BEGIN
            given := regexp_replace(
                given, '\\u(0000|d[89a-f][0-9a-f]{2})', '\\ufffd', 'gi'
            );
            PERFORM given::jsonb;
            RETURN given::json;
        EXCEPTION WHEN OTHERS THEN
            RETURN NULL;
        END;
    END $$;
    CREATE FUNCTION tags_of(metadata TEXT) RETURNS TABLE (name TEXT, value TEXT)
        LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE
        found json := readable_json(metadata);
    BEGIN
        IF json_typeof(found) = 'object' THEN
            RETURN QUERY SELECT * FROM json_each_text(found);
        END IF;
    END $$;
    CREATE FUNCTION clips_of(clips TEXT) RETURNS TABLE (id TEXT)
        LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE
        found json := readable_json(clips);
    BEGIN
        IF json_typeof(found) = 'array' THEN
            RETURN QUERY SELECT one.value ->> 'clip_id'
                FROM json_array_elements(found) AS one
                WHERE json_typeof(one.value) = 'object';
        END IF;
    END $$;
    """,
    # What the user has noted of a job, such as that it is delivered, and when.
    """
    ALTER TABLE jobs ADD COLUMN marks TEXT NOT NULL DEFAULT '{}';
    """,
    # Which jobs a ceiling counts, by a name in their metadata: of those names alone
    # that ever had one.
    """
    CREATE TABLE limited (name TEXT PRIMARY KEY);
    CREATE TABLE tags (
        account BIGINT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        key TEXT COLLATE "C" NOT NULL,
        attempt BIGINT NOT NULL,
        PRIMARY KEY (account, name, value, key, attempt)
    );
    CREATE INDEX tags_job ON tags (account, key, attempt);
    """,
    # When the next request may go out, of all sessions of an account.
    """
    CREATE TABLE paces (
        account BIGINT PRIMARY KEY,
        next_at DOUBLE PRECISION NOT NULL,
        drawn_at DOUBLE PRECISION NOT NULL
    ) WITH (fillfactor = 50);
    """,
    # Which sessions wait for a slot, and since when.
    """
    CREATE TABLE waiters (
        account BIGINT NOT NULL,
        owner TEXT NOT NULL,
        since DOUBLE PRECISION NOT NULL,
        until DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (account, owner)
    ) WITH (fillfactor = 50);
    """,
)
