//! `khue camera`: find cameras, add them, or list those there are.
//!
//! Works whether or not the server runs: it writes to the catalog, and a running
//! server takes up the change by itself.

use anyhow::Context;
use audit::Act;
use base::{Link, Transport};
use catalog::{NewCamera, NewStream, Particulars, Purpose, Retention, Secret, StreamRole};
use clap::Subcommand;
use ingest::{Credentials, Limits, Source};
use url::Url;

use super::deed::Deed;
use super::device::{self, Find, Show};
use super::{WithConfig, password};
use crate::app::{Node, UNSORTED};
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub(crate) struct Camera {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look for devices that speak ONVIF
    Find(Find),
    /// Ask a device what it is, and try what it claims
    Show(Show),
    /// Try a camera's address and add it; of a device with several channels, each
    Add(Add),
    /// List the cameras and their addresses
    List(WithConfig),
}

#[derive(Debug, clap::Args)]
struct Add {
    /// A device that speaks ONVIF: http://HOST, or with port and path; or a main stream:
    /// rtsp://HOST[:PORT]/PATH, or rtsps://; both without user and password
    url: String,
    /// Its sub-stream, a small picture for many tiles; a device tells of its own
    #[arg(long, value_name = "URL")]
    sub: Option<String>,
    /// The user name the camera wants; its password is asked for, or read from standard input
    #[arg(long)]
    user: Option<String>,
    /// Its name on screen; the host if left out
    #[arg(long)]
    name: Option<String>,
    /// The short number typed at the desk; the next free one if left out
    #[arg(long)]
    number: Option<u32>,
    /// The site it hangs at, added if there is none of this name
    #[arg(long, default_value = UNSORTED)]
    site: String,
    /// How many days its recording is kept
    #[arg(long, default_value_t = 30)]
    days: u16,
    /// What it is recorded for: traffic, defence, security_order, social_safety,
    /// admin_violation, urban_order, environment or infrastructure; may be given again
    #[arg(long = "purpose", value_name = "PURPOSE", value_parser = purpose)]
    purposes: Vec<Purpose>,
    /// On what that stands: number, day and issuer of a document
    #[arg(long, value_name = "DOCUMENT")]
    legal_basis: Option<String>,
    /// Add it without recording it; neither purpose nor legal basis is needed then
    #[arg(long)]
    unrecorded: bool,
    /// Record its sound too, which its owner must have authorised
    #[arg(long)]
    sound: bool,
    /// By which way its packets come: auto, tcp or udp
    #[arg(long, default_value = "auto", value_parser = transport)]
    transport: Transport,
    /// Add it though it cannot be reached now
    #[arg(long)]
    untried: bool,
    #[command(flatten)]
    with: WithConfig,
}

impl Camera {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Find(find) => find.run().await,
            Command::Show(show) => show.run().await,
            Command::Add(add) => add.run().await,
            Command::List(with) => list(&with).await,
        }
    }
}

