//! How long it takes to find many devices and to learn what each of them is.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::Context;
use credentials::Credentials;
use futures::stream::{self, StreamExt};
use onvif::{Client, Limits};
use simcam::clip::Codec;
use simcam::onvif::{
    Channel, Device, DeviceConfig, Discovery, PERSONALITIES, Personality, StreamConfig,
};

/// How many devices there are.
const DEVICES: usize = 500;

/// How many are asked at once.
const AT_ONCE: usize = 32;

/// How long devices may take to tell that they are there.
const PATIENCE: Duration = Duration::from_secs(4);

const PASSWORD: &str = "bi mat 7";

/// The figures of one run; devices and who asks them share the machine.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) devices: usize,
    pub(crate) makes: usize,
    /// Of finding all of them, patience and all.
    pub(crate) finding_s: f64,
    /// Of learning what each is.
    pub(crate) surveying_s: f64,
    /// How long one of them took.
    pub(crate) each_ms: Vec<f64>,
}

/// Finds five hundred devices, and surveys each.
pub(crate) fn measure() -> anyhow::Result<Figures> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let makes: Vec<_> = PERSONALITIES.iter().filter(|one| one.speaks).collect();
        let mut devices = Vec::new();
        for (number, make) in (0..DEVICES).zip(makes.iter().cycle()) {
            devices.push(device(**make, u32::try_from(number)?).await?);
        }
        let places: Vec<_> = devices.iter().filter_map(Device::discovery_addr).collect();
        let began = Instant::now();
        let found = onvif::search_at(&places, PATIENCE).await?;
        let finding_s = began.elapsed().as_secs_f64();
        anyhow::ensure!(found.len() == DEVICES, "{} of {DEVICES} answered", found.len());
        let began = Instant::now();
        let surveying = stream::iter(&devices).map(survey).buffer_unordered(AT_ONCE);
        let each_ms: Vec<anyhow::Result<f64>> = surveying.collect().await;
        let surveying_s = began.elapsed().as_secs_f64();
        let each_ms = each_ms.into_iter().collect::<anyhow::Result<_>>()?;
        Ok(Figures { devices: DEVICES, makes: makes.len(), finding_s, surveying_s, each_ms })
    })
}

async fn device(make: Personality, number: u32) -> anyhow::Result<Device> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let stream = |role: &str, width, height| StreamConfig {
        url: format!("rtsp://127.0.0.1:8554/cam{number}/{role}"),
        codec: Codec::H264,
        width,
        height,
        fps: 25,
        bitrate_kbps: 2048,
    };
    let channel = |_| Channel {
        name: format!("cam{number}"),
        main: stream("main", 1920, 1080),
        sub: stream("sub", 640, 360),
        ptz: true,
    };
    let config = DeviceConfig {
        credentials: Some(simcam::Credentials {
            user: "khue".to_owned(),
            password: PASSWORD.to_owned(),
        }),
        snapshot: Some((&[0xff, 0xd8, 0xff, 0xd9][..]).into()),
        discovery: Some(Discovery::Unicast(listen)),
        ..DeviceConfig::new(listen, make, number, (0..make.channels).map(channel).collect())
    };
    Ok(Device::start(config).await?)
}

/// Learns what one is; returns how long that took.
async fn survey(device: &Device) -> anyhow::Result<f64> {
    let began = Instant::now();
    let credentials = Credentials { user: "khue".to_owned(), password: PASSWORD.to_owned() };
    let url = device.url().parse()?;
    let mut client = Client::new(url, Some(credentials), None, Limits::default())?;
    let surveyed = onvif::survey(&mut client).await.context(device.url())?;
    anyhow::ensure!(!surveyed.channels.is_empty(), "{} has no channel", device.url());
    Ok(began.elapsed().as_secs_f64() * 1e3)
}
