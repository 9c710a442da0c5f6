"""Never imported by the tests: it would be told."""
import os

open(os.environ["RQD_TEST_IMPORTED"], "w").close()


def send_mail():
    pass
