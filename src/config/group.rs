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
            output,
            output_keep,
            max_memory,
            max_age,
            memory_limit,
            cpu_time,
            max_open_files,
            max_processes,
            nice,
            working_directory,
            environment,
            umask,
            user,
            group,
        } = group.clone();
        own.worker.count = workers;
        put(&mut own.worker.queues, queues);
        put(&mut own.worker.dequeue_strategy, dequeue_strategy);
        put(&mut own.worker.queue_weights, queue_weights);
        put(&mut own.horse.engine, engine);
        put(&mut own.horse.preload, preload);
        put(&mut own.horse.max_jobs, horse_max_jobs);
        over(&mut own.horse.python, python);
        over(&mut own.worker.class, class);
        let horse = &mut own.horse;
        put(&mut horse.output, output);
        put(&mut horse.output_keep, output_keep);
        put(&mut horse.environment, environment);
        over(&mut horse.max_memory, max_memory);
        over(&mut horse.max_age, max_age);
        over(&mut horse.memory_limit, memory_limit);
        over(&mut horse.cpu_time, cpu_time);
        over(&mut horse.max_open_files, max_open_files);
        over(&mut horse.max_processes, max_processes);
        over(&mut horse.nice, nice);
        over(&mut horse.working_directory, working_directory);
        over(&mut horse.umask, umask);
        over(&mut horse.user, user);
        over(&mut horse.group, group);
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

/// The same where there may be nothing.
fn over<T>(place: &mut Option<T>, given: Option<T>) {
    if given.is_some() {
        *place = given;
    }
}
