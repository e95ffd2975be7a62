//! A server that cannot be used says so with the cure, and never with a password.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use db::testutil::Postgres;
use db::{Pool, Server};

async fn refused(server: Server) -> String {
    let refusal = Pool::open_postgres(&server).await.map(drop).unwrap_err();
    let words = format!("{refusal} {refusal:?}");
    assert!(!words.contains("hunter2"), "{words}");
    refusal.to_string()
}

fn server(address: &str) -> Server {
    address.parse().unwrap()
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_is_named_with_the_cure() {
    let running = Postgres::running();
    let database = running.database();
    let name = database.rsplit('/').next().unwrap();
    running.run(&database, "CREATE ROLE guarded LOGIN PASSWORD 'cửa 1'");
    running.run(&database, &format!("ALTER DATABASE {name} OWNER TO guarded"));
    let guarded = running.address("guarded", name);
    let wrong = refused(server(&guarded).with_password("hunter2")).await;
    assert!(wrong.ends_with("check the user, the password_file and pg_hba.conf there"), "{wrong}");
    assert!(wrong.contains(&guarded), "{wrong}");
    Pool::open_postgres(&server(&guarded).with_password("cửa 1")).await.unwrap();

    let absent = refused(server(&running.address("khue", "absent"))).await;
    assert!(absent.ends_with("make the database there: createdb --encoding=UTF8 NAME"), "{absent}");
    let nobody = refused(server("postgres://khue:hunter2@127.0.0.1:1/khue")).await;
    assert!(nobody.ends_with("check that PostgreSQL runs and that this machine reaches it"));
    assert!(nobody.contains("postgres://khue@127.0.0.1:1/khue"), "{nobody}");
}

#[tokio::test]
async fn a_user_who_may_not_make_tables_is_told_what_to_give_them() {
    let running = Postgres::running();
    let database = running.database();
    running.run(&database, "CREATE ROLE poor LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    let name = database.rsplit('/').next().unwrap();
    let words = refused(server(&running.address("poor", name))).await;
    assert!(words.ends_with("give it to its user: ALTER DATABASE … OWNER TO poor"), "{words}");
}

#[tokio::test]
async fn a_database_that_cannot_keep_vietnamese_is_refused() {
    let running = Postgres::running();
    let database = running.database();
    running.run(&database, "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    let words = refused(server(&running.address("khue", "latin"))).await;
    assert!(words.contains("keeps text as LATIN1") && words.contains("--encoding=UTF8"), "{words}");
}

#[tokio::test]
async fn the_way_to_a_server_is_sealed_and_the_server_proves_itself() {
    let running = Postgres::running();
    let database = running.database();
    let name = database.rsplit('/').next().unwrap();
    running.run(&database, "CREATE ROLE far LOGIN SUPERUSER PASSWORD 'far'");
    let at = |mode: &str| {
        format!("postgres://far:far@localhost:{}/{name}?sslmode={mode}", running.port())
    };
    let pool = Pool::open_postgres(&server(&at("require"))).await.unwrap();
    pool.close().await.unwrap();
    let certificate = running.certificate();
    let proven = format!("{}&sslrootcert={}", at("verify-full"), certificate.display());
    Pool::open_postgres(&server(&proven)).await.unwrap();
    let unproven = refused(server(&at("verify-full"))).await;
    let cure = "give the certificate that signs the server's by ?sslrootcert=FILE";
    assert!(unproven.ends_with(cure), "{unproven}");
    // The server takes nothing in the clear there.
    let clear = refused(server(&at("disable"))).await;
    assert!(clear.contains("pg_hba.conf"), "{clear}");
}

/// Each is its own database: what one writes another does not see.
#[tokio::test]
async fn a_process_is_told_of_writes_in_its_own_database_alone() {
    let running = Postgres::running();
    let (one, other) = (server(&running.database()), server(&running.database()));
    let one = Pool::open_postgres(&one).await.unwrap();
    let other = Pool::open_postgres(&other).await.unwrap();
    let before = one.foreign_version().await.unwrap();
    other.begin().await.unwrap().commit().await.unwrap();
    assert_eq!(one.foreign_version().await.unwrap(), before);
}

/// The other half of the test below: holds a server until it is killed.
#[test]
#[ignore = "runs as the process that the test below kills"]
fn somebody_holds_a_server() {
    let running = Postgres::running();
    println!("\nserver {}", running.certificate().display());
    loop {
        std::thread::park();
    }
}

#[test]
fn a_test_that_is_killed_takes_its_server_and_its_folder_along() {
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "somebody_holds_a_server", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    let file = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("server ").map(std::path::PathBuf::from));
    let file = file.unwrap();
    let pid = std::fs::read_to_string(file.with_file_name("postmaster.pid")).unwrap();
    let process = format!("/proc/{}", pid.lines().next().unwrap());
    assert!(file.exists() && std::path::Path::new(&process).exists());
    holder.kill().unwrap();
    holder.wait().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while file.exists() || std::path::Path::new(&process).exists() {
        assert!(Instant::now() < until, "{} is still there", file.display());
        std::thread::yield_now();
    }
}
