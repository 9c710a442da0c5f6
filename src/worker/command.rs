//! Commands that clients publish to a worker.

use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::event::Event;
use crate::store::{Backoff, Store, StoreError, Subscription};
use crate::telemetry::emit;

/// A command, as it stands in the payload. RQ: one that is not known is ignored without a word.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub(super) enum Command {
    Shutdown {
        /// Beyond RQ: only while this execution is in hand.
        #[serde(default)]
        execution_id: Option<String>,
        /// Beyond RQ: without waiting for the job in hand.
        #[serde(default)]
        cold: bool,
        /// Beyond RQ: where an answer is waited for.
        #[serde(default)]
        id: Option<String>,
    },
    KillHorse {
        /// Beyond RQ: only while this execution is in hand.
        #[serde(default)]
        execution_id: Option<String>,
    },
    StopJob {
        job_id: String,
    },
    StopExecution {
        job_id: String,
        execution_id: String,
    },
    /// Beyond RQ: take no more jobs; `id` is where an answer is waited for.
    Quiet {
        #[serde(default)]
        id: Option<String>,
    },
    /// Beyond RQ: take jobs again.
    Unquiet {
        #[serde(default)]
        id: Option<String>,
    },
    /// Beyond RQ: the daemon reads its configuration again.
    Reload {
        /// Whether it loads the application anew in any case.
        #[serde(default)]
        code: bool,
        #[serde(default)]
        id: Option<String>,
    },
    /// Beyond RQ: how the daemon is.
    Status {
        #[serde(default)]
        id: Option<String>,
    },
    /// Beyond RQ: the settings in force.
    Configuration {
        #[serde(default)]
        id: Option<String>,
    },
    /// Beyond RQ: what a reload would do.
    Difference {
        #[serde(default)]
        id: Option<String>,
    },
    /// Beyond RQ: what a job does just now: of that id, or of the worker of that name.
    Stack {
        of: String,
        #[serde(default)]
        id: Option<String>,
    },
    #[serde(other)]
    Unknown,
}

impl Command {
    /// The execution that a command is meant for which RQ sends to whatever is in hand.
    pub(super) fn bound_to(&self) -> Option<&str> {
        match self {
            Self::Shutdown { execution_id, .. } | Self::KillHorse { execution_id } => execution_id.as_deref(),
            Self::StopJob { .. }
            | Self::StopExecution { .. }
            | Self::Quiet { .. }
            | Self::Unquiet { .. }
            | Self::Reload { .. }
            | Self::Status { .. }
            | Self::Configuration { .. }
            | Self::Difference { .. }
            | Self::Stack { .. }
            | Self::Unknown => None,
        }
    }
}

/// A worker's ear on its channel.
pub(super) struct Ear {
    pub(super) worker: String,
    pub(super) store: Store,
    pub(super) channel: String,
    pub(super) tell: mpsc::Sender<Command>,
}

impl Ear {
    /// Subscribes; from here on no command is missed while the connection holds.
    pub(super) async fn open(&self) -> Result<Subscription, StoreError> {
        let subscription = self.store.client().subscribe(&self.channel).await?;
        emit(Event::ChannelSubscribed { worker: self.worker.clone(), channel: self.channel.clone() });
        Ok(subscription)
    }

    /// Listens for as long as it is not dropped, through every outage of Redis.
    pub(super) async fn listen(self, mut subscription: Subscription) {
        let mut backoff = Backoff::new();
        while let Err(mut error) = self.follow(&mut subscription).await {
            loop {
                let retry_in = backoff.next();
                emit(Event::RedisLost { worker: self.worker.clone(), error: error.to_string(), retry_in });
                sleep(retry_in).await;
                match self.open().await {
                    Ok(opened) => break subscription = opened,
                    Err(again) => error = again,
                }
            }
            backoff.reset();
        }
    }

    /// Ends well when nobody hears us any more.
    async fn follow(&self, subscription: &mut Subscription) -> Result<(), StoreError> {
        loop {
            let payload = subscription.next().await?;
            match serde_json::from_slice(&payload) {
                Ok(Command::Unknown) => {}
                Ok(command) => {
                    if self.tell.send(command).await.is_err() {
                        return Ok(());
                    }
                }
                Err(error) => {
                    emit(Event::CommandUnreadable { worker: self.worker.clone(), reason: error.to_string() });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_read_as_clients_write_them() {
        let table = [
            (r#"{"command": "shutdown"}"#, Command::Shutdown { execution_id: None, cold: false, id: None }),
            (r#"{"command": "kill-horse"}"#, Command::KillHorse { execution_id: None }),
            (
                r#"{"command": "kill-horse", "execution_id": "e"}"#,
                Command::KillHorse { execution_id: Some("e".to_owned()) },
            ),
            (r#"{"command": "stop-job", "job_id": "j"}"#, Command::StopJob { job_id: "j".to_owned() }),
            (r#"{"command": "quiet"}"#, Command::Quiet { id: None }),
            (
                r#"{"command": "reload", "code": true, "id": "i"}"#,
                Command::Reload { code: true, id: Some("i".to_owned()) },
            ),
            (r#"{"command": "dance"}"#, Command::Unknown),
        ];

        for (payload, command) in table {
            assert_eq!(serde_json::from_str::<Command>(payload).unwrap(), command);
        }
    }

    #[test]
    fn what_is_no_command_is_an_error() {
        for payload in ["", "null", "[]", "{}", r#"{"command": 3}"#, r#"{"command": "stop-job"}"#] {
            assert!(serde_json::from_str::<Command>(payload).is_err(), "{payload}");
        }
    }
}
