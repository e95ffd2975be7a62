//! The rooms put together: what every command needs, and what a running server is.
//!
//! ```text
//! Config ──▶ Node (catalog, sign-ins, holds; any command)
//!              └─ Begun (the folder and the port are this process's; serve and demo)
//!                   └──▶ run (store, hub, recorder, HTTP)
//! ```
//!
//! Nothing is written before a server has begun: a second one over the same
//! folder ends without having touched what the first relies on.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use audit::{Act, Entry, Journal, Object, Outcome, RootKey};
use base::{Day, SiteId, UserId, WallTime};
use casework::{Approvals, DataRequests, Emergencies, Holds};
use catalog::{
    Catalog, NewOrganisation, NewSite, NewUser, Organisation, Role, SealKey, Subject, Terms,
};
use db::{Durability, Pool};
use ingest::{Clock, Limits};
use live::Hub;
use live::whep::Whep;
use recorder::{Converter, Recorder, Thumbnails};
use signin::{MediaTokens, OneTimePassword, SignIns, StreamSecrets};
use store::{Disk, Store};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::door::{Door, Opened};
use crate::home::{Alone, Home};
use crate::rtsp_door::RtspDoor;
use crate::syslog::Teller;
use crate::ui;

/// How often a catalog that another process wrote to is looked at.
const LOOK_AROUND: Duration = Duration::from_secs(2);

/// How long open requests may take to end once the program is asked to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(2);

/// The people of an empty installation.
const FIRST_PEOPLE: [(&str, &str, Role); 3] = [
    ("trucban", "Trực ban", Role::Operator),
    ("quantri", "Quản trị", Role::Administrator),
    ("kiemtra", "Kiểm tra", Role::Auditor),
];

/// The body and the site of what nobody has placed yet.
const OWN_BODY: &str = "Đơn vị quản lý";
pub(crate) const UNSORTED: &str = "Chưa xếp địa điểm";

/// The durable part of a node, as any command opens it.
pub(crate) struct Node {
    pub(crate) home: Home,
    pub(crate) pool: Pool,
    pub(crate) catalog: Catalog,
    pub(crate) sign_ins: SignIns,
    pub(crate) stream_secrets: StreamSecrets,
    pub(crate) holds: Holds,
    pub(crate) approvals: Approvals,
    pub(crate) emergencies: Emergencies,
    pub(crate) data_requests: DataRequests,
}

/// A server that nothing stands in the way of any more: it has the data folder
/// for itself, and its door is open though nobody answers yet.
pub(crate) struct Begun {
    pub(crate) node: Node,
    config: Config,
    door: Door,
    opened: Opened,
    rtsp: RtspDoor,
    alone: Alone,
}

/// A person with the password printed for them.
pub(crate) struct Invited {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// None for a person who chose a password already.
    pub(crate) password: Option<OneTimePassword>,
}

/// Returns the system's clock.
pub(crate) fn now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Opens the database, wherever it is; its tables may be those of an older program.
pub(crate) async fn open_rows(config: &Config, home: &Home) -> anyhow::Result<Pool> {
    let server = config.database.server().context("[database]")?;
    Ok(match server {
        Some(server) => Pool::open_postgres(&server).await?,
        None => Pool::open_sqlite(&home.database(), Durability::Full).await?,
    })
}

