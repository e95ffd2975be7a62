//! `khue camera find` and `khue camera show`: which devices are there, and what one is;
//! and what `khue camera add` adds of a device.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use credentials::Credentials;
use onvif::{Client, Finding, Found, Limits, Surveyed};
use url::Url;

use super::password;

/// How long is knocked at those that do not answer.
const KNOCKING: Duration = Duration::from_secs(300);

#[derive(Debug, clap::Args)]
pub(crate) struct Find {
    /// Addresses to be looked through, beyond routers too: 10.0.0.7 or 10.0.0.0/24; without
    /// any, all devices of the networks at hand are asked
    #[arg(value_parser = range)]
    addresses: Vec<Range>,
    /// An address of this machine from which its network is asked; the system's own choice if
    /// left out; may be given again
    #[arg(long, value_name = "IP", conflicts_with = "addresses")]
    interface: Vec<Ipv4Addr>,
    /// How many seconds answers are waited for
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The device: http://HOST, or with its port and path; https:// too
    url: Url,
    /// The user name it wants; its password is asked for, or read from standard input
    #[arg(long)]
    user: Option<String>,
}

impl Find {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let patience = Duration::from_secs(self.seconds);
        let found = if self.addresses.is_empty() {
            // The unspecified address lets the system choose the network.
            let interfaces = match self.interface.as_slice() {
                [] => vec![Ipv4Addr::UNSPECIFIED],
                named => named.to_vec(),
            };
            onvif::search(&interfaces, patience).await
        } else {
            let all: Vec<_> = self.addresses.iter().flat_map(|range| range.0.clone()).collect();
            anyhow::ensure!(
                all.len() <= onvif::MOST,
                "look through {} addresses at most at once; these are {}",
                onvif::MOST,
                all.len()
            );
            onvif::sweep(&all, patience, KNOCKING).await
        };
        let found = found.context("the network cannot be asked")?;
        found.iter().for_each(|one| println!("{}", line(one)));
        match found.len() {
            0 => eprintln!(
                "no device answered; many cameras have discovery switched off: look through \
                 their addresses with `khue camera find 10.0.0.0/24`"
            ),
            1 => eprintln!("1 device"),
            count => eprintln!("{count} devices"),
        }
        Ok(())
    }
}

impl Show {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let credentials = match &self.user {
            Some(user) => Some(Credentials {
                user: user.clone(),
                password: password::ask(&format!("Password of {user} on the device: "))?,
            }),
            None => None,
        };
        let (url, surveyed) = look(&self.url, credentials).await?;
        print(&url, &surveyed);
        Ok(())
    }
}

/// Finds a device's own service and learns what the device is.
pub(crate) async fn look(
    url: &Url,
    credentials: Option<Credentials>,
) -> anyhow::Result<(Url, Surveyed)> {
    let limits = Limits::default();
    // Before anything is sent or said: an address with a password in it is refused as one.
    Client::new(url.clone(), None, None, limits)?;
    let door = onvif::knock(url, limits).await.with_context(|| format!("no ONVIF at {url}"))?;
    let mut client = Client::new(door.clone(), credentials, None, limits)?;
    let surveyed = onvif::survey(&mut client).await;
    Ok((door, surveyed.context("the device was asked what it is")?))
}

/// Addresses that one word stands for.
#[derive(Clone, Debug)]
struct Range(Vec<SocketAddr>);

fn range(word: &str) -> Result<Range, onvif::NoRange> {
    onvif::range(word).map(Range)
}

fn line(found: &Found) -> String {
    let url = found.urls.first().map_or_else(|| found.from.to_string(), Url::to_string);
    let words = [found.name.as_deref(), found.hardware.as_deref(), found.location.as_deref()];
    let words: Vec<_> = words.into_iter().flatten().map(printable).collect();
    format!("{url}\t{}\t{}", words.join(" · "), printable(&found.endpoint))
}

fn print(url: &Url, surveyed: &Surveyed) {
    let Surveyed { information, network, clock, .. } = surveyed;
    println!("{url}");
    for (name, value) in [
        ("make", &information.manufacturer),
        ("model", &information.model),
        ("firmware", &information.firmware),
        ("serial", &information.serial),
        ("mac", &network.macs.join(", ")),
    ] {
        if !value.is_empty() {
            println!("  {name:<10} {}", printable(value));
        }
    }
    if clock.source != onvif::ClockSource::Unknown {
        println!("  {:<10} {:+.0} s", "clock", clock.offset_us as f64 / 1e6);
    }
    if let Some(proved) = surveyed.proved {
        println!("  {:<10} {proved}", "password");
    }
    if let Some(certificate) = surveyed.certificate {
        let hex: String = certificate.iter().map(|byte| format!("{byte:02x}")).collect();
        println!("  {:<10} {hex}", "sha-256");
    }
    for (number, one) in surveyed.channels.iter().enumerate() {
        println!("  channel {}", number + 1);
        let sub = one.channel.sub.as_ref();
        let all = [("main", Some(&one.channel.main), &one.main), ("sub", sub, &one.sub)];
        for (role, profile, urls) in all {
            let Some((profile, url)) = profile.zip(urls.first()) else { continue };
            let shown = profile.encoder.as_ref().map_or_else(String::new, |encoder| {
                format!("{} {}×{}", printable(&encoder.codec), encoder.width, encoder.height)
            });
            println!("    {role:<8} {shown}  {url}");
        }
    }
    for (feature, finding) in &surveyed.findings {
        let words = match finding {
            Finding::Proved => "yes".to_owned(),
            Finding::WorkedAround(how) => format!("yes, but {}", printable(how)),
            Finding::Failed(why) => format!("no: {}", printable(why)),
            Finding::Absent => "not offered".to_owned(),
        };
        println!("  {:<10} {words}", feature.as_str());
    }
}

/// Returns a text without what would move a terminal's cursor: devices say anything.
fn printable(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_control()).collect()
}
