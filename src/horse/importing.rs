//! Importing functions without calling them, by the project's own Python: only where somebody asks for it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::Application;
use super::fork_server::StartError;
use super::protocol::ServerReport;
use super::stable::Opened;

/// What came of importing a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Imported {
    /// Why it cannot be imported, when it cannot.
    pub(crate) trouble: Option<ImportTrouble>,
    /// The versions of `rq` and `redis`; nothing of one that is not there.
    pub(crate) libraries: BTreeMap<String, Option<String>>,
}

/// Why a function cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ImportTrouble {
    /// In Python's words.
    pub(crate) reason: String,
    /// The nearest name that there is.
    #[serde(default)]
    pub(crate) near: Option<String>,
}

impl Opened {
    /// Imports a function, or none; tells what is known of the libraries in any case.
    pub(crate) async fn import(
        &mut self,
        function: Option<&str>,
        application: &Application,
        limit: Duration,
    ) -> Result<Imported, StartError> {
        match self.server.import(function, application, limit).await? {
            ServerReport::Imported { trouble, libraries } => Ok(Imported { trouble, libraries }),
            other => {
                let told = format!("unexpected answer {other:?}");
                Err(StartError::Junk(application.python.clone(), told))
            }
        }
    }
}
