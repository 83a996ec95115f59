//! Entries as rows: each has a check over all its columns.

use std::path::Path;

use rusqlite::types::{FromSql, FromSqlError};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, named_params};
use typless::machine::Time;
use typless::wire::NameToken;

use crate::account::ApiKeyDigest;
use crate::canonical::Canonical;
use crate::damage::Damage;
use crate::digest::ContentDigest;
use crate::entry::{Entry, EntryState};
use crate::error::LedgerError;
use crate::key::EntryKey;

/// The columns, in the order in which they are read.
macro_rules! columns {
    () => {
        "id, key, origin, document_type, customer, length, digest, names, state, process, \
         api_key, snapshot, ticket, extraction_id, outcome, error, result, other_ids, \
         first_seen_at, submitted_at, finished_at, expires_at, row_check"
    };
}

pub(crate) const SELECT: &str = concat!("SELECT ", columns!(), " FROM entries");

const SELECT_KEY: &str = concat!("SELECT ", columns!(), " FROM entries WHERE key = ?1");

/// By another index. A damaged one leads to no row, and a document that is known would look new.
const SELECT_TWIN: &str = "SELECT id FROM entries INDEXED BY key_twins \
    WHERE substr(key, 2, 8) = ?1 AND key = ?2";

const SELECT_TOKEN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM entries INDEXED BY key_twins WHERE substr(key, 2, 8) = ?1"
);

const SELECT_ID: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM entries WHERE extraction_id = ?1"
);

/// An entry without a time when it expires is the last.
const NEVER: i64 = i64::MAX;

/// An entry that can be read, or what is wrong with it.
pub(crate) type Read = Result<Entry, Damage>;

/// The entry with this key.
pub(crate) fn find(
    connection: &Connection,
    path: &Path,
    key: &EntryKey,
) -> Result<Option<Read>, LedgerError> {
    let find = || -> rusqlite::Result<Option<Read>> {
        let encoded = encode_key(key);
        let read = connection
            .prepare_cached(SELECT_KEY)?
            .query_row([encoded], |row| read(row, path))
            .optional()?;
        if read.is_some() {
            return Ok(read);
        }
        let twin = connection
            .prepare_cached(SELECT_TWIN)?
            .query_row((&encoded[1..9], encoded), |row| row.get(0))
            .optional()?;
        Ok(twin.map(|row| {
            Err(Damage {
                path: path.to_path_buf(),
                row,
                key: Some(*key),
                problem: "an index does not lead to it, rebuild the ledger",
            })
        }))
    };
    find().map_err(|error| LedgerError::from_sqlite(path, error))
}

/// The entry of this extraction.
pub(crate) fn find_extraction(
    connection: &Connection,
    path: &Path,
    id: &str,
) -> Result<Option<Read>, LedgerError> {
    let find = || {
        connection
            .prepare_cached(SELECT_ID)?
            .query_row([id], |row| read(row, path))
            .optional()
    };
    find().map_err(|error| LedgerError::from_sqlite(path, error))
}

