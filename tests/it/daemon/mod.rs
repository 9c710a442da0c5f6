//! What our daemon promises beyond Python RQ: kills, cuts and outages at every point of a job's life.
