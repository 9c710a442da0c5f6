//! The newest results of jobs, without values that are too long to look at.

use std::collections::BTreeMap;

use redis::Value;

use super::Entry;
use crate::store::{Store, StoreError, scripts};

/// The newest results of a job, and how many there are.
pub(crate) type Results = (Vec<Entry>, u64);

impl Store {
    /// The newest results of each of these jobs; values are cut at `cut` bytes.
    pub(crate) async fn newest_results(
        &self,
        jobs: &[&str],
        most: usize,
        cut: u64,
    ) -> Result<Vec<Results>, StoreError> {
        let streams: Vec<String> = jobs.iter().map(|job| self.keys.results(job)).collect();
        let args = self.args([most.to_string().as_str(), &cut.to_string()]);
        let answer = self.client.script(&scripts::GLANCE, &streams, &args).await?;
        let Value::Array(told) = answer else { return Err(self.malformed("glance")) };
        let results: Option<Vec<_>> = told.into_iter().skip(1).map(results).collect();
        results.filter(|results| results.len() == jobs.len()).ok_or_else(|| self.malformed("glance"))
    }
}

fn results(told: Value) -> Option<Results> {
    let Value::Array(told) = told else { return None };
    let mut told = told.into_iter();
    let in_all = redis::from_redis_value(told.next()?).ok()?;
    Some((told.map(entry).collect::<Option<_>>()?, in_all))
}

fn entry(told: Value) -> Option<Entry> {
    let Value::Array(told) = told else { return None };
    let mut told = told.into_iter();
    let bytes = |value: Value| redis::from_redis_value::<Vec<u8>>(value).ok();
    let id = String::from_utf8_lossy(&bytes(told.next()?)?).into_owned();
    let (mut fields, mut lengths) = (BTreeMap::new(), BTreeMap::new());
    while let Some(name) = told.next() {
        let name = String::from_utf8_lossy(&bytes(name)?).into_owned();
        lengths.insert(name.clone(), redis::from_redis_value(told.next()?).ok()?);
        fields.insert(name, bytes(told.next()?)?);
    }
    Some(Entry { id, fields, lengths })
}
