//! The fork server of a keeper: another in the place of one that was lost.

use tokio::time::sleep;

use super::{Input, Keeper, LONGEST_PAUSE, PAUSE};
use crate::event::Event;
use crate::horse::fork_server::{ForkServer, StartError};
use crate::horse::stable::start;
use crate::os;
use crate::telemetry::emit;

impl Keeper {
    /// The horses of a lost fork server go on, the warm ones too: orphans of it are ours to reap.
    pub(super) fn lose_server(&mut self, reason: &str) {
        // That of a closed stable is gone when its process is.
        if self.server_pid == 0 || self.closed {
            return;
        }
        emit(Event::ForkServerLost { pid: self.server_pid, reason: reason.to_owned() });
        let _ = os::kill_group(self.server_pid);
        self.lost_pid = std::mem::take(&mut self.server_pid);
        self.orders = None;
        self.foals.clear();
        self.start_another();
    }

    fn start_another(&mut self) {
        let (inputs, pause) = (self.inputs.clone(), self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        let application = self.options.application.clone();
        let (leash, return_address) = (self.options.leash.try_clone(), self.return_address.clone());
        tokio::task::spawn_local(async move {
            sleep(pause).await;
            let _ = inputs.send(Input::Started(start(&application, leash, &return_address).await));
        });
    }

    pub(super) fn adopt(&mut self, server: ForkServer) {
        self.generation += 1;
        self.server_pid = server.pid;
        let (mut reports, orders) = server.split();
        self.orders = Some(orders);
        let (inputs, generation) = (self.inputs.clone(), self.generation);
        tokio::task::spawn_local(async move {
            loop {
                let report = reports.next().await;
                let over = report.is_err();
                if inputs.send(Input::Reported(generation, report)).is_err() || over {
                    return;
                }
            }
        });
    }

    pub(super) fn replaced(&mut self, started: Result<ForkServer, StartError>) {
        match started {
            // Dropping it ends it.
            _ if self.closed => {}
            Ok(server) => {
                self.pause = PAUSE;
                emit(Event::ForkServerReplaced { lost_pid: self.lost_pid, pid: server.pid });
                self.adopt(server);
            }
            Err(error) => {
                let traceback = match &error {
                    StartError::Refused(refused) => Some(refused.traceback.clone()),
                    _ => None,
                };
                emit(Event::ForkServerFailed {
                    error: error.to_string(),
                    traceback,
                    retry_in: Some(self.pause),
                });
                self.start_another();
            }
        }
    }
}
