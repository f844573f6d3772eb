# Each target does its own set-up. `make demo` needs Rust, Python 3 and a C compiler; so does `make test`, which uses a Docker engine as well
# where one is at hand (REQUIRE_DOCKER=1: must be).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
PYTHON := $(VENV)/bin/python
FUNCTIONS := $(patsubst functions/%/Cargo.toml,%,$(wildcard functions/*/Cargo.toml))
# Cargo with the subcommands that the Python environment brings: lambda (with zig, its linker), deny and fuzz.
CARGO := PATH="$(CURDIR)/$(VENV)/bin:$$PATH" cargo
CARGO_MACHETE := 0.9.2
# How long each target is fuzzed.
FUZZ_SECONDS := 60
# The stack with every optional part switched on, for checkov, which passes over what is switched off.
STACK := target/template.json
export SAM_CLI_TELEMETRY := 0

.PHONY: help
help:
	@echo "make demo    the whole story on this machine: a forbidden policy attachment is taken back"
	@echo "make test    every test"
	@echo "make lint    formatting, lints, licences, the template"
	@echo "make build   the functions as sam build packages them, and the rescind command, in target/bin"
	@echo "make bench   the budgets, measured"
	@echo "make storm   ten thousand events through the real functions at once: what is lost, and how many notices come"
	@echo "make fuzz    the readers of documents and of trust policies, and the evaluator, against hostile input, FUZZ_SECONDS=$(FUZZ_SECONDS) each"

.PHONY: demo
demo: venv build
	@$(PYTHON) demo/demo.py

# $(call release,PROGRAMS): builds them as `sam build` builds a function, and copies them to target/bin, where
# tests can run one while `sam build` writes the other. cargo-lambda has a linker and a target CPU of
# its own, so plain `cargo build` would compile the AWS SDK once more, and `sam build` would link every function again.
define release
	$(CARGO) lambda build --release --locked $(1:%=--package %)
	@mkdir -p target/bin
	@for program in $(1); do rm -f target/bin/$$program; cp target/lambda/$$program/bootstrap target/bin/$$program; done
endef

.PHONY: build
build: venv
	@echo "building the release binaries (minutes at the first time: the AWS SDK is large)"
	$(call release,$(FUNCTIONS) rescind)

.PHONY: test
test: venv build
	cargo test --locked --workspace --quiet
	$(PYTHON) -m pytest tests --ignore tests/local --numprocesses 4
	$(PYTHON) -m pytest tests/local

.PHONY: lint
lint: venv venv-checkov
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --quiet
	cargo machete --version >/dev/null 2>&1 || cargo install cargo-machete --locked --version $(CARGO_MACHETE)
	cargo machete
	$(CARGO) deny --locked check bans licenses sources
	$(VENV)/bin/cfn-lint template.yaml regions.yaml
	$(VENV)/bin/sam validate --lint
	.venv-checkov/bin/checkov --file template.yaml regions.yaml
	mkdir -p target
	$(PYTHON) -m tests.template.stack Mode=enforce CreateTrail=true NotificationEmail=security@example.com AlarmEmail=on-call@example.com \
		BreakGlassArns=arn:aws:iam::123456789012:role/responder > $(STACK)
	.venv-checkov/bin/checkov --file $(STACK)

.PHONY: bench
bench: venv venv-custodian venv-analysers venv-readers
	$(call release,$(FUNCTIONS) rescind floor decision-bench documents-bench)
	$(PYTHON) bench/bench.py

.PHONY: storm
storm: venv build
	$(PYTHON) bench/storm.py

# Without a sanitizer, so that stable Rust will do: nothing here is unsafe. libFuzzer wants a C++ compiler.
.PHONY: fuzz
fuzz: venv
	for target in document evaluation trust; do \
		mkdir -p fuzz/corpus/$$target; \
		$(CARGO) fuzz run --fuzz-dir fuzz --sanitizer none $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -dict=fuzz/dictionary -timeout=5 -max_len=65536 -print_final_stats=1 -verbosity=0; \
	done

.PHONY: clean
clean:
	cargo clean
	rm -rf fuzz/artifacts fuzz/corpus fuzz/target
	rm -rf .aws-sam $(VENV) .venv-checkov .venv-custodian .venv-analysers .venv-readers

# ── Python: pinned and hashed, one environment a purpose, made anew when its requirements change. The lists are complete, so nothing is
# resolved (--no-deps): older versions of pip would look for hashes of extras that a list names without theirs. ──

.PHONY: venv venv-checkov venv-custodian venv-analysers venv-readers
venv: $(VENV)/made
venv-checkov: .venv-checkov/made
venv-custodian: .venv-custodian/made
venv-analysers: .venv-analysers/made
venv-readers: .venv-readers/made

$(VENV)/made: tests/requirements.txt
.venv-checkov/made: tests/requirements-checkov.txt
.venv-custodian/made: bench/requirements.txt
.venv-analysers/made: bench/requirements-analysers.txt
.venv-readers/made: bench/requirements-readers.txt
%/made:
	@echo "making $(@D) from $<"
	rm -rf $(@D)
	python3 -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@
