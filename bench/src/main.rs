//! Measures what is promised, beside its peers, in one run.
//!
//! Belongs here: starting load, peers and the program itself, reading the
//! kernel's accounts, and the page of figures. Does not belong here: anything
//! that a product needs, and any assertion: figures are read by people.
//!
//! `bench` alone runs everything and writes `docs/ref/benchmarks.md`; `bench
//! load`, `bench floor` and `bench whep-viewers` are processes that it starts
//! itself; the others measure one thing and print it.

mod city;
mod cpu;
mod floor;
mod khue;
mod load;
mod peers;
mod picture;
mod record;
mod report;
mod seek;
mod thumbnail;
mod watch;
mod whep;
mod worker;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Cameras in the recording runs
    #[arg(long, value_delimiter = ',', default_value = "10,100")]
    cameras: Vec<usize>,
    /// Rounds of each recording run
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds measured in each
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Viewers in the run of WHEP; one person may have 128
    #[arg(long, default_value_t = 120)]
    viewers: usize,
    /// Where the page goes
    #[arg(long, default_value = "docs/ref/benchmarks.md")]
    page: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve cameras until standard input ends
    Load {
        #[arg(long)]
        cameras: usize,
    },
    /// Record as cheaply as can be, until ended
    Floor {
        #[arg(long)]
        folder: PathBuf,
        #[arg(long)]
        coalesced: bool,
        urls: Vec<String>,
    },
    /// What recording costs, beside peers
    Record {
        /// Those to be measured, of all: khue, floor, coalesced, ffmpeg, gstreamer
        peers: Vec<String>,
    },
    /// What many viewers by WHEP cost
    Whep,
    /// How long somebody waits for a picture
    Picture,
    /// How old pictures are when they are seen, and what seeing them costs
    Watch,
    /// How long small pictures of the past take
    Thumbnails,
    /// What jobs of the worker cost
    Worker,
    /// What rights cost a whole city
    City,
    /// Watch by WHEP until standard input ends
    WhepViewers { told: String },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::Load { cameras }) => load::serve(cameras),
        Some(Command::Floor { folder, coalesced, urls }) => floor::run(&urls, &folder, coalesced),
        Some(Command::WhepViewers { ref told }) => whep::watch(told),
        Some(ref one) => {
            let mut page = report::Page::begin();
            part(one, &arguments, &mut page)?;
            println!("{}", page.text());
            Ok(())
        }
        None => all(&arguments),
    }
}

fn all(arguments: &Arguments) -> anyhow::Result<()> {
    let mut page = report::Page::begin();
    part(&Command::Record { peers: Vec::new() }, arguments, &mut page)?;
    page.seeking(&seek::measure()?);
    for one in [
        Command::Picture,
        Command::Watch,
        Command::Whep,
        Command::Thumbnails,
        Command::Worker,
        Command::City,
    ] {
        part(&one, arguments, &mut page)?;
    }
    std::fs::write(&arguments.page, page.text())?;
    eprintln!("written: {}", arguments.page.display());
    Ok(())
}

/// Measures one thing, and adds it to the page.
fn part(part: &Command, arguments: &Arguments, page: &mut report::Page) -> anyhow::Result<()> {
    let window = Duration::from_secs(arguments.seconds);
    match part {
        Command::Record { peers } => {
            let peers = peers::Peer::named(peers)?;
            for &cameras in &arguments.cameras {
                let measured = record::measure(&peers, cameras, arguments.rounds, window)?;
                page.recording(cameras, &measured);
            }
        }
        Command::Picture => page.picture(&picture::measure()?),
        Command::Whep => page.whep(&whep::measure(arguments.viewers, window)?),
        Command::Thumbnails => page.thumbnails(&thumbnail::measure()?),
        Command::Worker => page.worker(&worker::measure()?),
        Command::City => {
            let (decisions, figures) = city::measure(window)?;
            page.city(decisions, &figures, &city::commits()?);
        }
        Command::Watch => {
            let measured = watch::WALLS.map(|wall| watch::measure(wall, 3 * window));
            page.watching(&measured.into_iter().collect::<anyhow::Result<Vec<_>>>()?);
        }
        // Processes that others start.
        Command::Load { .. } | Command::Floor { .. } | Command::WhepViewers { .. } => {}
    }
    Ok(())
}
