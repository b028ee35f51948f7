# Two commands on a fresh machine:
#   make demo   sets up, fuses a digital head, and leaves a picture
#   make test   sets up, and runs every test; those of the panel also inside SLICER=/path/to/Slicer
#   make docs   sets up, and builds these documents as a site in build/site
# On a machine with a GPU, make gpu: tests, benchmark and training queue. It was never run on one yet.
# And make faults: kills, full disks and damaged files, by the thousand, within an hour.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test docs faults gpu lint setup libraries clean

demo: setup
	$(BIN)/medfusion demo --out demo
	@echo "Look at demo/pet-mr/preview.png and demo/ct-mr/preview.png"

test: setup libraries lint
	OMP_NUM_THREADS=1 QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n $(WORKERS) $(PYTEST)
	$(BIN)/python Testing/in_slicer/launch.py -q

faults: setup
	OMP_NUM_THREADS=1 $(BIN)/python Testing/faults/campaign.py

gpu: setup
	$(BIN)/python tools/on_gpu.py --data $(DATA)

DATA ?= ../shared/data/aanlib

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "Open build/site/index.html"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	$(BIN)/python Testing/repository_size.py
	$(BIN)/python tools/check_numbers.py

setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "MedFusion needs Python 3.11 or later; say: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,scene,formats,cohort,evaluate,docs,test]'
	@touch $@

# What Qt and VTK load at run time; a bare Linux lacks some of it.
libraries: setup
	@$(BIN)/python Testing/system_libraries.py

# one worker a core, so one thread each
WORKERS ?= $(shell $(BIN)/python -c 'import os; print(min(4, os.cpu_count() or 1))' 2>/dev/null || echo 2)

clean:
	rm -rf .venv demo build dist *.egg-info
