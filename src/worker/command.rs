//! Commands that clients publish to a worker.

use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::event::Event;
use crate::store::{Backoff, Store, StoreError};
use crate::telemetry::emit;

/// A command, as it stands in the payload. RQ: one that is not known is ignored without a word.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub(super) enum Command {
    Shutdown,
    KillHorse,
    StopJob {
        job_id: String,
    },
    StopExecution {
        job_id: String,
        execution_id: String,
    },
    #[serde(other)]
    Unknown,
}

/// Listens to a worker's channel for as long as it is not dropped, through every outage of Redis.
pub(super) async fn listen(worker: String, store: Store, channel: String, tell: mpsc::Sender<Command>) {
    let mut backoff = Backoff::new();
    loop {
        match follow(&worker, &store, &channel, &tell, &mut backoff).await {
            Ok(()) => return,
            Err(error) => {
                let retry_in = backoff.next();
                emit(Event::RedisLost { worker: worker.clone(), error: error.to_string(), retry_in });
                sleep(retry_in).await;
            }
        }
    }
}

/// Ends well when nobody hears us any more.
async fn follow(
    worker: &str,
    store: &Store,
    channel: &str,
    tell: &mpsc::Sender<Command>,
    backoff: &mut Backoff,
) -> Result<(), StoreError> {
    let mut subscription = store.client().subscribe(channel).await?;
    emit(Event::ChannelSubscribed { worker: worker.to_owned(), channel: channel.to_owned() });
    backoff.reset();
    loop {
        let payload = subscription.next().await?;
        match serde_json::from_slice(&payload) {
            Ok(Command::Unknown) => {}
            Ok(command) => {
                if tell.send(command).await.is_err() {
                    return Ok(());
                }
            }
            Err(error) => {
                emit(Event::CommandUnreadable { worker: worker.to_owned(), reason: error.to_string() });
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
            (r#"{"command": "shutdown"}"#, Command::Shutdown),
            (r#"{"command": "kill-horse"}"#, Command::KillHorse),
            (r#"{"command": "stop-job", "job_id": "j"}"#, Command::StopJob { job_id: "j".to_owned() }),
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
