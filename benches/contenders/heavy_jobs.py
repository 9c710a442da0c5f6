"""A module of jobs that takes a second to import: it stands for those that import pandas, or a large application."""

import time

import marks

time.sleep(1)


def nothing(sent, seconds):
    marks.note(sent, seconds)
