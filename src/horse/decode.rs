//! Decoding what a job holds, by the project's own Python: only where somebody asks for it.

use std::time::Duration;

use serde_json::Value;

use super::Application;
use super::fork_server::StartError;
use super::frame::Frame;
use super::protocol::ServerReport;
use super::stable::Opened;

/// Serialized values by their names: `data`, `meta`, `result`, or `result ID` for an entry of the stream, which is in base64.
pub(crate) type Wanted<'a> = Vec<(String, &'a [u8])>;

impl Opened {
    /// What the values are, as Python writes them, or what was raised instead.
    pub(crate) async fn decode(
        &mut self,
        wanted: &Wanted<'_>,
        application: &Application,
        limit: Duration,
    ) -> Result<Value, StartError> {
        match self.server.decode(wanted, application, limit).await? {
            Frame { head: ServerReport::Decoded { values }, .. } => Ok(Value::Object(values)),
            other => {
                let told = format!("unexpected answer {:?}", other.head);
                Err(StartError::Junk(application.python.clone(), told))
            }
        }
    }
}
