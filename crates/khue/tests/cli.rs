//! The program as a person types it: what is wrong is told apart in words, and
//! nothing that is wrong is kept.
#![expect(clippy::unwrap_used, reason = "a panic in a test names the line")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

fn khue(arguments: &[&str], config: &Path, password: Option<&str>) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_khue"))
        .args(arguments)
        .arg("--config")
        .arg(config)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    if let Some(password) = password {
        writeln!(input, "{password}").unwrap();
    }
    drop(input);
    child.wait_with_output().unwrap()
}

fn configured(folder: &Path) -> PathBuf {
    let config = folder.join("khue.toml");
    fs::write(&config, format!("data = {:?}\n", folder.join("data"))).unwrap();
    config
}

/// Adds a camera that must be refused; returns what the person reads.
fn refusal(url: &str, user: Option<&str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = configured(folder.path());
    let mut arguments = vec!["camera", "add", url, "--unrecorded"];
    arguments.extend(user.iter().flat_map(|user| ["--user", user]));
    let output = khue(&arguments, &config, user.map(|_| "sai mật khẩu"));
    assert!(!output.status.success(), "{url} was added");
    let listed = khue(&["camera", "list"], &config, None);
    assert_eq!(String::from_utf8_lossy(&listed.stdout), "", "what was refused is kept");
    String::from_utf8(output.stderr).unwrap()
}

/// Answers one connection after another with what `answer` makes of a request.
fn camera(answer: fn(&str) -> String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rtsp://{}/street", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = socket.read(&mut bytes) {
                let request = String::from_utf8_lossy(&bytes[..read]).into_owned();
                let sequence =
                    request.lines().find(|line| line.starts_with("CSeq")).unwrap_or("CSeq: 0");
                let answer = answer(&request).replace("CSEQ", sequence);
                if socket.write_all(answer.as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    url
}

#[test]
fn faults_of_a_camera_are_told_apart() {
    // A port that is held and not listened on: nobody else can get it meanwhile.
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let closed = format!("rtsp://{}/street", closed.local_addr().unwrap());
    let locked = camera(|_| {
        "RTSP/1.0 401 Unauthorized\r\nCSEQ\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n\r\n".into()
    });
    let missing = camera(|_| "RTSP/1.0 404 Not Found\r\nCSEQ\r\n\r\n".into());
    let jpeg = camera(|_| {
        let sdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:track1\r\n";
        format!(
            "RTSP/1.0 200 OK\r\nCSEQ\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        )
    });
    let silent = camera(|_| String::new());
    let web = camera(|_| "HTTP/1.1 400 Bad Request\r\n\r\n".into());
    let cases = [
        (&closed, None, "refuses the connection; check the port"),
        (&"rtsp://no-such-host.invalid/street".to_owned(), None, "check its address, its power"),
        (&locked, Some("viewer"), "refuses this user name or password"),
        (&locked, None, "asks for a user name and password"),
        (&missing, None, "has no stream at this path; look the path up in its manual"),
        (&jpeg, None, "sends JPEG; set the stream to H.264 or H.265 in the camera"),
        (&silent, None, "takes the connection and does not answer DESCRIBE"),
        (&web, None, "does not answer DESCRIBE in RTSP; check that the port is its RTSP port"),
    ];
    for (url, user, words) in cases {
        let told = refusal(url, user);
        assert!(told.contains(words), "{url}: {told}");
        let others = cases.iter().filter(|(.., other)| *other != words);
        for (.., other) in others {
            assert!(!told.contains(other), "{url}: {told}");
        }
        assert!(!told.contains("sai mật khẩu"), "a password is in an error: {told}");
    }
}

#[test]
fn a_wrong_address_is_refused_before_anything_is_tried() {
    for (url, words) in [
        ("ftp://127.0.0.1/street", "rtsp"),
        ("rtsp://viewer:secret@127.0.0.1/street", "password"),
        ("http://viewer:secret@127.0.0.1", "password"),
        ("not a url", "rtsp"),
    ] {
        let told = refusal(url, None);
        assert!(told.to_lowercase().contains(words), "{url}: {told}");
        assert!(!told.contains("secret"), "a password is in an error: {told}");
    }
}

#[test]
fn a_camera_that_is_added_untried_is_listed_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let config = configured(folder.path());
    let url = "rtsp://192.0.2.20/stream1";
    let add = [
        "camera",
        "add",
        url,
        "--user",
        "viewer",
        "--name",
        "Cổng chính",
        "--untried",
        "--unrecorded",
    ];
    let added = khue(&add, &config, Some("mật khẩu"));
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let listed = String::from_utf8(khue(&["camera", "list"], &config, None).stdout).unwrap();
    assert!(listed.contains("Cổng chính") && listed.contains(url), "{listed}");
    assert!(!listed.contains("mật khẩu"));
}

#[test]
fn a_configuration_that_is_wrong_names_its_line_and_what_may_stand_there() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("khue.toml");
    let missing = khue(&["camera", "list"], &config, None);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("cannot read the configuration"));
    fs::write(&config, "data = \"/d\"\n[http]\nlissten = \"x\"\n").unwrap();
    let told = String::from_utf8(khue(&["camera", "list"], &config, None).stderr).unwrap();
    assert!(
        told.contains("lissten") && told.contains("listen") && told.contains("line 3"),
        "{told}"
    );
}

