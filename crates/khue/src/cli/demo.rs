//! `khue demo`: a small simulated city on this machine.
//!
//! The cameras are reached over real RTSP on loopback, with a user name and a
//! password, like any camera; nothing in the program knows that they are drawn.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use base::Link;
use catalog::{
    CameraChange, NewCamera, NewOrganisation, NewSite, NewStream, Particulars, PasswordChange,
    Position, Purpose, Retention, Secret, SiteCategory, StreamChange, StreamRole,
};
use live::whep::WhepConfig;
use simcam::clip;
use simcam::sound::Sound;
use simcam::{CameraConfig, Credentials, Server, ServerConfig};
use store::StoreConfig;

use super::serve::announce;
use crate::app::{Begun, Node};
use crate::city;
use crate::config::{Config, Database, Decode, Http, Rtsp};
use crate::door::Door;
use crate::home::Home;
use crate::telemetry;

/// The port that the demo takes if nobody else has it.
const PORT: u16 = 8300;

/// The port at which foreign programs watch, likewise.
const RTSP_PORT: u16 = 8554;

/// The most that the demo's recordings take: with the scenes and the catalog, less than 10 GB.
const CEILING_BYTES: u64 = 8_000_000_000;

/// The user name of the simulated cameras.
const CAMERA_USER: &str = "khue";

#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Where the demo keeps its recordings, catalog and drawn scenes
    #[arg(long, value_name = "FOLDER", env = "KHUE_DEMO_DIR")]
    data: PathBuf,
    /// Where the drawn scenes are kept, if not with the rest
    #[arg(long, value_name = "FOLDER")]
    scenes: Option<PathBuf>,
    /// The port on localhost; 8300, or any free one, if left out
    #[arg(long)]
    port: Option<u16>,
}

impl Demo {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        telemetry::start_with_file(&Home::open(&self.data)?.log())?;
        let config = Config {
            audit: Default::default(),
            store: StoreConfig {
                root: self.data.join("recordings"),
                ceiling_bytes: Some(CEILING_BYTES),
                // Short segments let the ceiling let go of a little at a time.
                segment_s: 120,
                ..StoreConfig::default()
            },
            data: self.data,
            database: Database::default(),
            http: Http::default(),
            decode: Decode::default(),
            // Whoever looks at it for a first time has no phone at hand; it says so.
            sign_in: signin::Config {
                second_factor: signin::AskedOf::Nobody,
                administrator_idle_min: signin::Config::default().idle_min,
                ..signin::Config::default()
            },
            whep: whep(),
            rtsp: Rtsp { plain: Some(door(None, RTSP_PORT)), ..Rtsp::default() },
            unsealed: None,
        };
        let begun = Begun::take(config, Door::Loopback(door(self.port, PORT))).await?;
        let scenes = self.scenes.unwrap_or_else(|| begun.node.home.scenes());
        let kept = scenes.clone();
        let rendered = tokio::task::spawn_blocking(move || {
            clip::render_all(&scenes, &simcam::scene::Scene::all(), tell)
        })
        .await?
        .context("the demo's streets could not be drawn")?;
        let password = password()?;
        let cameras = tokio::task::spawn_blocking(move || cameras(&rendered, &kept))
            .await?
            .context("the sound of the demo's cameras could not be made")?;
        let cameras = Server::start(ServerConfig {
            credentials: Some(Credentials {
                user: CAMERA_USER.to_owned(),
                password: password.expose().to_owned(),
            }),
            ..ServerConfig::new((Ipv4Addr::LOCALHOST, 0).into(), cameras)
        })
        .await?;
        settle(&begun.node, &cameras, &password).await?;
        let served = begun
            .run(async |node, audit, address| {
                print!("{}", announce(&address, &node.invite(audit).await?, ""));
                println!(
                    "  Bản thử không đòi mã xác minh khi đăng nhập; bản thật đòi ở người quản trị · \
                     the demo asks for no second factor; a real installation asks administrators for one\n"
                );
                println!("  {}  nhật ký · who did what", node.home.log().display());
                println!("  Ctrl-C để dừng · to stop\n");
                Ok(())
            })
            .await;
        cameras.shutdown().await;
        served
    }
}

/// Twelve cameras share the scenes, each at a moment of its own.
fn cameras(rendered: &[clip::Rendered], kept: &Path) -> Result<Vec<CameraConfig>, clip::ClipError> {
    let shared: Vec<_> = rendered
        .iter()
        .map(|scene| (Arc::new(scene.main.clone()), Arc::new(scene.sub.clone())))
        .collect();
    city::cameras()
        .zip(shared.iter().cycle())
        .enumerate()
        .map(|(order, (camera, (main, sub)))| {
            let seconds = u32::try_from(main.duration_90k / 90_000).unwrap_or(1);
            let tone = |codec| Sound::kept_in(kept, codec, Sound::tone_of(camera.number), seconds);
            Ok(CameraConfig {
                phase: Duration::from_millis(order as u64 * 6_700),
                sound: camera.sound.map(tone).transpose()?.map(Arc::new),
                ..CameraConfig::new(path(camera.number), main.clone(), sub.clone())
            })
        })
        .collect()
}

