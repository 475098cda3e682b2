# Two commands from a bare clone:
#   make train ARGS="trainer.max_epochs=3"   install, train, test, report
#   make test                                install, run the tests
# They install into .venv first, and again only after pyproject.toml or constraints.txt has changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# What is compiled once is there for all the processes that the tests start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install install-dev install-hashed train eval app test test-all bench bench-full \
  bench-gpu docs lint format tensorboard clean

help:
	@echo 'make train ARGS="trainer.max_epochs=3"   install into $(VENV) and train'
	@echo 'make install-hashed                      install nothing but files of known SHA-256'
	@echo 'make eval ARGS="ckpt=outputs/train/…"    evaluate a checkpoint'
	@echo 'make app ARGS="ckpt=outputs/train/…"     a web page that labels résumés'
	@echo 'make tensorboard                         watch the runs in outputs/'
	@echo 'make test                                the tests (ARGS go to pytest)'
	@echo 'make test-all                            the slow tests too'
	@echo 'make bench                               how fast it is beside HF Trainer, pipeline and others'
	@echo 'make bench-full                          the same with more documents; ARGS="--corpus F.parquet"'
	@echo 'make bench-gpu                           how much of a GPU a training step uses'
	@echo 'make docs                                the documentation as a site, in site/'
	@echo 'make lint                                ruff and mypy'
	@echo 'make format                              format the code'
	@echo 'make clean                               remove $(VENV) and caches; outputs/ stay'

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else \
	  "Python %d.%d is not supported: 3.11, 3.12 or 3.13 is needed. Name one: make PYTHON=python3.11 …" \
	  % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing into $(VENV) (a few minutes the first time) …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e .
	@touch $@

# Every file that is taken must have its SHA-256 of hashes.txt.
install-hashed: $(VENV)/bin/python
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r hashes.txt
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps -e .
	@touch $(VENV)/.installed

$(VENV)/.installed-dev: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing into $(VENV), with the test tools (a few minutes the first time) …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(VENV)/.installed $@

train: install
	$(BIN)/python train.py $(ARGS)

eval: install
	$(BIN)/python eval.py $(ARGS)

app: install
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[app]'
	$(BIN)/python app.py $(ARGS)

docs: install
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[docs]'
	$(BIN)/python -m tools.docs.configuration
	$(BIN)/python -m tools.docs.site site

tensorboard: install
	$(BIN)/tensorboard --logdir outputs $(ARGS)

test: install-dev
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" $(ARGS)

test-all: install-dev
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

# Some weights to label with: how good they are does not matter here.
outputs/bench/run: | install
	$(BIN)/python train.py hydra.run.dir=$@ data.long_documents=windows data.max_length=64 \
	  data.limit=300 data.max_windows_train=32 trainer.max_epochs=1 evaluation.report=false

bench: outputs/bench/run
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -r benchmarks/peers/requirements.txt
	$(BIN)/python -m benchmarks.peers $< --documents 16 $(ARGS)

bench-full: outputs/bench/run
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -r benchmarks/peers/requirements.txt
	$(BIN)/python -m benchmarks.peers $< --documents 96 --turns 5 $(ARGS)

bench-gpu: install
	$(BIN)/python benchmarks/gpu.py $(ARGS)

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
