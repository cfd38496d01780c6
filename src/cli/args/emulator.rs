//! `rictl emulator`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::resource::Region;

use super::value;

/// `rictl emulator …`.
#[derive(Clone, Debug, Subcommand)]
pub(in crate::cli) enum EmulatorCommand {
    /// Answer the API on loopback until interrupted; its key is `emulator`, with the secret `emulator-secret`, and those of the world
    Serve {
        /// The world: a YAML or JSON file. It is never rewritten; what happens to it goes into FILE.log.jsonl
        #[arg(long, value_name = "FILE")]
        world: PathBuf,
        /// Where to listen; loopback only
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
        listen: std::net::SocketAddr,
        /// Answer by https: make an authority and a certificate for this machine in DIR, or take those that are there
        #[arg(long, value_name = "DIR")]
        tls: Option<PathBuf>,
        /// A schedule of faults to play
        #[arg(long, value_name = "FILE")]
        faults: Option<PathBuf>,
        /// Write one JSON line per call into this file
        #[arg(long, value_name = "FILE")]
        call_log: Option<PathBuf>,
    },
    /// Make a world of any size
    Generate {
        /// How many interfaces
        #[arg(long, value_name = "N", default_value = "10", value_parser = value::interfaces)]
        interfaces: usize,
        /// In which regions
        #[arg(long, value_name = "REGION,...", value_delimiter = ',', default_value = "cn-shanghai,cn-beijing", value_parser = value::region)]
        regions: Vec<Region>,
        /// How many routes each router gets, and traffic with them
        #[arg(long, value_name = "N", default_value = "0", value_parser = value::routes)]
        routes: usize,
        /// Equal seeds give equal worlds
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
        /// Where to write; - for stdout. A name that ends in .json gets JSON
        #[arg(long, value_name = "FILE", default_value = "-")]
        output: PathBuf,
        /// Replace a file that is there
        #[arg(long)]
        force: bool,
    },
    /// Forget what happened to a world: it starts again as its file says
    Reset {
        /// The world's file
        #[arg(long, value_name = "FILE")]
        world: PathBuf,
    },
}