fn path(number: u32) -> String {
    format!("cam{number}")
}

/// Makes the catalog say what the city is: the cameras' port and password are
/// new at each start, everything else stays as it was left.
async fn settle(node: &Node, server: &Server, password: &Secret) -> anyhow::Result<()> {
    let roles =
        [(StreamRole::Main, simcam::StreamRole::Main), (StreamRole::Sub, simcam::StreamRole::Sub)];
    node.lay_organisations().await?;
    for body in city::CITY {
        let known = node.catalog.tables();
        let named = || known.organisations.values().find(|one| one.name == body.name);
        let organisation = match known.organisation_of(body.code).or_else(named) {
            Some(one) => one.id,
            None => {
                let new = NewOrganisation::named(body.name, None);
                node.catalog.add_organisation(new).await?.id
            }
        };
        for place in body.sites {
            let site = match known.sites.values().find(|one| one.name == place.name) {
                Some(one) => one.id,
                None => {
                    let (latitude, longitude) = place.position;
                    // A demo from before there were wards has none.
                    let ward = known.organisation_of(place.ward).map(|_| place.ward.to_owned());
                    let new = NewSite {
                        category: SiteCategory::Junction,
                        ward,
                        position: Some(Position::of(latitude, longitude)?),
                        ..NewSite::named(place.name, organisation)
                    };
                    node.catalog.add_site(new).await?.id
                }
            };
            for eye in place.cameras {
                let url = |role| server.url(&path(eye.number), role);
                if let Some(camera) = known.cameras.values().find(|one| one.number == eye.number) {
                    let streams = roles.map(|(role, of)| StreamChange {
                        role,
                        url: url(of),
                        user: Some(CAMERA_USER.to_owned()),
                        password: PasswordChange::Set(Some(password.clone())),
                    });
                    let mut change =
                        CameraChange { streams: Some(streams.into()), ..CameraChange::default() };
                    if camera.inherited_until.is_some() {
                        let Particulars { purposes, legal_basis, .. } = particulars();
                        change.particulars.purposes = Some(purposes);
                        change.particulars.legal_basis = Some(legal_basis);
                    }
                    node.catalog.change_camera(camera.id, change).await?;
                    continue;
                }
                let streams = roles.map(|(role, of)| NewStream {
                    role,
                    url: url(of),
                    user: Some(CAMERA_USER.to_owned()),
                    password: Some(password.clone()),
                    facts: None,
                });
                let camera = NewCamera {
                    number: Some(eye.number),
                    name: eye.name.to_owned(),
                    site,
                    make: Some("simcam".to_owned()),
                    recording: true,
                    retention: Retention { days: 30, bytes: None },
                    link: Link::default(),
                    class: Default::default(),
                    sound: eye.sound.is_some(),
                    particulars: particulars(),
                    streams: streams.into(),
                };
                node.catalog.add_camera(camera).await?;
            }
        }
    }
    Ok(())
}

/// What the city is watched for: something to look at, and no document of anybody's.
fn particulars() -> Particulars {
    Particulars {
        purposes: [Purpose::Traffic, Purpose::SecurityOrder].into(),
        legal_basis: Some("Văn bản mẫu số 01 của bản thử".to_owned()),
        ..Particulars::default()
    }
}

/// A password that lasts as long as this start.
fn password() -> anyhow::Result<Secret> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
    Ok(Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

/// The port asked for; or the usual one if it is free, or any other.
fn door(port: Option<u16>, usual: u16) -> SocketAddr {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match port {
        Some(port) => at(port),
        None => std::net::TcpListener::bind(at(usual)).map_or(at(0), |_| at(usual)),
    }
}

/// WebRTC at the usual port if it is free, or at any other: told with loopback,
/// for browsers on this machine, and with its other addresses, since some browsers
/// leave loopback out.
fn whep() -> WhepConfig {
    let usual = WhepConfig { loopback: true, ..WhepConfig::default() };
    match std::net::UdpSocket::bind(usual.listen) {
        Ok(_) => usual,
        Err(_) => WhepConfig { listen: (usual.listen.ip(), 0).into(), ..usual },
    }
}

/// One line that is written over, `\r` being what a terminal and a log both take.
fn tell(progress: clip::Progress) {
    let clip::Progress { scene, done, of } = progress;
    let percent = done * 100 / of.max(1);
    print!("\rVẽ phố · drawing the streets: {percent:3} % ({scene})          ");
    if done >= of {
        println!();
    }
    let _ = io::stdout().flush();
}
