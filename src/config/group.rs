//! What holds for the workers of one group: the settings of all, and what its table says otherwise.

use super::{Group, Settings};

impl Settings {
    /// The settings as the workers of a group have them.
    pub(crate) fn of_group(&self, group: &Group) -> Self {
        let mut own = self.clone();
        let Group {
            queues,
            workers,
            name,
            dequeue_strategy,
            queue_weights,
            engine,
            python,
            preload,
            horse_max_jobs,
            class,
        } = group.clone();
        own.worker.count = workers;
        put(&mut own.worker.queues, queues);
        put(&mut own.worker.dequeue_strategy, dequeue_strategy);
        put(&mut own.worker.queue_weights, queue_weights);
        put(&mut own.horse.engine, engine);
        put(&mut own.horse.preload, preload);
        put(&mut own.horse.max_jobs, horse_max_jobs);
        own.horse.python = python.or(own.horse.python);
        own.worker.class = class.or(own.worker.class);
        if name.is_some() {
            own.worker.name = name;
            own.worker.name_from_environment = false;
        }
        own
    }
}

fn put<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}