/// The entry whose key has this token; of a damaged one nothing is known.
pub(crate) fn find_token(
    connection: &Connection,
    path: &Path,
    token: NameToken,
) -> Result<Option<Entry>, LedgerError> {
    let id = token.id();
    let find = || {
        let mut statement = connection.prepare_cached(SELECT_TOKEN)?;
        let mut rows = statement.query([&id[..8]])?;
        while let Some(row) = rows.next()? {
            if let Ok(entry) = read(row, path)?
                && entry.key.name_token() == token
            {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    };
    find().map_err(|error| LedgerError::from_sqlite(path, error))
}

/// Reads a row of [`SELECT`].
pub(crate) fn read(row: &Row<'_>, path: &Path) -> rusqlite::Result<Read> {
    let id: i64 = row.get("id")?;
    Ok(entry(row, id).map_err(|problem| Damage {
        path: path.to_path_buf(),
        row: id,
        key: column(row, 1)
            .ok()
            .and_then(|bytes: Vec<u8>| decode_key(&bytes)),
        problem,
    }))
}

/// Writes an entry: a new row, or in place of the one it was read from.
pub(crate) fn write(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    if entry.row == 0 {
        bind(connection.prepare_cached(INSERT)?, entry, None)
    } else {
        bind(connection.prepare_cached(UPDATE)?, entry, Some(entry.row))
    }
}

const INSERT: &str = "INSERT INTO entries (id, key, origin, document_type, customer, length, \
    digest, names, state, process, api_key, snapshot, ticket, extraction_id, outcome, error, \
    result, other_ids, first_seen_at, submitted_at, finished_at, expires_at, row_check) VALUES \
    (:id, :key, :origin, :document_type, :customer, :length, :digest, :names, :state, :process, \
    :api_key, :snapshot, :ticket, :extraction_id, :outcome, :error, :result, :other_ids, \
    :first_seen_at, :submitted_at, :finished_at, :expires_at, :row_check)";

/// What never changes is compared and not written, so that its indexes are left alone.
const UPDATE: &str = "UPDATE entries SET names = :names, state = :state, process = :process, \
    api_key = :api_key, snapshot = :snapshot, ticket = :ticket, extraction_id = \
    :extraction_id, outcome = :outcome, error = :error, result = :result, other_ids = \
    :other_ids, submitted_at = :submitted_at, finished_at = :finished_at, expires_at = \
    :expires_at, row_check = :row_check \
    WHERE id = :id AND key = :key AND origin = :origin AND document_type = :document_type AND \
    customer IS :customer AND length = :length AND digest = :digest AND first_seen_at = \
    :first_seen_at";

fn bind(
    mut statement: CachedStatement<'_>,
    entry: &Entry,
    id: Option<i64>,
) -> rusqlite::Result<()> {
    statement.execute(named_params! {
        ":id": id,
        ":key": encode_key(&entry.key),
        ":origin": entry.origin,
        ":document_type": entry.document_type,
        ":customer": entry.customer,
        ":length": number(entry.len),
        ":digest": entry.digest.0,
        ":names": entry.names,
        ":state": entry.state.name(),
        ":process": entry.process,
        ":api_key": entry.api_key.0,
        ":snapshot": entry.snapshot,
        ":ticket": entry.ticket,
        ":extraction_id": entry.extraction_id,
        ":outcome": entry.outcome,
        ":error": entry.error,
        ":result": entry.result,
        ":other_ids": entry.other_ids,
        ":first_seen_at": milliseconds(entry.first_seen_at),
        ":submitted_at": entry.submitted_at.map(milliseconds),
        ":finished_at": entry.finished_at.map(milliseconds),
        ":expires_at": entry.expires_at.map_or(NEVER, milliseconds),
        ":row_check": check(entry),
    })?;
    Ok(())
}

/// The entry in a row, if it is as it was written.
fn entry(row: &Row<'_>, id: i64) -> Result<Entry, &'static str> {
    const SHAPE: &str = "a column has no value that it can have";
    let read = || -> Result<(Entry, [u8; 8]), FromSqlError> {
        let key: Vec<u8> = column(row, 1)?;
        let state: String = column(row, 8)?;
        let expires_at: i64 = column(row, 21)?;
        let entry = Entry {
            row: id,
            key: decode_key(&key).ok_or(FromSqlError::InvalidType)?,
            origin: column(row, 2)?,
            document_type: column(row, 3)?,
            customer: column(row, 4)?,
            len: column::<i64>(row, 5)?
                .try_into()
                .map_err(|_| FromSqlError::InvalidType)?,
            digest: ContentDigest(column(row, 6)?),
            names: column(row, 7)?,
            state: EntryState::from_name(&state).ok_or(FromSqlError::InvalidType)?,
            process: column(row, 9)?,
            api_key: ApiKeyDigest(column(row, 10)?),
            snapshot: column(row, 11)?,
            ticket: column(row, 12)?,
            extraction_id: column(row, 13)?,
            outcome: column(row, 14)?,
            error: column(row, 15)?,
            result: column(row, 16)?,
            other_ids: column(row, 17)?,
            first_seen_at: time(column(row, 18)?),
            submitted_at: column::<Option<i64>>(row, 19)?.map(time),
            finished_at: column::<Option<i64>>(row, 20)?.map(time),
            expires_at: (expires_at != NEVER).then(|| time(expires_at)),
        };
        Ok((entry, column(row, 22)?))
    };
    let (entry, written) = read().map_err(|_| SHAPE)?;
    if written != check(&entry) {
        return Err("its check does not fit it");
    }
    if entry.key != EntryKey::from_parts(entry.key_parts()) {
        return Err("its key does not fit it");
    }
    Ok(entry)
}

fn column<T: FromSql>(row: &Row<'_>, index: usize) -> Result<T, FromSqlError> {
    let value = row.get_ref(index).map_err(|_| FromSqlError::InvalidType)?;
    T::column_result(value)
}

/// A part of a SHA-256 over all columns, so that a changed bit is noticed.
fn check(entry: &Entry) -> [u8; 8] {
    let time = |time: Option<Time>| time.map_or(-1, milliseconds);
    let digest = Canonical::new("typless-ledger row 1")
        .bytes(&entry.key.0)
        .text(&entry.origin)
        .text(&entry.document_type)
        .optional(entry.customer.as_deref())
        .number(number(entry.len))
        .bytes(&entry.digest.0)
        .optional(entry.names.as_deref())
        .text(entry.state.name())
        .number(entry.process.unwrap_or(-1))
        .bytes(&entry.api_key.0)
        .optional(entry.snapshot.as_deref())
        .optional(entry.ticket.as_deref())
        .optional(entry.extraction_id.as_deref())
        .optional(entry.outcome.as_deref())
        .optional(entry.error.as_deref())
        .optional(entry.result.as_deref())
        .optional(entry.other_ids.as_deref())
        .number(milliseconds(entry.first_seen_at))
        .number(time(entry.submitted_at))
        .number(time(entry.finished_at))
        .number(time(entry.expires_at))
        .finish();
    let mut check = [0; 8];
    check.copy_from_slice(&digest[..8]);
    check
}

impl EntryState {
    /// As it is stored.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Submitting => "submitting",
            Self::Submitted => "submitted",
            Self::Finished => "finished",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [
            Self::Ready,
            Self::Submitting,
            Self::Submitted,
            Self::Finished,
        ]
        .into_iter()
        .find(|state| state.name() == name)
    }
}

/// A key with its version before it.
pub(crate) fn encode_key(key: &EntryKey) -> [u8; 33] {
    let mut bytes = [EntryKey::VERSION; 33];
    bytes[1..].copy_from_slice(&key.0);
    bytes
}

fn decode_key(bytes: &[u8]) -> Option<EntryKey> {
    let (version, key) = bytes.split_first()?;
    (*version == EntryKey::VERSION)
        .then(|| key.try_into().ok().map(EntryKey))
        .flatten()
}

pub(crate) fn milliseconds(time: Time) -> i64 {
    number(time.as_unix_milliseconds())
}

/// What is below zero was never written, and its check does not fit.
pub(crate) fn time(milliseconds: i64) -> Time {
    Time::from_unix_milliseconds(milliseconds.try_into().unwrap_or_default())
}

fn number(number: u64) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
