//! A PostgreSQL server: where it is, by whose name, and how it is dialled.
//!
//! The password is part of what is typed and of nothing that is shown: neither
//! `Debug` nor `Display` nor an error has it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement, TransactionTrait};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};
use url::{Host, Url};
use uuid::Uuid;

use crate::Error;

/// The advisory lock under which [`BOOK`] is made; any number that nobody else takes.
const MAKING: i64 = 0x6b68_7565_0001;

/// Who wrote last, and how often anybody did (see `pool.rs`).
pub(crate) const BOOK: &str = "db_writes";

/// Connections that read, of one process.
const READERS: u32 = 8;

/// Connections that write, of one process. One has the turn; the others wait for
/// it, or change a row that needs none.
const WRITERS: u32 = 4;

/// How long to wait for a connection, to the server or out of the pool.
const PATIENCE: Duration = Duration::from_secs(10);

/// What every connection asks of the server.
const SETTINGS: [(&str, &str); 4] = [
    // As long as SQLite waits for a locked file.
    ("lock_timeout", "10s"),
    // A director that hangs with the turn in its hand must not stop the others.
    ("idle_in_transaction_session_timeout", "60s"),
    // One whose machine went away is noticed within a minute.
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
];

/// What to do about a server that does not prove itself.
const UNPROVEN: &str = "give the certificate that signs the server's by ?sslrootcert=FILE";

/// A database on a server, as `postgres://USER@HOST[:PORT]/DATABASE` names it.
#[derive(Clone)]
pub struct Server {
    options: PgConnectOptions,
    has_password: bool,
    /// What may be shown.
    shown: String,
}

/// Why an address is none. No part of the address is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// Not a URL, or of another scheme.
    #[error("write postgres://USER@HOST/DATABASE")]
    Form,
    /// Nobody is named.
    #[error("it names no user; write postgres://USER@HOST/DATABASE")]
    User,
    /// No server is named.
    #[error("it names no host; write postgres://USER@HOST/DATABASE")]
    Host,
    /// No database is named.
    #[error("it names no database; write postgres://USER@HOST/DATABASE")]
    Database,
    /// What follows the question mark is nothing that is known here.
    #[error("behind the question mark, only sslmode, sslrootcert, sslcert and sslkey may stand")]
    Parameter,
    /// `sslmode` has another value.
    #[error("sslmode is one of disable, prefer, require, verify-ca and verify-full")]
    SslMode,
}

impl Server {
    /// Returns the same with a password in place of the one there was, if any.
    pub fn with_password(self, password: &str) -> Self {
        Self { options: self.options.password(password), has_password: true, ..self }
    }

    /// Returns whether a password was given.
    pub fn has_password(&self) -> bool {
        self.has_password
    }

    /// Opens connections that read and connections that write.
    pub(crate) async fn connect(&self) -> Result<(DatabaseConnection, DatabaseConnection), Error> {
        let failed = |source: sqlx::Error| self.failed(source);
        // A pool tries again until its patience ends; a first connection says at
        // once what is wrong.
        let dialled = tokio::time::timeout(PATIENCE, self.options.connect()).await;
        let mut first = dialled.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(failed)?;
        let asked = sqlx::query_scalar("SHOW server_encoding");
        let encoding: String = asked.fetch_one(&mut first).await.map_err(failed)?;
        first.close().await.map_err(failed)?;
        if encoding != "UTF8" {
            return Err(Error::Encoding { server: self.shown.clone(), encoding });
        }
        let pool = async |connections| {
            let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
            let pool = pool.connect_with(self.options.clone()).await.map_err(failed)?;
            Ok::<_, Error>(DatabaseConnection::from(pool))
        };
        let (read, write) = (pool(READERS).await?, pool(WRITERS).await?);
        make_book(&write).await.map_err(|source| Error::Book {
            server: self.shown.clone(),
            user: self.options.get_username().to_owned(),
            source: source.into(),
        })?;
        Ok((read, write))
    }

    fn failed(&self, source: sqlx::Error) -> Error {
        let cure = match &source {
            sqlx::Error::Database(refusal) => match refusal.code().as_deref() {
                Some("28P01" | "28000") => {
                    "check the user, the password_file and pg_hba.conf there"
                }
                Some("3D000") => "make the database there: createdb --encoding=UTF8 NAME",
                Some("53300") => "allow more by max_connections there: khue takes 12",
                _ => "see the log of the server",
            },
            sqlx::Error::Tls(_) | sqlx::Error::Configuration(_) => UNPROVEN,
            // So the driver tells of a certificate that does not hold.
            sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => UNPROVEN,
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => {
                "check that PostgreSQL runs and that this machine reaches it"
            }
            _ => "see the log of the server",
        };
        Error::Reach { server: self.shown.clone(), source: source.into(), cure }
    }
}

impl FromStr for Server {
    type Err = AddressFault;

