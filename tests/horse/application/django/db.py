"""Stands in for Django's database connections: they note in which process they were closed."""
import os

import rqcalls


class Connections:
    def close_all(self):
        rqcalls.note(name="closed", pid=os.getpid())


connections = Connections()
