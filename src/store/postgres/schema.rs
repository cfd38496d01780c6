//! What a Postgres holds, and the statements that read and write it. Each is one statement, so that none needs a transaction
//! and all go through a pooler that gives every statement another connection.

/// Everything of a state `s`, as columns.
macro_rules! whole {
    () => {
        "s.epoch, s.pulse, s.holder, s.ttl_ms, \
(extract(epoch FROM s.renewed - clock_timestamp()) * 1000)::bigint + s.ttl_ms, \
s.last_holder, (extract(epoch FROM s.changed) * 1000)::bigint, s.position, s.generation, s.state, \
(SELECT string_agg(j.bytes, ''::bytea ORDER BY j.position) FROM rictl.journal j \
WHERE j.name = s.name AND j.generation = s.generation)"
    };
}

/// Whether the state of such a name was moved elsewhere and has not come back.
macro_rules! is_away {
    ($name:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM rictl.notes m WHERE m.name = ",
            $name,
            " AND m.folder = 'about' AND m.note = 'moved' AND substring(m.bytes FROM 1 FOR 7) <> '{\"back\"'::bytea)"
        )
    };
}

/// Every name that a table has, by its index alone: as many steps as there are names, however many rows each has.
macro_rules! names_of {
    ($names:literal, $table:literal) => {
        concat!(
            $names,
            " (name) AS ((SELECT min(name) FROM ",
            $table,
            " WHERE name > '') UNION ALL (SELECT (SELECT min(t.name) FROM ",
            $table,
            " t WHERE t.name > ",
            $names,
            ".name) FROM ",
            $names,
            " WHERE ",
            $names,
            ".name IS NOT NULL))"
        )
    };
}

/// The version of the schema that this rictl makes, and the newest that it reads.
pub(super) const VERSION: i64 = 1;

