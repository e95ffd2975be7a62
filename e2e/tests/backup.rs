//! The drill: an installation is backed up while it runs and is written, is lost,
//! and comes back, over each kind of database. On the built program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Context;
use db::testutil::{Kind, Postgres};
use e2e::http::Person;
use e2e::program::{self, Program};
use e2e::wait::until;
use e2e::{city, program::khue};
use serde_json::json;

const CHOSEN: &str = "mưa rào Hà Nội 1954";
const PASSPHRASE: &str = "năm cánh đồng lúa chín";

/// An installation's configuration and the files of its drill.
struct Site {
    folder: tempfile::TempDir,
    config: PathBuf,
}

impl Site {
    fn new(kind: Kind) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let database = match kind {
            Kind::Sqlite => String::new(),
            Kind::Postgres => {
                format!("[database]\nurl = {:?}\n", Postgres::running().database())
            }
        };
        let config = program::configure(
            folder.path(),
            &format!(
                "[http]\nlisten = \"127.0.0.1:0\"\n[sign_in]\nsecond_factor = \"nobody\"\n\
                 [store]\nreserve_bytes = 16777216\n{database}"
            ),
        )?;
        fs::write(folder.path().join("passphrase"), format!("{PASSPHRASE}\n"))?;
        Ok(Self { folder, config })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        Ok(Command::new(khue()).args(arguments).arg("--config").arg(&self.config).output()?)
    }

    fn sealed(&self, command: &str, option: &str, file: &Path) -> anyhow::Result<Output> {
        let (file, passphrase) = (file.to_string_lossy(), self.file("passphrase"));
        let passphrase = passphrase.to_string_lossy();
        self.run(&[command, option, &file, "--passphrase-file", &passphrase])
    }

    fn backup(&self, to: &Path) -> anyhow::Result<Output> {
        self.sealed("backup", "--to", to)
    }

    fn restore(&self, from: &Path) -> anyhow::Result<Output> {
        self.sealed("restore", "--from", from)
    }

    fn serve(&self) -> anyhow::Result<Program> {
        Program::start(["serve".as_ref(), "--config".as_ref(), self.config.as_os_str()])
    }
}

fn done(output: &Output) -> anyhow::Result<String> {
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout.clone())?)
}

fn refused(output: &Output) -> anyhow::Result<String> {
    anyhow::ensure!(!output.status.success(), "{output:?}");
    Ok(String::from_utf8(output.stderr.clone())?)
}

