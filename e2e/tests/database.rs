//! An installation moves to PostgreSQL and goes on there: on the built program.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::Context;
use db::testutil::Postgres;
use e2e::city;
use e2e::http::Person;
use e2e::program::{self, Program};
use e2e::wait::until;

const CHOSEN: &str = "mưa rào Hà Nội 1954";

/// Runs a command to its end, with a line on standard input.
fn khue(config: &Path, arguments: &[&str], input: &str) -> anyhow::Result<Output> {
    let mut child = Command::new(program::khue())
        .args(arguments)
        .arg("--config")
        .arg(config)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("standard input was asked for")?;
    writeln!(stdin, "{input}")?;
    drop(stdin);
    Ok(child.wait_with_output()?)
}

fn done(output: Output) -> anyhow::Result<String> {
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn refused(output: Output) -> anyhow::Result<String> {
    anyhow::ensure!(!output.status.success(), "{output:?}");
    Ok(String::from_utf8(output.stderr)?)
}

fn add(config: &Path, name: &str) -> anyhow::Result<()> {
    let url = "rtsp://127.0.0.1:9/street";
    let add = ["camera", "add", url, "--user", "admin", "--name", name, "--untried"];
    let add = [&add[..], &city::RECORDED_FOR].concat();
    done(khue(config, &add, "mật khẩu")?).map(drop)
}

fn serve(config: &Path) -> anyhow::Result<Program> {
    Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])
}

const HTTP: &str = "[http]\nlisten = \"127.0.0.1:0\"\n[store]\nreserve_bytes = 16777216\n";

#[test]
fn an_installation_moves_to_postgresql_and_goes_on_there() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let config = program::configure(folder.path(), HTTP)?;
    add(&config, "Cổng chính")?;
    let mut server = serve(&config)?;
    let mut operator = Person::reach(&server.address()?, &data)?;
    operator.sign_in_first("trucban", &server.password("trucban")?, CHOSEN)?;
    let cameras = operator.cameras()?;
    assert_eq!(cameras.len(), 1);

    let running = Postgres::running();
    let database = running.database();
    let copy = ["db", "copy", "--to", &database];
    let busy = refused(khue(&config, &copy, "")?)?;
    assert!(busy.contains("another khue (process") && busy.contains("end it"), "{busy}");
    assert!(server.stop()?.success());

    // A password on the command line would be everybody's.
    let open = database.replace("khue@", "khue:hunter2@");
    let shown = refused(khue(&config, &["db", "copy", "--to", &open], "")?)?;
    assert!(shown.contains("--password-file") && !shown.contains("hunter2"), "{shown}");

    let listed = done(khue(&config, &["camera", "list"], "")?)?;
    let told = done(khue(&config, &copy, "")?)?;
    assert!(told.contains(&format!("url = {database:?}")), "{told}");
    let again = refused(khue(&config, &copy, "")?)?;
    assert!(
        again.contains("the database is not empty: its table access_grant has rows"),
        "{again}"
    );
    let count = |table: &str| running.run(&database, &format!("SELECT count(*) FROM {table}"));
    assert_eq!((count("camera").trim(), count("person").trim()), ("1", "3"));
    for steps in ["catalog_steps", "signin_steps", "casework_steps"] {
        assert_ne!(count(steps).trim(), "0", "{steps}");
    }

    // The file is not looked at any more.
    fs::rename(data.join("khue.sqlite"), folder.path().join("old.sqlite"))?;
    let text = fs::read_to_string(&config)?;
    fs::write(&config, format!("{text}[database]\nurl = {database:?}\n"))?;
    let moved = refused(khue(&config, &copy, "")?)?;
    assert!(moved.contains("the rows are on a server already"), "{moved}");
    assert_eq!(done(khue(&config, &["camera", "list"], "")?)?, listed);
    let mut server = serve(&config)?;
    let mut operator = Person::reach(&server.address()?, &data)?;
    operator.sign_in("trucban", CHOSEN)?;
    assert_eq!(operator.cameras()?, cameras);
    // What another process writes is taken up there as well.
    add(&config, "Cổng sau")?;
    until("the second camera", || Ok((operator.cameras()?.len() == 2).then_some(())))?;
    let reset = done(khue(&config, &["user", "reset", "kiemtra"], "")?)?;
    let one_time = reset.split('\t').nth(1).context("a password")?.trim();
    let mut auditor = Person::reach(operator.address(), &data)?;
    auditor.sign_in_first("kiemtra", one_time, CHOSEN)?;
    assert!(server.stop()?.success());
    done(khue(&config, &["audit", "verify"], "")?)?;
    assert!(!data.join("khue.sqlite").exists());
    Ok(())
}

#[test]
fn what_cannot_be_copied_or_reached_is_told_with_the_cure_and_no_password() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let config = program::configure(folder.path(), HTTP)?;
    let running = Postgres::running();
    let database = running.database();
    let copy = ["db", "copy", "--to", &database];
    let nothing = refused(khue(&config, &copy, "")?)?;
    assert!(nothing.contains("there is no") && nothing.contains("khue.sqlite"), "{nothing}");

    // Rows that point at nothing, as a file has them that somebody wrote to by hand:
    // all of the copy is undone.
    add(&config, "Cổng chính")?;
    let wrong = "PRAGMA foreign_keys = OFF; UPDATE camera SET site = zeroblob(16);";
    let pool = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    pool.block_on(async {
        let file = data.join("khue.sqlite");
        let pool = db::Pool::open_sqlite(&file, db::Durability::Full).await?;
        db::testutil::run(&pool, wrong).await;
        pool.close().await
    })?;
    let broken = refused(khue(&config, &copy, "")?)?;
    assert!(broken.contains("foreign key"), "{broken}");
    assert_eq!(running.run(&database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'db_writes'").trim(), "0");

    let text = fs::read_to_string(&config)?;
    let away = "[database]\nurl = \"postgres://khue:hunter2@127.0.0.1:1/khue\"\n";
    fs::write(&config, format!("{text}{away}"))?;
    let words = refused(khue(&config, &["serve"], "")?)?;
    assert!(words.contains("cannot open the database postgres://khue@127.0.0.1:1/khue"), "{words}");
    assert!(words.contains("check that PostgreSQL runs") && !words.contains("hunter2"), "{words}");
    Ok(())
}
