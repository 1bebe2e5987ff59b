"""The tables of a journal, in numbered steps; each is applied once, in order."""

import sqlite3

__all__ = ["APPLICATION_ID", "STEPS", "statements"]

# "aiom": tells our files from those of other programs.
APPLICATION_ID = 0x61696F6D

# The file's user_version counts the steps that it has had.
STEPS = (
    """
    CREATE TABLE jobs (
        key TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        kind TEXT NOT NULL,
        provider TEXT NOT NULL,
        request TEXT,
        fingerprint TEXT,
        metadata TEXT NOT NULL,
        cost INTEGER NOT NULL,
        state TEXT NOT NULL,
        charged TEXT,
        owner TEXT,
        slot INTEGER NOT NULL,
        reserved INTEGER NOT NULL,
        spent INTEGER NOT NULL,
        task_id TEXT,
        made_at REAL NOT NULL,
        sent_at REAL,
        accepted_at REAL,
        ended_at REAL,
        balance_before INTEGER,
        balance_after INTEGER,
        error TEXT,
        result TEXT,
        clips TEXT NOT NULL DEFAULT '[]',
        files TEXT NOT NULL DEFAULT '[]',
        PRIMARY KEY (key, attempt)
    );
    CREATE INDEX jobs_owner ON jobs (owner) WHERE owner IS NOT NULL;
    CREATE INDEX jobs_open ON jobs (state)
        WHERE state IN ('submitting', 'pending', 'running');
    CREATE INDEX jobs_task ON jobs (provider, task_id) WHERE task_id IS NOT NULL;
    CREATE TABLE totals (
        slots INTEGER NOT NULL,
        reserved INTEGER NOT NULL,
        spent INTEGER NOT NULL
    );
    INSERT INTO totals VALUES (0, 0, 0);
    """,
    # The totals follow the rows by themselves, so no statement can forget them.
    """
    CREATE TRIGGER jobs_added AFTER INSERT ON jobs BEGIN
        UPDATE totals SET slots = slots + new.slot,
            reserved = reserved + new.reserved, spent = spent + new.spent;
    END;
    CREATE TRIGGER jobs_changed AFTER UPDATE OF slot, reserved, spent ON jobs BEGIN
        UPDATE totals SET slots = slots + new.slot - old.slot,
            reserved = reserved + new.reserved - old.reserved,
            spent = spent + new.spent - old.spent;
    END;
    """,
    """
    CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    """,
    # Slots that outlive their session, for as long as a task of the kind may take.
    """
    ALTER TABLE jobs ADD COLUMN slot_until REAL;
    ALTER TABLE jobs ADD COLUMN lease_s REAL NOT NULL DEFAULT 600;
    CREATE INDEX jobs_leased ON jobs (slot_until) WHERE slot_until IS NOT NULL;
    CREATE INDEX jobs_unsettled ON jobs (state)
        WHERE state IN ('queued', 'unknown');
    CREATE INDEX jobs_made ON jobs (made_at);
    -- Ids come first: an end is told by a task whose provider is not.
    DROP INDEX jobs_task;
    CREATE INDEX jobs_task ON jobs (task_id, provider) WHERE task_id IS NOT NULL;
    """,
    # Rows belong to accounts.  Those that are there are the first one's, which has no
    # name until somebody claims it.  What is long stands last, where lists don't go.
    """
    CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    INSERT INTO about VALUES ('salt', lower(hex(randomblob(16))));
    CREATE TABLE accounts (
        id INTEGER PRIMARY KEY,
        name TEXT,
        base_url TEXT,
        is_named INTEGER NOT NULL DEFAULT 0,
        UNIQUE (name, base_url)
    );
    INSERT INTO accounts (id) VALUES (1);
    CREATE TABLE account_keys (digest TEXT PRIMARY KEY, account INTEGER NOT NULL);
    CREATE TABLE jobs_of_accounts (
        account INTEGER NOT NULL DEFAULT 1 CHECK (account > 0),
        key TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        kind TEXT NOT NULL,
        provider TEXT NOT NULL,
        fingerprint TEXT,
        cost INTEGER NOT NULL,
        state TEXT NOT NULL,
        charged TEXT,
        owner TEXT,
        slot INTEGER NOT NULL,
        slot_until REAL,
        lease_s REAL NOT NULL DEFAULT 600,
        reserved INTEGER NOT NULL,
        spent INTEGER NOT NULL,
        task_id TEXT,
        made_at REAL NOT NULL,
        sent_at REAL,
        accepted_at REAL,
        ended_at REAL,
        balance_before INTEGER,
        balance_after INTEGER,
        clip_count INTEGER NOT NULL DEFAULT 0,
        metadata TEXT NOT NULL,
        request TEXT,
        error TEXT,
        files TEXT NOT NULL DEFAULT '[]',
        result TEXT,
        clips TEXT NOT NULL DEFAULT '[]',
        PRIMARY KEY (account, key, attempt)
    );
    INSERT INTO jobs_of_accounts (
        key, attempt, kind, provider, fingerprint, cost, state, charged, owner, slot,
        slot_until, lease_s, reserved, spent, task_id, made_at, sent_at, accepted_at,
        ended_at, balance_before, balance_after, metadata, request, error, files,
        result, clips, clip_count
    ) SELECT
        key, attempt, kind, provider, fingerprint, cost, state, charged, owner, slot,
        slot_until, lease_s, reserved, spent, task_id, made_at, sent_at, accepted_at,
        ended_at, balance_before, balance_after, metadata, request, error, files,
        result, clips, CASE WHEN json_valid(clips) THEN json_array_length(clips) ELSE 0
        END FROM jobs ORDER BY rowid;
    DROP TABLE jobs;
    ALTER TABLE jobs_of_accounts RENAME TO jobs;
    CREATE INDEX jobs_owner ON jobs (owner) WHERE owner IS NOT NULL;
    CREATE INDEX jobs_open ON jobs (state)
        WHERE state IN ('submitting', 'pending', 'running');
    CREATE INDEX jobs_unsettled ON jobs (state) WHERE state IN ('queued', 'unknown');
    CREATE INDEX jobs_leased ON jobs (slot_until) WHERE slot_until IS NOT NULL;
    CREATE INDEX jobs_made ON jobs (made_at);
    CREATE INDEX jobs_task ON jobs (task_id, provider) WHERE task_id IS NOT NULL;
    ALTER TABLE totals ADD COLUMN account INTEGER NOT NULL DEFAULT 1;
    CREATE UNIQUE INDEX totals_account ON totals (account);
    CREATE TRIGGER jobs_added AFTER INSERT ON jobs BEGIN
        INSERT OR IGNORE INTO totals (account, slots, reserved, spent)
            VALUES (new.account, 0, 0, 0);
        UPDATE totals SET slots = slots + new.slot,
            reserved = reserved + new.reserved, spent = spent + new.spent
            WHERE account = new.account;
    END;
    CREATE TRIGGER jobs_changed AFTER UPDATE OF slot, reserved, spent ON jobs BEGIN
        UPDATE totals SET slots = slots + new.slot - old.slot,
            reserved = reserved + new.reserved - old.reserved,
            spent = spent + new.spent - old.spent
            WHERE account = new.account;
    END;
    """,
    # What the file's companion repeats, and whether there is to be one.
    """
    INSERT INTO about VALUES ('nonce', lower(hex(randomblob(16)))), ('is_open', '0');
    """,
    # The file that a job was moved to, and where in it.
    """
    ALTER TABLE jobs ADD COLUMN archive TEXT;
    ALTER TABLE jobs ADD COLUMN archive_place INTEGER;
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
        account INTEGER NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        key TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        PRIMARY KEY (account, name, value, key, attempt)
    );
    CREATE INDEX tags_job ON tags (account, key, attempt);
    """,
    # When the next request may go out, of all sessions of an account.
    """
    CREATE TABLE paces (
        account INTEGER PRIMARY KEY,
        next_at REAL NOT NULL,
        drawn_at REAL NOT NULL
    );
    """,
    # Which sessions wait for a slot, and since when.
    """
    CREATE TABLE waiters (
        account INTEGER NOT NULL,
        owner TEXT NOT NULL,
        since REAL NOT NULL,
        until REAL NOT NULL,
        PRIMARY KEY (account, owner)
    );
    """,
    # When the file was read through for damage and when it was left, in nanoseconds
    # since 1970, and which session vouches for it meanwhile.  From here on, long texts
    # are compressed.
    """
    INSERT INTO about VALUES ('checked_at', '0'), ('left_at', '0'), ('voucher', '');
    """,
)


def statements(script: str) -> list[str]:
    """Split a script where its statements end; a trigger's body holds semicolons."""
    found, part = [], ""
    for piece in script.split(";"):
        part += piece + ";"
        if sqlite3.complete_statement(part):
            found.append(part)
            part = ""
    return found
