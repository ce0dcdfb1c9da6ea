# Two commands do it all: `make demo` shows the main job on real hosts, `make test` proves it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One more than there are cores: some tests wait rather than compute.
WORKERS := $(shell expr $$(nproc) + 1)
# Each has hosts of its own, and waits for them more than it computes.
LABS := $(shell expr $$(nproc) \* 2)
# Where this is set, each of the hundreds of commands that tests run would compile all of preflight anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-html check lint format types contracts unit coverage docs lab-up lab-down lab-images installed modular truth flags capacity-truth duration-truth fix-chaos ansible-truth ansible-fleet twenty chaos evacuation-chaos evacuation-times growth bench mutation hostile hostile-lab interleavings kill-nine rehearse-lab rehearse-truth rehearse-faults rehearse-bench rehearse-standstill rehearse-small steering arrivals evacuation-ways audit-truth common-cpu probe-killed domains evacuations gates clean file-faults deb deb-bookworm deb-trixie container dist package-pins packages-lab site site-check tutorial
.DEFAULT_GOAL := check

# The lab needs root and namespaces; where it can't run, it says why.
demo: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.demo

test: $(VENV)/.installed-lab check
	$(BIN)/python -m pytest -n $(LABS) --dist worksteal tests/lab --ignore=tests/lab/test_world.py

# HTML reports in a headless Chromium: the page's policy and its filters, the keyboard, and pictures on screen and paper.
test-html: $(VENV)/.installed-html
	$(BIN)/python -m pytest tests/html

# mypy keeps one processor busy for as long as all the others together keep another one
check: $(VENV)/.installed
	$(MAKE) --jobs 2 --output-sync=target types lint contracts docs site-check
	$(MAKE) unit

lint: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/shellcheck tools/system-packages .ci/run tests/lab/linux/init tools/package/preflight tools/package/debian/postinst \
	  tools/package/debian/prerm $$(find preflight examples tests/lab/variants tools/package -name '*.sh' -o -name bundle)

format: $(VENV)/.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(VENV)/.installed
	$(BIN)/mypy

contracts: $(VENV)/.installed
	$(BIN)/lint-imports

unit: $(VENV)/.installed
	$(BIN)/python -m pytest -n $(WORKERS) tests --ignore=tests/lab --ignore=tests/html

# Not in `check`: measured, the tests take more than twice their CPU time. Commands that tests start, and processes that
# they fork, are measured too. The test that is left out takes times.
coverage: $(VENV)/.installed
	rm -f .coverage .coverage.*
	$(BIN)/python -m coverage run -m pytest -n $(WORKERS) tests --ignore=tests/lab --ignore=tests/html \
	  --ignore=tests/contracts/test_growth.py
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

# What is generated from the rules and models must be as it would be generated now.
docs: $(VENV)/.installed
	$(BIN)/python -m tools.documentation --check
	$(BIN)/python -m tests.documentation --check

# The pages of docs/ as a site in build/site; a warning, a dead link or anchor, or a file from another server is an error.
site: $(VENV)/.installed
	$(BIN)/python -m tools.site

# The same without the sidebar, which takes more than half of the time; it keeps nothing.
site-check: $(VENV)/.installed
	$(BIN)/python -m tools.site --check

# Each command of docs/tutorial.md on two hosts; `python -m tests.lab.tutorial` writes what they print to the page.
tutorial: $(VENV)/.installed-lab
	$(BIN)/python -m pytest tests/lab/tutorial.py

lab-up: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab up bookworm bookworm

lab-down: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab down

# The images that only this builds: it takes many minutes, and a CI machine may not have them.
VARIANTS := $(addsuffix -installed,bullseye bookworm trixie) trixie-backports trixie-modular
lab-images: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab build $(VARIANTS)

# A guest moves both ways between hosts as Debian installs them, also with the libvirt and QEMU of backports.
installed: lab-images
	$(BIN)/python -m pytest tests/lab/test_world.py -k 'not modular'

