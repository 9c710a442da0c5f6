//! Groups: jobs that are gone leave them, and empty ones leave the set of groups.

use super::round::Round;
use crate::store::{Members, StoreError};

impl Round {
    /// Cleans every group.
    pub(super) async fn clean_groups(&self) -> Result<(), StoreError> {
        let mut cursor = 0;
        loop {
            let (next, groups) = self.store.members(Members::Groups, cursor).await?;
            for group in groups {
                // RQ's own names are texts; another name cannot be a group of theirs.
                if let Ok(group) = String::from_utf8(group) {
                    self.clean_group(&group).await?;
                }
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    async fn clean_group(&self, group: &str) -> Result<(), StoreError> {
        let mut cursor = 0;
        loop {
            let (next, jobs) = self.store.members(Members::Group(group), cursor).await?;
            self.store.forget_jobs(group, &jobs).await?;
            if next == 0 {
                return Ok(());
            }
            cursor = next;
            self.rest().await;
        }
    }
}