/// Returns every room that owns tables of the database, with the steps it knows.
pub(crate) fn rooms() -> [(&'static str, db::Steps); 3] {
    let today = Day::of(now());
    [
        ("catalog", catalog::steps(today)),
        ("signin", signin::steps()),
        ("casework", casework::steps()),
    ]
}

impl Node {
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        let home = Home::open(&config.data)?;
        let pool = open_rows(config, &home).await?;
        let (key, today) = (SealKey::new(&home.key("seal")?), Day::of(now()));
        let catalog = Catalog::open(pool.clone(), key, today).await?;
        let sign_ins =
            SignIns::open(pool.clone(), &home.key("sign-in")?, config.sign_in.clone()).await?;
        let stream_secrets = StreamSecrets::open(pool.clone(), &home.key("stream-secret")?).await?;
        let holds = Holds::open(pool.clone()).await?;
        let approvals = Approvals::open(pool.clone()).await?;
        let emergencies = Emergencies::open(pool.clone()).await?;
        let data_requests = DataRequests::open(pool.clone()).await?;
        Ok(Self {
            home,
            pool,
            catalog,
            sign_ins,
            stream_secrets,
            holds,
            approvals,
            emergencies,
            data_requests,
        })
    }

    /// Returns the site of this name, added to the node's own body if there is none.
    pub(crate) async fn site(&self, name: &str) -> anyhow::Result<SiteId> {
        let tables = self.catalog.tables();
        if let Some(site) = tables.sites.values().find(|site| site.name == name) {
            return Ok(site.id);
        }
        // The bodies of the city have codes; whose the node is, is for people to say.
        let own = |body: &&Organisation| body.parent.is_none() && body.code.is_none();
        let body = match tables.organisations.values().find(own) {
            Some(body) => body.id,
            None => {
                let body = NewOrganisation::named(OWN_BODY, None);
                self.catalog.add_organisation(body).await?.id
            }
        };
        Ok(self.catalog.add_site(NewSite::named(name, body)).await?.id)
    }

    /// Returns the first people, added where they are missing, each with a new
    /// one-time password unless they chose a password of their own.
    ///
    /// The first operator is given the video of all ordinary cameras, as nobody is
    /// there yet who could give it: an entry of the audit says so.
    pub(crate) async fn invite(&self, audit: &Journal) -> anyhow::Result<Vec<Invited>> {
        self.lay_organisations().await?;
        let mut invited = Vec::new();
        for (name, display_name, role) in FIRST_PEOPLE {
            let id = match self.catalog.user_by_name(name) {
                Some(user) => user.id,
                None => {
                    let user = NewUser {
                        name: name.to_owned(),
                        display_name: display_name.to_owned(),
                        role,
                        organisation: None,
                    };
                    let id = self.catalog.add_user(user).await?.id;
                    if role == Role::Operator {
                        self.give_first(id, audit).await?;
                    }
                    id
                }
            };
            let password = self.one_time(id).await?;
            invited.push(Invited { name: name.to_owned(), role, password });
        }
        Ok(invited)
    }

    /// Lays the bodies of the city in a catalog of which nobody said anything yet.
    pub(crate) async fn lay_organisations(&self) -> anyhow::Result<()> {
        let tables = self.catalog.tables();
        if tables.users.is_empty() && tables.organisations.is_empty() {
            self.catalog.lay_organisations().await?;
        }
        Ok(())
    }

    async fn give_first(&self, user: UserId, audit: &Journal) -> anyhow::Result<()> {
        let usual = Terms::usual(Subject::User(user));
        let terms = Terms { basis: "Quyền khởi tạo của hệ thống".to_owned(), ..usual };
        let grant = self.catalog.give(terms, None, now()).await?;
        let mut entry = Entry::new(now(), Act::Grant, Outcome::Done);
        let name = String::new();
        entry.object = Some(Object { kind: "grant".to_owned(), id: grant.id.0, name });
        let Terms { actions, basis, .. } = &grant.terms;
        let details = [
            ("change", "given".to_owned()),
            ("subject", format!("user {user}")),
            ("scope", "all".to_owned()),
            ("actions", actions.words()),
            ("basis", basis.clone()),
        ];
        entry.details.extend(details.map(|(name, value)| (name.to_owned(), value)));
        audit.note(entry).await?;
        Ok(())
    }

    /// Returns whether nobody could sign in yet with a password of their own: an
    /// installation whose first passwords were perhaps never read.
    pub(crate) async fn is_new(&self) -> anyhow::Result<bool> {
        for user in self.catalog.tables().users.keys() {
            if self.sign_ins.has_chosen(*user).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn one_time(&self, user: UserId) -> anyhow::Result<Option<OneTimePassword>> {
        if self.sign_ins.has_chosen(user).await? {
            return Ok(None);
        }
        Ok(Some(self.sign_ins.issue_one_time(user, now()).await?))
    }
}

impl Begun {
    /// Takes the data folder and the port.
    pub(crate) async fn take(config: Config, door: Door) -> anyhow::Result<Self> {
        let alone = Home::open(&config.data)?.alone()?;
        let node = Node::open(&config).await?;
        let opened = door.open(&config, &node.home).await?;
        let rtsp = RtspDoor::open(&config.rtsp, opened.rustls())?;
        Ok(Self { node, config, door, opened, rtsp, alone })
    }

    /// Returns where the same is served unsealed, if it is.
    pub(crate) fn unsealed_address(&self) -> anyhow::Result<Option<SocketAddr>> {
        self.opened.unsealed_address()
    }

    /// Runs until it is asked to stop; `ready` is called with the address once
    /// everything stands.
    pub(crate) async fn run(
        self,
        ready: impl AsyncFnOnce(&Node, &Journal, String) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let Self { node, config, door, opened, rtsp, alone } = self;
        let ran = run(&node, &config, door, (opened, rtsp), ready).await;
        node.pool.close().await?;
        drop(alone);
        ran
    }
}

async fn run(
    node: &Node,
    config: &Config,
    door: Door,
    (opened, rtsp): (Opened, RtspDoor),
    ready: impl AsyncFnOnce(&Node, &Journal, String) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    open_files();
    // Listened for before anybody is told that there is something to stop.
    let mut stop = StopSignals::listen()?;
    let clock = Clock::system();
    // Ports before the store: who cannot serve has opened nothing.
    let provider = config.provider()?;
    let teller = config.audit.syslog.as_ref().map(|syslog| Teller::new(syslog, &node.home));
    let teller = teller.transpose().context("[audit.syslog]")?;
    let hub = Hub::new(now());
    let whep = open_whep(config, &hub)?;
    let key = RootKey::new(&node.home.key("audit")?);
    let audit = Journal::open(&node.home.audit(), audit::Disk::Real, key, now())?;
    let store = Store::open(config.store.clone(), Disk::Real, now()).await?;
    let decoder = decode::Decoder::new(config.decode.worker())
        .context("the worker's watch cannot be kept; see the limits of this user")?;
    tell_worker(&decoder).await;
    let thumbnails = Thumbnails::new(store.clone(), decoder.clone());
    let converter = Converter::new(hub.clone(), decoder, clock.clone());
    let recorder = Recorder {
        catalog: node.catalog.clone(),
        holds: node.holds.clone(),
        store: store.clone(),
        hub: hub.clone(),
        thumbnails: thumbnails.clone(),
        clock: clock.clone(),
        config: recorder::Config::default(),
    }
    .start()
    .context("no threads are to be had to read cameras on; see the limits of this user")?;
    let stopping = CancellationToken::new();
    let around = Around {
        catalog: node.catalog.clone(),
        audit: audit.clone(),
        home: node.home.clone(),
        keep_days: config.audit.keep_days,
    };
    let around = tokio::spawn(around.run(stopping.clone()));
    if let Some(teller) = teller {
        tokio::spawn(teller.run(stopping.clone()));
    }

    let router = api::router(api::App {
        catalog: node.catalog.clone(),
        audit: audit.clone(),
        audit_folder: node.home.audit(),
        sign_ins: node.sign_ins.clone(),
        provider,
        passkey_hosts: crate::tls::hosts(&config.http.names),
        stream_secrets: node.stream_secrets.clone(),
        rtsp: rtsp.ports()?,
        tokens: MediaTokens::new(&node.home.key("media")?),
        holds: node.holds.clone(),
        approvals: node.approvals.clone(),
        emergencies: node.emergencies.clone(),
        data_requests: node.data_requests.clone(),
        store: store.clone(),
        hub: hub.clone(),
        converter,
        thumbnails,
        whep: whep.clone(),
        recorder: recorder.clone(),
        clock: clock.clone(),
        probe_limits: Limits::default(),
        ui: ui::file,
        ca_pem: opened.ca_pem(),
        demo: matches!(door, Door::Loopback(_)),
        version: env!("CARGO_PKG_VERSION"),
    });
    tokio::spawn(keep_warm(node.catalog.clone(), stopping.clone()));
    let address = opened.address()?;
    let handle = axum_server::Handle::new();
    let mut serving = opened.serve(router, handle.clone(), stopping.clone())?;
    let gate = api::StreamGate::new(
        node.catalog.clone(),
        node.stream_secrets.clone(),
        audit.clone(),
        clock.clone(),
    );
    let rtsp = rtsp.serve(hub, gate, stopping.clone())?;
    ready(node, &audit, address).await?;
    let served = tokio::select! {
        served = &mut serving => served,
        () = stop.wait() => Ok(Ok(())),
    };

    // Somebody who asks again does not want to wait.
    tokio::spawn(async move {
        stop.wait().await;
        eprintln!("khue: ended at once; the next start looks after what was being written");
        std::process::exit(130);
    });
    // Viewers first, then cameras, then the disk: each hands its last to the next.
    tracing::info!("stopping");
    stopping.cancel();
    handle.graceful_shutdown(Some(LAST_REQUESTS));
    if let Some(whep) = whep {
        whep.stop().await;
    }
    if tokio::time::timeout(LAST_REQUESTS, rtsp.wait()).await.is_err() {
        tracing::warn!("a connection for RTSP did not end");
    }
    recorder.stop().await;
    store.close().await;
    if !serving.is_finished() {
        let _ = serving.await;
    }
    around.await?;
    audit.flush().await?;
    served?.context("the door was closed by the system")?;
    Ok(())
}

/// Says whether there is a worker, and which.
async fn tell_worker(decoder: &decode::Decoder) {
    match decoder.status().await {
        Ok(status) => tracing::info!(
            version = status.version, library = status.library, sandbox = ?status.sandbox,
            "the worker is there"
        ),
        Err(error) => tracing::warn!(
            "no thumbnails and no conversions: {error}. Everything else works without"
        ),
    }
}

/// Takes the UDP port of WHEP, unless the configuration does without.
fn open_whep(config: &Config, hub: &Hub) -> anyhow::Result<Option<Whep>> {
    if !config.whep.enabled {
        return Ok(None);
    }
    let address = config.whep.listen;
    let whep = Whep::start(&config.whep, hub.clone()).with_context(|| {
        format!(
            "cannot serve WHEP on UDP {address}: choose another port by listen in [whep], end what \
             has it, or do without by enabled = false"
        )
    })?;
    Ok(Some(whep))
}

/// Takes as many open files as the system allows: a stream has a socket and a
/// segment, and what a shell allows by default is too few for a city.
fn open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, "the limit of open files stays as it was");
    }
}