# The same with modular daemons, as Red Hat installs them; and the tests of monolithic hosts, on such hosts.
modular: lab-images
	$(BIN)/python -m pytest tests/lab/test_world.py -k modular
	PREFLIGHT_LAB_IMAGES='trixie-modular trixie-modular' $(BIN)/python -m pytest \
	  tests/lab/test_capacity.py tests/lab/test_migrate.py tests/lab/test_resume.py

truth: lab-images
	$(BIN)/python -m tests.lab.truth

flags: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.flags

capacity-truth: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.capacity_truth

duration-truth: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.duration_truth

# Runs that are recorded of the same preflight/migrate are left out, so that it goes on where it was cut off.
# CHAOS_ONLY names one run of the seed, to throw it again; CHAOS_WITH=virsh shows what is lost without preflight.
CHAOS_RUNS ?= 360
CHAOS_SEED ?= 1
CHAOS_LABS ?= 2
CHAOS_WITH ?= preflight
chaos: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.chaos --runs $(CHAOS_RUNS) --seed $(CHAOS_SEED) --labs $(CHAOS_LABS) \
	  --with $(CHAOS_WITH) $(addprefix --only ,$(CHAOS_ONLY)) $(CHAOS_OPTIONS)

# Faults at random moments of evacuations of 20 guests to four hosts; goes on where it was cut off.
evacuation-chaos: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.evacuations $(EVACUATION_CHAOS_OPTIONS)

# An evacuation beside one destination after the other, and beside virsh by xargs, three times each.
evacuation-times: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.evacuations.times $(EVACUATION_TIMES_OPTIONS)

# What befalls a guest between a fault and --resume (D1, D2, D3, D10, D11), each five times; goes on where it was cut off.
interleavings: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.interleavings $(INTERLEAVINGS_OPTIONS)

# preflight killed at 20 random moments of a transfer in each mode, and nobody resumes it.
kill-nine: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.kill_nine $(KILL_NINE_OPTIONS)

# What libvirtd, sshd and the resolver do with each fault that `lint --files` finds.
file-faults: $(VENV)/.installed-lab
	$(BIN)/python -m pytest -rP tests/lab/file_faults.py

# `check --probe` killed at 25 moments, with each kind of listener: what it leaves on the hosts.
probe-killed: $(VENV)/.installed-lab
	$(BIN)/python -m pytest -rP tests/lab/probe_killed.py

# Rehearsals on real hosts, all but the two of `make test`.
rehearse-lab: $(VENV)/.installed-lab
	$(BIN)/python -m pytest tests/lab/rehearsals.py

# A rehearsal and then virsh on 250 rows of the truth; continues where it was cut off.
rehearse-truth: lab-images
	$(BIN)/python -m tests.lab.rehearse_truth $(REHEARSE_TRUTH_OPTIONS)

# Faults at random moments of a rehearsal, in each mode; goes on where it was cut off.
rehearse-faults: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.rehearse_faults $(REHEARSE_FAULTS_OPTIONS)

# The time of a rehearsal beside that of a check and of virsh.
rehearse-bench: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.rehearse_bench costs

# The longest standstill of a guest of 8 GiB that writes, by its own clock, while it is rehearsed.
rehearse-standstill: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.rehearse_bench standstill

# 50 rehearsals of guests of 384 MiB that have touched 256 MiB, of which none may move.
rehearse-small: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.rehearse_bench small

# guests that do not converge, and migrations that are changed while they run, in each mode
steering: $(VENV)/.installed-lab
	$(BIN)/python -m pytest tests/lab/steering.py

# Linux guests that work where they arrive, and such as do not, as --verify sees them
arrivals: $(VENV)/.installed-lab
	$(BIN)/python -m pytest tests/lab/arrivals.py

# A host emptied in every way that evacuate has: rehearsed, off, by a plan, within wishes, steered, and home
evacuation-ways: $(VENV)/.installed-lab
	$(BIN)/python -m pytest tests/lab/evacuation_ways.py

twenty: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.twenty

fix-chaos: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.fix_chaos

ansible-truth: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.ansible_truth

