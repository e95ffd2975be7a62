//! A fresh database for each test, over each kind there is.
//!
//! ```text
//! tests/it/holds.rs          module path  it::holds…                SQLite
//! tests/it/over_postgres.rs  module path  it::over_postgres::…      PostgreSQL
//!    #[path = "holds.rs"] mod holds;
//! ```
//!
//! So one suite runs twice, and each run has its own lines in what cargo tells.
//!
//! PostgreSQL is a real one, started once in each test process. A shell between
//! us and the server waits for the end of its standard input: whichever way this
//! process goes, the system closes that pipe, and the shell ends the server and
//! takes its folder away. The server refuses to run as root, so then it runs as
//! the user whom its package made.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]
#![allow(missing_docs, reason = "names that a test reads")]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::ConnectionTrait;
use sea_orm_migration::MigrationTrait;

use crate::{Durability, Pool, Server, portable, tables};

/// Which database a suite runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub const BOTH: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// Returns the kind for a suite, by its `module_path!()`.
    pub fn of(module: &str) -> Self {
        match module.contains("over_postgres") {
            true => Self::Postgres,
            false => Self::Sqlite,
        }
    }
}

/// An empty database of one test's own; gone with it.
#[derive(Debug)]
pub struct Fresh {
    folder: tempfile::TempDir,
    server: Option<String>,
}

impl Fresh {
    pub fn new(kind: Kind) -> Self {
        let server = (kind == Kind::Postgres).then(|| Postgres::running().database());
        Self { folder: tempfile::tempdir().unwrap(), server }
    }

    /// Opens it, as often as wanted: each is as another process.
    pub async fn open(&self) -> Pool {
        match &self.server {
            None => Pool::open_sqlite(&self.file(), Durability::Full).await.unwrap(),
            Some(url) => Pool::open_postgres(&url.parse::<Server>().unwrap()).await.unwrap(),
        }
    }

    /// Returns every byte that it keeps, for who looks for what must not be there.
    pub async fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in std::fs::read_dir(self.folder()).unwrap() {
            bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        let snapshot = self.open().await.snapshot().await.unwrap();
        for table in tables::tables(&snapshot).await.unwrap() {
            let mut rows = tables::Rows::of(&snapshot, &table).await.unwrap();
            while let Some(row) = rows.next_row().await.unwrap() {
                portable::write_row(&row, &mut bytes);
            }
        }
        bytes
    }

    /// Where SQLite's file is.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("test.sqlite")
    }

    /// The folder that goes with it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A database as an older program left it, kept as text:
/// `NNNN_STEP.sqlite.sql` or `NNNN_STEP.postgres.sql`, named by its last step.
///
/// Whoever adds a step to a release keeps, for each kind, what a database was
/// before it: a dump with rows in every table.
#[derive(Debug)]
pub struct Kept {
    /// The file's name.
    pub name: String,
    /// Which database it is of.
    pub kind: Kind,
    sql: String,
}

impl Kept {
    /// Returns those in `folder`; refuses one that is named by no step of its place.
    pub fn all(folder: &str, steps: &[Box<dyn MigrationTrait>]) -> Vec<Self> {
        let mut all: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                let (of, kind) = match name.strip_suffix(".sqlite.sql") {
                    Some(of) => (of, Kind::Sqlite),
                    None => (name.strip_suffix(".postgres.sql").unwrap(), Kind::Postgres),
                };
                let (position, step) = of.split_once('_').unwrap();
                let position: usize = position.parse().unwrap();
                assert_eq!(steps[position - 1].name(), step, "{name}");
                Self { kind, sql: std::fs::read_to_string(&path).unwrap(), name }
            })
            .collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        assert!(Kind::BOTH.iter().all(|kind| all.iter().any(|kept| kept.kind == *kind)));
        all
    }

    /// Returns a database that is as this one was.
    pub async fn fill(&self) -> Fresh {
        let fresh = Fresh::new(self.kind);
        match &fresh.server {
            Some(url) => drop(Postgres::running().run(url, &self.sql)),
            None => {
                let pool = fresh.open().await;
                pool.write().execute_unprepared(&self.sql).await.unwrap();
                pool.close().await.unwrap();
            }
        }
        fresh
    }
}

/// A PostgreSQL server of this process's own.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    port: u16,
    bin: PathBuf,
    /// Its standard input is the leash: never closed by us, and by the system when
    /// we are gone.
    _shell: Child,
}

