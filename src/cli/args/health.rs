//! The options of `rq healthcheck`.

use std::path::PathBuf;

use clap::Args;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq healthcheck                                   every daemon of yours on this machine, by its socket
  rq healthcheck --live                            whether it lives, be it ready or not: for liveness probes
  rq healthcheck --url http://127.0.0.1:9464       by its page /readyz
  rq healthcheck --live --file /run/rq/heartbeat   by its heartbeat file (health.heartbeat_file)

Exit codes: 0 well, 1 not well, with the reasons, 2 usage.";

/// The options of `rq healthcheck`.
#[derive(Args)]
pub(crate) struct HealthcheckArgs {
    /// Process numbers of daemons; without any, every daemon of yours on this machine.
    #[arg(value_name = "PID", conflicts_with_all = ["url", "file"])]
    pub(crate) pids: Vec<u32>,

    /// Ask whether it lives: whether its event loop turns.
    #[arg(long, conflicts_with = "ready")]
    pub(crate) live: bool,

    /// Ask whether it takes jobs: Redis answers, and every worker listens. This is the default.
    #[arg(long)]
    pub(crate) ready: bool,

    /// Ask by HTTP at http://HOST:PORT or unix:PATH.
    #[arg(long, value_name = "URL", conflicts_with = "file")]
    pub(crate) url: Option<String>,

    /// Look at the heartbeat file of a daemon instead of asking it.
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,

    /// How many seconds an answer may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    pub(crate) timeout: f64,

    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.001..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("from 0.001 to 3600 seconds".to_owned()),
    }
}
