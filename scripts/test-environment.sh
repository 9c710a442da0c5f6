# Sourced after say.sh: what the tests expect to find in their environment.

RQ_TEST_VENVS=$build/venv
RQ_TEST_REDIS_SERVER=$build/bin/redis-server
RQ_TEST_PYTHON=$build/venv/rq-3.0.0/bin/python
RQ_TEST_TMUX=$build/bin/tmux
RQ_TEST_NODE=$build/node
RQ_TEST_PROMTOOL=$build/bin/promtool
RQ_TEST_SKIPPED=$build/skipped
RQ_TEST_DEBIAN=$build/debian
export RQ_TEST_VENVS RQ_TEST_NODE RQ_TEST_REDIS_SERVER RQ_TEST_PYTHON RQ_TEST_TMUX RQ_TEST_PROMTOOL RQ_TEST_SKIPPED RQ_TEST_DEBIAN