/// Makes what searches and decisions rest on after each change, so that nobody who
/// looks waits for what others changed.
async fn keep_warm(catalog: Catalog, stopping: CancellationToken) {
    let mut changes = catalog.changes();
    loop {
        let warmed = catalog.clone();
        // Changes that come meanwhile are one.
        if tokio::task::spawn_blocking(move || warmed.warm()).await.is_err() {
            return;
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

/// What a server looks after beside its requests.
struct Around {
    catalog: Catalog,
    audit: Journal,
    home: Home,
    keep_days: u32,
}

impl Around {
    /// Takes up what commands wrote beside the running server, signs off the audit's
    /// days and lets go of those that are too old.
    async fn run(self, stopping: CancellationToken) {
        loop {
            self.look().await;
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(LOOK_AROUND) => {}
            }
        }
    }

    async fn look(&self) {
        if let Err(error) = self.catalog.refresh().await {
            tracing::error!(%error, "the catalog could not be read anew");
        }
        if let Err(error) = audit::slip::take(&self.home.slips(), &self.audit).await {
            tracing::error!(%error, "what commands did is not in the audit yet");
        }
        if let Err(error) = self.audit.turn(now()).await {
            tracing::error!(%error, "the audit's day has no root");
        }
        if let Err(error) = self.expire().await {
            tracing::error!(%error, "old days of the audit are kept longer than they need be");
        }
    }

    /// Lets go of days of the audit that need be kept no longer.
    async fn expire(&self) -> anyhow::Result<()> {
        let keep = i32::try_from(self.keep_days).unwrap_or(i32::MAX);
        let (folder, before) = (self.home.audit(), Day::of(now()).plus(-keep));
        for day in audit::expire::over(&folder, before)? {
            let mut entry = Entry::new(now(), Act::Audit, Outcome::Done);
            entry.details.insert("change".to_owned(), "expired".to_owned());
            entry.details.insert("day".to_owned(), day.clone());
            self.audit.note(entry).await?;
            audit::expire::remove(&folder, &day)?;
            tracing::info!(day, "a day of the audit is kept no longer");
        }
        Ok(())
    }
}

/// Ctrl-C, and the signal by which systemd stops a service.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