/// A `khue serve` that was asked to serve at `listen`.
fn serve(config: &Path, listen: SocketAddr) -> Child {
    let data = config.with_file_name("data");
    fs::write(
        config,
        format!(
            "data = {data:?}\n[http]\nlisten = \"{listen}\"\n[whep]\nlisten = \"127.0.0.1:0\"\n\
             [rtsp]\nserve = false\n"
        ),
    )
    .unwrap();
    Command::new(env!("CARGO_BIN_EXE_khue"))
        .args(["serve", "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A server that runs, and what it printed.
struct Serving {
    child: Child,
    lines: Vec<String>,
}

impl Serving {
    /// Starts one, and waits until it has said who may sign in: the
    /// administrator stands last.
    fn start(config: &Path, listen: SocketAddr) -> Self {
        let mut child = serve(config, listen);
        let mut lines = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            lines.push(line.unwrap());
            if lines.last().is_some_and(|line| line.trim_start().starts_with("quantri ")) {
                break;
            }
        }
        Self { child, lines }
    }

    /// Returns the one-time password printed for a person, if there is one.
    fn password(&self, name: &str) -> Option<String> {
        let theirs = self.lines.iter().find(|line| line.split_whitespace().next() == Some(name));
        theirs?.split_whitespace().nth(1).map(str::to_owned)
    }

    fn end(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn the_first_passwords_are_printed_to_who_can_serve_and_to_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let config = configured(folder.path());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let refused = serve(&config, address).wait_with_output().unwrap();
    let words = String::from_utf8(refused.stderr).unwrap();
    let wanted = format!("cannot serve on {address}: choose another port, or end what has it");
    assert!(!refused.status.success() && words.contains(&wanted), "{words}");

    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let first = Serving::start(&config, anywhere);
    let passwords = ["trucban", "quantri"].map(|name| first.password(name).unwrap());
    assert_ne!(passwords[0], passwords[1]);

    // Whoever starts a second one by mistake is told so, and given none.
    let second = serve(&config, anywhere).wait_with_output().unwrap();
    let words = String::from_utf8(second.stderr).unwrap();
    let wanted = format!("another khue (process {}) runs over", first.child.id());
    assert!(!second.status.success() && words.contains(&wanted), "{words}");
    assert_eq!(String::from_utf8_lossy(&second.stdout), "");
    first.end();

    // Nobody chose a password yet: they may never have been read.
    let third = Serving::start(&config, anywhere);
    assert_ne!(third.password("trucban").unwrap(), passwords[0]);
    third.end();
}

#[test]
fn what_it_writes_is_nobody_elses_though_the_folder_is_open_to_all() {
    let folder = tempfile::tempdir().unwrap();
    let config = configured(folder.path());
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::set_permissions(folder.path().join("data"), fs::Permissions::from_mode(0o755)).unwrap();
    Serving::start(&config, SocketAddr::from(([127, 0, 0, 1], 0))).end();
    let mut folders = vec![folder.path().join("data")];
    let mut files = 0;
    while let Some(entry) = folders.pop() {
        for entry in fs::read_dir(entry).unwrap().map(Result::unwrap) {
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", entry.path().display());
            match entry.metadata().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => files += 1,
            }
        }
    }
    assert!(files >= 5, "only {files} files were written");
}

#[test]
fn a_day_of_the_audit_is_published_signed_by_another_agency_and_known_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| {
        let home = folder.path().join(name);
        fs::create_dir(&home).unwrap();
        configured(&home)
    };
    let (ours, theirs) = (at("ours"), at("theirs"));
    let said = |arguments: &[&str], config: &Path| {
        let output = khue(arguments, config, None);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let their_key = said(&["audit", "key"], &theirs);
    // Two days of a journal, as a server signs them off.
    let audit = folder.path().join("ours/data/audit");
    let key = audit::RootKey::new(&[7; 32]);
    let our_key = key.public();
    fs::create_dir_all(&audit).unwrap();
    let note = async {
        let journal =
            audit::Journal::open(&audit, audit::Disk::Real, key, base::WallTime(0)).unwrap();
        for day in 0..2 {
            let at = base::WallTime(day * 86_400_000_000);
            let entry = audit::Entry::new(at, audit::Act::Hold, audit::Outcome::Done);
            journal.note(entry).await.unwrap();
        }
    };
    tokio::runtime::Runtime::new().unwrap().block_on(note);
    let public = folder.path().join("public");
    fs::create_dir(&public).unwrap();
    let publish = ["audit", "publish", public.to_str().unwrap()];
    assert_eq!(said(&publish, &ours), "1 roots published, 0 signatures of others taken up\n");
    let root = fs::read_dir(&public).unwrap().next().unwrap().unwrap().path();
    let root = root.to_str().unwrap();
    let stranger = khue(&["audit", "cosign", root, "--key", their_key.trim()], &theirs, None);
    assert!(String::from_utf8(stranger.stderr).unwrap().contains("is not signed by the key"));
    let cosign = ["audit", "cosign", root, "--key", &our_key];
    assert!(said(&cosign, &theirs).contains(their_key.trim()));
    assert!(said(&cosign, &theirs).contains("is signed already"));
    assert_eq!(said(&publish, &ours), "0 roots published, 1 signatures of others taken up\n");
    let verify = ["audit", "verify", "--folder", audit.to_str().unwrap(), "--key", &our_key];
    assert!(said(&verify, &ours).contains("1970-01-01: signed, and by 1 others"));
    fs::write(root, "nothing").unwrap();
    let told = khue(&publish, &ours, None);
    assert!(String::from_utf8(told.stderr).unwrap().contains("is no root"));
}
