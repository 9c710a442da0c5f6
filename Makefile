# What can be done with this repository. The work is in scripts/; everything that is made stands in build/ and target/.

.DEFAULT_GOAL := help
.PHONY: help demo examples test check compliance theirs fleet bench field soak deb rpm wheel test-packages deny clean

help: ## Print the targets.
	@sed -n 's/^\([a-z-]*\): ## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-13s %s\n' "$$name" "$$text"; done

demo: ## Run real Python jobs through the worker and show what became of each.
	@scripts/setup demo
	@scripts/build-release
	@build/venv/rq-3.0.0/bin/python scripts/demo

examples: ## Run every folder of examples/, each on a Redis of its own.
	@scripts/setup examples
	@scripts/build-release
	@RQ=target/release/rq REDIS_SERVER=build/bin/redis-server examples/run

test: ## Run every check and test: format, lints, unit, tidy, integration, compliance by both workers, Python package, packages.
	@scripts/run-steps test

check: ## Run the quick part: format, lints, tidy.
	@scripts/run-steps check

compliance: ## Run the compliance suite alone, against our worker.
	@scripts/setup test
	@scripts/run-claims ours

theirs: ## Run the same claims against Python RQ's worker, as make test does too.
	@scripts/setup test
	@scripts/run-claims theirs

fleet: ## Run a mixed fleet of Python's workers and ours under random kill -9, and account for each job.
	@scripts/setup demo
	@scripts/build-release
	@build/venv/rq-3.0.0/bin/python -m unittest discover -s tests/fleet
	@build/venv/rq-3.0.0/bin/python tests/fleet/fleet.py

bench: ## Measure Python RQ's worker and ours side by side.
	@scripts/setup bench
	@scripts/build-release
	@build/venv/rq-3.0.0/bin/python benches/side_by_side.py

field: ## Measure rqd beside Python RQ, Celery, dramatiq, huey, taskiq, arq and SAQ: figures in build/field.json, tables, plots.
	@scripts/setup field
	@scripts/build-release
	@status=0; build/venv/rq-3.0.0/bin/python benches/field.py || status=$$?; \
		build/venv/rq-3.0.0/bin/python benches/field_tables.py build/field.json && \
		build/venv/plots/bin/python benches/field_plots.py build/field.json build/plots && exit $$status

soak: ## Ten minutes of load, reloads, kills and stops, with an account of each job and of memory and descriptors.
	@scripts/setup bench
	@scripts/build-release
	@build/venv/rq-3.0.0/bin/python benches/soak.py

deb: ## Build the package for Debian (build/packages/).
	@scripts/check-tools rust
	@scripts/build-release
	@scripts/build-deb

rpm: ## Build the package for Fedora and its like, on a Debian, in a Debian 12 below build/ (needs root).
	@scripts/setup demo
	@scripts/build-release
	@scripts/build-rpm

wheel: ## Build the wheel for PyPI, with the executable as rqd.
	@scripts/setup demo
	@BINARY="$$(scripts/build-portable)" && export BINARY && scripts/build-wheel

test-packages: ## Install, use, upgrade and remove the packages in a Debian 12 of their own (needs root, else skipped).
	@scripts/setup demo
	@scripts/build-release
	@PORTABLE="$$(scripts/build-portable)" && export PORTABLE && BINARY=target/release/rq scripts/test-packages

deny: ## Check the licences and advisories of the dependencies (needs cargo-deny).
	@cargo deny --version >/dev/null 2>&1 || { echo 'cargo-deny is missing: cargo install --locked cargo-deny' >&2; exit 1; }
	@cargo deny check

clean: ## Remove everything that was made.
	rm -rf build target
