//! What the daemon may be told: one definition of every setting, and the layers that it is read from.
