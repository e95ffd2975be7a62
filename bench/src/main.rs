//! Measures what is promised, beside its peers, in one run.
//!
//! Belongs here: starting load, peers and the program itself, reading the
//! kernel's accounts, and the page of figures. Does not belong here: anything
//! that a product needs, and any assertion: figures are read by people.
//!
//! `bench` alone runs everything and writes `docs/ref/benchmarks.md`, and `bench --page
//! docs/ref/benchmarks.md PART` one part of it. `load`, `floor`, `send`, `sink`, `cast`,
//! `take`, `lend`, `core`, `mse-viewers` and `whep-viewers` are processes that it starts
//! itself; the others measure one thing and print it.

mod archive;
mod city;
mod core_loops;
mod cpu;
mod devices;
mod export;
mod fleet;
mod floor;
mod khue;
mod load;
mod mse;
mod peers;
mod picture;
mod record;
mod report;
mod servers;
mod thumbnail;
mod watch;
mod whep;
mod worker;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Cameras in the recording runs
    #[arg(long, value_delimiter = ',', default_value = "100,200")]
    cameras: Vec<usize>,
    /// Rounds of what is recorded, relayed and watched by WHEP
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds measured in each
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Viewers in the run of WHEP
    #[arg(long, default_value_t = 200)]
    viewers: usize,
    /// Cameras in the run of the fleet
    #[arg(long, default_value_t = 1000)]
    fleet: usize,
    /// Seconds of it
    #[arg(long, default_value_t = 600)]
    fleet_seconds: u64,
    /// The page on which sections of the same title are replaced; of one part alone it
    /// is printed if it is not said
    #[arg(long)]
    page: Option<PathBuf>,
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
    /// Send as cheaply as can be, until ended
    Send { cameras: usize, viewers: usize },
    /// Send by UDP as cheaply as can be, until ended
    Cast { ports: Vec<u16> },
    /// Read what is sent by UDP and forget it
    Take { viewers: usize },
    /// Read a file and send it as cheaply as can be, until ended
    Lend {
        file: PathBuf,
        /// Without a copy on its way to the socket
        #[arg(long)]
        uncopied: bool,
    },
    /// Read what is sent and forget it
    Sink { address: String, viewers: usize },
    /// What recording costs, beside peers
    Record {
        /// Those to be measured, by their short names; all that are installed if none
        /// is named
        peers: Vec<String>,
    },
    /// What a thousand cameras take, from the start on
    Fleet,
    /// What looking back costs in an archive of a month
    Archive,
    /// What taking out a minute costs
    Export,
    /// What viewers by the media socket cost
    Relay {
        #[arg(default_value_t = 10)]
        cameras: usize,
        #[arg(default_value_t = 100)]
        viewers: usize,
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
    /// How soon many devices are found and known
    Devices,
    /// What rights cost a whole city
    City,
    /// What the core loops cost in instructions, against their limits
    CoreCheck {
        #[arg(default_value = "bench/core-limits")]
        limits: PathBuf,
    },
    /// Run one of them
    Core {
        name: String,
        groups: usize,
        /// Stop where it would begin
        #[arg(long)]
        idle: bool,
    },
    /// Watch by the media socket until standard input ends
    MseViewers,
    /// Watch by WHEP until standard input ends
    WhepViewers { told: String },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::Load { cameras }) => load::serve(cameras),
        Some(Command::Floor { folder, coalesced, urls }) => floor::run(&urls, &folder, coalesced),
        Some(Command::WhepViewers { ref told }) => whep::watch(told),
        Some(Command::MseViewers) => mse::watch(),
        Some(Command::Send { cameras, viewers }) => floor::send(cameras, viewers),
        Some(Command::Cast { ref ports }) => floor::cast(ports),
        Some(Command::Take { viewers }) => floor::take(viewers),
        Some(Command::Lend { ref file, uncopied }) => floor::lend(file, uncopied),
        Some(Command::Sink { ref address, viewers }) => floor::sink(address, viewers),
        Some(Command::CoreCheck { ref limits }) => core_loops::check(limits),
        Some(Command::Core { ref name, groups, idle }) => core_loops::run(name, groups, idle),
        Some(ref one) => {
            let mut page = report::Page::begin();
            part(one, &arguments, &mut page)?;
            match &arguments.page {
                Some(file) => write(&page, file),
                None => {
                    println!("{}", page.text());
                    Ok(())
                }
            }
        }
        None => all(&arguments),
    }
}

fn all(arguments: &Arguments) -> anyhow::Result<()> {
    let file = arguments.page.clone().unwrap_or_else(|| "docs/ref/benchmarks.md".into());
    for one in [
        Command::Record { peers: Vec::new() },
        Command::Fleet,
        Command::Archive,
        Command::Export,
        Command::Relay { cameras: 10, viewers: 100 },
        Command::Relay { cameras: 1, viewers: 500 },
        Command::Relay { cameras: 500, viewers: 500 },
        Command::Whep,
        Command::Picture,
        Command::Watch,
        Command::Thumbnails,
        Command::Worker,
        Command::City,
        Command::Devices,
    ] {
        // Written one by one: it takes an hour, and what breaks last loses nothing.
        let mut page = report::Page::begin();
        part(&one, arguments, &mut page)?;
        write(&page, &file)?;
    }
    Ok(())
}

fn write(page: &report::Page, file: &Path) -> anyhow::Result<()> {
    let before = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        read => read?,
    };
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let command = format!("bench {}", asked.join(" "));
    std::fs::write(file, page.merged_into(&before, &report::provenance(command.trim())))?;
    eprintln!("written: {}", file.display());
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
        Command::Fleet => {
            let lasts = Duration::from_secs(arguments.fleet_seconds);
            page.fleet(&fleet::measure(arguments.fleet, lasts)?);
        }
        Command::Archive => page.archive(&archive::measure()?),
        Command::Export => page.export(&export::measure()?),
        Command::Relay { cameras, viewers } => {
            page.relay(&mse::measure(*cameras, *viewers, arguments.rounds, window)?);
        }
        Command::Whep => {
            let rounds = (0..arguments.rounds).map(|_| whep::measure(arguments.viewers, window));
            page.whep(&rounds.collect::<anyhow::Result<Vec<_>>>()?);
        }
        Command::Thumbnails => page.thumbnails(&thumbnail::measure()?),
        Command::Worker => page.worker(&worker::measure()?),
        Command::Devices => page.devices(&devices::measure()?),
        Command::City => {
            let (decisions, figures) = city::measure(window)?;
            page.city(decisions, &figures, &city::commits()?);
        }
        Command::Watch => {
            let measured = watch::WALLS.map(|wall| watch::measure(wall, 3 * window));
            page.watching(&measured.into_iter().collect::<anyhow::Result<Vec<_>>>()?);
        }
        // Processes that others start.
        Command::Load { .. }
        | Command::Floor { .. }
        | Command::Send { .. }
        | Command::Sink { .. }
        | Command::Cast { .. }
        | Command::Take { .. }
        | Command::Lend { .. }
        | Command::WhepViewers { .. }
        | Command::MseViewers
        | Command::CoreCheck { .. }
        | Command::Core { .. } => {}
    }
    Ok(())
}