    fn from_str(text: &str) -> Result<Self, AddressFault> {
        let url = Url::parse(text).map_err(|_| AddressFault::Form)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") || url.fragment().is_some() {
            return Err(AddressFault::Form);
        }
        if url.username().is_empty() {
            return Err(AddressFault::User);
        }
        let host = url.host().ok_or(AddressFault::Host)?;
        if url.path().trim_matches('/').is_empty() {
            return Err(AddressFault::Database);
        }
        let mut mode = None;
        for (key, value) in url.query_pairs() {
            match &*key {
                "sslmode" => mode = Some(value.parse().map_err(|_| AddressFault::SslMode)?),
                "sslrootcert" | "sslcert" | "sslkey" => {}
                _ => return Err(AddressFault::Parameter),
            }
        }
        // A password must not go to whoever answers in the server's place. What
        // does not leave this machine needs no proof.
        let mode = mode.unwrap_or(match stays_here(&host) {
            true => PgSslMode::Prefer,
            false => PgSslMode::VerifyFull,
        });
        let options: PgConnectOptions = text.parse().map_err(|_| AddressFault::Form)?;
        let options = options.ssl_mode(mode).application_name("khue").options(SETTINGS);
        let mut shown = url.clone();
        let _ = shown.set_password(None);
        shown.set_query(None);
        Ok(Self {
            options: options.disable_statement_logging(),
            has_password: url.password().is_some(),
            shown: shown.to_string(),
        })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.shown)
    }
}

/// Returns whether `host` is this machine: a folder of sockets, or loopback.
fn stays_here(host: &Host<&str>) -> bool {
    match host {
        // A host of a scheme that the URL standard does not know is taken as text.
        Host::Domain(name) => {
            let name = name.to_ascii_lowercase();
            let address = name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
            name == "localhost" || name.starts_with("%2f") || address
        }
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

/// Makes the table of [`BOOK`] with its one row, if it is not there.
async fn make_book(write: &DatabaseConnection) -> Result<(), DbErr> {
    let turn = write.begin().await?;
    // Two that make one table at once collide, "if not exists" or not.
    let alone = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT pg_advisory_xact_lock($1)",
        [MAKING.into()],
    );
    turn.query_one_raw(alone).await?;
    let there = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT to_regclass($1) IS NOT NULL",
        [BOOK.into()],
    );
    let there = turn.query_one_raw(there).await?;
    if there.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false) {
        return Ok(());
    }
    turn.execute_unprepared(
        "CREATE TABLE db_writes (
            one BOOLEAN PRIMARY KEY CHECK (one),
            version BIGINT NOT NULL,
            writer UUID NOT NULL,
            others BIGINT NOT NULL
        )",
    )
    .await?;
    let row = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "INSERT INTO db_writes VALUES (true, 0, $1, 0)",
        [Uuid::nil().into()],
    );
    turn.execute_raw(row).await?;
    turn.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> AddressFault {
        text.parse::<Server>().unwrap_err()
    }

    #[test]
    fn what_is_shown_of_a_server_has_no_password() {
        let server: Server =
            "postgres://khue:hunter2@db.example.vn:5433/khue?sslmode=require".parse().unwrap();
        let server = server.with_password("hunter3");
        let shown = format!("{server} {server:?}");
        assert_eq!(
            shown,
            "postgres://khue@db.example.vn:5433/khue Server(postgres://khue@db.example.vn:5433/khue)"
        );
    }

    #[test]
    fn an_address_that_is_none_is_refused_without_being_repeated() {
        for (text, expected) in [
            ("khue:hunter2@host", AddressFault::Form),
            ("mysql://khue:hunter2@host/khue", AddressFault::Form),
            ("postgres://host/khue", AddressFault::User),
            ("postgres://khue:hunter2@host", AddressFault::Database),
            ("postgres://khue:hunter2@host/", AddressFault::Database),
            ("postgres://khue@host/khue?password=hunter2", AddressFault::Parameter),
            ("postgres://khue@host/khue?sslmode=hunter2", AddressFault::SslMode),
        ] {
            assert_eq!(fault(text), expected, "{text}");
            assert!(!fault(text).to_string().contains("hunter2"));
        }
    }

    #[test]
    fn a_server_elsewhere_has_to_prove_itself() {
        let mode = |text: &str| text.parse::<Server>().unwrap().options.get_ssl_mode();
        for here in ["localhost", "127.0.0.1", "[::1]", "%2Frun%2Fpostgresql"] {
            let mode = mode(&format!("postgres://khue@{here}/khue"));
            assert!(matches!(mode, PgSslMode::Prefer), "{here}");
        }
        for there in ["db.example.vn", "10.0.0.7", "[2001:db8::7]", "localhost.example.vn"] {
            let mode = mode(&format!("postgres://khue@{there}/khue"));
            assert!(matches!(mode, PgSslMode::VerifyFull), "{there}");
        }
        let said = mode("postgres://khue@10.0.0.7/khue?sslmode=require");
        assert!(matches!(said, PgSslMode::Require));
    }
}
