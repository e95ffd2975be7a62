//! The program: reads the command line, and hands over.
//!
//! What each command does is a file of `cli/`; how the rooms are put together is
//! `app.rs`; the node's configuration is `config.rs`.

mod app;
mod city;
mod cli;
mod config;
mod door;
mod first_word;
mod heap;
mod home;
mod rtsp_door;
mod syslog;
mod telemetry;
mod tls;
mod ui;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    heap::one_for_each_core();
    // Video, password hashes and keys are nobody else's on this machine.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    // Two providers in one process make rustls refuse to choose: this is the one.
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .expect("nothing was installed before the first line of main");
    let arguments = cli::Arguments::parse();
    match cli::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("khue: {error:#}");
            ExitCode::FAILURE
        }
    }
}
