//! The heartbeat file: a sign of life for those who cannot ask.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::supervisor::health::Health;

/// How many beats may be missed before the daemon counts as dead.
const MISSED: u32 = 3;

/// The most that is read of such a file.
const LONGEST: u64 = 64 << 10;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Heartbeat {
    pub(crate) pid: u32,
    /// When it was written: seconds of the epoch.
    pub(crate) at: f64,
    /// How often it is written, in seconds.
    pub(crate) interval: f64,
    #[serde(flatten)]
    pub(crate) health: Health,
}

impl Heartbeat {
    pub(super) fn now(health: Health, interval: Duration) -> Self {
        Self {
            pid: std::process::id(),
            at: seconds(SystemTime::now()),
            interval: interval.as_secs_f64(),
            health,
        }
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers have a JSON form") + "\n"
    }

    /// Reads what a daemon wrote.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let mut text = Vec::new();
        File::open(path)?.take(LONGEST).read_to_end(&mut text)?;
        serde_json::from_slice(&text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// How the daemon is at this moment: one that has missed several beats is not live, whatever the last one said.
    pub(crate) fn judged(self, now: SystemTime) -> Health {
        let age = seconds(now) - self.at;
        // A clock that was set back tells nothing.
        if age > self.interval * f64::from(MISSED) + 1.0 {
            let (pid, interval) = (self.pid, self.interval);
            let reason = format!("daemon {pid} last wrote {age:.0}s ago, and should every {interval}s");
            return Health::hung(reason);
        }
        self.health
    }
}

fn seconds(moment: SystemTime) -> f64 {
    moment.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heart_that_missed_three_beats_is_dead() {
        let health = Health { live: true, ready: true, reasons: Vec::new() };
        let beat = Heartbeat { pid: 7, at: 1000.0, interval: 5.0, health: health.clone() };
        let after = |span: u64| beat.clone().judged(UNIX_EPOCH + Duration::from_secs(1000 + span));

        assert_eq!(after(16), health);
        assert_eq!(after(17).in_words(), "not live: daemon 7 last wrote 17s ago, and should every 5s");
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heartbeat");
        let health = Health { live: true, ready: false, reasons: vec!["redis is away".to_owned()] };
        let beat = Heartbeat { pid: 7, at: 1000.5, interval: 1.5, health };

        std::fs::write(&path, beat.text()).unwrap();

        assert_eq!(Heartbeat::read(&path).unwrap(), beat);
    }
}
