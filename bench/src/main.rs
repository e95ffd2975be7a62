//! Measures what is promised, beside its peers, in one run.
//!
//! Belongs here: starting load, peers and the program itself, reading the
//! kernel's accounts, and the page of figures. Does not belong here: anything
//! that a product needs, and any assertion: figures are read by people.
//!
//! `bench` alone runs everything and writes `docs/ref/benchmarks.md`; `bench
//! load`, `bench floor` and `bench whep-viewers` are processes that it starts itself.

mod cpu;
mod floor;
mod khue;
mod load;
mod peers;
mod picture;
mod record;
mod report;
mod seek;
mod whep;

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
    /// Viewers in the run of WHEP
    #[arg(long, default_value_t = 200)]
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
    /// Measure WHEP alone, and print what was found
    Whep,
    /// Watch by WHEP until standard input ends
    WhepViewers { told: String },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::Load { cameras }) => load::serve(cameras),
        Some(Command::Floor { folder, coalesced, urls }) => floor::run(&urls, &folder, coalesced),
        Some(Command::WhepViewers { ref told }) => whep::watch(told),
        Some(Command::Whep) => {
            let window = Duration::from_secs(arguments.seconds);
            println!("{:#?}", whep::measure(arguments.viewers, window)?);
            Ok(())
        }
        None => all(&arguments),
    }
}

fn all(arguments: &Arguments) -> anyhow::Result<()> {
    let window = Duration::from_secs(arguments.seconds);
    let mut page = report::Page::begin();
    for &cameras in &arguments.cameras {
        page.recording(
            cameras,
            &record::measure(&peers::Peer::ALL, cameras, arguments.rounds, window)?,
        );
    }
    page.seeking(&seek::measure()?);
    page.whep(&whep::measure(arguments.viewers, window)?);
    page.picture(&picture::measure()?);
    std::fs::write(&arguments.page, page.text())?;
    eprintln!("written: {}", arguments.page.display());
    Ok(())
}
