//! Loading the application without making horses of it.

use super::fork_server::{Application, StartError};
use super::stable::Opened;

impl Opened {
    /// Does what a start does before the first horse, and ends.
    pub(crate) async fn rehearse(mut self, application: &Application) -> Result<(), StartError> {
        // No horse will ever return to an address.
        self.server.prepare(application, "").await.map(drop)
    }
}