impl Add {
    async fn run(self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.unrecorded || (!self.purposes.is_empty() && self.legal_basis.is_some()),
            "a camera is recorded for a purpose and on a legal basis; give --purpose and \
             --legal-basis, or --unrecorded"
        );
        let node = Node::open(&Config::read(&self.with.config)?).await?;
        let credentials = match &self.user {
            Some(user) => {
                let password = password::ask(&format!("Password of {user} on the camera: "))?;
                Some(Credentials { user: user.clone(), password })
            }
            None => None,
        };
        // All are tried before the first is added, so that it can be said again as a whole.
        let mut cameras = Vec::new();
        for offer in self.offers(credentials.as_ref()).await? {
            let mut streams =
                vec![self.stream(StreamRole::Main, &offer.main, credentials.as_ref()).await?];
            if !offer.sub.is_empty() {
                let sub = self.stream(StreamRole::Sub, &offer.sub, credentials.as_ref());
                streams.push(sub.await?);
            }
            cameras.push((offer.name, offer.make, streams));
        }
        for (name, make, streams) in cameras {
            self.add(&node, name, make, streams).await?;
        }
        Ok(())
    }

    /// Returns what there is to be added: of a device each of its channels.
    async fn offers(&self, credentials: Option<&Credentials>) -> anyhow::Result<Vec<Offer>> {
        let device =
            Url::parse(&self.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(device) = device else {
            let name = match &self.name {
                Some(name) => name.clone(),
                None => {
                    catalog::camera::address(&self.url)?.host_str().unwrap_or("camera").to_owned()
                }
            };
            let (main, sub) = (vec![self.url.clone()], self.sub.iter().cloned().collect());
            return Ok(vec![Offer { name, make: None, main, sub }]);
        };
        anyhow::ensure!(self.sub.is_none(), "a device tells of its sub-streams; leave --sub out");
        let (door, surveyed) = device::look(&device, credentials.cloned()).await?;
        anyhow::ensure!(
            !surveyed.channels.is_empty(),
            "{door} has no channel that can be recorded; `khue camera show {door}` tells why"
        );
        let is_one = surveyed.channels.len() == 1;
        anyhow::ensure!(
            is_one || self.number.is_none(),
            "a device of several channels takes several numbers; leave --number out"
        );
        let host = door.host_str().unwrap_or("camera").to_owned();
        let name = self.name.clone().unwrap_or(host);
        let make = Some(surveyed.information.manufacturer).filter(|make| !make.is_empty());
        let texts = |urls: Vec<Url>| urls.into_iter().map(String::from).collect();
        let each = surveyed.channels.into_iter().enumerate().map(|(at, one)| Offer {
            name: if is_one { name.clone() } else { format!("{name} · {}", at + 1) },
            make: make.clone(),
            main: texts(one.main),
            sub: texts(one.sub),
        });
        Ok(each.collect())
    }

    async fn add(
        &self,
        node: &Node,
        name: String,
        make: Option<String>,
        streams: Vec<NewStream>,
    ) -> anyhow::Result<()> {
        let camera = node
            .catalog
            .add_camera(NewCamera {
                number: self.number,
                name,
                site: node.site(&self.site).await?,
                make,
                recording: !self.unrecorded,
                retention: Retention { days: self.days, bytes: None },
                link: self.link(),
                class: Default::default(),
                sound: self.sound,
                particulars: Particulars {
                    purposes: self.purposes.iter().copied().collect(),
                    legal_basis: self.legal_basis.clone(),
                    ..Particulars::default()
                },
                streams,
            })
            .await?;
        let name = format!("{} · {}", camera.number, camera.name);
        Deed::new(Act::Camera, "added").with("camera", camera.id.0, &name).leave(&node.home)?;
        println!("camera {} added: {}", camera.number, camera.name);
        Ok(())
    }

    fn link(&self) -> Link {
        Link { transport: self.transport, ..Link::default() }
    }

    /// Tries the addresses of a stream until one brings pictures.
    async fn stream(
        &self,
        role: StreamRole,
        urls: &[String],
        credentials: Option<&Credentials>,
    ) -> anyhow::Result<NewStream> {
        let (mut found, mut why) = (None, None);
        for url in urls {
            let address = catalog::camera::address(url)?;
            if self.untried {
                found = Some((url, None));
                break;
            }
            match probe(address, credentials, self.link()).await {
                Ok(facts) => {
                    found = Some((url, Some(facts)));
                    break;
                }
                // A password that was refused is not tried at the next door.
                Err(error) if is_of_person(&error) => return Err(error),
                // The likeliest one's words tell most.
                Err(error) => why = why.or(Some(error)),
            }
        }
        let Some((url, facts)) = found else {
            return Err(why.unwrap_or_else(|| anyhow::anyhow!("there is no address to be tried")));
        };
        Ok(NewStream {
            role,
            url: url.clone(),
            user: credentials.map(|credentials| credentials.user.clone()),
            password: credentials.map(|credentials| Secret::new(credentials.password.clone())),
            facts,
        })
    }
}

fn is_of_person(error: &anyhow::Error) -> bool {
    let fault = error.downcast_ref::<ingest::Fault>();
    fault.is_some_and(|fault| fault.kind == ingest::FaultKind::WrongCredentials)
}

/// A camera that may be added.
struct Offer {
    name: String,
    make: Option<String>,
    /// Where its main stream may be, the likeliest first.
    main: Vec<String>,
    /// The same of its sub-stream, if it has one.
    sub: Vec<String>,
}

async fn probe(
    url: Url,
    credentials: Option<&Credentials>,
    link: Link,
) -> anyhow::Result<catalog::Facts> {
    let shown = url.to_string();
    let source = Source { link, ..Source::new(url, credentials.cloned()) };
    let found = ingest::probe(&source, &Limits::default())
        .await
        .with_context(|| format!("{shown} was tried and not added"))?;
    println!("{shown}: {} {}×{}", found.codec, found.width, found.height);
    Ok(catalog::Facts {
        codec: found.codec,
        width: u16::try_from(found.width)?,
        height: u16::try_from(found.height)?,
    })
}

fn transport(word: &str) -> Result<Transport, &'static str> {
    Transport::of(word).ok_or("write auto, tcp or udp")
}

fn purpose(word: &str) -> Result<Purpose, String> {
    let known = || {
        let words: Vec<_> = Purpose::ALL.iter().map(|purpose| purpose.as_str()).collect();
        format!("write one of {}", words.join(", "))
    };
    Purpose::of(word).ok_or_else(known)
}

async fn list(with: &WithConfig) -> anyhow::Result<()> {
    let node = Node::open(&Config::read(&with.config)?).await?;
    let tables = node.catalog.tables();
    let mut cameras: Vec<_> = tables.cameras.values().collect();
    cameras.sort_by_key(|camera| camera.number);
    for camera in cameras {
        println!("{}\t{}", camera.number, camera.name);
        for stream in &camera.streams {
            println!("\t{}\t{}", stream.role.as_str(), stream.url);
        }
    }
    Ok(())
}