fn drill(from: Kind, to: Kind) -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let clip = city::small_clip()?;
    let cameras = runtime.block_on(city::serve(2, &clip, &clip))?;
    let site = Site::new(from)?;
    let data = site.file("data");
    city::add(&site.config, &cameras, 2)?;
    let mut server = site.serve()?;
    let address = server.address()?;
    let mut operator = Person::reach(&address, &data)?;
    operator.sign_in_first("trucban", &server.password("trucban")?, CHOSEN)?;
    let mut administrator = Person::reach(&address, &data)?;
    administrator.sign_in_first("quantri", &server.password("quantri")?, CHOSEN)?;
    let known = operator.cameras()?;
    let camera = known.keys().next().context("there is a camera")?.clone();
    let authority = fs::read(data.join("tls/ca.pem"))?;

    // Somebody changes a camera over and over while the backup is taken; each change
    // has its entry in the audit.
    let (stop, changes) = (AtomicBool::new(false), AtomicUsize::new(0));
    let file = site.file("khue.backup");
    let (before, after, told) = std::thread::scope(|scope| -> anyhow::Result<_> {
        let writing = scope.spawn(|| -> anyhow::Result<()> {
            while !stop.load(Ordering::Relaxed) {
                let name = format!("tên {}", changes.load(Ordering::Relaxed) + 1);
                let path = format!("cameras/{camera}");
                administrator.ask("PATCH", &path, Some(json!({ "name": name })))?.ok()?;
                changes.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
        let backed_up =
            until("changes", || Ok((changes.load(Ordering::Relaxed) > 5).then_some(()))).and_then(
                |()| {
                    let before = changes.load(Ordering::Relaxed);
                    let output = site.backup(&file)?;
                    Ok((before, changes.load(Ordering::Relaxed), output))
                },
            );
        stop.store(true, Ordering::Relaxed);
        writing.join().expect("the thread does not panic")?;
        backed_up
    })?;
    let told = done(&told)?;
    assert!(told.contains("Recordings are not in it."), "{told}");
    assert!(after > before, "nothing was written while the backup was taken");
    let again = refused(&site.backup(&file)?)?;
    assert!(again.contains("is there already"), "{again}");
    let bytes = fs::read(&file)?;
    for secret in [&b"rtsp://"[..], b"trucban", city::CREDENTIALS.1.as_bytes()] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }

    // Everything is lost but the file.
    server.kill()?;
    fs::remove_dir_all(&data)?;
    let back = Site::new(to)?;
    let told = done(&back.restore(&file)?)?;
    assert!(told.contains("entries of the audit, none altered"), "{told}");
    let data = back.file("data");
    assert!(!back.file("data.restoring").exists());
    assert_eq!(data.join("khue.sqlite").exists(), to == Kind::Sqlite);
    assert_eq!(fs::read(data.join("tls/ca.pem"))?, authority);
    let verified = done(&back.run(&["audit", "verify"])?)?;
    assert!(verified.contains("nothing was altered, deleted, moved or cut off"), "{verified}");
    assert!(!verified.contains("behind the head"), "{verified}");

    let mut server = back.serve()?;
    let mut operator = Person::reach(&server.address()?, &data)?;
    operator.sign_in("trucban", CHOSEN)?;
    assert_eq!(operator.cameras()?, known);
    // One moment of what was being written: at least what was answered before, and
    // no more than was asked in the end.
    let tree = operator.ask("GET", "tree", None)?.ok()?;
    let rows = tree["cameras"].as_array().context("a tree has cameras")?;
    let name = |id: &str| rows.iter().find(|row| row["id"] == id).map(|row| &row["name"]);
    let name = name(&camera).and_then(|name| name.as_str()).context("the camera has a name")?;
    let number: usize = name.trim_start_matches("tên ").parse()?;
    assert!((before..=after + 1).contains(&number), "{name}: {before} to {after}");
    // Their passwords open: the cameras let nobody in without.
    until("the cameras to be recorded", || {
        let tree = operator.ask("GET", "tree", None)?.ok()?;
        let rows = tree["cameras"].as_array().context("a tree has cameras")?.clone();
        Ok(rows.iter().all(|row| row["state"]["kind"] == "recording").then_some(()))
    })?;
    let full = refused(&back.restore(&file)?)?;
    assert!(full.contains("is not empty: it has") && full.contains("recordings too"), "{full}");
    assert!(server.stop()?.success());
    done(&back.run(&["audit", "verify"])?)?;
    Ok(())
}

#[test]
fn an_installation_comes_back_from_a_backup_taken_while_it_was_written() -> anyhow::Result<()> {
    drill(Kind::Sqlite, Kind::Sqlite)
}

#[test]
fn a_backup_of_a_file_comes_back_on_a_server() -> anyhow::Result<()> {
    drill(Kind::Sqlite, Kind::Postgres)
}

#[test]
fn a_backup_of_a_server_comes_back_in_a_file() -> anyhow::Result<()> {
    drill(Kind::Postgres, Kind::Sqlite)
}

#[test]
fn a_backup_that_was_touched_cut_or_is_not_ours_is_refused_and_leaves_nothing() -> anyhow::Result<()>
{
    let site = Site::new(Kind::Sqlite)?;
    let nothing = refused(&site.backup(&site.file("none.backup"))?)?;
    assert!(nothing.contains("holds no installation"), "{nothing}");
    let add = ["camera", "add", "rtsp://127.0.0.1:9/street", "--untried", "--unrecorded"];
    done(&site.run(&add)?)?;
    let file = site.file("khue.backup");
    fs::write(site.file("short"), "ngắn\n")?;
    let short = site.file("short");
    let weak = site.run(&[
        "backup",
        "--to",
        &file.to_string_lossy(),
        "--passphrase-file",
        &short.to_string_lossy(),
    ])?;
    assert!(refused(&weak)?.contains("the passphrase is too short"), "{weak:?}");
    assert!(!file.exists() && !site.file("khue.backup.partial").exists());
    done(&site.backup(&file)?)?;
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file)?.permissions());
    assert_eq!(mode & 0o777, 0o600);

    let whole = fs::read(&file)?;
    let fails = |to: Kind, bytes: &[u8], passphrase: &str| -> anyhow::Result<String> {
        let target = Site::new(to)?;
        fs::write(target.file("passphrase"), passphrase)?;
        let file = target.file("given");
        fs::write(&file, bytes)?;
        let words = refused(&target.restore(&file)?)?;
        assert!(!target.file("data").exists() && !target.file("data.restoring").exists());
        if to == Kind::Postgres {
            let text = fs::read_to_string(&target.config)?;
            let url = text.lines().find_map(|line| line.strip_prefix("url = "));
            let url = url.context("the configuration has a url")?.trim_matches('"');
            let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'db_writes'";
            assert_eq!(Postgres::running().run(url, tables).trim(), "0");
        }
        Ok(words)
    };
    for to in Kind::BOTH {
        let mut turned = whole.clone();
        let last = turned.len() - 20;
        turned[last] ^= 1;
        let words = fails(to, &turned, PASSPHRASE)?;
        assert!(words.contains("the backup was altered"), "{words}");
        let words = fails(to, &whole[..whole.len() - 1], PASSPHRASE)?;
        assert!(words.contains("the backup was altered"), "{words}");
        let words = fails(to, &whole[..77], PASSPHRASE)?;
        assert!(words.contains("the backup was cut off: 77 bytes"), "{words}");
        let words = fails(to, &[&whole[..], b"more"].concat(), PASSPHRASE)?;
        assert!(words.contains("altered") || words.contains("behind its end"), "{words}");
    }
    let words = fails(Kind::Sqlite, &whole, "năm cánh đồng lúa xanh")?;
    assert!(words.contains("the passphrase does not open this backup"), "{words}");
    let mut newer = whole.clone();
    newer[12] = 2;
    let words = fails(Kind::Sqlite, &newer, PASSPHRASE)?;
    assert!(words.contains("of form 2, which a newer program wrote"), "{words}");
    let words = fails(Kind::Sqlite, b"{\"not\": \"a backup\"}", PASSPHRASE)?;
    assert!(words.contains("this is no backup of khue"), "{words}");

    // A database that is in use is not written over.
    let used = Site::new(Kind::Postgres)?;
    done(&used.run(&add)?)?;
    fs::remove_dir_all(used.file("data"))?;
    let words = refused(&used.restore(&file)?)?;
    assert!(words.contains("the database is not empty: its table camera has rows"), "{words}");
    assert!(!used.file("data").exists());
    Ok(())
}