/// What the shell does. `$1` is the folder of programs, `$2` the port.
const SHELL: &str = r#"
set -eu
umask 077
dir=$(mktemp -d /tmp/khue-postgres.XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{
  "$1/initdb" -D data -U khue -A trust -E UTF8 --locale=C --no-sync
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
    -keyout data/server.key -out data/server.crt
  {
    echo 'local all guarded scram-sha-256'
    echo 'local all all trust'
    echo 'hostssl all all 127.0.0.1/32 scram-sha-256'
  } > data/pg_hba.conf
} > log 2>&1 || { echo failed; cat log; exit 1; }
"$1/pg_ctl" start -w -t 60 -s -D data -l server.log -o "-k $dir -p $2 -c listen_addresses=127.0.0.1 -c ssl=on \
  -c max_connections=300 -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB" \
  > log 2>&1 < /dev/null || { echo failed; cat log server.log; exit 1; }
trap '"$1/pg_ctl" stop -m immediate -s -D "$dir/data" > /dev/null 2>&1; rm -rf "$dir"' EXIT
echo "ready $dir"
cat > /dev/null
"#;

impl Postgres {
    /// Returns the server, started at the first call.
    pub fn running() -> &'static Self {
        static RUNNING: OnceLock<Postgres> = OnceLock::new();
        RUNNING.get_or_init(Self::start)
    }

    fn start() -> Self {
        let bin = programs();
        let mut said = String::new();
        // A port that was free a moment ago may be taken by the time it is used.
        for _ in 0..5 {
            let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            match Self::start_at(&bin, port) {
                Ok(running) => return running,
                Err(words) => said = words,
            }
        }
        panic!("PostgreSQL does not start: {said}");
    }

    fn start_at(bin: &Path, port: u16) -> Result<Self, String> {
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", owner(), "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        command.args(["-c", SHELL, "sh"]).arg(bin).arg(port.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).current_dir("/");
        // Ctrl-C is for us; the shell hears of it when we are gone.
        let mut shell = command.process_group(0).spawn().unwrap();
        let mut output = BufReader::new(shell.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        match line.trim_end().strip_prefix("ready ") {
            Some(folder) => {
                let folder = PathBuf::from(folder);
                Ok(Self { folder, port, bin: bin.to_owned(), _shell: shell })
            }
            None => {
                output.read_to_string(&mut line).unwrap();
                shell.wait().unwrap();
                Err(line)
            }
        }
    }

    /// Makes an empty database and returns its address.
    pub fn database(&self) -> String {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", MADE.fetch_add(1, Ordering::Relaxed));
        self.tool("createdb", &["-U", "khue", &name]);
        self.address("khue", &name)
    }

    /// Returns the address of a database by the server's socket.
    pub fn address(&self, user: &str, database: &str) -> String {
        let folder = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgres://{user}@{folder}:{}/{database}", self.port)
    }

    /// Returns the port of 127.0.0.1 at which it speaks TLS and nothing else.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the certificate that it shows there (PEM), a file that root and its
    /// owner can read.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("data/server.crt")
    }

    /// Has a database run a statement.
    pub fn run(&self, address: &str, statement: &str) -> String {
        let database = address.rsplit('/').next().unwrap();
        self.tool(
            "psql",
            &["-U", "khue", "-d", database, "-v", "ON_ERROR_STOP=1", "-Atqc", statement],
        )
    }

    fn tool(&self, name: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(self.bin.join(name));
        command.arg("-h").arg(&self.folder).args(["-p", &self.port.to_string()]);
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Returns the folder of the newest PostgreSQL there is.
fn programs() -> PathBuf {
    let all = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let version = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.ok()?.path();
        let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
        let bin = path.join("bin");
        bin.join("initdb").exists().then_some((version, bin))
    };
    let newest = all.filter_map(version).max();
    newest.expect("PostgreSQL is missing: run scripts/need test, or apt-get install postgresql").1
}

/// Returns a user who is not root: PostgreSQL's own, where the package made one.
fn owner() -> &'static str {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    match users.lines().any(|line| line.starts_with("postgres:")) {
        true => "postgres",
        false => "nobody",
    }
}

/// Has a database run statements that no room would.
pub async fn run(pool: &Pool, statements: &str) {
    pool.write().execute_unprepared(statements).await.unwrap();
}
