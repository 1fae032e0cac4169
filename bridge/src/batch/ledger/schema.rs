//! The tables, in SQL that both SQLite and PostgreSQL read.

/// The version of the tables; a ledger of another one is refused.
pub(super) const VERSION: i64 = 1;

/// How many tables there are.
pub(super) const COUNT: i64 = 5;

/// Made in one transaction when absent.
pub(super) const TABLES: [&str; 7] = [
    "CREATE TABLE IF NOT EXISTS keyferry_ledger (version BIGINT NOT NULL)",
    // A plan's header as JSON; its lines are below.
    "CREATE TABLE IF NOT EXISTS keyferry_plan (
        hash TEXT NOT NULL PRIMARY KEY,
        header TEXT NOT NULL,
        lines BIGINT NOT NULL)",
    // `step` below 4 is open. `seat` holds an open line, and names who ended another. `ticket` tells a seat's claims
    // apart, so that one whose answer was lost gives the same lines again.
    "CREATE TABLE IF NOT EXISTS keyferry_line (
        plan TEXT NOT NULL REFERENCES keyferry_plan (hash),
        number BIGINT NOT NULL,
        content TEXT NOT NULL,
        step BIGINT NOT NULL,
        seat TEXT,
        ticket BIGINT,
        attempts BIGINT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (plan, number))",
    "CREATE INDEX IF NOT EXISTS keyferry_line_free ON keyferry_line (plan, number) WHERE seat IS NULL AND step < 4",
    "CREATE INDEX IF NOT EXISTS keyferry_line_held ON keyferry_line (seat, ticket) WHERE step < 4",
    // Who takes part. `beat` advances with each write of the seat; `gone` is 1 once it left or was given up.
    "CREATE TABLE IF NOT EXISTS keyferry_seat (
        id TEXT NOT NULL PRIMARY KEY,
        plan TEXT NOT NULL REFERENCES keyferry_plan (hash),
        host TEXT NOT NULL,
        pid BIGINT NOT NULL,
        folder TEXT NOT NULL,
        folder_id TEXT NOT NULL,
        since TEXT NOT NULL,
        lease_ms BIGINT NOT NULL,
        beat BIGINT NOT NULL,
        gone BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS keyferry_approval (
        plan TEXT NOT NULL REFERENCES keyferry_plan (hash),
        note TEXT NOT NULL,
        PRIMARY KEY (plan, note))",
];