#[test]
fn a_backup_with_steps_or_entries_of_a_newer_program_is_refused_in_words() -> anyhow::Result<()> {
    let sealed = |about: &str, entries: &[&str]| -> anyhow::Result<Vec<u8>> {
        let mut writer = backup::Writer::begin(Vec::new(), PASSPHRASE)?;
        writer.entry("about.json")?;
        writer.write(about.as_bytes())?;
        for entry in entries {
            writer.entry(entry)?;
            writer.write(&[7; 32])?;
        }
        Ok(writer.finish()?)
    };
    let fails = |bytes: Vec<u8>| -> anyhow::Result<String> {
        let target = Site::new(Kind::Sqlite)?;
        fs::write(target.file("given"), bytes)?;
        let words = refused(&target.restore(&target.file("given"))?)?;
        assert!(!target.file("data").exists() && !target.file("data.restoring").exists());
        Ok(words)
    };
    let about =
        |steps: &str| format!("{{\"program\": \"9.9.9\", \"taken_us\": 0, \"steps\": {steps}}}");
    let words = fails(sealed(&about("{\"catalog\": [\"first_tables\", \"moons\"]}"), &[])?)?;
    assert!(words.contains("changed by a newer program (step \"moons\""), "{words}");
    let words = fails(sealed(&about("{\"planets\": []}"), &[])?)?;
    assert!(words.contains("of a newer program (9.9.9)"), "{words}");
    let words = fails(sealed(&about("{}"), &["moons/one"])?)?;
    assert!(words.contains("moons/one, which is unknown here"), "{words}");
    let words = fails(sealed(&about("{}"), &["installation.key"])?)?;
    assert!(words.contains("the backup has no rows"), "{words}");
    let words = fails(sealed(&about("{}"), &["installation.key", "installation.key"])?)?;
    assert!(words.contains("holds installation.key twice"), "{words}");
    let words = fails(sealed(&about("{}"), &["rows"])?)?;
    assert!(words.contains("begins neither table nor row"), "{words}");
    let words = fails(sealed("no json", &[])?)?;
    assert!(words.contains("does not say what it is"), "{words}");
    Ok(())
}
