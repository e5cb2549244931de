# make install  set up .venv, with progress; quick and quiet when nothing changed
# make sim      install, then run the whole graph on the simulated arm; other runs by
#               `make sim ARGS='--headless --body gym:PandaReach-v3 --duration 120'`
# make test     install, then all tests
# make check    install, then linters, layer test and the fast tests
# make docs     install, then build the documents as a site in build/site and check its links
# make lock     write requirements/constraints.txt anew from what .venv holds
# make clean    remove .venv and all caches

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help install sim test check docs lock clean

# PyBullet has wheels for CPython 3.11 only; others would compile it.
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOCK := requirements/constraints.txt
ARGS ?= --headless --body bullet:reach --duration 180 --seed 0 --out runs/sim --json runs/sim/report.json
TESTS ?=

PIP := $(BIN)/python -m pip --disable-pip-version-check
# Names each package as pip comes to it, and shows everything from the first error on.
SHOW := sed -un -e 's/^Collecting \([^ ]*\).*/      \1/p' -e '/^ *ERROR/,$$p'

# What an installed copy is made of; a change of anything else needs no new install.
DATA := $(wildcard resource/* config/*.* config/lives/*.yaml launch/*.launch.py urdf/*.urdf scripts/*)

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

install: $(STAMP)
	@:

$(BIN)/python:
	@echo '[1/5] virtual environment $(VENV)'
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' \
		|| { echo "error: $(PYTHON) is $$($(PYTHON) -V 2>&1), expected Python 3.11 to 3.14:" \
		     "install python3.11 or name one by 'make install PYTHON=/path/to/python3.11'" >&2; \
		     exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "error: $(PYTHON) has no venv module:" \
		"install it (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }

$(STAMP): setup.py setup.cfg pyproject.toml package.xml plugin.xml Makefile $(LOCK) $(DATA) | $(BIN)/python
	@echo '[2/5] ROS 2 (rclpy and Fast DDS), simulators and tools'
	@$(PIP) install -c $(LOCK) setuptools wheel |& $(SHOW)
	@$(PIP) install -c $(LOCK) --no-build-isolation '.[ros,sim,export,dashboard,dev]' |& $(SHOW)
	@echo '[3/5] PyTorch (the longest step), the baselines and Ray'
	@$(PIP) install -c $(LOCK) --no-build-isolation '.[learn,bench,evolve]' |& $(SHOW)
	@echo '[4/5] panda-gym'
	@# Without its dependencies: its metadata forbids numpy 2, with which it works.
	@$(PIP) install --no-deps -c $(LOCK) panda-gym |& $(SHOW)
	@echo '[5/5] abm_ros itself, from this tree, visible to the ros2 tools'
	@# An editable install leaves the data files out, without which ros2 finds no package.
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/python -W ignore setup.py --quiet install_data --install-dir $(VENV)
	@# To be sourced in place of bin/activate: ros2, launch and rqt look in AMENT_PREFIX_PATH.
	@printf '%s\n' '. "$$(dirname "$${BASH_SOURCE[0]:-$$0}")/bin/activate"' \
		'export AMENT_PREFIX_PATH="$$VIRTUAL_ENV$${AMENT_PREFIX_PATH:+:$$AMENT_PREFIX_PATH}"' \
		> $(VENV)/setup.bash
	@touch $@
	@echo 'done: $(BIN)/abm --help, or for the ros2 tools: source $(VENV)/setup.bash'

sim: install
	@$(BIN)/abm sim $(ARGS)

# Two workers, one of them for graphs: test/conftest.py.
test: install
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder $(TESTS)

check: install
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/vulture
	@$(BIN)/python -m pytest -q test/package/test_layers.py
	@$(BIN)/python -m pytest -q -m 'not slow and not graph' --ignore test/package/test_layers.py

# Laid out as they are here: links between the pages are relative.
docs: install
	@rm -rf build/pages && mkdir -p build/pages
	@cp -r README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md docs build/pages/
	@$(BIN)/mkdocs build --quiet

# Twice-listed wheels (std_msgs beside ros-std-msgs) and local builds (+cpu) cannot be asked for.
lock: install
	@{ sed -n '/^#/p' $(LOCK); $(PIP) freeze --all --exclude pip --exclude-editable \
		| grep -vE '^[a-z]+(_[a-z]+)*_(msgs|interfaces)==|^rcl|^rosidl_|^rcutils|^rmw_' \
		| sed 's/+.*//'; } > $(LOCK).new
	@mv $(LOCK).new $(LOCK)

clean:
	rm -rf $(VENV) build dist install log *.egg-info
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find abm_ros launch test -name __pycache__ -type d -prune -exec rm -rf {} +
