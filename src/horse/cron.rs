//! Cron modules of RQ's: the interpreter loads them, and what they register comes back as data.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::fork_server::StartError;
use super::protocol::{Said, ServerReport};
use super::stable::Opened;
use super::{Application, frame::Frame};

/// A job that a cron module registered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CronJob {
    pub(crate) head: CronJobHead,
    /// The fields of its jobs, but for the times.
    pub(crate) fields: Vec<(String, Vec<u8>)>,
}

/// What is told of a registered job beside the values of its fields.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct CronJobHead {
    pub(crate) name: String,
    pub(crate) function: String,
    pub(crate) queue: String,
    pub(crate) interval: Option<f64>,
    pub(crate) cron: Option<String>,
    pub(crate) ttl: Option<i64>,
    /// What RQ's monitors are told of it.
    pub(crate) shown: Map<String, Value>,
    /// Names of fields and the lengths of their values.
    fields: Vec<(String, usize)>,
}

/// What came of loading a module.
pub(crate) struct Loaded {
    pub(crate) jobs: Result<Vec<CronJob>, StartError>,
    /// What rq said meanwhile.
    pub(crate) said: Vec<Said>,
}

impl Opened {
    /// Loads a cron module: a dotted name, or a path.
    pub(crate) async fn cron(&mut self, module: &str, application: &Application) -> Loaded {
        match self.server.cron(module, application).await {
            Ok(Frame { head: ServerReport::Cron { jobs, said }, body }) => {
                let junk =
                    || StartError::Junk(application.python.clone(), "fields that do not fit".to_owned());
                Loaded { jobs: taken_apart(jobs, &body).ok_or_else(junk), said }
            }
            Ok(other) => {
                let told = format!("unexpected answer {:?}", other.head);
                Loaded { jobs: Err(StartError::Junk(application.python.clone(), told)), said: Vec::new() }
            }
            Err(StartError::Refused(mut refused)) => {
                let said = std::mem::take(&mut refused.said);
                Loaded { jobs: Err(StartError::Refused(refused)), said }
            }
            Err(error) => Loaded { jobs: Err(error), said: Vec::new() },
        }
    }
}

/// Gives each job its part of the body; nothing when the lengths do not add up.
fn taken_apart(heads: Vec<CronJobHead>, body: &[u8]) -> Option<Vec<CronJob>> {
    let mut rest = body;
    let mut jobs = Vec::new();
    for head in heads {
        let mut fields = Vec::new();
        for (name, length) in &head.fields {
            let (value, after) = rest.split_at_checked(*length)?;
            fields.push((name.clone(), value.to_vec()));
            rest = after;
        }
        jobs.push(CronJob { head, fields });
    }
    rest.is_empty().then_some(jobs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn heads(lengths: &[usize]) -> Vec<CronJobHead> {
        let fields: Vec<Value> = lengths.iter().map(|length| json!(["data", length])).collect();
        let head = json!({
            "name": "n", "function": "f", "queue": "q", "interval": 1, "cron": null, "ttl": null, "shown": {},
            "fields": fields
        });
        vec![serde_json::from_value(head).unwrap()]
    }

    #[test]
    fn fields_are_cut_out_of_the_body_exactly() {
        let jobs = taken_apart(heads(&[2, 0, 3]), b"abcde").unwrap();

        let values: Vec<&[u8]> = jobs[0].fields.iter().map(|(_, value)| value.as_slice()).collect();
        assert_eq!(values, [b"ab".as_slice(), b"", b"cde"]);
    }

    #[test]
    fn lengths_that_do_not_add_up_are_junk() {
        for lengths in [&[1][..], &[6], &[usize::MAX, 1]] {
            assert_eq!(taken_apart(heads(lengths), b"abcde"), None);
        }
    }
}