/// Makes the schema where it is missing.
pub(super) const CREATE: &str = "\
CREATE SCHEMA IF NOT EXISTS rictl;
CREATE TABLE IF NOT EXISTS rictl.format (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  version bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS rictl.states (
  name text COLLATE \"C\" PRIMARY KEY,
  epoch bigint NOT NULL DEFAULT 0,
  pulse bigint NOT NULL DEFAULT 0,
  holder text,
  last_holder text,
  ttl_ms bigint NOT NULL DEFAULT 0,
  renewed timestamptz NOT NULL DEFAULT clock_timestamp(),
  changed timestamptz NOT NULL DEFAULT clock_timestamp(),
  before_holder text,
  before_forced boolean NOT NULL DEFAULT false,
  before_end timestamptz,
  generation bigint NOT NULL DEFAULT 0,
  position bigint NOT NULL DEFAULT 0,
  serial bigint NOT NULL DEFAULT 0,
  state bytea
);
CREATE TABLE IF NOT EXISTS rictl.journal (
  name text COLLATE \"C\" NOT NULL,
  generation bigint NOT NULL,
  position bigint NOT NULL,
  written timestamptz NOT NULL DEFAULT clock_timestamp(),
  bytes bytea NOT NULL,
  PRIMARY KEY (name, generation, position)
);
CREATE TABLE IF NOT EXISTS rictl.notes (
  name text COLLATE \"C\" NOT NULL,
  folder text COLLATE \"C\" NOT NULL,
  note text COLLATE \"C\" NOT NULL,
  written timestamptz NOT NULL DEFAULT clock_timestamp(),
  bytes bytea NOT NULL,
  PRIMARY KEY (name, folder, note)
);
INSERT INTO rictl.format (version) VALUES (1) ON CONFLICT DO NOTHING;
";

/// Whether the server keeps what it says that it keeps: standby, read-only, `synchronous_commit`.
pub(super) const EXAMINE: &str = "\
SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', current_setting('synchronous_commit')";

/// Which tables of the schema are there, and which are not. They are made together, so that one without the others was lost.
pub(super) const TABLES: &str = "\
SELECT t, to_regclass('rictl.' || t) IS NOT NULL FROM unnest(ARRAY['format', 'states', 'journal', 'notes']) AS t";

/// Whether something is kept of a state that has no row: what only its claims have written.
pub(super) const LEFT_OF: &str = "\
SELECT EXISTS (SELECT FROM rictl.journal WHERE name = $1) \
OR EXISTS (SELECT FROM rictl.notes WHERE name = $1 AND folder = 'runs')";

/// The version of the schema.
pub(super) const FORMAT: &str = "SELECT version FROM rictl.format";

/// Who writes.
pub(super) const TIP: &str = "\
SELECT epoch, pulse, holder, ttl_ms, \
(extract(epoch FROM renewed - clock_timestamp()) * 1000)::bigint + ttl_ms, \
last_holder, (extract(epoch FROM changed) * 1000)::bigint, position, generation \
FROM rictl.states WHERE name = $1";

/// Everything at one moment: a statement sees one snapshot.
pub(super) const READ: &str = concat!("SELECT ", whole!(), " FROM rictl.states s WHERE s.name = $1");

/// The same of several that have not moved away, with the version of the schema and their names.
pub(super) const READ_ALL: &str = concat!(
    "SELECT ",
    whole!(),
    ", (SELECT version FROM rictl.format), s.name FROM rictl.states s WHERE s.name = ANY($1) AND NOT ",
    is_away!("s.name")
);

/// A state that nobody has claimed yet gets its row.
pub(super) const BEGIN: &str = "INSERT INTO rictl.states (name) VALUES ($1) ON CONFLICT DO NOTHING";

/// Takes the claim if nothing has moved. Whoever held it and did not give it back is told on, until half an hour after its
/// rights ended: `before` is the one whose rights end last.
pub(super) const CLAIM: &str = "\
UPDATE rictl.states SET \
before_holder = CASE \
  WHEN holder IS NOT NULL AND (before_end IS NULL OR before_end < renewed + ttl_ms * interval '1 millisecond') THEN holder \
  WHEN before_end < clock_timestamp() - interval '30 minutes' THEN NULL ELSE before_holder END, \
before_forced = CASE \
  WHEN holder IS NOT NULL AND (before_end IS NULL OR before_end < renewed + ttl_ms * interval '1 millisecond') THEN false \
  ELSE before_forced END, \
before_end = CASE \
  WHEN holder IS NOT NULL AND (before_end IS NULL OR before_end < renewed + ttl_ms * interval '1 millisecond') \
    THEN renewed + ttl_ms * interval '1 millisecond' \
  WHEN before_end < clock_timestamp() - interval '30 minutes' THEN NULL ELSE before_end END, \
epoch = epoch + 1, pulse = pulse + 1, holder = $4, last_holder = $4, ttl_ms = $5, \
renewed = clock_timestamp(), changed = clock_timestamp() \
WHERE name = $1 AND epoch = $2 AND pulse = $3 \
RETURNING epoch, before_holder, before_forced, (extract(epoch FROM before_end - clock_timestamp()) * 1000)::bigint";

/// A claim of ours whose answer was lost.
pub(super) const CLAIMED: &str = "\
SELECT epoch, before_holder, before_forced, (extract(epoch FROM before_end - clock_timestamp()) * 1000)::bigint \
FROM rictl.states WHERE name = $1 AND epoch = $2 AND pulse = $3 AND holder IS NOT NULL";

/// Fences, renews the lease and appends.
pub(super) const APPEND: &str = "\
WITH held AS (UPDATE rictl.states SET position = position + length($4), pulse = pulse + 1, renewed = clock_timestamp() \
WHERE name = $1 AND epoch = $2 AND holder IS NOT NULL AND position = $3 RETURNING generation), \
written AS (INSERT INTO rictl.journal (name, generation, position, bytes) SELECT $1, generation, $3, $4 FROM held) \
SELECT generation FROM held";

/// Fences and renews the lease.
pub(super) const BEAT: &str = "\
UPDATE rictl.states SET pulse = pulse + 1, renewed = clock_timestamp() \
WHERE name = $1 AND epoch = $2 AND holder IS NOT NULL RETURNING generation";

/// Fences, renews the lease and keeps the state.
pub(super) const KEEP: &str = "\
UPDATE rictl.states SET serial = $3, state = nullif($4, ''::bytea), pulse = pulse + 1, renewed = clock_timestamp() \
WHERE name = $1 AND epoch = $2 AND holder IS NOT NULL RETURNING generation";

/// Fences, renews the lease and begins the journal anew.
pub(super) const RESTART: &str = "\
WITH held AS (UPDATE rictl.states SET generation = generation + 1, position = length($4), pulse = pulse + 1, \
renewed = clock_timestamp() \
WHERE name = $1 AND epoch = $2 AND holder IS NOT NULL AND position = $3 RETURNING generation), \
written AS (INSERT INTO rictl.journal (name, generation, position, bytes) \
SELECT $1, generation, 0, $4 FROM held WHERE length($4) > 0) \
SELECT generation FROM held";

/// Who writes, and the bytes of the journal from a position on.
pub(super) const WRITTEN: &str = "\
SELECT s.epoch, s.pulse, s.holder, s.ttl_ms, \
(extract(epoch FROM s.renewed - clock_timestamp()) * 1000)::bigint + s.ttl_ms, \
s.last_holder, (extract(epoch FROM s.changed) * 1000)::bigint, s.position, s.generation, \
(SELECT string_agg(j.bytes, ''::bytea ORDER BY j.position) FROM rictl.journal j \
WHERE j.name = s.name AND j.generation = s.generation AND j.position >= $2) \
FROM rictl.states s WHERE s.name = $1";

/// Gives the claim back. `changed` stays: it is when the epoch began, and with `last_holder` tells who took the state and when.
pub(super) const RELEASE: &str = "\
UPDATE rictl.states SET holder = NULL, pulse = pulse + 1 \
WHERE name = $1 AND epoch = $2 AND holder IS NOT NULL";

/// Ends a claim by force: its holder may not notice for as long as its lease runs from now.
pub(super) const FREE: &str = "\
UPDATE rictl.states SET before_holder = holder, before_forced = true, \
before_end = greatest(before_end, clock_timestamp() + ttl_ms * interval '1 millisecond'), \
holder = NULL, last_holder = NULL, epoch = epoch + 1, pulse = pulse + 1, changed = clock_timestamp() \
WHERE name = $1 AND epoch = $2 AND holder IS NOT NULL RETURNING epoch";

/// Keeps a note where nothing stands.
pub(super) const NOTE: &str = "\
INSERT INTO rictl.notes (name, folder, note, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1";

/// Keeps many.
pub(super) const NOTE_ALL: &str = "\
INSERT INTO rictl.notes (name, folder, note, bytes) \
SELECT $1, t.folder, t.note, t.bytes FROM unnest($2::text[], $3::text[], $4::bytea[]) AS t (folder, note, bytes) \
ON CONFLICT DO NOTHING";

/// Keeps a note in the place of another.
pub(super) const REPLACE: &str = "\
INSERT INTO rictl.notes (name, folder, note, bytes) VALUES ($1, $2, $3, $4) \
ON CONFLICT (name, folder, note) DO UPDATE SET bytes = excluded.bytes, written = clock_timestamp()";

/// Keeps the row of a state's checks, and lets a state be found that nobody has claimed yet.
pub(super) const FIND: &str = "\
WITH known AS (INSERT INTO rictl.states (name) VALUES ($1) ON CONFLICT DO NOTHING) \
INSERT INTO rictl.notes (name, folder, note, bytes) VALUES ($1, $2, $3, $4) \
ON CONFLICT (name, folder, note) DO UPDATE SET bytes = excluded.bytes, written = clock_timestamp()";

/// What is held of every state that was claimed, checked or approved for and has not moved away, each as of one moment: what [`READ`]
/// reads, its name, the version of the schema, the row of its checks and how old that is, the approvals that wait, what was noted of
/// runs that began since `$1` and have to be confirmed, whether its own row is there, and whether something is that only comes with one.
pub(super) const FLEET: &str = concat!(
    "WITH RECURSIVE ",
    names_of!("noted", "rictl.notes"),
    ", ",
    names_of!("written", "rictl.journal"),
    ", known (name) AS (SELECT name FROM rictl.states UNION SELECT name FROM noted UNION SELECT name FROM written) \
SELECT ",
    whole!(),
    ", k.name, (SELECT version FROM rictl.format), f.bytes, \
(extract(epoch FROM clock_timestamp() - f.written) * 1000)::bigint, \
a.names, a.bytes, w.names, w.bytes, s.name IS NOT NULL, s.name IS NULL AND (\
EXISTS (SELECT FROM rictl.journal j WHERE j.name = k.name) OR \
EXISTS (SELECT FROM rictl.notes o WHERE o.name = k.name AND o.folder NOT IN ('approvals', 'over'))) \
FROM known k \
LEFT JOIN rictl.states s ON s.name = k.name \
LEFT JOIN rictl.notes f ON f.name = k.name AND f.folder = 'findings' AND f.note = 'check' \
LEFT JOIN LATERAL (SELECT array_agg(n.note ORDER BY n.note) AS names, array_agg(n.bytes ORDER BY n.note) AS bytes \
FROM rictl.notes n WHERE n.name = k.name AND n.folder = 'approvals' AND NOT EXISTS \
(SELECT 1 FROM rictl.notes o WHERE o.name = n.name AND o.folder = 'over' AND o.note = n.note)) a ON true \
LEFT JOIN LATERAL (SELECT array_agg(n.note ORDER BY n.note) AS names, array_agg(n.bytes ORDER BY n.note) AS bytes \
FROM rictl.notes n WHERE n.name = k.name AND n.folder = 'words' AND n.note >= $1) w ON true \
WHERE k.name IS NOT NULL AND (s.name IS NULL OR s.epoch > 0 OR f.bytes IS NOT NULL OR a.names IS NOT NULL) AND NOT ",
    is_away!("k.name"),
    " ORDER BY k.name"
);

/// Keeps a note of a state in the place of another, and says of interfaces that this state is one of those that have or had them. What is
/// said of these is of no state: none has an empty name.
pub(super) const OWN: &str = "\
WITH told AS (INSERT INTO rictl.notes (name, folder, note, bytes) VALUES ($1, $2, $3, $4) \
ON CONFLICT (name, folder, note) DO UPDATE SET bytes = excluded.bytes, written = clock_timestamp()) \
INSERT INTO rictl.notes (name, folder, note, bytes) \
SELECT '', 'ids', t.key, convert_to($1, 'UTF8') FROM unnest($5::text[]) AS t (key) \
ON CONFLICT (name, folder, note) DO UPDATE SET written = clock_timestamp(), \
bytes = notes.bytes || convert_to(E'\\n' || $1, 'UTF8') \
WHERE $1 <> ALL (string_to_array(convert_from(notes.bytes, 'UTF8'), E'\\n'))";

/// What is said of interfaces.
pub(super) const HOLDERS: &str = "\
SELECT note, bytes FROM rictl.notes WHERE name = '' AND folder = 'ids' AND note = ANY($1) ORDER BY note";

/// What stands under a name.
pub(super) const NOTED: &str = "SELECT bytes FROM rictl.notes WHERE name = $1 AND folder = $2 AND note = $3";

/// What stands in a folder.
pub(super) const NAMES: &str = "SELECT note FROM rictl.notes WHERE name = $1 AND folder = $2 ORDER BY note";

/// Every state.
pub(super) const STATES: &str = "SELECT name FROM rictl.states WHERE epoch > 0 ORDER BY name";
