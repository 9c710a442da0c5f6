"""Reads URLs, one JSON text a line, and tells what redis-py makes of each."""

import json
import sys
import warnings

import redis
from redis.connection import ConnectionPool

warnings.simplefilter("ignore")
# What has other defaults there is told only when the URL sets it.
WHEN_GIVEN = {"socket_timeout", "socket_connect_timeout", "protocol"}
TOLD = (
    "host port path db username password client_name socket_timeout socket_connect_timeout socket_keepalive "
    "protocol cert_reqs check_hostname ca_certs ca_path ca_data certfile keyfile ssl_min_version"
).split()

print(json.dumps({"redis": redis.__version__, "python": sys.version_info[:3]}), flush=True)
for line in sys.stdin:
    try:
        pool = ConnectionPool.from_url(json.loads(line))
        connection = pool.make_connection()
        answer = {name: getattr(connection, name) for name in TOLD if hasattr(connection, name)}
        answer["class"] = type(connection).__name__
        for name in WHEN_GIVEN.difference(pool.connection_kwargs):
            answer.pop(name, None)
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer, default=str), flush=True)