# Hosts that Ansible collects, with the collection in examples/ansible, are as those that ssh collects.
ansible-fleet: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.ansible_fleet

# An audit of five hosts with different faults, and what virsh then does on 40 ways.
audit-truth: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.audits

# The CPU that an audit says all hosts can give guests, beside libvirt's own answers, and guests that have it.
common-cpu: $(VENV)/.installed-lab
	$(BIN)/python -m pytest -rP tests/lab/common_cpu.py

# How the time of a check grows with the size of its hosts, up to 4,000 guests and 60,000 firewall rules.
growth: $(VENV)/.installed
	$(BIN)/python -m tests.growing

# What no test of a module notices: changes of the modules that decide, drawn by a seed, within 45 minutes.
MUTATION_SEED ?= 1
MUTATION_MOST ?= 300
mutation: $(VENV)/.installed
	$(BIN)/python -m tests.mutation --seed $(MUTATION_SEED) --most $(MUTATION_MOST) --record $(MUTATION_OPTIONS)

# HOSTILE_OPTIONS='--only TEXT' runs again what has this in its kind or name, '--part formats' one part alone.
HOSTILE_SEED ?= 1
hostile: $(VENV)/.installed
	$(BIN)/python -m tests.hostile --seed $(HOSTILE_SEED) --record $(HOSTILE_OPTIONS)

# libvirt's own test domains, from Debian's source packages, each as the guest of two recorded hosts.
domains: $(VENV)/.installed
	$(BIN)/python -m tests.domains $(DOMAINS_OPTIONS)

# 200 generated evacuations, planned by HiGHS and by the plain solver, and judged by programs of their own.
evacuations: $(VENV)/.installed
	$(BIN)/python -m tests.evacuations $(EVACUATIONS_OPTIONS)

hostile-lab: $(VENV)/.installed-lab
	$(BIN)/python -m tests.lab.hostile --seed $(HOSTILE_SEED) --record $(HOSTILE_OPTIONS)

# The files of examples/gates as they stand: steps of CI jobs, the hook, the units, alerts and queries. As root.
gates: $(VENV)/.installed-gates
	$(BIN)/python -m pytest -rP tests/gates/run_ci.py tests/gates/run_hook.py tests/gates/run_services.py

# The sdist, and of that the wheel, for pip and pipx.
dist: $(VENV)/.installed
	$(BIN)/python -m build

# A package for each release of Debian, in dist/. It needs mmdebstrap, and root or user namespaces.
deb: deb-bookworm deb-trixie

deb-bookworm: $(VENV)/.installed-lab
	$(BIN)/python -m tools.package deb bookworm

deb-trixie: $(VENV)/.installed-lab
	$(BIN)/python -m tools.package deb trixie

# A root file system with the package, which podman and docker import as the base of a container: dist/*.tar.
CONTAINER ?= trixie
container: $(VENV)/.installed-lab
	$(BIN)/python -m tools.package container $(CONTAINER)

# The releases of libraries that packages for Debian bring: the newest that pyproject.toml allows.
package-pins: $(VENV)/.installed
	$(BIN)/python -m tools.package pins

# The packages and containers on clean machines of each release, as the client of two hosts.
packages-lab: deb
	$(MAKE) container CONTAINER=bookworm
	$(MAKE) container CONTAINER=trixie
	$(BIN)/python -m pytest -rP tests/lab/packages.py

bench: lab-images
	$(BIN)/python -m tests.lab.bench
	$(BIN)/python -m tests.lab.rehearse_bench costs
	$(BIN)/python -m tests.lab.fleet_bench

$(VENV)/.installed: pyproject.toml tools/system-packages
	tools/system-packages build
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "preflight needs Python 3.11 or newer, $(PYTHON) is older; name another: make PYTHON=python3.12" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

$(VENV)/.installed-lab: $(VENV)/.installed
	tools/system-packages lab
	touch $@

$(VENV)/.installed-gates: $(VENV)/.installed-lab
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[gates]'
	touch $@

$(VENV)/.installed-html: $(VENV)/.installed
	tools/system-packages html
	touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
